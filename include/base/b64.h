/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_B64_H
#define BASE_B64_H

#include "base/buf.h"
#include "base/slice.h"

/*
 * Base64 (RFC 4648). The url kind has "-_" and no padding (RFC 7515 section 2), the plain
 * kind "+/" and '='. Pure; any thread.
 */
enum b64_kind { B64_PLAIN, B64_URL };

/* Appends the text; returns out's err. */
int b64_encode(struct buf *out, enum b64_kind kind, const void *bytes, size_t len);

/* Appends the bytes. Strict: one text for one value, so no blanks, no foreign characters,
 * no missing or (url kind) present padding, no bits left over. SBC_EPARSE; out's err. */
int b64_decode(struct buf *out, enum b64_kind kind, struct slice text);

#endif
