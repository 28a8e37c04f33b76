/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Answers as JSON-RPC 2.0 objects. Kamailio's layout (tabs, no final line end) is kept to the
 * byte: kamctl's filter reads lines. OpenSIPS 3 writes the same without blanks. Pure.
 */

#include <inttypes.h>
#include <stdio.h>

#include "base/json.h"
#include "sbc/rpc_writer.h"

#define NUMBER_LEN   24           /* "18446744073709551615" */
#define DATAGRAM_MAX (160 * 1024) /* bytes: below the usual net.core.wmem_default */

static void put(struct rpc_writer *w, const char *text)
{
	rpc_out_put(&w->out, text, strlen(text));
}

static void put_string(struct rpc_writer *w, struct slice value)
{
	buf_reset(&w->scratch);
	json_put_string(&w->scratch, value);
	if (w->scratch.err && !w->out.err)
		w->out.err = w->scratch.err;
	rpc_out_put(&w->out, w->scratch.data, w->scratch.len);
}

static bool is_pretty(const struct rpc_writer *w)
{
	return w->dialect != &rpc_dialect_opensips;
}

static void put_line(struct rpc_writer *w, unsigned tabs)
{
	static const char text[] = "\n\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t";

	if (is_pretty(w))
		rpc_out_put(&w->out, text, 1 + tabs);
}

static void put_name(struct rpc_writer *w, const char *name)
{
	put_string(w, slice_str(name));
	put(w, is_pretty(w) ? ":\t" : ":");
}

/* Comma, indentation and name before a value. */
static void lead(struct rpc_writer *w, const char *name)
{
	const struct rpc_level *level = rpc_writer_level(w);
	bool is_first = rpc_writer_first(w);

	if (!level)
		return;
	if (level->group == RPC_ARRAY) {
		if (!is_first)
			put(w, is_pretty(w) ? ", " : ",");
		return;
	}
	if (!is_first)
		put(w, ",");
	put_line(w, level->indent);
	put_name(w, name ? name : level->item ? level->item : "");
}

/* The reply object is level 1, so the result's members are on level 2. */
static void on_open(struct rpc_writer *w, const char *name, enum rpc_group group)
{
	const struct rpc_level *level = rpc_writer_level(w);
	unsigned indent = level ? level->indent : 1;

	lead(w, name);
	put(w, group == RPC_STRUCT ? "{" : "[");
	w->levels[w->depth].indent = indent + 1;
}

static void on_close(struct rpc_writer *w, enum rpc_group group)
{
	if (group == RPC_STRUCT)
		put_line(w, rpc_writer_level(w)->indent - 1);
	put(w, group == RPC_STRUCT ? "}" : "]");
}

static void on_text(struct rpc_writer *w, const char *name, struct slice value)
{
	lead(w, name);
	put_string(w, value);
}

static void on_integer(struct rpc_writer *w, const char *name, uint64_t value)
{
	char text[NUMBER_LEN];

	lead(w, name);
	snprintf(text, sizeof(text), "%" PRIu64, value);
	put(w, text);
}

static void put_member(struct rpc_writer *w, const char *name)
{
	put_line(w, 1);
	put_name(w, name);
}

static void on_begin(struct rpc_writer *w)
{
	put(w, "{");
	put_member(w, "jsonrpc");
	put(w, "\"2.0\",");
	put_member(w, "result");
}

static void on_end(struct rpc_writer *w)
{
	if (w->id.len) {
		put(w, ",");
		put_member(w, "id");
		rpc_out_put(&w->out, w->id.ptr, w->id.len);
	}
	put_line(w, 0);
	put(w, "}");
}

static void on_fault(struct rpc_writer *w, int code, struct slice text)
{
	char number[NUMBER_LEN];

	put(w, "{");
	put_member(w, "jsonrpc");
	put(w, "\"2.0\",");
	put_member(w, "error");
	put(w, "{");
	put_line(w, 2);
	put_name(w, "code");
	snprintf(number, sizeof(number), "%d,", code);
	put(w, number);
	put_line(w, 2);
	put_name(w, "message");
	put_string(w, text);
	put_line(w, 1);
	put(w, "}");
	on_end(w);
}

const struct rpc_dialect rpc_dialect_kamailio = {
	.begin = on_begin,
	.end = on_end,
	.fault = on_fault,
	.open = on_open,
	.close = on_close,
	.text = on_text,
	.integer = on_integer,
	.unknown = "Method Not Found",
	.unknown_code = 500,
	.answer_max = RPC_ANSWER_MAX,
};

const struct rpc_dialect rpc_dialect_datagram = {
	.begin = on_begin,
	.end = on_end,
	.fault = on_fault,
	.open = on_open,
	.close = on_close,
	.text = on_text,
	.integer = on_integer,
	.unknown = "Method Not Found",
	.unknown_code = 500,
	.answer_max = DATAGRAM_MAX,
};

const struct rpc_dialect rpc_dialect_opensips = {
	.begin = on_begin,
	.end = on_end,
	.fault = on_fault,
	.open = on_open,
	.close = on_close,
	.text = on_text,
	.integer = on_integer,
	.unknown = "Method not found",
	.unknown_code = -32601, /* JSON-RPC 2.0 section 5.1 */
	.answer_max = RPC_ANSWER_MAX,
};
