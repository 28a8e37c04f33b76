/* SPDX-License-Identifier: GPL-3.0-or-later */
/* wolfSSL as a DTLS-SRTP peer without anything of ours around it; see peer.h. The name of the
 * program tells the version: dtls_wolfssl 1.2, dtls_wolfssl13 1.3. */

#include "include/base/wolfssl_random.h"
#include "tests/peers/dtls/peer.h"

#include <time.h>

#include <sys/random.h>

#include <wolfssl/options.h>

#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/sha256.h>

#define TICK_MS           50
#define RETRANSMIT_MAX_MS 4000

static const char *profile_name(unsigned profile)
{
	switch (profile) {
	case 2:
		return "SRTP_AES128_CM_SHA1_32";
	case 7:
		return "SRTP_AEAD_AES_128_GCM";
	case 8:
		return "SRTP_AEAD_AES_256_GCM";
	default:
		return "SRTP_AES128_CM_SHA1_80";
	}
}

int wolfssl_random(unsigned char *output, unsigned int size)
{
	return getentropy(output, size); /* it wants no more than 256 bytes at once */
}

unsigned int LowResTimer(void); /* declared by nobody: it is built with USER_TICKS */

unsigned int LowResTimer(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned int)(now.tv_sec * (1000 / TICK_MS) +
			      now.tv_nsec / (TICK_MS * 1000000));
}

/* Prints whom it speaks to; who started us compares. */
static int on_certificate(int ok, WOLFSSL_X509_STORE_CTX *store)
{
	unsigned char digest[WC_SHA256_DIGEST_SIZE];
	wc_Sha256 sha;

	(void)ok;
	if (store->totalCerts < 1 || wc_InitSha256(&sha))
		return 0;
	wc_Sha256Update(&sha, store->certs[0].buffer, store->certs[0].length);
	wc_Sha256Final(&sha, digest);
	peer_print_hex("fingerprint", digest, sizeof(digest), ":");
	return 1;
}

static int on_receive(WOLFSSL *ssl, char *out, int size, void *arg)
{
	ssize_t n = recv(((struct peer *)arg)->fd, out, (size_t)size, MSG_DONTWAIT);

	(void)ssl;
	return n < 0 ? WOLFSSL_CBIO_ERR_WANT_READ : (int)n;
}

static int on_send(WOLFSSL *ssl, char *bytes, int size, void *arg)
{
	(void)ssl;
	return (int)send(((struct peer *)arg)->fd, bytes, (size_t)size, 0);
}

static WOLFSSL_METHOD *method(const struct peer *peer, bool is_13)
{
	if (is_13)
		return peer->is_server ? wolfDTLSv1_3_server_method()
				       : wolfDTLSv1_3_client_method();
	return peer->is_server ? wolfDTLSv1_2_server_method() : wolfDTLSv1_2_client_method();
}

static WOLFSSL *set_up(struct peer *peer, bool is_13)
{
	WOLFSSL_CTX *ctx = wolfSSL_CTX_new(method(peer, is_13));
	WOLFSSL *ssl;

	wolfSSL_CTX_set_verify(
		ctx, WOLFSSL_VERIFY_PEER | WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT, on_certificate);
	wolfSSL_CTX_SetIORecv(ctx, on_receive);
	wolfSSL_CTX_SetIOSend(ctx, on_send);
	if (wolfSSL_CTX_use_certificate_file(ctx, peer->certificate, WOLFSSL_FILETYPE_PEM) !=
			WOLFSSL_SUCCESS ||
		wolfSSL_CTX_use_PrivateKey_file(ctx, peer->key, WOLFSSL_FILETYPE_PEM) !=
			WOLFSSL_SUCCESS)
		return NULL;
	ssl = wolfSSL_new(ctx);
	wolfSSL_SetIOReadCtx(ssl, peer);
	wolfSSL_SetIOWriteCtx(ssl, peer);
	wolfSSL_dtls_set_using_nonblock(ssl, 1);
	wolfSSL_dtls_set_timeout_init(ssl, 0); /* its seconds are too long: ours count */
	wolfSSL_KeepArrays(ssl);
	wolfSSL_dtls_set_mtu(ssl, (unsigned short)peer->mtu);
	wolfSSL_set_tlsext_use_srtp(ssl, profile_name(peer->profile));
	if (peer->is_server && is_13)
		wolfSSL_disable_hrr_cookie(ssl);
	return ssl;
}

static int handshake(WOLFSSL *ssl, const struct peer *peer)
{
	int interval = PEER_RETRANSMIT_MS, ret, error;

	for (;;) {
		ret = peer->is_server ? wolfSSL_accept(ssl) : wolfSSL_connect(ssl);
		if (ret == WOLFSSL_SUCCESS)
			return 0;
		error = wolfSSL_get_error(ssl, ret);
		if (error != WOLFSSL_ERROR_WANT_READ && error != WOLFSSL_ERROR_WANT_WRITE)
			return error;
		if (peer_wait(peer, interval)) {
			continue;
		}
		wolfSSL_dtls_got_timeout(ssl);
		interval = interval * 2 < RETRANSMIT_MAX_MS ? interval * 2 : RETRANSMIT_MAX_MS;
	}
}

static void print_result(WOLFSSL *ssl)
{
	const WOLFSSL_SRTP_PROTECTION_PROFILE *profile = wolfSSL_get_selected_srtp_profile(ssl);
	unsigned char bytes[PEER_MATERIAL_MAX];
	size_t len = 0;

	peer_print("version", wolfSSL_get_version(ssl));
	peer_print("cipher", wolfSSL_get_cipher(ssl));
	if (!profile)
		return;
	peer_print("profile", profile->name);
	wolfSSL_export_dtls_srtp_keying_material(ssl, NULL, &len);
	if (len <= sizeof(bytes) &&
		wolfSSL_export_dtls_srtp_keying_material(ssl, bytes, &len) == 1)
		peer_print_hex("key", bytes, len, "");
}

int main(int argc, char **argv)
{
	struct peer peer;
	WOLFSSL *ssl;
	char bytes[64], error[16];
	int ret;

	if (peer_open(&peer, argc, argv))
		return 2;
	wolfSSL_Init();
	ssl = set_up(&peer, !strcmp(argv[0] + strlen(argv[0]) - 2, "13"));
	if (!ssl)
		return peer_fail("to take its certificate");
	ret = handshake(ssl, &peer);
	if (ret) {
		snprintf(error, sizeof(error), "%d", ret);
		return peer_fail(error);
	}
	print_result(ssl);
	do {
		peer_wait(&peer, -1);
		ret = wolfSSL_get_error(ssl, wolfSSL_read(ssl, bytes, sizeof(bytes)));
	} while (ret == WOLFSSL_ERROR_WANT_READ);
	snprintf(error, sizeof(error), "%d", ret);
	peer_print("closed", error);
	return 0;
}
