/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Management over HTTP: which page answers, and whether it may. Signalling loop. */

#include "sbc/rpc_http.h"

#include <stdio.h>

#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "sbc/core.h"
#include "sbc/http_files.h"
#include "sbc/http_guard.h"
#include "sbc/http_metrics.h"
#include "sbc/http_server.h"
#include "sbc/provision.h"
#include "sbc/rpc_jsonrpc.h"

#define CONNECTION_MAX 64
#define BODY_MAX       JSON_TEXT_MAX
#define BURST          5 /* log lines at once */
#define BURST_US       (10 * USEC_PER_SEC)
#define FILE_SIZE_MAX  PROVISION_FILE_MAX

/* Nothing but our own files, nobody may frame us, no address of ours goes elsewhere. */
static const char content_policy[] =
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

struct rpc_http {
	struct http_server *server;
	struct http_guard *guard;
	struct http_files *files; /* NULL: no console */
	struct rpc_jobs *jobs;    /* borrowed */
	struct rpc_world world;
	bool has_open_metrics; /* to everybody who gets here */
	struct log_limit limit;
	rpc_closed_h *closed;
	void *closed_arg;
};

/* A job's door-side half: whom to answer. In the job's arena. */
struct question {
	struct http_exchange *exchange;
	struct rpc_job *job;
};

/* ---- answers ---- */

static void answer_text(struct http_answer *answer, unsigned status, const char *text)
{
	*answer = (struct http_answer){
		.status = status, .type = "text/plain; charset=utf-8", .body = slice_str(text)};
}

static void send_answer(
	struct http_exchange *exchange, struct http_answer *answer, bool is_kept)
{
	http_answer_add(answer, "content-security-policy", content_policy);
	http_answer_add(answer, "referrer-policy", "no-referrer");
	http_answer_add(answer, "cross-origin-resource-policy", "same-origin");
	if (!is_kept)
		http_answer_add(answer, "cache-control", "no-store");
	http_server_answer(exchange, answer);
}

static void send_text(struct http_exchange *exchange, unsigned status, const char *text)
{
	struct http_answer answer;

	answer_text(&answer, status, text);
	if (status == 401)
		http_answer_add(&answer, "www-authenticate", "Bearer realm=\"countersip\"");
	if (status == 429)
		http_answer_add(&answer, "retry-after", "3");
	if (status == 503)
		http_answer_add(&answer, "retry-after", "1");
	send_answer(exchange, &answer, false);
}

static void send_method_wrong(struct http_exchange *exchange, const char *allowed)
{
	struct http_answer answer;

	answer_text(&answer, 405, "Method Not Allowed\n");
	http_answer_add(&answer, "allow", allowed);
	send_answer(exchange, &answer, false);
}

/* With a limit: whoever guesses writes no line for each guess. */
static void note_refused(
	struct rpc_http *http, const struct http_request *request, const char *why)
{
	char text[NETADDR_TEXT_MAX];

	if (log_limit_pass(&http->limit, http->world.now(), BURST, BURST_US))
		log_event(http->world.log, LOG_WARN, "sbc", "rpc.refused",
			"door=http from=%s why=\"%s\" held=%llu",
			netaddr_print(&request->peer, text), why,
			(unsigned long long)http->limit.held);
}

/* ---- /rpc ---- */

static void on_gone(void *arg)
{
	struct question *question = arg;

	rpc_job_free(question->job);
}

static void on_done(struct rpc_job *job, void *arg)
{
	struct question *question = arg;
	struct http_answer answer = {
		.status = 200, .type = "application/json", .out = &job->call.writer.out};

	send_answer(question->exchange, &answer, false);
	rpc_job_free(job);
}

static void name_client(
	char *out, size_t size, const struct http_request *request, enum http_right right)
{
	static const char *const words[] = {[HTTP_RIGHT_NONE] = "",
		[HTTP_RIGHT_TOKEN] = "token",
		[HTTP_RIGHT_CERTIFICATE] = "certificate",
		[HTTP_RIGHT_SESSION] = "console"};
	char text[NETADDR_TEXT_MAX];

	snprintf(out, size, "http %s %s", netaddr_print(&request->peer, text), words[right]);
}

