/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_RTP_H
#define MEDIA_RTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The parts of an RTP header (RFC 3550 section 5.1) that a relay looks at. */
struct rtp_header {
	uint32_t ssrc;
	uint16_t sequence;
	uint8_t payload_type;
	size_t len; /* bytes, with CSRC list and extension */
};

/* SBC_EPARSE: another version, or it ends before its header does. */
int rtp_parse(struct rtp_header *out, const uint8_t *bytes, size_t len);

/* Reception of one SSRC (RFC 3550 appendix A.1). Zeroed memory has heard nothing. */
struct rtp_source {
	uint32_t ssrc;
	uint32_t base;     /* first extended sequence number */
	uint32_t highest;  /* highest extended sequence number */
	uint32_t received; /* packets */
};

/* Only for packets that were authenticated and are no replay. */
void rtp_source_heard(struct rtp_source *source, uint16_t sequence);
/* Expected minus received, never negative (RFC 3550 appendix A.3). */
uint64_t rtp_source_lost(const struct rtp_source *source);

/* More SSRCs on one association are refused: who holds its keys could else make us remember
 * without bound, and forgetting one would let its old packets be replayed. */
#define RTP_SOURCE_MAX 64

#endif
