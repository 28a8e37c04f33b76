/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_UDP_IO_H
#define MEDIA_UDP_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "base/clock.h"
#include "base/counters.h"
#include "base/netaddr.h"
#include "media/udp_ring.h"

/* Datagrams that are sent together at most; a power of two. More gain nothing measurable. */
#define UDP_BATCH_MAX 64
/* Bytes of a datagram; longer ones are told as truncated. Ethernet's 1500 and some room. */
#define UDP_PACKET_MAX 2048
/* Datagrams put off at most, about a hundred milliseconds of public-key work. */
#define UDP_DEFERRED_MAX 256

struct udp_deferred;
struct udp_socket;

/* A datagram in the loop's own buffers. data begins on a boundary of 16 bytes, and behind
 * UDP_PACKET_MAX there is room for what SRTP adds. */
struct udp_packet {
	struct netaddr peer; /* received: from; to be sent: to; unset: where the socket is
				connected to */
	uint8_t *data;       /* borrowed from the udp_io */
	size_t len;
	bool is_truncated;
};

/* The system's side. Another one is a test's. Neither ever blocks. */
struct udp_ops {
	/* One datagram; false: none is waiting. */
	bool (*receive)(int fd, struct udp_packet *packet);
	/* Did the socket take it? */
	bool (*send)(int fd, const struct udp_packet *packet);
};
extern const struct udp_ops udp_ops_system; /* recvfrom, sendto */

struct udp_queued {
	int fd;
	struct udp_packet *packet;
	uint64_t *sent;    /* borrowed; one of them counts it */
	uint64_t *dropped; /* borrowed */
};

/* A datagram that was put off. packet is borrowed for the call. */
typedef void(udp_deferred_h)(struct udp_socket *socket, struct udp_packet *packet, usec_t now);

struct udp_io_config {
	const struct udp_ops *ops; /* borrowed, constant */
	bool want_ring;            /* io_uring, when the system has it */
	udp_ring_enter_h *enter;   /* NULL: the system's */
	/* How long a busy loop may let datagrams wait so that one wake-up serves many; 0:
	 * never. */
	usec_t coalesce;
	udp_deferred_h *on_deferred; /* NULL: nothing is ever deferred */
};

/*
 * One loop's buffers and its queue of what is to be sent: by a ring of the system for many
 * sockets at once where there is one, else socket by socket. One thread.
 */
struct udp_io {
	struct udp_io_config config;
	void *block;           /* owned; the packets' bytes; NULL: to be made anew */
	struct udp_ring *ring; /* owned; NULL: none */
	struct udp_packet packets[UDP_BATCH_MAX];
	struct udp_socket *ready[UDP_BATCH_MAX]; /* borrowed; NULL: closed since */
	struct udp_queued queue[UDP_BATCH_MAX];
	unsigned ready_count; /* sockets that something waits at */
	unsigned queued;      /* packets to be sent */
	usec_t now;           /* when this turn's first packet was taken up; 0: none yet */
	usec_t began;         /* the same, at the turn's end */
	usec_t before;        /* the same of the last turn that was one */
	struct udp_deferred *deferred; /* owned; a ring */
	unsigned deferred_first, deferred_count;
	struct counter has_ring;    /* 0 or 1: of how it began */
	struct counter rings_lost;  /* 0 or 1: the ring failed, the loop went on without */
	struct udp_ring *lost_ring; /* owned; the system may still have to do with it */
	void *lost_block;           /* owned; likewise */

	uv_loop_t *loop; /* borrowed; NULL: not attached */
	uv_check_t check;
	uv_idle_t idle; /* runs while something is deferred */
};

/* SBC_ENOMEM. */
int udp_io_init(struct udp_io *io, const struct udp_io_config *config);
/* When detached and its loop is closed. */
void udp_io_fini(struct udp_io *io);

/* Its turns are the loop's turns from now on. */
void udp_io_attach(struct udp_io *io, uv_loop_t *loop);
/* Asynchronous: the loop closes two handles. */
void udp_io_detach(struct udp_io *io);

/* The packet belongs to the batch being handled and goes out at its end; once each. */
void udp_io_queue(struct udp_io *io, const struct udp_queued *entry);
void udp_io_flush(struct udp_io *io);

/* For the very end of a turn, before the loop waits: sleeps when the loop is busy and nothing
 * is waiting, for at most config.coalesce since its last packets came. */
void udp_io_rest(struct udp_io *io);

/* now is taken once a turn. */
typedef void(udp_receive_h)(struct udp_packet *packet, usec_t now, void *arg);
typedef void(udp_closed_h)(void *arg);

/* A bound non-blocking socket on a loop. Embedded. */
struct udp_socket {
	int fd;            /* owned; -1: none */
	bool is_open;      /* the loop knows it */
	bool is_connected; /* hears and reaches one address alone */
	struct udp_io *io; /* borrowed */
	udp_receive_h *_receive;
	void *_arg; /* borrowed */
	udp_closed_h *_closed;
	uv_poll_t _poll;
};

/* Takes over fd, to be opened later or only closed: what comes waits in the system's buffer
 * until then. */
void udp_socket_reserve(struct udp_socket *socket, struct udp_io *io, int fd);
/* Takes over fd, also on error. SBC_EIO. */
int udp_socket_open(struct udp_socket *socket, uv_loop_t *loop, struct udp_io *io, int fd);
void udp_socket_start(struct udp_socket *socket, udp_receive_h *receive, void *arg);
/* closed runs later on the loop, when fd is closed; for one that never opened, at once. What
 * was deferred of it is forgotten. */
void udp_socket_close(struct udp_socket *socket, udp_closed_h *closed, void *arg);
/* At once, beside the queue. SBC_EIO. */
int udp_socket_send(
	struct udp_socket *socket, const struct netaddr *to, const uint8_t *bytes, size_t len);
/* Holds the socket to one address: the system keeps the route, which saves 4 % of what a
 * packet costs, and lets nobody else in. Only for one that was bound to its port by number:
 * the system takes back what it chose itself. SBC_EIO: it stays as it was. */
int udp_socket_connect(struct udp_socket *socket, const struct netaddr *to);
/* Hears everybody again. What was not connected stays so. */
void udp_socket_disconnect(struct udp_socket *socket);
/* Keeps a copy for later: what takes long is worked on one datagram a turn, so that media does
 * not wait for it. SBC_ELIMIT. */
int udp_socket_defer(struct udp_socket *socket, const struct udp_packet *packet);

#endif
