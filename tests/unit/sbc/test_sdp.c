/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading session descriptions: RFC 8866, rows SDP-1 to SDP-9, SDP-16, SDP-28 to SDP-33. */

#include "tests/cmocka_first.h"

#include "base/mem.h"
#include "sbc/sdp.h"
#include "tests/unit/sbc/message.h"
#include "tests/unit/sbc/sdp_find.h"

#define F256(x)                                                                                \
	"sha-256 " x ":22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:"                          \
	"11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00"
#define F1(x)    "sha-1 " x ":22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44"
#define SESSION  "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
#define AUDIO    "m=audio 4000 UDP/TLS/RTP/SAVPF 0 101\r\n"
#define KEY      "a=fingerprint:" F256("A1") "\r\n"
#define X64      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define COMPLETE SESSION AUDIO KEY "a=setup:actpass\r\n"

struct read {
	struct arena arena;
	struct sdp *sdp; /* NULL: refused */
	const char *why;
	int err;
};

static void read_text(struct read *r, const char *text)
{
	*r = (struct read){0};
	arena_init(&r->arena, 256 * 1024);
	r->err = sdp_parse(&r->sdp, &r->arena, slice_str(text), &r->why);
}

static void read_fini(struct read *r)
{
	arena_fini(&r->arena);
}

static void reads_a_description(void **state)
{
	struct read r;
	const struct sdp_media *media;
	char text[NETADDR_TEXT_MAX];

	(void)state;
	read_text(&r,
		"v=0\r\no=alice 5 6 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n"
		"m=audio 4000 UDP/TLS/RTP/SAVPF 111 0 101\r\nc=IN IP6 2001:db8::1\r\n"
		"b=AS:64\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\n"
		"a=ptime:20\r\na=mid:0\r\na=ssrc:1 cname:x\r\na=candidate:1 1 UDP 1 h 1 typ "
		"host\r\n"
		"a=rtcp-fb:111 transport-cc\r\na=rtcp-mux\r\na=rtcp:4005 IN IP4 192.0.2.9\r\n"
		"a=setup:passive\r\n" KEY "a=sendonly\r\na=crypto:1 x inline:y\r\n"
		"m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\n");
	assert_int_equal(0, r.err);
	assert_slice("alice 5 6 IN IP4 192.0.2.1", r.sdp->origin);
	assert_int_equal(2, r.sdp->media_count);
	media = &r.sdp->media[0];
	assert_slice("audio", media->kind);
	assert_int_equal(4000, media->port);
	assert_slice("UDP/TLS/RTP/SAVPF", media->proto);
	assert_int_equal(3, media->format_count);
	assert_slice("101", media->formats[2]);
	assert_string_equal("[2001:db8::1]:4000", netaddr_print(&media->address, text));
	assert_int_equal(4005, media->rtcp_port);
	assert_true(media->rtcp_mux);
	assert_int_equal(1, media->crypto_seen);
	assert_int_equal(SDP_SETUP_PASSIVE, media->setup);
	assert_int_equal(1, media->fingerprints.count);
	assert_int_equal(SDP_SENDONLY, media->direction);
	/* About codecs only: no mid, ssrc, candidate of the other leg. */
	assert_int_equal(4, media->attribute_count);
	assert_slice("rtpmap:111 opus/48000/2", media->attributes[0]);
	assert_slice("fmtp:111 useinbandfec=1", media->attributes[1]);
	assert_slice("ptime:20", media->attributes[2]);
	assert_slice("rtcp-fb:111 transport-cc", media->attributes[3]);
	media = &r.sdp->media[1];
	assert_slice("video", media->kind);
	assert_int_equal(0, media->port);
	assert_int_equal(SDP_SENDRECV, media->direction);
	assert_false(netaddr_is_set(&media->address));
	read_fini(&r);
}

