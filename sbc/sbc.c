/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The signalling core: owns what its rooms share, lets bytes and events in. Signalling
 * thread. */

#include "sbc/sbc.h"

#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "sbc/call.h"
#include "sbc/listener_watch.h"
#include "sbc/peer_link.h"
#include "sbc/peer_register.h"
#include "sbc/probe.h"
#include "sbc/register_relay.h"
#include "sbc/request.h"

#define MESSAGE_ARENA_MAX (1024 * 1024) /* bytes: 64 kB of headers as osip keeps them */
#define SIP_TLS_PORT      5061
#define BROKEN_BURST      5                   /* log lines at once */
#define BROKEN_INTERVAL   (10 * USEC_PER_SEC) /* between later ones */
#define TRIM_EVERY        (5 * USEC_PER_SEC)
#define TRIM_CALLS        500                 /* that ended: what they had is worth a look */
#define HOUSEKEEPING      (30 * USEC_PER_SEC) /* expired registrations may stay so long */

static void on_stray(
	const struct sip_msg *msg, const struct transport_source *source, usec_t now, void *arg)
{
	bool is_success = msg->method == SIP_METHOD_INVITE && msg->status / 100 == 2;
	struct leg *leg = is_success ? leg_find(arg, msg, false) : NULL;
	struct sbc *sbc = arg;

	(void)source;
	if (leg)
		leg_uac_stray(leg, msg, now);
	else
		sbc->counters.responses_stray++;
}

static void note_received(struct sbc *sbc, const struct sip_msg *msg)
{
	struct sbc_traffic *traffic = &sbc->traffic;

	if (msg->is_request) {
		traffic->requests_received[msg->method]++;
	} else if (msg->status < SBC_CODE_COUNT) {
		traffic->replies_received[msg->status]++;
		traffic->replies_received_by[msg->status / 100][msg->method]++;
	}
}

/* What the first line says: everything that leaves was built here. */
static void note_sent(struct sbc *sbc, struct slice bytes)
{
	struct slice first = slice_cut(&bytes, ' ');
	uint64_t code;

	if (!slice_equal(first, SLICE("SIP/2.0")))
		sbc->traffic.requests_sent[sip_method_parse(first)]++;
	else if (!slice_to_u64(slice_head(bytes, 3), SBC_CODE_COUNT - 1, &code))
		sbc->traffic.replies_sent[code]++;
}

static int on_send(
	const struct hop *hop, uint64_t tag, const void *bytes, size_t len, void *arg)
{
	struct sbc *sbc = arg;

	note_sent(sbc, slice_of(bytes, len));
	return sbc->outside.send(hop, tag, bytes, len, sbc->outside.arg);
}

/* The listener for TCP on the same address, if there is one: the peer knows us by it. False:
 * there is none. */
static bool tcp_beside(const struct sbc *sbc, unsigned udp, unsigned *out)
{
	const struct listener_slots *slots = &sbc->listeners;

	for (*out = 0; *out < slots->count; (*out)++) {
		const struct listener_slot *slot = &slots->items[*out];
		if (slot->state == LISTENER_OPEN && slot->kind == TRANSPORT_TCP &&
			netaddr_equal_host(&slot->address, &slots->items[udp].address))
			return true;
	}
	return false;
}

static bool on_widen(const struct hop *hop, struct slice request, struct hop *out,
	struct buf *bytes, usec_t now, void *arg)
{
	struct sbc *sbc = arg;
	unsigned max = sbc->config->limits.udp_request_max;
	unsigned tcp;

	if (!max || request.len <= max || large_is_refused(&sbc->large, &hop->addr, now))
		return false;
	if (!tcp_beside(sbc, hop->listener, &tcp) ||
		large_rewrite_via(request, TRANSPORT_TCP,
			slice_str(sbc->listeners.items[tcp].sent_by), bytes))
		return false;
	*out = (struct hop){.kind = TRANSPORT_TCP, .listener = tcp, .addr = hop->addr};
	return true;
}

static bool on_admit(void *arg)
{
	struct sbc *sbc = arg;
	bool is_admitted = overload_admits(&sbc->overload);

	sbc->counters.calls_shed += !is_admitted;
	return is_admitted;
}

