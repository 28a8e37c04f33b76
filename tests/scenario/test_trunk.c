/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Passwords for peers that challenge us (AU-1, AU-3, KAM-10), and registrations of ours at
 * them. Virtual time. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scenario/world.h"

#define SECONDS(n) ((n)*USEC_PER_SEC)
#define SHA256                                                                                 \
	"Proxy-Authenticate: Digest realm=\"trunk.test\", algorithm=SHA-256, qop=\"auth\", "
#define MD5 "Proxy-Authenticate: Digest realm=\"trunk.test\", "

static void with_password(struct world *w)
{
	w->peers[1].auth_user = "atlanta";
	w->peers[1].auth_password = "open sesame";
	w->routes[0] = (struct config_route){
		.domain = "", .prefix = "+49", .peer = "trunk", .peer_index = 1};
	world_forget(w);
	world_remake(w);
}

static const struct sip_msg *invited(struct world *w)
{
	return world_hear_method(w, TRUNK, SIP_METHOD_INVITE);
}

static void challenge(struct world *w, const char *lines)
{
	world_reply(w, TRUNK, 407, lines, "");
	world_hear_method(w, TRUNK, SIP_METHOD_ACK);
}

static bool proof_has(const struct sip_msg *msg, const char *text)
{
	struct slice value = sip_msg_header(msg, "Proxy-Authorization", 0);
	char copy[1024];

	assert_int_equal(0, slice_copy(value, copy, sizeof(copy)));
	return strstr(copy, text) != NULL;
}

/* KAM-10: The INVITE again in the same dialog with the next CSeq; nc counts the uses of a
 * nonce, a stale one is renewed; the ACK of the 200 has the credentials. */
static void proves_itself(void **state)
{
	struct world *w = *state;
	const struct sip_msg *msg;
	struct talk t;
	char call_id[100];
	uint32_t cseq;

	with_password(w);
	world_call(w, &t, ALICE, "sip:+4930123@atlanta.test");
	msg = invited(w);
	assert_int_equal(0, sip_msg_header(msg, "Proxy-Authorization", 0).len);
	cseq = msg->cseq;
	slice_copy(msg->call_id, call_id, sizeof(call_id));
	challenge(w, MD5 "nonce=\"weak\"\r\n" SHA256 "nonce=\"one\", opaque=\"o\"\r\n");
	msg = invited(w);
	assert_true(slice_equal(slice_str(call_id), msg->call_id));
	assert_int_equal(cseq + 1, msg->cseq);
	assert_true(
		proof_has(msg, "username=\"atlanta\", realm=\"trunk.test\", nonce=\"one\""));
	assert_true(proof_has(msg, "uri=\"sip:+4930123@"));
	assert_true(proof_has(msg, "opaque=\"o\", qop=auth, nc=00000001, cnonce="));
	challenge(w, SHA256 "nonce=\"two\", stale=true\r\n");
	msg = invited(w);
	assert_int_equal(cseq + 2, msg->cseq);
	assert_true(proof_has(msg, "nonce=\"two\""));
	assert_int_equal(0, sip_msg_header(msg, "Proxy-Authorization", 1).len);
	world_answer(w, TRUNK, 200, "active");
	msg = world_hear_method(w, TRUNK, SIP_METHOD_ACK);
	assert_int_equal(cseq + 2, msg->cseq);
	assert_true(proof_has(msg, "nonce=\"two\""));
	world_hear_code(w, ALICE, 200);
	world_learn(w, &t);
	world_ack(w, &t);
	/* The next call is challenged with the same nonce: nc goes on. */
	world_forget(w);
	world_call(w, &t, ALICE, "sip:+4930124@atlanta.test");
	invited(w);
	challenge(w, SHA256 "nonce=\"two\"\r\n");
	assert_true(proof_has(invited(w), "nc=00000002"));
}

