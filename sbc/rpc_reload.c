/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The configuration file again, by whatever name it is asked for: it is one file, taken over
 * as a whole. Signalling thread. */

#include "base/err.h"
#include "sbc/reload.h"
#include "sbc/rpc.h"

#define WAIT_MAX 1000 /* steps of RPC_WAIT: files are read on a disk that answers */

/* ok: what Kamailio's command says. */
static enum rpc_step run(struct rpc_call *call, const char *ok)
{
	struct reload *reload = call->world->reload;
	struct rpc_progress *progress = &call->progress;
	const char *why;
	int err;

	if (!reload)
		return rpc_fault(call, 500, "There is no file to read again");
	if (!progress->step)
		progress->count = reload_start(reload);
	if (!reload_outcome(reload, progress->count, &err, &why))
		return progress->step < WAIT_MAX
			       ? RPC_WAIT
			       : rpc_fault(call, 504, "It takes long; the log will tell");
	if (err)
		return rpc_fault(call, 500, "%s", why);
	rpc_str(call, NULL, ok);
	return RPC_DONE;
}

static enum rpc_step reload(struct rpc_call *call)
{
	return run(call, "Ok. Configuration reloaded.");
}

static enum rpc_step tls_reload(struct rpc_call *call)
{
	return run(call, "Ok. TLS configuration reloaded.");
}

static enum rpc_step dispatcher_reload(struct rpc_call *call)
{
	return run(call, "Ok. Dispatcher successfully reloaded.");
}

static const struct rpc_command commands[] = {
	{"reload", reload, RPC_WRITE, "",
		"reads the configuration, its certificates and passwords again, as SIGHUP "
		"does; all or nothing"},
	{"tls.reload", tls_reload, RPC_WRITE, "", "the same"},
	{"tls_reload", tls_reload, RPC_WRITE, "", "the same (MI)"},
	{"dispatcher.reload", dispatcher_reload, RPC_WRITE, "", "the same"},
	{"ds_reload", dispatcher_reload, RPC_WRITE, "", "the same (MI)"},
};

const struct rpc_family rpc_reload_family = {commands, sizeof(commands) / sizeof(commands[0])};
