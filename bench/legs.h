/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BENCH_LEGS_H
#define BENCH_LEGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/netaddr.h"
#include "media/certificate.h"
#include "media/crypto_context.h"
#include "media/dtls.h"

/*
 * The peers of the relay under test: two legs a session, all legs of a side behind one
 * socket. A leg is told by the relay's port, keyed by a DTLS handshake of its own (or by keys
 * both ends know beforehand), and checks every packet that comes back.
 */
#define LEG_SESSIONS_MAX 4096
#define LEG_PAYLOAD      160 /* bytes: 20 ms of G.711 */
#define LEG_PACKET       (12 + LEG_PAYLOAD)
#define LATENCY_BINS     200000 /* of a microsecond */

struct leg {
	struct legs *legs; /* parent */
	struct netaddr relay;
	unsigned index; /* 2 * session + side */
	struct dtls_assoc *assoc;
	struct crypto_context *in, *out;
	bool has_failed;
	uint32_t sent;
	uint32_t awaited;  /* number of the next packet of the other leg */
	uint32_t received; /* in this row */
};

struct leg_counts {
	uint64_t sent, received;
	uint64_t bad;       /* does not verify, or another content */
	uint64_t late;      /* behind one that was sent after it */
	uint64_t latency_n; /* in the bins; above them in the last */
};

struct legs {
	int fds[2];               /* of side A, of side B */
	struct netaddr locals[2]; /* where they are bound */
	uint16_t port_first[2];
	struct certificate certificate;
	struct media_config config;
	struct dtls_context *dtls;
	struct leg *list;      /* owned; 2 * LEG_SESSIONS_MAX */
	uint16_t *by_port[2];  /* owned; 1 + index of the leg; 0: none */
	unsigned count;        /* legs */
	unsigned connected;    /* of them */
	unsigned failed;       /* of them */
	unsigned next_connect; /* the first one that has not begun */
	uint32_t *latency;     /* owned; LATENCY_BINS */
	struct leg_counts counts;
};

/* profile: an enum media_srtp_profile; host: where to bind. SBC_EINVAL, SBC_ENOMEM, SBC_EIO. */
int legs_init(struct legs *legs, unsigned profile, const char *host);
void legs_fini(struct legs *legs);

/* A session more, by the relay's ports. SBC_ELIMIT, SBC_EINVAL. */
int legs_add(struct legs *legs, const char *host, unsigned port_a, unsigned port_b);
/* Keys the newest session as bench/preset.h says. */
int legs_preset(struct legs *legs);
/* Begins the next handshake; false: none is left. */
bool legs_begin_next(struct legs *legs);
/* Begun and neither done nor failed. */
unsigned legs_pending(const struct legs *legs);
/* Retransmissions. */
void legs_tick(struct legs *legs);

/* Reads all that waits at both sockets; returns datagrams. */
unsigned legs_receive(struct legs *legs);
/* One packet from each of the count legs from first on (wrapping in [0, limit)). */
void legs_send(struct legs *legs, unsigned first, unsigned count, unsigned limit);
/* Forgets what was counted. */
void legs_reset(struct legs *legs);
/* Microseconds below which the share of latencies lies. */
double legs_latency(const struct legs *legs, double share);

#endif
