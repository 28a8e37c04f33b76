/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_UNIT_MEDIA_DTLS_PEER_H
#define TESTS_UNIT_MEDIA_DTLS_PEER_H

/*
 * The other end of a handshake in memory: wolfSSL without anything of ours around it, so
 * that its version, suites, profiles and certificate can be chosen per test.
 */

#include <stdbool.h>
#include <string.h>

#include "media/certificate.h"
#include "media/media.h"

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#define QUEUE_MAX    64
#define DATAGRAM_MAX 2048

struct datagram {
	size_t len;
	uint8_t bytes[DATAGRAM_MAX];
};

struct queue {
	struct datagram items[QUEUE_MAX];
	unsigned first, count;
};

static inline void queue_put(struct queue *q, const void *bytes, size_t len)
{
	struct datagram *d = &q->items[(q->first + q->count) % QUEUE_MAX];

	if (q->count == QUEUE_MAX || len > DATAGRAM_MAX)
		return;
	d->len = len;
	memcpy(d->bytes, bytes, len);
	q->count++;
}

static inline struct datagram *queue_take(struct queue *q)
{
	struct datagram *d = &q->items[q->first];

	if (!q->count)
		return NULL;
	q->first = (q->first + 1) % QUEUE_MAX;
	q->count--;
	return d;
}

struct dtls_peer_config {
	enum media_dtls_role role;             /* the peer's */
	int version;                           /* 12, 13, or 0 for both */
	const char *profiles;                  /* wolfSSL's names; NULL: no use_srtp */
	const char *ciphers;                   /* NULL: its own list */
	const struct certificate *certificate; /* NULL: none */
	unsigned mtu;                          /* 0: its own */
};

struct dtls_peer {
	enum media_dtls_role role;
	WOLFSSL_CTX *ctx;
	WOLFSSL *ssl;
	struct queue in, out;
	bool is_done, is_dead;
	int error;
};

static inline int dtls_peer_receive(WOLFSSL *ssl, char *out, int size, void *arg)
{
	struct dtls_peer *peer = arg;
	struct datagram *d = queue_take(&peer->in);

	(void)ssl;
	if (!d)
		return WOLFSSL_CBIO_ERR_WANT_READ;
	if (d->len > (size_t)size)
		d->len = (size_t)size;
	memcpy(out, d->bytes, d->len);
	return (int)d->len;
}

static inline int dtls_peer_send(WOLFSSL *ssl, char *bytes, int size, void *arg)
{
	struct dtls_peer *peer = arg;

	(void)ssl;
	queue_put(&peer->out, bytes, (size_t)size);
	return size;
}

static inline int dtls_peer_verify(int ok, WOLFSSL_X509_STORE_CTX *store)
{
	(void)ok;
	(void)store;
	return 1;
}

static inline WOLFSSL_METHOD *dtls_peer_method(const struct dtls_peer_config *config)
{
	bool server = config->role == MEDIA_DTLS_SERVER;

	if (config->version == 12)
		return server ? wolfDTLSv1_2_server_method() : wolfDTLSv1_2_client_method();
	if (config->version == 13)
		return server ? wolfDTLSv1_3_server_method() : wolfDTLSv1_3_client_method();
	return server ? wolfDTLS_server_method() : wolfDTLS_client_method();
}

static inline void dtls_peer_init(struct dtls_peer *peer, const struct dtls_peer_config *config)
{
	memset(peer, 0, sizeof(*peer));
	peer->role = config->role;
	peer->ctx = wolfSSL_CTX_new(dtls_peer_method(config));
	wolfSSL_CTX_set_verify(peer->ctx, WOLFSSL_VERIFY_PEER, dtls_peer_verify);
	wolfSSL_CTX_SetIORecv(peer->ctx, dtls_peer_receive);
	wolfSSL_CTX_SetIOSend(peer->ctx, dtls_peer_send);
	if (config->certificate) {
		wolfSSL_CTX_use_certificate_buffer(peer->ctx, config->certificate->der,
			(long)config->certificate->der_len, WOLFSSL_FILETYPE_ASN1);
		wolfSSL_CTX_use_PrivateKey_buffer(peer->ctx, config->certificate->key,
			(long)config->certificate->key_len, WOLFSSL_FILETYPE_ASN1);
	}
	if (config->ciphers)
		wolfSSL_CTX_set_cipher_list(peer->ctx, config->ciphers);
	peer->ssl = wolfSSL_new(peer->ctx);
	wolfSSL_SetIOReadCtx(peer->ssl, peer);
	wolfSSL_SetIOWriteCtx(peer->ssl, peer);
	wolfSSL_dtls_set_using_nonblock(peer->ssl, 1);
	wolfSSL_dtls_set_timeout_init(peer->ssl, 0);
	wolfSSL_KeepArrays(peer->ssl);
	if (config->mtu)
		wolfSSL_dtls_set_mtu(peer->ssl, (unsigned short)config->mtu);
	if (config->profiles)
		wolfSSL_set_tlsext_use_srtp(peer->ssl, config->profiles);
	if (config->role == MEDIA_DTLS_SERVER && config->version != 12)
		wolfSSL_disable_hrr_cookie(peer->ssl);
}

static inline void dtls_peer_fini(struct dtls_peer *peer)
{
	wolfSSL_free(peer->ssl);
	wolfSSL_CTX_free(peer->ctx);
}

/* Works on what is in its queue. */
static inline void dtls_peer_step(struct dtls_peer *peer)
{
	char byte;
	int ret;

	if (peer->is_dead)
		return;
	if (peer->is_done)
		ret = wolfSSL_read(peer->ssl, &byte, 1);
	else
		ret = peer->role == MEDIA_DTLS_SERVER ? wolfSSL_accept(peer->ssl)
						      : wolfSSL_connect(peer->ssl);
	if (ret == WOLFSSL_SUCCESS) {
		peer->is_done = true;
		return;
	}
	peer->error = wolfSSL_get_error(peer->ssl, ret);
	if (peer->error != WOLFSSL_ERROR_WANT_READ && peer->error != WOLFSSL_ERROR_WANT_WRITE)
		peer->is_dead = true;
}

static inline void dtls_peer_timeout(struct dtls_peer *peer)
{
	if (!peer->is_done && !peer->is_dead)
		wolfSSL_dtls_got_timeout(peer->ssl);
}

static inline size_t dtls_peer_export(struct dtls_peer *peer, uint8_t *out)
{
	size_t len = 0;

	wolfSSL_export_dtls_srtp_keying_material(peer->ssl, NULL, &len);
	if (wolfSSL_export_dtls_srtp_keying_material(peer->ssl, out, &len) != 1)
		return 0;
	return len;
}

#endif
