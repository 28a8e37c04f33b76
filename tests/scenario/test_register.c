/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Registrations: Path (RFC 3327, KAM-6), several contacts. Virtual time. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scenario/world.h"

#define SECONDS(n) ((n)*USEC_PER_SEC)
#define PATH_LINES                                                                             \
	"Supported: path\r\n"                                                                  \
	"Path: <sip:edge.test;lr;received=sip:192.0.2.9:5060>, <sip:core.test;lr>\r\n"         \
	"Path: <sip:first.test;lr>\r\n"

static bool has_value(const struct sip_msg *msg, const char *name, size_t i, const char *value)
{
	return slice_equal(slice_str(value), sip_msg_header(msg, name, i));
}

/* Through a proxy that is a peer: kept, told, and the way of calls and of what follows. */
static void path_of_a_peer(void **state)
{
	struct world *w = *state;
	const struct sip_msg *msg;
	struct talk t;

	w->more = PATH_LINES;
	world_register_through(w, BOB, TRUNK);
	msg = w->heard[TRUNK].msg;
	assert_int_equal(200, msg->status);
	assert_true(has_value(msg, "Path", 1, "<sip:first.test;lr>"));
	assert_true(has_value(msg, "Supported", 0, "path"));
	w->more = NULL;
	world_call(w, &t, ALICE, "sip:bob@atlanta.test");
	msg = world_hear_method(w, TRUNK, SIP_METHOD_INVITE);
	assert_true(
		has_value(msg, "Route", 0, "<sip:edge.test;lr;received=sip:192.0.2.9:5060>"));
	assert_true(has_value(msg, "Route", 1, "<sip:core.test;lr>"));
	assert_true(has_value(msg, "Route", 2, "<sip:first.test;lr>"));
	/* Record-Route replaces it in the dialog. */
	world_reply(w, TRUNK, 200,
		"Record-Route: <sip:rr.test;lr>\r\nContact: <sip:bob@192.0.2.7>\r\n", "");
	msg = world_hear_method(w, TRUNK, SIP_METHOD_ACK);
	assert_true(has_value(msg, "Route", 0, "<sip:rr.test;lr>"));
	assert_int_equal(0, sip_msg_header(msg, "Route", 1).len);
}

/* From a phone itself, or whoever says to be one: no. */
static void path_of_a_stranger(void **state)
{
	struct world *w = *state;
	const struct sip_msg *msg;
	struct talk t;

	w->more = PATH_LINES;
	world_register_start(w, &t, BOB, BOB);
	msg = world_hear_code(w, BOB, 420);
	assert_true(has_value(msg, "Unsupported", 0, "path"));
}

/* Not told to who does not know it; kept all the same. */
static void path_unsupported(void **state)
{
	struct world *w = *state;
	struct talk t;

	w->more = "Path: <sip:edge.test;lr>\r\n";
	world_register_through(w, BOB, TRUNK);
	assert_int_equal(0, sip_msg_header(w->heard[TRUNK].msg, "Path", 0).len);
	w->more = NULL;
	world_call(w, &t, ALICE, "sip:bob@atlanta.test");
	assert_true(has_value(world_hear_method(w, TRUNK, SIP_METHOD_INVITE), "Route", 0,
		"<sip:edge.test;lr>"));
}

/* Two phones of bob's: the newest rings; when nobody is there, the other one. */
static void two_contacts(void **state)
{
	struct world *w = *state;
	struct talk t;

	world_register(w, BOB);
	world_register_through(w, BOB, SPARE);
	world_call(w, &t, ALICE, "sip:bob@atlanta.test");
	world_hear_method(w, SPARE, SIP_METHOD_INVITE);
	world_hear_nothing(w, BOB);
	world_answer(w, SPARE, 503, NULL);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_answer(w, BOB, 486, NULL); /* a callee's word: nobody else is tried */
	world_hear_code(w, ALICE, 486);
}

/* A proxy's ceiling: a new contact gets 503 and Retry-After, a refresh passes, and what has
 * run out makes room. */
static void ceiling_of_a_proxy(void **state)
{
	struct world *w = *state;

	w->peers[1].registrations_max = 1;
	world_register_through(w, BOB, TRUNK);
	world_register_through(w, BOB, TRUNK); /* the same contact */
	world_register_as_another(w, TRUNK, 503);
	assert_true(sip_msg_header(w->heard[TRUNK].msg, "Retry-After", 0).len);
	world_register(w, ALICE); /* from elsewhere */
	world_pass(w, SECONDS(631));
	world_register_as_another(w, TRUNK, 200);
}

/* A telephone system that registers as bob is a peer while it does: calls by number go there,
 * its calls come in under its own domain, and nobody else's from elsewhere. */
static void peer_by_registration(void **state)
{
	struct world *w = *state;
	const struct sip_msg *msg;
	struct talk t;

	w->peers[2].user = "bob@atlanta.test";
	w->peers[2].address = (struct netaddr){0};
	w->routes[0] = (struct config_route){
		.domain = "", .prefix = "+49", .peer = "spare", .peer_index = 2};
	world_remake(w);
	world_call(w, &t, ALICE, "sip:+4930123@atlanta.test");
	world_hear_code(w, ALICE, 503);
	world_forget(w);
	w->as = "sip:carol@spare.test";
	world_invite(w, &t, BOB, "sip:alice@atlanta.test");
	world_hear_code(w, BOB, 403);
	w->as = NULL;
	world_register(w, BOB);
	world_call(w, &t, ALICE, "sip:+4930123@atlanta.test");
	msg = world_hear_method(w, BOB, SIP_METHOD_INVITE);
	assert_true(slice_equal(SLICE("+4930123"), msg->request_uri.user));
	world_answer(w, BOB, 486, NULL);
	world_forget(w);
	w->as = "sip:carol@spare.test";
	world_invite(w, &t, BOB, "sip:alice@atlanta.test");
	world_hear_code(w, BOB, 100);
	world_hear_code(w, BOB, 480); /* alice is not here */
	world_invite(w, &t, STRANGER, "sip:alice@atlanta.test");
	world_hear_code(w, STRANGER, 403);
	w->as = NULL;
	world_pass(w, SECONDS(640));
	world_forget(w);
	world_call(w, &t, ALICE, "sip:+4930123@atlanta.test");
	world_hear_code(w, ALICE, 503);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(path_of_a_peer),
		TEST(path_of_a_stranger),
		TEST(path_unsupported),
		TEST(two_contacts),
		TEST(ceiling_of_a_proxy),
		TEST(peer_by_registration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
