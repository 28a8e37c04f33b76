/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Conversations in which memory runs out at every single place: whatever was being said, the
 * call ends or goes on, nothing is left behind, and the next call is a call like any other.
 * And what memory an established call takes.
 */

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "tests/scenario/world.h"

#define SECONDS(n)  ((n)*USEC_PER_SEC)
#define FAILURE_MAX 400 /* more allocations than any step has */

/* Up to where the step begins. */
static void before(struct world *w, int step, struct talk *a, struct talk *b)
{
	if (step == 0) {
		world_register(w, BOB);
		world_invite(w, a, ALICE, "sip:bob@atlanta.test");
		world_hear_code(w, ALICE, 407);
		world_ack_refusal(w, a);
		return;
	}
	w->users[1].refer = REFER_CARRY_OUT;
	world_connected(w, a);
	world_callee(w, b, BOB);
	if (step == 6 || step == 7) { /* bob gives alice to carol */
		w->more = "Refer-To: <sip:carol@biloxi.test>\r\nRefer-Sub: false\r\n";
		world_request(w, b, "REFER", "", "");
		world_hear_code(w, BOB, 407);
	}
	if (step == 7) {
		world_request_again(w, b, "REFER", "");
		world_hear_code(w, BOB, 202);
		world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
		w->more = NULL;
	}
	if (step == 3) {
		world_request(
			w, a, "INVITE", "", world_offer(ALICE, "a=sendrecv", "a=sendonly"));
		world_hear_code(w, ALICE, 100);
		world_hear_method(w, BOB, SIP_METHOD_INVITE);
	}
	if (step == 4) {
		world_request(w, a, "INVITE", "", "");
		world_hear_code(w, ALICE, 100);
		world_hear_method(w, BOB, SIP_METHOD_INVITE);
		world_reply(w, BOB, 200, "", world_offer(BOB, "a=sendrecv", "a=sendrecv"));
		world_hear_code(w, ALICE, 200);
	}
}

static void say(struct world *w, int step, struct talk *a, struct talk *b)
{
	char sdp[4096];

	switch (step) {
	case 0:
		world_invite_again(w, a, "Require: 100rel\r\n",
			world_offer(ALICE, "a=sendrecv", "a=sendrecv"));
		break;
	case 1:
		world_request(
			w, b, "UPDATE", "", world_offer(BOB, "m=audio 30002", "m=audio 4000"));
		break;
	case 2:
		world_request(w, a, "INVITE", "", world_offer(ALICE, "SAVPF 0 101", "SAVPF 8"));
		break;
	case 3:
		world_reply(w, BOB, 200, "", world_offer(BOB, "a=sendrecv", "a=recvonly"));
		break;
	case 4:
		world_ack_with(w, a, world_offer(ALICE, "a=sendrecv", "a=sendrecv"));
		break;
	case 6:
		world_request_again(w, b, "REFER", "");
		w->more = NULL;
		break;
	case 8: /* one section more */
		snprintf(sdp, sizeof(sdp),
			"%sm=video 40000 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 H264/90000\r\n"
			"a=rtcp-mux\r\na=setup:actpass\r\na=fingerprint:%s\r\n",
			world_offer(ALICE, "a=sendrecv", "a=sendrecv"),
			world_fingerprint[ALICE]);
		world_request(w, a, "INVITE", "", sdp);
		break;
	case 7:
		world_answer(w, BILOXI, 200, "active");
		break;
	default:
		world_request(w, a, "INFO", "", "");
		break;
	}
}

/* Everybody goes home: nobody answers anything any more. */
static void assert_nothing_is_left(struct world *w, struct talk *a)
{
	struct sbc_counters counters;

	world_forget(w);
	world_bye(w, a);
	world_pass(w, SECONDS(200));
	world_forget(w);
	sbc_counters(w->sbc, &counters);
	if (counters.calls_now) /* it never began, or its BYE was one too late */
		world_pass(w, SECONDS(2000));
	sbc_counters(w->sbc, &counters);
	assert_int_equal(0, counters.calls_now);
	assert_int_equal(fake_media()->open_count, fake_media()->close_count);
}

/* Has the failure happened? It cannot any more. */
static bool has_failed(void)
{
	for (long i = 0; i <= FAILURE_MAX; i++) {
		if (mem_fails_now())
			return false;
	}
	return true;
}

/* False: the step has not so many allocations. */
static bool run(int step, long failure)
{
	bool is_used;

	struct world *w = mem_alloc(sizeof(*w));
	struct talk a, b;

	world_init(w);
	before(w, step, &a, &b);
	world_forget(w);
	buf_put_str(&w->said, ""); /* the actors' own memory is there already */
	mem_fail_after(failure);
	say(w, step, &a, &b);
	is_used = has_failed();
	mem_fail_after(-1);
	assert_nothing_is_left(w, &a);
	world_connected(w, &a);
	world_fini(w);
	mem_free(w);
	return is_used;
}

static void memory_runs_out(void **state)
{
	(void)state;
	for (int step = 0; step < 9; step++) {
		long failure = 0;

		while (failure < FAILURE_MAX && run(step, failure))
			failure++;
		print_message("step %d: %ld allocations\n", step, failure);
		assert_in_range(failure, 1, FAILURE_MAX - 1);
	}
}

/* ---- what a call takes ---- */

#define CALLS 100
#define BYPASS_MAX                                                                             \
	15360             /* bytes: signalling only; the promise is 16 KiB with all around it  \
			   */
#define RELAYED_MAX 31744 /* bytes: DTLS-SRTP on both legs, without the media room's part */

static void connect_one(struct world *w)
{
	struct talk t;

	world_call(w, &t, ALICE, "sip:bob@atlanta.test");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_answer(w, BOB, 180, NULL);
	world_hear_code(w, ALICE, 180);
	world_answer(w, BOB, 200, "active");
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	world_learn(w, &t);
	world_ack(w, &t);
	world_forget(w);
}

/* Bytes of each of many, once the transactions that made them are over. */
static size_t call_size(enum media_mode mode)
{
	struct world *w = mem_alloc(sizeof(*w));
	size_t before, after;

	world_init_large(w, CALLS + 1);
	w->users[0].media = w->users[1].media = mode;
	world_register(w, BOB);
	connect_one(w);
	before = mallinfo2().uordblks;
	for (int i = 0; i < CALLS; i++)
		connect_one(w);
	world_pass(w, SECONDS(40));
	world_forget(w);
	after = mallinfo2().uordblks;
	world_fini(w);
	mem_free(w);
	return after > before ? (after - before) / CALLS : 0;
}

static void a_call_is_small(void **state)
{
	size_t bypass = call_size(MEDIA_MODE_BYPASS), relayed = call_size(MEDIA_MODE_DTLS);

	(void)state;
	print_message("bytes of a call: %zu signalling only, %zu relayed\n", bypass, relayed);
	assert_true(bypass <= BYPASS_MAX);
	assert_true(relayed <= RELAYED_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_runs_out), cmocka_unit_test(a_call_is_small)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
