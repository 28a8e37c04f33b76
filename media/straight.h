/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_STRAIGHT_H
#define MEDIA_STRAIGHT_H

#include "media/component.h"

/*
 * A settled stream's socket is connected to its peer: the system then keeps the route, and
 * drops what strangers send before we see it. Only an address that authenticated media (or,
 * in the clear, the strict rules of plain RTP) made the peer's, and that stayed for a while.
 * A peer that is not heard any more may be elsewhere: its socket is let go within three looks,
 * so that it is heard from anywhere again. Runs on: the stream's media loop.
 */
#define STRAIGHT_LOOK (250 * USEC_PER_MS)
/* Many streams' looks come together, so that a loop with nothing else to do sleeps. */
#define STRAIGHT_GRID (STRAIGHT_LOOK / 16)
/* Looks without a packet after which the socket is let go. */
#define STRAIGHT_QUIET 2
/* Looks at one address that it takes once the peer has moved twice: one that speaks from two
 * addresses in turn is not held to one. */
#define STRAIGHT_MOVED 120

struct straight {
	struct component *component; /* borrowed */
	const usec_t *heard_at;      /* borrowed: when the stream was heard last */
	struct timer timer;
	struct netaddr peer; /* at the last look */
	usec_t seen;         /* *heard_at at the last look */
	unsigned quiet;      /* looks in a row without a packet */
	unsigned stayed;     /* looks in a row with packets from the same address */
	unsigned moves;      /* how often it was elsewhere than at the look before */
};

void straight_init(
	struct straight *straight, struct component *component, const usec_t *heard_at);
/* From now on; the stream is secured. Without room for a timer the socket stays as it is. */
void straight_start(struct straight *straight, usec_t now);
/* Signalling says that the peer is elsewhere: the socket is let go, and not connected again to
 * where its last packets under way came from. */
void straight_again(struct straight *straight, usec_t now);
void straight_stop(struct straight *straight);

#endif
