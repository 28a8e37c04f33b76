/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bump allocation with a ceiling. One thread. */

#include "base/arena.h"

#include <stdint.h>

#include "base/mem.h"

#define ARENA_ALIGN 16
#define ARENA_BLOCK 16384 /* bytes: an INVITE with its SDP takes about 10 kB */

struct arena_block {
	struct arena_block *next; /* owned */
	size_t size;              /* bytes of data */
	size_t used;
	_Alignas(ARENA_ALIGN) char data[];
};

void arena_init(struct arena *a, size_t max)
{
	*a = (struct arena){._max = max};
}

void arena_init_small(struct arena *a, size_t max, size_t block)
{
	*a = (struct arena){._max = max, ._block = block};
}

static size_t usual_block(const struct arena *a)
{
	return a->_block ? a->_block : ARENA_BLOCK;
}

void arena_fini_secret(struct arena *a)
{
	for (struct arena_block *block = a->_blocks; block; block = block->next)
		mem_wipe(block->data, block->used);
	arena_fini(a);
}

void arena_fini(struct arena *a)
{
	struct arena_block *block = a->_blocks;

	while (block) {
		struct arena_block *next = block->next;
		mem_free(block);
		block = next;
	}
	a->_blocks = NULL;
	a->_used = 0;
}

void arena_reset(struct arena *a)
{
	struct arena_block *keep = a->_blocks;

	a->_used = 0;
	if (!keep)
		return;
	/* The newest block may be an odd large one: the kept one has the usual size. */
	a->_blocks = keep->next;
	if (keep->size != usual_block(a)) {
		mem_free(keep);
		arena_fini(a);
		return;
	}
	arena_fini(a);
	keep->used = 0;
	keep->next = NULL;
	a->_blocks = keep;
}

static struct arena_block *add_block(struct arena *a, size_t least)
{
	size_t usual = usual_block(a), size = least > usual ? least : usual;
	struct arena_block *block;

	if (size > SIZE_MAX - sizeof(*block))
		return NULL;
	block = mem_resize(NULL, sizeof(*block) + size); /* zeroed as it is given out */
	if (!block)
		return NULL;
	block->size = size;
	block->used = 0;
	block->next = a->_blocks;
	a->_blocks = block;
	return block;
}

void *arena_alloc(struct arena *a, size_t size)
{
	void *out = arena_take(a, size);

	return out ? memset(out, 0, size) : NULL;
}

void *arena_take(struct arena *a, size_t size)
{
	struct arena_block *block = a->_blocks;
	void *out;

	if (size > a->_max)
		return NULL;
	size = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	if (size > a->_max - a->_used)
		return NULL;
	if (!block || block->size - block->used < size) {
		block = add_block(a, size);
		if (!block)
			return NULL;
	}
	out = block->data + block->used;
	block->used += size;
	a->_used += size;
	return out;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
	if (size && count > SIZE_MAX / size)
		return NULL;
	return arena_alloc(a, count * size);
}

struct slice arena_copy(struct arena *a, struct slice s)
{
	char *copy = s.len < SIZE_MAX ? arena_take(a, s.len + 1) : NULL;

	if (!copy)
		return (struct slice){0};
	if (s.len)
		memcpy(copy, s.ptr, s.len);
	copy[s.len] = '\0';
	return slice_of(copy, s.len);
}
