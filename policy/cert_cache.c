/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates by URL, with a ceiling and an age. Pure. */

#include "policy/cert_cache.h"

#include "base/err.h"
#include "base/mem.h"

struct entry {
	struct hash_node node;
	struct list place;  /* in _used or _failed */
	char *url;          /* owned */
	struct cert *cert;  /* owned; NULL: none was ever had */
	int64_t fetched_at; /* when cert came */
	int64_t expires_at; /* cert is fetched again from then on */
	int64_t retry_at;   /* not asked for again before: after a failure */
	char why[CERT_FAILURE_WHY];
};

int cert_cache_init(struct cert_cache *cache, size_t max, const uint8_t seed[16])
{
	*cache = (struct cert_cache){._max = max ? max : 1};
	list_init(&cache->_used);
	list_init(&cache->_failed);
	return hash_init(&cache->_table, cache->_max, seed);
}

static void drop(struct cert_cache *cache, struct entry *entry)
{
	hash_remove(&cache->_table, &entry->node);
	list_remove(&entry->place);
	cert_free(entry->cert);
	mem_free(entry->url);
	mem_free(entry);
}

static void drop_first(struct cert_cache *cache, struct list *list)
{
	drop(cache, container_of(list->next, struct entry, place));
}

void cert_cache_clear(struct cert_cache *cache)
{
	while (cache->_used.next && !list_is_empty(&cache->_used))
		drop_first(cache, &cache->_used);
	while (cache->_failed.next && !list_is_empty(&cache->_failed))
		drop_first(cache, &cache->_failed);
}

void cert_cache_fini(struct cert_cache *cache)
{
	cert_cache_clear(cache);
	hash_fini(&cache->_table);
}

static struct entry *find(struct cert_cache *cache, struct slice url)
{
	struct hash_node *node = hash_first(&cache->_table, hash_of(&cache->_table, url));

	for (; node; node = hash_next(node)) {
		struct entry *entry = container_of(node, struct entry, node);
		if (slice_equal(slice_str(entry->url), url))
			return entry;
	}
	return NULL;
}

/* Among those of its kind it was used last. */
static void touch(struct cert_cache *cache, struct entry *entry)
{
	list_remove(&entry->place);
	list_append(entry->cert ? &cache->_used : &cache->_failed, &entry->place);
}

enum cert_cache_answer cert_cache_find(struct cert_cache *cache, struct slice url,
	int64_t now_s, struct cert_cache_result *out)
{
	struct entry *entry = find(cache, url);
	bool is_waiting = entry && now_s < entry->retry_at;

	*out = (struct cert_cache_result){0};
	if (!entry)
		return CERT_CACHE_UNKNOWN;
	/* A clock that was set back must not make an entry last. */
	if (entry->cert && now_s + CERT_TTL_MIN_S < entry->fetched_at)
		return CERT_CACHE_UNKNOWN;
	if (entry->cert &&
		(now_s < entry->expires_at ||
			(is_waiting && now_s < entry->expires_at + CERT_STALE_MAX_S))) {
		touch(cache, entry);
		out->cert = entry->cert;
		out->may_refresh = !is_waiting && now_s >= entry->fetched_at + CERT_TTL_MIN_S;
		return CERT_CACHE_FOUND;
	}
	out->why = entry->why;
	return is_waiting ? CERT_CACHE_FAILED : CERT_CACHE_UNKNOWN;
}

/* The entry of this URL, a new one if need be; at the ceiling another one goes for it. */
static struct entry *obtain(struct cert_cache *cache, struct slice url)
{
	struct entry *entry = find(cache, url);

	if (entry)
		return entry;
	if (cache->_table.count >= cache->_max) {
		drop_first(cache,
			list_is_empty(&cache->_failed) ? &cache->_used : &cache->_failed);
		cache->evicted_count++;
	}
	entry = mem_alloc(sizeof(*entry));
	if (!entry)
		return NULL;
	list_init(&entry->place);
	entry->url = mem_strdup(url);
	if (!entry->url ||
		hash_insert(&cache->_table, &entry->node, hash_of(&cache->_table, url))) {
		mem_free(entry->url);
		mem_free(entry);
		return NULL;
	}
	touch(cache, entry);
	return entry;
}

static void fail(struct entry *entry, const char *why, int64_t now_s)
{
	struct slice text = slice_head(slice_str(why), sizeof(entry->why) - 1);

	slice_copy(text, entry->why, sizeof(entry->why));
	entry->retry_at = now_s + CERT_TTL_FAILED_S;
}

int cert_cache_store(struct cert_cache *cache, struct slice url, struct cert *cert,
	const char *why, int64_t max_age_s, int64_t now_s)
{
	struct entry *entry;

	if (!cert) {
		cert_cache_store_failure(cache, url, why, now_s);
		return 0;
	}
	entry = obtain(cache, url);
	if (!entry) {
		cert_free(cert);
		return SBC_ENOMEM;
	}
	if (max_age_s < CERT_TTL_MIN_S)
		max_age_s = CERT_TTL_MIN_S;
	if (max_age_s > CERT_TTL_MAX_S)
		max_age_s = CERT_TTL_MAX_S;
	cert_free(entry->cert);
	entry->cert = cert;
	entry->fetched_at = now_s;
	entry->expires_at = now_s + max_age_s;
	entry->retry_at = 0;
	entry->why[0] = '\0';
	touch(cache, entry);
	return 0;
}

void cert_cache_store_failure(
	struct cert_cache *cache, struct slice url, const char *why, int64_t now_s)
{
	struct entry *entry = obtain(cache, url);

	if (entry)
		fail(entry, why, now_s);
}