/* What devices send although the grammar says otherwise; osip refuses most of these. */
static void is_tolerant(void **state)
{
	static const char *const table[] = {
		"v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\n"
		"m=audio 4000 UDP/TLS/RTP/SAVPF 0\na=fingerprint:" F256("A1"), /* LF, no end */
		"v=0\r\nc=IN IP4 192.0.2.1\r\n" AUDIO KEY, /* no o=, s=, t= */
		"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n" AUDIO
			KEY,                                           /* s= empty */
		SESSION AUDIO KEY "a=\r\na=e:\r\n",                    /* empty attribute */
		SESSION AUDIO KEY "b=AS:64\r\nc=IN IP4 192.0.2.1\r\n", /* after a= */
		SESSION "z=1 -1h\r\ny=unknown\r\n" AUDIO KEY,          /* unknown type */
		SESSION "t=0 0\r\na=tool:x\r\n" AUDIO KEY "\r\n\r\n",  /* empty lines */
		SESSION "m=audio  4000  UDP/TLS/RTP/SAVPF  0  101 \r\n" KEY, /* blanks */
		SESSION "m=audio 4000/1 UDP/TLS/RTP/SAVPF 0\r\n" KEY,
		SESSION AUDIO "a=fingerprint: SHA-256  a1:22:33:44:55:66:77:88:99:aa:bb:cc:dd:"
			      "ee:ff:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:00 \r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct read r;
		size_t index = 9;
		read_text(&r, table[i]);
		if (r.err || find_dtls_audio(r.sdp, &index, &r.why))
			fail_msg("row %zu: %s", i, r.why);
		assert_int_equal(0, index);
		assert_int_equal(0xA1, r.sdp->media[0].fingerprints.items[0].digest[0]);
		read_fini(&r);
	}
}

static void is_strict(void **state)
{
	static const struct {
		const char *text;
		int err;
		const char *why;
	} table[] = {
		{"", SBC_EPARSE, "no description"},
		{"\r\n\r\n", SBC_EPARSE, "no description"},
		{"v=1\r\n", SBC_EPARSE, "no v=0"},
		{AUDIO, SBC_EPARSE, "no v=0"},
		{SESSION "hello\r\n", SBC_EPARSE, "a line that is none"},
		{SESSION "m =video 3227 RTP/AVP 31\r\n", SBC_EPARSE, "a line that is none"},
		{SESSION " a=x\r\n", SBC_EPARSE, "a line that is none"},
		{SESSION AUDIO "a=x\ry\r\n", SBC_EPARSE, "a control byte"},
		{SESSION "m=audio\r\n", SBC_EPARSE, "broken m= line"},
		{SESSION "m=audio 4000\r\n", SBC_EPARSE, "broken m= line"},
		{SESSION "m=audio 65536 RTP/AVP 0\r\n", SBC_EPARSE, "broken m= line"},
		{SESSION "m=audio -1 RTP/AVP 0\r\n", SBC_EPARSE, "broken m= line"},
		{SESSION "m=audio 4000/x RTP/AVP 0\r\n", SBC_EPARSE, "broken m= line"},
		{SESSION "m=audio 4000 RTP/AVP \x01\r\n", SBC_EPARSE,
			"broken format in an m= line"},
		/* SDP-5: a digest that is not as long as its hash. */
		{SESSION AUDIO "a=fingerprint:sha-256 00:11\r\n", SBC_EPARSE,
			"malformed a=fingerprint"},
		{SESSION AUDIO KEY "a=fingerprint:\r\n", SBC_EPARSE, "malformed a=fingerprint"},
		{SESSION AUDIO KEY "a=setup:maybe\r\n", SBC_EPARSE, "unknown a=setup"},
		{SESSION AUDIO KEY "a=setup:active\r\na=setup:passive\r\n", SBC_EPARSE,
			"two different a=setup"},
		{SESSION AUDIO KEY "a=rtcp:x\r\n", SBC_EPARSE, "broken a=rtcp"},
		/* SDP-18: the characters of RFC 8842 section 4, at most 255 of them. */
		{SESSION AUDIO KEY "a=tls-id:\r\n", SBC_EPARSE, "malformed a=tls-id"},
		{SESSION AUDIO KEY "a=tls-id:0123456789abcdef 0123\r\n", SBC_EPARSE,
			"malformed a=tls-id"},
		{SESSION "a=tls-id:0123456789abcdef=0123\r\n" AUDIO KEY, SBC_EPARSE,
			"malformed a=tls-id"},
		{SESSION AUDIO KEY "a=tls-id:" X64 X64 X64 X64 "\r\n", SBC_EPARSE,
			"malformed a=tls-id"},
		{SESSION AUDIO KEY "a=tls-id:" X64 "\r\na=tls-id:y" X64 "\r\n", SBC_EPARSE,
			"two different a=tls-id"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct read r;
		read_text(&r, table[i].text);
		if (r.err != table[i].err || strcmp(r.why, table[i].why) != 0)
			fail_msg("row %zu: %s %s", i, err_name(r.err), r.why);
		assert_null(r.sdp);
		read_fini(&r);
	}
}

static void refuses_nul(void **state)
{
	static const char text[] = COMPLETE "a=x\0y\r\n";
	struct arena arena;
	struct sdp *sdp;
	const char *why;

	(void)state;
	arena_init(&arena, 65536);
	assert_int_equal(
		SBC_EPARSE, sdp_parse(&sdp, &arena, slice_of(text, sizeof(text) - 1), &why));
	arena_fini(&arena);
}

static void has_ceilings(void **state)
{
	static const struct {
		const char *start, *again;
		size_t max;
		const char *why;
	} table[] = {
		{"v=0\r\n", "a=x\r\n", SDP_LINE_MAX - 1, "too many lines"},
		{SESSION, AUDIO, SDP_MEDIA_MAX, "too many m= sections"},
		{SESSION "m=audio 4000 RTP/AVP", " 0", SDP_FORMAT_MAX,
			"too many formats in an m= line"},
		{SESSION AUDIO, "a=ptime:20\r\n", SDP_ATTRIBUTE_MAX, "too many attributes"},
	};
	static char text[65536];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t step = strlen(table[i].again);
		size_t len = (size_t)snprintf(text, sizeof(text), "%s", table[i].start);
		struct read r;
		for (size_t n = 0; n < table[i].max; n++, len += step)
			memcpy(text + len, table[i].again, step + 1);
		read_text(&r, text);
		if (r.err)
			fail_msg("row %zu: %s", i, r.why);
		read_fini(&r);
		memcpy(text + len, table[i].again, step + 1);
		read_text(&r, text);
		assert_int_equal(SBC_ELIMIT, r.err);
		assert_string_equal(table[i].why, r.why);
		read_fini(&r);
	}
}

