/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DTLS secrets as lines of a key log. Media loop. */

#include "media/dtls_secrets.h"

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include "base/err.h"
#include "media/key_log.h"

#define RANDOM_LEN 32 /* bytes */

#ifdef HAVE_SECRET_CALLBACK

static void tell(WOLFSSL *ssl, const struct dtls_secrets *secrets, const char *label,
	struct slice secret)
{
	unsigned char random[RANDOM_LEN];
	struct buf line;

	if (wolfSSL_get_client_random(ssl, random, sizeof(random)) != sizeof(random))
		return;
	buf_init(&line, KEY_LOG_LINE_MAX);
	if (!key_log_print(&line, label, slice_of(random, sizeof(random)), secret))
		secrets->told(buf_slice(&line), secrets->arg);
	buf_fini_secret(&line);
}

static int on_master_secret(WOLFSSL *ssl, void *secret, int len, void *arg)
{
	tell(ssl, arg, "CLIENT_RANDOM", slice_of(secret, (size_t)len));
	return 0;
}

/* What NSS calls wolfSSL's; NULL: there is no early data here. */
static const char *label_of(int id)
{
	switch (id) {
	case CLIENT_HANDSHAKE_TRAFFIC_SECRET:
		return "CLIENT_HANDSHAKE_TRAFFIC_SECRET";
	case SERVER_HANDSHAKE_TRAFFIC_SECRET:
		return "SERVER_HANDSHAKE_TRAFFIC_SECRET";
	case CLIENT_TRAFFIC_SECRET:
		return "CLIENT_TRAFFIC_SECRET_0";
	case SERVER_TRAFFIC_SECRET:
		return "SERVER_TRAFFIC_SECRET_0";
	case EXPORTER_SECRET:
		return "EXPORTER_SECRET";
	default:
		return NULL;
	}
}

static int on_traffic_secret(
	WOLFSSL *ssl, int id, const unsigned char *secret, int len, void *arg)
{
	const char *label = label_of(id);

	if (label)
		tell(ssl, arg, label, slice_of(secret, (size_t)len));
	return 0;
}

int dtls_secrets_tell(WOLFSSL *ssl, const struct dtls_secrets *secrets)
{
	void *arg = (void *)(uintptr_t)secrets; /* wolfSSL's is not const */

	return wolfSSL_set_secret_cb(ssl, on_master_secret, arg) == WOLFSSL_SUCCESS &&
			       wolfSSL_set_tls13_secret_cb(ssl, on_traffic_secret, arg) ==
				       WOLFSSL_SUCCESS
		       ? 0
		       : SBC_ECRYPTO;
}

#else

int dtls_secrets_tell(WOLFSSL *ssl, const struct dtls_secrets *secrets)
{
	(void)ssl;
	(void)secrets;
	return SBC_ECRYPTO;
}

#endif