static void run(struct rpc_http *http, struct http_exchange *exchange,
	const struct http_request *request, enum http_right right)
{
	struct rpc_job *job;
	struct question *question;
	char who[64];
	int err;

	name_client(who, sizeof(who), request, right);
	job = rpc_job_new(http->jobs, &rpc_dialect_kamailio, who, on_done, NULL);
	question = job ? arena_alloc(&job->call.arena, sizeof(*question)) : NULL;
	if (!question) {
		rpc_job_free(job);
		send_text(exchange, 503, "Too many requests at once\n");
		return;
	}
	*question = (struct question){exchange, job};
	job->arg = question;
	err = rpc_jsonrpc_parse(&job->call.request, &job->call.arena, request->body);
	job->call.writer.id = job->call.request.id;
	if (err)
		rpc_jsonrpc_refuse(&job->call, err);
	http_server_on_gone(exchange, on_gone, question);
	rpc_job_start(job);
}

/* A form of another site cannot send this type without asking first, and we never say yes. */
static bool is_json(struct slice type)
{
	return slice_equal_nocase(
		slice_trim(slice_head(type, slice_find(type, ';'))), SLICE("application/json"));
}

/* False: it is answered. */
static bool is_json_post(struct http_exchange *exchange, const struct http_request *request)
{
	if (request->method != HTTP_POST)
		send_method_wrong(exchange, "POST");
	else if (!is_json(request->content_type))
		send_text(exchange, 415, "Content-Type must be application/json\n");
	else
		return true;
	return false;
}

static void on_rpc(struct rpc_http *http, struct http_exchange *exchange,
	const struct http_request *request)
{
	enum http_right right;

	if (!is_json_post(exchange, request))
		return;
	right = http_guard_right(http->guard, request, http->world.now());
	if (right) {
		run(http, exchange, request, right);
		return;
	}
	/* A console that was not logged in, or no more, is no attack. */
	if (request->authorization.len)
		note_refused(http, request, "another token");
	send_text(exchange, 401, "A token, a client certificate or a login is needed\n");
}

/* ---- sessions ---- */

static unsigned login(struct rpc_http *http, const struct http_request *request,
	char cookie[HTTP_COOKIE_SIZE])
{
	struct json_document *document = NULL;
	unsigned status = 400;

	if (json_parse_shallow(&document, request->body, 1))
		return status;
	status = http_guard_login(http->guard, request,
		json_get_string(json_member(json_root(document), "token")), http->world.now(),
		cookie);
	json_free(document);
	return status;
}

static void on_login(struct rpc_http *http, struct http_exchange *exchange,
	const struct http_request *request)
{
	struct http_answer answer = {.status = 204};
	char cookie[HTTP_COOKIE_SIZE], text[NETADDR_TEXT_MAX];
	unsigned status;

	if (!is_json_post(exchange, request))
		return;
	status = login(http, request, cookie);
	if (status != 204) {
		note_refused(http, request, status == 429 ? "too many logins" : "login");
		send_text(exchange, status,
			status == 429 ? "Too many wrong tokens: wait a little\n"
				      : "This is not the token\n");
		return;
	}
	log_event(http->world.log, LOG_INFO, "sbc", "rpc.login", "door=http from=%s",
		netaddr_print(&request->peer, text));
	http_answer_add(&answer, "set-cookie", cookie);
	send_answer(exchange, &answer, false);
}

static void on_logout(struct rpc_http *http, struct http_exchange *exchange,
	const struct http_request *request)
{
	struct http_answer answer = {.status = 204};
	char cookie[HTTP_COOKIE_SIZE];

	if (!is_json_post(exchange, request))
		return;
	http_guard_logout(http->guard, request, cookie);
	http_answer_add(&answer, "set-cookie", cookie);
	send_answer(exchange, &answer, false);
}

/* ---- what is read ---- */

