/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Walking JSON text, RFC 8259. Pure. */

#include "tools/ctl/ctl_json.h"

#include <stdint.h>

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

/* Halves of surrogate pairs, and control characters, become '?'. */
static void put_code(struct buf *out, long code)
{
	if (code < 0x20 || code == 0x7f || (code >= 0x80 && code < 0xa0) ||
		(code >= 0xd800 && code < 0xe000)) {
		buf_put_char(out, '?');
	} else if (code < 0x80) {
		buf_put_char(out, (char)code);
	} else if (code < 0x800) {
		buf_put_char(out, (char)(0xc0 | code >> 6));
		buf_put_char(out, (char)(0x80 | (code & 0x3f)));
	} else {
		buf_put_char(out, (char)(0xe0 | code >> 12));
		buf_put_char(out, (char)(0x80 | (code >> 6 & 0x3f)));
		buf_put_char(out, (char)(0x80 | (code & 0x3f)));
	}
}

/* What stands behind a backslash; how many bytes that was. */
static size_t put_escape(struct buf *out, struct slice text)
{
	if (!text.len)
		return 0;
	if (text.ptr[0] == 'u') {
		long code = hex_four(slice_from(text, 1));
		put_code(out, code < 0 ? 0 : code);
		return code < 0 ? 1 : 5;
	}
	buf_put_char(out, strchr("\"\\/", text.ptr[0]) ? text.ptr[0] : ' ');
	return 1;
}

int ctl_json_put_plain(struct buf *out, struct slice value)
{
	bool is_string = ctl_json_kind(value) == CTL_JSON_STRING && value.len >= 2;
	struct slice text = is_string ? slice_of(value.ptr + 1, value.len - 2) : value;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		if (is_string && c == '\\')
			i += put_escape(out, slice_from(text, i + 1));
		else
			buf_put_char(out, c < 0x20 || c == 0x7f ? '?' : (char)c);
	}
	return out->err;
}
