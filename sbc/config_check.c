/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What keys of the configuration say together: names that must exist, names and addresses
 * that must differ, keys that go in pairs. After the table has filled struct config; items
 * of its lists stand in the order of the tree's. Pure. */

#include <stdio.h>

#include "sbc/config_tree.h"

#define DEFAULT_PORT_HTTP 443
#define DEFAULT_PORT_RPC  8480

static bool has(const char *text)
{
	return text && text[0];
}

const struct config_node *config_item(
	const struct config_reading *r, const char *list, size_t index)
{
	const struct config_node *node =
		config_node_item(config_node_get(r->root, list), index);

	return node ? node : r->root;
}

/* Where a key of an item stands; the item itself when the key is not written. */
const struct config_node *config_item_key(
	const struct config_reading *r, const char *list, size_t index, const char *key)
{
	const struct config_node *node = config_item(r, list, index);
	const struct config_node *value = config_node_get(node, key);

	return value ? value : node;
}

static void check_pair(struct config_reading *r, const struct config_node *node,
	const char *certificate, const char *key, const char *prefix)
{
	if (has(certificate) != has(key))
		config_fault(r->faults, node,
			"%scertificate and %skey go together: %s%s is missing", prefix, prefix,
			prefix, has(certificate) ? "key" : "certificate");
}

static void nearest_domain(const struct config *config, const char *written, const char **out)
{
	int best = 100;

	*out = NULL;
	for (size_t i = 0; i < config->domain_count; i++) {
		int far = config_word_distance(
			slice_str(written), slice_str(config->domains[i].name));
		if (far >= 0 && far < best) {
			best = far;
			*out = config->domains[i].name;
		}
	}
}

/* ---- domains ---- */

static bool is_signed_for_peers(const struct config *config)
{
	for (size_t i = 0; i < config->peer_count; i++)
		if (config->peers[i].sign_8224 || config->peers[i].sign_4474)
			return true;
	return false;
}

static void check_domain(struct config_reading *r, size_t i)
{
	const struct config *config = r->config;
	const struct config_domain *d = &config->domains[i];

	for (size_t j = 0; j < i && has(d->name); j++)
		if (!strcmp(d->name, config->domains[j].name)) {
			config_fault(r->faults, config_item_key(r, "domains", i, "name"),
				"the domain %s stands twice", d->name);
			break;
		}
	check_pair(r, config_item(r, "domains", i), d->certificate, d->key, "");
	check_pair(r, config_item(r, "domains", i), d->rsa_certificate, d->rsa_key, "rsa_");
	if (has(d->rsa_info_url) && !has(d->rsa_certificate))
		config_fault(r->faults, config_item_key(r, "domains", i, "rsa_info_url"),
			"rsa_info_url without rsa_certificate");
	if (has(d->name) && !has(d->info_url) && !config->http.is_enabled &&
		is_signed_for_peers(config))
		config_fault(r->faults, config_item(r, "domains", i),
			"nobody can fetch the certificate of %s: give its info_url, or a "
			"section "
			"http that serves it",
			d->name);
}

static void check_domains(struct config_reading *r)
{
	const struct config *config = r->config;
	const struct config_node *list = config_node_get(r->root, "domains");

	if (list && list->kind == CONFIG_SEQUENCE && !list->count)
		config_fault(r->faults, list, "at least one domain is needed");
	for (size_t i = 0; i < config->domain_count; i++)
		check_domain(r, i);
}

/* ---- listeners ---- */

static bool overlap(const struct netaddr *a, const struct netaddr *b)
{
	if (!netaddr_is_set(a) || !netaddr_is_set(b) || netaddr_port(a) != netaddr_port(b))
		return false;
	if (netaddr_equal_host(a, b))
		return true;
	return a->sa.sa_family == b->sa.sa_family && (netaddr_is_any(a) || netaddr_is_any(b));
}

static void check_tls_keys(struct config_reading *r, size_t i)
{
	static const char *const keys[] = {
		"certificate", "key", "ca", "require_client_certificate"};
	const struct config_listener *l = &r->config->listeners[i];
	const struct config_node *node = config_item(r, "listeners", i);

	if (l->transport == TRANSPORT_TLS) {
		check_pair(r, node, l->certificate, l->key, "");
		return;
	}
	for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
		if (config_node_get(node, keys[k]) && config_node_get(node, "transport"))
			config_fault(r->faults, config_node_get(node, keys[k]),
				"%s belongs to listeners with transport tls", keys[k]);
}

