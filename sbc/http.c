/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What pages share: validators, negotiation, cookies (RFC 9110, RFC 6265). Pure. */

#include "sbc/http.h"

#include <assert.h>
#include <stdio.h>

void http_answer_add(struct http_answer *answer, const char *name, const char *value)
{
	assert(answer->header_count < HTTP_HEADER_MAX);
	answer->headers[answer->header_count++] =
		(struct http_header){.name = name, .value = value};
}

/* FNV-1a, 64 bits. */
void http_etag(char out[HTTP_ETAG_MAX], struct slice content)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < content.len; i++)
		hash = (hash ^ (unsigned char)content.ptr[i]) * UINT64_C(0x100000001b3);
	snprintf(out, HTTP_ETAG_MAX, "\"%zx-%016llx\"", content.len, (unsigned long long)hash);
}

bool http_etag_matches(struct slice list, const char *etag)
{
	while (list.len) {
		struct slice one = slice_trim(slice_cut(&list, ','));
		if (slice_starts(one, SLICE("W/")))
			one = slice_from(one, 2);
		if (slice_equal(one, SLICE("*")) || slice_equal(one, slice_str(etag)))
			return true;
	}
	return false;
}

/* "0.5" as 500; anything that is no such number is 1000. */
static unsigned quality(struct slice text)
{
	unsigned value = 0, scale = 100;

	if (!text.len || text.ptr[0] != '0')
		return 1000;
	for (size_t i = 2; i < text.len && i < 5; i++, scale /= 10) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return 1000;
		value += scale * (unsigned)(text.ptr[i] - '0');
	}
	return value;
}

/* One range of the list: its quality. The type is left in *range. */
static unsigned range_quality(struct slice *range)
{
	struct slice rest = *range;
	unsigned value = 1000;

	*range = slice_trim(slice_cut(&rest, ';'));
	while (rest.len) {
		struct slice parameter = slice_trim(slice_cut(&rest, ';'));
		if (slice_starts_nocase(parameter, SLICE("q=")))
			value = quality(slice_from(parameter, 2));
	}
	return value;
}

/* How closely it names the type: 0 not at all, 1 the wildcard, 2 its family, 3 itself. */
static int closeness(struct slice range, struct slice type)
{
	struct slice family = slice_head(type, slice_find(type, '/') + 1);

	if (slice_equal_nocase(range, type))
		return 3;
	if (range.len == family.len + 1 && range.ptr[range.len - 1] == '*' &&
		slice_starts_nocase(range, family))
		return 2;
	return slice_equal(range, SLICE("*/*")) ? 1 : 0;
}

unsigned http_accepts(struct slice accept, const char *type, bool is_named)
{
	unsigned best = 0;
	int best_closeness = 0;

	if (!accept.len)
		return is_named ? 0 : 1000;
	while (accept.len) {
		struct slice range = slice_cut(&accept, ',');
		unsigned value = range_quality(&range);
		int close = closeness(range, slice_str(type));
		if (close > best_closeness) {
			best_closeness = close;
			best = value;
		}
	}
	return is_named && best_closeness < 3 ? 0 : best;
}

static struct slice find_pair(struct slice list, char separator, struct slice name)
{
	while (list.len) {
		struct slice value = slice_trim(slice_cut(&list, separator));
		struct slice key = slice_cut(&value, '=');
		if (slice_equal(key, name))
			return value.ptr ? value : SLICE("");
	}
	return (struct slice){0};
}

struct slice http_query(struct slice query, struct slice name)
{
	return find_pair(query, '&', name);
}

struct slice http_cookie(struct slice cookie, struct slice name)
{
	return find_pair(cookie, ';', name);
}
