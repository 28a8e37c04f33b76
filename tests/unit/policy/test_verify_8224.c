/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One Identity header field of RFC 8224: what is accepted, and every way to be refused. */

#include "tests/unit/policy/scene.h"

static void verifies_what_we_sign(void **state)
{
	struct scene *s = *state;

	assert_int_equal(0, scene_sign(s, true, false));
	assert_int_equal(0, scene_verify(s));
	assert_int_equal(1, s->fetches);
	assert_int_equal(IDENTITY_RFC8224, s->verdict.mechanism);
	assert_string_equal("sip:alice@atlanta.test", s->verdict.identity);
	assert_string_equal("atlanta.test", s->verdict.domain);
	assert_string_equal("atlanta.test", s->verdict.subject);
	assert_string_equal(URL, s->verdict.url);
	assert_int_equal(NOW, s->verdict.signed_at);
	assert_true(fingerprint_set_equal(&s->fingerprints, &s->verdict.fingerprints));
}

/* Rightly signed texts that must be refused all the same. The certificate is in the cache,
 * so that nothing but the claims is in the way. */
#define H(more) "{\"alg\":\"ES256\"," more "\"typ\":\"passport\",\"x5u\":\"" URL "\"}"
#define P(dest, iat, mky, orig)                                                                \
	"{\"dest\":" dest ",\"iat\":" iat ",\"mky\":" mky ",\"orig\":" orig "}"
