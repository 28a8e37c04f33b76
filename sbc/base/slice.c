/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Non-owning byte strings. Pure. */

#include "base/slice.h"

#include "base/err.h"

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool slice_equal_nocase(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (a.ptr[i] != b.ptr[i] && lower(a.ptr[i]) != lower(b.ptr[i]))
			return false;
	}
	return true;
}

bool slice_starts_nocase(struct slice s, struct slice prefix)
{
	return slice_equal_nocase(slice_head(s, prefix.len), prefix);
}

bool slice_starts(struct slice s, struct slice prefix)
{
	return slice_equal(slice_head(s, prefix.len), prefix);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice s)
{
	while (s.len && is_blank(s.ptr[0])) {
		s.ptr++;
		s.len--;
	}
	while (s.len && is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

size_t slice_find(struct slice s, char c)
{
	const char *at = s.len ? memchr(s.ptr, c, s.len) : NULL;

	return at ? (size_t)(at - s.ptr) : s.len;
}

struct slice slice_from(struct slice s, size_t offset)
{
	if (offset > s.len)
		offset = s.len;
	return slice_of(s.ptr ? s.ptr + offset : NULL, s.len - offset);
}

struct slice slice_head(struct slice s, size_t len)
{
	return slice_of(s.ptr, len < s.len ? len : s.len);
}

struct slice slice_cut(struct slice *rest, char c)
{
	size_t at = slice_find(*rest, c);
	struct slice head = slice_head(*rest, at);

	*rest = slice_from(*rest, at + 1);
	return head;
}

int slice_to_u64(struct slice s, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;

	if (s.len == 0)
		return SBC_EPARSE;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return SBC_EPARSE;
		uint64_t digit = (uint64_t)(s.ptr[i] - '0');
		if (digit > max || value > (max - digit) / 10)
			return SBC_ELIMIT;
		value = value * 10 + digit;
	}
	*out = value;
	return 0;
}

int slice_copy(struct slice s, char *out, size_t size)
{
	if (size == 0)
		return SBC_ELIMIT;
	if (s.len >= size) {
		out[0] = '\0';
		return SBC_ELIMIT;
	}
	if (s.len)
		memcpy(out, s.ptr, s.len);
	out[s.len] = '\0';
	return 0;
}
