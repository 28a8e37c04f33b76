/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_SLAB_H
#define BASE_SLAB_H

#include <stddef.h>

/*
 * Memory for many blocks that live about as long as each other: cut from runs of pages in the
 * order in which they are asked for. A run goes back to the system when the last block of it
 * is freed, so that a flood leaves nothing behind and no hole among what lives longer. One
 * long-lived block keeps its run. One thread.
 */
struct slab_run;
struct slab {
	struct slab_run *_current; /* owned; the rest is found from its blocks */
	struct slab_run *_spare;   /* owned; empty ones, for the next */
	size_t _spare_count;
};
#define SLAB_RUN 65536 /* bytes; a block larger than a quarter has a run of its own */

/* Zeroed memory is an empty one. Every block must be freed before. */
void slab_fini(struct slab *slab);

/* Aligned to 16 bytes; not zeroed. NULL when memory is out. */
void *slab_take(struct slab *slab, size_t size);
void slab_free(struct slab *slab, void *block); /* NULL is allowed */

#endif
