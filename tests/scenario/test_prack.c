/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reliable provisional responses, each leg for itself (RFC 3262; rows REL-1 to REL-4), and
 * offers that come late (RFC 6337; rows OA-1, OA-3, CI-11). Virtual time.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scenario/world.h"

#define SECONDS(n) ((n)*USEC_PER_SEC)

/* Alice calls uri with these lines in her INVITE and this body. */
static void call_with(
	struct world *w, struct talk *a, const char *uri, const char *lines, const char *body)
{
	world_invite(w, a, ALICE, uri);
	world_hear_code(w, ALICE, 407);
	world_ack_refusal(w, a);
	world_invite_again(w, a, lines, body);
	world_hear_code(w, ALICE, 100);
}

/* RAck for the reliable response that who heard. */
static const char *rack(const struct world *w, enum actor who, unsigned cseq)
{
	static char line[80];
	struct slice rseq = sip_msg_header(w->heard[who].msg, "RSeq", 0);

	assert_true(rseq.len);
	snprintf(line, sizeof(line), "RAck: %.*s %u INVITE\r\n", SLICE_ARG(rseq), cseq);
	return line;
}

/* REL-1, REL-2: the caller insists; bob has never heard of it. */
static void caller_only(void **state)
{
	struct world *w = *state;
	unsigned cseq, again = 0;
	struct talk a;

	world_register(w, BOB);
	call_with(w, &a, "sip:bob@atlanta.test", "Require: 100rel\r\n",
		world_words(ALICE, "actpass", 0));
	cseq = a.cseq;
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_answer(w, BOB, 180, NULL);
	world_hear_code(w, ALICE, 180);
	assert_true(world_heard_line(w, ALICE, "Require: 100rel\r\n"));
	world_learn(w, &a);
	/* Not acknowledged: again at T1, doubling without a ceiling: 0.5 1.5 3.5 7.5 15.5. */
	world_pass(w, SECONDS(16));
	while (!list_is_empty(&w->sent)) {
		world_hear_code(w, ALICE, 180);
		again++;
	}
	assert_int_equal(5, again);
	/* REL-2: another number, another CSeq: 481. */
	world_request(w, &a, "PRACK", "RAck: 77 1 INVITE\r\n", "");
	world_hear_code(w, ALICE, 481);
	world_request(w, &a, "PRACK", "RAck: x\r\n", "");
	world_hear_code(w, ALICE, 481);
	call_with(w, &a, "sip:bob@atlanta.test", "Require: 100rel\r\n",
		world_words(ALICE, "actpass", 0));
	cseq = a.cseq;
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_answer(w, BOB, 180, NULL);
	world_hear_code(w, ALICE, 180);
	world_learn(w, &a);
	world_request(w, &a, "PRACK", rack(w, ALICE, cseq), "");
	world_hear_code(w, ALICE, 200);
	world_answer(w, BOB, 200, "active");
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	assert_true(w->heard[ALICE].msg->body.len);
}

/* REL-1: never acknowledged: 5xx to the caller, CANCEL to the callee. */
static void no_prack(void **state)
{
	struct world *w = *state;
	struct talk a;

	world_register(w, BOB);
	call_with(w, &a, "sip:bob@atlanta.test", "Require: 100rel\r\n",
		world_words(ALICE, "actpass", 0));
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_answer(w, BOB, 180, NULL);
	world_pass(w, 31900 * USEC_PER_MS);
	world_forget(w);
	world_pass(w, SECONDS(2));
	world_hear_code(w, ALICE, 504);
	world_hear_method(w, BOB, SIP_METHOD_CANCEL);
	world_forget(w);
	world_pass(w, SECONDS(65));
	world_all_over(w);
}

