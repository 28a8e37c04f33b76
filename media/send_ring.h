/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_SEND_RING_H
#define MEDIA_SEND_RING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/netaddr.h"

/*
 * Many datagrams over many sockets in one system call, by Linux's io_uring (6.1 or newer).
 * Nothing stays behind in the kernel between two calls: sockets do not block, so each send is
 * done or refused when send_ring_submit() returns. One thread at a time.
 */
struct send_ring;

/* A datagram to be sent, and what came of it. */
struct send_ring_entry {
	int fd;
	const void *data;         /* borrowed until it was submitted */
	size_t len;               /* bytes */
	const struct netaddr *to; /* borrowed until it was submitted */
	int result;               /* bytes sent, or a negative errno; EINPROGRESS: unknown */
};

/* capacity: entries of one submit, a power of two. SBC_EIO: the system has no such thing or
 * does not allow it; SBC_ENOMEM. */
int send_ring_new(struct send_ring **out, unsigned capacity);
void send_ring_free(struct send_ring *ring); /* NULL is allowed */

/* count: at most capacity. False: the ring is of no use any more. Always on one thread, which
 * need not be the one that made it. */
bool send_ring_submit(struct send_ring *ring, struct send_ring_entry *entries, unsigned count);

#endif
