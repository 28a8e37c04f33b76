/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The transports' door: listeners, choice of the way out, counters, the end of it all (RFC
 * 3261 section 18). UDP, TCP and TLS are in files of their own. Signalling thread.
 */

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "sbc/transport_internal.h"

#define NOTE_BURST    5                   /* log lines at once */
#define NOTE_INTERVAL (10 * USEC_PER_SEC) /* between later ones */
#define CLOSE_MAX_MS  1000                /* for what is queued at the end */

void transport_limits_init(struct transport_limits *limits)
{
	*limits = (struct transport_limits){
		.connection_max = 4096,
		.connection_max_per_address = 64,
		.output_max = 256 * 1024,
		.idle_timeout_s = 3600,
		.handshake_timeout_s = 10,
		.ping_interval_s = 95,
		.pong_timeout_s = 10,
	};
}

void transport_note(struct transport *transport, enum transport_note note,
	const struct netaddr *peer, const char *why)
{
	static const char *const names[TRANSPORT_NOTE_COUNT] = {
		[TRANSPORT_NOTE_REFUSED] = "connection.refused",
		[TRANSPORT_NOTE_HANDSHAKE] = "handshake.failed",
		[TRANSPORT_NOTE_UNREACHED] = "connection.failed",
		[TRANSPORT_NOTE_OVERFLOW] = "connection.overflow",
	};
	struct log_limit *limit = &transport->log_limits[note];
	char text[NETADDR_TEXT_MAX];

	if (!log_limit_pass(limit, clock_monotonic_us(), NOTE_BURST, NOTE_INTERVAL))
		return;
	log_event(transport->log, LOG_WARN, "sbc", names[note],
		"address=%s why=\"%s\" held=%llu", netaddr_print(peer, text), why,
		(unsigned long long)limit->held);
	limit->held = 0;
}

void transport_read_buffer(struct transport *transport, uv_buf_t *buf)
{
	*buf = uv_buf_init(transport->read, sizeof(transport->read));
}

/* ---- opening ---- */

static int init_tables(struct transport *transport)
{
	struct random_source random = random_system();
	unsigned max = transport->limits.connection_max;
	uint8_t seed[16];
	int err;

	transport->slots = mem_array(max, sizeof(struct flow_slot));
	transport->free_slots = mem_array(max, sizeof(uint32_t));
	if (!transport->slots || !transport->free_slots)
		return SBC_ENOMEM;
	for (unsigned i = 0; i < max; i++)
		transport->free_slots[i] = max - 1 - i;
	transport->free_count = max;
	random.fill(random.arg, seed, sizeof(seed));
	err = hash_init(&transport->by_target, max, seed);
	random.fill(random.arg, seed, sizeof(seed));
	return err ? err : hash_init(&transport->by_host, max, seed);
}

static int new_transport(
	struct transport **out, uv_loop_t *loop, const struct transport_config *config)
{
	struct transport *transport = mem_alloc(sizeof(*transport));

	if (!transport)
		return SBC_ENOMEM;
	transport->loop = loop;
	transport->limits = config->limits;
	transport->receive = config->receive;
	transport->broken = config->broken;
	transport->failed = config->failed;
	transport->arg = config->arg;
	transport->log = config->log;
	transport->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	list_init(&transport->flows);
	/* Records add a little to each message. */
	buf_init(&transport->cipher, 2 * config->limits.output_max + TRANSPORT_READ_MAX);
	timers_init(&transport->timers, 2 * (size_t)config->limits.connection_max);
	uv_timer_init(loop, &transport->closer);
	transport->closer.data = transport;
	transport->handle_count = 1;
	*out = transport;
	return init_tables(transport);
}

int transport_open(struct transport **out, uv_loop_t *loop,
	const struct transport_config *config, char *fault, size_t fault_size)
{
	struct transport *transport = NULL;
	int err = new_transport(&transport, loop, config);

	if (!transport || config->listener_count > LISTENER_MAX) {
		snprintf(fault, fault_size, "%s",
			transport ? "too many listeners" : "no memory");
		err = transport ? SBC_EINVAL : SBC_ENOMEM;
	} else if (err || transport->reserve_fd < 0) {
		snprintf(fault, fault_size, "%s", err ? "no memory" : "/dev/null");
		err = err ? err : SBC_EIO;
	}
	err = err ? err : timers_attach(&transport->timers, loop);
	for (unsigned i = 0; !err && i < config->listener_count; i++)
		err = listener_open(transport, i, &config->listeners[i], fault, fault_size);
	if (err) {
		if (transport)
			transport_close(transport, NULL, NULL);
		return err;
	}
	*out = transport;
	return 0;
}

/* ---- sending ---- */

static int stream_send(
	struct listener *listener, const struct hop *hop, uint64_t tag, struct slice bytes)
{
	struct transport *transport = listener->transport;
	struct flow *flow = flow_find(transport, hop->flow);
	int err;

	if (!flow && !netaddr_is_set(&hop->addr))
		return SBC_EPEER;
	/* RFC 5922 section 7.2: without a name nothing can be verified. */
	if (!flow && listener->kind == TRANSPORT_TLS && !hop->tls_name[0])
		return SBC_EINVAL;
	if (!flow)
		flow = flow_find_target(transport, hop);
	err = flow ? 0 : tcp_connect(&flow, listener, hop);
	return err ? err : flow_send(flow, tag, bytes.ptr, bytes.len);
}

