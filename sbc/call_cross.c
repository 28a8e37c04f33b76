/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Header lines on their way from one leg of a call to the other: what the table lets
 * through, and what we say about the call ourselves: Session-ID (RFC 7989), the asserted
 * identity within the trust domain (RFC 3325). Signalling thread.
 */

#include "base/err.h"
#include "sbc/call.h"
#include "sbc/sip_parts.h"
#include "sbc/verstat.h"

/* Each end's value is learnt from what it says; an end that has none is given one, which
 * it keeps for the whole call. */
static void put_session_id(
	struct call *call, int from, const struct sip_msg *msg, struct buf *lines)
{
	struct session_id *local = &call->session_ids[from];
	struct slice header = msg ? sip_msg_header(msg, "Session-ID", 0) : (struct slice){0};
	struct session_id said;

	if (!session_id_parse(&said, header))
		*local = said;
	else if (!local->text[0])
		session_id_new(local, &call->sbc->random);
	session_id_print(lines, local, &call->session_ids[!from]);
}

/* Who calls, as we know it: to those in our trust domain only, and from those outside it;
 * what somebody inside asserted crosses as it is. */
static void put_asserted(const struct call *call, struct slice from_uri, struct buf *lines)
{
	const struct config_peer *from = call->party[MEDIA_SIDE_A].peer;
	const struct config_peer *to = call->party[MEDIA_SIDE_B].peer;
	const struct identity_verdict *verdict = call_party_verdict(&call->party[MEDIA_SIDE_A]);
	bool is_known = !from || verdict->outcome == IDENTITY_VERIFIED ||
			verstat_is_marked(from, verdict);

	if (!to || !to->is_trusted)
		return;
	if (from && from->is_trusted &&
		sip_msg_header(call->invite, "P-Asserted-Identity", 0).len)
		return;
	if (is_known || (from && from->is_trusted))
		buf_printf(lines, "P-Asserted-Identity: <%.*s%s>\r\n", SLICE_ARG(from_uri),
			verstat_of(from, verdict));
}

static void put_product(const struct call *call, enum header_kind kind, struct buf *lines)
{
	struct slice product = slice_str(call->config->user_agent);

	if (product.len)
		buf_printf(lines, "%s: %.*s\r\n",
			kind == HEADER_KIND_RESPONSE ? "Server" : "User-Agent",
			SLICE_ARG(product));
}

static int fill(struct call *call, int from, const struct sip_msg *msg, enum header_kind kind,
	struct buf *lines)
{
	struct header_crossing crossing = {.msg = msg,
		.kind = kind,
		.from = call->party[from].peer,
		.to = call->party[!from].peer};

	buf_reset(lines);
	if (msg)
		header_rules_cross(&crossing, lines);
	put_session_id(call, from, msg, lines);
	if (kind == HEADER_KIND_RESPONSE && from == MEDIA_SIDE_B)
		verstat_put_reason(lines, call->party[MEDIA_SIDE_A].peer,
			call_party_verdict(&call->party[MEDIA_SIDE_A]));
	put_product(call, kind, lines);
	return lines->err;
}

void call_cross(struct call *call, int from, const struct sip_msg *msg, enum header_kind kind)
{
	struct buf *lines = &call_leg(call, !from)->cross;

	/* The message matters more than what rides on it. */
	if (fill(call, from, msg, kind, lines))
		buf_reset(lines);
}

int call_cross_invite(struct call *call, struct slice from_uri, struct buf *lines)
{
	if (!fill(call, MEDIA_SIDE_A, call->invite, HEADER_KIND_INVITE, lines))
		put_asserted(call, from_uri, lines);
	if (call->max_breadth >= 0)
		buf_printf(lines, "Max-Breadth: %d\r\n", call->b->breadth);
	return lines->err;
}
