/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PEM armour, RFC 7468. */

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "base/pem.h"

static void reads(void **state)
{
	static const struct {
		const char *text;
		int err;
		const char *label, *bytes;
	} table[] = {
		{"-----BEGIN A B-----\nZm9v\n-----END A B-----\n", 0, "A B", "foo"},
		{"junk\n-----BEGIN X-----\r\nZm 9v\r\n\tYmFy\r\n-----END X-----", 0, "X",
			"foobar"},
		{"-----BEGIN X----------END X-----", 0, "X", ""},
		{"", SBC_ENOENT, "", ""},
		{"-----BEGI", SBC_ENOENT, "", ""},
		{"-----END X-----", SBC_ENOENT, "", ""},
		{"-----BEGIN X-----\nZm9v\n", SBC_EPARSE, "", ""},
		{"-----BEGIN X-----\nZm9v\n-----END Y-----", SBC_EPARSE, "", ""},
		{"-----BEGIN X-----\nZm9v\n-----END XY-----", SBC_EPARSE, "", ""},
		{"-----BEGIN X-----\nZm9\n-----END X-----", SBC_EPARSE, "", ""},
		{"-----BEGIN X\nZm9v\n-----END X-----", SBC_EPARSE, "", ""},
		{"-----BEGIN X-----\nProc-Type: 4,ENCRYPTED\n\nZm9v\n-----END X-----",
			SBC_EPARSE, "", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct slice rest = slice_str(table[i].text), label = {0};
		struct buf der;
		buf_init(&der, 64);
		assert_int_equal(table[i].err, pem_next(&rest, &label, &der));
		if (!table[i].err) {
			assert_true(slice_equal(label, slice_str(table[i].label)));
			assert_true(slice_equal(buf_slice(&der), slice_str(table[i].bytes)));
			assert_int_equal(SBC_ENOENT, pem_next(&rest, &label, &der));
		}
		buf_fini(&der);
	}
}

static void writes(void **state)
{
	uint8_t bytes[100];
	struct buf pem, der;
	struct slice rest, label;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 37);
	buf_init(&pem, 1024);
	buf_init(&der, 1024);
	assert_int_equal(0, pem_put(&pem, "ONE", slice_of("foo", 3)));
	assert_string_equal("-----BEGIN ONE-----\nZm9v\n-----END ONE-----\n", pem.data);
	assert_int_equal(0, pem_put(&pem, "TWO", slice_of(bytes, sizeof(bytes))));
	rest = buf_slice(&pem);
	assert_int_equal(0, pem_next(&rest, &label, &der));
	buf_reset(&der);
	assert_int_equal(0, pem_next(&rest, &label, &der));
	assert_true(slice_equal(label, SLICE("TWO")));
	assert_true(slice_equal(buf_slice(&der), slice_of(bytes, sizeof(bytes))));
	assert_true(slice_equal(rest, SLICE("\n")));
	buf_fini(&der);
	buf_init(&der, 1);
	rest = buf_slice(&pem);
	assert_int_equal(SBC_ELIMIT, pem_next(&rest, &label, &der));
	buf_fini(&der);
	buf_fini(&pem);
	buf_init(&pem, 10);
	assert_int_equal(SBC_ELIMIT, pem_put(&pem, "ONE", slice_of("foo", 3)));
	buf_fini(&pem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads),
		cmocka_unit_test(writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
