/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Listeners of a transport: opened, changed while we run, closed. Signalling thread. */

#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "sbc/transport_internal.h"

static int bind_listener(struct listener *listener, char *fault, size_t fault_size)
{
	char text[NETADDR_TEXT_MAX];
	int err = listener->kind == TRANSPORT_UDP ? udp_listen(listener) : tcp_listen(listener);

	if (!err || err == UV_ENOMEM)
		return err ? SBC_ENOMEM : 0;
	snprintf(fault, fault_size, "listener %u: %s %s: %s", listener->index,
		transport_kind_name(listener->kind), netaddr_print(&listener->address, text),
		uv_strerror(err));
	return SBC_EIO;
}

static int say(const struct listener_config *config, unsigned i, int err, const char *why,
	char *fault, size_t fault_size)
{
	char text[NETADDR_TEXT_MAX];

	if (err)
		snprintf(fault, fault_size, "listener %u: %s %s: %s", i,
			transport_kind_name(config->kind),
			netaddr_print(&config->address, text), why);
	return err;
}

int listener_open(struct transport *transport, unsigned i, const struct listener_config *config,
	char *fault, size_t fault_size)
{
	struct listener *listener = &transport->listeners[i];
	const char *why = "";
	int err = 0;

	tls_contexts_free(listener->tls); /* of the one that had this number before */
	*listener = (struct listener){.transport = transport,
		.index = i,
		.kind = config->kind,
		.address = config->address};
	if (transport->listener_count <= i)
		transport->listener_count = i + 1;
	if (config->use == LISTENER_ABSENT)
		return 0;
	if (config->kind == TRANSPORT_TLS)
		err = tls_contexts_new(&listener->tls, config, &why);
	if (err)
		return say(config, i, err, why, fault, fault_size);
	return bind_listener(listener, fault, fault_size);
}

static void on_closed(uv_handle_t *handle)
{
	struct listener *listener = handle->data;

	if (listener->kind == TRANSPORT_UDP)
		udp_closed(listener);
	listener->is_closing = false;
	transport_handle_closed(listener->transport);
}

void listener_close(struct listener *listener)
{
	if (!listener->is_open)
		return;
	listener->is_open = false;
	listener->is_closing = true;
	uv_close(&listener->handle, on_closed);
}

void transport_close_listener(struct transport *transport, unsigned i)
{
	if (i >= transport->listener_count)
		return;
	listener_close(&transport->listeners[i]);
	list_for_each_safe (node, &transport->flows) {
		struct flow *flow = container_of(node, struct flow, node);
		if (flow->listener == &transport->listeners[i])
			transport_end_flow(flow);
	}
}

/* ---- while we run ---- */

struct transport_change {
	struct tls_contexts *contexts[LISTENER_MAX]; /* owned; of those that are open already */
	bool is_new[LISTENER_MAX];
};

/* Does anything of the listener that had this number still live? */
static bool is_in_use(const struct transport *transport, const struct listener *listener)
{
	if (listener->is_closing || listener->is_refusing)
		return true;
	list_for_each (node, &transport->flows) {
		if (container_of(node, struct flow, node)->listener == listener)
			return true;
	}
	return false;
}

static int prepare_one(struct transport_change *change, struct transport *transport,
	const struct listener_config *config, unsigned i, char *fault, size_t fault_size)
{
	struct listener *listener = &transport->listeners[i];
	const char *why = "";
	int err;

	if (config->use != LISTENER_WANTED)
		return 0;
	if (!listener->is_open) {
		if (is_in_use(transport, listener))
			return say(config, i, SBC_EAGAIN,
				"the one before is still being closed", fault, fault_size);
		change->is_new[i] = true;
		return listener_open(transport, i, config, fault, fault_size);
	}
	if (config->kind != listener->kind ||
		!netaddr_equal(&config->address, &listener->address))
		return say(config, i, SBC_EINVAL, "another kind or address", fault, fault_size);
	if (config->kind != TRANSPORT_TLS)
		return 0;
	err = tls_contexts_new(&change->contexts[i], config, &why);
	return say(config, i, err, why, fault, fault_size);
}

int transport_prepare(struct transport_change **out, struct transport *transport,
	const struct transport_config *config, char *fault, size_t fault_size)
{
	struct transport_change *change = mem_alloc(sizeof(*change));
	int err = 0;

	if (!change)
		return SBC_ENOMEM;
	for (unsigned i = 0; i < config->listener_count && !err; i++)
		err = prepare_one(
			change, transport, &config->listeners[i], i, fault, fault_size);
	if (err)
		transport_discard(transport, change);
	else
		*out = change;
	return err;
}

static void free_change(struct transport_change *change)
{
	for (unsigned i = 0; i < LISTENER_MAX; i++)
		tls_contexts_free(change->contexts[i]);
	mem_free(change);
}

void transport_commit(struct transport *transport, struct transport_change *change)
{
	for (unsigned i = 0; i < transport->listener_count; i++) {
		struct listener *listener = &transport->listeners[i];
		struct tls_contexts *old = listener->tls;
		if (!change->contexts[i])
			continue;
		listener->tls = change->contexts[i];
		change->contexts[i] = old;
	}
	free_change(change);
}

void transport_discard(struct transport *transport, struct transport_change *change)
{
	if (!change)
		return;
	for (unsigned i = 0; i < transport->listener_count; i++)
		if (change->is_new[i])
			listener_close(&transport->listeners[i]);
	free_change(change);
}
