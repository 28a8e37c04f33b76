/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_UNIT_SBC_RPC_RIG_H
#define TESTS_UNIT_SBC_RPC_RIG_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "sbc/rpc_jobs.h"

/*
 * A directory of its own and a loop for the tests of the doors. The table of commands is
 * replaced by one whose commands need no call: this header is in each test program in the
 * place of sbc/rpc_commands.c.
 *
 *   echo TEXT    answers TEXT                 wait       is done at its third step
 *   many COUNT   COUNT strings, 100 a step    refuse     answers a fault
 *   note         counts in rig_noted(), for requests that want no answer
 */
static inline unsigned *rig_noted(void)
{
	static unsigned noted;

	return &noted;
}

static enum rpc_step rig_echo(struct rpc_call *call)
{
	rpc_text(call, NULL, rpc_param(call, 0, "text"));
	return RPC_DONE;
}

static enum rpc_step rig_many(struct rpc_call *call)
{
	uint64_t count = 0;

	rpc_param_number(call, 0, "count", &count);
	if (!call->progress.step)
		rpc_open_array(call, NULL, "item");
	for (int i = 0; i < 100 && call->progress.count < count; i++)
		rpc_printf(call, NULL, "item number %08d of many", (int)call->progress.count++);
	if (call->progress.count < count)
		return RPC_MORE;
	rpc_close(call);
	return RPC_DONE;
}

static enum rpc_step rig_wait(struct rpc_call *call)
{
	if (call->progress.step < 2)
		return RPC_WAIT;
	rpc_str(call, NULL, "waited");
	return RPC_DONE;
}

static enum rpc_step rig_refuse(struct rpc_call *call)
{
	return rpc_fault(call, 403, "not today");
}

static enum rpc_step rig_note(struct rpc_call *call)
{
	++*rig_noted();
	rpc_str(call, NULL, "noted");
	return RPC_DONE;
}

static const struct rpc_command rig_commands[] = {
	{"echo", rig_echo, RPC_READ, "TEXT", "answers it"},
	{"many", rig_many, RPC_READ, "COUNT", "a long answer"},
	{"wait", rig_wait, RPC_READ, "", "takes its time"},
	{"refuse", rig_refuse, RPC_WRITE, "", "never"},
	{"note", rig_note, RPC_WRITE, "", "counts"},
};

const struct rpc_command *rpc_command_at(size_t index)
{
	return index < sizeof(rig_commands) / sizeof(rig_commands[0]) ? &rig_commands[index]
								      : NULL;
}

const struct rpc_command *rpc_command_find(struct slice name)
{
	const struct rpc_command *command;

	for (size_t i = 0; (command = rpc_command_at(i)); i++)
		if (slice_equal(slice_str(command->name), name))
			return command;
	return NULL;
}

struct rig {
	char folder[64];
	uv_loop_t loop;
	struct rpc_world world;
	struct rpc_budget budget;
	struct rpc_jobs *jobs;
	bool is_closed;
};

static inline usec_t rig_now(void)
{
	return clock_monotonic_us();
}

static inline void rig_on_closed(void *arg)
{
	*(bool *)arg = true;
}

static inline int rig_setup(void **state)
{
	struct rig *rig = mem_alloc(sizeof(*rig));

	snprintf(rig->folder, sizeof(rig->folder), "build/rpc-test-XXXXXX");
	assert_non_null(mkdtemp(rig->folder));
	uv_loop_init(&rig->loop);
	rig->budget.max = 64 * 1024 * 1024;
	rig->world = (struct rpc_world){.now = rig_now, .budget = &rig->budget};
	assert_int_equal(0, rpc_jobs_open(&rig->jobs, &rig->loop, &rig->world));
	*state = rig;
	return 0;
}

/* Until *flag, or the test fails. */
static inline void rig_run_until(struct rig *rig, const bool *flag)
{
	usec_t until = rig_now() + 10 * USEC_PER_SEC;

	while (!*flag) {
		assert_true(rig_now() < until);
		uv_run(&rig->loop, UV_RUN_NOWAIT);
		usleep(200);
	}
}

static inline void rig_run_for(struct rig *rig, unsigned ms)
{
	usec_t until = rig_now() + ms * USEC_PER_MS;

	while (rig_now() < until) {
		uv_run(&rig->loop, UV_RUN_NOWAIT);
		usleep(200);
	}
}

static inline void rig_path(const struct rig *rig, const char *name, char out[128])
{
	snprintf(out, 128, "%s/%s", rig->folder, name);
}

static inline int rig_teardown(void **state)
{
	struct rig *rig = *state;
	struct dirent *entry;
	DIR *folder;
	bool is_closed = false;

	if (rig->jobs) {
		rpc_jobs_close(rig->jobs, rig_on_closed, &is_closed);
		rig_run_until(rig, &is_closed);
	}
	assert_int_equal(0, uv_run(&rig->loop, UV_RUN_DEFAULT));
	assert_int_equal(0, uv_loop_close(&rig->loop));
	assert_int_equal(0, rig->budget.used);
	folder = opendir(rig->folder);
	while (folder && (entry = readdir(folder))) {
		char path[384];
		snprintf(path, sizeof(path), "%s/%s", rig->folder, entry->d_name);
		if (entry->d_name[0] != '.' && unlink(path))
			rmdir(path);
	}
	closedir(folder);
	rmdir(rig->folder);
	mem_free(rig);
	return 0;
}

#endif
