/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A REFER that goes across, and the NOTIFYs that come back (RFC 3515, RFC 3891): what they name
 * is a dialog or a CSeq of one leg, and the other end knows other ones. Signalling thread.
 */

#include "base/err.h"
#include "base/mem.h"
#include "sbc/call.h"
#include "sbc/refer_to.h"

/* The newest REFER that was passed on; one that came before it gets no more NOTIFYs. */
struct call_subscription {
	int from;      /* who asked */
	uint32_t came; /* CSeq there */
	uint32_t sent; /* and on the other leg */
};

/* ---- REFER ---- */

/* The dialog that the asker has with us is another one to whom it is with. */
static void map_replaces(struct call *call, int from, struct replaces *replaces, usec_t now)
{
	struct leg *leg = leg_find_dialog(
		call->sbc, replaces->call_id, replaces->to_tag, replaces->from_tag);
	struct call *other = leg && leg->owner == &call_leg_owner ? leg->owner_arg : NULL;
	const struct dialog *far;
	int side;

	if (!other || (leg != other->a && leg != other->b))
		return; /* nobody's here: it goes on as it is */
	side = call_side(other, leg);
	if (!call_party_is_same_end(&other->party[side], &call->party[from]))
		return;
	far = &call_leg(other, 1 - side)->dialog;
	replaces->call_id = far->call_id;
	replaces->to_tag = far->remote_tag;
	replaces->from_tag = far->local_tag;
	call_grant(other, side, &call->party[1 - from], now);
}

static uint16_t put_refer(
	struct call *call, int from, const struct sip_msg *msg, struct buf *lines, usec_t now)
{
	struct slice value = sip_msg_header(msg, "Refer-To", 0);
	struct refer_to to;
	struct replaces replaces;

	if (!value.len || sip_msg_header(msg, "Refer-To", 1).len || refer_to_parse(&to, value))
		return 400;
	buf_printf(lines, "Refer-To: <%.*s", SLICE_ARG(to.uri.raw));
	if (to.has_replaces) {
		if (replaces_parse(&replaces, slice_str(to.text)))
			return 400;
		map_replaces(call, from, &replaces, now);
		buf_put_str(lines, "?Replaces=");
		replaces_put_escaped(&replaces, lines);
	}
	buf_put_str(lines, ">\r\n");
	if (slice_equal_nocase(sip_msg_header(msg, "Refer-Sub", 0), SLICE("false")))
		buf_put_str(lines, "Refer-Sub: false\r\n");
	return lines->err ? 500 : 0;
}

int call_subscribed_sent(struct call *call, int from, uint32_t came, uint32_t sent)
{
	if (!call->subscription)
		call->subscription = mem_alloc(sizeof(*call->subscription));
	if (!call->subscription)
		return SBC_ENOMEM;
	*call->subscription =
		(struct call_subscription){.from = from, .came = came, .sent = sent};
	return 0;
}

/* ---- NOTIFY ---- */

/* RFC 6665 section 8.4: active and pending with a time, terminated with a reason. */
static bool is_plain_state(struct slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		char c = value.ptr[i];
		if (!((c | 0x20) >= 'a' && (c | 0x20) <= 'z') && !(c >= '0' && c <= '9') &&
			c != ';' && c != '=' && c != '-' && c != ' ')
			return false;
	}
	return value.len > 0;
}

static uint16_t put_notify(
	struct call *call, int from, const struct sip_msg *msg, struct buf *lines)
{
	struct call_subscription *subscription = call->subscription;
	struct slice params = sip_msg_header(msg, "Event", 0), id;
	struct slice state = sip_msg_header(msg, "Subscription-State", 0);
	struct slice word = slice_trim(slice_cut(&params, ';'));
	uint64_t number;

	if (!subscription || from == subscription->from ||
		!slice_equal_nocase(word, SLICE("refer")))
		return 481;
	if (!is_plain_state(state))
		return 400;
	buf_put_str(lines, "Event: refer");
	if (sip_param_find(params, "id", &id)) {
		if (slice_to_u64(id, UINT32_MAX, &number) || number != subscription->sent)
			return 481;
		buf_printf(lines, ";id=%u", subscription->came);
	}
	buf_printf(lines, "\r\nSubscription-State: %.*s\r\n", SLICE_ARG(state));
	if (lines->err)
		return 500;
	if (slice_starts_nocase(state, SLICE("terminated"))) {
		mem_free(call->subscription);
		call->subscription = NULL;
	}
	return 0;
}

uint16_t call_subscribed_lines(
	struct call *call, int from, const struct sip_msg *msg, struct buf *lines, usec_t now)
{
	return msg->method == SIP_METHOD_REFER ? put_refer(call, from, msg, lines, now)
					       : put_notify(call, from, msg, lines);
}
