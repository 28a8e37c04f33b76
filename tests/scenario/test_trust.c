/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who may speak for whom, what becomes of a call whose signature does not hold, and what is
 * told of it inside the trust domain (RFC 3325, RFC 9410). Virtual time.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scenario/world.h"

#define TO_BOB   "sip:bob@atlanta.test"
#define TO_CAROL "sip:carol@biloxi.test"

static struct slice header(const struct sip_msg *msg, const char *name)
{
	return sip_msg_header(msg, name, 0);
}

static void give_certificate(struct world *w)
{
	struct http_get_result result = {.url = slice_str(w->fetch_url),
		.body = buf_slice(&w->biloxi_certificate),
		.max_age_s = 3600};

	sbc_fetched(w->sbc, &result, w->now);
	world_pass(w, 0);
}

/* ---- on_failure ---- */

/* ID8224-47: mark and pass let the call through; only a neighbour whom we trust, and only
 * with mark, is told. */
static void failed_calls_go_on(void **state)
{
	static const struct {
		enum identity_failure policy;
		bool is_trusted;
		const char *reason;
	} table[] = {
		{IDENTITY_FAILURE_MARK, true,
			"STIR;cause=438;text=\"Invalid Identity Header\""},
		{IDENTITY_FAILURE_MARK, false, ""},
		{IDENTITY_FAILURE_PASS, true, ""},
	};
	struct world *w = *state;
	const struct sip_msg *msg;
	struct talk t;

	world_register(w, BOB);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		w->peers[0].on_failure = table[i].policy;
		w->peers[0].is_trusted = table[i].is_trusted;
		world_invite_signed(w, &t, TO_BOB, 1);
		world_hear_code(w, BILOXI, 100);
		world_hear_method(w, BOB, SIP_METHOD_INVITE);
		world_answer(w, BOB, 486, NULL);
		world_hear_method(w, BOB, SIP_METHOD_ACK);
		msg = world_hear_code(w, BILOXI, 486);
		assert_true(slice_equal(header(msg, "Reason"), slice_str(table[i].reason)));
		world_pass(w, 40 * USEC_PER_SEC);
		world_forget(w);
		assert_non_null(strstr(w->records.data, "\"outcome\":\"failed\""));
	}
}

/* The certificate cannot be had: the same. ID8224-49: our own want is no reason to let go. */
static void unfetched_calls_go_on(void **state)
{
	struct world *w = *state;
	struct talk t;

	w->peers[0].on_failure = IDENTITY_FAILURE_MARK;
	world_register(w, BOB);
	w->is_fetch_refused = true;
	world_invite_signed(w, &t, TO_BOB, 0);
	world_hear_code(w, BILOXI, 100);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
}

/* ID8224-47: the neighbour whom we trust reads what we found out, and nobody else's word. */
static void asserted_identity(void **state)
{
	static const struct {
		int alter;
		const char *asserted;
	} table[] = {
		{0, "<sip:carol@biloxi.test;verstat=TN-Validation-Passed>"},
		{1, "<sip:carol@biloxi.test;verstat=TN-Validation-Failed>"},
	};
	struct world *w = *state;
	const struct sip_msg *msg;
	struct talk t;

	w->routes[0] = (struct config_route){
		.domain = "x.test", .prefix = "", .from = "", .peer = "", .peer_index = 1};
	w->config.route_count = 1;
	w->peers[0].on_failure = IDENTITY_FAILURE_MARK;
	w->more =
		"P-Asserted-Identity: <sip:president@biloxi.test;verstat=TN-Validation-Passed>"
		"\r\nReason: STIR;cause=200\r\n";
	for (size_t i = 0; i < 2; i++) {
		world_invite_signed(w, &t, "sip:dave@x.test", table[i].alter);
		world_hear_code(w, BILOXI, 100);
		if (!i)
			give_certificate(w);
		msg = world_hear_method(w, TRUNK, SIP_METHOD_INVITE);
		assert_true(slice_equal(
			header(msg, "P-Asserted-Identity"), slice_str(table[i].asserted)));
		assert_int_equal(0, sip_msg_header(msg, "P-Asserted-Identity", 1).len);
		assert_int_equal(0, header(msg, "Reason").len);
		world_forget(w);
	}
}

/* ID-3: nobody's From is made anonymous here, so who insists on that is told. */
static void privacy_at_any_price(void **state)
{
	struct world *w = *state;
	struct talk t;

	world_register(w, BOB);
	w->more = "Privacy: user ; critical\r\n";
	world_invite_signed(w, &t, TO_BOB, 0);
	world_hear_code(w, BILOXI, 500);
	world_hear_nothing(w, BOB);
	w->more = "Privacy: id;header;critical\r\n";
	world_invite_signed(w, &t, TO_BOB, 0);
	world_hear_code(w, BILOXI, 100);
}

