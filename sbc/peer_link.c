/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The core's peers. Signalling thread. */

#include "sbc/peer_link.h"

#include "base/err.h"

static int listener_for(const struct sbc *sbc, enum transport_kind kind, unsigned *out)
{
	for (unsigned i = 0; i < sbc->listener_count; i++) {
		if (sbc->listeners[i].kind == kind) {
			*out = i;
			return 0;
		}
	}
	return SBC_ENOENT;
}

int sbc_hop_to_peer(const struct sbc *sbc, const struct config_peer *peer, struct hop *out)
{
	const struct peer_entry *entry = peer_table_find(sbc->peers, peer);
	const struct peer_address *address = entry ? peer_entry_address(entry) : NULL;

	if (!address)
		return SBC_ENOENT;
	*out = (struct hop){.kind = address->transport, .addr = address->address};
	slice_copy(slice_str(peer->domain), out->tls_name, sizeof(out->tls_name));
	return listener_for(sbc, address->transport, &out->listener);
}

static bool is_peer(const struct sbc *sbc, const struct config_peer *peer,
	const struct transport_source *source)
{
	const struct peer_entry *entry;

	if (peer->transport != source->kind)
		return false;
	if (source->kind == TRANSPORT_TLS)
		return source->tls && tls_names_has(source->tls, slice_str(peer->domain));
	entry = peer_table_find(sbc->peers, peer);
	return entry && peer_entry_has_address(entry, &source->peer);
}

bool sbc_peer_is_certain(const struct sbc *sbc, const struct config_peer *peer,
	const struct transport_source *source)
{
	const struct peer_entry *entry = peer_table_find(sbc->peers, peer);

	return source->kind == TRANSPORT_TLS && is_peer(sbc, peer, source) && entry &&
	       peer_entry_has_address(entry, &source->peer);
}

const struct config_peer *sbc_peer_of(
	const struct sbc *sbc, const struct transport_source *source)
{
	for (size_t i = 0; i < sbc->config->peer_count; i++)
		if (is_peer(sbc, &sbc->config->peers[i], source))
			return &sbc->config->peers[i];
	return NULL;
}

/* ---- strangers ---- */

static bool is_judged(const struct sbc *sbc, const struct transport_source *source)
{
	const struct config_blocking *blocking = &sbc->config->blocking;

	if (!sbc->guard || !blocking->is_enabled)
		return false;
	for (size_t i = 0; i < blocking->allow_count; i++)
		if (netaddr_block_has(&blocking->allow[i], &source->peer))
			return false;
	return !sbc_peer_of(sbc, source);
}

bool sbc_admits(struct sbc *sbc, const struct transport_source *source, usec_t now)
{
	return !is_judged(sbc, source) || source_guard_admit(sbc->guard, &source->peer, now);
}

void sbc_blame(
	struct sbc *sbc, const struct transport_source *source, unsigned points, usec_t now)
{
	char peer[NETADDR_TEXT_MAX];

	if (!is_judged(sbc, source) ||
		!source_guard_blame(sbc->guard, &source->peer, points, now))
		return;
	if (log_limit_pass(&sbc->blocked_limit, now, 10, 10 * USEC_PER_SEC))
		log_event(sbc->log, LOG_WARN, "sbc", "source.blocked",
			"source=%s seconds=%u held=%llu",
			netaddr_print_host(&source->peer, peer), sbc->config->blocking.block_s,
			(unsigned long long)sbc->blocked_limit.held);
}

void sbc_praise(struct sbc *sbc, const struct transport_source *source, usec_t now)
{
	if (is_judged(sbc, source))
		source_guard_praise(sbc->guard, &source->peer, now);
}
