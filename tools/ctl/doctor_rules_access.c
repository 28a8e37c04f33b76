/* SPDX-License-Identifier: GPL-3.0-or-later */
/* FIFO-8 to FIFO-17: who may, by mode bits, groups, ACL, sticky bit, umask. Pure. */

#include "tools/ctl/doctor_rules.h"
#include "tools/ctl/doctor_users.h"

#define OCTAL_MISTAKE 01224 /* what 660 is when it is read as a decimal number */

static bool has_acl(const struct step *step)
{
	return step->acl && step->acl->count > 0;
}

static const char *say_class(struct findings *out, const struct access *access)
{
	const char *name = access_class_name(access->class);

	switch (access->class) {
	case CLASS_OWNER:
	case CLASS_OTHER:
		return name;
	case CLASS_ACL_USER:
		return fact_printf(out->arena, "%s %s", name, say_user(out, access->id));
	case CLASS_GROUP:
	case CLASS_ACL_GROUP:
		return fact_printf(out->arena, "%s %s", name, say_group(out, access->id));
	}
	return name;
}

static const char *say_ids(struct findings *out, const struct process *process)
{
	struct slice text;
	struct buf bytes;

	buf_init(&bytes, 4096);
	for (size_t i = 0; i < process->group_count && i < 32; i++)
		buf_printf(&bytes, " %u", process->groups[i]);
	text = bytes.err ? SLICE("") : arena_copy(out->arena, buf_slice(&bytes));
	buf_fini(&bytes);
	if (!process->pid)
		return fact_printf(out->arena, "/etc/passwd, /etc/group: uid %u, groups%s",
			process->uid[3], text.len ? text.ptr : " none");
	return fact_printf(out->arena, "/proc/%d/status: Uid %u, Gid %u, Groups%s",
		process->pid, process->uid[3], process->gid[3], text.len ? text.ptr : " none");
}

static bool is_private_group(const struct step *step)
{
	return step->inode.gid == 0;
}

/* The smallest grant: the group when it has the right and is not root's, else the class's
 * own bits. */
static void fix_mode(const struct facts *f, const struct step *step,
	const struct access *access, struct findings *out)
{
	static const char letters[] = {'o', 'g', 'u'};
	unsigned of_group = step->inode.mode >> 3 & 7;
	const char *path = say_shell(out, step->path);
	char right = access->want == 1 ? 'x' : 'w';
	int class = access->class == CLASS_OWNER ? 2 : access->class == CLASS_GROUP ? 1 : 0;

	if (class == 0 && (of_group & access->want) == access->want && !is_private_group(step))
		found_fix(out, "usermod -aG %s %s && %s",
			say_shell(out, say_group(out, step->inode.gid)),
			say_shell(out, f->client_user), say_restart(out, f->client));
	else if (class == 0 && access->want == 2)
		found_fix(out, "setfacl -m u:%s:rw %s", say_shell(out, f->client_user), path);
	else
		found_fix(out, "chmod %c+%c %s", letters[class], right, path);
}

void rule_directories(const struct facts *f, struct findings *out)
{
	struct access access;
	const struct step *closed = facts_closed_directory(f, facts_view(f), &access);

	if (!closed)
		return;
	found(out, SEVERITY_BLOCKED,
		"%s may not pass through %s: of %s, class %s has %s, not x",
		say_process(out, f->client), closed->path, say_inode(out, &closed->inode),
		say_class(out, &access), say_rights(access.has));
	found_by(out, "stat %s: %s; %s", closed->path, say_inode(out, &closed->inode),
		say_ids(out, f->client));
	if (facts_login_may(f, closed, 1))
		found_fix(out, "%s", say_restart(out, f->client));
	else if (has_acl(closed))
		found_fix(out, "setfacl -m u:%s:x %s", say_shell(out, f->client_user),
			say_shell(out, closed->path));
	else
		fix_mode(f, closed, &access, out);
}

static void check_server(const struct facts *f, const struct step *fifo, struct findings *out)
{
	struct access access;

	if (!f->server || facts_is_elsewhere(f) || facts_may(f->server, fifo, 4, &access))
		return;
	found(out, SEVERITY_WARN, "%s could not open %s again: of %s, class %s has %s, not r",
		say_process(out, f->server), fifo->path, say_inode(out, &fifo->inode),
		say_class(out, &access), say_rights(access.has));
	found_by(out, "%s", say_ids(out, f->server));
	if (access.class == CLASS_OWNER)
		found_fix(out, "chmod u+r %s", say_shell(out, fifo->path));
	else
		found_fix(out, "chown %s %s", say_shell(out, say_user(out, f->server->uid[3])),
			say_shell(out, fifo->path));
}

