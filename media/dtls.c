/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DTLS associations for DTLS-SRTP (RFC 5763, RFC 5764) over given datagrams; wolfSSL behind
 * I/O callbacks. Runs on: a media loop.
 *
 *   HANDSHAKING ──handshake done, profile agreed──► DONE ──► (last flight is repeated on need)
 *        │
 *        └──fatal error, no profile, no certificate──► DEAD
 *
 * Once DONE, wolfSSL's object is freed: what is needed later, our last flight and the
 * close_notify, are kept as bytes. So nobody's datagram can end an association that stands.
 */

#include "media/dtls.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "media/dtls_records.h"
#include "media/dtls_secrets.h"

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

/* A flight with a certificate of ours is about 1 kB. */
#define FLIGHT_BYTES_MAX 8192
#define ACK_MAX          128 /* bytes: no handshake message is so short, encrypted */
#define FLIGHT_COUNT_MAX 16
#define CLOSE_NOTIFY_MAX 96
/* RFC 6347 section 4.2.4.1 lets it grow to 60 s; somebody waits for the call. */
#define RETRANSMIT_MAX (2 * USEC_PER_SEC)
/* A repeated last flight is answered so often and so many times: enough for any loss, too
 * little to make us a reflector. */
#define REPEAT_INTERVAL  (50 * USEC_PER_MS)
#define REPEAT_MAX       32
#define VERSION13        "DTLSv1.3"
#define PROFILE_LIST_MAX 160

/* RFC 8827 section 6.5 and RFC 9325 section 4.2: forward secrecy and AEAD only. RSA is for
 * peers whose certificate is RSA. */
static const char cipher_list[] =
	"TLS13-AES128-GCM-SHA256:TLS13-AES256-GCM-SHA384:TLS13-CHACHA20-POLY1305-SHA256:"
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
	"ECDHE-ECDSA-CHACHA20-POLY1305:"
	"ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305";

struct dtls_context {
	WOLFSSL_CTX *ctx[2]; /* owned; by role */
	const struct profile *profiles[MEDIA_PROFILE_MAX];
	unsigned profile_count;
	unsigned mtu;
	char profile_list[PROFILE_LIST_MAX]; /* wolfSSL's names of them all */
	struct dtls_secrets secrets;
};

struct dtls_assoc {
	struct dtls_assoc_config config;
	enum dtls_state state;
	WOLFSSL *ssl; /* owned; NULL once done or dead */
	struct dtls_records records;
	bool has_cookie;
	struct dtls_rest input; /* of the datagram, what wolfSSL is to read next; borrowed */

	usec_t due;      /* of the next retransmission; -1: none */
	usec_t interval; /* behind it */
	bool has_sent;   /* during this step */

	struct buf flight; /* our newest one */
	size_t flight_lens[FLIGHT_COUNT_MAX];
	unsigned flight_count;
	bool flight_is_over; /* the next datagram begins another one */
	bool is_repeating;   /* what wolfSSL sends now was sent before */
	unsigned repeats_left;
	usec_t repeated_at;

	bool is_closing; /* what wolfSSL sends now is the close_notify to keep */
	uint8_t close_notify[CLOSE_NOTIFY_MAX];
	size_t close_notify_len;

	struct dtls_result result;
};

static void set_state(struct dtls_assoc *assoc, enum dtls_state state)
{
	assoc->state = state;
	if (state == DTLS_HANDSHAKING)
		return;
	assoc->due = -1;
	wolfSSL_free(assoc->ssl);
	assoc->ssl = NULL;
}

/* ---- what wolfSSL calls ---- */

/* Record by record: one that is dropped, since it came before, would take all those behind it
 * in its datagram with it. */
static int on_receive(WOLFSSL *ssl, char *out, int size, void *arg)
{
	struct dtls_assoc *assoc = arg;
	const uint8_t *at = assoc->input.at;
	struct dtls_record record;
	size_t len;

	(void)ssl;
	/* dtls_records_pass() has seen that all of it is records. */
	if (!assoc->input.len || dtls_record_next(&assoc->input, &record))
		return WOLFSSL_CBIO_ERR_WANT_READ;
	len = (size_t)(assoc->input.at - at);
	if (size < 0 || len > (size_t)size)
		len = size < 0 ? 0 : (size_t)size;
	memcpy(out, at, len);
	return (int)len;
}

/* An acknowledgement of DTLS 1.3 behind others: each tells of other records (RFC 9147 section
 * 7), so that the peer may want all of them again. */
