/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any filter against any names. */
#include <stdint.h>

#include "sbc/call_filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_of(data, size);
	struct slice text = slice_cut(&rest, '\n'), from = slice_cut(&rest, '\n');
	const struct slice peers[2] = {slice_cut(&rest, '\n'), slice_cut(&rest, '\n')};
	struct call_filter filter;

	if (!call_filter_parse(&filter, text))
		call_filter_takes(&filter, from, rest, peers);
	return 0;
}
