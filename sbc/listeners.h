/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_LISTENERS_H
#define SBC_LISTENERS_H

#include "sbc/credentials.h"
#include "sbc/transport.h"

/*
 * A configuration's listeners as the transports want them. Everything in out is borrowed from
 * config and credentials, and from names: room for config->domain_count of them. Pure.
 */
void listeners_fill(struct transport_config *out, const struct config *config,
	const struct credentials *credentials, struct listener_name *names);

#endif
