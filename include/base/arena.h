/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/slice.h"

struct arena_block;

/*
 * Bump allocation with a ceiling: everything is freed together. One thread. Blocks are
 * aligned to 16 bytes. NULL when the ceiling is reached or memory is out.
 */
struct arena {
	struct arena_block *_blocks; /* owned */
	size_t _used;                /* bytes, all blocks */
	size_t _max;                 /* ceiling in bytes */
	size_t _block;               /* bytes of a usual block; 0: enough for a message */
};

void arena_init(struct arena *a, size_t max);
/* The same in blocks of another size, for what there are many of. */
void arena_init_small(struct arena *a, size_t max, size_t block);
void arena_fini(struct arena *a);
/* As arena_fini, and overwrites the bytes first. */
void arena_fini_secret(struct arena *a);
/* Frees all but one block, which is used again. */
void arena_reset(struct arena *a);

/* Zeroed. */
void *arena_alloc(struct arena *a, size_t size);
/* The same with what happens to be there, for who writes all of it. */
void *arena_take(struct arena *a, size_t size);
void *arena_array(struct arena *a, size_t count, size_t size);
/* A terminated copy; a slice with NULL pointer when there is no room. */
struct slice arena_copy(struct arena *a, struct slice s);

#endif
