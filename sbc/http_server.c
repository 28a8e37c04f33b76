/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libwebsockets' house (TLS is OpenSSL's there). Signalling loop.
 *
 *   headers ──► body (POST) ──► page ──answer──► head written ──► blocks written ──► next
 *      │          │               │                  │                │
 *      └──────────┴───── a deadline for each; whoever misses it is cut off
 *
 * On a loop that is not its own libwebsockets closes its handles asynchronously and tells
 * nobody when the last is gone, and its context must be destroyed a second time only then:
 * so the handles that it made are remembered, and a short timer looks whether they still
 * are on the loop.
 */

#include "sbc/http_server.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <libwebsockets.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"

#define HEAD_MAX      8192 /* bytes of a request's header lines */
#define VALUE_MAX     4096 /* bytes of one of them */
#define ARENA_MAX     (4 * HEAD_MAX)
#define ANSWER_HEAD   2048                /* bytes of an answer's header lines */
#define PIECE_MAX     16384               /* bytes that are written at once */
#define SILENCE_S     5                   /* a client that does not go on */
#define ARRIVAL_US    (10 * USEC_PER_SEC) /* for a whole body */
#define THINKING_S    5                   /* for a page */
#define SENDING_S     30                  /* for a whole answer to be read */
#define FDS_SPARE     4                   /* the listener and libwebsockets' own */
#define WATCH_MS      100
#define CLOSE_POLL_MS 5
#define HANDLE_MAX    16  /* libwebsockets 4.1 makes two */
#define BEFORE_MAX    256 /* handles on the loop when it comes: listeners, timers */

struct http_server {
	struct lws_context *context; /* set to NULL by libwebsockets when it is gone */
	struct lws_vhost *vhost;
	struct http_server_config config; /* its PEM texts are not kept */
	struct http_server_counters counters;
	struct list exchanges;
	uv_loop_t *loop;                        /* borrowed */
	const uv_handle_t *handles[HANDLE_MAX]; /* libwebsockets', only compared */
	size_t handle_count;
	bool is_on_loop; /* one of them still is */
	bool is_closing;
	uv_timer_t watch_timer; /* runs while there are exchanges */
	uv_timer_t close_timer;
	http_closed_h *closed;
	void *closed_arg;
	unsigned char piece[LWS_PRE + PIECE_MAX];
};

struct http_exchange {
	struct list node;
	struct http_server *server; /* borrowed: its parent */
	struct lws *wsi;            /* borrowed from libwebsockets */
	struct http_request request;
	struct arena arena; /* of the request */
	struct buf body;    /* of the request */
	size_t body_len;    /* told by Content-Length */
	usec_t began;
	http_gone_h *gone;
	void *gone_arg;
	bool is_whole; /* the request is */
	/* the answer */
	bool is_answered;
	bool is_head_sent;
	bool is_last; /* the connection ends after it */
	size_t head_len;
	unsigned char head[LWS_PRE + ANSWER_HEAD];
	struct buf content;
	size_t content_sent;
	struct rpc_out out;
	bool has_out;
};

/* Per connection, libwebsockets' memory. */
struct connection {
	struct http_exchange *exchange;
};

/* ---- an exchange ---- */

static void end_exchange(struct connection *connection, bool is_done)
{
	struct http_exchange *x = connection ? connection->exchange : NULL;

	if (!x)
		return;
	connection->exchange = NULL;
	if (!is_done && !x->is_answered && x->gone)
		x->gone(x->gone_arg);
	list_remove(&x->node);
	arena_fini_secret(&x->arena);
	buf_fini_secret(&x->body);
	buf_fini(&x->content);
	if (x->has_out)
		rpc_out_fini(&x->out);
	mem_free(x);
}

static struct slice header(struct http_exchange *x, enum lws_token_indexes token)
{
	char text[VALUE_MAX];
	int len = lws_hdr_copy(x->wsi, text, (int)sizeof(text), token);

	return len > 0 ? arena_copy(&x->arena, slice_of(text, (size_t)len)) : (struct slice){0};
}

/* libwebsockets keeps each argument by itself. */
static struct slice query(struct http_exchange *x)
{
	char text[VALUE_MAX];
	size_t len = 0;
	int one;

	for (int i = 0; len + 1 < sizeof(text); i++, len += (size_t)one) {
		if (i)
			text[len] = '&';
		one = lws_hdr_copy_fragment(x->wsi, text + len + !!i,
			(int)(sizeof(text) - len) - !!i, WSI_TOKEN_HTTP_URI_ARGS, i);
		if (one < 0)
			break;
		one += !!i;
	}
	return arena_copy(&x->arena, slice_of(text, len));
}

