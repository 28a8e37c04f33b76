/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Connections that speak BINRPC: a request, its answer, the next request. A connection may be
 * idle for long (kamcmd has a prompt); when there are too many, the one that was idle longest
 * goes. Signalling loop.
 */

#include "sbc/rpc_binrpc.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <sys/socket.h>

#include "base/err.h"
#include "base/mem.h"
#include "sbc/rpc_binrpc_codec.h"

#define CONNECTION_MAX 32 /* operators and exporters */
#define BACKLOG        16
#define INPUT_MAX      (BINRPC_REQUEST_MAX + 64) /* bytes: a request and its header */
#define SWEEP_MS       1000
#define REQUEST_US     (5 * USEC_PER_SEC)  /* for the rest of half a request */
#define WRITE_US       (10 * USEC_PER_SEC) /* for the whole of an answer */
#define GROUPS_MAX     64                  /* of a client that are looked at */
#define BURST          5                   /* log lines at once */
#define BURST_US       (10 * USEC_PER_SEC)

struct connection {
	uv_pipe_t pipe;
	struct rpc_binrpc *binrpc; /* borrowed: its parent */
	struct list node;
	char who[64];
	struct buf in;
	struct rpc_job *job; /* owned while it runs */
	struct rpc_out out;  /* being written */
	uint8_t header[BINRPC_HEADER_MAX];
	uv_write_t write;
	bool is_writing, is_closing;
	usec_t since; /* of what it does now: being idle, half a request, writing */
};

struct rpc_binrpc {
	uv_loop_t *loop; /* borrowed */
	uv_pipe_t server;
	uv_timer_t sweep;
	struct rpc_place place;
	struct rpc_placed placed; /* its descriptor belongs to server */
	struct rpc_jobs *jobs;
	struct log *log;
	usec_t (*now)(void);
	struct list connections;
	size_t count;
	struct log_limit limit;
	bool is_closing;
	unsigned open_handles; /* server and sweep */
	rpc_closed_h *closed;
	void *closed_arg;
	char bytes[4096]; /* of one read */
};

static void note(struct rpc_binrpc *binrpc, const char *what, const char *who, const char *why)
{
	if (log_limit_pass(&binrpc->limit, binrpc->now(), BURST, BURST_US))
		log_event(binrpc->log, LOG_WARN, "sbc", what,
			"path=\"%s\" by=\"%s\" why=\"%s\" held=%llu", binrpc->place.path, who,
			why, (unsigned long long)binrpc->limit.held);
}

/* ---- closing ---- */

static void free_if_closed(struct rpc_binrpc *binrpc)
{
	if (!binrpc->is_closing || binrpc->open_handles || binrpc->count)
		return;
	binrpc->closed(binrpc->closed_arg);
	mem_free(binrpc);
}

static void on_connection_closed(uv_handle_t *handle)
{
	struct connection *c = handle->data;
	struct rpc_binrpc *binrpc = c->binrpc;

	rpc_out_fini(&c->out);
	buf_fini(&c->in);
	list_remove(&c->node);
	mem_free(c);
	binrpc->count--;
	free_if_closed(binrpc);
}

static void close_connection(struct connection *c, const char *why)
{
	if (c->is_closing)
		return;
	c->is_closing = true;
	if (why)
		note(c->binrpc, "rpc.closed", c->who, why);
	rpc_job_free(c->job);
	c->job = NULL;
	uv_close((uv_handle_t *)&c->pipe, on_connection_closed);
}

/* ---- one request ---- */

static void take_request(struct connection *c);

static void on_written(uv_write_t *write, int status)
{
	struct connection *c = write->data;

	c->is_writing = false;
	rpc_out_reset(&c->out);
	if (status < 0) {
		close_connection(c, status == UV_ECANCELED ? NULL : uv_strerror(status));
		return;
	}
	c->since = c->binrpc->now();
	take_request(c);
}

