/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_LARGE_H
#define SBC_LARGE_H

#include "base/buf.h"
#include "base/clock.h"
#include "sbc/transport.h"

/*
 * Requests too long for a datagram go over TCP (RFC 3261 section 18.1.1), and over UDP again
 * when nobody takes them there, which is remembered for a while. Pure. Signalling thread.
 */

#define LARGE_REFUSED_MAX 64                   /* addresses that are remembered */
#define LARGE_REFUSED     (600 * USEC_PER_SEC) /* for so long: somebody may mend it */

struct large_refusals {
	struct {
		struct netaddr address;
		usec_t until;
	} rows[LARGE_REFUSED_MAX];
	unsigned next; /* the oldest */
};

void large_refused(struct large_refusals *refusals, const struct netaddr *address, usec_t now);
bool large_is_refused(
	const struct large_refusals *refusals, const struct netaddr *address, usec_t now);

/* The request with another transport and sent-by in its top Via, which is ours and its second
 * line. SBC_EPARSE: it is not; SBC_ELIMIT, SBC_ENOMEM. */
int large_rewrite_via(
	struct slice request, enum transport_kind kind, struct slice sent_by, struct buf *out);

#endif
