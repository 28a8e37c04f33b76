/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * JSON-RPC in datagrams. Answers that do not fit into the client's queue are tried again for
 * two seconds, then dropped. A client names its socket by a path, and what stands there may be
 * another one by now: an answer goes to a socket itself, never through a link, and never to us.
 * Signalling loop.
 */

#include "sbc/rpc_dgram.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/err.h"
#include "base/mem.h"
#include "sbc/rpc_jsonrpc.h"

#define DATAGRAM_MAX 65536 /* bytes of a request: JSON_TEXT_MAX */
#define WAITING_MAX  64    /* answers */
#define RETRY_MS     20
#define RETRY_US     (2 * USEC_PER_SEC) /* Kamailio's dgram_timeout */
#define VECTOR_MAX   8                  /* blocks of an answer: more than its ceiling has */
#define BURST        5                  /* log lines at once */
#define BURST_US     (10 * USEC_PER_SEC)

/* A client's address: kept for its answer. */
struct client {
	struct sockaddr_un address;
	socklen_t len;
};

/* A job's door-side half: which client asked. */
struct question {
	struct rpc_dgram *dgram; /* borrowed */
	struct client client;
};

struct answer {
	struct list node;
	struct client client;
	struct rpc_out out;
	usec_t deadline;
};

struct rpc_dgram {
	uv_poll_t poll;
	uv_timer_t timer; /* runs while answers wait */
	struct rpc_place place;
	struct rpc_placed placed;
	struct rpc_jobs *jobs;
	struct log *log;
	usec_t (*now)(void);
	struct list waiting;
	size_t waiting_count;
	bool is_paused; /* until there is room among the jobs */
	struct log_limit limit;
	bool is_closing;
	unsigned open_handles;
	rpc_closed_h *closed;
	void *closed_arg;
	char datagram[DATAGRAM_MAX];
};

static void note(struct rpc_dgram *dgram, const char *what, const char *why)
{
	if (log_limit_pass(&dgram->limit, dgram->now(), BURST, BURST_US))
		log_event(dgram->log, LOG_WARN, "sbc", what, "path=\"%s\" why=\"%s\" held=%llu",
			dgram->place.path, why, (unsigned long long)dgram->limit.held);
}

/* ---- answers ---- */

/* The socket that stands at the path: *fd refers to it whatever becomes of the path. An
 * abstract address has none: *fd is -1. 0 or the errno. */
static int find_socket(const struct rpc_dgram *dgram, const struct client *client, int *fd)
{
	char path[sizeof(client->address.sun_path) + 1] = "";
	size_t len = client->len - offsetof(struct sockaddr_un, sun_path);
	struct stat st;

	*fd = -1;
	if (client->len <= offsetof(struct sockaddr_un, sun_path))
		return EDESTADDRREQ;
	if (!client->address.sun_path[0])
		return 0;
	memcpy(path, client->address.sun_path, len);
	*fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (*fd < 0)
		return errno;
	if (fstat(*fd, &st))
		return errno;
	if (!S_ISSOCK(st.st_mode))
		return S_ISLNK(st.st_mode) ? ELOOP : ENOTSOCK;
	/* What we said would be a question, and its answer the next one. */
	return st.st_dev == dgram->placed.device && st.st_ino == dgram->placed.inode ? ELOOP
										     : 0;
}

static int send_from(
	int from, const struct sockaddr_un *address, socklen_t len, struct rpc_out *out)
{
	struct iovec vector[VECTOR_MAX];
	struct msghdr message = {
		.msg_name = (void *)(uintptr_t)address, .msg_namelen = len, .msg_iov = vector};

	list_for_each (pos, &out->blocks) {
		struct rpc_block *block = container_of(pos, struct rpc_block, node);
		if (message.msg_iovlen == VECTOR_MAX)
			return EMSGSIZE;
		vector[message.msg_iovlen++] =
			(struct iovec){.iov_base = block->bytes, .iov_len = block->len};
	}
	return sendmsg(from, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? errno : 0;
}

/* What nobody reads counts against the send buffer of the socket that it came from: from the
 * door's own, one client that does not read would keep all others from their answers. So each
 * answer has a socket of its own, unless the client is connected, and takes it from ours alone.
 */
static int send_to(const struct rpc_dgram *dgram, const struct sockaddr_un *address,
	socklen_t len, struct rpc_out *out)
{
	int own = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), error = errno;

	if (own >= 0) {
		error = send_from(own, address, len, out);
		close(own);
	}
	return own < 0 || error == EPERM ? send_from(dgram->placed.fd, address, len, out)
					 : error;
}

/* 0 or the errno. */
static int send_out(
	const struct rpc_dgram *dgram, const struct client *client, struct rpc_out *out)
{
	struct sockaddr_un there = {.sun_family = AF_UNIX};
	int fd, error = find_socket(dgram, client, &fd);

	if (!error && fd < 0)
		return send_to(dgram, &client->address, client->len, out);
	/* proc(5): the file that is open, not what its name leads to now. */
	snprintf(there.sun_path, sizeof(there.sun_path), "/proc/self/fd/%d", fd);
	error = error ? error : send_to(dgram, &there, sizeof(there), out);
	if (fd >= 0)
		close(fd);
	return error;
}

static bool is_busy(int error)
{
	return error == EAGAIN || error == ENOBUFS;
}

static void free_answer(struct rpc_dgram *dgram, struct answer *answer)
{
	list_remove(&answer->node);
	rpc_out_fini(&answer->out);
	mem_free(answer);
	dgram->waiting_count--;
}

