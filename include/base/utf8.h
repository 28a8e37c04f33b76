/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/slice.h"

/* Bytes of the UTF-8 character at the front of s, which is not empty (RFC 3629 section 4); 0:
 * it is none. Pure. */
size_t utf8_len(struct slice s);

#endif
