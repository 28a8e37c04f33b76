/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Kamailio's tls.list and tls.info, and core.tcp_list. Signalling thread. */

#include "sbc/core.h"
#include "sbc/rpc.h"

#define SLOTS_STEP 2048 /* slots looked at before the loop goes on */
#define ROWS_STEP  64   /* connections written */

typedef void(put_flow_h)(struct rpc_call *call, const struct transport_flow_info *flow);

static void put_ends(struct rpc_call *call, const struct transport_flow_info *flow)
{
	const struct netaddr *from = flow->is_outgoing ? &flow->local : &flow->peer;
	const struct netaddr *to = flow->is_outgoing ? &flow->peer : &flow->local;
	char text[NETADDR_TEXT_MAX];

	rpc_str(call, "src_ip", netaddr_print_host(from, text));
	rpc_integer(call, "src_port", netaddr_port(from));
	rpc_str(call, "dst_ip", netaddr_print_host(to, text));
	rpc_integer(call, "dst_port", netaddr_port(to));
}

static void put_tls(struct rpc_call *call, const struct transport_flow_info *flow)
{
	if (flow->kind != TRANSPORT_TLS)
		return;
	rpc_open_struct(call, NULL);
	rpc_integer(call, "id", flow->id.slot);
	rpc_integer(call, "timeout", 0);
	put_ends(call, flow);
	rpc_str(call, "cipher", flow->cipher);
	rpc_integer(call, "ct_wq_size", flow->output_len);
	rpc_integer(call, "enc_rd_buf", 0);
	rpc_integer(call, "flags", 0);
	rpc_str(call, "state", flow->state);
	rpc_integer(call, "verified", flow->is_verified);
	rpc_str(call, "peer_name", flow->peer_name);
	rpc_close(call);
}

static void put_tcp(struct rpc_call *call, const struct transport_flow_info *flow)
{
	rpc_open_struct(call, NULL);
	rpc_integer(call, "id", flow->id.slot);
	rpc_str(call, "type", transport_kind_name(flow->kind));
	rpc_str(call, "state", flow->state);
	rpc_integer(call, "timeout", 0);
	rpc_integer(call, "ref", 1);
	put_ends(call, flow);
	rpc_close(call);
}

static enum rpc_step list(struct rpc_call *call, put_flow_h *put)
{
	const struct transport *transport = call->world->transport;
	uint32_t slots = transport ? transport_slot_count(transport) : 0;
	uint64_t *slot = &call->progress.count;
	struct transport_flow_info flow;

	if (!call->progress.step)
		rpc_open_array(call, NULL, "connection");
	for (unsigned i = 0, rows = 0; i < SLOTS_STEP && rows < ROWS_STEP; i++) {
		if (*slot >= slots) {
			rpc_close(call);
			return RPC_DONE;
		}
		if (transport_flow_at(transport, (uint32_t)(*slot)++, &flow)) {
			put(call, &flow);
			rows++;
		}
	}
	return RPC_MORE;
}

static enum rpc_step tls_list(struct rpc_call *call)
{
	return list(call, put_tls);
}

static enum rpc_step tcp_list(struct rpc_call *call)
{
	return list(call, put_tcp);
}

/* Counted by a walk without pauses: a glance at each of at most 100000 slots. */
static enum rpc_step tls_info(struct rpc_call *call)
{
	const struct transport *transport = call->world->transport;
	uint32_t slots = transport ? transport_slot_count(transport) : 0;
	struct transport_flow_info flow;
	uint64_t open = 0, waiting = 0;

	for (uint32_t slot = 0; slot < slots; slot++) {
		if (!transport_flow_at(transport, slot, &flow) || flow.kind != TRANSPORT_TLS)
			continue;
		open++;
		waiting += flow.output_len;
	}
	rpc_open_struct(call, NULL);
	rpc_integer(call, "max_connections", slots);
	rpc_integer(call, "opened_connections", open);
	rpc_integer(call, "clear_text_write_queued_bytes", waiting);
	rpc_close(call);
	return RPC_DONE;
}

static const struct rpc_command commands[] = {
	{"tls.list", tls_list, RPC_READ, "", "TLS connections"},
	{"tls.info", tls_info, RPC_READ, "", "how many TLS connections there are"},
	{"core.tcp_list", tcp_list, RPC_READ, "", "TCP and TLS connections"},
};

const struct rpc_family rpc_tls_family = {commands, sizeof(commands) / sizeof(commands[0])};
