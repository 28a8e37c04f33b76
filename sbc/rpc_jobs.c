/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Running commands in slices of the loop's time. Signalling loop. */

#include "sbc/rpc_jobs.h"

#include "base/err.h"
#include "base/mem.h"

#define SLICE_US 1000 /* of one turn of the loop */
#define WAIT_MS  20   /* until RPC_WAIT is asked again */

struct rpc_jobs {
	struct rpc_world world;
	uv_idle_t idle;   /* runs while something is ready: the loop does not sleep */
	uv_timer_t timer; /* runs while something waits */
	struct list ready;
	struct list waiting;
	size_t count;
	struct {
		rpc_room_h *handler;
		void *arg;
	} rooms[RPC_DOOR_MAX];
	size_t room_count;
	bool is_closing;
	unsigned open_handles;
	rpc_closed_h *closed;
	void *closed_arg;
};

static void on_idle(uv_idle_t *idle);

static void wake(struct rpc_jobs *jobs)
{
	if (!jobs->is_closing && !list_is_empty(&jobs->ready))
		uv_idle_start(&jobs->idle, on_idle);
}

static void on_timer(uv_timer_t *timer)
{
	struct rpc_jobs *jobs = timer->data;

	list_for_each_safe (pos, &jobs->waiting) {
		list_remove(pos);
		list_append(&jobs->ready, pos);
	}
	wake(jobs);
}

static void step(struct rpc_jobs *jobs, struct rpc_job *job)
{
	list_remove(&job->node);
	switch (job->call.is_faulty ? RPC_DONE : rpc_call_step(&job->call)) {
	case RPC_MORE:
		list_append(&jobs->ready, &job->node);
		break;
	case RPC_WAIT:
		list_append(&jobs->waiting, &job->node);
		uv_timer_start(&jobs->timer, on_timer, WAIT_MS, 0);
		break;
	case RPC_DONE:
		job->done(job, job->arg);
		break;
	}
}

static void on_idle(uv_idle_t *idle)
{
	struct rpc_jobs *jobs = idle->data;
	usec_t until = jobs->world.now() + SLICE_US;

	while (!list_is_empty(&jobs->ready)) {
		step(jobs, container_of(jobs->ready.next, struct rpc_job, node));
		if (jobs->world.now() >= until)
			break;
	}
	if (list_is_empty(&jobs->ready))
		uv_idle_stop(idle);
}

int rpc_jobs_open(struct rpc_jobs **out, uv_loop_t *loop, const struct rpc_world *world)
{
	struct rpc_jobs *jobs = mem_alloc(sizeof(*jobs));

	if (!jobs)
		return SBC_ENOMEM;
	jobs->world = *world;
	list_init(&jobs->ready);
	list_init(&jobs->waiting);
	uv_idle_init(loop, &jobs->idle);
	uv_timer_init(loop, &jobs->timer);
	jobs->idle.data = jobs->timer.data = jobs;
	jobs->open_handles = 2;
	*out = jobs;
	return 0;
}

void rpc_jobs_on_room(struct rpc_jobs *jobs, rpc_room_h *room, void *arg)
{
	if (jobs->room_count == RPC_DOOR_MAX)
		return;
	jobs->rooms[jobs->room_count].handler = room;
	jobs->rooms[jobs->room_count++].arg = arg;
}

struct rpc_job *rpc_job_new(struct rpc_jobs *jobs, const struct rpc_dialect *dialect,
	const char *who, rpc_job_done_h *done, void *arg)
{
	struct rpc_job *job;

	if (jobs->count >= RPC_JOB_MAX || jobs->is_closing)
		return NULL;
	job = mem_alloc(sizeof(*job));
	if (!job)
		return NULL;
	rpc_call_init(&job->call, &jobs->world, dialect, who);
	list_init(&job->node);
	job->jobs = jobs;
	job->done = done;
	job->arg = arg;
	jobs->count++;
	return job;
}

void rpc_job_start(struct rpc_job *job)
{
	list_append(&job->jobs->ready, &job->node);
	wake(job->jobs);
}

void rpc_job_free(struct rpc_job *job)
{
	struct rpc_jobs *jobs;
	bool was_full;

	if (!job)
		return;
	jobs = job->jobs;
	was_full = jobs->count == RPC_JOB_MAX;
	list_remove(&job->node);
	rpc_call_fini(&job->call);
	mem_free(job);
	jobs->count--;
	for (size_t i = 0; was_full && !jobs->is_closing && i < jobs->room_count; i++)
		jobs->rooms[i].handler(jobs->rooms[i].arg);
}

static void on_closed(uv_handle_t *handle)
{
	struct rpc_jobs *jobs = handle->data;

	if (--jobs->open_handles)
		return;
	jobs->closed(jobs->closed_arg);
	mem_free(jobs);
}

static void free_list(struct list *list)
{
	list_for_each_safe (pos, list)
		rpc_job_free(container_of(pos, struct rpc_job, node));
}

void rpc_jobs_close(struct rpc_jobs *jobs, rpc_closed_h *closed, void *arg)
{
	jobs->is_closing = true;
	jobs->closed = closed;
	jobs->closed_arg = arg;
	free_list(&jobs->ready);
	free_list(&jobs->waiting);
	uv_close((uv_handle_t *)&jobs->idle, on_closed);
	uv_close((uv_handle_t *)&jobs->timer, on_closed);
}
