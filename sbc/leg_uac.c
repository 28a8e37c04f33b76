/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The calling side of a leg, RFC 3261 sections 9.1 and 13.2: sends the INVITE, signed last,
 * acknowledges every 2xx, cancels. Signalling thread.
 */

#include "base/err.h"
#include "sbc/leg.h"

static int build_ack(struct leg *leg, struct dialog *dialog, struct buf *out)
{
	struct sip_request_spec spec = {.max_forwards = 70};
	char branch[TXN_BRANCH_MAX];
	struct buf via;
	int err;

	txn_branch_new(leg->sbc->txns, branch);
	buf_init(&via, SBC_TEXT_MAX);
	leg_via(leg->sbc, &leg->hop, branch, &via);
	spec.via = buf_slice(&via);
	err = via.err ? via.err
		      : dialog_request(
				dialog, leg->arena, SIP_METHOD_ACK, leg->invite_cseq, &spec);
	err = err ? err : sip_build_request(out, &spec);
	buf_fini(&via);
	return err;
}

static void send_ack(struct leg *leg)
{
	struct sbc *sbc = leg->sbc;

	sbc->outside.send(&leg->hop, 0, leg->ack.ptr, leg->ack.len, sbc->outside.arg);
}

/* A 2xx of another branch of a fork: acknowledged and ended at once (SIP-4). */
static void drop_fork(struct leg *leg, const struct sip_msg *msg, usec_t now)
{
	struct leg other = {.sbc = leg->sbc,
		.arena = leg->arena,
		.call_name = leg->call_name,
		.name = leg->name,
		.hop = leg->hop,
		.invite_cseq = leg->invite_cseq,
		.dialog = leg->dialog};
	struct sip_request_spec spec = {.max_forwards = 70,
		.lines = SLICE("Reason: SIP;cause=200;text=\"answered elsewhere\"\r\n")};
	struct txn_client_request request = {
		.method = SIP_METHOD_BYE, .method_name = SLICE("BYE"), .hop = &leg->hop};
	char branch[TXN_BRANCH_MAX];
	struct buf ack, bye, via;
	struct txn *txn;

	if (dialog_learn(&other.dialog, leg->arena, msg))
		return;
	other.dialog.local_cseq = leg->invite_cseq;
	buf_init(&ack, SIP_MESSAGE_MAX);
	buf_init(&bye, SIP_MESSAGE_MAX);
	buf_init(&via, SBC_TEXT_MAX);
	txn_branch_new(leg->sbc->txns, branch);
	leg_via(leg->sbc, &leg->hop, branch, &via);
	spec.via = buf_slice(&via);
	if (!build_ack(leg, &other.dialog, &ack))
		leg->sbc->outside.send(&leg->hop, 0, ack.data, ack.len, leg->sbc->outside.arg);
	if (!dialog_request(&other.dialog, leg->arena, SIP_METHOD_BYE, 0, &spec) &&
		!sip_build_request(&bye, &spec)) {
		request.branch = slice_str(branch);
		request.bytes = buf_slice(&bye);
		if (!txn_client_new(&txn, leg->sbc->txns, &request, now))
			txn_detach(txn);
	}
	buf_fini(&ack);
	buf_fini(&bye);
	buf_fini(&via);
}

/* The first 2xx: the dialog is made, the ACK goes out at once (SIP-5). */
static int learn_and_ack(struct leg *leg, const struct sip_msg *msg)
{
	struct buf ack;
	int err = dialog_learn(&leg->dialog, leg->arena, msg);

	if (err)
		return err;
	buf_init(&ack, SIP_MESSAGE_MAX);
	err = build_ack(leg, &leg->dialog, &ack);
	if (!err) {
		leg->ack = arena_copy(leg->arena, buf_slice(&ack));
		err = leg->ack.ptr ? 0 : SBC_ENOMEM;
	}
	buf_fini(&ack);
	if (!err)
		send_ack(leg);
	return err;
}

