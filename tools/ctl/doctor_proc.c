/* SPDX-License-Identifier: GPL-3.0-or-later */
/* proc(5): credentials of running processes, and the FIFOs that they hold open. Shell. */

#include "tools/ctl/doctor_proc.h"

#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "tools/ctl/doctor_users.h"

#define PIDS_MAX 65536
#define FDS_MAX  4096 /* of one process that are looked at */

/* The value behind "Key:" of a status file, trimmed. */
static struct slice status_value(const char *text, const char *key)
{
	struct slice rest = slice_str(text);
	size_t len = strlen(key);

	while (rest.len) {
		struct slice line = slice_cut(&rest, '\n');
		if (line.len > len && line.ptr[len] == ':' && !memcmp(line.ptr, key, len))
			return slice_trim(slice_from(line, len + 1));
	}
	return (struct slice){0};
}

/* Numbers with blanks or tabs between; how many. */
static size_t parse_ids(struct slice text, uint32_t *out, size_t max)
{
	size_t count = 0;

	for (size_t at = 0; at < text.len && count < max;) {
		size_t end = at;
		uint64_t id;
		while (end < text.len && text.ptr[end] != '\t' && text.ptr[end] != ' ')
			end++;
		if (end > at &&
			!slice_to_u64(slice_of(text.ptr + at, end - at), UINT32_MAX, &id))
			out[count++] = (uint32_t)id;
		at = end + 1;
	}
	return count;
}

static int status_number(const char *text, const char *key, int base)
{
	struct slice value = status_value(text, key);

	return value.len ? (int)strtol(value.ptr, NULL, base) : -1;
}

static void read_groups(struct arena *arena, const char *text, struct process *out)
{
	struct slice value = status_value(text, "Groups");
	size_t max = value.len / 2 + 1;
	uint32_t *groups =
		arena_array(arena, max < GROUPS_MAX ? max : GROUPS_MAX, sizeof(*groups));

	if (groups)
		out->group_count =
			parse_ids(value, groups, max < GROUPS_MAX ? max : GROUPS_MAX);
	out->groups = groups;
}

static bool parse_status(struct arena *arena, const char *text, struct process *out)
{
	struct slice cap = status_value(text, "CapEff"), state = status_value(text, "State");

	if (parse_ids(status_value(text, "Uid"), out->uid, 4) != 4 ||
		parse_ids(status_value(text, "Gid"), out->gid, 4) != 4)
		return false;
	out->comm = fact_copy(arena, status_value(text, "Name"));
	out->state = state.len ? state.ptr[0] : '\0';
	out->cap_eff = cap.len ? strtoull(cap.ptr, NULL, 16) : 0;
	out->umask = status_number(text, "Umask", 8);
	out->seccomp = status_number(text, "Seccomp", 10);
	out->no_new_privs = status_number(text, "NoNewPrivs", 10);
	read_groups(arena, text, out);
	return true;
}

/* A numbered field of /proc/PID/stat; the name in brackets may hold blanks and brackets. */
static uint64_t stat_field(const char *text, int wanted)
{
	struct slice rest = slice_str(text ? strrchr(text, ')') : NULL);

	for (int field = 2; field < wanted; field++)
		slice_cut(&rest, ' ');
	return rest.len ? strtoull(rest.ptr, NULL, 10) : 0;
}

/* The innermost *.service of the cgroup path. */
static const char *parse_unit(struct arena *arena, const char *text)
{
	struct slice rest = slice_str(text), found = {0};
	static const struct slice suffix = {".service", 8};

	while (rest.len) {
		struct slice line = slice_cut(&rest, '\n');
		while (line.len) {
			struct slice part = slice_cut(&line, '/');
			if (part.len > suffix.len &&
				slice_equal(slice_from(part, part.len - suffix.len), suffix))
				found = part;
		}
	}
	return found.len ? fact_copy(arena, found) : NULL;
}

static const char *proc_path(struct arena *arena, int pid, const char *name)
{
	return fact_printf(arena, "/proc/%d/%s", pid, name);
}

static bool is_same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static const char *read_label(struct source *s, struct arena *arena, int pid)
{
	const char *text =
		source_text(s, arena, proc_path(arena, pid, "attr/apparmor/current"));

	if (!text)
		text = source_text(s, arena, proc_path(arena, pid, "attr/current"));
	return text ? fact_copy(arena, slice_trim(slice_str(text))) : NULL;
}

