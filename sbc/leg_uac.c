/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The calling side of a leg, RFC 3261 sections 9.1 and 13.2: sends the INVITE, signed last,
 * acknowledges every 2xx, cancels. Signalling thread.
 */

#include "base/err.h"
#include "sbc/leg.h"
#include "sbc/peer_auth.h"

#define TOO_SMALL_MAX 2 /* 422 answers to one INVITE that we follow */

static void send_ack(struct leg *leg)
{
	struct sbc *sbc = leg->sbc;

	sbc->outside.send(&leg->hop, 0, leg->ack.ptr, leg->ack.len, sbc->outside.arg);
}

static int build_ack(struct leg *leg, struct dialog *dialog, struct slice body, struct buf *out)
{
	struct leg_text text = {.method = SIP_METHOD_ACK,
		.ack_cseq = leg->invite_cseq,
		.lines = leg->auth, /* RFC 3261 section 13.2.2.4 */
		.body = body,
		.is_signed = body.len != 0};
	char branch[TXN_BRANCH_MAX];

	return leg_build(leg, dialog, &text, branch, out);
}

/* A 2xx of another branch of a fork: acknowledged and ended at once (SIP-4). */
static void drop_fork(struct leg *leg, const struct sip_msg *msg, usec_t now)
{
	struct leg_fork *early = leg_fork_of(leg, msg);
	struct dialog dialog = early ? early->dialog : leg->dialog;
	struct leg_text text = {.method = SIP_METHOD_BYE,
		.lines = SLICE("Reason: SIP;cause=200;text=\"answered elsewhere\"\r\n")};
	struct txn_client_request request = {
		.method = SIP_METHOD_BYE, .method_name = SLICE("BYE")};
	char branch[TXN_BRANCH_MAX];
	struct buf ack, bye;

	if (!early && dialog_learn(&dialog, leg->arena, msg))
		return;
	buf_init(&ack, SIP_MESSAGE_MAX);
	buf_init(&bye, SIP_MESSAGE_MAX);
	if (!build_ack(leg, &dialog, (struct slice){0}, &ack))
		leg->sbc->outside.send(&leg->hop, 0, ack.data, ack.len, leg->sbc->outside.arg);
	if (!early || !early->is_dropped) {
		if (!leg_build(leg, &dialog, &text, branch, &bye)) {
			request.branch = slice_str(branch);
			request.bytes = buf_slice(&bye);
			leg_send(leg, &request, NULL, now);
		}
	}
	if (early)
		early->is_dropped = true; /* its 2xx again gets an ACK, no second BYE */
	buf_fini_secret(&ack);
	buf_fini_secret(&bye);
}

int leg_uac_ack(struct leg *leg, struct slice body)
{
	struct buf ack;
	int err;

	buf_init(&ack, SIP_MESSAGE_MAX);
	err = build_ack(leg, &leg->dialog, body, &ack);
	if (!err) {
		leg->ack = arena_copy(leg->arena, buf_slice(&ack));
		err = leg->ack.ptr ? 0 : SBC_ENOMEM;
	}
	buf_fini_secret(&ack);
	if (err)
		return err;
	leg->is_ack_owed = false;
	if (leg->oa.state == OA_OFFER_RECEIVED)
		oa_answered(&leg->oa);
	send_ack(leg);
	return 0;
}

/* The first 2xx makes the dialog: the early one's numbers go on in it, its routes are those
 * of the 2xx (RFC 3261 section 13.2.2.4). The ACK goes out at once (SIP-5), unless it has to
 * answer. */
static int learn_and_ack(struct leg *leg, const struct sip_msg *msg)
{
	struct leg_fork *early = leg_fork_of(leg, msg);
	struct dialog dialog = early ? early->dialog : leg->dialog;
	int err;

	dialog.remote_tag = (struct slice){0};
	err = dialog_learn(&dialog, leg->arena, msg);
	if (err)
		return err;
	leg->dialog = dialog;
	if (!leg->sent.body.len && msg->body.len && leg->state != LEG_CANCELLING) {
		leg->is_ack_owed = true;
		return oa_offered(&leg->oa) ? SBC_ESTATE : 0;
	}
	if (leg->oa.state == OA_OFFER_SENT)
		oa_answered(&leg->oa);
	return leg_uac_ack(leg, (struct slice){0});
}

