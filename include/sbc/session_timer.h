/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_SESSION_TIMER_H
#define SBC_SESSION_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "sbc/sip_msg.h"

/*
 * Session timers of one leg (RFC 4028): what both ends ask for, who refreshes, and when.
 * Pure. Each leg negotiates for itself.
 */
#define SESSION_MIN_SE_S  90    /* RFC 4028 section 5: nobody may ask for less */
#define SESSION_EXPIRES_S 86400 /* more than a day is as good as none */

enum session_refresher { SESSION_REFRESHER_OPEN, SESSION_REFRESHER_UAC, SESSION_REFRESHER_UAS };

/* What a message says. */
struct session_fields {
	uint32_t expires_s; /* 0: no Session-Expires, or one that is none */
	enum session_refresher refresher;
	uint32_t min_se_s; /* never below SESSION_MIN_SE_S */
	bool is_supported; /* Supported (a request) or Require (a response) has timer */
};
void session_fields_read(struct session_fields *out, const struct sip_msg *msg);

/* What we want. Zero expires_s: no timer of our own wish. */
struct session_wish {
	uint32_t expires_s;
	uint32_t min_se_s;
};

/* What was agreed. Zeroed memory: no timer. */
struct session_timer {
	uint32_t interval_s; /* 0: none */
	uint32_t min_se_s;   /* the largest that a 422 told us */
	bool is_refresher;
};

/* We answer a request (section 9): writes the header lines of the 2xx. 0, or 422: then the
 * line is Min-SE. */
uint16_t session_timer_answer(struct session_timer *timer, const struct session_wish *wish,
	const struct session_fields *request, struct buf *lines);

/* We ask (section 7): the header lines of our request. is_refresh: the roles stay. */
void session_timer_ask(const struct session_timer *timer, const struct session_wish *wish,
	bool is_refresh, struct buf *lines);
/* The 2xx to what we asked (section 7.2). */
void session_timer_agreed(struct session_timer *timer, const struct session_wish *wish,
	const struct session_fields *response);
/* A 422: the next request asks for more. False: it makes no sense to ask again. */
bool session_timer_too_small(
	struct session_timer *timer, const struct session_fields *response);

/* From a refresh at now: when we refresh, or when we give up (section 10). */
usec_t session_timer_refresh_at(const struct session_timer *timer, usec_t now);
usec_t session_timer_expiry_at(const struct session_timer *timer, usec_t now);

#endif
