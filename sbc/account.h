/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_ACCOUNT_H
#define SBC_ACCOUNT_H

#include <sys/types.h>

/*
 * Users and groups of the system, by name or number. They may be asked over a network:
 * before the loops run only. Private to the sbc room.
 */

/* (uid_t)-1 for "". primary: its group, (gid_t)-1 when it is a number that nobody has; may be
 * NULL. SBC_ENOENT: there is none of that name. */
int account_user(const char *name, uid_t *out, gid_t *primary);
/* (gid_t)-1 for "". SBC_ENOENT. */
int account_group(const char *name, gid_t *out);

#endif
