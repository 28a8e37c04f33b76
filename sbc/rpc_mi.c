/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * OpenSIPS 1.x line protocol: reading a request, and the dialect of the answers:
 *
 *   200 OK                       or  500 command 'x' not available
 *   name:: value attribute=value     (no empty line then)
 *   <tab>name:: value
 *   <empty line>
 *
 * A struct's members stand one tab deeper than its own line. The outermost value has no line
 * of its own, and an array never has one: its items, each with a name, stand for it. Pure.
 */

#include "sbc/rpc_mi.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"

#define VALUE_MAX  8192 /* bytes of one value in a line */
#define NUMBER_LEN 24

/* ---- requests ---- */

/* "name" of "name::value"; len 0: it has none. */
static struct slice name_of(struct slice line)
{
	size_t len = 0;

	while (len < line.len &&
		(isalnum((unsigned char)line.ptr[len]) || line.ptr[len] == '_'))
		len++;
	if (len && len + 1 < line.len && line.ptr[len] == ':' && line.ptr[len + 1] == ':')
		return slice_head(line, len);
	return (struct slice){0};
}

static int add_line(struct rpc_request *out, struct slice line)
{
	struct slice name = name_of(line);

	if (name.len)
		line = slice_trim(slice_from(line, name.len + 2));
	if (line.len >= 2 && line.ptr[0] == '"' && line.ptr[line.len - 1] == '"')
		line = slice_of(line.ptr + 1, line.len - 2);
	return rpc_request_add(out, name, line);
}

int rpc_mi_parse(struct rpc_request *out, struct slice text)
{
	struct slice first = slice_cut(&text, '\n');
	int err = 0;

	if (!first.len || first.ptr[0] != ':')
		return SBC_EPARSE;
	first = slice_from(first, 1);
	if (slice_find(first, ':') == first.len)
		return SBC_EPARSE;
	out->method = slice_cut(&first, ':');
	out->reply_name = slice_trim(first);
	if (!out->method.len)
		return SBC_EPARSE;
	while (text.len && !err) {
		struct slice line = slice_trim(slice_cut(&text, '\n'));
		if (!line.len)
			break;
		err = add_line(out, line);
	}
	return err;
}

/* ---- answers ---- */

static void put(struct rpc_writer *w, const char *text)
{
	rpc_out_put(&w->out, text, strlen(text));
}

/* A stranger's From may hold what would be another line here. */
static void put_value(struct rpc_writer *w, struct slice value)
{
	value = slice_head(value, VALUE_MAX);
	buf_reset(&w->scratch);
	buf_put_slice(&w->scratch, value);
	for (size_t i = 0; i < w->scratch.len; i++) {
		unsigned char c = (unsigned char)w->scratch.data[i];
		if (c < 0x20 || c == 0x7f)
			w->scratch.data[i] = '?';
	}
	rpc_out_put(&w->out, w->scratch.data, w->scratch.len);
}

static void end_line(struct rpc_writer *w)
{
	if (w->is_line_open)
		put(w, "\n");
	w->is_line_open = false;
}

static void start_line(struct rpc_writer *w, const char *name, struct slice value)
{
	const struct rpc_level *level = rpc_writer_level(w);

	end_line(w);
	for (unsigned i = 0; level && i < level->indent; i++)
		put(w, "\t");
	if (!name && level)
		name = level->item;
	if (name)
		put(w, name);
	put(w, ":: ");
	put_value(w, value);
	w->is_line_open = true;
}

static void on_begin(struct rpc_writer *w)
{
	put(w, "200 OK\n");
}

static void on_end(struct rpc_writer *w)
{
	end_line(w);
	put(w, "\n");
}

static void on_fault(struct rpc_writer *w, int code, struct slice text)
{
	char number[NUMBER_LEN];

	snprintf(number, sizeof(number), "%d ", code);
	put(w, number);
	put_value(w, text);
	put(w, "\n");
}

/* An array has no line: its items stand for it. */
static void on_open(struct rpc_writer *w, const char *name, enum rpc_group group)
{
	const struct rpc_level *level = rpc_writer_level(w);
	unsigned indent = level ? level->indent : 0;
	bool has_line = level && group == RPC_STRUCT;

	if (has_line)
		start_line(w, name, (struct slice){0});
	w->levels[w->depth].indent = indent + has_line;
}

static void on_close(struct rpc_writer *w, enum rpc_group group)
{
	(void)group;
	end_line(w);
}

static void on_text(struct rpc_writer *w, const char *name, struct slice value)
{
	start_line(w, name, value);
}

static void on_integer(struct rpc_writer *w, const char *name, uint64_t value)
{
	char text[NUMBER_LEN];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	start_line(w, name, slice_str(text));
}

static void on_attribute(struct rpc_writer *w, const char *name, struct slice value)
{
	put(w, " ");
	put(w, name);
	put(w, "=");
	put_value(w, value);
}

const struct rpc_dialect rpc_dialect_mi = {
	.begin = on_begin,
	.end = on_end,
	.fault = on_fault,
	.open = on_open,
	.close = on_close,
	.text = on_text,
	.integer = on_integer,
	.attribute = on_attribute,
	.unknown = "command '%.*s' not available",
	.unknown_code = 500,
	.answer_max = RPC_ANSWER_MAX,
};
