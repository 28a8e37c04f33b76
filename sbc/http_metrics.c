/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Metrics from the table of statistics, from traffic and from peers. Signalling thread. */

#include "sbc/http_metrics.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <sys/resource.h>

#include "sbc/core.h"
#include "sbc/rpc_stats.h"

#define LINE_MAX_LEN 512 /* bytes */

/* ---- lines ---- */

static void put(struct rpc_out *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void put(struct rpc_out *out, const char *format, ...)
{
	char line[LINE_MAX_LEN];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (len > 0 && (size_t)len < sizeof(line))
		rpc_out_put(out, line, (size_t)len);
}

static void put_family(
	struct rpc_out *out, const char *name, const char *type, const char *help)
{
	put(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* ---- statistics ---- */

/* One sample; help is NULL for another one of the family before. */
struct row {
	const char *name, *type, *help;
	const char *labels;
	const char *group, *stat; /* of stats.get_statistics */
};

#define MORE     NULL, NULL
#define FILES    "countersip_file_"
#define DROPS    "countersip_media_packets_dropped_total"
#define MESSAGES "countersip_sip_messages_"

/* clang-format off: a table */
static const struct row rows[] = {
	{"countersip_calls", "gauge", "Calls now.", "{state=\"early\"}", "dialog",
		"early_dialogs"},
	{"countersip_calls", MORE, "{state=\"confirmed\"}", "dialog", "active_dialogs"},
	{"countersip_calls_started_total", "counter", "Calls that began.", "", "dialog",
		"processed_dialogs"},
	{"countersip_calls_failed_total", "counter", "Calls that ended unanswered.", "",
		"dialog", "failed_dialogs"},
	{"countersip_transactions", "gauge", "SIP transactions now.", "", "tmx",
		"active_transactions"},
	{"countersip_registrations", "gauge", "Contacts that are registered.", "", "registrar",
		"contacts"},
	{"countersip_registrations_limit", "gauge", "Contacts that may be registered.", "",
		"registrar", "max_contacts"},
	{"countersip_requests_refused_total", "counter",
		"Requests that were answered with an error.", "", "core", "err_requests"},
	{"countersip_messages_broken_total", "counter",
		"Messages that could not be understood.", "", "core", "bad_msg_hdr"},

	{"countersip_identity_verdicts_total", "counter",
		"Calls of peers whose signature was judged.", "{verdict=\"verified\"}",
		"identity", "verified"},
	{"countersip_identity_verdicts_total", MORE, "{verdict=\"refused\"}", "identity",
		"refused"},
	{"countersip_identity_certificates", "gauge", "Signers' certificates that are kept.",
		"", "identity", "certificates"},
	{"countersip_identity_certificates_limit", "gauge",
		"Signers' certificates that may be kept.", "", "identity", "certificates_max"},
	{"countersip_identity_certificates_evicted_total", "counter",
		"Certificates that gave room to others.", "", "identity",
		"certificates_evicted"},
	{"countersip_identity_replay_entries", "gauge",
		"Signatures that are remembered, so that they count once.",
		"{mechanism=\"rfc8224\"}", "identity", "replay_rfc8224"},
	{"countersip_identity_replay_entries", MORE, "{mechanism=\"rfc4474\"}", "identity",
		"replay_rfc4474"},
	{"countersip_identity_replay_limit", "gauge",
		"Signatures of a mechanism that may be remembered.", "", "identity",
		"replay_max"},
	{"countersip_identity_replay_full_total", "counter",
		"Calls that were refused since there was no room to remember them.",
		"{mechanism=\"rfc8224\"}", "identity", "replay_rfc8224_full"},
	{"countersip_identity_replay_full_total", MORE, "{mechanism=\"rfc4474\"}", "identity",
		"replay_rfc4474_full"},

	{"countersip_media_calls_failed_total", "counter",
		"Calls that ended since media was not keyed as signalled.", "", "media",
		"failed"},
	{"countersip_media_one_way_total", "counter",
		"Silence of one side while the other one spoke.", "", "media", "one_way"},
	{"countersip_media_packets_received_total", "counter",
		"RTP packets of sessions that are over.", "", "media", "rtp_received"},
	{"countersip_media_packets_relayed_total", "counter",
		"Packets of sessions that are over and went on to the other side.",
		"{protocol=\"rtp\"}", "media", "rtp_relayed"},
	{"countersip_media_packets_relayed_total", MORE, "{protocol=\"rtcp\"}", "media",
		"rtcp_relayed"},
	{"countersip_media_packets_lost_total", "counter",
		"Gaps in sequence numbers of sessions that are over.", "", "media", "rtp_lost"},
	{DROPS, "counter", "Packets of sessions that are over and were not relayed.",
		"{reason=\"gate\"}", "media", "dropped_gate"},
	{DROPS, MORE, "{reason=\"authentication\"}", "media", "dropped_auth"},
	{DROPS, MORE, "{reason=\"replay\"}", "media", "dropped_replay"},
	{DROPS, MORE, "{reason=\"malformed\"}", "media", "dropped_malformed"},
	{DROPS, MORE, "{reason=\"source\"}", "media", "dropped_source"},
	{DROPS, MORE, "{reason=\"dtls\"}", "media", "dropped_dtls"},
	{DROPS, MORE, "{reason=\"send\"}", "media", "dropped_send"},

	{MESSAGES "received_total", "counter", "SIP messages that came in.",
		"{transport=\"udp\"}", "transport", "received_udp"},
	{MESSAGES "received_total", MORE, "{transport=\"tcp\"}", "transport", "received_tcp"},
	{MESSAGES "received_total", MORE, "{transport=\"tls\"}", "transport", "received_tls"},
	{MESSAGES "sent_total", "counter", "SIP messages that went out.", "{transport=\"udp\"}",
		"transport", "sent_udp"},
	{MESSAGES "sent_total", MORE, "{transport=\"tcp\"}", "transport", "sent_tcp"},
	{MESSAGES "sent_total", MORE, "{transport=\"tls\"}", "transport", "sent_tls"},
	{"countersip_connections", "gauge", "TCP and TLS connections now.", "", "tcp",
		"current_opened_connections"},
	{"countersip_connections_refused_total", "counter", "Connections over a ceiling.", "",
		"tcp", "connections_refused"},
	{"countersip_connections_output_overflow_total", "counter",
		"Connections that were closed since their peer did not read.", "", "tcp",
		"sendq_full"},
	{"countersip_tls_handshakes_failed_total", "counter",
		"TLS handshakes of SIP connections that failed.", "", "tls",
		"handshakes_failed"},
	{FILES "lines_total", "counter", "Lines of call records and the SIP trace.",
		"{file=\"call_records\",result=\"written\"}", "call_records", "written"},
	{FILES "lines_total", MORE, "{file=\"call_records\",result=\"dropped\"}",
		"call_records", "dropped"},
	{FILES "lines_total", MORE, "{file=\"call_records_sqlite\",result=\"written\"}",
		"call_records_sqlite", "written"},
	{FILES "lines_total", MORE, "{file=\"call_records_sqlite\",result=\"dropped\"}",
		"call_records_sqlite", "dropped"},
	{FILES "lines_total", MORE, "{file=\"sip_trace\",result=\"written\"}", "sip_trace",
		"written"},
	{FILES "lines_total", MORE, "{file=\"sip_trace\",result=\"dropped\"}", "sip_trace",
		"dropped"},
	{FILES "lines_waiting", "gauge", "Lines that wait for the disk.",
		"{file=\"call_records\"}", "call_records", "waiting"},
	{FILES "lines_waiting", MORE, "{file=\"call_records_sqlite\"}", "call_records_sqlite",
		"waiting"},
	{FILES "lines_waiting", MORE, "{file=\"sip_trace\"}", "sip_trace", "waiting"},
	{FILES "failures_total", "counter", "Writings that the disk did not take.",
		"{file=\"call_records\"}", "call_records", "failures"},
	{FILES "failures_total", MORE, "{file=\"call_records_sqlite\"}", "call_records_sqlite",
		"failures"},
	{FILES "failures_total", MORE, "{file=\"sip_trace\"}", "sip_trace", "failures"},
	{FILES "failing", "gauge", "1 while the disk takes nothing.", "{file=\"call_records\"}",
		"call_records", "failing"},
	{FILES "failing", MORE, "{file=\"call_records_sqlite\"}", "call_records_sqlite",
		"failing"},
	{FILES "failing", MORE, "{file=\"sip_trace\"}", "sip_trace", "failing"},
	{"countersip_heap_bytes", "gauge", "Memory from the heap that is in use.", "", "shmem",
		"used_size"},
};
/* clang-format on */

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static void take(const char *group, const char *name, uint64_t value, void *arg)
{
	uint64_t *values = arg;

	for (size_t i = 0; i < ROW_COUNT; i++)
		if (!strcmp(rows[i].stat, name) && !strcmp(rows[i].group, group))
			values[i] = value;
}

static void put_rows(struct rpc_out *out, const struct rpc_world *world)
{
	uint64_t values[ROW_COUNT] = {0};

	rpc_stats_visit(world, take, values);
	for (size_t i = 0; i < ROW_COUNT; i++) {
		if (rows[i].help)
			put_family(out, rows[i].name, rows[i].type, rows[i].help);
		put(out, "%s%s %" PRIu64 "\n", rows[i].name, rows[i].labels, values[i]);
	}
}

/* ---- traffic ---- */

static void put_methods(
	struct rpc_out *out, const char *name, const char *help, const uint64_t *counts)
{
	put_family(out, name, "counter", help);
	for (int i = 0; i < SIP_METHOD_COUNT; i++) {
		const char *method = sip_method_name((enum sip_method)i);
		put(out, "%s{method=\"%s\"} %" PRIu64 "\n", name, method[0] ? method : "other",
			counts[i]);
	}
}

/* Only those that there were. */
static void put_codes(
	struct rpc_out *out, const char *name, const char *help, const uint64_t *counts)
{
	put_family(out, name, "counter", help);
	for (int code = 100; code < SBC_CODE_COUNT; code++)
		if (counts[code])
			put(out, "%s{code=\"%d\"} %" PRIu64 "\n", name, code, counts[code]);
}

static void put_traffic(struct rpc_out *out, const struct sbc *sbc)
{
	const struct sbc_traffic *traffic = sbc_traffic(sbc);

	put_methods(out, "countersip_sip_requests_received_total", "Requests that came in.",
		traffic->requests_received);
	put_methods(out, "countersip_sip_requests_sent_total", "Requests that went out.",
		traffic->requests_sent);
	put_codes(out, "countersip_sip_responses_received_total", "Responses that came in.",
		traffic->replies_received);
	put_codes(out, "countersip_sip_responses_sent_total", "Responses that went out.",
		traffic->replies_sent);
}

static void put_draining(struct rpc_out *out, const struct sbc *sbc)
{
	put_family(out, "countersip_draining", "gauge",
		"1 while new calls are refused, by command or since it stops.");
	put(out, "countersip_draining %d\n", !sbc_takes_calls(sbc));
}

static void put_overload(struct rpc_out *out, const struct sbc *sbc)
{
	const struct overload *overload = &sbc->overload;

	put_family(out, "countersip_loop_busy_ratio", "gauge",
		"How much of its time the signalling loop works, from 0 to 1.");
	put(out, "countersip_loop_busy_ratio %.3f\n", overload->busy_permille / 1000.0);
	put_family(out, "countersip_calls_shed_total", "counter",
		"Calls that were refused since there was no time for them.");
	put(out, "countersip_calls_shed_total %" PRIu64 "\n", sbc->counters.calls_shed);
}

/* ---- peers ---- */

typedef uint64_t(peer_value_h)(const struct peer_entry *entry);

static uint64_t peer_up(const struct peer_entry *entry)
{
	return peer_entry_is_usable(entry);
}

static uint64_t peer_calls(const struct peer_entry *entry)
{
	return entry->calls_now;
}

static uint64_t peer_refused(const struct peer_entry *entry)
{
	return entry->calls_refused;
}

static uint64_t peer_probes(const struct peer_entry *entry)
{
	return entry->probes_sent;
}

static uint64_t peer_probes_failed(const struct peer_entry *entry)
{
	return entry->probes_failed;
}

static const struct {
	const char *name, *type, *help;
	peer_value_h *value;
} peer_rows[] = {
	{"countersip_peer_up", "gauge", "Whether the peer gets calls.", peer_up},
	{"countersip_peer_calls", "gauge", "The peer's calls now, both ways.", peer_calls},
	{"countersip_peer_calls_refused_total", "counter", "Calls over the peer's ceilings.",
		peer_refused},
	{"countersip_peer_probes_total", "counter", "OPTIONS that were sent to it.",
		peer_probes},
	{"countersip_peer_probes_failed_total", "counter",
		"OPTIONS that it did not answer well.", peer_probes_failed},
};

static void put_peers(struct rpc_out *out, const struct sbc *sbc)
{
	for (size_t r = 0; r < sizeof(peer_rows) / sizeof(peer_rows[0]); r++) {
		put_family(out, peer_rows[r].name, peer_rows[r].type, peer_rows[r].help);
		for (size_t i = 0; i < sbc->config->peer_count; i++)
			put(out, "%s{peer=\"%s\"} %" PRIu64 "\n", peer_rows[r].name,
				sbc->config->peers[i].name,
				peer_rows[r].value(sbc->peers->entries[i]));
	}
}

/* ---- the process ---- */

static double seconds(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

/* The second number of statm is pages. */
static uint64_t resident_bytes(void)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (file && fscanf(file, "%*u %lu", &pages) != 1)
		pages = 0;
	if (file)
		fclose(file);
	return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void put_process(struct rpc_out *out, const struct rpc_world *world)
{
	struct rusage usage;

	put_family(out, "countersip_build_info", "gauge", "1, and the version.");
	put(out, "countersip_build_info{version=\"%s\"} 1\n", COUNTERSIP_VERSION);
	put_family(out, "countersip_start_time_seconds", "gauge",
		"When the process started, in seconds since 1970 UTC.");
	put(out, "countersip_start_time_seconds %" PRId64 "\n", world->start_s);
	put_family(out, "countersip_resident_memory_bytes", "gauge",
		"Memory of the process that is in RAM.");
	put(out, "countersip_resident_memory_bytes %" PRIu64 "\n", resident_bytes());
	if (getrusage(RUSAGE_SELF, &usage))
		return;
	put_family(out, "countersip_cpu_seconds_total", "counter", "CPU time of all threads.");
	put(out, "countersip_cpu_seconds_total{mode=\"user\"} %.3f\n", seconds(usage.ru_utime));
	put(out, "countersip_cpu_seconds_total{mode=\"system\"} %.3f\n",
		seconds(usage.ru_stime));
}

void http_metrics_print(struct rpc_out *out, const struct rpc_world *world)
{
	put_process(out, world);
	put_rows(out, world);
	put_overload(out, world->sbc);
	put_draining(out, world->sbc);
	put_traffic(out, world->sbc);
	put_peers(out, world->sbc);
}
