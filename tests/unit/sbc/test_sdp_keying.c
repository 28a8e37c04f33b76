/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which keying a section gets: rows SDP-1, SDP-2, SDP-3, SDP-30, SDP-31; M8. */

#include "tests/cmocka_first.h"

#include "sbc/sdp_keying.h"

#define HEAD "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
#define TLS  HEAD "m=audio 4000 UDP/TLS/RTP/SAVP 0\r\n"
#define SAVP HEAD "m=audio 4000 RTP/SAVP 0\r\n"
#define AVP  HEAD "m=audio 4000 RTP/AVP 0\r\n"
#define KEY                                                                                    \
	"a=fingerprint:sha-256 A1:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:"               \
	"11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00\r\n"
#define WEAK                                                                                   \
	"a=fingerprint:sha-1 A1:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:"                 \
	"11:22:33:44\r\n"
#define K30  " inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd\r\n"
#define CM80 "a=crypto:1 AES_CM_128_HMAC_SHA1_80" K30
#define CM32 "a=crypto:2 AES_CM_128_HMAC_SHA1_32" K30
#define MKI                                                                                    \
	"a=crypto:1 AES_CM_128_HMAC_SHA1_80 "                                                  \
	"inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd|1:4\r\n"

static const struct sdp_rules dtls = {.takes_dtls = true};
static const struct sdp_rules sdes = {.takes_dtls = true, .takes_sdes = true};
static const struct sdp_rules keys = {.takes_sdes = true};
static const struct sdp_rules plain = {.takes_plain = true};
static const struct sdp_rules any = {true, true, true};

static struct sdp *parse(struct arena *arena, const char *text)
{
	const char *why;
	struct sdp *sdp;

	arena_init(arena, 65536);
	assert_int_equal(0, sdp_parse(&sdp, arena, slice_str(text), &why));
	return sdp;
}