#define DEST "{\"uri\":[\"sip:bob@biloxi.test\"]}"
#define ORIG "{\"uri\":\"sip:alice@atlanta.test\"}"
#define DIG  "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF"
static const struct {
	const char *header, *payload, *params;
	int code;
} claim_table[] = {
	{HEADER_JSON, PAYLOAD_JSON, PARAMS, 0},
	{HEADER_JSON, PAYLOAD_JSON, ";info=<" URL ">", 0},   /* ID8224-3: alg absent */
	{HEADER_JSON, PAYLOAD_JSON, PARAMS ";canon=abc", 0}, /* ID8224-6 */
	/* ID8224-36: another order and blanks are not wrong, the bytes are signed. */
	{"{ \"x5u\":\"https:\\/\\/atlanta.test/cert\",\"typ\":\"passport\","
	 "\"alg\":\"ES256\" }",
		" {\"orig\":" ORIG ",\"mky\":" MKY_JSON ",\"iat\":1798761600,\"dest\":" DEST
		"}",
		PARAMS, 0},
	{H("\"kid\":\"x\","), PAYLOAD_JSON, PARAMS, 0}, /* RFC 7515: ignored */
	/* I3: alg and keys that come along. */
	{"{\"alg\":\"none\",\"typ\":\"passport\",\"x5u\":\"" URL "\"}", PAYLOAD_JSON, PARAMS,
		438},
	{"{\"alg\":\"nOnE\",\"typ\":\"passport\",\"x5u\":\"" URL "\"}", PAYLOAD_JSON,
		";info=<" URL ">;alg=nOnE", 437},
	{"{\"alg\":\"HS256\",\"typ\":\"passport\",\"x5u\":\"" URL "\"}", PAYLOAD_JSON, PARAMS,
		438},
	{"{\"alg\":\"RS256\",\"typ\":\"passport\",\"x5u\":\"" URL "\"}", PAYLOAD_JSON,
		";info=<" URL ">;alg=RS256", 437},
	{"{\"alg\":[\"ES256\"],\"typ\":\"passport\",\"x5u\":\"" URL "\"}", PAYLOAD_JSON, PARAMS,
		438},
	{H("\"crit\":[\"x\"],"), PAYLOAD_JSON, PARAMS, 438},
	{H("\"jwk\":{},"), PAYLOAD_JSON, PARAMS, 438},
	{H("\"x5c\":[],"), PAYLOAD_JSON, PARAMS, 438},
	{H("\"jku\":\"https://evil.test/\","), PAYLOAD_JSON, PARAMS, 438},
	{"{\"alg\":\"ES256\",\"typ\":\"JWT\",\"x5u\":\"" URL "\"}", PAYLOAD_JSON, PARAMS, 438},
	{"{\"alg\":\"ES256\",\"typ\":\"passport\"}", PAYLOAD_JSON, PARAMS, 438},
	/* I14, ID8224-33: header and parameters say the same. */
	{"{\"alg\":\"ES256\",\"typ\":\"passport\",\"x5u\":\"https://evil.test/\"}",
		PAYLOAD_JSON, PARAMS, 438},
	{H("\"ppt\":\"shaken\","), PAYLOAD_JSON, PARAMS, 438},
	{HEADER_JSON, PAYLOAD_JSON, PARAMS ";ppt=shaken", 438},
	{H("\"ppt\":\"div\","), PAYLOAD_JSON, PARAMS ";ppt=div", 428}, /* ID8224-30, PP-7 */
	/* ID8224-40: shaken without attest and origid. */
	{H("\"ppt\":\"shaken\","), PAYLOAD_JSON, PARAMS ";ppt=\"shaken\"", 438},
	/* I4, ID8224-34, NEG-2: 60 s, both sides; no other type than an integer (V8225-71). */
	{HEADER_JSON, P(DEST, "1798761540", MKY_JSON, ORIG), PARAMS, 0},
	{HEADER_JSON, P(DEST, "1798761539", MKY_JSON, ORIG), PARAMS, 403},
	{HEADER_JSON, P(DEST, "1798761660", MKY_JSON, ORIG), PARAMS, 0},
	{HEADER_JSON, P(DEST, "1798761661", MKY_JSON, ORIG), PARAMS, 403},
	{HEADER_JSON, P(DEST, "9223372036854775807", MKY_JSON, ORIG), PARAMS, 403},
	{HEADER_JSON, P(DEST, "9223372036854775808", MKY_JSON, ORIG), PARAMS, 438},
	{HEADER_JSON, P(DEST, "-1798761600", MKY_JSON, ORIG), PARAMS, 438},
	{HEADER_JSON, P(DEST, "0", MKY_JSON, ORIG), PARAMS, 438},
	{HEADER_JSON, P(DEST, "\"1798761600\"", MKY_JSON, ORIG), PARAMS, 438},
	{HEADER_JSON, P(DEST, "1798761600.0", MKY_JSON, ORIG), PARAMS, 438},
	{HEADER_JSON, P(DEST, "1.7987616e9", MKY_JSON, ORIG), PARAMS, 438},
	{HEADER_JSON, P(DEST, "null", MKY_JSON, ORIG), PARAMS, 438},
	/* I6, ID8224-32, ID8224-37: orig is From, dest is To. */
	{HEADER_JSON, P(DEST, "1798761600", MKY_JSON, "{\"uri\":\"sip:eve@atlanta.test\"}"),
		PARAMS, 438},
	{HEADER_JSON, P(DEST, "1798761600", MKY_JSON, "{\"tn\":\"12155551212\"}"), PARAMS, 438},
	{HEADER_JSON, P("{\"uri\":[\"sip:eve@biloxi.test\"]}", "1798761600", MKY_JSON, ORIG),
		PARAMS, 438},
	/* PP-3: both kinds of destination, strings in any order when they are read. */
	{HEADER_JSON,
		P("{\"tn\":[\"12155551212\"],\"uri\":[\"sip:x@y\",\"sip:bob@BILOXI."
		  "test\"]}",
			"1798761600", MKY_JSON, ORIG),
		PARAMS, 0},
	/* ID8224-16: dest an object of arrays, orig one string. */
	{HEADER_JSON, P("[\"sip:bob@biloxi.test\"]", "1798761600", MKY_JSON, ORIG), PARAMS,
		438},
	{HEADER_JSON, P("{\"uri\":\"sip:bob@biloxi.test\"}", "1798761600", MKY_JSON, ORIG),
		PARAMS, 438},
	{HEADER_JSON, P("{\"uri\":[]}", "1798761600", MKY_JSON, ORIG), PARAMS, 438},
	{HEADER_JSON,
		P(DEST, "1798761600", MKY_JSON,
			"{\"uri\":\"sip:alice@atlanta.test\",\"tn\":\"1\"}"),
		PARAMS, 438},
	{HEADER_JSON, P(DEST, "1798761600", MKY_JSON, "\"sip:alice@atlanta.test\""), PARAMS,
		438},
	{HEADER_JSON, P(DEST, "1798761600", MKY_JSON, "{\"uri\":[\"sip:alice@atlanta.test\"]}"),
		PARAMS, 438},
	/* I9, ID8224-43: mky names the same keys, no more and no less. */
	{HEADER_JSON, P(DEST, "1798761600", "[]", ORIG), PARAMS, 438},
	{HEADER_JSON, P(DEST, "1798761600", "{}", ORIG), PARAMS, 438},
	{HEADER_JSON, P(DEST, "1798761600", "null", ORIG), PARAMS, 438},
	{HEADER_JSON,
		P(DEST, "1798761600",
			"[{\"alg\":\"SHA-256\",\"dig\":"
			"\"00112233445566778899aabbccddeeff00112233445566778899aabbcc"
			"ddeeff\"}]",
			ORIG),
		PARAMS, 0}, /* MKY-6: either case */
	{HEADER_JSON,
		P(DEST, "1798761600",
			"[{\"alg\":\"sha-256\",\"dig\":"
			"\"01112233445566778899AABBCCDDEEFF00112233445566778899AABBCC"
			"DDEEFF\"}]",
			ORIG),
		PARAMS, 438},
	{HEADER_JSON,
		P(DEST, "1798761600",
			"[{\"alg\":\"sha-256\",\"dig\":\"" DIG "\"},{\"alg\":\"sha-1\","
			"\"dig\":\"00112233445566778899AABBCCDDEEFF00112233\"}]",
			ORIG),
		PARAMS, 438}, /* one too many */
	{HEADER_JSON,
		P(DEST, "1798761600", "[{\"alg\":\"sha-256\",\"dig\":\"" DIG "00\"}]", ORIG),
		PARAMS, 438},
	{HEADER_JSON,
		P(DEST, "1798761600", "[{\"alg\":\"sha-256\",\"dig\":\"" DIG "\",\"x\":1}]",
			ORIG),
		PARAMS, 438},
	{HEADER_JSON, "{\"dest\":" DEST ",\"iat\":1798761600,\"orig\":" ORIG "}", PARAMS,
		438}, /* ID8224-44, NEG-4: required */
	/* I8, PP-8, NEG-14: strict JSON. */
	{HEADER_JSON,
		"{\"dest\":" DEST ",\"iat\":1798761600,\"iat\":1798761600,\"mky\":" MKY_JSON
		",\"orig\":" ORIG "}",
		PARAMS, 438},
	{HEADER_JSON, PAYLOAD_JSON "x", PARAMS, 438},
	{HEADER_JSON, "[" PAYLOAD_JSON "]", PARAMS, 438},
	{HEADER_JSON, "\"\"", PARAMS, 438},
	{HEADER_JSON,
		"{\"dest\":" DEST ",\"iat\":1798761600,\"mky\":" MKY_JSON ",\"orig\":" ORIG
		",\"x\":[[[[1]]]]}",
		PARAMS, 438}, /* ID8224-8: too deep */
	/* ID8224-2: info. */
	{HEADER_JSON, PAYLOAD_JSON, "", 436},
	{HEADER_JSON, PAYLOAD_JSON, ";info=" URL, 436},
	{HEADER_JSON, PAYLOAD_JSON, ";info=<>", 436},
	{HEADER_JSON, PAYLOAD_JSON, PARAMS ";INFO=<" URL ">", 438}, /* ID8224-5 */
	{HEADER_JSON, PAYLOAD_JSON, PARAMS ";alg=ES256", 438},
	{HEADER_JSON, PAYLOAD_JSON, ";info=<" URL ">;alg=", 438},
	/* PP-9: http is not allowed here. */
	{HEADER_JSON, PAYLOAD_JSON, ";info=<http://atlanta.test/cert>", 436},
	{HEADER_JSON, PAYLOAD_JSON, ";info=<file:///etc/passwd>", 436}, /* I12 */
	{HEADER_JSON, PAYLOAD_JSON, ";info=<https://a@atlanta.test/>", 436},
	{HEADER_JSON, PAYLOAD_JSON, ";info=<https://evil.test\\@atlanta.test/>", 436},
	{HEADER_JSON, PAYLOAD_JSON, ";info=<cid:1>", 436},
};

