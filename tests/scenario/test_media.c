/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What two legs of different kinds agree on: rows SDP-3, SDP-28, SDP-30, SDP-31, MB-4, M8.
 * alice speaks TLS with us, bob UDP.
 */

#include "tests/cmocka_first.h"

#include <stdio.h>
#include <string.h>

#include "tests/scenario/world.h"

#define HEAD "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
#define KEY  "inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd"
#define SDES                                                                                   \
	HEAD "m=audio 4000 RTP/SAVP 0 101\r\na=crypto:7 AES_CM_128_HMAC_SHA1_80 " KEY "\r\n"
#define PLAIN HEAD "m=audio 4000 RTP/AVP 0 101\r\n"
/* To our offer: its second line is this suite (8, 1 are configured). */
#define SDES_ANSWER                                                                            \
	HEAD "m=audio 4000 RTP/SAVP 0 101\r\na=crypto:2 AES_CM_128_HMAC_SHA1_80 " KEY "\r\n"
#define FINGERPRINT                                                                            \
	"a=fingerprint:sha-256 B1:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:"               \
	"11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00\r\n"

static const struct config_media_rules clear_keys = {.sdes_without_tls = true};
static const struct config_media_rules downgrade = {.allow_downgrade = true};

static bool body_has(const struct sip_msg *msg, const char *text)
{
	return memmem(msg->body.ptr, msg->body.len, text, strlen(text)) != NULL;
}

static void ring(struct world *w, struct talk *t)
{
	world_register(w, BOB);
	world_call(w, t, ALICE, "sip:bob@atlanta.test");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
}

/* The call is connected: both sides keyed so. */
static void assert_keyed(enum media_keying a, enum media_keying b)
{
	const struct fake_media *room = fake_media();

	assert_int_equal(a, room->remote[MEDIA_SIDE_A].keying);
	assert_int_equal(b, room->remote[MEDIA_SIDE_B].keying);
	assert_true(room->gate[MEDIA_SIDE_A] && room->gate[MEDIA_SIDE_B]);
}

static void assert_never_opened(void)
{
	assert_false(fake_media()->gate[MEDIA_SIDE_A] || fake_media()->gate[MEDIA_SIDE_B]);
}

/* SDP-31: the answer names the chosen line's tag; each side sends with a key of its own. */
static void sdes_caller_dtls_callee(void **state)
{
	struct world *w = *state;
	const struct sip_msg *msg;
	struct talk t;
	uint8_t theirs[30];

	w->users[0].media = MEDIA_MODE_SDES;
	w->sdp[ALICE] = SDES;
	ring(w, &t);
	msg = w->heard[BOB].msg;
	assert_true(body_has(msg, "UDP/TLS/RTP/SAVP 0 101"));
	assert_false(body_has(msg, "crypto")); /* SDP-4: nothing of the other leg */
	world_answer(w, BOB, 200, "active");
	msg = world_hear_code(w, ALICE, 200);
	assert_true(body_has(msg, "RTP/SAVP 0 101\r\n"));
	assert_true(body_has(msg, "a=crypto:7 AES_CM_128_HMAC_SHA1_80 inline:"));
	assert_false(body_has(msg, KEY)); /* never the peer's own key back */
	assert_false(body_has(msg, "fingerprint") || body_has(msg, "setup"));
	assert_keyed(MEDIA_KEYING_SDES, MEDIA_KEYING_DTLS);
	for (uint8_t i = 0; i < sizeof(theirs); i++)
		theirs[i] = i;
	assert_memory_equal(theirs, fake_media()->remote[MEDIA_SIDE_A].peers.key, 16);
	assert_memory_equal(theirs + 16, fake_media()->remote[MEDIA_SIDE_A].peers.salt, 14);
	assert_int_equal(
		MEDIA_SRTP_AES128_CM_SHA1_80, fake_media()->remote[MEDIA_SIDE_A].profile);
}

