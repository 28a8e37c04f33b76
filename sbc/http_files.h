/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_HTTP_FILES_H
#define SBC_HTTP_FILES_H

#include "sbc/http.h"

/*
 * The files of one folder as pages, read once: a request only picks one of them. Private to the
 * sbc room.
 */
struct http_files;

#define HTTP_FILES_MAX     64
#define HTTP_FILE_SIZE_MAX (1024 * 1024) /* bytes */

/* Files whose names end in .html, .css, .js, .svg, .json or .txt, no folders below it, no
 * links, no names with a dot in front. Blocking. SBC_EIO: cannot be read, or has no index.html;
 * SBC_ELIMIT, SBC_ENOMEM. */
int http_files_load(struct http_files **out, const char *folder);
void http_files_free(struct http_files *files); /* NULL is allowed */

/* "/" is index.html. False: there is no such file, *answer untouched. answer's header values
 * are borrowed from files. */
bool http_files_answer(const struct http_files *files, const struct http_request *request,
	struct http_answer *answer);

#endif
