/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Connected identity (RFC 4916, DEC-6, rows CI-1 to CI-11): nothing covers the key in an
 * answer, so who answered says it again in a signed request of its own. From a peer we wait
 * for that UPDATE, and where it is required its side has no media before; to a peer we send
 * ours right after its ACK. Signalling thread.
 */

#include "base/err.h"
#include "sbc/call.h"

static enum config_answer_identity policy_of(const struct call *call, int side)
{
	const struct config_peer *peer = call->party[side].peer;

	return peer ? peer->answer_identity : ANSWER_IDENTITY_OFF;
}

/* ---- the answer of a peer ---- */

bool call_connect_is_open(const struct call *call, int side)
{
	return side != MEDIA_SIDE_B || policy_of(call, side) != ANSWER_IDENTITY_REQUIRE ||
	       call->party[side].is_key_proved;
}

bool call_connect_wants(const struct call *call, int side, const struct sip_msg *msg)
{
	return side == MEDIA_SIDE_B && policy_of(call, side) != ANSWER_IDENTITY_OFF &&
	       !call->party[side].is_key_proved && sip_msg_header(msg, "Identity", 0).len;
}

bool call_connect_allows(const struct call *call, int side, const struct sip_uri *from)
{
	const struct config_peer *peer = call->party[side].peer;

	/* Required is that the called one answers (CI-7); else the peer may say who does. */
	return side == MEDIA_SIDE_B && policy_of(call, side) == ANSWER_IDENTITY_PREFER &&
	       slice_equal_nocase(from->host, slice_str(peer->domain));
}

static void end_unproved(struct call *call, usec_t now)
{
	log_event(call->sbc->log, LOG_WARN, "sbc", "identity.unconnected", "call=%s leg=b",
		call->name);
	call_end(call, CALL_ENDER_US, 438,
		"SIP;cause=438;text=\"connected identity not verified\"", now);
}

static void on_timeout(struct timer *timer, usec_t now, void *arg)
{
	const struct call *call = arg;

	(void)timer;
	leg_note_timer(call->b, "answer_identity_s", "who answered did not prove it in time");
	end_unproved(arg, now);
}

void call_connect_answered(struct call *call, usec_t now)
{
	if (call_connect_is_open(call, MEDIA_SIDE_B))
		return;
	timer_init(&call->connect_timer, on_timeout, call);
	timer_start(call->sbc->timers, &call->connect_timer,
		now + (usec_t)call->config->limits.answer_identity_s * USEC_PER_SEC);
}

void call_connect_proved(struct call *call, int side)
{
	struct leg *leg = call_leg(call, side);
	const struct sip_msg *msg = leg->in.request;

	if (side != MEDIA_SIDE_B)
		return;
	timer_stop(call->sbc->timers, &call->connect_timer);
	call->party[side].identity_outcome = identity_outcome_name(IDENTITY_VERIFIED);
	/* CI-4: who is connected is whom we talk to from now on. */
	if (msg)
		dialog_change(&leg->dialog.remote_uri, &leg->remote_text, msg->from.uri.raw);
}

void call_connect_forget(struct call *call)
{
	struct call_party *party = &call->party[MEDIA_SIDE_B];

	party->is_key_proved = false;
	call_party_forget(party);
}

void call_connect_refused(struct call *call, int side, usec_t now)
{
	if (side == MEDIA_SIDE_B && call->state == CALL_ANSWERED &&
		!call_connect_is_open(call, side))
		end_unproved(call, now);
}

/* ---- our own answer to a peer ---- */

/* Whom we may sign for as connected: our own user, who registered with a password, or one
 * that a peer has proved (CI-8). */
static bool may_sign(const struct call *call)
{
	return !call->party[MEDIA_SIDE_B].peer || call->party[MEDIA_SIDE_B].is_key_proved;
}

void call_connect_confirmed(struct call *call, usec_t now)
{
	struct leg_change change = {.is_update = true, .body = buf_slice(&call->a->oa.told)};
	int err;

	if (policy_of(call, MEDIA_SIDE_A) == ANSWER_IDENTITY_OFF || !call->a->knows_rename ||
		!may_sign(call) || call->change.stage != CHANGE_NONE)
		return;
	/* CI-6: what was said last once more, with the same o= line, so that no new
	 * association comes of it. */
	err = leg_out_start(call->a, &change, now);
	if (err)
		log_event(call->sbc->log, LOG_WARN, "sbc", "identity.connect_unsent",
			"call=%s err=%s", call->name, err_name(err));
	else
		call->change = (struct call_change){.stage = CHANGE_OURS, .from = MEDIA_SIDE_B};
}
