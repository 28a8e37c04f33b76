/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Session-ID, RFC 7989 (ID-4). */

#include "tests/cmocka_first.h"

#include "sbc/session_id.h"

#define UUID "ab30317f1a784dc48ff824d0d3715d86"
#define NIL  "00000000000000000000000000000000"

static void parses(void **state)
{
	static const struct {
		const char *text;
		bool is_right;
		const char *why;
	} cases[] = {
		{UUID ";remote=" NIL, true, "section 5"},
		{UUID, true, "RFC 7329: without remote (DEC-17)"},
		{" " UUID " ; remote=" UUID, true, "blanks"},
		{NIL ";remote=" UUID, false, "nil is no value"},
		{"AB30317f1a784dc48ff824d0d3715d86", false, "lower case only"},
		{"ab30317f1a784dc48ff824d0d3715d8", false, "31 digits"},
		{UUID "0", false, "33 digits"},
		{"gb30317f1a784dc48ff824d0d3715d86", false, "no digit"},
		{"", false, "nothing"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct session_id id = {"untouched"};
		bool is_right = !session_id_parse(&id, slice_str(cases[i].text));
		if (is_right != cases[i].is_right)
			fail_msg("%s", cases[i].why);
		assert_string_equal(is_right ? UUID : "untouched", id.text);
	}
}

static void makes_and_prints(void **state)
{
	struct random_source random = random_system();
	struct session_id a, b, none = {""};
	struct buf out;

	(void)state;
	session_id_new(&a, &random);
	session_id_new(&b, &random);
	assert_string_not_equal(a.text, b.text);
	assert_int_equal('4', a.text[12]); /* RFC 4122 section 4.4 */
	assert_int_equal(SESSION_ID_LEN, strlen(a.text));
	assert_int_equal(0, session_id_parse(&b, slice_str(a.text)));
	assert_int_equal(0, session_id_parse(&a, SLICE(UUID)));
	buf_init(&out, 200);
	session_id_print(&out, &a, &none);
	assert_string_equal("Session-ID: " UUID ";remote=" NIL "\r\n", out.data);
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses),
		cmocka_unit_test(makes_and_prints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
