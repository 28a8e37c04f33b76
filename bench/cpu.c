/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What /proc knows of a process's threads. */

#include "bench/cpu.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STOP_TRIES 1000 /* of a millisecond */

static bool read_task(int pid, const char *tid, const char *name, char *out, size_t size)
{
	char path[320];
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/%s", pid, tid, name);
	file = fopen(path, "r");
	if (!file)
		return false;
	n = fread(out, 1, size - 1, file);
	out[n] = 0;
	fclose(file);
	return n > 0;
}

typedef void(task_h)(const char *text, void *arg);

static void each_task(int pid, const char *name, task_h *handler, void *arg)
{
	char path[64], text[1024];
	struct dirent *entry;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	tasks = opendir(path);
	if (!tasks)
		return;
	while ((entry = readdir(tasks))) {
		if (entry->d_name[0] != '.' &&
			read_task(pid, entry->d_name, name, text, sizeof(text)))
			handler(text, arg);
	}
	closedir(tasks);
}

static void add_time(const char *text, void *arg)
{
	uint64_t *sum = arg;
	unsigned long ran;

	if (sscanf(text, "%lu", &ran) == 1)
		*sum += ran;
}

uint64_t cpu_of(int pid)
{
	uint64_t sum = 0;

	each_task(pid, "schedstat", add_time, &sum);
	return sum;
}

static void note_running(const char *text, void *arg)
{
	const char *state = strrchr(text, ')');

	if (state && state[1] == ' ' && state[2] != 'T')
		*(bool *)arg = true;
}

void cpu_wait_stopped(int pid)
{
	for (unsigned i = 0; i < STOP_TRIES; i++) {
		bool is_running = false;

		each_task(pid, "stat", note_running, &is_running);
		if (!is_running)
			return;
		usleep(1000);
	}
}
