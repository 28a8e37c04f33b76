/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_RTCP_H
#define MEDIA_RTCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* On a port that carries both: RTCP packet types take the payload types 64 to 95, which
 * RTP must not use there (RFC 5761 section 4). */
bool rtcp_is_rtcp(const uint8_t *bytes, size_t len);

/* What can be seen of an SRTCP packet before it is decrypted: the first header. SBC_EPARSE. */
int rtcp_check_first(const uint8_t *bytes, size_t len);

/* The whole compound packet in the clear: its parts fill it exactly (RFC 3550 appendix A.2;
 * RFC 5506 allows any first part). SBC_EPARSE. */
int rtcp_check(const uint8_t *bytes, size_t len);

/* A report about one source (RFC 3550 section 6.4.1). */
struct rtcp_block {
	uint32_t ssrc;
	uint8_t fraction; /* lost, in 256ths */
	int32_t lost;     /* in all; negative with duplicates */
	uint32_t jitter;  /* units of the timestamp */
	uint32_t
		last_sr; /* middle 32 bits of the NTP time in the last sender report; 0: none */
	uint32_t delay;  /* since it came, in 65536ths of a second */
};

#define RTCP_BLOCK_MAX 8 /* of a packet; more are passed over */

struct rtcp_report {
	bool is_sender;    /* there was a sender report */
	uint32_t ntp_time; /* the middle 32 bits of its NTP time */
	unsigned count;
	struct rtcp_block blocks[RTCP_BLOCK_MAX];
};

/* What sender and receiver reports of a checked compound packet say. */
void rtcp_read(struct rtcp_report *out, const uint8_t *bytes, size_t len);

#endif
