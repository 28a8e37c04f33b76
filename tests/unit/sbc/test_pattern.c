/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Regular expressions: what they replace, and that nobody can hang us on one. */

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "base/mem.h"
#include "sbc/pattern.h"

static int replace(const char *text, const char *subject, const char *with, struct buf *out)
{
	struct pattern *pattern;
	struct arena arena;
	char why[200];
	int err;

	arena_init(&arena, 1 << 20);
	err = pattern_new(&pattern, &arena, slice_str(text), why, sizeof(why));
	err = err ? err : pattern_replace(pattern, slice_str(subject), slice_str(with), out);
	arena_fini(&arena);
	return err;
}

static void replaces(void **state)
{
	static const struct {
		const char *text, *subject, *with, *expected;
		int err;
		const char *why;
	} cases[] = {
		{"b+", "abbbc", "X", "aXc", 0, "the match alone"},
		{"^(.*)@(.*)$", "a@b", "\\2@\\1", "b@a", 0, "groups"},
		{"(a)|(b)", "b", "[\\1\\2]", "[b]", 0, "a group that took no part"},
		{"a", "aaa", "\\0\\0", "aaaa", 0, "the first match only; \\0 is the whole"},
		{"a", "a", "\\\\", "\\", 0, "a backslash"},
		{"x*", "", "y", "y", 0, "nothing matches nothing"},
		{"b", "a", "X", "", SBC_ENOENT, "no match"},
		{"(", "a", "X", "", SBC_EPARSE, "not an expression"},
		{"\\C", "a", "X", "", SBC_EPARSE, "not allowed here"},
		{"(*UTF)a", "a", "X", "", SBC_EPARSE, "bytes, not characters"},
		{"^(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "X", "",
			SBC_ELIMIT, "exponential without a ceiling"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out;
		buf_init(&out, 4096);
		if (replace(cases[i].text, cases[i].subject, cases[i].with, &out) !=
				cases[i].err ||
			!slice_equal(buf_slice(&out), slice_str(cases[i].expected)))
			fail_msg("%s: %.*s", cases[i].why, SLICE_ARG(buf_slice(&out)));
		buf_fini(&out);
	}
}

static void checks_replacements(void **state)
{
	struct pattern *pattern;
	struct arena arena;
	char why[200];

	(void)state;
	arena_init(&arena, 1 << 20);
	assert_int_equal(0, pattern_new(&pattern, &arena, SLICE("(a)(b)"), why, sizeof(why)));
	assert_true(pattern_takes(pattern, SLICE("\\0\\1\\2\\\\")));
	assert_false(pattern_takes(pattern, SLICE("\\3")));
	assert_false(pattern_takes(pattern, SLICE("\\x")));
	assert_false(pattern_takes(pattern, SLICE("a\\")));
	arena_fini(&arena);
}

static void has_ceilings(void **state)
{
	char text[PATTERN_TEXT_MAX + 2], subject[PATTERN_SUBJECT_MAX + 2];
	struct buf out;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	memset(subject, 'a', sizeof(subject));
	subject[sizeof(subject) - 1] = '\0';
	buf_init(&out, 100);
	assert_int_equal(SBC_EPARSE, replace(text, "a", "b", &out));
	assert_int_equal(SBC_ELIMIT, replace("a", subject, "b", &out));
	assert_int_equal(SBC_ELIMIT, replace("^", "1234", subject, &out));
	buf_fini(&out);
}

static void survives_no_memory(void **state)
{
	(void)state;
	for (long n = 0; n < 8; n++) {
		struct buf out;
		int err;
		buf_init(&out, 100);
		mem_fail_after(n);
		err = replace("(b)", "abc", "\\1", &out);
		mem_fail_after(-1);
		assert_true(!err || err == SBC_ENOMEM || err == SBC_EPARSE);
		buf_fini(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replaces),
		cmocka_unit_test(checks_replacements),
		cmocka_unit_test(has_ceilings),
		cmocka_unit_test(survives_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
