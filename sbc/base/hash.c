/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Intrusive chained hash table under SipHash-2-4 (Aumasson, Bernstein 2012). Pure. */

#include "base/hash.h"

#include <endian.h>

#include "base/err.h"
#include "base/mem.h"

#define SLOTS_FIRST 16

int hash_init(struct hash_table *t, size_t max, const uint8_t seed[16])
{
	struct hash_node **slots = mem_array(SLOTS_FIRST, sizeof(struct hash_node *));

	if (!slots)
		return SBC_ENOMEM;
	*t = (struct hash_table){._slots = slots, ._slot_count = SLOTS_FIRST, ._max = max};
	memcpy(t->_seed, seed, sizeof(t->_seed));
	return 0;
}

void hash_fini(struct hash_table *t)
{
	mem_free(t->_slots);
	mem_wipe(t, sizeof(*t));
}

static uint64_t rotl(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

static void sip_rounds(uint64_t v[4], int count)
{
	while (count--) {
		v[0] += v[1];
		v[1] = rotl(v[1], 13) ^ v[0];
		v[0] = rotl(v[0], 32);
		v[2] += v[3];
		v[3] = rotl(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = rotl(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = rotl(v[1], 17) ^ v[2];
		v[2] = rotl(v[2], 32);
	}
}

static uint64_t load_le(const uint8_t *p, size_t len)
{
	uint64_t value = 0;

	for (size_t i = 0; i < len; i++)
		value |= (uint64_t)p[i] << (8 * i);
	return value;
}

uint64_t hash_of(const struct hash_table *t, struct slice key)
{
	const uint8_t *p = (const uint8_t *)key.ptr;
	size_t whole = key.len & ~(size_t)7;
	uint64_t v[4] = {
		t->_seed[0] ^ UINT64_C(0x736f6d6570736575),
		t->_seed[1] ^ UINT64_C(0x646f72616e646f6d),
		t->_seed[0] ^ UINT64_C(0x6c7967656e657261),
		t->_seed[1] ^ UINT64_C(0x7465646279746573),
	};
	uint64_t last = (uint64_t)key.len << 56;

	for (size_t i = 0; i < whole; i += 8) {
		uint64_t m;
		memcpy(&m, p + i, 8);
		m = le64toh(m);
		v[3] ^= m;
		sip_rounds(v, 2);
		v[0] ^= m;
	}
	if (key.len > whole)
		last |= load_le(p + whole, key.len - whole);
	v[3] ^= last;
	sip_rounds(v, 2);
	v[0] ^= last;
	v[2] ^= 0xff;
	sip_rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static void put(struct hash_node **slots, size_t slot_count, struct hash_node *node)
{
	struct hash_node **slot = &slots[node->_hash & (slot_count - 1)];

	node->_next = *slot;
	*slot = node;
}

/* Doubling keeps the chains short; without memory they just grow longer. */
static void grow(struct hash_table *t)
{
	size_t slot_count = t->_slot_count * 2;
	struct hash_node **slots = mem_array(slot_count, sizeof(struct hash_node *));

	if (!slots)
		return;
	for (size_t i = 0; i < t->_slot_count; i++) {
		struct hash_node *node = t->_slots[i];
		while (node) {
			struct hash_node *next = node->_next;
			put(slots, slot_count, node);
			node = next;
		}
	}
	mem_free(t->_slots);
	t->_slots = slots;
	t->_slot_count = slot_count;
}

int hash_insert(struct hash_table *t, struct hash_node *node, uint64_t hash)
{
	if (t->count >= t->_max)
		return SBC_ELIMIT;
	if (t->count >= t->_slot_count)
		grow(t);
	node->_hash = hash;
	put(t->_slots, t->_slot_count, node);
	t->count++;
	return 0;
}

void hash_remove(struct hash_table *t, struct hash_node *node)
{
	struct hash_node **at = &t->_slots[node->_hash & (t->_slot_count - 1)];

	while (*at && *at != node)
		at = &(*at)->_next;
	if (!*at)
		return;
	*at = node->_next;
	node->_next = NULL;
	t->count--;
}

static struct hash_node *same_hash(struct hash_node *node, uint64_t hash)
{
	while (node && node->_hash != hash)
		node = node->_next;
	return node;
}

struct hash_node *hash_first(const struct hash_table *t, uint64_t hash)
{
	return same_hash(t->_slots[hash & (t->_slot_count - 1)], hash);
}

struct hash_node *hash_next(const struct hash_node *node)
{
	return same_hash(node->_next, node->_hash);
}

bool hash_visit_some(
	struct hash_table *t, size_t *slot, size_t count, hash_visit_h *visit, void *arg)
{
	for (; count && *slot < t->_slot_count; count--, (*slot)++) {
		struct hash_node *node = t->_slots[*slot];
		while (node) {
			struct hash_node *next = node->_next;
			visit(node, arg);
			node = next;
		}
	}
	return *slot < t->_slot_count;
}

void hash_visit(struct hash_table *t, hash_visit_h *visit, void *arg)
{
	size_t slot = 0;

	hash_visit_some(t, &slot, t->_slot_count, visit, arg);
}
