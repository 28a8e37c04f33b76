/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_PEER_PROFILE_H
#define SBC_PEER_PROFILE_H

#include "sbc/config.h"

/*
 * What a peer is, in one word: each profile is a row of settings that single keys of the
 * peer may override. Pure; any thread.
 */
struct peer_profile {
	const char *name;
	const char *help;
	struct config_peer settings; /* those of enum peer_key */
};

/* NULL at the end of the table. */
const struct peer_profile *peer_profile_at(size_t index);
const struct peer_profile *peer_profile_find(struct slice name);

/* As in the file. */
const char *media_mode_name(enum media_mode mode);
const char *answer_identity_name(enum config_answer_identity answer);
const char *refer_name(enum config_refer refer);

/* Fills in what the peer's section does not say itself: peer->written has a bit for each
 * enum peer_key that it does. */
void peer_profile_apply(const struct peer_profile *profile, struct config_peer *peer);
/* The name of a key as it is written in the file; NULL behind the last one. */
const char *peer_key_name(enum peer_key key);

#endif
