/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A new configuration while calls are there: they keep what they began with, new ones get
 * what is new. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "sbc/listeners.h"
#include "tests/scenario/world.h"

#define SECONDS(n) ((n)*USEC_PER_SEC)

/* The world's configuration again, to be changed. */
struct second {
	struct config config;
	struct config_peer peers[3];
	struct config_route routes[4];
	struct config_listener listeners[2];
};

static void copy(const struct world *w, struct second *to)
{
	to->config = w->config;
	memcpy(to->peers, w->peers, sizeof(to->peers));
	memcpy(to->routes, w->routes, sizeof(to->routes));
	to->config.peers = to->peers;
	to->config.routes = to->routes;
	memcpy(to->listeners, w->config.listeners, sizeof(to->listeners));
	to->config.listeners = to->listeners;
	to->config._references = 2;
}

static void calls_keep_what_they_began_with(void **state)
{
	struct world *w = *state;
	static struct second new;
	struct config_header_rule allow[] = {
		{.is_out = true, .action = HEADER_ALLOW, .name = "X-Old", .value = ""},
		{.is_out = false, .action = HEADER_ALLOW, .name = "X-Old", .value = ""}};
	const struct sip_msg *msg;
	struct talk t;

	w->routes[0] = (struct config_route){.domain = "x.test", .prefix = "", .peer_index = 1};
	w->peers[1].headers = allow;
	w->peers[1].header_count = 2;
	world_call(w, &t, ALICE, "sip:dave@x.test");
	world_hear_method(w, TRUNK, SIP_METHOD_INVITE);
	copy(w, &new);
	new.routes[0].peer_index = 2;
	new.peers[1].header_count = 0;
	assert_int_equal(0, sbc_reload(w->sbc, &new.config, w->now));
	assert_ptr_equal(&new.config, sbc_config(w->sbc));
	/* The old call: the old rules, the old peer. */
	w->more = "X-Old: 1\r\n";
	world_answer(w, TRUNK, 200, "active");
	w->more = NULL;
	world_hear_method(w, TRUNK, SIP_METHOD_ACK);
	msg = world_hear_code(w, ALICE, 200);
	assert_true(sip_msg_header(msg, "X-Old", 0).len);
	world_learn(w, &t);
	world_ack(w, &t);
	world_secured(w, MEDIA_SIDE_A);
	world_secured(w, MEDIA_SIDE_B);
	world_bye(w, &t);
	world_hear_code(w, ALICE, 200);
	world_hear_method(w, TRUNK, SIP_METHOD_BYE);
	world_answer(w, TRUNK, 200, NULL);
	/* A new one: the new route. */
	world_call(w, &t, ALICE, "sip:dave@x.test");
	world_hear_method(w, SPARE, SIP_METHOD_INVITE);
	world_hear_nothing(w, TRUNK);
}

static bool has_via(const struct sip_msg *msg, const char *sent_by)
{
	struct slice via = sip_msg_header(msg, "Via", 0);

	return memmem(via.ptr, via.len, sent_by, strlen(sent_by)) != NULL;
}

