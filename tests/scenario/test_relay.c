/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Registrations that go on to a registrar (TRUNK here), with throttling. Virtual time. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scenario/world.h"

#define SECONDS(n) ((n)*USEC_PER_SEC)

static void relay(struct world *w)
{
	static struct config_domain domain;

	domain = w->config.domains[0];
	domain.has_registrar = true;
	domain.registrar = "trunk";
	domain.registrar_index = 1;
	w->config.domains = &domain;
	w->config.registration_relay_s = 60;
	world_forget(w);
	world_remake(w);
}

static const struct sip_msg *registrar_hears(struct world *w)
{
	return world_hear_method(w, TRUNK, SIP_METHOD_REGISTER);
}

static bool has(const struct sip_msg *msg, const char *name, const char *text)
{
	char copy[1024];

	return !slice_copy(sip_msg_header(msg, name, 0), copy, sizeof(copy)) &&
	       strstr(copy, text);
}

/* bob's REGISTER goes through, and the registrar grants so many seconds. */
static void registered(struct world *w, const char *granted)
{
	struct talk t;

	world_register_start(w, &t, BOB, BOB);
	registrar_hears(w);
	world_reply(w, TRUNK, 200, granted, "");
	world_hear_code(w, BOB, 200);
}

/* Challenge and credentials cross as they are; our Contact stands in for the phone's, and the
 * phone's own comes back with the short time. */
static void crosses(void **state)
{
	struct world *w = *state;
	const struct sip_msg *msg;
	struct talk t;
	char call_id[100];
	uint32_t cseq;

	relay(w);
	world_register_start(w, &t, BOB, BOB);
	msg = registrar_hears(w);
	assert_true(slice_equal(SLICE("sip:atlanta.test"), msg->request_uri.raw));
	assert_true(slice_equal(SLICE("bob"), msg->contact.uri.user));
	assert_true(slice_equal(SLICE("sbc.atlanta.test"), msg->contact.uri.host));
	assert_int_equal(3600, msg->expires);
	slice_copy(msg->call_id, call_id, sizeof(call_id));
	cseq = msg->cseq;
	world_reply(w, TRUNK, 401,
		"WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", X-odd=1\r\n", "");
	msg = world_hear_code(w, BOB, 401);
	assert_true(has(msg, "WWW-Authenticate", "Digest realm=\"r\", nonce=\"n\", X-odd=1"));
	w->more = "Authorization: Digest username=\"bob\", whatever=\"it is\"\r\n";
	world_register_start(w, &t, BOB, BOB);
	w->more = NULL;
	msg = registrar_hears(w);
	assert_true(has(msg, "Authorization", "whatever=\"it is\""));
	assert_true(slice_equal(slice_str(call_id), msg->call_id)); /* one binding */
	assert_int_equal(cseq + 1, msg->cseq);
	world_reply(w, TRUNK, 200, "Expires: 3600\r\n", "");
	msg = world_hear_code(w, BOB, 200);
	assert_true(has(msg, "Contact", ";expires=60"));
	assert_false(has(msg, "Contact", "sbc.atlanta.test"));
}

/* For half of what was granted refreshes end here; then one goes through. */
static void throttles(void **state)
{
	struct world *w = *state;
	struct talk t;

	relay(w);
	registered(w, "Expires: 600\r\n");
	for (int i = 0; i < 9; i++) {
		world_pass(w, SECONDS(30));
		world_register_start(w, &t, BOB, BOB);
		world_hear_code(w, BOB, 200);
		world_hear_nothing(w, TRUNK);
	}
	world_pass(w, SECONDS(31));
	registered(w, "Expires: 600\r\n");
	world_register_start(w, &t, BOB, BOB);
	world_hear_code(w, BOB, 200);
	world_hear_nothing(w, TRUNK);
}

/* A phone that says nothing for the short time is gone, whatever the registrar thinks. */
static void forgets_the_silent(void **state)
{
	struct world *w = *state;
	struct talk t;

	relay(w);
	registered(w, "Expires: 3600\r\n");
	world_invite(w, &t, TRUNK, "sip:bob@sbc.atlanta.test:5060");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_answer(w, BOB, 486, NULL);
	world_forget(w);
	world_pass(w, SECONDS(100));
	world_forget(w);
	world_invite(w, &t, TRUNK, "sip:bob@sbc.atlanta.test:5060");
	world_hear_code(w, TRUNK, 100);
	world_hear_code(w, TRUNK, 480);
}

/* What the registrar says, and its silence. */
static void tells_what_came_of_it(void **state)
{
	static const struct {
		uint16_t said, told;
	} rows[] = {{403, 403}, {404, 404}, {503, 503}, {302, 503}, {423, 503}};
	struct world *w = *state;
	struct talk t;

	relay(w);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		world_register_start(w, &t, BOB, BOB);
		registrar_hears(w);
		world_reply(w, TRUNK, rows[i].said, "", "");
		world_hear_code(w, BOB, rows[i].told);
	}
	world_register_start(w, &t, BOB, BOB);
	world_forget(w);
	world_pass(w, SECONDS(33));
	while (world_hears(w, TRUNK))
		registrar_hears(w);
	world_hear_nothing(w, BOB); /* SIP-25: its own timer F is over too */
	/* Nothing of that made a binding. */
	world_invite(w, &t, TRUNK, "sip:bob@sbc.atlanta.test:5060");
	world_hear_code(w, TRUNK, 100);
	world_hear_code(w, TRUNK, 480);
}

/* Who may call without a password: the registered phone, and nobody from elsewhere. */
static void lets_the_registered_call(void **state)
{
	struct world *w = *state;
	struct talk t;

	relay(w);
	world_invite(w, &t, BOB, "sip:alice@atlanta.test");
	world_hear_code(w, BOB, 407);
	registered(w, "Expires: 600\r\n");
	world_invite(w, &t, BOB, "sip:alice@atlanta.test");
	world_hear_code(w, BOB, 100);
	world_hear_code(w, BOB, 480);
	w->as = "sip:bob@atlanta.test";
	world_invite(w, &t, STRANGER, "sip:alice@atlanta.test");
	world_hear_code(w, STRANGER, 407);
	w->as = "sip:alice@atlanta.test";
	world_invite(w, &t, BOB, "sip:alice@atlanta.test");
	world_hear_code(w, BOB, 407);
}

/* The core goes while the registrar is silent. */
static void ends_in_between(void **state)
{
	struct world *w = *state;
	struct talk t;

	relay(w);
	world_register_start(w, &t, BOB, BOB);
	world_remake(w);
	world_register_start(w, &t, BOB, BOB);
	world_pass(w, SECONDS(5));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(crosses),
		TEST(throttles),
		TEST(forgets_the_silent),
		TEST(tells_what_came_of_it),
		TEST(lets_the_registered_call),
		TEST(ends_in_between),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
