/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing a leg's description: RFC 3264, 5763, rows SDP-1, SDP-5, SDP-10, SDP-28, SDP-34. */

#include "tests/cmocka_first.h"

#include "base/mem.h"
#include "sbc/sdp.h"
#include "tests/unit/sbc/message.h"
#include "tests/unit/sbc/sdp_find.h"

#define OURS                                                                                   \
	"sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"                             \
	"00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"
#define TEXT_MAX 8192

static const char offer[] =
	"v=0\r\no=alice 5 6 IN IP4 198.51.100.1\r\ns=secret plans\r\nc=IN IP4 198.51.100.1\r\n"
	"t=0 0\r\na=group:BUNDLE 0 1\r\na=tool:x\r\n"
	"m=video 5000 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n"
	"m=audio 4000 UDP/TLS/RTP/SAVPF 111 0 101\r\n"
	"a=fingerprint:sha-256 A1:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:"
	"11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00\r\n"
	"a=setup:active\r\na=ice-ufrag:x\r\na=mid:1\r\na=crypto:1 x inline:y\r\n"
	"a=ssrc:1 cname:x\r\na=msid:x y\r\na=cryptex\r\n"
	"a=extmap:1 urn:ietf:params:rtp-hdrext:encrypt urn:x\r\na=rtpmap:111 "
	"opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\na=rtpmap:101 "
	"telephone-event/8000\r\na=rtpmap:9 G722/8000\r\na=rtcp-fb:* nack\r\na=maxptime:60\r\n"
	"a=rtcp-mux\r\na=recvonly\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
	"m=text 0 RTP/AVP\r\n";

struct fixture {
	struct arena arena;
	struct sdp *codecs;
	struct fingerprint ours;
	struct sdp_section sections[4]; /* the second is used */
	struct sdp_print print;
	struct buf out;
};

static void begin(struct fixture *f)
{
	const char *why;

	arena_init(&f->arena, 65536);
	buf_init(&f->out, TEXT_MAX);
	assert_int_equal(0, sdp_parse(&f->codecs, &f->arena, slice_str(offer), &why));
	assert_int_equal(0, fingerprint_parse(&f->ours, SLICE(OURS)));
	memset(f->sections, 0, sizeof(f->sections));
	f->sections[1] = (struct sdp_section){.is_used = true,
		.fingerprint = &f->ours,
		.setup = SDP_SETUP_ACTPASS,
		.rtcp_mux = true,
		.proto = SLICE("UDP/TLS/RTP/SAVPF")};
	f->print = (struct sdp_print){.session_id = UINT64_C(9223372036854775807),
		.version = 3,
		.codecs = f->codecs,
		.sections = f->sections};
	assert_int_equal(0, netaddr_parse(&f->sections[1].address, SLICE("192.0.2.9"), 20002));
}

static void end(struct fixture *f)
{
	buf_fini(&f->out);
	arena_fini(&f->arena);
}

/* All of it ours but the codecs; other sections refused in their places. */
static void writes_our_leg(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	assert_int_equal(0, sdp_print(&f.out, &f.print));
	assert_string_equal("v=0\r\no=- 9223372036854775807 3 IN IP4 192.0.2.9\r\ns=-\r\n"
			    "c=IN IP4 192.0.2.9\r\nt=0 0\r\n"
			    "m=video 0 RTP/AVP 96\r\n"
			    "m=audio 20002 UDP/TLS/RTP/SAVPF 111 0 101\r\n"
			    "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\n"
			    "a=rtpmap:101 telephone-event/8000\r\na=rtcp-fb:* nack\r\n"
			    "a=maxptime:60\r\na=recvonly\r\na=rtcp-mux\r\na=setup:actpass\r\n"
			    "a=fingerprint:" OURS "\r\n"
			    "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"
			    "m=text 0 RTP/AVP 0\r\n",
		f.out.data);
	end(&f);
}

/* SDP-4, SDP-10, MB-1: nothing of the other leg's keys, address or bundle crosses; MB-6: nor of
 * its SSRCs; SRTP-16: nor what would encrypt header extensions, or any of those. */
static void hides_the_other_leg(void **state)
{
	static const char *const hidden[] = {"198.51.100.1", "A1:22", "crypto", "secret",
		"alice", "ice-", "mid", "group", "tool", "4000", "5000", "active", "G722",
		"ssrc", "cname", "cryptex", "extmap"};
	struct fixture f;

	(void)state;
	begin(&f);
	f.sections[1].setup = SDP_SETUP_PASSIVE;
	assert_int_equal(0, sdp_print(&f.out, &f.print));
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		if (strstr(f.out.data, hidden[i]))
			fail_msg("\"%s\" shows", hidden[i]);
	}
	end(&f);
}

/* SDP-18: ours, beside the fingerprint; without one there is no association to name. */
static void names_the_association(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	f.sections[1].tls_id = SLICE("0123456789abcdefghij");
	assert_int_equal(0, sdp_print(&f.out, &f.print));
	assert_non_null(strstr(f.out.data, "\r\na=tls-id:0123456789abcdefghij\r\nm=app"));
	end(&f);
	begin(&f);
	f.sections[1].tls_id = SLICE("0123456789abcdefghij");
	f.sections[1].fingerprint = NULL;
	assert_int_equal(0, sdp_print(&f.out, &f.print));
	assert_null(strstr(f.out.data, "tls-id"));
	end(&f);
}

