/* SPDX-License-Identifier: GPL-3.0-or-later */
/* BINRPC against what kamcmd and Kamailio's ctl said to each other. */

#include "tests/cmocka_first.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "sbc/rpc_binrpc_codec.h"
#include "tests/unit/sbc/rpc_text.h"
#include "tests/unit/sbc/vector_file.h"

/* ---- requests ---- */

static int parse(
	struct rpc_request *out, struct arena *arena, struct slice packet, struct rpc_writer *w)
{
	rpc_writer_init(w, &rpc_dialect_binrpc, NULL);
	*out = (struct rpc_request){0};
	return binrpc_parse(out, arena, packet, w);
}

static void reads_recorded_requests(void **state)
{
	static const struct {
		const char *file, *method, *param;
	} cases[] = {
		{"binrpc-core.version.req", "core.version", NULL},
		{"binrpc-dlg.list.req", "dlg.list", NULL},
		{"binrpc-stats.get_statistics-dialog.req", "stats.get_statistics", "dialog:"},
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 10000);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rpc_request r;
		struct rpc_writer w;
		struct buf bytes;
		char path[128];
		size_t len = 0;
		snprintf(path, sizeof(path), "kamailio-mgmt/%s", cases[i].file);
		vector_file_read(&bytes, path);
		for (size_t cut = 0; cut < bytes.len; cut++) {
			int err = binrpc_packet_len(slice_of(bytes.data, cut), &len);
			assert_true(err == SBC_EAGAIN || (!err && len == bytes.len));
		}
		assert_int_equal(0, parse(&r, &arena, buf_slice(&bytes), &w));
		assert_true(slice_equal(r.method, slice_str(cases[i].method)));
		assert_int_equal(cases[i].param != NULL, r.param_count);
		if (cases[i].param)
			assert_true(slice_equal(r.params[0].text, slice_str(cases[i].param)));
		assert_int_equal(0x01020304, w.cookie);
		assert_int_equal(4, w.cookie_len);
		rpc_writer_fini(&w);
		buf_fini(&bytes);
	}
	arena_fini(&arena);
}

static void refuses_broken_packets(void **state)
{
	static const struct {
		struct slice bytes;
		const char *why;
	} cases[] = {
		{{"\xa1\x00\x04\x07\x21x\0\x10", 8}, "an integer without its byte"},
		{{"\xa2\x00\x03\x07\x21x\0", 7}, "another version"},
		{{"\xa1\x10\x03\x07\x21x\0", 7}, "a reply is no request"},
		{{"\xa1\x00\x03\x07\x21xy", 7}, "no NUL at the end"},
		{{"\xa1\x00\x04\x07\x31\0y\0", 8}, "a NUL within"},
		{{"\xa1\x00\x01\x07\x21", 5}, "longer than the packet"},
		{{"\xa1\x00\x01\x07\x81", 5}, "a length of no byte"},
		{{"\xa1\x00\x01\x07\xd1", 5}, "a length of five bytes"},
		{{"\xa1\x00\x05\x07\xc1\xff\xff\xff\xff", 9}, "4 GB"},
		{{"\xa1\x00\x00\x07", 4}, "no method"},
		{{"\xa1\x00\x02\x07\x10\x05", 6}, "a number as method"},
		{{"\xa1\x00\x05\x07\x21x\0\x03\x83", 9}, "a struct as parameter"},
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 10000);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rpc_request r;
		struct rpc_writer w;
		/* A block of its own, so that the address sanitizer sees a byte too far. */
		char *copy = mem_alloc(cases[i].bytes.len);
		int err;
		memcpy(copy, cases[i].bytes.ptr, cases[i].bytes.len);
		err = parse(&r, &arena, slice_of(copy, cases[i].bytes.len), &w);
		if (err != SBC_EPARSE)
			fail_msg("%s: %s", cases[i].why, err_name(err));
		rpc_writer_fini(&w);
		mem_free(copy);
	}
	arena_fini(&arena);
}

static void numbers_become_text(void **state)
{
	/* "x", 0, 500, 1.005, "s" */
	static const char bytes[] = "\xa1\x00\x0c\x07\x21x\0\x00\x20\x01\xf4\x22\x03\xed\x11\0";
	struct rpc_request r;
	struct rpc_writer w;
	struct arena arena;

	(void)state;
	arena_init(&arena, 10000);
	assert_int_equal(0, parse(&r, &arena, slice_of(bytes, 4 + 12), &w));
	assert_int_equal(4, r.param_count);
	assert_true(slice_equal(r.params[0].text, SLICE("0")));
	assert_true(slice_equal(r.params[1].text, SLICE("500")));
	assert_true(slice_equal(r.params[2].text, SLICE("1.005")));
	assert_true(r.params[3].text.ptr && !r.params[3].text.len);
	rpc_writer_fini(&w);
	arena_fini(&arena);
}

static void too_large_is_known_from_the_header(void **state)
{
	size_t len;

	(void)state;
	assert_int_equal(
		SBC_ELIMIT, binrpc_packet_len(SLICE("\xa1\x0c\x7f\xff\xff\xff"), &len));
	assert_int_equal(SBC_EAGAIN, binrpc_packet_len(SLICE("\xa1\x0c\x7f\xff\xff"), &len));
	assert_int_equal(SBC_EPARSE, binrpc_packet_len(SLICE("GET / HTTP/1.1\r\n"), &len));
}

/* ---- answers ---- */

