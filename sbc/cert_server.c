/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Serves certificates over HTTPS on the signalling loop, with libwebsockets (its only
 * house; TLS is OpenSSL's there). Everything that can be served is made when it is opened:
 * a request only picks one of a few ready answers.
 *
 * On a loop that is not its own libwebsockets closes its handles asynchronously and tells
 * nobody when the last is gone, and its context must be destroyed a second time only then:
 * so the handles that it made are remembered, and a short timer looks whether they still
 * are on the loop.
 */

#include "sbc/cert_server.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <libwebsockets.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "sbc/pem.h"

#define BODY_MAX      65536 /* bytes of one chain */
#define PATH_MAX_LEN  256
#define HEADERS_MAX   1024 /* bytes of a response's header lines */
#define TIMEOUT_S     5    /* a client that does not go on */
#define FDS_SPARE     4    /* the listener and libwebsockets' own */
#define CLOSE_POLL_MS 5
#define HANDLE_MAX    16  /* libwebsockets 4.1 makes two */
#define BEFORE_MAX    256 /* handles on the loop when it comes: listeners, timers */
#define ETAG_MAX      40

/* A ready answer. */
struct document {
	char path[PATH_MAX_LEN];
	const char *type;
	unsigned char *bytes; /* owned; LWS_PRE bytes before the body */
	size_t len;
	char etag[ETAG_MAX];
};

struct cert_server {
	struct lws_context *context; /* set to NULL by libwebsockets when it is gone */
	struct lws_vhost *vhost;
	struct document *documents; /* owned; /cert first */
	size_t document_count;
	char cache_control[48];
	uv_loop_t *loop;                        /* borrowed */
	const uv_handle_t *handles[HANDLE_MAX]; /* libwebsockets', only compared */
	size_t handle_count;
	bool is_on_loop; /* one of them still is */
	uv_timer_t close_timer;
	cert_server_closed_h *closed;
	void *closed_arg;
};

/* Per connection, libwebsockets' memory. */
struct connection {
	const struct document *sending;
};

/* ---- documents ---- */

/* A name for the content: FNV-1a, 64 bits. It has to differ, not to resist. */
static void make_etag(struct document *d)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < d->len; i++)
		hash = (hash ^ d->bytes[LWS_PRE + i]) * UINT64_C(0x100000001b3);
	snprintf(d->etag, sizeof(d->etag), "\"%zx-%016llx\"", d->len, (unsigned long long)hash);
}

static int add_document(struct cert_server *server, const char *type, struct slice body,
	const char *format, const char *name)
{
	struct document *d = &server->documents[server->document_count];

	d->bytes = mem_alloc(LWS_PRE + body.len + 1);
	if (!d->bytes)
		return SBC_ENOMEM;
	memcpy(d->bytes + LWS_PRE, body.ptr, body.len);
	d->len = body.len;
	d->type = type;
	snprintf(d->path, sizeof(d->path), format, name);
	make_etag(d);
	server->document_count++;
	return 0;
}

static const char pem_type[] = "application/pem-certificate-chain"; /* RFC 8555 */

static int add_domain(struct cert_server *server, const struct cert_server_domain *domain,
	char *fault, size_t fault_size)
{
	static const char der_type[] = "application/pkix-cert"; /* RFC 2585 */
	bool has_rsa = domain->rsa_certificate_pem.len > 0;
	struct buf pem, der;
	char name[128];
	int err;

	buf_init(&pem, BODY_MAX);
	buf_init(&der, BODY_MAX);
	err = slice_copy(domain->name, name, sizeof(name));
	err = err ? err : pem_certificates(&pem, domain->certificate_pem);
	if (!err && has_rsa)
		err = pem_first_der(&der, domain->rsa_certificate_pem);
	if (err)
		snprintf(fault, fault_size, "%s: %s", name,
			err == SBC_EINVAL
				? "the certificate file holds something else, a private key?"
				: "no certificate that can be served");
	if (!err && server->document_count == 0)
		err = add_document(server, pem_type, buf_slice(&pem), "/cert%s", "");
	err = err ? err : add_document(server, pem_type, buf_slice(&pem), "/cert/%s", name);
	if (!err && has_rsa)
		err = add_document(server, der_type, buf_slice(&der), "/cert/%s/rsa", name);
	buf_fini(&pem);
	buf_fini(&der);
	return err;
}