/* REL-3: one at a time; the last of those that wait goes out with the PRACK. */
static void one_at_a_time(void **state)
{
	struct world *w = *state;
	unsigned cseq, first, second;
	struct talk a;

	world_register(w, BOB);
	call_with(w, &a, "sip:bob@atlanta.test", "Require: 100rel\r\n",
		world_words(ALICE, "actpass", 0));
	cseq = a.cseq;
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_answer(w, BOB, 180, NULL);
	world_answer(w, BOB, 183, NULL);
	world_hear_code(w, ALICE, 180);
	world_hear_nothing(w, ALICE);
	first = (unsigned)strtoul(sip_msg_header(w->heard[ALICE].msg, "RSeq", 0).ptr, NULL, 10);
	world_learn(w, &a);
	world_request(w, &a, "PRACK", rack(w, ALICE, cseq), "");
	world_hear_code(w, ALICE, 200);
	world_hear_code(w, ALICE, 183);
	second =
		(unsigned)strtoul(sip_msg_header(w->heard[ALICE].msg, "RSeq", 0).ptr, NULL, 10);
	assert_int_equal(first + 1, second);
	/* No description went: the 2xx need not wait. */
	world_answer(w, BOB, 200, "active");
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	world_learn(w, &a);
	a.cseq = cseq; /* the ACK has the INVITE's number */
	world_ack(w, &a);
	world_pass(w, SECONDS(60));
	world_hear_nothing(w, ALICE);
}

/* REL-4: the callee's are acknowledged, in order and once each; the caller knows of none. */
static void callee_only(void **state)
{
	struct world *w = *state;
	struct talk a;

	world_register(w, BOB);
	world_call(w, &a, ALICE, "sip:bob@atlanta.test");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	assert_true(world_heard_line(w, BOB, "100rel"));
	struct arena keep = w->heard[BOB].arena;
	const struct sip_msg *invite = w->heard[BOB].msg;
	arena_init(&w->heard[BOB].arena, 1 << 20);
	world_reply(
		w, BOB, 183, "Require: 100rel\r\nRSeq: 9\r\n", world_words(BOB, "active", 0));
	world_hear_method(w, BOB, SIP_METHOD_PRACK);
	assert_true(world_heard_line(w, BOB, "RAck: 9 1 INVITE\r\n"));
	assert_true(world_heard_line(w, BOB, "CSeq: 2 PRACK\r\n"));
	world_reply(w, BOB, 200, "", "");
	world_hear_code(w, ALICE, 183);
	assert_int_equal(0, w->heard[ALICE].msg->body.len);
	assert_false(world_heard_line(w, ALICE, "RSeq"));
	w->heard[BOB].msg = invite;
	world_reply(
		w, BOB, 183, "Require: 100rel\r\nRSeq: 9\r\n", world_words(BOB, "active", 0));
	world_reply(w, BOB, 180, "Require: 100rel\r\nRSeq: 11\r\n", ""); /* 10 is missing */
	world_hear_nothing(w, BOB);
	world_hear_nothing(w, ALICE);
	world_reply(w, BOB, 180, "Require: 100rel\r\nRSeq: 10\r\n", "");
	world_hear_method(w, BOB, SIP_METHOD_PRACK);
	world_reply(w, BOB, 200, "", "");
	world_hear_code(w, ALICE, 180);
	/* OA-1: answered reliably, so that the 2xx has nothing. */
	w->heard[BOB].msg = invite;
	world_reply(w, BOB, 200, "", "");
	arena_fini(&keep);
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	assert_true(world_heard_body(w, ALICE, "m=audio 20000 "));
	assert_true(fake_media()->gate[MEDIA_SIDE_A]);
	world_learn(w, &a);
	world_ack(w, &a);
	world_bye(w, &a);
	world_hear_code(w, ALICE, 200);
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	assert_true(world_heard_line(w, BOB, "CSeq: 4 BYE\r\n")); /* after two PRACKs */
}

/* ---- early answers ---- */

/* A caller that knows reliable ones gets the early answer so; the 2xx waits for the PRACK and
 * says nothing again; and an UPDATE in the early dialog goes across. */