static void write_answer(struct connection *c, size_t header_len)
{
	size_t count = 1 + (c->out.len + RPC_BLOCK_LEN - 1) / RPC_BLOCK_LEN, i = 0;
	uv_buf_t *vector = mem_array(count + 1, sizeof(*vector));

	if (!vector) {
		close_connection(c, "no memory");
		return;
	}
	vector[i++] = uv_buf_init((char *)c->header, (unsigned)header_len);
	list_for_each (pos, &c->out.blocks) {
		struct rpc_block *block = container_of(pos, struct rpc_block, node);
		if (i <= count)
			vector[i++] = uv_buf_init(block->bytes, (unsigned)block->len);
	}
	c->write.data = c;
	c->is_writing = true;
	c->since = c->binrpc->now();
	/* libuv copies the vector, not the bytes. */
	if (uv_write(&c->write, (uv_stream_t *)&c->pipe, vector, (unsigned)i, on_written)) {
		c->is_writing = false;
		close_connection(c, "cannot be written to");
	}
	mem_free(vector);
}

static void on_done(struct rpc_job *job, void *arg)
{
	struct connection *c = arg;
	size_t len = binrpc_header(&job->call.writer, job->call.is_faulty, c->header);

	rpc_out_move(&c->out, &job->call.writer.out);
	c->job = NULL;
	rpc_job_free(job);
	write_answer(c, len);
}

static void start(struct connection *c, struct rpc_job *job, size_t len)
{
	struct rpc_call *call = &job->call;
	struct slice packet = arena_copy(&call->arena, slice_head(buf_slice(&c->in), len));
	int err = packet.ptr ? binrpc_parse(&call->request, &call->arena, packet, &call->writer)
			     : SBC_ENOMEM;

	buf_consume(&c->in, len);
	if (err)
		rpc_fault(call, 400, "%s",
			err == SBC_ELIMIT ? "Too many parameters" : "Invalid request");
	c->job = job;
	rpc_job_start(job);
}

/* The next whole request, if nothing else is under way. */
static void take_request(struct connection *c)
{
	struct rpc_job *job;
	size_t len;
	int err;

	if (c->job || c->is_writing || c->is_closing || !c->in.len)
		return;
	err = binrpc_packet_len(buf_slice(&c->in), &len);
	if (err == SBC_EAGAIN || (!err && len > c->in.len))
		return;
	if (err) {
		close_connection(
			c, err == SBC_ELIMIT ? "request too large" : "this is not BINRPC");
		return;
	}
	job = rpc_job_new(c->binrpc->jobs, &rpc_dialect_binrpc, c->who, on_done, c);
	if (job)
		start(c, job, len);
}

static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *out)
{
	struct connection *c = handle->data;

	(void)wanted;
	*out = uv_buf_init(c->binrpc->bytes, sizeof(c->binrpc->bytes));
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *bytes)
{
	struct connection *c = stream->data;

	if (len < 0) {
		close_connection(c, NULL);
		return;
	}
	if (!c->in.len && !c->job && !c->is_writing)
		c->since = c->binrpc->now();
	if (buf_put(&c->in, bytes->base, (size_t)len)) {
		close_connection(c, "more than a request at once");
		return;
	}
	take_request(c);
}

static void on_room(void *arg)
{
	struct rpc_binrpc *binrpc = arg;

	list_for_each_safe (pos, &binrpc->connections)
		take_request(container_of(pos, struct connection, node));
}

/* ---- who connects ---- */

static bool has_group(int fd, gid_t primary, gid_t wanted)
{
	gid_t groups[GROUPS_MAX];
	socklen_t len = sizeof(groups);

	if (primary == wanted)
		return true;
#ifdef SO_PEERGROUPS
	if (!getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len))
		for (size_t i = 0; i < len / sizeof(groups[0]); i++)
			if (groups[i] == wanted)
				return true;
#endif
	return false;
}

/* Root, ourselves, the socket's owner and group, and others only if its mode says so: the
 * file may have been made wider than configured since. */
static bool is_allowed(const struct rpc_binrpc *binrpc, int fd, char *who, size_t size)
{
	const struct rpc_place *place = &binrpc->place;
	gid_t gid = place->gid != (gid_t)-1 ? place->gid : getegid();
	socklen_t len = sizeof(struct ucred);
	struct ucred peer;

	snprintf(who, size, "ctl");
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		return false;
	snprintf(who, size, "ctl pid=%ld uid=%lu", (long)peer.pid, (unsigned long)peer.uid);
	return !peer.uid || peer.uid == geteuid() || peer.uid == place->uid ||
	       (place->mode & 0006) == 0006 ||
	       ((place->mode & 0060) == 0060 && has_group(fd, peer.gid, gid));
}