void rule_mode(const struct facts *f, struct findings *out)
{
	const struct step *fifo = facts_fifo(f);
	struct access access;

	if (!fifo)
		return;
	check_server(f, fifo, out);
	if (facts_may(f->client, fifo, 2, &access) || has_acl(fifo) ||
		facts_login_may(f, fifo, 2))
		return; /* FIFO-12 and FIFO-10 tell of the other two */
	found(out, SEVERITY_BLOCKED, "%s may not write %s: of %s, class %s has %s, not w",
		say_process(out, f->client), fifo->path, say_inode(out, &fifo->inode),
		say_class(out, &access), say_rights(access.has));
	found_by(out, "stat %s: %s; %s", fifo->path, say_inode(out, &fifo->inode),
		say_ids(out, f->client));
	fix_mode(f, fifo, &access, out);
}

static bool is_missing(const struct facts *f, uint32_t gid)
{
	return !process_in_group(f->client, gid);
}

void rule_groups(const struct facts *f, struct findings *out)
{
	const struct step *fifo = facts_fifo(f);
	bool is_cause =
		fifo && !facts_may(f->client, fifo, 2, NULL) && facts_login_may(f, fifo, 2);

	for (size_t i = 0; i < f->login_group_count; i++) {
		uint32_t gid = f->login_groups[i];
		if (!is_missing(f, gid))
			continue;
		if (is_cause && gid != fifo->inode.gid && !has_acl(fifo))
			continue;
		found(out, is_cause ? SEVERITY_BLOCKED : SEVERITY_INFO,
			"%s was added to group %s, but PID %d started before and is not in it",
			f->client_user, say_group(out, gid), f->client->pid);
		found_by(out, "%s; /etc/group: %s has %s", say_ids(out, f->client),
			say_group(out, gid), f->client_user);
		found_fix(out, "%s", say_restart(out, f->client));
		return;
	}
}

void rule_ids(const struct facts *f, struct findings *out)
{
	const struct process *p = f->client;
	const struct step *fifo = facts_fifo(f);
	struct access access = {0};

	if (fifo && facts_may(p, fifo, 2, &access) && access.by_capability) {
		found(out, SEVERITY_INFO,
			"%s may write only because it has CAP_DAC_OVERRIDE: others are refused",
			say_process(out, p));
		found_by(out, "/proc/%d/status: CapEff %016llx", p->pid,
			(unsigned long long)p->cap_eff);
	}
	if (p->uid[1] != p->uid[3] || p->uid[0] != p->uid[1] || p->gid[1] != p->gid[3]) {
		found(out, SEVERITY_INFO,
			"PID %d was started by %s and acts as %s: the latter counts", p->pid,
			say_user(out, p->uid[0]), say_user(out, p->uid[3]));
		found_by(out, "/proc/%d/status: Uid %u %u %u %u, Gid %u %u %u %u", p->pid,
			p->uid[0], p->uid[1], p->uid[2], p->uid[3], p->gid[0], p->gid[1],
			p->gid[2], p->gid[3]);
	}
}

static const char *say_acl(struct findings *out, const struct acl *acl)
{
	struct slice text;
	struct buf bytes;

	buf_init(&bytes, 8192);
	for (size_t i = 0; i < acl->count; i++) {
		const struct acl_entry *e = &acl->entries[i];
		const char *rights = say_rights(e->perm), *comma = i ? "," : "";
		if (e->tag == ACL_USER)
			buf_printf(&bytes, "%suser:%s:%s", comma, say_user(out, e->id), rights);
		else if (e->tag == ACL_GROUP)
			buf_printf(
				&bytes, "%sgroup:%s:%s", comma, say_group(out, e->id), rights);
		else
			buf_printf(&bytes, "%s%s::%s", comma,
				e->tag == ACL_USER_OBJ    ? "user"
				: e->tag == ACL_GROUP_OBJ ? "group"
				: e->tag == ACL_MASK      ? "mask"
							  : "other",
				rights);
	}
	text = bytes.err ? SLICE("") : arena_copy(out->arena, buf_slice(&bytes));
	buf_fini(&bytes);
	return text.ptr ? text.ptr : "";
}

