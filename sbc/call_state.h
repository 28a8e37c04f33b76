/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_CALL_STATE_H
#define SBC_CALL_STATE_H

#include "base/coder.h"
#include "sbc/call.h"

/*
 * An established call as one value: both dialogs, who the ends are, what each said last, the
 * streams with their keys and, as bytes of their own, their sessions in the media room. Whoever
 * reads it has the same peers, users and listeners in its configuration. Secret: it has keys.
 *
 *   call_state.c       the walk over a call, in both directions
 *   call_state_leg.c   the walk over a leg
 *   call_export.c      from a call that runs, and to one
 *
 * Signalling thread; private to the sbc room.
 */

/* A media session's state as media_state_write() has it, for each stream that goes with the
 * call, in their order. */
struct call_state_media {
	struct slice states[CALL_STREAM_MAX]; /* read: in the call's arena */
};

/* Nothing is under way in it that a value could not say. */
bool call_state_is_quiet(const struct call *call);
/* Of a quiet call. SBC_ELIMIT, SBC_ENOMEM. Wipe out. */
int call_state_write(
	struct call *call, const struct call_state_media *media, usec_t now, struct buf *out);
/* A call in its table, quiet, whose legs are in none and whose streams have no sessions yet.
 * SBC_EPARSE; SBC_ENOENT: a peer, user or listener that is not here; SBC_ELIMIT, SBC_ENOMEM. */
int call_state_read(struct call **out, struct sbc *sbc, struct call_state_media *media,
	struct slice value, usec_t now);

/* ---- call_state_leg.c ---- */
void call_state_leg(struct coder *c, struct call *call, int side, usec_t now);

#endif
