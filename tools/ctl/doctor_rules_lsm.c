/* SPDX-License-Identifier: GPL-3.0-or-later */
/* FIFO-24 to FIFO-26 and FIFO-40: what mode bits do not tell. Pure. */

#include <errno.h>

#include "tools/ctl/doctor_lsm.h"
#include "tools/ctl/doctor_rules.h"

static bool is_avc(const char *line)
{
	return line && strstr(line, "avc:") != NULL;
}

static const char *label_of(const struct facts *f)
{
	const struct step *file = facts_file(f);

	return file && file->label ? file->label : "unknown";
}

static void say_selinux_log(const struct facts *f, struct findings *out)
{
	bool is_unknown = f->lsm.is_log_unreadable;

	found(out, is_unknown ? SEVERITY_UNKNOWN : SEVERITY_INFO,
		is_unknown ? "SELinux enforces, and its log cannot be read"
			   : "SELinux enforces; no log line denies %s this FIFO",
		f->client->comm);
	found_by(out, "/proc/%d/attr/current: %s; %s: %s", f->client->pid,
		f->client->label ? f->client->label : "unknown", f->path, label_of(f));
	found_fix(out, "ausearch -m avc -c %s (rules may be dontaudit: semodule -DB)",
		say_shell(out, f->client->comm));
}

void rule_selinux(const struct facts *f, struct findings *out)
{
	struct slice type = lsm_type(f->client->label);

	if (f->lsm.selinux_enforce < 0 || slice_starts(type, SLICE("unconfined")))
		return;
	if (f->lsm.selinux_enforce == 0) {
		found(out, SEVERITY_INFO,
			"SELinux is permissive: it logs, it is not the cause");
		found_by(out, "/sys/fs/selinux/enforce: 0");
		return;
	}
	if (!is_avc(f->lsm.denial)) {
		say_selinux_log(f, out);
		return;
	}
	found(out, SEVERITY_BLOCKED, "SELinux denies %s (%.*s) the FIFO %s (%s)",
		say_process(out, f->client), SLICE_ARG(type), f->path, label_of(f));
	found_by(out, "%s: %s", f->lsm.denial_file, f->lsm.denial);
	found_fix(out,
		"semanage fcontext -a -t httpd_var_run_t '%s(/.*)?' && restorecon -R %s, or a "
		"module by audit2allow; do not switch it off",
		path_directory(f->arena, f->path),
		say_shell(out, path_directory(f->arena, f->path)));
}

void rule_apparmor(const struct facts *f, struct findings *out)
{
	const char *label = f->client->label;
	struct slice rest = slice_str(label), profile = slice_cut(&rest, ' ');

	if (!f->lsm.is_apparmor || !label || slice_equal(profile, SLICE("unconfined")))
		return;
	if (!strstr(label, "(enforce)")) {
		found(out, SEVERITY_INFO, "AppArmor only watches %s: it is not the cause",
			f->client->comm);
		found_by(out, "/proc/%d/attr/current: %s", f->client->pid, label);
		return;
	}
	if (f->lsm.denial && !is_avc(f->lsm.denial)) {
		found(out, SEVERITY_BLOCKED, "AppArmor's profile %.*s denies %s the FIFO %s",
			SLICE_ARG(profile), say_process(out, f->client), f->path);
		found_by(out, "%s: %s", f->lsm.denial_file, f->lsm.denial);
	} else {
		found(out, f->lsm.is_log_unreadable ? SEVERITY_UNKNOWN : SEVERITY_INFO,
			"AppArmor's profile %.*s confines %s; %s", SLICE_ARG(profile),
			f->client->comm,
			f->lsm.is_log_unreadable ? "the kernel's log cannot be read"
						 : "no log line denies it this FIFO");
		found_by(out, "/proc/%d/attr/current: %s", f->client->pid, label);
	}
	found_fix(out, "add \"%s rw,\" to the profile %.*s and: systemctl reload apparmor",
		f->path, SLICE_ARG(profile));
}

void rule_seccomp(const struct facts *f, struct findings *out)
{
	const char *filter = f->server_unit.system_call_filter;

	if (filter && (strstr(filter, "~@file-system") || strstr(filter, "~mknod"))) {
		found(out, SEVERITY_WARN,
			"SystemCallFilter of %s refuses mknodat: the server cannot make its "
			"FIFO",
			f->server_unit.name);
		found_by(out, "%s: SystemCallFilter=%s", f->server_unit.file, filter);
		found_fix(out, "systemctl edit %s: SystemCallFilter=mknodat",
			f->server_unit.name);
	}
	if (f->client->seccomp == 2) {
		found(out, SEVERITY_INFO,
			"PID %d has a seccomp filter, whose rules cannot be read from outside",
			f->client->pid);
		found_by(out, "/proc/%d/status: Seccomp 2", f->client->pid);
		found_fix(out, "strace -f -e trace=openat,mknodat -p %d", f->client->pid);
	} else if (f->client->no_new_privs == 1) {
		found(out, SEVERITY_INFO,
			"PID %d has no_new_privs: it may have confined itself by Landlock, "
			"which "
			"cannot be seen from outside",
			f->client->pid);
		found_by(out, "/proc/%d/status: NoNewPrivs 1", f->client->pid);
	}
}

/* The last rule: what the others found is known. */
void rule_unexplained(const struct facts *f, struct findings *out)
{
	const struct step *fifo = facts_fifo(f);

	if (!fifo)
		return;
	if (!f->has_as_client) {
		found(out, SEVERITY_INFO, "not tried as the client: only root can");
		found_fix(out, "run this as root");
		return;
	}
	/* ENXIO comes after every check of rights: there is no reader, FIFO-5. */
	if (!f->as_client || f->as_client == -ENXIO || findings_first(out, SEVERITY_BLOCKED))
		return;
	found(out, SEVERITY_BLOCKED,
		"nothing visible forbids it, yet opening %s as %s gives %s: a security module "
		"or "
		"a kernel rule",
		fifo->path, say_process(out, f->client), say_error(f->as_client));
	found_by(out, "open(O_WRONLY|O_NONBLOCK) as uid %u gid %u: %s; %s", f->client->uid[3],
		f->client->gid[3], say_error(f->as_client), say_inode(out, &fifo->inode));
	found_fix(out, "strace -f -e trace=openat,mknodat -p %d, and look at the audit log",
		f->client->pid);
}
