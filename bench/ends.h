/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BENCH_ENDS_H
#define BENCH_ENDS_H

#include "base/buf.h"
#include "base/netaddr.h"
#include "base/timers.h"
#include "bench/signer.h"
#include "bench/sip_lite.h"

/*
 * Both ends of many calls: callers behind one UDP socket, callees behind another, and one
 * that only asks OPTIONS behind a third. A call is INVITE, 180, 200 after a while, ACK, BYE,
 * 200; each end sends again what got no answer (RFC 3261 section 17, on UDP) and the callee
 * knows its call by the user part of the Request-URI.
 */
#define END_CALLS_MAX 65536
#define END_ANSWER_MS 20    /* ringing: long enough that a proxy does not change the order */
#define END_TEXT_MAX  4096  /* bytes of one message */
#define LATENCY_BINS  20000 /* of 100 microseconds */

enum end_socket { END_CALLER, END_CALLEE, END_PROBE, END_SOCKET_COUNT };

struct latency {
	uint32_t bins[LATENCY_BINS]; /* the last one has the rest */
	uint64_t count;
};
/* Milliseconds below which that share lies. */
double latency_at(const struct latency *latency, double share);

/* Of calls that began since the last reset. */
struct end_counts {
	uint64_t started, answered, completed;
	uint64_t refused; /* 503 with Retry-After */
	uint64_t failed;  /* any other refusal, or no answer */
	uint64_t resent;  /* messages that we had to send again */
	uint64_t hung_up; /* whenever they began */
	uint64_t probes, probes_answered;
	unsigned last_code; /* of a failed one */
	struct latency ring, bye, refusal, probe;
};

enum end_state { END_IDLE, END_INVITED, END_PROCEEDING, END_UP, END_LEAVING };

struct end_call {
	struct ends *ends; /* parent */
	uint32_t index, generation;
	/* the caller */
	enum end_state state;
	bool is_counted; /* began since the last reset */
	usec_t sent_at, interval, deadline;
	usec_t hold; /* 0: until it is told */
	struct timer timer;
	char to[256], target[160], route[256];
	/* the callee */
	bool is_answering;
	usec_t callee_interval, callee_deadline;
	struct timer callee_timer;
	struct buf ok; /* owned: its 200 */
};

struct ends {
	int fds[END_SOCKET_COUNT];
	struct netaddr locals[END_SOCKET_COUNT];
	struct netaddr target;  /* the server under test */
	char domain[64];        /* of callers */
	struct end_call *calls; /* owned */
	uint32_t *idle;         /* owned: indexes */
	uint32_t idle_count;
	uint32_t probe_number;
	uint64_t flood_number;
	struct timers timers;
	usec_t now;
	struct signer *signer; /* owned: of calls; NULL: they are not signed */
	usec_t *probe_sent;    /* owned; END_CALLS_MAX, by number */
	struct buf text;       /* scratch */
	struct end_counts counts;
};

/* hosts: of the three sockets. SBC_EIO, SBC_ENOMEM, SBC_EPARSE. */
int ends_init(struct ends *ends, const char *const hosts[END_SOCKET_COUNT]);
void ends_fini(struct ends *ends);
/* A new call that ends after hold; 0: ends_hang_up() does it. SBC_ELIMIT. */
int ends_call(struct ends *ends, usec_t hold);
/* An INVITE whose caller is never heard of again. */
void ends_flood(struct ends *ends);
void ends_probe(struct ends *ends);
/* At most count of the calls that stand; how many they were. */
unsigned ends_hang_up(struct ends *ends, unsigned count);
/* Calls under way. */
unsigned ends_busy(const struct ends *ends);
/* Takes in all that waits, and runs what is due. */
void ends_turn(struct ends *ends, usec_t now);
void ends_reset(struct ends *ends);

/* Timer handlers, for ends_init(). */
void end_caller_due(struct timer *timer, usec_t now, void *arg);
void end_callee_due(struct timer *timer, usec_t now, void *arg);

#endif
