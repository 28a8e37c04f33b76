/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A re-INVITE or UPDATE that comes on one leg (RFC 3261 section 14.2, RFC 3311): one at a
 * time, everything of it in memory of its own. One without a description is answered here;
 * what an offer means for the call is the owner's matter. Signalling thread.
 *
 *  NONE -offer-> PENDING -2xx sent-> ACCEPTED -ACK-> NONE      (UPDATE, PRACK: no ACK)
 *                        `-refused, cancelled-> NONE
 */

#include <stdio.h>

#include "base/err.h"
#include "sbc/leg.h"

#define IN_ARENA_MAX    (256 * 1024) /* bytes: one large request as osip keeps it */
#define RETRY_AFTER_MAX 10           /* seconds; RFC 3261 section 14.2 */

void leg_in_forget(struct leg *leg)
{
	struct leg_in *in = &leg->in;

	if (in->state == LEG_IN_NONE)
		return;
	resend_stop(&in->again);
	if (in->txn)
		txn_detach(in->txn);
	arena_fini(&in->arena);
	leg->in = (struct leg_in){0};
}

static void on_event(
	struct txn *txn, enum txn_event event, const struct sip_msg *msg, usec_t now, void *arg)
{
	struct leg *leg = arg;

	(void)txn;
	(void)msg;
	(void)now;
	if (event == TXN_EVENT_GONE)
		leg->in.txn = NULL;
}

/* What the response's reader wants to know about us each time. */
static int put_lines(struct leg *leg, struct buf *lines)
{
	const struct session_wish wish = leg_session_wish(leg);
	struct session_fields fields;

	buf_put_str(lines, "Contact: <");
	leg_contact(leg->sbc, &leg->hop, lines);
	buf_printf(lines, ">\r\n%s" SBC_SUPPORTED, leg_allow(leg));
	session_fields_read(&fields, leg->in.request);
	if (leg->in.method != SIP_METHOD_PRACK)
		session_timer_answer(&leg->session, &wish, &fields, lines);
	return lines->err;
}

/* Section 12.2.2: where the other end is now. A new way to it counts too: behind a NAT the
 * address that it sends from is the only one that works. */
static void refresh_target(struct leg *leg)
{
	const struct sip_msg *msg = leg->in.request;

	if (leg->in.method == SIP_METHOD_PRACK)
		return;
	if (msg->contact_count == 1 && !msg->is_contact_star)
		dialog_change(
			&leg->dialog.remote_target, &leg->target_text, msg->contact.uri.raw);
	if (!leg->hop.tls_name[0])
		hop_from_source(&leg->hop, &leg->in.source);
}

static void on_lost(usec_t now, void *arg)
{
	struct leg *leg = arg;

	leg_note_timer(leg, "64*T1", "no ACK came for our 200 to its re-INVITE");
	leg_in_forget(leg);
	leg_tell(leg, LEG_EVENT_LOST, 408, NULL, now);
}

static int wait_for_ack(struct leg *leg, struct slice bytes, usec_t now)
{
	struct leg_in *in = &leg->in;

	in->state = LEG_IN_ACCEPTED;
	in->again.lost = on_lost;
	in->again.arg = leg;
	in->again.interval_max = leg->sbc->timing.t2;
	hop_from_source(&in->again.hop, &in->source);
	return resend_start(&in->again, leg->sbc, bytes, now);
}

int leg_in_accept(struct leg *leg, struct slice body, usec_t now)
{
	struct leg_in *in = &leg->in;
	struct request request = {
		.server = in->txn, .msg = in->request, .source = &in->source, .now = now};
	struct reply reply = {.code = 200, .body = body};
	struct buf lines, bytes;
	int err;

	if (in->state != LEG_IN_PENDING)
		return SBC_ESTATE;
	buf_init(&lines, SBC_TEXT_MAX);
	buf_init(&bytes, SIP_MESSAGE_MAX);
	refresh_target(leg);
	err = put_lines(leg, &lines);
	reply.lines = buf_slice(&lines);
	err = err ? err : leg_respond(leg, &request, &reply, &bytes);
	if (!err && leg->oa.state == OA_OFFER_RECEIVED)
		oa_answered(&leg->oa);
	else if (!err && in->is_offer_ours)
		err = oa_offer(&leg->oa);
	if (!err && in->method == SIP_METHOD_INVITE)
		err = wait_for_ack(leg, buf_slice(&bytes), now);
	if (!err && leg->state == LEG_CONFIRMED && in->method != SIP_METHOD_PRACK)
		leg_session_start(leg, now);
	if (err || in->method != SIP_METHOD_INVITE)
		leg_in_forget(leg);
	buf_fini(&lines);
	buf_fini_secret(&bytes);
	return err;
}

void leg_in_refuse(struct leg *leg, const struct reply *reply, usec_t now)
{
	struct request request = {.server = leg->in.txn,
		.msg = leg->in.request,
		.source = &leg->in.source,
		.now = now};

	if (leg->in.state != LEG_IN_PENDING)
		return;
	leg_respond(leg, &request, reply, NULL);
	if (leg->oa.state == OA_OFFER_RECEIVED)
		oa_refused(&leg->oa);
	leg_in_forget(leg);
}

void leg_in_cancel(struct leg *leg, const struct request *cancel)
{
	struct reply ok = {.code = 200, .to_tag = leg->dialog.local_tag};

	sbc_reply(leg->sbc, cancel, &ok);
	if (leg->in.state != LEG_IN_PENDING)
		return;
	leg_in_refuse(leg, &(struct reply){.code = 487}, cancel->now);
	leg_tell(leg, LEG_EVENT_OFFER_GONE, 0, NULL, cancel->now);
}

void leg_in_ack(struct leg *leg, const struct sip_msg *msg, usec_t now)
{
	struct leg_in *in = &leg->in;
	bool is_answer = in->is_offer_ours;

	if (in->state != LEG_IN_ACCEPTED || msg->cseq != in->cseq)
		return; /* a late copy */
	leg_in_forget(leg);
	if (!is_answer)
		return;
	oa_answered(&leg->oa);
	leg_tell(leg, LEG_EVENT_OFFER_ACKED, 0, msg, now);
}

/* ---- taking one ---- */

/* 0, or the code that refuses it now (RFC 3261 section 14.2, RFC 3311 section 5.2). */
static uint16_t find_conflict(struct leg *leg, const struct sip_msg *msg)
{
	bool has_offer = msg->body.len || msg->method == SIP_METHOD_INVITE;

	if (msg->method == SIP_METHOD_INVITE && leg->state != LEG_CONFIRMED)
		return leg->is_uas ? 500 : 491; /* the first one is not over yet (SIP-14) */
	if (leg->in.state == LEG_IN_PENDING)
		return 500;
	if (leg->in.state == LEG_IN_ACCEPTED)
		return leg->in.is_offer_ours ? 491 : 500;
	if (has_offer && leg->out.kind != LEG_OUT_NONE && leg->out.txn &&
		(leg->out.body.len || leg->out.method == SIP_METHOD_INVITE))
		return 491;
	if (!msg->body.len)
		return has_offer && leg->oa.state != OA_STABLE ? 491 : 0;
	return oa_offered(&leg->oa);
}

static void refuse(struct leg *leg, const struct request *request, uint16_t code)
{
	struct reply reply = {.code = code, .to_tag = leg->dialog.local_tag};
	char line[40];

	snprintf(line, sizeof(line), "Retry-After: %u\r\n",
		(unsigned)leg_random(leg, RETRY_AFTER_MAX + 1));
	if (code == 500)
		reply.lines = slice_str(line);
	sbc_reply(leg->sbc, request, &reply);
}

static int keep(struct leg *leg, const struct request *request)
{
	struct leg_in *in = &leg->in;
	struct sip_msg *msg;
	struct slice bytes;
	int err;

	*in = (struct leg_in){.state = LEG_IN_PENDING,
		.txn = request->server,
		.source = *request->source,
		.method = request->msg->method,
		.cseq = request->msg->cseq};
	arena_init(&in->arena, IN_ARENA_MAX);
	bytes = arena_copy(&in->arena, request->msg->scan.bytes);
	err = bytes.ptr ? sip_msg_parse_again(&msg, &in->arena, bytes) : SBC_ENOMEM;
	if (err) {
		arena_fini(&in->arena);
		*in = (struct leg_in){0};
		return err;
	}
	in->request = msg;
	in->source.tls = NULL; /* borrowed for the call only */
	in->is_offer_ours = in->method == SIP_METHOD_INVITE && !msg->body.len;
	txn_set_handler(request->server, on_event, leg);
	return 0;
}

static bool is_foreign(const struct sip_msg *msg)
{
	return msg->body.len &&
	       !slice_equal_nocase(msg->content_type, SLICE("application/sdp"));
}

void leg_in_take(struct leg *leg, const struct request *request)
{
	struct reply foreign = {.code = 415, .lines = SLICE(SBC_ACCEPT)};
	struct request trying = *request;
	uint16_t code;

	if (leg->state != LEG_CONFIRMED && leg->state != LEG_EARLY &&
		leg->state != LEG_ACCEPTED && leg->state != LEG_PROCEEDING) {
		sbc_refuse(leg->sbc, request, 481);
		return;
	}
	if (is_foreign(request->msg)) {
		sbc_reply(leg->sbc, request, &foreign);
		return;
	}
	if (leg_session_refuse(leg->sbc, request))
		return;
	code = find_conflict(leg, request->msg);
	if (code) {
		refuse(leg, request, code);
		return;
	}
	if (keep(leg, request)) {
		if (leg->oa.state == OA_OFFER_RECEIVED)
			oa_refused(&leg->oa);
		refuse(leg, request, 500);
		return;
	}
	leg_learn_peer(leg, leg->in.request);
	if (leg->in.method == SIP_METHOD_INVITE)
		leg_respond(leg, &trying, &(struct reply){.code = 100}, NULL);
	if (!leg->in.request->body.len && !leg->in.is_offer_ours)
		leg_in_accept(leg, (struct slice){0}, request->now); /* a mere refresh */
	else
		leg_tell(leg, LEG_EVENT_OFFER, 0, leg->in.request, request->now);
}
