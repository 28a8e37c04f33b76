/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests that are too long for UDP, RFC 3261 section 18.1.1. Pure; signalling thread. */

#include "sbc/large.h"

#include "base/err.h"

bool large_is_refused(
	const struct large_refusals *refusals, const struct netaddr *address, usec_t now)
{
	for (size_t i = 0; i < LARGE_REFUSED_MAX; i++)
		if (refusals->rows[i].until > now &&
			netaddr_equal(&refusals->rows[i].address, address))
			return true;
	return false;
}

void large_refused(struct large_refusals *refusals, const struct netaddr *address, usec_t now)
{
	if (large_is_refused(refusals, address, now))
		return;
	refusals->rows[refusals->next].address = *address;
	refusals->rows[refusals->next].until = now + LARGE_REFUSED;
	refusals->next = (refusals->next + 1) % LARGE_REFUSED_MAX;
}

int large_rewrite_via(
	struct slice request, enum transport_kind kind, struct slice sent_by, struct buf *out)
{
	struct slice rest = request, first = slice_cut(&rest, '\n'), via;

	if (!slice_starts(rest, SLICE("Via: SIP/2.0/")))
		return SBC_EPARSE;
	via = slice_cut(&rest, '\n');
	buf_put_slice(out, first);
	buf_printf(
		out, "\nVia: SIP/2.0/%s %.*s", transport_kind_name(kind), SLICE_ARG(sent_by));
	buf_put_slice(out, slice_from(via, slice_find(via, ';')));
	buf_put_char(out, '\n');
	buf_put_slice(out, rest);
	return out->err;
}
