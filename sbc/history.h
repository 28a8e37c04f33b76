/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_HISTORY_H
#define SBC_HISTORY_H

#include "base/netaddr.h"
#include "base/random.h"
#include "base/slice.h"
#include "sbc/transport.h"

/*
 * What happened lately to every call: its SIP messages, what was decided and why, its record.
 * One ring of memory that is taken at start and holds the newest entries of all calls; the
 * oldest make room. So a call that is over can still be explained, and nobody pays for it
 * per call. Secrets are masked on their way in (sip_mask()). Signalling thread; private to
 * the sbc room.
 */
struct history;

#define HISTORY_ENTRY_MAX 16384 /* bytes of one entry's text; more is cut */

enum history_kind {
	HISTORY_MESSAGE, /* SIP, in or out */
	HISTORY_LEG,     /* a leg began: text is its Call-ID */
	HISTORY_EVENT,   /* a line of the log about the call: "call.answer call=c17" */
	HISTORY_RECORD,  /* the call's record, JSON: it is over */
};

/* Slices are borrowed, and good until the next entry is written. */
struct history_entry {
	enum history_kind kind;
	int64_t time_us; /* since 1970 */
	uint64_t call;   /* its number; of a message 0 until history_next() knows */
	char leg;        /* 'a', 'b'; 0: none */
	bool is_incoming;
	bool is_cut;
	enum transport_kind transport;
	struct netaddr peer;
	struct slice local; /* our listener */
	struct slice text;
};

/* size: bytes of the ring, at least HISTORY_SIZE_MIN. SBC_ENOMEM, SBC_EINVAL. */
#define HISTORY_SIZE_MIN (64 * 1024)
int history_new(struct history **out, size_t size, const struct random_source *random);
void history_free(struct history *history); /* NULL is allowed, here and below */

/* A message is kept when it belongs to a call: REGISTER, OPTIONS and the like are not.
 * entry: time_us, is_incoming, transport, peer, local, text. */
void history_message(struct history *history, const struct history_entry *entry);
/* entry: kind (not MESSAGE), time_us, call, leg, text. */
void history_note(struct history *history, const struct history_entry *entry);

/* "c17" is 17. */
bool history_number(struct slice name, uint64_t *out);

#define HISTORY_LEG_MAX 16 /* a caller and fifteen branches */

/* One call's entries, oldest first. Zeroed, then history_find(). */
struct history_walk {
	uint64_t number; /* 0: an INVITE that was refused before it was a call */
	uint64_t _position;
	struct {
		uint64_t hash;
		char leg;
	} _legs[HISTORY_LEG_MAX];
	size_t _leg_count;
	bool has_begin; /* its first leg's entry is still there */
};

/* name: a call's name ("c17"), the Call-ID of one of its legs, or whom its INVITE was from or
 * to (history_party.h): the newest call that fits. False: nothing is known. */
bool history_find(const struct history *history, struct slice name, struct history_walk *walk);
/* False: no more. What is written in between is seen too; what is overwritten is not. */
bool history_next(
	const struct history *history, struct history_walk *walk, struct history_entry *entry);

#endif
