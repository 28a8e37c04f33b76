/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_CALL_H
#define SBC_CALL_H

#include "sbc/leg.h"
#include "sbc/media_link.h"
#include "sbc/policy_link.h"
#include "sbc/sdp.h"

/*
 * A call: the leg to the caller (a), the leg to the callee (b), one media session between
 * them, and what was found out about each. Signalling thread.
 *
 *  CHECKING -verdict, route-> CALLING -2xx-> ANSWERED -BYE, failure-> ENDING -> ENDED
 */
enum call_state {
	CALL_CHECKING, /* a certificate is fetched */
	CALL_CALLING,
	CALL_ANSWERED,
	CALL_ENDING, /* legs say goodbye, media closes */
	CALL_ENDED,  /* freed from the reaper timer */
};

/* Who ended it. */
enum call_ender { CALL_ENDER_NONE, CALL_ENDER_CALLER, CALL_ENDER_CALLEE, CALL_ENDER_US };

/* What is known about the other end of one leg, for log and call record. */
struct call_party {
	char name[128]; /* user or peer */
	enum transport_kind transport;
	const char *identity_outcome;    /* static: authenticated, verified, signed, ... */
	struct identity_verdict verdict; /* a leg of a peer */
	struct fingerprint_set signalled;
};

struct call {
	struct sbc *sbc; /* borrowed */
	uint64_t number;
	char name[24]; /* "c17" */
	enum call_state state;
	struct arena arena;
	struct hash_node by_number;
	struct list in_order; /* in sbc->calls */
	struct leg a, b;
	struct call_party party[2];
	struct call_media media;
	const struct sip_msg *invite;        /* the caller's, in the arena */
	struct sdp *offer;                   /* likewise */
	const struct config_peer *from_peer; /* NULL: one of our users */
	struct identity_check check;
	uint64_t sdp_session[2]; /* o= of what we say on each leg */
	struct timer ring_timer;
	struct timer reap_timer;
	int64_t start_s, answer_s, end_s;
	uint16_t code; /* final status towards the caller */
	enum call_ender ender;
	char reason[160];
};

#define CALL_ARENA_MAX (256 * 1024) /* bytes: two large INVITEs and their descriptions */

/* A new INVITE outside any dialog. Always answered. */
void call_start(struct sbc *sbc, const struct request *request);
void call_media_event(struct sbc *sbc, const struct media_event *ev, usec_t now);

/* Ends a call in any state: the caller hears code if it was not answered yet, both ends
 * hear reason (a Reason header value, may be NULL). */
void call_end(struct call *call, enum call_ender ender, uint16_t code, const char *reason,
	usec_t now);

/* call_route.c: finds the callee and calls it. A refusal is written to reply. */
int call_route(struct call *call, struct reply *refusal, usec_t now);
/* call_record.c: log line and call record. */
void call_record(struct call *call);

struct call *call_find(struct sbc *sbc, uint64_t number);
/* Ends all; for draining. */
void call_end_all(struct sbc *sbc, usec_t now);
void call_free(struct call *call);

#endif
