/* SPDX-License-Identifier: GPL-3.0-or-later */
/* FIFO-18 to FIFO-23, 38, 39: what a process sees: namespaces, mounts, units. Pure. */

#include <errno.h>

#include "tools/ctl/doctor_mount.h"
#include "tools/ctl/doctor_rules.h"

#define OVERFLOW_ID 65534 /* what an owner without a number here is shown as */

static const struct process *reference_process(const struct facts *f)
{
	return f->server && !f->server_walk.is_hidden ? f->server : f->self;
}

static bool differs(const char *a, const char *b)
{
	return a && b && strcmp(a, b) != 0;
}

static bool is_private_tmp(const struct mount *mount)
{
	return strstr(mount->root ? mount->root : "", "systemd-private-") != NULL;
}

/* Which of the two it is that lives apart, and how. */
static void say_apart(const struct facts *f, struct findings *out)
{
	const struct process *them = reference_process(f);
	const struct mount *mount = &f->client_mount;
	const struct process *apart = f->client;
	const struct unit *unit = &f->client_unit;

	if (f->has_server_mount && is_private_tmp(&f->server_mount) &&
		!(f->has_client_mount && is_private_tmp(mount))) {
		apart = f->server;
		unit = &f->server_unit;
		mount = &f->server_mount;
	}
	found_by(out,
		"/proc/%d/ns/mnt: %s; /proc/%d/ns/mnt: %s; mount of %s in PID %d: %s on %s",
		f->client->pid, f->client->ns_mnt ? f->client->ns_mnt : "unknown", them->pid,
		them->ns_mnt ? them->ns_mnt : "unknown", f->path, apart->pid,
		mount->root ? mount->root : "unknown", mount->point ? mount->point : "unknown");
	if (is_private_tmp(mount))
		found_fix(out,
			"move the FIFO to /run, or: systemctl edit %s and set PrivateTmp=no, "
			"then "
			"%s",
			unit->name ? unit->name : "the unit", say_restart(out, apart));
	else
		found_fix(out, "put the FIFO into a directory that both share, such as /run");
}

void rule_namespace(const struct facts *f, struct findings *out)
{
	const struct process *them = reference_process(f);
	const char *root = f->client->root;
	bool is_tmp = (f->has_client_mount && is_private_tmp(&f->client_mount)) ||
		      (f->has_server_mount && is_private_tmp(&f->server_mount));

	if (!f->client->pid || facts_is_covered(f))
		return;
	if (f->client_walk.is_hidden) {
		found(out, SEVERITY_UNKNOWN,
			"the file system of PID %d cannot be looked at: it is taken to be ours",
			f->client->pid);
		found_by(out, "/proc/%d/root: EACCES", f->client->pid);
		found_fix(out, "run this as root");
		return;
	}
	if (!facts_is_elsewhere(f) ||
		(!differs(f->client->ns_mnt, them->ns_mnt) && !differs(root, them->root)))
		return;
	if (differs(root, "/")) {
		found(out, SEVERITY_BLOCKED, "%s is confined to %s: its %s is not the server's",
			say_process(out, f->client), root, f->path);
		found_by(out, "readlink /proc/%d/root: %s", f->client->pid, root);
		found_fix(out, "put the FIFO below %s, or take the chroot away",
			say_shell(out, root));
		return;
	}
	found(out, SEVERITY_BLOCKED, "%s and %s (PID %d) see different files as %s%s",
		say_process(out, f->client), them->comm, them->pid, f->path,
		is_tmp ? ": systemd's PrivateTmp" : ": their mount namespaces differ");
	say_apart(f, out);
}

void rule_covered(const struct facts *f, struct findings *out)
{
	const char *unit = f->client_unit.name ? f->client_unit.name : "the unit";

	if (!facts_is_covered(f))
		return;
	found(out, SEVERITY_BLOCKED,
		"%s does not see %s: %s is hidden from it (ProtectHome=, InaccessiblePaths= or "
		"TemporaryFileSystem=)",
		say_process(out, f->client), f->path, f->client_mount.point);
	found_by(out, "/proc/%d/mountinfo: %s %s on %s", f->client->pid, f->client_mount.type,
		f->client_mount.root, f->client_mount.point);
	found_fix(out, "move the FIFO to /run (%s hides %s)", unit, f->client_mount.point);
}

/* Is uid one that the map of a user namespace ("inside outside count") has? */
static bool is_mapped(const char *map, uint32_t uid)
{
	struct slice rest = slice_str(map);

	while (rest.len) {
		struct slice line = slice_cut(&rest, '\n');
		uint64_t numbers[3] = {0};
		size_t count = 0;
		while (line.len && count < 3) {
			struct slice word = slice_cut(&line, ' ');
			if (word.len && slice_to_u64(word, UINT32_MAX, &numbers[count++]))
				return true; /* not understood: say nothing */
		}
		if (count == 3 && uid >= numbers[1] && uid - numbers[1] < numbers[2])
			return true;
	}
	return map == NULL;
}

