/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs the probes in an order in which each finds what it needs. Shell. */

#include "tools/ctl/doctor_gather.h"

#include "base/err.h"
#include "tools/ctl/doctor_lsm.h"
#include "tools/ctl/doctor_mount.h"
#include "tools/ctl/doctor_path.h"
#include "tools/ctl/doctor_proc.h"
#include "tools/ctl/doctor_settings.h"
#include "tools/ctl/doctor_users.h"

#define DEFAULT_REPLY_DIR "/tmp/" /* OpenSIPS's and Kamailio's */

static bool is_web(const char *comm)
{
	static const char *const names[] = {"apache2", "httpd", "php", "nginx", "lighttpd"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strncmp(comm, names[i], strlen(names[i])))
			return true;
	}
	return false;
}

/* A worker, not the root master that started it (FIFO-30). */
static const struct process *choose(const struct process **list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i]->uid[3] != 0)
			return list[i];
	}
	return count ? list[0] : NULL;
}

static int gather_client(struct source *s, struct facts *f, const char **complaint)
{
	const char *word = f->options->client;

	f->client_processes =
		arena_array(f->arena, PROCESSES_MAX, sizeof(*f->client_processes));
	if (!f->client_processes)
		return SBC_ENOMEM;
	if (!word) {
		f->client_processes[f->client_count++] = f->self;
	} else {
		f->client_count = process_find(s, f->arena, word, f->client_processes);
	}
	f->client = choose(f->client_processes, f->client_count);
	if (!f->client && word) {
		f->client = process_of_login(s, f->arena, word);
		f->client_missing = fact_printf(f->arena, "no process of %s runs", word);
	}
	if (!f->client) {
		*complaint = fact_printf(f->arena,
			"no process, unit or user is called %s (or it is hidden from us)",
			word ? word : "self");
		return SBC_ENOENT;
	}
	f->client_user = user_name(s, f->arena, f->client->uid[3]);
	f->login_group_count = user_login_groups(s, f->arena, f->client_user, &f->login_groups);
	f->has_login = f->login_group_count > 0;
	f->is_web_client = is_web(f->client->comm);
	f->uid_map = source_text(
		s, f->arena, fact_printf(f->arena, "/proc/%d/uid_map", f->client->pid));
	return 0;
}

static void gather_named_server(struct source *s, struct facts *f)
{
	const struct process **list = arena_array(f->arena, PROCESSES_MAX, sizeof(*list));
	const char *word = f->options->server;
	size_t count = word && list ? process_find(s, f->arena, word, list) : 0;

	f->server = count ? list[0] : NULL;
}

static bool is_server(const struct facts *f, const struct holder *holder)
{
	if (f->options->server && !f->server)
		return false; /* the one that was named does not run: no other is meant */
	if (f->server)
		return holder->process->pid == f->server->pid ||
		       holder->process->group == f->server->group;
	return process_server_kind(holder->process->comm) != SERVER_UNKNOWN;
}

static enum server_kind kind_of_text(const char *text)
{
	if (text && strstr(text, "opensips"))
		return SERVER_OPENSIPS;
	if (text && strstr(text, "kamailio"))
		return SERVER_KAMAILIO;
	if (text && strstr(text, "countersip"))
		return SERVER_COUNTERSIP;
	return SERVER_UNKNOWN;
}

/* Blanks and quotes that stand around a path in a configuration. */
static const char *trim_path(struct arena *arena, const char *given)
{
	struct slice s = slice_trim(slice_str(given));

	while (s.len >= 2 && (s.ptr[0] == '"' || s.ptr[0] == '\'') &&
		s.ptr[s.len - 1] == s.ptr[0])
		s = slice_trim(slice_of(s.ptr + 1, s.len - 2));
	return fact_copy(arena, s);
}

static void find_given(struct facts *f)
{
	f->given = f->options->path;
	for (size_t i = 0; !f->given && i < f->all_count; i++) {
		if (f->all[i].access != 1 && is_server(f, &f->all[i]))
			f->given = f->all[i].link;
	}
	if (!f->given)
		f->given = f->config.fifo_name;
}

