/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Management commands over real calls: early and confirmed dialogs, their verdicts, ending
 * them, and every command in every dialect. Layouts are compared with Kamailio's own bytes.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/mem.h"
#include "sbc/call.h"
#include "sbc/rpc.h"
#include "sbc/rpc_stats.h"
#include "tests/scenario/world.h"

#define TEXT_MAX 200000

static usec_t now_is;

static usec_t on_now(void)
{
	return now_is;
}

/* One command with parameters up to a NULL, as a door would run it. */
struct asked {
	struct rpc_call call;
	struct rpc_world world;
	struct buf text;
};

static void begin(
	struct asked *a, struct world *w, const struct rpc_dialect *dialect, const char *method)
{
	now_is = w->now;
	a->world = (struct rpc_world){.sbc = w->sbc, .start_s = w->wall_start_s, .now = on_now};
	rpc_call_init(&a->call, &a->world, dialect, "test");
	a->call.request.method = slice_str(method);
	a->call.request.id = a->call.writer.id = SLICE("9002");
	buf_init(&a->text, TEXT_MAX);
}

static void finish(struct asked *a)
{
	list_for_each (pos, &a->call.writer.out.blocks) {
		struct rpc_block *block = container_of(pos, struct rpc_block, node);
		buf_put(&a->text, block->bytes, block->len);
	}
	assert_int_equal(0, a->text.err);
}

static void ask(struct asked *a, struct world *w, const struct rpc_dialect *dialect,
	const char *method, ...)
{
	enum rpc_step step;
	const char *param;
	va_list args;
	int steps = 0;

	begin(a, w, dialect, method);
	va_start(args, method);
	while ((param = va_arg(args, const char *)))
		assert_int_equal(0,
			rpc_request_add(&a->call.request, (struct slice){0}, slice_str(param)));
	va_end(args);
	do {
		step = rpc_call_step(&a->call);
		assert_true(++steps < 1000);
	} while (step != RPC_DONE);
	finish(a);
}

static void forget(struct asked *a)
{
	rpc_call_fini(&a->call);
	buf_fini(&a->text);
}

static bool has(const struct asked *a, const char *text)
{
	return strstr(a->text.data, text) != NULL;
}

static void assert_has(const struct asked *a, const char *text)
{
	if (!has(a, text))
		fail_msg("no \"%s\" in:\n%s", text, a->text.data);
}

static void assert_asked(struct world *w, const char *method, const char *text)
{
	struct asked a;

	ask(&a, w, &rpc_dialect_kamailio, method, NULL);
	assert_has(&a, text);
	forget(&a);
}

/* ---- maintenance ---- */

static void assert_options(struct world *w, uint16_t code)
{
	static unsigned count;
	char text[512];

	snprintf(text, sizeof(text),
		"OPTIONS sip:atlanta.test SIP/2.0\r\nVia: SIP/2.0/TLS x;branch=z9hG4bKo%u\r\n"
		"From: <sip:probe@x>;tag=1\r\nTo: <sip:atlanta.test>\r\nCall-ID: o%u\r\n"
		"CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
		count, count);
	count++;
	world_say(w, STRANGER, text);
	world_hear_code(w, STRANGER, code);
	if (code == 503)
		assert_true(sip_msg_header(w->heard[STRANGER].msg, "Retry-After", 0).len);
}

/* KAM-2: neighbours see it at their next probe, callers at once; a call that lives goes on. */
static void draining_ends_no_call(void **state)
{
	struct world *w = *state;
	struct talk t, late;
	struct asked a;

	world_connected(w, &t);
	ask(&a, w, &rpc_dialect_kamailio, "sbc.drain", "maybe", NULL);
	assert_has(&a, "on, off, or nothing");
	forget(&a);
	ask(&a, w, &rpc_dialect_kamailio, "sbc.drain", "on", NULL);
	assert_has(&a, "\"state\":\t\"on\",");
	assert_has(&a, "\"calls\":\t1");
	forget(&a);
	assert_options(w, 503);
	world_invite(w, &late, ALICE, "sip:bob@atlanta.test");
	world_hear_code(w, ALICE, 503);
	world_ack_refusal(w, &late);
	world_register(w, BOB); /* is kept */
	world_bye(w, &t);
	world_hear_code(w, ALICE, 200);
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	world_answer(w, BOB, 200, NULL);
	world_all_over(w);
	assert_asked(w, "sbc.drain", "\"calls\":\t0");
	ask(&a, w, &rpc_dialect_kamailio, "sbc.drain", "off", NULL);
	forget(&a);
	assert_options(w, 200);
	world_connected(w, &t);
}

