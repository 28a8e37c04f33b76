/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_DOCTOR_PORTS_H
#define CTL_DOCTOR_PORTS_H

#include "sbc/config.h"
#include "tools/ctl/doctor_finding.h"
#include "tools/ctl/doctor_sockets.h"

/* The ports of a configuration, who has them, and what that means: rows PORT-1 to PORT-8. */

#define PORT_PLACES_MAX 80
#define PORT_OWN_MAX    256

/* A port that the configuration wants. */
struct port_place {
	const char *key; /* of the configuration */
	struct netaddr address;
	bool is_tcp;
};

struct ports {
	const struct config *config;
	struct source *source;
	struct arena *arena;
	struct port_place places[PORT_PLACES_MAX];
	size_t place_count;
	struct bound_sockets sockets;
	bool are_sockets_known;
	const struct process *daemon; /* NULL: none runs, or it is hidden */
	bool has_interfaces;          /* own is known */
	struct netaddr own[PORT_OWN_MAX];
	size_t own_count;
};

/* Who has what, from p->source. config, source and arena are set, the rest is zeroed;
 * interfaces are the caller's to find. SBC_ENOMEM. */
int ports_gather(struct ports *p);
/* Judges. Reads limits of the kernel and of the daemon from p->source. */
void ports_judge(const struct ports *p, struct findings *out);

#endif
