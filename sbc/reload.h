/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_RELOAD_H
#define SBC_RELOAD_H

#include <uv.h>

#include "sbc/sbc.h"

/*
 * A new configuration while we run: read and checked by a thread of the pool together with the
 * certificates, keys and passwords that it names, then taken over as a whole on the
 * signalling loop, or not at all. Calls and connections that are there keep what they began
 * with.
 */
struct reload;

struct policy;
struct transport;

/* err 0: taken over, config is in force (borrowed). Else why says it in one sentence. */
typedef void(reload_done_h)(int err, const char *why, struct config *config, void *arg);

struct reload_setup {
	const char *path;            /* borrowed */
	uv_loop_t *loop;             /* borrowed */
	struct sbc *sbc;             /* borrowed */
	struct log *log;             /* borrowed */
	const struct policy *policy; /* borrowed */
	struct transport *transport; /* borrowed; NULL: no certificates are renewed */
	reload_done_h *done;         /* after each; may be NULL */
	void *arg;                   /* borrowed */
};

int reload_new(struct reload **out, const struct reload_setup *setup);

/* Starts one, or has another follow the one that is under way. Its number, from 1, under which
 * its outcome is told. */
uint64_t reload_start(struct reload *reload);
/* True when that one is over: err and why (borrowed until the next one ends) are its outcome,
 * or the outcome of a later one. */
bool reload_outcome(const struct reload *reload, uint64_t number, int *err, const char **why);

/* Nothing is taken over any more. Freed by itself when its thread is back; the loop must
 * run until then. */
void reload_close(struct reload *reload);

#endif
