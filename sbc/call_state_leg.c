/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One leg of an established call as bytes, and back. Signalling thread. */

#include "base/err.h"
#include "sbc/call_state.h"

#define TEXT_MAX 4096                    /* bytes of an identifier or URI */
#define ACK_MAX  SIP_MESSAGE_MAX         /* bytes of an ACK that may be asked for again */
#define LEFT_MAX (2 * SESSION_EXPIRES_S) /* s; of a session timer */

static void code_dialog(struct coder *c, struct dialog *d)
{
	struct slice *texts[] = {&d->call_id, &d->local_tag, &d->remote_tag, &d->local_uri,
		&d->remote_uri, &d->remote_target};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		code_slice(c, texts[i], TEXT_MAX);
		if (!texts[i]->len)
			coder_refuse(c);
	}
	code_slice(c, &d->routes, DIALOG_ROUTES_MAX);
	d->local_cseq = (uint32_t)code_number(c, d->local_cseq, 4, INT32_MAX);
	d->remote_cseq = (uint32_t)code_number(c, d->remote_cseq, 4, INT32_MAX);
}

/* Ours of that kind that says the same in its Contact, since the other end has been told. */
static int find_listener(
	const struct sbc *sbc, enum transport_kind kind, const char *sent_by, unsigned *out)
{
	const struct listener_slots *slots = &sbc->listeners;

	for (*out = 0; *out < slots->count; (*out)++) {
		const struct listener_slot *slot = &slots->items[*out];
		if (slot->state == LISTENER_OPEN && slot->kind == kind &&
			!strcmp(slot->sent_by, sent_by))
			return 0;
	}
	*out = 0;
	return SBC_ENOENT;
}

/* A connection is the other machine's: who made it makes another one. */
static void code_hop(struct coder *c, const struct sbc *sbc, struct hop *hop)
{
	char sent_by[sizeof(sbc->listeners.items[0].sent_by)] = "";

	if (!c->is_reading)
		memcpy(sent_by, sbc->listeners.items[hop->listener].sent_by, sizeof(sent_by));
	hop->kind = (enum transport_kind)code_number(c, hop->kind, 1, TRANSPORT_KIND_COUNT - 1);
	code_text(c, sent_by, sizeof(sent_by));
	code_address(c, &hop->addr);
	code_text(c, hop->tls_name, sizeof(hop->tls_name));
	if (c->is_reading && find_listener(sbc, hop->kind, sent_by, &hop->listener) && !c->err)
		c->err = SBC_ENOENT;
}

static void code_session(struct coder *c, struct leg *leg, usec_t now)
{
	struct session_timer *session = &leg->session;
	usec_t left = leg->session_expiry > now ? leg->session_expiry - now : 0;

	session->interval_s =
		(uint32_t)code_number(c, session->interval_s, 4, SESSION_EXPIRES_S);
	session->min_se_s = (uint32_t)code_number(c, session->min_se_s, 4, SESSION_EXPIRES_S);
	session->is_refresher = code_bool(c, session->is_refresher);
	left = (usec_t)code_number(c, session->interval_s ? (uint64_t)left : 0, 8,
		LEFT_MAX * (uint64_t)USEC_PER_SEC);
	if (c->is_reading)
		leg->session_expiry = now + left;
}

static void code_offer_answer(struct coder *c, struct oa *oa)
{
	oa->has_session = code_bool(c, oa->has_session);
	oa->session_id = code_number(c, oa->session_id, 8, INT64_MAX);
	oa->version = code_number(c, oa->version, 8, INT64_MAX);
	code_buf(c, &oa->told, OA_TEXT_MAX);
}

void call_state_leg(struct coder *c, struct call *call, int side, usec_t now)
{
	struct leg *leg = call_leg(call, side);

	code_dialog(c, &leg->dialog);
	code_hop(c, call->sbc, &leg->hop);
	leg->is_uas = code_bool(c, leg->is_uas);
	leg->invite_cseq = (uint32_t)code_number(c, leg->invite_cseq, 4, INT32_MAX);
	leg->allows_update = code_bool(c, leg->allows_update);
	leg->knows_timer = code_bool(c, leg->knows_timer);
	leg->knows_rename = code_bool(c, leg->knows_rename);
	leg->takes_refer = code_bool(c, leg->takes_refer);
	code_slice(c, &leg->ack, ACK_MAX);
	code_offer_answer(c, &leg->oa);
	code_session(c, leg, now);
}
