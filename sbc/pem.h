/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_PEM_H
#define SBC_PEM_H

#include "base/buf.h"
#include "base/slice.h"

/*
 * PEM as text (RFC 7468): what may be shown to everybody is certificates and nothing else.
 * Pure. Private to the sbc room.
 */

/* Appends the CERTIFICATE blocks of text, and nothing that stands around them. SBC_EINVAL:
 * there is a block of another kind (a private key); SBC_EPARSE: no certificate, or a broken
 * block; else out's err. */
int pem_certificates(struct buf *out, struct slice text);

/* Appends the bytes (DER) of the first CERTIFICATE block; the same errors. */
int pem_first_der(struct buf *out, struct slice text);

#endif