/* A video section with very many attributes does not cost the call: they are not kept. */
static void overfull_video_is_no_fault_of_the_rest(void **state)
{
	static char text[16384];
	size_t len =
		(size_t)snprintf(text, sizeof(text), "%s", COMPLETE "m=video 9 RTP/AVP 96\r\n");
	struct read r;

	(void)state;
	for (int i = 0; i < 300; i++)
		len += (size_t)snprintf(
			text + len, sizeof(text) - len, "a=fmtp:96 x=%d\r\n", i);
	read_text(&r, text);
	assert_int_equal(0, r.err);
	assert_false(r.sdp->media[0].is_overfull);
	assert_true(r.sdp->media[1].is_overfull);
	read_fini(&r);
}

static void limits_fingerprints(void **state)
{
	char text[2048];
	size_t len = (size_t)snprintf(text, sizeof(text), "%s", SESSION AUDIO);
	struct read r;

	(void)state;
	for (int i = 0; i <= FINGERPRINT_SET_MAX; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
			"a=fingerprint:%s%d%s\r\n", "sha-1 0", i,
			":22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44");
	read_text(&r, text);
	assert_int_equal(SBC_ELIMIT, r.err);
	assert_string_equal("too many fingerprints", r.why);
	read_fini(&r);
}

/* SDP-32: "only" asks for the same, more urgently. */
static void reads_mux(void **state)
{
	struct read r;

	(void)state;
	read_text(&r, SESSION "a=rtcp-mux\r\n" AUDIO AUDIO "a=rtcp-mux\r\n" AUDIO
			      "a=rtcp-mux-only\r\n");
	assert_int_equal(0, r.err);
	assert_false(r.sdp->media[0].rtcp_mux); /* media level only */
	assert_true(r.sdp->media[1].rtcp_mux);
	assert_true(r.sdp->media[2].rtcp_mux);
	read_fini(&r);
}

/* MUX-3, RFC 5761 section 4: payload types that would be taken for RTCP are not used. */
static void passes_over_types_like_rtcp(void **state)
{
	struct read r;

	(void)state;
	read_text(&r, SESSION "m=audio 4000 UDP/TLS/RTP/SAVPF 63 64 72 95 96\r\n" KEY
			      "m=audio 4002 RTP/AVP 72\r\n" KEY "m=image 4004 udptl 72\r\n");
	assert_int_equal(0, r.err);
	assert_int_equal(2, r.sdp->media[0].format_count);
	assert_slice("63", r.sdp->media[0].formats[0]);
	assert_slice("96", r.sdp->media[0].formats[1]);
	assert_int_equal(0, r.sdp->media[1].format_count); /* so that it is refused */
	assert_int_equal(1, r.sdp->media[2].format_count);
	read_fini(&r);
}

