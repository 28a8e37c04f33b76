/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_EXPLAIN_H
#define CTL_EXPLAIN_H

#include "base/arena.h"
#include "tools/ctl/explain_page.h"

/*
 * One call as the daemon's call.explain tells it, and the page that is made of it. Pure: text
 * in, text out.
 *
 *   explain.c         the answer read
 *   explain_why.c     one sentence: why it was refused, why there is no audio, or that it is
 * fine explain_legs.c    both legs: verdict, keys, packets explain_sdp.c     what was offered
 * and answered, and what we made of it explain_ladder.c  messages, decisions and timers in
 * their order explain_page.c    lines, columns, colours
 */

#define EXPLAIN_ENTRY_MAX 4096               /* of one call; more are left out */
#define EXPLAIN_SIZE_MAX  (64 * 1024 * 1024) /* bytes of one call's texts */

enum explain_kind { EXPLAIN_MESSAGE, EXPLAIN_LEG, EXPLAIN_EVENT, EXPLAIN_RECORD };

/* Texts are as the network brought them: clean them on their way out. They live as long as the
 * struct explain. */
struct explain_entry {
	enum explain_kind kind;
	uint64_t time_us; /* since 1970 */
	char leg;         /* 'a', 'b'; 0: none */
	bool is_incoming; /* a message's, as the others down to is_again */
	bool is_cut;
	bool is_again; /* the same bytes went the same way before */
	struct slice transport, peer;
	struct slice text;
};

struct explain_leg {
	struct slice peer, transport, call_id;
	struct slice outcome, mechanism, identity, domain, url, why; /* of its identity */
	uint64_t code;                                               /* that refused it; 0 */
	struct slice signalled, presented;                           /* fingerprints */
	bool is_match;
	struct slice keying, dtls, cipher_suite, srtp_profile;
	uint64_t received, relayed, lost; /* RTP packets that came on this leg */
	struct slice dropped;             /* JSON: reason to count */
	struct slice streams;             /* JSON */
};

struct explain {
	struct slice call;
	bool is_live, is_begin_lost;
	struct explain_entry *entries; /* in arena */
	size_t count;
	bool has_record;
	struct slice record; /* JSON */
	uint64_t start_s, answer_s, end_s, code;
	struct slice ended_by, reason, from, to;
	struct explain_leg legs[2];
	struct arena _arena;
};

/* SBC_ENOMEM. */
int explain_init(struct explain *explain);
void explain_fini(struct explain *explain);
/* One more part of the answer: a result of call.explain. *added: its entries. SBC_EPARSE: it is
 * none; SBC_ELIMIT, SBC_ENOMEM. */
int explain_add(struct explain *explain, struct slice result, size_t *added);
/* After the last part: the record is read. */
void explain_complete(struct explain *explain);

/* "call.answer" of an event; the value of a key in its line, without quotes. */
struct slice explain_event_name(const struct explain_entry *entry);
struct slice explain_event_value(const struct explain_entry *entry, const char *key);
/* The newest event of this name; NULL: none. */
const struct explain_entry *explain_last_event(const struct explain *explain, const char *name);

/* A response's code; 0: a request, or no message. */
unsigned explain_status(const struct explain_entry *entry);
/* The method of a request, or of what a response answers. */
struct slice explain_method(const struct explain_entry *entry);
/* The session description in a message; empty: none. */
struct slice explain_sdp(const struct explain_entry *entry);

/* "alice", or "the caller". */
struct slice explain_who(const struct explain *explain, int side);

/* ---- the page ---- */

enum explain_tone { EXPLAIN_GOOD, EXPLAIN_WAIT, EXPLAIN_BAD };

#define EXPLAIN_FACT_MAX 6

/* The answer to "why": a word for programs, a sentence, what shows it. Clean. */
struct explain_why {
	enum explain_tone tone;
	const char *word; /* "fingerprint-mismatch" */
	char sentence[640];
	char facts[EXPLAIN_FACT_MAX][640];
	size_t fact_count;
};
void explain_why(const struct explain *explain, struct explain_why *out);

void explain_print_legs(struct page *page, const struct explain *explain);
void explain_print_sdp(struct page *page, const struct explain *explain);
void explain_print_timers(struct page *page, const struct explain *explain);
/* is_verbose: states of the legs, too. */
void explain_print_ladder(struct page *page, const struct explain *explain, bool is_verbose);
/* All of it. */
void explain_print(struct page *page, const struct explain *explain, bool is_verbose);
/* The same as one JSON object and a line end. Returns out's err. */
int explain_print_json(struct buf *out, const struct explain *explain);

/* ---- what was offered and answered ---- */

/* A description that came from one side, and what the other side was told instead. */
struct explain_exchange {
	int from;       /* side */
	bool is_answer; /* else an offer */
	const struct explain_entry *received;
	const struct explain_entry *sent; /* NULL: it went no further */
};
#define EXPLAIN_EXCHANGE_MAX 64
/* In their order; how many. */
size_t explain_exchanges(
	const struct explain *explain, struct explain_exchange out[EXPLAIN_EXCHANGE_MAX]);

#endif
