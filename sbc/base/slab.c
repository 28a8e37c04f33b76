/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Blocks cut from runs of pages. One thread. */

#include "base/slab.h"

#include <assert.h>
#include <stdint.h>

#include "base/mem.h"

#define ALIGN     16
#define SPARE_MAX 16 /* runs: a megabyte that need not be asked for again */

struct slab_run {
	struct slab_run *next; /* among the spare ones */
	size_t size, used;     /* bytes, this head included */
	size_t live;           /* blocks */
	_Alignas(ALIGN) char data[];
};

struct block {
	struct slab_run *run;
	_Alignas(ALIGN) char data[];
};

static void reset(struct slab_run *run, size_t size)
{
	*run = (struct slab_run){.size = size, .used = sizeof(*run)};
}

static struct slab_run *new_run(struct slab *slab, size_t size)
{
	struct slab_run *run = slab->_spare;

	if (size <= SLAB_RUN && run) {
		slab->_spare = run->next;
		slab->_spare_count--;
	} else {
		run = mem_pages_alloc(size);
	}
	if (run)
		reset(run, size);
	return run;
}

static void drop_run(struct slab *slab, struct slab_run *run)
{
	if (run->size > SLAB_RUN || slab->_spare_count == SPARE_MAX) {
		mem_pages_free(run, run->size);
		return;
	}
	run->next = slab->_spare;
	slab->_spare = run;
	slab->_spare_count++;
}

static void *cut(struct slab_run *run, size_t whole)
{
	struct block *block = (struct block *)((char *)run + run->used);

	run->used += whole;
	run->live++;
	block->run = run;
	return block->data;
}

void *slab_take(struct slab *slab, size_t size)
{
	struct slab_run *run = slab->_current;
	size_t whole;

	if (mem_fails_now() || size > SIZE_MAX / 2)
		return NULL;
	whole = (sizeof(struct block) + size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (whole > SLAB_RUN / 4) {
		run = new_run(slab,
			sizeof(*run) + whole > SLAB_RUN ? sizeof(*run) + whole : SLAB_RUN);
		return run ? cut(run, whole) : NULL;
	}
	if (run && run->size - run->used >= whole)
		return cut(run, whole);
	run = new_run(slab, SLAB_RUN);
	if (!run)
		return NULL;
	/* The one before goes with its last block, if that is not gone already. */
	if (slab->_current && !slab->_current->live)
		drop_run(slab, slab->_current);
	slab->_current = run;
	return cut(run, whole);
}

void slab_free(struct slab *slab, void *data)
{
	struct slab_run *run;

	if (!data)
		return;
	run = ((struct block *)((char *)data - offsetof(struct block, data)))->run;
	assert(run->live);
	if (--run->live)
		return;
	if (run == slab->_current)
		reset(run, run->size); /* used again from its beginning */
	else
		drop_run(slab, run);
}

void slab_fini(struct slab *slab)
{
	while (slab->_spare) {
		struct slab_run *next = slab->_spare->next;
		mem_pages_free(slab->_spare, SLAB_RUN);
		slab->_spare = next;
	}
	if (slab->_current) {
		assert(!slab->_current->live);
		mem_pages_free(slab->_current, SLAB_RUN);
	}
	*slab = (struct slab){0};
}
