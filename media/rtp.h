/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_RTP_H
#define MEDIA_RTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The parts of an RTP header (RFC 3550 section 5.1) that a relay looks at. */
struct rtp_header {
	uint32_t ssrc;
	uint32_t timestamp;
	uint16_t sequence;
	uint8_t payload_type;
	size_t len; /* bytes, with CSRC list and extension */
};

/* SBC_EPARSE: another version, or it ends before its header does. */
int rtp_parse(struct rtp_header *out, const uint8_t *bytes, size_t len);

/* Of a packet that was parsed: another payload type, by to[]; the marker stays. */
void rtp_renumber(uint8_t *bytes, const uint8_t *to);

/* Reception of one SSRC (RFC 3550 appendix A.1). Zeroed memory has heard nothing. */
struct rtp_source {
	uint32_t ssrc;
	uint32_t base;     /* first extended sequence number */
	uint32_t highest;  /* highest extended sequence number */
	uint32_t received; /* packets */
	uint32_t timestamp;
	uint32_t transit; /* arrival less timestamp, in its units */
	uint32_t jitter;  /* 16 times the estimate, in its units (RFC 3550 appendix A.8) */
};

/* Only for packets that were authenticated and are no replay. */
void rtp_source_heard(struct rtp_source *source, uint16_t sequence);
/* For the same packets, before the above. arrival: in units of the timestamp. Packets of one
 * frame, and of one DTMF event, share a timestamp and count once. */
void rtp_source_time(struct rtp_source *source, uint32_t timestamp, uint32_t arrival);
/* The estimate, in units of the timestamp. */
uint32_t rtp_source_jitter(const struct rtp_source *source);
/* Expected packets (RFC 3550 appendix A.3). */
uint64_t rtp_source_expected(const struct rtp_source *source);
/* Expected minus received, never negative (RFC 3550 appendix A.3). */
uint64_t rtp_source_lost(const struct rtp_source *source);

/* More SSRCs on one association are refused: who holds its keys could else make us remember
 * without bound, and forgetting one would let its old packets be replayed. */
#define RTP_SOURCE_MAX 64

#endif
