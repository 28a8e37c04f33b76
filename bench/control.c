/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How long a listing of 10000 dialogs keeps SIP waiting: the real core with as many calls, the
 * real jobs on a real loop, and the time between two turns of it, when it looks for what came
 * in. That is the thread's own time, so that a busy machine does not count as ours; the wall
 * clock's is told beside it. First the jobs by themselves, in each dialect; then through the
 * HTTP door and the stream socket, with a client in another thread that reads all of it. Prints
 * a line for each; the last line is
 *
 *   bench-control: list_10000_stall_ms=1.4
 *
 * and the exit status is 1 when that is above 10.
 */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "sbc/rpc_binrpc.h"
#include "sbc/rpc_http.h"
#include "sbc/rpc_jobs.h"
#include "tests/scenario/world.h"

#define CALLS      10000
#define LIMIT_US   10000
#define TOKEN      "a-token-of-the-bench-alone"
#define PATIENCE_S 60
#define DOOR_COUNT 2
#define WAY_COUNT  (3 + DOOR_COUNT)

struct bench {
	uv_loop_t loop;
	uv_check_t check;
	struct rpc_jobs *jobs;
	struct rpc_budget budget;
	usec_t cpu, cpu_worst;   /* at the last turn, and the longest since: our own time */
	usec_t wall, wall_worst; /* the same by the wall clock */
	size_t len;              /* bytes of the last answer */
	bool is_done, is_closed;
};

static usec_t on_now(void)
{
	return clock_monotonic_us();
}

static usec_t cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (usec_t)t.tv_sec * USEC_PER_SEC + t.tv_nsec / 1000;
}

static void on_turn(uv_check_t *check)
{
	struct bench *b = check->data;
	usec_t cpu = cpu_now(), wall = on_now();

	if (cpu - b->cpu > b->cpu_worst)
		b->cpu_worst = cpu - b->cpu;
	if (wall - b->wall > b->wall_worst)
		b->wall_worst = wall - b->wall;
	b->cpu = cpu;
	b->wall = wall;
}

static void on_done(struct rpc_job *job, void *arg)
{
	struct bench *b = arg;

	b->len = job->call.writer.out.len;
	b->is_done = true;
	if (job->call.is_faulty)
		b->len = 0;
	rpc_job_free(job);
}

static void on_closed(void *arg)
{
	((struct bench *)arg)->is_closed = true;
}

static usec_t list(struct bench *b, const struct rpc_dialect *dialect, const char *method)
{
	struct rpc_job *job = rpc_job_new(b->jobs, dialect, "bench", on_done, b);
	usec_t start;

	if (!job)
		return -1;
	job->call.request.method = slice_str(method);
	b->is_done = false;
	uv_run(&b->loop, UV_RUN_NOWAIT);
	b->cpu_worst = b->wall_worst = 0;
	start = on_now();
	rpc_job_start(job);
	while (!b->is_done)
		uv_run(&b->loop, UV_RUN_ONCE);
	uv_run(&b->loop, UV_RUN_NOWAIT);
	printf("%s: %.1f ms in all, %.1f MB, stall %.2f ms, by the wall clock %.2f ms\n",
		method, (double)(on_now() - start) / 1000, (double)b->len / 1e6,
		(double)b->cpu_worst / 1000, (double)b->wall_worst / 1000);
	return b->len ? b->cpu_worst : -1;
}

/* ---- through a door ---- */

struct doors {
	char folder[64], token[80];
	struct config_rpc config;
	struct rpc_http *http;
	struct rpc_binrpc *binrpc;
	struct sockaddr_un stream;
	struct netaddr address;
};

/* One client: connects, asks, reads to the end. Its thread's, until done is called. */
struct client {
	const char *name;
	const struct sockaddr *to;
	socklen_t to_len;
	struct slice request;
	bool is_http;
	size_t len; /* of the answer; 0: it failed */
	uv_async_t over;
	bool is_over;
};

/* A port that was free just now. */
static uint16_t free_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) ||
		getsockname(fd, (struct sockaddr *)&at, &len))
		at.sin_port = 0;
	close(fd);
	return ntohs(at.sin_port);
}