/* ---- the states of a dialog ---- */

static void early_and_confirmed(void **state)
{
	struct world *w = *state;
	struct talk t;

	assert_asked(w, "dlg.list", "\"result\":\t[],");
	world_register(w, BOB);
	world_call(w, &t, ALICE, "sip:bob@atlanta.test");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	assert_asked(w, "dlg.list", "\"state\":\t1,");
	assert_asked(w, "dlg.stats_active", "\"starting\":\t1,\n\t\t\"connecting\":\t0,");
	world_answer(w, BOB, 180, NULL);
	world_hear_code(w, ALICE, 180);
	assert_asked(w, "dlg.list", "\"state\":\t2,");
	assert_asked(w, "dlg.stats_active", "\"starting\":\t0,\n\t\t\"connecting\":\t1,");
	assert_asked(w, "stats.fetchn", "\"dialog.early_dialogs\":\t1,");
	world_answer(w, BOB, 200, "active");
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	assert_asked(w, "dlg.list", "\"state\":\t3,");
	world_learn(w, &t);
	world_ack(w, &t);
	assert_asked(w, "dlg.list", "\"state\":\t4,");
	assert_asked(w, "dlg.stats_active",
		"\"answering\":\t0,\n\t\t\"ongoing\":\t1,\n\t\t\"all\":\t1\n");
	assert_asked(w, "stats.fetchn", "\"dialog.active_dialogs\":\t1,");
	world_bye(w, &t);
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	world_answer(w, BOB, 200, NULL);
	world_pass(w, 0);
	assert_asked(w, "dlg.list", "\"result\":\t[],");
	assert_asked(w, "dlg.stats_active", "\"all\":\t0\n");
	assert_asked(w, "stats.fetchn", "\"dialog.processed_dialogs\":\t1,");
	assert_asked(w, "stats.fetchn", "\"dialog.failed_dialogs\":\t0,");
}

/* ---- layouts ---- */

/* Every value becomes one letter, so that only the layout is left. */
static void without_values(struct buf *out, struct slice text)
{
	while (text.len) {
		struct slice line = slice_cut(&text, '\n');
		size_t colon = slice_find(line, ':');
		struct slice value = slice_from(line, colon);
		bool is_last = !value.len || value.ptr[value.len - 1] != ',';
		char kind = value.len > 2 ? value.ptr[2] : '\0';
		if (kind == '"' || (kind >= '0' && kind <= '9'))
			buf_printf(out, "%.*s:\t%s%s\n", SLICE_ARG(slice_head(line, colon)),
				kind == '"' ? "S" : "N", is_last ? "" : ",");
		else
			buf_printf(out, "%.*s\n", SLICE_ARG(line));
	}
}

static void read_file(struct buf *out, const char *path)
{
	char bytes[4096];
	size_t len;
	FILE *file = fopen(path, "rb");

	buf_init(out, 65536);
	assert_non_null(file);
	while ((len = fread(bytes, 1, sizeof(bytes), file)) > 0)
		buf_put(out, bytes, len);
	fclose(file);
}

/* What Kamailio has not: the member "legs" behind all others. */
static void cut_legs(struct buf *text)
{
	static const char begins[] = ",\n\t\t\t\"legs\":\t[", ends[] = "}]\n\t\t}";
	char *at = strstr(text->data, begins), *end;

	assert_non_null(at);
	end = strstr(at, ends);
	assert_non_null(end);
	end += 2;
	memmove(at, end, strlen(end) + 1);
	text->len = strlen(text->data);
}

static void kamailio_layout(void **state)
{
	struct world *w = *state;
	struct buf theirs, wanted, got;
	struct asked a;
	struct talk t;

	world_connected(w, &t);
	ask(&a, w, &rpc_dialect_kamailio, "dlg.list", NULL);
	cut_legs(&a.text);
	read_file(&theirs, "tests/vectors/kamailio-mgmt/fifo-dlg.list.rep");
	buf_init(&wanted, 65536);
	buf_init(&got, 65536);
	without_values(&wanted, buf_slice(&theirs));
	without_values(&got, buf_slice(&a.text));
	assert_string_equal(wanted.data, got.data);
	buf_fini(&theirs);
	buf_fini(&wanted);
	buf_fini(&got);
	forget(&a);
}

