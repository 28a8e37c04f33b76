/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_CALL_TRACE_H
#define SBC_CALL_TRACE_H

#include "base/clock.h"
#include "base/random.h"
#include "sbc/config.h"
#include "sbc/history.h"
#include "sbc/trace.h"

/*
 * Traces of single calls, switched on by command: the SIP of calls that a filter takes goes to
 * a HEP server and into a pcap file, from the first message on that the history still has.
 * Each trace ends by itself: at a deadline, or when the last of so many calls is over. What
 * proves a password and what is a key of media is masked. Signalling thread; private to the
 * sbc room.
 */
struct call_trace;

#define CALL_TRACE_MAX        8   /* traces at once */
#define CALL_TRACE_CALLS_MAX  100 /* of one trace */
#define CALL_TRACE_FILTER_MAX 256 /* bytes */
#define CALL_TRACE_SECONDS    86400

/* What is known of a live call. Slices are borrowed for the call. */
struct call_trace_facts {
	struct slice from, to; /* URIs */
	struct slice peer[2];  /* names, by leg; empty: not known yet */
	struct slice call_id[2];
};
/* False: no such call is live. */
typedef bool(call_trace_facts_h)(uint64_t number, struct call_trace_facts *out, void *arg);

/* config->trace says where to. log and history (may be NULL) are borrowed. SBC_EIO and a
 * sentence in fault; SBC_ENOMEM. */
int call_trace_open(struct call_trace **out, const struct config *config, struct log *log,
	const struct history *history, const struct random_source *random, char *fault,
	size_t fault_size);
void call_trace_close(struct call_trace *trace); /* NULL is allowed */

struct call_trace_order {
	struct slice filter; /* "from=+49* to=bob peer=biloxi"; "c17" or a Call-ID */
	unsigned seconds;    /* 1 to CALL_TRACE_SECONDS */
	unsigned calls;      /* 1 to CALL_TRACE_CALLS_MAX */
	call_trace_facts_h *facts;
	void *arg; /* borrowed, as long as traces run */
};
/* Texts are good until the next start. */
struct call_trace_info {
	uint64_t id;
	const char *filter;
	unsigned seconds_left;
	unsigned calls, calls_max;
	uint64_t messages;
	const char *file; /* path; "": none */
	const char *hep;  /* address; "": none */
};
/* NULL: it runs (or has shown all there was of a call that is over), and *out tells of it; else
 * why not (static). */
const char *call_trace_start(struct call_trace *trace, const struct call_trace_order *order,
	usec_t now, struct call_trace_info *out);
/* id 0: all. How many. */
unsigned call_trace_stop(struct call_trace *trace, uint64_t id);
/* index: below CALL_TRACE_MAX; false: none there. */
bool call_trace_at(
	struct call_trace *trace, unsigned index, usec_t now, struct call_trace_info *out);

/* ---- what it hears ---- */

/* entry: as for history_message(). */
void call_trace_message(
	struct call_trace *trace, const struct history_entry *entry, usec_t now);
/* A leg begins; after the history was told. */
void call_trace_leg(
	struct call_trace *trace, uint64_t number, struct slice call_id, usec_t now);
void call_trace_ended(struct call_trace *trace, uint64_t number);

struct call_trace_counters {
	struct trace_counters
		pcap; /* orders to the writer: packets, and files' begin and end */
	uint64_t hep_sent;
	uint64_t hep_failed;
};
void call_trace_counters(const struct call_trace *trace, struct call_trace_counters *out);

#endif
