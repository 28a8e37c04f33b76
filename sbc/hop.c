/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words and values about transports that need no socket. Pure. */

#include "base/err.h"
#include "sbc/transport.h"

static const char *const kind_names[TRANSPORT_KIND_COUNT] = {
	[TRANSPORT_UDP] = "UDP",
	[TRANSPORT_TCP] = "TCP",
	[TRANSPORT_TLS] = "TLS",
};

const char *transport_kind_name(enum transport_kind kind)
{
	return kind_names[kind];
}

int transport_kind_parse(enum transport_kind *out, struct slice word)
{
	for (int i = 0; i < TRANSPORT_KIND_COUNT; i++) {
		if (slice_equal_nocase(word, slice_str(kind_names[i]))) {
			*out = (enum transport_kind)i;
			return 0;
		}
	}
	return SBC_EPARSE;
}

bool tls_names_has(const struct tls_names *names, struct slice name)
{
	for (size_t i = 0; i < names->count; i++) {
		if (slice_equal_nocase(slice_str(names->names[i]), name))
			return true;
	}
	return false;
}

void hop_from_source(struct hop *out, const struct transport_source *source)
{
	*out = (struct hop){
		.kind = source->kind, .listener = source->listener, .flow = source->flow};
	/* A connection cannot be made again from this end: its other port is a client's. */
	if (!transport_kind_is_reliable(source->kind))
		out->addr = source->peer;
}
