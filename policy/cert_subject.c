/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For whom and when a certificate may speak: RFC 5922 section 7, RFC 8226 section 9. Pure. */

#include <stdio.h>

#include "policy/cert.h"

bool cert_is_valid_at(const struct cert_validity *validity, int64_t when_s)
{
	return validity->not_before <= when_s && when_s <= validity->not_after;
}

/* RFC 5922 section 7.1: "sip:" and a host, nothing more. */
static struct slice host_of_uri(struct slice uri)
{
	if (!slice_starts_nocase(uri, SLICE("sip:")))
		return (struct slice){0};
	return slice_from(uri, 4);
}

const char *cert_covers(const struct cert *cert, struct slice host)
{
	if (!host.len)
		return NULL;
	for (size_t i = 0; i < cert->name_count; i++) {
		struct slice text = slice_str(cert->names[i].text);
		if (cert->names[i].is_uri)
			text = host_of_uri(text);
		if (slice_equal_nocase(text, host))
			return cert->names[i].text;
	}
	if (!cert->has_san && slice_equal_nocase(slice_str(cert->common_name), host))
		return cert->common_name;
	return NULL;
}

bool cert_covers_number(const struct cert *cert, struct slice number, struct slice codes,
	char text[CERT_TEXT_MAX])
{
	const struct tn_auth_entry *entry = tn_auth_covers(cert->numbers, number, codes);

	if (!entry)
		return false;
	for (size_t i = 0; i < cert->bound_count; i++) {
		/* Which numbers a provider has is not in its certificate. */
		if (!tn_auth_has_code(cert->bounds[i]) &&
			!tn_auth_covers(cert->bounds[i], number, codes))
			return false;
	}
	if (entry->kind == TN_AUTH_SPC)
		snprintf(text, CERT_TEXT_MAX, "SPC %s", entry->text);
	else
		snprintf(text, CERT_TEXT_MAX, "TN %.*s", SLICE_ARG(number));
	return true;
}