static bool is_next_ack(const struct dtls_assoc *assoc, const char *bytes, size_t len)
{
	if (assoc->config.role != MEDIA_DTLS_SERVER || ((uint8_t)bytes[0] & 0xe0) != 0x20 ||
		len > ACK_MAX || !assoc->flight_count)
		return false;
	for (unsigned i = 0; i < assoc->flight_count; i++)
		if (assoc->flight_lens[i] > ACK_MAX)
			return false;
	return true;
}

static void keep_in_flight(struct dtls_assoc *assoc, const char *bytes, size_t len)
{
	if (assoc->flight_is_over && !is_next_ack(assoc, bytes, len)) {
		/* The last flight, which stays, is mostly the smallest. */
		buf_fini(&assoc->flight);
		buf_init(&assoc->flight, FLIGHT_BYTES_MAX);
		assoc->flight_count = 0;
	}
	assoc->flight_is_over = false;
	if (assoc->flight_count < FLIGHT_COUNT_MAX && !buf_put(&assoc->flight, bytes, len))
		assoc->flight_lens[assoc->flight_count++] = len;
}

static void send_datagram(struct dtls_assoc *assoc, const char *bytes, size_t len)
{
	keep_in_flight(assoc, bytes, len);
	assoc->config.send((const uint8_t *)bytes, len, assoc->config.arg);
}

/* One datagram for each record, once a flight is repeated: a wolfSSL at the other end drops a
 * record that it has already, and with it all that are behind it in the datagram. */
static void send_apart(struct dtls_assoc *assoc, const char *bytes, size_t len)
{
	struct dtls_rest rest = {(const uint8_t *)bytes, len};
	struct dtls_record record;

	while (rest.len) {
		const char *at = (const char *)rest.at;
		size_t left = rest.len;

		if (dtls_record_next(&rest, &record))
			rest.len = 0;
		send_datagram(assoc, at, left - rest.len);
	}
}

static int on_send(WOLFSSL *ssl, char *bytes, int size, void *arg)
{
	struct dtls_assoc *assoc = arg;
	size_t len = (size_t)size;

	(void)ssl;
	if (assoc->is_closing) {
		if (len <= sizeof(assoc->close_notify)) {
			memcpy(assoc->close_notify, bytes, len);
			assoc->close_notify_len = len;
		}
		return size;
	}
	assoc->has_sent = true;
	if (assoc->is_repeating)
		send_apart(assoc, bytes, len);
	else
		send_datagram(assoc, bytes, len);
	return size;
}

/* RFC 5763 section 5: no chain, no names, no dates: the fingerprint alone counts, and it is
 * the leaf's also when the peer sends a chain. */
static int on_certificate(int ok, WOLFSSL_X509_STORE_CTX *store)
{
	struct dtls_assoc *assoc = store->userCtx;

	(void)ok;
	if (!assoc || store->totalCerts < 1 || !store->certs || !store->certs[0].buffer)
		return 0;
	return !certificate_fingerprint(&assoc->result.presented, assoc->config.hash,
		store->certs[0].buffer, store->certs[0].length);
}

/* The cookie was good: only now wolfSSL may hear of the profile, as it would leave the
 * cookie out if it had one to negotiate from the start. */
static int on_hello_good(WOLFSSL *ssl, void *arg)
{
	struct dtls_assoc *assoc = arg;

	assoc->has_cookie = true;
	return wolfSSL_set_tlsext_use_srtp(ssl, assoc->config.profile->wolfssl_name) == 1 ? 0
											  : -1;
}

/* ---- contexts ---- */

static int set_up_ctx(WOLFSSL_CTX *ctx, const struct certificate *certificate)
{
	if (wolfSSL_CTX_use_certificate_buffer(ctx, certificate->der,
		    (long)certificate->der_len, WOLFSSL_FILETYPE_ASN1) != WOLFSSL_SUCCESS ||
		wolfSSL_CTX_use_PrivateKey_buffer(ctx, certificate->key,
			(long)certificate->key_len, WOLFSSL_FILETYPE_ASN1) != WOLFSSL_SUCCESS ||
		wolfSSL_CTX_set_cipher_list(ctx, cipher_list) != WOLFSSL_SUCCESS ||
		wolfSSL_CTX_set_group_messages(ctx) != WOLFSSL_SUCCESS)
		return SBC_ECRYPTO;
	wolfSSL_CTX_set_verify(
		ctx, WOLFSSL_VERIFY_PEER | WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT, on_certificate);
	wolfSSL_CTX_SetIORecv(ctx, on_receive);
	wolfSSL_CTX_SetIOSend(ctx, on_send);
	return 0;
}

