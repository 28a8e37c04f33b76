/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of FIFO rules in DX-1's order, and what several of them ask. Pure. */

#include "tools/ctl/doctor_rules.h"

const struct rule doctor_fifo_rules[] = {
	{"FIFO-1", "wrong path", rule_wrong_path},
	{"FIFO-2", "blanks or quotes in the path", rule_blanks},
	{"FIFO-3", "relative path", rule_relative},
	{"FIFO-4", "wrong file type", rule_type},
	{"FIFO-39", "another host or container", rule_pid_namespace},
	{"FIFO-18", "another mount namespace or root", rule_namespace},
	{"FIFO-20", "path covered by the unit's sandbox", rule_covered},
	{"FIFO-23", "another user namespace", rule_user_namespace},
	{"FIFO-38", "network or layered file system", rule_filesystem},
	{"FIFO-9", "search permission on the directories", rule_directories},
	{"FIFO-8", "mode bits", rule_mode},
	{"FIFO-10", "groups of the running process", rule_groups},
	{"FIFO-12", "access control list", rule_acl},
	{"FIFO-11", "ids and capabilities", rule_ids},
	{"FIFO-17", "mode given in decimal", rule_octal},
	{"FIFO-16", "owner or group not applied", rule_owner},
	{"FIFO-15", "umask at creation", rule_umask},
	{"FIFO-13", "fs.protected_fifos", rule_protected_fifos},
	{"FIFO-14", "sticky directory", rule_sticky},
	{"FIFO-24", "SELinux", rule_selinux},
	{"FIFO-25", "AppArmor", rule_apparmor},
	{"FIFO-26", "seccomp and other modules", rule_seccomp},
	{"FIFO-6", "server reads a deleted FIFO", rule_orphan},
	{"FIFO-5", "nobody reads", rule_stale},
	{"FIFO-7", "several servers on one path", rule_instances},
	{"FIFO-35", "pipe full or server stuck", rule_full},
	{"FIFO-21", "runtime directory of the unit", rule_runtime_directory},
	{"FIFO-22", "cleaner of temporary files", rule_tmpfiles},
	{"FIFO-19", "read-only file system", rule_read_only},
	{"FIFO-31", "reply FIFO cannot be made", rule_reply_create},
	{"FIFO-32", "reply FIFO cannot be opened by the server", rule_reply_open},
	{"FIFO-33", "client does not read the reply", rule_reply_reader},
	{"FIFO-34", "reply directory without slash", rule_reply_slash},
	{"FIFO-36", "format of the request", rule_request},
	{"FIFO-37", "requests longer than PIPE_BUF", rule_atomic},
	{"FIFO-27", "PHP open_basedir", rule_open_basedir},
	{"FIFO-28", "PHP safe_mode, disable_functions, chroot", rule_php},
	{"FIFO-29", "rules of the web server", rule_web_server},
	{"FIFO-30", "which user runs PHP", rule_php_user},
	{"FIFO-40", "refused for no visible reason", rule_unexplained},
};
const size_t doctor_fifo_rule_count = sizeof(doctor_fifo_rules) / sizeof(doctor_fifo_rules[0]);

const struct walk *facts_view(const struct facts *f)
{
	return f->client_walk.is_hidden ? &f->own_walk : &f->client_walk;
}

const struct step *facts_file(const struct facts *f)
{
	return walk_file(facts_view(f));
}

const struct step *facts_fifo(const struct facts *f)
{
	const struct step *file = facts_file(f);

	return file && file->inode.kind == KIND_FIFO ? file : NULL;
}

const struct walk *facts_reference(const struct facts *f)
{
	return f->server && !f->server_walk.is_hidden ? &f->server_walk : &f->own_walk;
}

static bool is_same_inode(const struct inode *a, const struct inode *b)
{
	return a->dev == b->dev && a->ino == b->ino;
}

bool facts_is_elsewhere(const struct facts *f)
{
	const struct step *mine = facts_file(f), *theirs = walk_file(facts_reference(f));

	if (!mine || !theirs)
		return !mine && theirs;
	return !is_same_inode(&mine->inode, &theirs->inode);
}

bool facts_is_covered(const struct facts *f)
{
	const char *root = f->has_client_mount ? f->client_mount.root : "";
	const char *point = f->has_client_mount ? f->client_mount.point : "";

	if (facts_file(f) || !walk_file(facts_reference(f)))
		return false;
	if (strstr(root, "systemd/inaccessible"))
		return true;
	return !strcmp(f->client_mount.type ? f->client_mount.type : "", "tmpfs") &&
	       (!strcmp(point, "/home") || !strcmp(point, "/root") ||
		       !strcmp(point, "/run/user"));
}

bool facts_may(const struct process *process, const struct step *step, unsigned want,
	struct access *out)
{
	struct access access;

	access_judge(process, &step->inode, step->acl, want, &access);
	if (out)
		*out = access;
	return access.is_allowed;
}

bool facts_login_may(const struct facts *f, const struct step *step, unsigned want)
{
	struct process login = *f->client;

	if (!f->has_login)
		return false;
	login.groups = f->login_groups;
	login.group_count = f->login_group_count;
	return facts_may(&login, step, want, NULL);
}

const struct step *facts_closed_directory(
	const struct facts *f, const struct walk *walk, struct access *access)
{
	for (size_t i = 0; i < walk->count; i++) {
		const struct step *step = &walk->steps[i];
		if (step->inode.kind == KIND_DIR && step != walk_file(walk) &&
			!facts_may(f->client, step, 1, access))
			return step;
	}
	return NULL;
}

bool facts_is_permitted(const struct facts *f)
{
	const struct step *fifo = facts_fifo(f);

	return fifo && facts_may(f->client, fifo, 2, NULL) &&
	       !facts_closed_directory(f, facts_view(f), NULL);
}

bool facts_is_in_tmp(const struct facts *f)
{
	return path_is_below(f->path, "/tmp") || path_is_below(f->path, "/var/tmp");
}

const struct holder *facts_reader(const struct facts *f)
{
	const struct step *file = facts_file(f);

	for (size_t i = 0; file && i < f->holder_count; i++) {
		if (f->holders[i].access != 1 &&
			is_same_inode(&f->holders[i].inode, &file->inode))
			return &f->holders[i];
	}
	return NULL;
}

const char *say_start_server(struct findings *out, const struct facts *f)
{
	static const char *const units[] = {NULL, "countersip", "kamailio", "opensips"};

	if (f->server && f->server->unit)
		return say_restart(out, f->server);
	if (units[f->kind])
		return fact_printf(out->arena, "systemctl restart %s", units[f->kind]);
	return "restart the SIP server";
}

const char *say_rights(unsigned rights)
{
	static const char *const names[] = {
		"---", "--x", "-w-", "-wx", "r--", "r-x", "rw-", "rwx"};

	return names[rights & 7];
}