static void chooses(void **state)
{
	static const struct {
		const char *text;
		const struct sdp_rules *rules;
		enum sdp_keying keying;
		const char *why; /* it is refused; NULL with a keying */
	} table[] = {
		/* SDP-2: the fingerprint decides, not the proto's word. */
		{TLS KEY, &dtls, SDP_DTLS, NULL},
		{SAVP KEY, &dtls, SDP_DTLS, NULL},
		{AVP KEY, &dtls, SDP_DTLS, NULL},
		/* SDP-3: both kinds: DTLS. */
		{SAVP KEY CM80, &sdes, SDP_DTLS, NULL},
		{SAVP KEY CM80, &any, SDP_DTLS, NULL},
		{SAVP KEY CM80, &keys, SDP_SDES, NULL},
		/* M8: never less than the rules say. */
		{SAVP CM80, &dtls, SDP_REFUSED, "keys in the description, no a=fingerprint"},
		{AVP, &dtls, SDP_REFUSED, "no a=fingerprint"},
		{AVP, &sdes, SDP_REFUSED, "neither a=crypto nor a=fingerprint"},
		{SAVP WEAK, &dtls, SDP_REFUSED, "only fingerprints of weak or unknown hashes"},
		{TLS WEAK, &any, SDP_REFUSED, "only fingerprints of weak or unknown hashes"},
		{SAVP, &any, SDP_REFUSED, "neither a=crypto nor a=fingerprint"},
		{SAVP MKI, &sdes, SDP_REFUSED, "no a=crypto that we could take"},
		{SAVP MKI KEY, &sdes, SDP_DTLS, NULL},
		{SAVP CM80, &sdes, SDP_SDES, NULL},
		{TLS CM80, &sdes, SDP_REFUSED, "no a=crypto that we could take"},
		/* RTP/AVP with keys is an offer to do better (RFC 8643), elsewhere nothing. */
		{AVP CM80, &any, SDP_SDES, NULL},
		{AVP KEY CM80, &any, SDP_DTLS, NULL},
		{AVP CM80, &sdes, SDP_REFUSED, "no a=crypto that we could take"},
		{AVP, &any, SDP_PLAIN, NULL},
		/* Where plain RTP is agreed, that it is. */
		{AVP, &plain, SDP_PLAIN, NULL},
		{AVP KEY CM80, &plain, SDP_PLAIN, NULL},
		{SAVP CM80, &plain, SDP_REFUSED, "protected media where plain RTP is agreed"},
		{TLS KEY, &plain, SDP_REFUSED, "protected media where plain RTP is agreed"},
		{HEAD "m=audio 4000 TCP/RTP/AVP 0\r\n", &any, SDP_REFUSED,
			"no transport that we speak"},
		{HEAD "m=image 4000 udptl t38\r\n", &any, SDP_REFUSED,
			"a kind of media that we do not relay"},
		{HEAD "m=video 4000 RTP/AVPF 96\r\n", &any, SDP_PLAIN, NULL},
		{HEAD "m=text 4000 RTP/AVP 98\r\n", &any, SDP_PLAIN, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct arena arena;
		struct sdp *sdp = parse(&arena, table[i].text);
		enum sdp_keying keying = SDP_DTLS;
		const char *why = sdp_choose(&sdp->media[0], table[i].rules, &keying);

		if (keying != table[i].keying || !why != !table[i].why)
			fail_msg("row %zu: %d, %s", i, (int)keying, why ? why : "");
		if (why)
			assert_string_equal(table[i].why, why);
		arena_fini(&arena);
	}
}

/* RFC 4568 section 5.1.3, SDP-31. */
static void checks_answers(void **state)
{
	static const struct sdes_line ours[] = {
		{.tag = 1, .profile = 1}, {.tag = 2, .profile = 2}};
	static const struct {
		const char *text;
		enum sdp_keying keying;
		size_t line;
		const char *why;
	} table[] = {
		{SAVP CM80, SDP_SDES, 0, NULL},
		{SAVP CM32, SDP_SDES, 1, NULL},
		{SAVP "a=crypto:3 AES_CM_128_HMAC_SHA1_80" K30, SDP_REFUSED, 0,
			"a=crypto with a tag that was not offered"},
		{SAVP "a=crypto:2 AES_CM_128_HMAC_SHA1_80" K30, SDP_REFUSED, 0,
			"a=crypto with a tag that was not offered"},
		{SAVP CM80 CM32, SDP_REFUSED, 0, "not one a=crypto in the answer"},
		{SAVP CM80 MKI, SDP_REFUSED, 0, "not one a=crypto in the answer"},
		{SAVP, SDP_REFUSED, 0, "neither a=crypto nor a=fingerprint"},
		{AVP, SDP_REFUSED, 0, "neither a=crypto nor a=fingerprint"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct arena arena;
		struct sdp *sdp = parse(&arena, table[i].text);
		enum sdp_keying keying = SDP_DTLS;
		size_t line = 0;
		const char *why =
			sdp_check_answer(&sdp->media[0], &sdes, ours, 2, &keying, &line);

		if (keying != table[i].keying || !why != !table[i].why)
			fail_msg("row %zu: %d, %s", i, (int)keying, why ? why : "");
		if (why)
			assert_string_equal(table[i].why, why);
		else
			assert_int_equal(table[i].line, line);
		arena_fini(&arena);
	}
}

/* Our order decides among what is offered. */
static void chooses_a_suite(void **state)
{
	static const uint16_t order[] = {8, 2, 1};
	struct arena arena;
	struct sdp *sdp = parse(&arena, SAVP CM80 CM32);

	(void)state;
	assert_int_equal(2, sdp_choose_crypto(&sdp->media[0], order, 3)->profile);
	assert_int_equal(1, sdp_choose_crypto(&sdp->media[0], order + 2, 1)->profile);
	assert_null(sdp_choose_crypto(&sdp->media[0], order, 1));
	assert_true(sdp_proto_has_feedback(SLICE("RTP/AVPF")));
	assert_false(sdp_proto_has_feedback(SLICE("RTP/SAVP")));
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chooses),
		cmocka_unit_test(checks_answers),
		cmocka_unit_test(chooses_a_suite),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
