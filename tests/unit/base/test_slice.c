/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Byte strings: comparing, cutting, numbers. */

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "base/slice.h"

static void compares(void **state)
{
	(void)state;
	assert_true(slice_equal(SLICE("abc"), SLICE("abc")));
	assert_false(slice_equal(SLICE("abc"), SLICE("abC")));
	assert_true(slice_equal_nocase(SLICE("aBc-1"), SLICE("AbC-1")));
	assert_false(slice_equal_nocase(SLICE("ab"), SLICE("abc")));
	/* Only ASCII letters fold: '[' and '{' are 32 apart too. */
	assert_false(slice_equal_nocase(SLICE("["), SLICE("{")));
	assert_true(slice_equal((struct slice){0}, SLICE("")));
	assert_true(slice_starts_nocase(SLICE("Sip:x"), SLICE("sIP:")));
	assert_false(slice_starts(SLICE("si"), SLICE("sip")));
}

static void cuts(void **state)
{
	struct slice rest = SLICE("a;b;;c");

	(void)state;
	assert_true(slice_equal(slice_cut(&rest, ';'), SLICE("a")));
	assert_true(slice_equal(slice_cut(&rest, ';'), SLICE("b")));
	assert_true(slice_equal(slice_cut(&rest, ';'), SLICE("")));
	assert_true(slice_equal(slice_cut(&rest, ';'), SLICE("c")));
	assert_true(slice_is_empty(rest));
	assert_true(slice_equal(slice_trim(SLICE(" \t\r\n x y \n")), SLICE("x y")));
	assert_int_equal(0, slice_trim(SLICE("  ")).len);
	assert_int_equal(0, slice_from(SLICE("abc"), 7).len);
	assert_int_equal(3, slice_head(SLICE("abc"), 7).len);
}

static void reads_numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		int err;
		uint64_t value;
	} table[] = {
		{"0", 10, 0, 0},
		{"65535", 65535, 0, 65535},
		{"65536", 65535, SBC_ELIMIT, 0},
		{"18446744073709551615", UINT64_MAX, 0, UINT64_MAX},
		{"18446744073709551616", UINT64_MAX, SBC_ELIMIT, 0},
		{"4294967328", 4294967295u, SBC_ELIMIT, 0}, /* 2^32 + 32: S3 */
		{"", 10, SBC_EPARSE, 0},
		{"-1", 10, SBC_EPARSE, 0},
		{"+1", 10, SBC_EPARSE, 0},
		{" 1", 10, SBC_EPARSE, 0},
		{"1x", 10, SBC_EPARSE, 0},
		{"9", 3, SBC_ELIMIT, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		uint64_t value = 0;
		assert_int_equal(table[i].err,
			slice_to_u64(slice_str(table[i].text), table[i].max, &value));
		assert_true(value == table[i].value);
	}
}

static void copies(void **state)
{
	char out[4];

	(void)state;
	assert_int_equal(0, slice_copy(SLICE("abc"), out, sizeof(out)));
	assert_string_equal("abc", out);
	assert_int_equal(SBC_ELIMIT, slice_copy(SLICE("abcd"), out, sizeof(out)));
	assert_string_equal("", out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compares),
		cmocka_unit_test(cuts),
		cmocka_unit_test(reads_numbers),
		cmocka_unit_test(copies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
