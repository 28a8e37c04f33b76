/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keeps datagrams for a peer that is not known yet. Runs on: a media loop. */

#include "media/early.h"

#include <string.h>

#include "base/mem.h"

struct kept {
	struct netaddr peer;
	size_t len;
	uint8_t bytes[UDP_PACKET_MAX];
};

struct early {
	unsigned first, count;
	struct kept items[EARLY_MAX];
};

void early_put(struct early **early, const struct udp_packet *packet)
{
	struct early *e = *early;
	struct kept *kept;

	if (packet->is_truncated || packet->len > UDP_PACKET_MAX)
		return;
	if (!e)
		e = *early = mem_alloc(sizeof(*e));
	if (!e)
		return;
	kept = &e->items[(e->first + e->count) % EARLY_MAX];
	if (e->count == EARLY_MAX)
		e->first = (e->first + 1) % EARLY_MAX;
	else
		e->count++;
	kept->peer = packet->peer;
	kept->len = packet->len;
	memcpy(kept->bytes, packet->data, packet->len);
}

void early_visit(struct early *early, early_h *visit, void *arg)
{
	for (unsigned i = 0; early && i < early->count; i++) {
		struct kept *kept = &early->items[(early->first + i) % EARLY_MAX];
		struct udp_packet packet = {
			.peer = kept->peer, .data = kept->bytes, .len = kept->len};

		visit(&packet, arg);
	}
}

void early_free(struct early **early)
{
	mem_free(*early);
	*early = NULL;
}