static void assert_packet(struct rpc_writer *w, bool is_fault, const char *file)
{
	uint8_t header[BINRPC_HEADER_MAX];
	struct buf wanted, records, whole;
	char path[128];

	snprintf(path, sizeof(path), "kamailio-mgmt/%s", file);
	vector_file_read(&wanted, path);
	buf_init(&whole, 65536);
	rpc_text_of(&records, &w->out);
	buf_put(&whole, header, binrpc_header(w, is_fault, header));
	buf_put_slice(&whole, buf_slice(&records));
	assert_int_equal(wanted.len, whole.len);
	assert_memory_equal(wanted.data, whole.data, whole.len);
	buf_fini(&wanted);
	buf_fini(&records);
	buf_fini(&whole);
}

static void start(struct rpc_writer *w)
{
	rpc_writer_init(w, &rpc_dialect_binrpc, NULL);
	w->cookie = 0x01020304;
	w->cookie_len = 4;
	w->dialect->begin(w);
}

static void text(struct rpc_writer *w, const char *name, const char *value)
{
	rpc_writer_text(w, name, slice_str(value));
}

static void writes_recorded_answers(void **state)
{
	static const char *const lines[] = {"dialog:active_dialogs = 1",
		"dialog:early_dialogs = 0", "dialog:expired_dialogs = 0",
		"dialog:failed_dialogs = 0", "dialog:processed_dialogs = 1"};
	struct rpc_writer w;

	(void)state;
	start(&w);
	text(&w, NULL, "kamailio 5.6.3 (x86_64/linux) ");
	assert_packet(&w, false, "binrpc-core.version.rep");
	rpc_writer_fini(&w);

	start(&w);
	rpc_writer_open(&w, NULL, RPC_STRUCT, NULL);
	text(&w, "now", "Mon Nov 23 15:15:58 2026");
	text(&w, "up_since", "Mon Nov 23 15:15:54 2026");
	rpc_writer_integer(&w, "uptime", 4);
	rpc_writer_close(&w);
	assert_packet(&w, false, "binrpc-core.uptime.rep");
	rpc_writer_fini(&w);

	start(&w);
	rpc_writer_open(&w, NULL, RPC_ARRAY, "statistic");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		text(&w, NULL, lines[i]);
	rpc_writer_close(&w);
	assert_packet(&w, false, "binrpc-stats.get_statistics-dialog.rep");
	rpc_writer_fini(&w);

	start(&w);
	rpc_writer_fault(&w, 500, SLICE("command no.such not found"));
	assert_packet(&w, true, "binrpc-no.such.rep");
	rpc_writer_fini(&w);
}

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
	struct rpc_writer w;

	(void)state;
	start(&w);
	rpc_writer_open(&w, NULL, RPC_ARRAY, "dialog");
	rpc_writer_open(&w, NULL, RPC_STRUCT, NULL);
	rpc_writer_integer(&w, "h_entry", 0x04b2);
	rpc_writer_integer(&w, "h_id", 0x14b1);
	rpc_writer_integer(&w, "ref", 2);
	text(&w, "call-id", "1-24245@127.0.0.30");
	text(&w, "from_uri", "sip:alice@atlanta.example");
	text(&w, "to_uri", "sip:bob@biloxi.example");
	rpc_writer_integer(&w, "state", 3);
	rpc_writer_integer(&w, "start_ts", 0x6b0458ad);
	rpc_writer_integer(&w, "init_ts", 0x6b0458ad);
	rpc_writer_integer(&w, "end_ts", 0);
	rpc_writer_integer(&w, "duration", 1);
	rpc_writer_integer(&w, "timeout", 0x6b05016d);
	rpc_writer_integer(&w, "lifetime", 43200);
	rpc_writer_integer(&w, "dflags", 513);
	rpc_writer_integer(&w, "sflags", 0);
	rpc_writer_integer(&w, "iflags", 0);
	put_end(&w, "caller", "24245SIPpTag001", "sip:alice@127.0.0.30:5060;transport=UDP",
		"1");
	put_end(&w, "callee", "24123SIPpTag011", "sip:127.0.0.33:5060;transport=UDP", "0");
	rpc_writer_open(&w, "profiles", RPC_ARRAY, NULL);
	rpc_writer_close(&w);
	rpc_writer_open(&w, "variables", RPC_ARRAY, NULL);
	rpc_writer_close(&w);
	rpc_writer_close(&w);
	rpc_writer_close(&w);
	assert_packet(&w, false, "binrpc-dlg.list.rep");
	rpc_writer_fini(&w);
}

/* kamcmd's integers end at 31 bits. */
static void large_numbers_are_text(void **state)
{
	static const char wanted[] = "\x40\x7f\xff\xff\xff\x91\x0b"
				     "2147483648\0";
	struct rpc_writer w;

	(void)state;
	start(&w);
	rpc_writer_open(&w, NULL, RPC_ARRAY, NULL);
	rpc_writer_integer(&w, NULL, INT32_MAX);
	rpc_writer_integer(&w, NULL, (uint64_t)INT32_MAX + 1);
	rpc_writer_close(&w);
	assert_rpc_bytes(&w.out, wanted, sizeof(wanted) - 1);
	rpc_writer_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_recorded_requests),
		cmocka_unit_test(refuses_broken_packets),
		cmocka_unit_test(numbers_become_text),
		cmocka_unit_test(too_large_is_known_from_the_header),
		cmocka_unit_test(writes_recorded_answers),
		cmocka_unit_test(a_dialog),
		cmocka_unit_test(large_numbers_are_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
