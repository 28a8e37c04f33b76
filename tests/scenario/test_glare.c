/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Changes in the middle of a call that meet each other (RFC 3261 section 14, RFC 3311; rows
 * SIP-14, SIP-15) or do not come to their end. Virtual time.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scenario/world.h"

#define SECONDS(n) ((n)*USEC_PER_SEC)

/* ---- glare ---- */

/* SIP-15: we made bob's Call-ID, so we wait 2.1 to 4 s; alice does not hear of it. */
static void glare_is_tried_again(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_joined(w, &a, &b);
	world_request(w, &a, "INVITE", "", world_offer(ALICE, "SAVPF 0 101", "SAVPF 8"));
	world_hear_code(w, ALICE, 100);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_answer(w, BOB, 491, NULL);
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_pass(w, 2090 * USEC_PER_MS);
	world_hear_nothing(w, BOB);
	world_pass(w, 1920 * USEC_PER_MS);
	world_hear_nothing(w, ALICE);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_forget(w); /* its repetitions */
	world_reply(w, BOB, 200, "", world_offer(BOB, "SAVPF 0 101", "SAVPF 8"));
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	world_ack(w, &a);
}

/* The caller made alice's Call-ID: 0 to 2 s there. */
static void glare_on_the_callers_leg(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_joined(w, &a, &b);
	world_request(w, &b, "INVITE", "", world_offer(BOB, "SAVPF 0 101", "SAVPF 8"));
	world_hear_code(w, BOB, 100);
	world_hear_method(w, ALICE, SIP_METHOD_INVITE);
	/* Hers crosses: 491, and bob's offer is still ours to her. */
	world_request(w, &a, "INVITE", "", world_offer(ALICE, "a=sendrecv", "a=sendonly"));
	struct arena keep = w->heard[ALICE].arena;
	const struct sip_msg *invite = w->heard[ALICE].msg;
	arena_init(&w->heard[ALICE].arena, 1 << 20);
	world_hear_code(w, ALICE, 491);
	world_ack(w, &a);
	w->heard[ALICE].msg = invite;
	world_answer(w, ALICE, 491, NULL);
	arena_fini(&keep);
	world_hear_method(w, ALICE, SIP_METHOD_ACK);
	world_pass(w, SECONDS(2));
	world_hear_method(w, ALICE, SIP_METHOD_INVITE);
	world_reply(w, ALICE, 200, "", world_offer(ALICE, "SAVPF 0 101", "SAVPF 8"));
	world_hear_method(w, ALICE, SIP_METHOD_ACK);
	world_hear_code(w, BOB, 200);
}

/* Both ends at once, each on its own leg: the second one hears 491 from us. */
static void glare_between_the_legs(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_joined(w, &a, &b);
	world_request(w, &a, "INVITE", "", world_offer(ALICE, "SAVPF 0 101", "SAVPF 8"));
	world_hear_code(w, ALICE, 100);
	world_request(w, &b, "UPDATE", "", world_offer(BOB, "a=sendrecv", "a=sendonly"));
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_hear_code(w, BOB, 491);
	world_still_calling(w);
}

/* SIP-14: one at a time from the same end: 500 with Retry-After of 0 to 10 s. */
static void overlapping(void **state)
{
	struct world *w = *state;
	struct slice after;
	struct talk a, b;
	uint64_t seconds;

	world_joined(w, &a, &b);
	world_request(w, &a, "INVITE", "", world_offer(ALICE, "SAVPF 0 101", "SAVPF 8"));
	world_hear_code(w, ALICE, 100);
	world_request(w, &a, "UPDATE", "", world_offer(ALICE, NULL, NULL));
	world_hear_code(w, ALICE, 500);
	after = sip_msg_header(w->heard[ALICE].msg, "Retry-After", 0);
	assert_int_equal(0, slice_to_u64(after, 10, &seconds));
	a.cseq -= 2;
	world_request(w, &a, "INVITE", "", world_offer(ALICE, NULL, NULL)); /* SIP-13 */
	world_hear_code(w, ALICE, 500);
	world_still_calling(w);
}

/* RFC 3311 section 5.2: a mere refresh has to wait as well. */
static void refresh_during_a_change(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_joined(w, &a, &b);
	world_request(w, &a, "INVITE", "", world_offer(ALICE, "SAVPF 0 101", "SAVPF 8"));
	world_hear_code(w, ALICE, 100);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_request(w, &a, "UPDATE", "", "");
	world_hear_code(w, ALICE, 500);
	world_reply(w, BOB, 200, "", world_offer(BOB, "SAVPF 0 101", "SAVPF 8"));
	world_hear_code(w, ALICE, 200); /* the re-INVITE is answered all the same */
	assert_true(world_heard_line(w, ALICE, " INVITE\r\n"));
}

/* RFC 3264 section 6.1: who only wants to hear is not offered to send. */
static void answer_fits_the_offer(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_joined(w, &a, &b);
	world_request(w, &a, "INVITE", "", world_offer(ALICE, "SAVPF 0 101", "SAVPF 8 0 101"));
	world_hear_code(w, ALICE, 100);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_reply(w, BOB, 200, "", world_offer(BOB, "a=sendrecv", "a=recvonly"));
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	world_ack(w, &a);
	/* What he said as an answer, he says as an offer: nothing new for her. */
	world_request(w, &b, "UPDATE", "", world_offer(BOB, "a=sendrecv", "a=recvonly"));
	world_hear_code(w, BOB, 200);
	world_hear_nothing(w, ALICE);
	assert_true(world_heard_body(w, BOB, "a=sendonly"));
	assert_true(world_heard_body(w, BOB, "SAVPF 0 101\r\n")); /* and no 8 */
}