void rule_acl(const struct facts *f, struct findings *out)
{
	const struct step *fifo = facts_fifo(f);
	struct access access;

	if (fifo && fifo->is_acl_unknown) {
		found(out, SEVERITY_UNKNOWN, "the access control list of %s cannot be read",
			fifo->path);
		found_by(out, "getxattr system.posix_acl_access %s", fifo->path);
		found_fix(out, "run this as root");
	}
	if (!fifo || !has_acl(fifo) || facts_may(f->client, fifo, 2, &access) ||
		facts_login_may(f, fifo, 2))
		return;
	if (access.by_mask) {
		found(out, SEVERITY_BLOCKED,
			"the ACL of %s would let %s write (%s), but its mask has no w",
			fifo->path, say_process(out, f->client), say_class(out, &access));
		found_by(out, "getfacl %s: %s", fifo->path, say_acl(out, fifo->acl));
		found_fix(out, "setfacl -m m::rw %s", say_shell(out, fifo->path));
		return;
	}
	found(out, SEVERITY_BLOCKED, "the ACL of %s gives %s (%s) only %s, not w", fifo->path,
		say_process(out, f->client), say_class(out, &access), say_rights(access.has));
	found_by(out, "getfacl %s: %s", fifo->path, say_acl(out, fifo->acl));
	found_fix(out, "setfacl -m u:%s:rw %s", say_shell(out, f->client_user),
		say_shell(out, fifo->path));
}

/* fs/namei.c, may_create_in_sticky(): an open with O_CREAT of somebody else's FIFO in a
 * sticky directory that others can write to is refused, to root as well. */
void rule_protected_fifos(const struct facts *f, struct findings *out)
{
	const struct step *fifo = facts_fifo(f), *dir = walk_parent(facts_view(f));
	unsigned open_to;

	if (!fifo || !dir || !(dir->inode.mode & 01000) || f->protected_fifos == 0)
		return;
	open_to = f->protected_fifos >= 2 ? 0022 : 0002;
	if (!(dir->inode.mode & open_to) || fifo->inode.uid == dir->inode.uid ||
		fifo->inode.uid == f->client->uid[3])
		return;
	if (f->protected_fifos < 0) {
		found(out, SEVERITY_UNKNOWN,
			"fs.protected_fifos cannot be read, and %s is sticky", dir->path);
		found_by(out, "stat %s: %s", dir->path, say_inode(out, &dir->inode));
		return;
	}
	found(out, f->is_web_client ? SEVERITY_BLOCKED : SEVERITY_WARN,
		"fs.protected_fifos refuses fopen('w') and > (O_CREAT) on %s's FIFO in the "
		"sticky "
		"directory %s, to root too",
		say_user(out, fifo->inode.uid), dir->path);
	found_by(out, "/proc/sys/fs/protected_fifos: %d; stat %s: %s; stat %s: %s",
		f->protected_fifos, dir->path, say_inode(out, &dir->inode), fifo->path,
		say_inode(out, &fifo->inode));
	found_fix(out, "move the FIFO to a directory of its own below /run (or open it without "
		       "O_CREAT; "
		       "leave the sysctl on)");
}

void rule_sticky(const struct facts *f, struct findings *out)
{
	const struct step *fifo = facts_fifo(f), *dir = walk_parent(facts_view(f));
	uint32_t uid, gid;
	bool is_running = f->server != NULL;

	if (!fifo || !dir || !(dir->inode.mode & 01000))
		return;
	if (is_running)
		uid = f->server->uid[3];
	else if (!f->server_unit.user ||
		 !user_find(out->source, out->arena, f->server_unit.user, &uid, &gid))
		return;
	if (uid == fifo->inode.uid || uid == dir->inode.uid ||
		(is_running ? f->server->cap_eff >> CAP_FOWNER_BIT & 1 : uid == 0))
		return;
	found(out, is_running ? SEVERITY_WARN : SEVERITY_BLOCKED,
		"the server's user %s cannot remove the old FIFO %s at its start: it is %s's, "
		"in a "
		"sticky directory",
		say_user(out, uid), fifo->path, say_user(out, fifo->inode.uid));
	found_by(out, "stat %s: %s; stat %s: %s", dir->path, say_inode(out, &dir->inode),
		fifo->path, say_inode(out, &fifo->inode));
	found_fix(out, "as root: rm %s && %s", say_shell(out, fifo->path),
		say_start_server(out, f));
}

