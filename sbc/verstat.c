/* SPDX-License-Identifier: GPL-3.0-or-later */
/* verstat and Reason, told within the trust domain and taken off from outside. Pure. */

#include "sbc/verstat.h"

bool verstat_is_marked(const struct config_peer *from, const struct identity_verdict *verdict)
{
	return from && from->on_failure == IDENTITY_FAILURE_MARK &&
	       verdict->outcome == IDENTITY_FAILED;
}

const char *verstat_of(const struct config_peer *from, const struct identity_verdict *verdict)
{
	if (!from)
		return ""; /* one of our users: by password, not by signature */
	if (verdict->outcome == IDENTITY_VERIFIED)
		return ";verstat=TN-Validation-Passed";
	return verstat_is_marked(from, verdict) ? ";verstat=TN-Validation-Failed"
						: ";verstat=No-TN-Validation";
}

int verstat_put_reason(
	struct buf *out, const struct config_peer *from, const struct identity_verdict *verdict)
{
	if (!verstat_is_marked(from, verdict) || !from->is_trusted)
		return out->err;
	return buf_printf(
		out, "Reason: STIR;cause=%d;text=\"%s\"\r\n", verdict->code, verdict->phrase);
}

int verstat_strip(struct buf *out, struct slice user)
{
	buf_put_slice(out, slice_cut(&user, ';'));
	while (user.len) {
		struct slice parameter = slice_cut(&user, ';'), rest = parameter;
		if (slice_equal_nocase(slice_trim(slice_cut(&rest, '=')), SLICE("verstat")))
			continue;
		buf_put_char(out, ';');
		buf_put_slice(out, parameter);
	}
	return out->err;
}

bool verstat_is_reason(struct slice reason)
{
	return slice_equal_nocase(
		slice_trim(slice_head(reason, slice_find(reason, ';'))), SLICE("STIR"));
}
