/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How much is logged, while it runs. Signalling thread. */

#include "base/log.h"
#include "sbc/core.h"
#include "sbc/rpc.h"

static enum rpc_step level(struct rpc_call *call)
{
	struct sbc *sbc = call->world->sbc;
	struct slice word = rpc_param(call, 0, "level");
	enum log_level wanted;

	if (word.len) {
		if (log_level_parse(&wanted, word))
			return rpc_fault(call, 500, "error, warn, info or debug");
		log_set_level(sbc->log, wanted);
	}
	rpc_str(call, NULL, log_level_name(log_get_level(sbc->log)));
	return RPC_DONE;
}

static const struct rpc_command commands[] = {
	{"log.level", level, RPC_WRITE, "[error | warn | info | debug]",
		"how much is logged from now on, until the next reload or start; tells the "
		"level"},
};

const struct rpc_family rpc_log_family = {commands, sizeof(commands) / sizeof(commands[0])};
