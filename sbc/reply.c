/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Answers to requests that no leg keeps, and the word about them in the log (RFC 3261 section
 * 8.2.6). Signalling thread.
 */

#include "sbc/core.h"
#include "sbc/peer_link.h"

#define REFUSED_BURST    10                  /* log lines at once */
#define REFUSED_INTERVAL (10 * USEC_PER_SEC) /* between later ones */

static void note_refusal(
	struct sbc *sbc, const struct request *request, const struct reply *reply)
{
	char peer[NETADDR_TEXT_MAX], from[LOG_TEXT_MAX];

	sbc->counters.requests_refused++;
	/* A stranger has nothing to look for here; our own overload is nobody's fault. */
	if (reply->code < 500)
		sbc_blame(sbc, request->source, 1, request->now);
	if (!log_limit_pass(&sbc->refused_limit, request->now, REFUSED_BURST, REFUSED_INTERVAL))
		return;
	log_event(sbc->log, LOG_INFO, "sbc", "request.refused",
		"method=%.*s code=%u source=%s from=\"%s\" held=%llu",
		SLICE_ARG(request->msg->method_name), reply->code,
		netaddr_print(&request->source->peer, peer),
		log_text(from, request->msg->from.uri.raw),
		(unsigned long long)sbc->refused_limit.held);
}

void sbc_reply(struct sbc *sbc, const struct request *request, const struct reply *reply)
{
	struct sip_response_spec spec = {.code = reply->code,
		.reason = reply->reason,
		.to_tag = reply->to_tag,
		.lines = reply->lines,
		.content_type = reply->content_type,
		.body = reply->body};
	char tag[SBC_TAG_LEN + 1];
	struct buf bytes, lines;

	if (!request->server)
		return; /* an ACK is never answered */
	/* A challenge is no refusal: every honest user gets one. */
	if (reply->code >= 400 && reply->code != 401 && reply->code != 407)
		note_refusal(sbc, request, reply);
	random_token(&sbc->random, tag, SBC_TAG_LEN);
	if (!spec.to_tag.len)
		spec.to_tag = slice_str(tag);
	buf_init(&lines, 2 * SBC_TEXT_MAX);
	buf_put_slice(&lines, reply->lines);
	if (slice_str(sbc->config->user_agent).len)
		buf_printf(&lines, "Server: %s\r\n", sbc->config->user_agent);
	spec.lines = buf_slice(&lines);
	buf_init(&bytes, SIP_MESSAGE_MAX);
	if (!sip_build_response(&bytes, request->msg, &request->source->peer, &spec))
		txn_respond(request->server, reply->code, bytes.data, bytes.len, request->now);
	buf_fini(&bytes);
	buf_fini(&lines);
}

void sbc_refuse(struct sbc *sbc, const struct request *request, uint16_t code)
{
	sbc_reply(sbc, request, &(struct reply){.code = code});
}
