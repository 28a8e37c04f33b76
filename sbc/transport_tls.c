/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TLS for SIP, wolfSSL's house: TLS 1.2 and 1.3 over a flow's bytes, certificates judged by
 * RFC 5922 (the domain stands in the subjectAltName, no wildcards, no common name). No
 * renegotiation, no session cache, no tickets: wolfSSL is built so. Signalling thread.
 */

#include <wolfssl/options.h>

#include <wolfssl/error-ssl.h>
#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/asn.h>

#include "base/err.h"
#include "base/mem.h"
#include "sbc/transport_internal.h"

/* RFC 9325 section 4.2: forward secrecy and authenticated encryption, nothing else. */
#define CIPHERS                                                                                \
	"TLS13-AES128-GCM-SHA256:TLS13-AES256-GCM-SHA384:TLS13-CHACHA20-POLY1305-SHA256:"      \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"                           \
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"                           \
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"

/* A pair for one name that clients may ask for. */
struct tls_name {
	char name[TLS_NAME_MAX];
	struct slice certificate_pem, key_pem; /* owned; the second is secret */
};

/* Counted: sessions that begin with it may outlive its being replaced. */
struct tls_contexts {
	unsigned _references;
	WOLFSSL_CTX *server;    /* owned */
	WOLFSSL_CTX *client;    /* owned */
	struct tls_name *names; /* owned */
	size_t name_count;
};

struct tls_session {
	WOLFSSL *ssl;                  /* owned */
	struct flow *flow;             /* borrowed: its parent */
	struct tls_contexts *contexts; /* counted */
	struct slice in;               /* borrowed for the call: bytes from the wire */
	bool is_verified;
	const char *why; /* static: what we did not like about the certificate */
	struct tls_names names;
};

/* ---- the peer's certificate ---- */

/* RFC 5922 section 7.1: of "sip:example.com" and "sip:example.com:5061" the host; a URI with
 * a user names a person, not a domain. */
static struct slice sip_uri_domain(struct slice uri)
{
	struct slice none = {0};

	if (!slice_starts_nocase(uri, SLICE("sip:")))
		return none;
	uri = slice_from(uri, 4);
	if (slice_find(uri, '@') < uri.len)
		return none;
	uri = slice_cut(&uri, ';');
	return slice_cut(&uri, ':');
}

/* A name that we can compare, or the empty slice: RFC 5922 section 7.2 has no wildcards. */
static struct slice entry_domain(const struct DNS_entry *entry)
{
	struct slice name = slice_of(entry->name, entry->len > 0 ? (size_t)entry->len : 0);
	struct slice none = {0};

	if (entry->type == ASN_URI_TYPE)
		name = sip_uri_domain(name);
	else if (entry->type != ASN_DNS_TYPE)
		return none;
	if (name.len >= TLS_NAME_MAX || slice_find(name, '\0') < name.len ||
		slice_find(name, '*') < name.len)
		return none;
	return name;
}

static void add_name(struct tls_names *names, struct slice name)
{
	if (name.len && names->count < TLS_NAME_COUNT && !tls_names_has(names, name) &&
		!slice_copy(name, names->names[names->count], TLS_NAME_MAX))
		names->count++;
}

/* Keeps the names; wanted (may be empty) is put first when it is among them, so that it is
 * found however many there are. */
static int read_names(struct tls_session *session, const WOLFSSL_BUFFER_INFO *der)
{
	struct slice wanted = slice_str(session->flow->tls_name);
	DecodedCert *cert = mem_alloc(sizeof(*cert));
	const struct DNS_entry *entry;
	int err = SBC_ENOMEM;

	if (!cert)
		return err;
	wc_InitDecodedCert(cert, der->buffer, (word32)der->length, NULL);
	err = wc_ParseCert(cert, CERT_TYPE, NO_VERIFY, NULL) ? SBC_EPARSE : 0;
	for (entry = cert->altNames; !err && wanted.len && entry; entry = entry->next) {
		if (slice_equal_nocase(entry_domain(entry), wanted))
			add_name(&session->names, wanted);
	}
	for (entry = cert->altNames; !err && entry; entry = entry->next)
		add_name(&session->names, entry_domain(entry));
	wc_FreeDecodedCert(cert);
	mem_free(cert);
	return err;
}

/* Built with WOLFSSL_ALWAYS_VERIFY_CB: called for the leaf in any case, for the others when
 * something is wrong with them. */