void rule_user_namespace(const struct facts *f, struct findings *out)
{
	const struct step *fifo = facts_fifo(f);

	if (!fifo)
		return;
	if (differs(f->client->ns_user, f->self->ns_user) &&
		!is_mapped(f->uid_map, fifo->inode.uid)) {
		found(out, SEVERITY_WARN,
			"PID %d lives in another user namespace, where the FIFO's owner %s has "
			"no "
			"number: only the rights of \"other\" count",
			f->client->pid, say_user(out, fifo->inode.uid));
		found_by(out, "/proc/%d/ns/user: %s; /proc/%d/uid_map has no %u",
			f->client->pid, f->client->ns_user, f->client->pid, fifo->inode.uid);
		found_fix(out,
			"map that user into the container, or share the directory idmapped");
	} else if (fifo->inode.uid == OVERFLOW_ID || fifo->inode.gid == OVERFLOW_ID) {
		found(out, SEVERITY_UNKNOWN,
			"the owner of %s has no number in our user namespace: who owns it "
			"cannot "
			"be told",
			fifo->path);
		found_by(out, "stat %s: uid %u gid %u", fifo->path, fifo->inode.uid,
			fifo->inode.gid);
		found_fix(out, "run this on the host, outside of the container");
	}
}

void rule_filesystem(const struct facts *f, struct findings *out)
{
	const char *name = f->has_filesystem ? filesystem_problem(f->filesystem.magic) : NULL;

	if (!name)
		return;
	found(out, SEVERITY_WARN, "%s lies on %s: a FIFO joins processes of one kernel only%s",
		f->path, name,
		strcmp(name, "overlay") ? "" : ", and a copied-up layer has another inode");
	found_by(out, "statfs %s: f_type %x", f->path, f->filesystem.magic);
	found_fix(out, "move the FIFO to /run (tmpfs) of the host that both run on");
}

void rule_pid_namespace(const struct facts *f, struct findings *out)
{
	const char *word = f->options->server;

	if (!f->server && (word || (f->is_container && !facts_file(f)))) {
		found(out, SEVERITY_UNKNOWN,
			"%s does not run among the processes that are visible here%s",
			word ? word : "the server",
			f->is_container ? ": this is a container" : "");
		found_by(out, "/proc: no such process; /proc/%d/ns/pid: %s", f->self->pid,
			f->self->ns_pid ? f->self->ns_pid : "unknown");
		found_fix(
			out, "start it, or run this where it runs, or use its socket or HTTP");
	} else if (f->server && differs(f->client->ns_pid, f->server->ns_pid)) {
		found(out, SEVERITY_INFO,
			"client and server live in different PID namespaces (a container)");
		found_by(out, "/proc/%d/ns/pid: %s; /proc/%d/ns/pid: %s", f->client->pid,
			f->client->ns_pid, f->server->pid, f->server->ns_pid);
	}
}

void rule_read_only(const struct facts *f, struct findings *out)
{
	const char *word = f->server_unit.protect_system;
	bool is_there = facts_file(f) != NULL;

	if (!f->has_server_mount || !f->server_mount.is_read_only)
		return;
	found(out, is_there ? SEVERITY_WARN : SEVERITY_BLOCKED,
		"%s is read-only for %s (PID %d): it cannot make %s (EROFS)%s",
		f->server_mount.point, f->server->comm, f->server->pid, f->path,
		is_there ? " again; writing into the one that is there works" : "");
	found_by(out, "/proc/%d/mountinfo: %s on %s%s%s", f->server->pid,
		f->server_mount.options, f->server_mount.point, word ? "; ProtectSystem=" : "",
		word ? word : "");
	found_fix(out, "systemctl edit %s: RuntimeDirectory= or ReadWritePaths=%s",
		f->server_unit.name ? f->server_unit.name : "the unit",
		path_directory(f->arena, f->path));
}

/* No x for others: the last digit is even. */
static bool is_closed_mode(const char *mode)
{
	size_t len = mode ? strlen(mode) : 0;

	return len && (mode[len - 1] - '0') % 2 == 0;
}

void rule_runtime_directory(const struct facts *f, struct findings *out)
{
	const struct walk *walk = facts_view(f);
	const struct unit *unit = &f->server_unit;
	const char *mode = unit->runtime_directory_mode, *dir;
	struct access access;
	const struct step *closed = facts_closed_directory(f, walk, &access);

	if (!unit->runtime_directory || !path_is_below(f->path, "/run"))
		return;
	dir = fact_printf(f->arena, "/run/%s", unit->runtime_directory);
	if (walk->err == -ENOENT && path_is_below(walk->where, dir) &&
		strcmp(walk->where, f->path)) {
		found(out, SEVERITY_BLOCKED,
			"%s is the RuntimeDirectory of %s, which systemd removes when the unit "
			"stops",
			walk->where, unit->name);
		found_by(out, "%s: RuntimeDirectory=%s", unit->file, unit->runtime_directory);
		found_fix(out, "systemctl start %s (RuntimeDirectoryPreserve=yes keeps it)",
			unit->name);
	} else if (closed && path_is_below(closed->path, dir) && is_closed_mode(mode)) {
		found(out, SEVERITY_WARN, "%s makes %s with mode %s at each start", unit->name,
			closed->path, mode);
		found_by(out, "%s: RuntimeDirectoryMode=%s", unit->file, mode);
		found_fix(out, "systemctl edit %s: RuntimeDirectoryMode=0755", unit->name);
	}
}

void rule_tmpfiles(const struct facts *f, struct findings *out)
{
	bool is_missing = !facts_file(f);

	if (!facts_is_in_tmp(f))
		return;
	found(out, is_missing ? SEVERITY_WARN : SEVERITY_INFO,
		"%s is in a directory that is cleaned%s", f->path,
		is_missing ? ": the cleaner may have taken it" : ": one day it will be gone");
	found_by(out, "%s: %s", f->tmpfiles_rule ? f->tmpfiles_file : "/tmp",
		f->tmpfiles_rule ? f->tmpfiles_rule : "emptied at each start at the latest");
	found_fix(out, "move the FIFO to a directory below /run");
}
