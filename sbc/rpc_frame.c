/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests in the bytes of a FIFO. Pure. */

#include "sbc/rpc_frame.h"

#include <stdbool.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0';
}

static size_t skip_blanks(struct slice text, size_t at)
{
	while (at < text.len && is_blank(text.ptr[at]))
		at++;
	return at;
}

/* Both clients' objects begin with this member, or a ':' begins a line. */
static bool is_beginning(struct slice text, size_t at)
{
	static const char member[] = "\"jsonrpc\"";

	if (text.ptr[at] == ':')
		return at && text.ptr[at - 1] == '\n';
	if (text.ptr[at] != '{')
		return false;
	at = skip_blanks(text, at + 1);
	return slice_starts(slice_from(text, at), slice_str(member));
}

/* The first beginning from at on, but not behind limit; limit when there is none. */
static size_t next_beginning(struct slice text, size_t at, size_t limit)
{
	while (at < limit && !is_beginning(text, at))
		at++;
	return at;
}

static void bad(struct rpc_frame *out, struct slice input, size_t start, size_t end)
{
	out->kind = RPC_FRAME_BAD;
	out->len = next_beginning(input, start + 1, end < input.len ? end : input.len);
}

/* Not complete: wait, unless it is as long as one may be. */
static void more(struct rpc_frame *out, struct slice input, size_t start)
{
	if (input.len - start >= RPC_FRAME_MAX) {
		bad(out, input, start, input.len);
		return;
	}
	out->kind = RPC_FRAME_MORE;
	out->len = start;
}

/* Behind the closing bracket of the object at start; 0: it is not there yet. A line end
 * within a string is no JSON (RFC 8259 section 7): *broken is behind it then. */
static size_t object_end(struct slice input, size_t start, size_t *broken)
{
	bool in_string = false;
	size_t depth = 0;

	*broken = 0;
	for (size_t i = start; i < input.len; i++) {
		char c = input.ptr[i];
		if (in_string && c == '\n') {
			*broken = i + 1;
			return 0;
		}
		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == '{' || c == '['))
			depth++;
		else if (!in_string && (c == '}' || c == ']') && !--depth)
			return i + 1;
	}
	return 0;
}

static bool take_object(struct slice input, size_t start, size_t object, struct rpc_frame *out)
{
	size_t broken, end = object_end(input, object, &broken);

	if (broken)
		bad(out, input, start, broken);
	else if (!end)
		more(out, input, start);
	if (!end)
		return false;
	out->text = slice_of(input.ptr + object, end - object);
	out->len = end;
	if (out->text.len <= RPC_FRAME_MAX)
		return true;
	bad(out, input, start, end);
	return false;
}

static bool is_empty_line(struct slice line)
{
	return !slice_trim(line).len;
}

/* Lines up to an empty one. A line that begins a request says that this one was left. */
static void take_lines(struct slice input, size_t start, struct rpc_frame *out)
{
	size_t at = start;
	bool is_first = true;

	for (;;) {
		struct slice rest = slice_from(input, at);
		size_t len = slice_find(rest, '\n');
		struct slice line = slice_head(rest, len);
		if (!is_first && rest.len && (is_beginning(input, at))) {
			out->kind = RPC_FRAME_BAD;
			out->len = at;
			return;
		}
		if (len == rest.len) {
			more(out, input, start);
			return;
		}
		if (!is_first && is_empty_line(line)) {
			out->kind = RPC_FRAME_MI;
			out->text = slice_of(input.ptr + start, at - start);
			out->len = at + len + 1;
			return;
		}
		at += len + 1;
		is_first = false;
	}
}

/* ":reply:{" or ":command:reply". */
static void take_colon(struct slice input, size_t start, struct rpc_frame *out)
{
	struct slice first = slice_from(input, start + 1);
	size_t line = slice_find(first, '\n');
	size_t colon = slice_find(first, ':');
	size_t object = skip_blanks(input, start + 1 + colon + 1);

	if (colon < line && object < input.len &&
		(input.ptr[object] == '{' || input.ptr[object] == '[') &&
		object < start + 1 + line) {
		if (!take_object(input, start, object, out))
			return;
		out->kind = RPC_FRAME_MI_JSON;
		out->reply_name = slice_head(first, colon);
	} else if (line == first.len) {
		more(out, input, start);
	} else if (colon > line) {
		bad(out, input, start, start + 1 + line + 1);
	} else {
		take_lines(input, start, out);
	}
}

void rpc_frame_next(struct slice input, struct rpc_frame *out)
{
	size_t start = skip_blanks(input, 0);
	size_t line;

	*out = (struct rpc_frame){.kind = RPC_FRAME_MORE, .len = start};
	if (start == input.len)
		return;
	switch (input.ptr[start]) {
	case '{':
	case '[':
		if (take_object(input, start, start, out))
			out->kind = RPC_FRAME_JSON;
		return;
	case ':':
		take_colon(input, start, out);
		return;
	default:
		break;
	}
	line = start + slice_find(slice_from(input, start), '\n');
	out->len = next_beginning(input, start, line);
	if (out->len < input.len)
		out->kind = RPC_FRAME_BAD;
	else
		more(out, input, start);
}