/* AU-3: Each of these is a refusal for the caller, after one INVITE, or two. */
static void does_not_loop(void **state)
{
	static const struct {
		const char *first, *second, *why;
	} rows[] = {
		{SHA256 "nonce=\"one\"\r\n", SHA256 "nonce=\"two\"\r\n",
			"the password is wrong"},
		{MD5 "nonce=\"one\"\r\n", NULL, "MD5 is not allowed"},
		{"Proxy-Authenticate: Digest realm=\"evil.test\", algorithm=SHA-256, "
		 "nonce=\"x\"\r\n",
			NULL, "another realm (S7)"},
		{"Proxy-Authenticate: Basic realm=\"trunk.test\"\r\n", NULL, "another scheme"},
		{"WWW-Authenticate: Digest realm=\"trunk.test\", algorithm=SHA-256, "
		 "nonce=\"x\"\r\n",
			NULL, "the wrong header for 407"},
		{"", NULL, "no challenge at all"},
	};
	struct world *w = *state;
	struct talk t;

	with_password(w);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		world_call(w, &t, ALICE, "sip:+4930123@atlanta.test");
		invited(w);
		challenge(w, rows[i].first);
		if (rows[i].second) {
			invited(w);
			challenge(w, rows[i].second);
		}
		if (world_hears(w, TRUNK))
			fail_msg("%s: sent again", rows[i].why);
		assert_true(world_hear(w, ALICE)->status >= 400);
		world_forget(w);
		world_pass(w, SECONDS(40));
		world_forget(w);
	}
}

/* For ever stale is not for ever. */
static void does_not_loop_on_stale(void **state)
{
	struct world *w = *state;
	struct talk t;
	unsigned count = 0;

	with_password(w);
	world_call(w, &t, ALICE, "sip:+4930123@atlanta.test");
	while (world_hears(w, TRUNK) && count < 10) {
		invited(w);
		count++;
		challenge(w, SHA256 "nonce=\"n\", stale=true\r\n");
	}
	assert_int_equal(4, count);
}

/* A caller who gave up is not called on. */
static void not_after_cancel(void **state)
{
	struct world *w = *state;
	struct talk t;

	with_password(w);
	world_call(w, &t, ALICE, "sip:+4930123@atlanta.test");
	invited(w);
	world_cancel(w, &t);
	world_forget(w);
	world_pass(w, SECONDS(1));
	while (world_hears(w, TRUNK))
		world_hear(w, TRUNK);
	world_reply(w, TRUNK, 407, SHA256 "nonce=\"one\"\r\n", "");
	while (world_hears(w, TRUNK))
		assert_int_not_equal(0, world_hear(w, TRUNK)->method == SIP_METHOD_ACK);
}