void sbc_note_load(struct sbc *sbc, unsigned busy_permille)
{
	struct overload *overload = &sbc->overload;

	if (overload_note(overload, busy_permille))
		log_event(sbc->log, LOG_WARN, "sbc", "overload",
			"state=%s busy_percent=%u refused=%llu",
			overload_is_on(overload) ? "on" : "off", overload->busy_permille / 10,
			(unsigned long long)overload->refused);
}

static void on_narrowed(const struct hop *hop, usec_t now, void *arg)
{
	struct sbc *sbc = arg;
	char peer[NETADDR_TEXT_MAX];

	large_refused(&sbc->large, &hop->addr, now);
	log_event(sbc->log, LOG_INFO, "sbc", "request.narrowed",
		"peer=%s why=\"takes no TCP: long requests go over UDP\"",
		netaddr_print(&hop->addr, peer));
}

static void on_housekeeping(struct timer *timer, usec_t now, void *arg)
{
	struct sbc *sbc = arg;

	registrar_expire(sbc->registrar, now);
	register_relay_expire(sbc->relay, now);
	sbc_peers_registered(sbc);
	listener_watch_sweep(sbc, now);
	media_link_age(sbc, now);
	timer_start(sbc->timers, timer, now + HOUSEKEEPING);
}

/* After many calls have ended their memory lies among that of others: it goes back to the
 * system, not only to us. */
static void on_trim(struct timer *timer, usec_t now, void *arg)
{
	struct sbc *sbc = arg;
	uint64_t calls = sbc->counters.calls_now;

	if (calls > sbc->calls_peak)
		sbc->calls_peak = calls;
	if (sbc->calls_peak - calls > TRIM_CALLS && calls < sbc->calls_peak / 2) {
		mem_trim();
		sbc->calls_peak = calls;
	}
	timer_start(sbc->timers, timer, now + TRIM_EVERY);
}

static void on_drained(struct timer *timer, usec_t now, void *arg)
{
	struct sbc *sbc = arg;

	(void)timer;
	(void)now;
	if (!sbc->is_drained) {
		sbc->is_drained = true;
		sbc->drained(sbc->drained_arg);
	}
}

static struct source_guard_limits guard_limits(const struct config *config)
{
	return (struct source_guard_limits){.rate = config->blocking.requests_per_s,
		.points = config->blocking.points,
		.block = (usec_t)config->blocking.block_s * USEC_PER_SEC,
		.source_max = config->blocking.sources};
}

static struct registrar_limits registrar_limits(const struct config *config)
{
	return (struct registrar_limits){
		.registration_max = config->limits.registrations,
		.expires_min_s = config->registration_min_s,
		.expires_max_s = config->registration_max_s,
		.expires_default_s = config->registration_default_s,
	};
}

static int make_parts(struct sbc *sbc)
{
	const struct config *config = sbc->config;
	struct txn_layer_config txns;
	struct registrar_limits limits = registrar_limits(config);
	uint8_t seed[16];
	int err;

	txn_layer_config_init(&txns);
	txns.timers = sbc->timers;
	txns.timing = sbc->timing;
	txns.txn_max = config->limits.transactions;
	txns.send = on_send;
	txns.request = request_dispatch;
	txns.stray = on_stray;
	txns.admit = on_admit;
	txns.widen = on_widen;
	txns.narrowed = on_narrowed;
	txns.arg = sbc;
	txns.random = sbc->random;
	err = txn_layer_new(&sbc->txns, &txns);
	err = err ? err : registrar_new(&sbc->registrar, &limits, &sbc->random);
	err = err ? err : register_relay_new(&sbc->relay, sbc);
	err = err ? err : peer_table_new(&sbc->peers, sbc->config, NULL);
	if (!err && config->blocking.is_enabled) {
		struct source_guard_limits strangers = guard_limits(config);
		err = source_guard_new(&sbc->guard, &strangers, &sbc->random);
	}
	sbc->random.fill(sbc->random.arg, seed, sizeof(seed));
	err = err ? err : hash_init(&sbc->by_number, config->limits.calls + 1, seed);
	sbc->random.fill(sbc->random.arg, seed, sizeof(seed));
	return err ? err
		   : hash_init(&sbc->by_dialog, 2 * (size_t)config->limits.calls + 2, seed);
}

