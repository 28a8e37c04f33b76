/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A re-INVITE or UPDATE that we send on one leg (RFC 3261 section 14.1, RFC 3311): one at a
 * time. Glare (491) is tried again after the time that section 14.1 gives, a session interval
 * that is too small with a larger one, UPDATE as re-INVITE where it is not known. Signalling
 * thread.
 *
 *  NONE -sent-> under way -2xx, ACK-> NONE
 *                  |  ^-- 491, 422, 405, 501: again after a while
 *                  `-refused-> NONE;  -408, 481, nobody-> the dialog is lost
 */

#include "base/err.h"
#include "sbc/leg.h"
#include "sbc/peer_auth.h"

#define TRY_MAX 4 /* of one change: then its refusal goes to who wanted it */

/* RFC 3261 section 14.1, in units of 10 ms: who made the Call-ID waits longer. */
#define OWNER_WAIT_MIN 210
#define OWNER_WAIT_MAX 400
#define OTHER_WAIT_MAX 200

static int send_change(struct leg *leg, usec_t now);

/* The 2xx may come again for as long as its sender waits, so that ack stays. */
static void clear(struct leg *leg)
{
	struct leg_out *out = &leg->out;

	timer_stop(leg->sbc->timers, &out->timer);
	if (out->txn && out->method != SIP_METHOD_INVITE)
		txn_detach(out->txn);
	if (out->txn && out->method != SIP_METHOD_INVITE)
		out->txn = NULL;
	buf_fini_secret(&out->body);
	out->kind = LEG_OUT_NONE;
	out->is_cancelled = false;
}

void leg_out_forget(struct leg *leg)
{
	struct leg_out *out = &leg->out;

	clear(leg);
	if (out->txn)
		txn_detach(out->txn);
	out->txn = NULL;
	out->is_ack_owed = false;
	if (leg->oa.state == OA_OFFER_SENT)
		oa_refused(&leg->oa);
}

static void end_refused(struct leg *leg, uint16_t code, usec_t now)
{
	enum leg_out_kind kind = leg->out.kind;

	if (leg->oa.state == OA_OFFER_SENT)
		oa_refused(&leg->oa);
	clear(leg);
	/* Section 12.2.1.2: the dialog is not there any more (SIP-16). */
	if (code == 408 || code == 481)
		leg_tell(leg, LEG_EVENT_LOST, code, NULL, now);
	else if (kind == LEG_OUT_CHANGE)
		leg_tell(leg, LEG_EVENT_UNCHANGED, code, NULL, now);
	/* A refresh that failed otherwise: the session timer runs on (RFC 4028 10). */
}

/* ---- again ---- */

static void on_retry(struct timer *timer, usec_t now, void *arg)
{
	struct leg *leg = arg;

	(void)timer;
	/* The other end's own change may have come in between. */
	if (leg->in.state != LEG_IN_NONE || send_change(leg, now))
		end_refused(leg, 491, now);
}

static void retry_at(struct leg *leg, usec_t at)
{
	struct leg_out *out = &leg->out;

	if (out->txn)
		txn_detach(out->txn);
	out->txn = NULL;
	timer_stop(leg->sbc->timers, &out->timer);
	timer_init(&out->timer, on_retry, leg);
	timer_start(leg->sbc->timers, &out->timer, at);
}

static usec_t glare_wait(struct leg *leg)
{
	uint32_t units =
		leg->is_uas
			? leg_random(leg, OTHER_WAIT_MAX + 1)
			: OWNER_WAIT_MIN + leg_random(leg, OWNER_WAIT_MAX - OWNER_WAIT_MIN + 1);

	return (usec_t)units * 10 * USEC_PER_MS;
}

/* A trunk that wants a password for changes too. */
static bool prove(struct leg *leg, const struct sip_msg *msg)
{
	struct leg_out *out = &leg->out;
	struct peer_challenged c = {.peer = leg->peer,
		.response = msg,
		.method = slice_str(sip_method_name(out->method)),
		.uri = leg_dialog(leg)->remote_target,
		.tries = out->challenge_count++};

	buf_reset(&out->auth);
	return !peer_auth_answer(leg->sbc, &c, &out->auth);
}

/* True when it will be tried again. */
static bool try_again(struct leg *leg, const struct sip_msg *msg, usec_t now)
{
	struct leg_out *out = &leg->out;
	struct session_fields fields;

	if (out->is_cancelled || out->tries >= TRY_MAX)
		return false;
	switch (msg->status) {
	case 491:
		/* Offers of the other end may come meanwhile: ours is no longer out. */
		if (leg->oa.state == OA_OFFER_SENT)
			oa_refused(&leg->oa);
		retry_at(leg, now + glare_wait(leg));
		return true;
	case 401:
	case 407:
		if (!prove(leg, msg))
			return false;
		retry_at(leg, now);
		return true;
	case 422:
		session_fields_read(&fields, msg);
		if (!session_timer_too_small(&leg->session, &fields))
			return false;
		retry_at(leg, now);
		return true;
	case 405:
	case 501:
		if (out->method != SIP_METHOD_UPDATE || leg->state != LEG_CONFIRMED)
			return false;
		leg->allows_update = false;
		out->method = SIP_METHOD_INVITE;
		/* A refresh by re-INVITE says again what was said. */
		if (!out->body.len && out->kind == LEG_OUT_REFRESH &&
			leg->owner->describe(leg, &out->body, leg->owner_arg))
			return false;
		retry_at(leg, now);
		return true;
	default:
		return false;
	}
}

/* ---- the ACK ---- */

static void send_ack(struct leg *leg)
{
	struct sbc *sbc = leg->sbc;

	sbc->outside.send(&leg->hop, 0, leg->out.ack.data, leg->out.ack.len, sbc->outside.arg);
}

int leg_out_ack(struct leg *leg, struct slice body)
{
	struct leg_out *out = &leg->out;
	struct leg_text text = {.method = SIP_METHOD_ACK,
		.ack_cseq = out->ack_cseq,
		.body = body,
		.is_signed = body.len != 0};
	char branch[TXN_BRANCH_MAX];
	struct buf ack;
	int err;

	buf_init(&ack, SIP_MESSAGE_MAX);
	err = leg_build(leg, &leg->dialog, &text, branch, &ack);
	if (err) {
		buf_fini_secret(&ack);
		return err;
	}
	buf_fini_secret(&out->ack);
	out->ack = ack;
	if (out->is_ack_owed && body.len)
		oa_answered(&leg->oa);
	else if (out->is_ack_owed)
		oa_refused(&leg->oa);
	out->is_ack_owed = false;
	send_ack(leg);
	return 0;
}

void leg_out_stray(struct leg *leg, const struct sip_msg *msg)
{
	if (leg->out.ack.len && msg->cseq == leg->out.ack_cseq)
		send_ack(leg);
}

/* ---- what comes of it ---- */

static void take_agreement(struct leg *leg, const struct sip_msg *msg, usec_t now)
{
	const struct session_wish wish = leg_session_wish(leg);
	struct session_fields fields;

	leg_learn_peer(leg, msg);
	session_fields_read(&fields, msg);
	session_timer_agreed(&leg->session, &wish, &fields);
	if (msg->contact_count == 1 && !msg->is_contact_star)
		dialog_change(
			&leg->dialog.remote_target, &leg->target_text, msg->contact.uri.raw);
	if (leg->state == LEG_CONFIRMED)
		leg_session_start(leg, now);
}

static void on_success(struct leg *leg, const struct sip_msg *msg, usec_t now)
{
	struct leg_out *out = &leg->out;
	enum leg_out_kind kind = out->kind;
	bool has_body = out->body.len != 0, is_invite = out->method == SIP_METHOD_INVITE;

	if (kind == LEG_OUT_NONE) { /* again */
		leg_out_stray(leg, msg);
		return;
	}
	out->ack_cseq = out->cseq;
	clear(leg);
	if (is_invite)
		buf_fini_secret(&out->ack);
	take_agreement(leg, msg, now);
	if (is_invite && !has_body && msg->body.len) {
		out->is_ack_owed = true;
		if (oa_offered(&leg->oa))
			leg_out_ack(leg, (struct slice){0});
	} else if (is_invite) {
		leg_out_ack(leg, (struct slice){0});
	}
	if (has_body)
		oa_answered(&leg->oa);
	/* A refresh is told too when it has an answer: an address may be another one. */
	if (kind == LEG_OUT_CHANGE || has_body)
		leg_tell(leg, LEG_EVENT_CHANGED, msg->status, msg, now);
}

static void on_event(
	struct txn *txn, enum txn_event event, const struct sip_msg *msg, usec_t now, void *arg)
{
	struct leg *leg = arg;

	(void)txn;
	switch (event) {
	case TXN_EVENT_PROVISIONAL:
		leg->out.has_provisional = true;
		if (leg->out.is_cancelled)
			leg_out_cancel(leg, now);
		break;
	case TXN_EVENT_SUCCESS:
		on_success(leg, msg, now);
		break;
	case TXN_EVENT_FAILURE:
		if (leg->out.kind != LEG_OUT_NONE && !try_again(leg, msg, now))
			end_refused(leg, msg->status, now);
		break;
	case TXN_EVENT_TIMEOUT:
		if (leg->out.kind == LEG_OUT_NONE)
			break;
		leg_note_timer(leg, leg->out.method == SIP_METHOD_INVITE ? "B" : "F",
			"no response came to a change or a refresh of ours");
		end_refused(leg, 408, now);
		break;
	case TXN_EVENT_TRANSPORT:
		if (leg->out.kind != LEG_OUT_NONE)
			end_refused(leg, 503, now);
		break;
	case TXN_EVENT_GONE:
		leg->out.txn = NULL;
		break;
	}
}

/* ---- sending ---- */

/* Another 100 does not keep a caller waiting for ever: 64 T1, then it is cancelled, and
 * 64 T1 later forgotten. */
static void on_silence(struct timer *timer, usec_t now, void *arg)
{
	struct leg *leg = arg;

	leg_note_timer(leg, "64*T1",
		leg->out.is_cancelled ? "no answer to our re-INVITE, nor to its CANCEL"
				      : "no answer to our re-INVITE: it is cancelled");
	if (leg->out.is_cancelled) {
		end_refused(leg, 408, now);
		return;
	}
	leg_out_cancel(leg, now);
	timer_start(leg->sbc->timers, timer, now + 64 * leg->sbc->timing.t1);
}

void leg_out_cancel(struct leg *leg, usec_t now)
{
	struct leg_out *out = &leg->out;
	struct txn_client_request request = {
		.method = SIP_METHOD_CANCEL, .method_name = SLICE("CANCEL")};
	struct sip_scan scan;
	struct slice via, branch;
	struct txn *txn;
	struct buf bytes;

	if (out->kind == LEG_OUT_NONE)
		return;
	out->is_cancelled = true;
	if (!out->txn) { /* it waits to be tried again: not any more */
		end_refused(leg, 487, now);
		return;
	}
	if (out->method != SIP_METHOD_INVITE || !out->has_provisional)
		return;
	buf_init(&bytes, SIP_MESSAGE_MAX);
	if (!sip_scan_message(&scan, txn_bytes(out->txn)) &&
		!sip_build_cancel(&bytes, txn_bytes(out->txn), (struct slice){0})) {
		via = sip_scan_value(&scan, "Via");
		slice_cut(&via, ';');
		sip_param_find(via, "branch", &branch);
		request.branch = branch;
		request.bytes = buf_slice(&bytes);
		request.hop = txn_hop(out->txn); /* a long one went over TCP */
		if (!txn_client_new(&txn, leg->sbc->txns, &request, now))
			txn_detach(txn);
	}
	buf_fini_secret(&bytes);
	out->has_provisional = false; /* one CANCEL is enough */
}

static int send_change(struct leg *leg, usec_t now)
{
	const struct session_wish wish = leg_session_wish(leg);
	struct leg_out *out = &leg->out;
	struct txn_client_request request = {.method = out->method,
		.method_name = slice_str(sip_method_name(out->method)),
		.handler = on_event,
		.arg = leg};
	struct leg_text text = {.method = out->method,
		.body = buf_slice(&out->body),
		.has_contact = true,
		.is_signed = true};
	struct dialog *dialog = leg_dialog(leg);
	char branch[TXN_BRANCH_MAX];
	struct buf lines, bytes;
	int err = 0;

	if (out->body.len && leg->oa.state != OA_OFFER_SENT)
		err = oa_offer(&leg->oa);
	if (err)
		return err;
	buf_init(&lines, SBC_TEXT_MAX);
	buf_init(&bytes, SIP_MESSAGE_MAX);
	buf_put_slice(&lines, buf_slice(&out->lines));
	buf_put_slice(&lines, buf_slice(&out->auth));
	buf_put_str(&lines, leg_allow(leg));
	buf_put_str(&lines, SBC_SUPPORTED);
	session_timer_ask(&leg->session, &wish, true, &lines);
	text.lines = buf_slice(&lines);
	err = lines.err ? lines.err : leg_build(leg, dialog, &text, branch, &bytes);
	out->cseq = dialog->local_cseq;
	out->tries++;
	out->has_provisional = false;
	request.branch = slice_str(branch);
	request.bytes = buf_slice(&bytes);
	err = err ? err : leg_send(leg, &request, &out->txn, now);
	buf_fini(&lines);
	buf_fini_secret(&bytes);
	if (!err && out->method == SIP_METHOD_INVITE) {
		timer_stop(leg->sbc->timers, &out->timer);
		timer_init(&out->timer, on_silence, leg);
		timer_start(leg->sbc->timers, &out->timer, now + 64 * leg->sbc->timing.t1 + 1);
	}
	return err;
}

int leg_out_start(struct leg *leg, const struct leg_change *change, usec_t now)
{
	struct leg_out *out = &leg->out;
	bool is_update = change->is_update && leg->allows_update;
	int err;

	if (out->kind != LEG_OUT_NONE || out->is_ack_owed || leg->in.state != LEG_IN_NONE)
		return SBC_EAGAIN;
	if (leg->is_inner) /* who is to be there has not come yet */
		return SBC_EAGAIN;
	if (leg->state != LEG_CONFIRMED && !(is_update && leg->state == LEG_EARLY))
		return SBC_ESTATE;
	if (out->txn) /* the last one's, waiting for more 2xx */
		txn_detach(out->txn);
	out->txn = NULL;
	out->kind = change->is_refresh ? LEG_OUT_REFRESH : LEG_OUT_CHANGE;
	out->method = is_update ? SIP_METHOD_UPDATE : SIP_METHOD_INVITE;
	out->tries = 0;
	buf_init(&out->body, OA_TEXT_MAX);
	buf_fini(&out->lines);
	buf_init(&out->lines, SBC_TEXT_MAX);
	buf_fini(&out->auth);
	buf_init(&out->auth, SBC_TEXT_MAX);
	out->challenge_count = 0;
	err = buf_put_slice(&out->body, change->body);
	err = err ? err : buf_put_slice(&out->lines, change->lines);
	err = err ? err : send_change(leg, now);
	if (err) {
		if (leg->oa.state == OA_OFFER_SENT)
			oa_refused(&leg->oa);
		clear(leg);
	}
	return err;
}
