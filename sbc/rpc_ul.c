/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Kamailio's ul.dump, ul.lookup and ul.rm over our location service: kamctl ul show.
 * Signalling thread. */

#include <stdio.h>

#include "base/err.h"
#include "sbc/core.h"
#include "sbc/rpc.h"

#define SLOTS_STEP 64 /* of the table, before the loop goes on */
#define TABLE      "location"

static usec_t now_of(const struct rpc_call *call)
{
	return call->world->now();
}

static void put_contact(struct rpc_call *call, const struct registrar_binding *binding)
{
	const struct sbc *sbc = call->world->sbc;
	usec_t left = binding->expires_at - now_of(call);
	struct slice path = registrar_path(binding);
	char from[NETADDR_TEXT_MAX];

	rpc_open_item(call, "Contact");
	rpc_str(call, "Address", binding->contact);
	rpc_integer(call, "Expires", left > 0 ? (uint64_t)(left / USEC_PER_SEC) : 0);
	rpc_str(call, "Q", "-1");
	rpc_str(call, "Call-ID", binding->call_id);
	rpc_integer(call, "CSeq", binding->cseq);
	rpc_str(call, "User-Agent", "[not set]");
	rpc_printf(call, "Received", "sip:%s", netaddr_print(&binding->from, from));
	if (path.len > 7) /* "Route: ", and the others' line ends */
		rpc_printf(call, "Path", "%.*s",
			SLICE_ARG(slice_head(
				slice_from(path, 7), slice_find(slice_from(path, 7), '\r'))));
	else
		rpc_str(call, "Path", "[not set]");
	rpc_str(call, "State", "CS_SYNC");
	rpc_integer(call, "Flags", 0);
	rpc_integer(call, "CFlags", 0);
	rpc_printf(call, "Socket", "%s:%s", transport_kind_name(binding->hop.kind),
		sbc->listeners.items[binding->hop.listener].sent_by);
	rpc_close_item(call);
}

struct dumping {
	struct rpc_call *call;
	bool is_brief;
};

static void put_record(
	const char *aor, const struct registrar_binding *bindings, size_t count, void *arg)
{
	struct dumping *dumping = arg;
	struct rpc_call *call = dumping->call;

	call->progress.count++;
	if (dumping->is_brief && call->writer.dialect->has_named_items) {
		rpc_str(call, "AoR", aor);
		return;
	}
	if (dumping->is_brief)
		rpc_open_struct(call, NULL);
	else
		rpc_open_item(call, "Info");
	rpc_str(call, "AoR", aor);
	if (dumping->is_brief) {
		rpc_close(call);
		return;
	}
	rpc_open_array(call, "Contacts", NULL);
	for (size_t i = 0; i < count; i++)
		put_contact(call, &bindings[i]);
	rpc_close(call);
	rpc_close_item(call);
}

static enum rpc_step dump(struct rpc_call *call)
{
	struct dumping dumping = {.call = call,
		.is_brief = slice_equal(rpc_param(call, 0, "brief"), SLICE("brief"))};
	struct registrar *registrar = call->world->sbc->registrar;
	size_t place = call->progress.skip;

	if (!call->progress.step) {
		rpc_open_struct(call, NULL);
		rpc_open_array(call, "Domains", NULL);
		rpc_open_item(call, "Domain");
		rpc_str(call, "Domain", TABLE);
		rpc_open_array(call, "AoRs", NULL);
	}
	if (registrar_walk(registrar, &place, SLOTS_STEP, put_record, &dumping)) {
		call->progress.skip = place;
		return RPC_MORE;
	}
	rpc_close(call);
	rpc_open_struct(call, "Stats");
	rpc_integer(call, "Records", call->progress.count);
	rpc_close(call);
	rpc_close_item(call);
	rpc_close(call);
	rpc_close(call);
	return RPC_DONE;
}

/* "alice@atlanta.test", or a name of our first domain. False: the table's name, or it, is
 * wrong. */
static bool read_aor(const struct rpc_call *call, char *out, size_t size)
{
	const struct config *config = call->world->sbc->config;
	struct slice aor = rpc_param(call, 1, "aor");
	bool is_whole = slice_find(aor, '@') < aor.len;

	if (!aor.len || aor.len > 200 ||
		!slice_equal(rpc_param(call, 0, "table"), SLICE(TABLE)))
		return false;
	snprintf(out, size, "%.*s%s%s", SLICE_ARG(aor), is_whole ? "" : "@",
		is_whole ? "" : config->domains[0].name);
	return true;
}

static enum rpc_step lookup(struct rpc_call *call)
{
	struct registrar *registrar = call->world->sbc->registrar;
	const struct registrar_binding *binding;
	char aor[400];

	if (!read_aor(call, aor, sizeof(aor)))
		return rpc_fault(call, 500, "Invalid Parameters");
	if (!registrar_find(registrar, slice_str(aor), now_of(call), 0))
		return rpc_fault(call, 500, "AOR not found in location table");
	rpc_open_struct(call, NULL);
	rpc_str(call, "AoR", aor);
	rpc_open_array(call, "Contacts", NULL);
	for (size_t i = 0;
		(binding = registrar_find(registrar, slice_str(aor), now_of(call), i)); i++)
		put_contact(call, binding);
	rpc_close(call);
	rpc_close(call);
	return RPC_DONE;
}

static enum rpc_step rm(struct rpc_call *call)
{
	char aor[400];

	if (!read_aor(call, aor, sizeof(aor)))
		return rpc_fault(call, 500, "Invalid Parameters");
	if (registrar_remove(call->world->sbc->registrar, slice_str(aor)))
		return rpc_fault(call, 500, "AOR not found in location table");
	rpc_str(call, NULL, "Ok. Contacts removed.");
	return RPC_DONE;
}

static const struct rpc_command commands[] = {
	{"ul.dump", dump, RPC_READ, "[brief]",
		"who is registered, with each contact; one that registers meanwhile may be "
		"shown twice or not"},
	{"ul.lookup", lookup, RPC_READ, "location AOR", "contacts of one user"},
	{"ul.rm", rm, RPC_WRITE, "location AOR", "forgets a user's contacts"},
};

const struct rpc_family rpc_ul_family = {commands, sizeof(commands) / sizeof(commands[0])};