static bool has_header(struct lws *wsi, enum lws_token_indexes token)
{
	return lws_hdr_total_length(wsi, token) > 0;
}

static enum http_method method_of(struct lws *wsi)
{
	if (has_header(wsi, WSI_TOKEN_GET_URI))
		return HTTP_GET;
	if (has_header(wsi, WSI_TOKEN_HEAD_URI))
		return HTTP_HEAD;
	return has_header(wsi, WSI_TOKEN_POST_URI) ? HTTP_POST : HTTP_OTHER;
}

static void take_peer(struct http_exchange *x)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	union lws_tls_cert_info_results found;
	struct http_request *r = &x->request;

	if (!getpeername(lws_get_socket_fd(x->wsi), (struct sockaddr *)&address, &len))
		netaddr_from_sockaddr(&r->peer, (struct sockaddr *)&address);
	r->is_tls = lws_is_ssl(x->wsi);
	if (!r->is_tls || lws_tls_peer_cert_info(x->wsi, LWS_TLS_CERT_INFO_VERIFIED, &found, 0))
		return;
	r->is_certified = found.verified;
	if (r->is_certified && !lws_tls_peer_cert_info(x->wsi, LWS_TLS_CERT_INFO_COMMON_NAME,
				       &found, sizeof(found.ns.name)))
		slice_copy(slice_head(slice_of(found.ns.name, (size_t)found.ns.len),
				   sizeof(r->certificate) - 1),
			r->certificate, sizeof(r->certificate));
}

static void take_head(struct http_exchange *x, struct slice path)
{
	struct http_request *r = &x->request;

	r->method = method_of(x->wsi);
	r->path = arena_copy(&x->arena, path);
	r->query = query(x);
	r->host = header(x, WSI_TOKEN_HOST);
	r->origin = header(x, WSI_TOKEN_ORIGIN);
	r->accept = header(x, WSI_TOKEN_HTTP_ACCEPT);
	r->if_none_match = header(x, WSI_TOKEN_HTTP_IF_NONE_MATCH);
	r->authorization = header(x, WSI_TOKEN_HTTP_AUTHORIZATION);
	r->cookie = header(x, WSI_TOKEN_HTTP_COOKIE);
	r->content_type = header(x, WSI_TOKEN_HTTP_CONTENT_TYPE);
	take_peer(x);
}

static struct http_exchange *new_exchange(
	struct http_server *server, struct connection *connection, struct lws *wsi)
{
	struct http_exchange *x = mem_alloc(sizeof(*x));

	if (!x)
		return NULL;
	x->server = server;
	x->wsi = wsi;
	x->began = server->config.now();
	arena_init_small(&x->arena, ARENA_MAX, 2048);
	buf_init(&x->body, server->config.body_max + 1);
	buf_init(&x->content, 1024 * 1024);
	list_append(&server->exchanges, &x->node);
	connection->exchange = x;
	return x;
}

/* ---- answers ---- */

static const char *phrase_of(unsigned status)
{
	switch (status) {
	case 403:
		return "Forbidden\n";
	case 404:
		return "Not Found\n";
	case 405:
		return "Method Not Allowed\n";
	case 411:
		return "Length Required\n";
	case 413:
		return "Content Too Large\n";
	case 501:
		return "Not Implemented\n";
	default:
		return "Bad Request\n";
	}
}

static int put(struct lws *wsi, const char *name, const char *value, unsigned char **at,
	unsigned char *end)
{
	char text[64];

	snprintf(text, sizeof(text), "%s:", name);
	return lws_add_http_header_by_name(wsi, (const unsigned char *)text,
		(const unsigned char *)value, (int)strlen(value), at, end);
}

static int make_head(struct http_exchange *x, const struct http_answer *answer)
{
	unsigned char *start = x->head + LWS_PRE, *at = start, *end = x->head + sizeof(x->head);
	size_t len = x->has_out ? x->out.len : x->content.len;
	char number[24];
	int err = lws_add_http_header_status(x->wsi, answer->status, &at, end);

	snprintf(number, sizeof(number), "%zu", len);
	if (answer->type)
		err |= put(x->wsi, "content-type", answer->type, &at, end);
	/* 304 has no content, so no length of it either. */
	if (answer->status != 304)
		err |= put(x->wsi, "content-length", number, &at, end);
	err |= put(x->wsi, "x-content-type-options", "nosniff", &at, end);
	if (x->is_last)
		err |= put(x->wsi, "connection", "close", &at, end);
	for (size_t i = 0; i < answer->header_count; i++)
		err |= put(x->wsi, answer->headers[i].name, answer->headers[i].value, &at, end);
	err |= lws_finalize_http_header(x->wsi, &at, end);
	x->head_len = (size_t)(at - start);
	return err;
}

