/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A message from anywhere: framed, parsed, answered or refused. */
#include "base/mem.h"
#include "sbc/sip_build.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct sip_response_spec spec = {.code = 404, .to_tag = SLICE("t")};
	struct slice bytes = slice_of(data, size);
	struct sip_fault fault = {0};
	struct sip_msg *msg, *again;
	struct sip_scan scan;
	struct arena arena;
	struct buf out;
	size_t frame_len;

	arena_init(&arena, 1 << 20);
	buf_init(&out, 1 << 20);
	sip_scan_stream(bytes, &frame_len);
	if (frame_len > size)
		__builtin_trap();
	sip_scan_message(&scan, bytes);
	/* What we answer must parse, whatever it answers. */
	if (!sip_msg_parse(&msg, &arena, bytes, &fault)) {
		if (msg->is_request &&
			(sip_build_response(&out, msg, NULL, &spec) ||
				(sip_msg_parse(&again, &arena, buf_slice(&out), &fault) &&
					msg->via_count == 1)))
			__builtin_trap();
	} else if (!sip_build_refusal(&out, &scan, NULL, 400, SLICE("x")) &&
		   sip_scan_message(&scan, buf_slice(&out))) {
		__builtin_trap();
	}
	buf_fini(&out);
	arena_fini(&arena);
	return 0;
}
