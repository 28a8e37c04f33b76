/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Peers are asked with OPTIONS whether they are there (KAM-1, KAM-3), have ceilings of
 * their own, and strangers' floods and scans are kept out. Virtual time. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sbc/sbc.h"
#include "tests/scenario/world.h"

#define SECONDS(n) ((n)*USEC_PER_SEC)

static void remake(struct world *w)
{
	world_forget(w);
	world_remake(w);
}

/* The world again, with a trunk that is asked; a route by number leads to it, then to
 * another one. */
static const struct config_target targets[] = {
	{.peer_index = 1, .priority = 1}, {.peer_index = 2, .priority = 2}};

static void ask_the_trunk(struct world *w)
{
	w->peers[1].probe = true;
	w->routes[0] = (struct config_route){.domain = "",
		.prefix = "+49",
		.targets = (struct config_target *)targets,
		.target_count = 2};
	remake(w);
}

static void next_probe(struct world *w, uint16_t code)
{
	const struct sip_msg *msg;

	world_pass(w, SECONDS(10));
	msg = world_hear_method(w, TRUNK, SIP_METHOD_OPTIONS);
	assert_int_equal(0, msg->request_uri.user.len);
	assert_false(msg->to.tag.len);
	if (code)
		world_answer(w, TRUNK, code, NULL);
	world_forget(w);
}

static void call_goes_to(struct world *w, enum actor who)
{
	struct talk t;

	world_call(w, &t, ALICE, "sip:+4930123@atlanta.test");
	world_hear_method(w, who, SIP_METHOD_INVITE);
	world_answer(w, who, 486, NULL);
	world_forget(w);
	world_pass(w, 0);
	world_forget(w);
}

/* Threshold two down, two up: the calls go where somebody answers. */
static void calls_go_to_who_answers(void **state)
{
	struct world *w = *state;

	ask_the_trunk(w);
	next_probe(w, 200);
	call_goes_to(w, TRUNK);
	next_probe(w, 503);
	call_goes_to(w, TRUNK); /* TP: a second chance */
	next_probe(w, 503);
	call_goes_to(w, SPARE); /* IP */
	next_probe(w, 200);
	call_goes_to(w, SPARE);
	next_probe(w, 404); /* it is there: KAM-3 */
	call_goes_to(w, TRUNK);
}

static void silence_is_an_answer(void **state)
{
	struct world *w = *state;
	const struct sip_msg *msg;
	struct talk t;

	ask_the_trunk(w);
	next_probe(w, 0);
	world_pass(w, SECONDS(30));
	world_forget(w);
	call_goes_to(w, SPARE);
	w->peers[2].probe = false;
	w->routes[0].target_count = 1;
	world_call(w, &t, ALICE, "sip:+4930123@atlanta.test");
	msg = world_hear_code(w, ALICE, 503);
	assert_true(slice_equal(sip_msg_header(msg, "Retry-After", 0), SLICE("5")));
}

/* A peer's own ceilings: 503 and Retry-After for its calls, the next target for calls to
 * it. */
static void ceilings_of_a_peer(void **state)
{
	struct world *w = *state;
	const struct sip_msg *msg;
	struct talk t;

	w->peers[1].calls_max = 1;
	ask_the_trunk(w);
	w->peers[1].probe = false;
	w->routes[1] = (struct config_route){.domain = "x.test", .prefix = "", .peer_index = 2};
	w->config.route_count = 2;
	world_invite(w, &t, TRUNK, "sip:dave@x.test");
	world_hear_code(w, TRUNK, 100);
	world_hear_method(w, SPARE, SIP_METHOD_INVITE);
	world_invite(w, &t, TRUNK, "sip:dave@x.test");
	msg = world_hear_code(w, TRUNK, 503);
	assert_true(sip_msg_header(msg, "Retry-After", 0).len);
	world_call(w, &t, ALICE, "sip:+4930123@atlanta.test");
	world_hear_method(w, SPARE, SIP_METHOD_INVITE);
	world_hear_nothing(w, TRUNK);
}

/* Bandwidth by what is offered: one call of G.711 fits in 100 kbit/s, the next one goes
 * elsewhere; when the first is over there is room again. */
static void bandwidth_of_a_peer(void **state)
{
	struct world *w = *state;
	struct talk first, t;

	w->peers[1].bandwidth_kbps_max = 100;
	ask_the_trunk(w);
	w->peers[1].probe = false;
	remake(w);
	world_call(w, &first, ALICE, "sip:+4930123@atlanta.test");
	world_hear_method(w, TRUNK, SIP_METHOD_INVITE);
	world_call(w, &t, ALICE, "sip:+4930124@atlanta.test");
	world_hear_method(w, SPARE, SIP_METHOD_INVITE);
	world_hear_nothing(w, TRUNK);
	world_answer(w, TRUNK, 486, NULL);
	world_pass(w, SECONDS(40));
	world_forget(w);
	call_goes_to(w, TRUNK);
	world_pass(w, SECONDS(40));
	world_forget(w);
	world_call(w, &first, ALICE, "sip:+4930123@atlanta.test");
	world_invite(w, &t, TRUNK, "sip:bob@atlanta.test"); /* both ways */
	world_hear_method(w, TRUNK, SIP_METHOD_INVITE);
	assert_true(sip_msg_header(world_hear_code(w, TRUNK, 503), "Retry-After", 0).len);
}

/* ---- strangers ---- */

static void guard(struct world *w, unsigned points)
{
	w->config.blocking = (struct config_blocking){.is_enabled = true,
		.requests_per_s = 50,
		.points = points,
		.block_s = 60,
		.sources = 100};
	remake(w);
}

static void a_scanner_is_blocked(void **state)
{
	struct world *w = *state;
	struct talk t;

	guard(w, 10);
	for (int i = 0; i < 10; i++) {
		world_invite(w, &t, STRANGER, "sip:100@atlanta.test");
		world_hear_code(w, STRANGER, 403);
	}
	world_forget(w);
	world_invite(w, &t, STRANGER, "sip:100@atlanta.test");
	world_hear_nothing(w, STRANGER);
	world_register(w, BOB); /* nobody else notices */
	world_pass(w, SECONDS(61));
	world_forget(w);
	world_invite(w, &t, STRANGER, "sip:100@atlanta.test");
	world_hear_code(w, STRANGER, 403);
}

static void a_flood_is_cut(void **state)
{
	struct world *w = *state;
	struct sbc_counters counters;
	struct talk t;
	unsigned answered = 0;

	guard(w, 100000);
	for (int i = 0; i < 500; i++)
		world_invite(w, &t, STRANGER, "sip:100@atlanta.test");
	while (world_hears(w, STRANGER)) {
		world_hear(w, STRANGER);
		answered++;
	}
	assert_in_range(answered, 50, 60);
	sbc_counters(w->sbc, &counters); /* core:drop_requests */
	assert_int_equal(500 - answered, counters.messages_shunned);
	world_register(w, ALICE);
}

/* A peer is never judged, whatever it sends. */
static void peers_are_not_judged(void **state)
{
	struct world *w = *state;
	struct talk t;

	guard(w, 3);
	for (int i = 0; i < 200; i++) {
		world_invite(w, &t, TRUNK, "sip:nobody@nowhere.test");
		world_hear_code(w, TRUNK, 100);
		world_hear_code(w, TRUNK, 404);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			calls_go_to_who_answers, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			silence_is_an_answer, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			ceilings_of_a_peer, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			bandwidth_of_a_peer, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			a_scanner_is_blocked, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(a_flood_is_cut, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			peers_are_not_judged, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