static void values_of_a_dialog(void **state)
{
	struct world *w = *state;
	struct asked a;
	struct talk t;
	char text[128];

	world_connected(w, &t);
	world_pass(w, 5 * USEC_PER_SEC);
	ask(&a, w, &rpc_dialect_kamailio, "dlg.list", NULL);
	snprintf(text, sizeof(text), "\"call-id\":\t\"%s\"", t.call_id);
	assert_has(&a, text);
	assert_has(&a, "\"h_entry\":\t1,");
	assert_has(&a, "\"h_id\":\t0,");
	assert_has(&a, "\"from_uri\":\t\"sip:alice@atlanta.test\"");
	assert_has(&a, "\"to_uri\":\t\"sip:bob@atlanta.test\"");
	assert_has(&a, "\"duration\":\t5,");
	assert_has(&a, "\"tag\":\t\"callee\"");
	/* Both legs, each with its verdict. */
	assert_has(&a, "\"leg\":\t\"a\"");
	assert_has(&a, "\"leg\":\t\"b\"");
	assert_has(&a, "\"outcome\":\t\"authenticated\"");
	assert_has(&a, "\"call\":\t\"c1\"");
	assert_has(&a, "\"secured\":\t1");
	forget(&a);
}

static void mi_layout(void **state)
{
	static const char *const lines[] = {
		"200 OK\ndlg_counter:: 1\ndialog::  hash=1:0 "
		"dialog_id=1\n\tstate:: 4\n\tuser_flags:: 0\n\ttimestart:: ",
		"\n\tdatestart:: ", "\n\ttimeout:: 0\n\tdateout:: \n\tcallid:: ",
		"\n\tfrom_uri:: sip:alice@atlanta.test\n\tto_uri:: sip:bob@atlanta.test\n"
		"\tcaller_tag:: ",
		"\n\tcaller_contact:: ",
		"\n\tcallee_cseq:: 0\n\tcaller_route_set:: \n\tcaller_bind_addr:: ",
		"\n\tCALLEES:: \n\t\tcallee:: \n\t\t\tcallee_tag:: "
		"callee\n\t\t\tcallee_contact:: ",
		"\n\t\t\tcaller_cseq:: ",
		"\n\t\t\tcallee_route_set:: \n\t\t\tcallee_bind_addr:: "};
	struct world *w = *state;
	struct asked a;
	struct talk t;
	const char *at;

	world_connected(w, &t);
	ask(&a, w, &rpc_dialect_mi, "dlg_list", "0", "10", NULL);
	at = a.text.data;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const char *found = strstr(at, lines[i]);
		if (!found || (!i && found != at))
			fail_msg("no \"%s\" in:\n%s", lines[i], a.text.data);
		at = found;
	}
	assert_string_equal("\n\n", a.text.data + a.text.len - 2);
	forget(&a);
	/* Without a page there is no counter. */
	ask(&a, w, &rpc_dialect_mi, "dlg_list", NULL);
	assert_has(&a, "200 OK\ndialog::  hash=1:0");
	forget(&a);
	ask(&a, w, &rpc_dialect_mi, "dlg_list", t.call_id, NULL);
	assert_has(&a, "200 OK\ndialog::  hash=1:0");
	forget(&a);
	ask(&a, w, &rpc_dialect_mi, "dlg_list", "no-such-call", NULL);
	assert_string_equal("404 No such dialog\n", a.text.data);
	forget(&a);
}

/* ---- a verdict ---- */

static void the_verdict_of_a_peer(void **state)
{
	struct world *w = *state;
	struct http_get_result result = {.max_age_s = 3600};
	struct asked a;
	struct talk t;

	world_register(w, BOB);
	world_invite_signed(w, &t, "sip:bob@atlanta.test", 0);
	assert_asked(w, "dlg.list", "\"state\":\t1,"); /* its certificate is fetched */
	result.url = slice_str(w->fetch_url);
	result.body = buf_slice(&w->biloxi_certificate);
	sbc_fetched(w->sbc, &result, w->now);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	ask(&a, w, &rpc_dialect_kamailio, "identity.list", NULL);
	assert_has(&a, "\"outcome\":\t\"verified\"");
	assert_has(&a, "\"mechanism\":\t\"RFC 8224\"");
	assert_has(&a, "\"domain\":\t\"biloxi.test\"");
	assert_has(&a, "\"url\":\t\"https://biloxi.test/cert\"");
	assert_has(&a, "\"subject\":\t\"biloxi.test\"");
	assert_has(&a, "\"signed_s\":\t176");
	assert_has(&a, "\"peer\":\t\"biloxi\"");
	forget(&a);
	assert_asked(w, "identity.stats", "\"verified\":\t1,");
	assert_asked(w, "stats.fetchn", "\"identity.replay_rfc8224\":\t1,");
	assert_asked(w, "stats.fetchn", "\"identity.replay_rfc8224_full\":\t0,");
	assert_asked(w, "stats.fetchn", "\"identity.certificates\":\t1,");
}

