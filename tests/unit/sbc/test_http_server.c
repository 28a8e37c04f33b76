/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pages over real TLS, asked for with libcurl on libuv's pool. */

#include "tests/cmocka_first.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

#include <curl/curl.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "policy/keygen.h"
#include "sbc/http_server.h"

#define CONNECTION_MAX 8

struct stage {
	uv_loop_t loop;
	struct netaddr address;
	struct buf ca_key, ca, key, certificate, other_key;
	struct http_server *server;
	struct http_exchange *waiting; /* of /later */
	uv_timer_t timer;
	unsigned gone_count;
	bool is_closed;
};

/* One request and what came back. */
struct exchange {
	uv_work_t work;
	const struct stage *stage;
	const char *method;
	const char *path;
	char header[128];
	const char *post;
	long timeout_ms;
	CURLcode code;
	long status;
	char type[64];
	struct buf body, headers;
};

static struct netaddr free_address(void)
{
	struct netaddr address;
	socklen_t len = sizeof(address.in);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(0, netaddr_parse(&address, SLICE("127.0.0.1"), 0));
	assert_int_equal(0, bind(fd, &address.sa, netaddr_len(&address)));
	assert_int_equal(0, getsockname(fd, &address.sa, &len));
	close(fd);
	return address;
}

static int setup(void **state)
{
	static struct stage stage;
	int64_t now = clock_wall_s();

	memset(&stage, 0, sizeof(stage));
	buf_init(&stage.ca_key, 8192);
	buf_init(&stage.ca, 8192);
	buf_init(&stage.key, 8192);
	buf_init(&stage.certificate, 8192);
	buf_init(&stage.other_key, 8192);
	assert_int_equal(0, keygen_ca(SLICE("test CA"), now, 10, &stage.ca_key, &stage.ca));
	assert_int_equal(0, keygen_domain(buf_slice(&stage.ca_key), buf_slice(&stage.ca),
				    SLICE("atlanta.test"), SLICE("127.0.0.1"), now, 10,
				    &stage.key, &stage.certificate));
	buf_put_slice(&stage.other_key, buf_slice(&stage.ca_key));
	stage.address = free_address();
	assert_int_equal(0, uv_loop_init(&stage.loop));
	uv_timer_init(&stage.loop, &stage.timer);
	stage.timer.data = &stage;
	*state = &stage;
	return 0;
}

static int teardown(void **state)
{
	struct stage *stage = *state;

	uv_close((uv_handle_t *)&stage->timer, NULL);
	uv_run(&stage->loop, UV_RUN_DEFAULT);
	buf_fini(&stage->ca_key);
	buf_fini(&stage->ca);
	buf_fini(&stage->key);
	buf_fini(&stage->certificate);
	buf_fini(&stage->other_key);
	return uv_loop_close(&stage->loop);
}

/* ---- pages ---- */

#define LARGE_LEN (3 * 1024 * 1024)

static void on_gone(void *arg)
{
	struct stage *stage = arg;

	stage->waiting = NULL;
	stage->gone_count++;
}

static void on_timer(uv_timer_t *timer)
{
	struct stage *stage = timer->data;
	struct http_answer answer = {.status = 200, .body = SLICE("late")};

	if (stage->waiting)
		http_server_answer(stage->waiting, &answer);
	stage->waiting = NULL;
}

static void answer_large(struct http_exchange *exchange)
{
	static const char block[4096] = {'x'};
	struct http_answer answer = {.status = 200, .type = "text/plain"};
	struct rpc_out out;

	rpc_out_init(&out, LARGE_LEN, NULL);
	for (size_t i = 0; i < LARGE_LEN; i += sizeof(block))
		rpc_out_put(&out, block, sizeof(block));
	answer.out = &out;
	http_server_answer(exchange, &answer);
	assert_int_equal(0, out.len);
	rpc_out_fini(&out);
}

static void on_request(
	struct http_exchange *exchange, const struct http_request *request, void *arg)
{
	struct stage *stage = arg;
	struct http_answer answer = {.status = 200, .type = "text/plain"};

	assert_true(request->is_tls);
	if (slice_equal(request->path, SLICE("/later"))) {
		stage->waiting = exchange;
		http_server_on_gone(exchange, on_gone, stage);
		uv_timer_start(&stage->timer, on_timer, 20, 0);
	} else if (slice_equal(request->path, SLICE("/never"))) {
		stage->waiting = exchange;
		http_server_on_gone(exchange, on_gone, stage);
	} else if (slice_equal(request->path, SLICE("/large"))) {
		answer_large(exchange);
	} else {
		static const char *const methods[] = {"GET", "HEAD", "POST", "other"};
		struct buf text;
		buf_init(&text, 65536);
		buf_printf(&text, "%s %.*s ? %.*s | %.*s", methods[request->method],
			SLICE_ARG(request->path), SLICE_ARG(request->query),
			SLICE_ARG(request->body));
		answer.body = buf_slice(&text);
		http_answer_add(&answer, "x-name", "value");
		http_server_answer(exchange, &answer);
		buf_fini(&text);
	}
}

