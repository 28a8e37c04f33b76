/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From the callee's first ring to the caller's ACK: what of it the caller hears, and the
 * description that answers whose offer (RFC 3261 section 13, RFC 3960, RFC 6337). A fork on
 * the far side is one dialog to the caller: the first 2xx wins, and an answer once given to
 * the caller stays (SIP-34, SIP-35). Signalling thread.
 */

#include "base/err.h"
#include "sbc/call.h"
#include "sbc/peer_link.h"

static int answer_caller(struct call *call, bool is_final, uint16_t code, usec_t now)
{
	const struct call_description *offered = &call->remote[MEDIA_SIDE_A];
	struct buf body;
	int err = 0;

	buf_init(&body, OA_TEXT_MAX);
	if (call->is_early_told)
		err = buf_put_slice(&body, buf_slice(&call->a->oa.told));
	else
		err = call_media_print(
			call, MEDIA_SIDE_A, &call->remote[MEDIA_SIDE_B], offered, &body);
	if (call->a->is_inner)
		buf_reset(&body);
	if (!err && is_final)
		err = leg_uas_accept(call->a, buf_slice(&body), now);
	else if (!err)
		leg_uas_provisional(call->a, code, buf_slice(&body), now);
	buf_fini_secret(&body);
	return err;
}

/* The callee's answer, compared with what it answers. */
static int read_answer(
	struct call *call, struct slice body, struct call_description *out, const char **why)
{
	const struct call_description *offer = &call->remote[MEDIA_SIDE_A];
	const struct call_said said = {.side = MEDIA_SIDE_B, .body = body, .is_answer = true};
	int err = call_description_read(call, &said, out, why);

	if (err)
		return err;
	if (out->sdp->media_count == offer->sdp->media_count)
		return 0;
	*why = "the answer has not the offer's sections";
	call_description_fini(out);
	return SBC_EPROTO;
}

static int start_media(struct call *call, struct call_description *answer)
{
	int err;

	call_description_move(&call->remote[MEDIA_SIDE_B], answer);
	/* Another branch of a fork: what was proved was not its key. */
	if (call_media_changes_key(call, MEDIA_SIDE_B, &call->remote[MEDIA_SIDE_B]))
		call_connect_forget(call);
	err = call_media_set(call, MEDIA_SIDE_B, &call->remote[MEDIA_SIDE_B], true);
	if (call->a->is_inner) /* whose media is still elsewhere */
		return err ? err : call_media_set_gates(call);
	err = err ? err
		  : call_media_set(call, MEDIA_SIDE_A, &call->remote[MEDIA_SIDE_A], false);
	return err ? err : call_media_set_gates(call);
}

/* ---- ringing ---- */

static enum config_early_media early_policy(const struct call *call)
{
	const struct config_peer *peer = call->party[MEDIA_SIDE_B].peer;

	return peer && !call->a->is_inner ? peer->early_media : EARLY_MEDIA_BLOCK;
}

/* True when the caller got the callee's early answer with it. */
static bool pass_early(struct call *call, uint16_t code, const struct sip_msg *msg, usec_t now)
{
	struct call_description answer;
	const char *why;

	if (early_policy(call) != EARLY_MEDIA_PASS || !call->remote[MEDIA_SIDE_A].sdp)
		return false;
	if (call->is_early_told) /* another one's, or again: the caller's answer stays */
		return !answer_caller(call, false, code, now);
	if (!msg->body.len || read_answer(call, msg->body, &answer, &why) ||
		start_media(call, &answer) || answer_caller(call, false, code, now))
		return false;
	call->is_early_told = true;
	log_event(call->sbc->log, LOG_INFO, "sbc", "call.early", "call=%s", call->name);
	return true;
}

/* What came reliably answers for good, even if nobody hears it yet. */
static void keep_reliable(struct call *call, const struct sip_msg *msg)
{
	struct call_description answer;
	const char *why;

	if (!msg->body.len || call->remote[MEDIA_SIDE_B].sdp ||
		!call->remote[MEDIA_SIDE_A].sdp ||
		!sip_msg_lists_token(msg, "Require", "100rel") ||
		read_answer(call, msg->body, &answer, &why))
		return;
	call_description_move(&call->remote[MEDIA_SIDE_B], &answer);
}

void call_ringing(struct call *call, uint16_t code, const struct sip_msg *msg, usec_t now)
{
	enum config_early_media policy = early_policy(call);

	timer_stop(call->sbc->timers, &call->target_timer);
	if (call->referrer)
		call_refer_ringing(call, code, now);
	call_cross(call, MEDIA_SIDE_B, msg, HEADER_KIND_RESPONSE);
	if (code != 183 || policy == EARLY_MEDIA_RING)
		code = 180;
	if (pass_early(call, code, msg, now))
		return;
	keep_reliable(call, msg);
	leg_uas_provisional(call->a, code, (struct slice){0}, now);
}

/* ---- the answer ---- */

void call_mark_answered(struct call *call, usec_t now)
{
	struct sbc *sbc = call->sbc;

	call->state = CALL_ANSWERED;
	call->code = 200;
	if (!call->a->is_inner)
		sbc_praise(sbc, &call->a->source, now);
	call->answer_s = sbc->outside.wall_s(sbc->outside.arg);
	sbc->counters.calls_answered++;
	log_event(sbc->log, LOG_INFO, "sbc", "call.answer", "call=%s", call->name);
}

