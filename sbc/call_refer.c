/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A transfer that we carry out (RFC 3515, RFC 5589): who asks is told in NOTIFYs what becomes
 * of it. Blind: the one that Refer-To names is called as if the asker called it, by the same
 * routes, with the same proof and signature; when it answers the other end goes over to that
 * call (call_join.c) and the asker hears BYE. Attended, Refer-To having a Replaces: the other
 * end goes over to the asker's other call. When it fails, the call is as it was. Signalling
 * thread.
 */

#include "sbc/call_refer.h"

#include "base/err.h"
#include "base/mem.h"

#define TRY_INTERVAL (100 * USEC_PER_MS) /* something is under way at one of the legs */
#define TRY_MAX      50                  /* five seconds: a re-INVITE and its answer */
#define TRANSFERRED  "SIP;cause=200;text=\"transferred\""

void refer_free(struct call_refer *refer)
{
	if (refer->check)
		policy_link_cancel(refer->check);
	mem_free(refer->check);
	if (refer->server)
		txn_detach(refer->server);
	timer_stop(refer->call->sbc->timers, &refer->timer);
	refer->call->refer = NULL;
	arena_fini(&refer->arena);
	mem_free(refer);
}

void call_refer_fini(struct call *call)
{
	if (call->refer)
		refer_free(call->refer);
}

/* ---- what the asker hears ---- */

static int put_notify_lines(
	const struct call_refer *refer, uint16_t code, struct buf *lines, struct buf *body)
{
	buf_printf(lines, "Event: refer;id=%u\r\nSubscription-State: ", refer->msg->cseq);
	if (code >= 200)
		buf_put_str(lines, "terminated;reason=noresource\r\n");
	else if (refer->is_unwanted)
		buf_put_str(lines, "terminated;reason=timeout\r\n");
	else
		buf_printf(lines, "active;expires=%u\r\n",
			refer->call->config->limits.ring_timeout_s);
	buf_printf(body, "SIP/2.0 %u %s\r\n", code, sip_reason_phrase(code));
	return lines->err ? lines->err : body->err;
}

/* RFC 3515 section 2.4.5: a status line alone, since headers of the target are not for it. */
void refer_notify(struct call_refer *refer, uint16_t code, usec_t now)
{
	struct leg *leg = call_leg(refer->call, refer->from);
	struct txn_client_request request = {
		.method = SIP_METHOD_NOTIFY, .method_name = SLICE("NOTIFY")};
	struct leg_text text = {.method = SIP_METHOD_NOTIFY,
		.content_type = SLICE("message/sipfrag;version=2.0"),
		.has_contact = true};
	char branch[TXN_BRANCH_MAX];
	struct buf lines, body, bytes;
	int err;

	if (!refer->is_accepted || refer->is_silent || leg->state != LEG_CONFIRMED)
		return;
	refer->code = code;
	buf_init(&lines, SBC_TEXT_MAX);
	buf_init(&body, SBC_TEXT_MAX);
	buf_init(&bytes, SIP_MESSAGE_MAX);
	err = put_notify_lines(refer, code, &lines, &body);
	text.lines = buf_slice(&lines);
	text.body = buf_slice(&body);
	err = err ? err : leg_build(leg, &leg->dialog, &text, branch, &bytes);
	request.branch = slice_str(branch);
	request.bytes = buf_slice(&bytes);
	if (!err)
		leg_send(leg, &request, NULL, now);
	buf_fini(&lines);
	buf_fini(&body);
	buf_fini(&bytes);
}

void refer_answer(struct call_refer *refer, struct reply *reply, usec_t now)
{
	struct leg *leg = call_leg(refer->call, refer->from);
	struct request request = {.server = refer->server,
		.msg = refer->msg,
		.source = &refer->source,
		.now = now};

	if (refer->server) {
		leg_respond(leg, &request, reply, NULL);
		txn_detach(refer->server);
	}
	refer->server = NULL;
}

/* It came to nothing. Without the asker there is nothing to go back to. */
void refer_fail(struct call_refer *refer, uint16_t code, usec_t now)
{
	struct call *call = refer->call;
	bool is_gone = refer->is_gone;

	log_event(call->sbc->log, LOG_INFO, "sbc", "call.refer_failed", "call=%s code=%u",
		call->name, code);
	refer_notify(refer, code, now);
	refer_free(refer);
	if (is_gone)
		call_end(call, CALL_ENDER_US, code, "SIP;cause=480;text=\"transfer failed\"",
			now);
}

