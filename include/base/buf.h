/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

#include "base/slice.h"

/*
 * Growing byte buffer with a mandatory ceiling. The first failure stays in err (SBC_ELIMIT
 * or SBC_ENOMEM) and later puts do nothing, so a writer may check once at the end.
 */
struct buf {
	char *data; /* owned; terminated when not NULL */
	size_t len; /* bytes used */
	size_t _cap;
	size_t _max; /* ceiling in bytes */
	int err;
};

void buf_init(struct buf *b, size_t max);
void buf_fini(struct buf *b);
/* As buf_fini, and overwrites the bytes first. */
void buf_fini_secret(struct buf *b);
/* Empty and without error again; keeps the block. */
void buf_reset(struct buf *b);

/* Each returns b->err. */
int buf_put(struct buf *b, const void *bytes, size_t len);
int buf_put_slice(struct buf *b, struct slice s);
int buf_put_str(struct buf *b, const char *str);
int buf_put_char(struct buf *b, char c);
int buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
int buf_vprintf(struct buf *b, const char *format, va_list args);

/* Drops the first len bytes (clipped) and moves the rest to the front. */
void buf_consume(struct buf *b, size_t len);

/* Borrowed from b until the next put. */
static inline struct slice buf_slice(const struct buf *b)
{
	return slice_of(b->data, b->len);
}

#endif
