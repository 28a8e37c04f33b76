/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How long a listing of 10000 dialogs keeps SIP waiting: the real core with as many calls, the
 * real jobs on a real loop, and the time between two turns of it, when it looks for what came
 * in. That is the thread's own time, so that a busy machine does not count as ours; the wall
 * clock's is told beside it. Prints a line for each dialect; the last line is
 *
 *   bench-control: list_10000_stall_ms=1.4
 *
 * and the exit status is 1 when that is above 10.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "sbc/rpc_jobs.h"
#include "tests/scenario/world.h"

#define CALLS    10000
#define LIMIT_US 10000

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

static void make_calls(struct world *w)
{
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
}

int main(void)
{
	struct world *w = mem_alloc(sizeof(*w));
	struct bench *b = mem_alloc(sizeof(*b));
	struct rpc_world world = {.now = on_now};
	usec_t worst = 0, times[3];
	bool is_whole = true;

	make_calls(w);
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
	rpc_jobs_close(b->jobs, on_closed, b);
	uv_close((uv_handle_t *)&b->check, NULL);
	uv_run(&b->loop, UV_RUN_DEFAULT);
	world_fini(w);
	for (int i = 0; i < 3; i++) {
		is_whole &= times[i] >= 0;
		worst = times[i] > worst ? times[i] : worst;
	}
	printf("bench-control: list_10000_stall_ms=%.2f\n", (double)worst / 1000);
	return !is_whole || worst > LIMIT_US;
}
