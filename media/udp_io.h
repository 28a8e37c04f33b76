/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_UDP_IO_H
#define MEDIA_UDP_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "base/clock.h"
#include "base/netaddr.h"

/* Datagrams of one receive call. Under load larger ones gain nothing measurable. */
#define UDP_BATCH_MAX 32
/* Bytes of a datagram; longer ones are told as truncated. Ethernet's 1500 and some room. */
#define UDP_PACKET_MAX 2048

/* A datagram in the loop's own buffers. data begins on a boundary of 16 bytes, and behind
 * UDP_PACKET_MAX there is room for what SRTP adds. */
struct udp_packet {
	struct netaddr peer; /* received: from; to be sent: to */
	uint8_t *data;       /* borrowed from the udp_io */
	size_t len;
	bool is_truncated;
};

/* The system's side. Another one is a test's. */
struct udp_ops {
	/* Datagrams received, at most count; 0: none are waiting. Never blocks. */
	unsigned (*receive)(int fd, struct udp_packet *packets, unsigned count);
	/* How many of them the socket took, from the first on. Never blocks. */
	unsigned (*send)(int fd, struct udp_packet *const *packets, unsigned count);
};
extern const struct udp_ops udp_ops_mmsg; /* recvmmsg, sendmmsg */

struct udp_queued {
	int fd;
	struct udp_packet *packet;
	uint64_t *sent;    /* borrowed; one of them counts it */
	uint64_t *dropped; /* borrowed */
};

/* One loop's buffers. One thread. */
struct udp_io {
	const struct udp_ops *ops; /* borrowed, constant */
	void *block;               /* owned; the packets' bytes */
	struct udp_packet packets[UDP_BATCH_MAX];
	struct udp_queued queue[UDP_BATCH_MAX];
	unsigned queued;
};

/* SBC_ENOMEM. */
int udp_io_init(struct udp_io *io, const struct udp_ops *ops);
void udp_io_fini(struct udp_io *io);

/* The packet belongs to the batch being handled; it goes out with udp_io_flush(). */
void udp_io_queue(struct udp_io *io, const struct udp_queued *entry);
void udp_io_flush(struct udp_io *io);

/* packets: a batch in io's buffers, for the call. What was queued is flushed after it. */
typedef void(udp_receive_h)(struct udp_packet *packets, unsigned count, usec_t now, void *arg);
typedef void(udp_closed_h)(void *arg);

/* A bound non-blocking socket on a loop. Embedded. */
struct udp_socket {
	uv_poll_t _poll;
	struct udp_io *io; /* borrowed */
	int fd;            /* owned; -1: none */
	bool is_open;      /* the loop knows it */
	udp_receive_h *_receive;
	udp_closed_h *_closed;
	void *_arg; /* borrowed */
};

/* Takes over fd, also on error. SBC_EIO. */
int udp_socket_open(struct udp_socket *socket, uv_loop_t *loop, struct udp_io *io, int fd);
void udp_socket_start(struct udp_socket *socket, udp_receive_h *receive, void *arg);
/* closed runs later on the loop, when fd is closed; also for one that never opened. */
void udp_socket_close(struct udp_socket *socket, udp_closed_h *closed, void *arg);
/* At once, beside the queue. SBC_EIO. */
int udp_socket_send(
	struct udp_socket *socket, const struct netaddr *to, const uint8_t *bytes, size_t len);

#endif