static void on_timer(uv_timer_t *timer)
{
	struct rpc_dgram *dgram = timer->data;
	usec_t now = dgram->now();

	list_for_each_safe (pos, &dgram->waiting) {
		struct answer *answer = container_of(pos, struct answer, node);
		int error = send_out(dgram, &answer->client, &answer->out);
		if (is_busy(error) && now < answer->deadline)
			continue;
		if (error)
			note(dgram, "rpc.reply_dropped", strerrordesc_np(error));
		free_answer(dgram, answer);
	}
	if (!list_is_empty(&dgram->waiting))
		uv_timer_start(timer, on_timer, RETRY_MS, 0);
}

static void keep(struct rpc_dgram *dgram, const struct client *client, struct rpc_out *out)
{
	struct answer *answer =
		dgram->waiting_count < WAITING_MAX ? mem_alloc(sizeof(*answer)) : NULL;

	if (!answer) {
		note(dgram, "rpc.reply_dropped", "too many answers wait");
		return;
	}
	answer->client = *client;
	answer->deadline = dgram->now() + RETRY_US;
	rpc_out_move(&answer->out, out);
	list_append(&dgram->waiting, &answer->node);
	dgram->waiting_count++;
	if (!uv_is_active((uv_handle_t *)&dgram->timer))
		uv_timer_start(&dgram->timer, on_timer, RETRY_MS, 0);
}

static void on_done(struct rpc_job *job, void *arg)
{
	struct question *question = arg;
	struct rpc_dgram *dgram = question->dgram;
	struct rpc_out *out = &job->call.writer.out;
	int error = send_out(dgram, &question->client, out);

	if (is_busy(error))
		keep(dgram, &question->client, out);
	else if (error)
		note(dgram, "rpc.reply_dropped", strerrordesc_np(error));
	rpc_job_free(job);
}

/* ---- questions ---- */

/* Only a client with a path of its own can be answered. */
static bool has_path(const struct client *client)
{
	return client->len > offsetof(struct sockaddr_un, sun_path) &&
	       client->len <= sizeof(client->address);
}

static void take(struct rpc_dgram *dgram, struct rpc_job *job, const struct client *client,
	struct slice text)
{
	struct question *question = arena_alloc(&job->call.arena, sizeof(*question));
	struct rpc_call *call = &job->call;
	int err = question ? rpc_jsonrpc_parse(&call->request, &call->arena, text) : SBC_ENOMEM;

	if (!question || (err && !has_path(client))) {
		note(dgram, "rpc.refused", err_name(err));
		rpc_job_free(job);
		return;
	}
	question->dgram = dgram;
	question->client = *client;
	job->arg = question;
	call->writer.id = call->request.id;
	if (err)
		rpc_jsonrpc_refuse(call, err);
	rpc_job_start(job);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct rpc_dgram *dgram = poll->data;
	struct client client = {.len = sizeof(client.address)};
	struct rpc_job *job;
	ssize_t len;

	(void)events;
	if (status < 0)
		return;
	/* The job first: without one the datagram stays where it is. */
	job = rpc_job_new(dgram->jobs, &rpc_dialect_datagram, "datagram", on_done, NULL);
	if (!job) {
		dgram->is_paused = true;
		uv_poll_stop(poll);
		return;
	}
	len = recvfrom(dgram->placed.fd, dgram->datagram, sizeof(dgram->datagram),
		MSG_DONTWAIT | MSG_TRUNC, (struct sockaddr *)&client.address, &client.len);
	if (len < 0) {
		rpc_job_free(job);
	} else if ((size_t)len > sizeof(dgram->datagram)) {
		note(dgram, "rpc.refused", "too long");
		rpc_job_free(job);
	} else {
		take(dgram, job, &client, slice_of(dgram->datagram, (size_t)len));
	}
}

static void on_room(void *arg)
{
	struct rpc_dgram *dgram = arg;

	if (!dgram->is_paused || dgram->is_closing)
		return;
	dgram->is_paused = false;
	uv_poll_start(&dgram->poll, UV_READABLE, on_readable);
}

/* ---- door ---- */

int rpc_dgram_open(struct rpc_dgram **out, uv_loop_t *loop,
	const struct rpc_dgram_config *config, char *fault, size_t fault_size)
{
	struct rpc_dgram *dgram = mem_alloc(sizeof(*dgram));
	int err;

	if (!dgram)
		return SBC_ENOMEM;
	dgram->place = config->place;
	dgram->place.acl = "";
	dgram->jobs = config->jobs;
	dgram->log = config->log;
	dgram->now = config->now;
	list_init(&dgram->waiting);
	err = rpc_place_open(&dgram->placed, &dgram->place, fault, fault_size);
	if (!err && uv_poll_init(loop, &dgram->poll, dgram->placed.fd)) {
		rpc_place_close(&dgram->place, &dgram->placed);
		err = SBC_EIO;
	}
	if (err) {
		mem_free(dgram);
		return err;
	}
	uv_timer_init(loop, &dgram->timer);
	dgram->poll.data = dgram->timer.data = dgram;
	uv_poll_start(&dgram->poll, UV_READABLE, on_readable);
	rpc_jobs_on_room(dgram->jobs, on_room, dgram);
	*out = dgram;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct rpc_dgram *dgram = handle->data;

	if (--dgram->open_handles)
		return;
	list_for_each_safe (pos, &dgram->waiting)
		free_answer(dgram, container_of(pos, struct answer, node));
	rpc_place_close(&dgram->place, &dgram->placed);
	dgram->closed(dgram->closed_arg);
	mem_free(dgram);
}

void rpc_dgram_close(struct rpc_dgram *dgram, rpc_closed_h *closed, void *arg)
{
	dgram->is_closing = true;
	dgram->closed = closed;
	dgram->closed_arg = arg;
	dgram->open_handles = 2;
	uv_close((uv_handle_t *)&dgram->poll, on_closed);
	uv_close((uv_handle_t *)&dgram->timer, on_closed);
}
