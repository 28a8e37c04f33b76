/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Formatting without a stream behind it. Pure. */

#include "base/format.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define DIGITS_MAX 20 /* of a 64 bit number */

enum kind {
	KIND_OTHER, /* vsnprintf() knows it */
	KIND_PERCENT,
	KIND_CHAR,
	KIND_TEXT,
	KIND_SIGNED,
	KIND_UNSIGNED,
};

/* One conversion, what stands behind its '%'. */
struct conversion {
	enum kind kind;
	bool has_precision; /* .* */
	unsigned longs;     /* 1 for l and z, 2 for ll */
	size_t len;
};

static struct conversion read_conversion(const char *at)
{
	struct conversion c = {0};
	const char *first = at;

	if (*at == 's') { /* most are */
		c.kind = KIND_TEXT;
		c.len = 1;
		return c;
	}
	if (at[0] == '.' && at[1] == '*') {
		c.has_precision = true;
		at += 2;
	}
	if (*at == 'z') {
		c.longs = 1;
		at++;
	}
	while (*at == 'l' && c.longs < 2) {
		c.longs++;
		at++;
	}
	if (*at == 's' && !c.longs)
		c.kind = KIND_TEXT;
	else if (*at == 'c' && !c.longs && !c.has_precision)
		c.kind = KIND_CHAR;
	else if (*at == '%' && at == first)
		c.kind = KIND_PERCENT;
	else if (*at == 'd' && !c.has_precision)
		c.kind = KIND_SIGNED;
	else if (*at == 'u' && !c.has_precision)
		c.kind = KIND_UNSIGNED;
	c.len = (size_t)(at - first) + 1;
	return c;
}

struct printer {
	char *out;
	size_t size, len; /* bytes; len goes on beyond size */
	va_list args;
};

static void put(struct printer *p, const char *bytes, size_t len)
{
	size_t room = p->len < p->size ? p->size - p->len : 0;

	if (room)
		memcpy(p->out + p->len, bytes, len < room ? len : room);
	p->len += len;
}

static void put_number(struct printer *p, uint64_t value, bool is_negative)
{
	char digits[DIGITS_MAX + 1], *at = digits + sizeof(digits);

	do
		*--at = (char)('0' + value % 10);
	while (value /= 10);
	if (is_negative)
		*--at = '-';
	put(p, at, (size_t)(digits + sizeof(digits) - at));
}

static void put_signed(struct printer *p, unsigned longs)
{
	int64_t value = longs ? va_arg(p->args, long long) : va_arg(p->args, int);

	put_number(p, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, value < 0);
}

static void put_text(struct printer *p, bool has_precision)
{
	int precision = has_precision ? va_arg(p->args, int) : -1;
	const char *text = va_arg(p->args, const char *);

	if (!text)
		text = "(null)";
	put(p, text, precision < 0 ? strlen(text) : strnlen(text, (size_t)precision));
}

/* False: not one of ours. */
static bool put_conversion(struct printer *p, const struct conversion *c)
{
	char one;

	switch (c->kind) {
	case KIND_PERCENT:
		put(p, "%", 1);
		break;
	case KIND_CHAR:
		one = (char)va_arg(p->args, int);
		put(p, &one, 1);
		break;
	case KIND_TEXT:
		put_text(p, c->has_precision);
		break;
	case KIND_SIGNED:
		put_signed(p, c->longs);
		break;
	case KIND_UNSIGNED:
		put_number(p,
			c->longs ? va_arg(p->args, unsigned long long)
				 : va_arg(p->args, unsigned),
			false);
		break;
	case KIND_OTHER:
		return false;
	}
	return true;
}

_Static_assert(sizeof(long) == sizeof(long long) && sizeof(size_t) == sizeof(long long),
	"l, ll and z are read alike");

int format_print(char *out, size_t size, const char *format, va_list args)
{
	struct printer p = {.out = out, .size = size};
	const char *at = format;
	bool is_simple = true;

	va_copy(p.args, args);
	while (is_simple) {
		const char *next = strchrnul(at, '%');
		struct conversion c;

		put(&p, at, (size_t)(next - at));
		if (!*next)
			break;
		c = read_conversion(++next);
		is_simple = put_conversion(&p, &c);
		at = next + c.len;
	}
	va_end(p.args);
	if (!is_simple)
		return vsnprintf(out, size, format, args);
	if (size)
		out[p.len < size ? p.len : size - 1] = '\0';
	return p.len <= INT_MAX ? (int)p.len : -1;
}