static void find_path(struct source *s, struct facts *f)
{
	struct inode inode;

	f->path = f->given;
	if (s->ops->stat(s, f->given, false, &inode)) {
		f->path = trim_path(f->arena, f->given);
		f->has_trimmed = strcmp(f->path, f->given) != 0;
	}
	if (f->path[0] != '/')
		f->path = fact_printf(f->arena, "%s%s%s", f->client->cwd ? f->client->cwd : "",
			f->client->cwd && !strcmp(f->client->cwd, "/") ? "" : "/", f->path);
}

static bool is_inode(const struct walk *walk, const struct inode *inode)
{
	const struct step *file = walk_file(walk);

	return file && file->inode.dev == inode->dev && file->inode.ino == inode->ino;
}

static bool is_link(const struct walk *walk, const char *link)
{
	return walk->final && !strcmp(walk->final, link);
}

/* The process that reads it; of a named server, the one of its processes that does. */
static void choose_server(struct facts *f)
{
	if (f->options->server && !f->server)
		return;
	for (size_t i = 0; i < f->holder_count; i++) {
		const struct holder *h = &f->holders[i];
		if (h->access == 1 || h->process->pid == f->client->pid)
			continue;
		if (f->server && h->process->group != f->server->group)
			continue;
		f->server = h->process;
		return;
	}
}

/* Who holds this FIFO; of the rest, what SIP servers hold elsewhere. */
static int sort_holders(struct facts *f)
{
	f->holders = arena_array(f->arena, HOLDERS_MAX, sizeof(*f->holders));
	f->other = arena_array(f->arena, HOLDERS_MAX, sizeof(*f->other));
	if (!f->holders || !f->other)
		return SBC_ENOMEM;
	for (size_t i = 0; i < f->all_count; i++) {
		const struct holder *h = &f->all[i];
		if (!strcmp(h->link, f->path) || is_link(&f->own_walk, h->link) ||
			is_inode(&f->own_walk, &h->inode) ||
			is_inode(&f->client_walk, &h->inode))
			f->holders[f->holder_count++] = *h;
		else if (h->access != 1 && is_server(f, h))
			f->other[f->other_count++] = *h;
	}
	choose_server(f);
	return 0;
}

static void gather_kind(struct facts *f)
{
	f->kind = f->server ? process_server_kind(f->server->comm) : SERVER_UNKNOWN;
	if (f->kind == SERVER_UNKNOWN)
		f->kind = kind_of_text(f->options->server);
	if (f->kind == SERVER_UNKNOWN)
		f->kind = kind_of_text(f->path);
}

/* Opening it for writing ourselves would be its only reader's first writer: when we close
 * again, the reader meets an end of file. Servers hold a writing end of their own (MI-7). */
static bool is_open_unsafe(const struct facts *f, const struct inode *inode)
{
	bool has_reader = false, has_writer = false;

	for (size_t i = 0; i < f->holder_count; i++) {
		const struct holder *h = &f->holders[i];
		if (h->inode.ino != inode->ino || h->inode.dev != inode->dev)
			continue;
		has_reader |= h->access == 0 || h->access == 2;
		has_writer |= h->access == 1 || h->access == 2;
	}
	return has_reader && !has_writer;
}

static void gather_fifo(struct source *s, struct facts *f)
{
	const struct walk *walk = f->client_walk.is_hidden ? &f->own_walk : &f->client_walk;
	const struct step *file = walk_file(walk);
	int pid = walk == &f->own_walk ? 0 : f->client->pid;
	const char *view;

	if (!file)
		return;
	view = path_in_view(f->arena, pid, walk->final);
	f->has_filesystem = !s->ops->filesystem(s, view, &f->filesystem);
	if (file->inode.kind != KIND_FIFO)
		return;
	f->is_open_unsafe = is_open_unsafe(f, &file->inode);
	if (f->is_open_unsafe)
		f->fifo = (struct fifo_probe){.queued = -1, .size = -1};
	f->has_fifo = f->is_open_unsafe || !s->ops->fifo(s, view, &f->fifo);
	f->has_as_client =
		!s->ops->open_as(s, f->client, walk->final, f->is_open_unsafe, &f->as_client);
}

