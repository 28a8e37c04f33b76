/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys and signatures: RFC 7515, RFC 7518, the PASSporT vectors, and forgeries (I2). */

#include "tests/unit/policy/fixture.h"

#include "base/json.h"

/* SubjectPublicKeyInfo of P-256 up to the point (RFC 5480). */
static const uint8_t spki_head[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce,
	0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03,
	0x42, 0x00, 0x04};

static struct crypto_key *key_of_point(const char *x, const char *y)
{
	struct crypto_key *key = NULL;
	struct buf spki;

	buf_init(&spki, 256);
	buf_put(&spki, spki_head, sizeof(spki_head));
	assert_int_equal(0, b64_decode(&spki, B64_URL, slice_str(x)));
	assert_int_equal(0, b64_decode(&spki, B64_URL, slice_str(y)));
	crypto_key_public(&key, buf_slice(&spki));
	buf_fini(&spki);
	return key;
}

/* f0735b41... and d24a6940...: the point printed in RFC 8225 A.2. */
#define PASSPORT_X "8HNbQd_TmvCKwPKHkMF9fScavGeH78YTU8qLS8I5HLE"
#define PASSPORT_Y "0kppQEy3LJUDITQvzoZVgWAutupyJaO13nm2Eu0m9-4"

static bool verify(struct crypto_key *key, struct slice text, const char *signature_b64)
{
	struct buf signature;
	bool is_valid;

	buf_init(&signature, 256);
	assert_int_equal(0, b64_decode(&signature, B64_URL, slice_str(signature_b64)));
	is_valid = crypto_es256_verify(key, text, buf_slice(&signature));
	buf_fini(&signature);
	return is_valid;
}

