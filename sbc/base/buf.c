/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Growing byte buffer with a ceiling. Pure. */

#include "base/buf.h"

#include <stdint.h>

#include "base/err.h"
#include "base/format.h"
#include "base/mem.h"

/* Bytes of the first block: a short header line or two without growing, or most of a message
 * where the ceiling is one's. */
#define BUF_FIRST         256
#define BUF_FIRST_MESSAGE 1024
#define BUF_MESSAGE       32768

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){._max = max};
}

void buf_fini(struct buf *b)
{
	mem_free(b->data);
	*b = (struct buf){0};
}

void buf_fini_secret(struct buf *b)
{
	if (b->data)
		mem_wipe(b->data, b->_cap);
	buf_fini(b);
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->err = 0;
	if (b->data)
		b->data[0] = '\0';
}

/* Room for len more bytes and the terminator. */
static int reserve(struct buf *b, size_t len)
{
	size_t first = b->_max >= BUF_MESSAGE ? BUF_FIRST_MESSAGE : BUF_FIRST;
	size_t cap = b->_cap ? b->_cap : first;
	char *data;

	if (b->err)
		return b->err;
	if (len > b->_max || b->len > b->_max - len)
		return b->err = SBC_ELIMIT;
	if (b->data && b->len + len < b->_cap)
		return 0;
	while (cap <= b->len + len)
		cap *= 2;
	/* Not realloc: it would leave a copy of a secret behind. */
	data = mem_resize(NULL, cap); /* nobody reads behind len: not zeroed */
	if (!data)
		return b->err = SBC_ENOMEM;
	if (b->data) {
		memcpy(data, b->data, b->len);
		mem_wipe(b->data, b->len);
		mem_free(b->data);
	}
	b->data = data;
	b->_cap = cap;
	return 0;
}

int buf_put(struct buf *b, const void *bytes, size_t len)
{
	if (reserve(b, len))
		return b->err;
	if (len)
		memcpy(b->data + b->len, bytes, len);
	b->len += len;
	b->data[b->len] = '\0';
	return 0;
}

int buf_put_slice(struct buf *b, struct slice s)
{
	return buf_put(b, s.ptr, s.len);
}

int buf_put_str(struct buf *b, const char *str)
{
	return buf_put_slice(b, slice_str(str));
}

int buf_put_char(struct buf *b, char c)
{
	return buf_put(b, &c, 1);
}

int buf_vprintf(struct buf *b, const char *format, va_list args)
{
	size_t room = b->data && !b->err ? b->_cap - b->len : 0;
	va_list again;
	int len;

	/* Mostly it fits where it is. */
	va_copy(again, args);
	len = format_print(room ? b->data + b->len : NULL, room, format, again);
	va_end(again);
	if (len < 0)
		return b->err ? b->err : (b->err = SBC_EINVAL);
	if (reserve(b, (size_t)len)) {
		if (b->data)
			b->data[b->len] = '\0';
		return b->err;
	}
	if ((size_t)len >= room)
		format_print(b->data + b->len, (size_t)len + 1, format, args);
	b->len += (size_t)len;
	return 0;
}

int buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vprintf(b, format, args);
	va_end(args);
	return b->err;
}

void buf_consume(struct buf *b, size_t len)
{
	if (len > b->len)
		len = b->len;
	if (!len)
		return;
	memmove(b->data, b->data + len, b->len - len);
	b->len -= len;
	b->data[b->len] = '\0';
}
