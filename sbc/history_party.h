/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_HISTORY_PARTY_H
#define SBC_HISTORY_PARTY_H

#include <stdbool.h>

#include "base/slice.h"

/*
 * Who an operator asks for: "alice", "alice@atlanta.test", "sip:alice@atlanta.test",
 * "+4930123", "4930123". Pure; private to the sbc room. Slices are borrowed from the text.
 */
struct history_party {
	struct slice user; /* a number without its '+' */
	struct slice host; /* empty: any */
	bool is_number;
};

/* False: it is no such thing. */
bool history_party_read(struct history_party *out, struct slice text);
/* Is this an INVITE from them, or to them? */
bool history_party_is_in(const struct history_party *party, struct slice message);

#endif
