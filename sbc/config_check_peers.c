/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the keys of peers and routes say together: the profile behind each peer, names that
 * must exist, what needs something else to work. Pure. */

#include <stdio.h>

#include "sbc/config_tree.h"
#include "sbc/peer_profile.h"

static bool has(const char *text)
{
	return text && text[0];
}

static const struct config_peer *find_peer(
	const struct config *config, const char *name, size_t *index)
{
	for (size_t i = 0; i < config->peer_count; i++) {
		if (has(name) && !strcmp(config->peers[i].name, name)) {
			*index = i;
			return &config->peers[i];
		}
	}
	return NULL;
}

static bool has_listener(const struct config *config, enum transport_kind kind)
{
	for (size_t i = 0; i < config->listener_count; i++)
		if (config->listeners[i].transport == kind)
			return true;
	return false;
}

static bool has_rsa(const struct config *config)
{
	for (size_t i = 0; i < config->domain_count; i++)
		if (has(config->domains[i].rsa_certificate))
			return true;
	return false;
}

/* The profile fills in what the peer does not say. */
static void apply_profile(struct config_reading *r, size_t i)
{
	struct config_peer *p = &r->config->peers[i];
	const struct config_node *node = config_item(r, "peers", i);
	const struct peer_profile *profile = peer_profile_find(slice_str(p->profile));

	if (!profile)
		return; /* told already */
	for (unsigned key = 0; key < PEER_KEY_COUNT; key++)
		if (config_node_get(node, peer_key_name((enum peer_key)key)))
			p->written |= 1u << key;
	peer_profile_apply(profile, p);
	if (!media_mode_is_built(p->media))
		config_fault(r->faults,
			config_item_key(r, "peers", i,
				p->written & 1u << PEER_KEY_MEDIA ? "media" : "profile"),
			"media \"%s\"%s%s is not built into this version; \"media: dtls\" is",
			media_mode_name(p->media),
			p->written & 1u << PEER_KEY_MEDIA ? "" : " of the profile ",
			p->written & 1u << PEER_KEY_MEDIA ? "" : p->profile);
}

/* RFC 4568 section 6: the hop must protect the keys. */
static void check_peer_media(struct config_reading *r, size_t i)
{
	struct config_peer *p = &r->config->peers[i];

	config_resolve_interface(
		r, config_item_key(r, "peers", i, "interface"), &p->media_rules);
	if (p->media == MEDIA_MODE_SDES && p->transport != TRANSPORT_TLS &&
		!p->media_rules.sdes_without_tls)
		config_fault(r->faults, config_item_key(r, "peers", i, "transport"),
			"media by sdes would show its keys to whoever reads this transport: "
			"use tls, or say \"sdes_without_tls: true\"");
}

static void check_peer(struct config_reading *r, size_t i)
{
	struct config *config = r->config;
	struct config_peer *p = &config->peers[i];
	size_t first;

	if (netaddr_is_set(&p->address) && !netaddr_port(&p->address))
		netaddr_set_port(&p->address,
			p->transport == TRANSPORT_TLS ? CONFIG_PORT_TLS : CONFIG_PORT);
	if (netaddr_is_set(&p->address) && netaddr_is_any(&p->address))
		config_fault(r->faults, config_item_key(r, "peers", i, "address"),
			"nothing can be sent to this address");
	if (find_peer(config, p->name, &first) && first != i)
		config_fault(r->faults, config_item_key(r, "peers", i, "name"),
			"the peer %s stands twice", p->name);
	if (has(p->domain) && config_domain_find(config, slice_str(p->domain)))
		config_fault(r->faults, config_item_key(r, "peers", i, "domain"),
			"%s is our own domain: a peer serves another one", p->domain);
	if (config->listener_count && !has_listener(config, p->transport))
		config_fault(r->faults, config_item_key(r, "peers", i, "transport"),
			"no listener has the transport of this peer");
	check_peer_media(r, i);
	if (p->sign_4474 && !has_rsa(config))
		config_fault(r->faults, config_item_key(r, "peers", i, "sign"),
			"rfc4474 needs an rsa_certificate in one of domains");
	if (p->identity_required && !p->accept_8224 && !p->accept_4474 &&
		config_node_get(config_item(r, "peers", i), "accept"))
		config_fault(r->faults, config_item_key(r, "peers", i, "accept"),
			"identity_required needs a signature that is accepted");
}

static void check_route(struct config_reading *r, size_t i)
{
	struct config *config = r->config;
	struct config_route *route = &config->routes[i];
	const char *nearest = NULL;
	int best = 100;

	if (has(route->domain) && config_domain_find(config, slice_str(route->domain)))
		config_fault(r->faults, config_item_key(r, "routes", i, "domain"),
			"%s is our own domain: its users are found by their registrations",
			route->domain);
	for (size_t j = 0; j < i && has(route->domain); j++)
		if (!strcmp(route->domain, config->routes[j].domain)) {
			config_fault(r->faults, config_item_key(r, "routes", i, "domain"),
				"%s has a route already, in line %u", route->domain,
				config_item_key(r, "routes", j, "domain")->line);
			break;
		}
	if (!has(route->peer) || find_peer(config, route->peer, &route->peer_index))
		return;
	for (size_t j = 0; j < config->peer_count; j++) {
		int far = config_word_distance(
			slice_str(route->peer), slice_str(config->peers[j].name));
		if (far >= 0 && far < best) {
			best = far;
			nearest = config->peers[j].name;
		}
	}
	config_fault(r->faults, config_item_key(r, "routes", i, "peer"),
		"there is no peer \"%s\"%s%s%s", route->peer,
		nearest ? "; did you mean \"" : "", nearest ? nearest : "",
		nearest ? "\"?" : "");
}

void config_apply_profiles(struct config_reading *r)
{
	for (size_t i = 0; i < r->config->peer_count; i++)
		apply_profile(r, i);
}

void config_check_peers(struct config_reading *r)
{
	for (size_t i = 0; i < r->config->peer_count; i++)
		check_peer(r, i);
	for (size_t i = 0; i < r->config->route_count; i++)
		check_route(r, i);
}
