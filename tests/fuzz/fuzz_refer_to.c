/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whom a transfer names: what is read of it never breaks a line of ours. */

#include "sbc/refer_to.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct refer_to to;
	struct replaces replaces;
	struct buf out;

	if (refer_to_parse(&to, slice_of(data, size)))
		return 0;
	if (slice_find(slice_str(to.text), '\n') < strlen(to.text))
		__builtin_trap();
	if (!to.has_replaces || replaces_parse(&replaces, slice_str(to.text)))
		return 0;
	buf_init(&out, 4 * REFER_TO_REPLACES_MAX);
	replaces_put_escaped(&replaces, &out);
	if (out.err || slice_find(buf_slice(&out), '>') < out.len)
		__builtin_trap();
	buf_fini(&out);
	return 0;
}
