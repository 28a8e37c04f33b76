/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Base64, RFC 4648, and its url form of RFC 7515 section 2. */

#include "tests/cmocka_first.h"

#include "base/b64.h"
#include "base/err.h"
#include "base/mem.h"

static void there_and_back(void **state)
{
	/* RFC 4648 section 10; the last two need both foreign characters. */
	static const struct {
		const char *bytes, *plain, *url;
	} table[] = {
		{"", "", ""},
		{"f", "Zg==", "Zg"},
		{"fo", "Zm8=", "Zm8"},
		{"foo", "Zm9v", "Zm9v"},
		{"foob", "Zm9vYg==", "Zm9vYg"},
		{"fooba", "Zm9vYmE=", "Zm9vYmE"},
		{"foobar", "Zm9vYmFy", "Zm9vYmFy"},
		{"\xfb\xff\xbf", "+/+/", "-_-_"},
		{"\xff\xfe", "//4=", "__4"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct slice bytes = slice_str(table[i].bytes);
		for (int kind = B64_PLAIN; kind <= B64_URL; kind++) {
			const char *text = kind == B64_URL ? table[i].url : table[i].plain;
			struct buf out;
			buf_init(&out, 64);
			assert_int_equal(0, b64_encode(&out, kind, bytes.ptr, bytes.len));
			assert_true(slice_equal(slice_str(text), buf_slice(&out)));
			buf_reset(&out);
			assert_int_equal(0, b64_decode(&out, kind, slice_str(text)));
			assert_true(slice_equal(bytes, buf_slice(&out)));
			buf_fini(&out);
		}
	}
}

static void refuses_what_is_not_the_one_text(void **state)
{
	static const struct {
		enum b64_kind kind;
		const char *text;
	} table[] = {
		{B64_PLAIN, "Zg"},       /* no padding */
		{B64_PLAIN, "Zg="},      /* too little */
		{B64_PLAIN, "Zg==="},    /* too much */
		{B64_PLAIN, "Z==="},     /* six bits are no byte */
		{B64_PLAIN, "===="},     /* nothing but padding */
		{B64_PLAIN, "Zh=="},     /* bits left over: the same byte as Zg== */
		{B64_PLAIN, "Zm9="},     /* likewise */
		{B64_PLAIN, "Zg==Zg=="}, /* padding in the middle */
		{B64_PLAIN, "Zm9v\n"},   /* blanks */
		{B64_PLAIN, "Zm 9v"},    /* likewise */
		{B64_PLAIN, "-_-_"},     /* the other alphabet */
		{B64_URL, "+/+/"},       /* likewise */
		{B64_URL, "Zg=="},       /* RFC 7515: no padding */
		{B64_URL, "Zh"},         /* bits left over */
		{B64_URL, "Zm9vY"},      /* six bits are no byte */
		{B64_URL, "Zm9\x80"},    /* no ASCII */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct buf out;
		buf_init(&out, 64);
		assert_int_equal(
			SBC_EPARSE, b64_decode(&out, table[i].kind, slice_str(table[i].text)));
		buf_fini(&out);
	}
	assert_int_equal(SBC_EPARSE,
		b64_decode(&(struct buf){0}, B64_URL, slice_of("Zm9\0", 4))); /* NUL */
}

static void keeps_the_ceiling(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 4);
	assert_int_equal(SBC_ELIMIT, b64_encode(&out, B64_URL, "foobar", 6));
	buf_reset(&out);
	assert_int_equal(SBC_ELIMIT, b64_decode(&out, B64_URL, SLICE("Zm9vYmFy")));
	buf_fini(&out);
	buf_init(&out, 64);
	mem_fail_after(0);
	assert_int_equal(SBC_ENOMEM, b64_encode(&out, B64_URL, "foobar", 6));
	mem_fail_after(-1);
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(refuses_what_is_not_the_one_text),
		cmocka_unit_test(keeps_the_ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