static void claims(void **state)
{
	struct scene *s = *state;

	assert_int_equal(0, scene_sign(s, true, false));
	assert_int_equal(0, scene_verify(s));
	s->fetches = 0;
	for (size_t i = 0; i < COUNT_OF(claim_table); i++) {
		int code;
		scene_forget(s);
		scene_add_token(s, claim_table[i].header, claim_table[i].payload,
			claim_table[i].params);
		code = scene_verify(s);
		if (code != claim_table[i].code)
			fail_msg("row %zu: %d instead of %d: %s", i, code, claim_table[i].code,
				s->verdict.why);
		assert_int_equal(0, s->fetches); /* ID4474-45: all of them are cheap */
	}
}

/* I2, ID8224-48, NEG-5. */
static void signatures(void **state)
{
	struct scene *s = *state;
	struct slice honest, text;
	uint8_t bytes[CRYPTO_ES256_LEN];
	struct buf value, der;
	size_t signature_at;

	scene_add_token(s, HEADER_JSON, PAYLOAD_JSON, "");
	honest = s->facts.identity[0];
	buf_init(&value, 65536);
	buf_init(&der, 256);
	signature_at = honest.len - 86;
	text = slice_head(honest, signature_at - 1);
	assert_int_equal(0, crypto_ecdsa_sign_der(s->key, text, &der));
	for (int i = 0; i < 7; i++) {
		buf_reset(&value);
		buf_put_slice(&value, slice_head(honest, signature_at));
		memset(bytes, i == 1 ? 0xff : 0, sizeof(bytes));
		if (i == 2)
			bytes[31] = bytes[63] = 1; /* r = s = 1 */
		if (i < 3)                         /* zero, beyond the order, one */
			b64_encode(&value, B64_URL, bytes, sizeof(bytes));
		else if (i == 3) /* short by a byte */
			b64_encode(&value, B64_URL, bytes, sizeof(bytes) - 1);
		else if (i == 4) /* DER instead of r and s */
			b64_encode(&value, B64_URL, der.data, der.len);
		else if (i == 5) /* base64 with padding */
			buf_printf(&value, "%.*s==", 86, honest.ptr + signature_at);
		else /* of another text */
			buf_put_slice(&value, slice_from(honest, signature_at));
		if (i == 6)
			value.data[60] ^= 1;
		buf_put_str(&value, PARAMS);
		scene_forget(s);
		scene_add(s, buf_slice(&value));
		assert_int_equal(438, scene_verify(s));
	}
	buf_fini(&value);
	buf_fini(&der);
}

