/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * When a leg gets another DTLS association, and when it keeps the one it has (RFC 8842; rows
 * SDP-18 to SDP-24). Virtual time.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scenario/world.h"

#define ONE   "a=tls-id:one-one-one-one-one-one-1\r\n"
#define OTHER "a=tls-id:another-another-another-2\r\n"

/* A description with more lines at its end. */
static const char *sdp_with(enum actor who, const char *setup, const char *lines)
{
	static char text[2048];
	size_t len;

	world_sdp(who, setup, 0, text, sizeof(text));
	len = strlen(text);
	snprintf(text + len, sizeof(text) - len, "%s", lines);
	return text;
}

/* The one that who heard last; "": there is none. */
static void tls_id_heard(const struct world *w, enum actor who, char out[64])
{
	struct slice body = w->heard[who].msg->body;
	const char *at = memmem(body.ptr, body.len, "a=tls-id:", 9);

	out[0] = '\0';
	if (at)
		assert_int_equal(1, sscanf(at, "a=tls-id:%63s", out));
}

static void assert_heard(const struct world *w, enum actor who, const char *expected)
{
	char heard[64];

	tls_id_heard(w, who, heard);
	assert_string_equal(expected, heard);
}

static uint32_t association(enum media_side side)
{
	return fake_media()->remote[side].association;
}

/* What we told alice and bob when they were connected; each said lines in what it told us. */
struct told {
	char alice[64], bob[64];
};

static void join(
	struct world *w, struct talk *a, struct talk *b, struct told *told, const char *lines)
{
	static char sdp[2][2048];

	snprintf(sdp[0], sizeof(sdp[0]), "%s", sdp_with(ALICE, "actpass", lines));
	snprintf(sdp[1], sizeof(sdp[1]), "%s", sdp_with(BOB, "active", lines));
	w->sdp[ALICE] = sdp[0];
	w->sdp[BOB] = sdp[1];
	world_register(w, BOB);
	world_call(w, a, ALICE, "sip:bob@atlanta.test");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	tls_id_heard(w, BOB, told->bob);
	world_answer(w, BOB, 200, "active");
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	tls_id_heard(w, ALICE, told->alice);
	world_learn(w, a);
	world_ack(w, a);
	world_callee(w, b, BOB);
	world_secured(w, MEDIA_SIDE_A);
	world_secured(w, MEDIA_SIDE_B);
}

static void offer_again(struct world *w, struct talk *t, const char *setup, const char *lines)
{
	world_request(w, t, "INVITE", "", sdp_with(t->who, setup, lines));
	world_hear_code(w, t->who, 100);
	world_hear_code(w, t->who, 200);
	world_ack(w, t);
}

/* MB-1, SDP-18, SDP-19: each offer has one of ours, an answer only where the offer had one;
 * each leg's is its own, and nobody's crosses. */
static void each_leg_has_its_own(void **state)
{
	struct world *w = *state;
	struct talk a, b;
	struct told told;

	join(w, &a, &b, &told, ONE);
	assert_true(strlen(told.alice) >= 20);
	assert_true(strlen(told.bob) >= 20);
	assert_string_not_equal(told.alice, told.bob);
	assert_null(strstr(ONE, told.alice));
	assert_null(strstr(ONE, told.bob));
}

/* SDP-12, SDP-13, SDP-14, SDP-16: what an offer says of a=setup, what we answer, and which role
 * is ours then; a=connection beside it is nothing to us (SDP-17). */
static void roles_by_offer(void **state)
{
	static const struct {
		const char *offered, *answered;
		enum media_dtls_role role;
	} rows[] = {
		{"actpass", "a=setup:active", MEDIA_DTLS_CLIENT},
		{"passive", "a=setup:active", MEDIA_DTLS_CLIENT},
		{"active", "a=setup:passive", MEDIA_DTLS_SERVER},
		{NULL, "a=setup:active", MEDIA_DTLS_CLIENT}, /* as actpass */
	};

	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *w = *state;
		const char *offered = rows[i / 2].offered;
		struct talk a;
		char sdp[2048];

		snprintf(sdp, sizeof(sdp), "%s",
			sdp_with(ALICE, offered ? offered : "active",
				i & 1 ? "a=connection:existing\r\n" : "a=connection:new\r\n"));
		if (!offered)
			world_edit(sdp, sizeof(sdp), "a=setup:active\r\n", "");
		w->sdp[ALICE] = sdp;
		world_register(w, BOB);
		world_call(w, &a, ALICE, "sip:bob@atlanta.test");
		world_hear_method(w, BOB, SIP_METHOD_INVITE);
		assert_true(world_heard_body(w, BOB, "a=setup:actpass"));
		assert_false(world_heard_body(w, BOB, "a=connection"));
		world_answer(w, BOB, 200, "active");
		world_hear_method(w, BOB, SIP_METHOD_ACK);
		world_hear_code(w, ALICE, 200);
		assert_true(world_heard_body(w, ALICE, rows[i / 2].answered));
		assert_false(world_heard_body(w, ALICE, "a=connection"));
		assert_int_equal(rows[i / 2].role, fake_media()->remote[MEDIA_SIDE_A].role);
		world_teardown(state);
		world_setup(state);
	}
}