static void early_answer_is_reliable(void **state)
{
	struct world *w = *state;
	unsigned cseq;
	struct talk a;

	w->peers[0].early_media = EARLY_MEDIA_PASS;
	call_with(w, &a, "sip:carol@biloxi.test", "Supported: 100rel\r\nAllow: UPDATE\r\n",
		world_words(ALICE, "actpass", 0));
	cseq = a.cseq;
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	struct arena keep = w->heard[BILOXI].arena;
	const struct sip_msg *invite = w->heard[BILOXI].msg;
	arena_init(&w->heard[BILOXI].arena, 1 << 20);
	world_reply(w, BILOXI, 183, "Require: 100rel\r\nRSeq: 1\r\nAllow: UPDATE\r\n",
		world_words(BILOXI, "active", 0));
	world_hear_method(w, BILOXI, SIP_METHOD_PRACK);
	world_reply(w, BILOXI, 200, "", "");
	world_hear_code(w, ALICE, 183);
	assert_true(world_heard_line(w, ALICE, "RSeq"));
	assert_true(world_heard_body(w, ALICE, "m=audio 20000 "));
	assert_true(fake_media()->gate[MEDIA_SIDE_B]);
	world_learn(w, &a);
	world_request(w, &a, "PRACK", rack(w, ALICE, cseq), "");
	world_hear_code(w, ALICE, 200);
	/* UPD-1: the first exchange is over, another may follow. */
	world_request(w, &a, "UPDATE", "", "x");
	world_hear_code(w, ALICE, 488);
	char hold[2048];
	world_sdp(ALICE, "actpass", 0, hold, sizeof(hold));
	world_edit(hold, sizeof(hold), "a=sendrecv", "a=sendonly");
	world_request(w, &a, "UPDATE", "", hold);
	world_hear_method(w, BILOXI, SIP_METHOD_UPDATE);
	assert_true(world_heard_body(w, BILOXI, "a=sendonly"));
	char held[2048];
	world_sdp(BILOXI, "active", 0, held, sizeof(held));
	world_edit(held, sizeof(held), "a=sendrecv", "a=recvonly");
	world_reply(w, BILOXI, 200, "", held);
	world_hear_code(w, ALICE, 200);
	assert_true(world_heard_body(w, ALICE, "a=recvonly"));
	w->heard[BILOXI].msg = invite;
	world_reply(w, BILOXI, 200, "", "");
	arena_fini(&keep);
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	assert_int_equal(0, w->heard[ALICE].msg->body.len);
}

/* REL-3: the 2xx comes before the PRACK of the early answer. */
static void success_waits_for_prack(void **state)
{
	struct world *w = *state;
	unsigned cseq;
	struct talk a;

	w->peers[0].early_media = EARLY_MEDIA_PASS;
	call_with(w, &a, "sip:carol@biloxi.test", "Supported: 100rel\r\n",
		world_words(ALICE, "actpass", 0));
	cseq = a.cseq;
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	world_answer(w, BILOXI, 183, "active");
	world_hear_code(w, ALICE, 183);
	world_learn(w, &a);
	world_answer(w, BILOXI, 200, "active");
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	world_hear_nothing(w, ALICE);
	world_request(w, &a, "PRACK", rack(w, ALICE, cseq), "");
	world_hear_code(w, ALICE, 200);
	world_hear_code(w, ALICE, 200);
	assert_true(world_heard_line(w, ALICE, " INVITE\r\n"));
}

/* An offer in a PRACK goes across as an UPDATE and is answered in the 200. */
static void offer_in_prack(void **state)
{
	struct world *w = *state;
	unsigned cseq;
	char sdp[2048];
	struct talk a;

	w->peers[0].early_media = EARLY_MEDIA_PASS;
	call_with(w, &a, "sip:carol@biloxi.test", "Supported: 100rel\r\n",
		world_words(ALICE, "actpass", 0));
	cseq = a.cseq;
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	world_reply(w, BILOXI, 183, "Require: 100rel\r\nRSeq: 1\r\nAllow: UPDATE\r\n",
		world_words(BILOXI, "active", 0));
	world_hear_method(w, BILOXI, SIP_METHOD_PRACK);
	world_reply(w, BILOXI, 200, "", "");
	world_hear_code(w, ALICE, 183);
	world_learn(w, &a);
	world_sdp(ALICE, "actpass", 0, sdp, sizeof(sdp));
	world_edit(sdp, sizeof(sdp), "SAVPF 0 101", "SAVPF 0");
	world_request(w, &a, "PRACK", rack(w, ALICE, cseq), sdp);
	world_hear_method(w, BILOXI, SIP_METHOD_UPDATE);
	world_reply(w, BILOXI, 200, "", world_words(BILOXI, "active", 0));
	world_hear_code(w, ALICE, 200);
	assert_true(world_heard_line(w, ALICE, " PRACK\r\n"));
	assert_true(world_heard_body(w, ALICE, "m=audio 20000 "));
}

