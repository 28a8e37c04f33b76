/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_OA_H
#define SBC_OA_H

#include <stdbool.h>
#include <stdint.h>

#include "sbc/sdp.h"

/*
 * Offer/answer state of one leg (RFC 3264, RFC 6337 section 2): who may offer now, and the
 * o= line of what we say there. Pure. Each leg has its own; nothing of it crosses.
 */
enum oa_state {
	OA_STABLE,         /* nothing under way: either side may offer */
	OA_OFFER_SENT,     /* ours waits for its answer */
	OA_OFFER_RECEIVED, /* theirs waits for ours */
};

struct oa {
	enum oa_state state;
	bool has_session; /* an offer was answered once */
	uint64_t session_id;
	uint64_t version; /* of what was said last */
	struct buf told;  /* what was said last; owned */
	/* What was said before an offer that has no answer (yet), or was refused: the session
	 * stays with it (RFC 3264 section 8). Owned; empty: told is in force. */
	struct buf held;
};

#define OA_TEXT_MAX 8192 /* bytes of one description of ours */

void oa_init(struct oa *oa, uint64_t session_id);
void oa_fini(struct oa *oa);

/* An offer came. 0: it is under way now; else the code that refuses it: 491 while ours waits,
 * 500 (with Retry-After) while theirs does (RFC 3261 section 14.2, RFC 3311 section 5.2). */
uint16_t oa_offered(struct oa *oa);
/* We offer. SBC_ESTATE unless stable. */
int oa_offer(struct oa *oa);
/* The answer went or came: that is the session now. */
void oa_answered(struct oa *oa);
/* The offer was refused: the session stays as it was (RFC 3264 section 8). */
void oa_refused(struct oa *oa);

/* Writes print with this leg's o= line: the version goes up by one exactly when the rest of
 * the text is another one than before (SDP-34). Errors of sdp_print(); then nothing is kept.
 */
int oa_print(struct oa *oa, const struct sdp_print *print, struct buf *out);

/* What the leg goes by: the last description that was an answer or got one. Borrowed until
 * something else is told. */
struct slice oa_in_force(const struct oa *oa);

/* Tells text as it is: it is somebody else's description, with an o= line of its own. */
int oa_pass(struct oa *oa, struct slice text, struct buf *out);

#endif
