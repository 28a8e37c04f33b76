/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Session timers, each leg for itself (RFC 4028; rows ST-1 to ST-4). Virtual time. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scenario/world.h"

#define SECONDS(n) ((n)*USEC_PER_SEC)

static int setup(void **state)
{
	struct world *w;

	world_setup(state);
	w = *state;
	w->config.limits.session_expires_s = 1800;
	w->config.limits.session_min_s = 120;
	return 0;
}

/* Alice's call with these lines in her INVITE, bob's 200 with those. */
static void join(struct world *w, struct talk *a, struct talk *b, const char *caller_lines,
	const char *callee_lines)
{
	world_register(w, BOB);
	world_invite(w, a, ALICE, "sip:bob@atlanta.test");
	world_hear_code(w, ALICE, 407);
	world_ack_refusal(w, a);
	world_invite_again(w, a, caller_lines, world_words(ALICE, "actpass", 0));
	world_hear_code(w, ALICE, 100);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_callee(w, b, BOB);
	world_reply(w, BOB, 200, callee_lines, world_words(BOB, "active", 0));
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	world_learn(w, a);
	world_ack(w, a);
}

static void is_over(struct world *w, enum actor first)
{
	(void)first;
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	assert_true(sip_msg_header(w->heard[BOB].msg, "Reason", 0).len);
	world_answer(w, BOB, 200, NULL);
	world_hear_method(w, ALICE, SIP_METHOD_BYE);
	world_answer(w, ALICE, 200, NULL);
	world_all_over(w);
}

/* ST-2: each leg has its own interval and its own refresher. */
static void each_leg_negotiates(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	join(w, &a, &b,
		"Supported: timer\r\nSession-Expires: 600\r\nMin-SE: 90\r\n"
		"Allow: INVITE, ACK, BYE, UPDATE\r\n",
		"Require: timer\r\nSession-Expires: 300;refresher=uas\r\n"
		"Allow: INVITE, ACK, BYE, UPDATE\r\n");
	assert_true(world_heard_line(w, ALICE, "Session-Expires: 600;refresher=uac\r\n"));
	assert_true(world_heard_line(w, ALICE, "Require: timer\r\n"));
	/* Both refresh towards us: we send nothing and answer each. */
	for (int i = 0; i < 10; i++) {
		world_pass(w, SECONDS(140));
		world_hear_nothing(w, ALICE);
		world_hear_nothing(w, BOB);
		world_request(w, &b, "UPDATE",
			"Supported: timer\r\nSession-Expires: 300;refresher=uac\r\n", "");
		world_hear_code(w, BOB, 200);
		assert_true(world_heard_line(w, BOB, "Session-Expires: 300;refresher=uac\r\n"));
		world_request(w, &a, "UPDATE",
			"Supported: timer\r\nSession-Expires: 600;refresher=uac\r\n", "");
		world_hear_code(w, ALICE, 200);
	}
	/* ST-3: bob is silent: BYE at 300 - min(32, 100) s. */
	world_pass(w, SECONDS(267));
	world_hear_nothing(w, BOB);
	world_pass(w, SECONDS(2));
	is_over(w, BOB);
}

/* The INVITE we send asks for our own interval. */
static void callee_is_asked(void **state)
{
	struct world *w = *state;
	struct talk a;

	world_register(w, BOB);
	world_call(w, &a, ALICE, "sip:bob@atlanta.test");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	assert_true(world_heard_line(w, BOB, "Session-Expires: 1800\r\n"));
	assert_true(world_heard_line(w, BOB, "timer"));
}

/* ST-4: neither end knows timers: we refresh both alone, by re-INVITE with what was said. */
static void nobody_knows_timers(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	join(w, &a, &b, "", "");
	assert_true(world_heard_line(w, ALICE, "Session-Expires: 1800;refresher=uas\r\n"));
	world_pass(w, SECONDS(899));
	world_hear_nothing(w, BOB);
	for (int i = 0; i < 4; i++) {
		/* To the second in which the refresh is due; then both answer at once. */
		world_pass(w, SECONDS(1));
		world_hear_method(w, ALICE, SIP_METHOD_INVITE);
		assert_true(world_heard_body(w, ALICE, "a=setup:actpass"));
		world_reply(w, ALICE, 200, "", world_words(ALICE, "passive", 0));
		world_hear_method(w, ALICE, SIP_METHOD_ACK);
		world_hear_method(w, BOB, SIP_METHOD_INVITE);
		world_forget(w);
		world_reply(w, BOB, 200, "", world_words(BOB, "active", 0));
		world_hear_method(w, BOB, SIP_METHOD_ACK);
		world_pass(w, SECONDS(899));
		world_forget(w);
	}
	/* Now bob is gone: the refresh times out (408), both ends hear it. */
	world_pass(w, SECONDS(1));
	world_hear_method(w, ALICE, SIP_METHOD_INVITE);
	world_reply(w, ALICE, 200, "", world_words(ALICE, "passive", 0));
	world_hear_method(w, ALICE, SIP_METHOD_ACK);
	world_pass(w, 31900 * USEC_PER_MS);
	world_forget(w); /* repetitions */
	world_pass(w, SECONDS(1));
	is_over(w, BOB);
}