/* Whoever writes verstat into From says it of himself: it does not go on. */
static void verstat_in_from(void **state)
{
	struct world *w = *state;
	const struct sip_msg *msg;
	char text[2048], sdp[1024];

	world_register(w, BOB);
	snprintf(text, sizeof(text),
		"INVITE " TO_BOB
		" SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.13:5060;branch=z9hG4bKv\r\n"
		"Max-Forwards: 70\r\n"
		"From: <sip:+4930123;verstat=TN-Validation-Passed@trunk.test>;tag=1\r\n"
		"To: <" TO_BOB
		">\r\nCall-ID: v\r\nCSeq: 1 INVITE\r\nContact: <sip:127.0.0.13>\r\n"
		"Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
		strlen(world_sdp(TRUNK, "actpass", 0, sdp, sizeof(sdp))), sdp);
	world_say(w, TRUNK, text);
	msg = world_hear_method(w, BOB, SIP_METHOD_INVITE);
	assert_true(slice_equal(msg->from.uri.raw, SLICE("sip:+4930123@trunk.test")));
}

/* A Reason about signatures is between two neighbours; the others cross. */
static void reason_of_the_callee(void **state)
{
	struct world *w = *state;
	const struct sip_msg *msg;
	struct talk t;

	world_register(w, BOB);
	world_call(w, &t, ALICE, TO_BOB);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	w->more = "Reason: STIR;cause=438\r\nReason: Q.850;cause=17\r\n";
	world_answer(w, BOB, 486, NULL);
	msg = world_hear_code(w, ALICE, 486);
	assert_true(slice_equal(header(msg, "Reason"), SLICE("Q.850;cause=17")));
	assert_int_equal(0, sip_msg_header(msg, "Reason", 1).len);
}

/* ---- whom a user may call as ---- */

/* ID4474-2, ID8224-11: the names that were granted, and no other: 403. */
static void granted_names(void **state)
{
	static const char *const granted[] = {
		"sip:sales@atlanta.test", "sip:+12155551212@atlanta.test"};
	static const char *const others[] = {
		"sip:bob@atlanta.test", "sip:nobody@atlanta.test", "sip:sale@atlanta.test"};
	struct world *w = *state;
	const struct sip_msg *msg;
	struct talk t;

	for (size_t i = 0; i < 2; i++) {
		w->as = granted[i];
		world_call(w, &t, ALICE, TO_CAROL);
		msg = world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
		assert_true(slice_equal(msg->from.uri.raw, slice_str(granted[i])));
		assert_true(header(msg, "Identity").len > 0);
		world_forget(w);
	}
	for (size_t i = 0; i < 3; i++) {
		w->as = others[i];
		world_call_refused(w, &t, ALICE, TO_CAROL, 403);
		world_hear_nothing(w, BILOXI);
	}
}

/* ID4474-2, ID8224-11: a client certificate instead of a password, for its own names only. */
static void client_certificate(void **state)
{
	static const struct tls_names alice = {.names = {"alice.atlanta.test"}, .count = 1};
	static const struct tls_names bob = {.names = {"bob.atlanta.test"}, .count = 1};
	struct world *w = *state;
	struct talk t;

	w->shown = &alice;
	world_invite(w, &t, ALICE, TO_CAROL);
	world_hear_code(w, ALICE, 100);
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	w->as = "sip:sales@atlanta.test";
	world_invite(w, &t, ALICE, TO_CAROL);
	world_hear_code(w, ALICE, 100);
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	w->as = TO_BOB;
	world_invite(w, &t, ALICE, TO_CAROL);
	world_hear_code(w, ALICE, 407);
	w->as = NULL;
	w->shown = &bob;
	world_invite(w, &t, ALICE, TO_CAROL);
	world_hear_code(w, ALICE, 407);
}

/* A proxy of ours that is known by its address alone may call our users, but nothing is signed
 * on its word: that takes its certificate as well. */
static void proxy_by_address_alone(void **state)
{
	struct world *w = *state;
	char text[2048], sdp[1024];

	w->peers[1].authenticates = true;
	snprintf(text, sizeof(text),
		"INVITE " TO_CAROL " SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 127.0.0.13:5060;branch=z9hG4bKp\r\nMax-Forwards: 70\r\n"
		"From: <sip:alice@atlanta.test>;tag=1\r\nTo: <" TO_CAROL ">\r\nCall-ID: p\r\n"
		"CSeq: 1 INVITE\r\nContact: <sip:127.0.0.13>\r\n"
		"Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
		strlen(world_sdp(TRUNK, "actpass", 0, sdp, sizeof(sdp))), sdp);
	world_say(w, TRUNK, text);
	world_hear_code(w, TRUNK, 100);
	world_hear_code(w, TRUNK, 403);
	world_hear_nothing(w, BILOXI);
}

#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(failed_calls_go_on),
		SCENARIO(unfetched_calls_go_on),
		SCENARIO(asserted_identity),
		SCENARIO(privacy_at_any_price),
		SCENARIO(verstat_in_from),
		SCENARIO(reason_of_the_callee),
		SCENARIO(granted_names),
		SCENARIO(client_certificate),
		SCENARIO(proxy_by_address_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