static int add_key(struct cert_server *server, const struct cert_server_key *key, char *fault,
	size_t fault_size)
{
	struct buf pem;
	int err;

	buf_init(&pem, BODY_MAX);
	err = pem_certificates(&pem, key->certificate_pem);
	if (err)
		snprintf(fault, fault_size, "key %s: no certificate that can be served",
			key->name);
	err = err ? err
		  : add_document(server, pem_type, buf_slice(&pem), "/cert/keys/%s", key->name);
	buf_fini(&pem);
	return err;
}

static const struct document *find(const struct cert_server *server, struct slice path)
{
	for (size_t i = 0; i < server->document_count; i++)
		if (slice_equal_nocase(slice_str(server->documents[i].path), path))
			return &server->documents[i];
	return NULL;
}

/* ---- a request ---- */

/* RFC 9110 section 13.1.2: any of the list, weak or not, or '*'. */
static bool is_known(struct slice list, const char *etag)
{
	while (list.len) {
		struct slice one = slice_trim(slice_cut(&list, ','));
		if (slice_starts(one, SLICE("W/")))
			one = slice_from(one, 2);
		if (slice_equal(one, SLICE("*")) || slice_equal(one, slice_str(etag)))
			return true;
	}
	return false;
}

static struct slice header(
	struct lws *wsi, enum lws_token_indexes token, char *out, size_t size)
{
	int len = lws_hdr_copy(wsi, out, (int)size, token);

	return len > 0 ? slice_of(out, (size_t)len) : (struct slice){0};
}

static const struct document *choose(
	struct cert_server *server, struct lws *wsi, struct slice path)
{
	char asked[PATH_MAX_LEN], text[PATH_MAX_LEN];
	const char *domain = lws_get_urlarg_by_name(wsi, "domain=", asked, sizeof(asked));

	if (!domain || !slice_equal_nocase(path, SLICE("/cert")))
		return find(server, path);
	snprintf(text, sizeof(text), "/cert/%s", domain);
	/* Not "a.test/rsa" by the back door. */
	return strchr(domain, '/') ? NULL : find(server, slice_str(text));
}

struct answer {
	unsigned status;
	const struct document *document; /* 200 and 304 */
	bool has_body;
};

static int put(struct lws *wsi, const char *name, const char *value, unsigned char **at,
	unsigned char *end)
{
	return lws_add_http_header_by_name(wsi, (const unsigned char *)name,
		(const unsigned char *)value, (int)strlen(value), at, end);
}

/* Nonzero: the connection is to be closed. */
static int send_headers(
	const struct cert_server *server, struct lws *wsi, const struct answer *answer)
{
	unsigned char headers[LWS_PRE + HEADERS_MAX];
	unsigned char *start = headers + LWS_PRE, *at = start, *end = headers + sizeof(headers);
	const struct document *d = answer->document;
	/* 304 has no content, so no length of it either. */
	lws_filepos_t len = answer->status == 304 ? LWS_ILLEGAL_HTTP_CONTENT_LEN
			    : d                   ? d->len
						  : 0;

	if (lws_add_http_common_headers(
		    wsi, answer->status, d ? d->type : "text/plain", len, &at, end))
		return 1;
	if (d && (put(wsi, "etag:", d->etag, &at, end) ||
			 put(wsi, "cache-control:", server->cache_control, &at, end)))
		return 1;
	if (answer->status == 405 && put(wsi, "allow:", "GET, HEAD", &at, end))
		return 1;
	return lws_finalize_write_http_header(wsi, start, &at, end);
}

static void judge(
	struct cert_server *server, struct lws *wsi, struct slice path, struct answer *out)
{
	bool is_get = lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) > 0;
	bool is_head = lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0;
	char text[256];

	*out = (struct answer){.status = 405};
	if (!is_get && !is_head)
		return;
	out->document = choose(server, wsi, path);
	out->status = out->document ? 200 : 404;
	if (out->document &&
		is_known(header(wsi, WSI_TOKEN_HTTP_IF_NONE_MATCH, text, sizeof(text)),
			out->document->etag))
		out->status = 304;
	out->has_body = is_get && out->status == 200;
}

