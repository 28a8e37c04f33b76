/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_PEM_H
#define BASE_PEM_H

#include "base/buf.h"
#include "base/slice.h"

/* PEM (RFC 7468): armour around DER. Pure. */

/* The next block of *rest, whatever stands before it: its label ("CERTIFICATE", borrowed)
 * and its bytes (appended to der); *rest moves behind it. SBC_ENOENT: no further block;
 * SBC_EPARSE: a block without end or with bad base64; der's err. */
int pem_next(struct slice *rest, struct slice *label, struct buf *der);

/* Appends one block. Returns out's err. */
int pem_put(struct buf *out, const char *label, struct slice der);

#endif
