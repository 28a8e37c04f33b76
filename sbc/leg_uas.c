/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The answering side of a leg, RFC 3261 section 13.3: provisional and final responses, the
 * 2xx again until its ACK comes, CANCEL. Signalling thread.
 */

#include "base/err.h"
#include "sbc/leg.h"

static void lost(struct leg *leg, const char *because, usec_t now)
{
	timer_stop(leg->sbc->timers, &leg->timer);
	leg_set_state(leg, LEG_CONFIRMED, because); /* the peer may think so: say BYE */
	if (leg->is_bye_wanted)
		leg_send_bye(leg, leg->bye_lines, now);
	else
		leg->handler(leg, LEG_EVENT_LOST, 0, NULL, now, leg->arg);
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

/* Builds with the leg's own tag and sends. keep: the bytes stay in the arena. */
static int respond(struct leg *leg, const struct reply *reply, struct slice *keep, usec_t now)
{
	struct sip_response_spec spec = {.code = reply->code,
		.reason = reply->reason,
		.lines = reply->lines,
		.content_type = reply->content_type,
		.body = reply->body};
	struct buf bytes;
	int err;

	if (!leg->invite)
		return SBC_ESTATE;
	if (reply->code > 100) {
		spec.to_tag = leg->dialog.local_tag;
		buf_put_slice(&leg->cross, reply->lines);
		spec.lines = buf_slice(&leg->cross);
	}
	buf_init(&bytes, SIP_MESSAGE_MAX);
	err = sip_build_response(&bytes, leg->request, &leg->source.peer, &spec);
	if (reply->code > 100)
		buf_reset(&leg->cross);
	if (!err && keep) {
		*keep = arena_copy(leg->arena, buf_slice(&bytes));
		err = keep->ptr ? 0 : SBC_ENOMEM;
	}
	err = err ? err : txn_respond(leg->invite, reply->code, bytes.data, bytes.len, now);
	buf_fini(&bytes);
	return err;
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
	leg->source = *request->source;
	leg->source.tls = NULL; /* borrowed for the call only */
	leg->invite_cseq = request->msg->cseq;
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
static int dialog_lines(struct leg *leg, struct buf *lines)
{
	struct slice value;

	for (size_t i = 0; (value = sip_msg_header(leg->request, "Record-Route", i)).len; i++)
		buf_printf(lines, "Record-Route: %.*s\r\n", SLICE_ARG(value));
	return contact_line(leg, lines);
}

void leg_uas_provisional(struct leg *leg, uint16_t code, usec_t now)
{
	struct reply reply = {.code = code};
	struct buf lines;

	if (leg->state != LEG_PROCEEDING && leg->state != LEG_EARLY)
		return;
	buf_init(&lines, SBC_TEXT_MAX);
	if (!dialog_lines(leg, &lines)) {
		reply.lines = buf_slice(&lines);
		respond(leg, &reply, NULL, now);
		leg_set_state(leg, LEG_EARLY, "provisional sent");
	}
	buf_fini(&lines);
}

/* The next repetition, or the deadline if that is sooner. */
static int start_success_timer(struct leg *leg, usec_t now)
{
	usec_t at = now + leg->success_interval;

	return timer_start(leg->sbc->timers, &leg->timer,
		at < leg->success_deadline ? at : leg->success_deadline);
}

/* Section 13.3.1.4: the 2xx again at T1, doubling to T2, until its ACK or 64 T1. */
static void on_success_timer(struct timer *timer, usec_t now, void *arg)
{
	struct leg *leg = arg;
	const struct txn_timing *timing = &leg->sbc->timing;

	(void)timer;
	if (now >= leg->success_deadline) {
		lost(leg, "no ack", now);
		return;
	}
	if (leg->invite)
		txn_respond(leg->invite, 200, leg->success.ptr, leg->success.len, now);
	else
		leg->sbc->outside.send(&leg->hop, 0, leg->success.ptr, leg->success.len,
			leg->sbc->outside.arg);
	leg->success_interval *= 2;
	if (leg->success_interval > timing->t2)
		leg->success_interval = timing->t2;
	start_success_timer(leg, now);
}

int leg_uas_accept(struct leg *leg, struct slice body, usec_t now)
{
	struct reply reply = {
		.code = 200, .content_type = SLICE("application/sdp"), .body = body};
	struct buf lines;
	int err;

	if (leg->state != LEG_PROCEEDING && leg->state != LEG_EARLY)
		return SBC_ESTATE;
	buf_init(&lines, SBC_TEXT_MAX);
	err = dialog_lines(leg, &lines);
	buf_put_str(&lines, SBC_ALLOW);
	err = lines.err;
	reply.lines = buf_slice(&lines);
	err = err ? err : respond(leg, &reply, &leg->success, now);
	buf_fini(&lines);
	if (err)
		return err;
	leg_set_state(leg, LEG_ACCEPTED, "2xx sent");
	leg->success_interval = leg->sbc->timing.t1;
	leg->success_deadline = now + 64 * leg->sbc->timing.t1;
	timer_init(&leg->timer, on_success_timer, leg);
	return start_success_timer(leg, now);
}

void leg_uas_refuse(struct leg *leg, const struct reply *reply, usec_t now)
{
	if (leg->state != LEG_PROCEEDING && leg->state != LEG_EARLY)
		return;
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
	leg->handler(leg, LEG_EVENT_CANCELLED, 0, cancel->msg, cancel->now, leg->arg);
	leg_uas_refuse(leg, &terminated_reply, cancel->now);
}

void leg_uas_ack(struct leg *leg, usec_t now)
{
	if (leg->state != LEG_ACCEPTED)
		return; /* a late copy */
	timer_stop(leg->sbc->timers, &leg->timer);
	leg_set_state(leg, LEG_CONFIRMED, "ack");
	if (leg->is_bye_wanted)
		leg_send_bye(leg, leg->bye_lines, now);
	else
		leg->handler(leg, LEG_EVENT_CONFIRMED, 0, NULL, now, leg->arg);
}

void leg_uas_bye_when_acked(struct leg *leg, struct slice lines, usec_t now)
{
	(void)now;
	leg->is_bye_wanted = true; /* a callee says no BYE before the ACK (section 15) */
	leg->bye_lines = arena_copy(leg->arena, lines);
}
