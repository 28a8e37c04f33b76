/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_CREDENTIALS_H
#define SBC_CREDENTIALS_H

#include "base/buf.h"
#include "sbc/config.h"
#include "sbc/provision.h"

/*
 * Every key and certificate that a configuration names, read into memory, and those it does
 * not name, made in the state directory. Blocking; before the loops run. Private to the sbc
 * room.
 */
struct credential {
	struct buf certificate; /* PEM, leaf first */
	struct buf key;         /* PEM, secret */
};

struct credentials {
	struct buf ca; /* anchors for identities and TLS peers */
	struct buf fetch_ca;
	struct buf crl;               /* empty: none */
	struct credential *keys;      /* owned; as config->keys */
	struct credential *domains;   /* owned; as config->domains */
	struct credential *rsa;       /* owned; as config->domains, empty where there is none */
	struct credential *listeners; /* owned; as config->listeners, empty: first domain's */
	struct buf *listener_ca;      /* owned; as config->listeners, empty: ca */
	struct credential http;       /* empty: the first domain's */
	size_t domain_count;
	size_t key_count;
	size_t listener_count;
};

/* say: as in provision.h; a fault is told through it before an error comes back. out needs
 * credentials_fini() in any case. */
int credentials_load(
	struct credentials *out, const struct config *config, const struct provision *say);
/* Wipes the keys. Zeroed memory is allowed. */
void credentials_fini(struct credentials *credentials);

/* What is shown on a TLS listener, on the HTTPS server, and trusted on a TLS listener. */
const struct credential *credentials_listener(const struct credentials *c, size_t index);
const struct credential *credentials_http(const struct credentials *c);
struct slice credentials_listener_ca(const struct credentials *c, size_t index);

#endif
