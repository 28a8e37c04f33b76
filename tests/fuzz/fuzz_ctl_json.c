/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An answer of the daemon, or of whoever sits on its socket. */

#include "tools/ctl/ctl_json.h"
#include "tools/ctl/ctl_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_of(data, size), object, value = SLICE("");
	struct buf out;

	buf_init(&out, 1 << 20);
	if (ctl_json_next(&rest, &object) && ctl_json_member(object, "result", &value))
		ctl_table_print(&out, value, 80);
	buf_fini(&out);
	return 0;
}