static int open_doors(struct doors *d, struct bench *b, const struct rpc_world *world)
{
	struct rpc_http_config http = {
		.rpc = &d->config, .state_dir = d->folder, .jobs = b->jobs, .world = world};
	struct rpc_binrpc_config binrpc = {.jobs = b->jobs, .now = on_now};
	struct rpc_place_words words = {.run_dir = d->folder,
		.name = "ctl",
		.user = "",
		.group = "",
		.acl = "",
		.mode = 0600};
	char fault[512];
	int fd;

	snprintf(d->folder, sizeof(d->folder), "/tmp/countersip-bench-XXXXXX");
	if (!mkdtemp(d->folder))
		return -1;
	snprintf(d->token, sizeof(d->token), "%s/token", d->folder);
	d->config.http_token = d->token;
	d->config.http_certificate = d->config.http_key = d->config.http_ca = "";
	d->config.http_names = d->config.http_console = "";
	fd = open(d->token, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, TOKEN, strlen(TOKEN)) < 0 || close(fd))
		return -1;
	netaddr_parse(&d->config.http_address, SLICE("127.0.0.1"), free_port());
	d->address = d->config.http_address;
	d->stream.sun_family = AF_UNIX;
	snprintf(d->stream.sun_path, sizeof(d->stream.sun_path), "%s/ctl", d->folder);
	return rpc_place_init(&binrpc.place, RPC_PLACE_STREAM, &words, fault, sizeof(fault)) ||
			       rpc_binrpc_open(
				       &d->binrpc, &b->loop, &binrpc, fault, sizeof(fault)) ||
			       rpc_http_open(&d->http, &b->loop, &http, fault, sizeof(fault))
		       ? -1
		       : 0;
}

static void close_doors(struct doors *d, struct bench *b)
{
	b->is_closed = false;
	rpc_http_close(d->http, on_closed, b);
	while (!b->is_closed)
		uv_run(&b->loop, UV_RUN_ONCE);
	b->is_closed = false;
	rpc_binrpc_close(d->binrpc, on_closed, b);
	while (!b->is_closed)
		uv_run(&b->loop, UV_RUN_ONCE);
	unlink(d->token);
	rmdir(d->folder);
}

/* Bytes of the whole answer as its first bytes tell; 0: not told yet. */
static size_t whole_len(const struct client *c, const char *bytes, size_t len)
{
	const uint8_t *at = (const uint8_t *)bytes;
	size_t body = 0, head;
	const char *end, *told;

	if (!c->is_http) {
		head = 2u + ((at[1] >> 2) & 3u) + 1u;
		for (size_t i = 2; i < head && i < len; i++)
			body = body << 8 | at[i];
		return len < head ? 0 : head + (at[1] & 3u) + 1u + body;
	}
	end = memmem(bytes, len, "\r\n\r\n", 4);
	told = end ? memmem(bytes, (size_t)(end - bytes), "ontent-length: ", 15) : NULL;
	return told ? (size_t)(end - bytes) + 4 + strtoul(told + 15, NULL, 10) : 0;
}

static void run_client(void *arg)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	struct client *c = arg;
	static const size_t size = 1 << 16;
	char *bytes = mem_alloc(size);
	size_t want = 0, len = 0;
	int fd = socket(c->to->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (bytes && !connect(fd, c->to, c->to_len) &&
		send(fd, c->request.ptr, c->request.len, MSG_NOSIGNAL) > 0) {
		while (!want || len < want) {
			/* What tells the length is at the front; the rest is counted only. */
			size_t at = want ? 0 : len;
			ssize_t got = recv(fd, bytes + at, size - at, 0);
			if (got <= 0)
				break;
			len += (size_t)got;
			if (!want)
				want = whole_len(c, bytes, len);
		}
	}
	c->len = want && len == want ? len : 0;
	close(fd);
	mem_free(bytes);
	uv_async_send(&c->over);
}

static void on_over(uv_async_t *async)
{
	((struct client *)async->data)->is_over = true;
}

