/* SPDX-License-Identifier: GPL-3.0-or-later */
/* FIFO-1 to FIFO-7: the path, what it leads to, who reads there. Pure. */

#include <errno.h>

#include "tools/ctl/doctor_proc.h"
#include "tools/ctl/doctor_rules.h"

static bool is_dangling(const struct walk *walk)
{
	return walk->err == -ENOENT && walk->final_link;
}

/* A server that is not on this path and listens elsewhere. One of another kind says nothing
 * about this client's mistake. */
static const struct holder *find_other(const struct facts *f)
{
	for (size_t i = 0; i < f->other_count && !f->holder_count; i++) {
		const struct holder *other = &f->other[i];
		if (f->kind == SERVER_UNKNOWN || f->options->server ||
			f->kind == process_server_kind(other->process->comm))
			return other;
	}
	return NULL;
}

/* The cause when there is nothing at the client's path; else a hint beside what is there. */
static void say_other(const struct facts *f, const struct holder *other, struct findings *out)
{
	found(out, facts_view(f)->err ? SEVERITY_BLOCKED : SEVERITY_WARN,
		"the client uses %s, but %s (PID %d) listens on %s", f->path,
		other->process->comm, other->process->pid, other->link);
	found_by(out, "readlink /proc/%d/fd/%d: %s", other->process->pid, other->fd,
		other->link);
	found_fix(out, "set the client's FIFO path to %s", say_shell(out, other->link));
}

static bool is_relative(const struct facts *f)
{
	struct slice given = slice_trim(slice_str(f->given));

	return given.len && given.ptr[0] != '/' && given.ptr[0] != '"' && given.ptr[0] != '\'';
}

void rule_wrong_path(const struct facts *f, struct findings *out)
{
	const struct walk *walk = facts_view(f);
	const struct holder *other = find_other(f);

	if (is_relative(f))
		return; /* FIFO-3 tells */
	if (walk->err == -ELOOP || walk->err == -ENOTDIR || is_dangling(walk))
		return; /* FIFO-4 tells */
	if (other && (!walk->err || walk->err == -ENOENT)) {
		say_other(f, other, out);
		return;
	}
	if (!walk->err)
		return;
	if (walk->err == -ENOENT && walk_file(facts_reference(f)))
		return; /* FIFO-18 or FIFO-20 tells why the client alone does not see it */
	if (walk->err != -ENOENT) {
		found(out, SEVERITY_UNKNOWN, "%s cannot be looked at: %s", walk->where,
			say_error(walk->err));
		found_by(out, "lstat %s: %s", walk->where, say_error(walk->err));
		found_fix(out, "run this as root");
		return;
	}
	found(out, SEVERITY_BLOCKED, "%s does not exist", walk->where);
	found_by(out, "lstat %s: ENOENT", walk->where);
	found_fix(out, "%s, or give the path that it is configured with",
		say_start_server(out, f));
}

void rule_blanks(const struct facts *f, struct findings *out)
{
	if (!f->has_trimmed)
		return;
	found(out, SEVERITY_BLOCKED,
		"the configured path is %s: blanks or quotes are part of it",
		say_quoted(out, f->given));
	found_by(out, "lstat %s: ENOENT; without them: %s", say_quoted(out, f->given), f->path);
	found_fix(out, "configure the path as %s", say_shell(out, f->path));
}

void rule_relative(const struct facts *f, struct findings *out)
{
	if (!is_relative(f))
		return;
	found(out, facts_file(f) ? SEVERITY_WARN : SEVERITY_BLOCKED,
		"the path %s is relative: for this client it means %s",
		say_quoted(out, f->given), f->path);
	found_by(out, "readlink /proc/%d/cwd: %s", f->client->pid,
		f->client->cwd ? f->client->cwd : "unknown");
	found_fix(out, "configure the absolute path%s%s", f->other_count ? " " : "",
		f->other_count ? say_shell(out, f->other[0].link) : "");
}

static void say_type(const struct facts *f, const struct step *file, struct findings *out)
{
	const char *path = say_shell(out, file->path);

	found_by(out, "lstat %s: %s", file->path, say_inode(out, &file->inode));
	if (file->inode.kind == KIND_FILE)
		found_fix(out, "rm %s && %s", path, say_start_server(out, f));
	else
		found_fix(out, "give the path of the FIFO itself");
}