static void check_listener(struct config_reading *r, size_t i)
{
	struct config_listener *l = &r->config->listeners[i];
	const struct config_node *where = config_item_key(r, "listeners", i, "address");
	char text[NETADDR_TEXT_MAX];

	check_tls_keys(r, i);
	if (!netaddr_is_set(&l->address))
		return;
	if (!netaddr_port(&l->address))
		netaddr_set_port(&l->address,
			l->transport == TRANSPORT_TLS ? CONFIG_PORT_TLS : CONFIG_PORT);
	if (netaddr_is_any(&l->address) && !has(l->advertised))
		config_fault(r->faults, where,
			"others cannot answer to %s: tell them where with \"advertised\"",
			netaddr_print_host(&l->address, text));
	for (size_t j = 0; j < i; j++) {
		const struct config_listener *other = &r->config->listeners[j];
		if ((l->transport == TRANSPORT_UDP) == (other->transport == TRANSPORT_UDP) &&
			overlap(&l->address, &other->address)) {
			config_fault(r->faults, where, "%s is taken by the listener in line %u",
				netaddr_print(&l->address, text),
				config_item_key(r, "listeners", j, "address")->line);
			return;
		}
	}
}

static void check_listeners(struct config_reading *r)
{
	const struct config_node *list = config_node_get(r->root, "listeners");

	if (list && list->kind == CONFIG_SEQUENCE && !list->count)
		config_fault(r->faults, list, "at least one listener is needed");
	for (size_t i = 0; i < r->config->listener_count; i++)
		check_listener(r, i);
}

/* ---- users ---- */

/* Its registrar has the password. */
static bool is_relayed(const struct config *config, const struct config_user *user)
{
	const struct config_domain *domain =
		has(user->domain) ? config_domain_find(config, slice_str(user->domain)) : NULL;

	return domain && has(domain->registrar);
}

static void check_user(struct config_reading *r, size_t i)
{
	struct config_user *u = &r->config->users[i];
	const struct config_node *node = config_item(r, "users", i);
	const char *nearest;

	config_resolve_interface(
		r, config_item_key(r, "users", i, "interface"), &u->media_rules);
	if (has(u->domain) && !config_domain_find(r->config, slice_str(u->domain))) {
		nearest_domain(r->config, u->domain, &nearest);
		config_fault(r->faults, config_item_key(r, "users", i, "domain"),
			"%s is not one of our domains%s%s%s", u->domain,
			nearest ? "; did you mean \"" : "", nearest ? nearest : "",
			nearest ? "\"?" : "");
	}
	if (node->kind == CONFIG_MAPPING && !is_relayed(r->config, u) &&
		!config_node_get(node, "ha1_sha256") &&
		!config_node_get(node, "ha1_sha512_256") && !config_node_get(node, "ha1_md5") &&
		!config_node_get(node, "tls_name"))
		config_fault(r->faults, node,
			"the user has no password: give ha1_sha256, ha1_sha512_256 or ha1_md5, "
			"or "
			"a tls_name");
	if (has(u->name) && has(u->domain) &&
		config_user_find(r->config, slice_str(u->name), slice_str(u->domain)) != u)
		config_fault(r->faults, config_item_key(r, "users", i, "name"),
			"%s@%s stands twice", u->name, u->domain);
}

/* ---- sections ---- */

static void check_media(struct config_reading *r)
{
	struct config_media *m = &r->config->media;
	const struct config_node *list =
		config_node_get(config_node_get(r->root, "media"), "interfaces");

	if (list && list->kind == CONFIG_SEQUENCE && !list->count)
		config_fault(r->faults, list, "at least one interface is needed");
	for (size_t i = 0; i < m->interface_count; i++) {
		struct config_interface *interface = &m->interfaces[i];
		if (netaddr_is_set(&interface->advertised)) {
			if (netaddr_is_any(&interface->advertised))
				config_fault(r->faults, config_node_item(list, i),
					"nothing can be sent to the advertised address");
		} else if (netaddr_is_set(&interface->address) &&
			   netaddr_is_any(&interface->address)) {
			config_fault(r->faults, config_node_item(list, i),
				"media cannot be sent to this address: tell where with "
				"\"advertised\"");
		}
	}
	if (m->dtls_retransmit_ms >= m->dtls_deadline_ms)
		config_fault(r->faults,
			config_node_get(config_node_get(r->root, "media"), "dtls_deadline_ms"),
			"dtls_deadline_ms must be longer than dtls_retransmit_ms");
}

/* Also used for peers. */
void config_resolve_interface(struct config_reading *r, const struct config_node *at,
	struct config_media_rules *rules)
{
	const struct config_media *m = &r->config->media;

	if (!has(rules->interface))
		return;
	for (size_t i = 0; i < m->interface_count; i++) {
		if (has(m->interfaces[i].name) &&
			!strcmp(m->interfaces[i].name, rules->interface)) {
			rules->interface_index = i;
			return;
		}
	}
	config_fault(r->faults, at, "no media interface has the name \"%s\"", rules->interface);
}