/* RFC 3261 section 12.2: the other end of a dialog knows us by what we told it. */
static void a_listener_that_goes_stays_for_its_calls(void **state)
{
	struct world *w = *state;
	static struct second new;
	struct talk old, next;

	w->routes[0] = (struct config_route){.domain = "x.test", .prefix = "", .peer_index = 1};
	world_call(w, &old, ALICE, "sip:dave@x.test");
	assert_true(has_via(
		world_hear_method(w, TRUNK, SIP_METHOD_INVITE), "sbc.atlanta.test:5060"));
	world_answer(w, TRUNK, 200, "active");
	world_hear_method(w, TRUNK, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	world_learn(w, &old);
	world_ack(w, &old);
	world_secured(w, MEDIA_SIDE_A);
	world_secured(w, MEDIA_SIDE_B);
	copy(w, &new);
	new.listeners[1].advertised = "other.atlanta.test:5070";
	assert_int_equal(0, netaddr_parse(&new.listeners[1].address, SLICE("127.0.0.1"), 5070));
	assert_int_equal(0, sbc_reload(w->sbc, &new.config, w->now));
	/* What begins goes through the new one. */
	world_call(w, &next, ALICE, "sip:dave@x.test");
	assert_true(has_via(
		world_hear_method(w, TRUNK, SIP_METHOD_INVITE), "other.atlanta.test:5070"));
	world_answer(w, TRUNK, 486, NULL);
	world_hear_method(w, TRUNK, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 486);
	world_ack_refusal(w, &next);
	/* Whoever comes to the old one with something new hears so. */
	world_say(w, TRUNK,
		"OPTIONS sip:sbc.atlanta.test SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 127.0.0.13;branch=z9hG4bKnew\r\nMax-Forwards: 70\r\n"
		"From: <sip:t@x.test>;tag=1\r\nTo: <sip:sbc.atlanta.test>\r\nCall-ID: o\r\n"
		"CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n");
	assert_true(sip_msg_header(world_hear_code(w, TRUNK, 503), "Retry-After", 0).len);
	/* The call goes on there, however long it takes. */
	world_pass(w, SECONDS(50));
	assert_int_equal(0, w->closed_listeners);
	assert_int_equal(LISTENER_LEAVING, sbc_listeners(w->sbc)->items[1].state);
	world_bye(w, &old);
	world_hear_code(w, ALICE, 200);
	assert_true(
		has_via(world_hear_method(w, TRUNK, SIP_METHOD_BYE), "sbc.atlanta.test:5060"));
	world_answer(w, TRUNK, 200, NULL);
	world_pass(w, SECONDS(60));
	assert_int_equal(1u << 1, w->closed_listeners);
	assert_int_equal(LISTENER_NONE, sbc_listeners(w->sbc)->items[1].state);
	assert_int_equal(LISTENER_OPEN, sbc_listeners(w->sbc)->items[2].state);
}

/* Reloaded back in time, nothing is closed. */
static void a_listener_comes_back(void **state)
{
	struct world *w = *state;
	static struct second new;

	copy(w, &new);
	new.config.listener_count = 1;
	assert_int_equal(0, sbc_reload(w->sbc, &new.config, w->now));
	world_pass(w, SECONDS(20));
	assert_int_equal(0, sbc_reload(w->sbc, &w->config, w->now));
	world_pass(w, SECONDS(90));
	assert_int_equal(0, w->closed_listeners);
	assert_int_equal(LISTENER_OPEN, sbc_listeners(w->sbc)->items[1].state);
}

static void another_name_of_a_listener_is_refused(void **state)
{
	struct world *w = *state;
	static struct second new;

	copy(w, &new);
	new.listeners[1].advertised = "other.atlanta.test";
	assert_int_equal(SBC_EINVAL, sbc_reload(w->sbc, &new.config, w->now));
	assert_ptr_equal(&w->config, sbc_config(w->sbc));
}

static void users_come_and_go(void **state)
{
	struct world *w = *state;
	static struct second new;
	struct talk t;

	world_register(w, BOB);
	copy(w, &new);
	new.config.user_count = 1; /* alice alone */
	assert_int_equal(0, sbc_reload(w->sbc, &new.config, w->now));
	world_call(w, &t, ALICE, "sip:bob@atlanta.test");
	world_hear_code(w, ALICE, 404);
}

/* A probe under way when the peers change is nobody's any more. */
static void probes_begin_anew(void **state)
{
	struct world *w = *state;
	static struct second new;

	w->peers[1].probe = true;
	world_remake(w);
	world_pass(w, SECONDS(10));
	world_hear_method(w, TRUNK, SIP_METHOD_OPTIONS);
	copy(w, &new);
	new.config.peer_count = 1;
	new.config.route_count = 0;
	assert_int_equal(0, sbc_reload(w->sbc, &new.config, w->now));
	world_answer(w, TRUNK, 200, NULL);
	world_forget(w);
	world_pass(w, SECONDS(60));
	world_hear_nothing(w, TRUNK);
}

static void without_memory_nothing_changes(void **state)
{
	struct world *w = *state;
	static struct second new;

	copy(w, &new);
	for (long n = 0; n < 2; n++) {
		mem_fail_after(n);
		assert_int_equal(SBC_ENOMEM, sbc_reload(w->sbc, &new.config, w->now));
		mem_fail_after(-1);
		assert_ptr_equal(&w->config, sbc_config(w->sbc));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			calls_keep_what_they_began_with, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			a_listener_that_goes_stays_for_its_calls, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			a_listener_comes_back, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			another_name_of_a_listener_is_refused, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(users_come_and_go, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(probes_begin_anew, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			without_memory_nothing_changes, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
