/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Commands about the program: Kamailio's core.* and system.*, and OpenSIPS MI's which, ps,
 * uptime, version. Signalling thread.
 */

#include <dirent.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <sys/utsname.h>

#include "base/err.h"
#include "sbc/core.h"
#include "sbc/rpc.h"

#define TIME_TEXT_MAX 64
#define THREAD_MAX    256 /* shown; media has 16 loops at most, libuv its pool */

static int64_t wall_s(const struct rpc_call *call)
{
	const struct sbc_outside *outside = &call->world->sbc->outside;

	return outside->wall_s(outside->arg);
}

/* As ctime(3) without its line end: what Kamailio and OpenSIPS print. */
static const char *print_time(int64_t seconds, char out[TIME_TEXT_MAX])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (!localtime_r(&t, &tm) || !strftime(out, TIME_TEXT_MAX, "%a %b %e %H:%M:%S %Y", &tm))
		out[0] = '\0';
	return out;
}

static const char *machine(struct utsname *name)
{
	return uname(name) ? "unknown" : name->machine;
}

static enum rpc_step core_version(struct rpc_call *call)
{
	struct utsname name;

	rpc_printf(call, NULL, "countersip %s (%s/linux)", COUNTERSIP_VERSION, machine(&name));
	return RPC_DONE;
}

static enum rpc_step core_uptime(struct rpc_call *call)
{
	int64_t now = wall_s(call), start = call->world->start_s;
	char text[TIME_TEXT_MAX];

	rpc_open_struct(call, NULL);
	rpc_str(call, "now", print_time(now, text));
	rpc_str(call, "up_since", print_time(start, text));
	rpc_integer(call, "uptime", now > start ? (uint64_t)(now - start) : 0);
	rpc_close(call);
	return RPC_DONE;
}

static enum rpc_step core_info(struct rpc_call *call)
{
	rpc_open_struct(call, NULL);
	rpc_str(call, "version", "countersip " COUNTERSIP_VERSION);
	rpc_str(call, "id", COUNTERSIP_VERSION);
	rpc_str(call, "compiler", "cc " __VERSION__);
	rpc_str(call, "compiled", "");
	rpc_str(call, "flags", "USE_TCP, USE_TLS, USE_DTLS_SRTP");
	rpc_integer(call, "pid", (uint64_t)getpid());
	rpc_close(call);
	return RPC_DONE;
}

/* There is no shared memory here: the heap, under the names that Kamailio's tools know. */
static enum rpc_step core_shmmem(struct rpc_call *call)
{
	struct mallinfo2 heap = mallinfo2();

	rpc_open_struct(call, NULL);
	rpc_integer(call, "total", heap.arena + heap.hblkhd);
	rpc_integer(call, "free", heap.fordblks);
	rpc_integer(call, "used", heap.uordblks + heap.hblkhd);
	rpc_integer(call, "real_used", heap.uordblks + heap.hblkhd);
	rpc_integer(call, "max_used", heap.arena + heap.hblkhd);
	rpc_integer(call, "fragments", heap.ordblks + heap.smblks);
	rpc_close(call);
	return RPC_DONE;
}

static enum rpc_step core_pwd(struct rpc_call *call)
{
	char path[512];

	if (!getcwd(path, sizeof(path)))
		return rpc_fault(call, 500, "Cannot tell: errno %d", errno);
	rpc_str(call, NULL, path);
	return RPC_DONE;
}

static enum rpc_step core_sockets_list(struct rpc_call *call)
{
	const struct config *config = call->world->sbc->config;
	char text[NETADDR_TEXT_MAX];

	rpc_open_array(call, NULL, "socket");
	for (size_t i = 0; i < config->listener_count; i++) {
		const struct config_listener *l = &config->listeners[i];
		rpc_open_struct(call, NULL);
		rpc_str(call, "PROTO", transport_kind_name(l->transport));
		rpc_str(call, "IP", netaddr_print_host(&l->address, text));
		rpc_integer(call, "PORT", netaddr_port(&l->address));
		rpc_str(call, "ADVERTISE", l->advertised ? l->advertised : "");
		rpc_close(call);
	}
	rpc_close(call);
	return RPC_DONE;
}

/* ---- threads ---- */

struct thread {
	long id;
	char name[32];
};

static void read_name(struct thread *thread)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%ld/comm", thread->id);
	snprintf(thread->name, sizeof(thread->name), "thread");
	file = fopen(path, "re");
	if (!file)
		return;
	if (fgets(thread->name, sizeof(thread->name), file))
		thread->name[strcspn(thread->name, "\n")] = '\0';
	fclose(file);
}

/* One process: its threads take the place of Kamailio's and OpenSIPS's children. */
static size_t list_threads(struct thread *threads, size_t max)
{
	DIR *folder = opendir("/proc/self/task");
	const struct dirent *entry;
	size_t count = 0;

	while (folder && count < max && (entry = readdir(folder))) {
		threads[count].id = strtol(entry->d_name, NULL, 10);
		if (threads[count].id > 0)
			read_name(&threads[count++]);
	}
	if (folder)
		closedir(folder);
	return count;
}

static const char *describe(const struct thread *thread)
{
	return thread->id == getpid() ? "signalling" : thread->name;
}

static enum rpc_step core_ps(struct rpc_call *call)
{
	struct thread threads[THREAD_MAX];
	size_t count = list_threads(threads, THREAD_MAX);

