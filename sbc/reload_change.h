/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_RELOAD_CHANGE_H
#define SBC_RELOAD_CHANGE_H

#include "sbc/reload.h"

/*
 * What one reload brings: first read, checked and made ready by a thread of the pool, which
 * touches nothing that runs; then taken over as a whole, or not at all. Zeroed memory: nothing.
 */
struct reload_change {
	struct config *config; /* counted */
	struct credentials credentials;
	struct policy *policy;       /* owned: keys, CAs and revocation lists */
	struct http_get_ca *ca;      /* owned: CAs of fetches */
	struct http_cert_set *certs; /* owned; NULL: nobody serves them */
};

/* Reads path. say: what is made on the way, and what is wrong; then its first fault says why
 * this failed. Blocking; any thread. reload_change_fini() in any case. */
int reload_change_read(struct reload_change *change, const char *path, struct provision *say);

/* Signalling thread. 0: all of it is in force. Otherwise nothing has changed, and why says it
 * in one sentence. */
int reload_change_apply(
	struct reload_change *change, const struct reload_setup *to, char *why, size_t size);

void reload_change_fini(struct reload_change *change);

#endif
