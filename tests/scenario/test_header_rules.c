/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What crosses from leg to leg in whole calls: topology stays behind, P-headers stay within
 * the trust domain (ID-1, ID-2), Session-ID and Reason cross (ID-4, ID-5), rules of the
 * configuration let operators' headers through (KAM-7), and what is signed is what is sent.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "sbc/pattern.h"
#include "tests/scenario/world.h"

#define UUID_A "ab30317f1a784dc48ff824d0d3715d86"
#define UUID_B "47755a9de7794ba387653f2099600ef2"
#define NIL    "00000000000000000000000000000000"

static bool has(const struct sip_msg *msg, const char *name, const char *value)
{
	struct slice found = sip_msg_header(msg, name, 0);

	if (!value)
		return found.len > 0;
	if (!slice_equal(found, slice_str(value)))
		print_error("%s: %.*s\n", name, SLICE_ARG(found));
	return slice_equal(found, slice_str(value));
}

static bool mentions(const struct sip_msg *msg, const char *text)
{
	return memmem(msg->scan.bytes.ptr, msg->scan.bytes.len, text, strlen(text)) != NULL;
}

/* Nothing of where alice sits reaches bob, nor the other way. */
static void topology_is_hidden(void **state)
{
	struct world *w = *state;
	const struct sip_msg *msg;
	struct talk t;

	world_register(w, BOB);
	w->more = "User-Agent: phone/1\r\nServer: phone/1\r\nOrganization: Example\r\n"
		  "Warning: 399 127.0.0.99 \"hm\"\r\nX-Secret: 127.0.0.98\r\n";
	world_call(w, &t, ALICE, "sip:bob@atlanta.test");
	msg = world_hear_method(w, BOB, SIP_METHOD_INVITE);
	assert_false(mentions(msg, "127.0.0.10"));
	assert_false(mentions(msg, "phone/1"));
	assert_false(mentions(msg, "127.0.0.98"));
	assert_false(mentions(msg, t.call_id));
	assert_true(has(msg, "Organization", "Example"));
	world_answer(w, BOB, 200, "active");
	msg = world_hear_code(w, ALICE, 200);
	assert_false(mentions(msg, "127.0.0.11"));
	assert_false(mentions(msg, "phone/1"));
	assert_false(mentions(msg, "127.0.0.9"));
	assert_true(has(msg, "Organization", "Example"));
}

static void product_is_told_when_set(void **state)
{
	struct world *w = *state;
	struct talk t;

	w->config.user_agent = "border";
	world_register(w, BOB);
	world_call(w, &t, ALICE, "sip:bob@atlanta.test");
	assert_true(has(world_hear_method(w, BOB, SIP_METHOD_INVITE), "User-Agent", "border"));
	world_answer(w, BOB, 180, NULL);
	assert_true(has(world_hear_code(w, ALICE, 180), "Server", "border"));
	world_invite(w, &t, STRANGER, "sip:bob@atlanta.test");
	assert_true(has(world_hear_code(w, STRANGER, 403), "Server", "border"));
}

/* ID-4: both ends' values cross; one that has none is given one. */
static void session_id_crosses(void **state)
{
	struct world *w = *state;
	const struct sip_msg *msg;
	struct slice given;
	char kept[80];
	struct talk t;

	world_register(w, BOB);
	w->more = "Session-ID: " UUID_A ";remote=" NIL "\r\n";
	world_call(w, &t, ALICE, "sip:bob@atlanta.test");
	msg = world_hear_method(w, BOB, SIP_METHOD_INVITE);
	assert_true(has(msg, "Session-ID", UUID_A ";remote=" NIL));
	w->more = NULL;
	world_answer(w, BOB, 180, NULL); /* an old phone */
	given = sip_msg_header(world_hear_code(w, ALICE, 180), "Session-ID", 0);
	assert_int_equal(32 + strlen(";remote=" UUID_A), given.len);
	assert_true(slice_equal(slice_from(given, 32), SLICE(";remote=" UUID_A)));
	assert_false(slice_starts(given, SLICE(NIL)));
	assert_int_equal(0, slice_copy(given, kept, sizeof(kept)));
	world_answer(w, BOB, 200, "active");
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	assert_true(has(world_hear_code(w, ALICE, 200), "Session-ID", kept));
	world_learn(w, &t);
	world_ack(w, &t);
	world_bye(w, &t);
	world_hear_code(w, ALICE, 200);
	msg = world_hear_method(w, BOB, SIP_METHOD_BYE);
	assert_true(
		slice_starts(sip_msg_header(msg, "Session-ID", 0), SLICE(UUID_A ";remote=")));
}

/* ID-5, and Q.850 of the other end stays as it is. */
static void reason_crosses(void **state)
{
	struct world *w = *state;
	struct talk t;

	world_connected(w, &t);
	w->more = "Reason: Q.850;cause=16;text=\"Terminated\"\r\nX-Bill: 1\r\n";
	world_bye(w, &t);
	world_hear_code(w, ALICE, 200);
	assert_true(has(world_hear_method(w, BOB, SIP_METHOD_BYE), "Reason",
		"Q.850;cause=16;text=\"Terminated\""));
}

