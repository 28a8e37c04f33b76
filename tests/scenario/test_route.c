/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whither calls go: our users first, then routes by domain, number and peer; numbers are
 * rewritten before; the next target where one cannot be tried. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scenario/world.h"

static void route(struct world *w, size_t i, struct config_route route)
{
	if (!route.domain)
		route.domain = "";
	if (!route.prefix)
		route.prefix = "";
	route.from = route.peer = "";
	w->routes[i] = route;
	w->config.route_count = i + 1;
}

static const char *text(struct slice s)
{
	static char out[200];

	assert_int_equal(0, slice_copy(s, out, sizeof(out)));
	return out;
}

/* A number dialled at our own domain goes to the trunk, and is asked for there. */
static void a_number_goes_to_the_trunk(void **state)
{
	struct world *w = *state;
	const struct sip_msg *msg;
	struct talk t;

	route(w, 0, (struct config_route){.prefix = "+49", .peer_index = 1});
	world_call(w, &t, ALICE, "sip:+4930123@atlanta.test");
	msg = world_hear_method(w, TRUNK, SIP_METHOD_INVITE);
	assert_string_equal("sip:+4930123@trunk.test", text(msg->request_uri.raw));
	assert_string_equal("sip:+4930123@trunk.test", text(msg->to.uri.raw));
	assert_string_equal("sip:alice@atlanta.test", text(msg->from.uri.raw));
}

/* A user of ours is never sent away by a route. */
static void users_come_first(void **state)
{
	struct world *w = *state;
	struct talk t;

	route(w, 0, (struct config_route){.prefix = "bob", .peer_index = 1});
	world_register(w, BOB);
	world_call(w, &t, ALICE, "sip:bob@atlanta.test");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_hear_nothing(w, TRUNK);
}

static void numbers_are_rewritten_before(void **state)
{
	struct world *w = *state;
	struct config_rewrite rewrites[] = {
		{.prefix = "00", .strip = 2, .prepend = "+", .domain = "", .from = ""},
		{.is_caller = true, .prefix = "al", .prepend = "x", .domain = "", .from = ""}};
	const struct sip_msg *msg;
	struct talk t;

	w->config.rewrites = rewrites;
	w->config.rewrite_count = 2;
	route(w, 0, (struct config_route){.prefix = "+4930", .peer_index = 1});
	world_call(w, &t, ALICE, "sip:004930123@atlanta.test");
	msg = world_hear_method(w, TRUNK, SIP_METHOD_INVITE);
	assert_string_equal("sip:+4930123@trunk.test", text(msg->request_uri.raw));
	assert_string_equal("sip:+4930123@trunk.test", text(msg->to.uri.raw));
	assert_string_equal("sip:xalice@atlanta.test", text(msg->from.uri.raw));
}

/* The first target wants a signature that we cannot give for another's caller. */
static void the_next_target_where_one_cannot_be_tried(void **state)
{
	struct world *w = *state;
	struct config_target targets[] = {{.peer_index = 0, .priority = 1, .weight = 1},
		{.peer_index = 2, .priority = 2, .weight = 1}};
	struct talk t;

	route(w, 0,
		(struct config_route){
			.domain = "x.test", .targets = targets, .target_count = 2});
	world_invite(w, &t, TRUNK, "sip:dave@x.test");
	world_hear_code(w, TRUNK, 100);
	world_hear_method(w, SPARE, SIP_METHOD_INVITE);
	world_hear_nothing(w, BILOXI);
}

static void never_back_to_the_caller(void **state)
{
	struct world *w = *state;
	struct talk t;

	route(w, 0, (struct config_route){.domain = "x.test", .peer_index = 1});
	world_invite(w, &t, TRUNK, "sip:dave@x.test");
	world_hear_code(w, TRUNK, 100);
	world_hear_code(w, TRUNK, 403);
}

