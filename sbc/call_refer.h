/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_CALL_REFER_H
#define SBC_CALL_REFER_H

#include "sbc/call.h"
#include "sbc/refer_to.h"

/*
 * A transfer under way (RFC 3515), between the files that carry it out: call_refer_take.c (may
 * it be?), call_refer.c (it is). Private to them. Signalling thread.
 */
struct call_refer {
	struct call *call;         /* parent */
	int from;                  /* who asks */
	struct arena arena;        /* of msg */
	const struct sip_msg *msg; /* the REFER, in arena */
	struct transport_source source;
	struct txn *server;           /* borrowed until GONE; NULL: answered */
	struct identity_check *check; /* owned; NULL: none */
	enum caller_proof proof;      /* of who asks */
	struct refer_to to;
	struct replaces replaces; /* of to */
	bool is_silent;           /* no NOTIFY is wanted (RFC 4488) */
	bool is_accepted;
	bool is_gone;    /* who asked has hung up */
	uint64_t target; /* number of the call that the other end is to go to; 0: none yet */
	bool is_attended;
	int at;           /* side of target whose place is taken */
	uint16_t code;    /* that was told last */
	bool is_unwanted; /* the subscription was ended */
	struct timer timer;
	unsigned tries;
};

/* The call has none any more. */
void refer_free(struct call_refer *refer);
/* The asker hears this status, unless it is gone or wants to hear nothing. From 200 on the
 * subscription is over. */
void refer_notify(struct call_refer *refer, uint16_t code, usec_t now);
/* The response to its REFER; once. */
void refer_answer(struct call_refer *refer, struct reply *reply, usec_t now);
/* It came to nothing, and is freed. */
void refer_fail(struct call_refer *refer, uint16_t code, usec_t now);
/* refer->timer's: the two are brought together, or it is tried again. */
void refer_on_try(struct timer *timer, usec_t now, void *arg);
/* Calls whom it names. May free it. */
void refer_begin_blind(struct call_refer *refer, usec_t now);

#endif