static void start_session(struct leg *leg, const struct sip_msg *msg, usec_t now)
{
	const struct session_wish wish = leg_session_wish(leg);
	struct session_fields fields;

	leg_learn_peer(leg, msg);
	session_fields_read(&fields, msg);
	session_timer_agreed(&leg->session, &wish, &fields);
	leg_session_start(leg, now);
}

static void on_success(struct leg *leg, const struct sip_msg *msg, usec_t now)
{
	bool was_cancelling = leg->state == LEG_CANCELLING;

	if (leg->state == LEG_TERMINATED) { /* given up long ago */
		drop_fork(leg, msg, now);
		return;
	}
	if (leg->dialog.remote_tag.len) { /* again, or another branch */
		if (!slice_equal(leg->dialog.remote_tag, msg->to.tag))
			drop_fork(leg, msg, now);
		else if (leg->ack.len)
			send_ack(leg);
		return;
	}
	if (learn_and_ack(leg, msg)) {
		leg_terminate_by(leg, LEG_EVENT_REFUSED, 502, NULL, now);
		return;
	}
	timer_stop(leg->sbc->timers, &leg->timer);
	/* An early change that is still out belongs to this dialog or to none. */
	leg_out_forget(leg);
	leg_set_state(leg, LEG_CONFIRMED, "2xx");
	start_session(leg, msg, now);
	if (was_cancelling) /* CANCEL and 2xx crossed (SIP-8) */
		leg_send_bye(leg, leg->bye_lines, now);
	else
		leg_tell(leg, LEG_EVENT_ANSWERED, msg->status, msg, now);
}

static void send_cancel(struct leg *leg, usec_t now);

static void on_provisional(struct leg *leg, const struct sip_msg *msg, usec_t now)
{
	bool is_first = !leg->has_provisional;
	struct leg_fork *fork;

	leg->has_provisional = true;
	if (leg->state == LEG_CONFIRMED || leg->state == LEG_TERMINATING)
		return; /* another branch; it will be told */
	if (leg->state == LEG_CANCELLING) {
		if (is_first)
			send_cancel(leg, now);
		return;
	}
	if (msg->status == 100)
		return;
	leg_learn_peer(leg, msg);
	fork = leg_fork_of(leg, msg);
	if (fork && !leg_reliable_take(leg, fork, msg, now))
		return;
	leg_set_state(leg, LEG_EARLY, "provisional");
	leg_tell(leg, LEG_EVENT_PROVISIONAL, msg->status, msg, now);
}

static int send_invite(struct leg *leg, usec_t now);

/* RFC 4028 section 7.4: once or twice more, with the interval that is asked for. */
static bool ask_for_longer(struct leg *leg, const struct sip_msg *msg, usec_t now)
{
	struct session_fields fields;

	if (!msg || msg->status != 422 || leg->state == LEG_CANCELLING ||
		leg->too_small_count++ >= TOO_SMALL_MAX)
		return false;
	session_fields_read(&fields, msg);
	if (!session_timer_too_small(&leg->session, &fields))
		return false;
	if (leg->invite)
		txn_detach(leg->invite);
	leg->invite = NULL;
	leg->has_provisional = false;
	return !send_invite(leg, now);
}

/* A trunk that wants a password: once more with it (RFC 3261 section 22.2, KAM-10). */
static bool prove(struct leg *leg, const struct sip_msg *msg, usec_t now)
{
	struct peer_challenged c = {.peer = leg->peer,
		.response = msg,
		.method = SLICE("INVITE"),
		.uri = leg->dialog.remote_target,
		.tries = leg->challenge_count};
	struct buf lines;
	int err;

	if (!msg || (msg->status != 401 && msg->status != 407) || leg->state == LEG_CANCELLING)
		return false;
	buf_init(&lines, SBC_TEXT_MAX);
	err = peer_auth_answer(leg->sbc, &c, &lines);
	if (!err) {
		leg->auth = arena_copy(leg->arena, buf_slice(&lines));
		err = leg->auth.ptr ? 0 : SBC_ENOMEM;
	}
	buf_fini(&lines);
	if (err)
		return false;
	leg->challenge_count++;
	if (leg->invite)
		txn_detach(leg->invite);
	leg->invite = NULL;
	leg->has_provisional = false;
	return !send_invite(leg, now);
}

