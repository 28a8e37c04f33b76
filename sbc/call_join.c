/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An end of one call goes over to another one, as transfers need it (RFC 3515, RFC 3891): its
 * dialog goes on there, and its side of the media changes places with the side of whose place
 * it takes. So it keeps ports and keys, which its phone would not make anew (RFC 8842), and
 * media goes between the two only as both gates and both fingerprints allow. Signalling thread.
 */

#include "base/err.h"
#include "sbc/call.h"

#define GOODBYE "Reason: SIP;cause=200;text=\"transferred\"\r\n"

static struct call_stream *find_stream(struct call *call, size_t index)
{
	for (size_t i = 0; i < call->media.count; i++) {
		struct call_stream *stream = &call->media.streams[i];
		if (stream->index == index && media_link_is_live(stream))
			return stream;
	}
	return NULL;
}

/* Sections that both have must be of one kind; the one that decides must be among them. */
static bool do_sections_fit(const struct call_joint *joint)
{
	const struct call_description *said = &joint->from->remote[joint->side];
	bool has_main = false;

	for (size_t i = 0; i < joint->into->media.count; i++) {
		const struct call_stream *there = &joint->into->media.streams[i];
		const struct call_stream *here =
			media_link_is_live(there) ? find_stream(joint->from, there->index)
						  : NULL;

		if (here && !media_link_may_exchange(here, there))
			return false;
		has_main = has_main || (here && here->index == said->index);
	}
	return has_main;
}

static bool has_config(const struct call *call, const struct config *config)
{
	return !config || config == call->config || config == call->config_of_joined;
}

/* Its rules are borrowed from there. A call remembers two configurations, no more. */
static int take_config(const struct call_joint *joint)
{
	struct call *from = joint->from, *into = joint->into;
	bool has_first = has_config(into, from->config);
	bool has_second = has_config(into, from->config_of_joined);

	if (has_first && has_second)
		return 0;
	if (into->config_of_joined || (!has_first && !has_second))
		return SBC_EPROTO;
	into->config_of_joined = config_ref(has_first ? from->config_of_joined : from->config);
	return 0;
}

int call_join_check(const struct call_joint *joint)
{
	const struct call *from = joint->from, *into = joint->into;

	if (from == into || from->state != CALL_ANSWERED || !from->remote[joint->side].sdp ||
		call_leg(joint->from, joint->side)->state != LEG_CONFIRMED)
		return SBC_ESTATE;
	if (call_is_bypassed(from, joint->side) || call_is_bypassed(into, joint->at))
		return SBC_EPROTO;
	return do_sections_fit(joint) ? 0 : SBC_EPROTO;
}

/* One on hold is so because of who has left. */
void call_join_wake(struct call_description *said)
{
	for (size_t i = 0; i < said->sdp->media_count; i++) {
		enum sdp_direction *direction = &said->sdp->media[i].direction;
		if (*direction == SDP_RECVONLY || *direction == SDP_INACTIVE)
			*direction = SDP_SENDRECV;
	}
}

static int exchange_media(const struct call_joint *joint)
{
	struct call *into = joint->into;
	bool is_begun = false;

	for (size_t i = 0; i < into->media.count; i++) {
		struct call_stream *there = &into->media.streams[i];
		struct call_stream *here = media_link_is_live(there)
						   ? find_stream(joint->from, there->index)
						   : NULL;
		int err = here ? media_link_exchange(into->sbc,
					 (struct stream_side){here, joint->side},
					 (struct stream_side){there, joint->at})
			       : 0;

		if (err)
			return is_begun ? SBC_EIO : err;
		is_begun = is_begun || here;
	}
	return 0;
}

/* Sections that only one of the two has. */
static void give_up_rest(const struct call_joint *joint)
{
	struct call *into = joint->into;

	for (size_t i = 0; i < into->media.count; i++) {
		struct call_stream *there = &into->media.streams[i];

		if (!media_link_is_live(there) || find_stream(joint->from, there->index))
			continue;
		there->is_given_up = true;
		media_link_close_stream(into->sbc, there);
	}
}