static int open_server(struct stage *stage, struct slice certificate, struct slice tls_key,
	char *fault, size_t fault_size)
{
	struct http_server_config config = {.address = stage->address,
		.certificate_pem = certificate,
		.key_pem = tls_key,
		.connection_max = CONNECTION_MAX,
		.body_max = 1000,
		.request = on_request,
		.arg = stage,
		.now = clock_monotonic_us};

	return http_server_open(&stage->server, &stage->loop, &config, fault, fault_size);
}

static void on_closed(void *arg)
{
	((struct stage *)arg)->is_closed = true;
}

static void close_server(struct stage *stage)
{
	http_server_close(stage->server, on_closed, stage);
	uv_run(&stage->loop, UV_RUN_DEFAULT);
	assert_true(stage->is_closed);
}

/* ---- a client ---- */

static size_t take(char *bytes, size_t size, size_t count, void *arg)
{
	buf_put(arg, bytes, size * count);
	return size * count;
}

/* On a thread of the pool. */
static void perform(uv_work_t *work)
{
	struct exchange *x = work->data;
	struct curl_blob ca = {
		.data = x->stage->ca.data, .len = x->stage->ca.len, .flags = CURL_BLOB_COPY};
	struct curl_slist *lines = x->header[0] ? curl_slist_append(NULL, x->header) : NULL;
	CURL *easy = curl_easy_init();
	char url[256];
	char *type = NULL;

	snprintf(url, sizeof(url), "https://127.0.0.1:%u%s", netaddr_port(&x->stage->address),
		x->path);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &ca);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, x->timeout_ms ? x->timeout_ms : 3000L);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, lines);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, &x->body);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, &x->headers);
	if (!strcmp(x->method, "HEAD"))
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	else
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, x->method);
	if (x->post)
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, x->post);
	x->code = curl_easy_perform(easy);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &x->status);
	curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
	slice_copy(slice_str(type), x->type, sizeof(x->type));
	curl_easy_cleanup(easy);
	curl_slist_free_all(lines);
}

static void on_performed(uv_work_t *work, int status)
{
	(void)status;
	work->data = NULL;
}

static void exchange(struct stage *stage, struct exchange *x)
{
	x->stage = stage;
	x->work.data = x;
	buf_init(&x->body, 2 * LARGE_LEN);
	buf_init(&x->headers, 65536);
	assert_int_equal(0, uv_queue_work(&stage->loop, &x->work, perform, on_performed));
	while (x->work.data)
		uv_run(&stage->loop, UV_RUN_ONCE);
}

static void forget(struct exchange *x)
{
	buf_fini(&x->body);
	buf_fini(&x->headers);
}

/* ---- tests ---- */

static const struct {
	const char *method, *path, *header, *post;
	long status;
	const char *body;
	const char *why;
} requests[] = {
	{"GET", "/a/b", "", NULL, 200, "GET /a/b ?  | ", "a path"},
	{"GET", "/a%20b?x=1&y=%26", "", NULL, 200, "GET /a b ? x=1&y=& | ", "escapes"},
	{"HEAD", "/a", "", NULL, 200, "", "without its body"},
	{"GET", "/later", "", NULL, 200, "late", "an answer that takes a while"},
	{"POST", "/a", "", "hello", 200, "POST /a ?  | hello", "a body"},
	{"POST", "/a", "", "", 200, "POST /a ?  | ", "an empty body"},
	{"DELETE", "/a", "", NULL, 200, "other /a ?  | ", "pages know what they do not know"},
	{"POST", "/a", "Transfer-Encoding: chunked", "hello", 501, NULL, "no length"},
	{"POST", "/a", "Content-Length: 99999", "hello", 413, NULL, "too large"},
	{"POST", "/a", "Content-Length: -1", "hello", 400, NULL, "no number"},
	{"GET", "/a", "Host: a, b", NULL, 400, NULL, "whose page is it?"},
};

static void answers(void **state)
{
	struct stage *stage = *state;
	char fault[128] = "";

	if (open_server(stage, buf_slice(&stage->certificate), buf_slice(&stage->key), fault,
		    sizeof(fault)))
		fail_msg("%s", fault);
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		struct exchange x = {.method = requests[i].method,
			.path = requests[i].path,
			.post = requests[i].post};
		snprintf(x.header, sizeof(x.header), "%s", requests[i].header);
		exchange(stage, &x);
		if (x.status != requests[i].status)
			fail_msg("%s %s: %s: %ld, %s", x.method, x.path, requests[i].why,
				x.status, curl_easy_strerror(x.code));
		if (requests[i].body &&
			!slice_equal(slice_str(requests[i].body), buf_slice(&x.body)))
			fail_msg("%s: %.*s", requests[i].why, SLICE_ARG(buf_slice(&x.body)));
		if (x.status == 200 && strcmp(x.path, "/later"))
			assert_non_null(strcasestr(x.headers.data, "\nx-name: value\r"));
		assert_non_null(
			strcasestr(x.headers.data, "\nx-content-type-options: nosniff"));
		forget(&x);
	}
	close_server(stage);
}