static void by_the_incoming_peer(void **state)
{
	struct world *w = *state;
	struct talk t;

	route(w, 0, (struct config_route){.domain = "x.test", .peer_index = 0});
	route(w, 1, (struct config_route){.has_from = true, .from_index = 1, .peer_index = 2});
	world_invite(w, &t, TRUNK, "sip:dave@x.test");
	world_hear_code(w, TRUNK, 100);
	world_hear_method(w, SPARE, SIP_METHOD_INVITE);
	world_call(w, &t, ALICE, "sip:dave@x.test");
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
}

/* KAM-11: a proxy of ours has authenticated alice, and nobody asks her again; but known by its
 * address alone it proves nobody, so that she is not signed for. */
static void a_proxy_of_ours_speaks_for_our_users(void **state)
{
	struct world *w = *state;
	struct talk t;

	w->peers[1].authenticates = true;
	world_invite(w, &t, TRUNK, "sip:carol@biloxi.test");
	world_hear_code(w, TRUNK, 100);
	world_hear_code(w, TRUNK, 403); /* +4930123@trunk.test is not ours to sign for */
	world_forget(w);
	world_say(w, TRUNK,
		"INVITE sip:carol@biloxi.test SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 127.0.0.13:5060;branch=z9hG4bKx\r\nMax-Forwards: 70\r\n"
		"From: <sip:alice@atlanta.test>;tag=1\r\nTo: <sip:carol@biloxi.test>\r\n"
		"Call-ID: x\r\nCSeq: 1 INVITE\r\nContact: <sip:127.0.0.13>\r\n"
		"Content-Length: 0\r\n\r\n");
	world_hear_code(w, TRUNK, 100); /* past the password */
	world_hear_code(w, TRUNK, 403);
	world_hear_nothing(w, BILOXI);
	world_say(w, SPARE,
		"INVITE sip:carol@biloxi.test SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 127.0.0.14:5060;branch=z9hG4bKy\r\nMax-Forwards: 70\r\n"
		"From: <sip:alice@atlanta.test>;tag=1\r\nTo: <sip:carol@biloxi.test>\r\n"
		"Call-ID: y\r\nCSeq: 1 INVITE\r\nContact: <sip:127.0.0.14>\r\n"
		"Content-Length: 0\r\n\r\n");
	world_hear_code(w, SPARE, 407); /* anybody else proves it here */
}

/* SIP-18: what comes back as we sent it is a loop; to another address it is a spiral. */
static void our_own_call_comes_back(void **state)
{
	struct world *w = *state;
	char sent[8192], back[9000];
	char *line_end, *rest;
	struct talk t;

	route(w, 0, (struct config_route){.prefix = "+49", .peer_index = 1});
	w->peers[1].authenticates = true;
	world_call(w, &t, ALICE, "sip:+4930123@atlanta.test");
	world_hear_method(w, TRUNK, SIP_METHOD_INVITE);
	assert_int_equal(0, slice_copy(w->heard[TRUNK].bytes, sent, sizeof(sent)));
	line_end = strstr(sent, "\r\n");
	assert_non_null(line_end);
	rest = strstr(line_end + 2, "\r\n"); /* behind our Via */
	assert_non_null(rest);
	snprintf(back, sizeof(back),
		"%.*s\r\nVia: SIP/2.0/UDP 127.0.0.13;branch=z9hG4bKl\r\n%s",
		(int)(line_end - sent), sent, rest + 2);
	world_say(w, TRUNK, back);
	world_hear_code(w, TRUNK, 482);
	snprintf(back, sizeof(back),
		"INVITE sip:+4930999@atlanta.test SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 127.0.0.13;branch=z9hG4bKs\r\n%s",
		rest + 2);
	world_say(w, TRUNK, back);
	world_hear_code(w, TRUNK, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_number_goes_to_the_trunk, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(users_come_first, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			numbers_are_rewritten_before, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			the_next_target_where_one_cannot_be_tried, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			never_back_to_the_caller, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			by_the_incoming_peer, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			a_proxy_of_ours_speaks_for_our_users, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			our_own_call_comes_back, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
