/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_DTLS_RECORDS_H
#define MEDIA_DTLS_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/media.h"

/* Content types (RFC 5246 section 6.2.1) and handshake messages (RFC 5246 section 7.4). */
enum {
	DTLS_CHANGE_CIPHER_SPEC = 20,
	DTLS_ALERT = 21,
	DTLS_HANDSHAKE = 22,
};
enum {
	DTLS_CLIENT_HELLO = 1,
	DTLS_SERVER_HELLO = 2,
	DTLS_HELLO_VERIFY_REQUEST = 3,
	DTLS_CERTIFICATE = 11,
	DTLS_SERVER_KEY_EXCHANGE = 12,
	DTLS_CERTIFICATE_REQUEST = 13,
	DTLS_SERVER_HELLO_DONE = 14,
	DTLS_CERTIFICATE_VERIFY = 15,
	DTLS_CLIENT_KEY_EXCHANGE = 16,
};

#define DTLS_RECORD_HEADER    13
#define DTLS_HANDSHAKE_HEADER 12

struct dtls_record {
	bool is_unified;     /* DTLS 1.3's encrypted form (RFC 9147 section 4) */
	uint8_t type;        /* unless is_unified */
	uint16_t epoch;      /* unified: its two low bits */
	const uint8_t *body; /* borrowed from the datagram */
	size_t len;
};

struct dtls_handshake {
	uint8_t type;
	uint32_t length; /* of the whole message */
	uint16_t sequence;
	uint32_t offset; /* of this fragment */
	size_t len;
	const uint8_t *body; /* borrowed */
};

/* What is left of a datagram or of a record. */
struct dtls_rest {
	const uint8_t *at;
	size_t len;
};

/* Cut the first one off *rest. SBC_EPARSE. */
int dtls_record_next(struct dtls_rest *rest, struct dtls_record *out);
int dtls_handshake_next(struct dtls_rest *rest, struct dtls_handshake *out);

/*
 * What the association's TLS library is allowed to see. It takes one wrong datagram as the
 * end of the handshake, and before the handshake is done nobody's datagrams are
 * authenticated: so whatever cannot be a sound peer's next step is dropped here.
 */
struct dtls_records {
	enum media_dtls_role role; /* ours */
	bool has_hello;
	bool has_key_exchange;   /* ClientKeyExchange has come: CCS may follow */
	uint16_t hello_sequence; /* message_seq of the peer's (last) hello */
};

void dtls_records_init(struct dtls_records *records, enum media_dtls_role role);
/* May the whole datagram pass? */
bool dtls_records_pass(struct dtls_records *records, const uint8_t *bytes, size_t len);

/* A ClientHello, or a fragment of one, stands first in it. */
bool dtls_records_is_client_hello(const uint8_t *bytes, size_t len);
/* After the handshake: does the peer repeat its last flight, so that it wants ours again? */
bool dtls_records_is_repeat(
	enum media_dtls_role our_role, bool is_dtls13, const uint8_t *bytes, size_t len);

#endif
