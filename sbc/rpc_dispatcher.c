/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Kamailio's dispatcher commands over our peers, which are one set: 1. Signalling thread. */

#include <stdio.h>

#include "sbc/core.h"
#include "sbc/rpc.h"

#define SET_ID 1

static const char *const schemes[TRANSPORT_KIND_COUNT] = {
	[TRANSPORT_UDP] = "",
	[TRANSPORT_TCP] = ";transport=tcp",
	[TRANSPORT_TLS] = ";transport=tls",
};

/* "sip:192.0.2.1:5061;transport=tls"; of a name that nobody resolved yet the name. */
#define URI_MAX 320
static const char *print_uri(
	const struct config_peer *peer, const struct peer_entry *entry, char *out)
{
	const struct peer_address *address = peer_entry_address(entry);
	char text[NETADDR_TEXT_MAX];

	if (address)
		snprintf(out, URI_MAX, "sip:%s%s", netaddr_print(&address->address, text),
			schemes[address->transport]);
	else
		snprintf(out, URI_MAX, "sip:%s%s", peer->host, schemes[peer->transport]);
	return out;
}

static void put_peer(
	struct rpc_call *call, const struct config_peer *peer, const struct peer_entry *entry)
{
	char text[URI_MAX];

	rpc_open_item(call, "DEST");
	rpc_str(call, "URI", print_uri(peer, entry, text));
	rpc_str(call, "FLAGS", peer_entry_flags(entry));
	rpc_integer(call, "PRIORITY", 0);
	rpc_open_struct(call, "ATTRS");
	snprintf(text, sizeof(text), "duid=%s", peer->name);
	rpc_str(call, "BODY", text);
	rpc_str(call, "DUID", peer->name);
	rpc_integer(call, "MAXLOAD", peer->calls_max);
	rpc_integer(call, "WEIGHT", 0);
	rpc_integer(call, "RWEIGHT", 0);
	rpc_str(call, "SOCKET", "");
	rpc_str(call, "SOCKNAME", "");
	rpc_str(call, "OBPROXY", "");
	rpc_close(call);
	rpc_open_struct(call, "RUNTIME");
	rpc_integer(call, "DLGLOAD", entry->calls_now);
	rpc_close(call);
	rpc_close_item(call);
}

/* At most a thousand peers: in one step. */
static enum rpc_step list(struct rpc_call *call)
{
	const struct sbc *sbc = call->world->sbc;

	rpc_open_struct(call, NULL);
	rpc_integer(call, "NRSETS", 1);
	rpc_open_array(call, "RECORDS", NULL);
	rpc_open_item(call, "SET");
	rpc_integer(call, "ID", SET_ID);
	rpc_open_array(call, "TARGETS", NULL);
	for (size_t i = 0; i < sbc->config->peer_count; i++)
		put_peer(call, &sbc->config->peers[i], sbc->peers->entries[i]);
	rpc_close(call);
	rpc_close_item(call);
	rpc_close(call);
	rpc_close(call);
	return RPC_DONE;
}

/* "ap": state and, p, whether it is probed. */
static bool read_state(struct slice word, enum peer_state *state, bool *is_probing)
{
	static const char letters[] = "atid"; /* as enum peer_state */
	const char *at;
	char first = word.len ? (char)(word.ptr[0] | 0x20) : '\0';

	at = first ? strchr(letters, first) : NULL;
	*is_probing = word.len == 2 && (word.ptr[1] | 0x20) == 'p';
	if (!at || (word.len != 1 && !*is_probing &&
			   !(word.len == 2 && (word.ptr[1] | 0x20) == 'x')))
		return false;
	*state = (enum peer_state)(at - letters);
	return true;
}

static bool is_meant(
	const struct config_peer *peer, const struct peer_entry *entry, struct slice address)
{
	char uri[URI_MAX];

	return slice_equal_nocase(address, SLICE("all")) ||
	       slice_equal(address, slice_str(peer->name)) ||
	       slice_equal(address, slice_str(print_uri(peer, entry, uri)));
}

static enum rpc_step set_state(struct rpc_call *call)
{
	struct sbc *sbc = call->world->sbc;
	struct slice address = rpc_param(call, 2, "address");
	enum peer_state state;
	bool is_probing, is_any = false;
	uint64_t set;

	if (!address.len || !rpc_param_number(call, 1, "group", &set))
		return rpc_fault(call, 500, "Invalid Parameters");
	if (!read_state(rpc_param(call, 0, "state"), &state, &is_probing))
		return rpc_fault(call, 500, "Unknown State Value");
	for (size_t i = 0; set == SET_ID && i < sbc->config->peer_count; i++) {
		struct peer_entry *entry = sbc->peers->entries[i];
		if (!is_meant(&sbc->config->peers[i], entry, address))
			continue;
		peer_entry_set_state(entry, state, is_probing);
		log_event(sbc->log, LOG_INFO, "sbc", "peer.state",
			"peer=%s flags=%s why=\"by command\"", entry->name,
			peer_entry_flags(entry));
		is_any = true;
	}
	if (!is_any)
		return rpc_fault(call, 404, "No such set or address");
	rpc_str(call, NULL, "Ok. Dispatcher state updated.");
	return RPC_DONE;
}

static const struct rpc_command commands[] = {
	{"dispatcher.list", list, RPC_READ, "", "peers, whether they answer, their calls"},
	{"dispatcher.set_state", set_state, RPC_WRITE, "STATE 1 ADDRESS",
		"a (active), t (trying), i (inactive) or d (disabled), with p: probed; "
		"ADDRESS as dispatcher.list has it, a peer's name, or all"},
};

const struct rpc_family rpc_dispatcher_family = {
	commands, sizeof(commands) / sizeof(commands[0])};
