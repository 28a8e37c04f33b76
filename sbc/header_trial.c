/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules for headers tried on a message that somebody has at hand. Pure; any thread. */

#include "sbc/header_trial.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/err.h"
#include "sbc/header_rules.h"

static int find_peer(
	const struct config *config, struct slice name, const struct config_peer **out)
{
	*out = NULL;
	if (!name.len)
		return 0;
	for (size_t i = 0; i < config->peer_count; i++) {
		if (slice_equal(slice_str(config->peers[i].name), name)) {
			*out = &config->peers[i];
			return 0;
		}
	}
	return SBC_ENOENT;
}

int header_rules_try(
	const struct header_trial *trial, struct buf *lines, char *fault, size_t fault_size)
{
	struct header_crossing crossing = {.kind = HEADER_KIND_RESPONSE};
	struct sip_fault broken = {0};
	struct sip_msg *msg;
	struct arena arena;
	int err;

	if (find_peer(trial->config, trial->from, &crossing.from) ||
		find_peer(trial->config, trial->to, &crossing.to)) {
		snprintf(fault, fault_size, "there is no such peer");
		return SBC_ENOENT;
	}
	arena_init(&arena, 16 * SIP_MESSAGE_MAX);
	err = sip_msg_parse(&msg, &arena, trial->message, &broken);
	if (err) {
		snprintf(fault, fault_size, "not a SIP message: %s",
			broken.why ? broken.why : err_name(err));
	} else {
		crossing.msg = msg;
		if (msg->is_request)
			crossing.kind = msg->method == SIP_METHOD_INVITE ? HEADER_KIND_INVITE
									 : HEADER_KIND_REQUEST;
		err = header_rules_cross(&crossing, lines);
	}
	arena_fini(&arena);
	return err;
}
