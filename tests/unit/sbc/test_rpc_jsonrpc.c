/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON-RPC requests as Kamailio's and OpenSIPS's tools write them, and worse ones. */

#include "tests/cmocka_first.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "sbc/rpc_jsonrpc.h"
#include "tests/unit/sbc/vector_file.h"

struct wanted_param {
	const char *name, *text;
};

static const struct {
	const char *text;
	int err;
	const char *method, *reply, *id;
	struct wanted_param params[4];
	const char *why;
} cases[] = {
	{"{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"id\":7}", 0, "a", "", "7", {{0}}, "plain"},
	{"{\"method\":\"a\"}", 0, "a", "", "", {{0}}, "Kamailio does not ask for the version"},
	{"{\"method\":\"a\",\"id\":\"x\\\"y\"}", 0, "a", "", "\"x\\\"y\"", {{0}},
		"id is echoed"},
	{"{\"method\":\"a\",\"id\":null}", 0, "a", "", "", {{0}}, "null is none"},
	{"{\"method\":\"a\",\"id\":[1]}", 0, "a", "", "", {{0}}, "nor is a list"},
	{"{\"method\":\"a\",\"reply_name\":\"r\",\"params\":[\"all\",5,-1,true]}", 0, "a", "r",
		"", {{"", "all"}, {"", "5"}, {"", "-1"}, {"", "true"}}, "by position"},
	{"{\"method\":\"a\",\"params\":{\"index\":1,\"count\":\"2\"}}", 0, "a", "", "",
		{{"index", "1"}, {"count", "2"}}, "by name"},
	{"{\"method\":\"a\",\"params\":{\"statistics\":[\"core:\",\"x\"]}}", 0, "a", "", "",
		{{"statistics", "core:"}, {"statistics", "x"}}, "OpenSIPS 3: a list in a name"},
	{"{\"method\":\"a\",\"params\":[]}", 0, "a", "", "", {{0}}, "none"},
	{"{\"method\":\"a\",\"params\":5}", SBC_EPROTO, 0, 0, 0, {{0}}, "no list"},
	{"{\"method\":\"a\",\"params\":[{}]}", SBC_EPROTO, 0, 0, 0, {{0}}, "objects in it"},
	{"{\"method\":\"a\",\"params\":{\"b\":{}}}", SBC_EPROTO, 0, 0, 0, {{0}},
		"or in a name"},
	{"{\"method\":\"a\",\"params\":{\"b\":[[]]}}", SBC_EPROTO, 0, 0, 0, {{0}}, "too deep"},
	{"{\"id\":1}", SBC_EPROTO, 0, 0, 0, {{0}}, "no method"},
	{"{\"method\":\"\"}", SBC_EPROTO, 0, 0, 0, {{0}}, "an empty one"},
	{"{\"method\":7}", SBC_EPROTO, 0, 0, 0, {{0}}, "a number"},
	{"[{\"method\":\"a\"}]", SBC_EPROTO, 0, 0, 0, {{0}}, "a batch"},
	{"{\"method\":\"a\",\"method\":\"b\"}", SBC_EPARSE, 0, 0, 0, {{0}}, "twice"},
	{"{\"method\":", SBC_EPARSE, 0, 0, 0, {{0}}, "half"},
	{"", SBC_EPARSE, 0, 0, 0, {{0}}, "nothing"},
};

static void reads_requests(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rpc_request r = {0};
		struct arena arena;
		size_t count = 0;
		arena_init(&arena, 10000);
		if (rpc_jsonrpc_parse(&r, &arena, slice_str(cases[i].text)) != cases[i].err)
			fail_msg("%s", cases[i].why);
		if (!cases[i].err &&
			(!slice_equal(r.method, slice_str(cases[i].method)) ||
				!slice_equal(r.reply_name, slice_str(cases[i].reply)) ||
				!slice_equal(r.id, slice_str(cases[i].id))))
			fail_msg("%s", cases[i].why);
		for (; !cases[i].err && count < 4 && cases[i].params[count].text; count++)
			if (!slice_equal(r.params[count].name,
				    slice_str(cases[i].params[count].name)) ||
				!slice_equal(r.params[count].text,
					slice_str(cases[i].params[count].text)))
				fail_msg("%s: parameter %zu", cases[i].why, count);
		if (!cases[i].err)
			assert_int_equal(count, r.param_count);
		arena_fini(&arena);
	}
}

