/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The core's peers. Signalling thread. */

#include "sbc/peer_link.h"

#include "base/err.h"

static int listener_for(const struct sbc *sbc, enum transport_kind kind, unsigned *out)
{
	const struct listener_slots *slots = &sbc->listeners;

	/* In the configuration's order, which a reload may change. */
	for (size_t i = 0; i < sbc->config->listener_count && i < LISTENER_MAX; i++) {
		if (slots->items[slots->of[i]].kind == kind) {
			*out = slots->of[i];
			return 0;
		}
	}
	return SBC_ENOENT;
}

/* ---- peers that register ---- */

static bool is_registering(const struct config_peer *peer)
{
	return peer->user && peer->user[0];
}

const struct registrar_binding *sbc_peer_binding(
	const struct sbc *sbc, const struct config_peer *peer, size_t index)
{
	const struct registrar_binding *binding;

	if (!is_registering(peer))
		return NULL;
	/* What has expired is swept soon: the address is a good one until then. */
	for (size_t i = 0;
		(binding = registrar_find(sbc->registrar, slice_str(peer->user), 0, i)); i++)
		if (binding->hop.kind == peer->transport && !index--)
			return binding;
	return NULL;
}

static bool is_registered_from(const struct sbc *sbc, const struct config_peer *peer,
	const struct transport_source *source)
{
	const struct registrar_binding *binding;

	for (size_t i = 0; (binding = sbc_peer_binding(sbc, peer, i)); i++)
		if (registrar_is_from(binding, source))
			return true;
	return false;
}

void sbc_peers_registered(struct sbc *sbc)
{
	for (size_t i = 0; i < sbc->config->peer_count; i++) {
		const struct config_peer *peer = &sbc->config->peers[i];
		struct peer_address addresses[REGISTRAR_CONTACT_MAX];
		const struct registrar_binding *binding;
		size_t count = 0;
		if (!is_registering(peer))
			continue;
		while (count < REGISTRAR_CONTACT_MAX &&
			(binding = sbc_peer_binding(sbc, peer, count)))
			addresses[count++] =
				(struct peer_address){binding->hop.kind, binding->from};
		peer_entry_set_addresses(sbc->peers->entries[i], addresses, count);
	}
}

/* ---- the way to one, and whom a message is from ---- */

int sbc_hop_to_peer_at(
	const struct sbc *sbc, const struct config_peer *peer, size_t index, struct hop *out)
{
	const struct peer_entry *entry = peer_table_find(sbc->peers, peer);
	const struct registrar_binding *binding;
	const struct peer_address *address;

	if (is_registering(peer)) {
		binding = sbc_peer_binding(sbc, peer, index);
		if (binding)
			*out = binding->hop;
		return binding ? 0 : SBC_ENOENT;
	}
	if (!entry || index >= entry->address_count)
		return SBC_ENOENT;
	address = &entry->addresses[(entry->current + index) % entry->address_count];
	*out = (struct hop){.kind = address->transport, .addr = address->address};
	slice_copy(slice_str(peer->domain), out->tls_name, sizeof(out->tls_name));
	return listener_for(sbc, address->transport, &out->listener);
}

int sbc_hop_to_peer(const struct sbc *sbc, const struct config_peer *peer, struct hop *out)
{
	return sbc_hop_to_peer_at(sbc, peer, 0, out);
}

static bool is_peer(const struct sbc *sbc, const struct config_peer *peer,
	const struct transport_source *source)
{
	/* Who speaks UDP sends what is too long for it over TCP (RFC 3261 18.1.1). */
	bool is_long = peer->transport == TRANSPORT_UDP && source->kind == TRANSPORT_TCP;
	const struct peer_entry *entry;

	if (is_registering(peer))
		return is_registered_from(sbc, peer, source);
	if (peer->transport != source->kind && !peer->is_transport_open && !is_long)
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

	return source->kind == TRANSPORT_TLS && !is_registering(peer) &&
	       is_peer(sbc, peer, source) && entry &&
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

/* ---- names ---- */

#define RESOLVE_TICK  USEC_PER_SEC
#define RESOLVE_AGAIN (30 * USEC_PER_SEC) /* nobody knew the name, or did not answer */
#define TTL_MIN_S     10                  /* a server that says 0 is not asked each second */
#define TTL_MAX_S     3600

static void resolve_one(struct sbc *sbc, const struct config_peer *peer, usec_t now)
{
	struct peer_entry *entry = peer_table_find(sbc->peers, peer);
	struct resolve_question question = {.name = slice_str(peer->name),
		.host = slice_str(peer->host),
		.port = (uint16_t)peer->port,
		.transport = peer->transport,
		.is_transport_open = peer->is_transport_open};

	if (!entry || !question.host.len || entry->is_resolving || entry->resolve_at > now)
		return;
	entry->is_resolving = !sbc->outside.resolve(&question, sbc->outside.arg);
}

static void on_resolve_tick(struct timer *timer, usec_t now, void *arg)
{
	struct sbc *sbc = arg;

	for (size_t i = 0; i < sbc->config->peer_count; i++)
		resolve_one(sbc, &sbc->config->peers[i], now);
	timer_start(sbc->timers, timer, now + RESOLVE_TICK);
}

void sbc_resolve_start(struct sbc *sbc, usec_t now)
{
	timer_init(&sbc->resolve_timer, on_resolve_tick, sbc);
	if (sbc->outside.resolve)
		timer_start(sbc->timers, &sbc->resolve_timer, now);
}

void sbc_resolved(struct sbc *sbc, const struct resolve_result *result, usec_t now)
{
	struct peer_entry *entry = peer_table_named(sbc->peers, result->name);
	int64_t ttl = result->ttl_s;
	char text[NETADDR_TEXT_MAX];

	if (!entry)
		return; /* reloaded away */
	entry->is_resolving = false;
	entry->resolve_at = now + RESOLVE_AGAIN;
	if (result->err || !result->address_count) {
		/* What was known is still the best that is known. */
		log_event(sbc->log, LOG_WARN, "sbc", "peer.unresolved",
			"peer=%s err=%s addresses=%zu", entry->name, err_name(result->err),
			entry->address_count);
		return;
	}
	ttl = ttl < TTL_MIN_S ? TTL_MIN_S : ttl > TTL_MAX_S ? TTL_MAX_S : ttl;
	entry->resolve_at = now + ttl * USEC_PER_SEC;
	peer_entry_set_addresses(entry, result->addresses, result->address_count);
	log_event(sbc->log, LOG_DEBUG, "sbc", "peer.resolved",
		"peer=%s addresses=%zu first=%s ttl_s=%lld", entry->name, entry->address_count,
		netaddr_print(&peer_entry_address(entry)->address, text), (long long)ttl);
}
