/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Listeners that go. Signalling thread. */

#include "sbc/listener_watch.h"

#include "sbc/call.h"

/* Transactions outside calls, and what the last calls left: RFC 3261's longest wait. */
#define LINGER (64 * 500 * USEC_PER_MS)

static void log_slot(const struct sbc *sbc, const char *event, const struct listener_slot *slot)
{
	char text[NETADDR_TEXT_MAX];

	log_event(sbc->log, LOG_INFO, "sbc", event, "transport=%s address=%s advertised=%s",
		transport_kind_name(slot->kind), netaddr_print(&slot->address, text),
		slot->sent_by);
}

void listener_watch_tell(const struct sbc *sbc, const struct listener_slots *now)
{
	for (unsigned i = 0; i < now->count; i++) {
		enum listener_state before = sbc->listeners.items[i].state;
		const struct listener_slot *slot = &now->items[i];
		if (slot->state == LISTENER_OPEN && before != LISTENER_OPEN)
			log_slot(sbc, "listening", slot);
		else if (slot->state == LISTENER_LEAVING && before == LISTENER_OPEN)
			log_slot(sbc, "listener.leaving", slot);
	}
}

static void mark(bool used[LISTENER_MAX], const struct leg *leg)
{
	if (leg)
		used[leg->hop.listener] = true;
}

static void mark_calls(struct sbc *sbc, bool used[LISTENER_MAX])
{
	list_for_each (node, &sbc->calls) {
		const struct call *call = container_of(node, struct call, in_order);
		mark(used, call->a);
		mark(used, call->b);
		for (size_t i = 0; i < call->left_count; i++)
			mark(used, call->left[i]);
	}
}

static bool is_any_overdue(const struct sbc *sbc, usec_t now)
{
	for (unsigned i = 0; i < sbc->listeners.count; i++) {
		const struct listener_slot *slot = &sbc->listeners.items[i];
		if (slot->state == LISTENER_LEAVING && now >= slot->left_at + LINGER)
			return true;
	}
	return false;
}

void listener_watch_sweep(struct sbc *sbc, usec_t now)
{
	bool used[LISTENER_MAX] = {false};

	if (!is_any_overdue(sbc, now))
		return;
	mark_calls(sbc, used);
	for (unsigned i = 0; i < sbc->listeners.count; i++) {
		struct listener_slot *slot = &sbc->listeners.items[i];
		if (used[i] || slot->state != LISTENER_LEAVING || now < slot->left_at + LINGER)
			continue;
		log_slot(sbc, "listener.closed", slot);
		slot->state = LISTENER_NONE;
		if (sbc->outside.close_listener)
			sbc->outside.close_listener(i, sbc->outside.arg);
	}
}

bool listener_watch_refuse(struct sbc *sbc, const struct request *request)
{
	struct reply leaving = {.code = 503, .lines = SLICE("Retry-After: 10\r\n")};
	unsigned listener = request->source->listener;

	if (sbc->listeners.items[listener].state != LISTENER_LEAVING)
		return false;
	sbc_reply(sbc, request, &leaving);
	return true;
}