static void end_unusable(struct call *call, const char *why, usec_t now)
{
	log_event(call->sbc->log, LOG_WARN, "sbc", "call.answer_unusable", "call=%s why=\"%s\"",
		call->name, why);
	call_end(call, CALL_ENDER_US, 488, "SIP;cause=488;text=\"answer not usable\"", now);
}

/* The callee offers: its offer goes on, and its ACK waits for the caller's (SIP-5). */
static int pass_offer(
	struct call *call, const struct sip_msg *msg, const char **why, usec_t now)
{
	struct call_description *offer = &call->remote[MEDIA_SIDE_B];
	struct buf body;
	const struct call_said said = {.side = MEDIA_SIDE_B, .body = msg->body};
	int err = call_description_read(call, &said, offer, why);

	buf_init(&body, OA_TEXT_MAX);
	err = err ? err : call_media_open(call, MEDIA_SIDE_B, offer, why);
	err = err ? err : call_media_print(call, MEDIA_SIDE_A, offer, NULL, &body);
	err = err ? err : leg_uas_accept(call->a, buf_slice(&body), now);
	buf_fini_secret(&body);
	return err;
}

static int take_answer(
	struct call *call, const struct sip_msg *msg, const char **why, usec_t now)
{
	struct call_description answer = {0};
	int err = 0;

	if (msg->body.len)
		err = read_answer(call, msg->body, &answer, why);
	else if (call->remote[MEDIA_SIDE_B].sdp) /* a reliable 18x had it */
		call_description_move(&answer, &call->remote[MEDIA_SIDE_B]);
	else
		err = SBC_EPROTO;
	if (err)
		return err;
	*why = "no resources for media";
	if (msg->body.len && call->is_early_told)
		call->is_told_stale =
			!call_media_reads_same(&answer, &call->remote[MEDIA_SIDE_B]);
	call->may_renumber = call->is_told_stale;
	err = start_media(call, &answer);
	err = err ? err : answer_caller(call, true, 200, now);
	return err ? err : call_media_renumber(call);
}

void call_answered(struct call *call, const struct sip_msg *msg, usec_t now)
{
	const char *why = "no description in the answer";
	int err;

	timer_stop(call->sbc->timers, &call->ring_timer);
	timer_stop(call->sbc->timers, &call->target_timer);
	call_cross(call, MEDIA_SIDE_B, msg, HEADER_KIND_RESPONSE);
	err = call->remote[MEDIA_SIDE_A].sdp ? take_answer(call, msg, &why, now)
					     : pass_offer(call, msg, &why, now);
	if (err) {
		end_unusable(call, why, now);
		return;
	}
	call_mark_answered(call, now);
	call_connect_answered(call, now);
	if (call->referrer)
		call_refer_answered(call, now);
}

/* ---- the ACK ---- */

/* The caller's answer to the callee's offer. */
static int take_ack(struct call *call)
{
	struct call_description *offer = &call->remote[MEDIA_SIDE_B];
	struct call_description *answer = &call->remote[MEDIA_SIDE_A];
	struct buf body;
	int err;

	call_description_move(answer, &call->change.answer);
	err = call_media_set(call, MEDIA_SIDE_A, answer, true);
	err = err ? err : call_media_set(call, MEDIA_SIDE_B, offer, false);
	buf_init(&body, OA_TEXT_MAX);
	err = err ? err : call_media_print(call, MEDIA_SIDE_B, answer, offer, &body);
	err = err ? err : leg_uac_ack(call->b, buf_slice(&body));
	buf_fini_secret(&body);
	return err ? err : call_media_set_gates(call);
}

void call_confirm(struct call *call, usec_t now)
{
	int err = call_change_take_proof(call);

	err = err ? err : take_ack(call);
	call_change_fini(call);
	if (err)
		end_unusable(call, "no resources for media", now);
	else
		call_connect_confirmed(call, now);
}

static int read_ack(struct call *call, const struct sip_msg *msg, const char **why)
{
	const struct call_description *offer = &call->remote[MEDIA_SIDE_B];
	struct call_description *answer = &call->change.answer;
	const struct call_said said = {
		.side = MEDIA_SIDE_A, .body = msg->body, .is_answer = true};
	int err = call_description_read(call, &said, answer, why);

	if (err)
		return err;
	*why = "the answer has not the offer's sections";
	return answer->sdp->media_count == offer->sdp->media_count ? 0 : SBC_EPROTO;
}

void call_confirmed(struct call *call, const struct sip_msg *msg, usec_t now)
{
	const char *why = "no description in the ACK";

	call_forget_invite(call);
	if (call->is_told_stale)
		call_change_ours(call, MEDIA_SIDE_A, now);
	if (call->remote[MEDIA_SIDE_A].sdp) {
		call_connect_confirmed(call, now);
		return;
	}
	if (read_ack(call, msg, &why)) {
		end_unusable(call, why, now);
		return;
	}
	call->change.from = MEDIA_SIDE_A;
	call_change_prove_ack(call, msg, now);
}