/* By UPDATE where it is known; what does not know it after all gets a re-INVITE. */
static void refresh_by_update(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	join(w, &a, &b, "Supported: timer\r\nSession-Expires: 1000;refresher=uac\r\n",
		"Allow: INVITE, ACK, BYE, UPDATE\r\nRequire: timer\r\n"
		"Session-Expires: 400;refresher=uac\r\n");
	world_pass(w, SECONDS(201));
	world_hear_method(w, BOB, SIP_METHOD_UPDATE);
	assert_true(world_heard_line(w, BOB, "Session-Expires: 400;refresher=uac\r\n"));
	assert_int_equal(0, w->heard[BOB].msg->body.len);
	world_forget(w);
	world_reply(w, BOB, 501, "", "");
	world_pass(w, 0);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	assert_true(world_heard_body(w, BOB, "m=audio 20002 "));
	world_reply(w, BOB, 200, "Require: timer\r\nSession-Expires: 400;refresher=uac\r\n",
		world_words(BOB, "active", 0));
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_nothing(w, ALICE);
}

/* ST-1: too small for us. */
static void too_small(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_register(w, BOB);
	world_invite(w, &a, ALICE, "sip:bob@atlanta.test");
	world_hear_code(w, ALICE, 407);
	world_ack_refusal(w, &a);
	world_invite_again(w, &a, "Supported: timer\r\nSession-Expires: 60\r\n",
		world_words(ALICE, "actpass", 0));
	world_hear_code(w, ALICE, 422);
	assert_true(world_heard_line(w, ALICE, "Min-SE: 120\r\n"));
	world_ack_refusal(w, &a);
	world_hear_nothing(w, BOB);
	world_all_over(w);
	join(w, &a, &b, "Supported: timer\r\nSession-Expires: 120\r\n", "");
	world_request(w, &a, "UPDATE", "Supported: timer\r\nSession-Expires: 90\r\n", "");
	world_hear_code(w, ALICE, 422);
	world_request(w, &a, "INVITE", "Supported: timer\r\nSession-Expires: 90\r\n",
		world_words(ALICE, "actpass", 0));
	world_hear_code(w, ALICE, 422);
}

/* ST-1: ours is too small for them: asked again with theirs, and refreshed so too. */
static void too_small_for_the_callee(void **state)
{
	struct world *w = *state;
	struct talk a;

	world_register(w, BOB);
	world_call(w, &a, ALICE, "sip:bob@atlanta.test");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_reply(w, BOB, 422, "Min-SE: 3600\r\n", "");
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	assert_true(world_heard_line(w, BOB, "Session-Expires: 3600\r\n"));
	assert_true(world_heard_line(w, BOB, "Min-SE: 3600\r\n"));
	world_hear_nothing(w, ALICE);
	world_reply(w, BOB, 422, "Min-SE: 3600\r\n", ""); /* makes no sense: given up */
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 500);
	world_all_over(w);
}

/* A 422 to a refresh. */
static void refresh_too_small(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	join(w, &a, &b, "Supported: timer\r\nSession-Expires: 1000;refresher=uac\r\n",
		"Allow: UPDATE, INVITE\r\nRequire: timer\r\n"
		"Session-Expires: 400;refresher=uac\r\n");
	world_pass(w, SECONDS(201));
	world_hear_method(w, BOB, SIP_METHOD_UPDATE);
	world_forget(w);
	world_reply(w, BOB, 422, "Min-SE: 900\r\n", "");
	world_pass(w, 0);
	world_hear_method(w, BOB, SIP_METHOD_UPDATE);
	assert_true(world_heard_line(w, BOB, "Session-Expires: 900;refresher=uac\r\n"));
	world_reply(
		w, BOB, 200, "Require: timer\r\nSession-Expires: 900;refresher=uac\r\n", "");
	world_pass(w, SECONDS(449));
	world_hear_nothing(w, BOB);
	world_pass(w, SECONDS(2));
	world_hear_method(w, BOB, SIP_METHOD_UPDATE);
}

/* Users' #25: a refusal that is not the end: the call goes on until the interval ends. */
static void refresh_refused(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	join(w, &a, &b, "Supported: timer\r\nSession-Expires: 1700;refresher=uac\r\n",
		"Allow: UPDATE, INVITE\r\nRequire: timer\r\n"
		"Session-Expires: 400;refresher=uac\r\n");
	world_pass(w, SECONDS(201));
	world_hear_method(w, BOB, SIP_METHOD_UPDATE);
	world_forget(w);
	world_reply(w, BOB, 500, "", "");
	world_pass(w, SECONDS(166));
	world_hear_nothing(w, ALICE);
	world_pass(w, SECONDS(2));
	is_over(w, BOB);
}

#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(each_leg_negotiates),
		SCENARIO(callee_is_asked),
		SCENARIO(nobody_knows_timers),
		SCENARIO(refresh_by_update),
		SCENARIO(too_small),
		SCENARIO(too_small_for_the_callee),
		SCENARIO(refresh_too_small),
		SCENARIO(refresh_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
