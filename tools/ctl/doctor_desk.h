/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_DOCTOR_DESK_H
#define CTL_DOCTOR_DESK_H

#include "tools/ctl/doctor_finding.h"

/* Where a doctor writes down what it finds, and how that is read out. */
struct doctor_desk {
	struct arena arena;
	struct findings *findings; /* in the arena */
};

/* clear: what is told when nothing blocks. source: for names of users, may be NULL. SBC_ENOMEM;
 * doctor_desk_close() in any case. */
int doctor_desk_open(struct doctor_desk *desk, struct source *source, const char *clear);
/* Prints the report; the exit status. */
int doctor_desk_print(struct doctor_desk *desk, bool is_json, bool is_verbose);
void doctor_desk_close(struct doctor_desk *desk);

#endif