/* ---- giving up ---- */

/* CANCEL of a re-INVITE: ours is cancelled too and nothing has changed. */
static void change_is_cancelled(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_joined(w, &a, &b);
	world_request(w, &a, "INVITE", "", world_offer(ALICE, "SAVPF 0 101", "SAVPF 8"));
	world_hear_code(w, ALICE, 100);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_reply(w, BOB, 100, "", "");
	struct arena keep = w->heard[BOB].arena;
	const struct sip_msg *invite = w->heard[BOB].msg;
	arena_init(&w->heard[BOB].arena, 1 << 20);
	world_cancel(w, &a);
	world_hear_code(w, ALICE, 200);
	world_hear_code(w, ALICE, 487);
	world_ack(w, &a);
	world_hear_method(w, BOB, SIP_METHOD_CANCEL);
	world_answer(w, BOB, 200, NULL);
	w->heard[BOB].msg = invite;
	world_answer(w, BOB, 487, NULL);
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	arena_fini(&keep);
	world_still_calling(w);
	world_request(w, &a, "UPDATE", "", world_offer(ALICE, NULL, NULL));
	world_hear_code(w, ALICE, 200);
}

/* The CANCEL crosses the 200: bob has changed, alice has not, so bob is changed back. */
static void cancel_of_a_change_crosses(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_joined(w, &a, &b);
	world_request(w, &a, "INVITE", "", world_offer(ALICE, "a=sendrecv", "a=sendonly"));
	world_hear_code(w, ALICE, 100);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_cancel(w, &a);
	world_hear_code(w, ALICE, 200);
	world_hear_code(w, ALICE, 487);
	world_ack(w, &a);
	world_reply(w, BOB, 200, "", world_offer(BOB, "a=sendrecv", "a=recvonly"));
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	assert_true(world_heard_body(w, BOB, "a=sendrecv"));
	world_reply(w, BOB, 200, "", world_offer(BOB, NULL, NULL));
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_still_calling(w);
}

/* The ACK of a re-INVITE never comes (SIP-3): the 2xx again, then BYE both. */
static void ack_of_a_change_never_comes(void **state)
{
	struct world *w = *state;
	unsigned again = 0;
	struct talk a, b;

	world_joined(w, &a, &b);
	world_request(w, &a, "INVITE", "", world_offer(ALICE, NULL, NULL));
	world_hear_code(w, ALICE, 100);
	world_hear_code(w, ALICE, 200);
	world_pass(w, SECONDS(31));
	while (!list_is_empty(&w->sent)) {
		world_hear_code(w, ALICE, 200);
		again++;
	}
	assert_int_equal(9, again);
	world_pass(w, SECONDS(2));
	world_forget(w);
	world_pass(w, SECONDS(33));
	world_all_over(w);
}

static void bye_during_a_change(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_joined(w, &a, &b);
	world_request(w, &a, "INVITE", "", world_offer(ALICE, "SAVPF 0 101", "SAVPF 8"));
	world_hear_code(w, ALICE, 100);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_bye(w, &b);
	world_hear_code(w, BOB, 200);
	world_hear_code(w, ALICE, 487);
	world_hear_method(w, ALICE, SIP_METHOD_BYE);
	world_answer(w, ALICE, 200, NULL);
	world_all_over(w);
}

/* Users' #23: memory of a call does not grow with what is said in it. */
static void ten_thousand_changes(void **state)
{
	struct world *w = *state;
	char address[64];
	struct talk a, b;

	world_joined(w, &a, &b);
	for (int i = 0; i < 10000; i++) {
		snprintf(address, sizeof(address), "m=audio %d", 30000 + 2 * (i % 5000));
		world_request(
			w, &a, "INVITE", "", world_offer(ALICE, "m=audio 30000", address));
		world_hear_code(w, ALICE, 100);
		world_hear_code(w, ALICE, 200);
		world_ack(w, &a);
		if (i % 200 == 0) /* transactions have a ceiling too */
			world_pass(w, SECONDS(40));
	}
	for (int i = 0; i < 1000; i++) { /* and those that cross */
		world_request(w, &a, "INVITE", "",
			world_offer(ALICE, "a=sendrecv", i % 2 ? "a=sendrecv" : "a=sendonly"));
		world_hear_code(w, ALICE, 100);
		world_hear_method(w, BOB, SIP_METHOD_INVITE);
		world_answer(w, BOB, 200, "active");
		world_hear_method(w, BOB, SIP_METHOD_ACK);
		world_hear_code(w, ALICE, 200);
		world_ack(w, &a);
		world_pass(w, SECONDS(40));
	}
	world_still_calling(w);
	world_bye(w, &a);
	world_hear_code(w, ALICE, 200);
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	world_answer(w, BOB, 200, NULL);
	world_all_over(w);
}

#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(glare_is_tried_again),
		SCENARIO(glare_on_the_callers_leg),
		SCENARIO(glare_between_the_legs),
		SCENARIO(overlapping),
		SCENARIO(refresh_during_a_change),
		SCENARIO(answer_fits_the_offer),
		SCENARIO(change_is_cancelled),
		SCENARIO(cancel_of_a_change_crosses),
		SCENARIO(ack_of_a_change_never_comes),
		SCENARIO(bye_during_a_change),
		SCENARIO(ten_thousand_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
