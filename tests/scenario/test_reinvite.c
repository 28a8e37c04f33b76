/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Changes in the middle of a call: re-INVITE and UPDATE both ways (RFC 3261 section 14, RFC
 * 3311, RFC 3264 section 8; rows SIP-13 to SIP-16, UPD-1, OA-4 to OA-7, SDP-20 to SDP-29,
 * SDP-34). Virtual time.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scenario/world.h"

#define SECONDS(n) ((n)*USEC_PER_SEC)

static unsigned version_of(const struct world *w, enum actor who)
{
	struct slice body = w->heard[who].msg->body;
	const char *at = memmem(body.ptr, body.len, "o=- ", 4);
	unsigned long long session;
	unsigned version;

	assert_non_null(at);
	assert_int_equal(2, sscanf(at, "o=- %llu %u ", &session, &version));
	return version;
}

/* SDP-29, SDP-34: the direction crosses, the version counts, the association stays. */
static void hold_and_resume(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_joined(w, &a, &b);
	world_request(w, &a, "INVITE", "", world_offer(ALICE, "a=sendrecv", "a=sendonly"));
	world_hear_code(w, ALICE, 100);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	assert_true(world_heard_body(w, BOB, "a=sendonly"));
	assert_true(world_heard_body(w, BOB, "a=setup:actpass")); /* SDP-24 */
	assert_int_equal(2, version_of(w, BOB));
	world_reply(w, BOB, 200, "", world_offer(BOB, "a=sendrecv", "a=recvonly"));
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	assert_true(world_heard_body(w, ALICE, "a=recvonly"));
	assert_true(world_heard_body(w, ALICE, "a=setup:active")); /* our role stays */
	assert_int_equal(2, version_of(w, ALICE));
	world_ack(w, &a);
	assert_int_equal(MEDIA_DTLS_CLIENT, fake_media()->remote[MEDIA_SIDE_A].role);
	world_request(w, &a, "INVITE", "", world_offer(ALICE, NULL, NULL));
	world_hear_code(w, ALICE, 100);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	assert_int_equal(3, version_of(w, BOB));
	world_answer(w, BOB, 200, "active");
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	assert_true(world_heard_body(w, ALICE, "a=sendrecv"));
	world_ack(w, &a);
	world_bye(w, &a);
	world_hear_code(w, ALICE, 200);
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	world_answer(w, BOB, 200, NULL);
	world_all_over(w);
}

static struct fingerprint told(const struct world *w, enum actor who)
{
	const struct slice name = SLICE("a=fingerprint:");
	struct slice body = w->heard[who].msg->body;
	struct fingerprint f;

	while (!slice_starts(body, name)) {
		assert_true(body.len);
		slice_cut(&body, '\n');
	}
	body = slice_from(body, name.len);
	assert_int_equal(0, fingerprint_parse(&f, slice_trim(slice_cut(&body, '\n'))));
	return f;
}

/* media.certificate_hours: a call that lives keeps what its ends were told, the next one has
 * another certificate. */
static void certificates_grow_old(void **state)
{
	struct world *w = *state;
	struct talk a, b;
	struct fingerprint old, same, other;

	w->config.media.certificate_hours = 1;
	w->config.limits.session_expires_s = 0;
	world_joined(w, &a, &b);
	world_request(w, &a, "INVITE", "", world_offer(ALICE, "a=sendrecv", "a=sendonly"));
	world_hear_code(w, ALICE, 100);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	old = told(w, BOB);
	world_answer(w, BOB, 200, "active");
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	world_ack(w, &a);
	world_pass(w, SECONDS(3700));
	world_request(w, &a, "INVITE", "", world_offer(ALICE, NULL, NULL));
	world_hear_code(w, ALICE, 100);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	same = told(w, BOB);
	assert_true(fingerprint_equal(&old, &same));
	world_answer(w, BOB, 200, "active");
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	same = told(w, ALICE);
	assert_true(fingerprint_equal(&old, &same));
	world_ack(w, &a);
	world_bye(w, &a);
	world_hear_code(w, ALICE, 200);
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	world_answer(w, BOB, 200, NULL);
	world_register(w, BOB);
	world_call(w, &a, ALICE, "sip:bob@atlanta.test");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	other = told(w, BOB);
	assert_false(fingerprint_equal(&old, &other));
}