void http_server_answer(struct http_exchange *x, struct http_answer *answer)
{
	x->is_answered = true;
	x->has_out = answer->out != NULL;
	if (x->has_out)
		rpc_out_move(&x->out, answer->out);
	else
		buf_put_slice(&x->content, answer->body);
	/* Cut off below: half of an answer must not look whole. */
	if (x->content.err || make_head(x, answer))
		x->head_len = 0;
	if (x->request.method == HTTP_HEAD) {
		x->content.len = 0;
		if (x->has_out)
			rpc_out_reset(&x->out);
	}
	lws_set_timeout(x->wsi, PENDING_TIMEOUT_HTTP_CONTENT, SENDING_S);
	lws_callback_on_writable(x->wsi);
}

void http_server_on_gone(struct http_exchange *x, http_gone_h *gone, void *arg)
{
	x->gone = gone;
	x->gone_arg = arg;
}

/* Before a page saw it. What it brings along is not read, so the connection ends. */
static void refuse(struct http_exchange *x, unsigned status)
{
	struct http_answer answer = {.status = status,
		.type = "text/plain; charset=utf-8",
		.body = slice_str(phrase_of(status))};

	x->server->counters.refused++;
	x->is_last = true;
	http_server_answer(x, &answer);
}

/* Nonzero: the connection is to be closed. */
static int write_piece(struct http_exchange *x)
{
	unsigned char *piece = x->server->piece + LWS_PRE;
	struct slice next = x->has_out ? rpc_out_front(&x->out)
				       : slice_from(buf_slice(&x->content), x->content_sent);
	size_t left = x->has_out ? x->out.len : next.len;

	next = slice_head(next, PIECE_MAX);
	memcpy(piece, next.ptr, next.len);
	if (lws_write(x->wsi, piece, next.len,
		    next.len == left ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < 0)
		return -1;
	if (x->has_out)
		rpc_out_consume(&x->out, next.len);
	else
		x->content_sent += next.len;
	return 0;
}

static bool has_more(const struct http_exchange *x)
{
	return x->has_out ? x->out.len > 0 : x->content_sent < x->content.len;
}

static int on_writeable(struct lws *wsi, struct connection *connection)
{
	struct http_exchange *x = connection->exchange;
	bool is_last;

	if (!x || !x->is_answered)
		return 0;
	if (!x->head_len)
		return -1;
	if (!x->is_head_sent) {
		x->is_head_sent = true;
		if (lws_write(wsi, x->head + LWS_PRE, x->head_len,
			    has_more(x) ? LWS_WRITE_HTTP_HEADERS
					: LWS_WRITE_HTTP_HEADERS | LWS_WRITE_H2_STREAM_END) < 0)
			return -1;
	} else if (has_more(x) && write_piece(x)) {
		return -1;
	}
	if (has_more(x)) {
		lws_callback_on_writable(wsi);
		return 0;
	}
	is_last = x->is_last;
	end_exchange(connection, true);
	return lws_http_transaction_completed(wsi) || is_last ? -1 : 0;
}

/* ---- requests ---- */

/* While an answer is under way libwebsockets leaves unread what comes in, and its loop turns
 * and turns. So whoever says more before the answer is there, or went away, is cut off. */
static bool has_input(const struct http_exchange *x)
{
	char byte;

	return recv(lws_get_socket_fd(x->wsi), &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

static void on_watch(uv_timer_t *timer)
{
	struct http_server *server = timer->data;
	bool is_needed = false;

	list_for_each_safe (node, &server->exchanges) {
		struct http_exchange *x = container_of(node, struct http_exchange, node);
		is_needed = true;
		if (x->is_whole && has_input(x))
			lws_set_timeout(
				x->wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_ASYNC);
	}
	if (!is_needed)
		uv_timer_stop(timer);
}

static void dispatch(struct http_exchange *x)
{
	struct http_server *server = x->server;

	x->request.body = buf_slice(&x->body);
	server->counters.requests++;
	x->is_whole = true;
	if (!uv_is_active((uv_handle_t *)&server->watch_timer))
		uv_timer_start(&server->watch_timer, on_watch, WATCH_MS, WATCH_MS);
	lws_set_timeout(x->wsi, PENDING_TIMEOUT_HTTP_CONTENT, THINKING_S);
	server->config.request(x, &x->request, server->config.arg);
}

/* How long the body is, by its header alone (RFC 9112 section 6.3). 0, or a status. */
static unsigned frame(struct http_exchange *x)
{
	struct slice length = header(x, WSI_TOKEN_HTTP_CONTENT_LENGTH);
	uint64_t len = 0;

	if (has_header(x->wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING))
		return 501;
	if (length.len && slice_to_u64(length, UINT32_MAX, &len))
		return 400;
	/* Nobody here reads bodies: a page says so better, and the connection ends with it. */
	if (!x->server->config.body_max && x->request.method == HTTP_POST) {
		x->is_last = true;
		return 0;
	}
	if (x->request.method == HTTP_POST && !length.len)
		return 411;
	if (len > x->server->config.body_max || (len && x->request.method != HTTP_POST))
		return 413;
	x->body_len = (size_t)len;
	return 0;
}

static int on_request(
	struct http_server *server, struct lws *wsi, struct connection *c, struct slice path)
{
	struct http_exchange *x;
	unsigned status;

	/* One that did not wait for the answer before. */
	if (c->exchange)
		return -1;
	x = new_exchange(server, c, wsi);
	if (!x)
		return -1;
	take_head(x, path);
	status = frame(x);
	if (!status && (!x->request.path.len ||
			       slice_find(x->request.host, ',') < x->request.host.len))
		status = 400;
	if (status)
		refuse(x, status);
	else if (x->request.method != HTTP_POST || x->is_last)
		dispatch(x);
	return 0;
}

static int on_body(struct connection *connection, struct slice bytes)
{
	struct http_exchange *x = connection->exchange;

	/* Refused already, and the connection ends with the answer. */
	if (!x || x->is_answered)
		return 0;
	if (x->server->config.now() > x->began + ARRIVAL_US) {
		x->server->counters.late++;
		return -1;
	}
	return buf_put_slice(&x->body, bytes) ? -1 : 0;
}

static int on_body_end(struct connection *connection)
{
	struct http_exchange *x = connection->exchange;

	if (x && !x->is_answered && x->body.len == x->body_len)
		dispatch(x);
	return 0;
}

static int on_event(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct http_server *server = lws_context_user(lws_get_context(wsi));

	switch ((int)reason) {
	case LWS_CALLBACK_HTTP:
		return on_request(server, wsi, user, slice_of(in, len));
	case LWS_CALLBACK_HTTP_BODY:
		return on_body(user, slice_of(in, len));
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		return on_body_end(user);
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return on_writeable(wsi, user);
	case LWS_CALLBACK_CLOSED_HTTP:
	case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
		end_exchange(user, false);
		return 0;
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION: /* no WebSocket here */
		return -1;
	case LWS_CALLBACK_OPENSSL_PERFORM_CLIENT_CERT_VERIFICATION:
		return 0; /* OpenSSL's own word counts; pages ask for it */
	default:
		return lws_callback_http_dummy(wsi, reason, user, in, len);
	}
}

/* ---- open and close ---- */

/* Marks what is on the loop before libwebsockets comes: what is not among these is its. */
struct before {
	struct http_server *server;
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
	struct http_server *server = before->server;

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

static const struct lws_protocols protocols[] = {
	{.name = "http",
		.callback = on_event,
		.per_session_data_size = sizeof(struct connection)},
	{0}};

static int open_context(
	struct http_server *server, uv_loop_t *loop, const struct http_server_config *config)
{
	void *loops[] = {loop};
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN,
		.protocols = protocols,
		.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
			   LWS_SERVER_OPTION_SKIP_SERVER_CANONICAL_NAME,
		.foreign_loops = loops,
		.pcontext = &server->context,
		.user = server,
		.fd_limit_per_thread = config->connection_max + FDS_SPARE,
		.max_http_header_data = HEAD_MAX,
		.gid = (gid_t)-1,
		.uid = (uid_t)-1,
	};

	/* Only where it is used: libwebsockets 4.1 counts contexts that ask for it, and does
	 * not free what it made for a client in any but the last (10 kB, when all is over). */
	if (config->certificate_pem.len)
		info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
	server->context = lws_create_context(&info);
	return server->context ? 0 : SBC_ENOMEM;
}

static int open_vhost(struct http_server *server, const struct http_server_config *config)
{
	char address[NETADDR_TEXT_MAX];
	struct lws_context_creation_info info = {
		.port = netaddr_port(&config->address),
		.iface = netaddr_print_host(&config->address, address),
		.protocols = protocols,
		.vhost_name = "countersip",
		.options = LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND |
			   LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS,
		.timeout_secs = SILENCE_S,
		.timeout_secs_ah_idle = SILENCE_S,
		.keepalive_timeout = SILENCE_S,
	};

	if (config->certificate_pem.len) {
		info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
		info.server_ssl_cert_mem = config->certificate_pem.ptr;
		info.server_ssl_cert_mem_len = (unsigned)config->certificate_pem.len;
		info.server_ssl_private_key_mem = config->key_pem.ptr;
		info.server_ssl_private_key_mem_len = (unsigned)config->key_pem.len;
		info.alpn = "http/1.1";
	}
	if (config->client_ca) {
		info.options |= LWS_SERVER_OPTION_REQUIRE_VALID_OPENSSL_CLIENT_CERT |
				LWS_SERVER_OPTION_PEER_CERT_NOT_REQUIRED;
		/* Its text would not do: libwebsockets 4.1 forgets it. */
		info.ssl_ca_filepath = config->client_ca;
	}
	if (config->address.sa.sa_family == AF_INET)
		info.options |= LWS_SERVER_OPTION_DISABLE_IPV6;
	server->vhost = lws_create_vhost(server->context, &info);
	return server->vhost ? 0 : SBC_ECRYPTO;
}

static void nobody_waits(void *arg)
{
	(void)arg;
}

int http_server_open(struct http_server **out, uv_loop_t *loop,
	const struct http_server_config *config, char *fault, size_t fault_size)
{
	struct http_server *server = mem_alloc(sizeof(*server));
	struct before before = {.server = server};
	int err;

	if (!server)
		return SBC_ENOMEM;
	server->loop = loop;
	server->config = *config;
	list_init(&server->exchanges);
	err = check_address(&config->address, fault, fault_size);
	if (err) {
		mem_free(server);
		return err;
	}
	uv_timer_init(loop, &server->watch_timer);
	uv_timer_init(loop, &server->close_timer);
	server->watch_timer.data = server->close_timer.data = server;
	lws_set_log_level(0, NULL); /* it would write to stderr, a line for each stranger */
	uv_walk(loop, remember_before, &before);
	err = before.is_over ? SBC_ELIMIT : open_context(server, loop, config);
	uv_walk(loop, remember_new, &before);
	if (!err && (err = open_vhost(server, config)))
		snprintf(fault, fault_size, "the TLS certificate and key cannot be used");
	server->config.certificate_pem = server->config.key_pem = (struct slice){0};
	server->config.client_ca = NULL;
	if (err)
		http_server_close(server, nobody_waits, NULL);
	else
		*out = server;
	return err;
}

void http_server_counters(const struct http_server *server, struct http_server_counters *out)
{
	*out = server->counters;
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct http_server *server = handle->data;

	server->closed(server->closed_arg);
	mem_free(server);
}

static void look_for_old(uv_handle_t *handle, void *arg)
{
	struct http_server *server = arg;

	for (size_t i = 0; i < server->handle_count; i++)
		server->is_on_loop |= server->handles[i] == handle;
}

static void on_close_timer(uv_timer_t *timer)
{
	struct http_server *server = timer->data;

	server->is_on_loop = false;
	uv_walk(server->loop, look_for_old, server);
	if (server->is_on_loop)
		return;
	if (server->context)
		lws_context_destroy(server->context); /* for good: sets it to NULL */
	if (!server->context)
		uv_close((uv_handle_t *)timer, on_timer_closed);
}

void http_server_close(struct http_server *server, http_closed_h *closed, void *arg)
{
	server->closed = closed;
	server->closed_arg = arg;
	server->is_closing = true;
	list_for_each_safe (node, &server->exchanges) {
		struct http_exchange *x = container_of(node, struct http_exchange, node);
		if (!x->is_answered && x->gone)
			x->gone(x->gone_arg);
		x->gone = NULL;
	}
	if (server->context)
		lws_context_destroy(server->context);
	uv_close((uv_handle_t *)&server->watch_timer, NULL);
	uv_timer_start(&server->close_timer, on_close_timer, 0, CLOSE_POLL_MS);
}