static void on_refused(struct leg *leg, uint16_t code, const struct sip_msg *msg, usec_t now)
{
	if (leg->state == LEG_CONFIRMED || leg->state == LEG_TERMINATING)
		return; /* a 2xx came first; its dialog lives */
	if (leg->state == LEG_CANCELLING)
		leg_terminate(leg, now);
	else if (!ask_for_longer(leg, msg, now) && !prove(leg, msg, now))
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
		leg_note_timer(leg, "B", "no response at all came to our INVITE");
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
	leg_note_timer(arg, "64*T1", "no final response came after our CANCEL");
	leg_terminate(arg, now);
}

static void send_cancel(struct leg *leg, usec_t now)
{
	struct txn_client_request request = {
		.method = SIP_METHOD_CANCEL, .method_name = SLICE("CANCEL")};
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
		request.hop = txn_hop(leg->invite); /* a long one went over TCP */
		if (!txn_client_new(&txn, leg->sbc->txns, &request, now))
			txn_detach(txn);
	}
	buf_fini_secret(&bytes);
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
	if (!leg->is_uas && msg->cseq == leg->invite_cseq && leg->ack.len)
		on_success(leg, msg, now);
	else
		leg_out_stray(leg, msg);
}

static int put_invite_lines(struct leg *leg, struct buf *lines)
{
	const struct session_wish wish = leg_session_wish(leg);

	buf_put_slice(lines, leg->sent.lines);
	buf_put_slice(lines, leg->auth);
	buf_put_str(lines, leg_allow(leg));
	buf_printf(lines, "Supported: timer, replaces%s%s\r\n",
		leg->sent.want_reliable ? ", 100rel" : "",
		leg->sent.want_rename ? ", from-change" : "");
	session_timer_ask(&leg->session, &wish, false, lines);
	return lines->err;
}

static int send_invite(struct leg *leg, usec_t now)
{
	struct txn_client_request request = {.method = SIP_METHOD_INVITE,
		.method_name = SLICE("INVITE"),
		.handler = on_invite_event,
		.arg = leg};
	struct leg_text text = {.method = SIP_METHOD_INVITE,
		.has_max_forwards = true,
		.max_forwards = leg->sent.max_forwards,
		.body = leg->sent.body,
		.has_contact = true,
		.is_signed = true};
	char branch[TXN_BRANCH_MAX];
	struct buf lines, bytes;
	int err;

	buf_init(&lines, SBC_TEXT_MAX);
	buf_init(&bytes, SIP_MESSAGE_MAX);
	err = put_invite_lines(leg, &lines);
	text.lines = buf_slice(&lines);
	err = err ? err : leg_build(leg, &leg->dialog, &text, branch, &bytes);
	leg->invite_cseq = leg->dialog.local_cseq;
	request.branch = slice_str(branch);
	request.bytes = buf_slice(&bytes);
	err = err ? err : leg_send(leg, &request, &leg->invite, now);
	buf_fini(&lines);
	buf_fini_secret(&bytes);
	return err;
}

/* It may be sent again, so that it lives in the leg's memory. */
static int keep_invite(struct leg *leg, const struct leg_invite *invite)
{
	leg->sent = *invite;
	leg->sent.body = arena_copy(leg->arena, invite->body);
	leg->sent.lines = arena_copy(leg->arena, invite->lines);
	return leg->sent.body.ptr && leg->sent.lines.ptr ? 0 : SBC_ENOMEM;
}

int leg_uac_start(struct leg *leg, const struct leg_invite *invite, usec_t now)
{
	char tag[SBC_TAG_LEN + 1], call_id[2 * SBC_TAG_LEN + 1];
	struct dialog_uac init = {.local_uri = invite->local_uri,
		.remote_uri = invite->remote_uri,
		.request_uri = invite->request_uri,
		.routes = invite->routes};
	int err;

	random_token(&leg->sbc->random, tag, SBC_TAG_LEN);
	random_token(&leg->sbc->random, call_id, 2 * SBC_TAG_LEN);
	init.local_tag = slice_str(tag);
	init.call_id = slice_str(call_id);
	leg->hop = invite->hop;
	leg->peer = invite->peer;
	err = dialog_init_uac(&leg->dialog, leg->arena, &init);
	err = err ? err : leg_enter_table(leg);
	err = err ? err : keep_invite(leg, invite);
	if (!err && invite->body.len)
		err = oa_offer(&leg->oa);
	err = err ? err : send_invite(leg, now);
	if (!err)
		leg_set_state(leg, LEG_PROCEEDING, "invite sent");
	return err;
}
