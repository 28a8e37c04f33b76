/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading requests from the FIFO, keeping the FIFO there. Signalling loop. */

#include "sbc/rpc_fifo.h"

#include <errno.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "sbc/rpc_frame.h"
#include "sbc/rpc_jsonrpc.h"
#include "sbc/rpc_mi.h"
#include "sbc/rpc_reply.h"

#define INPUT_MAX (2 * RPC_FRAME_MAX) /* bytes read ahead */
#define HEAL_MS   30000               /* MI-8: as often as OpenSIPS */
#define STALE_MS  2000                /* half a request is dropped after */
#define BURST     5                   /* log lines at once */
#define BURST_US  (10 * USEC_PER_SEC)
#define FAULT_MAX 512

/* One FIFO as it is read; another follows when the file was removed. */
struct reader {
	uv_poll_t poll;
	struct rpc_placed placed;
	struct rpc_place place; /* to remove it by */
	struct rpc_fifo *fifo;  /* borrowed; NULL: closing alone */
};

struct rpc_fifo {
	uv_loop_t *loop; /* borrowed */
	struct rpc_place place;
	char *acl; /* owned: the place's */
	struct rpc_jobs *jobs;
	struct log *log;
	usec_t (*now)(void);
	struct reader *reader; /* owned; NULL: there is none at present */
	struct rpc_replies *replies;
	uv_timer_t heal_timer;
	uv_timer_t stale_timer;
	struct buf in;
	bool is_waiting; /* for room among the jobs */
	struct log_limit limit;
	unsigned open_handles;
	bool is_closing;
	rpc_closed_h *closed;
	void *closed_arg;
};

static void note(struct rpc_fifo *fifo, const char *what, const char *why)
{
	if (log_limit_pass(&fifo->limit, fifo->now(), BURST, BURST_US))
		log_event(fifo->log, LOG_WARN, "sbc", what, "path=\"%s\" why=\"%s\" held=%llu",
			fifo->place.path, why, (unsigned long long)fifo->limit.held);
}

/* ---- one request ---- */

static void on_done(struct rpc_job *job, void *arg)
{
	struct rpc_fifo *fifo = arg;
	struct rpc_call *call = &job->call;

	/* Without a name nobody wants the answer. */
	if (call->request.reply_name.len)
		rpc_reply_send(fifo->replies, call->request.reply_name, &call->writer.out);
	rpc_job_free(job);
}

static int parse_json(struct rpc_call *call, const struct rpc_frame *frame)
{
	int err = rpc_jsonrpc_parse(&call->request, &call->arena, frame->text);

	call->writer.id = call->request.id;
	if (frame->kind == RPC_FRAME_MI_JSON)
		call->request.reply_name = arena_copy(&call->arena, frame->reply_name);
	if (err)
		rpc_jsonrpc_refuse(call, err);
	return err;
}

static int parse_mi(struct rpc_call *call, const struct rpc_frame *frame)
{
	struct slice text = arena_copy(&call->arena, frame->text);
	int err = text.ptr ? rpc_mi_parse(&call->request, text) : SBC_ENOMEM;

	if (err)
		rpc_fault(call, 400, "%s",
			err == SBC_ELIMIT ? "Too many parameters" : "Bad request");
	return err;
}

static const struct rpc_dialect *dialect_of(enum rpc_frame_kind kind)
{
	if (kind == RPC_FRAME_MI)
		return &rpc_dialect_mi;
	return kind == RPC_FRAME_MI_JSON ? &rpc_dialect_opensips : &rpc_dialect_kamailio;
}

