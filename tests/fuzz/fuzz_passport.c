/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Header and payload of a PASSporT: base64url or, so that JSON is reached, plain JSON. */

#include "base/b64.h"
#include "policy/passport.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice payload = slice_of(data, size), header = slice_cut(&payload, '.');
	struct passport passport;
	struct buf h, p;
	const char *why;

	buf_init(&h, 1 << 20);
	buf_init(&p, 1 << 20);
	b64_encode(&h, B64_URL, header.ptr, header.len);
	b64_encode(&p, B64_URL, payload.ptr, payload.len);
	if (!passport_parse(&passport, buf_slice(&h), buf_slice(&p), NULL, &why))
		passport_has_dest(&passport, &(struct identity_name){.tn = "12155551213"});
	passport_fini(&passport);
	passport_parse(&passport, header, payload, NULL, &why);
	passport_fini(&passport);
	buf_fini(&h);
	buf_fini(&p);
	return 0;
}
