/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_PROBE_H
#define SBC_PROBE_H

#include "sbc/core.h"
#include "sbc/peer_table.h"

/*
 * OPTIONS to peers with "probe: true", each dispatcher.ds_ping_interval, as Kamailio's
 * dispatcher does it: who does not answer gets no calls until it does again. Signalling
 * thread.
 */

/* Starts or, after a reload, starts anew. */
void probe_start(struct sbc *sbc, usec_t now);
void probe_stop(struct sbc *sbc);

#endif