/* ---- bringing the two together ---- */

static void finish(struct call_refer *refer, const struct call_joint *joint, usec_t now)
{
	struct call *call = refer->call, *into = joint->into;

	log_event(call->sbc->log, LOG_INFO, "sbc", "call.transferred", "call=%s into=%s",
		call->name, into->name);
	into->referrer = 0;
	refer_notify(refer, 200, now);
	refer_free(refer);
	call_end(call, CALL_ENDER_US, 200, TRANSFERRED, now);
	if (call_change_join(into, joint->at, joint->is_news, now))
		call_end(into, CALL_ENDER_US, 500, "SIP;cause=500;text=\"transfer failed\"",
			now);
}

/* Nothing of either call is whole any more. */
static void end_both(struct call_refer *refer, struct call *into, usec_t now)
{
	struct call *call = refer->call;

	into->referrer = 0;
	refer_notify(refer, 500, now);
	refer_free(refer);
	call_end(call, CALL_ENDER_US, 500, "SIP;cause=500;text=\"transfer failed\"", now);
	call_end(into, CALL_ENDER_US, 500, "SIP;cause=500;text=\"transfer failed\"", now);
}

void refer_on_try(struct timer *timer, usec_t now, void *arg)
{
	struct call_refer *refer = arg;
	struct call *into = call_find(refer->call->sbc, refer->target);
	struct call_joint joint = {
		.from = refer->call, .side = 1 - refer->from, .into = into, .at = refer->at};
	int err;

	if (!into || into->state != CALL_ANSWERED) {
		refer_fail(refer, 480, now);
		return;
	}
	err = leg_is_quiet(call_leg(into, 1 - refer->at)) ? call_join(&joint, now) : SBC_EAGAIN;
	if (!err)
		finish(refer, &joint, now);
	else if (err == SBC_EAGAIN && ++refer->tries < TRY_MAX)
		timer_start(into->sbc->timers, timer, now + TRY_INTERVAL);
	else if (err == SBC_EIO)
		end_both(refer, into, now);
	else if (refer->is_attended)
		refer_fail(refer, err == SBC_EPROTO ? 488 : 500, now);
	else /* which fails this too */
		call_end(into, CALL_ENDER_US, err == SBC_EPROTO ? 488 : 500,
			"SIP;cause=488;text=\"transfer failed\"", now);
}

static struct call_refer *refer_of(const struct call *target)
{
	struct call *call = call_find(target->sbc, target->referrer);

	return call ? call->refer : NULL;
}

void call_refer_ringing(struct call *target, uint16_t code, usec_t now)
{
	struct call_refer *refer = refer_of(target);

	if (refer)
		refer_notify(refer, code, now);
}

void call_refer_answered(struct call *target, usec_t now)
{
	struct call_refer *refer = refer_of(target);

	if (refer) /* not from within the callee's 2xx */
		timer_start(target->sbc->timers, &refer->timer, now);
}

void call_refer_failed(struct call *target, uint16_t code, usec_t now)
{
	struct call_refer *refer = refer_of(target);

	target->referrer = 0;
	if (refer)
		refer_fail(refer, code < 300 ? 480 : code, now);
}

bool call_refer_keeps(struct call *call, int side)
{
	struct call_refer *refer = call->refer;

	if (!refer || !refer->is_accepted || side != refer->from)
		return false;
	refer->is_gone = true;
	return true;
}

void call_refer_end(struct call *call, usec_t now)
{
	struct call_refer *refer = call->refer;
	struct call *target;

	if (!refer)
		return;
	target = refer->is_attended ? NULL : call_find(call->sbc, refer->target);
	refer_notify(refer, 487, now);
	refer_free(refer);
	if (!target)
		return;
	target->referrer = 0;
	call_end(target, CALL_ENDER_US, 487, "SIP;cause=487;text=\"transfer given up\"", now);
}

/* ---- blind ---- */

/* The INVITE that the asker would have sent. Of its REFER only what a caller says of itself
 * goes along; the table of headers judges it as it does in an INVITE. */
