/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON, RFC 8259: strict, bounded; the sorted form of RFC 8225 section 9. */

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"

#define EIGHT(x) x x x x x x x x

static void reads_strictly(void **state)
{
	static const struct {
		const char *text;
		int err;
	} table[] = {
		{"{}", 0},
		{" [1, \"a\", null, true] \n", 0},
		{EIGHT("[") EIGHT("[") EIGHT("]") EIGHT("]"), 0},
		{EIGHT("[") EIGHT("[") "[]" EIGHT("]") EIGHT("]"), SBC_ELIMIT}, /* depth */
		{"[\"" EIGHT("[") EIGHT("[") "[\"]", 0},    /* brackets in a string are none */
		{"[\"\\\"" EIGHT("[") EIGHT("[") "\"]", 0}, /* an escaped quote ends nothing */
		{"", SBC_EPARSE},
		{"1", SBC_EPARSE}, /* neither object nor array */
		{"\"a\"", SBC_EPARSE},
		{"{\"a\":1,\"a\":1}", SBC_EPARSE},       /* duplicate members (LESSONS: I8) */
		{"{\"a\":1,\"\\u0061\":1}", SBC_EPARSE}, /* also when escaped */
		{"[\"\\u0000\"]", SBC_EPARSE},           /* escaped NUL */
		{"[\"\xff\"]", SBC_EPARSE},              /* bad UTF-8 */
		{"[\"\xc0\xaf\"]", SBC_EPARSE},          /* overlong */
		{"[\"\\ud800\"]", SBC_EPARSE},           /* half a surrogate pair */
		{"[\"\n\"]", SBC_EPARSE},                /* raw control byte */
		{"{} {}", SBC_EPARSE},                   /* bytes behind the end */
		{"[1,]", SBC_EPARSE},
		{"[01]", SBC_EPARSE},
		{"[9223372036854775808]", SBC_EPARSE}, /* no int64 */
		{"{'a':1}", SBC_EPARSE},
		{"[NaN]", SBC_EPARSE},
		{"[1] // x", SBC_EPARSE},
		{"[", SBC_EPARSE},
		{"[\"", SBC_EPARSE},
		{"[\"\\", SBC_EPARSE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct json_document *document = NULL;
		assert_int_equal(table[i].err, json_parse(&document, slice_str(table[i].text)));
		assert_int_equal(table[i].err == 0, document != NULL);
		json_free(document);
	}
}

static void keeps_its_ceilings(void **state)
{
	struct json_document *document = NULL;
	size_t size = JSON_TEXT_MAX + 1;
	char *text = mem_alloc(size);

	(void)state;
	assert_non_null(text);
	memset(text, ' ', size);
	text[0] = '[';
	text[1] = ']';
	assert_int_equal(SBC_ELIMIT, json_parse(&document, slice_of(text, size)));
	assert_int_equal(0, json_parse(&document, slice_of(text, size - 1)));
	json_free(document);
	text[2] = '\0';
	assert_int_equal(SBC_EPARSE, json_parse(&document, slice_of(text, 3)));
	mem_free(text);
	mem_fail_after(0);
	assert_int_equal(SBC_ENOMEM, json_parse(&document, SLICE("[]")));
	mem_fail_after(-1);
	json_free(NULL);
}

static void finds(void **state)
{
	struct json_document *document = NULL;
	const struct json *root;
	int64_t number = -7;

	(void)state;
	assert_int_equal(
		0, json_parse(&document, SLICE("{\"s\":\"x\\n\\u00e9\",\"n\":-5,\"r\":1.0,"
					       "\"e\":1e2,\"a\":[3,{}],\"z\":\"\"}")));
	root = json_root(document);
	assert_true(json_is_object(root));
	assert_false(json_is_array(root));
	assert_int_equal(6, json_count(root));
	assert_true(slice_equal(SLICE("x\n\xc3\xa9"), json_get_string(json_member(root, "s"))));
	assert_non_null(json_get_string(json_member(root, "z")).ptr);
	assert_true(json_get_integer(json_member(root, "n"), &number));
	assert_int_equal(-5, number);
	/* A date such as 1.5e9 is no NumericDate that we could print again (RFC 8225 5.1.1). */
	assert_false(json_get_integer(json_member(root, "r"), &number));
	assert_false(json_get_integer(json_member(root, "e"), &number));
	assert_false(json_get_integer(json_member(root, "s"), &number));
	assert_int_equal(-5, number);
	assert_true(json_is_array(json_member(root, "a")));
	assert_int_equal(2, json_count(json_member(root, "a")));
	assert_true(json_is_object(json_item(json_member(root, "a"), 1)));
	/* What is not there, or of another kind, is nothing. */
	assert_null(json_item(json_member(root, "a"), 2));
	assert_null(json_item(root, 0));
	assert_null(json_member(root, "b"));
	assert_null(json_member(NULL, "b"));
	assert_null(json_member(json_member(root, "a"), "b"));
	assert_null(json_get_string(json_member(root, "n")).ptr);
	assert_null(json_get_string(NULL).ptr);
	assert_int_equal(0, json_count(NULL));
	assert_int_equal(0, json_count(json_member(root, "s")));
	assert_false(json_get_integer(NULL, &number));
	assert_false(json_is_object(NULL));
	assert_false(json_is_array(NULL));
	json_free(document);
}

static void prints_sorted(void **state)
{
	/* RFC 8225 section 9: no blanks, members in the order of their bytes. */
	static const char in[] =
		"{ \"orig\": {\"uri\":\"sip:a@b\",\"tn\":\"1\"}, \"iat\": 5,\n"
		"\"dest\":{\"tn\":[\"2\",\"1\"]}, \"b\":\"/\\u00e9\", \"B\":null }";
	static const char out[] =
		"{\"B\":null,\"b\":\"/\xc3\xa9\",\"dest\":{\"tn\":[\"2\",\"1\"]},"
		"\"iat\":5,\"orig\":{\"tn\":\"1\",\"uri\":\"sip:a@b\"}}";
	struct json_document *document = NULL;
	struct buf text;

	(void)state;
	assert_int_equal(0, json_parse(&document, slice_str(in)));
	buf_init(&text, 256);
	assert_int_equal(0, json_print_sorted(&text, json_root(document)));
	assert_string_equal(out, text.data);
	buf_fini(&text);
	buf_init(&text, 16);
	assert_int_equal(SBC_ELIMIT, json_print_sorted(&text, json_root(document)));
	buf_reset(&text);
	assert_int_equal(SBC_EINVAL, json_print_sorted(&text, NULL));
	buf_fini(&text);
	json_free(document);
}

static void puts_strings(void **state)
{
	static const struct {
		const char *value, *text;
	} table[] = {
		{"", "\"\""}, {"a/b", "\"a/b\""}, {"a\"b\\c", "\"a\\\"b\\\\c\""},
		{"a\r\n\x1f\x7f", "\"a\\u000d\\u000a\\u001f\\u007f\""},
		{"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
			"\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
		{"a\xff", "\"a\xef\xbf\xbd\""}, {"\xc3", "\"\xef\xbf\xbd\""}, /* cut off */
		{"\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""},                 /* overlong */
		{"\xe0\x80\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
		{"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* surrogate */
		{"\xf5", "\"\xef\xbf\xbd\""},
		{"\xc3(", "\"\xef\xbf\xbd(\""}, /* the good byte behind it stays */
	};
	struct buf out;

	(void)state;
	buf_init(&out, 128);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		buf_reset(&out);
		assert_int_equal(0, json_put_string(&out, slice_str(table[i].value)));
		assert_string_equal(table[i].text, out.data);
	}
	buf_reset(&out);
	json_put_string(&out, slice_of("a\0b", 3));
	assert_string_equal("\"a\\u0000b\"", out.data);
	buf_fini(&out);
	buf_init(&out, 3);
	assert_int_equal(SBC_ELIMIT, json_put_string(&out, SLICE("ab")));
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_strictly),
		cmocka_unit_test(keeps_its_ceilings),
		cmocka_unit_test(finds),
		cmocka_unit_test(prints_sorted),
		cmocka_unit_test(puts_strings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
