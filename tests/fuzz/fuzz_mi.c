/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A request's parameters as an answer: each is one line, whatever is in it. */

#include "sbc/rpc_mi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rpc_request request = {0};
	struct rpc_writer w;

	rpc_mi_parse(&request, slice_of(data, size));
	rpc_writer_init(&w, &rpc_dialect_mi, NULL);
	w.dialect->begin(&w);
	rpc_writer_open(&w, NULL, RPC_STRUCT, NULL);
	for (size_t i = 0; i < request.param_count; i++)
		rpc_writer_text(&w, "p", request.params[i].text);
	rpc_writer_close(&w);
	w.dialect->end(&w);
	rpc_writer_fini(&w);
	return 0;
}
