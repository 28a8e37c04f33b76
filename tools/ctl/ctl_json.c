/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Walking JSON text, RFC 8259. Pure. */

#include "tools/ctl/ctl_json.h"

#include <stdint.h>

#include "tools/ctl/ctl_clean.h"

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(struct slice *rest)
{
	while (rest->len && is_space(rest->ptr[0]))
		*rest = slice_from(*rest, 1);
}

/* Behind the closing quote; 0: there is none. */
static size_t string_end(struct slice text)
{
	for (size_t i = 1; i < text.len; i++) {
		if (text.ptr[i] == '\\')
			i++;
		else if (text.ptr[i] == '"')
			return i + 1;
	}
	return 0;
}

/* Behind the closing bracket of an object or array; 0: there is none. */
static size_t group_end(struct slice text)
{
	size_t depth = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (c == '"') {
			size_t len = string_end(slice_from(text, i));
			if (!len)
				return 0;
			i += len - 1;
		} else if ((c == '{' || c == '[') && ++depth > CTL_JSON_DEPTH_MAX) {
			return 0;
		} else if ((c == '}' || c == ']') && --depth == 0) {
			return i + 1;
		}
	}
	return 0;
}

static size_t word_end(struct slice text)
{
	size_t i = 0;

	while (i < text.len && !is_space(text.ptr[i]) && !strchr(",]}:", text.ptr[i]))
		i++;
	return i;
}

enum ctl_json_kind ctl_json_kind(struct slice value)
{
	if (!value.len)
		return CTL_JSON_NONE;
	switch (value.ptr[0]) {
	case '{':
		return CTL_JSON_OBJECT;
	case '[':
		return CTL_JSON_ARRAY;
	case '"':
		return CTL_JSON_STRING;
	default:
		return CTL_JSON_OTHER;
	}
}

bool ctl_json_next(struct slice *rest, struct slice *value)
{
	size_t len = 0;

	skip_space(rest);
	switch (ctl_json_kind(*rest)) {
	case CTL_JSON_NONE:
		return false;
	case CTL_JSON_OBJECT:
	case CTL_JSON_ARRAY:
		len = group_end(*rest);
		break;
	case CTL_JSON_STRING:
		len = string_end(*rest);
		break;
	case CTL_JSON_OTHER:
		len = word_end(*rest);
		break;
	}
	if (!len)
		return false;
	*value = slice_head(*rest, len);
	*rest = slice_from(*rest, len);
	skip_space(rest);
	return true;
}

bool ctl_json_begin(struct slice value, struct slice *rest)
{
	enum ctl_json_kind kind = ctl_json_kind(value);

	if (kind != CTL_JSON_OBJECT && kind != CTL_JSON_ARRAY)
		return false;
	/* Without its brackets; the walk tells names by the colon behind them. */
	*rest = slice_of(value.ptr + 1, value.len - 2);
	return true;
}

bool ctl_json_item(struct slice *rest, struct slice *name, struct slice *value)
{
	*name = (struct slice){0};
	if (!ctl_json_next(rest, value))
		return false;
	if (rest->len && rest->ptr[0] == ':') {
		if (ctl_json_kind(*value) != CTL_JSON_STRING)
			return false;
		*name = *value;
		*rest = slice_from(*rest, 1);
		if (!ctl_json_next(rest, value))
			return false;
	}
	if (rest->len && rest->ptr[0] != ',')
		return false;
	*rest = slice_from(*rest, 1);
	return true;
}

bool ctl_json_member(struct slice object, const char *name, struct slice *value)
{
	struct slice rest, key, found;

	if (ctl_json_kind(object) != CTL_JSON_OBJECT || !ctl_json_begin(object, &rest))
		return false;
	while (ctl_json_item(&rest, &key, &found)) {
		if (key.len < 2 ||
			!slice_equal(slice_of(key.ptr + 1, key.len - 2), slice_str(name)))
			continue;
		*value = found;
		return true;
	}
	return false;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Four digits; -1: they are not. */
static long hex_four(struct slice text)
{
	long value = 0;

	if (text.len < 4)
		return -1;
	for (size_t i = 0; i < 4; i++) {
		int digit = hex_digit(text.ptr[i]);
		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

static size_t encode(long code, char out[4])
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

/* \uXXXX from its 'u', or a pair of them; *used: bytes. Half a pair, and what is no number,
 * is '?'. */
static long unicode(struct slice text, size_t *used)
{
	long code = hex_four(slice_from(text, 1)), low;

	*used = code < 0 ? 1 : 5;
	if (code >= 0xd800 && code < 0xdc00 &&
		slice_starts(slice_from(text, 5), SLICE("\\u"))) {
		low = hex_four(slice_from(text, 7));
		if (low >= 0xdc00 && low < 0xe000) {
			*used = 11;
			return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
		}
	}
	return code < 0 || (code >= 0xd800 && code < 0xe000) ? '?' : code;
}

/* The character that stands behind a backslash; *used: bytes that say so. */
static long escaped(struct slice text, size_t *used)
{
	static const char letters[] = "bfnrt", codes[] = "\b\f\n\r\t";
	const char *letter;

	*used = text.len ? 1 : 0;
	if (!text.len)
		return '?';
	if (text.ptr[0] == 'u')
		return unicode(text, used);
	letter = memchr(letters, text.ptr[0], sizeof(letters) - 1);
	if (letter)
		return codes[letter - letters];
	return text.ptr[0] == '"' || text.ptr[0] == '\\' || text.ptr[0] == '/' ? text.ptr[0]
									       : '?';
}

static bool has_quotes(struct slice value)
{
	return ctl_json_kind(value) == CTL_JSON_STRING && value.len >= 2;
}

int ctl_json_put_plain(struct buf *out, struct slice value)
{
	bool is_string = has_quotes(value);
	struct slice text = is_string ? slice_of(value.ptr + 1, value.len - 2) : value;
	char bytes[4];
	size_t used;

	for (size_t i = 0; i < text.len && !out->err; i += used) {
		if (is_string && text.ptr[i] == '\\') {
			long code = escaped(slice_from(text, i + 1), &used);
			bool is_blank = code >= '\b' && code <= '\r' && text.ptr[i + 1] != 'u';
			used++;
			ctl_clean_put(
				out, slice_of(bytes, encode(is_blank ? ' ' : code, bytes)));
		} else {
			used = ctl_clean_put(out, slice_from(text, i));
		}
	}
	return out->err;
}

int ctl_json_put_text(struct buf *out, struct slice value)
{
	struct slice text = has_quotes(value) ? slice_of(value.ptr + 1, value.len - 2) : value;
	bool is_string = has_quotes(value);
	char bytes[4];

	while (text.len && !out->err) {
		size_t len = is_string ? slice_find(text, '\\') : text.len, used;
		buf_put(out, text.ptr, len);
		text = slice_from(text, len);
		if (!text.len)
			break;
		len = encode(escaped(slice_from(text, 1), &used), bytes);
		buf_put(out, bytes, len);
		text = slice_from(text, 1 + used);
	}
	return out->err;
}
