/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The answering side of a leg, RFC 3261 section 13.3: provisional and final responses, the
 * 2xx again until its ACK comes, CANCEL. Signalling thread.
 */

#include "base/err.h"
#include "sbc/leg.h"

static void lost(struct leg *leg, const char *because, usec_t now)
{
	resend_stop(&leg->success);
	leg->request = NULL;
	leg_set_state(leg, LEG_CONFIRMED, because); /* the peer may think so: say BYE */
	if (leg->is_bye_wanted)
		leg_send_bye(leg, leg->bye_lines, now);
	else
		leg_tell(leg, LEG_EVENT_LOST, 408, NULL, now);
}

static void on_invite_event(
	struct txn *txn, enum txn_event event, const struct sip_msg *msg, usec_t now, void *arg)
{
	struct leg *leg = arg;

	(void)txn;
	(void)msg;
	switch (event) {
	case TXN_EVENT_TRANSPORT:
		if (leg->state == LEG_ACCEPTED)
			lost(leg, "transport failed", now);
		break;
	case TXN_EVENT_GONE:
		leg->invite = NULL;
		break;
	case TXN_EVENT_PROVISIONAL:
	case TXN_EVENT_SUCCESS:
	case TXN_EVENT_FAILURE:
	case TXN_EVENT_TIMEOUT: /* no ACK to our refusal: it is over all the same */
		break;
	}
}

static int respond(struct leg *leg, const struct reply *reply, struct buf *bytes, usec_t now)
{
	struct request request = {
		.server = leg->invite, .msg = leg->request, .source = &leg->source, .now = now};

	return leg_respond(leg, &request, reply, bytes);
}

/* RFC 3261 section 13.3.1.1: proxies before us give up an INVITE that nothing is heard of for
 * three minutes (timer C), however long our callee may ring. */
#define RING_AGAIN (60 * USEC_PER_SEC)

static void on_ring_again(struct timer *timer, usec_t now, void *arg)
{
	struct leg *leg = arg;

	(void)timer;
	if (leg->state == LEG_EARLY)
		leg_uas_provisional(leg, leg->provisional_code, (struct slice){0}, now);
}

int leg_uas_start(struct leg *leg, const struct request *request)
{
	char tag[SBC_TAG_LEN + 1];
	int err;

	random_token(&leg->sbc->random, tag, SBC_TAG_LEN);
	err = dialog_init_uas(&leg->dialog, leg->arena, request->msg, slice_str(tag));
	err = err ? err : leg_enter_table(leg);
	if (err)
		return err;
	leg->request = request->msg;
	leg->is_uas = true;
	timer_init(&leg->timer, on_ring_again, leg);
	leg->source = *request->source;
	leg->source.tls = NULL; /* borrowed for the call only */
	leg->invite_cseq = request->msg->cseq;
	leg_learn_peer(leg, request->msg);
	leg->reliable.is_required = sip_msg_lists_token(request->msg, "Require", "100rel");
	leg->reliable.is_supported = leg->reliable.is_required ||
				     sip_msg_lists_token(request->msg, "Supported", "100rel");
	if (request->msg->body.len)
		oa_offered(&leg->oa);
	hop_from_source(&leg->hop, request->source);
	leg->invite = request->server;
	txn_set_handler(request->server, on_invite_event, leg);
	leg_set_state(leg, LEG_PROCEEDING, "invite");
	respond(leg, &(struct reply){.code = 100}, NULL, request->now);
	return 0;
}

/* 18x carry our Contact: they make the early dialog (section 12.1.1). */
static int contact_line(struct leg *leg, struct buf *lines)
{
	buf_put_str(lines, "Contact: <");
	leg_contact(leg->sbc, &leg->hop, lines);
	return buf_put_str(lines, ">\r\n");
}

/* Record-Route goes back as it came (section 12.1.1). */
int leg_uas_dialog_lines(struct leg *leg, struct buf *lines)
{
	struct slice value;

	for (size_t i = 0; (value = sip_msg_header(leg->request, "Record-Route", i)).len; i++)
		buf_printf(lines, "Record-Route: %.*s\r\n", SLICE_ARG(value));
	return contact_line(leg, lines);
}

/* Reliably where the caller insists, and where an answer goes with it: what a lost message
 * takes away must then not be a surprise later. */
static int send_provisional(struct leg *leg, uint16_t code, struct slice body, usec_t now)
{
	struct reply reply = {.code = code, .body = body};
	struct buf lines;
	int err;

	if (leg->reliable.is_required || (leg->reliable.is_supported && body.len))
		return leg_reliable_send(leg, code, body, now);
	buf_init(&lines, SBC_TEXT_MAX);
	err = leg_uas_dialog_lines(leg, &lines);
	reply.lines = buf_slice(&lines);
	err = err ? err : respond(leg, &reply, NULL, now);
	buf_fini(&lines);
	return err;
}

