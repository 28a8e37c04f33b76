/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Signalling only: descriptions cross as they are, no media session is opened, and what is
 * proved of a key stays proved.
 */

#include "tests/cmocka_first.h"

#include <stdio.h>
#include <string.h>

#include "tests/scenario/world.h"

#define HEAD                                                                                   \
	"v=0\r\no=alice 7 9 IN IP4 198.51.100.1\r\ns=chess\r\nc=IN IP4 198.51.100.1\r\nt=0 "   \
	"0\r\n"
#define PLAIN HEAD "m=audio 4000 RTP/AVP 0 101\r\na=x-odd:kept\r\n"
#define KEYS                                                                                   \
	HEAD "m=audio 4000 RTP/SAVP 0\r\na=crypto:7 AES_CM_128_HMAC_SHA1_80 "                  \
	     "inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd\r\n"
#define ANSWER                                                                                 \
	"v=0\r\no=bob 1 1 IN IP4 203.0.113.1\r\ns=-\r\nc=IN IP4 203.0.113.1\r\nt=0 0\r\n"      \
	"m=audio 5000 RTP/AVP 0\r\n"

static void bypass(struct world *w)
{
	w->users[0].media = w->users[1].media = MEDIA_MODE_BYPASS;
	w->peers[0].media = MEDIA_MODE_BYPASS;
}

static void assert_body(const struct world *w, enum actor who, const char *text)
{
	assert_true(slice_equal(w->heard[who].msg->body, slice_str(text)));
}

static void assert_no_media(void)
{
	assert_int_equal(0, fake_media()->open_count);
}

static void ring(struct world *w, struct talk *a, struct talk *b)
{
	bypass(w);
	w->sdp[ALICE] = PLAIN;
	w->sdp[BOB] = ANSWER;
	world_register(w, BOB);
	world_call(w, a, ALICE, "sip:bob@atlanta.test");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_callee(w, b, BOB);
}

/* MB-3: byte for byte. */
static void crosses_as_it_is(void **state)
{
	struct world *w = *state;
	struct talk a, b;

	ring(w, &a, &b);
	assert_body(w, BOB, PLAIN);
	world_answer(w, BOB, 200, "active");
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	assert_body(w, ALICE, ANSWER);
	world_learn(w, &a);
	world_ack(w, &a);
	assert_no_media();
	/* Hold goes across, word by word; its answer comes back. */
	world_request(w, &a, "INVITE", "", PLAIN "a=sendonly\r\n");
	world_hear_code(w, ALICE, 100);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	assert_body(w, BOB, PLAIN "a=sendonly\r\n");
	world_reply(w, BOB, 200, "", ANSWER "a=recvonly\r\n");
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	assert_body(w, ALICE, ANSWER "a=recvonly\r\n");
	world_ack(w, &a);
	/* Nothing new: answered here with what the other end said last. */
	world_request(w, &a, "INVITE", "", PLAIN "a=sendonly\r\n");
	world_hear_code(w, ALICE, 100);
	world_hear_code(w, ALICE, 200);
	assert_body(w, ALICE, ANSWER "a=recvonly\r\n");
	world_ack(w, &a);
	world_hear_nothing(w, BOB);
	world_bye(w, &a);
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	world_answer(w, BOB, 200, NULL);
	assert_no_media();
	world_all_over(w);
}

/* The callee offers, the caller's ACK answers. */
static void late_offer_crosses(void **state)
{
	struct world *w = *state;
	struct talk t;

	bypass(w);
	world_register(w, BOB);
	world_invite_late(w, &t, "sip:bob@atlanta.test");
	world_give_certificate(w);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_reply(w, BOB, 200, "", ANSWER);
	while (world_hear(w, BILOXI)->status != 200)
		continue;
	assert_body(w, BILOXI, ANSWER);
	world_learn(w, &t);
	world_ack_with(w, &t, PLAIN);
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	assert_body(w, BOB, PLAIN);
	assert_no_media();
}

/* The signature covers the fingerprint of the end, and it is the end's own that goes on. */
static void signs_the_ends_fingerprint(void **state)
{
	struct world *w = *state;
	const struct sip_msg *msg;
	struct talk t;

	bypass(w);
	world_call(w, &t, ALICE, "sip:carol@biloxi.test");
	msg = world_hear_method(w, BILOXI, SIP_METHOD_INVITE);
	assert_true(world_heard_body(w, BILOXI, world_fingerprint[ALICE]));
	assert_true(sip_msg_header(msg, "Identity", 0).len > 0);
	assert_no_media();
}

/* A proved fingerprint does not become another one without a proof. */
static void a_new_key_is_proved(void **state)
{
	struct world *w = *state;
	char sdp[2048];
	struct talk t;

	bypass(w);
	world_register(w, BOB);
	world_connected_peer(w, &t);
	world_forget(w);
	world_request(w, &t, "INVITE", "", world_sdp(BILOXI, "actpass", 1, sdp, sizeof(sdp)));
	world_hear_code(w, BILOXI, 100);
	world_hear_code(w, BILOXI, 428);
	world_hear_nothing(w, BOB);
	assert_no_media();
}

/* What the caller's own leg does not take, and what the callee's cannot be told. */
static void refuses(void **state)
{
	static const struct {
		enum media_mode a, b;
		bool is_tried; /* 100 comes first */
		const char *sdp;
	} cases[] = {
		{MEDIA_MODE_BYPASS, MEDIA_MODE_RTP, true, PLAIN},
		{MEDIA_MODE_RTP, MEDIA_MODE_BYPASS, true, PLAIN},
		{MEDIA_MODE_BYPASS, MEDIA_MODE_BYPASS, false, "v=0\r\n"},
		{MEDIA_MODE_BYPASS, MEDIA_MODE_BYPASS, false, "chess"},
		{MEDIA_MODE_BYPASS, MEDIA_MODE_BYPASS, true, KEYS}, /* bob's hop is UDP */
	};
	struct world *w = *state;
	struct talk t;

	world_register(w, BOB);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		w->users[0].media = cases[i].a;
		w->users[1].media = cases[i].b;
		w->sdp[ALICE] = cases[i].sdp;
		if (cases[i].is_tried) {
			world_call(w, &t, ALICE, "sip:bob@atlanta.test");
			world_hear_code(w, ALICE, 488);
		} else {
			world_call_refused(w, &t, ALICE, "sip:bob@atlanta.test", 488);
		}
		world_hear_nothing(w, BOB);
		assert_no_media();
		world_forget(w);
	}
	w->users[1].media_rules.sdes_without_tls = true;
	w->sdp[ALICE] = KEYS;
	world_call(w, &t, ALICE, "sip:bob@atlanta.test");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	assert_body(w, BOB, KEYS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(crosses_as_it_is),
		TEST(late_offer_crosses),
		TEST(signs_the_ends_fingerprint),
		TEST(a_new_key_is_proved),
		TEST(refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
