/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Statistics: group and name to a number, in one table, with Kamailio's and OpenSIPS's names
 * where they have the thing. Signalling thread.
 */

#include <malloc.h>

#include "sbc/leg.h"
#include "sbc/media_link.h"
#include "sbc/policy_link.h"
#include "sbc/rpc.h"
#include "sbc/rpc_stats.h"
#include "sbc/witness.h"

/* What the rows point into. */
struct numbers {
	const struct sbc *sbc;
	struct sbc_counters counters;
	struct transport_counters transport;
	struct mallinfo2 heap;
	struct media_rings rings;
	struct policy_kept kept;
	struct witness_counters witness;
	size_t transactions;
};

typedef uint64_t(stat_h)(const struct numbers *n, unsigned argument);

struct statistic {
	const char *group;
	const char *name;
	stat_h *value;
	unsigned argument;
};

/* ---- values ---- */

static uint64_t sum(const uint64_t *values, size_t count)
{
	uint64_t total = 0;

	for (size_t i = 0; i < count; i++)
		total += values[i];
	return total;
}

static uint64_t requests_in(const struct numbers *n, unsigned method)
{
	return n->sbc->traffic.requests_received[method];
}

static uint64_t all_requests_in(const struct numbers *n, unsigned unused)
{
	(void)unused;
	return sum(n->sbc->traffic.requests_received, SIP_METHOD_COUNT);
}

static uint64_t all_requests_out(const struct numbers *n, unsigned unused)
{
	(void)unused;
	return sum(n->sbc->traffic.requests_sent, SIP_METHOD_COUNT);
}

static uint64_t replies_in(const struct numbers *n, unsigned code)
{
	return n->sbc->traffic.replies_received[code];
}

static uint64_t class_in(const struct numbers *n, unsigned class)
{
	return sum(&n->sbc->traffic.replies_received[100 * class], 100);
}

static uint64_t ringing_in(const struct numbers *n, unsigned unused)
{
	(void)unused;
	return sum(&n->sbc->traffic.replies_received[180], 10);
}

#define BY_METHOD(class, method) ((class) << 8 | (method))

static uint64_t class_in_by(const struct numbers *n, unsigned argument)
{
	return n->sbc->traffic.replies_received_by[argument >> 8][argument & 0xff];
}

static uint64_t all_replies_in(const struct numbers *n, unsigned unused)
{
	(void)unused;
	return sum(n->sbc->traffic.replies_received, SBC_CODE_COUNT);
}

static uint64_t class_out(const struct numbers *n, unsigned class)
{
	return sum(&n->sbc->traffic.replies_sent[100 * class], 100);
}

static uint64_t all_replies_out(const struct numbers *n, unsigned unused)
{
	(void)unused;
	return sum(n->sbc->traffic.replies_sent, SBC_CODE_COUNT);
}

static uint64_t counter_at(const struct numbers *n, unsigned offset)
{
	return *(const uint64_t *)(const void *)((const char *)&n->counters + offset);
}

static uint64_t transport_at(const struct numbers *n, unsigned offset)
{
	return *(const uint64_t *)(const void *)((const char *)&n->transport + offset);
}

/* Kamailio's dialog states, seen from the caller's leg (dlg.list's "state"). */
static uint64_t dialogs_early(const struct numbers *n, unsigned unused)
{
	(void)unused;
	return n->sbc->leg_states[0][LEG_EARLY];
}

static uint64_t dialogs_active(const struct numbers *n, unsigned unused)
{
	(void)unused;
	return n->sbc->leg_states[0][LEG_ACCEPTED] + n->sbc->leg_states[0][LEG_CONFIRMED];
}

static uint64_t dialogs_failed(const struct numbers *n, unsigned unused)
{
	const struct sbc_counters *c = &n->counters;
	uint64_t pending = sum(n->sbc->leg_states[0], LEG_ACCEPTED);

	(void)unused;
	return c->calls_started > c->calls_answered + pending
		       ? c->calls_started - c->calls_answered - pending
		       : 0;
}

static uint64_t ring_loops(const struct numbers *n, unsigned want_lost)
{
	return want_lost ? n->rings.lost : n->rings.in_use;
}

