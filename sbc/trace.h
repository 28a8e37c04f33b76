/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_TRACE_H
#define SBC_TRACE_H

#include <stdbool.h>

#include "base/log.h"
#include "base/netaddr.h"
#include "base/slice.h"
#include "sbc/transport.h"

struct iovec;

/*
 * JSON Lines files: the SIP trace and the call records. Lines wait in a bounded queue for a
 * thread that writes them: no loop ever waits for a disk. What a full or broken disk does not
 * take stays in the queue and is tried again each second. Private to the sbc room.
 */
struct trace;

/* Where lines go. On the writer's thread but for close. */
struct trace_sink {
	/* How many of count lines, from the first on, are kept; not all: *why, static or good
	 * until the next call, and the others are given again later. */
	int (*append)(void *arg, const struct iovec *lines, int count, const char **why);
	void (*close)(void *arg);
	void *arg; /* the trace's, once it is open */
};

struct trace_setup {
	const char *path; /* copied; without a sink: appended to, made when absent */
	const struct trace_sink *sink; /* copied; NULL: the file itself */
	const char *name;              /* in log lines; static */
	struct log *log;               /* borrowed; NULL: none */
	size_t queue_max; /* bytes that may wait for the disk; what comes then is dropped */
	unsigned mode;    /* of a file that is made; 0: 0640 */
	bool is_synced;   /* at once, and on the disk (fdatasync) before the next are written;
			     else what 20 ms collected, and the system syncs when it likes. A
			     sink syncs as it does, and hears of lines at once */
};

/* SBC_EIO, SBC_ENOMEM. */
int trace_open(struct trace **out, const struct trace_setup *setup);
/* Writes what waits, if the disk takes it, then frees. NULL is allowed. */
void trace_close(struct trace *trace);

/* One line without its end; copied. False: the queue was full and it was dropped. */
bool trace_line(struct trace *trace, struct slice json);
/* The same for a sink whose lines are something else: head and rest in one piece, as they
 * are. */
bool trace_put(struct trace *trace, struct slice head, struct slice rest);

/* Lines since the start. Any thread. */
struct trace_counters {
	uint64_t written;
	uint64_t waiting;
	uint64_t dropped;
	uint64_t failures; /* writings that the disk did not take whole */
	uint64_t is_failing;
};
void trace_counters(struct trace *trace, struct trace_counters *out);

/* One SIP message: {"time":seconds,"direction":"in","transport":"TLS","local":"...",
 * "peer":"...","message":"..."}. What proves a password is masked. */
struct trace_sip {
	bool is_incoming;
	enum transport_kind kind;
	const char *local; /* sent-by of our listener */
	struct netaddr peer;
	struct slice bytes;
};
void trace_sip(struct trace *trace, const struct trace_sip *message);

#endif
