/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * INFO and MESSAGE within a call go from one side to the other as requests of our own: a key
 * that was pressed (RFC 6086 and the older application/dtmf-relay), a line of text (RFC 3428
 * section 4); a REFER where its sender's configuration says so, and its NOTIFYs (RFC 3515).
 * Nothing else does. The response comes back to who asked. Signalling thread.
 */

#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"
#include "sbc/call.h"

#define PASSED_ARENA_MAX (256 * 1024) /* bytes: one request as osip keeps it */
#define PASSED_BODY_MAX  4096         /* bytes */

/* One on its way. */
struct call_passed {
	struct list node; /* in call->passed */
	struct call *call;
	int from;
	struct arena arena;        /* of msg */
	const struct sip_msg *msg; /* in arena */
	struct transport_source source;
	struct txn *server, *client; /* borrowed until GONE */
	bool is_silent;              /* its answer says so (RFC 4488) */
};

static void passed_free(struct call_passed *passed)
{
	if (passed->server)
		txn_detach(passed->server);
	if (passed->client)
		txn_detach(passed->client);
	list_remove(&passed->node);
	passed->call->passed_count--;
	arena_fini(&passed->arena);
	mem_free(passed);
}

void call_pass_fini(struct call *call)
{
	list_for_each_safe (node, &call->passed)
		passed_free(container_of(node, struct call_passed, node));
}

static void answer(struct call_passed *passed, uint16_t code, usec_t now)
{
	struct leg *leg = call_leg(passed->call, passed->from);
	struct request request = {.server = passed->server,
		.msg = passed->msg,
		.source = &passed->source,
		.now = now};
	struct reply reply = {.code = code};
	struct buf lines;

	buf_init(&lines, SBC_TEXT_MAX);
	if (passed->msg->method == SIP_METHOD_REFER && code < 300) {
		buf_put_str(&lines, "Contact: <");
		leg_contact(leg->sbc, &leg->hop, &lines);
		buf_put_str(&lines, passed->is_silent ? ">\r\nRefer-Sub: false\r\n" : ">\r\n");
	}
	reply.lines = buf_slice(&lines);
	if (passed->server)
		leg_respond(leg, &request, &reply, NULL);
	buf_fini(&lines);
	passed_free(passed);
}

static uint16_t code_across(uint16_t code)
{
	if (code == 401 || code == 407)
		return 403;
	return code >= 300 && code < 400 ? 500 : code;
}

static void on_client(
	struct txn *txn, enum txn_event event, const struct sip_msg *msg, usec_t now, void *arg)
{
	struct call_passed *passed = arg;

	(void)txn;
	switch (event) {
	case TXN_EVENT_SUCCESS:
	case TXN_EVENT_FAILURE:
		passed->is_silent =
			slice_equal_nocase(sip_msg_header(msg, "Refer-Sub", 0), SLICE("false"));
		answer(passed, code_across(msg->status), now);
		break;
	case TXN_EVENT_TIMEOUT: /* too late for an answer (RFC 4320) */
		passed_free(passed);
		break;
	case TXN_EVENT_TRANSPORT:
		answer(passed, 500, now);
		break;
	case TXN_EVENT_GONE:
		passed->client = NULL;
		answer(passed, 500, now);
		break;
	case TXN_EVENT_PROVISIONAL:
		break;
	}
}

static void on_server(
	struct txn *txn, enum txn_event event, const struct sip_msg *msg, usec_t now, void *arg)
{
	struct call_passed *passed = arg;

	(void)txn;
	(void)msg;
	(void)now;
	if (event == TXN_EVENT_GONE)
		passed->server = NULL;
}

/* What may go across at all. */
static bool is_passed_type(const struct sip_msg *msg)
{
	static const char *const info[] = {
		"application/dtmf-relay", "application/dtmf", "application/media_control+xml"};

	if (msg->method == SIP_METHOD_MESSAGE)
		return slice_equal_nocase(msg->content_type, SLICE("text/plain"));
	if (msg->method == SIP_METHOD_NOTIFY)
		return slice_equal_nocase(msg->content_type, SLICE("message/sipfrag"));
	if (!msg->body.len)
		return true;
	if (msg->method == SIP_METHOD_REFER)
		return false;
	for (size_t i = 0; i < sizeof(info) / sizeof(info[0]); i++) {
		if (slice_equal_nocase(msg->content_type, slice_str(info[i])))
			return true;
	}
	return false;
}

/* Of what a NOTIFY tells the status line alone: headers of whom it is about stay there. */
static struct slice body_of(const struct sip_msg *msg)
{
	size_t end = slice_find(msg->body, '\n');

	if (msg->method != SIP_METHOD_NOTIFY)
		return msg->body;
	return slice_head(msg->body, end < msg->body.len ? end + 1 : end);
}

static struct slice type_of(const struct sip_msg *msg)
{
	return msg->method == SIP_METHOD_NOTIFY ? SLICE("message/sipfrag;version=2.0")
						: msg->content_type;
}

/* What crosses by the table, and what is about dialogs and subscriptions. 0, or the code that
 * refuses it. */
