/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_TLS_ID_H
#define SBC_TLS_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/random.h"

/*
 * The names of a DTLS association in descriptions (RFC 8842): ours, and what the peer of that
 * leg says. A peer that says another one than before wants another association, though its
 * address, key and role stay. Pure.
 */
#define TLS_ID_LEN 32 /* characters of ours: 160 random bits, of 120 that are asked for */

struct tls_id {
	char ours[TLS_ID_LEN + 1];
	uint32_t association; /* which one it is, counted from 0 */
	uint64_t _theirs;     /* keyed hash of the peer's last one; 0: it never said one */
};

/* Another name of ours: for another association. */
void tls_id_renew(struct tls_id *id, const struct random_source *random);

/* Does the peer ask for another association by this value? Not by its first one, nor by
 * leaving it out (empty): who does not know the attribute says nothing by it. key: whose
 * secret the hash is taken with. */
bool tls_id_is_other(
	const struct tls_id *id, const struct hash_table *key, struct slice theirs);
/* This is what the peer says now; another one counts another association. */
void tls_id_take(struct tls_id *id, const struct hash_table *key, struct slice theirs);

#endif
