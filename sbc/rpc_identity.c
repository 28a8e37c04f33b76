/* SPDX-License-Identifier: GPL-3.0-or-later */
/* identity.*: who proved what. Signalling thread. */

#include "sbc/policy_link.h"
#include "sbc/rpc_dlg.h"

static enum rpc_step identity_stats(struct rpc_call *call)
{
	struct sbc_counters counters;

	sbc_counters(call->world->sbc, &counters);
	rpc_open_struct(call, NULL);
	rpc_integer(call, "verified", counters.identity_verified);
	rpc_integer(call, "refused", counters.identity_refused);
	rpc_close(call);
	return RPC_DONE;
}

static enum rpc_step identity_domains(struct rpc_call *call)
{
	const struct config *config = call->world->sbc->config;
	char url[POLICY_LINK_URL_MAX];

	rpc_open_array(call, NULL, "domain");
	for (size_t i = 0; i < config->domain_count; i++) {
		rpc_open_struct(call, NULL);
		rpc_str(call, "name", config->domains[i].name);
		rpc_str(call, "certificate_url", policy_link_info_url(config, i, false, url));
		rpc_integer(call, "rfc4474", config->domains[i].rsa_certificate[0] != '\0');
		rpc_close(call);
	}
	rpc_close(call);
	return RPC_DONE;
}

static enum rpc_step identity_peers(struct rpc_call *call)
{
	const struct config *config = call->world->sbc->config;

	rpc_open_array(call, NULL, "peer");
	for (size_t i = 0; i < config->peer_count && i < 1000; i++) {
		const struct config_peer *peer = &config->peers[i];
		rpc_open_struct(call, NULL);
		rpc_str(call, "name", peer->name);
		rpc_str(call, "domain", peer->domain);
		rpc_integer(call, "sign_rfc8224", peer->sign_8224);
		rpc_integer(call, "sign_rfc4474", peer->sign_4474);
		rpc_integer(call, "accept_rfc8224", peer->accept_8224);
		rpc_integer(call, "accept_rfc4474", peer->accept_4474);
		rpc_integer(call, "identity_required", peer->identity_required);
		rpc_integer(call, "require_mky", peer->require_mky);
		rpc_close(call);
	}
	rpc_close(call);
	return RPC_DONE;
}

static void put_call(struct rpc_call *call, const struct call *dialog)
{
	rpc_dlg_leg(call, NULL, dialog, 0);
	rpc_dlg_leg(call, NULL, dialog, 1);
}

static enum rpc_step identity_list(struct rpc_call *call)
{
	struct dlg_choice choice = {0};
	enum rpc_step step;

	if (call->request.param_count &&
		!(rpc_param_number(call, 0, "index", &choice.skip) &&
			rpc_param_number(call, 1, "count", &choice.count)))
		return rpc_fault(call, 400, "INDEX and COUNT are numbers");
	if (!call->progress.step)
		rpc_open_array(call, NULL, "leg");
	step = rpc_dlg_walk(call, &choice, put_call);
	if (step == RPC_DONE)
		rpc_close(call);
	return step;
}

static const struct rpc_command commands[] = {
	{"identity.stats", identity_stats, RPC_READ, "", "verified and refused calls"},
	{"identity.domains", identity_domains, RPC_READ, "",
		"our domains and where their certificates are"},
	{"identity.peers", identity_peers, RPC_READ, "", "what is demanded of which peer"},
	{"identity.list", identity_list, RPC_READ, "[INDEX COUNT]",
		"each leg of each call: who, verdict, DTLS"},
};

const struct rpc_family rpc_identity_family = {
	commands, sizeof(commands) / sizeof(commands[0])};