/* Up to the ACK. */
static void connected(struct world *w, struct talk *t)
{
	with_password(w);
	world_call(w, t, ALICE, "sip:+4930123@atlanta.test");
	invited(w);
	world_answer(w, TRUNK, 200, "active");
	world_hear_method(w, TRUNK, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	world_learn(w, t);
	world_ack(w, t);
	world_secured(w, MEDIA_SIDE_A);
	world_secured(w, MEDIA_SIDE_B);
}

/* A change too, with the CSeq one higher, and the description as it was. */
static void proves_itself_mid_call(void **state)
{
	struct world *w = *state;
	const struct sip_msg *msg;
	struct talk t;
	uint32_t cseq;
	char sdp[2048];

	connected(w, &t);
	world_sdp(ALICE, "actpass", 0, sdp, sizeof(sdp));
	world_edit(sdp, sizeof(sdp), "a=sendrecv", "a=sendonly");
	world_request(w, &t, "INVITE", "", sdp);
	cseq = invited(w)->cseq;
	challenge(w, SHA256 "nonce=\"one\"\r\n");
	world_pass(w, 0);
	msg = invited(w);
	assert_int_equal(cseq + 1, msg->cseq);
	assert_true(proof_has(msg, "nonce=\"one\""));
	assert_true(msg->body.len > 0);
	challenge(w, SHA256 "nonce=\"two\", stale=true\r\n");
	world_pass(w, 0);
	msg = invited(w);
	assert_true(proof_has(msg, "nonce=\"two\""));
	assert_int_equal(0, sip_msg_header(msg, "Proxy-Authorization", 1).len);
	world_answer(w, TRUNK, 200, "active");
	world_hear_method(w, TRUNK, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 100);
	world_hear_code(w, ALICE, 200);
}

/* And the end: else the trunk would go on with the call. Once. */
static void proves_its_bye(void **state)
{
	struct world *w = *state;
	const struct sip_msg *msg;
	struct talk t;

	connected(w, &t);
	world_bye(w, &t);
	world_hear_code(w, ALICE, 200);
	msg = world_hear_method(w, TRUNK, SIP_METHOD_BYE);
	world_reply(w, TRUNK, 407, SHA256 "nonce=\"one\"\r\n", "");
	msg = world_hear_method(w, TRUNK, SIP_METHOD_BYE);
	assert_true(proof_has(msg, "nonce=\"one\""));
	world_reply(w, TRUNK, 407, SHA256 "nonce=\"two\"\r\n", "");
	world_hear_nothing(w, TRUNK);
	world_pass(w, SECONDS(40));
	world_all_over(w);
}

/* ---- registrations ---- */

#define REFUSAL                                                                                \
	"WWW-Authenticate: Digest realm=\"trunk.test\", algorithm=SHA-256, qop=\"auth\", "

static void registering(struct world *w)
{
	w->peers[1].register_as = "4930@trunk.test";
	w->peers[1].register_expires_s = 600;
	with_password(w);
	world_pass(w, 0);
}

static const struct sip_msg *registers(struct world *w)
{
	const struct sip_msg *msg = world_hear_method(w, TRUNK, SIP_METHOD_REGISTER);

	world_forget(w); /* again and again over UDP, until it is answered */
	return msg;
}

static void registers_and_refreshes(void **state)
{
	struct world *w = *state;
	const struct sip_msg *msg;
	char call_id[100];
	uint32_t cseq;

	registering(w);
	msg = registers(w);
	assert_true(slice_equal(SLICE("sip:trunk.test"), msg->request_uri.raw));
	assert_true(slice_equal(SLICE("4930"), msg->to.uri.user));
	assert_true(slice_equal(SLICE("4930"), msg->contact.uri.user));
	assert_true(slice_equal(SLICE("sbc.atlanta.test"), msg->contact.uri.host));
	assert_int_equal(600, msg->expires);
	cseq = msg->cseq;
	slice_copy(msg->call_id, call_id, sizeof(call_id));
	world_reply(w, TRUNK, 401, REFUSAL "nonce=\"n\"\r\n", "");
	msg = registers(w);
	assert_true(slice_equal(slice_str(call_id), msg->call_id));
	assert_int_equal(cseq + 1, msg->cseq);
	assert_true(sip_msg_header(msg, "Authorization", 0).len > 0);
	/* Too brief for it: as long as it wants (RFC 3261 section 10.2.8). */
	world_reply(w, TRUNK, 423, "Min-Expires: 1200\r\n", "");
	msg = registers(w);
	assert_int_equal(1200, msg->expires);
	/* What it grants counts, of our contact and nobody else's. */
	world_reply(w, TRUNK, 200,
		"Contact: <sip:other@192.0.2.1>;expires=9, "
		"<sip:4930@sbc.atlanta.test:5060;transport=udp>;expires=100\r\n",
		"");
	world_pass(w, SECONDS(85));
	world_hear_nothing(w, TRUNK);
	world_pass(w, SECONDS(10));
	msg = registers(w);
	assert_true(slice_equal(slice_str(call_id), msg->call_id));
}

/* 30 s, a minute, two: not a flood. A 200 ends the pauses. */
static void waits_longer_and_longer(void **state)
{
	struct world *w = *state;
	usec_t pause = 30;

	registering(w);
	for (int i = 0; i < 8; i++) {
		registers(w);
		world_reply(w, TRUNK, 403, "", "");
		world_pass(w, SECONDS(pause) - SECONDS(2));
		world_hear_nothing(w, TRUNK);
		world_pass(w, SECONDS(3));
		pause = pause * 2 > 1800 ? 1800 : pause * 2;
	}
	registers(w);
	world_reply(w, TRUNK, 200, "Expires: 60\r\n", "");
	world_pass(w, SECONDS(56));
	registers(w);
	world_reply(w, TRUNK, 503, "", "");
	world_pass(w, SECONDS(31));
	registers(w);
}

static void on_drained(void *arg)
{
	(void)arg;
}

/* Silence is a failure too; the end of it all gives the binding back. */
static void silence_and_the_end(void **state)
{
	struct world *w = *state;
	const struct sip_msg *msg;

	registering(w);
	registers(w);
	world_pass(w, SECONDS(32));
	world_forget(w);
	world_pass(w, SECONDS(31));
	registers(w);
	world_reply(w, TRUNK, 200, "Expires: 600\r\n", "");
	sbc_drain(w->sbc, w->now, w->now + SECONDS(4), on_drained, NULL);
	msg = registers(w);
	assert_int_equal(0, msg->expires);
	world_pass(w, SECONDS(700));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(proves_itself),
		TEST(does_not_loop),
		TEST(does_not_loop_on_stale),
		TEST(not_after_cancel),
		TEST(proves_itself_mid_call),
		TEST(proves_its_bye),
		TEST(registers_and_refreshes),
		TEST(waits_longer_and_longer),
		TEST(silence_and_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
