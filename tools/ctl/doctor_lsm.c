/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SELinux and AppArmor, as far as they can be seen from outside: switches and logs. Shell. */

#include "tools/ctl/doctor_lsm.h"

#include <errno.h>

static const char *const logs[] = {"/var/log/audit/audit.log", "/var/log/kern.log",
	"/var/log/syslog", "/var/log/messages"};

#define LINE_MAX_LEN 4096 /* bytes of one line that is looked at */

struct slice lsm_type(const char *context)
{
	struct slice rest = slice_str(context);

	slice_cut(&rest, ':');
	slice_cut(&rest, ':');
	return slice_cut(&rest, ':');
}

static bool has(const char *text, const char *word)
{
	return strstr(text, word) != NULL;
}

bool lsm_is_denial(struct slice line, const char *comm, const char *path)
{
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	char text[LINE_MAX_LEN], word[512];

	if (slice_copy(line, text, sizeof(text)))
		return false;
	if (slice_copy(slice_str(comm), word, sizeof(word)) || !has(text, word))
		return false;
	if (has(text, "apparmor=\"DENIED\""))
		return has(text, path);
	if (!has(text, "avc:") || !has(text, "denied"))
		return false;
	return has(text, "tclass=fifo_file") || (*name && has(text, name));
}

/* The last denial in a log; NULL: none. */
static const char *find_denial(struct source *s, struct arena *arena, const char *file,
	const char *comm, const char *path)
{
	struct slice rest = slice_str(source_tail(s, arena, file));
	const char *found = NULL;

	while (rest.len) {
		struct slice line = slice_cut(&rest, '\n');
		if (lsm_is_denial(line, comm, path))
			found = arena_copy(arena, line).ptr;
	}
	return found;
}

static bool is_unreadable(struct source *s, const char *file)
{
	struct inode inode;
	struct buf bytes;
	int err = s->ops->stat(s, file, true, &inode);

	if (err)
		return err == -EACCES;
	buf_init(&bytes, FACT_FILE_MAX);
	err = s->ops->read(s, file, true, &bytes);
	buf_fini(&bytes);
	return err == -EACCES;
}

void lsm_read(struct source *s, struct arena *arena, const struct process *client,
	const char *path, struct lsm *out)
{
	const char *enforce = source_text(s, arena, "/sys/fs/selinux/enforce");
	const char *apparmor = source_text(s, arena, "/sys/module/apparmor/parameters/enabled");

	*out = (struct lsm){.selinux_enforce = enforce ? enforce[0] == '1' : -1,
		.is_apparmor = apparmor && apparmor[0] == 'Y'};
	if (out->selinux_enforce < 0 && !out->is_apparmor)
		return;
	for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]) && !out->denial; i++) {
		out->denial = find_denial(s, arena, logs[i], client->comm, path);
		out->denial_file = logs[i];
		if (is_unreadable(s, logs[i]))
			out->is_log_unreadable = true;
	}
}