static void dtls_caller_sdes_callee(void **state)
{
	struct world *w = *state;
	const struct sip_msg *msg;
	struct talk t;

	w->users[1].media = MEDIA_MODE_SDES;
	w->users[1].media_rules = clear_keys;
	w->sdp[BOB] = SDES_ANSWER;
	ring(w, &t);
	msg = w->heard[BOB].msg;
	assert_true(body_has(msg, "m=audio 20002 RTP/SAVP 0 101\r\n"));
	assert_true(body_has(msg, "a=crypto:1 AEAD_AES_256_GCM inline:"));
	assert_true(body_has(msg, "a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:"));
	assert_false(body_has(msg, "fingerprint"));
	world_answer(w, BOB, 200, "active");
	world_hear_code(w, ALICE, 200);
	assert_keyed(MEDIA_KEYING_DTLS, MEDIA_KEYING_SDES);
}

/* RFC 4568 section 6: bob's hop is UDP. Refused before he rings, and on his own calls. */
static void keys_need_a_secured_hop(void **state)
{
	struct world *w = *state;
	struct talk t;

	w->users[1].media = MEDIA_MODE_SDES;
	world_register(w, BOB);
	world_call(w, &t, ALICE, "sip:bob@atlanta.test");
	world_hear_nothing(w, BOB);
	world_hear_code(w, ALICE, 488);
	assert_int_equal(0, fake_media()->open_count);
	w->sdp[BOB] = SDES;
	world_register(w, ALICE);
	world_call_refused(w, &t, BOB, "sip:alice@atlanta.test", 488);
	assert_non_null(strstr(w->heard[BOB].bytes.ptr, "a hop that is not secured"));
}

