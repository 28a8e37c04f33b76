/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the keys of peers and routes say together: the profile behind each peer, names that
 * must exist, what needs something else to work. Pure. */

#include <stdio.h>

#include "base/err.h"
#include "sbc/config_tree.h"
#include "sbc/header_trial.h"
#include "sbc/pattern.h"
#include "sbc/peer_profile.h"
#include "sbc/peer_table.h"
#include "sbc/sip_parts.h"

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
}

/* ---- header rules ---- */

static void check_rule_name(struct config_reading *r, const struct config_node *node,
	const struct config_header_rule *h)
{
	struct slice name = slice_str(h->name), made = slice_str(h->value);
	bool is_wild = name.len && name.ptr[name.len - 1] == '*';

	if (is_wild && h->action != HEADER_ALLOW && h->action != HEADER_REMOVE)
		config_fault(r->faults, node, "* goes with allow and remove only");
	else if (header_rules_is_ours(name))
		config_fault(r->faults, node,
			"%s is written anew on each leg: no rule can change it", h->name);
	else if (h->action == HEADER_RENAME &&
		 (!sip_is_token(made) || header_rules_is_ours(made)))
		config_fault(r->faults, node, "value must be the new name of the header");
}

static void compile_rule(
	struct config_reading *r, const struct config_node *node, struct config_header_rule *h)
{
	char why[200] = "";
	int err = pattern_new(&h->compiled, r->arena, slice_str(h->pattern), why, sizeof(why));

	if (err == SBC_ENOMEM)
		r->faults->is_out_of_memory = true;
	else if (err)
		config_fault(r->faults, node, "pattern: %s", why);
	else if (!pattern_takes(h->compiled, slice_str(h->value)))
		config_fault(r->faults, node,
			"value: a backslash goes before another one or the number of a group");
}

static void check_rule(
	struct config_reading *r, const struct config_node *node, struct config_header_rule *h)
{
	if (!has(h->name))
		return; /* told already */
	check_rule_name(r, node, h);
	if (h->action == HEADER_REPLACE && has(h->pattern))
		compile_rule(r, node, h);
	else if (h->action == HEADER_REPLACE)
		config_fault(r->faults, node, "replace needs a pattern");
	else if (has(h->pattern))
		config_fault(r->faults, node, "pattern goes with replace only");
	if (h->action == HEADER_ADD && !has(h->value))
		config_fault(r->faults, node, "add needs a value");
}

static void check_header_rules(struct config_reading *r, size_t i)
{
	const struct config_peer *p = &r->config->peers[i];
	const struct config_node *list = config_node_get(config_item(r, "peers", i), "headers");

	for (size_t j = 0; j < p->header_count; j++)
		check_rule(r, config_node_item(list, j), &p->headers[j]);
}

static void check_peer_name(struct config_reading *r, size_t i)
{
	const struct config_peer *p = &r->config->peers[i];
	struct slice domain = slice_str(has(p->user) ? p->user : "");
	struct slice name = slice_cut(&domain, '@');

	if (has(p->user) && !config_user_find(r->config, name, domain))
		config_fault(r->faults, config_item_key(r, "peers", i, "address"),
			"%s is none of users", p->user);
	if (p->is_transport_open && (!has(p->host) || p->port))
		config_fault(r->faults, config_item_key(r, "peers", i, "transport"),
			"transport dns needs a name without a port as address");
}

/* RFC 4568 section 6: the hop must protect the keys. */
static void check_peer_media(struct config_reading *r, size_t i)
{
	struct config_peer *p = &r->config->peers[i];

	config_resolve_interface(
		r, config_item_key(r, "peers", i, "interface"), &p->media_rules);
	if (p->media == MEDIA_MODE_BYPASS && p->answer_identity == ANSWER_IDENTITY_REQUIRE)
		config_fault(r->faults, config_item_key(r, "peers", i, "answer_identity"),
			"media that bypasses us has no gate that could wait for a signature");
	if (p->media == MEDIA_MODE_BYPASS && has(p->media_rules.codecs))
		config_fault(r->faults, config_item_key(r, "peers", i, "codecs"),
			"with \"media: bypass\" descriptions cross as they are");
	if (p->media == MEDIA_MODE_SDES && p->transport != TRANSPORT_TLS &&
		!p->media_rules.sdes_without_tls)
		config_fault(r->faults, config_item_key(r, "peers", i, "transport"),
			"media by sdes would show its keys to whoever reads this transport: "
			"use tls, or say \"sdes_without_tls: true\"");
}