/* UPD-1: before the first exchange is over: 500 with Retry-After; and nobody there that could
 * take it: 504. */
static void update_too_early(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_register(w, BOB);
	world_call(w, &a, ALICE, "sip:bob@atlanta.test");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_callee(w, &b, BOB);
	world_answer(w, BOB, 180, NULL);
	world_hear_code(w, ALICE, 180);
	world_learn(w, &a);
	world_request(w, &a, "UPDATE", "", world_words(ALICE, "actpass", 0));
	world_hear_code(w, ALICE, 500);
	assert_true(world_heard_line(w, ALICE, "Retry-After: "));
	world_request(w, &a, "INVITE", "", world_words(ALICE, "actpass", 0)); /* SIP-14 */
	world_hear_code(w, ALICE, 500);
	/* From the callee, while our offer to him waits for his answer. */
	world_request(w, &b, "UPDATE", "", world_words(BOB, "actpass", 0));
	world_hear_code(w, BOB, 491);
	world_request(w, &b, "INVITE", "", world_words(BOB, "actpass", 0));
	world_hear_code(w, BOB, 491);
}

/* ---- offers that come late ---- */

/* OA-3: no description in the INVITE: bob offers in his 200, alice answers in her ACK. */
static void late_offer(void **state)
{
	struct world *w = *state;
	struct talk a;

	world_register(w, BOB);
	call_with(w, &a, "sip:bob@atlanta.test", "", "");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	assert_int_equal(0, w->heard[BOB].msg->body.len);
	assert_false(world_heard_line(w, BOB, "100rel"));
	world_answer(w, BOB, 180, NULL);
	world_hear_code(w, ALICE, 180);
	world_answer(w, BOB, 200, "actpass");
	world_hear_nothing(w, BOB); /* SIP-5: the ACK waits */
	world_hear_code(w, ALICE, 200);
	assert_true(world_heard_body(w, ALICE, "a=setup:actpass"));
	assert_true(world_heard_body(w, ALICE, "m=audio 20000 "));
	assert_false(fake_media()->gate[MEDIA_SIDE_A]);
	world_learn(w, &a);
	world_ack_with(w, &a, world_words(ALICE, "active", 0));
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	assert_true(world_heard_body(w, BOB, "a=setup:active"));
	assert_true(world_heard_body(w, BOB, "m=audio 20002 "));
	assert_true(fake_media()->gate[MEDIA_SIDE_A]);
	assert_int_equal(MEDIA_DTLS_SERVER, fake_media()->remote[MEDIA_SIDE_A].role);
	assert_int_equal(MEDIA_DTLS_CLIENT, fake_media()->remote[MEDIA_SIDE_B].role);
	world_bye(w, &a);
	world_hear_code(w, ALICE, 200);
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	world_answer(w, BOB, 200, NULL);
	world_all_over(w);
}

/* The same to a caller whose leg has its keys in descriptions: ours are offered, hers answer.
 */
static void late_offer_with_keys(void **state)
{
	struct world *w = *state;
	const struct media_remote *remote = fake_media()->remote;
	struct talk a;

	w->users[0].media = MEDIA_MODE_SDES;
	world_register(w, BOB);
	call_with(w, &a, "sip:bob@atlanta.test", "", "");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_answer(w, BOB, 200, "actpass");
	world_hear_code(w, ALICE, 200);
	assert_true(world_heard_body(w, ALICE, "RTP/SAVP 0 101\r\n"));
	assert_true(world_heard_body(w, ALICE, "a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:"));
	assert_false(world_heard_body(w, ALICE, "fingerprint"));
	world_learn(w, &a);
	world_ack_with(w, &a,
		"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
		"m=audio 4000 RTP/SAVP 0\r\na=crypto:2 AES_CM_128_HMAC_SHA1_80 "
		"inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd\r\n");
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	assert_true(world_heard_body(w, BOB, "a=setup:active"));
	assert_int_equal(MEDIA_KEYING_SDES, remote[MEDIA_SIDE_A].keying);
	assert_int_equal(MEDIA_KEYING_DTLS, remote[MEDIA_SIDE_B].keying);
	assert_true(fake_media()->gate[MEDIA_SIDE_A] && fake_media()->gate[MEDIA_SIDE_B]);
}

