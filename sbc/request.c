/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What becomes of a new request: a call, a registration, something within a dialog, or a
 * proper refusal (RFC 3261 section 8.2). Signalling thread.
 */

#include "sbc/request.h"

#include "base/err.h"
#include "sbc/call.h"
#include "sbc/listener_watch.h"

/* Option tags of which a request may require us to know (RFC 3262, 4028, 4916, 3327, 3891,
 * 4488). */
static bool is_known_option(struct slice tag)
{
	static const char *const known[] = {
		"100rel", "timer", "from-change", "path", "norefersub", "replaces"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (slice_equal_nocase(tag, slice_str(known[i])))
			return true;
	}
	return false;
}

/* The tags of all lines of that name that we do not know, as Unsupported lines. */
static bool list_unknown(const struct sip_msg *msg, const char *name, struct buf *lines)
{
	struct slice value;
	bool is_any = false;

	for (size_t i = 0; (value = sip_msg_header(msg, name, i)).len; i++) {
		while (value.len) {
			struct slice tag = slice_trim(slice_cut(&value, ','));
			if (!tag.len || is_known_option(tag))
				continue;
			buf_printf(lines, "Unsupported: %.*s\r\n", SLICE_ARG(tag));
			is_any = true;
		}
	}
	return is_any;
}

/* RFC 3261 section 8.2.2.3: what is required of us that we do not have. ACK and CANCEL are
 * not asked. */
static bool refuse_extensions(struct sbc *sbc, const struct request *request)
{
	struct reply reply = {.code = 420};
	const struct sip_msg *msg = request->msg;
	struct buf lines;
	bool is_refused;

	if (msg->method == SIP_METHOD_ACK || msg->method == SIP_METHOD_CANCEL)
		return false;
	buf_init(&lines, SBC_TEXT_MAX);
	is_refused = list_unknown(msg, "Require", &lines);
	is_refused = list_unknown(msg, "Proxy-Require", &lines) || is_refused;
	reply.lines = lines.err ? (struct slice){0} : buf_slice(&lines);
	if (is_refused)
		sbc_reply(sbc, request, &reply);
	buf_fini(&lines);
	return is_refused;
}

/* RFC 3891 section 3: only an INVITE that begins a dialog may replace another one. */
static bool refuse_replaces(struct sbc *sbc, const struct request *request)
{
	const struct sip_msg *msg = request->msg;

	if (!sip_msg_header(msg, "Replaces", 0).len ||
		(msg->method == SIP_METHOD_INVITE && !msg->to.tag.len))
		return false;
	sbc_refuse(sbc, request, 400);
	return true;
}

static bool refuse_content(struct sbc *sbc, const struct request *request)
{
	struct reply reply = {.code = 415, .lines = SLICE(SBC_ACCEPT)};
	const struct sip_msg *msg = request->msg;

	if (!msg->body.len || slice_equal_nocase(msg->content_type, SLICE("application/sdp")))
		return false;
	sbc_reply(sbc, request, &reply);
	return true;
}

static bool has_word(struct slice list, struct slice word)
{
	while (list.len) {
		if (slice_equal_nocase(slice_trim(slice_cut(&list, ';')), word))
			return true;
	}
	return false;
}

/* RFC 3323 section 5: what was asked for at any price and is not done here. Header and session
 * privacy are what a border controller does anyway, id is what RFC 3325 is about; nobody's
 * From is made anonymous. */
static bool refuse_privacy(struct sbc *sbc, const struct request *request)
{
	struct reply reply = {.code = 500, .reason = SLICE("Privacy Cannot Be Provided")};
	struct slice asked = sip_msg_header(request->msg, "Privacy", 0);

	if (!has_word(asked, SLICE("critical")) || !has_word(asked, SLICE("user")))
		return false;
	sbc_reply(sbc, request, &reply);
	return true;
}

/* Answers a monitoring neighbour as dispatchers expect it (KAM-1, KAM-2). */
static void options(struct sbc *sbc, const struct request *request)
{
	struct reply alive = {.code = 200,
		.reason = SLICE("Keepalive"),
		.lines = SLICE(SBC_ALLOW SBC_SUPPORTED SBC_ACCEPT)};
	struct reply draining = {.code = 503, .lines = SLICE("Retry-After: 10\r\n")};

	sbc_reply(sbc, request, sbc_takes_calls(sbc) ? &alive : &draining);
}

static void cancel(struct sbc *sbc, const struct request *request)
{
	struct txn *invite = txn_find_invite(sbc->txns, request->msg);
	struct leg *leg = invite ? txn_handler_arg(invite) : NULL;

	if (leg)
		leg_cancel(leg, invite, request);
	else
		sbc_refuse(sbc, request, 481);
}

static void in_dialog(struct sbc *sbc, const struct request *request)
{
	struct leg *leg = leg_find(sbc, request->msg, true);

	if (leg)
		leg_request(leg, request);
	else
		sbc_refuse(sbc, request, 481);
}

static void out_of_dialog(struct sbc *sbc, const struct request *request)
{
	struct reply not_allowed = {.code = 405, .lines = SLICE(SBC_ALLOW)};
	struct reply unknown = {.code = 501, .lines = SLICE(SBC_ALLOW)};

	switch (request->msg->method) {
	case SIP_METHOD_INVITE:
		if (!refuse_content(sbc, request) && !refuse_privacy(sbc, request))
			call_start(sbc, request);
		break;
	case SIP_METHOD_REGISTER:
		register_request(sbc, request);
		break;
	case SIP_METHOD_OPTIONS:
		options(sbc, request);
		break;
	case SIP_METHOD_BYE:
	case SIP_METHOD_PRACK:
	case SIP_METHOD_UPDATE:
	case SIP_METHOD_NOTIFY: /* only ever within a dialog */
		sbc_refuse(sbc, request, 481);
		break;
	case SIP_METHOD_INFO:
	case SIP_METHOD_MESSAGE:
	case SIP_METHOD_REFER:
	case SIP_METHOD_SUBSCRIBE:
	case SIP_METHOD_PUBLISH:
		sbc_reply(sbc, request, &not_allowed);
		break;
	case SIP_METHOD_UNKNOWN:
		sbc_reply(sbc, request, &unknown);
		break;
	case SIP_METHOD_ACK:
	case SIP_METHOD_CANCEL: /* taken before */
		break;
	}
}

static void ack(struct sbc *sbc, const struct request *request)
{
	struct leg *leg = leg_find(sbc, request->msg, true);

	if (leg)
		leg_ack(leg, request->msg, request->now);
}

void request_dispatch(struct txn *server, const struct sip_msg *msg,
	const struct transport_source *source, usec_t now, void *arg)
{
	struct sbc *sbc = arg;
	struct request request = {.server = server, .msg = msg, .source = source, .now = now};

	if (msg->method == SIP_METHOD_ACK)
		ack(sbc, &request);
	else if (msg->method == SIP_METHOD_CANCEL)
		cancel(sbc, &request);
	else if (refuse_extensions(sbc, &request) || refuse_replaces(sbc, &request))
		return;
	else if (msg->to.tag.len)
		in_dialog(sbc, &request);
	else if (msg->max_forwards == 0 && msg->method != SIP_METHOD_OPTIONS)
		sbc_refuse(sbc, &request, 483);
	else if (!listener_watch_refuse(sbc, &request))
		out_of_dialog(sbc, &request);
}
