/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Conversations: from the first INVITE to the last BYE, and everything that can go wrong
 * between (RFC 3261; rows SIP-2 to SIP-24 of the requirements). Virtual time.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scenario/world.h"

#define SECONDS(n) ((n)*USEC_PER_SEC)

static bool record_has(const struct world *w, const char *text)
{
	return w->records.data && strstr(w->records.data, text);
}

static void assert_all_over(struct world *w)
{
	struct sbc_counters counters;

	world_pass(w, 0);
	sbc_counters(w->sbc, &counters);
	assert_int_equal(0, counters.calls_now);
	assert_int_equal(fake_media()->open_count, fake_media()->close_count);
}

/* ---- a call ---- */

/* SIP-2. */
static void caller_hangs_up(void **state)
{
	struct world *w = *state;
	struct talk t;

	world_connected(w, &t);
	world_bye(w, &t);
	world_hear_code(w, ALICE, 200);
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	world_answer(w, BOB, 200, NULL);
	assert_all_over(w);
	assert_int_equal(1, w->record_count);
	assert_true(record_has(w, "\"ended_by\":\"caller\""));
	assert_true(record_has(w, "\"sip_code\":200"));
	assert_true(record_has(w, "\"outcome\":\"authenticated\""));
}

static void callee_hangs_up(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_connected(w, &a);
	b = (struct talk){.who = BOB, .cseq = 7};
	const struct sip_msg *ack = w->heard[BOB].msg;
	slice_copy(ack->call_id, b.call_id, sizeof(b.call_id));
	slice_copy(ack->to.raw, b.from, sizeof(b.from));
	slice_copy(ack->from.raw, b.to, sizeof(b.to));
	snprintf(b.target, sizeof(b.target), "%s", "sip:sbc.atlanta.test:5060;transport=udp");
	world_bye(w, &b);
	world_hear_code(w, BOB, 200);
	world_hear_method(w, ALICE, SIP_METHOD_BYE);
	world_answer(w, ALICE, 200, NULL);
	assert_all_over(w);
	assert_true(record_has(w, "\"ended_by\":\"callee\""));
}

/* SIP-10: both hang up at once; each gets its 200 and nothing hangs. */
static void byes_cross(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_connected(w, &a);
	b = (struct talk){.who = BOB, .cseq = 7};
	const struct sip_msg *ack = w->heard[BOB].msg;
	slice_copy(ack->call_id, b.call_id, sizeof(b.call_id));
	slice_copy(ack->to.raw, b.from, sizeof(b.from));
	slice_copy(ack->from.raw, b.to, sizeof(b.to));
	snprintf(b.target, sizeof(b.target), "sip:sbc.atlanta.test:5060");
	world_bye(w, &a);
	world_hear_code(w, ALICE, 200);
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	world_bye(w, &b);
	world_hear_code(w, BOB, 200);
	world_pass(w, SECONDS(33)); /* bob never answers ours: timer F */
	assert_all_over(w);
}

/* The description that crosses is ours: our address, key and role; the codecs stay. */
static void offer_and_answer_are_ours(void **state)
{
	struct world *w = *state;
	const struct sip_msg *msg;
	struct talk t;

	world_register(w, BOB);
	world_call(w, &t, ALICE, "sip:bob@atlanta.test");
	msg = world_hear_method(w, BOB, SIP_METHOD_INVITE);
	assert_non_null(memmem(msg->body.ptr, msg->body.len, "a=setup:actpass", 15));
	assert_non_null(memmem(msg->body.ptr, msg->body.len, "00:11:22:33", 11));
	assert_null(memmem(msg->body.ptr, msg->body.len, "A1:22:33", 8));
	assert_non_null(memmem(msg->body.ptr, msg->body.len, "m=audio 20002 ", 14));
	assert_non_null(memmem(msg->body.ptr, msg->body.len, "rtpmap:0 PCMU/8000", 18));
	assert_int_equal(69, msg->max_forwards); /* SIP-17 */
	world_answer(w, BOB, 200, "active");
	msg = world_hear_code(w, ALICE, 200);
	assert_non_null(memmem(msg->body.ptr, msg->body.len, "a=setup:active", 14));
	assert_non_null(memmem(msg->body.ptr, msg->body.len, "00:11:22:33", 11));
	assert_non_null(memmem(msg->body.ptr, msg->body.len, "m=audio 20000 ", 14));
	/* RFC 5763: bob is active, so we are the server there and the client here. */
	assert_int_equal(MEDIA_DTLS_SERVER, fake_media()->remote[MEDIA_SIDE_B].role);
	assert_int_equal(MEDIA_DTLS_CLIENT, fake_media()->remote[MEDIA_SIDE_A].role);
	assert_int_equal(
		0xA1, fake_media()->remote[MEDIA_SIDE_A].fingerprints.items[0].digest[0]);
	assert_int_equal(
		0xB1, fake_media()->remote[MEDIA_SIDE_B].fingerprints.items[0].digest[0]);
}