/* SDP-7: what holds for the session holds for a section that does not say otherwise. */
static void applies_session_values(void **state)
{
	struct read r;

	(void)state;
	read_text(&r, SESSION KEY
		"a=setup:active\r\na=recvonly\r\n" AUDIO
		"m=audio 5000 RTP/AVP 0\r\nc=IN IP4 192.0.2.7\r\n"
		"a=fingerprint:" F256("B2") "\r\na=setup:passive\r\na=inactive\r\n");
	assert_int_equal(0, r.err);
	assert_int_equal(0xA1, r.sdp->media[0].fingerprints.items[0].digest[0]);
	assert_int_equal(SDP_SETUP_ACTIVE, r.sdp->media[0].setup);
	assert_int_equal(SDP_RECVONLY, r.sdp->media[0].direction);
	assert_int_equal(4000, netaddr_port(&r.sdp->media[0].address));
	assert_int_equal(1, r.sdp->media[1].fingerprints.count);
	assert_int_equal(0xB2, r.sdp->media[1].fingerprints.items[0].digest[0]);
	assert_int_equal(SDP_SETUP_PASSIVE, r.sdp->media[1].setup);
	assert_int_equal(SDP_INACTIVE, r.sdp->media[1].direction);
	assert_int_equal(5000, netaddr_port(&r.sdp->media[1].address));
	assert_false(netaddr_equal_host(&r.sdp->media[0].address, &r.sdp->media[1].address));
	/* MKY-4: the claim is about all of them. */
	assert_int_equal(2, r.sdp->all_fingerprints.count);
	read_fini(&r);
}

/* SDP-18, SDP-7: a name for each section; one for the session holds where none is. */
static void reads_tls_id(void **state)
{
	struct read r;

	(void)state;
	read_text(&r, SESSION "a=tls-id:session-0123456789/+_\r\n" AUDIO KEY "a=tls-id:" X64
			      "\r\na=TLS-ID: " X64 " \r\n" AUDIO KEY);
	assert_int_equal(0, r.err);
	assert_slice(X64, r.sdp->media[0].tls_id);
	assert_slice("session-0123456789/+_", r.sdp->media[1].tls_id);
	assert_int_equal(0, r.sdp->media[0].attribute_count); /* a leg's own: never crosses */
	read_fini(&r);
	read_text(&r, COMPLETE);
	assert_int_equal(0, r.sdp->media[0].tls_id.len);
	read_fini(&r);
}