static void drop_idlest(struct rpc_binrpc *binrpc)
{
	struct connection *idlest = NULL;

	list_for_each (pos, &binrpc->connections) {
		struct connection *c = container_of(pos, struct connection, node);
		if (!c->job && !c->is_writing && !c->is_closing &&
			(!idlest || c->since < idlest->since))
			idlest = c;
	}
	if (idlest)
		close_connection(idlest, "there are too many");
}

static void on_connection(uv_stream_t *server, int status)
{
	struct rpc_binrpc *binrpc = server->data;
	struct connection *c = status < 0 ? NULL : mem_alloc(sizeof(*c));
	uv_os_fd_t fd;

	if (!c)
		return;
	c->binrpc = binrpc;
	buf_init(&c->in, INPUT_MAX);
	rpc_out_init(&c->out, RPC_ANSWER_MAX, NULL);
	uv_pipe_init(binrpc->loop, &c->pipe, 0);
	c->pipe.data = c;
	c->since = binrpc->now();
	list_append(&binrpc->connections, &c->node);
	binrpc->count++;
	if (uv_accept(server, (uv_stream_t *)&c->pipe) ||
		uv_fileno((uv_handle_t *)&c->pipe, &fd)) {
		close_connection(c, "cannot be accepted");
		return;
	}
	if (!is_allowed(binrpc, fd, c->who, sizeof(c->who))) {
		close_connection(c, "this user may not");
		return;
	}
	if (binrpc->count > CONNECTION_MAX)
		drop_idlest(binrpc);
	uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read);
}

/* ---- door ---- */

static void on_sweep(uv_timer_t *timer)
{
	struct rpc_binrpc *binrpc = timer->data;
	usec_t now = binrpc->now();

	list_for_each_safe (pos, &binrpc->connections) {
		struct connection *c = container_of(pos, struct connection, node);
		if (c->is_writing && now - c->since > WRITE_US)
			close_connection(c, "it does not read its answer");
		else if (!c->is_writing && !c->job && c->in.len && now - c->since > REQUEST_US)
			close_connection(c, "a request that was never finished");
	}
}

int rpc_binrpc_open(struct rpc_binrpc **out, uv_loop_t *loop,
	const struct rpc_binrpc_config *config, char *fault, size_t fault_size)
{
	struct rpc_binrpc *binrpc = mem_alloc(sizeof(*binrpc));
	int err;

	if (!binrpc)
		return SBC_ENOMEM;
	binrpc->loop = loop;
	binrpc->place = config->place;
	binrpc->place.acl = "";
	binrpc->jobs = config->jobs;
	binrpc->log = config->log;
	binrpc->now = config->now;
	list_init(&binrpc->connections);
	err = rpc_place_open(&binrpc->placed, &binrpc->place, fault, fault_size);
	if (err) {
		mem_free(binrpc);
		return err;
	}
	uv_timer_init(loop, &binrpc->sweep);
	uv_pipe_init(loop, &binrpc->server, 0);
	binrpc->server.data = binrpc->sweep.data = binrpc;
	/* The pipe owns the descriptor from here on, the place only removes the file. */
	err = uv_pipe_open(&binrpc->server, binrpc->placed.fd);
	err = err ? err : uv_listen((uv_stream_t *)&binrpc->server, BACKLOG, on_connection);
	uv_timer_start(&binrpc->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
	rpc_jobs_on_room(binrpc->jobs, on_room, binrpc);
	*out = binrpc;
	if (err)
		snprintf(fault, fault_size, "cannot listen on %s: %s", binrpc->place.path,
			uv_strerror(err));
	return err ? SBC_EIO : 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct rpc_binrpc *binrpc = handle->data;

	binrpc->open_handles--;
	free_if_closed(binrpc);
}

void rpc_binrpc_close(struct rpc_binrpc *binrpc, rpc_closed_h *closed, void *arg)
{
	binrpc->is_closing = true;
	binrpc->closed = closed;
	binrpc->closed_arg = arg;
	binrpc->open_handles = 2;
	if (rpc_place_is_there(&binrpc->place, &binrpc->placed))
		unlink(binrpc->place.path);
	uv_close((uv_handle_t *)&binrpc->server, on_closed);
	uv_close((uv_handle_t *)&binrpc->sweep, on_closed);
	list_for_each_safe (pos, &binrpc->connections)
		close_connection(container_of(pos, struct connection, node), NULL);
}