/* No media before the callee answered: the gates stay shut. */
static void gates_open_with_the_answer(void **state)
{
	struct world *w = *state;
	struct talk t;

	world_register(w, BOB);
	world_call(w, &t, ALICE, "sip:bob@atlanta.test");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_answer(w, BOB, 183, "active");
	world_hear_code(w, ALICE, 183);
	assert_false(fake_media()->gate[MEDIA_SIDE_A]);
	assert_false(fake_media()->gate[MEDIA_SIDE_B]);
	assert_false(fake_media()->has_remote[MEDIA_SIDE_B]);
	world_answer(w, BOB, 200, "active");
	assert_true(fake_media()->gate[MEDIA_SIDE_A]);
	assert_true(fake_media()->gate[MEDIA_SIDE_B]);
}

/* ---- a handshake that shows another key ---- */

/* RSP-488: the handshake showed another key than was signalled. */
static void fingerprint_mismatch_ends_the_call(void **state)
{
	struct world *w = *state;
	const struct sip_msg *msg;
	struct talk t;

	world_register(w, BOB);
	world_call(w, &t, ALICE, "sip:bob@atlanta.test");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_answer(w, BOB, 200, "active");
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	world_learn(w, &t);
	world_ack(w, &t);
	world_media_failed(w, MEDIA_SIDE_B, MEDIA_FAILURE_FINGERPRINT);
	msg = world_hear_method(w, BOB, SIP_METHOD_BYE);
	assert_true(slice_equal(sip_msg_header(msg, "Reason", 0),
		SLICE("SIP;cause=488;text=\"DTLS fingerprint mismatch\"")));
	world_answer(w, BOB, 200, NULL);
	msg = world_hear_method(w, ALICE, SIP_METHOD_BYE);
	assert_true(slice_equal(sip_msg_header(msg, "Reason", 0),
		SLICE("SIP;cause=488;text=\"DTLS fingerprint mismatch\"")));
	world_answer(w, ALICE, 200, NULL);
	assert_all_over(w);
	assert_true(record_has(w, "\"ended_by\":\"countersip\""));
}

/* The same before the caller's ACK: the BYE waits for it (RFC 3261 section 15). */
static void mismatch_before_the_ack(void **state)
{
	struct world *w = *state;
	struct talk t;

	world_register(w, BOB);
	world_call(w, &t, ALICE, "sip:bob@atlanta.test");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_answer(w, BOB, 200, "active");
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	world_learn(w, &t);
	world_media_failed(w, MEDIA_SIDE_A, MEDIA_FAILURE_FINGERPRINT);
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	world_answer(w, BOB, 200, NULL);
	world_hear_nothing(w, ALICE);
	world_ack(w, &t);
	world_hear_method(w, ALICE, SIP_METHOD_BYE);
	world_answer(w, ALICE, 200, NULL);
	assert_all_over(w);
}

/* ---- giving up ---- */

/* KAM-23: proxies before us must not take a long ringing for a dead one. */
static void long_ringing_is_told_each_minute(void **state)
{
	struct world *w = *state;
	struct talk t;

	w->config.limits.ring_timeout_s = 300;
	world_register(w, BOB);
	world_call(w, &t, ALICE, "sip:bob@atlanta.test");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_answer(w, BOB, 180, NULL);
	world_hear_code(w, ALICE, 180);
	for (int minute = 0; minute < 4; minute++) {
		world_pass(w, SECONDS(59));
		world_hear_nothing(w, ALICE);
		world_pass(w, SECONDS(1));
		world_hear_code(w, ALICE, 180);
	}
	world_answer(w, BOB, 200, "active");
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	world_learn(w, &t);
	world_ack(w, &t);
	world_pass(w, SECONDS(70));
	world_hear_nothing(w, ALICE);
}