static void check_http(struct config_reading *r)
{
	struct config_http *http = &r->config->http;
	const struct config_node *section = config_node_get(r->root, "http");
	const struct config_node *where = config_node_get(section, "address");
	char text[NETADDR_TEXT_MAX];

	if (config_node_is_null(section))
		return;
	check_pair(r, section, http->certificate, http->key, "");
	if (netaddr_is_set(&http->address) && !netaddr_port(&http->address))
		netaddr_set_port(&http->address, DEFAULT_PORT_HTTP);
	for (size_t i = 0; i < r->config->listener_count && http->is_enabled; i++) {
		const struct config_listener *l = &r->config->listeners[i];
		if (l->transport != TRANSPORT_UDP && overlap(&http->address, &l->address))
			config_fault(r->faults, where ? where : section,
				"%s is taken by the listener in line %u",
				netaddr_print(&http->address, text),
				config_item_key(r, "listeners", i, "address")->line);
	}
}

bool config_is_loopback(const struct netaddr *address)
{
	struct netaddr_block four, six;

	return !netaddr_block_parse(&four, SLICE("127.0.0.0/8")) &&
	       !netaddr_block_parse(&six, SLICE("::1/128")) &&
	       (netaddr_block_has(&four, address) || netaddr_block_has(&six, address));
}

/* A token that goes over a network in the clear is everybody's. */
static void check_rpc_http(struct config_reading *r, const struct config_node *section)
{
	struct config_rpc *rpc = &r->config->rpc;
	struct netaddr *address = &rpc->http_address;
	const struct config_node *where = config_node_get(section, "http_address");
	char text[NETADDR_TEXT_MAX];

	check_pair(r, section, rpc->http_certificate, rpc->http_key, "http_");
	if (has(rpc->http_ca) && !has(rpc->http_certificate))
		config_fault(r->faults, config_node_get(section, "http_ca"),
			"http_ca without http_certificate: nobody shows a certificate without "
			"TLS");
	if (!netaddr_is_set(address))
		return;
	if (!netaddr_port(address))
		netaddr_set_port(address, DEFAULT_PORT_RPC);
	if (!config_is_loopback(address) && !has(rpc->http_certificate))
		config_fault(r->faults, where,
			"others than this machine get to %s: give http_certificate and "
			"http_key, or 127.0.0.1",
			netaddr_print(address, text));
	if (r->config->http.is_enabled && overlap(address, &r->config->http.address))
		config_fault(r->faults, where, "%s is taken by the section http",
			netaddr_print(address, text));
}

/* Without the section nothing is opened. */
static void check_rpc(struct config_reading *r)
{
	struct config_rpc *rpc = &r->config->rpc;
	const struct config_node *section = config_node_get(r->root, "rpc");
	const struct {
		const char *key, *value;
	} folders[] = {{"run_dir", rpc->run_dir}, {"fifo_reply_dir", rpc->fifo_reply_dir}};

	if (config_node_is_null(section)) {
		rpc->is_enabled = false;
		return;
	}
	check_rpc_http(r, section);
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (!has(folders[i].value))
			config_fault(r->faults, config_node_get(section, folders[i].key),
				"%s may not be empty", folders[i].key);
}

static void check_lab(struct config_reading *r)
{
	const struct config_node *section = config_node_get(r->root, "lab");

	if (!r->config->lab.is_enabled && has(r->config->lab.key_log))
		config_fault(r->faults, config_node_get(section, "key_log"),
			"it gives away the media of all calls: say \"enabled: true\" beside "
			"it, "
			"in a laboratory");
}

static void check_registration(struct config_reading *r)
{
	const struct config *c = r->config;
	const struct config_node *section = config_node_get(r->root, "registration");

	if (c->registration_min_s > c->registration_default_s ||
		c->registration_default_s > c->registration_max_s)
		config_fault(r->faults, section ? section : r->root,
			"min_s, default_s and max_s must rise: they are %u, %u and %u",
			c->registration_min_s, c->registration_default_s,
			c->registration_max_s);
}

void config_check(struct config_reading *r)
{
	/* What is not written does not listen. */
	if (config_node_is_null(config_node_get(r->root, "http")))
		r->config->http.is_enabled = false;
	config_apply_profiles(r);
	check_domains(r);
	check_listeners(r);
	check_http(r);
	check_rpc(r);
	check_lab(r);
	for (size_t i = 0; i < r->config->user_count; i++)
		check_user(r, i);
	config_check_peers(r);
	config_check_identity(r);
	check_media(r);
	check_registration(r);
}
