/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Identity and Identity-Info header fields, and the names in From and To. */

#include "policy/identity.h"
#include "policy/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_of(data, size), url, alg;
	struct identity_name name, again;
	struct identity_value value;

	if (!name_parse(&name, rest) && name.uri[0] &&
		(name_parse(&again, slice_str(name.uri)) || strcmp(name.uri, again.uri) != 0))
		__builtin_trap(); /* canonical is canonical */
	if (!identity_info_parse(rest, &url, &alg))
		identity_is_url(url, true);
	for (struct slice at = identity_next(&rest); at.len; at = identity_next(&rest))
		identity_parse(&value, at);
	return 0;
}
