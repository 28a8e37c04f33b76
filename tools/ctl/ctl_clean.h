/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_CTL_CLEAN_H
#define CTL_CTL_CLEAN_H

#include "base/buf.h"
#include "base/slice.h"

/*
 * What a stranger wrote, for a terminal: the character at the front of text, which is not
 * empty, or '?' where it would steer the terminal or is none: control characters (also U+0080
 * to U+009F, of which U+009B begins a sequence like ESC [), what changes the direction of
 * writing, bytes that are no UTF-8. Returns the bytes of text that it stands for.
 */
size_t ctl_clean_put(struct buf *out, struct slice text);

/* All of a text so. Returns out's err. */
int ctl_clean_put_all(struct buf *out, struct slice text);

/* Characters of a clean text: columns, where none is wide. */
size_t ctl_clean_width(struct slice text);

#endif
