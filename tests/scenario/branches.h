/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SCENARIO_BRANCHES_H
#define SCENARIO_BRANCHES_H

/* A fork on the far side: several answers to one INVITE (RFC 3261 section 12.1.2). */

#include <stdio.h>
#include <string.h>

#include "tests/scenario/world.h"

/* The request that who heard, kept for several answers. */
struct kept {
	struct arena arena;
	const struct sip_msg *msg;
};

static inline void keep(struct world *w, enum actor who, struct kept *kept)
{
	kept->arena = w->heard[who].arena;
	kept->msg = w->heard[who].msg;
	arena_init(&w->heard[who].arena, 1 << 20);
}

/* One branch of the fork answers: tag is its own. */
static inline void branch_says(struct world *w, const struct kept *invite, const char *tag,
	uint16_t code, const char *body)
{
	char text[8192];
	const struct sip_msg *msg = invite->msg;

	snprintf(text, sizeof(text),
		"SIP/2.0 %u X\r\nVia: %.*s\r\nFrom: %.*s\r\nTo: %.*s;tag=%s\r\nCall-ID: "
		"%.*s\r\n"
		"CSeq: %u INVITE\r\nContact: <sip:%s@127.0.0.12:5061;transport=tls>\r\n%s"
		"Content-Length: %zu\r\n\r\n%s",
		code, SLICE_ARG(msg->via.raw), SLICE_ARG(msg->from.raw), SLICE_ARG(msg->to.raw),
		tag, SLICE_ARG(msg->call_id), msg->cseq, tag,
		body[0] ? "Content-Type: application/sdp\r\n" : "", strlen(body), body);
	world_say(w, BILOXI, text);
}

#endif
