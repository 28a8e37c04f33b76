/* SPDX-License-Identifier: GPL-3.0-or-later */
/* peer.show: a peer as it is in force, and how it does just now. Signalling thread. */

#include <stdio.h>

#include "sbc/core.h"
#include "sbc/peer_view.h"
#include "sbc/rpc.h"

static const struct config_peer *find(const struct config *config, struct slice name)
{
	for (size_t i = 0; i < config->peer_count; i++) {
		if (slice_equal(slice_str(config->peers[i].name), name))
			return &config->peers[i];
	}
	return NULL;
}

static void put(struct rpc_call *call, const char *key, const char *value, const char *origin)
{
	rpc_open_struct(call, NULL);
	rpc_str(call, "key", key);
	rpc_str(call, "value", value);
	rpc_str(call, "origin", origin);
	rpc_close(call);
}

static void put_number(struct rpc_call *call, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	put(call, key, text, "now");
}

static void put_now(struct rpc_call *call, const struct peer_entry *entry)
{
	const struct peer_address *address = peer_entry_address(entry);
	char text[NETADDR_TEXT_MAX];

	put(call, "state", peer_entry_flags(entry), "now");
	put(call, "address in use", address ? netaddr_print(&address->address, text) : "none",
		"now");
	put_number(call, "calls now", entry->calls_now);
	put_number(call, "kbit/s now", entry->kbps_now);
	put_number(call, "calls refused", entry->calls_refused);
	put_number(call, "probes sent", entry->probes_sent);
	put_number(call, "probes failed", entry->probes_failed);
}

static enum rpc_step peer_show(struct rpc_call *call)
{
	const struct sbc *sbc = call->world->sbc;
	struct slice name = rpc_param(call, 0, "name");
	const struct config_peer *peer = find(sbc->config, name);
	const struct peer_entry *entry = peer ? peer_table_find(sbc->peers, peer) : NULL;
	struct peer_view_line line;

	if (!peer)
		return rpc_fault(call, 404, "there is no such peer");
	rpc_open_array(call, NULL, "line");
	for (size_t i = 0; peer_view_line(sbc->config, peer, i, &line); i++)
		put(call, line.key, line.value, line.origin);
	if (entry)
		put_now(call, entry);
	rpc_close(call);
	return RPC_DONE;
}

static const struct rpc_command commands[] = {
	{"peer.show", peer_show, RPC_READ, "NAME",
		"a peer as its profile and its own keys make it, and its state"},
};

const struct rpc_family rpc_peer_family = {commands, sizeof(commands) / sizeof(commands[0])};
