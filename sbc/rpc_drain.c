/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Taking a running program out of use without ending anybody's call. Signalling thread. */

#include "sbc/core.h"
#include "sbc/rpc.h"

static enum rpc_step drain(struct rpc_call *call)
{
	struct sbc *sbc = call->world->sbc;
	struct slice word = rpc_param(call, 0, "state");
	bool is_on = slice_equal_nocase(word, SLICE("on"));

	if (!is_on && word.len && !slice_equal_nocase(word, SLICE("off")))
		return rpc_fault(call, 500, "on, off, or nothing");
	if (word.len)
		sbc_set_draining(sbc, is_on);
	rpc_open_struct(call, NULL);
	rpc_str(call, "state", sbc_takes_calls(sbc) ? "off" : "on");
	rpc_integer(call, "calls", (int64_t)sbc->counters.calls_now);
	rpc_close(call);
	return RPC_DONE;
}

static const struct rpc_command commands[] = {
	{"sbc.drain", drain, RPC_WRITE, "[on | off]",
		"on: new calls and OPTIONS get 503, so that neighbours go elsewhere; calls "
		"that "
		"live go on. Tells how many are left"},
};

const struct rpc_family rpc_drain_family = {commands, sizeof(commands) / sizeof(commands[0])};