static void set_profiles(struct dtls_context *context, const struct media_config *config)
{
	struct buf list;

	buf_init(&list, sizeof(context->profile_list) - 1);
	for (unsigned i = 0; i < config->profile_count; i++) {
		const struct profile *profile = profile_find((unsigned)config->profiles[i]);

		if (!profile)
			continue;
		context->profiles[context->profile_count++] = profile;
		if (list.len)
			buf_put_char(&list, ':');
		buf_put_str(&list, profile->wolfssl_name);
	}
	slice_copy(buf_slice(&list), context->profile_list, sizeof(context->profile_list));
	buf_fini(&list);
}

int dtls_context_new(struct dtls_context **out, const struct certificate *certificate,
	const struct media_config *config)
{
	struct dtls_context *context = mem_alloc(sizeof(*context));
	int err = SBC_ENOMEM;

	if (!context)
		return SBC_ENOMEM;
	context->mtu = config->dtls_mtu;
	context->secrets =
		(struct dtls_secrets){.told = config->secret, .arg = config->secret_arg};
	set_profiles(context, config);
	/* Both versions in one object: also a DTLS 1.2 hello in two fragments is then taken. */
	context->ctx[MEDIA_DTLS_SERVER] = wolfSSL_CTX_new(wolfDTLS_server_method());
	context->ctx[MEDIA_DTLS_CLIENT] = wolfSSL_CTX_new(wolfDTLS_client_method());
	if (!context->ctx[MEDIA_DTLS_SERVER] || !context->ctx[MEDIA_DTLS_CLIENT])
		goto out;
	err = set_up_ctx(context->ctx[MEDIA_DTLS_SERVER], certificate);
	if (!err)
		err = set_up_ctx(context->ctx[MEDIA_DTLS_CLIENT], certificate);
	if (!err && !context->profile_list[0])
		err = SBC_ECRYPTO;
	if (!err)
		*out = context;
out:
	if (err)
		dtls_context_free(context);
	return err;
}

void dtls_context_free(struct dtls_context *context)
{
	if (!context)
		return;
	wolfSSL_CTX_free(context->ctx[MEDIA_DTLS_SERVER]);
	wolfSSL_CTX_free(context->ctx[MEDIA_DTLS_CLIENT]);
	mem_free(context);
}

const struct profile *dtls_context_choose(
	const struct dtls_context *context, const struct client_hello *hello)
{
	for (unsigned i = 0; i < context->profile_count; i++) {
		for (size_t k = 0; k < hello->profile_count; k++) {
			if ((unsigned)context->profiles[i]->id == hello->profiles[k])
				return context->profiles[i];
		}
	}
	return NULL;
}

/* ---- associations ---- */

static int set_up_server(struct dtls_assoc *assoc)
{
	WOLFSSL *ssl = assoc->ssl;
	struct netaddr *peer = &assoc->config.peer;

	if (assoc->config.want_cookie) {
		if (wolfSSL_dtls_set_peer(ssl, &peer->sa, netaddr_len(peer)) != WOLFSSL_SUCCESS)
			return SBC_ECRYPTO;
		return wolfDTLS_SetChGoodCb(ssl, on_hello_good, assoc) == WOLFSSL_SUCCESS
			       ? 0
			       : SBC_ECRYPTO;
	}
	assoc->has_cookie = true;
	if (wolfSSL_set_tlsext_use_srtp(ssl, assoc->config.profile->wolfssl_name) != 1 ||
		wolfSSL_disable_hrr_cookie(ssl) != WOLFSSL_SUCCESS)
		return SBC_ECRYPTO;
	return 0;
}

