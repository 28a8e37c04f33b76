/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values as bytes and back, and bytes that nobody wrote. */

#include "tests/cmocka_first.h"

#include "base/coder.h"
#include "base/err.h"
#include "base/mem.h"

struct value {
	bool flag;
	uint16_t small;
	uint64_t large;
	char text[8];
	struct slice slice;
	struct buf buf;
	struct netaddr addresses[3];
	struct fingerprint_set fingerprints;
};

static void walk(struct coder *c, struct value *v)
{
	v->flag = code_bool(c, v->flag);
	v->small = (uint16_t)code_number(c, v->small, 2, 1000);
	v->large = code_number(c, v->large, 8, UINT64_MAX);
	code_text(c, v->text, sizeof(v->text));
	code_slice(c, &v->slice, 16);
	code_buf(c, &v->buf, 16);
	for (int i = 0; i < 3; i++)
		code_address(c, &v->addresses[i]);
	code_fingerprints(c, &v->fingerprints);
	code_end(c);
}

static void fill(struct value *v)
{
	struct fingerprint f = {.alg = "sha-256", .digest_len = 32, .digest = {1, 2, 3}};

	*v = (struct value){.flag = true,
		.small = 1000,
		.large = UINT64_MAX - 1,
		.text = "seventh",
		.slice = SLICE("slice")};
	buf_init(&v->buf, 16);
	buf_put_str(&v->buf, "buf");
	netaddr_parse(&v->addresses[1], SLICE("192.0.2.1"), 5060);
	netaddr_parse(&v->addresses[2], SLICE("2001:db8::1"), 5061);
	fingerprint_set_add(&v->fingerprints, &f);
}

static int read_value(struct value *v, struct arena *arena, struct slice bytes)
{
	struct coder c = {.is_reading = true, .in = bytes, .arena = arena};

	*v = (struct value){0};
	buf_init(&v->buf, 16);
	walk(&c, v);
	return c.err;
}

static void what_is_written_is_read(void **state)
{
	struct value v, again;
	struct arena arena;
	struct buf bytes;
	struct coder c = {.out = &bytes};

	(void)state;
	arena_init(&arena, 4096);
	buf_init(&bytes, 1024);
	fill(&v);
	walk(&c, &v);
	assert_int_equal(0, c.err);
	assert_int_equal(0, read_value(&again, &arena, buf_slice(&bytes)));
	assert_true(again.flag);
	assert_int_equal(1000, again.small);
	assert_true(again.large == UINT64_MAX - 1);
	assert_string_equal("seventh", again.text);
	assert_true(slice_equal(SLICE("slice"), again.slice));
	assert_true(slice_equal(SLICE("buf"), buf_slice(&again.buf)));
	for (int i = 0; i < 3; i++)
		assert_true(netaddr_equal(&v.addresses[i], &again.addresses[i]));
	assert_true(fingerprint_set_equal(&v.fingerprints, &again.fingerprints));
	buf_fini(&again.buf);
	/* Cut anywhere, or with something behind it, it is refused; nothing is read beyond. */
	for (size_t len = 0; len < bytes.len; len++) {
		assert_int_equal(SBC_EPARSE,
			read_value(&again, &arena, slice_head(buf_slice(&bytes), len)));
		buf_fini(&again.buf);
	}
	buf_put_char(&bytes, '\0');
	assert_int_equal(SBC_EPARSE, read_value(&again, &arena, buf_slice(&bytes)));
	buf_fini(&again.buf);
	buf_fini(&v.buf);
	buf_fini(&bytes);
	arena_fini(&arena);
}

static void bounds(void **state)
{
	struct buf bytes;
	struct coder out = {.out = &bytes};
	struct coder in = {.is_reading = true};
	struct slice text = {0};
	struct arena arena;
	char small[4] = "";

	(void)state;
	buf_init(&bytes, 8);
	arena_init(&arena, 4096);
	in.arena = &arena;
	in.in = slice_of("\2", 1);
	code_bool(&in, false);
	assert_int_equal(SBC_EPARSE, in.err);
	in = (struct coder){.is_reading = true, .in = slice_of("\0\4abcd", 6)};
	code_text(&in, small, sizeof(small)); /* four characters and their end */
	assert_int_equal(SBC_EPARSE, in.err);
	in = (struct coder){.is_reading = true, .in = slice_of("\0\2a\0", 4)};
	code_text(&in, small, sizeof(small)); /* an end within it */
	assert_int_equal(SBC_EPARSE, in.err);
	in = (struct coder){
		.is_reading = true, .arena = &arena, .in = slice_of("\0\0\0\3abc", 7)};
	code_slice(&in, &text, 2);
	assert_int_equal(SBC_EPARSE, in.err);
	assert_int_equal(0, text.len);
	text = SLICE("more than its ceiling");
	code_slice(&out, &text, 100);
	assert_int_equal(SBC_ELIMIT, out.err);
	buf_fini(&bytes);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