/* The other way round, by UPDATE to a caller that knows none: it gets a re-INVITE. */
static void callee_updates(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_joined(w, &a, &b);
	world_request(w, &b, "UPDATE", "", world_offer(BOB, "a=sendrecv", "a=inactive"));
	world_hear_method(w, ALICE, SIP_METHOD_INVITE);
	assert_true(world_heard_body(w, ALICE, "a=inactive"));
	world_reply(w, ALICE, 200, "Allow: UPDATE\r\n",
		world_offer(ALICE, "a=sendrecv", "a=inactive"));
	world_hear_method(w, ALICE, SIP_METHOD_ACK);
	world_hear_code(w, BOB, 200);
	assert_true(world_heard_body(w, BOB, "a=inactive"));
	/* Now it said that it does: UPDATE goes as UPDATE. */
	world_request(w, &b, "UPDATE", "", world_offer(BOB, NULL, NULL));
	world_hear_method(w, ALICE, SIP_METHOD_UPDATE);
	world_reply(w, ALICE, 200, "", world_offer(ALICE, NULL, NULL));
	world_hear_code(w, BOB, 200);
	world_hear_nothing(w, ALICE);
}

/* Users' #25: the codec changes and the call lives; the answer is the other end's. */
static void codec_change(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_joined(w, &a, &b);
	world_request(w, &a, "INVITE", "", world_offer(ALICE, "SAVPF 0 101", "SAVPF 8 101"));
	world_hear_code(w, ALICE, 100);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	assert_true(world_heard_body(w, BOB, "SAVPF 8 101"));
	assert_false(world_heard_body(w, BOB, "rtpmap:0 "));
	world_reply(w, BOB, 200, "", world_offer(BOB, "SAVPF 0 101", "SAVPF 8"));
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	assert_true(world_heard_body(w, ALICE, "SAVPF 8\r\n"));
	world_ack(w, &a);
}

/* SDP-21, users' #7: only the address is another one: the other end hears nothing of it, the
 * media room does, and keys and role are the same. */
static void address_change(void **state)
{
	struct world *w = *state;
	struct fingerprint_set before;
	struct talk a, b;

	world_joined(w, &a, &b);
	before = fake_media()->remote[MEDIA_SIDE_A].fingerprints;
	world_request(
		w, &a, "INVITE", "", world_offer(ALICE, "m=audio 30000", "m=audio 31000"));
	world_hear_code(w, ALICE, 100);
	world_hear_code(w, ALICE, 200);
	world_hear_nothing(w, BOB);
	world_ack(w, &a);
	assert_int_equal(31000, netaddr_port(&fake_media()->remote[MEDIA_SIDE_A].rtp));
	assert_memory_equal(
		&before, &fake_media()->remote[MEDIA_SIDE_A].fingerprints, sizeof(before));
	assert_int_equal(MEDIA_DTLS_CLIENT, fake_media()->remote[MEDIA_SIDE_A].role);
}

/* SDP-34: nothing changes: answered here with the same version; an UPDATE without a
 * description is a mere refresh. */
static void refresh_changes_nothing(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_joined(w, &a, &b);
	for (int i = 0; i < 3; i++) {
		world_request(w, &a, "INVITE", "", world_offer(ALICE, NULL, NULL));
		world_hear_code(w, ALICE, 100);
		world_hear_code(w, ALICE, 200);
		assert_int_equal(1, version_of(w, ALICE));
		world_ack(w, &a);
		world_request(w, &a, "UPDATE", "", "");
		world_hear_code(w, ALICE, 200);
		assert_int_equal(0, w->heard[ALICE].msg->body.len);
	}
	world_hear_nothing(w, BOB);
}

/* Section 12.2: the next request goes where the last one said, by the way it came. */
static void target_refresh(void **state)
{
	struct world *w = *state;
	const struct sip_msg *bye;
	struct talk a, b;

	world_joined(w, &a, &b);
	b.who = STRANGER; /* bob's phone has another address now */
	world_request(w, &b, "UPDATE", "Contact: <sip:bob@127.0.0.66:40066;x=y>\r\n", "");
	world_hear_code(w, STRANGER, 200);
	/* An answer moves it too: hers to a re-INVITE of his. */
	world_request(w, &b, "INVITE", "", world_offer(BOB, "a=sendrecv", "a=sendonly"));
	world_hear_code(w, STRANGER, 100);
	world_hear_method(w, ALICE, SIP_METHOD_INVITE);
	world_reply(w, ALICE, 200, "", world_offer(ALICE, "a=sendrecv", "a=recvonly"));
	world_hear_method(w, ALICE, SIP_METHOD_ACK);
	world_hear_code(w, STRANGER, 200);
	world_ack(w, &b);
	world_request(w, &b, "UPDATE", "Contact: <sip:bob@127.0.0.66:40066;x=z>\r\n", "");
	world_hear_code(w, STRANGER, 200);
	world_bye(w, &a);
	world_hear_code(w, ALICE, 200);
	bye = world_hear_method(w, STRANGER, SIP_METHOD_BYE);
	assert_true(slice_equal(bye->request_uri.raw, SLICE("sip:bob@127.0.0.66:40066;x=z")));
	world_hear_nothing(w, BOB);
}

