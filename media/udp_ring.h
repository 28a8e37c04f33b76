/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_UDP_RING_H
#define MEDIA_UDP_RING_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/netaddr.h"

/*
 * Many datagrams over many sockets in one system call, by Linux's io_uring (6.1 or newer).
 * Nothing stays behind in the kernel between two calls: nothing waits, so each datagram is
 * done or refused when the call returns. Should one not be, the wait for it has an end, and
 * the ring has one with it. One thread.
 */
struct udp_ring;

/* A datagram, and what came of it. */
struct udp_ring_entry {
	int fd;
	void *data; /* borrowed for the call */
	size_t len; /* bytes to be sent, or the room to receive into */
	struct netaddr
		*peer;     /* borrowed for the call; to (unset: as connected), or out: from */
	int result;        /* bytes, a negative errno, or one of the two below */
	bool is_truncated; /* out, received: there was more than the room takes */
};

#define UDP_RING_UNTOUCHED (-ECANCELED)   /* the system took no notice of it */
#define UDP_RING_UNKNOWN   (-EINPROGRESS) /* it was taken, and never told of again */

/* io_uring_enter(2) with its arguments; negative: see errno. Another one is a test's. */
typedef int(udp_ring_enter_h)(unsigned fd, unsigned submit, unsigned wait, unsigned flags,
	const void *arg, size_t arg_len);

/* capacity: entries of one call, a power of two. enter: NULL is the system's. SBC_EIO: the
 * system has no such thing or does not allow it; SBC_ENOMEM. */
int udp_ring_new(struct udp_ring **out, unsigned capacity, udp_ring_enter_h *enter);
/* After udp_ring_close(), or on any thread when the one that used it has ended. NULL is
 * allowed. */
void udp_ring_free(struct udp_ring *ring);

/* count: at most capacity. False: an entry is UNKNOWN after the longest wait there is (5 ms),
 * or the ring failed: it is of no use any more. What was to be done with an UNKNOWN one may
 * still happen, so neither its bytes nor the ring may be freed before udp_ring_close() and
 * some time. Always on one thread, which need not be the one that made it. */
bool udp_ring_send(struct udp_ring *ring, struct udp_ring_entry *entries, unsigned count);
bool udp_ring_receive(struct udp_ring *ring, struct udp_ring_entry *entries, unsigned count);
/* The using thread's last word: the system cancels what is still under way, soon. */
void udp_ring_close(struct udp_ring *ring);

#endif
