/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_CERT_ARCHIVE_H
#define SBC_CERT_ARCHIVE_H

#include "sbc/http_cert.h"
#include "sbc/provision.h"

/*
 * Our published certificates in the state directory, so that one that a restart replaced can
 * still be fetched for its hour: certificates/ID.pem (ID.rsa for RFC 4474) is served,
 * ID.pem.old was replaced at its modification time. Blocking; private to the sbc room.
 */

/* certs is what is served now: gets the old ones, and the directory becomes what is in it.
 * SBC_EIO: told as a fault. */
int cert_archive_sync(const struct provision *p, struct http_certs *certs, int64_t now_s);

/* Adds those that are about to be served; what they replace gets old at the next sync. They are
 * served without it, too: a fault is told, no more. */
void cert_archive_write(const struct provision *p, const struct http_cert_set *set);

#endif
