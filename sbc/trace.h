/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_TRACE_H
#define SBC_TRACE_H

#include <stdbool.h>

#include "base/netaddr.h"
#include "base/slice.h"
#include "sbc/transport.h"

/*
 * JSON Lines files: the SIP trace and the call records. Lines wait in a bounded queue for a
 * thread that writes them: no loop ever waits for a disk. Private to the sbc room.
 */
struct trace;

/* Appends to path (0640). SBC_EIO, SBC_ENOMEM. */
int trace_open(struct trace **out, const char *path);
/* Writes what waits, then frees. NULL is allowed. */
void trace_close(struct trace *trace);

/* One line without its end; copied. False: the queue was full and it was dropped. */
bool trace_line(struct trace *trace, struct slice json);
uint64_t trace_dropped(struct trace *trace);

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