static void gather_reply(struct source *s, struct facts *f)
{
	const struct walk *walk = &f->reply_client;
	const struct step *file;

	f->reply_dir = f->options->reply_dir ? f->options->reply_dir : f->config.reply_dir;
	f->is_reply_configured = f->reply_dir != NULL;
	if (!f->reply_dir)
		f->reply_dir = DEFAULT_REPLY_DIR;
	path_walk(s, f->arena, f->client->pid, f->reply_dir, &f->reply_client);
	if (f->server)
		path_walk(s, f->arena, f->server->pid, f->reply_dir, &f->reply_server);
	if (f->reply_client.is_hidden)
		path_walk(s, f->arena, 0, f->reply_dir, &f->reply_client);
	f->has_reply_mount = walk->final && mount_find(s, f->arena, f->client->pid, walk->final,
						    &f->reply_mount);
	f->has_reply_filesystem =
		walk->final &&
		!s->ops->filesystem(s, path_in_view(f->arena, f->client->pid, walk->final),
			&f->reply_filesystem);
	if (!f->options->reply_name || !walk->final)
		return;
	path_walk(s, f->arena, f->client->pid,
		fact_printf(f->arena, "%s/%s", walk->final, f->options->reply_name),
		&f->reply_file);
	file = walk_file(&f->reply_file);
	for (size_t i = 0; file && i < f->all_count; i++)
		f->has_reply_reader |=
			f->all[i].access != 1 && is_inode(&f->reply_file, &f->all[i].inode);
}

static const char *server_unit_name(const struct facts *f)
{
	static const char *const names[] = {
		NULL, "countersip.service", "kamailio.service", "opensips.service"};

	return f->server && f->server->unit ? f->server->unit : names[f->kind];
}

static void gather_settings(struct source *s, struct facts *f)
{
	const char *unit = server_unit_name(f);

	if (f->client->unit)
		unit_read(s, f->arena, f->client->unit, &f->client_unit);
	if (unit)
		unit_read(s, f->arena, unit, &f->server_unit);
	tmpfiles_find(s, f->arena, f->path, &f->tmpfiles_rule, &f->tmpfiles_file);
	lsm_read(s, f->arena, f->client, f->path, &f->lsm);
	if (!f->is_web_client)
		return;
	php_read(s, f->arena, f->client_user, &f->php);
	web_rule_find(s, f->arena, &f->web_rule, &f->web_file);
}

static void gather_system(struct source *s, struct facts *f)
{
	static const char *const marks[] = {
		"/.dockerenv", "/run/.containerenv", "/run/systemd/container"};
	const char *text = source_text(s, f->arena, "/proc/sys/fs/protected_fifos");
	struct inode inode;

	f->protected_fifos = text && text[0] >= '0' && text[0] <= '9' ? text[0] - '0' : -1;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		f->is_container |= !s->ops->stat(s, marks[i], true, &inode);
	f->has_client_mount =
		mount_find(s, f->arena, f->client->pid, f->path, &f->client_mount);
	f->has_server_mount =
		f->server && mount_find(s, f->arena, f->server->pid, f->path, &f->server_mount);
}

int doctor_gather(struct source *s, struct arena *arena, const struct doctor_options *options,
	struct facts *out, const char **complaint)
{
	int err;

	*out = (struct facts){.arena = arena, .options = options};
	out->all = arena_array(arena, HOLDERS_MAX, sizeof(*out->all));
	out->self = process_read(s, arena, s->ops->own_pid(s));
	if (!out->all || !out->self) {
		*complaint = "/proc cannot be read";
		return out->all ? SBC_ENOENT : SBC_ENOMEM;
	}
	err = gather_client(s, out, complaint);
	if (err)
		return err;
	gather_named_server(s, out);
	out->all_count = process_list_fifos(s, arena, out->all, &out->hidden_processes);
	server_config_read(s, arena,
		out->server ? process_server_kind(out->server->comm)
			    : kind_of_text(options->server ? options->server : options->path),
		&out->config);
	server_log_read(s, arena, &out->config);
	find_given(out);
	if (!out->given) {
		*complaint = "no SIP server with a FIFO was found: name the FIFO with --path";
		return SBC_ENOENT;
	}
	find_path(s, out);
	path_walk(s, arena, 0, out->path, &out->own_walk);
	path_walk(s, arena, out->client->pid, out->path, &out->client_walk);
	err = sort_holders(out);
	if (err)
		return err;
	gather_kind(out);
	if (out->server)
		path_walk(s, arena, out->server->pid, out->path, &out->server_walk);
	gather_fifo(s, out);
	gather_reply(s, out);
	gather_system(s, out);
	gather_settings(s, out);
	return 0;
}