static int set_up(struct dtls_assoc *assoc)
{
	WOLFSSL *ssl = assoc->ssl;

	wolfSSL_SetIOReadCtx(ssl, assoc);
	wolfSSL_SetIOWriteCtx(ssl, assoc);
	wolfSSL_SetCertCbCtx(ssl, assoc);
	wolfSSL_dtls_set_using_nonblock(ssl, 1);
	wolfSSL_KeepArrays(ssl); /* or there is nothing to export from afterwards */
	if (assoc->config.context->secrets.told &&
		dtls_secrets_tell(ssl, &assoc->config.context->secrets))
		return SBC_ECRYPTO;
	/* Zero switches wolfSSL's clock off: ours runs in dtls_assoc_tick(). */
	if (wolfSSL_dtls_set_timeout_init(ssl, 0) != WOLFSSL_SUCCESS ||
		wolfSSL_dtls_set_mtu(ssl, (unsigned short)assoc->config.context->mtu) !=
			WOLFSSL_SUCCESS)
		return SBC_ECRYPTO;
	if (assoc->config.role == MEDIA_DTLS_SERVER) {
		if (wolfSSL_dtls13_allow_ch_frag(ssl, 1) != WOLFSSL_SUCCESS)
			return SBC_ECRYPTO;
		return set_up_server(assoc);
	}
	assoc->has_cookie = true;
	return wolfSSL_set_tlsext_use_srtp(ssl, assoc->config.context->profile_list) == 1
		       ? 0
		       : SBC_ECRYPTO;
}

int dtls_assoc_new(struct dtls_assoc **out, const struct dtls_assoc_config *config)
{
	struct dtls_assoc *assoc;
	int err;

	if (config->role == MEDIA_DTLS_SERVER && !config->profile)
		return SBC_EINVAL;
	assoc = mem_alloc(sizeof(*assoc));
	if (!assoc)
		return SBC_ENOMEM;
	assoc->config = *config;
	assoc->due = -1;
	assoc->interval = config->retransmit;
	assoc->repeats_left = REPEAT_MAX;
	buf_init(&assoc->flight, FLIGHT_BYTES_MAX);
	dtls_records_init(&assoc->records, config->role);
	assoc->ssl = wolfSSL_new(config->context->ctx[config->role]);
	err = assoc->ssl ? set_up(assoc) : SBC_ENOMEM;
	if (err) {
		dtls_assoc_free(assoc);
		return err;
	}
	*out = assoc;
	return 0;
}

void dtls_assoc_free(struct dtls_assoc *assoc)
{
	if (!assoc)
		return;
	wolfSSL_free(assoc->ssl);
	buf_fini(&assoc->flight);
	mem_wipe(assoc, sizeof(*assoc));
	mem_free(assoc);
}

static int export_keys(struct dtls_assoc *assoc, const struct profile *profile)
{
	uint8_t material[DTLS_KEYS_MATERIAL_MAX];
	size_t len = 0;
	int err = SBC_ECRYPTO;

	/* The length first: with a buffer wolfSSL does not say how much it used. */
	wolfSSL_export_dtls_srtp_keying_material(assoc->ssl, NULL, &len);
	if (len == dtls_keys_material_len(profile) &&
		wolfSSL_export_dtls_srtp_keying_material(assoc->ssl, material, &len) == 1)
		err = dtls_keys_split(
			&assoc->result.keys, profile, material, len, assoc->config.role);
	mem_wipe(material, sizeof(material));
	return err;
}

/* RFC 5764 section 4.1.1: one of those that were offered. */
static const struct profile *agreed_profile(const struct dtls_assoc *assoc)
{
	const WOLFSSL_SRTP_PROTECTION_PROFILE *selected =
		wolfSSL_get_selected_srtp_profile(assoc->ssl);
	const struct dtls_context *context = assoc->config.context;

	for (unsigned i = 0; selected && i < context->profile_count; i++) {
		if ((unsigned long)context->profiles[i]->id == selected->id)
			return context->profiles[i];
	}
	return NULL;
}

static enum dtls_state complete(struct dtls_assoc *assoc)
{
	const struct profile *profile = agreed_profile(assoc);
	struct dtls_result *result = &assoc->result;

	if (!profile || !result->presented.digest_len || export_keys(assoc, profile)) {
		mem_wipe(&result->keys, sizeof(result->keys));
		set_state(assoc, DTLS_DEAD);
		return assoc->state;
	}
	slice_copy(slice_str(wolfSSL_get_version(assoc->ssl)), result->version,
		sizeof(result->version));
	slice_copy(slice_str(wolfSSL_CIPHER_get_name(wolfSSL_get_current_cipher(assoc->ssl))),
		result->cipher_suite, sizeof(result->cipher_suite));
	assoc->is_closing = true;
	wolfSSL_shutdown(assoc->ssl);
	set_state(assoc, DTLS_DONE);
	return assoc->state;
}

/* Lets wolfSSL work on what there is. */
static enum dtls_state advance(struct dtls_assoc *assoc, usec_t now)
{
	int ret, error;

