/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON Lines files behind a bounded queue. trace_* on the signalling thread; a thread of
 * its own writes. */

#include "sbc/trace.h"

#include <signal.h>
#include <string.h>
#include <time.h>

#include <uv.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/list.h"
#include "base/mem.h"
#include "sbc/line_file.h"
#include "sbc/sip_peek.h"

#define NAP_NS     (20 * UINT64_C(1000000))   /* between two writings that are not synced */
#define RETRY_NS   (1000 * UINT64_C(1000000)) /* after one that failed */
#define REMIND_US  (60 * USEC_PER_SEC)        /* between log lines on one failure */
#define LINE_BYTES (4 * 65536 + 1024)         /* the largest message, every byte escaped */

struct line {
	struct list node;
	size_t len;
	char text[];
};

struct trace {
	struct trace_sink sink; /* the writer's */
	bool is_prompt;         /* lines are not collected first */
	const char *name;
	char *path; /* owned */
	struct log *log;
	size_t queue_max;
	uv_mutex_t lock;
	uv_cond_t wake;
	uv_thread_t writer;
	struct list lines; /* under lock, as all below; owned */
	size_t queued;     /* bytes */
	bool is_closing;
	bool is_idle; /* the writer waits to be woken */
	struct trace_counters counters;
	usec_t failing_since;
	struct log_limit failing_limit;
	bool is_told; /* that it fails */
};

/* ---- the writer ---- */

static void note_failure(struct trace *trace, const char *why)
{
	usec_t now = clock_monotonic_us();

	if (!trace->counters.is_failing)
		trace->failing_since = now;
	trace->counters.is_failing = true;
	trace->counters.failures++;
	if (!log_limit_pass(&trace->failing_limit, now, 1, REMIND_US))
		return;
	trace->is_told = true;
	log_event(trace->log, LOG_ERROR, "sbc", "file.failing",
		"name=%s path=%s why=\"%s\" waiting=%llu dropped=%llu", trace->name,
		trace->path, why, (unsigned long long)trace->counters.waiting,
		(unsigned long long)trace->counters.dropped);
}

static void note_success(struct trace *trace)
{
	if (trace->counters.is_failing && trace->is_told)
		log_event(trace->log, LOG_INFO, "sbc", "file.normal",
			"name=%s path=%s failed_ms=%lld waiting=%llu dropped=%llu", trace->name,
			trace->path,
			(long long)((clock_monotonic_us() - trace->failing_since) /
				    USEC_PER_MS),
			(unsigned long long)trace->counters.waiting,
			(unsigned long long)trace->counters.dropped);
	trace->counters.is_failing = false;
	trace->is_told = false;
}

static struct line *first_line(const struct trace *trace)
{
	return container_of(trace->lines.next, struct line, node);
}

/* Under lock. Nobody else takes lines out, and whoever appends does not look into them. */
static int pick(const struct trace *trace, struct iovec *parts)
{
	int count = 0;

	for (const struct list *at = trace->lines.next;
		at != &trace->lines && count < LINE_FILE_BATCH; at = at->next) {
		struct line *line = container_of(at, struct line, node);

		parts[count++] = (struct iovec){.iov_base = line->text, .iov_len = line->len};
	}
	return count;
}

/* Writes the oldest lines, as many as one call takes; under lock, which it leaves meanwhile.
 * Those that are in the file are forgotten. False: not all of them are. */
static bool write_batch(struct trace *trace)
{
	struct iovec parts[LINE_FILE_BATCH];
	int count = pick(trace, parts), done;
	const char *why = "";

	uv_mutex_unlock(&trace->lock);
	done = trace->sink.append(trace->sink.arg, parts, count, &why);
	uv_mutex_lock(&trace->lock);
	trace->counters.written += (uint64_t)done;
	trace->counters.waiting -= (uint64_t)done;
	for (int i = 0; i < done; i++) {
		struct line *line = first_line(trace);

		trace->queued -= line->len;
		list_remove(&line->node);
		mem_free(line);
	}
	if (done < count)
		note_failure(trace, why);
	else
		note_success(trace);
	return done == count;
}

/* At the end, with a disk that does not take them. */
static void give_up(struct trace *trace)
{
	uint64_t lost = 0;

	for (; !list_is_empty(&trace->lines); lost++) {
		struct line *line = first_line(trace);

		list_remove(&line->node);
		mem_free(line);
	}
	if (lost)
		log_event(trace->log, LOG_ERROR, "sbc", "file.lost",
			"name=%s path=%s lines=%llu", trace->name, trace->path,
			(unsigned long long)lost);
}

/* How long until the next writing, in ns; 0: none is due, or at once. */
static uint64_t pause_ns(const struct trace *trace, bool is_written)
{
	if (!is_written)
		return RETRY_NS;
	return list_is_empty(&trace->lines) && !trace->is_prompt ? NAP_NS : 0;
}

/* As the log's: the first line at once, then what was collected meanwhile. */
static void writer_main(void *arg)
{
	struct trace *trace = arg;
	uint64_t pause;
	sigset_t limits;

	/* A file at the process's limit of size is a full disk, not the end of us. */
	sigemptyset(&limits);
	sigaddset(&limits, SIGXFSZ);
	pthread_sigmask(SIG_BLOCK, &limits, NULL);
	uv_mutex_lock(&trace->lock);
	for (;;) {
		trace->is_idle = true;
		while (list_is_empty(&trace->lines) && !trace->is_closing)
			uv_cond_wait(&trace->wake, &trace->lock);
		trace->is_idle = false;
		if (list_is_empty(&trace->lines))
			break;
		pause = pause_ns(trace, write_batch(trace));
		if (pause && trace->is_closing && trace->counters.is_failing)
			break;
		if (pause && !trace->is_closing)
			uv_cond_timedwait(&trace->wake, &trace->lock, pause);
	}
	give_up(trace);
	uv_mutex_unlock(&trace->lock);
}

