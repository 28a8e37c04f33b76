/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_RELOAD_H
#define SBC_RELOAD_H

#include <uv.h>

#include "sbc/sbc.h"

/*
 * A new configuration while we run: read and checked by a thread of the pool, then taken
 * over as a whole on the signalling loop, or not at all. Calls that are there keep what
 * they began with.
 */
struct reload;

struct policy;

struct reload_setup {
	const char *path;            /* borrowed */
	uv_loop_t *loop;             /* borrowed */
	struct sbc *sbc;             /* borrowed */
	struct log *log;             /* borrowed */
	const struct policy *policy; /* borrowed */
};

/* err 0: taken over, config is in force (borrowed). Else why says it in one sentence. */
typedef void(reload_done_h)(int err, const char *why, struct config *config, void *arg);

int reload_new(struct reload **out, const struct reload_setup *setup);
/* done: may be NULL. SBC_EAGAIN: one is under way, and another follows it (whose outcome the
 * log tells). */
int reload_start(struct reload *reload, reload_done_h *done, void *arg);
/* Nothing is taken over any more. Freed by itself when its thread is back; the loop must
 * run until then. */
void reload_close(struct reload *reload);

#endif
