/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON-RPC 2.0 requests. Pure. */

#include "sbc/rpc_jsonrpc.h"

#include "base/err.h"
#include "base/json.h"

#define TEXT_MAX 65536 /* bytes of one value */

static int keep(struct arena *arena, struct slice text, struct slice *out)
{
	*out = arena_copy(arena, text);
	return out->ptr ? 0 : SBC_ENOMEM;
}

/* A number, a word, as it was written. */
static int keep_printed(struct arena *arena, const struct json *value, struct slice *out)
{
	struct buf text;
	int err;

	buf_init(&text, TEXT_MAX);
	err = json_print_sorted(&text, value);
	err = err ? err : keep(arena, buf_slice(&text), out);
	buf_fini(&text);
	return err;
}

static bool is_group(const struct json *value)
{
	return json_is_object(value) || json_is_array(value);
}

static int add_scalar(struct rpc_request *out, struct arena *arena, struct slice name,
	const struct json *value)
{
	struct slice text = json_get_string(value);
	int err = text.ptr ? keep(arena, text, &text) : keep_printed(arena, value, &text);

	return err ? err : rpc_request_add(out, name, text);
}

/* OpenSIPS 3 has lists in named parameters: {"statistics": ["core:", "dialog:"]}. */
static int add_param(struct rpc_request *out, struct arena *arena, struct slice name,
	const struct json *value)
{
	int err = 0;

	if (json_is_object(value))
		return SBC_EPROTO;
	if (!json_is_array(value))
		return add_scalar(out, arena, name, value);
	for (size_t i = 0; i < json_count(value) && !err; i++) {
		const struct json *item = json_item(value, i);
		err = is_group(item) ? SBC_EPROTO : add_scalar(out, arena, name, item);
	}
	return err;
}

struct adding {
	struct rpc_request *out;
	struct arena *arena;
	int err;
};

static void on_member(struct slice name, const struct json *value, void *arg)
{
	struct adding *adding = arg;

	adding->err = adding->err ? adding->err : keep(adding->arena, name, &name);
	adding->err =
		adding->err ? adding->err : add_param(adding->out, adding->arena, name, value);
}

static int add_params(struct rpc_request *out, struct arena *arena, const struct json *params)
{
	struct adding adding = {.out = out, .arena = arena};

	if (json_is_object(params)) {
		json_visit(params, on_member, &adding);
		return adding.err;
	}
	for (size_t i = 0; i < json_count(params) && !adding.err; i++) {
		const struct json *item = json_item(params, i);
		adding.err = is_group(item) ? SBC_EPROTO
					    : add_param(out, arena, (struct slice){0}, item);
	}
	return adding.err;
}

/* It comes back as it was; null is none. */
static int take_id(struct rpc_request *out, struct arena *arena, const struct json *id)
{
	struct slice printed;
	int err = id && !is_group(id) ? keep_printed(arena, id, &printed) : SBC_ENOENT;

	if (!err && !slice_equal(printed, SLICE("null")))
		out->id = printed;
	return err == SBC_ENOENT ? 0 : err;
}

static int take_request(struct rpc_request *out, struct arena *arena, const struct json *root)
{
	struct slice method = json_get_string(json_member(root, "method"));
	struct slice reply = json_get_string(json_member(root, "reply_name"));
	const struct json *params = json_member(root, "params");
	int err = json_is_object(root) ? take_id(out, arena, json_member(root, "id"))
				       : SBC_EPROTO;

	err = err || !reply.len ? err : keep(arena, reply, &out->reply_name);
	if (!err && (!method.len || (params && !is_group(params))))
		err = SBC_EPROTO;
	err = err ? err : keep(arena, method, &out->method);
	return err ? err : add_params(out, arena, params);
}

int rpc_jsonrpc_parse(struct rpc_request *out, struct arena *arena, struct slice text)
{
	struct json_document *document;
	int err = json_parse(&document, text);

	if (err)
		return err;
	err = take_request(out, arena, json_root(document));
	json_free(document);
	return err;
}

int rpc_jsonrpc_code(int err, const char **words)
{
	switch (err) {
	case SBC_EPARSE:
		*words = "Parse error";
		return -32700;
	case SBC_EPROTO:
		*words = "Invalid Request";
		return -32600;
	case SBC_ELIMIT:
		*words = "Invalid Request: too large";
		return -32600;
	default:
		*words = "Internal error";
		return -32603;
	}
}

void rpc_jsonrpc_refuse(struct rpc_call *call, int err)
{
	const char *words;
	int code = rpc_jsonrpc_code(err, &words);

	rpc_fault(call, code, "%s", words);
}
