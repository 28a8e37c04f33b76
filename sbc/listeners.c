/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Listeners of a configuration for the transports. Pure. */

#include "sbc/listeners.h"

#include <stdio.h>

static void fill_tls(struct listener_config *to, const struct config *config,
	const struct credentials *credentials, size_t i)
{
	const struct credential *own = credentials_listener(credentials, i);

	to->certificate_pem = buf_slice(&own->certificate);
	to->key_pem = buf_slice(&own->key);
	to->ca_pem = credentials_listener_ca(credentials, i);
	to->require_client_certificate = config->listeners[i].require_client_certificate;
}

static void fill_one(struct listener_config *to, const struct config *config,
	const struct credentials *credentials, size_t i)
{
	const struct config_listener *from = &config->listeners[i];
	char text[NETADDR_TEXT_MAX];

	to->kind = from->transport;
	to->address = from->address;
	snprintf(to->advertised, sizeof(to->advertised), "%s",
		from->advertised[0] ? from->advertised : netaddr_print(&from->address, text));
	if (from->transport == TRANSPORT_TLS)
		fill_tls(to, config, credentials, i);
}

void listeners_fill(struct transport_config *out, const struct config *config,
	const struct credentials *credentials, struct listener_name *names)
{
	for (size_t i = 0; i < config->domain_count; i++)
		names[i] = (struct listener_name){.name = slice_str(config->domains[i].name),
			.certificate_pem = buf_slice(&credentials->domains[i].certificate),
			.key_pem = buf_slice(&credentials->domains[i].key)};
	for (size_t i = 0; i < config->listener_count && i < LISTENER_MAX; i++) {
		struct listener_config *to = &out->listeners[out->listener_count++];
		fill_one(to, config, credentials, i);
		/* Who has a certificate of its own shows that one to all. */
		if (to->kind == TRANSPORT_TLS && !config->listeners[i].certificate[0]) {
			to->names = names;
			to->name_count = config->domain_count;
		}
	}
}