static void cancel_while_ringing(void **state)
{
	struct world *w = *state;
	struct talk t;

	world_register(w, BOB);
	world_call(w, &t, ALICE, "sip:bob@atlanta.test");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_answer(w, BOB, 180, NULL);
	world_hear_code(w, ALICE, 180);
	struct arena keep = w->heard[BOB].arena; /* the INVITE, for its 487 */
	const struct sip_msg *invite = w->heard[BOB].msg;
	arena_init(&w->heard[BOB].arena, 1 << 20);
	world_cancel(w, &t);
	world_hear_code(w, ALICE, 200);
	world_hear_code(w, ALICE, 487);
	world_hear_method(w, BOB, SIP_METHOD_CANCEL);
	world_answer(w, BOB, 200, NULL);
	w->heard[BOB].msg = invite;
	world_answer(w, BOB, 487, NULL);
	arena_fini(&keep);
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	assert_all_over(w);
	assert_true(record_has(w, "\"sip_code\":487"));
}

/* SIP-7: no provisional yet, so the CANCEL waits for one. */
static void cancel_before_any_provisional(void **state)
{
	struct world *w = *state;
	struct talk t;

	world_register(w, BOB);
	world_call(w, &t, ALICE, "sip:bob@atlanta.test");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_cancel(w, &t);
	world_hear_code(w, ALICE, 200);
	world_hear_code(w, ALICE, 487);
	world_hear_nothing(w, BOB);
	world_answer(w, BOB, 180, NULL);
	world_hear_method(w, BOB, SIP_METHOD_CANCEL);
	world_pass(w, SECONDS(33)); /* bob never ends it: given up */
	assert_all_over(w);
}

/* SIP-8: the 2xx was on its way when we cancelled: acknowledged and ended. */
static void cancel_crosses_answer(void **state)
{
	struct world *w = *state;
	struct talk t;

	world_register(w, BOB);
	world_call(w, &t, ALICE, "sip:bob@atlanta.test");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_answer(w, BOB, 180, NULL);
	world_hear_code(w, ALICE, 180);
	world_cancel(w, &t);
	world_hear_code(w, ALICE, 200);
	world_hear_code(w, ALICE, 487);
	world_answer(w, BOB, 200, "active"); /* heard[BOB] is still the INVITE */
	world_hear_method(w, BOB, SIP_METHOD_CANCEL);
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	world_answer(w, BOB, 200, NULL);
	assert_all_over(w);
	assert_false(fake_media()->gate[MEDIA_SIDE_A]);
}

/* SIP-9: too late: 200 to the CANCEL and the call lives. */
static void cancel_after_answer(void **state)
{
	struct world *w = *state;
	struct sbc_counters counters;
	struct talk t;

	world_register(w, BOB);
	world_call(w, &t, ALICE, "sip:bob@atlanta.test");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_answer(w, BOB, 200, "active");
	world_hear_code(w, ALICE, 200);
	world_cancel(w, &t);
	world_hear_code(w, ALICE, 200);
	sbc_counters(w->sbc, &counters);
	assert_int_equal(1, counters.calls_now);
}

/* KAM-23: 100 and 180 are there at once, so that the timers before us wait. */
static void nobody_answers(void **state)
{
	struct world *w = *state;
	struct talk t;

	w->config.limits.ring_timeout_s = 50;
	world_register(w, BOB);
	world_call(w, &t, ALICE, "sip:bob@atlanta.test");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_answer(w, BOB, 180, NULL);
	world_hear_code(w, ALICE, 180);
	world_pass(w, SECONDS(51));
	world_hear_code(w, ALICE, 408);
	world_hear_method(w, BOB, SIP_METHOD_CANCEL);
	world_forget(w);
	world_pass(w, SECONDS(64));
	assert_all_over(w);
}

/* ---- lost messages ---- */

/* SIP-3: 2xx at 0.5, 1.5, 3.5, 7.5, 11.5 ... until 32 s, then BYE to both. */
static void ack_never_comes(void **state)
{
	struct world *w = *state;
	struct talk t;
	unsigned again = 0;

	world_register(w, BOB);
	world_call(w, &t, ALICE, "sip:bob@atlanta.test");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_answer(w, BOB, 200, "active");
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	for (usec_t at = 0; at < SECONDS(31.5); at += USEC_PER_SEC / 2) {
		world_pass(w, USEC_PER_SEC / 2);
		if (!list_is_empty(&w->sent) && world_hear(w, ALICE)->status == 200)
			again++;
		else
			world_forget(w);
	}
	assert_int_equal(10, again);
	world_pass(w, SECONDS(1));
	world_hear_method(w, ALICE, SIP_METHOD_BYE);
	world_answer(w, ALICE, 200, NULL);
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	world_answer(w, BOB, 200, NULL);
	assert_all_over(w);
}

