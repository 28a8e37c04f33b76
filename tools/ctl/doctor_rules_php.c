/* SPDX-License-Identifier: GPL-3.0-or-later */
/* FIFO-27 to FIFO-30: PHP and the web server around it. Pure. */

#include <errno.h>

#include "tools/ctl/doctor_rules.h"

/* Is the path inside one of open_basedir's entries? With a slash at its end an entry is a
 * directory, without one it is any path that begins so. */
static bool is_in_basedir(const char *list, const char *path)
{
	struct slice rest = slice_str(list), file = slice_str(path);

	while (rest.len) {
		struct slice entry = slice_trim(slice_cut(&rest, ':'));
		if (entry.len && slice_starts(file, entry))
			return true;
	}
	return false;
}

static const char *with_slash(struct arena *arena, const char *dir)
{
	size_t len = strlen(dir);

	return len && dir[len - 1] == '/' ? dir : fact_printf(arena, "%s/", dir);
}

void rule_open_basedir(const struct facts *f, struct findings *out)
{
	const char *list = f->php.open_basedir, *missing = NULL;
	const char *reply = with_slash(f->arena, f->reply_dir);

	if (!f->is_web_client)
		return;
	if (!f->php.is_found) {
		found(out, SEVERITY_UNKNOWN,
			"no php.ini of the web server's PHP was found: open_basedir is not "
			"known");
		found_by(out, "/etc/php.ini, /etc/php/*/fpm, /etc/php/*/apache2: none");
		found_fix(out, "look at open_basedir in the page of phpinfo() (not php -i)");
		return;
	}
	if (!list || !strcmp(list, "none"))
		return;
	if (!is_in_basedir(list, f->path))
		missing = with_slash(f->arena, path_directory(f->arena, f->path));
	else if (!is_in_basedir(list, reply))
		missing = reply;
	if (!missing)
		return;
	found(out, SEVERITY_BLOCKED, "PHP's open_basedir does not include %s, where the %s is",
		missing, missing == reply ? "reply FIFO" : "FIFO");
	found_by(out, "%s: open_basedir = %s", f->php.file, list);
	found_fix(out, "set open_basedir = %s:%s in %s and restart PHP", list, missing,
		f->php.file);
}

static bool is_disabled(const char *list, const char *name)
{
	struct slice rest = slice_str(list);

	while (rest.len) {
		if (slice_equal(slice_trim(slice_cut(&rest, ',')), slice_str(name)))
			return true;
	}
	return false;
}

static const char *find_disabled(const char *list)
{
	static const char *const names[] = {"fopen", "fwrite", "fputs", "posix_mkfifo"};

	for (size_t i = 0; list && i < sizeof(names) / sizeof(names[0]); i++) {
		if (is_disabled(list, names[i]))
			return names[i];
	}
	return NULL;
}

static bool is_on(const char *value)
{
	return value && (!strcasecmp(value, "on") || !strcmp(value, "1") ||
				!strcasecmp(value, "yes") || !strcasecmp(value, "true"));
}

void rule_php(const struct facts *f, struct findings *out)
{
	const char *disabled = find_disabled(f->php.disable_functions);

	if (disabled) {
		found(out, SEVERITY_BLOCKED,
			"PHP's disable_functions has %s, which a FIFO client "
			"needs",
			disabled);
		found_by(out, "%s: disable_functions = %s", f->php.file,
			f->php.disable_functions);
		found_fix(out, "take %s out of disable_functions and restart PHP", disabled);
	}
	/* Gone since PHP 5.4: directories with versions in their names are newer than that. */
	if (is_on(f->php.safe_mode) && !f->php.version) {
		found(out, SEVERITY_BLOCKED,
			"PHP's safe_mode lets scripts open only files of their own owner");
		found_by(out, "%s: safe_mode = %s", f->php.file, f->php.safe_mode);
		found_fix(out,
			"set safe_mode = Off, or safe_mode_gid = On with the FIFO's group");
	}
	if (f->php.chroot && !facts_file(f)) {
		found(out, SEVERITY_BLOCKED, "PHP's pool has chroot = %s: %s is not in it",
			f->php.chroot, f->path);
		found_by(out, "%s: chroot = %s", f->php.file, f->php.chroot);
		found_fix(out, "take the chroot away, or put the FIFO below %s", f->php.chroot);
	}
}

void rule_web_server(const struct facts *f, struct findings *out)
{
	if (!f->is_web_client)
		return;
	found(out, SEVERITY_INFO,
		"rules of the web server (<Directory>, Require, AllowOverride) are about "
		"pages, not "
		"the FIFO: a 403 is theirs, \"cannot connect\" is not");
	if (f->web_rule)
		found_by(out, "%s: %s", f->web_file, f->web_rule);
}

static bool is_same_identity(const struct process *a, const struct process *b)
{
	return a->uid[3] == b->uid[3] && a->gid[3] == b->gid[3];
}

void rule_php_user(const struct facts *f, struct findings *out)
{
	const struct process *p = f->client;

	if (f->client_missing) {
		found(out, SEVERITY_WARN,
			"%s: judged for a fresh login of %s, not for what really runs",
			f->client_missing, f->client_user);
		found_fix(out, "give a PID or a unit that runs");
		return;
	}
	if (!f->is_web_client)
		return;
	found(out, p->uid[3] ? SEVERITY_INFO : SEVERITY_WARN,
		"the web client is %s, group %s%s", say_process(out, p),
		say_group(out, p->gid[3]),
		p->uid[3] ? "" : ": only the root master was found, not a worker");
	found_by(out, "/proc/%d/status: Uid %u, Gid %u; %zu processes of it", p->pid, p->uid[3],
		p->gid[3], f->client_count);
	for (size_t i = 0; i < f->client_count; i++) {
		const struct process *other = f->client_processes[i];
		if (!other->uid[3] || is_same_identity(other, p))
			continue;
		found(out, SEVERITY_WARN, "another pool runs as %s: judge it with --client %d",
			say_process(out, other), other->pid);
		found_by(out, "/proc/%d/status: Uid %u, Gid %u", other->pid, other->uid[3],
			other->gid[3]);
		break;
	}
}