int sbc_new(struct sbc **out, const struct sbc_setup *setup)
{
	struct sbc *sbc = mem_alloc(sizeof(*sbc));
	int err;

	if (!sbc)
		return SBC_ENOMEM;
	sbc->config = config_ref(setup->config);
	sbc->log = setup->log;
	sbc->timers = setup->timers;
	sbc->policy = setup->policy;
	sbc->media = setup->media;
	sbc->random = setup->random;
	sbc->outside = setup->outside;
	sbc->timing = setup->timing;
	if (!sbc->timing.t1) {
		struct txn_layer_config standard;
		txn_layer_config_init(&standard);
		sbc->timing = standard.timing;
	}
	list_init(&sbc->checks);
	list_init(&sbc->calls);
	list_init(&sbc->cursors);
	arena_init(&sbc->arena, MESSAGE_ARENA_MAX);
	err = listener_slots_plan(
		&(struct listener_slots){0}, sbc->config, 0, &sbc->listeners, NULL, 0);
	overload_init(&sbc->overload, setup->config->limits.busy_percent);
	timer_init(&sbc->housekeeping, on_housekeeping, sbc);
	timer_init(&sbc->drain_timer, on_drained, sbc);
	timer_init(&sbc->trim_timer, on_trim, sbc);
	err = err ? err : make_parts(sbc);
	if (err) {
		sbc_free(sbc);
		return err;
	}
	timer_start(sbc->timers, &sbc->housekeeping, HOUSEKEEPING);
	timer_start(sbc->timers, &sbc->trim_timer, TRIM_EVERY);
	sbc_resolve_start(sbc, 0);
	probe_start(sbc, 0);
	peer_register_start(sbc, 0);
	*out = sbc;
	return 0;
}

/* Strangers' ceilings; the table is made when it is wanted first. */
static int reload_guard(struct sbc *sbc, const struct config *config)
{
	struct source_guard_limits limits = guard_limits(config);

	if (sbc->guard && config->blocking.is_enabled)
		source_guard_set_limits(sbc->guard, &limits);
	else if (config->blocking.is_enabled)
		return source_guard_new(&sbc->guard, &limits, &sbc->random);
	return 0;
}

int sbc_reload(struct sbc *sbc, struct config *config, usec_t now)
{
	struct registrar_limits registrations = registrar_limits(config);
	struct listener_slots listeners;
	struct peer_table *peers;
	char why[128];
	int err =
		listener_slots_plan(&sbc->listeners, config, now, &listeners, why, sizeof(why));

	err = err ? err : peer_table_new(&peers, config, sbc->peers);
	if (err)
		return err;
	err = reload_guard(sbc, config);
	if (err) {
		peer_table_free(peers);
		return err;
	}
	probe_stop(sbc);
	peer_register_forget(sbc);
	peer_table_free(sbc->peers);
	sbc->peers = peers;
	config_unref(sbc->config);
	sbc->config = config_ref(config);
	listener_watch_tell(sbc, &listeners);
	sbc->listeners = listeners;
	overload_set_limit(&sbc->overload, config->limits.busy_percent);
	registrar_set_limits(sbc->registrar, &registrations);
	sbc_peers_registered(sbc);
	probe_start(sbc, now);
	peer_register_start(sbc, now);
	return 0;
}

const struct listener_slots *sbc_listeners(const struct sbc *sbc)
{
	return &sbc->listeners;
}

const struct config *sbc_config(const struct sbc *sbc)
{
	return sbc->config;
}

static void free_call(struct hash_node *node, void *arg)
{
	(void)arg;
	call_free(container_of(node, struct call, by_number));
}

void sbc_free(struct sbc *sbc)
{
	if (!sbc)
		return;
	if (sbc->by_number._slots)
		hash_visit(&sbc->by_number, free_call, NULL);
	timer_stop(sbc->timers, &sbc->housekeeping);
	timer_stop(sbc->timers, &sbc->drain_timer);
	timer_stop(sbc->timers, &sbc->trim_timer);
	probe_stop(sbc);
	peer_register_forget(sbc);
	timer_stop(sbc->timers, &sbc->resolve_timer);
	register_relay_free(sbc->relay);
	peer_table_free(sbc->peers);
	source_guard_free(sbc->guard);
	txn_layer_free(sbc->txns);
	registrar_free(sbc->registrar);
	hash_fini(&sbc->by_number);
	hash_fini(&sbc->by_dialog);
	arena_fini(&sbc->arena);
	config_unref(sbc->config);
	mem_free(sbc);
}

