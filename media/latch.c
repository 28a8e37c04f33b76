/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Symmetric plain RTP, once and strictly. Pure. */

#include "media/latch.h"

void latch_open(struct latch *latch, usec_t now)
{
	*latch = (struct latch){.is_open = true, .until = now + LATCH_WINDOW};
}

void latch_close(struct latch *latch)
{
	latch->is_open = false;
}

bool latch_offer(struct latch *latch, const struct netaddr *from,
	const struct rtp_header *header, usec_t now)
{
	if (!latch->is_open || now >= latch->until)
		return false;
	if (latch->count && netaddr_equal(&latch->address, from) &&
		latch->ssrc == header->ssrc && latch->next == header->sequence) {
		latch->next++;
		if (++latch->count < LATCH_PACKETS)
			return false;
		latch->is_open = false;
		return true;
	}
	latch->address = *from;
	latch->ssrc = header->ssrc;
	latch->next = (uint16_t)(header->sequence + 1);
	latch->count = 1;
	return false;
}