static bool is_quotable(const char *text)
{
	for (; *text; text++)
		if (*text == '"' || *text == '\\' || (unsigned char)*text < ' ')
			return false;
	return true;
}

static bool is_aor(const char *text)
{
	struct sip_uri uri;
	char with_scheme[300];

	snprintf(with_scheme, sizeof(with_scheme), "sip:%s", text);
	return strlen(text) < 256 && !sip_uri_parse(&uri, slice_str(with_scheme)) &&
	       uri.user.len && uri.host.len && !uri.params.len;
}

/* What we are at this peer. */
static void check_login(struct config_reading *r, size_t i)
{
	struct config_peer *p = &r->config->peers[i];

	if (has(p->auth_user) != has(p->auth_password_file))
		config_fault(r->faults, config_item(r, "peers", i),
			"auth_user and auth_password_file go together");
	if (has(p->auth_user) && !is_quotable(p->auth_user))
		config_fault(r->faults, config_item_key(r, "peers", i, "auth_user"),
			"no quotes, no backslashes");
	if (has(p->auth_password_file))
		p->auth_password = config_secret_read(r,
			config_item_key(r, "peers", i, "auth_password_file"),
			p->auth_password_file);
	if (has(p->register_as) && !is_aor(p->register_as))
		config_fault(r->faults, config_item_key(r, "peers", i, "register"),
			"name@domain is wanted here");
}

