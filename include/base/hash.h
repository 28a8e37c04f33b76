/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * Intrusive chained table under a keyed hash (SipHash-2-4): strangers choose our keys, so
 * they must not be able to choose our chains. The table owns its slots only. One thread.
 */
struct hash_node {
	struct hash_node *_next;
	uint64_t _hash;
};

struct hash_table {
	struct hash_node **_slots; /* owned */
	size_t _slot_count;        /* a power of two */
	size_t count;              /* nodes in the table */
	size_t _max;               /* ceiling in nodes */
	uint64_t _seed[2];
};

/* max: ceiling in nodes. seed: 16 random bytes. SBC_ENOMEM. */
int hash_init(struct hash_table *t, size_t max, const uint8_t seed[16]);
void hash_fini(struct hash_table *t);

/* The ceiling. */
static inline size_t hash_max(const struct hash_table *t)
{
	return t->_max;
}

uint64_t hash_of(const struct hash_table *t, struct slice key);

/* Does not look for an equal key: find first. SBC_ELIMIT at the ceiling, SBC_ENOMEM. */
int hash_insert(struct hash_table *t, struct hash_node *node, uint64_t hash);
void hash_remove(struct hash_table *t, struct hash_node *node);

/* Candidates with this hash; the caller compares the key itself. NULL at the end. */
struct hash_node *hash_first(const struct hash_table *t, uint64_t hash);
struct hash_node *hash_next(const struct hash_node *node);

typedef void(hash_visit_h)(struct hash_node *node, void *arg);
/* Visits every node; the visitor may remove and free the node it was given. */
void hash_visit(struct hash_table *t, hash_visit_h *visit, void *arg);
/* The same for the next count slots from *slot, which goes on; false behind the last one. A
 * table that grows in between may show a node twice. */
bool hash_visit_some(
	struct hash_table *t, size_t *slot, size_t count, hash_visit_h *visit, void *arg);

#endif