void leg_uas_provisional(struct leg *leg, uint16_t code, struct slice body, usec_t now)
{
	if (leg->is_inner || (leg->state != LEG_PROCEEDING && leg->state != LEG_EARLY))
		return;
	/* The first reliable response to an INVITE without an offer must have one (RFC 3261
	 * section 13.2.1), and there is none before the callee answered. */
	if (leg->reliable.is_required && !leg->request->body.len && !body.len)
		return;
	/* What was answered reliably is not said again. */
	if (leg->reliable.has_description)
		body = (struct slice){0};
	if (send_provisional(leg, code, body, now))
		return;
	leg_set_state(leg, LEG_EARLY, "provisional sent");
	leg->provisional_code = code;
	timer_start(leg->sbc->timers, &leg->timer, now + RING_AGAIN);
}

/* RFC 3262 section 3: no 2xx before an answer that went reliably was acknowledged. */
static bool must_wait(const struct leg *leg)
{
	return leg->reliable.has_description && resend_is_running(&leg->reliable.again);
}

static void on_no_ack(usec_t now, void *arg)
{
	leg_note_timer(arg, "64*T1", "no ACK came for our 200");
	lost(arg, "no ack", now);
}

static int put_success_lines(struct leg *leg, struct buf *lines)
{
	const struct session_wish wish = leg_session_wish(leg);
	struct session_fields fields;

	leg_uas_dialog_lines(leg, lines);
	buf_printf(lines, "%s" SBC_SUPPORTED, leg_allow(leg));
	session_fields_read(&fields, leg->request);
	session_timer_answer(&leg->session, &wish, &fields, lines);
	return lines->err;
}

static int send_success(struct leg *leg, struct slice body, struct buf *bytes, usec_t now)
{
	struct reply reply = {.code = 200, .body = body};
	struct buf lines;
	int err;

	buf_init(&lines, SBC_TEXT_MAX);
	err = put_success_lines(leg, &lines);
	reply.lines = buf_slice(&lines);
	err = err ? err : respond(leg, &reply, bytes, now);
	buf_fini(&lines);
	return err;
}

int leg_uas_accept(struct leg *leg, struct slice body, usec_t now)
{
	struct buf bytes;
	int err;

	if (leg->state != LEG_PROCEEDING && leg->state != LEG_EARLY)
		return SBC_ESTATE;
	if (leg->is_inner) {
		leg_set_state(leg, LEG_ACCEPTED, "2xx");
		return 0;
	}
	if (must_wait(leg))
		return leg_reliable_send(leg, 200, body, now);
	if (leg->reliable.has_description)
		body = (struct slice){0}; /* answered already (RFC 6337 section 3.1.1) */
	leg_reliable_stop(leg);
	timer_stop(leg->sbc->timers, &leg->timer);
	buf_init(&bytes, SIP_MESSAGE_MAX);
	err = send_success(leg, body, &bytes, now);
	if (!err && leg->oa.state == OA_OFFER_RECEIVED)
		oa_answered(&leg->oa);
	else if (!err && body.len)
		oa_offer(&leg->oa);
	if (!err) {
		leg_set_state(leg, LEG_ACCEPTED, "2xx sent");
		leg->success.lost = on_no_ack;
		leg->success.arg = leg;
		/* Section 13.3.1.4: at T1, doubling to T2, until its ACK or 64 T1. */
		leg->success.interval_max = leg->sbc->timing.t2;
		hop_from_source(&leg->success.hop, &leg->source);
		err = resend_start(&leg->success, leg->sbc, buf_slice(&bytes), now);
		leg_session_start(leg, now);
	}
	buf_fini_secret(&bytes);
	return err;
}

void leg_uas_refuse(struct leg *leg, const struct reply *reply, usec_t now)
{
	if (leg->state != LEG_PROCEEDING && leg->state != LEG_EARLY)
		return;
	leg_in_refuse(leg, &(struct reply){.code = 487}, now);
	respond(leg, reply, NULL, now);
	leg_terminate(leg, now);
}

void leg_uas_cancel(struct leg *leg, const struct request *cancel)
{
	struct reply terminated_reply = {.code = 487};

	sbc_reply(leg->sbc, cancel,
		&(struct reply){.code = 200, .to_tag = leg->dialog.local_tag});
	/* After a final response CANCEL has no effect (section 9.2, SIP-9). */
	if (leg->state != LEG_PROCEEDING && leg->state != LEG_EARLY)
		return;
	leg_tell(leg, LEG_EVENT_CANCELLED, 0, cancel->msg, cancel->now);
	leg_uas_refuse(leg, &terminated_reply, cancel->now);
}

void leg_uas_ack(struct leg *leg, const struct sip_msg *msg, usec_t now)
{
	if (leg->state != LEG_ACCEPTED)
		return; /* a late copy */
	resend_stop(&leg->success);
	leg->request = NULL; /* answered, and nobody asks again */
	leg_set_state(leg, LEG_CONFIRMED, "ack");
	if (leg->oa.state == OA_OFFER_SENT && leg->out.kind == LEG_OUT_NONE)
		oa_answered(&leg->oa);
	if (leg->is_bye_wanted)
		leg_send_bye(leg, leg->bye_lines, now);
	else
		leg_tell(leg, LEG_EVENT_CONFIRMED, 0, msg, now);
}

void leg_uas_bye_when_acked(struct leg *leg, struct slice lines, usec_t now)
{
	(void)now;
	leg->is_bye_wanted = true; /* a callee says no BYE before the ACK (section 15) */
	leg->bye_lines = arena_copy(leg->arena, lines);
}
