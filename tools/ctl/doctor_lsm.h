/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_DOCTOR_LSM_H
#define CTL_DOCTOR_LSM_H

#include "tools/ctl/doctor_source.h"

/* SELinux and AppArmor: are they on, and does a log say that they denied path to client? */
void lsm_read(struct source *s, struct arena *arena, const struct process *client,
	const char *path, struct lsm *out);

/* Is this log line a denial of a FIFO named path (or its last component) to comm? */
bool lsm_is_denial(struct slice line, const char *comm, const char *path);

/* The type of a context user:role:type:level: httpd_t. */
struct slice lsm_type(const char *context);

#endif