/* RFC 7515 appendix A.3. */
static void jws_vector(void **state)
{
	struct crypto_key *key = key_of_point("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
		"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
	const struct slice text =
		SLICE("eyJhbGciOiJFUzI1NiJ9."
		      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9l"
		      "eGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ");
	static const char signature[] =
		"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8"
		"ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

	(void)state;
	assert_non_null(key);
	assert_int_equal(CRYPTO_KEY_P256, crypto_key_kind(key));
	assert_int_equal(256, crypto_key_bits(key));
	assert_true(verify(key, text, signature));
	assert_false(verify(key, slice_from(text, 1), signature));
	crypto_key_free(key);
}

/* V-A to V-C, and the two of RFC 8225 itself. */
static void passport_vectors(void **state)
{
	struct crypto_key *key = key_of_point(PASSPORT_X, PASSPORT_Y);
	struct buf file = file_bytes("tests/vectors/identity.json");
	struct json_document *document = NULL;
	char signature[128];

	(void)state;
	assert_int_equal(0, json_parse(&document, buf_slice(&file)));
	for (size_t i = 0; i < 3; i++) {
		struct slice token = json_get_string(json_member(
			json_item(json_member(json_root(document), "passport"), i), "token"));
		slice_copy(slice_from(token, token.len - 86), signature, sizeof(signature));
		assert_true(verify(key, slice_head(token, token.len - 87), signature));
	}
	/* RFC 8225 section 7.1 verifies; DEC-16: appendix A does not. */
#define H                                                                                      \
	"eyJhbGciOiJFUzI1NiIsInR5cCI6InBhc3Nwb3J0IiwieDV1IjoiaHR0cHM6Ly9jZXJ0LmV4YW1wbGUub3Jn" \
	"L3Bhc3Nwb3J0LmNlciJ9."
	assert_true(verify(key,
		SLICE(H "eyJkZXN0Ijp7InVyaSI6WyJzaXA6YWxpY2VAZXhhbXBsZS5jb20iXX0sImlhdCI6IjE0ND"
			"MyMDgzND"
			"UiLCJvcmlnIjp7InRuIjoiMTIxNTU1NTEyMTIifX0"),
		"rq3pjT1hoRwakEGjHCnWSwUnshd0-zJ6F1VOgFWSjHBr8Qjpjlk-"
		"cpFYpFYsojNCpTzO3QfPOlckGaS6hEck7w"));
	assert_false(verify(key,
		SLICE(H "eyJkZXN0Ijp7InVyaSI6WyJzaXA6YWxpY2VAZXhhbXBsZS5jb20iXX0sImlhdCI6MTQ3MT"
			"M3NTQxOCwi"
			"b3JpZyI6eyJ0biI6IjEyMTU1NTUxMjEyIn19"),
		"VLBCIVDCaeK6M4hLJb6SHQvacAQVvoiiEOWQ_iUkqk79UD81fHQ0E1b3_"
		"GluIkba7UWYRM47ZbNFdOJquE35cw"));
	json_free(document);
	buf_fini(&file);
	crypto_key_free(key);
}

static void sign_and_verify(void **state)
{
	struct crypto_key *key = load_key(CERTS "leaf.key"),
			  *other = load_key(CERTS "other.key");
	struct slice text = SLICE("text");
	uint8_t one[64], two[64], changed[64];

	(void)state;
	assert_int_equal(0, crypto_es256_sign(key, text, one));
	assert_int_equal(0, crypto_es256_sign(key, text, two));
	assert_memory_not_equal(one, two, sizeof(one));
	assert_true(crypto_es256_verify(key, text, slice_of(one, 64)));
	assert_true(crypto_es256_verify(key, text, slice_of(two, 64)));
	assert_false(crypto_es256_verify(other, text, slice_of(one, 64)));
	assert_false(crypto_es256_verify(key, text, slice_of(one, 63)));
	assert_false(crypto_es256_verify(key, text, (struct slice){0}));
	for (int bit = 0; bit < 512; bit += 37) {
		memcpy(changed, one, sizeof(one));
		changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(crypto_es256_verify(key, text, slice_of(changed, 64)));
	}
	/* The twin with n - s verifies, and has the same name. */
	memcpy(changed, one, 64);
	crypto_es256_normalize(changed);
	assert_true(crypto_es256_verify(key, text, slice_of(changed, 64)));
	assert_true(changed[32] <= 0x7f);
	memcpy(two, changed, 64);
	crypto_es256_normalize(changed);
	assert_memory_equal(two, changed, 64);
	crypto_key_free(key);
	crypto_key_free(other);
}

/* I2: r and s outside of 1 to n - 1 (CVE-2022-21449). */
static void forgeries(void **state)
{
	static const char n[] = "_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE"; /* the order */
	struct crypto_key *key = load_key(CERTS "leaf.key");
	struct slice text = SLICE("text");
	uint8_t signature[64] = {0};
	struct buf order;

	(void)state;
	assert_false(crypto_es256_verify(key, text, slice_of(signature, 64)));
	memset(signature, 0xff, 64);
	assert_false(crypto_es256_verify(key, text, slice_of(signature, 64)));
	buf_init(&order, 64);
	assert_int_equal(0, b64_decode(&order, B64_URL, slice_str(n)));
	for (int i = 0; i < 4; i++) {
		memset(signature, 0, 64);
		if (i == 0)
			signature[31] = 1; /* s = 0 */
		else if (i == 1)
			signature[63] = 1; /* r = 0 */
		else
			signature[31] = signature[63] = 1;
		if (i >= 2)
			memcpy(signature + (i == 2 ? 0 : 32), order.data, 32);
		assert_false(crypto_es256_verify(key, text, slice_of(signature, 64)));
	}
	buf_fini(&order);
	crypto_key_free(key);
}

static void rsa_signatures(void **state)
{
	struct crypto_key *key = load_key(CERTS "rsa.key"), *ec = load_key(CERTS "leaf.key");
	struct slice text = SLICE("text");
	uint8_t es256[64];
	struct buf signature;

	(void)state;
	buf_init(&signature, 1024);
	assert_int_equal(CRYPTO_KEY_RSA, crypto_key_kind(key));
	assert_int_equal(2048, crypto_key_bits(key));
	assert_int_equal(0, crypto_rsa_sha1_sign(key, text, &signature));
	assert_int_equal(256, signature.len);
	assert_true(crypto_rsa_sha1_verify(key, text, buf_slice(&signature)));
	assert_false(crypto_rsa_sha1_verify(key, SLICE("texT"), buf_slice(&signature)));
	assert_false(crypto_rsa_sha1_verify(key, text, slice_from(buf_slice(&signature), 1)));
	signature.data[100] ^= 1;
	assert_false(crypto_rsa_sha1_verify(key, text, buf_slice(&signature)));
	memset(signature.data, 0, signature.len);
	assert_false(crypto_rsa_sha1_verify(key, text, buf_slice(&signature)));
	/* Keys of the other kind. */
	assert_int_equal(SBC_ECRYPTO, crypto_rsa_sha1_sign(ec, text, &signature));
	assert_int_equal(SBC_ECRYPTO, crypto_es256_sign(key, text, es256));
	assert_false(crypto_rsa_sha1_verify(ec, text, buf_slice(&signature)));
	assert_false(crypto_es256_verify(key, text, slice_head(buf_slice(&signature), 64)));
	assert_false(crypto_key_match(key, ec));
	assert_true(crypto_key_match(key, key));
	buf_fini(&signature);
	crypto_key_free(key);
	crypto_key_free(ec);
	crypto_key_free(NULL);
}

static void keys_that_are_none(void **state)
{
	static const char *const pems[] = {"", "junk",
		"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
		"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		"-----BEGIN EC PRIVATE KEY-----\nMAA=\n-----END EC PRIVATE KEY-----\n",
		"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE "
		"KEY-----\n"};
	struct crypto_key *key = NULL;
	struct buf public;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(pems); i++)
		assert_true(crypto_key_private(&key, slice_str(pems[i])) < 0);
	assert_null(key);
	/* A point that is not on the curve. */
	assert_null(key_of_point("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", PASSPORT_Y));
	assert_int_equal(SBC_ECRYPTO, crypto_key_public(&key, SLICE("0")));
	assert_int_equal(SBC_ECRYPTO, crypto_key_public(&key, (struct slice){0}));
	buf_init(&public, 256);
	assert_int_equal(0, crypto_key_generate(&key));
	assert_int_equal(0, crypto_key_put_public(key, &public));
	assert_int_equal(91, public.len);
	assert_memory_equal(spki_head, public.data, sizeof(spki_head));
	crypto_key_free(key);
	buf_fini(&public);
	mem_fail_after(0);
	assert_int_equal(SBC_ENOMEM, crypto_key_generate(&key));
	mem_fail_after(-1);
}

