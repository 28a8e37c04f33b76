/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_RELOAD_H
#define SBC_RELOAD_H

#include <uv.h>

#include "sbc/credentials.h"
#include "sbc/sbc.h"

/*
 * A new configuration while we run: read and checked by a thread of the pool together with the
 * certificates, keys and passwords that it names, then taken over as a whole on the
 * signalling loop, or not at all. Calls and connections that are there keep what they began
 * with. What cannot change while we run is refused by its key.
 */
struct reload;

struct http_get;
struct media;
struct policy;
struct transport;
struct web;

/* err 0: taken over, config is in force (borrowed). Else why says it in one sentence. is_last:
 * no other follows at once. */
typedef void(reload_done_h)(
	int err, const char *why, struct config *config, bool is_last, void *arg);

struct reload_setup {
	const char *path; /* borrowed, as all that follows */
	uv_loop_t *loop;
	struct sbc *sbc;
	struct log *log;
	struct policy *policy;
	struct media *media;
	struct transport *transport;
	struct http_get *http_get;
	struct web *web;                   /* NULL: nothing is served */
	const struct credentials *started; /* what web began with */
	reload_done_h *done;               /* after each; may be NULL */
	void *arg;
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
