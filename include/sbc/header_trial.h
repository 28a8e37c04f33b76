/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_HEADER_TRIAL_H
#define SBC_HEADER_TRIAL_H

#include "base/buf.h"
#include "sbc/config.h"

/*
 * Rules for headers without a call: what of a SIP message (bytes) would cross from a peer to
 * another, "" being one of our users. Pure; any thread.
 */
struct header_trial {
	const struct config *config;
	struct slice from, to;
	struct slice message;
};
/* Appends whole header lines. SBC_ENOENT: no such peer; SBC_EPARSE: no SIP message; fault says
 * why. */
int header_rules_try(
	const struct header_trial *trial, struct buf *lines, char *fault, size_t fault_size);

/* Names that no rule may touch: we write them ourselves, or proofs rest on them. */
bool header_rules_is_ours(struct slice name);

#endif