/* ---- ending ---- */

static void ends_a_call(void **state)
{
	struct world *w = *state;
	struct asked a;
	struct talk t;

	world_connected(w, &t);
	ask(&a, w, &rpc_dialect_kamailio, "dlg.end_dlg", "1", "7", NULL);
	assert_has(&a, "\"code\":\t404");
	forget(&a);
	ask(&a, w, &rpc_dialect_kamailio, "dlg.end_dlg", "one", "0", NULL);
	assert_has(&a, "\"code\":\t400");
	forget(&a);
	ask(&a, w, &rpc_dialect_kamailio, "dlg.end_dlg", "1", "0", NULL);
	assert_has(&a, "\"result\":\t{\n\t},");
	forget(&a);
	assert_non_null(memmem(world_hear_method(w, ALICE, SIP_METHOD_BYE)->scan.bytes.ptr, 400,
		"ended by an operator", 20));
	world_answer(w, ALICE, 200, NULL);
	world_hear_method(w, BOB, SIP_METHOD_BYE);
	ask(&a, w, &rpc_dialect_kamailio, "dlg.end_dlg", "1", "0", NULL);
	assert_has(&a, "ending already");
	forget(&a);
	world_answer(w, BOB, 200, NULL);
	world_pass(w, 0);
	assert_true(strstr(w->records.data, "\"ended_by\":\"countersip\"") != NULL);
	ask(&a, w, &rpc_dialect_mi, "dlg_end_dlg", "1", NULL);
	assert_string_equal("404 Dialog not found\n", a.text.data);
	forget(&a);
}

/* An early one is refused to the caller and cancelled to the callee. */
static void ends_an_early_call(void **state)
{
	struct world *w = *state;
	struct asked a;
	struct talk t;

	world_register(w, BOB);
	world_call(w, &t, ALICE, "sip:bob@atlanta.test");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_answer(w, BOB, 180, NULL);
	world_hear_code(w, ALICE, 180);
	ask(&a, w, &rpc_dialect_mi, "dlg_end_dlg", "1", "0", NULL);
	assert_string_equal("200 OK\n\n", a.text.data);
	forget(&a);
	world_hear_code(w, ALICE, 480);
	world_hear_method(w, BOB, SIP_METHOD_CANCEL);
}

static void ends_by_its_name(void **state)
{
	struct world *w = *state;
	struct asked a;
	struct talk t;

	world_connected(w, &t);
	ask(&a, w, &rpc_dialect_kamailio, "dlg.terminate_dlg", "nobody", NULL);
	assert_has(&a, "\"code\":\t404");
	forget(&a);
	ask(&a, w, &rpc_dialect_kamailio, "dlg.terminate_dlg", t.call_id, "not-its-tag", NULL);
	assert_has(&a, "\"code\":\t404");
	forget(&a);
	ask(&a, w, &rpc_dialect_kamailio, "dlg.terminate_dlg", t.call_id, NULL);
	assert_has(&a, "\"result\":\t{\n\t},");
	forget(&a);
	world_hear_method(w, BOB, SIP_METHOD_BYE);
}

/* ---- many ---- */

static void many_calls(struct world *w, int count)
{
	struct talk t;

	w->config.limits.calls = 1000;
	w->sbc->by_number._max = w->sbc->by_dialog._max = 3000;
	world_register(w, BOB);
	for (int i = 0; i < count; i++) {
		world_call(w, &t, ALICE, "sip:bob@atlanta.test");
		world_forget(w);
	}
}

static size_t count_of(const struct asked *a, const char *text)
{
	size_t count = 0;

	for (const char *at = a->text.data; (at = strstr(at, text)); at++)
		count++;
	return count;
}

