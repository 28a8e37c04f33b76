/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_SDP_KEYING_H
#define SBC_SDP_KEYING_H

#include "sbc/sdp.h"

/*
 * Which keying an m= section gets: what it offers, against what the policy of that leg
 * takes. Never less than the policy says, whatever else stands in the description (M8);
 * of what is left the strongest (SDP-3). Pure.
 */
enum sdp_keying { SDP_REFUSED, SDP_PLAIN, SDP_SDES, SDP_DTLS }; /* the stronger, the later */

/* What a leg takes. */
struct sdp_rules {
	bool takes_dtls;
	bool takes_sdes;
	bool takes_plain;
};

/* The offer of a leg: NULL, or why (static words) the section is refused. */
const char *sdp_choose(
	const struct sdp_media *offered, const struct sdp_rules *rules, enum sdp_keying *out);

/* The answer of a leg to a section that we offered with what rules name and these keys.
 * SDES: *line is the one of ours that its tag names. NULL, or why it cannot be used. */
const char *sdp_check_answer(const struct sdp_media *answered, const struct sdp_rules *rules,
	const struct sdes_line *ours, size_t count, enum sdp_keying *out, size_t *line);

/* The first line of the offer in our order of preference (numbers of profiles); NULL: none. */
const struct sdes_line *sdp_choose_crypto(
	const struct sdp_media *offered, const uint16_t *profiles, size_t count);

/* "UDP/TLS/RTP/SAVPF" and its kind. */
bool sdp_proto_is_rtp(struct slice proto);
bool sdp_proto_has_feedback(struct slice proto); /* AVPF, SAVPF (RFC 4585) */

#endif
