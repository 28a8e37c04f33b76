/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_DOCTOR_SETTINGS_H
#define CTL_DOCTOR_SETTINGS_H

#include "tools/ctl/doctor_source.h"

/* Settings that others' files decide: units, the SIP server, PHP, the web server. */

/* A unit's file and drop-ins of /usr/lib, /lib, /run and /etc, the later over the earlier.
 * False: there is no such unit. */
bool unit_read(struct source *s, struct arena *arena, const char *name, struct unit *out);

/* A rule of tmpfiles.d with an age that covers path. False: none. */
bool tmpfiles_find(struct source *s, struct arena *arena, const char *path, const char **rule,
	const char **file);

/* fifo_name and its companions in the server's own configuration. */
void server_config_read(struct source *s, struct arena *arena, enum server_kind kind,
	struct server_config *out);

/* What the server's log says of its FIFO's owner; fills log_line and log_file. */
void server_log_read(struct source *s, struct arena *arena, struct server_config *out);

/* The ini and pool files of PHP's web SAPIs (php -i would tell of another SAPI). user: the
 * pool's, or NULL. */
void php_read(struct source *s, struct arena *arena, const char *user, struct php *out);

/* An Apache or nginx line that refuses requests. False: none. */
bool web_rule_find(struct source *s, struct arena *arena, const char **rule, const char **file);

/* Visits the files below dir whose names end in suffix, depth folders deep, in the order of
 * their names, at most 512. */
typedef void(settings_file_h)(const char *path, const char *text, void *arg);
void settings_each_file(struct source *s, struct arena *arena, const char *dir,
	const char *suffix, settings_file_h *handler, void *arg);

/* "key = value" of a line, quotes around the value dropped; false: no such line. */
bool settings_key(struct slice line, struct slice *key, struct slice *value);
#endif
