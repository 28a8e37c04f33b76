/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers of listeners, and a configuration's listeners for the transports. Pure. */

#include "sbc/listeners.h"

#include <stdio.h>

#include "base/err.h"

/* ---- numbers ---- */

static void fill_slot(struct listener_slot *slot, const struct config_listener *from)
{
	char text[NETADDR_TEXT_MAX];

	*slot = (struct listener_slot){
		.state = LISTENER_OPEN, .kind = from->transport, .address = from->address};
	snprintf(slot->sent_by, sizeof(slot->sent_by), "%s",
		from->advertised[0] ? from->advertised : netaddr_print(&from->address, text));
}

static struct listener_slot *find(
	struct listener_slots *slots, const struct listener_slot *wanted)
{
	for (unsigned i = 0; i < slots->count; i++) {
		struct listener_slot *slot = &slots->items[i];
		if (slot->state != LISTENER_NONE && slot->kind == wanted->kind &&
			netaddr_equal(&slot->address, &wanted->address))
			return slot;
	}
	return NULL;
}

/* A number that nobody ever had, or else one that is free again: what still names the old
 * listener then finds another one of its kind, or none. */
static struct listener_slot *take_free(struct listener_slots *slots)
{
	if (slots->count < LISTENER_MAX)
		return &slots->items[slots->count++];
	for (unsigned i = 0; i < LISTENER_MAX; i++)
		if (slots->items[i].state == LISTENER_NONE)
			return &slots->items[i];
	return NULL;
}

static int place(struct listener_slots *slots, const struct config_listener *from,
	unsigned *number, char *why, size_t size)
{
	struct listener_slot wanted, *slot;

	fill_slot(&wanted, from);
	slot = find(slots, &wanted);
	/* Dialogs have told it in their Contact. */
	if (slot && strcmp(slot->sent_by, wanted.sent_by) != 0) {
		snprintf(why, size, "needs a restart: listeners[].advertised");
		return SBC_EINVAL;
	}
	slot = slot ? slot : take_free(slots);
	if (!slot) {
		snprintf(why, size,
			"more than %d listeners, those that calls still use among "
			"them",
			LISTENER_MAX);
		return SBC_ELIMIT;
	}
	*slot = wanted;
	*number = (unsigned)(slot - slots->items);
	return 0;
}

int listener_slots_plan(const struct listener_slots *from, const struct config *config,
	usec_t now, struct listener_slots *out, char *why, size_t size)
{
	int err = 0;

	*out = *from;
	for (unsigned i = 0; i < out->count; i++) {
		if (out->items[i].state == LISTENER_OPEN) {
			out->items[i].state = LISTENER_LEAVING;
			out->items[i].left_at = now;
		}
	}
	for (size_t i = 0; !err && i < config->listener_count && i < LISTENER_MAX; i++)
		err = place(out, &config->listeners[i], &out->of[i], why, size);
	return err;
}

/* ---- for the transports ---- */

static void fill_tls(struct listener_config *to, const struct config *config,
	const struct credentials *credentials, size_t i)
{
	const struct credential *own = credentials_listener(credentials, i);

	to->certificate_pem = buf_slice(&own->certificate);
	to->key_pem = buf_slice(&own->key);
	to->ca_pem = credentials_listener_ca(credentials, i);
	to->require_client_certificate = config->listeners[i].require_client_certificate;
}

static void fill_one(struct listener_config *to, const struct listener_slot *slot)
{
	static const enum listener_use uses[] = {[LISTENER_NONE] = LISTENER_ABSENT,
		[LISTENER_OPEN] = LISTENER_WANTED,
		[LISTENER_LEAVING] = LISTENER_KEPT};

	to->use = uses[slot->state];
	to->kind = slot->kind;
	to->address = slot->address;
}

void listeners_fill(struct transport_config *out, const struct config *config,
	const struct credentials *credentials, const struct listener_slots *slots,
	struct listener_name *names)
{
	for (size_t i = 0; i < config->domain_count; i++)
		names[i] = (struct listener_name){.name = slice_str(config->domains[i].name),
			.certificate_pem = buf_slice(&credentials->domains[i].certificate),
			.key_pem = buf_slice(&credentials->domains[i].key)};
	out->listener_count = slots->count;
	for (unsigned i = 0; i < slots->count; i++)
		fill_one(&out->listeners[i], &slots->items[i]);
	for (size_t i = 0; i < config->listener_count && i < LISTENER_MAX; i++) {
		struct listener_config *to = &out->listeners[slots->of[i]];
		if (to->kind != TRANSPORT_TLS)
			continue;
		fill_tls(to, config, credentials, i);
		/* Who has a certificate of its own shows that one to all. */
		if (!config->listeners[i].certificate[0]) {
			to->names = names;
			to->name_count = config->domain_count;
		}
	}
}