static int on_request(struct cert_server *server, struct lws *wsi,
	struct connection *connection, struct slice path)
{
	struct answer answer;

	judge(server, wsi, path, &answer);
	if (send_headers(server, wsi, &answer))
		return -1;
	if (answer.has_body) {
		connection->sending = answer.document;
		lws_callback_on_writable(wsi);
		return 0;
	}
	/* What another method brings along is not read. */
	if (answer.status == 405 || lws_http_transaction_completed(wsi))
		return -1;
	return 0;
}

static int on_writeable(struct lws *wsi, struct connection *connection)
{
	const struct document *d = connection->sending;

	if (!d)
		return 0;
	connection->sending = NULL;
	if (lws_write(wsi, d->bytes + LWS_PRE, d->len, LWS_WRITE_HTTP_FINAL) < 0)
		return -1;
	return lws_http_transaction_completed(wsi) ? -1 : 0;
}

static int on_event(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct cert_server *server = lws_context_user(lws_get_context(wsi));

	switch ((int)reason) {
	case LWS_CALLBACK_HTTP:
		return on_request(server, wsi, user, slice_of(in, len));
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return on_writeable(wsi, user);
	case LWS_CALLBACK_HTTP_BODY:
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION: /* no WebSocket here */
		return -1;
	default:
		return lws_callback_http_dummy(wsi, reason, user, in, len);
	}
}

/* ---- open and close ---- */

static void free_server(struct cert_server *server)
{
	for (size_t i = 0; i < server->document_count; i++)
		mem_free(server->documents[i].bytes);
	mem_free(server->documents);
	mem_free(server);
}

/* Marks what is on the loop before libwebsockets comes: what is not among these is its. */
struct before {
	struct cert_server *server;
	const uv_handle_t *last[BEFORE_MAX];
	size_t count;
	bool is_over; /* more than that: libwebsockets' could not be told apart */
};

static void remember_before(uv_handle_t *handle, void *arg)
{
	struct before *before = arg;

	if (before->count == BEFORE_MAX)
		before->is_over = true;
	else
		before->last[before->count++] = handle;
}

/* Sockets' handles go first and each with its own memory; those that live in the context
 * are what has to be waited for. */
static void remember_new(uv_handle_t *handle, void *arg)
{
	struct before *before = arg;
	struct cert_server *server = before->server;

	for (size_t i = 0; i < before->count; i++)
		if (before->last[i] == handle)
			return;
	if (handle->type != UV_POLL && server->handle_count < HANDLE_MAX)
		server->handles[server->handle_count++] = handle;
}

/* libwebsockets only says that it could not: ask the kernel why. */
static int check_address(const struct netaddr *address, char *fault, size_t fault_size)
{
	int one = 1, err = 0;
	char text[NETADDR_TEXT_MAX];
	int fd = socket(address->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
		bind(fd, &address->sa, netaddr_len(address)) || listen(fd, 1))
		err = errno;
	if (fd >= 0)
		close(fd);
	if (!err)
		return 0;
	snprintf(fault, fault_size, "cannot listen on %s: %s", netaddr_print(address, text),
		strerror(err));
	return SBC_EIO;
}

static int open_context(
	struct cert_server *server, uv_loop_t *loop, const struct cert_server_config *config)
{
	static const struct lws_protocols protocols[] = {
		{.name = "http",
			.callback = on_event,
			.per_session_data_size = sizeof(struct connection)},
		{0}};
	void *loops[] = {loop};
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN,
		.protocols = protocols,
		.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
			   LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
			   LWS_SERVER_OPTION_SKIP_SERVER_CANONICAL_NAME,
		.foreign_loops = loops,
		.pcontext = &server->context,
		.user = server,
		.fd_limit_per_thread = config->connection_max + FDS_SPARE,
		.gid = (gid_t)-1,
		.uid = (uid_t)-1,
	};

	server->context = lws_create_context(&info);
	return server->context ? 0 : SBC_ENOMEM;
}

