/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reply FIFOs (row S11 of what others learned: symbolic and hard links, no reader, full
 * pipes, names that leave the directory).
 *
 *   WAITING --opened--> WRITING --all written, EPIPE, deadline--> CLOSING -> freed
 *      `----- deadline, not a FIFO of one link --------------------^
 *
 * The first write carries up to a pipe's whole capacity, so that a client with one fread
 * gets all of a usual answer at once.
 */

#include "sbc/rpc_reply.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/err.h"
#include "base/mem.h"

#define DIRECTORY_MAX 256                 /* bytes */
#define NAME_LEN_MAX  100                 /* bytes; both servers' limit is 128 with the path */
#define RETRY_MS      20                  /* until a FIFO without reader is tried again */
#define OPEN_US       (2 * USEC_PER_SEC)  /* PHP under load may take so long to open it */
#define WRITE_US      (10 * USEC_PER_SEC) /* a whole listing into a slow reader */
#define WAITING_MAX   256                 /* answers that are not read yet */
#define SAME_NAME_MAX 8 /* of them for one FIFO: a client asks one thing at a time */
#define BURST         5 /* log lines at once */
#define BURST_US      (10 * USEC_PER_SEC)

enum reply_state { REPLY_WAITING, REPLY_WRITING, REPLY_CLOSING };

struct reply {
	struct rpc_replies *replies; /* borrowed: its parent */
	struct list node;
	enum reply_state state;
	char name[NAME_LEN_MAX + 1];
	struct rpc_out answer;
	usec_t deadline;
	int fd;         /* owned; -1 while waiting */
	uv_poll_t poll; /* while it writes more than once */
	bool is_polling;
};

struct rpc_replies {
	uv_loop_t *loop; /* borrowed */
	char directory[DIRECTORY_MAX];
	struct log *log; /* borrowed */
	usec_t (*now)(void);
	uv_timer_t timer; /* runs while there is any */
	struct list list;
	size_t count; /* of list, those closing too */
	struct log_limit limit;
	struct rpc_reply_counters counters;
	bool is_closing;
	bool is_timer_closed;
	rpc_closed_h *closed;
	void *closed_arg;
};

bool rpc_reply_name_is_good(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.ptr[i];
		if (c <= 0x20 || c >= 0x7f || c == '.' || c == '/' || c == '\\')
			return false;
	}
	return name.len && name.len <= NAME_LEN_MAX;
}

int rpc_replies_open(
	struct rpc_replies **out, uv_loop_t *loop, const struct rpc_replies_config *config)
{
	struct rpc_replies *replies = mem_alloc(sizeof(*replies));

	if (!replies)
		return SBC_ENOMEM;
	replies->loop = loop;
	replies->log = config->log;
	replies->now = config->now;
	snprintf(replies->directory, sizeof(replies->directory), "%s", config->directory);
	list_init(&replies->list);
	uv_timer_init(loop, &replies->timer);
	replies->timer.data = replies;
	*out = replies;
	return 0;
}

static void note(struct rpc_replies *replies, const char *name, const char *why)
{
	if (log_limit_pass(&replies->limit, replies->now(), BURST, BURST_US))
		log_event(replies->log, LOG_WARN, "sbc", "rpc.reply_dropped",
			"name=\"%s\" directory=\"%s\" why=\"%s\" held=%llu", name,
			replies->directory, why, (unsigned long long)replies->limit.held);
}

/* ---- ends ---- */

static void free_if_closed(struct rpc_replies *replies)
{
	if (!replies->is_closing || replies->count || !replies->is_timer_closed)
		return;
	replies->closed(replies->closed_arg);
	mem_free(replies);
}

static void free_reply(struct reply *reply)
{
	struct rpc_replies *replies = reply->replies;

	if (reply->fd >= 0)
		close(reply->fd);
	rpc_out_fini(&reply->answer);
	list_remove(&reply->node);
	mem_free(reply);
	replies->count--;
	free_if_closed(replies);
}

static void on_poll_closed(uv_handle_t *handle)
{
	free_reply(handle->data);
}

static void end(struct reply *reply)
{
	if (reply->state == REPLY_CLOSING)
		return;
	reply->state = REPLY_CLOSING;
	if (reply->is_polling)
		uv_close((uv_handle_t *)&reply->poll, on_poll_closed);
	else
		free_reply(reply);
}

static void drop(struct reply *reply, uint64_t *counter, const char *why)
{
	++*counter;
	note(reply->replies, reply->name, why);
	end(reply);
}

/* ---- writing ---- */

static void on_writable(uv_poll_t *poll, int status, int events);

static void wait_for_room(struct reply *reply)
{
	if (reply->is_polling)
		return;
	if (uv_poll_init(reply->replies->loop, &reply->poll, reply->fd)) {
		drop(reply, &reply->replies->counters.unread, "cannot be watched");
		return;
	}
	reply->is_polling = true;
	reply->poll.data = reply;
	uv_poll_start(&reply->poll, UV_WRITABLE, on_writable);
}

static void write_on(struct reply *reply)
{
	struct rpc_replies *replies = reply->replies;
	struct slice front = rpc_out_front(&reply->answer);

	while (front.len) {
		ssize_t len = write(reply->fd, front.ptr, front.len);
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0 && errno == EAGAIN) {
			wait_for_room(reply);
			return;
		}
		if (len < 0) {
			drop(reply, &replies->counters.unread, strerrordesc_np(errno));
			return;
		}
		rpc_out_consume(&reply->answer, (size_t)len);
		front = rpc_out_front(&reply->answer);
	}
	replies->counters.sent++;
	end(reply);
}

static void on_writable(uv_poll_t *poll, int status, int events)
{
	struct reply *reply = poll->data;

	(void)events;
	if (reply->state != REPLY_WRITING)
		return;
	if (status < 0)
		drop(reply, &reply->replies->counters.unread, uv_strerror(status));
	else
		write_on(reply);
}

/* ---- opening ---- */

/* Looked at, opened, looked at again: the same FIFO each time, with one name. 0, SBC_EAGAIN
 * (no reader yet), SBC_EPROTO (why is set). */
static int open_fifo(struct reply *reply, const char **why)
{
	char path[DIRECTORY_MAX + NAME_LEN_MAX + 2];
	struct stat before, opened;

	snprintf(path, sizeof(path), "%s/%s", reply->replies->directory, reply->name);
	if (lstat(path, &before)) {
		*why = strerrordesc_np(errno);
		return errno == ENOENT ? SBC_EAGAIN : SBC_EPROTO;
	}
	*why = "not a FIFO with one name";
	if (!S_ISFIFO(before.st_mode) || before.st_nlink != 1)
		return SBC_EPROTO;
	reply->fd = open(path, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (reply->fd < 0) {
		*why = strerrordesc_np(errno);
		return errno == ENXIO || errno == ENOENT ? SBC_EAGAIN : SBC_EPROTO;
	}
	*why = "changed while it was opened";
	if (fstat(reply->fd, &opened) || !S_ISFIFO(opened.st_mode) || opened.st_nlink != 1 ||
		opened.st_ino != before.st_ino || opened.st_dev != before.st_dev)
		return SBC_EPROTO;
	return 0;
}

static void try_open(struct reply *reply)
{
	struct rpc_replies *replies = reply->replies;
	const char *why;
	int err = open_fifo(reply, &why);

	if (!err) {
		reply->state = REPLY_WRITING;
		reply->deadline = replies->now() + WRITE_US;
		write_on(reply);
	} else if (err != SBC_EAGAIN) {
		drop(reply, &replies->counters.refused, why);
	} else if (replies->now() >= reply->deadline) {
		drop(reply, &replies->counters.unread, "nobody reads it");
	}
}

static void on_timer(uv_timer_t *timer)
{
	struct rpc_replies *replies = timer->data;
	usec_t now = replies->now();

	list_for_each_safe (pos, &replies->list) {
		struct reply *reply = container_of(pos, struct reply, node);
		if (reply->state == REPLY_WAITING)
			try_open(reply);
		else if (reply->state == REPLY_WRITING && now >= reply->deadline)
			drop(reply, &replies->counters.unread, "it is not read to the end");
	}
	if (!list_is_empty(&replies->list))
		uv_timer_start(timer, on_timer, RETRY_MS, 0);
}

/* One FIFO that nobody reads does not keep others from their answers. */
static size_t count_same(const struct rpc_replies *replies, struct slice name)
{
	size_t count = 0;

	list_for_each (pos, &replies->list)
		count += slice_equal(
			slice_str(container_of(pos, struct reply, node)->name), name);
	return count;
}

/* Makes room: whoever has waited longest without a reader goes. False: all have one. */
static bool drop_oldest(struct rpc_replies *replies)
{
	list_for_each_safe (pos, &replies->list) {
		struct reply *reply = container_of(pos, struct reply, node);
		if (reply->state == REPLY_WAITING) {
			drop(reply, &replies->counters.discarded, "too many answers wait");
			return true;
		}
	}
	return false;
}

void rpc_reply_send(struct rpc_replies *replies, struct slice name, struct rpc_out *answer)
{
	struct reply *reply;
	bool is_full;

	if (!rpc_reply_name_is_good(name)) {
		replies->counters.refused++;
		note(replies, "", "no good name");
		return;
	}
	is_full = count_same(replies, name) >= SAME_NAME_MAX ||
		  (replies->count >= WAITING_MAX && !drop_oldest(replies));
	reply = is_full ? NULL : mem_alloc(sizeof(*reply));
	if (!reply) {
		replies->counters.discarded++;
		note(replies, "", "too many answers wait");
		return;
	}
	reply->replies = replies;
	reply->fd = -1;
	reply->deadline = replies->now() + OPEN_US;
	slice_copy(name, reply->name, sizeof(reply->name));
	rpc_out_move(&reply->answer, answer);
	list_append(&replies->list, &reply->node);
	replies->count++;
	if (!uv_is_active((uv_handle_t *)&replies->timer))
		uv_timer_start(&replies->timer, on_timer, RETRY_MS, 0);
	try_open(reply);
}

void rpc_reply_counters(const struct rpc_replies *replies, struct rpc_reply_counters *out)
{
	*out = replies->counters;
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct rpc_replies *replies = handle->data;

	replies->is_timer_closed = true;
	free_if_closed(replies);
}

void rpc_replies_close(struct rpc_replies *replies, rpc_closed_h *closed, void *arg)
{
	replies->is_closing = true;
	replies->closed = closed;
	replies->closed_arg = arg;
	uv_close((uv_handle_t *)&replies->timer, on_timer_closed);
	list_for_each_safe (pos, &replies->list)
		end(container_of(pos, struct reply, node));
}
