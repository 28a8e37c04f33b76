/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_DOCTOR_USERS_H
#define CTL_DOCTOR_USERS_H

#include "tools/ctl/doctor_source.h"

/*
 * Names and numbers from etc/passwd and etc/group of the source. Users that only a directory
 * service knows are shown by number and their login groups are unknown, not empty.
 */
bool user_find(
	struct source *s, struct arena *arena, const char *name, uint32_t *uid, uint32_t *gid);
bool group_find(struct source *s, struct arena *arena, const char *name, uint32_t *gid);
/* The name, or the number in digits. */
const char *user_name(struct source *s, struct arena *arena, uint32_t uid);
const char *group_name(struct source *s, struct arena *arena, uint32_t gid);
/* Groups of a fresh login: the primary one and those that list the name. Its count. */
size_t user_login_groups(
	struct source *s, struct arena *arena, const char *name, const uint32_t **out);

#endif
