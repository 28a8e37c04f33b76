/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Everything that is written down passes here. Signalling thread. */

#include "sbc/witness.h"

#include <stdio.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "sbc/record_db.h"
#include "sbc/trace.h"

#define TRACE_QUEUE_MAX  (4 << 20)  /* bytes that may wait for the disk */
#define RECORD_QUEUE_MAX (32 << 20) /* the same, some ten thousand records */

struct witness {
	struct log *log;         /* borrowed */
	struct trace *sip_trace; /* owned, as all below; NULL: none */
	struct trace *call_records;
	struct trace *call_records_sqlite;
	struct trace *key_log;
	struct history *history;
	struct call_trace *call_trace;
	struct log_limit record_limit;
};

/* "info sbc call.answer call=c17 leg=a ...": the call's own events name it first. */
static void on_line(enum log_level level, struct slice line, void *arg)
{
	struct witness *witness = arg;
	struct history_entry entry = {
		.kind = HISTORY_EVENT, .time_us = clock_wall_us(), .text = line};
	struct slice word;

	(void)level;
	slice_cut(&line, ' ');
	slice_cut(&line, ' ');
	slice_cut(&line, ' ');
	word = slice_cut(&line, ' ');
	if (!slice_starts(word, SLICE("call=")) ||
		!history_number(slice_from(word, strlen("call=")), &entry.call))
		return;
	if (slice_starts(line, SLICE("leg=")) && line.len > strlen("leg="))
		entry.leg = line.ptr[strlen("leg=")];
	history_note(witness->history, &entry);
}

static int open_file(
	struct trace **out, const struct trace_setup *setup, char *fault, size_t fault_size)
{
	int err = setup->path[0] ? trace_open(out, setup) : 0;

	if (err)
		snprintf(fault, fault_size, "cannot write %s", setup->path);
	return err;
}

static int append_rows(void *arg, const struct iovec *lines, int count, const char **why)
{
	return record_db_append(arg, lines, count, why);
}

static void close_database(void *arg)
{
	record_db_close(arg);
}

static int open_database(
	struct witness *witness, const char *path, char *fault, size_t fault_size)
{
	struct trace_sink sink = {.append = append_rows, .close = close_database};
	const struct trace_setup setup = {.path = path,
		.name = "call_records_sqlite",
		.sink = &sink,
		.log = witness->log,
		.queue_max = RECORD_QUEUE_MAX};
	struct record_db *db;
	int err = record_db_open(&db, path, fault, fault_size);

	if (err)
		return err;
	sink.arg = db;
	err = trace_open(&witness->call_records_sqlite, &setup);
	if (err)
		record_db_close(db);
	return err;
}

static int open_files(
	struct witness *witness, const struct config *config, char *fault, size_t fault_size)
{
	const struct trace_setup sip_trace = {.path = config->sip_trace,
		.name = "sip_trace",
		.log = witness->log,
		.queue_max = TRACE_QUEUE_MAX};
	const struct trace_setup call_records = {.path = config->call_records,
		.name = "call_records",
		.log = witness->log,
		.queue_max = RECORD_QUEUE_MAX,
		.is_synced = true};
	const struct trace_setup key_log = {.path = config->lab.key_log,
		.name = "key_log",
		.log = witness->log,
		.mode = 0600,
		.queue_max = TRACE_QUEUE_MAX};
	int err = open_file(&witness->sip_trace, &sip_trace, fault, fault_size);

	if (!err && key_log.path[0])
		log_event(witness->log, LOG_WARN, "sbc", "weak",
			"key_log=\"%s\" why=\"whoever reads it opens the media of all calls\"",
			key_log.path);
	err = err ? err : open_file(&witness->key_log, &key_log, fault, fault_size);

	err = err ? err : open_file(&witness->call_records, &call_records, fault, fault_size);
	if (!err && config->call_records_sqlite[0])
		err = open_database(witness, config->call_records_sqlite, fault, fault_size);
	return err;
}

static bool is_tracing(const struct config *config)
{
	return config->trace.pcap_dir[0] || netaddr_is_set(&config->trace.hep_address);
}

