/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_DOCTOR_OWN_H
#define CTL_DOCTOR_OWN_H

#include "sbc/config.h"
#include "tools/ctl/doctor_finding.h"

/* Files of our own certificates: named is the configuration's path, "" for the first domain's,
 * which may be one that the daemon made in state_dir. */
void own_certificate(const struct config *config, const char *named, char *out, size_t size);
void own_key(const struct config *config, const char *named, char *out, size_t size);

/* Row OWN-1: are both files there, do they belong together, is the key nobody else's? */
void own_pair_check(const struct config *config, const char *certificate, const char *key,
	struct findings *out);

#endif
