/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The life of one TCP or TLS connection: its place in the tables, its limits, its end (RFC
 * 3261 section 18, RFC 5923). What passes through it is transport_stream.c's. Signalling
 * thread.
 *
 *   Connecting --TCP--> Open          Open --broken frame, end of stream--> Draining
 *       `--TCP--> Handshake --> Open  any --error, deadline, limit--> Closed
 *                                     Draining --end of stream, a second--> Closed
 */

#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "sbc/transport_internal.h"

#define DRAIN_MAX USEC_PER_SEC /* to say the last and hear the peer's end */

struct host_count {
	struct hash_node node;
	uint8_t key[8];
	size_t key_len;
	unsigned count;
};

/* ---- tables ---- */

static void on_deadline(struct timer *timer, usec_t now, void *arg);
static void on_ping(struct timer *timer, usec_t now, void *arg);

int flow_new(struct flow **out, struct listener *listener)
{
	struct transport *transport = listener->transport;
	usec_t deadline = (usec_t)transport->limits.handshake_timeout_s * USEC_PER_SEC;
	struct flow_slot *slot;
	struct flow *flow;

	if (!transport->free_count)
		return SBC_ELIMIT;
	flow = mem_alloc(sizeof(*flow));
	if (!flow)
		return SBC_ENOMEM;
	timer_init(&flow->deadline, on_deadline, flow);
	timer_init(&flow->ping, on_ping, flow);
	if (timer_start(&transport->timers, &flow->deadline, clock_monotonic_us() + deadline)) {
		mem_free(flow);
		return SBC_ENOMEM;
	}
	flow->transport = transport;
	flow->listener = listener;
	flow->id.slot = transport->free_slots[--transport->free_count];
	slot = &transport->slots[flow->id.slot];
	slot->flow = flow;
	if (++slot->generation == 0)
		slot->generation = 1; /* 0 names nothing */
	flow->id.generation = slot->generation;
	buf_init(&flow->in, SIP_MESSAGE_MAX);
	list_init(&flow->waiting);
	list_append(&transport->flows, &flow->node);
	uv_tcp_init(transport->loop, &flow->tcp);
	flow->tcp.data = flow;
	transport->handle_count++;
	transport->counters.connections_open++;
	*out = flow;
	return 0;
}

struct flow *flow_find(const struct transport *transport, struct flow_id id)
{
	struct flow *flow;

	if (!id.generation || id.slot >= transport->limits.connection_max)
		return NULL;
	flow = transport->slots[id.slot].flow;
	return flow && flow->id.generation == id.generation && flow->state != FLOW_DRAINING
		       ? flow
		       : NULL;
}

/* One subscriber has a whole IPv6 /64. */
static size_t host_key(const struct netaddr *addr, uint8_t out[8])
{
	bool is_v6 = addr->sa.sa_family == AF_INET6;
	size_t len = is_v6 ? 8 : 4;

	memcpy(out, is_v6 ? (const void *)&addr->in6.sin6_addr : &addr->in.sin_addr, len);
	return len;
}

int flow_count_host(struct flow *flow)
{
	struct hash_table *table = &flow->transport->by_host;
	struct host_count *host;
	uint8_t key[8];
	size_t len = host_key(&flow->peer, key);
	uint64_t hash = hash_of(table, slice_of(key, len));
	struct hash_node *node = hash_first(table, hash);
	int err;

	for (; node; node = hash_next(node)) {
		host = container_of(node, struct host_count, node);
		if (host->key_len != len || memcmp(host->key, key, len) != 0)
			continue;
		if (host->count >= flow->transport->limits.connection_max_per_address)
			return SBC_ELIMIT;
		host->count++;
		flow->host = host;
		return 0;
	}
	host = mem_alloc(sizeof(*host));
	if (!host)
		return SBC_ENOMEM;
	memcpy(host->key, key, len);
	host->key_len = len;
	host->count = 1;
	err = hash_insert(table, &host->node, hash);
	if (err) {
		mem_free(host);
		return err;
	}
	flow->host = host;
	return 0;
}

static void leave_host(struct flow *flow)
{
	struct host_count *host = flow->host;

	flow->host = NULL;
	if (!host || --host->count)
		return;
	hash_remove(&flow->transport->by_host, &host->node);
	mem_free(host);
}

static uint64_t target_hash(const struct transport *transport, unsigned listener,
	const struct netaddr *addr, const char *tls_name)
{
	char text[NETADDR_TEXT_MAX], key[NETADDR_TEXT_MAX + TLS_NAME_MAX + 16];
	int len = snprintf(
		key, sizeof(key), "%u %s %s", listener, netaddr_print(addr, text), tls_name);

	return hash_of(&transport->by_target, slice_of(key, (size_t)len));
}

int flow_enter_target(struct flow *flow, const struct netaddr *target)
{
	int err = hash_insert(&flow->transport->by_target, &flow->by_target,
		target_hash(flow->transport, flow->listener->index, target, flow->tls_name));

	if (!err)
		flow->target = *target;
	flow->is_target = !err;
	return err;
}

/* RFC 5923: what goes to the same place under the same name goes over one connection. */
struct flow *flow_find_target(struct transport *transport, const struct hop *hop)
{
	uint64_t hash = target_hash(transport, hop->listener, &hop->addr, hop->tls_name);
	struct hash_node *node = hash_first(&transport->by_target, hash);

	for (; node; node = hash_next(node)) {
		struct flow *flow = container_of(node, struct flow, by_target);
		if (flow->listener->index == hop->listener &&
			netaddr_equal(&flow->target, &hop->addr) &&
			strcmp(flow->tls_name, hop->tls_name) == 0)
			return flow;
	}
	return NULL;
}

/* ---- signs of life: RFC 5626 section 4.4.1 ---- */

/* 80 to 100 % of the interval, so that connections made at once do not ping at once. */
static usec_t until_next_ping(const struct flow *flow)
{
	usec_t interval = (usec_t)flow->transport->limits.ping_interval_s * USEC_PER_SEC;

	return interval - interval / 100 * (usec_t)(flow->id.slot * 7 % 21);
}

void flow_keep_alive(struct flow *flow)
{
	struct transport *transport = flow->transport;

	if (flow->is_outgoing && transport->limits.ping_interval_s)
		timer_start(&transport->timers, &flow->ping,
			clock_monotonic_us() + until_next_ping(flow));
}

static void on_ping(struct timer *timer, usec_t now, void *arg)
{
	struct flow *flow = arg;
	struct transport *transport = flow->transport;

	if (flow->state != FLOW_OPEN)
		return;
	/* Not everybody answers: only who once did is missed. */
	if (flow->is_pinged && flow->has_ponged) {
		transport_note(transport, TRANSPORT_NOTE_UNREACHED, &flow->peer,
			"no answer to a ping");
		flow_close(flow, "no answer to a ping");
	} else if (flow->is_pinged) {
		flow->is_pinged = false;
		timer_start(&transport->timers, timer, now + until_next_ping(flow));
	} else {
		flow->is_pinged = true;
		timer_start(&transport->timers, timer,
			now + (usec_t)transport->limits.pong_timeout_s * USEC_PER_SEC);
		flow_send(flow, 0, "\r\n\r\n", 4);
	}
}

bool flow_heard(struct flow *flow, struct slice bytes)
{
	bool is_pong = flow->is_pinged && !flow->in.len && slice_equal(bytes, SLICE("\r\n"));

	flow->has_ponged = flow->has_ponged || is_pong;
	if (flow->is_pinged)
		flow_keep_alive(flow);
	flow->is_pinged = false;
	return is_pong;
}

/* ---- the end ---- */

/* No message may use it from now on. */
static void leave_target(struct flow *flow)
{
	if (flow->state == FLOW_HANDSHAKE)
		flow->transport->counters.handshakes_failed++;
	if (flow->is_target)
		hash_remove(&flow->transport->by_target, &flow->by_target);
	flow->is_target = false;
	timer_stop(&flow->transport->timers, &flow->ping);
}

void flow_report(struct flow *flow, uint64_t tag)
{
	struct transport *transport = flow->transport;

	if (tag)
		transport->failed(
			tag, flow->why ? flow->why : "connection lost", transport->arg);
}

static void on_closed(uv_handle_t *handle)
{
	struct flow *flow = handle->data;
	struct transport *transport = flow->transport;

	while (!list_is_empty(&flow->waiting)) {
		struct flow_message *message =
			container_of(flow->waiting.next, struct flow_message, node);
		list_remove(&message->node);
		flow_report(flow, message->tag);
		mem_free(message);
	}
	tls_session_free(flow->tls);
	buf_fini(&flow->in);
	mem_free(flow);
	transport_handle_closed(transport);
}

void flow_close(struct flow *flow, const char *why)
{
	struct transport *transport = flow->transport;

	if (flow->state == FLOW_CLOSED)
		return;
	if (flow->state != FLOW_DRAINING) {
		leave_target(flow);
		flow->why = why;
	}
	flow->state = FLOW_CLOSED;
	timer_stop(&transport->timers, &flow->deadline);
	leave_host(flow);
	list_remove(&flow->node);
	transport->slots[flow->id.slot].flow = NULL;
	transport->free_slots[transport->free_count++] = flow->id.slot;
	transport->counters.connections_open--;
	uv_close((uv_handle_t *)&flow->tcp, on_closed);
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
	struct flow *flow = request->handle->data;

	/* All is said; what the peer still sends is read until its end comes, since closing
	 * over unread bytes would destroy our last words on their way. */
	if (status < 0)
		flow_close(flow, "connection lost");
}

void flow_drain(struct flow *flow, const char *why)
{
	struct transport *transport = flow->transport;

	if (flow->state == FLOW_DRAINING || flow->state == FLOW_CLOSED)
		return;
	if (flow->state == FLOW_CONNECTING) {
		flow_close(flow, why);
		return;
	}
	if (flow->state == FLOW_OPEN && flow->tls)
		tls_goodbye(flow);
	if (flow->state == FLOW_CLOSED)
		return; /* even that could not be said */
	leave_target(flow);
	flow->why = why;
	flow->state = FLOW_DRAINING;
	buf_fini(&flow->in);
	if (uv_shutdown(&flow->shutdown, (uv_stream_t *)&flow->tcp, on_shutdown)) {
		flow_close(flow, why);
		return;
	}
	timer_start(&transport->timers, &flow->deadline, clock_monotonic_us() + DRAIN_MAX);
}

static void on_deadline(struct timer *timer, usec_t now, void *arg)
{
	struct flow *flow = arg;

	(void)timer;
	(void)now;
	switch (flow->state) {
	case FLOW_CONNECTING:
		transport_note(flow->transport, TRANSPORT_NOTE_UNREACHED, &flow->peer,
			"no connection in time");
		flow_close(flow, "no connection in time");
		break;
	case FLOW_HANDSHAKE:
		transport_note(flow->transport, TRANSPORT_NOTE_HANDSHAKE, &flow->peer,
			"no handshake in time");
		flow_close(flow, "no handshake in time");
		break;
	case FLOW_OPEN:
		flow->transport->counters.connections_idle++;
		flow_drain(flow, "idle");
		break;
	case FLOW_DRAINING:
		flow_close(flow, "idle");
		break;
	case FLOW_CLOSED:
		break;
	}
}