static void on_success(struct leg *leg, const struct sip_msg *msg, usec_t now)
{
	bool was_cancelling = leg->state == LEG_CANCELLING;

	if (leg->ack.len) { /* again, or another branch */
		if (slice_equal(leg->dialog.remote_tag, msg->to.tag))
			send_ack(leg);
		else
			drop_fork(leg, msg, now);
		return;
	}
	/* An early dialog's tag may be another one's than that which answered. */
	leg->dialog.remote_tag = (struct slice){0};
	if (learn_and_ack(leg, msg)) {
		leg_terminate_by(leg, LEG_EVENT_REFUSED, 502, NULL, now);
		return;
	}
	timer_stop(leg->sbc->timers, &leg->timer);
	leg_set_state(leg, LEG_CONFIRMED, "2xx");
	if (was_cancelling) /* CANCEL and 2xx crossed (SIP-8) */
		leg_send_bye(leg, leg->bye_lines, now);
	else
		leg->handler(leg, LEG_EVENT_ANSWERED, msg->status, msg, now, leg->arg);
}

static void send_cancel(struct leg *leg, usec_t now);

static void on_provisional(struct leg *leg, const struct sip_msg *msg, usec_t now)
{
	bool is_first = !leg->has_provisional;

	leg->has_provisional = true;
	if (leg->state == LEG_CANCELLING) {
		if (is_first)
			send_cancel(leg, now);
		return;
	}
	if (msg->status == 100)
		return;
	leg_set_state(leg, LEG_EARLY, "provisional");
	leg->handler(leg, LEG_EVENT_PROVISIONAL, msg->status, msg, now, leg->arg);
}

static void on_refused(struct leg *leg, uint16_t code, const struct sip_msg *msg, usec_t now)
{
	if (leg->state == LEG_CONFIRMED || leg->state == LEG_TERMINATING)
		return; /* a 2xx came first; its dialog lives */
	if (leg->state == LEG_CANCELLING)
		leg_terminate(leg, now);
	else
		leg_terminate_by(leg, LEG_EVENT_REFUSED, code, msg, now);
}

static void on_invite_event(
	struct txn *txn, enum txn_event event, const struct sip_msg *msg, usec_t now, void *arg)
{
	struct leg *leg = arg;

	(void)txn;
	switch (event) {
	case TXN_EVENT_PROVISIONAL:
		on_provisional(leg, msg, now);
		break;
	case TXN_EVENT_SUCCESS:
		on_success(leg, msg, now);
		break;
	case TXN_EVENT_FAILURE:
		on_refused(leg, msg->status, msg, now);
		break;
	case TXN_EVENT_TIMEOUT:
		on_refused(leg, 408, NULL, now);
		break;
	case TXN_EVENT_TRANSPORT:
		on_refused(leg, 503, NULL, now);
		break;
	case TXN_EVENT_GONE:
		leg->invite = NULL;
		on_refused(leg, 408, NULL, now);
		break;
	}
}

/* Section 9.1: after a CANCEL the INVITE gets 64 T1 to end. */
static void on_cancel_timer(struct timer *timer, usec_t now, void *arg)
{
	(void)timer;
	leg_terminate(arg, now);
}

static void send_cancel(struct leg *leg, usec_t now)
{
	struct txn_client_request request = {
		.method = SIP_METHOD_CANCEL, .method_name = SLICE("CANCEL"), .hop = &leg->hop};
	struct sip_scan scan;
	struct buf bytes;
	struct txn *txn;
	struct slice via, branch;

	if (!leg->invite)
		return;
	buf_init(&bytes, SIP_MESSAGE_MAX);
	if (!sip_scan_message(&scan, txn_bytes(leg->invite)) &&
		!sip_build_cancel(&bytes, txn_bytes(leg->invite), leg->bye_lines)) {
		via = sip_scan_value(&scan, "Via");
		slice_cut(&via, ';');
		sip_param_find(via, "branch", &branch);
		request.branch = branch;
		request.bytes = buf_slice(&bytes);
		if (!txn_client_new(&txn, leg->sbc->txns, &request, now))
			txn_detach(txn);
	}
	buf_fini(&bytes);
	timer_init(&leg->timer, on_cancel_timer, leg);
	timer_start(leg->sbc->timers, &leg->timer, now + 64 * leg->sbc->timing.t1);
}