static int on_verify(int is_verified, WOLFSSL_X509_STORE_CTX *store)
{
	struct tls_session *session = store->userCtx;
	const struct flow *flow = session->flow;

	if (!is_verified) {
		session->why = wolfSSL_ERR_reason_error_string((unsigned long)store->error);
		return 0;
	}
	/* A client that was asked and has none; wolfSSL refuses it where one is required. */
	if (store->totalCerts < 1)
		return !flow->is_outgoing;
	session->names.count = 0;
	if (read_names(session, &store->certs[0])) {
		session->why = "the certificate cannot be read";
		return 0;
	}
	if (flow->is_outgoing && !tls_names_has(&session->names, slice_str(flow->tls_name))) {
		session->why = "the certificate is for another domain";
		return 0;
	}
	session->is_verified = true;
	return 1;
}

const struct tls_names *tls_session_names(const struct tls_session *session)
{
	return session->is_verified ? &session->names : NULL;
}

const char *tls_session_cipher(const struct tls_session *session)
{
	const char *name = wolfSSL_is_init_finished(session->ssl)
				   ? wolfSSL_get_cipher_name(session->ssl)
				   : NULL;

	return name ? name : "";
}

/* ---- contexts ---- */

static int on_recv(WOLFSSL *ssl, char *out, int size, void *arg)
{
	struct tls_session *session = arg;
	size_t len = session->in.len < (size_t)size ? session->in.len : (size_t)size;

	(void)ssl;
	if (!len)
		return WOLFSSL_CBIO_ERR_WANT_READ;
	memcpy(out, session->in.ptr, len);
	session->in = slice_from(session->in, len);
	return (int)len;
}

static int on_send(WOLFSSL *ssl, char *bytes, int size, void *arg)
{
	struct tls_session *session = arg;

	(void)ssl;
	return buf_put(&session->flow->transport->cipher, bytes, (size_t)size)
		       ? WOLFSSL_CBIO_ERR_GENERAL
		       : size;
}

static int use_own(WOLFSSL_CTX *ctx, const struct listener_config *config, const char **fault)
{
	const unsigned char *certificate = (const unsigned char *)config->certificate_pem.ptr;
	const unsigned char *key = (const unsigned char *)config->key_pem.ptr;

	*fault = "the certificate cannot be read";
	if (!config->certificate_pem.len ||
		wolfSSL_CTX_use_certificate_chain_buffer(
			ctx, certificate, (long)config->certificate_pem.len) != WOLFSSL_SUCCESS)
		return SBC_ECRYPTO;
	*fault = "the key cannot be read or is not the certificate's";
	if (!config->key_pem.len ||
		wolfSSL_CTX_use_PrivateKey_buffer(ctx, key, (long)config->key_pem.len,
			WOLFSSL_FILETYPE_PEM) != WOLFSSL_SUCCESS ||
		wolfSSL_CTX_check_private_key(ctx) != WOLFSSL_SUCCESS)
		return SBC_ECRYPTO;
	return 0;
}

static int use_anchors(
	WOLFSSL_CTX *ctx, const struct listener_config *config, const char **fault)
{
	*fault = "the anchors cannot be read";
	if (config->ca_pem.len &&
		wolfSSL_CTX_load_verify_buffer(ctx, (const unsigned char *)config->ca_pem.ptr,
			(long)config->ca_pem.len, WOLFSSL_FILETYPE_PEM) != WOLFSSL_SUCCESS)
		return SBC_ECRYPTO;
	return 0;
}

static int make_context(WOLFSSL_CTX **out, WOLFSSL_METHOD *method,
	const struct listener_config *config, const char **fault)
{
	WOLFSSL_CTX *ctx = wolfSSL_CTX_new(method);
	int err;

	*fault = "no memory";
	if (!ctx)
		return SBC_ENOMEM;
	*fault = "TLS 1.2 and our ciphers are not there";
	err = wolfSSL_CTX_SetMinVersion(ctx, WOLFSSL_TLSV1_2) == WOLFSSL_SUCCESS &&
			      wolfSSL_CTX_set_cipher_list(ctx, CIPHERS) == WOLFSSL_SUCCESS
		      ? 0
		      : SBC_ECRYPTO;
	err = err ? err : use_own(ctx, config, fault);
	err = err ? err : use_anchors(ctx, config, fault);
	if (err) {
		wolfSSL_CTX_free(ctx);
		return err;
	}
	wolfSSL_CTX_SetIORecv(ctx, on_recv);
	wolfSSL_CTX_SetIOSend(ctx, on_send);
	wolfSSL_CTX_set_group_messages(ctx);
	*out = ctx;
	return 0;
}

/* ---- several certificates: RFC 6066 section 3 ---- */

/* RFC 3261 has no answer to a name that nobody knows: the usual certificate, which the client
 * then judges. */
