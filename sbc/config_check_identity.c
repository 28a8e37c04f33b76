/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What keys of the configuration say together about identity: keys that sign, names that users
 * may call as, what a peer's calls are signed with. After the table has filled struct config.
 * Pure. */

#include <string.h>

#include "sbc/config_tree.h"

static bool has(const char *text)
{
	return text && text[0];
}

static void check_key(struct config_reading *r, size_t i)
{
	const struct config *config = r->config;
	const struct config_key *key = &config->keys[i];

	for (size_t j = 0; j < i; j++) {
		if (has(key->name) && !strcmp(key->name, config->keys[j].name))
			config_fault(r->faults, config_item_key(r, "keys", i, "name"),
				"the key %s stands twice", key->name);
	}
	if (has(key->domain) && !config_domain_find(config, slice_str(key->domain)))
		config_fault(r->faults, config_item_key(r, "keys", i, "domain"),
			"%s is not one of our domains", key->domain);
	if (!has(key->info_url) && !config->http.is_enabled)
		config_fault(r->faults, config_item(r, "keys", i),
			"nobody can fetch the certificate of the key %s: give its info_url, or "
			"a "
			"section http that serves it",
			key->name);
}

static void check_claims(struct config_reading *r, size_t i)
{
	struct slice rest = slice_str(r->config->users[i].also);

	while (rest.len) {
		struct slice name = slice_cut(&rest, ' ');
		if (!name.len || slice_find(name, '@') == name.len)
			continue;
		config_fault(r->faults, config_item_key(r, "users", i, "also"),
			"\"%.*s\": the names are of the user's own domain, without @",
			SLICE_ARG(slice_head(name, 60)));
	}
}

static bool has_number_key(const struct config *config)
{
	for (size_t i = 0; i < config->key_count; i++) {
		if (!has(config->keys[i].domain))
			return true;
	}
	return false;
}

static void check_signing(struct config_reading *r, size_t i)
{
	const struct config_peer *peer = &r->config->peers[i];

	if (!peer->shaken)
		return;
	if (!peer->sign_8224)
		config_fault(r->faults, config_item_key(r, "peers", i, "shaken"),
			"shaken is a kind of rfc8224, which sign does not name");
	if (!has_number_key(r->config))
		config_fault(r->faults, config_item_key(r, "peers", i, "shaken"),
			"shaken needs a key for numbers: one of keys without a domain");
}

void config_check_identity(struct config_reading *r)
{
	for (size_t i = 0; i < r->config->key_count; i++)
		check_key(r, i);
	for (size_t i = 0; i < r->config->user_count; i++)
		check_claims(r, i);
	for (size_t i = 0; i < r->config->peer_count; i++)
		check_signing(r, i);
}
