/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_CALL_MEDIA_H
#define SBC_CALL_MEDIA_H

#include "sbc/call.h"

/*
 * What the two legs' descriptions mean for media: which sections are relayed, how each side
 * of them is keyed, and what we say about them. A leg's keying follows from its own policy
 * (struct leg_media) and its own words; only the rule against downgrades looks at both.
 * Signalling thread.
 */

/* Who a leg is with. */
void call_media_set_leg(struct call *call, enum media_side side, enum media_mode mode,
	const struct config_media_rules *rules, const struct hop *hop);

/* call->offer of leg a: fills the streams. SBC_EPROTO: 488, and *why (static words). */
int call_media_take_offer(struct call *call, const char **why);

/* Before leg b is called: what it is to be offered. SBC_EPROTO: 488, *why; SBC_EINVAL. */
int call_media_prepare(struct call *call, const char **why);
/* The fingerprints in that offer, for its signature; none unless it may come to DTLS. */
void call_media_own_fingerprints(const struct call *call, struct fingerprint_set *out);
/* The offer for leg b. Secret with SDES. */
int call_media_print_offer(struct call *call, struct buf *body);

/* The answer of leg b: starts media of what both legs take, closes the rest. SBC_EPROTO:
 * 488, *why; other errors: no resources. */
int call_media_take_answer(struct call *call, const struct sdp *answer, const char **why);
/* The answer for leg a. Secret with SDES. */
int call_media_print_answer(struct call *call, const struct sdp *answer, struct buf *body);

#endif
