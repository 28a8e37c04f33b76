/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Offer/answer state: RFC 3264 section 8, RFC 3261 section 14.2; rows SIP-14, UPD-1, OA-7,
 * SDP-34. */

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "base/mem.h"
#include "sbc/oa.h"
#include "tests/unit/sbc/message.h"

static const char offer[] =
	"v=0\r\no=- 5 6 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n"
	"m=audio 4000 UDP/TLS/RTP/SAVPF 0\r\na=setup:actpass\r\n"
	"a=fingerprint:sha-256 A1:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:"
	"11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00\r\n";

/* One exchange at a time, whoever began. */
static void one_at_a_time(void **state)
{
	struct oa oa;

	(void)state;
	oa_init(&oa, 1);
	assert_int_equal(0, oa_offered(&oa));
	assert_int_equal(500, oa_offered(&oa)); /* theirs waits for our answer */
	assert_int_equal(SBC_ESTATE, oa_offer(&oa));
	oa_answered(&oa);
	assert_true(oa.has_session);
	assert_int_equal(0, oa_offer(&oa));
	assert_int_equal(491, oa_offered(&oa)); /* ours waits for theirs */
	assert_int_equal(SBC_ESTATE, oa_offer(&oa));
	oa_refused(&oa); /* and the session is what it was */
	assert_int_equal(OA_STABLE, oa.state);
	assert_true(oa.has_session);
	assert_int_equal(0, oa_offered(&oa));
	oa_fini(&oa);
}

static const char *version_in(const struct buf *out)
{
	const char *at = strstr(out->data, "o=- 77 ");

	assert_non_null(at);
	return at + 7;
}

static void print(struct oa *oa, const struct sdp_print *what, char version)
{
	struct buf out;

	buf_init(&out, OA_TEXT_MAX);
	assert_int_equal(0, oa_print(oa, what, &out));
	assert_int_equal(version, version_in(&out)[0]);
	assert_slice(oa->told.data, buf_slice(&out));
	buf_fini(&out);
}

/* SDP-34: up by one when something changes, and only then. */
static void versions(void **state)
{
	struct sdp_section section = {
		.is_used = true, .setup = SDP_SETUP_ACTPASS, .proto = SLICE("RTP/AVP")};
	struct sdp_print what = {.sections = &section, .session_id = 1};
	struct fingerprint ours;
	struct arena arena;
	struct oa oa;
	struct buf out;
	const char *why;
	struct sdp *sdp;

	(void)state;
	arena_init(&arena, 65536);
	oa_init(&oa, 77);
	assert_int_equal(0, sdp_parse(&sdp, &arena, slice_str(offer), &why));
	ours = sdp->all_fingerprints.items[0];
	what.codecs = sdp;
	section.fingerprint = &ours;
	assert_int_equal(0, netaddr_parse(&section.address, SLICE("192.0.2.9"), 20002));
	print(&oa, &what, '1');
	print(&oa, &what, '1');
	section.setup = SDP_SETUP_ACTIVE;
	print(&oa, &what, '2');
	sdp->media[0].direction = SDP_INACTIVE;
	print(&oa, &what, '3');
	print(&oa, &what, '3');
	/* What cannot be written leaves what was said. */
	buf_init(&out, OA_TEXT_MAX);
	section.is_used = false;
	assert_int_equal(SBC_EINVAL, oa_print(&oa, &what, &out));
	section.is_used = true;
	mem_fail_after(0);
	assert_int_equal(SBC_ENOMEM, oa_print(&oa, &what, &out));
	mem_fail_after(-1);
	buf_fini(&out);
	print(&oa, &what, '3');
	oa_fini(&oa);
	arena_fini(&arena);
}

/* RFC 3264 section 8: an offer of ours counts when it is answered, and never if refused. */
static void goes_by_what_was_answered(void **state)
{
	struct sdp_section section = {
		.is_used = true, .setup = SDP_SETUP_ACTPASS, .proto = SLICE("RTP/AVP")};
	struct sdp_print what = {.sections = &section, .session_id = 1};
	struct arena arena;
	struct oa oa;
	struct sdp *sdp;
	const char *why;

	(void)state;
	arena_init(&arena, 65536);
	assert_int_equal(0, sdp_parse(&sdp, &arena, slice_str(offer), &why));
	what.codecs = sdp;
	netaddr_parse(&section.address, SLICE("192.0.2.1"), 4000);
	oa_init(&oa, 77);
	print(&oa, &what, '1');
	oa_answered(&oa);
	for (int round = 0; round < 2; round++) { /* refused twice in a row */
		char before[1024];

		slice_copy(oa_in_force(&oa), before, sizeof(before));
		netaddr_set_port(&section.address, (uint16_t)(4002 + 2 * round));
		print(&oa, &what, (char)('2' + round));
		assert_int_equal(0, oa_offer(&oa));
		assert_slice(before, oa_in_force(&oa));
		oa_refused(&oa);
		assert_slice(before, oa_in_force(&oa));
	}
	print(&oa, &what, '3');
	assert_int_equal(0, oa_offer(&oa));
	oa_answered(&oa);
	assert_slice(oa.told.data, oa_in_force(&oa));
	oa_fini(&oa);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_at_a_time),
		cmocka_unit_test(versions),
		cmocka_unit_test(goes_by_what_was_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
