/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_CLIENT_HELLO_H
#define MEDIA_CLIENT_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/dtls_records.h"

#define CLIENT_RANDOM_LEN 32
/* Offered profiles that are looked at; more are of no use to us. */
#define CLIENT_HELLO_PROFILE_MAX 16
/* Bytes of a hello's body. Browsers with a post-quantum key share send about 1500. */
#define CLIENT_HELLO_MAX 4096

struct client_hello {
	uint8_t random[CLIENT_RANDOM_LEN];
	uint16_t sequence;                           /* message_seq */
	uint16_t profiles[CLIENT_HELLO_PROFILE_MAX]; /* use_srtp, in the client's order */
	size_t profile_count;
};

/*
 * Joins the fragments of one hello (RFC 6347 section 4.2.3) into a datagram of one record:
 * then the whole can be checked before anything is done for it, and the TLS library needs
 * no memory for strangers' halves. Zeroed memory is an empty one.
 */
struct hello_join {
	uint32_t length; /* of the body; 0: nothing yet */
	uint16_t sequence;
	size_t have_count; /* bytes of the body that have come */
	uint8_t have[CLIENT_HELLO_MAX / 8];
	size_t len; /* of datagram, once complete */
	uint8_t datagram[DTLS_RECORD_HEADER + DTLS_HANDSHAKE_HEADER + CLIENT_HELLO_MAX];
};

/* 1: datagram and len hold a whole hello, and *out is what it says; 0: more must come;
 * SBC_EPARSE, SBC_ELIMIT: not a hello that we take. */
int hello_join_add(
	struct hello_join *join, const uint8_t *bytes, size_t len, struct client_hello *out);

#endif