static usec_t list_through(struct bench *b, struct client *c)
{
	uv_thread_t thread;
	usec_t start;

	uv_async_init(&b->loop, &c->over, on_over);
	c->over.data = c;
	uv_run(&b->loop, UV_RUN_NOWAIT);
	b->cpu_worst = b->wall_worst = 0;
	start = on_now();
	if (uv_thread_create(&thread, run_client, c))
		return -1;
	while (!c->is_over)
		uv_run(&b->loop, UV_RUN_ONCE);
	uv_thread_join(&thread);
	uv_close((uv_handle_t *)&c->over, NULL);
	uv_run(&b->loop, UV_RUN_NOWAIT);
	printf("%s: %.1f ms in all, %.1f MB, stall %.2f ms, by the wall clock %.2f ms\n",
		c->name, (double)(on_now() - start) / 1000, (double)c->len / 1e6,
		(double)b->cpu_worst / 1000, (double)b->wall_worst / 1000);
	return c->len > CALLS * 100 ? b->cpu_worst : -1; /* a fault is short */
}

static void list_through_doors(struct bench *b, const struct doors *d, usec_t times[DOOR_COUNT])
{
	static const char body[] = "{\"jsonrpc\":\"2.0\",\"method\":\"dlg.list\",\"id\":1}";
	static const char binrpc[] = "\xa1\x03\x0b\x01\x02\x03\x04\x91\x09"
				     "dlg.list";
	struct client clients[DOOR_COUNT];
	char http[512];
	int len = snprintf(http, sizeof(http),
		"POST /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " TOKEN
		"\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
		sizeof(body) - 1, body);

	clients[0] = (struct client){.name = "dlg.list through HTTP",
		.to = &d->address.sa,
		.to_len = sizeof(d->address.in),
		.request = slice_of(http, (size_t)len),
		.is_http = true};
	clients[1] = (struct client){.name = "dlg.list through the stream socket",
		.to = (const struct sockaddr *)&d->stream,
		.to_len = sizeof(d->stream),
		.request = slice_of(binrpc, sizeof(binrpc))};
	for (int i = 0; i < DOOR_COUNT; i++)
		times[i] = list_through(b, &clients[i]);
}

/* False: some of them were refused, and what is measured would be less. */
static bool make_calls(struct world *w)
{
	struct sbc_counters counters;
	struct talk t;

	world_init_large(w, CALLS);
	/* Unsigned calls of a peer: each is taken at once. */
	w->config.peers[0].identity_required = false;
	world_register(w, BOB);
	for (int i = 0; i < CALLS; i++) {
		t = (struct talk){0};
		world_invite(w, &t, BILOXI, "sip:bob@atlanta.test");
		world_forget(w);
	}
	sbc_counters(w->sbc, &counters);
	return counters.calls_now == CALLS;
}

int main(void)
{
	struct world *w = mem_alloc(sizeof(*w));
	struct bench *b = mem_alloc(sizeof(*b));
	struct rpc_world world = {.now = on_now};
	struct doors *doors = mem_alloc(sizeof(*doors));
	usec_t worst = 0, times[WAY_COUNT];
	bool is_whole = true;

	if (!make_calls(w)) {
		puts("there are fewer calls than that");
		return 1;
	}
	b->budget.max = RPC_ANSWER_MAX;
	world.sbc = w->sbc;
	world.budget = &b->budget;
	world.start_s = w->wall_start_s;
	uv_loop_init(&b->loop);
	uv_check_init(&b->loop, &b->check);
	b->check.data = b;
	b->cpu = cpu_now();
	b->wall = on_now();
	uv_check_start(&b->check, on_turn);
	if (rpc_jobs_open(&b->jobs, &b->loop, &world))
		return 1;
	times[0] = list(b, &rpc_dialect_kamailio, "dlg.list");
	times[1] = list(b, &rpc_dialect_mi, "dlg_list");
	times[2] = list(b, &rpc_dialect_binrpc, "dlg.list");
	if (open_doors(doors, b, &world)) {
		puts("the doors cannot be opened");
		return 1;
	}
	list_through_doors(b, doors, times + 3);
	close_doors(doors, b);
	rpc_jobs_close(b->jobs, on_closed, b);
	uv_close((uv_handle_t *)&b->check, NULL);
	uv_run(&b->loop, UV_RUN_DEFAULT);
	world_fini(w);
	for (int i = 0; i < WAY_COUNT; i++) {
		is_whole &= times[i] >= 0;
		worst = times[i] > worst ? times[i] : worst;
	}
	printf("bench-control: list_10000_stall_ms=%.2f\n", (double)worst / 1000);
	return !is_whole || worst > LIMIT_US;
}
