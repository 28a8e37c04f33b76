/* SPDX-License-Identifier: GPL-3.0-or-later */
/* call.trace: the SIP of single calls, to a HEP server and into pcap files. Signalling
 * thread. */

#include "sbc/call.h"
#include "sbc/rpc.h"
#include "sbc/witness.h"

#define SECONDS_DEFAULT 600
#define CALLS_DEFAULT   10

static bool find_facts(uint64_t number, struct call_trace_facts *out, void *arg)
{
	const struct call *call = call_find(arg, number);

	if (!call)
		return false;
	*out = (struct call_trace_facts){.from = call->from,
		.to = call->to,
		.peer = {slice_str(call->party[0].name), slice_str(call->party[1].name)},
		.call_id = {call->a->dialog.call_id, call->b->dialog.call_id}};
	return true;
}

static struct call_trace *trace_of(const struct rpc_call *call)
{
	return call->world->witness ? witness_call_trace(call->world->witness) : NULL;
}

static enum rpc_step refuse_without(struct rpc_call *call)
{
	return rpc_fault(call, 404,
		"The configuration names neither trace.hep_address nor trace.pcap_dir");
}

static void put(struct rpc_call *call, const struct call_trace_info *info)
{
	rpc_open_struct(call, NULL);
	rpc_integer(call, "id", info->id);
	rpc_str(call, "filter", info->filter);
	rpc_integer(call, "seconds_left", info->seconds_left);
	rpc_integer(call, "calls", info->calls);
	rpc_integer(call, "calls_max", info->calls_max);
	rpc_integer(call, "messages", info->messages);
	rpc_str(call, "hep", info->hep);
	rpc_str(call, "file", info->file);
	rpc_close(call);
}

static unsigned clip(uint64_t number)
{
	return number < UINT32_MAX ? (unsigned)number : UINT32_MAX;
}

static enum rpc_step call_trace(struct rpc_call *call)
{
	struct call_trace *trace = trace_of(call);
	uint64_t seconds = SECONDS_DEFAULT, calls = CALLS_DEFAULT;
	struct call_trace_order order = {.filter = rpc_param(call, 0, "filter"),
		.facts = find_facts,
		.arg = call->world->sbc};
	struct call_trace_info info;
	const char *why;

	if (!trace)
		return refuse_without(call);
	if ((rpc_param(call, 1, "seconds").ptr &&
		    !rpc_param_number(call, 1, "seconds", &seconds)) ||
		(rpc_param(call, 2, "calls").ptr &&
			!rpc_param_number(call, 2, "calls", &calls)))
		return rpc_fault(call, 400, "SECONDS and CALLS are numbers");
	order.seconds = clip(seconds);
	order.calls = clip(calls);
	why = call_trace_start(trace, &order, call->world->now(), &info);
	if (why)
		return rpc_fault(call, 400, "%s", why);
	put(call, &info);
	return RPC_DONE;
}

static enum rpc_step trace_list(struct rpc_call *call)
{
	struct call_trace *trace = trace_of(call);
	struct call_trace_info info;

	rpc_open_array(call, NULL, "trace");
	for (unsigned i = 0; trace && i < CALL_TRACE_MAX; i++)
		if (call_trace_at(trace, i, call->world->now(), &info))
			put(call, &info);
	rpc_close(call);
	return RPC_DONE;
}

static enum rpc_step trace_stop(struct rpc_call *call)
{
	struct call_trace *trace = trace_of(call);
	uint64_t id = 0;
	unsigned count;

	if (!trace)
		return refuse_without(call);
	if (!slice_equal(rpc_param(call, 0, "id"), SLICE("all")) &&
		(!rpc_param_number(call, 0, "id", &id) || !id))
		return rpc_fault(call, 400, "Which one? An id of call.trace_list, or all");
	count = call_trace_stop(trace, id);
	if (id && !count)
		return rpc_fault(call, 404, "No such trace runs");
	rpc_integer(call, NULL, count);
	return RPC_DONE;
}

static const struct rpc_command commands[] = {
	{"call.trace", call_trace, RPC_WRITE, "FILTER [SECONDS [CALLS]]",
		"SIP of calls to HEP and pcap: c17, a Call-ID, or \"from=+49* to=bob "
		"peer=biloxi\""},
	{"call.trace_list", trace_list, RPC_READ, "", "traces that run"},
	{"call.trace_stop", trace_stop, RPC_WRITE, "ID|all", "ends a trace, or all"},
};

const struct rpc_family rpc_trace_family = {commands, sizeof(commands) / sizeof(commands[0])};
