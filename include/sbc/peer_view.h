/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_PEER_VIEW_H
#define SBC_PEER_VIEW_H

#include "sbc/config.h"

/* A peer as it is in force: what its profile gave and its own keys changed. Pure; any thread.
 */

#define PEER_VIEW_VALUE_MAX 256

/* One line of a peer as it is in force. */
struct peer_view_line {
	const char *key; /* static */
	char value[PEER_VIEW_VALUE_MAX];
	const char *origin; /* static: "file" or "profile" */
};

/* index counts from 0; false behind the last one. */
bool peer_view_line(const struct config *config, const struct config_peer *peer, size_t index,
	struct peer_view_line *out);

#endif