/* Numbers in configurations are octal with a leading 0, else decimal. */
static unsigned wanted_mode(const struct facts *f)
{
	struct slice text = slice_str(f->config.fifo_mode);
	unsigned mode = 0;

	if (!text.len)
		return 0660; /* the default of all three servers */
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '7')
			return 0;
		mode = mode * 8 + (unsigned)(text.ptr[i] - '0');
	}
	return mode & 07777;
}

void rule_umask(const struct facts *f, struct findings *out)
{
	const struct step *fifo = facts_fifo(f);
	unsigned wanted = wanted_mode(f), mask;

	if (!fifo || has_acl(fifo) || !f->server || f->server->umask < 0 ||
		f->kind == SERVER_UNKNOWN)
		return;
	mask = (unsigned)f->server->umask;
	if (fifo->inode.mode == wanted || fifo->inode.mode != (wanted & ~mask))
		return;
	found(out, SEVERITY_WARN,
		"the umask %04o took rights away from %s: it is %04o instead of %04o", mask,
		fifo->path, fifo->inode.mode, wanted);
	found_by(out, "/proc/%d/status: Umask %04o; stat %s: %s", f->server->pid, mask,
		fifo->path, say_inode(out, &fifo->inode));
	found_fix(out, "chmod %04o %s, and UMask=0007 in the unit that makes it", wanted,
		say_shell(out, fifo->path));
}

static bool is_user(struct findings *out, const char *name, uint32_t uid)
{
	uint32_t wanted, gid;
	uint64_t number;

	if (!slice_to_u64(slice_str(name), UINT32_MAX, &number))
		return number == uid;
	return !user_find(out->source, out->arena, name, &wanted, &gid) || wanted == uid;
}

static bool is_group(struct findings *out, const char *name, uint32_t gid)
{
	uint32_t wanted;
	uint64_t number;

	if (!slice_to_u64(slice_str(name), UINT32_MAX, &number))
		return number == gid;
	return !group_find(out->source, out->arena, name, &wanted) || wanted == gid;
}

void rule_owner(const struct facts *f, struct findings *out)
{
	const struct step *fifo = facts_fifo(f);
	const struct server_config *c = &f->config;
	bool is_owner_wrong, is_group_wrong;

	if (!fifo)
		return;
	is_owner_wrong = c->fifo_user && !is_user(out, c->fifo_user, fifo->inode.uid);
	is_group_wrong = c->fifo_group && !is_group(out, c->fifo_group, fifo->inode.gid);
	if (!is_owner_wrong && !is_group_wrong)
		return;
	found(out, facts_is_permitted(f) ? SEVERITY_WARN : SEVERITY_BLOCKED,
		"%s = %s was not applied: %s is %s",
		is_owner_wrong ? "fifo_user" : "fifo_group",
		is_owner_wrong ? c->fifo_user : c->fifo_group, fifo->path,
		say_inode(out, &fifo->inode));
	found_by(out, "%s: %s", c->log_line ? c->log_file : c->file,
		c->log_line      ? c->log_line
		: is_owner_wrong ? c->fifo_user
				 : c->fifo_group);
	if (is_group_wrong && !is_owner_wrong && f->server)
		found_fix(out, "usermod -aG %s %s && %s", say_shell(out, c->fifo_group),
			say_shell(out, say_user(out, f->server->uid[3])),
			say_start_server(out, f));
	else
		found_fix(out, "start the server as root (it drops its rights later)");
}

void rule_octal(const struct facts *f, struct findings *out)
{
	const struct step *fifo = facts_fifo(f);
	const char *mode = f->config.fifo_mode;
	bool is_decimal = mode && mode[0] >= '1' && mode[0] <= '9';

	if (!fifo || (!(fifo->inode.mode & 01000) && fifo->inode.mode != OCTAL_MISTAKE))
		return;
	found(out, facts_is_permitted(f) ? SEVERITY_WARN : SEVERITY_BLOCKED,
		"the mode of %s is %04o: 660 was given without the leading 0 and read as a "
		"decimal "
		"number",
		fifo->path, fifo->inode.mode);
	found_by(out, "stat %s: %s%s%s", fifo->path, say_inode(out, &fifo->inode),
		is_decimal ? "; fifo_mode " : "", is_decimal ? mode : "");
	found_fix(out, "set fifo_mode to 0660 and: chmod 0660 %s", say_shell(out, fifo->path));
}
