/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An INVITE with Replaces (RFC 3891): whoever has one end of a call takes it to another device.
 * Its INVITE is answered at once; the other end goes over to the new call (call_join.c) and is
 * told, the dialog that was replaced hears BYE. Only who has that end may: a stranger who
 * learnt Call-ID and tags takes nobody's call. Signalling thread.
 */

#include "base/err.h"
#include "base/mem.h"
#include "sbc/call.h"
#include "sbc/refer_to.h"

#define TRY_INTERVAL (100 * USEC_PER_MS) /* something is under way at one of the legs */
#define TRY_MAX      50                  /* five seconds */
#define REPLACED     "SIP;cause=200;text=\"replaced\""

/* ---- who was told to ---- */

/* Long enough for a phone, and for its user to be asked. */
#define GRANT_TIME (60 * USEC_PER_SEC)

struct call_grant {
	int side; /* whose place may be taken */
	bool is_peer;
	char name[128]; /* of the peer, or of the user and its domain */
	char domain[128];
	usec_t until;
};

static int name_party(const struct call_party *party, struct call_grant *out)
{
	out->is_peer = party->peer != NULL;
	if (!party->peer && !party->user)
		return SBC_ENOENT;
	if (!party->peer &&
		slice_copy(slice_str(party->user->domain), out->domain, sizeof(out->domain)))
		return SBC_ELIMIT;
	return slice_copy(slice_str(party->peer ? party->peer->name : party->user->name),
		out->name, sizeof(out->name));
}

int call_grant(struct call *call, int side, const struct call_party *to, usec_t now)
{
	struct call_grant grant = {.side = side, .until = now + GRANT_TIME};
	int err = name_party(to, &grant);

	if (!err && !call->grant)
		call->grant = mem_alloc(sizeof(*call->grant));
	if (!err && !call->grant)
		err = SBC_ENOMEM;
	if (!err)
		*call->grant = grant;
	return err;
}

static bool is_granted(
	const struct call *call, int side, const struct call_party *caller, usec_t now)
{
	const struct call_grant *grant = call->grant;
	struct call_grant asked = {0};

	return grant && grant->side == side && now < grant->until &&
	       !name_party(caller, &asked) && asked.is_peer == grant->is_peer &&
	       !strcmp(asked.name, grant->name) && !strcmp(asked.domain, grant->domain);
}

/* ---- what it names ---- */

/* A dialog of ours as its other end writes it, or, where we have passed a REFER on, as the end
 * behind us does: then the place of who is before us is meant. */
static struct leg *find_leg(struct sbc *sbc, const struct replaces *r, bool *is_far)
{
	struct leg *leg = leg_find_dialog(sbc, r->call_id, r->to_tag, r->from_tag);

	*is_far = !leg;
	return leg ? leg : leg_find_dialog(sbc, r->call_id, r->from_tag, r->to_tag);
}

/* RFC 3891 section 3. 0, or the code that refuses it. */
static uint16_t judge(const struct leg *leg, const struct replaces *replaces)
{
	switch (leg->state) {
	case LEG_TERMINATING:
	case LEG_TERMINATED:
		return 603;
	case LEG_CONFIRMED:
	case LEG_ACCEPTED:
		return replaces->is_early_only ? 486 : 0;
	case LEG_NEW:
	case LEG_PROCEEDING:
	case LEG_EARLY:
	case LEG_CANCELLING:
		break;
	}
	return 481; /* nobody takes over what is not answered */
}

uint16_t call_replace_find(struct sbc *sbc, const struct request *request,
	const struct call_party *caller, struct call_replacing *out)
{
	const struct sip_msg *msg = request->msg;
	struct slice value = sip_msg_header(msg, "Replaces", 0);
	struct replaces replaces;
	struct leg *leg;
	struct call *call;
	uint16_t code;
	bool is_far;
	int side;

	*out = (struct call_replacing){0};
	if (!value.len)
		return 0;
	if (sip_msg_header(msg, "Replaces", 1).len || replaces_parse(&replaces, value))
		return 400;
	leg = find_leg(sbc, &replaces, &is_far);
	call = leg && leg->owner == &call_leg_owner ? leg->owner_arg : NULL;
	if (!call || (leg != call->a && leg != call->b))
		return 481;
	code = judge(leg, &replaces);
	if (code)
		return code;
	side = is_far ? 1 - call_side(call, leg) : call_side(call, leg);
	if (!is_granted(call, side, caller, request->now) &&
		(is_far || !call_party_is_same_end(caller, &call->party[side])))
		return 403;
	if (!msg->body.len) /* the other end is not asked for an offer */
		return 488;
	*out = (struct call_replacing){.number = call->number, .side = side};
	return 0;
}

