/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where requests end in a FIFO's bytes; what half-written ones do to those behind them. */

#include "tests/cmocka_first.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "sbc/rpc_frame.h"

#define J(letter) "{\"jsonrpc\":\"2.0\",\"method\":\"" letter "\"}"

/* What comes out of the whole input, one letter a frame: J, O (OpenSIPS 3), M, and - for
 * bytes that were dropped. */
static void frames_of(struct slice input, char *out, size_t size)
{
	size_t n = 0;

	for (;;) {
		struct rpc_frame frame;
		rpc_frame_next(input, &frame);
		assert_true(frame.len <= input.len);
		assert_true(frame.kind == RPC_FRAME_MORE || frame.len);
		if (frame.kind == RPC_FRAME_MORE) {
			if (slice_trim(input).len && n + 1 < size)
				out[n++] = '+';
			out[n] = '\0';
			return;
		}
		assert_true(n + 1 < size);
		out[n++] = frame.kind == RPC_FRAME_JSON      ? 'J'
			   : frame.kind == RPC_FRAME_MI_JSON ? 'O'
			   : frame.kind == RPC_FRAME_MI      ? 'M'
							     : '-';
		input = slice_from(input, frame.len);
	}
}

static void finds_requests(void **state)
{
	static const struct {
		const char *input, *frames, *why;
	} cases[] = {
		{"", "", "nothing"},
		{" \r\n\t\n", "", "blanks"},
		{J("a"), "J", "no line end is needed"},
		{J("a") "\n" J("b") "\n", "JJ", "two"},
		{J("a") J("b"), "JJ", "two without anything between"},
		{"{\n  \"jsonrpc\": \"2.0\",\n  \"method\": \"a}\"\n}\n", "J",
			"kamcli's lines; a brace in a string"},
		{"{\"a\":\"\\\"}\"}", "J", "an escaped quote"},
		{"[1,2]", "J", "a batch is found, and refused later"},
		{"{\"jsonrpc\":\"2.0\",", "+", "half"},
		{":reply:" J("a") "\n", "O", "OpenSIPS 3"},
		{":reply: " J("a"), "O", "a blank before it"},
		{"::" J("a") "\n", "O", "no reply wanted"},
		{":reply:{\"a\":", "+", "half of it"},
		{":uptime:r\n\n", "M", "OpenSIPS 1"},
		{":dlg_list:r\n0\n10\n\n" J("a"), "MJ", "with arguments"},
		{":uptime:r\r\n\r\n", "M", "CRLF"},
		{":uptime:r\n \t\n", "M", "an empty line of blanks"},
		{":uptime:r\n", "+", "its empty line has not come"},
		{":uptime:r", "+", "nor its line end"},
		{":uptime\n" J("a"), "-J", "no second colon"},
		/* Half requests of somebody else in front. */
		{"{\"jsonrpc\":\"2.0\",\"me\n" J("a") "\n", "-J", "cut in a string, line end"},
		{"{\"jsonrpc\":\"2.0\",\"me" J("a") "\n" J("b") "\n", "-JJ",
			"cut in a string, nothing between"},
		{":uptime:r\n:which:r2\n\n", "-M", "a command begins in the arguments"},
		{":dlg_list:r\n0\n" J("a") "\n", "-J", "JSON begins in the arguments"},
		{"garbage\n" J("a"), "-J", "a line of nothing"},
		{"garbage" J("a"), "-J", "without its end"},
		{"\x01\x02\xff", "+", "may still become a line"},
		{"GET / HTTP/1.1\r\nHost: x\r\n\r\n" J("a"), "--J", "another protocol"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char frames[32];
		frames_of(slice_str(cases[i].input), frames, sizeof(frames));
		if (strcmp(frames, cases[i].frames))
			fail_msg("%s: %s, wanted %s", cases[i].why, frames, cases[i].frames);
	}
}

static void gives_the_parts(void **state)
{
	struct rpc_frame frame;

	(void)state;
	rpc_frame_next(SLICE(" :web_1:{\"a\":1}\nrest"), &frame);
	assert_int_equal(RPC_FRAME_MI_JSON, frame.kind);
	assert_true(slice_equal(frame.reply_name, SLICE("web_1")));
	assert_true(slice_equal(frame.text, SLICE("{\"a\":1}")));
	rpc_frame_next(SLICE("\n:get:r\na\n\nrest"), &frame);
	assert_int_equal(RPC_FRAME_MI, frame.kind);
	assert_true(slice_equal(frame.text, SLICE(":get:r\na\n")));
	assert_int_equal(strlen("\n:get:r\na\n\n"), frame.len);
}

/* A request comes in pieces of any size. */
static void waits_for_every_byte(void **state)
{
	static const char *const whole[] = {J("a"), ":r:" J("a"), ":uptime:r\nall\n\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		size_t len = strlen(whole[i]);
		for (size_t cut = 1; cut < len; cut++) {
			struct rpc_frame frame;
			char *copy = mem_alloc(cut);
			memcpy(copy, whole[i], cut);
			rpc_frame_next(slice_of(copy, cut), &frame);
			assert_int_equal(RPC_FRAME_MORE, frame.kind);
			assert_int_equal(0, frame.len);
			mem_free(copy);
		}
	}
}

/* Oversized: dropped, and what comes behind it is found. */
static void too_long(void **state)
{
	static const char *const begins[] = {
		"{\"jsonrpc\":\"", ":r:{\"a\":\"", ":cmd:r\n", "x"};

	(void)state;
	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
		struct rpc_frame frame;
		struct buf text;
		char frames[32];
		buf_init(&text, 4 * RPC_FRAME_MAX);
		buf_put_str(&text, begins[i]);
		while (text.len < RPC_FRAME_MAX)
			buf_put_char(&text, 'a');
		rpc_frame_next(buf_slice(&text), &frame);
		assert_int_equal(RPC_FRAME_BAD, frame.kind);
		buf_put_str(&text, "\n" J("b") "\n");
		frames_of(buf_slice(&text), frames, sizeof(frames));
		assert_string_equal("J", frames + strlen(frames) - 1);
		buf_fini(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_requests),
		cmocka_unit_test(gives_the_parts),
		cmocka_unit_test(waits_for_every_byte),
		cmocka_unit_test(too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