/* ID-1: the four combinations of trust. */
static void asserted_identity_stays_in_the_trust_domain(void **state)
{
	static const char asserted[] = "<sip:boss@trunk.test>";
	static const struct {
		bool from, to;
		const char *expected;
	} cases[] = {
		{true, true, asserted},
		{true, false, NULL},
		{false, false, NULL},
		/* not what it says, but nobody vouches for its From either */
		{false, true, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world *w;
		const struct sip_msg *msg;
		struct talk t;
		world_setup((void **)&w);
		w->peers[1].is_trusted = cases[i].from;
		w->peers[2].is_trusted = cases[i].to;
		w->routes[0] = (struct config_route){.domain = "spare.test", .peer_index = 2};
		w->more = "P-Asserted-Identity: <sip:boss@trunk.test>\r\n"
			  "P-Charging-Vector: icid-value=1234\r\n"
			  "P-Preferred-Identity: <sip:me@trunk.test>\r\n";
		world_invite(w, &t, TRUNK, "sip:dave@spare.test");
		world_hear_code(w, TRUNK, 100);
		msg = world_hear_method(w, SPARE, SIP_METHOD_INVITE);
		if (!has(msg, "P-Asserted-Identity",
			    cases[i].expected ? cases[i].expected : ""))
			fail_msg("from %d to %d", cases[i].from, cases[i].to);
		assert_int_equal(
			cases[i].from && cases[i].to, has(msg, "P-Charging-Vector", NULL));
		assert_false(has(msg, "P-Preferred-Identity", NULL));
		world_teardown((void **)&w);
	}
}

/* A neighbour in our trust domain hears whom we found calling. */
static void we_assert_what_we_know(void **state)
{
	struct world *w = *state;
	struct talk t;

	w->routes[0] = (struct config_route){.domain = "trunk.test", .peer_index = 1};
	w->more = "P-Asserted-Identity: <sip:president@atlanta.test>\r\n";
	world_call(w, &t, ALICE, "sip:+49301@trunk.test");
	assert_true(has(world_hear_method(w, TRUNK, SIP_METHOD_INVITE), "P-Asserted-Identity",
		"<sip:alice@atlanta.test>"));
}

/* KAM-7: an operator's own header, through both peers' lists, there and back. */
static void rules_let_headers_through(void **state)
{
	struct world *w = *state;
	struct config_header_rule in_and_out[] = {
		{.is_out = false, .action = HEADER_ALLOW, .name = "X-Account", .value = ""},
		{.is_out = true, .action = HEADER_ALLOW, .name = "X-Account", .value = ""},
	};
	const struct sip_msg *msg;
	struct talk t;

	w->routes[0] = (struct config_route){.domain = "spare.test", .peer_index = 2};
	w->peers[1].headers = w->peers[2].headers = in_and_out;
	w->peers[1].header_count = w->peers[2].header_count = 2;
	w->more = "X-Account: 4711\r\nX-Other: 1\r\n";
	world_invite(w, &t, TRUNK, "sip:dave@spare.test");
	world_hear_code(w, TRUNK, 100);
	msg = world_hear_method(w, SPARE, SIP_METHOD_INVITE);
	assert_true(has(msg, "X-Account", "4711"));
	assert_false(has(msg, "X-Other", NULL));
	world_answer(w, SPARE, 486, NULL);
	world_hear_method(w, SPARE, SIP_METHOD_ACK);
	msg = world_hear_code(w, TRUNK, 486);
	assert_true(has(msg, "X-Account", "4711"));
	assert_false(has(msg, "X-Other", NULL));
}

/* Signing is the last step: the Identity of what went out verifies with it. */
static void rules_do_not_break_signatures(void **state)
{
	struct world *w = *state;
	struct config_header_rule add[] = {
		{.is_out = true, .action = HEADER_ADD, .name = "X-Trunk", .value = "7"}};
	const struct sip_msg *msg;
	struct talk t;

	w->peers[0].headers = add;
	w->peers[0].header_count = 1;
	w->more = "Subject: lunch\r\nIdentity: forged\r\n";
	world_call(w, &t, ALICE, "sip:carol@biloxi.test");
	msg = world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	assert_true(has(msg, "X-Trunk", "7"));
	assert_true(has(msg, "Subject", "lunch"));
	assert_true(has(msg, "Identity", NULL));
	assert_false(sip_msg_header(msg, "Identity", 1).len);
	assert_false(mentions(msg, "forged"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			topology_is_hidden, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			product_is_told_when_set, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			session_id_crosses, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(reason_crosses, world_setup, world_teardown),
		cmocka_unit_test(asserted_identity_stays_in_the_trust_domain),
		cmocka_unit_test_setup_teardown(
			we_assert_what_we_know, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			rules_let_headers_through, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			rules_do_not_break_signatures, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
