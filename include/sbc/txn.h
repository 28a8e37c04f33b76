/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_TXN_H
#define SBC_TXN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/timers.h"
#include "sbc/sip_msg.h"
#include "sbc/transport.h"

/*
 * Transactions: RFC 3261 section 17 as corrected by RFC 6026 (Accepted, timers L and M).
 * Matching, retransmission and timers; what is sent is kept as bytes. No sockets and no
 * clock: sending is a function it is given, time comes with each call, so that tests run
 * in virtual time. Signalling thread.
 */
struct txn_layer;
struct txn;

enum txn_event {
	TXN_EVENT_PROVISIONAL, /* client: 1xx */
	TXN_EVENT_SUCCESS,     /* client: 2xx; INVITE: each one, retransmissions too */
	TXN_EVENT_FAILURE,     /* client: 3xx-6xx; an INVITE's ACK was sent already */
	TXN_EVENT_TIMEOUT,     /* client: timer B or F; server INVITE: timer H, no ACK */
	TXN_EVENT_TRANSPORT,   /* the transport failed */
	TXN_EVENT_GONE,        /* the last one: the txn is freed on return */
};

/* msg: for the first three, borrowed; else NULL. Never inside a call that made or answered
 * the transaction, except that txn_layer_receive() delivers from within. */
typedef void(txn_event_h)(struct txn *txn, enum txn_event event, const struct sip_msg *msg,
	usec_t now, void *arg);

/* A new request. server: its transaction, which must get a final response; NULL for an
 * ACK that no transaction took (an ACK to a 2xx). */
typedef void(txn_request_h)(struct txn *server, const struct sip_msg *msg,
	const struct transport_source *source, usec_t now, void *arg);
/* A response that matches no transaction: dropped, but a stray 2xx may interest a dialog. */
typedef void(txn_stray_h)(const struct sip_msg *msg, const struct transport_source *source,
	usec_t now, void *arg);
/* As transport_send(). */
typedef int(txn_send_h)(
	const struct hop *hop, uint64_t tag, const void *bytes, size_t len, void *arg);

/* May a request over UDP go another way, being too long for a datagram (RFC 3261 section
 * 18.1.1)? True: out and bytes say how it goes there. */
typedef bool(txn_widen_h)(const struct hop *hop, struct slice request, struct hop *out,
	struct buf *bytes, usec_t now, void *arg);
/* Nobody took it there: it goes by datagram after all. */
typedef void(txn_narrowed_h)(const struct hop *hop, usec_t now, void *arg);

struct txn_timing { /* RFC 3261 section 17 and table 4 */
	usec_t t1, t2, t4;
};

struct txn_layer_config {
	struct timers *timers; /* borrowed */
	struct txn_timing timing;
	/* Ceiling. A new request over it gets 503 with Retry-After, stateless; one out of any
	 * dialog does so at seven eighths of it. */
	size_t txn_max;
	uint32_t retry_after_s;
	txn_send_h *send;
	txn_request_h *request;
	txn_stray_h *stray; /* may be NULL */
	txn_widen_h *widen; /* may be NULL: all go as they are */
	txn_narrowed_h *narrowed;
	void *arg; /* borrowed */
	struct random_source random;
};
void txn_layer_config_init(struct txn_layer_config *config);

int txn_layer_new(struct txn_layer **out, const struct txn_layer_config *config);
/* Forgets every transaction without a further event. */
void txn_layer_free(struct txn_layer *layer);

/* Every parsed message goes in here. */
void txn_layer_receive(struct txn_layer *layer, const struct sip_msg *msg,
	const struct transport_source *source, usec_t now);
/* From transport_failed_h. */
void txn_layer_transport_failed(struct txn_layer *layer, uint64_t tag, usec_t now);
size_t txn_layer_count(const struct txn_layer *layer);

/* ---- server side ---- */

/* Who hears of TIMEOUT, TRANSPORT and GONE; without one they go unheard. */
void txn_set_handler(struct txn *txn, txn_event_h *handler, void *arg);
/* Sends bytes (a whole response with this code) and keeps them for retransmission. After a
 * final one only an INVITE's 2xx may be repeated. SBC_ESTATE; what send gives. */
int txn_respond(struct txn *server, uint16_t code, const void *bytes, size_t len, usec_t now);
/* The INVITE server transaction that this CANCEL (or ACK) belongs to, or NULL. */
struct txn *txn_find_invite(struct txn_layer *layer, const struct sip_msg *msg);
/* Is it still unanswered by a final response? */
bool txn_is_pending(const struct txn *txn);
void *txn_handler_arg(const struct txn *txn);

/* ---- client side ---- */

/* "z9hG4bK" and random characters: out has TXN_BRANCH_MAX bytes. */
#define TXN_BRANCH_MAX 40
void txn_branch_new(struct txn_layer *layer, char *out);

struct txn_client_request {
	enum sip_method method;
	struct slice method_name;
	struct slice branch; /* that of the Via in bytes */
	struct slice bytes;  /* copied */
	const struct hop *hop;
	txn_event_h *handler;
	void *arg; /* borrowed until GONE or txn_detach() */
};
/* Sends it and keeps it. SBC_ELIMIT, SBC_ENOMEM, what send gives: then no event follows. */
int txn_client_new(struct txn **out, struct txn_layer *layer,
	const struct txn_client_request *request, usec_t now);
/* The bytes as sent: for an ACK or a CANCEL. Borrowed from txn. */
struct slice txn_bytes(const struct txn *txn);
const struct hop *txn_hop(const struct txn *txn);

/* The owner goes away and wants no further event; the transaction ends by itself. */
void txn_detach(struct txn *txn);

#endif
