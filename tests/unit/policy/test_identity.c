/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Syntax of Identity and Identity-Info (RFC 8224 section 4, RFC 4474 section 9). */

#include "tests/unit/policy/fixture.h"

#include "policy/identity.h"

#define I ";info=<https://h/c>"

static void values(void **state)
{
	static const struct {
		const char *text;
		enum identity_kind kind;
		bool is_compact;
		int code;
	} table[] = {
		{"a.b.c" I, IDENTITY_KIND_8224, false, 0},
		{"..c" I, IDENTITY_KIND_8224, true, 0},
		{" a.b.c ; Info = <https://h/;x=1> ; ALG=ES256;ppt=\"shaken\"; x",
			IDENTITY_KIND_8224, false, 0},
		/* "Malformed digests that must be refused", STANDARDS section 6.1. */
		{"a.b" I, IDENTITY_KIND_8224, false, 438},
		{"a.b.c.d" I, IDENTITY_KIND_8224, false, 438},
		{"a.b." I, IDENTITY_KIND_8224, false, 438},
		{"a..c" I, IDENTITY_KIND_8224, false, 438},
		{".b.c" I, IDENTITY_KIND_8224, false, 438},
		{"..." I, IDENTITY_KIND_8224, false, 438},
		{".." I, IDENTITY_KIND_8224, false, 438},
		{"a+b.c.d" I, IDENTITY_KIND_8224, false, 438},
		{"a.b/c.d" I, IDENTITY_KIND_8224, false, 438},
		{"a.b.c=" I, IDENTITY_KIND_8224, false, 438},
		{"a b.c.d" I, IDENTITY_KIND_8224, false, 438},
		{";info=<https://h/c>", IDENTITY_KIND_8224, false, 438},
		{"abc", IDENTITY_KIND_8224, false, 438},
		/* ID8224-2, ID8224-5 */
		{"a.b.c", IDENTITY_KIND_8224, false, 436},
		{"a.b.c;info", IDENTITY_KIND_8224, false, 436},
		{"a.b.c;info=https://h/c", IDENTITY_KIND_8224, false, 436},
		{"a.b.c;info=<https://h/c", IDENTITY_KIND_8224, false, 436},
		{"a.b.c" I I, IDENTITY_KIND_8224, false, 438},
		{"a.b.c" I ";ppt=a;PPT=b", IDENTITY_KIND_8224, false, 438},
		{"a.b.c" I ";ppt=\"\"", IDENTITY_KIND_8224, false, 438},
		/* DEC-1 */
		{"\"abc=\"", IDENTITY_KIND_4474, false, 0},
		{"\"\"", IDENTITY_KIND_4474, false, 438},
		{"\"abc", IDENTITY_KIND_4474, false, 438},
		{"\"", IDENTITY_KIND_4474, false, 438},
		{"\"abc\"" I, IDENTITY_KIND_BROKEN, false, 438},
		{"\"abc\" x", IDENTITY_KIND_BROKEN, false, 438},
		{"", IDENTITY_KIND_BROKEN, false, 438},
	};
	struct identity_value value;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		identity_parse(&value, slice_str(table[i].text));
		if (value.kind != table[i].kind || value.code != table[i].code)
			fail_msg("%s: kind %d code %d", table[i].text, value.kind, value.code);
		if (!value.code)
			assert_int_equal(table[i].is_compact, value.is_compact);
		else
			assert_non_null(value.why);
	}
	identity_parse(&value, slice_str(table[2].text));
	assert_true(slice_equal(value.info, SLICE("https://h/;x=1")));
	assert_true(slice_equal(value.alg, SLICE("ES256")));
	assert_true(slice_equal(value.ppt, SLICE("shaken"))); /* ID8224-4 */
	assert_true(slice_equal(value.signed_text, SLICE("a.b")));
	assert_true(slice_equal(value.signature, SLICE("c")));
}

/* ID8224-8 */
static void size(void **state)
{
	struct identity_value value;
	size_t len = IDENTITY_VALUE_MAX + 1;
	char *text = mem_alloc(len);

	(void)state;
	memset(text, 'a', len);
	identity_parse(&value, slice_of(text, len));
	assert_int_equal(IDENTITY_KIND_BROKEN, value.kind);
	identity_parse(&value, slice_of(text, len - 1));
	assert_int_equal(IDENTITY_KIND_8224, value.kind);
	mem_free(text);
}

