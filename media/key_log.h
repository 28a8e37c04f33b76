/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_KEY_LOG_H
#define MEDIA_KEY_LOG_H

#include "base/buf.h"

/*
 * NSS's key log, which Wireshark reads: "LABEL random secret", both in hex. random: of the
 * ClientHello, which names the handshake. Pure; private to the media room.
 */
#define KEY_LOG_LINE_MAX 256 /* bytes; the longest has a secret of 64 */

/* Without line end. Secret. Returns out's err. */
int key_log_print(struct buf *out, const char *label, struct slice random, struct slice secret);

#endif
