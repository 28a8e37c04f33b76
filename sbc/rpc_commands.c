/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of commands, family after family. Pure. */

#include "sbc/rpc.h"

static const struct rpc_family *const families[] = {
	&rpc_core_family,
	&rpc_dlg_family,
	&rpc_dlg_mi_family,
	&rpc_stats_family,
	&rpc_traffic_family,
	&rpc_tls_family,
	&rpc_identity_family,
	&rpc_media_family,
	&rpc_peer_family,
	&rpc_dispatcher_family,
	&rpc_reload_family,
	&rpc_drain_family,
	&rpc_log_family,
	&rpc_ul_family,
	&rpc_explain_family,
	&rpc_trace_family,
};

#define FAMILY_COUNT (sizeof(families) / sizeof(families[0]))

const struct rpc_command *rpc_command_at(size_t index)
{
	for (size_t i = 0; i < FAMILY_COUNT; i++) {
		if (index < families[i]->count)
			return &families[i]->commands[index];
		index -= families[i]->count;
	}
	return NULL;
}

const struct rpc_command *rpc_command_find(struct slice name)
{
	const struct rpc_command *command;

	for (size_t i = 0; (command = rpc_command_at(i)); i++)
		if (slice_equal(slice_str(command->name), name))
			return command;
	return NULL;
}