	rpc_open_array(call, NULL, "process");
	for (size_t i = 0; i < count; i++) {
		rpc_integer(call, NULL, (uint64_t)threads[i].id);
		rpc_str(call, NULL, describe(&threads[i]));
	}
	rpc_close(call);
	return RPC_DONE;
}

static enum rpc_step core_psx(struct rpc_call *call)
{
	struct thread threads[THREAD_MAX];
	size_t count = list_threads(threads, THREAD_MAX);

	rpc_open_array(call, NULL, "process");
	for (size_t i = 0; i < count; i++) {
		rpc_open_struct(call, NULL);
		rpc_integer(call, "IDX", i);
		rpc_integer(call, "PID", (uint64_t)threads[i].id);
		rpc_str(call, "DSC", describe(&threads[i]));
		rpc_close(call);
	}
	rpc_close(call);
	return RPC_DONE;
}

static enum rpc_step mi_ps(struct rpc_call *call)
{
	struct thread threads[THREAD_MAX];
	size_t count = list_threads(threads, THREAD_MAX);

	rpc_open_struct(call, NULL);
	rpc_open_array(call, "Processes", "Process");
	for (size_t i = 0; i < count; i++) {
		rpc_open_struct(call, NULL);
		rpc_attribute(call, "ID", "%zu", i);
		rpc_attribute(call, "PID", "%ld", threads[i].id);
		rpc_attribute(call, "Type", "%s", describe(&threads[i]));
		rpc_close(call);
	}
	rpc_close(call);
	rpc_close(call);
	return RPC_DONE;
}

/* ---- what there is ---- */

static enum rpc_step system_list_methods(struct rpc_call *call)
{
	const struct rpc_command *command;

	rpc_open_array(call, NULL, NULL);
	for (size_t i = 0; (command = rpc_command_at(i)); i++)
		rpc_str(call, NULL, command->name);
	rpc_close(call);
	return RPC_DONE;
}

static const struct rpc_command *asked_for(const struct rpc_call *call)
{
	return rpc_command_find(rpc_param(call, 0, "method"));
}

static enum rpc_step system_method_help(struct rpc_call *call)
{
	const struct rpc_command *command = asked_for(call);

	if (!command)
		return rpc_fault(call, 400, "Command not found");
	rpc_printf(call, NULL, "%s%s%s", command->params, command->params[0] ? ": " : "",
		command->help);
	return RPC_DONE;
}

static enum rpc_step mi_help(struct rpc_call *call)
{
	const struct rpc_command *command = asked_for(call);

	if (!call->request.param_count)
		return rpc_fault(call, 400, "help of which command?");
	if (!command)
		return rpc_fault(call, 404, "No such command");
	rpc_open_struct(call, NULL);
	rpc_str(call, "Command", command->name);
	rpc_str(call, "Params", command->params);
	rpc_str(call, "Help", command->help);
	rpc_str(call, "Access", command->access == RPC_WRITE ? "write" : "read");
	rpc_close(call);
	return RPC_DONE;
}

static enum rpc_step mi_uptime(struct rpc_call *call)
{
	int64_t now = wall_s(call), start = call->world->start_s;
	char text[TIME_TEXT_MAX];

	rpc_open_struct(call, NULL);
	rpc_str(call, "Now", print_time(now, text));
	rpc_str(call, "Up since", print_time(start, text));
	rpc_printf(call, "Up time", "%lld [sec]", (long long)(now > start ? now - start : 0));
	rpc_close(call);
	return RPC_DONE;
}

static enum rpc_step mi_version(struct rpc_call *call)
{
	struct utsname name;

	rpc_open_struct(call, NULL);
	rpc_printf(call, "Server", "countersip (%s (%s/linux))", COUNTERSIP_VERSION,
		machine(&name));
	rpc_close(call);
	return RPC_DONE;
}

static const struct rpc_command commands[] = {
	{"core.version", core_version, RPC_READ, "", "name, version and platform"},
	{"core.uptime", core_uptime, RPC_READ, "", "the time, the start, seconds between"},
	{"core.info", core_info, RPC_READ, "", "how this program was built"},
	{"core.shmmem", core_shmmem, RPC_READ, "", "memory, in Kamailio's words"},
	{"core.ps", core_ps, RPC_READ, "", "threads: number and name, in turn"},
	{"core.psx", core_psx, RPC_READ, "", "threads, a record each"},
	{"core.pwd", core_pwd, RPC_READ, "", "the working directory"},
	{"core.sockets_list", core_sockets_list, RPC_READ, "", "where SIP is spoken"},
	{"system.listMethods", system_list_methods, RPC_READ, "", "the commands there are"},
	{"system.methodHelp", system_method_help, RPC_READ, "METHOD", "one command's help"},
	{"which", system_list_methods, RPC_READ, "", "the commands there are"},
	{"help", mi_help, RPC_READ, "METHOD", "one command's parameters and help"},
	{"ps", mi_ps, RPC_READ, "", "threads"},
	{"uptime", mi_uptime, RPC_READ, "", "the time, the start, seconds between"},
	{"version", mi_version, RPC_READ, "", "name, version and platform"},
	{"pwd", core_pwd, RPC_READ, "", "the working directory"},
};

const struct rpc_family rpc_core_family = {commands, sizeof(commands) / sizeof(commands[0])};
