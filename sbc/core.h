/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_CORE_H
#define SBC_CORE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/list.h"
#include "sbc/large.h"
#include "sbc/listeners.h"
#include "sbc/overload.h"
#include "sbc/peer_table.h"
#include "sbc/registrar.h"
#include "sbc/sbc.h"
#include "sbc/sip_build.h"
#include "sbc/sip_msg.h"
#include "sbc/source_guard.h"

/* Private to the sbc room: what its files share of the core. */

struct register_relay;

#define SBC_LEG_STATE_COUNT 8

struct sbc {
	struct config *config; /* counted */
	struct log *log;       /* borrowed */
	struct timers *timers; /* borrowed */
	struct policy *policy; /* borrowed; policy_link.c only */
	struct media *media;   /* borrowed; media_link.c only */
	struct random_source random;
	struct txn_timing timing;
	struct sbc_outside outside;
	struct txn_layer *txns;       /* owned */
	struct registrar *registrar;  /* owned */
	struct register_relay *relay; /* owned */
	struct peer_table *peers;     /* owned; of config */
	struct source_guard *guard;   /* owned */
	struct large_refusals large;
	struct overload overload;
	struct timer probe_timer;
	struct timer resolve_timer;
	struct timer register_timer;
	size_t probe_tick; /* which part of the peers is next */
	struct listener_slots listeners;
	struct arena arena;          /* of the message in hand */
	struct hash_table by_number; /* struct call */
	struct hash_table by_dialog; /* struct leg */
	uint64_t last_number;
	struct list calls;   /* struct call, oldest first */
	struct list cursors; /* struct call_cursor: walks over calls that pause */
	struct list checks;  /* struct identity_check that wait for a certificate */
	struct timer housekeeping;
	struct timer drain_timer;
	struct timer trim_timer;
	uint64_t calls_peak;    /* since memory was given back last */
	bool is_draining;       /* by command: calls that live go on */
	sbc_drained_h *drained; /* set: stopping, all calls end */
	void *drained_arg;
	bool is_drained; /* told */
	struct log_limit broken_limit;
	struct log_limit refused_limit;
	struct log_limit blocked_limit;
	struct sbc_counters counters;
	struct sbc_traffic traffic;
	uint64_t leg_states[2][SBC_LEG_STATE_COUNT]; /* legs a, b now, by enum leg_state */
};

/* One incoming request on its way to an answer. */
struct request {
	struct txn *server; /* NULL: an ACK */
	const struct sip_msg *msg;
	const struct transport_source *source;
	usec_t now;
};

/* What an answer has beside its code. */
struct reply {
	uint16_t code;
	struct slice reason; /* empty: the usual phrase */
	struct slice lines;  /* whole header lines */
	struct slice content_type;
	struct slice body;
	struct slice to_tag; /* empty: a fresh one where one is needed */
};

/* Answers through the transaction. Codes from 400 are counted and, with a limit, logged. */
/* One call less: draining may be done by that. */
void sbc_call_gone(struct sbc *sbc, usec_t now);
void sbc_reply(struct sbc *sbc, const struct request *request, const struct reply *reply);
/* The same with a code and no more. */
void sbc_refuse(struct sbc *sbc, const struct request *request, uint16_t code);

#define SBC_TAG_LEN 16 /* characters of 5 bits: 80 bits nobody guesses */
#define SBC_ACCEPT  "Accept: application/sdp, multipart/mixed\r\n"
#define SBC_ALLOW   "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, PRACK, INFO, MESSAGE\r\n"
#define SBC_ALLOW_REFER                                                                        \
	"Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, PRACK, INFO, MESSAGE, REFER, "      \
	"NOTIFY"
#define SBC_ALLOW_EVENTS "Allow-Events: refer\r\n"
#define SBC_SUPPORTED    "Supported: timer, 100rel, from-change, replaces, norefersub\r\n"

#define SBC_TEXT_MAX 8192 /* bytes of header lines or a description that we write */

#endif