/* I6, I9, KAM-18: the message was changed after signing. */
static void changed_message(void **state)
{
	struct scene *s = *state;

	assert_int_equal(0, scene_sign(s, true, false));
	s->facts.from_uri = SLICE("sip:eve@atlanta.test");
	assert_int_equal(438, scene_verify(s));
	s->facts.from_uri = SLICE("sip:alice@atlanta.test");
	s->facts.to_uri = SLICE("sip:eve@biloxi.test");
	assert_int_equal(438, scene_verify(s));
	s->facts.to_uri = SLICE("sip:bob@biloxi.test");
	scene_set_fingerprint(s, OTHER_FINGERPRINT);
	assert_int_equal(438, scene_verify(s));
	assert_string_equal("mky does not name the fingerprints of the body", s->verdict.why);
	s->facts.body = SLICE("v=0\r\na=rtpengine:1a\r\n"); /* KAM-17 */
	s->facts.contact_uri = SLICE("sip:a@b;alias=c");    /* not signed here */
	assert_int_equal(438, scene_verify(s));
	assert_string_equal("mky does not name the fingerprints of the body: the body went "
			    "through rtpengine",
		s->verdict.why);
	s->fingerprints.count = 0; /* ID8224-43: mky, but nothing in the body */
	assert_int_equal(438, scene_verify(s));
	s->facts.fingerprints = NULL;
	assert_int_equal(438, scene_verify(s));
	s->facts.fingerprints = &s->fingerprints;
	scene_set_fingerprint(s, FINGERPRINT);
	assert_int_equal(0, scene_verify(s));
}