static int open_vhost(struct cert_server *server, const struct cert_server_config *config)
{
	static const struct lws_protocols protocols[] = {
		{.name = "http",
			.callback = on_event,
			.per_session_data_size = sizeof(struct connection)},
		{0}};
	char address[NETADDR_TEXT_MAX];
	struct lws_context_creation_info info = {
		.port = netaddr_port(&config->address),
		.iface = netaddr_print_host(&config->address, address),
		.protocols = protocols,
		.vhost_name = "cert",
		.options = LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND |
			   LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
			   LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS,
		.server_ssl_cert_mem = config->tls_certificate_pem.ptr,
		.server_ssl_cert_mem_len = (unsigned)config->tls_certificate_pem.len,
		.server_ssl_private_key_mem = config->tls_key_pem.ptr,
		.server_ssl_private_key_mem_len = (unsigned)config->tls_key_pem.len,
		.alpn = "http/1.1",
		.timeout_secs = TIMEOUT_S,
		.keepalive_timeout = TIMEOUT_S,
	};

	if (config->address.sa.sa_family == AF_INET)
		info.options |= LWS_SERVER_OPTION_DISABLE_IPV6;
	server->vhost = lws_create_vhost(server->context, &info);
	return server->vhost ? 0 : SBC_ECRYPTO;
}

static void nobody_waits(void *arg)
{
	(void)arg;
}

int cert_server_open(struct cert_server **out, uv_loop_t *loop,
	const struct cert_server_config *config, char *fault, size_t fault_size)
{
	struct cert_server *server = mem_alloc(sizeof(*server));
	struct before before = {.server = server};
	int err;

	if (!server)
		return SBC_ENOMEM;
	server->loop = loop;
	snprintf(server->cache_control, sizeof(server->cache_control), "public, max-age=%u",
		config->max_age_s);
	server->documents = mem_array(
		2 * config->domain_count + 1 + config->key_count, sizeof(*server->documents));
	err = server->documents ? 0 : SBC_ENOMEM;
	for (size_t i = 0; i < config->domain_count && !err; i++)
		err = add_domain(server, &config->domains[i], fault, fault_size);
	for (size_t i = 0; i < config->key_count && !err; i++)
		err = add_key(server, &config->keys[i], fault, fault_size);
	err = err ? err : check_address(&config->address, fault, fault_size);
	if (!err && uv_timer_init(loop, &server->close_timer))
		err = SBC_ENOMEM;
	if (err) {
		free_server(server);
		return err;
	}
	server->close_timer.data = server;
	lws_set_log_level(0, NULL); /* it would write to stderr, a line for each stranger */
	uv_walk(loop, remember_before, &before);
	err = before.is_over ? SBC_ELIMIT : open_context(server, loop, config);
	uv_walk(loop, remember_new, &before);
	if (!err && (err = open_vhost(server, config)))
		snprintf(fault, fault_size, "the TLS certificate and key cannot be used");
	if (err)
		cert_server_close(server, nobody_waits, NULL);
	else
		*out = server;
	return err;
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct cert_server *server = handle->data;

	server->closed(server->closed_arg);
	free_server(server);
}

static void look_for_old(uv_handle_t *handle, void *arg)
{
	struct cert_server *server = arg;

	for (size_t i = 0; i < server->handle_count; i++)
		server->is_on_loop |= server->handles[i] == handle;
}

static void on_close_timer(uv_timer_t *timer)
{
	struct cert_server *server = timer->data;

	server->is_on_loop = false;
	uv_walk(server->loop, look_for_old, server);
	if (server->is_on_loop)
		return;
	if (server->context)
		lws_context_destroy(server->context); /* for good: sets it to NULL */
	if (!server->context)
		uv_close((uv_handle_t *)timer, on_timer_closed);
}

void cert_server_close(struct cert_server *server, cert_server_closed_h *closed, void *arg)
{
	server->closed = closed;
	server->closed_arg = arg;
	if (server->context)
		lws_context_destroy(server->context);
	uv_timer_start(&server->close_timer, on_close_timer, 0, CLOSE_POLL_MS);
}
