/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_DOCTOR_MOUNT_H
#define CTL_DOCTOR_MOUNT_H

#include "tools/ctl/doctor_source.h"

/* The mount of /proc/PID/mountinfo that path lies on. False: it cannot be read. */
bool mount_find(
	struct source *s, struct arena *arena, int pid, const char *path, struct mount *out);
/* The same from a mountinfo's text. */
bool mount_parse(struct arena *arena, const char *text, const char *path, struct mount *out);

/* statfs f_type in words; NULL: none of those on which a FIFO is a problem. */
const char *filesystem_problem(uint32_t magic);

#endif