/* FIPS 180-4 and RFC 1321 on "abc"; RFC 4231 test case 2. */
static void hashes(void **state)
{
	static const uint8_t mac[] = {0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a,
		0x04, 0x24, 0x26, 0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27,
		0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43};
	char hex[CRYPTO_HEX_SIZE];
	uint8_t out[CRYPTO_SHA256_LEN];

	(void)state;
	assert_int_equal(0, crypto_hash_hex(CRYPTO_SHA256, SLICE("abc"), hex));
	assert_string_equal(
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", hex);
	assert_int_equal(0, crypto_hash_hex(CRYPTO_SHA512_256, SLICE("abc"), hex));
	assert_string_equal(
		"53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23", hex);
	assert_int_equal(0, crypto_hash_hex(CRYPTO_MD5, SLICE("abc"), hex));
	assert_string_equal("900150983cd24fb0d6963f7d28e17f72", hex);
	assert_int_equal(0, crypto_hash_hex(CRYPTO_MD5, (struct slice){0}, hex));
	assert_string_equal("d41d8cd98f00b204e9800998ecf8427e", hex);
	assert_int_equal(0,
		crypto_hmac_sha256(SLICE("Jefe"), SLICE("what do ya want for nothing?"), out));
	assert_memory_equal(mac, out, sizeof(mac));
}

static int setup(void **state)
{
	(void)state;
	return crypto_open();
}

static int teardown(void **state)
{
	(void)state;
	crypto_close();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jws_vector),
		cmocka_unit_test(passport_vectors),
		cmocka_unit_test(sign_and_verify),
		cmocka_unit_test(forgeries),
		cmocka_unit_test(rsa_signatures),
		cmocka_unit_test(keys_that_are_none),
		cmocka_unit_test(hashes),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
