/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keys out of descriptions, and several sections, in the middle of a call: RFC 4568 section
 * 7.1.4, RFC 3264 section 8. alice speaks TLS with us, bob UDP.
 */

#include "tests/cmocka_first.h"

#include <string.h>

#include "tests/scenario/world.h"

#define HEAD   "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
#define KEY    "inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd"
#define OTHER  "inline:AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd"
#define LINE_7 "a=crypto:7 AES_CM_128_HMAC_SHA1_80 "
#define LINE_9 "a=crypto:9 AES_CM_128_HMAC_SHA1_80 "
#define SDES   HEAD "m=audio 4000 RTP/SAVP 0 101\r\n"

/* Our key in what an actor heard; out has room for 41. */
static void key_told(struct world *w, enum actor who, const char *line, char *out)
{
	struct slice body = w->heard[who].msg->body;
	const char *at = memmem(body.ptr, body.len, line, strlen(line));

	assert_non_null(at);
	memcpy(out, at + strlen(line) + strlen("inline:"), 40);
	out[40] = '\0';
}

/* Alice's leg with keys out of descriptions, bob's with DTLS. key: ours towards her. */
static void join(struct world *w, struct talk *a, struct talk *b, char *key)
{
	w->users[0].media = MEDIA_MODE_SDES;
	w->sdp[ALICE] = SDES LINE_7 KEY "\r\n";
	world_connected(w, a);
	world_callee(w, b, BOB);
	key_told(w, ALICE, LINE_7, key);
	w->sdp[ALICE] = NULL;
}

static void assert_keys_stand(void)
{
	const struct media_remote *remote = &fake_media()->remote[MEDIA_SIDE_A];

	assert_int_equal(MEDIA_KEYING_SDES, remote->keying);
	for (uint8_t i = 0; i < 16; i++)
		assert_int_equal(i, remote->peers.key[i]);
	assert_int_equal(MEDIA_KEYING_DTLS, fake_media()->remote[MEDIA_SIDE_B].keying);
	assert_true(fake_media()->gate[MEDIA_SIDE_A] && fake_media()->gate[MEDIA_SIDE_B]);
}

/* The same key under another tag, and ours stays: no packet is protected twice. */
static void keys_said_again_stay(void **state)
{
	struct world *w = *state;
	struct srtp_master ours;
	struct talk a, b;
	char before[41], after[41];

	join(w, &a, &b, before);
	ours = fake_media()->remote[MEDIA_SIDE_A].ours;
	world_request(w, &a, "INVITE", "", SDES LINE_9 KEY "\r\na=sendonly\r\n");
	world_hear_code(w, ALICE, 100);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	assert_true(world_heard_body(w, BOB, "a=sendonly"));
	assert_false(world_heard_body(w, BOB, "crypto"));
	world_answer(w, BOB, 200, "active");
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	key_told(w, ALICE, LINE_9, after);
	assert_string_equal(before, after);
	assert_keys_stand();
	assert_memory_equal(&ours, &fake_media()->remote[MEDIA_SIDE_A].ours, sizeof(ours));
	world_ack(w, &a);
}

/* Nothing but the request itself would vouch for another key, and the call stays as it is. */
static void other_keys_are_refused(void **state)
{
	static const char *const offers[] = {SDES LINE_7 OTHER "\r\n",
		HEAD "m=audio 4000 RTP/AVP 0\r\n", SDES,
		HEAD "m=audio 4000 UDP/TLS/RTP/SAVP 0\r\na=setup:actpass\r\n"
		     "a=fingerprint:sha-256 B1:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:"
		     "11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00\r\n"};
	struct world *w = *state;
	struct talk a, b;
	char key[41];

	join(w, &a, &b, key);
	for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
		world_request(w, &a, "INVITE", "", offers[i]);
		world_hear_code(w, ALICE, 100);
		world_hear_code(w, ALICE, 488);
		world_ack(w, &a);
		world_hear_nothing(w, BOB);
		assert_keys_stand();
	}
}