/* ID8224-7 */
static void commas(void **state)
{
	struct slice rest = SLICE(" a;info=<x,y> , \"b,\\\",c\", ,d;e=\"<,\",");
	const char *const expected[] = {"a;info=<x,y>", "\"b,\\\",c\"", "d;e=\"<,\"", ""};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(expected); i++)
		assert_true(slice_equal(identity_next(&rest), slice_str(expected[i])));
	rest = SLICE("a;info=<never closed, b");
	assert_true(slice_equal(identity_next(&rest), SLICE("a;info=<never closed, b")));
	rest = SLICE("\"a\\");
	assert_true(slice_equal(identity_next(&rest), SLICE("\"a\\")));
}

static void info(void **state)
{
	static const struct {
		const char *text;
		int err;
		const char *uri, *alg;
	} table[] = {
		{"<http://h/c>;alg=rsa-sha1", 0, "http://h/c", "rsa-sha1"},
		{"<http://h/c;alg=x>", 0, "http://h/c;alg=x", ""},
		{" <http://h/c> ; x=y ; ALG = \"rsa-sha1\" ", 0, "http://h/c", "rsa-sha1"},
		{"http://h/c;alg=rsa-sha1", SBC_EPARSE, "", ""},
		{"<>;alg=rsa-sha1", SBC_EPARSE, "", ""},
		{"<http://h/c> x", SBC_EPARSE, "", ""},
		{"<http://h/c>;alg=", SBC_EPARSE, "", ""},
		{"<http://h/c>;alg=a;alg=a", SBC_EPARSE, "", ""},
		{"", SBC_EPARSE, "", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct slice uri = {0}, alg = {0};
		assert_int_equal(table[i].err,
			identity_info_parse(slice_str(table[i].text), &uri, &alg));
		assert_true(slice_equal(uri, slice_str(table[i].uri)));
		assert_true(slice_equal(alg, slice_str(table[i].alg)));
	}
}

/* I12: what looks like another address to one reader than to the next. */
static void urls(void **state)
{
	static const struct {
		const char *url;
		bool https, http;
	} table[] = {
		{"https://h/c", true, true},
		{"HTTPS://h.example:8443/c?x=y;z", true, true},
		{"https://[2001:db8::1]:443/c", true, true},
		{"https://h", true, true},
		{"https://h?x", true, true},
		{"http://h/c", false, true},
		{"https:///c", false, false},
		{"https:/h/c", false, false},
		{"https://", false, false},
		{"ftp://h/c", false, false},
		{"file:///etc/passwd", false, false},
		{"gopher://h/", false, false},
		{"data:text/plain,x", false, false},
		{"cid:1@h", false, false},
		{"https://user@h/c", false, false},
		{"https://user:pw@h/c", false, false},
		{"https://h\\@evil.test/c", false, false},
		{"https://h/c#x", false, false},
		{"https://h/ c", false, false},
		{"https://h/\x01", false, false},
		{"https://h/\xc3\xa9", false, false},
		{"https://h:99999/c", false, false},
		{"https://h:/c", false, false},
		{"https://h:x/c", false, false},
		{"https://[::1/c", false, false},
		{"https://h..h/c", false, false},
		{"https://h%2ecom/c", false, false},
	};
	char text[IDENTITY_URL_MAX + 2];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		if (identity_is_url(slice_str(table[i].url), false) != table[i].https ||
			identity_is_url(slice_str(table[i].url), true) != table[i].http)
			fail_msg("%s", table[i].url);
	}
	memset(text, 'a', sizeof(text));
	memcpy(text, "https://h/", 10);
	assert_true(identity_is_url(slice_of(text, IDENTITY_URL_MAX), false));
	assert_false(identity_is_url(slice_of(text, IDENTITY_URL_MAX + 1), false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(size),
		cmocka_unit_test(commas),
		cmocka_unit_test(info),
		cmocka_unit_test(urls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
