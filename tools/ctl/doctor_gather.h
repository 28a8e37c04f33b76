/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_DOCTOR_GATHER_H
#define CTL_DOCTOR_GATHER_H

#include "tools/ctl/doctor_source.h"

/*
 * Everything the FIFO rules look at, in one go. On SBC_ENOENT *complaint (the arena's) says
 * what was not found: the client, or which FIFO is meant.
 */
int doctor_gather(struct source *s, struct arena *arena, const struct doctor_options *options,
	struct facts *out, const char **complaint);

#endif
