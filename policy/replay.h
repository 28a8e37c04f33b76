/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POLICY_REPLAY_H
#define POLICY_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/slice.h"
#include "policy/crypto.h"

/*
 * Which verified requests were seen (RFC 4474 section 13.1; ID4474-42, ID8224-31, DEC-15).
 *
 * An entry is made only after every check succeeded, lives as long as the signature could be
 * fresh, and is never given up earlier: at the ceiling new requests are refused
 * (SBC_ELIMIT). To evict would be to allow the replay that a flood was sent for.
 * Seconds since 1970. One thread.
 */
struct replay_cache {
	struct hash_table _table;
	struct list _entries; /* the next to expire first */
	int64_t _lifetime_s;
	uint64_t full_count; /* requests that were refused for it */
};

/* What the signature is and what it stood in. */
struct replay_use {
	uint8_t key[CRYPTO_SHA256_LEN];     /* what may be used once */
	uint8_t context[CRYPTO_SHA256_LEN]; /* what it may be used again in, with a new CSeq */
	uint32_t cseq;
	bool is_ack; /* has the CSeq of its INVITE */
};

/* max: requests; memory is taken as they come. lifetime_s: twice the freshness window, since
 * a request may come from the future as well. SBC_ENOMEM. */
int replay_init(
	struct replay_cache *cache, size_t max, int64_t lifetime_s, const uint8_t seed[16]);
void replay_fini(struct replay_cache *cache);

/* RFC 8224: the signature is the key; it may come again in the same dialog and method with a
 * higher CSeq (a digest retry). signature: r and s. SBC_ECRYPTO, SBC_ENOMEM. */
int replay_use_8224(struct replay_use *out, struct slice signature, struct slice call_id,
	struct slice from_tag, struct slice method, uint32_t cseq);
/* RFC 4474: Call-ID, From and To are the key, CSeq must rise. Not the tag: it is not signed,
 * so another one could be put in. SBC_ECRYPTO, SBC_ENOMEM. */
int replay_use_4474(struct replay_use *out, struct slice call_id, struct slice from_uri,
	struct slice to_uri, struct slice method, uint32_t cseq);

bool replay_is_seen(struct replay_cache *cache, const struct replay_use *use, int64_t now_s);
/* SBC_ELIMIT, SBC_ENOMEM: then the request must not count as verified. */
int replay_remember(struct replay_cache *cache, const struct replay_use *use, int64_t now_s);

#endif
