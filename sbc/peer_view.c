/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A peer as it is in force: what its profile gave and what its own keys changed, line by
 * line, for a person. Pure; any thread. */

#include <stdio.h>

#include "sbc/peer_profile.h"
#include "sbc/peer_view.h"

typedef void(view_h)(
	const struct config *config, const struct config_peer *peer, char *out, size_t size);

static const char *yes_no(bool value)
{
	return value ? "true" : "false";
}

static void mechanisms(bool is_8224, bool is_4474, char *out, size_t size)
{
	snprintf(out, size, "[%s%s%s]", is_8224 ? "rfc8224" : "",
		is_8224 && is_4474 ? ", " : "", is_4474 ? "rfc4474" : "");
}

static void view_name(
	const struct config *config, const struct config_peer *peer, char *out, size_t size)
{
	(void)config;
	snprintf(out, size, "%s", peer->name);
}

static void view_domain(
	const struct config *config, const struct config_peer *peer, char *out, size_t size)
{
	(void)config;
	snprintf(out, size, "%s", peer->domain);
}

static void view_address(
	const struct config *config, const struct config_peer *peer, char *out, size_t size)
{
	char text[NETADDR_TEXT_MAX];

	(void)config;
	if (peer->user && peer->user[0])
		snprintf(out, size, "of %s", peer->user);
	else if (!peer->host[0])
		snprintf(out, size, "%s", netaddr_print(&peer->address, text));
	else if (peer->port)
		snprintf(out, size, "%s:%u", peer->host, peer->port);
	else
		snprintf(out, size, "%s", peer->host);
}

static void view_transport(
	const struct config *config, const struct config_peer *peer, char *out, size_t size)
{
	(void)config;
	snprintf(out, size, "%s",
		peer->is_transport_open ? "dns" : transport_kind_name(peer->transport));
}

static void view_profile(
	const struct config *config, const struct config_peer *peer, char *out, size_t size)
{
	(void)config;
	snprintf(out, size, "%s", peer->profile);
}

static bool leads_to(const struct config *config, const struct config_route *route,
	const struct config_peer *peer)
{
	if (!route->target_count)
		return &config->peers[route->peer_index] == peer;
	for (size_t i = 0; i < route->target_count; i++)
		if (&config->peers[route->targets[i].peer_index] == peer)
			return true;
	return false;
}

static void view_routes(
	const struct config *config, const struct config_peer *peer, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < config->route_count && used < size; i++) {
		const struct config_route *route = &config->routes[i];
		if (leads_to(config, route, peer))
			used += (size_t)snprintf(out + used, size - used, "%s%s%s%s%s%s",
				used ? ", " : "", route->prefix, route->prefix[0] ? "*" : "",
				route->domain[0] ? "@" : "", route->domain,
				route->has_from ? " of a peer" : "");
	}
}

static void view_authenticates(
	const struct config *config, const struct config_peer *peer, char *out, size_t size)
{
	(void)config;
	snprintf(out, size, "%s", yes_no(peer->authenticates));
}

static void view_probe(
	const struct config *config, const struct config_peer *peer, char *out, size_t size)
{
	if (peer->probe && config->dispatcher.ds_ping_interval)
		snprintf(out, size, "each %u s", config->dispatcher.ds_ping_interval);
	else
		snprintf(out, size, "false");
}

static void view_calls(
	const struct config *config, const struct config_peer *peer, char *out, size_t size)
{
	(void)config;
	snprintf(out, size,
		"%u at once, %u a second, %u kbit/s, %u registrations (0: no limit)",
		peer->calls_max, peer->calls_per_s_max, peer->bandwidth_kbps_max,
		peer->registrations_max);
}

static void view_login(
	const struct config *config, const struct config_peer *peer, char *out, size_t size)
{
	(void)config;
	out[0] = '\0';
	if (peer->auth_user && peer->auth_user[0])
		snprintf(out, size, "%s in realm %s%s", peer->auth_user,
			peer->auth_realm && peer->auth_realm[0] ? peer->auth_realm
								: peer->domain,
			peer->auth_md5 ? ", MD5 too" : "");
}

static void view_register(
	const struct config *config, const struct config_peer *peer, char *out, size_t size)
{
	(void)config;
	out[0] = '\0';
	if (peer->register_as && peer->register_as[0])
		snprintf(
			out, size, "%s each %u s", peer->register_as, peer->register_expires_s);
}

static void view_headers(
	const struct config *config, const struct config_peer *peer, char *out, size_t size)
{
	(void)config;
	snprintf(out, size, "%zu rules", peer->header_count);
}

/* What has no bit in peer->written comes from the file alone. */
static const struct {
	const char *key;
	view_h *print;
} plain[] = {
	{"name", view_name},
	{"domain", view_domain},
	{"address", view_address},
	{"transport", view_transport},
	{"profile", view_profile},
	{"authenticates", view_authenticates},
	{"probe", view_probe},
	{"limits", view_calls},
	{"login", view_login},
	{"register", view_register},
	{"headers", view_headers},
	{"routes", view_routes},
};
#define PLAIN_COUNT (sizeof(plain) / sizeof(plain[0]))

static void view_setting(enum peer_key key, const struct config_peer *s, char *out)
{
	switch (key) {
	case PEER_KEY_MEDIA:
		snprintf(out, PEER_VIEW_VALUE_MAX, "%s", media_mode_name(s->media));
		break;
	case PEER_KEY_SIGN:
		mechanisms(s->sign_8224, s->sign_4474, out, PEER_VIEW_VALUE_MAX);
		break;
	case PEER_KEY_ACCEPT:
		mechanisms(s->accept_8224, s->accept_4474, out, PEER_VIEW_VALUE_MAX);
		break;
	case PEER_KEY_IDENTITY_REQUIRED:
		snprintf(out, PEER_VIEW_VALUE_MAX, "%s", yes_no(s->identity_required));
		break;
	case PEER_KEY_REQUIRE_MKY:
		snprintf(out, PEER_VIEW_VALUE_MAX, "%s", yes_no(s->require_mky));
		break;
	case PEER_KEY_ALLOW_HTTP:
		snprintf(out, PEER_VIEW_VALUE_MAX, "%s", yes_no(s->allow_http));
		break;
	case PEER_KEY_TRUSTED:
		snprintf(out, PEER_VIEW_VALUE_MAX, "%s", yes_no(s->is_trusted));
		break;
	case PEER_KEY_ALLOW_DOWNGRADE:
		snprintf(
			out, PEER_VIEW_VALUE_MAX, "%s", yes_no(s->media_rules.allow_downgrade));
		break;
	case PEER_KEY_ANSWER_IDENTITY:
		snprintf(out, PEER_VIEW_VALUE_MAX, "%s",
			answer_identity_name(s->answer_identity));
		break;
	case PEER_KEY_REFER:
		snprintf(out, PEER_VIEW_VALUE_MAX, "%s", refer_name(s->refer));
		break;
	case PEER_KEY_COUNT:
		break;
	}
}

bool peer_view_line(const struct config *config, const struct config_peer *peer, size_t index,
	struct peer_view_line *out)
{
	enum peer_key key;

	if (index < PLAIN_COUNT) {
		out->key = plain[index].key;
		out->origin = "file";
		plain[index].print(config, peer, out->value, sizeof(out->value));
		return true;
	}
	if (index - PLAIN_COUNT >= PEER_KEY_COUNT)
		return false;
	key = (enum peer_key)(index - PLAIN_COUNT);
	out->key = peer_key_name(key);
	out->origin = peer->written & 1u << key ? "file" : "profile";
	view_setting(key, peer, out->value);
	return true;
}
