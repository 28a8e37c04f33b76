/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POLICY_CERT_CACHE_H
#define POLICY_CERT_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/slice.h"
#include "policy/cert.h"

/*
 * Signers' certificates by URL. It only keeps what was fetched: whether a certificate covers
 * an identity is asked anew for every request (ID4474-46). Seconds since 1970. One thread.
 */
struct cert_cache {
	struct hash_table _table;
	struct list _used;   /* entries with a certificate, the longest unused first */
	struct list _failed; /* entries without one: they are given up first */
	size_t _max;
	uint64_t evicted_count; /* gave way to another URL */
};

#define CERT_TTL_MIN_S    60    /* whatever the HTTP answer says (CERT-7) */
#define CERT_TTL_MAX_S    86400 /* likewise */
#define CERT_TTL_FAILED_S 30    /* before a failed URL is asked again */
#define CERT_STALE_MAX_S  86400 /* served beyond its time while its URL cannot be had */
#define CERT_FAILURE_WHY  64    /* bytes, terminated */

enum cert_cache_answer {
	CERT_CACHE_UNKNOWN, /* fetch it */
	CERT_CACHE_FOUND,
	CERT_CACHE_FAILED, /* could not be had a short while ago */
};

struct cert_cache_result {
	const struct cert *cert; /* FOUND: borrowed until the next call that stores */
	const char *why;         /* FAILED: borrowed likewise */
	bool may_refresh; /* FOUND: old enough to be fetched again when it does not fit */
};

/* max: URLs. SBC_ENOMEM. */
int cert_cache_init(struct cert_cache *cache, size_t max, const uint8_t seed[16]);
void cert_cache_fini(struct cert_cache *cache);
/* Forgets all of it, failures too. */
void cert_cache_clear(struct cert_cache *cache);

enum cert_cache_answer cert_cache_find(struct cert_cache *cache, struct slice url,
	int64_t now_s, struct cert_cache_result *out);

/* Takes cert over, also on error (NULL: nothing usable was served, why says so). SBC_ENOMEM. */
int cert_cache_store(struct cert_cache *cache, struct slice url, struct cert *cert,
	const char *why, int64_t max_age_s, int64_t now_s);
/* An older certificate of this URL is served on, for a while. */
void cert_cache_store_failure(
	struct cert_cache *cache, struct slice url, const char *why, int64_t now_s);

#endif