/* SDP-31, M8: an answer that is not to what was offered ends the call; no gate opens. */
static void unusable_answers_end_the_call(void **state)
{
	static const struct {
		enum media_mode mode;
		const char *answer, *why;
	} table[] = {
		{MEDIA_MODE_SDES,
			HEAD "m=audio 4000 RTP/SAVP 0\r\n"
			     "a=crypto:9 AES_CM_128_HMAC_SHA1_80 " KEY "\r\n",
			"wrong tag"},
		{MEDIA_MODE_SDES, PLAIN, "no key at all"},
		{MEDIA_MODE_DTLS, PLAIN, "plain to DTLS"},
		{MEDIA_MODE_DTLS, SDES_ANSWER, "SDES to DTLS"},
		{MEDIA_MODE_OPPORTUNISTIC, PLAIN, "plain, but no downgrade is allowed"},
		{MEDIA_MODE_DTLS, HEAD "m=audio 0 UDP/TLS/RTP/SAVP 0\r\n", "nothing taken"},
		{MEDIA_MODE_DTLS, HEAD, "no sections"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct world *w = *state;
		struct talk t;

		world_teardown(state);
		world_setup(state);
		w = *state;
		w->users[1].media = table[i].mode;
		w->users[1].media_rules = clear_keys;
		ring(w, &t);
		w->sdp[BOB] = table[i].answer;
		world_answer(w, BOB, 200, "active");
		world_hear_method(w, BOB, SIP_METHOD_ACK);
		world_hear_method(w, BOB, SIP_METHOD_BYE);
		world_hear_code(w, ALICE, 488);
		assert_never_opened();
	}
}

/* MB-4, section 21 number 16: in the clear only where both policies know of it. */
static void plain_needs_permission(void **state)
{
	struct world *w = *state;
	struct talk t;

	w->users[1].media = MEDIA_MODE_RTP;
	world_register(w, BOB);
	world_call(w, &t, ALICE, "sip:bob@atlanta.test");
	world_hear_nothing(w, BOB); /* known before he rings */
	world_hear_code(w, ALICE, 488);
	assert_int_equal(0, fake_media()->open_count);
}

static void plain_where_allowed(void **state)
{
	struct world *w = *state;
	const struct sip_msg *msg;
	struct talk t;

	w->users[1].media = MEDIA_MODE_RTP;
	w->users[1].media_rules = downgrade;
	w->sdp[BOB] = PLAIN;
	ring(w, &t);
	msg = w->heard[BOB].msg;
	assert_true(body_has(msg, "m=audio 20002 RTP/AVP 0 101\r\n"));
	assert_false(body_has(msg, "fingerprint") || body_has(msg, "crypto"));
	world_answer(w, BOB, 200, "active");
	msg = world_hear_code(w, ALICE, 200);
	assert_true(body_has(msg, "UDP/TLS/RTP/SAVPF 0 101\r\n"));
	assert_keyed(MEDIA_KEYING_DTLS, MEDIA_KEYING_NONE);
	assert_false(fake_media()->remote[MEDIA_SIDE_B].may_latch);
}

/* SDP-30, RFC 8643: RTP/AVP with everything; the answer takes the best, or nothing. */
static void opportunistic(void **state)
{
	static const struct {
		const char *answer;
		enum media_keying keying;
	} table[] = {
		{HEAD "m=audio 4000 RTP/AVP 0\r\na=setup:active\r\n" FINGERPRINT,
			MEDIA_KEYING_DTLS},
		{HEAD "m=audio 4000 RTP/AVP 0\r\na=crypto:2 AES_CM_128_HMAC_SHA1_80 " KEY
		      "\r\n",
			MEDIA_KEYING_SDES},
		{PLAIN, MEDIA_KEYING_NONE},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct world *w;
		const struct sip_msg *msg;
		struct talk t;

		world_teardown(state);
		world_setup(state);
		w = *state;
		w->users[1].media = MEDIA_MODE_OPPORTUNISTIC;
		w->users[1].media_rules = (struct config_media_rules){
			.sdes_without_tls = true, .allow_downgrade = true};
		ring(w, &t);
		msg = w->heard[BOB].msg;
		assert_true(body_has(msg, " RTP/AVP 0 101\r\n"));
		assert_true(
			body_has(msg, "a=fingerprint:") && body_has(msg, "a=setup:actpass"));
		assert_true(body_has(msg, "a=crypto:1 "));
		w->sdp[BOB] = table[i].answer;
		world_answer(w, BOB, 200, "active");
		world_hear_code(w, ALICE, 200);
		assert_keyed(MEDIA_KEYING_DTLS, table[i].keying);
	}
}

/* An opportunistic leg over UDP without permission shows no keys, but still a fingerprint. */
static void opportunistic_keeps_keys_from_clear_hops(void **state)
{
	struct world *w = *state;
	struct talk t;

	w->users[1].media = MEDIA_MODE_OPPORTUNISTIC;
	ring(w, &t);
	assert_false(body_has(w->heard[BOB].msg, "crypto"));
	assert_true(body_has(w->heard[BOB].msg, "fingerprint"));
}

static void refuses_offers_below_policy(void **state)
{
	static const char *const offers[] = {SDES, PLAIN, HEAD "m=audio 4000 RTP/SAVP 0\r\n",
		HEAD
		"m=audio 4000 RTP/SAVP 0\r\na=fingerprint:sha-1 A1:22:33:44:55:66:77:88:99:AA:"
		"BB:CC:DD:EE:FF:00:11:22:33:44\r\n",
		/* Sound is refused: pictures alone are no call. */
		PLAIN "m=video 4002 UDP/TLS/RTP/SAVPF 96\r\n" FINGERPRINT};
	struct world *w = *state;

	world_register(w, BOB);
	for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
		struct talk t;

		w->sdp[ALICE] = offers[i];
		world_call_refused(w, &t, ALICE, "sip:bob@atlanta.test", 488);
		world_hear_nothing(w, BOB);
		assert_int_equal(0, fake_media()->open_count);
	}
}

