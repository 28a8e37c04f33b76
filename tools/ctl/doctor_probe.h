/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_DOCTOR_PROBE_H
#define CTL_DOCTOR_PROBE_H

#include "tools/ctl/doctor_facts.h"

/*
 * DX-3: in a child with the process's groups, ids, capabilities and file system view, opens
 * path for writing without blocking, and tells the errno in *result (0: it opened). With
 * is_open_unsafe it only asks for the right to write. Its LSM context is not reproduced: a
 * difference from what the mode bits say points there. -EPERM when we are not root.
 */
int probe_open_as(
	const struct process *process, const char *path, bool is_open_unsafe, int *result);

#endif