/* SIP-4: the callee repeats its 2xx because our ACK was lost: a new ACK each time, and no
 * second answer to the caller. */
static void ack_again_for_each_2xx(void **state)
{
	struct world *w = *state;
	struct arena keep;
	const struct sip_msg *invite;
	struct talk t;

	world_register(w, BOB);
	world_call(w, &t, ALICE, "sip:bob@atlanta.test");
	invite = world_hear_method(w, BOB, SIP_METHOD_INVITE);
	keep = w->heard[BOB].arena;
	arena_init(&w->heard[BOB].arena, 1 << 20);
	world_answer(w, BOB, 200, "active");
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	world_learn(w, &t);
	world_ack(w, &t);
	for (int i = 0; i < 3; i++) {
		w->heard[BOB].msg = invite;
		world_answer(w, BOB, 200, "active");
		world_hear_method(w, BOB, SIP_METHOD_ACK);
		world_hear_nothing(w, ALICE);
	}
	arena_fini(&keep);
}

/* RFC 6026: the INVITE again after its 2xx makes no second call. */
static void invite_again_after_2xx(void **state)
{
	struct world *w = *state;
	struct sbc_counters counters;
	struct talk t;

	world_register(w, BOB);
	world_invite(w, &t, ALICE, "sip:bob@atlanta.test");
	world_hear_code(w, ALICE, 407);
	world_say_slice(w, ALICE, SLICE("\r\n\r\n"));
	world_forget(w);
	world_connected(w, &t);
	sbc_counters(w->sbc, &counters);
	assert_int_equal(1, counters.calls_started);
}

static void callee_unreachable(void **state)
{
	struct world *w = *state;
	struct talk t;

	world_register(w, BOB);
	world_call(w, &t, ALICE, "sip:bob@atlanta.test");
	world_forget(w);
	world_pass(w, SECONDS(33)); /* timer B */
	world_hear_code(w, ALICE, 408);
	world_forget(w);
	world_pass(w, SECONDS(1));
	assert_all_over(w);
}

/* ---- refusals ---- */

static void callee_is_busy(void **state)
{
	struct world *w = *state;
	struct talk t;

	world_register(w, BOB);
	world_call(w, &t, ALICE, "sip:bob@atlanta.test");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_answer(w, BOB, 486, NULL);
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 486);
	assert_all_over(w);
}

/* SIP-23, SIP-24, KAM-14: what a callee's side says is not always for the caller's ears. */
static void codes_are_mapped(void **state)
{
	static const struct {
		uint16_t from, to;
	} table[] = {{302, 480}, {401, 403}, {407, 403}, {404, 404}, {503, 500}, {603, 603}};
	struct world *w = *state;
	struct talk t;

	world_register(w, BOB);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		world_call(w, &t, ALICE, "sip:bob@atlanta.test");
		world_hear_method(w, BOB, SIP_METHOD_INVITE);
		world_answer(w, BOB, table[i].from, NULL);
		world_hear_method(w, BOB, SIP_METHOD_ACK);
		world_hear_code(w, ALICE, table[i].to);
	}
	assert_all_over(w);
}

static void nobody_there(void **state)
{
	struct world *w = *state;
	struct talk t;

	world_call(w, &t, ALICE, "sip:bob@atlanta.test"); /* not registered */
	world_hear_code(w, ALICE, 480);
	world_call(w, &t, ALICE, "sip:nobody@atlanta.test");
	world_hear_code(w, ALICE, 404);
	world_call(w, &t, ALICE, "sip:someone@unknown.test");
	world_hear_code(w, ALICE, 404);
	assert_all_over(w);
}

static void media_room_is_full(void **state)
{
	struct world *w = *state;
	struct talk t;

	world_register(w, BOB);
	fake_media()->open_error = -1003;
	world_call(w, &t, ALICE, "sip:bob@atlanta.test");
	world_hear_code(w, ALICE, 503);
	world_hear_nothing(w, BOB);
	assert_all_over(w);
}

