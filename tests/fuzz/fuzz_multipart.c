/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A body of several parts; the first line is its Content-Type. */
#include "sbc/sip_multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice body = slice_of(data, size), type = slice_trim(slice_cut(&body, '\n'));
	struct sip_multipart parts;
	int err = sip_multipart_read(&parts, type, body);

	/* What is taken lies within the body, and begins nowhere but at a line's begin. */
	if (err ? parts.session_count != 0
		: parts.session_count && (parts.session.ptr < body.ptr ||
						 parts.session.ptr + parts.session.len >
							 body.ptr + body.len))
		__builtin_trap();
	return 0;
}
