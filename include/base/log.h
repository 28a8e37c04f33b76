/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdint.h>

#include "base/clock.h"
#include "base/slice.h"

struct log;

/*
 * error: an operator must act. warn: a peer misbehaved or a limit was reached. info: calls
 * start and end, registrations, start and stop. debug: every change of state.
 */
enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/*
 * Lines go through a bounded queue to a thread of the log's own that writes them to fd:
 * writing never blocks a loop; what does not fit is dropped and counted, and the count is
 * written as soon as there is room. fd is borrowed. A line begins with its time, or, when fd
 * leads to journald (JOURNAL_STREAM), with its priority as sd-daemon(3) has it.
 */
int log_open(struct log **out, int fd, enum log_level level);
/* Writes what is queued, then frees. NULL is allowed. */
void log_close(struct log *log);

void log_set_level(struct log *log, enum log_level level);
/* Any thread. log NULL: LOG_INFO. */
enum log_level log_get_level(struct log *log);
int log_level_parse(enum log_level *out, struct slice word);
const char *log_level_name(enum log_level level); /* "error", ... */

/*
 * One line: time, level, room, event, then the formatted key=value pairs. Control bytes in
 * it are written as '?', so that nobody can forge a line. Any thread; log may be NULL.
 */
void log_event(struct log *log, enum log_level level, const char *room, const char *event,
	const char *format, ...) __attribute__((format(printf, 5, 6)));

/* What others wrote, for a pair's quotes: with ' for ", so that it cannot end them and begin
 * pairs of its own; cut where it is long. Returns out. */
#define LOG_TEXT_MAX 256
const char *log_text(char out[LOG_TEXT_MAX], struct slice text);

/*
 * Every line of the thread that calls this, debug lines too, whatever the level: its text
 * without time and priority ("info sbc call.start call=c17 ..."), control bytes defused.
 * Before others log; tap NULL ends it.
 */
typedef void(log_tap_h)(enum log_level level, struct slice text, void *arg);
void log_set_tap(struct log *log, log_tap_h *tap, void *arg);

/* Lets through burst events at once and then one an interval; counts what it held back.
 * Zeroed memory is a fresh one. */
struct log_limit {
	usec_t _next;
	uint64_t held; /* held back since the last one let through */
	unsigned _burst_used;
};
bool log_limit_pass(struct log_limit *limit, usec_t now, unsigned burst, usec_t interval);

#endif