/* SDP-29: who is on hold may be silent; who is not may not. */
static void silence_on_hold(void **state)
{
	struct world *w = *state;
	struct media_event ev = {.type = MEDIA_EVENT_TIMEOUT, .side = MEDIA_SIDE_B};
	struct talk a, b;

	world_joined(w, &a, &b);
	world_request(w, &a, "INVITE", "", world_offer(ALICE, "a=sendrecv", "a=sendonly"));
	world_hear_code(w, ALICE, 100);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_reply(w, BOB, 200, "", world_offer(BOB, "a=sendrecv", "a=recvonly"));
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	world_ack(w, &a);
	ev.id = fake_media()->id;
	ev.cookie = fake_media()->cookie;
	sbc_media_event(w->sbc, &ev, w->now);
	world_hear_nothing(w, BOB);
	world_still_calling(w);
	ev.side = MEDIA_SIDE_A; /* her music has stopped */
	sbc_media_event(w->sbc, &ev, w->now);
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	world_hear_method(w, ALICE, SIP_METHOD_BYE);
}

/* OA-7, SIP-16: refused there, refused here, and nothing has changed. */
static void refusal_goes_back(void **state)
{
	static const struct {
		unsigned from, to;
		const char *why;
	} table[] = {{488, 488, "as it is"}, {503, 500, "only that hop"},
		{407, 403, "S7: nobody of ours is asked"}, {606, 606, "as it is"},
		{302, 500, "no redirection in a dialog"}};
	struct world *w = *state;
	struct media_remote before;
	struct talk a, b;

	world_joined(w, &a, &b);
	before = fake_media()->remote[MEDIA_SIDE_A];
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		world_request(
			w, &a, "INVITE", "", world_offer(ALICE, "SAVPF 0 101", "SAVPF 8"));
		world_hear_code(w, ALICE, 100);
		world_hear_method(w, BOB, SIP_METHOD_INVITE);
		world_answer(w, BOB, (uint16_t)table[i].from, NULL);
		world_hear_method(w, BOB, SIP_METHOD_ACK);
		world_hear_code(w, ALICE, (uint16_t)table[i].to);
		world_ack(w, &a);
	}
	assert_memory_equal(&before, &fake_media()->remote[MEDIA_SIDE_A], sizeof(before));
	world_still_calling(w);
	/* The session stands: a refresh is answered as ever. */
	world_request(w, &a, "UPDATE", "", world_offer(ALICE, NULL, NULL));
	world_hear_code(w, ALICE, 200);
	world_hear_nothing(w, BOB);
}

/* SIP-16: the other end does not know the call any more. */
static void dialog_is_gone(void **state)
{
	static const uint16_t codes[] = {481, 408};
	struct world *w = *state;
	struct talk a, b;

	for (size_t i = 0; i < 2; i++) {
		world_joined(w, &a, &b);
		world_request(
			w, &a, "INVITE", "", world_offer(ALICE, "SAVPF 0 101", "SAVPF 8"));
		world_hear_code(w, ALICE, 100);
		world_hear_method(w, BOB, SIP_METHOD_INVITE);
		world_answer(w, BOB, codes[i], NULL);
		world_hear_method(w, BOB, SIP_METHOD_ACK);
		world_hear_method(w, BOB, SIP_METHOD_BYE);
		world_answer(w, BOB, 200, NULL);
		world_hear_code(w, ALICE, 487);
		world_hear_method(w, ALICE, SIP_METHOD_BYE);
		world_answer(w, ALICE, 200, NULL);
		world_all_over(w);
		world_forget(w);
		world_pass(w, SECONDS(60));
	}
}

/* Nobody answers ours at all: timer B, then BYE both ways. */
static void nobody_answers_the_change(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_joined(w, &a, &b);
	world_request(w, &a, "INVITE", "", world_offer(ALICE, "SAVPF 0 101", "SAVPF 8"));
	world_hear_code(w, ALICE, 100);
	world_pass(w, SECONDS(32)); /* exactly, so that our own waits do not end yet */
	world_hear_code(w, ALICE, 487);
	world_ack(w, &a);
	world_hear_method(w, ALICE, SIP_METHOD_BYE);
	world_answer(w, ALICE, 200, NULL);
	world_forget(w);
	world_pass(w, SECONDS(33));
	world_all_over(w);
}

/* ---- offers in the 2xx ---- */