/* 3 MB go through in pieces, and come out whole. */
static void large(void **state)
{
	struct stage *stage = *state;
	struct exchange x = {.method = "GET", .path = "/large"};
	char fault[128] = "";

	assert_int_equal(0, open_server(stage, buf_slice(&stage->certificate),
				    buf_slice(&stage->key), fault, sizeof(fault)));
	exchange(stage, &x);
	assert_int_equal(200, x.status);
	assert_int_equal(LARGE_LEN, x.body.len);
	forget(&x);
	close_server(stage);
}

/* Whoever goes away, or is there at the end, is told of once. */
static void gone(void **state)
{
	struct stage *stage = *state;
	struct exchange x = {.method = "GET", .path = "/never", .timeout_ms = 300};
	char fault[128] = "";

	assert_int_equal(0, open_server(stage, buf_slice(&stage->certificate),
				    buf_slice(&stage->key), fault, sizeof(fault)));
	exchange(stage, &x);
	assert_int_equal(CURLE_OPERATION_TIMEDOUT, x.code);
	forget(&x);
	for (int i = 0; i < 100 && !stage->gone_count; i++) {
		uv_run(&stage->loop, UV_RUN_NOWAIT);
		usleep(10000);
	}
	assert_int_equal(1, stage->gone_count);
	assert_null(stage->waiting);
	close_server(stage);
	assert_int_equal(1, stage->gone_count);
}

static int connect_raw(const struct stage *stage, const char *bytes)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(0, connect(fd, &stage->address.sa, netaddr_len(&stage->address)));
	if (bytes[0])
		assert_true(send(fd, bytes, strlen(bytes), MSG_NOSIGNAL) > 0);
	return fd;
}

/* Garbage, plain HTTP, and more connections than there are places for. */
static void strangers(void **state)
{
	struct stage *stage = *state;
	int fds[3 * CONNECTION_MAX];
	char fault[128] = "";

	assert_int_equal(0, open_server(stage, buf_slice(&stage->certificate),
				    buf_slice(&stage->key), fault, sizeof(fault)));
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		fds[i] = connect_raw(stage, i % 3 == 0   ? ""
					    : i % 3 == 1 ? "GET /cert HTTP/1.0\r\n\r\n"
							 : "\x16\x03\x01\xff\xff zzz");
		uv_run(&stage->loop, UV_RUN_NOWAIT);
	}
	for (int i = 0; i < 50; i++)
		uv_run(&stage->loop, UV_RUN_NOWAIT);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		close(fds[i]);
	for (int tries = 0;; tries++) {
		struct exchange x = {.method = "GET", .path = "/cert"};
		exchange(stage, &x);
		long status = x.status;
		forget(&x);
		if (status == 200)
			break;
		assert_true(tries < 5);
	}
	/* Closes with somebody still connected. */
	fds[0] = connect_raw(stage, "");
	uv_run(&stage->loop, UV_RUN_NOWAIT);
	close_server(stage);
	close(fds[0]);
}

static void refuses(void **state)
{
	struct stage *stage = *state;
	char fault[256] = "";
	int fd;

	/* The key of another certificate. */
	assert_int_equal(
		SBC_ECRYPTO, open_server(stage, buf_slice(&stage->certificate),
				     buf_slice(&stage->other_key), fault, sizeof(fault)));
	assert_string_equal("the TLS certificate and key cannot be used", fault);
	uv_run(&stage->loop, UV_RUN_DEFAULT);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(0, bind(fd, &stage->address.sa, netaddr_len(&stage->address)));
	assert_int_equal(0, listen(fd, 1));
	assert_int_equal(SBC_EIO, open_server(stage, buf_slice(&stage->certificate),
					  buf_slice(&stage->key), fault, sizeof(fault)));
	assert_non_null(strstr(fault, "Address already in use"));
	close(fd);
}

static void on_other_closed(void *arg)
{
	*(bool *)arg = true;
}

/* Two at once, as the daemon has them: with TLS and without. */
static void two(void **state)
{
	struct stage *stage = *state;
	struct http_server_config config = {.address = free_address(),
		.connection_max = CONNECTION_MAX,
		.request = on_request,
		.arg = stage,
		.now = clock_monotonic_us};
	struct exchange x = {.method = "GET", .path = "/a"};
	struct http_server *other;
	char fault[128] = "";
	bool is_closed = false;

	assert_int_equal(0, open_server(stage, buf_slice(&stage->certificate),
				    buf_slice(&stage->key), fault, sizeof(fault)));
	assert_int_equal(
		0, http_server_open(&other, &stage->loop, &config, fault, sizeof(fault)));
	exchange(stage, &x);
	assert_int_equal(200, x.status);
	forget(&x);
	http_server_close(other, on_other_closed, &is_closed);
	close_server(stage);
	assert_true(is_closed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(answers, setup, teardown),
		cmocka_unit_test_setup_teardown(large, setup, teardown),
		cmocka_unit_test_setup_teardown(gone, setup, teardown),
		cmocka_unit_test_setup_teardown(two, setup, teardown),
		cmocka_unit_test_setup_teardown(strangers, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses, setup, teardown),
	};

	signal(SIGPIPE, SIG_IGN);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