static void too_many_calls(void **state)
{
	struct world *w = *state;
	struct talk t[8], over;

	world_register(w, BOB);
	for (int i = 0; i < 8; i++) {
		world_call(w, &t[i], ALICE, "sip:bob@atlanta.test");
		world_hear_method(w, BOB, SIP_METHOD_INVITE);
	}
	world_invite(w, &over, ALICE, "sip:bob@atlanta.test");
	assert_true(sip_msg_header(world_hear_code(w, ALICE, 503), "Retry-After", 0).len);
}

/* An answer that drops the security is no answer (SDP-9, M8). */
static void answer_without_fingerprint(void **state)
{
	struct world *w = *state;
	char text[4096];
	struct talk t;
	const struct sip_msg *invite;
	static const char sdp[] = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
				  "c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";

	world_register(w, BOB);
	world_call(w, &t, ALICE, "sip:bob@atlanta.test");
	invite = world_hear_method(w, BOB, SIP_METHOD_INVITE);
	snprintf(text, sizeof(text),
		"SIP/2.0 200 OK\r\nVia: %.*s\r\nFrom: %.*s\r\nTo: %.*s;tag=x\r\nCall-ID: "
		"%.*s\r\n"
		"CSeq: %u INVITE\r\nContact: <sip:bob@127.0.0.11:40002>\r\n"
		"Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
		SLICE_ARG(invite->via.raw), SLICE_ARG(invite->from.raw),
		SLICE_ARG(invite->to.raw), SLICE_ARG(invite->call_id), invite->cseq,
		strlen(sdp), sdp);
	world_say(w, BOB, text);
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	world_answer(w, BOB, 200, NULL);
	world_hear_code(w, ALICE, 488);
	assert_all_over(w);
}

/* ---- draining ---- */

static void on_drained(void *arg)
{
	((struct world *)arg)->is_drained = true;
}

/* KAM-2: who probes us sees it too, and for how long. */
static void drain_says_goodbye(void **state)
{
	struct world *w = *state;
	struct talk t, late;

	world_connected(w, &t);
	sbc_drain(w->sbc, w->now, w->now + SECONDS(4), on_drained, w);
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	world_answer(w, BOB, 200, NULL);
	assert_false(w->is_drained);
	world_invite(w, &late, STRANGER, "sip:bob@atlanta.test");
	world_hear_code(w, STRANGER, 503);
	world_say(w, STRANGER,
		"OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP "
		"127.0.0.13;branch=z9hG4bKdrain\r\n"
		"Max-Forwards: 70\r\nFrom: <sip:dispatcher@localhost>;tag=1\r\nTo: "
		"<sip:127.0.0.1>\r\n"
		"Call-ID: drain\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n");
	assert_true(sip_msg_header(world_hear_code(w, STRANGER, 503), "Retry-After", 0).len);
	world_hear_method(w, ALICE, SIP_METHOD_BYE);
	world_answer(w, ALICE, 200, NULL);
	world_pass(w, 0);
	assert_true(w->is_drained);
}

static void drain_has_a_deadline(void **state)
{
	struct world *w = *state;
	struct talk t;

	world_connected(w, &t);
	sbc_drain(w->sbc, w->now, w->now + SECONDS(4), on_drained, w);
	world_pass(w, SECONDS(3));
	assert_false(w->is_drained);
	world_pass(w, SECONDS(1));
	assert_true(w->is_drained);
}

#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(caller_hangs_up),
		SCENARIO(callee_hangs_up),
		SCENARIO(byes_cross),
		SCENARIO(offer_and_answer_are_ours),
		SCENARIO(gates_open_with_the_answer),
		SCENARIO(fingerprint_mismatch_ends_the_call),
		SCENARIO(mismatch_before_the_ack),
		SCENARIO(long_ringing_is_told_each_minute),
		SCENARIO(cancel_while_ringing),
		SCENARIO(cancel_before_any_provisional),
		SCENARIO(cancel_crosses_answer),
		SCENARIO(cancel_after_answer),
		SCENARIO(nobody_answers),
		SCENARIO(ack_never_comes),
		SCENARIO(ack_again_for_each_2xx),
		SCENARIO(invite_again_after_2xx),
		SCENARIO(callee_unreachable),
		SCENARIO(callee_is_busy),
		SCENARIO(codes_are_mapped),
		SCENARIO(nobody_there),
		SCENARIO(media_room_is_full),
		SCENARIO(too_many_calls),
		SCENARIO(answer_without_fingerprint),
		SCENARIO(drain_says_goodbye),
		SCENARIO(drain_has_a_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
