/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_LATCH_H
#define MEDIA_LATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/netaddr.h"
#include "media/rtp.h"

/*
 * Where plain RTP comes from when it is not where signalling said (SRTP-13). Nothing about
 * such packets is proven, so the guess is strict and bounded: one candidate address, which
 * must send LATCH_PACKETS in order before another one does, within LATCH_WINDOW of the
 * description, and only as long as the signalled address was not heard. It is made once;
 * whoever comes later moves nothing.
 */
#define LATCH_PACKETS 8
#define LATCH_WINDOW  (10 * USEC_PER_SEC) /* answer, first ring tone, first packet */

struct latch {
	bool is_open;
	usec_t until;
	struct netaddr address; /* the candidate */
	uint32_t ssrc;
	uint16_t next;  /* sequence number */
	unsigned count; /* packets in order */
};

void latch_open(struct latch *latch, usec_t now);
void latch_close(struct latch *latch);
/* An RTP packet from another address than the one in force; true: it is the peer's now. */
bool latch_offer(struct latch *latch, const struct netaddr *from,
	const struct rtp_header *header, usec_t now);

#endif
