/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DX-3: trying as the client. Shell. */

#include "tools/ctl/doctor_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROBE_SECONDS 5   /* a dead network file system must not hold us */
#define NOT_TRIED     255 /* exit status: the child could not become the client */

/* Into the client's mount namespace and root directory. */
static int enter_view(const struct process *process)
{
	char path[64];
	int ns, root, err = 0;

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", process->pid);
	ns = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%d/root", process->pid);
	root = open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
	if (ns < 0 || root < 0 || setns(ns, CLONE_NEWNS) || fchdir(root) || chroot("."))
		err = -errno;
	if (ns >= 0)
		close(ns);
	if (root >= 0)
		close(root);
	return err;
}

static int set_capabilities(uint64_t effective)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}, {0}};
	struct __user_cap_data_struct now[2] = {{0}, {0}};

	if (syscall(SYS_capget, &header, now))
		return -errno;
	for (int i = 0; i < 2; i++) {
		data[i].effective = (uint32_t)(effective >> (32 * i)) & now[i].permitted;
		data[i].permitted = data[i].effective;
	}
	return syscall(SYS_capset, &header, data) ? -errno : 0;
}

static int become(const struct process *process)
{
	gid_t groups[1024];

	if (process->group_count > sizeof(groups) / sizeof(groups[0]))
		return -E2BIG;
	for (size_t i = 0; i < process->group_count; i++)
		groups[i] = process->groups[i];
	if (setgroups(process->group_count, groups) ||
		setresgid(process->gid[0], process->gid[1], process->gid[2]) ||
		setresuid(process->uid[0], process->uid[1], process->uid[2]))
		return -errno;
	setfsgid(process->gid[3]);
	setfsuid(process->uid[3]);
	return set_capabilities(process->cap_eff);
}

static int try_open(const char *path, bool is_open_unsafe)
{
	int fd;

	if (is_open_unsafe)
		return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) ? errno : 0;
	fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static void child(const struct process *process, const char *path, bool is_open_unsafe)
{
	alarm(PROBE_SECONDS);
	if ((process->pid && enter_view(process)) || become(process))
		_exit(NOT_TRIED);
	_exit(try_open(path, is_open_unsafe));
}

int probe_open_as(
	const struct process *process, const char *path, bool is_open_unsafe, int *result)
{
	pid_t pid;
	int status;

	if (geteuid() != 0)
		return -EPERM;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		child(process, path, is_open_unsafe);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) == NOT_TRIED)
		return -EPERM;
	*result = -WEXITSTATUS(status);
	return 0;
}
