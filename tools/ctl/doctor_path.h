/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_DOCTOR_PATH_H
#define CTL_DOCTOR_PATH_H

#include "tools/ctl/doctor_source.h"

/*
 * Follows an absolute path through /proc/PID/root of a process (pid 0: our own view),
 * component by component and link by link, and writes down every directory, link and the
 * file with what decides who may pass.
 */
void path_walk(
	struct source *s, struct arena *arena, int pid, const char *path, struct walk *out);

/* The last step, when the path leads to something; else NULL. */
const struct step *walk_file(const struct walk *walk);
/* The directory in which the file stands or would stand; NULL: it was not reached. */
const struct step *walk_parent(const struct walk *walk);

/* Where path is to be looked at in the view of pid. */
const char *path_in_view(struct arena *arena, int pid, const char *path);
/* All but the last component: "/" at least. */
const char *path_directory(struct arena *arena, const char *path);
/* Is path dir or below it? */
bool path_is_below(const char *path, const char *dir);

#endif
