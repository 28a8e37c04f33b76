/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replay cache: fixed-size entries, since only hashes are kept. Pure. */

#include "policy/replay.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#define PARTS_MAX (1 << 18) /* bytes: Call-ID, URIs and tags of one request */

struct entry {
	struct hash_node node;
	struct list place;
	struct replay_use use;
	int64_t expires_at;
};

int replay_init(
	struct replay_cache *cache, size_t max, int64_t lifetime_s, const uint8_t seed[16])
{
	*cache = (struct replay_cache){._lifetime_s = lifetime_s};
	list_init(&cache->_entries);
	return hash_init(&cache->_table, max ? max : 1, seed);
}

static void drop(struct replay_cache *cache, struct entry *entry)
{
	hash_remove(&cache->_table, &entry->node);
	list_remove(&entry->place);
	mem_free(entry);
}

void replay_fini(struct replay_cache *cache)
{
	while (cache->_entries.next && !list_is_empty(&cache->_entries))
		drop(cache, container_of(cache->_entries.next, struct entry, place));
	hash_fini(&cache->_table);
}

/* Each part with its length before it, so that nothing can move from one to the next. */
static int hash_parts(uint8_t out[CRYPTO_SHA256_LEN], const struct slice *parts, size_t count)
{
	struct buf text;
	int err;

	buf_init(&text, PARTS_MAX);
	for (size_t i = 0; i < count; i++) {
		buf_printf(&text, "%zu:", parts[i].len);
		buf_put_slice(&text, parts[i]);
	}
	err = text.err ? text.err : crypto_sha256(buf_slice(&text), out);
	buf_fini(&text);
	return err;
}

int replay_use_8224(struct replay_use *out, struct slice signature, struct slice call_id,
	struct slice from_tag, struct slice method, uint32_t cseq)
{
	bool is_ack = slice_equal(method, SLICE("ACK"));
	/* An ACK belongs to its INVITE. */
	const struct slice context[] = {call_id, from_tag, is_ack ? SLICE("INVITE") : method};
	uint8_t normal[CRYPTO_ES256_LEN];

	if (signature.len != sizeof(normal))
		return SBC_ECRYPTO;
	memcpy(normal, signature.ptr, sizeof(normal));
	crypto_es256_normalize(normal);
	*out = (struct replay_use){.cseq = cseq, .is_ack = is_ack};
	if (crypto_sha256(slice_of(normal, sizeof(normal)), out->key))
		return SBC_ECRYPTO;
	return hash_parts(out->context, context, sizeof(context) / sizeof(context[0]));
}

int replay_use_4474(struct replay_use *out, struct slice call_id, struct slice from_uri,
	struct slice to_uri, struct slice method, uint32_t cseq)
{
	const struct slice key[] = {call_id, from_uri, to_uri};

	*out = (struct replay_use){.cseq = cseq, .is_ack = slice_equal(method, SLICE("ACK"))};
	return hash_parts(out->key, key, sizeof(key) / sizeof(key[0]));
}

static void expire(struct replay_cache *cache, int64_t now_s)
{
	while (!list_is_empty(&cache->_entries)) {
		struct entry *first = container_of(cache->_entries.next, struct entry, place);
		if (now_s < first->expires_at)
			return;
		drop(cache, first);
	}
}

static uint64_t hash_key(const struct replay_cache *cache, const struct replay_use *use)
{
	return hash_of(&cache->_table, slice_of(use->key, sizeof(use->key)));
}

static struct entry *find(struct replay_cache *cache, const struct replay_use *use)
{
	struct hash_node *node = hash_first(&cache->_table, hash_key(cache, use));

	for (; node; node = hash_next(node)) {
		struct entry *entry = container_of(node, struct entry, node);
		if (memcmp(entry->use.key, use->key, sizeof(use->key)) == 0)
			return entry;
	}
	return NULL;
}

bool replay_is_seen(struct replay_cache *cache, const struct replay_use *use, int64_t now_s)
{
	const struct entry *entry;

	expire(cache, now_s);
	entry = find(cache, use);
	if (!entry)
		return false;
	if (memcmp(entry->use.context, use->context, sizeof(use->context)) != 0)
		return true;
	/* An ACK has the CSeq of its INVITE, and others may have come between the two. */
	return use->is_ack ? use->cseq > entry->use.cseq : use->cseq <= entry->use.cseq;
}

int replay_remember(struct replay_cache *cache, const struct replay_use *use, int64_t now_s)
{
	struct entry *entry;
	int err;

	expire(cache, now_s);
	entry = find(cache, use);
	if (entry) {
		/* The highest CSeq counts, and from now on. */
		if (use->cseq > entry->use.cseq)
			entry->use.cseq = use->cseq;
		list_remove(&entry->place);
	} else {
		entry = mem_alloc(sizeof(*entry));
		if (!entry)
			return SBC_ENOMEM;
		list_init(&entry->place);
		entry->use = *use;
		err = hash_insert(&cache->_table, &entry->node, hash_key(cache, use));
		if (err) {
			cache->full_count += err == SBC_ELIMIT;
			mem_free(entry);
			return err;
		}
	}
	entry->expires_at = now_s + cache->_lifetime_s;
	list_append(&cache->_entries, &entry->place);
	return 0;
}
