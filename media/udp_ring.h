/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_UDP_RING_H
#define MEDIA_UDP_RING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/netaddr.h"

/*
 * Many datagrams over many sockets in one system call, by Linux's io_uring (6.1 or newer).
 * Nothing stays behind in the kernel between two calls: nothing waits, so each datagram is
 * done or refused when the call returns. One thread.
 */
struct udp_ring;

/* A datagram, and what came of it. */
struct udp_ring_entry {
	int fd;
	void *data;           /* borrowed for the call */
	size_t len;           /* bytes to be sent, or the room to receive into */
	struct netaddr *peer; /* borrowed for the call; to, or out: from */
	int result;           /* bytes, or a negative errno; EINPROGRESS: unknown */
	bool is_truncated;    /* out, received: there was more than the room takes */
};

/* capacity: entries of one call, a power of two. SBC_EIO: the system has no such thing or
 * does not allow it; SBC_ENOMEM. */
int udp_ring_new(struct udp_ring **out, unsigned capacity);
void udp_ring_free(struct udp_ring *ring); /* NULL is allowed */

/* count: at most capacity. False: the ring is of no use any more. Always on one thread, which
 * need not be the one that made it. */
bool udp_ring_send(struct udp_ring *ring, struct udp_ring_entry *entries, unsigned count);
bool udp_ring_receive(struct udp_ring *ring, struct udp_ring_entry *entries, unsigned count);

#endif