void rule_type(const struct facts *f, struct findings *out)
{
	const struct walk *walk = facts_view(f);
	const struct step *file = facts_file(f);

	if (is_dangling(walk)) {
		const struct step *link = walk->final_link;
		found(out, SEVERITY_BLOCKED,
			"%s is a symbolic link to %s, which does not exist", link->path,
			walk->where);
		found_by(out, "lstat %s: ENOENT", walk->where);
		found_fix(out, "rm %s && %s", say_shell(out, link->path),
			say_start_server(out, f));
	} else if (walk->err == -ELOOP || walk->err == -ENOTDIR) {
		found(out, SEVERITY_BLOCKED, "%s %s", walk->where,
			walk->err == -ELOOP ? "is a circle of symbolic links"
					    : "is no directory, but the path goes on below it");
		found_by(out, "open %s: %s", f->path, say_error(walk->err));
		found_fix(out, "give the path of the FIFO itself");
	} else if (file && file->inode.kind == KIND_FILE) {
		found(out, SEVERITY_BLOCKED,
			"%s is a regular file: a client made it with > or fopen() before the "
			"server ran",
			file->path);
		say_type(f, file, out);
	} else if (file && file->inode.kind != KIND_FIFO) {
		found(out, SEVERITY_BLOCKED, "%s is a %s, not a FIFO", file->path,
			say_kind(file->inode.kind));
		say_type(f, file, out);
	}
}

void rule_stale(const struct facts *f, struct findings *out)
{
	const struct step *fifo = facts_fifo(f);

	if (!fifo || !f->has_fifo || facts_reader(f))
		return;
	if (f->fifo.err == -ENXIO) {
		found(out, SEVERITY_BLOCKED,
			"nobody reads %s: the server is not running, or not reading",
			fifo->path);
		found_by(out, "open(O_WRONLY|O_NONBLOCK) %s: ENXIO", fifo->path);
		found_fix(out, "%s", say_start_server(out, f));
	} else if (f->fifo.err || f->hidden_processes) {
		if (!f->fifo.err && !f->is_open_unsafe)
			return; /* it opened: somebody reads, whoever that is */
		found(out, SEVERITY_UNKNOWN, "whether somebody reads %s cannot be seen",
			fifo->path);
		found_by(out, "open(O_WRONLY|O_NONBLOCK) %s: %s; %zu processes hidden",
			fifo->path, say_error(f->fifo.err), f->hidden_processes);
		found_fix(out, "run this as root");
	}
}

void rule_orphan(const struct facts *f, struct findings *out)
{
	const struct step *file = facts_file(f);

	if (facts_reader(f) || facts_is_elsewhere(f))
		return;
	for (size_t i = 0; i < f->holder_count; i++) {
		const struct holder *h = &f->holders[i];
		if (h->access == 1 || (!h->is_deleted && !file))
			continue;
		found(out, SEVERITY_BLOCKED, "%s (PID %d) reads a FIFO that was deleted: %s %s",
			h->process->comm, h->process->pid, f->path,
			file ? "is a new one that nobody reads" : "is gone");
		found_by(out, "readlink /proc/%d/fd/%d: %s%s, inode %llu; %s: inode %llu",
			h->process->pid, h->fd, h->link, h->is_deleted ? " (deleted)" : "",
			(unsigned long long)h->inode.ino, f->path,
			file ? (unsigned long long)file->inode.ino : 0ull);
		found_fix(out, "%s", say_start_server(out, f));
		return;
	}
}

static const struct holder *find_second(const struct facts *f, const struct holder *first)
{
	for (size_t i = 0; i < f->holder_count; i++) {
		const struct holder *h = &f->holders[i];
		if (h->access != 1 && h->process->pid != f->client->pid &&
			h->process->group != first->process->group)
			return h;
	}
	return NULL;
}

void rule_instances(const struct facts *f, struct findings *out)
{
	const struct holder *first = facts_reader(f), *second;
	bool is_shared;

	if (!first)
		return;
	second = find_second(f, first);
	if (!second)
		return;
	is_shared = second->inode.ino == first->inode.ino;
	found(out, SEVERITY_WARN, "two servers use %s: PID %d (%s) and PID %d (%s); %s",
		f->path, first->process->pid, first->process->comm, second->process->pid,
		second->process->comm,
		is_shared ? "each takes some of the requests"
			  : "the one that started last has the path");
	found_by(out, "PID %d inode %llu started at tick %llu; PID %d inode %llu at tick %llu",
		first->process->pid, (unsigned long long)first->inode.ino,
		(unsigned long long)first->process->start_ticks, second->process->pid,
		(unsigned long long)second->inode.ino,
		(unsigned long long)second->process->start_ticks);
	found_fix(out, "stop one of them, or give it a fifo_name of its own");
}
