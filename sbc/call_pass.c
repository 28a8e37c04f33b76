/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * INFO and MESSAGE within a call go from one side to the other as requests of our own: a key
 * that was pressed (RFC 6086 and the older application/dtmf-relay), a line of text (RFC 3428
 * section 4). Nothing else does: REFER, SUBSCRIBE and NOTIFY are refused by the leg. The
 * response comes back to who asked. Signalling thread.
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
	struct request request = {.server = passed->server,
		.msg = passed->msg,
		.source = &passed->source,
		.now = now};

	if (passed->server)
		leg_respond(call_leg(passed->call, passed->from), &request,
			&(struct reply){.code = code}, NULL);
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
	if (!msg->body.len)
		return true;
	for (size_t i = 0; i < sizeof(info) / sizeof(info[0]); i++) {
		if (slice_equal_nocase(msg->content_type, slice_str(info[i])))
			return true;
	}
	return false;
}

static int send_on(struct call_passed *passed, usec_t now)
{
	struct leg *leg = call_leg(passed->call, 1 - passed->from);
	const struct sip_msg *msg = passed->msg;
	struct txn_client_request request = {.method = msg->method,
		.method_name = slice_str(sip_method_name(msg->method)),
		.handler = on_client,
		.arg = passed};
	struct leg_text text = {.method = msg->method,
		.content_type = msg->content_type,
		.body = msg->body,
		.has_contact = msg->method == SIP_METHOD_INFO,
		.is_signed = msg->method == SIP_METHOD_MESSAGE};
	char branch[TXN_BRANCH_MAX];
	struct buf bytes;
	int err;

	buf_init(&bytes, SIP_MESSAGE_MAX);
	err = leg_build(leg, &leg->dialog, &text, branch, &bytes);
	request.branch = slice_str(branch);
	request.bytes = buf_slice(&bytes);
	err = err ? err : leg_send(leg, &request, &passed->client, now);
	buf_fini(&bytes);
	return err;
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

void call_pass(struct call *call, int from, const struct request *request)
{
	struct reply busy = {.code = 500, .lines = SLICE("Retry-After: 1\r\n")};
	struct call_passed *passed;

	if (call->state != CALL_ANSWERED || call_leg(call, 1 - from)->state != LEG_CONFIRMED) {
		sbc_reply(call->sbc, request, &busy);
		return;
	}
	if (!is_passed_type(request->msg)) {
		sbc_refuse(call->sbc, request, 415);
		return;
	}
	if (request->msg->body.len > PASSED_BODY_MAX) {
		sbc_refuse(call->sbc, request, 413);
		return;
	}
	passed = call->passed_count < CALL_PASSED_MAX ? keep(call, from, request) : NULL;
	if (!passed)
		sbc_reply(call->sbc, request, &busy);
	else if (send_on(passed, request->now))
		answer(passed, 500, request->now);
}
