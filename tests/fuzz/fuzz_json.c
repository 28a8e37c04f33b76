/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What parses must print, and the printed text must parse. */

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_document *document = NULL, *again = NULL;
	struct buf text;

	buf_init(&text, JSON_TEXT_MAX * 8);
	if (!json_parse(&document, slice_of(data, size)) &&
		!json_print_sorted(&text, json_root(document)) && text.len < JSON_TEXT_MAX &&
		json_parse(&again, buf_slice(&text)))
		__builtin_trap();
	json_put_string(&text, slice_of(data, size));
	json_free(document);
	json_free(again);
	buf_fini(&text);
	return 0;
}