void leg_uac_cancel(struct leg *leg, struct slice lines, usec_t now)
{
	leg_set_state(leg, LEG_CANCELLING, "given up");
	leg->bye_lines = arena_copy(leg->arena, lines);
	if (leg->has_provisional) /* else it waits for one (SIP-7) */
		send_cancel(leg, now);
}

void leg_uac_stray(struct leg *leg, const struct sip_msg *msg, usec_t now)
{
	if (msg->cseq == leg->invite_cseq && leg->ack.len)
		on_success(leg, msg, now);
}

struct uac_texts {
	struct buf via, contact, lines, bytes;
	char branch[TXN_BRANCH_MAX];
};

static void texts_fini(struct uac_texts *texts)
{
	buf_fini(&texts->via);
	buf_fini(&texts->contact);
	buf_fini(&texts->lines);
	buf_fini(&texts->bytes);
}

static int build_invite(
	struct leg *leg, const struct leg_invite *invite, struct uac_texts *texts)
{
	struct sip_request_spec spec = {.max_forwards = invite->max_forwards,
		.content_type = SLICE("application/sdp"),
		.body = invite->body};
	struct buf contact_value;
	int err;

	buf_init(&texts->via, SBC_TEXT_MAX);
	buf_init(&texts->contact, SBC_TEXT_MAX);
	buf_init(&texts->lines, SBC_TEXT_MAX);
	buf_init(&texts->bytes, SIP_MESSAGE_MAX);
	buf_init(&contact_value, SBC_TEXT_MAX);
	txn_branch_new(leg->sbc->txns, texts->branch);
	leg_via(leg->sbc, &leg->hop, texts->branch, &texts->via);
	leg_contact(leg->sbc, &leg->hop, &texts->contact);
	buf_printf(&contact_value, "<%.*s>", SLICE_ARG(buf_slice(&texts->contact)));
	buf_put_str(&texts->lines, SBC_ALLOW);
	buf_put_slice(&texts->lines, buf_slice(&leg->cross));
	buf_reset(&leg->cross);
	spec.via = buf_slice(&texts->via);
	spec.contact = buf_slice(&contact_value);
	err = dialog_request(&leg->dialog, leg->arena, SIP_METHOD_INVITE, 0, &spec);
	leg->invite_cseq = spec.cseq;
	/* Signing is the very last step: nothing that is signed changes after it (DEC-5). */
	if (!err && invite->sign)
		err = invite->sign(
			&spec, buf_slice(&texts->contact), &texts->lines, invite->arg);
	spec.lines = buf_slice(&texts->lines);
	err = err ? err : sip_build_request(&texts->bytes, &spec);
	buf_fini(&contact_value);
	return err;
}

int leg_uac_start(struct leg *leg, const struct leg_invite *invite, usec_t now)
{
	char tag[SBC_TAG_LEN + 1], call_id[2 * SBC_TAG_LEN + 1];
	struct dialog_uac init = {.local_uri = invite->local_uri,
		.remote_uri = invite->remote_uri,
		.request_uri = invite->request_uri};
	struct txn_client_request request = {.method = SIP_METHOD_INVITE,
		.method_name = SLICE("INVITE"),
		.hop = &leg->hop,
		.handler = on_invite_event,
		.arg = leg};
	struct uac_texts texts = {0};
	int err;

	random_token(&leg->sbc->random, tag, SBC_TAG_LEN);
	random_token(&leg->sbc->random, call_id, 2 * SBC_TAG_LEN);
	init.local_tag = slice_str(tag);
	init.call_id = slice_str(call_id);
	leg->hop = invite->hop;
	err = dialog_init_uac(&leg->dialog, leg->arena, &init);
	err = err ? err : leg_enter_table(leg);
	err = err ? err : build_invite(leg, invite, &texts);
	request.branch = slice_str(texts.branch);
	request.bytes = buf_slice(&texts.bytes);
	err = err ? err : txn_client_new(&leg->invite, leg->sbc->txns, &request, now);
	texts_fini(&texts);
	if (!err)
		leg_set_state(leg, LEG_PROCEEDING, "invite sent");
	return err;
}
