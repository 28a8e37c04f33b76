/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON Lines files behind a bounded queue. trace_* on the signalling thread; a thread of
 * its own writes. */

#include "sbc/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <sys/uio.h>

#include <uv.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/list.h"
#include "base/mem.h"
#include "sbc/sip_peek.h"

#define QUEUE_MAX  (4 << 20)                /* bytes that may wait for the disk */
#define BATCH      64                       /* lines written at once */
#define NAP_NS     (20 * UINT64_C(1000000)) /* between two writings */
#define LINE_BYTES (4 * 65536 + 1024)       /* the largest message, every byte escaped */

struct line {
	struct list node;
	size_t len;
	char text[];
};

struct trace {
	int fd;
	uv_mutex_t lock;
	uv_cond_t wake;
	uv_thread_t writer;
	struct list lines; /* under lock; owned */
	size_t waiting;    /* bytes, under lock */
	uint64_t dropped;  /* under lock */
	bool is_closing;   /* under lock */
	bool is_idle;      /* under lock: the writer waits to be woken */
};

/* All of it, whatever the disk takes at a time. */
static void write_all(int fd, struct iovec *parts, int count)
{
	while (count) {
		ssize_t n = writev(fd, parts, count);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* a full disk must not stop calls */
		while (count && (size_t)n >= parts->iov_len) {
			n -= (ssize_t)parts->iov_len;
			parts++;
			count--;
		}
		if (count) {
			parts->iov_base = (char *)parts->iov_base + n;
			parts->iov_len -= (size_t)n;
		}
	}
}

/* Writes and frees the oldest lines, as many as one call takes; under lock, which it leaves
 * meanwhile. */
static void write_batch(struct trace *trace)
{
	struct iovec parts[BATCH];
	struct line *lines[BATCH];
	size_t len = 0;
	int count = 0;

	for (; count < BATCH && !list_is_empty(&trace->lines); count++) {
		struct line *line = container_of(trace->lines.next, struct line, node);

		list_remove(&line->node);
		len += line->len;
		parts[count] = (struct iovec){.iov_base = line->text, .iov_len = line->len};
		lines[count] = line;
	}
	uv_mutex_unlock(&trace->lock);
	write_all(trace->fd, parts, count);
	for (int i = 0; i < count; i++)
		mem_free(lines[i]);
	uv_mutex_lock(&trace->lock);
	trace->waiting -= len; /* while they are written they are memory, too */
}

/* As the log's: the first line at once, then what was collected meanwhile. */
static void writer_main(void *arg)
{
	struct trace *trace = arg;

	uv_mutex_lock(&trace->lock);
	for (;;) {
		trace->is_idle = true;
		while (list_is_empty(&trace->lines) && !trace->is_closing)
			uv_cond_wait(&trace->wake, &trace->lock);
		trace->is_idle = false;
		if (list_is_empty(&trace->lines))
			break;
		write_batch(trace);
		if (list_is_empty(&trace->lines) && !trace->is_closing)
			uv_cond_timedwait(&trace->wake, &trace->lock, NAP_NS);
	}
	uv_mutex_unlock(&trace->lock);
}

int trace_open(struct trace **out, const char *path)
{
	struct trace *trace = mem_alloc(sizeof(*trace));

	if (!trace)
		return SBC_ENOMEM;
	list_init(&trace->lines);
	trace->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (trace->fd < 0) {
		mem_free(trace);
		return SBC_EIO;
	}
	if (uv_mutex_init(&trace->lock))
		goto fail_mutex;
	if (uv_cond_init(&trace->wake))
		goto fail_cond;
	if (uv_thread_create(&trace->writer, writer_main, trace))
		goto fail_thread;
	*out = trace;
	return 0;

fail_thread:
	uv_cond_destroy(&trace->wake);
fail_cond:
	uv_mutex_destroy(&trace->lock);
fail_mutex:
	close(trace->fd);
	mem_free(trace);
	return SBC_ENOMEM;
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
	close(trace->fd);
	mem_free(trace);
}

bool trace_line(struct trace *trace, struct slice json)
{
	struct line *line = mem_alloc(sizeof(*line) + json.len + 1);
	bool has_room;

	if (line) {
		line->len = json.len + 1;
		memcpy(line->text, json.ptr, json.len);
		line->text[json.len] = '\n';
	}
	uv_mutex_lock(&trace->lock);
	has_room = line && trace->waiting + line->len <= QUEUE_MAX;
	if (has_room) {
		list_append(&trace->lines, &line->node);
		trace->waiting += line->len;
		if (trace->is_idle || trace->waiting > QUEUE_MAX / 2)
			uv_cond_signal(&trace->wake);
	} else {
		trace->dropped++;
	}
	uv_mutex_unlock(&trace->lock);
	if (!has_room)
		mem_free(line);
	return has_room;
}

uint64_t trace_dropped(struct trace *trace)
{
	uint64_t dropped;

	uv_mutex_lock(&trace->lock);
	dropped = trace->dropped;
	uv_mutex_unlock(&trace->lock);
	return dropped;
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
