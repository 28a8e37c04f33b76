/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_PEER_TABLE_H
#define SBC_PEER_TABLE_H

#include "base/clock.h"
#include "base/timers.h"
#include "sbc/config.h"
#include "sbc/sbc.h"
#include "sbc/txn.h"

/*
 * What is known of each peer while we run: its addresses, whether it answers, how many
 * calls it has. An entry lives on through a reload of the configuration, and as long as a
 * call counts on it. Signalling thread.
 */

/* In the words of Kamailio's dispatcher: kamcmd dispatcher.list. */
enum peer_state {
	PEER_ACTIVE,   /* A: gets calls */
	PEER_TRYING,   /* T: did not answer lately, gets calls still */
	PEER_INACTIVE, /* I: gets no calls until it answers again */
	PEER_DISABLED, /* D: by command; gets no calls, is not asked */
};

#define PEER_NAME_MAX 64

/* Our own registration at it. */
enum peer_register_state {
	PEER_REGISTER_OFF,
	PEER_REGISTER_TRYING,
	PEER_REGISTER_DONE,
	PEER_REGISTER_REFUSED, /* tried again later */
};
extern const char *const peer_register_names[4];

struct peer_registration {
	enum peer_register_state state;
	struct txn *txn; /* borrowed until GONE; NULL: none under way */
	char call_id[33], branch[TXN_BRANCH_MAX];
	uint32_t cseq;
	int64_t wanted_s, expires_s; /* asked for; granted last */
	usec_t next_at;
	unsigned tries, failures; /* of this refresh; refreshes in a row */
	char auth[1024];          /* header lines of the answer to its challenge */
};

struct peer_entry {
	unsigned _references;
	char name[PEER_NAME_MAX];
	struct peer_address addresses[PEER_ADDRESS_MAX]; /* in the order they are tried */
	size_t address_count;
	size_t current; /* the one that is used */
	bool is_resolving;
	usec_t resolve_at; /* of a peer with a name: asked again then */
	enum peer_state state;
	bool is_probing;
	usec_t rest_until;            /* it answered 503 with Retry-After; 0: never */
	unsigned failures, successes; /* in a row */
	struct txn *probe;            /* borrowed until GONE; NULL: none under way */
	uint16_t last_code;           /* of the last probe; 0: no answer */
	struct peer_registration registration;
	char nonce[256]; /* of its last challenge; "": none */
	uint32_t nonce_count;
	unsigned calls_now;
	unsigned kbps_now;   /* of those, by what they offered */
	usec_t next_call_at; /* of the token bucket, in time */
	uint64_t calls_refused, probes_sent, probes_failed;
};

/* "AP": state, and P for probing or X for not. Static. */
const char *peer_entry_flags(const struct peer_entry *entry);
bool peer_entry_is_usable(const struct peer_entry *entry);
/* NULL: no address is known (yet). */
const struct peer_address *peer_entry_address(const struct peer_entry *entry);
bool peer_entry_has_address(const struct peer_entry *entry, const struct netaddr *host);
/* Addresses from DNS, in order; those over the ceiling are left out. What is used now stays
 * in use while it is among them. */
void peer_entry_set_addresses(
	struct peer_entry *entry, const struct peer_address *addresses, size_t count);

/* An answer (code) or none (0) came to a probe, with the thresholds of the configuration;
 * true when the state changed. */
bool peer_entry_probed(struct peer_entry *entry, const struct config_dispatcher *thresholds,
	bool is_alive, uint16_t code);
/* Nobody could be reached at the address in use: the next one's turn. */
void peer_entry_failed(struct peer_entry *entry);

/* By command. A reload makes peers that are not probed active again, unless disabled. */
void peer_entry_set_state(struct peer_entry *entry, enum peer_state state, bool is_probing);

/* Another call: false (and counted) when its ceilings do not let it. Given back by
 * peer_entry_end_call(). */
bool peer_entry_begin_call(
	struct peer_entry *entry, const struct config_peer *limits, usec_t now);
void peer_entry_end_call(struct peer_entry *entry);

struct peer_entry *peer_entry_ref(struct peer_entry *entry);
void peer_entry_unref(struct peer_entry *entry);

struct peer_table {
	struct config *config;       /* counted */
	struct peer_entry **entries; /* owned, counted; one for each of config->peers */
};

/* before: the table that this one takes over from, may be NULL; entries of peers with the
 * same name are shared. SBC_ENOMEM. */
int peer_table_new(
	struct peer_table **out, struct config *config, const struct peer_table *before);
void peer_table_free(struct peer_table *table);
/* The entry of a peer, also of an older configuration's; NULL: it is no more. */
struct peer_entry *peer_table_find(
	const struct peer_table *table, const struct config_peer *peer);
struct peer_entry *peer_table_named(const struct peer_table *table, struct slice name);

/* Does a code count as a sign of life? codes in Kamailio's words: "class=2;code=404"; ""
 * is every code below 500 but 408. */
bool probe_code_is_alive(const char *codes, uint16_t code);
/* Are they written right? */
bool probe_codes_are_right(const char *codes);

#endif
