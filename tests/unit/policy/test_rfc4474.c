/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The digest-string, RFC 4474 section 9 (DS-1 to DS-7), with the RFC's own vector. */

#include "tests/unit/policy/fixture.h"

#include "base/json.h"
#include "policy/rfc4474.h"

/* V4474-1 and V4474-2. */
static const struct rfc4474_fields vectors[] = {
	{.from_uri = SLICE("sip:alice@atlanta.example.com"),
		.to_uri = SLICE("sip:bob@biloxi.example.org"),
		.call_id = SLICE("a84b4c76e66710"),
		.cseq = 314159,
		.method = SLICE("INVITE"),
		.date = SLICE("Thu, 21 Feb 2002 13:02:03 GMT"),
		.contact_uri = SLICE("sip:alice@pc33.atlanta.example.com"),
		.body = SLICE(
			"v=0\r\n"
			"o=UserA 2890844526 2890844526 IN IP4 pc33.atlanta.example.com\r\n"
			"s=Session SDP\r\n"
			"c=IN IP4 pc33.atlanta.example.com\r\n"
			"t=0 0\r\n"
			"m=audio 49172 RTP/AVP 0\r\n"
			"a=rtpmap:0 PCMU/8000\r\n")},
	{.from_uri = SLICE("sip:bob@biloxi.example.org"),
		.to_uri = SLICE("sip:alice@atlanta.example.com"),
		.call_id = SLICE("a84b4c76e66710"),
		.cseq = 231,
		.method = SLICE("BYE"),
		.date = SLICE("Thu, 21 Feb 2002 14:19:51 GMT")},
};

/* PKCS #1 v1.5 is deterministic: our signature is the RFC's signature. ID4474-9; DS-2, DS-3,
 * DS-4; DS-5: the second one has no Contact; DS-6: the whole body, its last CRLF too. */
static void vectors_of_the_rfc(void **state)
{
	struct buf file = file_bytes("tests/vectors/identity.json");
	struct json_document *document = NULL;
	struct crypto_key *key = NULL;
	const struct json *root;

	(void)state;
	assert_int_equal(0, json_parse(&document, buf_slice(&file)));
	root = json_root(document);
	assert_int_equal(0, crypto_key_private(&key,
				    json_get_string(json_member(root, "rfc4474_key_pem"))));
	assert_int_equal(1024, crypto_key_bits(key));
	for (size_t i = 0; i < COUNT_OF(vectors); i++) {
		const struct json *vector = json_item(json_member(root, "rfc4474"), i);
		struct buf text, signature, b64;
		buf_init(&text, 4096);
		buf_init(&signature, 256);
		buf_init(&b64, 256);
		assert_int_equal(0, rfc4474_put(&text, &vectors[i]));
		assert_true(slice_equal(buf_slice(&text),
			json_get_string(json_member(vector, "digest_string"))));
		assert_int_equal(0, crypto_rsa_sha1_sign(key, buf_slice(&text), &signature));
		b64_encode(&b64, B64_PLAIN, signature.data, signature.len);
		assert_true(slice_equal(buf_slice(&b64),
			json_get_string(json_member(vector, "identity")))); /* ID4474-11 */
		assert_true(
			crypto_rsa_sha1_verify(key, buf_slice(&text), buf_slice(&signature)));
		text.data[0] ^= 1;
		assert_false(
			crypto_rsa_sha1_verify(key, buf_slice(&text), buf_slice(&signature)));
		buf_fini(&text);
		buf_fini(&signature);
		buf_fini(&b64);
	}
	crypto_key_free(key);
	json_free(document);
	buf_fini(&file);
}

/* LESSONS: I7. The body may hold what it likes (DS-7). */
static void separators(void **state)
{
	struct buf text;

	(void)state;
	buf_init(&text, 4096);
	for (int i = 0; i < 7; i++) {
		struct rfc4474_fields f = vectors[0];
		struct slice *fields[] = {&f.from_uri, &f.to_uri, &f.call_id, &f.method,
			&f.date, &f.contact_uri, &f.body};
		*fields[i] = SLICE("a|b");
		buf_reset(&text);
		assert_int_equal(i == 6 ? 0 : SBC_EPROTO, rfc4474_put(&text, &f));
		*fields[i] = slice_of("a\0b", 3);
		assert_int_equal(i == 6 ? 0 : SBC_EPROTO, rfc4474_put(&text, &f));
		*fields[i] = SLICE("a\nb");
		assert_int_equal(i == 6 ? 0 : SBC_EPROTO, rfc4474_put(&text, &f));
	}
	buf_fini(&text);
	buf_init(&text, 10);
	assert_int_equal(SBC_ELIMIT, rfc4474_put(&text, &vectors[0]));
	buf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_of_the_rfc),
		cmocka_unit_test(separators),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