static int on_server_name(WOLFSSL *ssl, int *alert, void *arg)
{
	const struct tls_contexts *contexts = arg;
	void *bytes = NULL;
	unsigned short len = wolfSSL_SNI_GetRequest(ssl, WOLFSSL_SNI_HOST_NAME, &bytes);
	struct slice wanted = slice_of(bytes, len);

	(void)alert;
	for (size_t i = 0; i < contexts->name_count; i++) {
		const struct tls_name *name = &contexts->names[i];
		if (!slice_equal_nocase(wanted, slice_str(name->name)))
			continue;
		wolfSSL_use_certificate_chain_buffer(ssl,
			(const unsigned char *)name->certificate_pem.ptr,
			(long)name->certificate_pem.len);
		wolfSSL_use_PrivateKey_buffer(ssl, (const unsigned char *)name->key_pem.ptr,
			(long)name->key_pem.len, WOLFSSL_FILETYPE_PEM);
		break;
	}
	return 0;
}

static int copy_name(struct tls_name *to, const struct listener_name *from)
{
	if (slice_copy(from->name, to->name, sizeof(to->name)))
		return SBC_ELIMIT;
	to->certificate_pem =
		slice_of(mem_strdup(from->certificate_pem), from->certificate_pem.len);
	to->key_pem = slice_of(mem_strdup(from->key_pem), from->key_pem.len);
	return to->certificate_pem.ptr && to->key_pem.ptr ? 0 : SBC_ENOMEM;
}

/* Each pair is tried once, so that nothing fails in a handshake. */
static int try_name(const struct listener_config *config, const struct listener_name *name,
	const char **fault)
{
	struct listener_config one = *config;
	WOLFSSL_CTX *ctx = NULL;
	int err;

	one.certificate_pem = name->certificate_pem;
	one.key_pem = name->key_pem;
	err = make_context(&ctx, wolfSSLv23_server_method(), &one, fault);
	if (!err)
		wolfSSL_CTX_free(ctx);
	return err;
}

static int add_names(
	struct tls_contexts *contexts, const struct listener_config *config, const char **fault)
{
	int err = 0;

	contexts->names = mem_array(config->name_count + 1, sizeof(*contexts->names));
	if (!contexts->names)
		return SBC_ENOMEM;
	for (size_t i = 0; i < config->name_count && !err; i++) {
		err = try_name(config, &config->names[i], fault);
		err = err ? err : copy_name(&contexts->names[i], &config->names[i]);
		contexts->name_count++;
	}
	if (!err && contexts->name_count) {
		wolfSSL_CTX_set_servername_callback(contexts->server, on_server_name);
		wolfSSL_CTX_set_servername_arg(contexts->server, contexts);
	}
	return err;
}

int tls_contexts_new(
	struct tls_contexts **out, const struct listener_config *config, const char **fault)
{
	int server_mode = config->ca_pem.len ? WOLFSSL_VERIFY_PEER : WOLFSSL_VERIFY_NONE;
	struct tls_contexts *contexts;
	int err;

	*fault = "client certificates are required, and there are no anchors";
	if (config->require_client_certificate && !config->ca_pem.len)
		return SBC_ECRYPTO;
	if (config->require_client_certificate)
		server_mode |= WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	*fault = "no memory";
	contexts = mem_alloc(sizeof(*contexts));
	if (!contexts)
		return SBC_ENOMEM;
	contexts->_references = 1;
	wolfSSL_Init(); /* counted; undone in tls_contexts_free() */
	err = make_context(&contexts->server, wolfSSLv23_server_method(), config, fault);
	err = err ? err
		  : make_context(&contexts->client, wolfSSLv23_client_method(), config, fault);
	err = err ? err : add_names(contexts, config, fault);
	if (err) {
		tls_contexts_free(contexts);
		return err;
	}
	wolfSSL_CTX_set_verify(contexts->server, server_mode, on_verify);
	wolfSSL_CTX_set_verify(contexts->client, WOLFSSL_VERIFY_PEER, on_verify);
	*out = contexts;
	return 0;
}

void tls_contexts_free(struct tls_contexts *contexts)
{
	if (!contexts || --contexts->_references)
		return;
	for (size_t i = 0; i < contexts->name_count; i++) {
		struct tls_name *name = &contexts->names[i];
		if (name->key_pem.ptr)
			mem_wipe((char *)(uintptr_t)name->key_pem.ptr, name->key_pem.len);
		mem_free((char *)(uintptr_t)name->key_pem.ptr);
		mem_free((char *)(uintptr_t)name->certificate_pem.ptr);
	}
	mem_free(contexts->names);
	wolfSSL_CTX_free(contexts->server);
	wolfSSL_CTX_free(contexts->client);
	wolfSSL_Cleanup();
	mem_free(contexts);
}

/* ---- sessions ---- */

