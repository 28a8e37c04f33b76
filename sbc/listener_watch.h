/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_LISTENER_WATCH_H
#define SBC_LISTENER_WATCH_H

#include "sbc/core.h"

/* Listeners that a reload took away: nothing new begins there, and each is closed when no call
 * goes through it any more. Signalling thread; private to the sbc room. */

/* Logs what becomes other with the new table, which is not in force yet. */
void listener_watch_tell(const struct sbc *sbc, const struct listener_slots *now);
/* Closes what nobody uses any more. */
void listener_watch_sweep(struct sbc *sbc, usec_t now);
/* Answers a request outside any dialog that came to one of them. False: it did not. */
bool listener_watch_refuse(struct sbc *sbc, const struct request *request);

#endif