int transport_send(struct transport *transport, const struct hop *hop, uint64_t tag,
	const void *bytes, size_t len)
{
	struct listener *listener;
	int err;

	if (hop->listener >= transport->listener_count || !len)
		return SBC_EINVAL;
	listener = &transport->listeners[hop->listener];
	if (listener->kind != hop->kind)
		return SBC_EINVAL;
	if (!listener->is_open && !transport->is_closing)
		return SBC_EPEER;
	if (transport->is_closing)
		return SBC_ESTATE;
	err = hop->kind == TRANSPORT_UDP
		      ? udp_send(listener, &hop->addr, tag, slice_of(bytes, len))
		      : stream_send(listener, hop, tag, slice_of(bytes, len));
	if (!err)
		transport->counters.sent[hop->kind]++;
	return err;
}

bool transport_flow_is_alive(const struct transport *transport, struct flow_id flow)
{
	return flow_find(transport, flow) != NULL;
}

int transport_flow_alias(
	struct transport *transport, struct flow_id id, uint16_t port, struct slice name)
{
	struct flow *flow = flow_find(transport, id);
	const struct tls_names *names;
	struct netaddr target;

	if (!flow)
		return SBC_ENOENT;
	if (flow->is_target)
		return 0;
	names = flow->tls ? tls_session_names(flow->tls) : NULL;
	if (!names || !tls_names_has(names, name) ||
		slice_copy(name, flow->tls_name, sizeof(flow->tls_name)))
		return SBC_EPEER;
	target = flow->peer;
	netaddr_set_port(&target, port);
	return flow_enter_target(flow, &target);
}

uint32_t transport_slot_count(const struct transport *transport)
{
	return transport->limits.connection_max;
}

bool transport_flow_at(
	const struct transport *transport, uint32_t slot, struct transport_flow_info *out)
{
	static const char *const states[] = {
		"connecting", "handshake", "open", "draining", "closed"};
	const struct flow *flow = transport->slots[slot].flow;
	const struct tls_names *names;

	if (!flow)
		return false;
	names = flow->tls ? tls_session_names(flow->tls) : NULL;
	*out = (struct transport_flow_info){.id = flow->id,
		.kind = flow->listener->kind,
		.local = flow->listener->address,
		.peer = flow->peer,
		.is_outgoing = flow->is_outgoing,
		.is_verified = names != NULL,
		.state = states[flow->state],
		.cipher = flow->tls ? tls_session_cipher(flow->tls) : "",
		.peer_name = names && names->count ? names->names[0] : "",
		.output_len = flow->output_len};
	return true;
}

bool transport_flow_peer(
	const struct transport *transport, struct flow_id id, struct netaddr *out)
{
	const struct flow *flow = flow_find(transport, id);

	if (flow)
		*out = flow->peer;
	return flow != NULL;
}

void transport_counters(const struct transport *transport, struct transport_counters *out)
{
	*out = transport->counters;
}

/* ---- closing ---- */

static void free_transport(struct transport *transport)
{
	transport_closed_h *closed = transport->closed;
	void *arg = transport->closed_arg;

	timers_detach(&transport->timers);
	timers_fini(&transport->timers);
	for (unsigned i = 0; i < transport->listener_count; i++)
		tls_contexts_free(transport->listeners[i].tls);
	if (transport->reserve_fd >= 0)
		close(transport->reserve_fd);
	hash_fini(&transport->by_target);
	hash_fini(&transport->by_host);
	buf_fini(&transport->cipher);
	mem_free(transport->udp);
	mem_free(transport->slots);
	mem_free(transport->free_slots);
	mem_wipe(transport->plain, sizeof(transport->plain));
	if (closed)
		closed(arg);
	mem_free(transport);
}

/* The closer is the last handle of all, so that nobody is called back from within
 * transport_close(), and nothing is freed under a timer that runs. */
static void on_closer_closed(uv_handle_t *handle)
{
	free_transport(handle->data);
}

static void finish_if_last(struct transport *transport)
{
	if (transport->is_closing && transport->handle_count == 1 &&
		!uv_is_closing((uv_handle_t *)&transport->closer))
		uv_close((uv_handle_t *)&transport->closer, on_closer_closed);
}

void transport_handle_closed(struct transport *transport)
{
	transport->handle_count--;
	finish_if_last(transport);
}

static void on_close_timer(uv_timer_t *timer)
{
	struct transport *transport = timer->data;

	list_for_each_safe (node, &transport->flows)
		flow_close(container_of(node, struct flow, node), "shutting down");
}

void transport_end_flow(struct flow *flow)
{
	switch (flow->state) {
	case FLOW_CONNECTING:
	case FLOW_HANDSHAKE:
		if (list_is_empty(&flow->waiting))
			flow_close(flow, "shutting down");
		break;
	case FLOW_OPEN:
		flow_drain(flow, "shutting down");
		break;
	case FLOW_DRAINING:
	case FLOW_CLOSED:
		break;
	}
}

void transport_close(struct transport *transport, transport_closed_h *closed, void *arg)
{
	transport->is_closing = true;
	transport->closed = closed;
	transport->closed_arg = arg;
	uv_update_time(transport->loop);
	uv_timer_start(&transport->closer, on_close_timer, CLOSE_MAX_MS, 0);
	for (unsigned i = 0; i < transport->listener_count; i++)
		listener_close(&transport->listeners[i]);
	list_for_each_safe (node, &transport->flows)
		transport_end_flow(container_of(node, struct flow, node));
	finish_if_last(transport);
}