static void on_metrics(struct rpc_http *http, struct http_exchange *exchange,
	const struct http_request *request)
{
	struct http_answer answer = {.status = 200, .type = HTTP_METRICS_TYPE};
	struct rpc_out out;

	if (!http->has_open_metrics &&
		!http_guard_right(http->guard, request, http->world.now())) {
		send_text(exchange, 401, "A token or a client certificate is needed\n");
		return;
	}
	rpc_out_init(&out, HTTP_METRICS_MAX, http->world.budget);
	http_metrics_print(&out, &http->world);
	answer.out = &out;
	if (out.err)
		send_text(exchange, 503, "No memory\n");
	else
		send_answer(exchange, &answer, false);
	rpc_out_fini(&out);
}

static void on_healthz(struct rpc_http *http, struct http_exchange *exchange,
	const struct http_request *request)
{
	(void)request;
	if (http->world.sbc->drained)
		send_text(exchange, 503, "stopping\n");
	else if (!sbc_takes_calls(http->world.sbc))
		send_text(exchange, 503, "draining\n");
	else
		send_text(exchange, 200, "ok\n");
}

static void on_file(struct rpc_http *http, struct http_exchange *exchange,
	const struct http_request *request)
{
	struct http_answer answer;

	if (http->files && http_files_answer(http->files, request, &answer))
		send_answer(exchange, &answer, true);
	else
		send_text(exchange, 404, "Not Found\n");
}

typedef void(page_h)(struct rpc_http *http, struct http_exchange *exchange,
	const struct http_request *request);

static const struct {
	const char *path;
	page_h *page;
	bool is_read;
} pages[] = {
	{"/rpc", on_rpc, false},
	{"/RPC", on_rpc, false}, /* as Kamailio's xhttp is usually set up */
	{"/login", on_login, false},
	{"/logout", on_logout, false},
	{"/metrics", on_metrics, true},
	{"/healthz", on_healthz, true},
};

static void on_request(
	struct http_exchange *exchange, const struct http_request *request, void *arg)
{
	struct rpc_http *http = arg;
	unsigned status = http_guard_check(http->guard, request);
	page_h *page = on_file;
	bool is_read = true;

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		if (slice_equal(slice_str(pages[i].path), request->path)) {
			page = pages[i].page;
			is_read = pages[i].is_read;
		}
	if (status) {
		note_refused(http, request, status == 421 ? "host" : "origin");
		send_text(exchange, status,
			status == 421 ? "This name is not ours: add it to rpc.http_names\n"
				      : "Not from another site's page\n");
	} else if (is_read && request->method != HTTP_GET && request->method != HTTP_HEAD) {
		send_method_wrong(exchange, "GET, HEAD");
	} else {
		page(http, exchange, request);
	}
}

/* ---- open and close ---- */

struct saying {
	char *text;
	size_t size;
};

static void on_fault(const char *sentence, void *arg)
{
	const struct saying *fault = arg;

	snprintf(fault->text, fault->size, "%s", sentence);
}

static int make_token(const struct provision *p, const char *path, struct log *log)
{
	struct random_source random = random_system();
	char token[52 + 2]; /* 260 bits */
	int err;

	random_token(&random, token, 52);
	memcpy(token + 52, "\n", 2);
	err = provision_write(p, path, 0600, slice_of(token, 53));
	mem_wipe(token, sizeof(token));
	if (!err)
		log_event(log, LOG_INFO, "sbc", "provision",
			"did=\"made a token for the console and for /rpc in %s\"", path);
	return err;
}

/* The file's only line. */
static int read_token(
	struct buf *out, const struct provision *p, const struct rpc_http_config *config)
{
	const char *path = config->rpc->http_token;
	char made[512];
	FILE *there;
	int err = 0;

	if (!path[0]) {
		snprintf(made, sizeof(made), "%s/rpc_token", config->state_dir);
		path = made;
		there = fopen(path, "re");
		if (there)
			fclose(there);
		else
			err = make_token(p, path, config->world->log);
	}
	return err ? err : provision_read(p, path, true, out);
}

