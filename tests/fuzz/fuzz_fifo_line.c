/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames lie within the input, and reading goes on with each. */

#include "sbc/rpc_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_of(data, size);
	struct rpc_frame frame;

	do {
		rpc_frame_next(input, &frame);
		if (frame.len > input.len || frame.text.len > RPC_FRAME_MAX ||
			(frame.kind != RPC_FRAME_MORE && !frame.len))
			__builtin_trap();
		input = slice_from(input, frame.len);
	} while (frame.kind != RPC_FRAME_MORE);
	return 0;
}