static uint64_t transactions_now(const struct numbers *n, unsigned unused)
{
	(void)unused;
	return n->transactions;
}

static uint64_t registrations_limit(const struct numbers *n, unsigned unused)
{
	(void)unused;
	return n->sbc->config->limits.registrations;
}

static uint64_t registrations_now(const struct numbers *n, unsigned unused)
{
	(void)unused;
	return registrar_count(n->sbc->registrar);
}

enum memory { MEMORY_TOTAL, MEMORY_FREE, MEMORY_USED, MEMORY_FRAGMENTS };

static uint64_t memory(const struct numbers *n, unsigned what)
{
	const struct mallinfo2 *heap = &n->heap;

	switch ((enum memory)what) {
	case MEMORY_TOTAL:
		return heap->arena + heap->hblkhd;
	case MEMORY_FREE:
		return heap->fordblks;
	case MEMORY_USED:
		return heap->uordblks + heap->hblkhd;
	case MEMORY_FRAGMENTS:
		return heap->ordblks + heap->smblks;
	}
	return 0;
}

/* offset: into struct policy_kept */
static uint64_t kept_at(const struct numbers *n, unsigned offset)
{
	return *(const uint64_t *)(const void *)((const char *)&n->kept + offset);
}

/* offset: into struct witness_counters */
static uint64_t witness_at(const struct numbers *n, unsigned offset)
{
	return *(const uint64_t *)(const void *)((const char *)&n->witness + offset);
}

/* ---- the table ---- */

#define CALLS(field)     counter_at, offsetof(struct sbc_counters, field)
#define KEPT(field)      kept_at, offsetof(struct policy_kept, field)
#define WITNESS(field)   witness_at, offsetof(struct witness_counters, field)
#define TRANSPORT(field) transport_at, offsetof(struct transport_counters, field)