static void refuse(struct call *call, uint16_t code, usec_t now)
{
	call_end(call, CALL_ENDER_US, code, NULL, now);
}

/* What the other end last said, as far as the newcomer has it too. */
static int print_answer(
	struct call *call, const struct call_description *said, struct buf *body)
{
	struct call_description narrowed;
	int err = call_change_narrow(said, &call->remote[MEDIA_SIDE_A], &narrowed);

	return err ? err
		   : call_media_print(
			     call, MEDIA_SIDE_A, &narrowed, &call->remote[MEDIA_SIDE_A], body);
}

static int answer(struct call *call, usec_t now)
{
	struct buf body;
	int err = call_media_set(call, MEDIA_SIDE_A, &call->remote[MEDIA_SIDE_A], false);

	buf_init(&body, OA_TEXT_MAX);
	err = err ? err : print_answer(call, &call->remote[MEDIA_SIDE_B], &body);
	err = err ? err : call_media_set_gates(call);
	err = err ? err : leg_uas_accept(call->a, buf_slice(&body), now);
	buf_fini_secret(&body);
	return err;
}

static void finish(struct call *call, struct call *old, usec_t now)
{
	int err = answer(call, now);

	log_event(call->sbc->log, LOG_INFO, "sbc", "call.replaced", "call=%s by=%s", old->name,
		call->name);
	call->replacing = (struct call_replacing){0};
	call_end(old, CALL_ENDER_US, 200, REPLACED, now);
	if (!err) {
		call_mark_answered(call, now);
		err = call_change_join(call, MEDIA_SIDE_B, false, now);
	}
	if (err)
		call_end(call, CALL_ENDER_US, 500, "SIP;cause=500;text=\"not replaced\"", now);
}

static void on_try(struct timer *timer, usec_t now, void *arg)
{
	struct call *call = arg, *old = call_find(call->sbc, call->replacing.number);
	struct call_joint joint = {.from = old,
		.side = 1 - call->replacing.side,
		.into = call,
		.at = MEDIA_SIDE_B};
	int err;

	if (call->state != CALL_CALLING)
		return;
	if (!old) {
		refuse(call, 481, now);
		return;
	}
	err = call_join(&joint, now);
	if (!err)
		finish(call, old, now);
	else if (err == SBC_EAGAIN && ++call->replacing.tries < TRY_MAX)
		timer_start(call->sbc->timers, timer, now + TRY_INTERVAL);
	else if (err == SBC_EIO) {
		call_end(old, CALL_ENDER_US, 500, NULL, now);
		refuse(call, 500, now);
	} else {
		refuse(call, err == SBC_EPROTO ? 488 : err == SBC_ESTATE ? 481 : 500, now);
	}
}

/* Would the newcomer understand the other end at all? */
static int check(struct call *call, struct call *old)
{
	int other = 1 - call->replacing.side;
	const char *why;
	struct buf body;
	int err;

	if (old->state != CALL_ANSWERED || !old->remote[other].sdp)
		return SBC_ESTATE;
	call->media.legs[MEDIA_SIDE_B] = old->media.legs[other];
	call->beside = old->number;
	err = call_media_open(call, MEDIA_SIDE_A, &call->remote[MEDIA_SIDE_A], &why);
	buf_init(&body, OA_TEXT_MAX);
	err = err ? err : print_answer(call, &old->remote[other], &body);
	buf_fini_secret(&body);
	return err;
}

void call_replace(struct call *call, usec_t now)
{
	struct call *old = call_find(call->sbc, call->replacing.number);
	int err = old ? check(call, old) : SBC_ESTATE;

	leg_begin_inner(call->b, false);
	if (err) {
		refuse(call, err == SBC_EPROTO ? 488 : err == SBC_ESTATE ? 481 : 503, now);
		return;
	}
	call->state = CALL_CALLING;
	timer_init(&call->target_timer, on_try, call);
	timer_start(call->sbc->timers, &call->target_timer, now);
}
