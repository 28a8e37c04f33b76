/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A dialog that goes on in another call: what a transfer does with the end that stays (RFC
 * 3515, RFC 3891). Its peer notices nothing: identifiers, numbers, timers and what may have
 * to be said again are the same. Signalling thread.
 */

#include "base/err.h"
#include "sbc/leg.h"

void leg_begin_inner(struct leg *leg, bool is_uas)
{
	leg->is_inner = true;
	leg->is_uas = is_uas;
	if (is_uas)
		oa_offered(&leg->oa);
	leg_set_state(leg, is_uas ? LEG_PROCEEDING : LEG_ACCEPTED, "inner");
}

bool leg_is_quiet(const struct leg *leg)
{
	return !leg->is_inner && leg->state == LEG_CONFIRMED && leg->in.state == LEG_IN_NONE &&
	       leg->out.kind == LEG_OUT_NONE && !leg->out.is_ack_owed && !leg->is_ack_owed &&
	       leg->oa.state == OA_STABLE && !leg->bye;
}

static void swap_bufs(struct buf *one, struct buf *two)
{
	struct buf kept = *one;

	*one = *two;
	*two = kept;
}

/* The 2xx may come again for as long as its sender waits: its ACK goes along. */
static int copy_acks(struct leg *to, const struct leg *from)
{
	to->invite_cseq = from->invite_cseq;
	if (from->ack.len)
		to->ack = arena_copy(to->arena, from->ack);
	if (from->auth.len)
		to->auth = arena_copy(to->arena, from->auth);
	return (from->ack.len && !to->ack.ptr) || (from->auth.len && !to->auth.ptr) ? SBC_ENOMEM
										    : 0;
}

static void copy_peer(struct leg *to, const struct leg *from)
{
	to->hop = from->hop;
	to->source = from->source;
	to->peer = from->peer;
	to->is_uas = from->is_uas;
	to->allows_update = from->allows_update;
	to->knows_timer = from->knows_timer;
	to->knows_rename = from->knows_rename;
	to->takes_refer = from->takes_refer;
	to->takes_subscribe = from->takes_subscribe;
}

static void let_go(struct leg *from)
{
	struct sbc *sbc = from->sbc;

	hash_remove(&sbc->by_dialog, &from->by_dialog);
	from->is_in_table = false;
	timer_stop(sbc->timers, &from->timer);
	leg_reliable_stop(from);
	resend_stop(&from->success);
	leg_out_forget(from);
	if (from->invite)
		txn_detach(from->invite);
	from->invite = NULL;
	leg_set_state(from, LEG_TERMINATED, "moved");
}

int leg_move(struct leg *to, struct leg *from)
{
	struct oa kept;
	int err;

	if (!leg_is_quiet(from))
		return SBC_EAGAIN;
	err = dialog_copy(&to->dialog, to->arena, &from->dialog);
	err = err ? err : copy_acks(to, from);
	err = err ? err : leg_enter_table(to);
	if (err)
		return err;
	copy_peer(to, from);
	kept = to->oa;
	to->oa = from->oa;
	from->oa = kept;
	to->out.ack_cseq = from->out.ack_cseq;
	swap_bufs(&to->out.ack, &from->out.ack);
	leg_session_move(to, from);
	let_go(from);
	leg_set_state(to, LEG_CONFIRMED, "moved");
	return 0;
}
