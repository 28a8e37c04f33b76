/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A request's method and id in an answer are JSON again. */

#include "base/json.h"
#include "sbc/rpc_jsonrpc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_document *document = NULL;
	struct rpc_request request = {0};
	struct rpc_writer w;
	struct arena arena;

	arena_init(&arena, RPC_ARENA_MAX);
	rpc_jsonrpc_parse(&request, &arena, slice_of(data, size));
	rpc_writer_init(&w, &rpc_dialect_opensips, NULL);
	w.id = request.id;
	rpc_writer_fault(&w, -32601, request.method);
	if (!w.out.err && w.out.len < 60000 && json_parse(&document, rpc_out_front(&w.out)))
		__builtin_trap();
	json_free(document);
	rpc_writer_fini(&w);
	arena_fini(&arena);
	return 0;
}