/* clang-format off: a table */
static const struct statistic stats[] = {
	{"call_records", "dropped", WITNESS(call_records.dropped)},
	{"call_records", "failing", WITNESS(call_records.is_failing)},
	{"call_records", "failures", WITNESS(call_records.failures)},
	{"call_records", "waiting", WITNESS(call_records.waiting)},
	{"call_records", "written", WITNESS(call_records.written)},

	{"call_records_sqlite", "dropped", WITNESS(call_records_sqlite.dropped)},
	{"call_records_sqlite", "failing", WITNESS(call_records_sqlite.is_failing)},
	{"call_records_sqlite", "failures", WITNESS(call_records_sqlite.failures)},
	{"call_records_sqlite", "waiting", WITNESS(call_records_sqlite.waiting)},
	{"call_records_sqlite", "written", WITNESS(call_records_sqlite.written)},

	{"call_trace", "dropped", WITNESS(call_trace.pcap.dropped)},
	{"call_trace", "failing", WITNESS(call_trace.pcap.is_failing)},
	{"call_trace", "failures", WITNESS(call_trace.pcap.failures)},
	{"call_trace", "hep_failed", WITNESS(call_trace.hep_failed)},
	{"call_trace", "hep_sent", WITNESS(call_trace.hep_sent)},
	{"call_trace", "waiting", WITNESS(call_trace.pcap.waiting)},
	{"call_trace", "written", WITNESS(call_trace.pcap.written)},

	{"core", "bad_msg_hdr", CALLS(messages_broken)},
	{"core", "drop_replies", CALLS(responses_stray)},
	{"core", "drop_requests", CALLS(messages_shunned)},
	{"core", "err_requests", CALLS(requests_refused)},
	{"core", "fwd_replies", all_replies_out, 0},
	{"core", "fwd_requests", all_requests_out, 0},
	{"core", "rcv_replies", all_replies_in, 0},
	{"core", "rcv_replies_18x", ringing_in, 0},
	{"core", "rcv_replies_1xx", class_in, 1},
	{"core", "rcv_replies_1xx_bye", class_in_by, BY_METHOD(1, SIP_METHOD_BYE)},
	{"core", "rcv_replies_1xx_invite", class_in_by, BY_METHOD(1, SIP_METHOD_INVITE)},
	{"core", "rcv_replies_2xx", class_in, 2},
	{"core", "rcv_replies_2xx_bye", class_in_by, BY_METHOD(2, SIP_METHOD_BYE)},
	{"core", "rcv_replies_2xx_cancel", class_in_by, BY_METHOD(2, SIP_METHOD_CANCEL)},
	{"core", "rcv_replies_2xx_invite", class_in_by, BY_METHOD(2, SIP_METHOD_INVITE)},
	{"core", "rcv_replies_3xx", class_in, 3},
	{"core", "rcv_replies_401", replies_in, 401},
	{"core", "rcv_replies_404", replies_in, 404},
	{"core", "rcv_replies_407", replies_in, 407},
	{"core", "rcv_replies_480", replies_in, 480},
	{"core", "rcv_replies_486", replies_in, 486},
	{"core", "rcv_replies_4xx", class_in, 4},
	{"core", "rcv_replies_4xx_invite", class_in_by, BY_METHOD(4, SIP_METHOD_INVITE)},
	{"core", "rcv_replies_5xx", class_in, 5},
	{"core", "rcv_replies_5xx_invite", class_in_by, BY_METHOD(5, SIP_METHOD_INVITE)},
	{"core", "rcv_replies_6xx", class_in, 6},
	{"core", "rcv_replies_6xx_invite", class_in_by, BY_METHOD(6, SIP_METHOD_INVITE)},
	{"core", "rcv_requests", all_requests_in, 0},
	{"core", "rcv_requests_ack", requests_in, SIP_METHOD_ACK},
	{"core", "rcv_requests_bye", requests_in, SIP_METHOD_BYE},
	{"core", "rcv_requests_cancel", requests_in, SIP_METHOD_CANCEL},
	{"core", "rcv_requests_info", requests_in, SIP_METHOD_INFO},
	{"core", "rcv_requests_invite", requests_in, SIP_METHOD_INVITE},
	{"core", "rcv_requests_message", requests_in, SIP_METHOD_MESSAGE},
	{"core", "rcv_requests_notify", requests_in, SIP_METHOD_NOTIFY},
	{"core", "rcv_requests_options", requests_in, SIP_METHOD_OPTIONS},
	{"core", "rcv_requests_prack", requests_in, SIP_METHOD_PRACK},
	{"core", "rcv_requests_publish", requests_in, SIP_METHOD_PUBLISH},
	{"core", "rcv_requests_refer", requests_in, SIP_METHOD_REFER},
	{"core", "rcv_requests_register", requests_in, SIP_METHOD_REGISTER},
	{"core", "rcv_requests_subscribe", requests_in, SIP_METHOD_SUBSCRIBE},
	{"core", "rcv_requests_update", requests_in, SIP_METHOD_UPDATE},
	{"core", "unsupported_methods", requests_in, SIP_METHOD_UNKNOWN},

	{"dialog", "active_dialogs", dialogs_active, 0},
	{"dialog", "early_dialogs", dialogs_early, 0},
	{"dialog", "expired_dialogs", CALLS(sessions_expired)},
	{"dialog", "failed_dialogs", dialogs_failed, 0},
	{"dialog", "processed_dialogs", CALLS(calls_started)},

	{"identity", "verified", CALLS(identity_verified)},
	{"identity", "refused", CALLS(identity_refused)},
	{"identity", "certificates", KEPT(certificates)},
	{"identity", "certificates_max", KEPT(certificates_max)},
	{"identity", "certificates_evicted", KEPT(certificates_evicted)},
	{"identity", "replay_max", KEPT(replay_max)},
	{"identity", "replay_rfc8224", KEPT(replay_8224)},
	{"identity", "replay_rfc8224_full", KEPT(replay_8224_full)},
	{"identity", "replay_rfc4474", KEPT(replay_4474)},
	{"identity", "replay_rfc4474_full", KEPT(replay_4474_full)},

	{"media", "failed", CALLS(media_failed)},
	{"media", "one_way", CALLS(media_one_way)},
	{"media", "rtp_received", CALLS(media_rtp_received)},
	{"media", "rtp_relayed", CALLS(media_rtp_relayed)},
	{"media", "rtp_lost", CALLS(media_rtp_lost)},
	{"media", "rtcp_relayed", CALLS(media_rtcp_relayed)},
	{"media", "dropped_gate", CALLS(media_dropped_gate)},
	{"media", "dropped_auth", CALLS(media_dropped_auth)},
	{"media", "dropped_replay", CALLS(media_dropped_replay)},
	{"media", "dropped_malformed", CALLS(media_dropped_malformed)},
	{"media", "dropped_source", CALLS(media_dropped_source)},
	{"media", "dropped_dtls", CALLS(media_dropped_dtls)},
	{"media", "dropped_send", CALLS(media_dropped_send)},
	{"media", "io_uring_loops", ring_loops, 0},
	{"media", "io_uring_lost", ring_loops, 1},

	{"registrar", "contacts", registrations_now, 0},
	{"registrar", "max_contacts", registrations_limit, 0},

	{"shmem", "fragments", memory, MEMORY_FRAGMENTS},
	{"shmem", "free_size", memory, MEMORY_FREE},
	{"shmem", "max_used_size", memory, MEMORY_TOTAL},
	{"shmem", "real_used_size", memory, MEMORY_USED},
	{"shmem", "total_size", memory, MEMORY_TOTAL},
	{"shmem", "used_size", memory, MEMORY_USED},

	{"sip_trace", "dropped", WITNESS(sip_trace.dropped)},
	{"sip_trace", "failing", WITNESS(sip_trace.is_failing)},
	{"sip_trace", "failures", WITNESS(sip_trace.failures)},
	{"sip_trace", "waiting", WITNESS(sip_trace.waiting)},
	{"sip_trace", "written", WITNESS(sip_trace.written)},

	{"sl", "1xx_replies", class_out, 1},
	{"sl", "200_replies", class_out, 2},
	{"sl", "3xx_replies", class_out, 3},
	{"sl", "4xx_replies", class_out, 4},
	{"sl", "5xx_replies", class_out, 5},
	{"sl", "6xx_replies", class_out, 6},
	{"sl", "sent_replies", all_replies_out, 0},

	{"tcp", "con_timeout", TRANSPORT(connections_idle)},
	{"tcp", "connections_refused", TRANSPORT(connections_refused)},
	{"tcp", "current_opened_connections", TRANSPORT(connections_open)},
	{"tcp", "sendq_full", TRANSPORT(output_overflow)},

	{"tls", "handshakes_failed", TRANSPORT(handshakes_failed)},

	{"tmx", "active_transactions", transactions_now, 0},
	{"tmx", "inuse_transactions", transactions_now, 0},

	{"transport", "broken", TRANSPORT(broken)},
	{"transport", "received_tcp", TRANSPORT(received[TRANSPORT_TCP])},
	{"transport", "received_tls", TRANSPORT(received[TRANSPORT_TLS])},
	{"transport", "received_udp", TRANSPORT(received[TRANSPORT_UDP])},
	{"transport", "sent_tcp", TRANSPORT(sent[TRANSPORT_TCP])},
	{"transport", "sent_tls", TRANSPORT(sent[TRANSPORT_TLS])},
	{"transport", "sent_udp", TRANSPORT(sent[TRANSPORT_UDP])},
};
/* clang-format on */

#define STAT_COUNT (sizeof(stats) / sizeof(stats[0]))

static void collect(const struct rpc_world *world, struct numbers *n)
{
	*n = (struct numbers){.sbc = world->sbc, .heap = mallinfo2()};
	media_link_rings(world->sbc, &n->rings);
	sbc_counters(world->sbc, &n->counters);
	n->transactions = txn_layer_count(world->sbc->txns);
	if (world->transport)
		transport_counters(world->transport, &n->transport);
	policy_kept(world->sbc->policy, &n->kept);
	if (world->witness)
		witness_counters(world->witness, &n->witness);
}

void rpc_stats_visit(const struct rpc_world *world, rpc_stat_h *visit, void *arg)
{
	struct numbers n;

	collect(world, &n);
	for (size_t i = 0; i < STAT_COUNT; i++)
		visit(stats[i].group, stats[i].name, stats[i].value(&n, stats[i].argument),
			arg);
}