int tls_session_new(struct flow *flow)
{
	struct tls_contexts *contexts = flow->listener->tls;
	struct tls_session *session = mem_alloc(sizeof(*session));
	size_t name_len = strlen(flow->tls_name);

	if (!session)
		return SBC_ENOMEM;
	session->flow = flow;
	session->ssl = wolfSSL_new(flow->is_outgoing ? contexts->client : contexts->server);
	if (!session->ssl) {
		mem_free(session);
		return SBC_ENOMEM;
	}
	session->contexts = contexts;
	contexts->_references++;
	wolfSSL_SetIOReadCtx(session->ssl, session);
	wolfSSL_SetIOWriteCtx(session->ssl, session);
	wolfSSL_SetCertCbCtx(session->ssl, session);
	if (flow->is_outgoing &&
		wolfSSL_UseSNI(session->ssl, WOLFSSL_SNI_HOST_NAME, flow->tls_name,
			(unsigned short)name_len) != WOLFSSL_SUCCESS) {
		tls_session_free(session);
		return SBC_ECRYPTO;
	}
	flow->tls = session;
	return 0;
}

void tls_session_free(struct tls_session *session)
{
	if (!session)
		return;
	wolfSSL_free(session->ssl);
	tls_contexts_free(session->contexts);
	mem_free(session);
}

/* What wolfSSL wrote in this turn goes out as one piece. */
static int flush(struct flow *flow, uint64_t tag)
{
	struct buf *cipher = &flow->transport->cipher;
	int err = cipher->err;

	if (err)
		flow_close(flow, "no memory");
	else if (cipher->len)
		err = flow_write(flow, tag, cipher->data, cipher->len);
	buf_reset(cipher);
	return err;
}

static void fail_handshake(struct flow *flow, int error)
{
	struct tls_session *session = flow->tls;
	const char *why = session->why ? session->why
				       : wolfSSL_ERR_reason_error_string((unsigned long)error);

	transport_note(flow->transport, TRANSPORT_NOTE_HANDSHAKE, &flow->peer, why);
	if (!flush(flow, 0)) /* our alert */
		flow_drain(flow, why);
}

/* Is it done? */
static bool shake_hands(struct flow *flow)
{
	struct tls_session *session = flow->tls;
	int result = flow->is_outgoing ? wolfSSL_connect(session->ssl)
				       : wolfSSL_accept(session->ssl);
	int error = wolfSSL_get_error(session->ssl, result);

	if (result != WOLFSSL_SUCCESS && error != WOLFSSL_ERROR_WANT_READ) {
		fail_handshake(flow, error);
		return false;
	}
	/* wolfSSL has called on_verify(); nothing is sent if ever it should not. */
	if (result == WOLFSSL_SUCCESS && flow->is_outgoing && !session->is_verified) {
		fail_handshake(flow, error);
		return false;
	}
	if (flush(flow, 0) || result != WOLFSSL_SUCCESS)
		return false;
	flow_opened(flow);
	return flow->state == FLOW_OPEN;
}

/* Fills the plain buffer. The error that ended it, 0 when the buffer is full. */
static int read_plain(struct flow *flow, size_t *len)
{
	struct transport *transport = flow->transport;
	int n;

	for (*len = 0; *len < sizeof(transport->plain); *len += (size_t)n) {
		n = wolfSSL_read(flow->tls->ssl, transport->plain + *len,
			(int)(sizeof(transport->plain) - *len));
		if (n <= 0)
			return wolfSSL_get_error(flow->tls->ssl, n);
	}
	return 0;
}

void tls_input(struct flow *flow, struct slice bytes)
{
	struct tls_session *session = flow->tls;
	int error = 0;
	size_t len;

	session->in = bytes;
	if (flow->state == FLOW_HANDSHAKE && !shake_hands(flow))
		return;
	/* Records are read together, so that one byte in each costs one scan and not many. */
	while (!error && flow->state == FLOW_OPEN) {
		error = read_plain(flow, &len);
		if (flush(flow, 0)) /* a key update answered */
			return;
		flow_input(flow, slice_of(flow->transport->plain, len));
	}
	if (flow->state == FLOW_OPEN && error != WOLFSSL_ERROR_WANT_READ)
		flow_drain(flow,
			error == WOLFSSL_ERROR_ZERO_RETURN ? "closed by peer" : "TLS failed");
}

int tls_send(struct flow *flow, uint64_t tag, const void *bytes, size_t len)
{
	if (wolfSSL_write(flow->tls->ssl, bytes, (int)len) != (int)len) {
		buf_reset(&flow->transport->cipher);
		flow_close(flow, "TLS failed");
		return SBC_EPEER;
	}
	return flush(flow, tag);
}

void tls_goodbye(struct flow *flow)
{
	wolfSSL_shutdown(flow->tls->ssl);
	flush(flow, 0);
}
