/* SPDX-License-Identifier: GPL-3.0-or-later */
/* OpenSIPS 1.x lines: requests as its PHP panel writes them, answers as it reads them. */

#include "tests/cmocka_first.h"

#include <string.h>

#include "base/err.h"
#include "sbc/rpc_mi.h"
#include "tests/unit/sbc/rpc_text.h"

struct wanted_param {
	const char *name, *text;
};

static void reads_requests(void **state)
{
	static const struct {
		const char *text;
		int err;
		const char *method, *reply;
		struct wanted_param params[4];
		const char *why;
	} cases[] = {
		{":uptime:webfifo_1\n\n", 0, "uptime", "webfifo_1", {{0}}, "no argument"},
		{":dlg_list:webfifo_123\n0\n10\n\n", 0, "dlg_list", "webfifo_123",
			{{"", "0"}, {"", "10"}}, "an argument a line"},
		{":which::\n", 0, "which", ":", {{0}}, "a third colon belongs to the name"},
		{":which:\n", 0, "which", "", {{0}}, "no reply wanted"},
		{":get_statistics:r\nall\n", 0, "get_statistics", "r", {{"", "all"}},
			"the empty line was cut off by who framed it"},
		{":x:r\r\na\r\n\r\n", 0, "x", "r", {{"", "a"}}, "CRLF"},
		{":x:r\n\"two words\"\n\n", 0, "x", "r", {{"", "two words"}}, "quotes go"},
		{":x:r\nname::value\nb::\"q\"\n\n", 0, "x", "r",
			{{"name", "value"}, {"b", "q"}}, "named"},
		{":x:r\nsip:a@b::c\n\n", 0, "x", "r", {{"", "sip:a@b::c"}},
			"that is no name: letters, digits and _ only"},
		{":x:r\ncore:\n\n", 0, "x", "r", {{"", "core:"}}, "one colon is none either"},
		{":x:r\na\n\nb\n", 0, "x", "r", {{"", "a"}}, "what follows is not of it"},
		{"x:r\n", SBC_EPARSE, NULL, NULL, {{0}}, "no colon in front"},
		{":x\n", SBC_EPARSE, NULL, NULL, {{0}}, "no second colon"},
		{"::r\n", SBC_EPARSE, NULL, NULL, {{0}}, "no command"},
		{"", SBC_EPARSE, NULL, NULL, {{0}}, "nothing"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rpc_request r = {0};
		size_t count = 0;
		if (rpc_mi_parse(&r, slice_str(cases[i].text)) != cases[i].err)
			fail_msg("%s", cases[i].why);
		if (cases[i].err)
			continue;
		assert_true(slice_equal(r.method, slice_str(cases[i].method)));
		if (!slice_equal(r.reply_name, slice_str(cases[i].reply)))
			fail_msg("%s: %.*s", cases[i].why, SLICE_ARG(r.reply_name));
		for (; count < 4 && cases[i].params[count].text; count++) {
			const struct wanted_param *p = &cases[i].params[count];
			if (!slice_equal(r.params[count].name, slice_str(p->name)) ||
				!slice_equal(r.params[count].text, slice_str(p->text)))
				fail_msg("%s: parameter %zu", cases[i].why, count);
		}
		assert_int_equal(count, r.param_count);
	}
}

static void too_many_arguments(void **state)
{
	struct rpc_request r = {0};
	struct buf text;

	(void)state;
	buf_init(&text, 1000);
	buf_put_str(&text, ":x:r\n");
	for (int i = 0; i <= RPC_PARAM_MAX; i++)
		buf_put_str(&text, "a\n");
	assert_int_equal(SBC_ELIMIT, rpc_mi_parse(&r, buf_slice(&text)));
	buf_fini(&text);
}

static void start(struct rpc_writer *w)
{
	rpc_writer_init(w, &rpc_dialect_mi, NULL);
	w->dialect->begin(w);
	rpc_writer_open(w, NULL, RPC_STRUCT, NULL);
}

static void finish(struct rpc_writer *w, const char *wanted)
{
	rpc_writer_close(w);
	w->dialect->end(w);
	assert_rpc_bytes(&w->out, wanted, strlen(wanted));
	rpc_writer_fini(w);
}

static void members_are_lines(void **state)
{
	struct rpc_writer w;

	(void)state;
	start(&w);
	rpc_writer_text(&w, "Now", SLICE("Mon Nov 23 14:44:35 2026"));
	rpc_writer_text(&w, "Up since", SLICE("Mon Nov 23 14:44:31 2026"));
	rpc_writer_text(&w, "Up time", SLICE("4 [sec]"));
	finish(&w, "200 OK\nNow:: Mon Nov 23 14:44:35 2026\nUp since:: Mon Nov 23 14:44:31 "
		   "2026\nUp time:: 4 [sec]\n\n");
}

/* dlg_list: attributes on the record's own line (two blanks, since its value is empty),
 * members a tab deeper, the callee two. */
static void records_are_indented(void **state)
{
	struct rpc_writer w;

	(void)state;
	start(&w);
	rpc_writer_integer(&w, "dlg_counter", 1);
	rpc_writer_open(&w, "Dialogs", RPC_ARRAY, "dialog");
	rpc_writer_open(&w, NULL, RPC_STRUCT, NULL);
	rpc_writer_attribute(&w, "hash", SLICE("323:6559"));
	rpc_writer_attribute(&w, "dialog_id", SLICE("1387274436015"));
	rpc_writer_integer(&w, "state", 4);
	rpc_writer_open(&w, "CALLEES", RPC_STRUCT, NULL);
	rpc_writer_open(&w, "callee", RPC_STRUCT, NULL);
	rpc_writer_text(&w, "callee_tag", SLICE("b"));
	rpc_writer_close(&w);
	rpc_writer_close(&w);
	rpc_writer_close(&w);
	rpc_writer_close(&w);
	finish(&w, "200 OK\ndlg_counter:: 1\ndialog::  hash=323:6559 "
		   "dialog_id=1387274436015\n\tstate:: 4\n\tCALLEES:: \n\t\tcallee:: "
		   "\n\t\t\tcallee_tag:: b\n\n");
}

static void nameless_items(void **state)
{
	static const char wanted[] = "200 OK\n:: ps\n:: uptime\n\n";
	struct rpc_writer w;

	(void)state;
	rpc_writer_init(&w, &rpc_dialect_mi, NULL);
	w.dialect->begin(&w);
	rpc_writer_open(&w, NULL, RPC_ARRAY, NULL);
	rpc_writer_text(&w, NULL, SLICE("ps"));
	rpc_writer_text(&w, NULL, SLICE("uptime"));
	rpc_writer_close(&w);
	w.dialect->end(&w);
	assert_rpc_bytes(&w.out, wanted, strlen(wanted));
	rpc_writer_fini(&w);
}

/* A line end in a stranger's value would be a line of ours. */
static void lines_cannot_be_forged(void **state)
{
	struct rpc_writer w;

	(void)state;
	start(&w);
	rpc_writer_text(&w, "from_uri", SLICE("sip:a\nstate:: 4\r\0\x7f"));
	finish(&w, "200 OK\nfrom_uri:: sip:a?state:: 4???\n\n");
}

static void nothing_but_ok(void **state)
{
	struct rpc_writer w;

	(void)state;
	start(&w);
	finish(&w, "200 OK\n\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_requests),
		cmocka_unit_test(too_many_arguments),
		cmocka_unit_test(members_are_lines),
		cmocka_unit_test(records_are_indented),
		cmocka_unit_test(nameless_items),
		cmocka_unit_test(lines_cannot_be_forged),
		cmocka_unit_test(nothing_but_ok),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
