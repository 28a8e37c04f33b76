/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keyed hash table, and SipHash-2-4 against its authors' test vector. */

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/list.h"

struct item {
	struct hash_node node;
	uint32_t key;
	int seen;
};

/* Aumasson and Bernstein, "SipHash", appendix A: key 00..0f, input 00..0e. */
static void siphash_vector(void **state)
{
	uint8_t seed[16], input[15];
	struct hash_table t;

	(void)state;
	for (int i = 0; i < 16; i++)
		seed[i] = (uint8_t)i;
	for (int i = 0; i < 15; i++)
		input[i] = (uint8_t)i;
	assert_int_equal(0, hash_init(&t, 1, seed));
	assert_true(hash_of(&t, slice_of(input, 15)) == UINT64_C(0xa129ca6149be45e5));
	hash_fini(&t);
}

static struct item *find(struct hash_table *t, uint32_t key)
{
	struct hash_node *node = hash_first(t, hash_of(t, slice_of(&key, sizeof(key))));

	for (; node; node = hash_next(node)) {
		struct item *item = container_of(node, struct item, node);
		if (item->key == key)
			return item;
	}
	return NULL;
}

static void count_and_remove_odd(struct hash_node *node, void *arg)
{
	struct item *item = container_of(node, struct item, node);

	item->seen++;
	if (item->key % 2)
		hash_remove(arg, node);
}

static void inserts_finds_removes(void **state)
{
	static struct item items[5000];
	uint8_t seed[16] = {7};
	struct hash_table t;

	(void)state;
	assert_int_equal(0, hash_init(&t, 5000, seed));
	for (uint32_t i = 0; i < 5000; i++) {
		items[i].key = i;
		assert_int_equal(0,
			hash_insert(&t, &items[i].node, hash_of(&t, slice_of(&i, sizeof(i)))));
	}
	struct item over = {.key = 9999};
	assert_int_equal(SBC_ELIMIT, hash_insert(&t, &over.node, 1));
	for (uint32_t i = 0; i < 5000; i++)
		assert_ptr_equal(&items[i], find(&t, i));
	assert_null(find(&t, 5000));
	hash_visit(&t, count_and_remove_odd, &t);
	assert_int_equal(2500, t.count);
	for (uint32_t i = 0; i < 5000; i++) {
		assert_int_equal(1, items[i].seen);
		assert_ptr_equal(i % 2 ? NULL : &items[i], find(&t, i));
	}
	/* In parts: each once more. */
	size_t slot = 0, parts = 1;
	while (hash_visit_some(&t, &slot, 100, count_and_remove_odd, &t))
		parts++;
	assert_in_range(parts, 20, 200);
	for (uint32_t i = 0; i < 5000; i += 2)
		assert_int_equal(2, items[i].seen);
	assert_false(hash_visit_some(&t, &slot, 100, count_and_remove_odd, &t));
	hash_fini(&t);
}

/* Equal hashes: the chain is walked, the caller compares. */
static void same_hash(void **state)
{
	struct item a = {.key = 1}, b = {.key = 2};
	uint8_t seed[16] = {0};
	struct hash_table t;

	(void)state;
	hash_init(&t, 10, seed);
	hash_insert(&t, &a.node, 42);
	hash_insert(&t, &b.node, 42);
	hash_remove(&t, &a.node);
	hash_remove(&t, &a.node); /* not there any more: nothing happens */
	assert_int_equal(1, t.count);
	assert_ptr_equal(&b.node, hash_first(&t, 42));
	assert_null(hash_next(&b.node));
	hash_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash_vector),
		cmocka_unit_test(inserts_finds_removes),
		cmocka_unit_test(same_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
