/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_UNIT_SBC_RPC_TEXT_H
#define TESTS_UNIT_SBC_RPC_TEXT_H

#include "sbc/rpc_writer.h"

/* All bytes of an answer in one buffer (initialised here). */
static inline void rpc_text_of(struct buf *out, const struct rpc_out *from)
{
	buf_init(out, RPC_ANSWER_MAX);
	list_for_each (pos, &from->blocks) {
		const struct rpc_block *block = container_of(pos, struct rpc_block, node);
		assert_int_equal(0, buf_put(out, block->bytes, block->len));
	}
	assert_int_equal(from->len, out->len);
}

static inline void assert_rpc_bytes(const struct rpc_out *out, const void *bytes, size_t len)
{
	struct buf text;

	rpc_text_of(&text, out);
	if (text.len != len || memcmp(text.data, bytes, len))
		fail_msg("written:\n%.*s\nwanted:\n%.*s", (int)text.len, text.data, (int)len,
			(const char *)bytes);
	buf_fini(&text);
}

#endif