/* False: no room among the jobs; the frame stays. */
static bool take(struct rpc_fifo *fifo, const struct rpc_frame *frame)
{
	struct rpc_job *job =
		rpc_job_new(fifo->jobs, dialect_of(frame->kind), "fifo", on_done, fifo);
	struct rpc_call *call;
	struct slice reply;
	int err;

	if (!job)
		return false;
	call = &job->call;
	err = frame->kind == RPC_FRAME_MI ? parse_mi(call, frame) : parse_json(call, frame);
	reply = call->request.reply_name;
	if (reply.len && !rpc_reply_name_is_good(reply)) {
		/* Whoever tries such a name is not obeyed either. */
		note(fifo, "rpc.refused", "the name of the reply FIFO");
		rpc_job_free(job);
		return true;
	}
	if (err && !reply.len) {
		note(fifo, "rpc.refused", err_name(err));
		rpc_job_free(job);
		return true;
	}
	rpc_job_start(job);
	return true;
}

/* ---- bytes ---- */

static void stop_reading(struct rpc_fifo *fifo)
{
	fifo->is_waiting = true;
	if (fifo->reader)
		uv_poll_stop(&fifo->reader->poll);
}

static void on_stale(uv_timer_t *timer)
{
	struct rpc_fifo *fifo = timer->data;

	if (!fifo->in.len || fifo->is_waiting)
		return;
	note(fifo, "rpc.refused", "a request that was never finished");
	buf_reset(&fifo->in);
}

static void take_all(struct rpc_fifo *fifo)
{
	struct rpc_frame frame;

	do {
		rpc_frame_next(buf_slice(&fifo->in), &frame);
		if (frame.kind == RPC_FRAME_BAD)
			note(fifo, "rpc.refused", "no request, or too long");
		else if (frame.kind != RPC_FRAME_MORE && !take(fifo, &frame)) {
			stop_reading(fifo);
			return;
		}
		buf_consume(&fifo->in, frame.len);
	} while (frame.kind != RPC_FRAME_MORE && fifo->in.len);
	if (fifo->in.len)
		uv_timer_start(&fifo->stale_timer, on_stale, STALE_MS, 0);
	else
		uv_timer_stop(&fifo->stale_timer);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct reader *reader = poll->data;
	struct rpc_fifo *fifo = reader->fifo;
	char bytes[RPC_FRAME_MAX];
	ssize_t len;

	(void)events;
	if (!fifo)
		return;
	/* One piece in each turn of the loop; in is never more than a request and a piece. */
	len = status < 0 ? -1 : read(reader->placed.fd, bytes, sizeof(bytes));
	if (len <= 0)
		return;
	if (buf_put(&fifo->in, bytes, (size_t)len)) {
		note(fifo, "rpc.refused", err_name(fifo->in.err));
		buf_reset(&fifo->in);
		return;
	}
	take_all(fifo);
}

static void on_room(void *arg)
{
	struct rpc_fifo *fifo = arg;

	if (!fifo->is_waiting || fifo->is_closing)
		return;
	fifo->is_waiting = false;
	take_all(fifo);
	if (!fifo->is_waiting && fifo->reader)
		uv_poll_start(&fifo->reader->poll, UV_READABLE, on_readable);
}

/* ---- the file ---- */

static void count_closed(struct rpc_fifo *fifo)
{
	if (--fifo->open_handles)
		return;
	fifo->closed(fifo->closed_arg);
	buf_fini(&fifo->in);
	mem_free(fifo->acl);
	mem_free(fifo);
}

static void on_reader_closed(uv_handle_t *handle)
{
	struct reader *reader = handle->data;
	struct rpc_fifo *fifo = reader->fifo;

	rpc_place_close(&reader->place, &reader->placed);
	mem_free(reader);
	if (fifo)
		count_closed(fifo);
}

static int open_reader(struct rpc_fifo *fifo, char *fault, size_t fault_size)
{
	struct reader *reader = mem_alloc(sizeof(*reader));
	int err;

	if (!reader)
		return SBC_ENOMEM;
	reader->place = fifo->place;
	err = rpc_place_open(&reader->placed, &fifo->place, fault, fault_size);
	if (!err && uv_poll_init(fifo->loop, &reader->poll, reader->placed.fd)) {
		rpc_place_close(&fifo->place, &reader->placed);
		err = SBC_EIO;
	}
	if (err) {
		mem_free(reader);
		return err;
	}
	reader->fifo = fifo;
	reader->poll.data = reader;
	fifo->reader = reader;
	if (!fifo->is_waiting)
		uv_poll_start(&reader->poll, UV_READABLE, on_readable);
	return 0;
}

