/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests as JSON-RPC 2.0, and lines typed at the prompt. */

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "tools/ctl/ctl_shell.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void prints_requests(void **state)
{
	static const struct {
		const char *method;
		const char *argv[3];
		size_t argc;
		const char *text;
	} table[] = {
		{"core.uptime", {0}, 0,
			"{\"jsonrpc\":\"2.0\",\"method\":\"core.uptime\",\"id\":7}"},
		{"dlg.list", {"0", "100"}, 2,
			"{\"jsonrpc\":\"2.0\",\"method\":\"dlg.list\",\"params\":[0,100],"
			"\"id\":7}"},
		{"m", {"-", "-3", "00"}, 3,
			"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":[\"-\",-3,\"00\"],"
			"\"id\":7}"},
		{"m", {"s:12", "i:x", "i:4"}, 3,
			"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":[\"12\",\"i:x\",4],"
			"\"id\":7}"},
		{"m", {"9223372036854775808", "a\"\n", ""}, 3,
			"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":["
			"\"9223372036854775808\","
			"\"a\\\"\\u000a\",\"\"],\"id\":7}"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct buf out;
		buf_init(&out, 4096);
		assert_int_equal(0, ctl_request_print(&out, 7, table[i].method, table[i].argc,
					    table[i].argv));
		assert_string_equal(table[i].text, out.data);
		buf_fini(&out);
	}
}

static void refuses_methods(void **state)
{
	static const char *const table[] = {"", "a b", "a\"", "a\n", "\xc3\xa4"};
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	for (size_t i = 0; i < COUNT(table); i++)
		assert_int_equal(SBC_EINVAL, ctl_request_print(&out, 1, table[i], 0, NULL));
	buf_fini(&out);
}

static void keeps_to_the_ceiling(void **state)
{
	const char *argument = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
	struct buf out;

	(void)state;
	buf_init(&out, 64);
	assert_int_equal(SBC_ELIMIT, ctl_request_print(&out, 1, "m", 1, &argument));
	buf_fini(&out);
}

static void cuts_lines(void **state)
{
	static const struct {
		const char *line;
		int err;
		size_t count;
		const char *words[3];
	} table[] = {
		{"", 0, 0, {0}},
		{"  \t ", 0, 0, {0}},
		{"a b", 0, 2, {"a", "b"}},
		{" a  'b c' ", 0, 2, {"a", "b c"}},
		{"a\"b 'c\"d", 0, 1, {"ab 'cd"}},
		{"a ''", 0, 2, {"a", ""}},
		{"a 'b", SBC_EPARSE, 2, {0}},
		{"a b c d", SBC_ELIMIT, 3, {0}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		char line[64];
		const char *words[3];
		size_t count;
		assert_int_equal(0, slice_copy(slice_str(table[i].line), line, sizeof(line)));
		assert_int_equal(table[i].err, ctl_words(line, words, 3, &count));
		assert_int_equal(table[i].count, count);
		for (size_t k = 0; !table[i].err && k < count; k++)
			assert_string_equal(table[i].words[k], words[k]);
	}
}

static void finds_the_socket(void **state)
{
	static const struct {
		const char *root, *path;
	} table[] = {
		{"tests/vectors/doctor/FIFO-1-from-countersip-config",
			"/run/sbc/countersip_rpc.sock"},              /* its run_dir */
		{"tests/vectors/doctor/healthy", CTL_SOCKET_DEFAULT}, /* not installed */
		{"tests/vectors/doctor/nowhere", CTL_SOCKET_DEFAULT},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		char path[108];
		ctl_socket_find(table[i].root, path, sizeof(path));
		assert_string_equal(table[i].path, path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prints_requests),
		cmocka_unit_test(refuses_methods),
		cmocka_unit_test(keeps_to_the_ceiling),
		cmocka_unit_test(cuts_lines),
		cmocka_unit_test(finds_the_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