/* RFC 8224 section 6.2 step 4; ID8224-34, ID8224-35. */
static void dates(void **state)
{
	static const struct {
		const char *date;
		int code;
	} table[] = {
		{"", 0}, /* full form: iat is there */
		{"Fri, 01 Jan 2027 00:01:00 GMT", 0},
		{"Fri, 01 Jan 2027 00:01:01 GMT", 403},
		{"Thu, 31 Dec 2026 23:58:59 GMT", 403},
		{"Thu, 01 Jan 2027 00:00:00 GMT", 438}, /* it is a Friday */
		{"2027-01-01", 438},
	};
	struct scene *s = *state;

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		scene_forget(s);
		scene_add_token(s, HEADER_JSON, PAYLOAD_JSON, PARAMS);
		s->facts.date = slice_str(table[i].date);
		assert_int_equal(table[i].code, scene_verify(s));
	}
}

/* ID8224-1, ID8224-35: rebuilt from the message. */
static void compact_form(void **state)
{
	struct scene *s = *state;
	struct slice full;
	struct buf value;

	scene_add_token(s, HEADER_JSON, PAYLOAD_JSON, "");
	full = s->facts.identity[0];
	buf_init(&value, 1024);
	buf_printf(&value, "..%.*s" PARAMS, 86, full.ptr + full.len - 86);
	scene_forget(s);
	scene_add(s, buf_slice(&value));
	assert_int_equal(438, scene_verify(s)); /* no Date, no iat */
	s->facts.date = SLICE("Fri, 01 Jan 2027 00:00:01 GMT");
	assert_int_equal(438, scene_verify(s)); /* another iat than was signed */
	s->facts.date = SLICE(NOW_DATE);
	scene_set_fingerprint(s, OTHER_FINGERPRINT);
	assert_int_equal(438, scene_verify(s));
	scene_set_fingerprint(s, FINGERPRINT);
	assert_int_equal(0, scene_verify(s));
	assert_int_equal(1, s->verdict.fingerprints.count);
	s->now += 61;
	assert_int_equal(403, scene_verify(s));
	/* ID8224-18: claims that only the signer knows. */
	s->now = NOW;
	buf_put_str(&value, ";ppt=shaken");
	scene_forget(s);
	scene_add(s, buf_slice(&value));
	s->facts.date = SLICE(NOW_DATE);
	assert_int_equal(438, scene_verify(s));
	buf_fini(&value);
}