const struct process *process_read(struct source *s, struct arena *arena, int pid)
{
	struct process *p = arena_alloc(arena, sizeof(*p));
	const char *text = source_text(s, arena, proc_path(arena, pid, "status"));
	const char *own =
		source_link(s, arena, proc_path(arena, s->ops->own_pid(s), "ns/user"));
	const char *stat;

	if (!p || !text || !parse_status(arena, text, p))
		return NULL;
	p->pid = pid;
	stat = source_text(s, arena, proc_path(arena, pid, "stat"));
	p->start_ticks = stat_field(stat, 22);
	p->group = (int)stat_field(stat, 5);
	p->root = source_link(s, arena, proc_path(arena, pid, "root"));
	p->cwd = source_link(s, arena, proc_path(arena, pid, "cwd"));
	p->ns_mnt = source_link(s, arena, proc_path(arena, pid, "ns/mnt"));
	p->ns_user = source_link(s, arena, proc_path(arena, pid, "ns/user"));
	p->ns_pid = source_link(s, arena, proc_path(arena, pid, "ns/pid"));
	p->unit = parse_unit(arena, source_text(s, arena, proc_path(arena, pid, "cgroup")));
	p->label = read_label(s, arena, pid);
	p->is_kernel_view = !p->ns_user || is_same(p->ns_user, own);
	return p;
}

const struct process *process_of_login(struct source *s, struct arena *arena, const char *user)
{
	struct process *p = arena_alloc(arena, sizeof(*p));
	uint32_t uid, gid;

	if (!p || !user_find(s, arena, user, &uid, &gid))
		return NULL;
	for (int i = 0; i < 4; i++) {
		p->uid[i] = uid;
		p->gid[i] = gid;
	}
	p->comm = "a login";
	p->group_count = user_login_groups(s, arena, user, &p->groups);
	p->cap_eff = uid == 0 ? UINT64_MAX : 0;
	p->umask = p->seccomp = p->no_new_privs = -1;
	p->is_kernel_view = true;
	return p;
}

struct pids {
	int *pids;
	size_t count;
	size_t max;
};

static void add_pid(const char *name, void *arg)
{
	struct pids *pids = arg;
	uint64_t pid;

	if (!slice_to_u64(slice_str(name), INT32_MAX, &pid) && pids->count < pids->max)
		pids->pids[pids->count++] = (int)pid;
}

