/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_WITNESS_H
#define SBC_WITNESS_H

#include "sbc/call_trace.h"
#include "sbc/config.h"
#include "sbc/history.h"
#include "sbc/sbc.h"
#include "sbc/trace.h"

/*
 * What is written down of what goes on, and where: the SIP trace and the call records (files,
 * a database), the history (memory). It hears of every message, leg, log line and record, and
 * nobody hears of it. Signalling thread; private to the sbc room.
 */
struct witness;

/* config and log are borrowed. err and one sentence in fault: SBC_EIO, SBC_ENOMEM. */
int witness_open(struct witness **out, const struct config *config, struct log *log,
	char *fault, size_t fault_size);
/* Writes what waits, then frees. NULL is allowed. */
void witness_close(struct witness *witness);

struct witness_message {
	bool is_incoming;
	enum transport_kind transport;
	const char *local; /* sent-by of our listener */
	struct netaddr peer;
	struct slice bytes;
};
void witness_message(struct witness *witness, const struct witness_message *message);
void witness_leg(struct witness *witness, const struct sbc_leg_note *leg);
void witness_record(struct witness *witness, uint64_t number, struct slice json);

/* Borrowed; NULL: none is kept. */
const struct history *witness_history(const struct witness *witness);

/* A line of the key log (lab.key_log). Any thread. */
void witness_secret(struct witness *witness, struct slice line);

/* Borrowed; NULL: the configuration says nowhere to write to. */
struct call_trace *witness_call_trace(const struct witness *witness);

/* Of files that are not configured: zeroes. */
struct witness_counters {
	struct trace_counters sip_trace;
	struct trace_counters call_records;
	struct trace_counters call_records_sqlite;
	struct call_trace_counters call_trace;
};
void witness_counters(const struct witness *witness, struct witness_counters *out);

#endif