static void writes_roles_and_families(void **state)
{
	static const struct {
		enum sdp_setup setup;
		const char *line;
	} table[] = {
		{SDP_SETUP_ACTIVE, "a=setup:active\r\n"},
		{SDP_SETUP_PASSIVE, "a=setup:passive\r\n"},
		{SDP_SETUP_ACTPASS, "a=setup:actpass\r\n"},
		{SDP_SETUP_ABSENT, NULL},
	};
	static const char *const words[] = {"sendrecv", "sendonly", "recvonly", "inactive"};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char direction[32];
		struct fixture f;
		begin(&f);
		f.sections[1].setup = table[i].setup;
		f.sections[1].rtcp_mux = false; /* SDP-32: only when it is both sides' wish */
		f.codecs->media[1].direction = (enum sdp_direction)i;
		netaddr_parse(&f.sections[1].address, SLICE("2001:db8::9"), 20002);
		assert_int_equal(0, sdp_print(&f.out, &f.print));
		assert_non_null(strstr(f.out.data, "c=IN IP6 2001:db8::9\r\n"));
		assert_null(strstr(f.out.data, "rtcp-mux"));
		/* The word goes through as it is: we send on what we are sent. */
		snprintf(direction, sizeof(direction), "a=%s\r\n", words[i]);
		assert_non_null(strstr(f.out.data, direction));
		if (table[i].line)
			assert_non_null(strstr(f.out.data, table[i].line));
		else
			assert_null(strstr(f.out.data, "a=setup"));
		end(&f);
	}
}

/* What we print we can read, and it says the same. */
static void reads_its_own_text(void **state)
{
	struct fixture f;
	struct sdp *again;
	const char *why;
	size_t index;

	(void)state;
	begin(&f);
	assert_int_equal(0, sdp_print(&f.out, &f.print));
	assert_int_equal(0, sdp_parse(&again, &f.arena, buf_slice(&f.out), &why));
	assert_int_equal(4, again->media_count);
	assert_int_equal(0, find_dtls_audio(again, &index, &why));
	assert_int_equal(1, index);
	assert_true(netaddr_equal(&f.sections[1].address, &again->media[1].address));
	assert_true(fingerprint_set_has(&again->media[1].fingerprints, &f.ours));
	assert_int_equal(1, again->all_fingerprints.count);
	end(&f);
}

/* SDP-31, MB-5, RFC 3264: keys in the description, without feedback; two sections used, the
 * second on another address. */
static void writes_keys_and_several_sections(void **state)
{
	const struct sdes_line lines[2] = {{.tag = 1, .profile = 1}, {.tag = 2, .profile = 8}};
	struct fixture f;
	struct sdp *again;
	const char *why;

	(void)state;
	begin(&f);
	f.sections[1].fingerprint = NULL;
	f.sections[1].crypto = lines;
	f.sections[1].crypto_count = 2;
	f.sections[1].proto = SLICE("RTP/SAVP");
	f.sections[0] = (struct sdp_section){.is_used = true, .proto = SLICE("RTP/AVP")};
	netaddr_parse(&f.sections[0].address, SLICE("192.0.2.10"), 30000);
	assert_int_equal(0, sdp_print(&f.out, &f.print));
	assert_non_null(strstr(f.out.data,
		"c=IN IP4 192.0.2.10\r\nt=0 0\r\nm=video 30000 RTP/AVP 96\r\n"
		"a=rtpmap:96 VP8/90000\r\na=sendrecv\r\n"
		"m=audio 20002 RTP/SAVP 111 0 101\r\nc=IN IP4 192.0.2.9\r\n"));
	assert_non_null(strstr(f.out.data, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA"));
	assert_null(strstr(f.out.data, "fingerprint"));
	assert_null(strstr(f.out.data, "setup"));
	assert_null(strstr(f.out.data, "rtcp-fb"));
	assert_int_equal(0, sdp_parse(&again, &f.arena, buf_slice(&f.out), &why));
	assert_int_equal(2, again->media[1].crypto_count);
	assert_int_equal(8, again->media[1].crypto[1].profile);
	sdp_wipe(again);
	assert_int_equal(0, again->media[1].crypto[1].profile);
	end(&f);
}

static void refuses_nonsense(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	f.sections[1].is_used = false; /* nothing at all */
	assert_int_equal(SBC_EINVAL, sdp_print(&f.out, &f.print));
	f.sections[1].is_used = true;
	netaddr_set_port(&f.sections[1].address, 0); /* it would refuse the section */
	assert_int_equal(SBC_EINVAL, sdp_print(&f.out, &f.print));
	f.sections[1].address = (struct netaddr){0};
	assert_int_equal(SBC_EINVAL, sdp_print(&f.out, &f.print));
	assert_int_equal(0, f.out.len);
	end(&f);
	begin(&f);
	buf_fini(&f.out);
	buf_init(&f.out, 100);
	assert_int_equal(SBC_ELIMIT, sdp_print(&f.out, &f.print));
	mem_fail_after(0);
	buf_fini(&f.out);
	buf_init(&f.out, TEXT_MAX);
	assert_int_equal(SBC_ENOMEM, sdp_print(&f.out, &f.print));
	mem_fail_after(-1);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_our_leg),
		cmocka_unit_test(hides_the_other_leg),
		cmocka_unit_test(names_the_association),
		cmocka_unit_test(writes_roles_and_families),
		cmocka_unit_test(reads_its_own_text),
		cmocka_unit_test(writes_keys_and_several_sections),
		cmocka_unit_test(refuses_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