/* OA-4: no description: the other end is asked, and the answer comes with the ACK. */
static void offerless(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_joined(w, &a, &b);
	world_request(w, &a, "INVITE", "", "");
	world_hear_code(w, ALICE, 100);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	assert_int_equal(0, w->heard[BOB].msg->body.len);
	world_reply(w, BOB, 200, "", world_offer(BOB, "SAVPF 0 101", "SAVPF 0 8 101"));
	world_hear_nothing(w, BOB); /* the ACK waits for her answer */
	world_hear_code(w, ALICE, 200);
	assert_true(world_heard_body(w, ALICE, "SAVPF 0 8 101"));
	assert_true(world_heard_body(w, ALICE, "a=setup:actpass"));
	world_ack_with(w, &a, world_offer(ALICE, "SAVPF 0 101", "SAVPF 8"));
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	assert_true(world_heard_body(w, BOB, "SAVPF 8\r\n"));
	assert_int_equal(MEDIA_DTLS_SERVER, fake_media()->remote[MEDIA_SIDE_B].role);
	world_still_calling(w);
}

static void offerless_without_answer(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_joined(w, &a, &b);
	world_request(w, &a, "INVITE", "", "");
	world_hear_code(w, ALICE, 100);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_reply(w, BOB, 200, "", world_offer(BOB, NULL, NULL));
	world_hear_code(w, ALICE, 200);
	world_ack(w, &a); /* no body */
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	world_answer(w, BOB, 200, NULL);
	world_hear_method(w, ALICE, SIP_METHOD_BYE);
	world_answer(w, ALICE, 200, NULL);
	world_all_over(w);
}

/* ---- sections and old phones ---- */

/* SDP-28, OA-5: video is added and refused; taken away again it stays in its place. */
static void added_media_is_refused(void **state)
{
	struct world *w = *state;
	char sdp[4096];
	struct talk a, b;

	world_joined(w, &a, &b);
	snprintf(sdp, sizeof(sdp), "%sm=video 30010 UDP/TLS/RTP/SAVPF 96\r\n",
		world_offer(ALICE, NULL, NULL));
	world_request(w, &a, "INVITE", "", sdp);
	world_hear_code(w, ALICE, 100);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	assert_true(world_heard_body(w, BOB, "m=video 0 "));
	snprintf(sdp, sizeof(sdp), "%sm=video 0 UDP/TLS/RTP/SAVPF 96\r\n",
		world_offer(BOB, NULL, NULL));
	world_reply(w, BOB, 200, "", sdp);
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	assert_true(world_heard_body(w, ALICE, "m=video 0 "));
	world_ack(w, &a);
	world_request(w, &a, "INVITE", "", world_offer(ALICE, NULL, NULL));
	world_hear_code(w, ALICE, 100);
	world_hear_code(w, ALICE, 488); /* a section less: RFC 3264 section 8 */
	world_ack(w, &a);
	world_still_calling(w);
}

/* RFC 2543's hold: c=0.0.0.0. */
static void hold_as_it_was(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_joined(w, &a, &b);
	world_request(w, &a, "INVITE", "",
		world_offer(ALICE, "c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0"));
	world_hear_code(w, ALICE, 100);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	assert_true(world_heard_body(w, BOB, "a=sendonly"));
	world_reply(w, BOB, 200, "", world_offer(BOB, "a=sendrecv", "a=recvonly"));
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	assert_int_equal(30000, netaddr_port(&fake_media()->remote[MEDIA_SIDE_A].rtp));
}

static void unusable_change(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_joined(w, &a, &b);
	world_request(w, &a, "INVITE", "", world_offer(ALICE, "a=fingerprint", "a=finger"));
	world_hear_code(w, ALICE, 100);
	world_hear_code(w, ALICE, 488); /* M8: security is not talked away */
	assert_true(sip_msg_header(w->heard[ALICE].msg, "Warning", 0).len);
	world_ack(w, &a);
	world_request(w, &a, "INVITE", "", world_offer(ALICE, "m=audio 30000", "m=audio 0"));
	world_hear_code(w, ALICE, 100);
	world_hear_code(w, ALICE, 488);
	world_ack(w, &a);
	world_hear_nothing(w, BOB);
	world_still_calling(w);
}

#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(hold_and_resume),
		SCENARIO(callee_updates),
		SCENARIO(codec_change),
		SCENARIO(address_change),
		SCENARIO(refresh_changes_nothing),
		SCENARIO(target_refresh),
		SCENARIO(certificates_grow_old),
		SCENARIO(silence_on_hold),
		SCENARIO(refusal_goes_back),
		SCENARIO(dialog_is_gone),
		SCENARIO(nobody_answers_the_change),
		SCENARIO(offerless),
		SCENARIO(offerless_without_answer),
		SCENARIO(added_media_is_refused),
		SCENARIO(hold_as_it_was),
		SCENARIO(unusable_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
