/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PASSporT bytes and values, RFC 8225, against the vectors (PP-1 to PP-8, MKY-1 to MKY-8). */

#include "tests/unit/policy/fixture.h"

#include "base/json.h"
#include "policy/passport.h"

static struct json_document *vectors(void)
{
	struct buf text = file_bytes("tests/vectors/identity.json");
	struct json_document *document = NULL;

	assert_int_equal(0, json_parse(&document, buf_slice(&text)));
	buf_fini(&text);
	return document;
}

/* MKY-1, MKY-2, MKY-8: the mky vector: our bytes are the vector's bytes. */
static void writes_the_vectors(void **state)
{
	struct json_document *document = vectors();
	const struct json *list = json_member(json_root(document), "passport");
	struct identity_name orig, dest;
	struct fingerprint_set set = {0};
	struct fingerprint f;
	struct passport_claims claims = {.orig = &orig, .dest = &dest, .iat = 1443208345};
	struct buf text;

	(void)state;
	name_parse(&orig, SLICE("tel:+1-215-555-1212"));
	name_parse(&dest, SLICE("sip:alice@example.com"));
	/* In the other order, and one twice (MKY-4). */
	fingerprint_parse_hex(&f, SLICE("SHA-256"),
		SLICE("4aadb9b13f82183b540212df3e5d496b19e57cab3e4b652e7d463f5442cd54f1"));
	fingerprint_set_add(&set, &f);
	fingerprint_parse_hex(&f, SLICE("sha-256"),
		SLICE("021ACC5427ABEB9C533F3E4B652E7D463F5442CD54F17A03A27DF9B07F4619B2"));
	fingerprint_set_add(&set, &f);
	fingerprint_set_add(&set, &f);
	buf_init(&text, 4096);
	for (size_t i = 0; i < 2; i++) {
		struct slice token = json_get_string(json_member(json_item(list, i), "token"));
		claims.mky = i ? &set : NULL;
		buf_reset(&text);
		assert_int_equal(
			0, passport_put(&text, SLICE("https://cert.example.org/passport.cer"),
				   &claims));
		assert_true(slice_equal(buf_slice(&text), slice_head(token, token.len - 87)));
	}
	buf_fini(&text);
	json_free(document);
}

static void reads_the_vectors(void **state)
{
	struct json_document *document = vectors();
	const struct json *list = json_member(json_root(document), "passport");
	struct identity_name tn, alice, number, other;

	(void)state;
	assert_int_equal(3, json_count(list));
	name_parse(&tn, SLICE("sip:+12155551212@x"));
	name_parse(&number, SLICE("tel:+12155551213"));
	name_parse(&alice, SLICE("sip:alice@example.com"));
	name_parse(&other, SLICE("sip:bob@example.com"));
	for (size_t i = 0; i < 3; i++) {
		struct slice rest = json_get_string(json_member(json_item(list, i), "token"));
		struct slice header = slice_cut(&rest, '.'), payload = slice_cut(&rest, '.');
		struct passport passport;
		const char *why;
		assert_int_equal(0, passport_parse(&passport, header, payload, NULL, &why));
		assert_null(why);
		assert_int_equal(1443208345, passport.iat);
		assert_int_equal(i == 1, passport.has_mky);
		assert_int_equal(i == 1 ? 2 : 0, passport.mky.count);
		assert_true(slice_equal(passport.ppt, slice_str(i == 2 ? "shaken" : NULL)));
		assert_true(passport_has_orig(&passport, &tn));
		assert_false(passport_has_orig(&passport, &number));
		assert_false(passport_has_orig(&passport, &alice));
		assert_true(passport_has_dest(&passport, i == 2 ? &number : &alice));
		assert_false(passport_has_dest(&passport, &other));
		passport_fini(&passport);
	}
	json_free(document);
}

static int parse(const char *header, const char *payload, const char **why)
{
	struct passport passport;
	struct buf h, p;
	int err;

	buf_init(&h, 65536);
	buf_init(&p, 65536);
	b64_encode(&h, B64_URL, header, strlen(header));
	b64_encode(&p, B64_URL, payload, strlen(payload));
	err = passport_parse(&passport, buf_slice(&h), buf_slice(&p), NULL, why);
	passport_fini(&passport);
	buf_fini(&h);
	buf_fini(&p);
	return err;
}