/* SIP-5: her ACK never comes, or has no answer: BYE to both, bob's 2xx is acknowledged. */
static void late_offer_without_answer(void **state)
{
	struct world *w = *state;
	struct talk a;

	world_register(w, BOB);
	call_with(w, &a, "sip:bob@atlanta.test", "", "");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_answer(w, BOB, 200, "actpass");
	world_hear_code(w, ALICE, 200);
	world_learn(w, &a);
	world_ack(w, &a);
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	world_answer(w, BOB, 200, NULL);
	world_hear_method(w, ALICE, SIP_METHOD_BYE);
	world_answer(w, ALICE, 200, NULL);
	world_all_over(w);
}

static void late_offer_and_no_ack(void **state)
{
	struct world *w = *state;
	struct talk a;

	world_register(w, BOB);
	call_with(w, &a, "sip:bob@atlanta.test", "", "");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_answer(w, BOB, 200, "actpass");
	world_hear_code(w, ALICE, 200);
	world_pass(w, 31900 * USEC_PER_MS);
	world_forget(w);
	world_pass(w, SECONDS(1));
	world_hear_method(w, ALICE, SIP_METHOD_BYE);
	world_answer(w, ALICE, 200, NULL);
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	world_answer(w, BOB, 200, NULL);
	world_all_over(w);
}

/* CI-11: from a peer the ACK's key must be proved; an ACK cannot be refused, so BYE. */
static void late_offer_of_a_peer(void **state)
{
	struct world *w = *state;
	char lines[4096], sdp[2048];
	struct talk t;

	world_register(w, BOB);
	for (int is_signed = 0; is_signed < 2; is_signed++) {
		world_invite_late(w, &t, "sip:bob@atlanta.test");
		world_hear_code(w, BILOXI, 100);
		if (w->fetch_count == 1 && !is_signed)
			world_give_certificate(w);
		world_hear_method(w, BOB, SIP_METHOD_INVITE);
		world_answer(w, BOB, 200, "actpass");
		world_hear_code(w, BILOXI, 200);
		world_learn(w, &t);
		world_sdp(BILOXI, "active", 0, sdp, sizeof(sdp));
		t.cseq--; /* the ACK has the INVITE's number */
		world_sign(w, &t, "ACK", sdp, lines, sizeof(lines));
		world_request(w, &t, "ACK", is_signed ? lines : "", sdp);
		world_hear_method(w, BOB, SIP_METHOD_ACK);
		if (is_signed)
			break;
		assert_false(fake_media()->gate[MEDIA_SIDE_A]);
		world_hear_method(w, BOB, SIP_METHOD_BYE);
		world_answer(w, BOB, 200, NULL);
		world_hear_method(w, BILOXI, SIP_METHOD_BYE);
		world_answer(w, BILOXI, 200, NULL);
		world_all_over(w);
		world_pass(w, SECONDS(1));
	}
	assert_true(fake_media()->gate[MEDIA_SIDE_A]);
	world_hear_nothing(w, BOB);
}

static int clean(void **state)
{
	struct world *w = *state;

	w->peers[0].early_media = EARLY_MEDIA_BLOCK;
	return world_teardown(state);
}

#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, world_setup, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(caller_only),
		SCENARIO(no_prack),
		SCENARIO(one_at_a_time),
		SCENARIO(callee_only),
		SCENARIO(early_answer_is_reliable),
		SCENARIO(success_waits_for_prack),
		SCENARIO(offer_in_prack),
		SCENARIO(update_too_early),
		SCENARIO(late_offer),
		SCENARIO(late_offer_with_keys),
		SCENARIO(late_offer_without_answer),
		SCENARIO(late_offer_and_no_ack),
		SCENARIO(late_offer_of_a_peer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
