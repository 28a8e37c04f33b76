/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Log lines through a bounded ring to a writer thread, so that a slow terminal or disk
 * never stops a loop. Any thread may write a line; a short lock guards the ring (no packet
 * path logs). What does not fit is dropped, counted, and the count told.
 */

#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <sys/stat.h>

#include <uv.h>

#include "base/err.h"
#include "base/format.h"
#include "base/mem.h"

#define LINE_MAX_LEN 1024                     /* bytes; a longer line is cut */
#define LINE_COUNT   512                      /* waiting lines */
#define BATCH_LEN    16384                    /* bytes written at once */
#define NAP_NS       (20 * UINT64_C(1000000)) /* between two writings */

struct log_line {
	uint16_t len;
	char text[LINE_MAX_LEN];
};

struct log {
	int fd;
	bool is_journal; /* fd leads to journald, which notes the time itself */
	_Atomic int level;
	log_tap_h *tap; /* of the thread below, which alone looks at it while it is set */
	void *tap_arg;
	uv_thread_t tap_thread;
	uv_mutex_t lock;
	uv_cond_t wake;
	uv_thread_t writer;
	size_t head, tail; /* under lock */
	uint64_t dropped;  /* under lock */
	bool is_closing;   /* under lock */
	bool is_idle;      /* under lock: the writer waits to be woken */
	struct log_line lines[LINE_COUNT];
};

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static const int level_priorities[] = {3, 4, 6, 7}; /* syslog(3); its names are as ours */

static void write_all(int fd, const char *at, size_t len)
{
	while (len) {
		ssize_t n = write(fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* nobody to tell it to */
		at += n;
		len -= (size_t)n;
	}
}

static void tell_dropped(struct log *log, uint64_t dropped)
{
	char text[80];
	int n = snprintf(text, sizeof(text), "%swarn base log.dropped lines=%llu\n",
		log->is_journal ? "<4>" : "", (unsigned long long)dropped);

	write_all(log->fd, text, (size_t)n);
}

/* As many waiting lines as fit into out: bytes. Under lock. */
static size_t take_lines(struct log *log, char out[BATCH_LEN])
{
	size_t len = 0;

	while (log->tail != log->head) {
		const struct log_line *line = &log->lines[log->tail % LINE_COUNT];

		if (line->len > BATCH_LEN - len)
			break;
		memcpy(out + len, line->text, line->len);
		len += line->len;
		log->tail++;
	}
	return len;
}

/* The first line after a silence is written at once; a stream of them wakes nobody: it is
 * collected every 20 ms, or when the ring is half full. */
static void writer_main(void *arg)
{
	struct log *log = arg;
	char batch[BATCH_LEN];
	uint64_t dropped;
	size_t len;

	uv_mutex_lock(&log->lock);
	for (;;) {
		log->is_idle = true;
		while (log->head == log->tail && !log->is_closing)
			uv_cond_wait(&log->wake, &log->lock);
		log->is_idle = false;
		if (log->head == log->tail)
			break;
		len = take_lines(log, batch);
		dropped = log->dropped;
		log->dropped = 0;
		uv_mutex_unlock(&log->lock);
		write_all(log->fd, batch, len);
		if (dropped)
			tell_dropped(log, dropped);
		uv_mutex_lock(&log->lock);
		if (log->head == log->tail && !log->is_closing)
			uv_cond_timedwait(&log->wake, &log->lock, NAP_NS);
	}
	uv_mutex_unlock(&log->lock);
}

/* JOURNAL_STREAM has the device and inode of the stream that journald gave us
 * (systemd.exec(5)): fd may have been led elsewhere since. */
static bool is_journal(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char own[48];
	struct stat st;

	if (!stream || fstat(fd, &st))
		return false;
	snprintf(own, sizeof(own), "%llu:%llu", (unsigned long long)st.st_dev,
		(unsigned long long)st.st_ino);
	return strcmp(own, stream) == 0;
}

int log_open(struct log **out, int fd, enum log_level level)
{
	struct log *log = mem_alloc(sizeof(*log));

	if (!log)
		return SBC_ENOMEM;
	log->fd = fd;
	log->is_journal = is_journal(fd);
	atomic_init(&log->level, (int)level);
	if (uv_mutex_init(&log->lock))
		goto fail_mutex;
	if (uv_cond_init(&log->wake))
		goto fail_cond;
	if (uv_thread_create(&log->writer, writer_main, log))
		goto fail_thread;
	*out = log;
	return 0;

fail_thread:
	uv_cond_destroy(&log->wake);
fail_cond:
	uv_mutex_destroy(&log->lock);
fail_mutex:
	mem_free(log);
	return SBC_ENOMEM;
}

void log_close(struct log *log)
{
	if (!log)
		return;
	uv_mutex_lock(&log->lock);
	log->is_closing = true;
	uv_cond_signal(&log->wake);
	uv_mutex_unlock(&log->lock);
	uv_thread_join(&log->writer);
	if (log->dropped)
		tell_dropped(log, log->dropped);
	uv_cond_destroy(&log->wake);
	uv_mutex_destroy(&log->lock);
	mem_free(log);
}

void log_set_level(struct log *log, enum log_level level)
{
	atomic_store_explicit(&log->level, (int)level, memory_order_relaxed);
}

enum log_level log_get_level(struct log *log)
{
	return log ? (enum log_level)log->level : LOG_INFO;
}

const char *log_level_name(enum log_level level)
{
	return level_names[level];
}

int log_level_parse(enum log_level *out, struct slice word)
{
	for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
		if (slice_equal(word, slice_str(level_names[i]))) {
			*out = (enum log_level)i;
			return 0;
		}
	}
	return SBC_EPARSE;
}

