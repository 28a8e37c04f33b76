/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers against Kamailio's own bytes, and OpenSIPS 3's form of them. */

#include "tests/cmocka_first.h"

#include <string.h>

#include "tests/unit/sbc/rpc_text.h"
#include "tests/unit/sbc/vector_file.h"

static void assert_file(const struct rpc_writer *w, const char *name)
{
	char path[128];
	struct buf wanted;

	snprintf(path, sizeof(path), "kamailio-mgmt/%s", name);
	vector_file_read(&wanted, path);
	assert_rpc_bytes(&w->out, wanted.data, wanted.len);
	buf_fini(&wanted);
}

static void start(struct rpc_writer *w, const struct rpc_dialect *dialect, const char *id)
{
	rpc_writer_init(w, dialect, NULL);
	w->id = slice_str(id);
	w->dialect->begin(w);
}

static void text(struct rpc_writer *w, const char *name, const char *value)
{
	rpc_writer_text(w, name, slice_str(value));
}

static void one_string(void **state)
{
	static const struct {
		const char *file, *id;
		const char *why;
	} cases[] = {
		{"fifo-core.version.rep", "9000", "a number comes back as it was"},
		{"dgram-core.version.rep", "7", "the same through the datagram socket"},
		{"dgram-string-id.rep", "\"abc\"", "a string with its quotes"},
		{"dgram-notification-noid.rep", "", "none: no member"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rpc_writer w;
		start(&w, i ? &rpc_dialect_datagram : &rpc_dialect_kamailio, cases[i].id);
		text(&w, NULL, "kamailio 5.6.3 (x86_64/linux) ");
		w.dialect->end(&w);
		assert_file(&w, cases[i].file);
		rpc_writer_fini(&w);
	}
}

static void put_uptime(struct rpc_writer *w)
{
	rpc_writer_open(w, NULL, RPC_STRUCT, NULL);
	text(w, "now", "Mon Nov 23 14:44:35 2026");
	text(w, "up_since", "Mon Nov 23 14:44:31 2026");
	rpc_writer_integer(w, "uptime", 4);
	rpc_writer_close(w);
}

static void a_struct(void **state)
{
	struct rpc_writer w;

	(void)state;
	start(&w, &rpc_dialect_kamailio, "9001");
	put_uptime(&w);
	w.dialect->end(&w);
	assert_file(&w, "fifo-core.uptime.rep");
	rpc_writer_fini(&w);
}

static void an_array_of_strings(void **state)
{
	static const char *const lines[] = {"dialog:active_dialogs = 1",
		"dialog:early_dialogs = 0", "dialog:expired_dialogs = 0",
		"dialog:failed_dialogs = 0", "dialog:processed_dialogs = 1"};
	struct rpc_writer w;

	(void)state;
	start(&w, &rpc_dialect_kamailio, "9004");
	rpc_writer_open(&w, NULL, RPC_ARRAY, NULL);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		text(&w, NULL, lines[i]);
	rpc_writer_close(&w);
	w.dialect->end(&w);
	assert_file(&w, "fifo-stats.get_statistics-dialog.rep");
	rpc_writer_fini(&w);
}

/* Structs in an array, arrays and structs in them: the deepest layout Kamailio has. */
static void put_end(struct rpc_writer *w, const char *name, const char *tag,
	const char *contact, const char *cseq)
{
	rpc_writer_open(w, name, RPC_STRUCT, NULL);
	text(w, "tag", tag);
	text(w, "contact", contact);
	text(w, "cseq", cseq);
	text(w, "route_set", "");
	text(w, "socket", "udp:127.0.0.31:5060");
	rpc_writer_close(w);
}

static void a_dialog(void **state)
{
	static const struct {
		const char *name;
		uint64_t value;
	} numbers[] = {{"state", 3}, {"start_ts", 1795445074}, {"init_ts", 1795445074},
		{"end_ts", 0}, {"duration", 1}, {"timeout", 1795488274}, {"lifetime", 43200},
		{"dflags", 513}, {"sflags", 0}, {"iflags", 0}};
	struct rpc_writer w;

	(void)state;
	start(&w, &rpc_dialect_kamailio, "9002");
	rpc_writer_open(&w, NULL, RPC_ARRAY, "dialog");
	rpc_writer_open(&w, NULL, RPC_STRUCT, NULL);
	rpc_writer_integer(&w, "h_entry", 323);
	rpc_writer_integer(&w, "h_id", 6559);
	rpc_writer_integer(&w, "ref", 2);
	text(&w, "call-id", "1-18526@127.0.0.30");
	text(&w, "from_uri", "sip:alice@atlanta.example");
	text(&w, "to_uri", "sip:bob@biloxi.example");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		rpc_writer_integer(&w, numbers[i].name, numbers[i].value);
	put_end(&w, "caller", "18526SIPpTag001", "sip:alice@127.0.0.30:5060;transport=UDP",
		"1");
	put_end(&w, "callee", "18476SIPpTag011", "sip:127.0.0.33:5060;transport=UDP", "0");
	rpc_writer_open(&w, "profiles", RPC_ARRAY, NULL);
	rpc_writer_close(&w);
	rpc_writer_open(&w, "variables", RPC_ARRAY, NULL);
	rpc_writer_close(&w);
	rpc_writer_close(&w);
	rpc_writer_close(&w);
	w.dialect->end(&w);
	assert_file(&w, "fifo-dlg.list.rep");
	rpc_writer_fini(&w);
}

static void more_than_one_struct(void **state)
{
	struct rpc_writer w;
	struct buf wanted;

	(void)state;
	start(&w, &rpc_dialect_kamailio, "9006");
	rpc_writer_open(&w, NULL, RPC_ARRAY, NULL);
	rpc_writer_open(&w, NULL, RPC_STRUCT, NULL);
	rpc_writer_integer(&w, "IDX", 0);
	rpc_writer_integer(&w, "PID", 18439);
	text(&w, "DSC", "main process - attendant");
	rpc_writer_close(&w);
	rpc_writer_open(&w, NULL, RPC_STRUCT, NULL);
	rpc_writer_integer(&w, "IDX", 1);
	vector_file_read(&wanted, "kamailio-mgmt/fifo-core.psx.rep");
	assert_rpc_bytes(&w.out, wanted.data, w.out.len); /* as far as it goes */
	buf_fini(&wanted);
	rpc_writer_fini(&w);
}

static void a_fault(void **state)
{
	struct rpc_writer w;

	(void)state;
	start(&w, &rpc_dialect_kamailio, "9007");
	rpc_writer_open(&w, NULL, RPC_STRUCT, NULL);
	rpc_writer_fault(&w, w.dialect->unknown_code, slice_str(w.dialect->unknown));
	assert_file(&w, "fifo-no.such.rep");
	rpc_writer_fini(&w);
}

static void empty_groups(void **state)
{
	static const char wanted[] =
		"{\n\t\"jsonrpc\":\t\"2.0\",\n\t\"result\":\t{\n\t},\n\t\"id\":\t1\n}";
	struct rpc_writer w;

	(void)state;
	start(&w, &rpc_dialect_kamailio, "1");
	rpc_writer_open(&w, NULL, RPC_STRUCT, NULL);
	rpc_writer_close(&w);
	w.dialect->end(&w);
	assert_rpc_bytes(&w.out, wanted, strlen(wanted));
	rpc_writer_fini(&w);
}

/* What a stranger put into his From stays within its string. */
static void strings_are_escaped(void **state)
{
	static const char wanted[] = "{\"jsonrpc\":\"2.0\",\"result\":["
				     "\"a\\\"b\\\\c\\u000ad\\u0000\xef\xbf\xbd\"],\"id\":1}";
	struct rpc_writer w;

	(void)state;
	start(&w, &rpc_dialect_opensips, "1");
	rpc_writer_open(&w, NULL, RPC_ARRAY, NULL);
	rpc_writer_text(&w, NULL, SLICE("a\"b\\c\nd\0\xff"));
	rpc_writer_close(&w);
	w.dialect->end(&w);
	assert_rpc_bytes(&w.out, wanted, strlen(wanted));
	rpc_writer_fini(&w);
}

/* OpenSIPS 3 without pretty_printing: one line, no end of it. */
static void on_one_line(void **state)
{
	static const char wanted[] = "{\"jsonrpc\":\"2.0\",\"result\":{\"now\":\"Mon Nov 23 "
				     "14:44:35 2026\",\"up_since\":\"Mon Nov 23 14:44:31 "
				     "2026\",\"uptime\":4},\"id\":7}";
	static const char fault[] =
		"{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32601,\"message\":"
		"\"Method not found\"},\"id\":7}";
	struct rpc_writer w;

	(void)state;
	start(&w, &rpc_dialect_opensips, "7");
	put_uptime(&w);
	w.dialect->end(&w);
	assert_rpc_bytes(&w.out, wanted, strlen(wanted));
	rpc_writer_fault(&w, w.dialect->unknown_code, slice_str(w.dialect->unknown));
	assert_rpc_bytes(&w.out, fault, strlen(fault));
	rpc_writer_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_string),
		cmocka_unit_test(a_struct),
		cmocka_unit_test(an_array_of_strings),
		cmocka_unit_test(a_dialog),
		cmocka_unit_test(more_than_one_struct),
		cmocka_unit_test(a_fault),
		cmocka_unit_test(empty_groups),
		cmocka_unit_test(strings_are_escaped),
		cmocka_unit_test(on_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