/* I10, I11, ID8224-39, RSP-437, CERT-1, CERT-5: one certificate each. */
static void certificates(void **state)
{
	static const struct {
		const char *file;
		int code;
	} table[] = {
		{"leaf.pem", 0},
		{"leaf.der", 0}, /* CERT-6 */
		{"chain.pem", 0},
		{"uri.pem", 0},
		{"several.pem", 0},
		{"after-2050.pem", 0},
		{"cn-only.pem", 0}, /* ID4474-35: only without any other name */
		{"cn-and-san.pem", 437},
		{"biloxi.pem", 437},
		{"longer.pem", 437},
		{"wildcard.pem", 437},
		{"nul.pem", 437},
		{"uri-user.pem", 437},
		{"expired.pem", 437},
		{"future.pem", 437},
		{"self-signed.pem", 437},
		{"untrusted.pem", 437},
		{"untrusted-with-root.pem", 437},
		{"imposter.pem", 437},
		{"signed-by-leaf.pem", 437},
		{"chain-expired.pem", 437},
		{"no-signing.pem", 437},
		{"critical.pem", 437},
		{"sha1.pem", 437},
		{"rsa.pem", 437},     /* CERT-5: an RSA key under ES256 */
		{"p384.pem", 437},    /* another curve */
		{"ed25519.pem", 437}, /* a key that we do not know */
		{"leaf.key", 436},    /* ID4474-32: no certificate at all */
		{"make.py", 436},
	};
	struct scene *s = *state;
	char path[128], url[64], header[256], payload[512], params[128];

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		int code;
		snprintf(path, sizeof(path), CERTS "%s", table[i].file);
		snprintf(url, sizeof(url), "https://a.test/%zu", i);
		snprintf(header, sizeof(header),
			"{\"alg\":\"ES256\",\"typ\":\"passport\",\"x5u\":\"%s\"}", url);
		snprintf(payload, sizeof(payload), "%s", PAYLOAD_JSON);
		snprintf(params, sizeof(params), ";info=<%s>", url);
		s->served = path;
		s->fetches = 0;
		scene_forget(s);
		scene_add_token(s, header, payload, params);
		code = scene_verify(s);
		if (code != table[i].code)
			fail_msg("%s: %d: %s", table[i].file, code, s->verdict.why);
	}
}

/* ID4474-46, NEG-1: what is in the cache is judged anew for each request. */
static void cached_certificate_of_another_domain(void **state)
{
	struct scene *s = *state;

	s->served = CERTS "biloxi.pem";
	s->facts.from_uri = SLICE("sip:carol@biloxi.test");
	scene_add_token(s, HEADER_JSON,
		P("{\"uri\":[\"sip:bob@biloxi.test\"]}", "1798761600", MKY_JSON,
			"{\"uri\":\"sip:carol@biloxi.test\"}"),
		PARAMS);
	assert_int_equal(0, scene_verify(s));
	scene_forget(s);
	s->facts.from_uri = SLICE("sip:alice@atlanta.test");
	scene_add_token(s, HEADER_JSON, PAYLOAD_JSON, PARAMS);
	assert_int_equal(437, scene_verify(s));
	assert_int_equal(1, s->fetches);
}

/* CERT-8, ID4474-41: valid now, but not yet when it was signed. */
static void signed_before_the_certificate(void **state)
{
	static const int64_t begins = INT64_C(2335219200); /* future.pem: 2044-01-01 */
	struct scene *s = *state;
	char payload[512];

	s->served = CERTS "future.pem";
	s->now = begins + 10;
	for (int i = 0; i < 2; i++) {
		snprintf(payload, sizeof(payload),
			"{\"dest\":" DEST ",\"iat\":%lld,\"mky\":" MKY_JSON ",\"orig\":" ORIG
			"}",
			(long long)begins - 1 + i);
		scene_forget(s);
		scene_add_token(s, HEADER_JSON, payload, PARAMS);
		assert_int_equal(i ? 0 : 437, scene_verify(s));
	}
}