/* The answer to what is no request still finds its way. */
static void the_id_of_a_bad_request(void **state)
{
	struct rpc_request r = {0};
	struct arena arena;

	(void)state;
	arena_init(&arena, 10000);
	assert_int_equal(SBC_EPROTO,
		rpc_jsonrpc_parse(&r, &arena, SLICE("{\"id\":5,\"reply_name\":\"r\"}")));
	assert_true(slice_equal(r.id, SLICE("5")));
	assert_true(slice_equal(r.reply_name, SLICE("r")));
	arena_fini(&arena);
}

static void reads_recorded_requests(void **state)
{
	struct rpc_request r = {0};
	struct arena arena;
	struct buf text;

	(void)state;
	arena_init(&arena, 10000);
	vector_file_read(&text, "kamailio-mgmt/fifo-stats.get_statistics-dialog.req");
	assert_int_equal(0, rpc_jsonrpc_parse(&r, &arena, buf_slice(&text)));
	assert_true(slice_equal(r.method, SLICE("stats.get_statistics")));
	assert_true(slice_equal(r.reply_name, SLICE("kamailio_receiver_9004")));
	assert_true(slice_equal(r.id, SLICE("9004")));
	assert_int_equal(1, r.param_count);
	assert_true(slice_equal(r.params[0].text, SLICE("dialog:")));
	buf_fini(&text);
	arena_fini(&arena);
}

static void ceilings(void **state)
{
	struct rpc_request r = {0};
	struct arena arena;
	struct buf text;

	(void)state;
	arena_init(&arena, 10000);
	buf_init(&text, 10000);
	buf_put_str(&text, "{\"method\":\"a\",\"params\":[1");
	for (int i = 0; i < RPC_PARAM_MAX; i++)
		buf_put_str(&text, ",1");
	buf_put_str(&text, "]}");
	assert_int_equal(SBC_ELIMIT, rpc_jsonrpc_parse(&r, &arena, buf_slice(&text)));
	buf_fini(&text);
	arena_fini(&arena);
}

/* Each allocation of our own fails once. */
static void without_memory(void **state)
{
	static const char text[] =
		"{\"method\":\"a\",\"id\":1,\"reply_name\":\"r\",\"params\":{\"b\":[1,\"c\"]}}";
	int err = SBC_ENOMEM;

	(void)state;
	for (long n = 0; err; n++) {
		struct rpc_request r = {0};
		struct arena arena;
		arena_init(&arena, 10000);
		mem_fail_after(n);
		err = rpc_jsonrpc_parse(&r, &arena, slice_str(text));
		mem_fail_after(-1);
		assert_true(!err || err == SBC_ENOMEM);
		assert_true(n < 50);
		arena_fini(&arena);
	}
}

static void codes(void **state)
{
	const char *words;

	(void)state;
	assert_int_equal(-32700, rpc_jsonrpc_code(SBC_EPARSE, &words));
	assert_int_equal(-32600, rpc_jsonrpc_code(SBC_EPROTO, &words));
	assert_int_equal(-32600, rpc_jsonrpc_code(SBC_ELIMIT, &words));
	assert_int_equal(-32603, rpc_jsonrpc_code(SBC_ENOMEM, &words));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_requests),
		cmocka_unit_test(the_id_of_a_bad_request),
		cmocka_unit_test(reads_recorded_requests),
		cmocka_unit_test(ceilings),
		cmocka_unit_test(without_memory),
		cmocka_unit_test(codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