static void pages(void **state)
{
	static const struct {
		const char *index, *count;
		size_t wanted;
	} cases[] = {{"0", "10", 10}, {"95", "10", 5}, {"100", "10", 0}, {"0", "1000", 100},
		{"7", "1", 1}};
	struct world *w = *state;
	struct asked a;

	many_calls(w, 100);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ask(&a, w, &rpc_dialect_kamailio, "dlg.list", cases[i].index, cases[i].count,
			NULL);
		assert_int_equal(cases[i].wanted, count_of(&a, "\"h_entry\""));
		forget(&a);
	}
	ask(&a, w, &rpc_dialect_kamailio, "dlg.briefing", NULL);
	assert_int_equal(100, count_of(&a, "\"h_entry\""));
	assert_has(&a, "\"h_entry\":\t100,");
	forget(&a);
	ask(&a, w, &rpc_dialect_kamailio, "dlg.list", "x", NULL);
	assert_has(&a, "\"code\":\t400");
	forget(&a);
}

/* Calls end between two steps of a listing, the one that is next too; new ones begin. */
static void the_world_goes_on_meanwhile(void **state)
{
	struct world *w = *state;
	struct asked a;
	struct talk t;

	many_calls(w, 100);
	begin(&a, w, &rpc_dialect_kamailio, "dlg.list");
	assert_int_equal(RPC_MORE, rpc_call_step(&a.call));
	for (uint64_t number = 20; number <= 60; number++) {
		struct call *call = call_find(w->sbc, number);
		struct media_event ev = {.type = MEDIA_EVENT_CLOSED,
			.id = call->media.streams[0].id,
			.cookie = number};
		call_end(call, CALL_ENDER_US, 480, NULL, w->now);
		sbc_media_event(w->sbc, &ev, w->now);
	}
	world_forget(w);
	world_call(w, &t, ALICE, "sip:bob@atlanta.test");
	/* The others' media never closes, so that they stay after bob's silence. */
	for (unsigned i = 0; i < fake_media()->session_count; i++)
		fake_media()->sessions[i].is_open = false;
	world_pass(w, 40 * USEC_PER_SEC);
	assert_null(call_find(w->sbc, 33));
	while (rpc_call_step(&a.call) != RPC_DONE)
		;
	finish(&a);
	/* 32 before; 61 to 100 afterwards; not the one that began later. */
	assert_int_equal(32 + 40, count_of(&a, "\"h_entry\""));
	assert_true(!has(&a, "\"h_entry\":\t101,"));
	forget(&a);
	/* And a listing that is given up half way leaves nothing behind. */
	begin(&a, w, &rpc_dialect_kamailio, "dlg.list");
	assert_int_equal(RPC_MORE, rpc_call_step(&a.call));
	forget(&a);
	assert_true(list_is_empty(&w->sbc->cursors));
}

/* ---- statistics ---- */

static void statistics(void **state)
{
	struct world *w = *state;
	struct asked a;
	struct talk t;

	world_connected(w, &t);
	ask(&a, w, &rpc_dialect_kamailio, "stats.get_statistics", "dialog:", NULL);
	assert_has(&a,
		"\"result\":\t[\"dialog:active_dialogs = 1\", \"dialog:early_dialogs = 0\", "
		"\"dialog:expired_dialogs = 0\", \"dialog:failed_dialogs = 0\", "
		"\"dialog:processed_dialogs = 1\"],");
	forget(&a);
	ask(&a, w, &rpc_dialect_mi, "get_statistics", "core:", "active_dialogs", NULL);
	assert_has(&a, "\ncore:rcv_requests_invite:: 2\n"); /* one was challenged */
	assert_has(&a, "\ncore:rcv_requests_register:: 2\n");
	assert_has(&a, "\ncore:rcv_replies_1xx_invite:: 1\n");
	assert_has(&a, "\ncore:rcv_replies_2xx_invite:: 1\n");
	assert_has(&a, "\ndialog:active_dialogs:: 1\n");
	forget(&a);
	ask(&a, w, &rpc_dialect_mi, "get_statistics", "no_such", NULL);
	assert_string_equal("404 Statistics Not Found\n", a.text.data);
	forget(&a);
	ask(&a, w, &rpc_dialect_kamailio, "stats.fetch", "dialog.active_dialogs", NULL);
	assert_has(&a, "\"result\":\t{\n\t\t\"dialog.active_dialogs\":\t\"1\"\n\t},");
	forget(&a);
	assert_asked(w, "tm.stats", "\"rpl_received\":\t2,");
	/* An answer to nothing; and what no peer of ours may send would be drop_requests. */
	assert_asked(w, "stats.fetchn", "\"core.drop_replies\":\t0,");
	world_say(w, BOB,
		"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKnone\r\n"
		"From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: none\r\n"
		"CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n");
	assert_asked(w, "stats.fetchn", "\"core.drop_replies\":\t1,");
	assert_asked(w, "sl.stats", "\"407\":\t1,");
}

