/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bandwidth at peers that have a ceiling: taken by the caller's offer, given back with the
 * call. Signalling thread. */

#include "sbc/bandwidth.h"
#include "sbc/call.h"

#define LATE_OFFER 84 /* kbit/s: a call that has not said yet is one of G.711 */

static unsigned kbps_of(const struct call *call)
{
	const struct sdp *offer = call->remote[MEDIA_SIDE_A].sdp;

	return offer ? bandwidth_kbps(offer) : LATE_OFFER;
}

bool call_bandwidth_take(
	struct call *call, enum media_side side, const struct config_peer *peer)
{
	struct peer_entry *entry = call->entries[side];
	unsigned kbps = kbps_of(call);

	if (!entry)
		return true;
	if (peer->bandwidth_kbps_max && entry->kbps_now + kbps > peer->bandwidth_kbps_max) {
		entry->calls_refused++;
		return false;
	}
	entry->kbps_now += kbps;
	call->kbps[side] = kbps;
	return true;
}

void call_bandwidth_give(struct call *call, enum media_side side)
{
	if (call->entries[side])
		call->entries[side]->kbps_now -= call->kbps[side];
	call->kbps[side] = 0;
}
