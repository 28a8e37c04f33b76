/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GnuTLS as a DTLS-SRTP peer; see peer.h. */

#include "tests/peers/dtls/peer.h"

#include <gnutls/dtls.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#define PRIORITY "NORMAL:-VERS-ALL:+VERS-DTLS1.2"

static int wait_readable(gnutls_transport_ptr_t arg, unsigned int ms)
{
	return peer_wait(
		(const struct peer *)arg, ms == GNUTLS_INDEFINITE_TIMEOUT ? -1 : (int)ms);
}

static ssize_t push(gnutls_transport_ptr_t arg, const void *bytes, size_t len)
{
	return send(((const struct peer *)arg)->fd, bytes, len, 0);
}

static ssize_t pull(gnutls_transport_ptr_t arg, void *bytes, size_t len)
{
	return recv(((const struct peer *)arg)->fd, bytes, len, 0);
}

static int set_up(gnutls_session_t session, struct peer *peer)
{
	gnutls_certificate_credentials_t credentials;
	int err = gnutls_certificate_allocate_credentials(&credentials);

	if (!err)
		err = gnutls_certificate_set_x509_key_file(
			credentials, peer->certificate, peer->key, GNUTLS_X509_FMT_PEM);
	if (!err)
		err = gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
	if (!err)
		err = gnutls_priority_set_direct(session, PRIORITY, NULL);
	if (!err)
		err = gnutls_srtp_set_profile(session, (gnutls_srtp_profile_t)peer->profile);
	if (peer->is_server)
		gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
	gnutls_dtls_set_mtu(session, peer->mtu);
	gnutls_dtls_set_timeouts(session, PEER_RETRANSMIT_MS, PEER_LIFETIME_S * 1000);
	gnutls_transport_set_ptr(session, peer);
	gnutls_transport_set_pull_timeout_function(session, wait_readable);
	gnutls_transport_set_pull_function(session, pull);
	gnutls_transport_set_push_function(session, push);
	return err;
}

static void print_result(gnutls_session_t session)
{
	unsigned char bytes[PEER_MATERIAL_MAX];
	gnutls_srtp_profile_t profile;
	size_t len = sizeof(bytes);
	unsigned count = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &count);

	peer_print("version", gnutls_protocol_get_name(gnutls_protocol_get_version(session)));
	peer_print("cipher", gnutls_ciphersuite_get(session));
	if (chain && count && !gnutls_fingerprint(GNUTLS_DIG_SHA256, chain, bytes, &len))
		peer_print_hex("fingerprint", bytes, len, ":");
	if (gnutls_srtp_get_selected_profile(session, &profile))
		return;
	peer_print("profile", gnutls_srtp_get_profile_name(profile));
	len = peer_material_len(profile);
	if (!gnutls_prf_rfc5705(
		    session, strlen(PEER_LABEL), PEER_LABEL, 0, NULL, len, (char *)bytes))
		peer_print_hex("key", bytes, len, "");
}

int main(int argc, char **argv)
{
	struct peer peer;
	gnutls_session_t session;
	char bytes[64];
	int ret;

	if (peer_open(&peer, argc, argv))
		return 2;
	gnutls_init(
		&session, GNUTLS_DATAGRAM | (peer.is_server ? GNUTLS_SERVER : GNUTLS_CLIENT));
	ret = set_up(session, &peer);
	if (ret)
		return peer_fail(gnutls_strerror(ret));
	do
		ret = gnutls_handshake(session);
	while (ret < 0 && !gnutls_error_is_fatal(ret));
	if (ret < 0)
		return peer_fail(gnutls_strerror(ret));
	print_result(session);
	do
		ret = (int)gnutls_record_recv(session, bytes, sizeof(bytes));
	while (ret > 0 || (ret < 0 && !gnutls_error_is_fatal(ret)));
	peer_print("closed", gnutls_strerror(ret));
	return 0;
}
