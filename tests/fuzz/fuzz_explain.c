/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A result of call.explain: the daemon's frame, and in it whatever the network brought. */

#include <stdlib.h>

#include "tools/ctl/explain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct explain explain;
	struct page page;
	struct buf out;
	size_t added;

	buf_init(&out, 1 << 22);
	page_init(&page, &out, size % 130, false);
	if (!explain_init(&explain) && !explain_add(&explain, slice_of(data, size), &added)) {
		explain_complete(&explain);
		explain_print(&page, &explain, true);
		if (out.data && memchr(out.data, 0x1b, out.len))
			abort(); /* a stranger would steer the terminal */
		explain_print_json(&out, &explain);
	}
	explain_fini(&explain);
	buf_fini(&out);
	return 0;
}