static void finds_the_section(void **state)
{
	static const struct {
		const char *text;
		size_t index;
		const char *why; /* NULL: found */
	} table[] = {
		{COMPLETE, 0, NULL},
		{SESSION AUDIO KEY, 0, NULL}, /* SDP-16: no setup is for the caller to judge */
		/* SDP-1, SDP-2: the fingerprint decides, not the word. */
		{SESSION "m=audio 4000 UDP/TLS/RTP/SAVP 0\r\n" KEY, 0, NULL},
		{SESSION "m=audio 4000 RTP/SAVP 0\r\n" KEY, 0, NULL},
		{SESSION "m=audio 4000 RTP/SAVPF 0\r\n" KEY, 0, NULL},
		{SESSION "m=audio 4000 RTP/AVP 0\r\n" KEY, 0, NULL},
		{SESSION "m=audio 4000 RTP/AVPF 0\r\n" KEY, 0, NULL},
		{SESSION "m=audio 4000 TCP/TLS/RTP/SAVP 0\r\n" KEY, 0,
			"no transport that we speak"},
		{SESSION "m=video 9 RTP/AVP 96\r\nm=audio 0 RTP/AVP 0\r\n" KEY AUDIO KEY, 2,
			NULL},
		/* SDP-3: both kinds of keys: DTLS. */
		{COMPLETE "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n", 0, NULL},
		{SESSION "m=audio 4000 RTP/SAVP 0\r\na=crypto:1 x inline:y\r\n", 0,
			"keys in the description, no a=fingerprint"},
		{SESSION AUDIO, 0, "no a=fingerprint"},
		{SESSION "m=audio 0 RTP/AVP 0\r\n" KEY, 0, "the section is rejected"},
		{SESSION "m=video 9 RTP/AVP 96\r\n" KEY, 0, "no audio section"},
		{SESSION, 0, "no audio section"},
		{SESSION "m=audio 4000 RTP/AVP\r\n" KEY, 0, "no formats"},
		{"v=0\r\n" AUDIO KEY, 0, "no address to send to"},
		{"v=0\r\nc=IN IP4 host.example\r\n" AUDIO KEY, 0, "no address to send to"},
		{"v=0\r\nc=IN IP4 0.0.0.0\r\n" AUDIO KEY, 0, "no address to send to"},
		{"v=0\r\nc=IN IP6 192.0.2.1\r\n" AUDIO KEY, 0, "no address to send to"},
		{"v=0\r\nc=IN IP4 224.2.1.1/127\r\n" AUDIO KEY, 0, "no address to send to"},
		{"v=0\r\nc=TN RFC2543 +1\r\n" AUDIO KEY, 0, "no address to send to"},
		{SESSION "m=audio 4000/2 RTP/AVP 0\r\n" KEY, 0, "no address to send to"},
		/* SDP-6, SDP-9 */
		{SESSION AUDIO "a=fingerprint:" F1("A1") "\r\n", 0,
			"only fingerprints of weak or unknown hashes"},
		{SESSION AUDIO "a=fingerprint:md5 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:"
			       "EE:FF\r\n",
			0, "only fingerprints of weak or unknown hashes"},
		{SESSION AUDIO "a=fingerprint:sha3-256 00:11\r\n", 0,
			"only fingerprints of weak or unknown hashes"},
		/* SDP-8: a weak one beside a strong one does not matter, nor an unknown one. */
		{SESSION AUDIO "a=fingerprint:" F1("A1") "\r\na=fingerprint:new 00\r\n" KEY, 0,
			NULL},
		{SESSION AUDIO KEY "a=setup:holdconn\r\n", 0, "a=setup:holdconn"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct read r;
		size_t index = 9;
		int err;
		read_text(&r, table[i].text);
		if (r.err)
			fail_msg("row %zu: %s", i, r.why);
		err = find_dtls_audio(r.sdp, &index, &r.why);
		if (table[i].why) {
			assert_int_equal(SBC_EPROTO, err);
			assert_int_equal(9, index); /* untouched */
			assert_string_equal(table[i].why, r.why);
		} else {
			if (err)
				fail_msg("row %zu: %s", i, r.why);
			assert_int_equal(table[i].index, index);
		}
		read_fini(&r);
	}
}

static void without_memory(void **state)
{
	struct arena arena;
	struct sdp *sdp = NULL;
	const char *why;

	(void)state;
	arena_init(&arena, 65536);
	mem_fail_after(0);
	assert_int_equal(SBC_ENOMEM, sdp_parse(&sdp, &arena, SLICE(COMPLETE), &why));
	mem_fail_after(-1);
	assert_null(sdp);
	arena_fini(&arena);
	arena_init(&arena, 1024); /* room for the head, not for the section */
	assert_int_equal(SBC_ENOMEM, sdp_parse(&sdp, &arena, SLICE(COMPLETE), &why));
	assert_string_equal("no memory", why);
	arena_fini(&arena);
}

/* baresip puts key and role on session level, and blanks nowhere. */
static void reads_baresip(void **state)
{
	char bytes[4096];
	struct parsed p;
	struct sdp *sdp;
	const char *why;
	size_t index;

	(void)state;
	parse_slice(&p, read_vector("tests/vectors/baresip/invite", bytes, sizeof(bytes)));
	assert_int_equal(0, sdp_parse(&sdp, &p.arena, p.msg->body, &why));
	assert_int_equal(0, find_dtls_audio(sdp, &index, &why));
	assert_int_equal(SDP_SETUP_ACTPASS, sdp->media[0].setup);
	assert_int_equal(
		FINGERPRINT_SHA256, fingerprint_set_strongest(&sdp->media[0].fingerprints));
	assert_int_equal(4, sdp->media[0].format_count);
	assert_int_equal(9, sdp->media[0].attribute_count);
	assert_false(sdp->media[0].rtcp_mux);
	parsed_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_description),
		cmocka_unit_test(is_tolerant),
		cmocka_unit_test(is_strict),
		cmocka_unit_test(refuses_nul),
		cmocka_unit_test(has_ceilings),
		cmocka_unit_test(overfull_video_is_no_fault_of_the_rest),
		cmocka_unit_test(limits_fingerprints),
		cmocka_unit_test(reads_mux),
		cmocka_unit_test(applies_session_values),
		cmocka_unit_test(passes_over_types_like_rtcp),
		cmocka_unit_test(reads_tls_id),
		cmocka_unit_test(finds_the_section),
		cmocka_unit_test(without_memory),
		cmocka_unit_test(reads_baresip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
