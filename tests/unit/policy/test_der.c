/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DER as certificates have it (X.690 section 10.1). */

#include "tests/unit/policy/fixture.h"

#include "policy/der.h"

static void elements(void **state)
{
	static const struct {
		struct slice in;
		int err;
		size_t len;
		const char *why;
	} table[] = {
		{SLICE("\x04\x02xy"), 0, 2, "short"},
		{SLICE("\x04\x00"), 0, 0, "empty"},
		{SLICE(""), SBC_ENOENT, 0, "nothing left"},
		{SLICE("\x04"), SBC_EPARSE, 0, "no length"},
		{SLICE("\x04\x03xy"), SBC_EPARSE, 0, "more than there is"},
		{SLICE("\x04\x80xy\0\0"), SBC_EPARSE, 0, "indefinite length"},
		{SLICE("\x04\x81\x02xy"), SBC_EPARSE, 0, "a shorter form would do"},
		{SLICE("\x04\x82\x00\x81"), SBC_EPARSE, 0, "leading zero"},
		{SLICE("\x04\x84\x7f\xff\xff\xff"), SBC_EPARSE, 0, "four bytes of length"},
		{SLICE("\x04\x82\xff"), SBC_EPARSE, 0, "cut in the length"},
		{SLICE("\x1f\x01\x00"), SBC_EPARSE, 0, "tag in several bytes"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct slice rest = table[i].in;
		struct der item;
		if (der_next(&rest, &item) != table[i].err)
			fail_msg("%s", table[i].why);
		if (!table[i].err)
			assert_int_equal(table[i].len, item.content.len);
		else
			assert_ptr_equal(table[i].in.ptr, rest.ptr);
	}
}

static void integers(void **state)
{
	static const struct {
		struct slice in;
		int err;
		uint64_t value;
	} table[] = {
		{SLICE("\x00"), 0, 0},
		{SLICE("\x7f"), 0, 127},
		{SLICE("\x00\x80"), 0, 128},
		{SLICE("\x7f\xff\xff\xff\xff\xff\xff\xff"), 0, INT64_MAX},
		{SLICE("\xff"), SBC_EPARSE, 0},
		{SLICE(""), SBC_EPARSE, 0},
		{SLICE("\x00\x80\x00\x00\x00\x00\x00\x00\x00"), SBC_EPARSE, 0},
	};
	uint64_t value = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		assert_int_equal(table[i].err, der_integer(table[i].in, &value));
		if (!table[i].err)
			assert_int_equal(table[i].value, value);
	}
}

#define SAN SLICE("\x55\x1d\x11")

/* A real certificate, and the same cut off everywhere: never beyond its end. */
static void extensions(void **state)
{
	struct buf der = file_bytes(CERTS "leaf.der");
	struct slice value;

	(void)state;
	assert_int_equal(0, der_find_extension(buf_slice(&der), SAN, &value));
	assert_true(slice_equal(slice_from(value, 4), SLICE("atlanta.test")));
	assert_int_equal(
		SBC_ENOENT, der_find_extension(buf_slice(&der), SLICE("\x55\x1d\x7f"), &value));
	for (size_t i = 0; i < der.len; i++) {
		char *cut = mem_strdup(slice_head(buf_slice(&der), i));
		assert_int_equal(SBC_EPARSE, der_find_extension(slice_of(cut, i), SAN, &value));
		mem_free(cut);
	}
	buf_fini(&der);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(elements),
		cmocka_unit_test(integers),
		cmocka_unit_test(extensions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