/* What is counted at a peer goes on being counted there. */
static void move_counts(const struct call_joint *joint)
{
	struct call *from = joint->from, *into = joint->into;

	if (into->entries[joint->at]) {
		call_bandwidth_give(into, (enum media_side)joint->at);
		peer_entry_end_call(into->entries[joint->at]);
	}
	into->entries[joint->at] = from->entries[joint->side];
	into->kbps[joint->at] = from->kbps[joint->side];
	from->entries[joint->side] = NULL;
	from->kbps[joint->side] = 0;
}

static struct leg *make_leg(const struct call_joint *joint)
{
	struct call *into = joint->into;
	struct leg *leg = into->left_count < CALL_LEFT_MAX
				  ? arena_alloc(&into->arena, sizeof(*leg))
				  : NULL;

	if (!leg)
		return NULL;
	leg_init(leg, into->sbc, &into->arena, joint->at == MEDIA_SIDE_A ? 'a' : 'b');
	leg->call_name = into->name;
	leg->owner = &call_leg_owner;
	leg->owner_arg = into;
	return leg;
}

static void put_leg(const struct call_joint *joint, struct leg *leg)
{
	struct call *into = joint->into;

	into->left[into->left_count++] = call_leg(into, joint->at);
	if (joint->at == MEDIA_SIDE_A)
		into->a = leg;
	else
		into->b = leg;
}

static bool is_quiet(const struct call_joint *joint)
{
	/* Who must prove itself does so in the call that it is in. */
	return joint->from->change.stage == CHANGE_NONE &&
	       joint->into->change.stage == CHANGE_NONE &&
	       leg_is_quiet(call_leg(joint->from, joint->side)) &&
	       call_connect_is_open(joint->from, joint->side);
}

/* Their words are moved; the other end of into heard those of whose place is taken. */
static void move_words(struct call_joint *joint)
{
	struct call_description *heard = &joint->into->remote[joint->at];
	struct call_description *said = &joint->from->remote[joint->side];

	call_join_wake(said);
	joint->is_news = !heard->sdp || !call_media_reads_same(heard, said);
	call_description_move(heard, said);
}

static int move_knowledge(struct call_joint *joint)
{
	struct call *from = joint->from, *into = joint->into;
	int at = joint->at, err;

	err = call_party_copy(&into->party[at], &from->party[joint->side]);
	if (err)
		return err;
	into->media.legs[at] = from->media.legs[joint->side];
	into->session_ids[at] = from->session_ids[joint->side];
	move_words(joint);
	if (!into->remote[!at].sdp)
		return 0;
	call_join_wake(&into->remote[!at]);
	err = call_description_pad(&into->remote[at], &into->remote[!at]);
	return err ? err : call_description_pad(&into->remote[!at], &into->remote[at]);
}

int call_join(struct call_joint *joint, usec_t now)
{
	struct call *into = joint->into;
	struct leg *old = call_leg(into, joint->at), *leg;
	int err = call_join_check(joint);

	if (err)
		return err;
	if (!is_quiet(joint))
		return SBC_EAGAIN;
	leg = make_leg(joint);
	if (!leg)
		return SBC_ENOMEM;
	err = take_config(joint);
	err = err ? err : exchange_media(joint);
	if (err) {
		leg_fini(leg);
		return err;
	}
	give_up_rest(joint);
	err = leg_move(leg, call_leg(joint->from, joint->side));
	put_leg(joint, leg);
	err = err ? err : move_knowledge(joint);
	/* Until each is told what the other says, it uses the numbers that it was told. */
	into->may_renumber = true;
	err = err ? err : call_media_renumber(into);
	move_counts(joint);
	leg_end(old, 487, SLICE(GOODBYE), now);
	log_event(into->sbc->log, LOG_INFO, "sbc", "call.joined", "call=%s leg=%c from=%s",
		into->name, leg->name, joint->from->name);
	return err ? SBC_EIO : 0;
}