static uint16_t put_lines(struct call_passed *passed, struct buf *lines, usec_t now)
{
	struct call *call = passed->call;
	const struct sip_msg *msg = passed->msg;
	int from = passed->from;
	struct header_crossing crossing = {.msg = msg,
		.kind = HEADER_KIND_REQUEST,
		.from = call->party[from].peer,
		.to = call->party[!from].peer};

	if (msg->method != SIP_METHOD_REFER && msg->method != SIP_METHOD_NOTIFY)
		return 0;
	if (header_rules_cross(&crossing, lines))
		buf_reset(lines);
	return call_subscribed_lines(call, from, msg, lines, now);
}

static int send_text(struct call_passed *passed, struct slice lines, usec_t now)
{
	struct leg *leg = call_leg(passed->call, 1 - passed->from);
	const struct sip_msg *msg = passed->msg;
	struct txn_client_request request = {.method = msg->method,
		.method_name = slice_str(sip_method_name(msg->method)),
		.handler = on_client,
		.arg = passed};
	struct leg_text text = {.method = msg->method,
		.lines = lines,
		.content_type = type_of(msg),
		.body = body_of(msg),
		.has_contact = msg->method != SIP_METHOD_MESSAGE,
		.is_signed =
			msg->method == SIP_METHOD_MESSAGE || msg->method == SIP_METHOD_REFER};
	char branch[TXN_BRANCH_MAX];
	struct buf bytes;
	int err;

	buf_init(&bytes, SIP_MESSAGE_MAX);
	err = leg_build(leg, &leg->dialog, &text, branch, &bytes);
	request.branch = slice_str(branch);
	request.bytes = buf_slice(&bytes);
	err = err ? err : leg_send(leg, &request, &passed->client, now);
	if (!err && msg->method == SIP_METHOD_REFER)
		err = call_subscribed_sent(
			passed->call, passed->from, msg->cseq, leg->dialog.local_cseq);
	buf_fini(&bytes);
	return err;
}

/* 0, or the code for who sent it. */
static uint16_t send_on(struct call_passed *passed, usec_t now)
{
	struct buf lines;
	uint16_t code;

	buf_init(&lines, SBC_TEXT_MAX);
	code = put_lines(passed, &lines, now);
	if (!code && send_text(passed, buf_slice(&lines), now))
		code = 500;
	buf_fini(&lines);
	return code;
}

static struct call_passed *keep(struct call *call, int from, const struct request *request)
{
	struct call_passed *passed = mem_alloc(sizeof(*passed));
	struct sip_msg *msg;
	struct slice bytes;

	if (!passed)
		return NULL;
	arena_init(&passed->arena, PASSED_ARENA_MAX);
	bytes = arena_copy(&passed->arena, request->msg->scan.bytes);
	if (!bytes.ptr || sip_msg_parse_again(&msg, &passed->arena, bytes)) {
		arena_fini(&passed->arena);
		mem_free(passed);
		return NULL;
	}
	passed->call = call;
	passed->from = from;
	passed->msg = msg;
	passed->source = *request->source;
	passed->source.tls = NULL; /* borrowed for the call only */
	passed->server = request->server;
	list_append(&call->passed, &passed->node);
	call->passed_count++;
	txn_set_handler(request->server, on_server, passed);
	return passed;
}

/* RFC 3261 section 21.4.13: what would have been taken. A REFER has no body. */
static void refuse_type(struct call *call, const struct request *request)
{
	enum sip_method method = request->msg->method;
	struct reply reply = {.code = 415};

	if (method == SIP_METHOD_MESSAGE)
		reply.lines = SLICE("Accept: text/plain\r\n");
	else if (method == SIP_METHOD_NOTIFY)
		reply.lines = SLICE("Accept: message/sipfrag\r\n");
	else if (method == SIP_METHOD_INFO)
		reply.lines = SLICE("Accept: application/dtmf-relay, application/dtmf, "
				    "application/media_control+xml\r\n");
	sbc_reply(call->sbc, request, &reply);
}

/* An Info Package is agreed on by Recv-Info, and we say that we want none (RFC 6086). */
static bool refuse_package(struct call *call, const struct request *request)
{
	struct reply reply = {.code = 469, .lines = SLICE("Recv-Info: nil\r\n")};

	if (request->msg->method != SIP_METHOD_INFO ||
		!sip_msg_header(request->msg, "Info-Package", 0).len)
		return false;
	sbc_reply(call->sbc, request, &reply);
	return true;
}

void call_pass(struct call *call, int from, const struct request *request)
{
	struct reply busy = {.code = 500, .lines = SLICE("Retry-After: 1\r\n")};
	struct call_passed *passed;
	uint16_t code;

	if (request->msg->method == SIP_METHOD_NOTIFY && !call->subscription) {
		sbc_refuse(call->sbc, request, 481); /* nobody asked for it */
		return;
	}
	if (call->state != CALL_ANSWERED || call_leg(call, 1 - from)->state != LEG_CONFIRMED) {
		sbc_reply(call->sbc, request, &busy);
		return;
	}
	if (refuse_package(call, request))
		return;
	if (!is_passed_type(request->msg)) {
		refuse_type(call, request);
		return;
	}
	if (request->msg->body.len > PASSED_BODY_MAX) {
		sbc_refuse(call->sbc, request, 413);
		return;
	}
	passed = call->passed_count < CALL_PASSED_MAX ? keep(call, from, request) : NULL;
	if (!passed) {
		sbc_reply(call->sbc, request, &busy);
		return;
	}
	code = send_on(passed, request->now);
	if (code)
		answer(passed, code, request->now);
}
