/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_LISTENERS_H
#define SBC_LISTENERS_H

#include "sbc/credentials.h"
#include "sbc/transport.h"

/*
 * Which listener has which number. Hops, dialogs and registrations know one by its number, so
 * it keeps it while it lives, whatever the order of the configuration. One that a reload takes
 * away stays until no call goes through it: LEAVING. Pure; private to the sbc room.
 *
 *   NONE -configured-> OPEN -reloaded away-> LEAVING -no call left-> NONE
 *                       ^------ reloaded back ---'
 */
enum listener_state { LISTENER_NONE, LISTENER_OPEN, LISTENER_LEAVING };

struct listener_slot {
	enum listener_state state;
	enum transport_kind kind;
	struct netaddr address;
	char sent_by[128]; /* host or host:port: what our Via and Contact say */
	usec_t left_at;    /* LEAVING: since then */
};

struct listener_slots {
	struct listener_slot items[LISTENER_MAX];
	unsigned count;            /* those from there on were never in use */
	unsigned of[LISTENER_MAX]; /* number of the configuration's listener i */
};

/* What from becomes under config, at now. from may be zeroed memory, and is not out.
 * SBC_EINVAL, SBC_ELIMIT: why says it in words that fit a reload's refusal. */
int listener_slots_plan(const struct listener_slots *from, const struct config *config,
	usec_t now, struct listener_slots *out, char *why, size_t size);

/*
 * The listeners as the transports want them, by number. Everything in out is borrowed from
 * config and credentials, and from names: room for config->domain_count of them. slots: planned
 * for config.
 */
void listeners_fill(struct transport_config *out, const struct config *config,
	const struct credentials *credentials, const struct listener_slots *slots,
	struct listener_name *names);

#endif