	assoc->has_sent = false;
	ret = assoc->config.role == MEDIA_DTLS_SERVER ? wolfSSL_accept(assoc->ssl)
						      : wolfSSL_connect(assoc->ssl);
	assoc->input.len = 0;
	if (ret == WOLFSSL_SUCCESS)
		return complete(assoc);
	error = wolfSSL_get_error(assoc->ssl, ret);
	if (error != WOLFSSL_ERROR_WANT_READ && error != WOLFSSL_ERROR_WANT_WRITE) {
		set_state(assoc, DTLS_DEAD);
		return assoc->state;
	}
	/* A new flight went out: its clock starts afresh. Who has not shown a cookie yet is
	 * answered only, never reminded. */
	if (assoc->has_sent && assoc->has_cookie) {
		assoc->interval = assoc->config.retransmit;
		assoc->due = now + assoc->interval;
	}
	return assoc->state;
}

enum dtls_state dtls_assoc_start(struct dtls_assoc *assoc, usec_t now)
{
	if (assoc->state != DTLS_HANDSHAKING || assoc->config.role == MEDIA_DTLS_SERVER)
		return assoc->state;
	return advance(assoc, now);
}

static void repeat_flight(struct dtls_assoc *assoc, usec_t now)
{
	const char *at = assoc->flight.data;

	if (!assoc->repeats_left || now - assoc->repeated_at < REPEAT_INTERVAL)
		return;
	assoc->repeats_left--;
	assoc->repeated_at = now;
	for (unsigned i = 0; i < assoc->flight_count; i++) {
		assoc->config.send(
			(const uint8_t *)at, assoc->flight_lens[i], assoc->config.arg);
		at += assoc->flight_lens[i];
	}
}

static bool is_dtls13(const struct dtls_assoc *assoc)
{
	return slice_equal(slice_str(assoc->result.version), SLICE(VERSION13));
}

enum dtls_state dtls_assoc_input(
	struct dtls_assoc *assoc, const uint8_t *bytes, size_t len, usec_t now, bool *is_taken)
{
	bool taken = false;

	switch (assoc->state) {
	case DTLS_HANDSHAKING:
		taken = dtls_records_pass(&assoc->records, bytes, len);
		if (!taken)
			break;
		assoc->flight_is_over = true;
		assoc->input = (struct dtls_rest){bytes, len};
		advance(assoc, now);
		break;
	case DTLS_DONE:
		taken = dtls_records_is_repeat(
			assoc->config.role, is_dtls13(assoc), bytes, len);
		if (taken)
			repeat_flight(assoc, now);
		break;
	case DTLS_DEAD:
		break;
	}
	if (is_taken)
		*is_taken = taken;
	return assoc->state;
}

usec_t dtls_assoc_due(const struct dtls_assoc *assoc)
{
	return assoc->due;
}

enum dtls_state dtls_assoc_tick(struct dtls_assoc *assoc, usec_t now)
{
	int err;

	if (assoc->state != DTLS_HANDSHAKING || assoc->due < 0 || now < assoc->due)
		return assoc->state;
	assoc->flight_is_over = true;
	assoc->is_repeating = true;
	err = wolfSSL_dtls_got_timeout(assoc->ssl);
	assoc->is_repeating = false;
	if (err != WOLFSSL_SUCCESS) {
		set_state(assoc, DTLS_DEAD);
		return assoc->state;
	}
	assoc->interval *= 2;
	if (assoc->interval > RETRANSMIT_MAX)
		assoc->interval = RETRANSMIT_MAX;
	assoc->due = now + assoc->interval;
	return assoc->state;
}

enum dtls_state dtls_assoc_state(const struct dtls_assoc *assoc)
{
	return assoc->state;
}

bool dtls_assoc_has_cookie(const struct dtls_assoc *assoc)
{
	return assoc->has_cookie;
}

const struct dtls_result *dtls_assoc_result(const struct dtls_assoc *assoc)
{
	return assoc->state == DTLS_DONE ? &assoc->result : NULL;
}

void dtls_assoc_forget_keys(struct dtls_assoc *assoc)
{
	mem_wipe(&assoc->result.keys.ours, sizeof(assoc->result.keys.ours));
	mem_wipe(&assoc->result.keys.peers, sizeof(assoc->result.keys.peers));
}

void dtls_assoc_close(struct dtls_assoc *assoc)
{
	if (assoc->state == DTLS_DONE && assoc->close_notify_len)
		assoc->config.send(
			assoc->close_notify, assoc->close_notify_len, assoc->config.arg);
}
