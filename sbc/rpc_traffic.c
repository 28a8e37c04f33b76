/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Kamailio's counts of transactions, responses and connections. Signalling thread. */

#include <stdio.h>

#include "sbc/core.h"
#include "sbc/rpc.h"

static uint64_t sum(const uint64_t *values, size_t count)
{
	uint64_t total = 0;

	for (size_t i = 0; i < count; i++)
		total += values[i];
	return total;
}

static enum rpc_step tm_stats(struct rpc_call *call)
{
	const struct sbc_traffic *t = sbc_traffic(call->world->sbc);
	static const char *const names[] = {NULL, NULL, "2xx", "3xx", "4xx", "5xx", "6xx"};
	uint64_t now = txn_layer_count(call->world->sbc->txns);
	uint64_t local =
		sum(t->requests_sent, SIP_METHOD_COUNT) - t->requests_sent[SIP_METHOD_ACK];
	uint64_t total = local + sum(t->requests_received, SIP_METHOD_COUNT) -
			 t->requests_received[SIP_METHOD_ACK];

	rpc_open_struct(call, NULL);
	rpc_integer(call, "current", now);
	rpc_integer(call, "waiting", 0);
	rpc_integer(call, "total", total);
	rpc_integer(call, "total_local", local);
	rpc_integer(call, "rpl_received", sum(t->replies_received, SBC_CODE_COUNT));
	rpc_integer(call, "rpl_generated", sum(t->replies_sent, SBC_CODE_COUNT));
	rpc_integer(call, "rpl_sent", sum(t->replies_sent, SBC_CODE_COUNT));
	for (unsigned class = 6; class >= 2; class --)
		rpc_integer(call, names[class], sum(&t->replies_sent[100 * class], 100));
	rpc_integer(call, "created", total);
	rpc_integer(call, "freed", total > now ? total - now : 0);
	rpc_integer(call, "delayed_free", 0);
	rpc_close(call);
	return RPC_DONE;
}

/* Kamailio's sl.stats: some codes by themselves, then what is left of their class. */
static enum rpc_step sl_stats(struct rpc_call *call)
{
	static const uint16_t codes[] = {
		200, 202, 2, 300, 301, 302, 3, 400, 401, 403, 404, 407, 408, 483, 4, 500, 5, 6};
	const uint64_t *sent = sbc_traffic(call->world->sbc)->replies_sent;
	uint64_t singles = 0;

	rpc_open_struct(call, NULL);
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		char name[8];
		bool is_class = codes[i] < 100;
		uint64_t value =
			is_class ? sum(&sent[100 * codes[i]], 100) - singles : sent[codes[i]];
		snprintf(name, sizeof(name), is_class ? "%uxx" : "%u", codes[i]);
		rpc_integer(call, name, value);
		singles = is_class ? 0 : singles + value;
	}
	rpc_integer(call, "xxx", sum(&sent[100], 100));
	rpc_close(call);
	return RPC_DONE;
}

struct connections {
	uint64_t open, open_tls, waiting_len;
};

/* Counted by a walk without pauses: a glance at each of at most 100000 slots. */
static void count_connections(const struct transport *transport, struct connections *out)
{
	uint32_t slots = transport ? transport_slot_count(transport) : 0;
	struct transport_flow_info flow;

	*out = (struct connections){0};
	for (uint32_t slot = 0; slot < slots; slot++) {
		if (!transport_flow_at(transport, slot, &flow))
			continue;
		out->open++;
		out->open_tls += flow.kind == TRANSPORT_TLS;
		out->waiting_len += flow.output_len;
	}
}

static enum rpc_step tcp_info(struct rpc_call *call)
{
	const struct config_limits *limits = &call->world->sbc->config->limits;
	struct transport_counters counters = {0};
	struct connections now;

	count_connections(call->world->transport, &now);
	if (call->world->transport)
		transport_counters(call->world->transport, &counters);
	rpc_open_struct(call, NULL);
	rpc_integer(call, "readers", 1);
	rpc_integer(call, "max_connections", limits->connections);
	rpc_integer(call, "max_tls_connections", limits->connections);
	rpc_integer(call, "opened_connections", now.open);
	rpc_integer(call, "opened_tls_connections", now.open_tls);
	rpc_integer(call, "write_queued_bytes", now.waiting_len);
	rpc_integer(call, "refused_connections", counters.connections_refused);
	rpc_close(call);
	return RPC_DONE;
}

static const struct rpc_command commands[] = {
	{"tm.stats", tm_stats, RPC_READ, "", "transactions"},
	{"sl.stats", sl_stats, RPC_READ, "", "responses sent, by code"},
	{"core.tcp_info", tcp_info, RPC_READ, "", "TCP and TLS connections"},
};

const struct rpc_family rpc_traffic_family = {commands, sizeof(commands) / sizeof(commands[0])};
