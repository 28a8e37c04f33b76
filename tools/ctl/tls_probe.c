/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A handshake that judges nothing: the daemon's transport hides what is wrong on purpose, and
 * would not go on to see it. wolfSSL over a non-blocking socket. Shell.
 */

#include "tools/ctl/tls_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include <sys/socket.h>

#include <wolfssl/options.h>

#include <wolfssl/error-ssl.h>
#include <wolfssl/ssl.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/pem.h"

#define CHAIN_MAX      262144 /* bytes of PEM */
#define SHOWN_MAX      16     /* certificates */
#define AFTER_MS       400    /* TLS 1.3: a server says only then that it wants a certificate */
#define ALERT_FATAL    2
#define ALERT_CLOSE    0
#define FIRST_BYTE_TLS 22 /* a handshake record; 21 an alert */

struct probing {
	struct tls_probe *out;
	int fd;
	usec_t deadline;
	WOLFSSL_CTX *context; /* owned */
	WOLFSSL *ssl;         /* owned */
	unsigned char first;  /* byte that came */
	bool has_first;
};

/* ---- waiting ---- */

static bool wait_for(const struct probing *p, short events, usec_t deadline)
{
	struct pollfd poll_fd = {.fd = p->fd, .events = events};
	usec_t left = deadline - clock_monotonic_us();

	return left > 0 && poll(&poll_fd, 1, (int)(left / USEC_PER_MS) + 1) > 0;
}

static int open_connection(struct probing *p, const struct netaddr *to)
{
	int error = 0;
	socklen_t len = sizeof(error);

	p->fd = socket(to->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (p->fd < 0)
		return -errno;
	if (!connect(p->fd, &to->sa, netaddr_len(to)))
		return 0;
	if (errno != EINPROGRESS)
		return -errno;
	if (!wait_for(p, POLLOUT, p->deadline))
		return -ETIMEDOUT;
	if (getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error, &len))
		return -errno;
	return -error;
}

/* ---- what wolfSSL calls ---- */

static int on_recv(WOLFSSL *ssl, char *bytes, int size, void *arg)
{
	struct probing *p = arg;
	ssize_t got = recv(p->fd, bytes, (size_t)size, 0);

	(void)ssl;
	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? WOLFSSL_CBIO_ERR_WANT_READ
							 : WOLFSSL_CBIO_ERR_CONN_RST;
	if (!got) {
		p->out->is_closed = true;
		return WOLFSSL_CBIO_ERR_CONN_CLOSE;
	}
	if (!p->has_first)
		p->first = (unsigned char)bytes[0];
	p->has_first = true;
	return (int)got;
}

static int on_send(WOLFSSL *ssl, char *bytes, int size, void *arg)
{
	struct probing *p = arg;
	ssize_t sent = send(p->fd, bytes, (size_t)size, MSG_NOSIGNAL);

	(void)ssl;
	if (sent < 0)
		return errno == EAGAIN || errno == EINTR ? WOLFSSL_CBIO_ERR_WANT_WRITE
							 : WOLFSSL_CBIO_ERR_CONN_RST;
	return (int)sent;
}

/* Once for each certificate, with all of them: what was shown is kept, and good enough. */
static int on_verify(int is_verified, WOLFSSL_X509_STORE_CTX *store)
{
	struct probing *p = store->userCtx;

	(void)is_verified;
	buf_reset(&p->out->chain);
	for (int i = 0; i < store->totalCerts && i < SHOWN_MAX; i++)
		pem_put(&p->out->chain, "CERTIFICATE",
			slice_of(store->certs[i].buffer, store->certs[i].length));
	return 1;
}

/* ---- the handshake ---- */

static int use_own(WOLFSSL_CTX *context, const struct tls_probe_config *config)
{
	const unsigned char *chain = (const unsigned char *)config->chain.ptr;
	const unsigned char *key = (const unsigned char *)config->key.ptr;

	if (!config->chain.len)
		return 0;
	if (wolfSSL_CTX_use_certificate_chain_buffer(context, chain, (long)config->chain.len) !=
			WOLFSSL_SUCCESS ||
		wolfSSL_CTX_use_PrivateKey_buffer(context, key, (long)config->key.len,
			WOLFSSL_FILETYPE_PEM) != WOLFSSL_SUCCESS)
		return SBC_ECRYPTO;
	return 0;
}

static int open_session(struct probing *p, const struct tls_probe_config *config)
{
	int err;

	p->context = wolfSSL_CTX_new(wolfSSLv23_client_method());
	if (!p->context)
		return SBC_ENOMEM;
	err = use_own(p->context, config);
	if (err)
		return err;
	wolfSSL_CTX_set_verify(p->context, WOLFSSL_VERIFY_PEER, on_verify);
	wolfSSL_CTX_SetIORecv(p->context, on_recv);
	wolfSSL_CTX_SetIOSend(p->context, on_send);
	p->ssl = wolfSSL_new(p->context);
	if (!p->ssl)
		return SBC_ENOMEM;
	wolfSSL_SetIOReadCtx(p->ssl, p);
	wolfSSL_SetIOWriteCtx(p->ssl, p);
	wolfSSL_SetCertCbCtx(p->ssl, p);
	if (config->name[0])
		wolfSSL_UseSNI(p->ssl, WOLFSSL_SNI_HOST_NAME, config->name,
			(unsigned short)strlen(config->name));
	return 0;
}

