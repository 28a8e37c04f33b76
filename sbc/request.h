/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_REQUEST_H
#define SBC_REQUEST_H

#include "sbc/core.h"

/* Private to the sbc room. Every new request comes through here; arg is the struct sbc. */
void request_dispatch(struct txn *server, const struct sip_msg *msg,
	const struct transport_source *source, usec_t now, void *arg);

/* register.c: REGISTER for one of our users (RFC 3261 section 10). */
void register_request(struct sbc *sbc, const struct request *request);

#endif
