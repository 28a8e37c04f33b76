/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The door to the heap. Any thread. */

#include "base/mem.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>

/* Tests only (mem_fail_after): thread-local, so a test disturbs nobody else. */
static _Thread_local long fail_after = -1;

void mem_fail_after(long count)
{
	fail_after = count;
}

bool mem_fails_now(void)
{
	return fail_after >= 0 && fail_after-- == 0;
}

void *mem_alloc(size_t size)
{
	if (mem_fails_now())
		return NULL;
	return calloc(1, size ? size : 1);
}

void *mem_array(size_t count, size_t size)
{
	if (size && count > SIZE_MAX / size)
		return NULL;
	return mem_alloc(count * size);
}

void *mem_resize(void *block, size_t size)
{
	if (mem_fails_now())
		return NULL;
	return realloc(block, size ? size : 1);
}

void mem_free(void *block)
{
	free(block);
}

void *mem_pages_alloc(size_t size)
{
	void *pages =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return pages == MAP_FAILED ? NULL : pages;
}

void mem_pages_free(void *pages, size_t size)
{
	if (pages)
		munmap(pages, size);
}

void mem_trim(void)
{
	malloc_trim(0);
}

char *mem_strdup(struct slice s)
{
	char *copy = mem_resize(NULL, s.len + 1);

	if (!copy)
		return NULL;
	if (s.len)
		memcpy(copy, s.ptr, s.len);
	copy[s.len] = '\0';
	return copy;
}

void mem_wipe(void *block, size_t size)
{
	if (block && size)
		explicit_bzero(block, size);
}

bool mem_equal_secret(const void *a, const void *b, size_t size)
{
	const volatile unsigned char *x = a;
	const volatile unsigned char *y = b;
	unsigned char difference = 0;

	for (size_t i = 0; i < size; i++)
		difference |= (unsigned char)(x[i] ^ y[i]);
	return difference == 0;
}