int witness_open(struct witness **out, const struct config *config, struct log *log,
	char *fault, size_t fault_size)
{
	const struct random_source random = random_system();
	struct witness *witness = mem_alloc(sizeof(*witness));
	int err = witness ? 0 : SBC_ENOMEM;

	if (err)
		return err;
	witness->log = log;
	err = open_files(witness, config, fault, fault_size);
	if (!err && config->history_kib)
		err = history_new(
			&witness->history, (size_t)config->history_kib * 1024, &random);
	if (!err && is_tracing(config))
		err = call_trace_open(&witness->call_trace, config, log, witness->history,
			&random, fault, fault_size);
	if (err) {
		witness_close(witness);
		return err;
	}
	if (witness->history)
		log_set_tap(log, on_line, witness);
	*out = witness;
	return 0;
}

void witness_close(struct witness *witness)
{
	if (!witness)
		return;
	if (witness->history)
		log_set_tap(witness->log, NULL, NULL);
	trace_close(witness->sip_trace);
	trace_close(witness->call_records);
	trace_close(witness->call_records_sqlite);
	trace_close(witness->key_log);
	call_trace_close(witness->call_trace);
	history_free(witness->history);
	mem_free(witness);
}

void witness_message(struct witness *witness, const struct witness_message *message)
{
	const struct trace_sip line = {.is_incoming = message->is_incoming,
		.kind = message->transport,
		.local = message->local,
		.peer = message->peer,
		.bytes = message->bytes};
	const struct history_entry entry = {.time_us = clock_wall_us(),
		.is_incoming = message->is_incoming,
		.transport = message->transport,
		.peer = message->peer,
		.local = slice_str(message->local),
		.text = message->bytes};

	if (witness->sip_trace)
		trace_sip(witness->sip_trace, &line);
	if (witness->history)
		history_message(witness->history, &entry);
	if (witness->call_trace)
		call_trace_message(witness->call_trace, &entry, clock_monotonic_us());
}

void witness_leg(struct witness *witness, const struct sbc_leg_note *leg)
{
	struct history_entry entry = {.kind = HISTORY_LEG,
		.time_us = clock_wall_us(),
		.leg = leg->leg,
		.text = leg->call_id};

	if (!history_number(leg->call, &entry.call))
		return;
	history_note(witness->history, &entry);
	if (witness->call_trace)
		call_trace_leg(
			witness->call_trace, entry.call, leg->call_id, clock_monotonic_us());
}

static bool keep(struct trace *trace, struct slice json)
{
	return !trace || trace_line(trace, json);
}

void witness_record(struct witness *witness, uint64_t number, struct slice json)
{
	const struct history_entry entry = {.kind = HISTORY_RECORD,
		.time_us = clock_wall_us(),
		.call = number,
		.text = json};
	bool is_kept;

	history_note(witness->history, &entry);
	if (witness->call_trace)
		call_trace_ended(witness->call_trace, number);
	is_kept = keep(witness->call_records, json);
	if (keep(witness->call_records_sqlite, json) && is_kept)
		return;
	if (log_limit_pass(&witness->record_limit, clock_monotonic_us(), 1, 10 * USEC_PER_SEC))
		log_event(witness->log, LOG_ERROR, "sbc", "record.dropped",
			"why=\"the disk does not keep up\" held=%llu",
			(unsigned long long)witness->record_limit.held);
}

const struct history *witness_history(const struct witness *witness)
{
	return witness->history;
}

void witness_secret(struct witness *witness, struct slice line)
{
	if (witness->key_log)
		trace_line(witness->key_log, line);
}

struct call_trace *witness_call_trace(const struct witness *witness)
{
	return witness->call_trace;
}

static void count_file(struct trace *trace, struct trace_counters *out)
{
	*out = (struct trace_counters){0};
	if (trace)
		trace_counters(trace, out);
}

void witness_counters(const struct witness *witness, struct witness_counters *out)
{
	count_file(witness->sip_trace, &out->sip_trace);
	count_file(witness->call_records, &out->call_records);
	count_file(witness->call_records_sqlite, &out->call_records_sqlite);
	out->call_trace = (struct call_trace_counters){0};
	if (witness->call_trace)
		call_trace_counters(witness->call_trace, &out->call_trace);
}