/* CERT-7: a new key behind the same URL is found, once. */
static void rotated_key(void **state)
{
	struct scene *s = *state;

	s->served = CERTS "chain-of-three.pem"; /* same key as leaf.pem */
	assert_int_equal(0, scene_sign(s, true, false));
	assert_int_equal(0, scene_verify(s));
	crypto_key_free(s->key);
	s->key = load_key(CERTS "other.key");
	scene_forget(s);
	scene_add_token(s, HEADER_JSON, PAYLOAD_JSON, PARAMS);
	assert_int_equal(438, scene_verify(s)); /* fetched just now: no second time */
	assert_int_equal(1, s->fetches);
	s->now += 60;
	assert_int_equal(438, scene_verify(s));
	assert_int_equal(2, s->fetches);
	assert_int_equal(438, scene_verify(s));
	assert_int_equal(2, s->fetches);
}

/* I5, ID8224-31. */
static void replay(void **state)
{
	struct scene *s = *state;

	assert_int_equal(0, scene_sign(s, true, false));
	assert_int_equal(0, scene_verify(s));
	assert_int_equal(403, scene_verify(s)); /* the very same again */
	assert_string_equal("Replayed Identity", s->verdict.phrase);
	s->facts.cseq = 2; /* a digest retry (ID4474-43) */
	assert_int_equal(0, scene_verify(s));
	s->facts.method = SLICE("ACK");
	assert_int_equal(0, scene_verify(s)); /* has its INVITE's CSeq */
	s->facts.method = SLICE("BYE");
	s->facts.cseq = 3;
	assert_int_equal(403, scene_verify(s)); /* DEC-15 */
	s->facts.method = SLICE("INVITE");
	s->facts.call_id = SLICE("call2");
	assert_int_equal(403, scene_verify(s));
	s->facts.call_id = SLICE("call1");
	s->facts.from_tag = SLICE("tag2");
	assert_int_equal(403, scene_verify(s));
	s->facts.from_tag = SLICE("tag1");
	s->facts.cseq = 4;
	s->now += 60; /* fresh for the last time */
	assert_int_equal(0, scene_verify(s));
	assert_int_equal(403, scene_verify(s));
}

/* The twin that anybody can make of a signature is the same signature. */
static void replay_with_the_other_s(void **state)
{
	static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
		0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
	struct scene *s = *state;
	struct slice honest;
	struct buf raw, value;
	int borrow = 0;

	scene_add_token(s, HEADER_JSON, PAYLOAD_JSON, "");
	honest = s->facts.identity[0];
	buf_init(&raw, 64);
	buf_init(&value, 8192);
	assert_int_equal(0, b64_decode(&raw, B64_URL, slice_from(honest, honest.len - 86)));
	for (int i = 31; i >= 0; i--) {
		int d = order[i] - (uint8_t)raw.data[32 + i] - borrow;
		borrow = d < 0;
		raw.data[32 + i] = (char)(d & 0xff);
	}
	buf_put_slice(&value, slice_head(honest, honest.len - 86));
	b64_encode(&value, B64_URL, raw.data, raw.len);
	buf_put_str(&value, PARAMS);
	scene_forget(s);
	scene_add_token(s, HEADER_JSON, PAYLOAD_JSON, PARAMS);
	scene_forget(s);
	scene_add(s, buf_slice(&value));
	assert_int_equal(0, scene_verify(s)); /* it verifies ... */
	crypto_key_free(s->key);
	s->key = load_key(CERTS "leaf.key");
	for (int i = 31, carry = 0; i >= 0; i--) {
		int d = order[i] - (uint8_t)raw.data[32 + i] - carry;
		carry = d < 0;
		raw.data[32 + i] = (char)(d & 0xff);
	}
	value.len -= 86 + strlen(PARAMS);
	b64_encode(&value, B64_URL, raw.data, raw.len);
	buf_put_str(&value, PARAMS);
	scene_forget(s);
	scene_add(s, buf_slice(&value));
	s->facts.call_id = SLICE("call2");
	assert_int_equal(403, scene_verify(s)); /* ... but only one of the two */
	buf_fini(&raw);
	buf_fini(&value);
}