static void note_alert(struct probing *p)
{
	WOLFSSL_ALERT_HISTORY history;

	if (wolfSSL_get_alert_history(p->ssl, &history) == WOLFSSL_SUCCESS &&
		history.last_rx.level > 0 && history.last_rx.code != ALERT_CLOSE)
		p->out->alert = history.last_rx.code;
}

static void note_failure(struct probing *p, int error)
{
	struct tls_probe *out = p->out;

	note_alert(p);
	out->is_plain = p->has_first && p->first != FIRST_BYTE_TLS && p->first != 21;
	if (error == WOLFSSL_ERROR_WANT_READ || error == WOLFSSL_ERROR_WANT_WRITE)
		snprintf(out->why, sizeof(out->why), "no answer in time");
	else
		snprintf(out->why, sizeof(out->why), "%s",
			wolfSSL_ERR_reason_error_string((unsigned long)error));
}

/* True: done. */
static bool shake_hands(struct probing *p)
{
	for (;;) {
		int rc = wolfSSL_connect(p->ssl), error;
		bool may_go_on;
		if (rc == WOLFSSL_SUCCESS)
			return true;
		error = wolfSSL_get_error(p->ssl, rc);
		may_go_on = (error == WOLFSSL_ERROR_WANT_READ &&
				    wait_for(p, POLLIN, p->deadline)) ||
			    (error == WOLFSSL_ERROR_WANT_WRITE &&
				    wait_for(p, POLLOUT, p->deadline));
		if (!may_go_on) {
			note_failure(p, error);
			return false;
		}
	}
}

/* True: nothing bad came. */
static bool listen_after(struct probing *p)
{
	usec_t until = clock_monotonic_us() + AFTER_MS * USEC_PER_MS;
	char bytes[256];

	while (wait_for(p, POLLIN, until < p->deadline ? until : p->deadline)) {
		int rc = wolfSSL_read(p->ssl, bytes, sizeof(bytes)), error;
		if (rc > 0)
			return true;
		error = wolfSSL_get_error(p->ssl, rc);
		if (error == WOLFSSL_ERROR_WANT_READ)
			continue;
		note_failure(p, error);
		return p->out->alert < 0 && !p->out->is_closed;
	}
	return true;
}

static void run(struct probing *p)
{
	struct tls_probe *out = p->out;

	out->stage = TLS_PROBE_HANDSHAKE;
	if (!shake_hands(p))
		return;
	snprintf(out->version, sizeof(out->version), "%s", wolfSSL_get_version(p->ssl));
	snprintf(out->cipher, sizeof(out->cipher), "%s", wolfSSL_get_cipher_name(p->ssl));
	out->stage = listen_after(p) ? TLS_PROBE_DONE : TLS_PROBE_AFTER;
}

int tls_probe(struct tls_probe *out, const struct tls_probe_config *config)
{
	struct probing p = {.out = out, .fd = -1};
	int err = 0;

	*out = (struct tls_probe){.alert = -1};
	buf_init(&out->chain, CHAIN_MAX);
	p.deadline = clock_monotonic_us() + config->timeout_ms * USEC_PER_MS;
	if (wolfSSL_Init() != WOLFSSL_SUCCESS)
		return SBC_ECRYPTO;
	out->error = open_connection(&p, &config->to);
	if (!out->error)
		err = open_session(&p, config);
	if (!out->error && !err)
		run(&p);
	wolfSSL_free(p.ssl);
	wolfSSL_CTX_free(p.context);
	wolfSSL_Cleanup();
	if (p.fd >= 0)
		close(p.fd);
	return err;
}

void tls_probe_fini(struct tls_probe *probe)
{
	buf_fini(&probe->chain);
}

const char *tls_alert_name(int alert)
{
	static const struct {
		int code;
		const char *name;
	} names[] = {{10, "unexpected_message"}, {20, "bad_record_mac"},
		{40, "handshake_failure"}, {42, "bad_certificate"},
		{43, "unsupported_certificate"}, {44, "certificate_revoked"},
		{45, "certificate_expired"}, {46, "certificate_unknown"},
		{47, "illegal_parameter"}, {48, "unknown_ca"}, {49, "access_denied"},
		{50, "decode_error"}, {51, "decrypt_error"}, {70, "protocol_version"},
		{71, "insufficient_security"}, {80, "internal_error"},
		{86, "inappropriate_fallback"}, {90, "user_canceled"},
		{109, "missing_extension"}, {110, "unsupported_extension"},
		{112, "unrecognized_name"}, {116, "certificate_required"},
		{120, "no_application_protocol"}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].code == alert)
			return names[i].name;
	}
	return "an alert without a name";
}
