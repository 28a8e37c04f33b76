/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any packet is read within its bytes; its parameters are written again. */

#include "sbc/rpc_binrpc_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rpc_request request = {0};
	struct rpc_writer w;
	struct arena arena;
	size_t len;

	arena_init(&arena, RPC_ARENA_MAX);
	rpc_writer_init(&w, &rpc_dialect_binrpc, NULL);
	if (!binrpc_packet_len(slice_of(data, size), &len) && len <= size)
		binrpc_parse(&request, &arena, slice_of(data, len), &w);
	for (size_t i = 0; i < request.param_count; i++)
		rpc_writer_text(&w, NULL, request.params[i].text);
	rpc_writer_fini(&w);
	arena_fini(&arena);
	return 0;
}
