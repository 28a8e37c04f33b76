/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TTLs of a name server's answer. */
#include "sbc/resolve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int64_t ttl = resolve_min_ttl(slice_of(data, size));

	if (ttl < -1 || ttl > INT32_MAX)
		__builtin_trap();
	return 0;
}
