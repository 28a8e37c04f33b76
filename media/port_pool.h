/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_PORT_POOL_H
#define MEDIA_PORT_POOL_H

#include "media/media.h"

/*
 * Pairs of ports of one interface: RTP on the even one, RTCP on the odd one above it (RFC
 * 3550 section 11). They are taken in turn, so that a port rests as long as possible before
 * another call gets it: late packets of the last one then meet nobody. Signalling thread.
 */
struct port_pool {
	struct netaddr address;
	uint16_t *_ring; /* owned; even ports that are free, longest first */
	unsigned _capacity;
	unsigned _first;
	unsigned _count;
};

struct port_pair {
	uint16_t port; /* the even one */
	int rtp_fd;    /* bound, non-blocking; they change owner with the pair */
	int rtcp_fd;
};

/* SBC_EINVAL: no pair in the range; SBC_ENOMEM. */
int port_pool_init(struct port_pool *pool, const struct media_interface *interface);
void port_pool_fini(struct port_pool *pool);

/* SBC_ELIMIT: none free; SBC_EIO: sockets cannot be had. */
int port_pool_take(struct port_pool *pool, struct port_pair *out);
/* The pair of that port. SBC_ELIMIT: not free, or none of this pool. */
int port_pool_take_port(struct port_pool *pool, uint16_t port, struct port_pair *out);
/* Both sockets mark what they send (RFC 2474). SBC_EIO. */
int port_pair_set_dscp(const struct port_pair *pair, uint8_t dscp);
/* After both sockets were closed. */
void port_pool_give(struct port_pool *pool, uint16_t port);

#endif