void rpc_fifo_heal(struct rpc_fifo *fifo)
{
	struct reader *old = fifo->reader;
	char fault[FAULT_MAX] = "";
	int err;

	if (old && rpc_place_is_there(&fifo->place, &old->placed))
		return;
	if (old) {
		old->fifo = NULL;
		fifo->reader = NULL;
		buf_reset(&fifo->in);
		uv_close((uv_handle_t *)&old->poll, on_reader_closed);
	}
	err = open_reader(fifo, fault, sizeof(fault));
	if (err)
		log_event(fifo->log, LOG_ERROR, "sbc", "rpc.fifo_lost",
			"path=\"%s\" why=\"%s\"", fifo->place.path,
			fault[0] ? fault : err_name(err));
	else
		log_event(fifo->log, LOG_WARN, "sbc", "rpc.fifo_healed",
			"path=\"%s\" why=\"it was removed or replaced\"", fifo->place.path);
}

static void on_heal(uv_timer_t *timer)
{
	rpc_fifo_heal(timer->data);
}

static void on_handle_closed(uv_handle_t *handle)
{
	count_closed(handle->data);
}

static void on_replies_closed(void *arg)
{
	count_closed(arg);
}

/* The timers and the replies; the reader comes last, so that a fault in it leaves nothing. */
static int open_rest(struct rpc_fifo *fifo, const struct rpc_fifo_config *config)
{
	struct rpc_replies_config replies = {
		.directory = config->reply_directory, .log = config->log, .now = config->now};
	int err = rpc_replies_open(&fifo->replies, fifo->loop, &replies);

	if (err)
		return err;
	uv_timer_init(fifo->loop, &fifo->heal_timer);
	uv_timer_init(fifo->loop, &fifo->stale_timer);
	fifo->heal_timer.data = fifo->stale_timer.data = fifo;
	uv_timer_start(&fifo->heal_timer, on_heal, HEAL_MS, HEAL_MS);
	rpc_jobs_on_room(fifo->jobs, on_room, fifo);
	return 0;
}

int rpc_fifo_open(struct rpc_fifo **out, uv_loop_t *loop, const struct rpc_fifo_config *config,
	char *fault, size_t fault_size)
{
	struct rpc_fifo *fifo = mem_alloc(sizeof(*fifo));
	int err;

	if (!fifo)
		return SBC_ENOMEM;
	fifo->loop = loop;
	fifo->place = config->place;
	fifo->acl = mem_strdup(slice_str(config->place.acl));
	fifo->place.acl = fifo->acl;
	fifo->jobs = config->jobs;
	fifo->log = config->log;
	fifo->now = config->now;
	buf_init(&fifo->in, INPUT_MAX);
	err = fifo->acl ? open_reader(fifo, fault, fault_size) : SBC_ENOMEM;
	err = err ? err : open_rest(fifo, config);
	if (!err) {
		*out = fifo;
		return 0;
	}
	if (fifo->reader) {
		fifo->reader->fifo = NULL;
		uv_close((uv_handle_t *)&fifo->reader->poll, on_reader_closed);
	}
	mem_free(fifo->acl);
	mem_free(fifo);
	return err;
}

void rpc_fifo_close(struct rpc_fifo *fifo, rpc_closed_h *closed, void *arg)
{
	fifo->is_closing = true;
	fifo->closed = closed;
	fifo->closed_arg = arg;
	fifo->open_handles = 3 + !!fifo->reader;
	uv_close((uv_handle_t *)&fifo->heal_timer, on_handle_closed);
	uv_close((uv_handle_t *)&fifo->stale_timer, on_handle_closed);
	rpc_replies_close(fifo->replies, on_replies_closed, fifo);
	if (fifo->reader)
		uv_close((uv_handle_t *)&fifo->reader->poll, on_reader_closed);
}