/* "2026-11-24T14:30:48.123Z ", or "<6>" for journald, sd-daemon(3). */
static size_t print_head(const struct log *log, char *out, size_t size, enum log_level level)
{
	struct timespec ts;
	struct tm tm;
	size_t n;
	int rest;

	if (log->is_journal) {
		rest = snprintf(out, size, "<%d>", level_priorities[level]);
		return rest < 0 ? 0 : (size_t)rest;
	}
	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	n = strftime(out, size, "%Y-%m-%dT%H:%M:%S", &tm);
	rest = snprintf(out + n, size - n, ".%03ldZ ", ts.tv_nsec / 1000000);
	return rest < 0 ? n : n + (size_t)rest;
}

/* What snprintf() wrote at most, of what it says that it would have. */
static size_t written(int n, size_t size)
{
	return n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
}

/* Control bytes could forge a line or a terminal sequence. */
static void defuse(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			text[i] = '?';
	}
}

const char *log_text(char out[LOG_TEXT_MAX], struct slice text)
{
	size_t len = text.len < LOG_TEXT_MAX ? text.len : LOG_TEXT_MAX - 1;

	for (size_t i = 0; i < len; i++)
		out[i] = text.ptr[i];
	for (size_t i = 0; i < len; i++) {
		if (out[i] == '"')
			out[i] = '\'';
	}
	out[len] = '\0';
	return out;
}

static void enqueue(struct log *log, const struct log_line *line)
{
	uv_mutex_lock(&log->lock);
	if (log->head - log->tail == LINE_COUNT) {
		log->dropped++;
	} else {
		struct log_line *slot = &log->lines[log->head % LINE_COUNT];
		slot->len = line->len;
		memcpy(slot->text, line->text, line->len);
		log->head++;
		if (log->is_idle || log->head - log->tail == LINE_COUNT / 2)
			uv_cond_signal(&log->wake);
	}
	uv_mutex_unlock(&log->lock);
}

void log_set_tap(struct log *log, log_tap_h *tap, void *arg)
{
	log->tap_thread = uv_thread_self();
	log->tap_arg = arg;
	log->tap = tap;
}

static bool is_tapped(const struct log *log)
{
	uv_thread_t self = uv_thread_self();

	return log->tap && uv_thread_equal(&self, &log->tap_thread);
}

void log_event(struct log *log, enum log_level level, const char *room, const char *event,
	const char *format, ...)
{
	struct log_line line;
	const size_t size = sizeof(line.text) - 1; /* and the line's end */
	bool is_written, has_tap;
	size_t head, len;
	va_list args;

	if (!log)
		return;
	is_written = (int)level <= atomic_load_explicit(&log->level, memory_order_relaxed);
	has_tap = is_tapped(log);
	if (!is_written && !has_tap)
		return;
	head = len = is_written ? print_head(log, line.text, size, level) : 0;
	len += written(snprintf(line.text + len, size - len, "%s %s %s ", level_names[level],
			       room, event),
		size - len);
	va_start(args, format);
	len += written(format_print(line.text + len, size - len, format, args), size - len);
	va_end(args);
	defuse(line.text, len);
	if (has_tap)
		log->tap(level, slice_of(line.text + head, len - head), log->tap_arg);
	if (!is_written)
		return;
	line.text[len++] = '\n';
	line.len = (uint16_t)len;
	enqueue(log, &line);
}

bool log_limit_pass(struct log_limit *limit, usec_t now, unsigned burst, usec_t interval)
{
	if (now >= limit->_next + interval * (usec_t)burst)
		limit->_burst_used = 0;
	if (limit->_burst_used < burst) {
		limit->_burst_used++;
		limit->_next = now + interval;
		return true;
	}
	if (now >= limit->_next) {
		limit->_next = now + interval;
		return true;
	}
	limit->held++;
	return false;
}