/* The same of what answers our actpass; SDP-16: without it the answerer is passive. */
static void roles_by_answer(void **state)
{
	static const struct {
		const char *answered;
		enum media_dtls_role role;
	} rows[] = {
		{"active", MEDIA_DTLS_SERVER}, {"passive", MEDIA_DTLS_CLIENT},
		{NULL, MEDIA_DTLS_CLIENT},
		{"actpass", MEDIA_DTLS_CLIENT}, /* which it may not say: one must begin */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *w = *state;
		const char *answered = rows[i].answered;
		struct talk a;
		char sdp[2048];

		snprintf(sdp, sizeof(sdp), "%s",
			sdp_with(BOB, answered ? answered : "active", ""));
		if (!answered)
			world_edit(sdp, sizeof(sdp), "a=setup:active\r\n", "");
		world_register(w, BOB);
		world_call(w, &a, ALICE, "sip:bob@atlanta.test");
		world_hear_method(w, BOB, SIP_METHOD_INVITE);
		world_reply(w, BOB, 200, "", sdp);
		world_hear_method(w, BOB, SIP_METHOD_ACK);
		world_hear_code(w, ALICE, 200);
		assert_int_equal(rows[i].role, fake_media()->remote[MEDIA_SIDE_B].role);
		world_teardown(state);
		world_setup(state);
	}
}

/* SDP-1, SDP-2: whatever the offer calls it, the answer calls it the same; what we offer on is
 * DTLS by its own name, with feedback where the offer had it. */
static void protos(void **state)
{
	static const struct {
		const char *offered, *on;
	} rows[] = {
		{" UDP/TLS/RTP/SAVPF ", " UDP/TLS/RTP/SAVPF "},
		{" UDP/TLS/RTP/SAVP ", " UDP/TLS/RTP/SAVP "},
		{" RTP/SAVPF ", " UDP/TLS/RTP/SAVPF "},
		{" RTP/SAVP ", " UDP/TLS/RTP/SAVP "},
		{" RTP/AVPF ", " UDP/TLS/RTP/SAVPF "},
		{" RTP/AVP ", " UDP/TLS/RTP/SAVP "},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *w = *state;
		struct talk a;
		char sdp[2048];

		snprintf(sdp, sizeof(sdp), "%s", sdp_with(ALICE, "actpass", ""));
		world_edit(sdp, sizeof(sdp), " UDP/TLS/RTP/SAVPF ", rows[i].offered);
		w->sdp[ALICE] = sdp;
		world_register(w, BOB);
		world_call(w, &a, ALICE, "sip:bob@atlanta.test");
		world_hear_method(w, BOB, SIP_METHOD_INVITE);
		assert_true(world_heard_body(w, BOB, rows[i].on));
		world_answer(w, BOB, 200, "active");
		world_hear_method(w, BOB, SIP_METHOD_ACK);
		world_hear_code(w, ALICE, 200);
		assert_true(world_heard_body(w, ALICE, rows[i].offered));
		assert_true(world_heard_body(w, ALICE, "a=fingerprint:"));
		assert_int_equal(MEDIA_KEYING_DTLS, fake_media()->remote[MEDIA_SIDE_A].keying);
		world_teardown(state);
		world_setup(state);
	}
}