/* Stateless: what cannot be parsed has no transaction. Never to a response or an ACK, so
 * that two servers cannot keep each other busy. */
static void refuse_broken(struct sbc *sbc, struct slice bytes, uint16_t code,
	struct slice reason, const struct transport_source *source)
{
	struct sip_scan scan;
	struct hop hop;
	struct buf text;

	sip_scan_message(&scan, bytes); /* as far as it can be read */
	buf_init(&text, SIP_MESSAGE_MAX);
	if (!sip_build_refusal(&text, &scan, &source->peer, code, reason)) {
		hop_from_source(&hop, source);
		note_sent(sbc, buf_slice(&text));
		sbc->outside.send(&hop, 0, text.data, text.len, sbc->outside.arg);
	}
	buf_fini(&text);
}

static void note_broken(
	struct sbc *sbc, const struct transport_source *source, const char *why, usec_t now)
{
	char peer[NETADDR_TEXT_MAX];

	sbc->counters.messages_broken++;
	if (!log_limit_pass(&sbc->broken_limit, now, BROKEN_BURST, BROKEN_INTERVAL))
		return;
	log_event(sbc->log, LOG_WARN, "sbc", "message.broken",
		"transport=%s source=%s why=\"%s\" held=%llu",
		transport_kind_name(source->kind), netaddr_print(&source->peer, peer), why,
		(unsigned long long)sbc->broken_limit.held);
}

/* RFC 5923 section 5: a peer offers the connection it made for requests to itself. */
static void note_alias(
	struct sbc *sbc, const struct sip_msg *msg, const struct transport_source *source)
{
	const struct config_peer *peer;

	if (!sbc->outside.alias || !msg->is_request || !msg->via.has_alias || !source->tls)
		return;
	peer = sbc_peer_of(sbc, source);
	if (peer)
		sbc->outside.alias(source->flow, msg->via.port ? msg->via.port : SIP_TLS_PORT,
			slice_str(peer->domain), sbc->outside.arg);
}

void sbc_receive(
	struct sbc *sbc, struct slice bytes, const struct transport_source *source, usec_t now)
{
	struct sip_fault fault = {0};
	struct sip_msg *msg;

	if (!sbc_admits(sbc, source, now)) {
		sbc->counters.messages_shunned++;
		return;
	}
	if (!sip_msg_parse(&msg, &sbc->arena, bytes, &fault)) {
		note_received(sbc, msg);
		note_alias(sbc, msg, source);
		txn_layer_receive(sbc->txns, msg, source, now);
	} else {
		note_broken(sbc, source, fault.why ? fault.why : "no memory", now);
		sbc_blame(sbc, source, 1, now);
		if (fault.code)
			refuse_broken(sbc, bytes, (uint16_t)fault.code, slice_str(fault.phrase),
				source);
	}
	arena_reset(&sbc->arena);
}

void sbc_broken(struct sbc *sbc, struct slice bytes, bool is_too_large,
	const struct transport_source *source, usec_t now)
{
	note_broken(sbc, source, is_too_large ? "too large" : "no frame", now);
	sbc_blame(sbc, source, 1, now);
	refuse_broken(sbc, bytes, is_too_large ? 513 : 400, (struct slice){0}, source);
}

void sbc_transport_failed(struct sbc *sbc, uint64_t tag, usec_t now)
{
	txn_layer_transport_failed(sbc->txns, tag, now);
}

void sbc_fetched(struct sbc *sbc, const struct http_get_result *result, usec_t now)
{
	policy_link_fetched(sbc, result, now);
}

void sbc_media_event(struct sbc *sbc, const struct media_event *ev, usec_t now)
{
	call_media_event(sbc, ev, now);
}

void sbc_drain(struct sbc *sbc, usec_t now, usec_t deadline, sbc_drained_h *drained, void *arg)
{
	if (sbc->drained)
		return;
	sbc->drained = drained;
	sbc->drained_arg = arg;
	peer_register_stop(sbc, now);
	call_end_all(sbc, now);
	timer_start(sbc->timers, &sbc->drain_timer, sbc->by_number.count ? deadline : now);
}

void sbc_counters(const struct sbc *sbc, struct sbc_counters *out)
{
	*out = sbc->counters;
}

const struct sbc_traffic *sbc_traffic(const struct sbc *sbc)
{
	return &sbc->traffic;
}
