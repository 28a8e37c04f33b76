/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mbed TLS 2.28 as a DTLS-SRTP peer; see peer.h. It has no exporter: RFC 5705 is done here with
 * what its key export callback tells. */

#include "tests/peers/dtls/peer.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/sha256.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_cookie.h>
#include <mbedtls/timing.h>

#define RETRANSMIT_MAX_MS 4000

struct secret {
	unsigned char master[48], randoms[64];
	mbedtls_tls_prf_types prf;
};

struct end {
	mbedtls_ssl_context ssl;
	mbedtls_ssl_config config;
	mbedtls_x509_crt certificate;
	mbedtls_pk_context key;
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context random;
	mbedtls_ssl_cookie_ctx cookie;
	mbedtls_timing_delay_context timer;
	mbedtls_net_context net;
	mbedtls_ssl_srtp_profile profiles[2];
	struct secret secret;
};

static int keep_secret(void *arg, const unsigned char *master, const unsigned char *block,
	size_t mac_len, size_t key_len, size_t iv_len, const unsigned char client_random[32],
	const unsigned char server_random[32], mbedtls_tls_prf_types prf)
{
	struct secret *secret = arg;

	(void)block;
	(void)mac_len;
	(void)key_len;
	(void)iv_len;
	memcpy(secret->master, master, sizeof(secret->master));
	memcpy(secret->randoms, client_random, 32);
	memcpy(secret->randoms + 32, server_random, 32);
	secret->prf = prf;
	return 0;
}

static void init(struct end *end)
{
	mbedtls_ssl_init(&end->ssl);
	mbedtls_ssl_config_init(&end->config);
	mbedtls_x509_crt_init(&end->certificate);
	mbedtls_pk_init(&end->key);
	mbedtls_entropy_init(&end->entropy);
	mbedtls_ctr_drbg_init(&end->random);
	mbedtls_ssl_cookie_init(&end->cookie);
}

static int set_up_config(struct end *end, const struct peer *peer)
{
	mbedtls_ssl_config *config = &end->config;
	int err = mbedtls_ssl_config_defaults(config, peer->is_server,
		MBEDTLS_SSL_TRANSPORT_DATAGRAM, MBEDTLS_SSL_PRESET_DEFAULT);

	if (err)
		return err;
	mbedtls_ssl_conf_min_version(config, 3, 3);
	mbedtls_ssl_conf_rng(config, mbedtls_ctr_drbg_random, &end->random);
	mbedtls_ssl_conf_own_cert(config, &end->certificate, &end->key);
	/* Whatever it is: the fingerprint is compared by who started us. */
	mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_OPTIONAL);
	mbedtls_ssl_conf_export_keys_ext_cb(config, keep_secret, &end->secret);
	end->profiles[0] = (mbedtls_ssl_srtp_profile)peer->profile;
	end->profiles[1] = MBEDTLS_TLS_SRTP_UNSET;
	mbedtls_ssl_conf_handshake_timeout(config, PEER_RETRANSMIT_MS, RETRANSMIT_MAX_MS);
	if (peer->is_server)
		mbedtls_ssl_conf_dtls_cookies(config, mbedtls_ssl_cookie_write,
			mbedtls_ssl_cookie_check, &end->cookie);
	return mbedtls_ssl_conf_dtls_srtp_protection_profiles(config, end->profiles);
}

static int set_up(struct end *end, const struct peer *peer)
{
	mbedtls_ssl_context *ssl = &end->ssl;
	int err = mbedtls_ctr_drbg_seed(
		&end->random, mbedtls_entropy_func, &end->entropy, NULL, 0);

	if (!err)
		err = mbedtls_x509_crt_parse_file(&end->certificate, peer->certificate);
	if (!err)
		err = mbedtls_pk_parse_keyfile(&end->key, peer->key, NULL);
	if (!err)
		err = mbedtls_ssl_cookie_setup(
			&end->cookie, mbedtls_ctr_drbg_random, &end->random);
	if (!err)
		err = set_up_config(end, peer);
	if (!err)
		err = mbedtls_ssl_setup(ssl, &end->config);
	if (err)
		return err;
	end->net.fd = peer->fd;
	mbedtls_ssl_set_timer_cb(
		ssl, &end->timer, mbedtls_timing_set_delay, mbedtls_timing_get_delay);
	mbedtls_ssl_set_mtu(ssl, (uint16_t)peer->mtu);
	return 0;
}

/* A server says HelloVerifyRequest first, and begins anew with each hello. */
static int handshake(struct end *end, const struct peer *peer)
{
	const unsigned char id = 1; /* of the client: there is one */
	int ret;

	do {
		mbedtls_ssl_session_reset(&end->ssl);
		mbedtls_ssl_set_bio(&end->ssl, &end->net, mbedtls_net_send, mbedtls_net_recv,
			mbedtls_net_recv_timeout);
		if (peer->is_server)
			mbedtls_ssl_set_client_transport_id(&end->ssl, &id, 1);
		do
			ret = mbedtls_ssl_handshake(&end->ssl);
		while (ret == MBEDTLS_ERR_SSL_WANT_READ || ret == MBEDTLS_ERR_SSL_WANT_WRITE);
	} while (ret == MBEDTLS_ERR_SSL_HELLO_VERIFY_REQUIRED);
	return ret;
}

static void print_result(struct end *end)
{
	const mbedtls_x509_crt *theirs = mbedtls_ssl_get_peer_cert(&end->ssl);
	unsigned char bytes[PEER_MATERIAL_MAX];
	mbedtls_dtls_srtp_info info;
	size_t len;

	peer_print("version", mbedtls_ssl_get_version(&end->ssl));
	peer_print("cipher", mbedtls_ssl_get_ciphersuite(&end->ssl));
	if (theirs && !mbedtls_sha256_ret(theirs->raw.p, theirs->raw.len, bytes, 0))
		peer_print_hex("fingerprint", bytes, 32, ":");
	mbedtls_ssl_get_dtls_srtp_negotiation_result(&end->ssl, &info);
	if (info.chosen_dtls_srtp_profile == MBEDTLS_TLS_SRTP_UNSET)
		return;
	peer_print("profile",
		mbedtls_ssl_get_srtp_profile_as_string(info.chosen_dtls_srtp_profile));
	len = peer_material_len(info.chosen_dtls_srtp_profile);
	if (!mbedtls_ssl_tls_prf(end->secret.prf, end->secret.master, 48, PEER_LABEL,
		    end->secret.randoms, 64, bytes, len))
		peer_print_hex("key", bytes, len, "");
}

int main(int argc, char **argv)
{
	static struct end end;
	struct peer peer;
	unsigned char bytes[64];
	char error[128];
	int ret;

	if (peer_open(&peer, argc, argv))
		return 2;
	init(&end);
	ret = set_up(&end, &peer);
	if (!ret)
		ret = handshake(&end, &peer);
	if (ret) {
		mbedtls_strerror(ret, error, sizeof(error));
		return peer_fail(error);
	}
	print_result(&end);
	do
		ret = mbedtls_ssl_read(&end.ssl, bytes, sizeof(bytes));
	while (ret > 0 || ret == MBEDTLS_ERR_SSL_WANT_READ || ret == MBEDTLS_ERR_SSL_TIMEOUT);
	mbedtls_strerror(ret, error, sizeof(error));
	peer_print("closed", error);
	return 0;
}