/* What is refused beyond the rows of test_verify_8224.c. */
static void refuses(void **state)
{
#define HEADER "{\"alg\":\"ES256\",\"typ\":\"passport\",\"x5u\":\"https://h/\"}"
#define GOOD   "{\"dest\":{\"tn\":[\"1\"]},\"iat\":1,\"orig\":{\"tn\":\"2\"}}"
#define SHAKEN                                                                                 \
	"{\"alg\":\"ES256\",\"ppt\":\"shaken\",\"typ\":\"passport\",\"x5u\":\"https://h/\"}"
#define SHAKEN_WITH(attest, origid)                                                            \
	"{" attest "\"dest\":{\"tn\":[\"1\"]},\"iat\":1,\"orig\":{\"tn\":\"2\"}" origid "}"
	static const struct {
		const char *header, *payload;
		int err;
	} table[] = {
		{HEADER, GOOD, 0},
		{SHAKEN, SHAKEN_WITH("\"attest\":\"B\",", ",\"origid\":\"x\""), 0},
		{SHAKEN, SHAKEN_WITH("\"attest\":\"D\",", ",\"origid\":\"x\""), SBC_EPARSE},
		{SHAKEN, SHAKEN_WITH("\"attest\":\"AA\",", ",\"origid\":\"x\""), SBC_EPARSE},
		{SHAKEN, SHAKEN_WITH("\"attest\":1,", ",\"origid\":\"x\""), SBC_EPARSE},
		{SHAKEN, SHAKEN_WITH("\"attest\":\"A\",", ",\"origid\":\"\""), SBC_EPARSE},
		{SHAKEN, SHAKEN_WITH("\"attest\":\"A\",", ""), SBC_EPARSE},
		{SHAKEN,
			"{\"attest\":\"A\",\"dest\":{\"uri\":[\"sip:a@b\"]},\"iat\":1,\"orig\":"
			"{\"tn\":\"2\"},\"origid\":\"x\"}",
			SBC_EPARSE}, /* EXT-1: numbers */
		{"[]", GOOD, SBC_EPARSE},
		{"", GOOD, SBC_EPARSE},
		{HEADER, "", SBC_EPARSE},
		{HEADER, "[[[[[[[[[[[[[[[[[[[[", SBC_EPARSE},
		{"{\"alg\":\"ES256\",\"ppt\":5,\"typ\":\"passport\",\"x5u\":\"https://h/\"}",
			GOOD, SBC_EPARSE},
		{HEADER, "{\"dest\":{\"tn\":[\"1\",2]},\"iat\":1,\"orig\":{\"tn\":\"2\"}}",
			SBC_EPARSE},
		{HEADER,
			"{\"dest\":{\"tn\":[\"1\"],\"x\":[]},\"iat\":1,\"orig\":{\"tn\":\"2\"}"
			"}",
			SBC_EPARSE},
		{HEADER, "{\"dest\":{},\"iat\":1,\"orig\":{\"tn\":\"2\"}}", SBC_EPARSE},
		{HEADER, "{\"iat\":1,\"orig\":{\"tn\":\"2\"}}", SBC_EPARSE},
		{HEADER, "{\"dest\":{\"tn\":[\"1\"]},\"iat\":1}", SBC_EPARSE},
		{HEADER, "{\"dest\":{\"tn\":[\"1\"]},\"iat\":1,\"orig\":{\"tn\":\"\"}}",
			SBC_EPARSE},
		{HEADER, "{\"dest\":{\"tn\":[\"1\"]},\"orig\":{\"tn\":\"2\"}}", SBC_EPARSE},
	};
	const char *why;
	struct buf many;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		if (parse(table[i].header, table[i].payload, &why) != table[i].err)
			fail_msg("row %zu", i);
		assert_int_equal(table[i].err != 0, why != NULL);
	}
	buf_init(&many, 65536);
	buf_put_str(&many, "{\"dest\":{\"tn\":[\"1\"");
	for (int i = 0; i < 32; i++)
		buf_put_str(&many, ",\"1\"");
	buf_put_str(&many, "]},\"iat\":1,\"orig\":{\"tn\":\"2\"}}");
	assert_int_equal(SBC_EPARSE, parse(HEADER, many.data, &why)); /* 33 of them */
	buf_reset(&many);
	buf_put_str(&many, GOOD);
	for (int i = 0; i < 8192; i++)
		buf_put_char(&many, ' ');
	assert_int_equal(SBC_EPARSE, parse(HEADER, many.data, &why)); /* ID8224-8 */
	buf_fini(&many);
	mem_fail_after(0);
	assert_int_equal(SBC_ENOMEM,
		passport_parse(&(struct passport){0}, SLICE("e30"), SLICE("e30"), NULL, &why));
	mem_fail_after(-1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_the_vectors),
		cmocka_unit_test(reads_the_vectors),
		cmocka_unit_test(refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