static int compare_pids(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

/* Numeric names of a folder of /proc, in order. */
static void list_numbers(
	struct source *s, struct arena *arena, const char *path, struct pids *out)
{
	out->pids = arena_array(arena, out->max, sizeof(*out->pids));
	if (!out->pids)
		return;
	s->ops->list(s, path, add_pid, out);
	qsort(out->pids, out->count, sizeof(*out->pids), compare_pids);
}

static bool starts(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

static bool is_program(const char *comm, const char *word)
{
	if (!strcmp(word, "apache") || !strcmp(word, "apache2") || !strcmp(word, "httpd"))
		return !strcmp(comm, "apache2") || !strcmp(comm, "httpd");
	if (!strcmp(word, "php-fpm"))
		return starts(comm, "php-fpm");
	return !strncmp(comm, word, 15); /* the kernel cuts names to 15 bytes */
}

static bool is_unit(const char *word)
{
	size_t len = strlen(word);

	return len > 8 && !strcmp(word + len - 8, ".service");
}

struct search {
	const char *word;
	bool by_user;
	uint32_t uid;
};

static bool matches(const struct search *search, const struct process *p)
{
	if (search->by_user)
		return p->uid[1] == search->uid;
	if (is_unit(search->word))
		return is_same(p->unit, search->word);
	return is_program(p->comm, search->word);
}

static size_t find_all(struct source *s, struct arena *arena, const struct search *search,
	const struct process **out)
{
	struct pids pids = {.max = PIDS_MAX};
	size_t count = 0;

	list_numbers(s, arena, "/proc", &pids);
	for (size_t i = 0; i < pids.count && count < PROCESSES_MAX; i++) {
		const struct process *p;
		if (pids.pids[i] == s->ops->own_pid(s))
			continue;
		p = process_read(s, arena, pids.pids[i]);
		if (p && p->state != 'Z' && matches(search, p))
			out[count++] = p;
	}
	return count;
}

size_t process_find(
	struct source *s, struct arena *arena, const char *word, const struct process **out)
{
	struct search search = {.word = word};
	uint64_t pid;
	uint32_t gid;
	size_t count;

	if (!slice_to_u64(slice_str(word), INT32_MAX, &pid)) {
		out[0] = process_read(s, arena, (int)pid);
		return out[0] != NULL;
	}
	count = find_all(s, arena, &search, out);
	if (!count && user_find(s, arena, word, &search.uid, &gid)) {
		search.by_user = true;
		count = find_all(s, arena, &search, out);
	}
	return count;
}

enum server_kind process_server_kind(const char *comm)
{
	if (!strcmp(comm, "countersip"))
		return SERVER_COUNTERSIP;
	if (starts(comm, "kamailio") || !strcmp(comm, "ser"))
		return SERVER_KAMAILIO;
	if (starts(comm, "opensips") || starts(comm, "osips"))
		return SERVER_OPENSIPS;
	return SERVER_UNKNOWN;
}

/* The access mode of fdinfo's "flags:", octal. */
static int read_access(struct source *s, struct arena *arena, int pid, int fd)
{
	const char *text =
		source_text(s, arena, fact_printf(arena, "/proc/%d/fdinfo/%d", pid, fd));
	struct slice value = status_value(text, "flags");
	unsigned long flags = value.len ? strtoul(value.ptr, NULL, 8) : 3;

	return (flags & 3) == 3 ? -1 : (int)(flags & 3);
}

static bool read_fd(struct source *s, struct arena *arena, int pid, int fd, struct holder *out)
{
	static const struct slice deleted = {" (deleted)", 10};
	const char *path = fact_printf(arena, "/proc/%d/fd/%d", pid, fd);
	struct slice link = slice_str(source_link(s, arena, path));

	if (!link.len || link.ptr[0] != '/' || slice_starts(link, SLICE("/dev/")))
		return false;
	if (s->ops->stat(s, path, true, &out->inode) || out->inode.kind != KIND_FIFO)
		return false;
	out->fd = fd;
	out->is_deleted = link.len > deleted.len &&
			  slice_equal(slice_from(link, link.len - deleted.len), deleted);
	if (out->is_deleted)
		link = slice_head(link, link.len - deleted.len);
	out->link = fact_copy(arena, link);
	out->access = read_access(s, arena, pid, fd);
	return true;
}

static size_t list_of_process(
	struct source *s, struct arena *arena, int pid, struct holder *out, size_t max)
{
	struct pids fds = {.max = FDS_MAX};
	const struct process *process = NULL;
	size_t count = 0;

	list_numbers(s, arena, proc_path(arena, pid, "fd"), &fds);
	for (size_t i = 0; i < fds.count && count < max; i++) {
		if (!read_fd(s, arena, pid, fds.pids[i], &out[count]))
			continue;
		if (!process)
			process = process_read(s, arena, pid);
		if (!process)
			break;
		out[count++].process = process;
	}
	return count;
}

static void ignore_name(const char *name, void *arg)
{
	(void)name;
	(void)arg;
}

size_t process_list_fifos(
	struct source *s, struct arena *arena, struct holder *out, size_t *hidden)
{
	struct pids pids = {.max = PIDS_MAX};
	size_t count = 0;

	list_numbers(s, arena, "/proc", &pids);
	for (size_t i = 0; i < pids.count && count < HOLDERS_MAX; i++) {
		int pid = pids.pids[i];
		if (pid == s->ops->own_pid(s))
			continue;
		if (s->ops->list(s, proc_path(arena, pid, "fd"), ignore_name, NULL) == -EACCES)
			*hidden += 1;
		else
			count += list_of_process(
				s, arena, pid, out + count, HOLDERS_MAX - count);
	}
	return count;
}

/* ---- sockets ---- */

struct socket_search {
	const uint64_t *inodes;
	size_t count;
	const struct process **owners;
};

static void note_socket(struct source *s, struct arena *arena, int pid, int fd,
	const struct socket_search *search)
{
	struct slice link =
		slice_str(source_link(s, arena, fact_printf(arena, "/proc/%d/fd/%d", pid, fd)));
	uint64_t inode;

	if (!slice_starts(link, SLICE("socket:[")) ||
		slice_to_u64(slice_of(link.ptr + 8, link.len - 9), UINT64_MAX, &inode))
		return;
	for (size_t i = 0; i < search->count; i++) {
		if (search->inodes[i] == inode && !search->owners[i])
			search->owners[i] = process_read(s, arena, pid);
	}
}

void process_find_sockets(struct source *s, struct arena *arena, const uint64_t *inodes,
	size_t count, const struct process **owners, size_t *hidden)
{
	const struct socket_search search = {inodes, count, owners};
	struct pids pids = {.max = PIDS_MAX};

	list_numbers(s, arena, "/proc", &pids);
	for (size_t i = 0; i < pids.count && count; i++) {
		struct pids fds = {.max = FDS_MAX};
		const char *path = proc_path(arena, pids.pids[i], "fd");
		if (s->ops->list(s, path, ignore_name, NULL) == -EACCES) {
			*hidden += 1;
			continue;
		}
		list_numbers(s, arena, path, &fds);
		for (size_t k = 0; k < fds.count; k++)
			note_socket(s, arena, pids.pids[i], fds.pids[k], &search);
	}
}