/* Sound, pictures, a screen that bob does not want, and a kind that we do not carry. */
static void several_sections(void **state)
{
	struct world *w = *state;
	const struct fake_media *room = fake_media();
	const struct sip_msg *msg;
	struct talk t;

	w->users[0].media = w->users[1].media = MEDIA_MODE_RTP;
	w->sdp[ALICE] = PLAIN "m=video 4002 RTP/AVPF 96\r\na=rtpmap:96 VP8/90000\r\n"
			      "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
			      "m=video 4004 RTP/AVP 97\r\na=rtpmap:97 H264/90000\r\n";
	ring(w, &t);
	msg = w->heard[BOB].msg;
	assert_true(body_has(msg, "m=audio 20002 RTP/AVP 0 101\r\n"));
	assert_true(body_has(msg, "m=video 20002 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n"));
	assert_true(body_has(msg, "m=application 0 "));
	assert_true(body_has(msg, "m=video 20002 RTP/AVP 97\r\n"));
	assert_int_equal(3, room->open_count);
	w->sdp[BOB] = HEAD "m=audio 5000 RTP/AVP 0\r\nm=video 5002 RTP/AVP 96\r\n"
			   "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"
			   "m=video 0 RTP/AVP 97\r\n";
	world_answer(w, BOB, 200, "active");
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	msg = world_hear_code(w, ALICE, 200);
	assert_true(body_has(msg, "m=audio 20000 RTP/AVP 0\r\n"));
	assert_true(body_has(msg, "m=video 20000 RTP/AVPF 96\r\n")); /* as it was offered */
	assert_true(body_has(msg, "m=application 0 "));
	assert_true(body_has(msg, "m=video 0 "));
	assert_true(
		room->sessions[0].gate[MEDIA_SIDE_A] && room->sessions[1].gate[MEDIA_SIDE_B]);
	assert_int_equal(5002, netaddr_port(&room->sessions[1].remote[MEDIA_SIDE_B].rtp));
	/* What bob refused is closed at once, the rest with the call. */
	assert_false(room->sessions[2].gate[MEDIA_SIDE_A]);
	assert_int_equal(1, room->close_count);
	world_learn(w, &t);
	world_ack(w, &t);
	world_bye(w, &t);
	world_hear_code(w, ALICE, 200);
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	world_answer(w, BOB, 200, NULL);
	world_pass(w, 0);
	assert_int_equal(3, room->close_count);
	assert_int_equal(1, w->record_count);
	assert_non_null(strstr(w->records.data, "\"keying\":\"none\""));
}

/* One handshake that fails takes the whole call with it. */
static void one_stream_that_fails_ends_the_call(void **state)
{
	struct world *w = *state;
	struct talk t;

	world_connected(w, &t);
	world_media_failed(w, MEDIA_SIDE_B, MEDIA_FAILURE_FINGERPRINT);
	world_hear_method(w, ALICE, SIP_METHOD_BYE);
	assert_int_equal(1, fake_media()->close_count);
}

static void codec_lists(void **state)
{
	struct world *w = *state;
	struct talk t;

	w->users[0].media = w->users[1].media = MEDIA_MODE_RTP;
	w->users[0].media_rules.codecs = "PCMA PCMU G722";
	w->users[1].media_rules.codecs = "G722 PCMA";
	w->sdp[ALICE] =
		HEAD "m=audio 4000 RTP/AVP 111 0 8 9 101 13\r\n"
		     "a=rtpmap:111 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\n";
	ring(w, &t);
	assert_true(body_has(w->heard[BOB].msg, " RTP/AVP 9 8 101 13\r\n"));
	assert_false(body_has(w->heard[BOB].msg, "opus"));
}

/* OA-6. */
static void no_codec_in_common(void **state)
{
	struct world *w = *state;
	struct talk t;

	w->users[0].media = w->users[1].media = MEDIA_MODE_RTP;
	w->users[1].media_rules.codecs = "opus";
	w->sdp[ALICE] = PLAIN;
	world_register(w, BOB);
	world_call(w, &t, ALICE, "sip:bob@atlanta.test");
	world_hear_code(w, ALICE, 488);
	world_hear_nothing(w, BOB);
}

/* Towards a peer, a signature covers the fingerprints that the offer has: here none. */
static void signs_without_mky_where_there_is_no_fingerprint(void **state)
{
	struct world *w = *state;
	const struct sip_msg *msg;
	struct talk t;

	w->peers[0].media = MEDIA_MODE_SDES;
	world_call(w, &t, ALICE, "sip:carol@biloxi.test");
	msg = world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	assert_true(body_has(msg, "RTP/SAVP 0 101\r\n"));
	assert_true(body_has(msg, "a=crypto:1 "));
	assert_false(body_has(msg, "fingerprint"));
	assert_true(sip_msg_header(msg, "Identity", 0).len > 0);
}

