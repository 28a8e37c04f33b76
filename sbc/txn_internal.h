/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_TXN_INTERNAL_H
#define SBC_TXN_INTERNAL_H

#include "base/hash.h"
#include "base/slab.h"
#include "base/timers.h"
#include "sbc/txn.h"

/* What the files of the transaction layer share. */

/* ---- txn_table.c: the four machines ---- */

enum txn_kind { TXN_CLIENT_INVITE, TXN_CLIENT_OTHER, TXN_SERVER_INVITE, TXN_SERVER_OTHER };
#define TXN_KIND_COUNT 4

enum txn_state {
	TXN_SAME,   /* in a step only: no other state */
	TXN_TRYING, /* a client INVITE's Calling too */
	TXN_PROCEEDING,
	TXN_COMPLETED,
	TXN_CONFIRMED,
	TXN_ACCEPTED,
	TXN_TERMINATED,
};
#define TXN_STATE_COUNT 7

enum txn_input {
	TXN_IN_PROVISIONAL, /* client: a 1xx came; server: the user sends one */
	TXN_IN_SUCCESS,     /* 2xx, likewise */
	TXN_IN_FAILURE,     /* 3xx to 6xx, likewise */
	TXN_IN_REQUEST,     /* server: the request again */
	TXN_IN_ACK,         /* server INVITE */
	TXN_IN_RESEND,      /* timers A, E, G */
	TXN_IN_END,         /* timers B, D, F, H, I, J, K, L, M */
	TXN_IN_TRANSPORT,   /* what was sent did not arrive */
};
#define TXN_INPUT_COUNT 8

/* What a step does, in this order. */
enum {
	TXN_DO_REFUSE = 1 << 0, /* SBC_ESTATE and nothing else */
	TXN_DO_SEND = 1 << 1,   /* the user's response */
	TXN_DO_KEEP = 1 << 2,   /* and keep it */
	TXN_DO_REPEAT = 1 << 3, /* send what is kept */
	TXN_DO_ACK = 1 << 4,    /* acknowledge this 3xx to 6xx */
	TXN_DO_TELL = 1 << 5,   /* the event that belongs to the input */
	TXN_DO_PASS = 1 << 6,   /* this ACK is the user's */
	TXN_DO_STRAY = 1 << 7,  /* this response is nobody's */
};

struct txn_step {
	enum txn_state next;
	unsigned actions;
};
const struct txn_step *txn_step(enum txn_kind kind, enum txn_state state, enum txn_input input);

/* How a state waits. */
enum txn_resend {
	TXN_RESEND_STOP,
	TXN_RESEND_DOUBLE,       /* T1, 2 T1, 4 T1 ... */
	TXN_RESEND_DOUBLE_TO_T2, /* the same, never above T2 */
	TXN_RESEND_AT_T2,        /* goes on, from now on each T2 */
};
enum txn_end {
	TXN_END_AS_IS,           /* the time that runs goes on */
	TXN_END_LONG,            /* no timer of the standard: a ceiling for lost users */
	TXN_END_64T1,            /* on every transport */
	TXN_END_64T1_UNRELIABLE, /* at once on a reliable one */
	TXN_END_T4_UNRELIABLE,   /* likewise */
};
struct txn_wait {
	enum txn_resend resend;
	enum txn_end end;
};
struct txn_wait txn_wait(enum txn_kind kind, enum txn_state state);

/* ---- txn_key.c: what belongs together ---- */

/* Bytes: room for a long branch, or an RFC 2543 request's URI and Via. */
#define TXN_KEY_MAX 2048

struct txn_key {
	char bytes[TXN_KEY_MAX];
	size_t len;
};
/* Each: SBC_ELIMIT when the fields are too long. method: an ACK's and a CANCEL's INVITE is
 * looked for with SIP_METHOD_INVITE. */
int txn_key_server(struct txn_key *out, const struct sip_msg *msg, struct slice method);
int txn_key_client(struct txn_key *out, struct slice branch, struct slice method);
/* RFC 3261 section 8.2.2.2: the same request that came by another way. */
int txn_key_merge(struct txn_key *out, const struct sip_msg *msg);

/* ---- txn.c ---- */

struct txn_layer {
	struct txn_layer_config config;
	struct hash_table by_key;
	struct hash_table by_tag;
	struct hash_table by_merge; /* requests out of dialogs */
	uint64_t last_tag;
	struct slab slab; /* transactions and what they keep */
};

struct txn {
	struct hash_node by_key;
	struct hash_node by_tag;
	struct hash_node by_merge;
	struct txn_layer *layer; /* borrowed: its parent */
	enum txn_kind kind;
	enum txn_state state;
	uint64_t tag; /* its name for the transport */
	struct hop hop;
	txn_event_h *handler; /* NULL: nobody */
	void *arg;            /* borrowed */
	struct timer resend;
	struct timer end; /* always runs: moving it cannot fail */
	usec_t interval;  /* of resend */
	bool is_detached;
	bool is_secret;          /* bytes have keys of media (RFC 4568): wiped */
	bool is_leaving;         /* detached, and its last 64 T1 run */
	struct slice key;        /* in storage */
	struct slice merge;      /* in storage; empty: not in by_merge */
	struct slice bytes;      /* client: the request, in storage; server: kept */
	char *kept;              /* owned, in the slab: a server's last response, or NULL */
	struct txn_spare *spare; /* owned: how to go when the wider way is none; NULL */
	char storage[];
};

/* A request as it goes by datagram, while it is tried over TCP. */
struct txn_spare {
	struct hop hop;
	size_t len;
	char bytes[];
};

struct txn_setup {
	enum txn_kind kind;
	enum txn_state state; /* the first */
	struct slice key, merge, bytes;
	struct hop hop;
	txn_event_h *handler;
	void *arg;
};
/* Enters the tables and starts its timers. SBC_ELIMIT, SBC_ENOMEM. */
int txn_new(
	struct txn **out, struct txn_layer *layer, const struct txn_setup *setup, usec_t now);
/* Without any event. */
void txn_destroy(struct txn *txn);

struct txn *txn_find(const struct txn_layer *layer, const struct txn_key *key);

/* Why a machine moves. */
struct txn_cause {
	const struct sip_msg *msg;
	const struct transport_source *source;
	struct slice bytes; /* the user's response */
	usec_t now;
};
/* One step. The transaction may be freed on return, unless the input is the user's own.
 * SBC_ESTATE; what send gives. */
int txn_run(struct txn *txn, enum txn_input input, const struct txn_cause *cause);
/* Of a status code. */
enum txn_input txn_input_of(uint16_t code);

/* ---- txn_server.c, txn_client.c ---- */

void txn_server_receive(struct txn_layer *layer, const struct txn_cause *cause);
void txn_client_receive(struct txn_layer *layer, const struct txn_cause *cause);
/* A long request was not taken over TCP: sent by datagram now, with its timers anew. True:
 * that was so. */
bool txn_client_narrow(struct txn *txn, usec_t now);
/* The timers of a state begin. */
void txn_arm(struct txn *txn, usec_t now);
/* RFC 3261 section 17.1.1.3. SBC_ENOMEM; what send gives. */
int txn_client_ack(struct txn *txn, const struct sip_msg *response);

#endif
