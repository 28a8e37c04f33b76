/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_PRIVILEGES_H
#define SBC_PRIVILEGES_H

#include "sbc/config.h"

/*
 * From root to the user of the configuration, before any thread or socket is there, and
 * for good: no supplementary groups but that user's own, no_new_privs, and of root's
 * capabilities only those that the configuration needs:
 *
 *   cap_net_bind_service  a listener or the http address has a port below 1024
 *   cap_chown             a FIFO or socket is to belong to another user or group
 *   cap_fowner            to another user: its mode is set after it was given away
 *
 * What root must make first (the state and run directories, when they are missing) is made
 * and given to the user. Private to the sbc room.
 */

#define PRIVILEGES_FAULT_MAX 512 /* bytes of a sentence */
#define PRIVILEGES_TEXT_MAX  256 /* bytes of privileges_print() */

/* Nothing when config names no user, or we are that user already. Otherwise all of it or
 * SBC_EPERM with the sentence in fault. */
int privileges_drop(const struct config *config, char *fault, size_t fault_size);

/* "uid=997 gid=996 capabilities=net_bind_service", or "none", "many", of this process, for the
 * log. Into out, which is returned. */
const char *privileges_print(char *out, size_t size);

#endif
