/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_COMPONENT_KEYS_H
#define MEDIA_COMPONENT_KEYS_H

#include "media/component.h"

/* What component.c needs of component_keys.c. */

void component_keys_init(struct component *component);
/* All of them, those before too. */
void component_keys_forget(struct component *component);
/* Those of a handshake; the ones that were in force verify for a moment more (DTLS-16).
 * SBC_ENOMEM, SBC_ECRYPTO. */
int component_keys_take(struct component *component, const struct dtls_keys *keys, usec_t now);

#endif