/* Inside and outside, IPv6 beside IPv4, and marks: each leg's own. */
static void interfaces_by_leg(void **state)
{
	static const char six[] = "v=0\r\nc=IN IP6 2001:db8::1\r\nm=audio 4000 RTP/AVP 0\r\n";
	struct world *w = *state;
	const struct media_open_request *request = &fake_media()->sessions[0].request;
	struct talk t;

	w->users[0].media = w->users[1].media = MEDIA_MODE_RTP;
	w->users[0].media_rules.dscp = 46;
	w->users[1].media_rules.dscp = 8;
	w->sdp[ALICE] = six;
	world_register(w, BOB);
	world_call_refused(w, &t, ALICE, "sip:bob@atlanta.test", 488); /* only IPv4 is there */
	assert_int_equal(0, fake_media()->open_count);
	netaddr_parse(&w->interfaces[1].address, SLICE("::1"), 0);
	w->config.media.interface_count = 2;
	world_call(w, &t, ALICE, "sip:bob@atlanta.test");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	assert_int_equal(1, request->interface[MEDIA_SIDE_A]);
	assert_int_equal(0, request->interface[MEDIA_SIDE_B]);
	assert_int_equal(46, request->dscp[MEDIA_SIDE_A]);
	assert_int_equal(8, request->dscp[MEDIA_SIDE_B]);
	assert_true(body_has(w->heard[BOB].msg, "c=IN IP4 127.0.0.1"));
	w->sdp[BOB] = PLAIN;
	world_answer(w, BOB, 200, "active");
	assert_true(body_has(world_hear_code(w, ALICE, 200), "c=IN IP6 ::1\r\n"));
}

/* An answer from a family that our offer was not in is of no use. */
static void answers_keep_the_address_family(void **state)
{
	struct world *w = *state;
	struct talk t;

	w->users[0].media = w->users[1].media = MEDIA_MODE_RTP;
	w->sdp[ALICE] = PLAIN;
	ring(w, &t);
	w->sdp[BOB] = "v=0\r\nc=IN IP6 2001:db8::1\r\nm=audio 4000 RTP/AVP 0\r\n";
	world_answer(w, BOB, 200, "active");
	world_hear_code(w, ALICE, 488);
	assert_never_opened();
}

/* A leg whose configuration names an interface has that one or none. */
static void named_interfaces(void **state)
{
	struct world *w = *state;
	struct talk t;

	w->users[0].media = w->users[1].media = MEDIA_MODE_RTP;
	netaddr_parse(&w->interfaces[1].address, SLICE("127.0.0.9"), 0);
	w->config.media.interface_count = 2;
	w->users[1].media_rules.interface = "outside";
	w->users[1].media_rules.interface_index = 1;
	w->sdp[ALICE] = PLAIN;
	ring(w, &t);
	assert_int_equal(0, fake_media()->sessions[0].request.interface[MEDIA_SIDE_A]);
	assert_int_equal(1, fake_media()->sessions[0].request.interface[MEDIA_SIDE_B]);
}

static void silence(struct world *w, enum media_side side, bool is_one_way)
{
	const struct media_event ev = {.type = MEDIA_EVENT_TIMEOUT,
		.id = fake_media()->id,
		.cookie = fake_media()->cookie,
		.side = side,
		.is_one_way = is_one_way};

	sbc_media_event(w->sbc, &ev, w->now);
}

/* One-way silence is told; only when nobody speaks the call ends. */
static void one_way_silence_ends_nothing(void **state)
{
	struct world *w = *state;
	struct sbc_counters counters;
	struct talk t;

	world_connected(w, &t);
	world_forget(w);
	silence(w, MEDIA_SIDE_B, true);
	world_hear_nothing(w, ALICE);
	sbc_counters(w->sbc, &counters);
	assert_int_equal(1, counters.media_one_way);
	silence(w, MEDIA_SIDE_A, false);
	world_hear_method(w, ALICE, SIP_METHOD_BYE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(sdes_caller_dtls_callee),
		TEST(dtls_caller_sdes_callee),
		TEST(keys_need_a_secured_hop),
		TEST(unusable_answers_end_the_call),
		TEST(plain_needs_permission),
		TEST(plain_where_allowed),
		TEST(opportunistic),
		TEST(opportunistic_keeps_keys_from_clear_hops),
		TEST(refuses_offers_below_policy),
		TEST(several_sections),
		TEST(one_stream_that_fails_ends_the_call),
		TEST(codec_lists),
		TEST(no_codec_in_common),
		TEST(signs_without_mky_where_there_is_no_fingerprint),
		TEST(interfaces_by_leg),
		TEST(answers_keep_the_address_family),
		TEST(named_interfaces),
		TEST(one_way_silence_ends_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
