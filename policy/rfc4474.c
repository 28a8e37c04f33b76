/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The digest-string of RFC 4474 section 9. Pure. */

#include "policy/rfc4474.h"

#include <inttypes.h>

#include "base/err.h"

static bool is_one_field(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '|' || s.ptr[i] == '\r' || s.ptr[i] == '\n' || !s.ptr[i])
			return false;
	}
	return true;
}

int rfc4474_put(struct buf *out, const struct rfc4474_fields *f)
{
	const struct slice checked[] = {
		f->from_uri, f->to_uri, f->call_id, f->method, f->date, f->contact_uri};

	for (size_t i = 0; i < sizeof(checked) / sizeof(checked[0]); i++) {
		if (!is_one_field(checked[i]))
			return SBC_EPROTO;
	}
	buf_put_slice(out, f->from_uri);
	buf_put_char(out, '|');
	buf_put_slice(out, f->to_uri);
	buf_put_char(out, '|');
	buf_put_slice(out, f->call_id);
	buf_printf(out, "|%" PRIu32 " ", f->cseq);
	buf_put_slice(out, f->method);
	buf_put_char(out, '|');
	buf_put_slice(out, f->date);
	buf_put_char(out, '|');
	buf_put_slice(out, f->contact_uri);
	buf_put_char(out, '|');
	return buf_put_slice(out, f->body);
}
