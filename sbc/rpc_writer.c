/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers in blocks, and the levels that all dialects share. Pure; signalling thread. */

#include "sbc/rpc_writer.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"

#define SCRATCH_MAX 65536 /* bytes: one value as the dialect writes it */

/* ---- blocks ---- */

void rpc_out_init(struct rpc_out *out, size_t max, struct rpc_budget *budget)
{
	*out = (struct rpc_out){._max = max, ._budget = budget};
	list_init(&out->blocks);
}

static void drop_block(struct rpc_out *out, struct rpc_block *block)
{
	list_remove(&block->node);
	mem_free(block);
	if (out->_budget)
		out->_budget->used -= sizeof(*block);
}

static void drop_blocks(struct rpc_out *out)
{
	list_for_each_safe (pos, &out->blocks)
		drop_block(out, container_of(pos, struct rpc_block, node));
	out->len = 0;
}

void rpc_out_fini(struct rpc_out *out)
{
	if (out->blocks.next)
		drop_blocks(out);
}

void rpc_out_reset(struct rpc_out *out)
{
	drop_blocks(out);
	out->err = 0;
}

static struct rpc_block *last_block(struct rpc_out *out)
{
	struct rpc_block *block = NULL;

	if (!list_is_empty(&out->blocks))
		block = container_of(out->blocks.prev, struct rpc_block, node);
	if (block && block->len < RPC_BLOCK_LEN)
		return block;
	if (out->_budget && out->_budget->used + sizeof(*block) > out->_budget->max) {
		out->err = SBC_ELIMIT;
		return NULL;
	}
	block = mem_alloc(sizeof(*block));
	if (!block) {
		out->err = SBC_ENOMEM;
		return NULL;
	}
	if (out->_budget)
		out->_budget->used += sizeof(*block);
	list_append(&out->blocks, &block->node);
	return block;
}

void rpc_out_put(struct rpc_out *out, const void *bytes, size_t len)
{
	const char *at = bytes;

	if (!out->err && len > out->_max - out->len)
		out->err = SBC_ELIMIT;
	while (len && !out->err) {
		struct rpc_block *block = last_block(out);
		size_t part;
		if (!block)
			return;
		part = RPC_BLOCK_LEN - block->len;
		part = part < len ? part : len;
		memcpy(block->bytes + block->len, at, part);
		block->len += part;
		out->len += part;
		at += part;
		len -= part;
	}
}

void rpc_out_move(struct rpc_out *out, struct rpc_out *from)
{
	rpc_out_init(out, from->_max, from->_budget);
	list_for_each_safe (pos, &from->blocks) {
		list_remove(pos);
		list_append(&out->blocks, pos);
	}
	out->len = from->len;
	from->len = 0;
}

struct slice rpc_out_front(const struct rpc_out *out)
{
	const struct rpc_block *block;

	if (list_is_empty(&out->blocks))
		return (struct slice){0};
	block = container_of(out->blocks.next, struct rpc_block, node);
	return slice_of(block->bytes, block->len);
}

void rpc_out_consume(struct rpc_out *out, size_t len)
{
	while (len && !list_is_empty(&out->blocks)) {
		struct rpc_block *block =
			container_of(out->blocks.next, struct rpc_block, node);
		size_t part = len < block->len ? len : block->len;
		block->len -= part;
		memmove(block->bytes, block->bytes + part, block->len);
		out->len -= part;
		len -= part;
		if (!block->len)
			drop_block(out, block);
	}
}

/* ---- levels ---- */

void rpc_writer_init(
	struct rpc_writer *w, const struct rpc_dialect *dialect, struct rpc_budget *budget)
{
	*w = (struct rpc_writer){.dialect = dialect};
	rpc_out_init(&w->out, dialect->answer_max, budget);
	buf_init(&w->scratch, SCRATCH_MAX);
}

void rpc_writer_fini(struct rpc_writer *w)
{
	rpc_out_fini(&w->out);
	buf_fini(&w->scratch);
}

bool rpc_writer_first(struct rpc_writer *w)
{
	struct rpc_level *level = rpc_writer_level(w);
	bool is_first = !level || !level->has_items;

	if (level)
		level->has_items = true;
	return is_first;
}

void rpc_writer_open(
	struct rpc_writer *w, const char *name, enum rpc_group group, const char *item)
{
	if (w->depth == RPC_DEPTH_MAX) {
		w->out.err = SBC_ELIMIT;
		return;
	}
	w->dialect->open(w, name, group);
	w->levels[w->depth].group = group;
	w->levels[w->depth].item = item;
	w->levels[w->depth].has_items = false;
	w->depth++;
}

void rpc_writer_close(struct rpc_writer *w)
{
	struct rpc_level *level = rpc_writer_level(w);

	if (!level)
		return;
	w->dialect->close(w, level->group);
	w->depth--;
}

void rpc_writer_text(struct rpc_writer *w, const char *name, struct slice value)
{
	w->dialect->text(w, name, value);
}

void rpc_writer_integer(struct rpc_writer *w, const char *name, uint64_t value)
{
	w->dialect->integer(w, name, value);
}

void rpc_writer_attribute(struct rpc_writer *w, const char *name, struct slice value)
{
	if (w->dialect->attribute)
		w->dialect->attribute(w, name, value);
	else
		w->dialect->text(w, name, value);
}

void rpc_writer_fault(struct rpc_writer *w, int code, struct slice text)
{
	rpc_out_reset(&w->out);
	w->depth = 0;
	w->is_line_open = false;
	w->dialect->fault(w, code, text);
}