/* SDP-12: holdconn begins nothing, in an offer or an answer. */
static void holdconn_is_refused(void **state)
{
	struct world *w = *state;
	struct talk a;
	char sdp[2048];

	snprintf(sdp, sizeof(sdp), "%s", sdp_with(ALICE, "holdconn", ""));
	w->sdp[ALICE] = sdp;
	world_register(w, BOB);
	world_call_refused(w, &a, ALICE, "sip:bob@atlanta.test", 488);
	world_hear_nothing(w, BOB);
}

/* SDP-19, SDP-24: who does not speak it is not told of it in an answer, and changes nothing
 * by saying nothing. */
static void without_it(void **state)
{
	struct world *w = *state;
	struct talk a, b;
	struct told told;

	join(w, &a, &b, &told, "");
	assert_string_equal("", told.alice);
	assert_true(strlen(told.bob) >= 20);
	offer_again(w, &a, "actpass", "");
	assert_heard(w, ALICE, "");
	assert_int_equal(0, association(MEDIA_SIDE_A));
	/* An offer may name the association that goes on already. */
	offer_again(w, &a, "actpass", ONE);
	assert_int_equal(0, association(MEDIA_SIDE_A));
	tls_id_heard(w, ALICE, told.alice);
	assert_true(strlen(told.alice) >= 20);
	offer_again(w, &a, "actpass", ONE);
	assert_heard(w, ALICE, told.alice);
	assert_int_equal(0, association(MEDIA_SIDE_A));
	world_hear_nothing(w, BOB);
}

/* SDP-24: nothing changes: the same name, the role kept, no handshake. */
static void refresh_keeps_it(void **state)
{
	struct world *w = *state;
	struct media_remote before;
	struct talk a, b;
	struct told told;

	join(w, &a, &b, &told, ONE);
	before = fake_media()->remote[MEDIA_SIDE_A];
	offer_again(w, &a, "actpass", ONE);
	assert_heard(w, ALICE, told.alice);
	assert_true(world_heard_body(w, ALICE, "a=setup:active"));
	world_request(w, &a, "UPDATE", "", sdp_with(ALICE, "actpass", ONE));
	world_hear_code(w, ALICE, 200);
	assert_heard(w, ALICE, told.alice);
	assert_memory_equal(&before, &fake_media()->remote[MEDIA_SIDE_A], sizeof(before));
}

/* SDP-20: another one and nothing else: another association on that leg, named anew by us,
 * once; the other leg hears nothing of it. */
static void changed_in_an_offer(void **state)
{
	struct world *w = *state;
	struct talk a, b;
	struct told told;
	char renewed[64];

	join(w, &a, &b, &told, ONE);
	offer_again(w, &a, "actpass", OTHER);
	assert_int_equal(1, association(MEDIA_SIDE_A));
	assert_int_equal(0, association(MEDIA_SIDE_B));
	assert_int_equal(MEDIA_DTLS_CLIENT, fake_media()->remote[MEDIA_SIDE_A].role);
	tls_id_heard(w, ALICE, renewed);
	assert_true(strlen(renewed) >= 20);
	assert_string_not_equal(told.alice, renewed);
	offer_again(w, &a, "actpass", OTHER);
	assert_heard(w, ALICE, renewed);
	assert_int_equal(1, association(MEDIA_SIDE_A));
	world_hear_nothing(w, BOB);
}

/* SDP-20, SDP-24: what crosses is offered to the other leg under the name it has there, with
 * actpass; an answer that changes its own begins another association, and ours stays. */
static void changed_in_an_answer(void **state)
{
	struct world *w = *state;
	struct talk a, b;
	struct told told;
	char hold[2048];

	join(w, &a, &b, &told, ONE);
	snprintf(hold, sizeof(hold), "%s", sdp_with(ALICE, "actpass", ONE));
	world_edit(hold, sizeof(hold), "a=sendrecv", "a=sendonly");
	world_request(w, &a, "INVITE", "", hold);
	world_hear_code(w, ALICE, 100);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	assert_heard(w, BOB, told.bob);
	assert_true(world_heard_body(w, BOB, "a=setup:actpass"));
	world_reply(w, BOB, 200, "", sdp_with(BOB, "active", OTHER));
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	world_ack(w, &a);
	assert_heard(w, ALICE, told.alice);
	assert_int_equal(0, association(MEDIA_SIDE_A));
	assert_int_equal(1, association(MEDIA_SIDE_B));
	assert_int_equal(MEDIA_DTLS_SERVER, fake_media()->remote[MEDIA_SIDE_B].role);
	/* SDP-23: that was bob's doing; what we offer him next is the same name. */
	world_request(w, &a, "INVITE", "", sdp_with(ALICE, "actpass", ONE));
	world_hear_code(w, ALICE, 100);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	assert_heard(w, BOB, told.bob);
}

