/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Blocks do not overlap, runs go when they are empty, and memory may be out. */

#include "tests/cmocka_first.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/slab.h"

#define COUNT 2000

/* Pages of this process that are in memory. */
static long resident(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long whole = 0, pages = 0;

	assert_non_null(file);
	assert_int_equal(2, fscanf(file, "%ld %ld", &whole, &pages));
	fclose(file);
	return pages;
}

static void blocks_are_apart(void **state)
{
	struct slab slab = {0};
	unsigned char *blocks[COUNT];
	size_t sizes[COUNT];

	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		sizes[i] = i % 50 == 7 ? 40000 : i % 50 == 8 ? 0 : 1 + i * 37 % 3000;
		blocks[i] = slab_take(&slab, sizes[i]);
		assert_non_null(blocks[i]);
		assert_int_equal(0, (uintptr_t)blocks[i] % 16);
		memset(blocks[i], (int)(i & 0xff), sizes[i]);
		if (i % 3 == 1) { /* some go at once, the one before among them */
			slab_free(&slab, blocks[i - 1]);
			blocks[i - 1] = NULL;
		}
	}
	for (size_t i = 0; i < COUNT; i++) {
		for (size_t j = 0; blocks[i] && j < sizes[i]; j++)
			assert_int_equal(i & 0xff, blocks[i][j]);
		slab_free(&slab, blocks[i]);
	}
	slab_fini(&slab);
}

/* A flood: what is between long-lived memory of others goes back to the system. */
static void gives_back(void **state)
{
	struct slab slab = {0};
	static void *blocks[50 * COUNT];
	static void *others[50 * COUNT];
	long before = resident(), peak;

	(void)state;
	for (size_t i = 0; i < 50 * COUNT; i++) {
		blocks[i] = memset(slab_take(&slab, 1500), 1, 1500);
		others[i] = mem_alloc(50);
	}
	peak = resident();
	assert_true(peak - before > 50 * COUNT * 1500 / 4096);
	for (size_t i = 0; i < 50 * COUNT; i++)
		slab_free(&slab, blocks[i]);
	assert_true(resident() - before < (peak - before) / 5);
	for (size_t i = 0; i < 50 * COUNT; i++)
		mem_free(others[i]);
	slab_fini(&slab);
}

static void without_memory(void **state)
{
	struct slab slab = {0};
	void *block;

	(void)state;
	mem_fail_after(0);
	assert_null(slab_take(&slab, 10));
	block = slab_take(&slab, 10);
	assert_non_null(block);
	mem_fail_after(0);
	assert_null(slab_take(&slab, 10));
	mem_fail_after(-1);
	assert_null(slab_take(&slab, SIZE_MAX));
	slab_free(&slab, block);
	slab_free(&slab, NULL);
	slab_fini(&slab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_are_apart),
		cmocka_unit_test(gives_back),
		cmocka_unit_test(without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
