/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_DTLS_H
#define MEDIA_DTLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/netaddr.h"
#include "media/certificate.h"
#include "media/client_hello.h"
#include "media/dtls_keys.h"
#include "media/media.h"

/* Settings shared by a loop's associations. Made on any thread, then used by one. */
struct dtls_context;

/* certificate and config are read now and not kept. SBC_ENOMEM, SBC_ECRYPTO. */
int dtls_context_new(struct dtls_context **out, const struct certificate *certificate,
	const struct media_config *config);
/* After its last association. NULL is allowed. */
void dtls_context_free(struct dtls_context *context);

/* The first of our profiles that the client offers; NULL: there is none. */
const struct profile *dtls_context_choose(
	const struct dtls_context *context, const struct client_hello *hello);

/* One datagram towards the peer; bytes are borrowed for the call. */
typedef void(dtls_send_h)(const uint8_t *bytes, size_t len, void *arg);

struct dtls_assoc_config {
	struct dtls_context *context; /* borrowed */
	enum media_dtls_role role;
	const struct profile *profile; /* server: the chosen one; client: not used */
	enum fingerprint_hash hash;    /* of the peer's certificate */
	/* Server: the client must first echo a cookie that is bound to peer (RFC 6347 section
	 * 4.2.1), so that a spoofed hello costs the spoofed host at most as many bytes. */
	bool want_cookie;
	struct netaddr peer;
	usec_t retransmit; /* first interval; doubles */
	dtls_send_h *send; /* never called after dtls_assoc_free() */
	void *arg;         /* borrowed */
};

enum dtls_state {
	DTLS_HANDSHAKING,
	DTLS_DONE, /* keys are there; the TLS library's object is gone already */
	DTLS_DEAD, /* will never be done */
};

struct dtls_result {
	struct fingerprint presented; /* of the peer's certificate, proven in this handshake */
	char version[16];
	char cipher_suite[48];
	struct dtls_keys keys; /* secret */
};

/*
 * One DTLS association (RFC 5764). Certificates are not judged here: any is accepted, and
 * who asks for the result compares the fingerprint. That it is compared only now is on
 * purpose: before the handshake is done, a certificate is nothing but somebody's datagram.
 * One thread; no clock, no socket.
 */
struct dtls_assoc;

int dtls_assoc_new(struct dtls_assoc **out, const struct dtls_assoc_config *config);
/* NULL is allowed. Wipes the keys. Says nothing to the peer. */
void dtls_assoc_free(struct dtls_assoc *assoc);

/* Client: sends the hello. Server: nothing. */
enum dtls_state dtls_assoc_start(struct dtls_assoc *assoc, usec_t now);
/* A datagram of the peer. is_taken (may be NULL): false when it was refused unseen. */
enum dtls_state dtls_assoc_input(
	struct dtls_assoc *assoc, const uint8_t *bytes, size_t len, usec_t now, bool *is_taken);
/* When dtls_assoc_tick() is to be called; -1: no need. */
usec_t dtls_assoc_due(const struct dtls_assoc *assoc);
enum dtls_state dtls_assoc_tick(struct dtls_assoc *assoc, usec_t now);
enum dtls_state dtls_assoc_state(const struct dtls_assoc *assoc);

/* Did the client show that it receives at its address? (true for one that needs no cookie) */
bool dtls_assoc_has_cookie(const struct dtls_assoc *assoc);
/* NULL unless done. Borrowed; after dtls_assoc_forget_keys() without keys. */
const struct dtls_result *dtls_assoc_result(const struct dtls_assoc *assoc);
void dtls_assoc_forget_keys(struct dtls_assoc *assoc);
/* Sends close_notify, when done. */
void dtls_assoc_close(struct dtls_assoc *assoc);

#endif
