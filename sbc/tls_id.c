/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of DTLS associations: RFC 8842 sections 4 and 5. Pure. */

#include "sbc/tls_id.h"

void tls_id_renew(struct tls_id *id, const struct random_source *random)
{
	random_token(random, id->ours, TLS_ID_LEN);
}

/* A peer's may have 255 characters: what tells two apart is enough. 0 is for none. */
static uint64_t digest(const struct hash_table *key, struct slice theirs)
{
	return hash_of(key, theirs) | 1;
}

bool tls_id_is_other(const struct tls_id *id, const struct hash_table *key, struct slice theirs)
{
	return theirs.len && id->_theirs && id->_theirs != digest(key, theirs);
}

void tls_id_take(struct tls_id *id, const struct hash_table *key, struct slice theirs)
{
	if (tls_id_is_other(id, key, theirs))
		id->association++;
	if (theirs.len)
		id->_theirs = digest(key, theirs);
}