static void check_peer(struct config_reading *r, size_t i)
{
	struct config *config = r->config;
	struct config_peer *p = &config->peers[i];
	size_t first;

	check_header_rules(r, i);
	if (netaddr_is_set(&p->address) && !netaddr_port(&p->address))
		netaddr_set_port(&p->address,
			p->transport == TRANSPORT_TLS ? CONFIG_PORT_TLS : CONFIG_PORT);
	if (netaddr_is_set(&p->address) && netaddr_is_any(&p->address))
		config_fault(r->faults, config_item_key(r, "peers", i, "address"),
			"nothing can be sent to this address");
	if (find_peer(config, p->name, &first) && first != i)
		config_fault(r->faults, config_item_key(r, "peers", i, "name"),
			"the peer %s stands twice", p->name);
	/* A proxy of ours may show our own certificate. */
	if (has(p->domain) && !p->authenticates &&
		config_domain_find(config, slice_str(p->domain)))
		config_fault(r->faults, config_item_key(r, "peers", i, "domain"),
			"%s is our own domain: a peer serves another one, unless it "
			"authenticates",
			p->domain);
	check_peer_name(r, i);
	check_login(r, i);
	if (config->listener_count && !p->is_transport_open &&
		!has_listener(config, p->transport))
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

/* A peer that another section names; told where it is not there. */
static bool name_peer(struct config_reading *r, const struct config_node *where,
	const char *name, size_t *index)
{
	const struct config *config = r->config;
	const char *nearest = NULL;
	int best = 100;

	if (!has(name) || find_peer(config, name, index))
		return has(name);
	for (size_t j = 0; j < config->peer_count; j++) {
		int far =
			config_word_distance(slice_str(name), slice_str(config->peers[j].name));
		if (far >= 0 && far < best) {
			best = far;
			nearest = config->peers[j].name;
		}
	}
	config_fault(r->faults, where, "there is no peer \"%s\"%s%s%s", name,
		nearest ? "; did you mean \"" : "", nearest ? nearest : "",
		nearest ? "\"?" : "");
	return false;
}

static bool is_same_route(const struct config_route *a, const struct config_route *b)
{
	return !strcmp(a->domain, b->domain) && !strcmp(a->prefix, b->prefix) &&
	       !strcmp(a->from, b->from);
}

static void check_targets(struct config_reading *r, size_t i)
{
	struct config_route *route = &r->config->routes[i];
	const struct config_node *node = config_item(r, "routes", i);
	const struct config_node *list = config_node_get(node, "targets");

	if (has(route->peer) == (route->target_count > 0))
		config_fault(r->faults, node, "a route has a peer, or else targets");
	name_peer(r, config_item_key(r, "routes", i, "peer"), route->peer, &route->peer_index);
	for (size_t j = 0; j < route->target_count; j++)
		name_peer(r, config_node_item(list, j), route->targets[j].peer,
			&route->targets[j].peer_index);
}

/* Whoever gets calls for our own domain must be one of ours. */
static void check_own_domain(struct config_reading *r, size_t i)
{
	const struct config *config = r->config;
	const struct config_route *route = &config->routes[i];
	size_t count = route->target_count ? route->target_count : 1;

	if (!has(route->domain) || !config_domain_find(config, slice_str(route->domain)))
		return;
	for (size_t j = 0; j < count; j++) {
		size_t index =
			route->target_count ? route->targets[j].peer_index : route->peer_index;
		if (index < config->peer_count && !config->peers[index].authenticates) {
			config_fault(r->faults, config_item_key(r, "routes", i, "domain"),
				"%s is our own domain: its users are found by their "
				"registrations, or at a peer with \"authenticates: true\"",
				route->domain);
			return;
		}
	}
}

static void check_route(struct config_reading *r, size_t i)
{
	struct config_route *route = &r->config->routes[i];

	check_targets(r, i);
	check_own_domain(r, i);
	route->has_from = name_peer(
		r, config_item_key(r, "routes", i, "from"), route->from, &route->from_index);
	if (!has(route->domain) && !has(route->prefix) && !has(route->from)) {
		config_fault(r->faults, config_item(r, "routes", i),
			"a route needs a domain, a prefix or a peer that calls come from");
		return;
	}
	for (size_t j = 0; j < i; j++)
		if (is_same_route(route, &r->config->routes[j])) {
			config_fault(r->faults, config_item_key(r, "routes", i, "domain"),
				"%s has a route already, in line %u",
				has(route->domain) ? route->domain : "this",
				config_item_key(r, "routes", j, "domain")->line);
			break;
		}
}

static void check_dispatcher(struct config_reading *r)
{
	const struct config_dispatcher *d = &r->config->dispatcher;
	const struct config_node *section = config_node_get(r->root, "dispatcher");
	struct sip_uri from;

	if (!probe_codes_are_right(d->ds_ping_reply_codes))
		config_fault(r->faults, config_node_get(section, "ds_ping_reply_codes"),
			"written as class=2;code=404");
	if (section && has(d->ds_ping_from) && sip_uri_parse(&from, slice_str(d->ds_ping_from)))
		config_fault(r->faults, config_node_get(section, "ds_ping_from"), "not a URI");
}

static void check_rewrite(struct config_reading *r, size_t i)
{
	struct config_rewrite *rewrite = &r->config->rewrites[i];

	rewrite->has_from = name_peer(r, config_item_key(r, "rewrites", i, "from"),
		rewrite->from, &rewrite->from_index);
	if (!rewrite->strip && !has(rewrite->prepend) && !has(rewrite->domain))
		config_fault(r->faults, config_item(r, "rewrites", i),
			"it changes nothing: give strip, prepend or domain");
}

void config_apply_profiles(struct config_reading *r)
{
	for (size_t i = 0; i < r->config->peer_count; i++)
		apply_profile(r, i);
}

static void check_registrar(struct config_reading *r, size_t i)
{
	struct config_domain *d = &r->config->domains[i];

	if (!has(d->registrar))
		return;
	d->has_registrar = name_peer(r, config_item_key(r, "domains", i, "registrar"),
		d->registrar, &d->registrar_index);
}

void config_check_peers(struct config_reading *r)
{
	for (size_t i = 0; i < r->config->peer_count; i++)
		check_peer(r, i);
	for (size_t i = 0; i < r->config->domain_count; i++)
		check_registrar(r, i);
	for (size_t i = 0; i < r->config->route_count; i++)
		check_route(r, i);
	for (size_t i = 0; i < r->config->rewrite_count; i++)
		check_rewrite(r, i);
	check_dispatcher(r);
}
