/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Pointer and length, never owning, not terminated. Whoever hands a slice out says how
 * long the bytes behind it live. The empty slice is {NULL, 0} or any pointer with len 0.
 */
struct slice {
	const char *ptr; /* borrowed */
	size_t len;      /* bytes */
};

#define SLICE(literal) ((struct slice){.ptr = (literal), .len = sizeof(literal) - 1})
/* For printf's "%.*s". */
#define SLICE_ARG(s) (int)(s).len, (s).ptr ? (s).ptr : ""

static inline struct slice slice_of(const void *ptr, size_t len)
{
	return (struct slice){.ptr = ptr, .len = len};
}

/* str may be NULL: the empty slice. */
static inline struct slice slice_str(const char *str)
{
	return (struct slice){.ptr = str, .len = str ? strlen(str) : 0};
}

static inline bool slice_is_empty(struct slice s)
{
	return s.len == 0;
}

static inline bool slice_equal(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* ASCII case only, independent of the locale. */
bool slice_equal_nocase(struct slice a, struct slice b);
bool slice_starts_nocase(struct slice s, struct slice prefix);
bool slice_starts(struct slice s, struct slice prefix);

/* Without blanks, tabs, CR and LF at both ends. */
struct slice slice_trim(struct slice s);

/* First byte c: index, or s.len when there is none. */
size_t slice_find(struct slice s, char c);

/* From offset (clipped) to the end; the first len bytes (clipped). */
struct slice slice_from(struct slice s, size_t offset);
struct slice slice_head(struct slice s, size_t len);

/* Cuts *rest at the first c: returns what stands before it and moves *rest behind it; the
 * whole of *rest (left empty) when there is no c. */
struct slice slice_cut(struct slice *rest, char c);

/* Digits only, the whole slice, no sign, no blanks. SBC_EPARSE; SBC_ELIMIT above max. */
int slice_to_u64(struct slice s, uint64_t max, uint64_t *out);

/* Copies into a terminated array; SBC_ELIMIT (and an empty string) when it does not fit. */
int slice_copy(struct slice s, char *out, size_t size);

#endif
