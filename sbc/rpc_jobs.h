/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_RPC_JOBS_H
#define SBC_RPC_JOBS_H

#include <uv.h>

#include "sbc/rpc.h"

/*
 * Commands that run on the signalling loop, a millisecond in each of its turns: SIP comes in
 * between. Private to the sbc room.
 */

#define RPC_JOB_MAX 64 /* at once; doors wait before they take more */

struct rpc_jobs;
struct rpc_job;

/* The answer is in job->call.writer.out; the door takes it and frees the job. Never inside
 * rpc_job_start(). */
typedef void(rpc_job_done_h)(struct rpc_job *job, void *arg);

struct rpc_job {
	struct rpc_call call;
	struct rpc_jobs *jobs; /* borrowed: its parent */
	struct list node;
	rpc_job_done_h *done;
	void *arg; /* borrowed */
};

/* world is copied. */
int rpc_jobs_open(struct rpc_jobs **out, uv_loop_t *loop, const struct rpc_world *world);

/* There is room again for a job. */
typedef void(rpc_room_h)(void *arg);
/* One for each door. */
#define RPC_DOOR_MAX 4
void rpc_jobs_on_room(struct rpc_jobs *jobs, rpc_room_h *room, void *arg);

/* NULL: too many, or no memory. who: for the log. */
struct rpc_job *rpc_job_new(struct rpc_jobs *jobs, const struct rpc_dialect *dialect,
	const char *who, rpc_job_done_h *done, void *arg);
/* Once its request is filled in. A job that has a fault already is only handed back. */
void rpc_job_start(struct rpc_job *job);
/* In any state. NULL is allowed. */
void rpc_job_free(struct rpc_job *job);

typedef void(rpc_closed_h)(void *arg);
/* Frees every job without a word; a door that keeps pointers to its jobs is closed before. */
void rpc_jobs_close(struct rpc_jobs *jobs, rpc_closed_h *closed, void *arg);

#endif
