/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TCP: listening, accepting, connecting, RFC 3261 section 18 and RFC 5923. TLS runs over
 * the same. Signalling thread.
 */

#include <fcntl.h>
#include <unistd.h>

#include "base/err.h"
#include "sbc/transport_internal.h"

#define BACKLOG 128 /* connections the kernel keeps for us between two turns */

/* ---- over a limit ---- */

static void take(struct listener *listener);

static void on_refused_closed(uv_handle_t *handle)
{
	struct listener *listener = handle->data;
	bool has_pending = listener->has_pending;

	listener->is_refusing = false;
	listener->has_pending = false;
	if (has_pending && listener->is_open)
		take(listener);
	transport_handle_closed(listener->transport);
}

/* Accepted and closed at once, without memory of its own. While that handle is busy nothing
 * is accepted, so libuv stops polling: a flood of connections makes no loop spin. */
static void refuse(struct listener *listener)
{
	struct transport *transport = listener->transport;

	if (listener->is_refusing) {
		listener->has_pending = true;
		return;
	}
	uv_tcp_init(transport->loop, &listener->refused);
	listener->refused.data = listener;
	listener->is_refusing = true;
	transport->handle_count++;
	uv_accept(&listener->stream, (uv_stream_t *)&listener->refused);
	uv_close((uv_handle_t *)&listener->refused, on_refused_closed);
	if (transport->reserve_fd < 0)
		transport->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	transport->counters.connections_refused++;
	transport_note(transport, TRANSPORT_NOTE_REFUSED, &listener->address,
		"no room for another connection");
}

/* No descriptor is left, and libuv's own reserve is gone too. Without one the kernel would
 * report the same connection again and again: give up ours, or else the oldest flow. */
static void free_descriptor(struct transport *transport)
{
	if (transport->reserve_fd >= 0) {
		close(transport->reserve_fd);
		transport->reserve_fd = -1;
	} else if (!list_is_empty(&transport->flows)) {
		flow_close(container_of(transport->flows.next, struct flow, node),
			"no descriptors left");
	}
}

/* ---- incoming ---- */

static void learn_peer(struct flow *flow)
{
	struct sockaddr_storage storage = {0};
	int len = sizeof(storage);

	if (!uv_tcp_getpeername(&flow->tcp, (struct sockaddr *)&storage, &len))
		netaddr_from_sockaddr(&flow->peer, (struct sockaddr *)&storage);
}

static void take(struct listener *listener)
{
	struct transport *transport = listener->transport;
	struct flow *flow;

	if (transport->reserve_fd < 0 || flow_new(&flow, listener)) {
		refuse(listener);
		return;
	}
	if (uv_accept(&listener->stream, (uv_stream_t *)&flow->tcp)) {
		flow_close(flow, "not accepted");
		return;
	}
	learn_peer(flow);
	if (flow_count_host(flow)) {
		transport->counters.connections_refused++;
		transport_note(transport, TRANSPORT_NOTE_REFUSED, &flow->peer,
			"too many connections from one address");
		flow_close(flow, "too many from one address");
		return;
	}
	flow_start(flow);
}

static void on_connection(uv_stream_t *server, int status)
{
	struct listener *listener = server->data;

	if (status < 0)
		free_descriptor(listener->transport);
	else
		take(listener);
}

int tcp_listen(struct listener *listener)
{
	unsigned flags = listener->address.sa.sa_family == AF_INET6 ? UV_TCP_IPV6ONLY : 0;
	int err = uv_tcp_init(listener->transport->loop, &listener->tcp);

	if (err)
		return err;
	listener->tcp.data = listener;
	listener->is_open = true;
	listener->transport->handle_count++;
	/* libuv sets SO_REUSEADDR, so that a restart finds its port free. */
	err = uv_tcp_bind(&listener->tcp, &listener->address.sa, flags);
	return err ? err : uv_listen(&listener->stream, BACKLOG, on_connection);
}

/* ---- outgoing ---- */

static void on_connect(uv_connect_t *request, int status)
{
	struct flow *flow = request->handle->data;

	if (flow->state == FLOW_CLOSED)
		return;
	if (status < 0) {
		transport_note(flow->transport, TRANSPORT_NOTE_UNREACHED, &flow->peer,
			uv_err_name(status));
		flow_close(flow, "cannot connect");
		return;
	}
	flow_start(flow);
}

/* From the listener's address, so that the peer sees the one it knows. */
static int bind_source(struct flow *flow)
{
	struct netaddr address = flow->listener->address;

	if (netaddr_is_any(&address))
		return 0;
	netaddr_set_port(&address, 0);
	return uv_tcp_bind(&flow->tcp, &address.sa, 0);
}

int tcp_connect(struct flow **out, struct listener *listener, const struct hop *hop)
{
	struct flow *flow;
	int err = flow_new(&flow, listener);

	if (err) {
		listener->transport->counters.connections_refused++;
		return err;
	}
	flow->is_outgoing = true;
	flow->peer = hop->addr;
	memcpy(flow->tls_name, hop->tls_name, sizeof(flow->tls_name));
	flow->tls_name[sizeof(flow->tls_name) - 1] = '\0';
	err = flow_enter_target(flow, &flow->peer);
	if (!err && bind_source(flow))
		err = SBC_EPEER;
	if (!err && uv_tcp_connect(&flow->connect, &flow->tcp, &flow->peer.sa, on_connect))
		err = SBC_EPEER;
	if (err) {
		flow_close(flow, "cannot connect");
		return err;
	}
	*out = flow;
	return 0;
}
