/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connected identity, RFC 4916. Signalling thread. */

#include "sbc/call.h"

bool call_connect_is_open(const struct call *call, int side)
{
	(void)call;
	(void)side;
	return true;
}
