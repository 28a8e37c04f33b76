/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/*
 * The only door to the heap. Blocks are zeroed. NULL is an ordinary answer: it becomes
 * SBC_ENOMEM. Any thread.
 */
void *mem_alloc(size_t size);
void *mem_array(size_t count, size_t size); /* NULL also when count * size overflows */
void *mem_resize(void *block, size_t size); /* the tail is not zeroed */
void mem_free(void *block);                 /* NULL is allowed */

/* Whole pages, straight from the system and back to it; zeroed. size: the same for both. */
void *mem_pages_alloc(size_t size);
void mem_pages_free(void *pages, size_t size); /* NULL is allowed */

/* What is free among what is used goes back to the system, where it makes up whole pages. It
 * takes some milliseconds after many thousand blocks were freed. */
void mem_trim(void);

/* A terminated copy that the caller frees. */
char *mem_strdup(struct slice s);

/* Overwrites secrets so that the compiler cannot leave it out. */
void mem_wipe(void *block, size_t size);

/* Equal bytes? The time taken does not depend on where they differ. */
bool mem_equal_secret(const void *a, const void *b, size_t size);

/* Tests only: the allocation after next count ones, on this thread, fails once; negative
 * switches it off. */
void mem_fail_after(long count);
/* For allocators on top of this one: is this the one that fails? */
bool mem_fails_now(void);

#endif
