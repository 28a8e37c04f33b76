/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What all doctors but the FIFO's oldest do alike. */

#include "tools/ctl/doctor_desk.h"

#include <stdio.h>

#include "base/err.h"
#include "tools/ctl/ctl.h"

#define DESK_MEMORY 67108864 /* bytes: files of /proc, sentences */
#define REPORT_MAX  1048576

int doctor_desk_open(struct doctor_desk *desk, struct source *source, const char *clear)
{
	arena_init(&desk->arena, DESK_MEMORY);
	desk->findings = arena_alloc(&desk->arena, sizeof(*desk->findings));
	if (!desk->findings)
		return SBC_ENOMEM;
	*desk->findings =
		(struct findings){.arena = &desk->arena, .source = source, .clear = clear};
	return 0;
}

int doctor_desk_print(struct doctor_desk *desk, bool is_json, bool is_verbose)
{
	struct buf out;
	int err;

	buf_init(&out, REPORT_MAX);
	if (is_json)
		findings_print_json(desk->findings, &out);
	else
		findings_print(desk->findings, is_verbose, &out);
	err = out.err;
	if (out.data)
		fputs(out.data, stdout);
	buf_fini(&out);
	return err || fflush(stdout) ? CTL_UNKNOWN : findings_status(desk->findings);
}

void doctor_desk_close(struct doctor_desk *desk)
{
	arena_fini(&desk->arena);
}