/* CAN-1, CAN-2, CAN-6, CAN-7: the same function on both sides. */
static void names(void **state)
{
	static const struct {
		const char *from, *to, *orig, *dest;
		int code;
	} table[] = {
		{"SIP:al%69ce:pw@ATLANTA.test;transport=tcp?Subject=x", "sip:bob@biloxi.test",
			"{\"uri\":\"sip:alice@atlanta.test\"}", DEST, 0},
		{"sip:alice@atlanta.test:5070", "sip:bob@biloxi.test",
			"{\"uri\":\"sip:alice@atlanta.test\"}", DEST, 0},
		{"sip:alice@atlanta.test:5070", "sip:bob@biloxi.test",
			"{\"uri\":\"sip:alice@atlanta.test:5070\"}", DEST, 0},
		{"sip:alice@atlanta.test", "sip:bob@biloxi.test",
			"{\"uri\":\"sip:alice@atlanta.test:5070\"}", DEST, 438},
		{"sips:alice@atlanta.test", "sip:bob@biloxi.test",
			"{\"uri\":\"sip:alice@atlanta.test\"}", DEST, 438}, /* CAN-8 */
		{"sip:+1-215-555-1212@atlanta.test", "tel:+1(215)555.1213",
			"{\"tn\":\"12155551212\"}", "{\"tn\":[\"12155551213\"]}", 0},
		{"sip:12155551212@atlanta.test;user=phone", "sip:+12155551213;npdi@h",
			"{\"tn\":\"+12155551212\"}", "{\"tn\":[\"12155551213\"]}", 0},
		{"sip:12155551212@atlanta.test", "sip:bob@biloxi.test",
			"{\"tn\":\"12155551212\"}", DEST, 0},
		{"sip:100@atlanta.test", "sip:bob@biloxi.test", "{\"tn\":\"100\"}", DEST,
			438}, /* CAN-5 */
		{"tel:+12155551212", "sip:bob@biloxi.test", "{\"tn\":\"12155551212\"}", DEST,
			437}, /* nobody vouches for a bare number here */
		{"sip:alice@atlanta.test", "sip:bob biloxi", "{}", DEST, 438},
	};
	struct scene *s = *state;
	char payload[1024];

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		int code;
		snprintf(payload, sizeof(payload),
			"{\"dest\":%s,\"iat\":1798761600,\"mky\":" MKY_JSON ",\"orig\":%s}",
			table[i].dest, table[i].orig);
		scene_forget(s);
		s->facts.from_uri = slice_str(table[i].from);
		s->facts.to_uri = slice_str(table[i].to);
		scene_add_token(s, HEADER_JSON, payload, PARAMS);
		code = scene_verify(s);
		if (code != table[i].code)
			fail_msg("row %zu: %d: %s", i, code, s->verdict.why);
	}
}

/* ID8224-49: out of memory anywhere is never "verified". */
static void out_of_memory(void **state)
{
	struct scene *s = *state;
	bool was_verified = false;

	assert_int_equal(0, scene_sign(s, true, false));
	assert_int_equal(0, scene_verify(s));
	assert_int_equal(0, scene_sign(s, true, false));
	for (long i = 0; !was_verified && i < 100; i++) {
		mem_fail_after(i);
		policy_verify(s->policy, &s->facts, &s->rules, s->now, &s->verdict);
		mem_fail_after(-1);
		was_verified = s->verdict.outcome == IDENTITY_VERIFIED;
		if (!was_verified)
			assert_int_equal(500, s->verdict.code);
		else
			assert_true(i > 1); /* some allocations did fail */
	}
	assert_true(was_verified);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(verifies_what_we_sign),
		SCENE(claims),
		SCENE(signatures),
		SCENE(changed_message),
		SCENE(dates),
		SCENE(compact_form),
		SCENE(certificates),
		SCENE(cached_certificate_of_another_domain),
		SCENE(signed_before_the_certificate),
		SCENE(rotated_key),
		SCENE(replay),
		SCENE(replay_with_the_other_s),
		SCENE(names),
		SCENE(out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
