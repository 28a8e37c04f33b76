/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_VERSTAT_H
#define SBC_VERSTAT_H

#include "base/buf.h"
#include "sbc/config.h"
#include "sbc/policy_link.h"

/*
 * What was found out about a caller, told within the trust domain: verstat (3GPP TS 24.229
 * section 7.2A.20) beside the asserted identity, and Reason (RFC 9410) towards who signed.
 * From outside of it neither is believed: both are taken off. Pure.
 */

/* ";verstat=TN-Validation-Passed" and so on; for a caller of this peer. Static. */
const char *verstat_of(const struct config_peer *from, const struct identity_verdict *verdict);

/* Is the caller told to those we trust, although its signature does not hold? */
bool verstat_is_marked(const struct config_peer *from, const struct identity_verdict *verdict);

/* Appends the Reason line for the responses to a marked call; nothing for any other call, or
 * for a peer outside of the trust domain. Returns out's err. */
int verstat_put_reason(struct buf *out, const struct config_peer *from,
	const struct identity_verdict *verdict);

/* Appends the user part of a URI, or a whole tel: URI, without what it says of itself. */
int verstat_strip(struct buf *out, struct slice user);

/* Is this Reason value about signatures? It is never passed on. */
bool verstat_is_reason(struct slice reason);

#endif