static void on_stat(const char *group, const char *name, uint64_t value, void *arg)
{
	(void)value;
	assert_true(group[0] && name[0]);
	++*(size_t *)arg;
}

static void every_statistic_is_visited(void **state)
{
	struct world *w = *state;
	struct rpc_world world = {.sbc = w->sbc, .now = on_now};
	size_t count = 0;

	rpc_stats_visit(&world, on_stat, &count);
	assert_true(count > 60);
}

/* ---- all of it ---- */

/* No command is without help, crashes without parameters, or writes what is no JSON. */
static void every_command_in_every_dialect(void **state)
{
	static const struct rpc_dialect *const dialects[] = {&rpc_dialect_kamailio,
		&rpc_dialect_datagram, &rpc_dialect_opensips, &rpc_dialect_mi,
		&rpc_dialect_binrpc};
	struct world *w = *state;
	const struct rpc_command *command;
	struct talk t;

	w->config.domains[0].rsa_certificate = "";
	world_connected(w, &t);
	for (size_t i = 0; (command = rpc_command_at(i)); i++) {
		assert_ptr_equal(command, rpc_command_find(slice_str(command->name)));
		assert_true(command->help[0]);
		for (size_t d = 0; d < sizeof(dialects) / sizeof(dialects[0]); d++) {
			struct json_document *document = NULL;
			struct asked a;
			ask(&a, w, dialects[d], command->name, NULL);
			assert_int_equal(0, a.call.writer.depth);
			if (d < 3 && json_parse(&document, buf_slice(&a.text)))
				fail_msg("%s writes no JSON:\n%s", command->name, a.text.data);
			json_free(document);
			forget(&a);
		}
	}
	assert_asked(w, "no.such", "Method Not Found");
	assert_asked(w, "system.listMethods", "\"dlg.list\", ");
}

static void help(void **state)
{
	struct world *w = *state;
	struct asked a;

	ask(&a, w, &rpc_dialect_kamailio, "system.methodHelp", "dlg.end_dlg", NULL);
	assert_has(&a, "H_ENTRY H_ID: ends a call");
	forget(&a);
	ask(&a, w, &rpc_dialect_mi, "help", "dlg.end_dlg", NULL);
	assert_has(&a, "\nAccess:: write\n");
	forget(&a);
}

/* Packets now: the media loop is asked; here it never answers. */
static void a_silent_media_loop(void **state)
{
	struct world *w = *state;
	struct media_event ev = {.type = MEDIA_EVENT_COUNTERS};
	struct asked a;
	struct talk t;

	world_connected(w, &t);
	ask(&a, w, &rpc_dialect_kamailio, "media.counters", "c1", NULL);
	assert_has(&a, "\"code\":\t504");
	forget(&a);
	begin(&a, w, &rpc_dialect_kamailio, "media.counters");
	rpc_request_add(&a.call.request, (struct slice){0}, SLICE("c1"));
	assert_int_equal(RPC_WAIT, rpc_call_step(&a.call));
	ev.id = fake_media()->id;
	ev.cookie = fake_media()->cookie;
	ev.counters[1].rtp_received = 4711;
	sbc_media_event(w->sbc, &ev, w->now);
	assert_int_equal(RPC_DONE, rpc_call_step(&a.call));
	finish(&a);
	assert_has(&a, "\"rtp_received\":\t4711,");
	forget(&a);
	ask(&a, w, &rpc_dialect_kamailio, "media.counters", "c2", NULL);
	assert_has(&a, "\"code\":\t404");
	forget(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			draining_ends_no_call, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			early_and_confirmed, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(kamailio_layout, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			values_of_a_dialog, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(mi_layout, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			the_verdict_of_a_peer, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(ends_a_call, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			ends_an_early_call, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(ends_by_its_name, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(pages, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			the_world_goes_on_meanwhile, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(statistics, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			every_statistic_is_visited, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			every_command_in_every_dialect, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(help, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			a_silent_media_loop, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