/* The other end's change: she is told one line, the one in use, and answers with her own. */
static void offered_the_key_in_use(void **state)
{
	struct world *w = *state;
	struct talk a, b;
	char before[41], after[41], hold[2048];

	join(w, &a, &b, before);
	world_sdp(BOB, "actpass", 0, hold, sizeof(hold));
	world_edit(hold, sizeof(hold), "a=sendrecv", "a=sendonly");
	world_request(w, &b, "INVITE", "", hold);
	world_hear_code(w, BOB, 100);
	world_hear_method(w, ALICE, SIP_METHOD_INVITE);
	assert_true(world_heard_body(w, ALICE, "RTP/SAVP 0 101\r\n"));
	assert_false(world_heard_body(w, ALICE, "fingerprint"));
	key_told(w, ALICE, LINE_7, after);
	assert_string_equal(before, after);
	world_reply(w, ALICE, 200, "", SDES LINE_7 KEY "\r\na=recvonly\r\n");
	world_hear_method(w, ALICE, SIP_METHOD_ACK);
	world_hear_code(w, BOB, 200);
	assert_true(world_heard_body(w, BOB, "a=recvonly"));
	assert_keys_stand();
	world_ack(w, &b);
}

#define AV(video)                                                                              \
	HEAD "m=audio 4000 RTP/AVP 0\r\nm=video " video                                        \
	     " RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n"

/* Pictures go on through a change of sound; given up, they close alone, and stay so. */
static void pictures_are_given_up(void **state)
{
	struct world *w = *state;
	const struct fake_media *room = fake_media();
	struct talk a, b;

	w->users[0].media = w->users[1].media = MEDIA_MODE_RTP;
	w->sdp[ALICE] = AV("4002");
	w->sdp[BOB] = AV("5002");
	world_connected(w, &a);
	world_callee(w, &b, BOB);
	world_request(w, &a, "INVITE", "", AV("4012"));
	world_hear_code(w, ALICE, 100);
	world_hear_code(w, ALICE, 200); /* bob need not know */
	world_ack(w, &a);
	world_hear_nothing(w, BOB);
	assert_int_equal(4012, netaddr_port(&room->sessions[1].remote[MEDIA_SIDE_A].rtp));
	world_request(w, &a, "INVITE", "", AV("0"));
	world_hear_code(w, ALICE, 100);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	assert_true(world_heard_body(w, BOB, "m=video 0 "));
	assert_int_equal(0, room->close_count);
	world_reply(w, BOB, 200, "", AV("0"));
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	assert_true(world_heard_body(w, ALICE, "m=video 0 "));
	world_ack(w, &a);
	assert_int_equal(1, room->close_count);
	assert_false(room->sessions[0].is_closing);
	assert_true(room->sessions[0].gate[MEDIA_SIDE_A]);
}

/* Each target hears keys of its own: those of a session that was given up come nowhere. */
static void each_target_has_its_keys(void **state)
{
	static struct config_target targets[] = {{.peer = "biloxi", .priority = 1, .weight = 1},
		{.peer = "spare", .peer_index = 2, .priority = 2, .weight = 1}};
	static struct config_route routes[] = {
		{.domain = "biloxi.test", .peer = "", .targets = targets, .target_count = 2}};
	struct world *w = *state;
	struct talk a;
	char first[41], second[41];

	w->config.routes = routes;
	w->peers[0].media = w->peers[2].media = MEDIA_MODE_SDES;
	w->peers[2].media_rules.sdes_without_tls = true;
	world_call(w, &a, ALICE, "sip:carol@biloxi.test");
	world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	key_told(w, BILOXI, "a=crypto:2 AES_CM_128_HMAC_SHA1_80 ", first);
	world_answer(w, BILOXI, 503, NULL);
	world_hear_method(w, BILOXI, SIP_METHOD_ACK);
	world_hear_method(w, SPARE, SIP_METHOD_INVITE);
	key_told(w, SPARE, "a=crypto:2 AES_CM_128_HMAC_SHA1_80 ", second);
	assert_string_not_equal(first, second);
	world_reply(w, SPARE, 200, "", SDES "a=crypto:2 AES_CM_128_HMAC_SHA1_80 " KEY "\r\n");
	world_hear_method(w, SPARE, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	assert_int_equal(MEDIA_KEYING_DTLS, fake_media()->remote[MEDIA_SIDE_A].keying);
	assert_int_equal(MEDIA_KEYING_SDES, fake_media()->remote[MEDIA_SIDE_B].keying);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(keys_said_again_stay),
		TEST(other_keys_are_refused),
		TEST(offered_the_key_in_use),
		TEST(pictures_are_given_up),
		TEST(each_target_has_its_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