static int write_invite(const struct call_refer *refer, struct buf *out)
{
	static const char *const kept[] = {"Referred-By", "Privacy"};
	const struct sip_msg *msg = refer->msg;
	struct slice value;

	buf_printf(out,
		"INVITE %.*s SIP/2.0\r\nVia: SIP/2.0/UDP inner.invalid;branch=z9hG4bKrefer\r\n"
		"Max-Forwards: %d\r\nFrom: <%.*s>;tag=refer\r\nTo: <%.*s>\r\nCall-ID: %.*s\r\n"
		"CSeq: 1 INVITE\r\nContact: <sip:inner.invalid>\r\n",
		SLICE_ARG(refer->to.uri.raw), msg->max_forwards < 0 ? 70 : msg->max_forwards,
		SLICE_ARG(msg->from.uri.raw), SLICE_ARG(refer->to.uri.raw),
		SLICE_ARG(msg->call_id));
	for (size_t n = 0; n < sizeof(kept) / sizeof(kept[0]); n++) {
		for (size_t i = 0; (value = sip_msg_header(msg, kept[n], i)).len; i++)
			buf_printf(out, "%s: %.*s\r\n", kept[n], SLICE_ARG(value));
	}
	return buf_put_str(out, "Content-Length: 0\r\n\r\n");
}

static int keep_invite(struct call *target, const struct call_refer *refer)
{
	struct sip_msg *msg;
	struct slice bytes;
	struct buf text;
	int err;

	buf_init(&text, SBC_TEXT_MAX);
	err = write_invite(refer, &text);
	bytes = err ? (struct slice){0} : arena_copy(&target->invite_arena, buf_slice(&text));
	buf_fini(&text);
	if (!bytes.ptr)
		return SBC_ENOMEM;
	err = sip_msg_parse_again(&msg, &target->invite_arena, bytes);
	if (err)
		return err;
	target->invite = msg;
	target->from = arena_copy(&target->arena, msg->from.uri.raw);
	target->to = arena_copy(&target->arena, msg->to.uri.raw);
	return target->from.ptr && target->to.ptr ? 0 : SBC_ENOMEM;
}

/* The other end's own words are the offer, of the sections that it still has. */
static int copy_offer(struct call *target, const struct call_refer *refer)
{
	int side = 1 - refer->from;
	struct call *call = refer->call;
	struct call_description *offer = &target->remote[MEDIA_SIDE_A];
	const struct call_said said = {.side = MEDIA_SIDE_A, .body = call->remote[side].said};
	const char *why;
	int err;

	target->media.legs[MEDIA_SIDE_A] = call->media.legs[side];
	err = call_description_read(target, &said, offer, &why);
	if (err)
		return err;
	for (size_t i = 0; i < offer->sdp->media_count; i++) {
		if (!media_link_stream(&call->media, i))
			offer->taken[i].keying = SDP_REFUSED;
	}
	call_join_wake(offer);
	return 0;
}

/* A call of the asker's, in whose place the other end will be. */
static struct call *make_target(struct call_refer *refer)
{
	struct call *call = refer->call, *target = call_new(call->sbc);

	if (!target)
		return NULL;
	config_unref(target->config); /* whose rules the other end's media has */
	target->config = config_ref(call->config);
	if (keep_invite(target, refer) || copy_offer(target, refer) ||
		call_party_copy(&target->party[MEDIA_SIDE_A], &call->party[refer->from])) {
		call_free(target);
		return NULL;
	}
	target->proof = refer->proof;
	target->referrer = target->beside = call->number;
	leg_begin_inner(target->a, true);
	return target;
}

void refer_begin_blind(struct call_refer *refer, usec_t now)
{
	struct call *call = refer->call, *target = NULL;
	struct sbc *sbc = call->sbc;

	if (!sbc->drained && sbc->counters.calls_now < call->config->limits.calls)
		target = make_target(refer);
	if (!target) {
		refer_fail(refer, 503, now);
		return;
	}
	refer->target = target->number;
	refer->at = MEDIA_SIDE_A;
	log_event(sbc->log, LOG_INFO, "sbc", "call.refer", "call=%s target=%s to=\"%.*s\"",
		call->name, target->name, SLICE_ARG(refer->to.uri.raw));
	call_go_on(target, now); /* may end it, and so refer */
}
