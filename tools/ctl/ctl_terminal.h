/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_CTL_TERMINAL_H
#define CTL_CTL_TERMINAL_H

#include <stddef.h>

#include "base/slice.h"

/* Characters of a line; when the output is no terminal, what is usual. */
size_t ctl_line_width(void);

/* A stranger's text and a line end to standard output: control bytes become '?' so that it
 * does not talk to the terminal; line ends stay. */
void ctl_print_clean(struct slice text);

/* "path: why" to standard error. CTL_FAILED. */
int ctl_complain(const char *path, const char *why);

#endif
