/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_HEADER_RULES_H
#define SBC_HEADER_RULES_H

#include "base/buf.h"
#include "sbc/config.h"
#include "sbc/sip_msg.h"

/*
 * What crosses from one leg to the other. Every message is built anew; of the headers that
 * came, one table says which are copied, which only within the trust domain, and which stay
 * behind. Rules of the configuration change that for each peer and direction. Pure.
 */

enum header_kind { HEADER_KIND_INVITE, HEADER_KIND_RESPONSE, HEADER_KIND_REQUEST };

struct header_crossing {
	const struct sip_msg *msg; /* as it came */
	enum header_kind kind;
	/* NULL: one of our users, who are not in the trust domain */
	const struct config_peer *from, *to;
};

/* Appends whole header lines. A value that cannot be written (a line end in it) stays
 * behind. Returns lines->err. */
int header_rules_cross(const struct header_crossing *crossing, struct buf *lines);

#endif
