/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * JSON, RFC 8259, over jansson. What jansson would take but we do not (deep nesting, NUL)
 * is refused by a scan before it sees the text. Pure; one thread per document.
 */

#include "base/json.h"

#include <jansson.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"

/* jansson has macros of these names; here they are the door's functions. */
#undef json_is_object
#undef json_is_array

struct json_document {
	json_t *root; /* owned */
};

/* The door's struct json is jansson's value under another name. */
static const struct json *from_jansson(const json_t *value)
{
	return (const struct json *)value;
}

static const json_t *to_jansson(const struct json *value)
{
	return (const json_t *)value;
}

/* jansson's parser recurses up to 2048 deep: brackets outside of strings are counted first. */
static int check_text(struct slice text, size_t depth_max)
{
	size_t depth = 0;
	bool in_string = false;

	if (text.len > JSON_TEXT_MAX)
		return SBC_ELIMIT;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (!c)
			return SBC_EPARSE;
		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == '{' || c == '[') && ++depth > depth_max)
			return SBC_ELIMIT;
		else if (!in_string && (c == '}' || c == ']') && depth)
			depth--;
	}
	return 0;
}

int json_parse(struct json_document **out, struct slice text)
{
	return json_parse_shallow(out, text, JSON_DEPTH_MAX);
}

int json_parse_shallow(struct json_document **out, struct slice text, size_t depth_max)
{
	struct json_document *document;
	json_error_t error;
	int err = check_text(text, depth_max);

	if (err)
		return err;
	document = mem_alloc(sizeof(*document));
	if (!document)
		return SBC_ENOMEM;
	document->root =
		json_loadb(text.ptr ? text.ptr : "", text.len, JSON_REJECT_DUPLICATES, &error);
	if (!document->root) {
		mem_free(document);
		return json_error_code(&error) == json_error_out_of_memory ? SBC_ENOMEM
									   : SBC_EPARSE;
	}
	*out = document;
	return 0;
}

void json_free(struct json_document *document)
{
	if (!document)
		return;
	json_decref(document->root);
	mem_free(document);
}

const struct json *json_root(const struct json_document *document)
{
	return from_jansson(document->root);
}

const struct json *json_member(const struct json *object, const char *name)
{
	return from_jansson(json_object_get(to_jansson(object), name));
}

const struct json *json_item(const struct json *array, size_t index)
{
	return from_jansson(json_array_get(to_jansson(array), index));
}

size_t json_count(const struct json *value)
{
	const json_t *v = to_jansson(value);

	return json_is_object(value) ? json_object_size(v) : json_array_size(v);
}

bool json_is_object(const struct json *value)
{
	return value && json_typeof(to_jansson(value)) == JSON_OBJECT;
}

bool json_is_array(const struct json *value)
{
	return value && json_typeof(to_jansson(value)) == JSON_ARRAY;
}

void json_visit(const struct json *object, json_member_h *member, void *arg)
{
	json_t *o = (json_t *)(uintptr_t)object; /* jansson's iterator is not const */

	for (void *at = json_object_iter(o); at; at = json_object_iter_next(o, at)) {
		const char *name = json_object_iter_key(at);
		member(slice_str(name), from_jansson(json_object_iter_value(at)), arg);
	}
}

struct slice json_get_string(const struct json *value)
{
	const json_t *v = to_jansson(value);

	return slice_of(json_string_value(v), json_string_length(v));
}

bool json_get_integer(const struct json *value, int64_t *out)
{
	const json_t *v = to_jansson(value);

	if (!v || json_typeof(v) != JSON_INTEGER)
		return false;
	*out = json_integer_value(v);
	return true;
}

bool json_get_real(const struct json *value, double *out)
{
	const json_t *v = to_jansson(value);

	if (!json_is_number(v))
		return false;
	*out = json_number_value(v);
	return true;
}

static int put_piece(const char *bytes, size_t len, void *arg)
{
	return buf_put(arg, bytes, len) ? -1 : 0;
}

int json_print_sorted(struct buf *out, const struct json *value)
{
	if (json_dump_callback(to_jansson(value), put_piece, out,
		    JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY) &&
		!out->err)
		out->err = value ? SBC_ENOMEM : SBC_EINVAL;
	return out->err;
}

/* Bytes at the front that stand for themselves: nearly always all of them. */
static size_t plain_len(struct slice s)
{
	size_t len = 0;

	while (len < s.len && s.ptr[len] >= 0x20 && s.ptr[len] < 0x7f && s.ptr[len] != '"' &&
		s.ptr[len] != '\\')
		len++;
	return len;
}

/* The one character at the front that does not; returns its bytes. */
static size_t put_escaped(struct buf *out, struct slice value)
{
	uint8_t c = (uint8_t)value.ptr[0];
	size_t len = utf8_len(value);

	if (!len)
		buf_put_str(out, "\xef\xbf\xbd");
	else if (c == '"' || c == '\\')
		buf_printf(out, "\\%c", c);
	else if (c < 0x20 || c == 0x7f)
		buf_printf(out, "\\u%04x", c);
	else
		buf_put(out, value.ptr, len);
	return len ? len : 1;
}

int json_put_string(struct buf *out, struct slice value)
{
	buf_put_char(out, '"');
	while (value.len && !out->err) {
		size_t len = plain_len(value);
		if (len)
			buf_put(out, value.ptr, len);
		else
			len = put_escaped(out, value);
		value = slice_from(value, len);
	}
	return buf_put_char(out, '"');
}