static int open_guard(struct rpc_http *http, const struct provision *p,
	const struct rpc_http_config *config, const struct saying *fault)
{
	struct http_guard_config to = {
		.names = config->rpc->http_names, .random = random_system()};
	struct buf token;
	int err;

	buf_init(&token, FILE_SIZE_MAX);
	err = read_token(&token, p, config);
	to.token = slice_trim(buf_slice(&token));
	err = err ? err : http_guard_new(&http->guard, &to);
	if (err == SBC_EINVAL)
		snprintf(fault->text, fault->size,
			"the token in %s must have %d to %d characters",
			config->rpc->http_token, HTTP_TOKEN_MIN, HTTP_TOKEN_MAX);
	buf_fini_secret(&token);
	return err;
}

/* Without it there is still everything else. */
static void open_files(struct rpc_http *http, const struct config_rpc *rpc)
{
	int err = rpc->http_console[0] ? http_files_load(&http->files, rpc->http_console) : 0;

	if (err)
		log_event(http->world.log, LOG_WARN, "sbc", "console.missing",
			"http_console=\"%s\" why=%s", rpc->http_console, err_name(err));
}

/* What TLS needs. */
struct tls_files {
	struct buf certificate, key;
};

static int read_tls(
	struct tls_files *tls, const struct provision *p, const struct config_rpc *rpc)
{
	struct buf ca; /* libwebsockets reads it by itself, and does not say why it cannot */
	int err = 0;

	buf_init(&ca, FILE_SIZE_MAX);
	if (rpc->http_ca[0])
		err = provision_read(p, rpc->http_ca, false, &ca);
	buf_fini(&ca);
	if (err)
		return err;
	if (rpc->http_certificate[0])
		err = provision_read(p, rpc->http_certificate, false, &tls->certificate);
	if (!err && rpc->http_key[0])
		err = provision_read(p, rpc->http_key, true, &tls->key);
	return err;
}

static int open_server(struct rpc_http *http, uv_loop_t *loop, const struct provision *p,
	const struct config_rpc *rpc, const struct saying *fault)
{
	struct tls_files tls;
	struct http_server_config to = {.address = rpc->http_address,
		.connection_max = CONNECTION_MAX,
		.body_max = BODY_MAX,
		.client_ca = rpc->http_ca[0] ? rpc->http_ca : NULL,
		.request = on_request,
		.arg = http,
		.now = http->world.now};
	int err;

	buf_init(&tls.certificate, FILE_SIZE_MAX);
	buf_init(&tls.key, FILE_SIZE_MAX);
	err = read_tls(&tls, p, rpc);
	to.certificate_pem = buf_slice(&tls.certificate);
	to.key_pem = buf_slice(&tls.key);
	err = err ? err : http_server_open(&http->server, loop, &to, fault->text, fault->size);
	buf_fini(&tls.certificate);
	buf_fini_secret(&tls.key);
	return err;
}

int rpc_http_open(struct rpc_http **out, uv_loop_t *loop, const struct rpc_http_config *config,
	char *fault_text, size_t fault_size)
{
	struct saying fault = {fault_text, fault_size};
	const struct provision say = {
		.state_dir = config->state_dir, .fault = on_fault, .arg = &fault};
	struct rpc_http *http = mem_alloc(sizeof(*http));
	int err;

	if (!http)
		return SBC_ENOMEM;
	*out = http;
	http->jobs = config->jobs;
	http->world = *config->world;
	http->has_open_metrics = config_is_loopback(&config->rpc->http_address);
	err = open_guard(http, &say, config, &fault);
	if (err)
		return err;
	open_files(http, config->rpc);
	return open_server(http, loop, &say, config->rpc, &fault);
}

static void on_closed(void *arg)
{
	struct rpc_http *http = arg;

	http->closed(http->closed_arg);
	http_guard_free(http->guard);
	http_files_free(http->files);
	mem_free(http);
}

void rpc_http_close(struct rpc_http *http, rpc_closed_h *closed, void *arg)
{
	http->closed = closed;
	http->closed_arg = arg;
	if (http->server)
		http_server_close(http->server, on_closed, http);
	else
		on_closed(http);
}
