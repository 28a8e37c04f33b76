/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Walking JSON text, RFC 8259, and printing it for people. */

#include "tests/cmocka_first.h"

#include "tools/ctl/ctl_json.h"
#include "tools/ctl/ctl_table.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void cuts_values(void **state)
{
	static const struct {
		const char *text, *value;
		bool is_value;
	} table[] = {
		{" {\"a\":[1,{}]} x", "{\"a\":[1,{}]}", true},
		{"[\"]\",\"\\\"]\"]", "[\"]\",\"\\\"]\"]", true}, {"-1.5e3,", "-1.5e3", true},
		{"\"a\\\\\"", "\"a\\\\\"", true}, {"null", "null", true}, {"", "", false},
		{"  ", "", false}, {"{", "", false}, {"[1", "", false}, {"\"x", "", false},
		{"\"x\\\"", "", false}, {"{\"a\":\"", "", false}, {",", "", false},
		{"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "", false}, /* 17 deep */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct slice rest = slice_str(table[i].text), value = SLICE("");
		assert_int_equal(table[i].is_value, ctl_json_next(&rest, &value));
		assert_true(slice_equal(slice_str(table[i].value), value));
	}
}

static void finds_members(void **state)
{
	struct slice object = SLICE("{ \"a\" : 1 , \"b\":{\"c\":2},\"c\":\"x\" }"), value;

	(void)state;
	assert_true(ctl_json_member(object, "c", &value));
	assert_true(slice_equal(SLICE("\"x\""), value));
	assert_false(ctl_json_member(object, "d", &value));
	assert_false(ctl_json_member(SLICE("[\"c\",1]"), "c", &value));
	assert_false(ctl_json_member(SLICE("{\"a\":}"), "a", &value));
	assert_false(ctl_json_member(SLICE("{:1}"), "", &value));
}

static void prints_plain(void **state)
{
	static const struct {
		const char *value, *plain;
	} table[] = {
		{"\"a\\\"b\\/\\\\\"", "a\"b/\\"},
		{"\"\\u00e4\\u20ac\"", "\xc3\xa4\xe2\x82\xac"},
		{"\"\\u001b[2J\\u009b\\u0000\"", "?[2J??"}, /* no terminal is steered */
		{"\"\x1b]0;x\x07\x7f\"", "?]0;x??"},
		{"\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80"},
		{"\"\\ud83d\\u0041\\ude00\"", "?A?"},
		{"\"\\uZZZZ\\n\\u12\\q\"", "?ZZZZ ?12?"},
		{"\"a\xc2\x9b"
		 "2Jb\x9b"
		 "c\xe2\x80\xae"
		 "d\"",
			"a?2Jb?c?d"}, /* CSI, as UTF-8, as
			a byte; right to left */
		{"\"\\u202ea\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"",
			"?a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
		{"\"\xed\xa0\x80\xc0\x9b\xf5\"", "??????"}, /* half a pair, overlong, none */
		{"12", "12"},
		{"\"", "\""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct buf out;
		buf_init(&out, 4096);
		assert_int_equal(0, ctl_json_put_plain(&out, slice_str(table[i].value)));
		assert_string_equal(table[i].plain, out.data);
		buf_fini(&out);
	}
}

static void gives_text(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	ctl_json_put_text(&out, SLICE("\"a\\r\\n\\tb\\u0041\\ud83d\\ude00\\\"\\\\\x1b\""));
	assert_string_equal("a\r\n\tbA\xf0\x9f\x98\x80\"\\\x1b", out.data);
	buf_reset(&out);
	ctl_json_put_text(&out, SLICE("-12"));
	assert_string_equal("-12", out.data);
	buf_fini(&out);
}

static void prints_tables(void **state)
{
	static const struct {
		const char *value, *text;
		size_t width;
	} table[] = {
		{"\"x\"", "x\n", 80},
		{"[]", "", 80},
		{"{}", "", 80},
		{"[1,\"b\"]", "1\nb\n", 80},
		{"{\"a\":1,\"long\":\"x\"}", "a     1\nlong  x\n", 80},
		{"{\"a\":{\"b\":1},\"c\":2}", "a\n  b  1\nc  2\n", 80},
		{"[{\"id\":1,\"name\":\"x\"},{\"id\":22,\"name\":\"\xc3\xa4\"}]",
			"id  name\n1   x\n22  \xc3\xa4\n", 80},
		{"[{\"a\":1},{\"b\":2}]", "a  b\n1  \n   2\n", 80},
		{"[{\"id\":1,\"name\":\"x\"},{\"id\":2,\"name\":\"y\"}]",
			"id    1\nname  x\n\nid    2\nname  y\n", 4},
		{"[{\"a\":[1]}]", "a\n  1\n", 80},
		{"[{1},{2}]", "1\n\n2\n", 80}, /* no names: found by fuzzing */
		{"[{1:2}]", "", 80},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct buf out;
		buf_init(&out, 4096);
		assert_int_equal(
			0, ctl_table_print(&out, slice_str(table[i].value), table[i].width));
		assert_string_equal(table[i].text, out.data ? out.data : "");
		buf_fini(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_values),
		cmocka_unit_test(finds_members),
		cmocka_unit_test(prints_plain),
		cmocka_unit_test(gives_text),
		cmocka_unit_test(prints_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