/* SDP-20: a role or key that changes makes another association under whatever name; who
 * names his hears another one of ours. */
static void changed_key_and_role(void **state)
{
	struct world *w = *state;
	struct talk a, b;
	struct told told;
	char renewed[64];

	join(w, &a, &b, &told, ONE);
	world_request(w, &a, "INVITE", "", sdp_with(ALICE, "active", ONE));
	world_hear_code(w, ALICE, 100);
	world_hear_code(w, ALICE, 407); /* proved as the first one was */
	world_ack(w, &a);
	world_request_again(w, &a, "INVITE", sdp_with(ALICE, "active", ONE));
	world_hear_code(w, ALICE, 100);
	world_hear_code(w, ALICE, 200);
	world_ack(w, &a);
	assert_int_equal(MEDIA_DTLS_SERVER, fake_media()->remote[MEDIA_SIDE_A].role);
	tls_id_heard(w, ALICE, renewed);
	assert_true(strlen(renewed) >= 20);
	assert_string_not_equal(told.alice, renewed);
}

/* SDP-22: other ICE credentials are another path, not another association. */
static void ice_restart_keeps_it(void **state)
{
	struct world *w = *state;
	struct media_remote before;
	struct talk a, b;
	struct told told;

	join(w, &a, &b, &told, ONE "a=ice-ufrag:aaaa\r\na=ice-pwd:aaaaaaaaaaaaaaaaaaaaaa\r\n");
	before = fake_media()->remote[MEDIA_SIDE_A];
	offer_again(w, &a, "actpass",
		ONE "a=ice-ufrag:bbbb\r\na=ice-pwd:bbbbbbbbbbbbbbbbbbbbbb\r\n");
	assert_heard(w, ALICE, told.alice);
	assert_memory_equal(&before, &fake_media()->remote[MEDIA_SIDE_A], sizeof(before));
}

/* SDP-21: another port, and the name that it had, or none: the keys are kept. */
static void port_alone_keeps_it(void **state)
{
	struct world *w = *state;
	struct talk a, b;
	struct told told;
	char sdp[2048];

	join(w, &a, &b, &told, ONE);
	for (int i = 0; i < 2; i++) {
		snprintf(sdp, sizeof(sdp), "%s", sdp_with(ALICE, "actpass", i ? "" : ONE));
		world_edit(sdp, sizeof(sdp), "m=audio 30000",
			i ? "m=audio 32000" : "m=audio 31000");
		world_request(w, &a, "INVITE", "", sdp);
		world_hear_code(w, ALICE, 100);
		world_hear_code(w, ALICE, 200);
		world_ack(w, &a);
		assert_heard(w, ALICE, i ? "" : told.alice);
		assert_int_equal(i ? 32000 : 31000,
			netaddr_port(&fake_media()->remote[MEDIA_SIDE_A].rtp));
		assert_int_equal(0, association(MEDIA_SIDE_A));
	}
}

/* A name that breaks the grammar is refused, and the call stays as it was. */
static void malformed(void **state)
{
	struct world *w = *state;
	struct talk a, b;
	struct told told;

	join(w, &a, &b, &told, ONE);
	world_request(w, &a, "INVITE", "", sdp_with(ALICE, "actpass", "a=tls-id:a b\r\n"));
	world_hear_code(w, ALICE, 100);
	world_hear_code(w, ALICE, 488);
	world_ack(w, &a);
	assert_int_equal(0, association(MEDIA_SIDE_A));
	offer_again(w, &a, "actpass", ONE);
	assert_heard(w, ALICE, told.alice);
}

#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(each_leg_has_its_own),
		SCENARIO(roles_by_offer),
		SCENARIO(roles_by_answer),
		SCENARIO(protos),
		SCENARIO(holdconn_is_refused),
		SCENARIO(without_it),
		SCENARIO(refresh_keeps_it),
		SCENARIO(changed_in_an_offer),
		SCENARIO(changed_in_an_answer),
		SCENARIO(changed_key_and_role),
		SCENARIO(ice_restart_keeps_it),
		SCENARIO(port_alone_keeps_it),
		SCENARIO(malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
