/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Requests in the middle of a call that change nothing: those that cross, and the refusal
 * of all others. Virtual time.
 */

#include "tests/cmocka_first.h"

#include "tests/scenario/world.h"

#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

/* What there is outside of calls, and what is said to the rest: nothing of it is passed on. */
static void outside_of_calls(void **state)
{
	static const struct {
		const char *method, *lines;
		uint16_t code;
	} table[] = {
		{"OPTIONS", "", 200},
		{"MESSAGE", "", 405},
		{"INFO", "", 405},
		{"REFER", "Refer-To: <sip:x@biloxi.test>\r\n", 405},
		{"SUBSCRIBE", "Event: presence\r\n", 405},
		{"SUBSCRIBE", "Event: dialog\r\nExpires: 0\r\n", 405},
		{"PUBLISH", "Event: presence\r\n", 405},
		{"NOTIFY", "Event: message-summary\r\nSubscription-State: active\r\n", 481},
		{"BYE", "", 481},
		{"UPDATE", "", 481},
		{"PRACK", "RAck: 1 1 INVITE\r\n", 481},
		{"FOO", "", 501},
	};
	struct world *w = *state;
	struct talk t;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		world_register_start(w, &t, ALICE, ALICE);
		world_hear_code(w, ALICE, 401); /* a talk outside of any dialog, no more */
		world_request(w, &t, table[i].method, table[i].lines, "");
		world_hear_code(w, ALICE, table[i].code);
		if (table[i].code == 405 || table[i].code == 501 || table[i].code == 200)
			assert_true(world_heard_line(w, ALICE, "Allow: INVITE, "));
	}
	for (int who = 0; who < ACTOR_COUNT; who++)
		world_hear_nothing(w, (enum actor)who);
}

static void info_and_message_cross(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	world_joined(w, &a, &b);
	/* The body is no SDP, so it is written by hand. */
	world_request(w, &a, "INFO", "", "");
	world_hear_method(w, BOB, SIP_METHOD_INFO);
	world_answer(w, BOB, 200, NULL);
	world_hear_code(w, ALICE, 200);
	world_request(w, &b, "INFO", "", "");
	world_hear_method(w, ALICE, SIP_METHOD_INFO);
	world_answer(w, ALICE, 415, NULL);
	world_hear_code(w, BOB, 415);
	world_request(w, &a, "MESSAGE", "", "v=0\r\n");
	world_hear_code(w, ALICE, 415); /* no text */
	assert_true(world_heard_line(w, ALICE, "Accept: text/plain\r\n"));
	world_request(w, &a, "INFO", "", "v=0\r\n");
	world_hear_code(w, ALICE, 415);
	assert_true(world_heard_line(w, ALICE, "Accept: application/dtmf-relay, "));
	/* RFC 6086: a package that nobody asked for. */
	world_request(w, &a, "INFO", "Info-Package: x\r\n", "");
	world_hear_code(w, ALICE, 469);
	assert_true(world_heard_line(w, ALICE, "Recv-Info: nil\r\n"));
	world_hear_nothing(w, BOB);
}

static void the_rest_is_refused(void **state)
{
	static const struct {
		const char *method, *lines;
		uint16_t code;
	} table[] = {
		{"REFER", "Refer-To: <sip:x@biloxi.test>\r\n", 405},
		{"NOTIFY", "Event: refer\r\nSubscription-State: active\r\n", 481},
		{"SUBSCRIBE", "Event: dialog\r\n", 405},
		{"PRACK", "RAck: 1 1 INVITE\r\n", 481},
		{"OPTIONS", "", 200},
		{"UPDATE", "Require: precondition\r\n", 420},
		{"INVITE", "Require: replaces\r\nReplaces: x;to-tag=1;from-tag=2\r\n", 400},
		{"OPTIONS", "Replaces: x;to-tag=1;from-tag=2\r\n", 400},
	};
	struct world *w = *state;
	struct sbc_counters counters;
	struct talk a, b;

	world_joined(w, &a, &b);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		world_request(w, &a, table[i].method, table[i].lines, "");
		world_hear_code(w, ALICE, table[i].code);
		if (table[i].code == 405)
			assert_true(sip_msg_header(w->heard[ALICE].msg, "Allow", 0).len);
	}
	world_hear_nothing(w, BOB);
	sbc_counters(w->sbc, &counters);
	assert_int_equal(1, counters.calls_now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(info_and_message_cross),
		SCENARIO(the_rest_is_refused),
		SCENARIO(outside_of_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
