/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What crosses, comes late or never: CANCEL, BYE, ACK and PRACK at moments when nobody expects
 * them (RFC 5407; S10, users' #24, rows SIP-7 to SIP-12). Virtual time.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scenario/world.h"

#define SECONDS(n) ((n)*USEC_PER_SEC)

/* Bob has answered; alice's ACK is still missing. */
static void answered(struct world *w, struct talk *a, struct talk *b)
{
	world_register(w, BOB);
	world_call(w, a, ALICE, "sip:bob@atlanta.test");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_callee(w, b, BOB);
	world_answer(w, BOB, 200, "active");
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	world_learn(w, a);
}

/* SIP-3: after 20 s it is still in time, and copies of it do nothing. */
static void late_ack(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	answered(w, &a, &b);
	world_pass(w, SECONDS(20));
	world_forget(w);
	world_ack(w, &a);
	world_ack(w, &a);
	world_pass(w, SECONDS(60));
	world_hear_nothing(w, ALICE);
	world_bye(w, &a);
	world_hear_code(w, ALICE, 200);
	world_ack(w, &a); /* and one after the end */
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	world_answer(w, BOB, 200, NULL);
	world_all_over(w);
	world_ack(w, &a); /* of nobody's call */
	world_hear_nothing(w, ALICE);
}

/* The caller hangs up before its ACK is here (RFC 5407 section 3.1.2). */
static void bye_overtakes_ack(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	answered(w, &a, &b);
	world_bye(w, &a);
	world_hear_code(w, ALICE, 200);
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	world_answer(w, BOB, 200, NULL);
	a.cseq--;
	world_ack(w, &a);
	world_all_over(w);
	world_pass(w, SECONDS(60));
	world_hear_nothing(w, ALICE); /* no 2xx any more */
}

/* The callee hangs up at once: the caller's BYE has to wait for its ACK (section 15). */
static void callee_hangs_up_before_the_ack(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	answered(w, &a, &b);
	world_bye(w, &b);
	world_hear_code(w, BOB, 200);
	world_hear_nothing(w, ALICE);
	world_ack(w, &a);
	world_hear_method(w, ALICE, SIP_METHOD_BYE);
	world_answer(w, ALICE, 200, NULL);
	world_all_over(w);
}

/* Our BYE is lost: again at 0.5, 1.5, 3.5, 7.5, 11.5 ... s, then the leg is over anyway. */
static void lost_bye(void **state)
{
	struct world *w = *state;
	unsigned count = 0;
	struct talk a, b;

	answered(w, &a, &b);
	world_ack(w, &a);
	world_bye(w, &a);
	world_hear_code(w, ALICE, 200);
	world_pass(w, SECONDS(33));
	while (!list_is_empty(&w->sent)) {
		world_hear_method(w, BOB, SIP_METHOD_BYE);
		count++;
	}
	assert_int_equal(11, count);
	world_all_over(w);
	/* SIP-12: what comes for it later finds nobody. */
	world_request(w, &b, "UPDATE", "", "");
	world_hear_code(w, BOB, 481);
	world_request(w, &a, "INVITE", "", world_words(ALICE, "actpass", 0));
	world_hear_code(w, ALICE, 481);
}

/* SIP-11: the caller may end an early dialog by BYE. */
static void bye_while_ringing(void **state)
{
	struct world *w = *state;
	struct talk a;

	world_register(w, BOB);
	world_call(w, &a, ALICE, "sip:bob@atlanta.test");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_answer(w, BOB, 180, NULL);
	world_hear_code(w, ALICE, 180);
	world_learn(w, &a);
	world_bye(w, &a);
	world_hear_code(w, ALICE, 200);
	world_hear_code(w, ALICE, 487);
	world_hear_method(w, BOB, SIP_METHOD_CANCEL);
	world_forget(w);
	world_pass(w, SECONDS(65));
	world_all_over(w);
}

/* CANCEL while a reliable 180 waits for its PRACK: no 180 any more. */
static void cancel_before_prack(void **state)
{
	struct world *w = *state;
	struct talk a;

	world_register(w, BOB);
	world_invite(w, &a, ALICE, "sip:bob@atlanta.test");
	world_hear_code(w, ALICE, 407);
	world_ack_refusal(w, &a);
	world_invite_again(w, &a, "Require: 100rel\r\n", world_words(ALICE, "actpass", 0));
	world_hear_code(w, ALICE, 100);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_answer(w, BOB, 180, NULL);
	world_hear_code(w, ALICE, 180);
	world_cancel(w, &a);
	world_hear_code(w, ALICE, 200);
	world_hear_code(w, ALICE, 487);
	world_ack_refusal(w, &a);
	world_learn(w, &a);
	world_forget(w);
	world_request(w, &a, "PRACK", "RAck: 1 1 INVITE\r\n", "");
	world_hear_code(w, ALICE, 481);
	world_pass(w, SECONDS(5));
	world_hear_nothing(w, ALICE);
	world_pass(w, SECONDS(65));
	world_all_over(w);
}

/* Users' #24: the CANCEL comes twice, and once more after the end. */
static void cancel_twice(void **state)
{
	struct world *w = *state;
	struct talk a;

	world_register(w, BOB);
	world_call(w, &a, ALICE, "sip:bob@atlanta.test");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_answer(w, BOB, 180, NULL);
	world_hear_code(w, ALICE, 180);
	world_cancel(w, &a);
	world_hear_code(w, ALICE, 200);
	world_hear_code(w, ALICE, 487);
	world_cancel(w, &a); /* the same transaction: the same answer */
	world_hear_code(w, ALICE, 200);
	world_hear_nothing(w, ALICE);
	world_hear_method(w, BOB, SIP_METHOD_CANCEL);
	world_hear_nothing(w, BOB);
	world_pass(w, SECONDS(65));
	world_forget(w);
	world_cancel(w, &a);
	world_hear_code(w, ALICE, 481);
	world_all_over(w);
}

/* The 2xx of our re-INVITE comes again when its transaction is long gone (RFC 6026). */
static void change_is_acknowledged_again(void **state)
{
	struct world *w = *state;
	struct arena keep;
	const struct sip_msg *invite;
	struct talk a, b;
	char hold[2048];

	answered(w, &a, &b);
	world_ack(w, &a);
	world_sdp(ALICE, "actpass", 0, hold, sizeof(hold));
	world_edit(hold, sizeof(hold), "a=sendrecv", "a=sendonly");
	world_request(w, &a, "INVITE", "", hold);
	world_hear_code(w, ALICE, 100);
	invite = world_hear_method(w, BOB, SIP_METHOD_INVITE);
	keep = w->heard[BOB].arena;
	arena_init(&w->heard[BOB].arena, 1 << 20);
	world_answer(w, BOB, 200, "active");
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	world_ack(w, &a);
	for (int i = 0; i < 2; i++) {
		w->heard[BOB].msg = invite;
		world_answer(w, BOB, 200, "active");
		world_hear_method(w, BOB, SIP_METHOD_ACK);
		world_hear_nothing(w, ALICE);
		world_pass(w, SECONDS(40));
	}
	arena_fini(&keep);
}

/* A key press while the other side is not there yet, or no more. */
static void info_at_odd_moments(void **state)
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
	world_request(w, &a, "INFO", "", "");
	world_hear_code(w, ALICE, 481);
	world_answer(w, BOB, 200, "active");
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	world_request(w, &b, "INFO", "", ""); /* her ACK is missing */
	world_hear_code(w, BOB, 500);
	a.cseq--;
	world_ack(w, &a);
	a.cseq++;
	for (int i = 0; i < 9; i++) /* eight on their way, no more */
		world_request(w, &a, "INFO", "", "");
	world_hear_code(w, ALICE, 500);
	world_hear_nothing(w, ALICE);
	world_hear_method(w, BOB, SIP_METHOD_INFO);
	world_answer(w, BOB, 200, NULL);
	world_hear_code(w, ALICE, 200);
	world_bye(w, &a);
	world_hear_code(w, ALICE, 200);
	world_forget(w);
	world_pass(w, SECONDS(33));
	world_forget(w);
	world_all_over(w);
}

#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(late_ack),
		SCENARIO(bye_overtakes_ack),
		SCENARIO(callee_hangs_up_before_the_ack),
		SCENARIO(lost_bye),
		SCENARIO(bye_while_ringing),
		SCENARIO(cancel_before_prack),
		SCENARIO(cancel_twice),
		SCENARIO(change_is_acknowledged_again),
		SCENARIO(info_at_odd_moments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
