/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Buffers, arenas and the door to the heap: ceilings, failures, wiping. */

#include "tests/cmocka_first.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"

static void buf_grows_to_its_ceiling(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	for (int i = 0; i < 100; i++)
		assert_int_equal(0, buf_put_str(&b, "0123456789"));
	assert_int_equal(1000, b.len);
	assert_int_equal(0, b.data[1000]);
	assert_int_equal(SBC_ELIMIT, buf_put_char(&b, 'x'));
	/* The error stays, and later puts do nothing. */
	assert_int_equal(SBC_ELIMIT, buf_put(&b, NULL, 0));
	assert_int_equal(1000, b.len);
	buf_reset(&b);
	assert_int_equal(0, buf_printf(&b, "%d-%s", 42, "x"));
	assert_string_equal("42-x", b.data);
	buf_fini(&b);
}

static void buf_consumes(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_put_str(&b, "hello world");
	buf_consume(&b, 6);
	assert_string_equal("world", b.data);
	buf_consume(&b, 100);
	assert_int_equal(0, b.len);
	buf_fini(&b);
}

static void buf_without_memory(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10000);
	mem_fail_after(0);
	assert_int_equal(SBC_ENOMEM, buf_put_str(&b, "x"));
	assert_int_equal(SBC_ENOMEM, buf_put_str(&b, "x"));
	assert_null(b.data);
	buf_fini(&b);
	mem_fail_after(-1);
}

static void arena_gives_zeroed_aligned_memory(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 100000);
	for (int round = 0; round < 3; round++) {
		for (size_t size = 1; size < 300; size += 7) {
			unsigned char *p = arena_alloc(&a, size);
			assert_non_null(p);
			assert_int_equal(0, (uintptr_t)p % 16);
			for (size_t i = 0; i < size; i++)
				assert_int_equal(0, p[i]);
			memset(p, 0xff, size);
		}
		arena_reset(&a);
	}
	arena_fini(&a);
}

/* Blocks of another size, of which a reset keeps one as well. */
static void arena_in_small_blocks(void **state)
{
	struct arena a;
	char *first;

	(void)state;
	arena_init_small(&a, 100000, 1024);
	first = arena_alloc(&a, 1000);
	assert_non_null(first);
	memset(first, 7, 1000);
	arena_reset(&a);
	assert_ptr_equal(first, arena_alloc(&a, 1000));
	assert_int_equal(0, first[0]);
	assert_non_null(arena_alloc(&a, 5000)); /* larger than a block: one of its own */
	arena_fini(&a);
}

static void arena_has_a_ceiling(void **state)
{
	struct arena a;
	struct slice copy;

	(void)state;
	arena_init(&a, 1024);
	assert_null(arena_alloc(&a, 1025));
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_array(&a, SIZE_MAX / 2, 3));
	assert_non_null(arena_alloc(&a, 1024));
	assert_null(arena_alloc(&a, 1));
	arena_reset(&a);
	copy = arena_copy(&a, SLICE("abc"));
	assert_string_equal("abc", copy.ptr);
	arena_reset(&a);
	/* A block of odd size is not kept for the next round. */
	arena_fini(&a);
	arena_init(&a, 1 << 20);
	assert_non_null(arena_alloc(&a, 100000));
	arena_reset(&a);
	assert_non_null(arena_alloc(&a, 100000));
	arena_fini(&a);
}

static void secrets(void **state)
{
	char secret[] = "hush";

	(void)state;
	assert_true(mem_equal_secret("abc", "abc", 3));
	assert_false(mem_equal_secret("abc", "abd", 3));
	assert_true(mem_equal_secret("abc", "abd", 2));
	mem_wipe(secret, sizeof(secret));
	for (size_t i = 0; i < sizeof(secret); i++)
		assert_int_equal(0, secret[i]);
	assert_null(mem_array(SIZE_MAX / 2, 4));
}

/* Nothing is given out twice, large requests go past it, and nothing stays behind. */
static void pools_randomness(void **state)
{
	struct random_pool pool = {0};
	struct random_source random = random_pooled(&pool);
	unsigned char out[200][8], large[256] = {0}, zero[256] = {0};

	(void)state;
	for (size_t i = 0; i < 200; i++) {
		random.fill(random.arg, out[i], sizeof(out[i]));
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(out[i], out[j], sizeof(out[i]));
		assert_memory_equal(zero, pool._bytes,
			sizeof(pool._bytes) - pool._left < 256
				? sizeof(pool._bytes) - pool._left
				: 256);
	}
	random.fill(random.arg, large, sizeof(large));
	assert_memory_not_equal(zero, large, sizeof(large));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pools_randomness),
		cmocka_unit_test(buf_grows_to_its_ceiling),
		cmocka_unit_test(buf_consumes),
		cmocka_unit_test(buf_without_memory),
		cmocka_unit_test(arena_gives_zeroed_aligned_memory),
		cmocka_unit_test(arena_in_small_blocks),
		cmocka_unit_test(arena_has_a_ceiling),
		cmocka_unit_test(secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