/* ---- a file as sink ---- */

static int append_to_file(void *arg, const struct iovec *lines, int count, const char **why)
{
	int number = 0, done = line_file_append(arg, lines, count, &number);

	if (done < count)
		*why = strerror(number);
	return done;
}

static void close_file(void *arg)
{
	line_file_close(arg);
	mem_free(arg);
}

static int open_file(struct trace_sink *out, const struct trace_setup *setup)
{
	struct line_file *file = mem_alloc(sizeof(*file));
	int err = file ? line_file_open(file, setup->path, setup->mode ? setup->mode : 0640,
				 setup->is_synced)
		       : SBC_ENOMEM;

	if (err) {
		mem_free(file);
		return err;
	}
	*out = (struct trace_sink){.append = append_to_file, .close = close_file, .arg = file};
	return 0;
}

/* ---- the door ---- */

static int start_writer(struct trace *trace)
{
	if (uv_mutex_init(&trace->lock))
		return SBC_ENOMEM;
	if (uv_cond_init(&trace->wake))
		goto fail_cond;
	if (uv_thread_create(&trace->writer, writer_main, trace))
		goto fail_thread;
	return 0;

fail_thread:
	uv_cond_destroy(&trace->wake);
fail_cond:
	uv_mutex_destroy(&trace->lock);
	return SBC_ENOMEM;
}

int trace_open(struct trace **out, const struct trace_setup *setup)
{
	struct trace *trace = mem_alloc(sizeof(*trace));
	int err = SBC_ENOMEM;

	if (!trace)
		return err;
	list_init(&trace->lines);
	trace->name = setup->name;
	trace->log = setup->log;
	trace->queue_max = setup->queue_max;
	trace->is_prompt = setup->is_synced || setup->sink;
	trace->path = mem_strdup(slice_str(setup->path));
	if (!trace->path)
		goto fail_path;
	if (!setup->sink) {
		err = open_file(&trace->sink, setup);
		if (err)
			goto fail_sink;
	} else {
		trace->sink = *setup->sink;
	}
	err = start_writer(trace);
	if (err)
		goto fail_writer;
	*out = trace;
	return 0;

fail_writer:
	if (!setup->sink)
		trace->sink.close(trace->sink.arg);
fail_sink:
	mem_free(trace->path);
fail_path:
	mem_free(trace);
	return err;
}

void trace_close(struct trace *trace)
{
	if (!trace)
		return;
	uv_mutex_lock(&trace->lock);
	trace->is_closing = true;
	uv_cond_signal(&trace->wake);
	uv_mutex_unlock(&trace->lock);
	uv_thread_join(&trace->writer);
	uv_cond_destroy(&trace->wake);
	uv_mutex_destroy(&trace->lock);
	trace->sink.close(trace->sink.arg);
	mem_free(trace->path);
	mem_free(trace);
}

/* Under lock. A disk that takes nothing is not asked more often for a full queue. */
static bool is_due(const struct trace *trace)
{
	return trace->is_idle ||
	       (!trace->counters.is_failing && trace->queued > trace->queue_max / 2);
}

bool trace_put(struct trace *trace, struct slice head, struct slice rest)
{
	struct line *line = mem_alloc(sizeof(*line) + head.len + rest.len);
	bool has_room;

	if (line) {
		line->len = head.len + rest.len;
		if (head.len)
			memcpy(line->text, head.ptr, head.len);
		if (rest.len)
			memcpy(line->text + head.len, rest.ptr, rest.len);
	}
	uv_mutex_lock(&trace->lock);
	has_room = line && trace->queued + line->len <= trace->queue_max;
	if (has_room) {
		list_append(&trace->lines, &line->node);
		trace->queued += line->len;
		trace->counters.waiting++;
		if (is_due(trace))
			uv_cond_signal(&trace->wake);
	} else {
		trace->counters.dropped++;
	}
	uv_mutex_unlock(&trace->lock);
	if (!has_room)
		mem_free(line);
	return has_room;
}

bool trace_line(struct trace *trace, struct slice json)
{
	return trace_put(trace, json, SLICE("\n"));
}

void trace_counters(struct trace *trace, struct trace_counters *out)
{
	uv_mutex_lock(&trace->lock);
	*out = trace->counters;
	uv_mutex_unlock(&trace->lock);
}

static void put_time(struct buf *out)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	buf_printf(out, "{\"time\":%lld.%06ld", (long long)ts.tv_sec, ts.tv_nsec / 1000);
}

void trace_sip(struct trace *trace, const struct trace_sip *message)
{
	char peer[NETADDR_TEXT_MAX];
	struct buf json, text;

	buf_init(&json, LINE_BYTES);
	buf_init(&text, LINE_BYTES);
	buf_put_slice(&text, message->bytes);
	if (text.len)
		sip_mask(text.data, text.len);
	put_time(&json);
	buf_printf(&json, ",\"direction\":\"%s\",\"transport\":\"%s\",\"local\":",
		message->is_incoming ? "in" : "out", transport_kind_name(message->kind));
	json_put_string(&json, slice_str(message->local));
	buf_printf(&json, ",\"peer\":\"%s\",\"message\":", netaddr_print(&message->peer, peer));
	json_put_string(&json, buf_slice(&text));
	buf_put_char(&json, '}');
	if (!json.err)
		trace_line(trace, buf_slice(&json));
	buf_fini_secret(&text);
	buf_fini(&json);
}
