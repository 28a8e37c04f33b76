/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Our certificates over real TLS, fetched with libcurl on libuv's pool. */

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
#include "sbc/cert_server.h"

#define CONNECTION_MAX 8

struct stage {
	uv_loop_t loop;
	struct netaddr address;
	struct buf ca_key, ca, key, certificate, other_key;
	struct cert_server *server;
	bool is_closed;
};

/* One request and what came back. */
struct exchange {
	uv_work_t work;
	const struct stage *stage;
	const char *method;
	const char *path;
	char header[128];
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
	*state = &stage;
	return 0;
}

static int teardown(void **state)
{
	struct stage *stage = *state;

	uv_run(&stage->loop, UV_RUN_DEFAULT);
	buf_fini(&stage->ca_key);
	buf_fini(&stage->ca);
	buf_fini(&stage->key);
	buf_fini(&stage->certificate);
	buf_fini(&stage->other_key);
	return uv_loop_close(&stage->loop);
}

static int open_server(struct stage *stage, struct slice certificate, struct slice tls_key,
	char *fault, size_t fault_size)
{
	struct cert_server_domain domains[] = {
		{.name = SLICE("atlanta.test"), .certificate_pem = certificate},
		{.name = SLICE("biloxi.test"),
			.certificate_pem = certificate,
			.rsa_certificate_pem = buf_slice(&stage->certificate)},
	};
	struct cert_server_config config = {.address = stage->address,
		.tls_certificate_pem = buf_slice(&stage->certificate),
		.tls_key_pem = tls_key,
		.domains = domains,
		.domain_count = 2,
		.connection_max = CONNECTION_MAX,
		.max_age_s = 60};

	return cert_server_open(&stage->server, &stage->loop, &config, fault, fault_size);
}

static void on_closed(void *arg)
{
	((struct stage *)arg)->is_closed = true;
}

static void close_server(struct stage *stage)
{
	cert_server_close(stage->server, on_closed, stage);
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
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 3000L);
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
	if (!strcmp(x->method, "POST"))
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "a=b");
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
	buf_init(&x->body, 65536);
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

#define PEM "application/pem-certificate-chain"
#define DER "application/pkix-cert"

static const struct {
	const char *method, *path;
	long status;
	const char *type;
	const char *begins;
	const char *why;
} requests[] = {
	{"GET", "/cert", 200, PEM, "-----BEGIN CERT", "the first domain (ID8224-14)"},
	{"GET", "/cert/atlanta.test", 200, PEM, "-----BEGIN CERT", "by name"},
	{"GET", "/cert/BILOXI.test", 200, PEM, "-----BEGIN CERT", "names have no case"},
	{"GET", "/cert?domain=biloxi.test", 200, PEM, "-----BEGIN CERT", "as others ask"},
	{"GET", "/cert/biloxi.test/rsa", 200, DER, "\x30", "ID4474-14: DER"},
	{"HEAD", "/cert", 200, PEM, "", "without its body"},
	{"GET", "/cert/atlanta.test/rsa", 404, NULL, "", "it has none"},
	{"GET", "/cert?domain=biloxi.test/rsa", 404, NULL, "", "no back door"},
	{"GET", "/cert?domain=", 404, NULL, "", "no name"},
	{"GET", "/cert/", 404, NULL, "", "no name"},
	{"GET", "/", 404, NULL, "", "nothing else"},
	{"GET", "/../../etc/passwd", 404, NULL, "", "there are no files"},
	{"POST", "/cert", 405, NULL, "", "GET and HEAD only"},
	{"PUT", "/cert", 405, NULL, "", "likewise"},
	{"DELETE", "/cert", 405, NULL, "", "likewise"},
	{"OPTIONS", "/cert", 405, NULL, "", "likewise"},
};

static void answers(void **state)
{
	struct stage *stage = *state;
	char fault[128] = "";

	if (open_server(stage, buf_slice(&stage->certificate), buf_slice(&stage->key), fault,
		    sizeof(fault)))
		fail_msg("%s", fault);
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		struct exchange x = {.method = requests[i].method, .path = requests[i].path};
		exchange(stage, &x);
		if (x.status != requests[i].status)
			fail_msg("%s %s: %s: %ld, %s", x.method, x.path, requests[i].why,
				x.status, curl_easy_strerror(x.code));
		if (requests[i].type)
			assert_string_equal(requests[i].type, x.type);
		assert_true(slice_starts(buf_slice(&x.body), slice_str(requests[i].begins)));
		if (x.status != 200 || !strcmp(x.method, "HEAD"))
			assert_int_equal(0, x.body.len);
		if (x.status == 405)
			assert_non_null(strcasestr(x.headers.data, "\nallow: GET, HEAD\r"));
		assert_true(!x.body.len || !memmem(x.body.data, x.body.len, "PRIVATE", 7));
		forget(&x);
	}
	close_server(stage);
}

/* RFC 9110 sections 8.8.3 and 13.1.2 */
static const struct {
	const char *before; /* in front of our ETag */
	const char *instead;
	long status;
	const char *why;
} validations[] = {
	{"", NULL, 304, "the very same"},
	{"W/", NULL, 304, "weak comparison"},
	{"\"a\", ", NULL, 304, "one of a list"},
	{NULL, "*", 304, "anything there is"},
	{NULL, "\"other\"", 200, "another one"},
};

static void read_etag(struct stage *stage, char etag[64])
{
	struct exchange x = {.method = "GET", .path = "/cert"};
	char *at;

	exchange(stage, &x);
	assert_non_null(strcasestr(x.headers.data, "cache-control: public, max-age=60\r"));
	at = strcasestr(x.headers.data, "etag: ");
	assert_non_null(at);
	assert_int_equal(1, sscanf(at + 6, "%63s", etag));
	forget(&x);
}

static void validators(void **state)
{
	struct stage *stage = *state;
	char fault[128] = "", etag[64] = "";

	assert_int_equal(0, open_server(stage, buf_slice(&stage->certificate),
				    buf_slice(&stage->key), fault, sizeof(fault)));
	read_etag(stage, etag);
	for (size_t i = 0; i < sizeof(validations) / sizeof(validations[0]); i++) {
		struct exchange x = {.method = "GET", .path = "/cert"};
		const char *instead = validations[i].instead;
		snprintf(x.header, sizeof(x.header), "If-None-Match: %s%s",
			instead ? "" : validations[i].before, instead ? instead : etag);
		exchange(stage, &x);
		if (x.status != validations[i].status || (x.body.len == 0) != (x.status == 304))
			fail_msg("%s: %ld", validations[i].why, x.status);
		forget(&x);
	}
	close_server(stage);
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
	struct buf mixed;
	char fault[256] = "";
	int fd;

	buf_init(&mixed, 65536);
	buf_put_slice(&mixed, buf_slice(&stage->certificate));
	buf_put_slice(&mixed, buf_slice(&stage->key));
	assert_int_equal(SBC_EINVAL, open_server(stage, buf_slice(&mixed),
					     buf_slice(&stage->key), fault, sizeof(fault)));
	assert_string_equal(
		"atlanta.test: the certificate file holds something else, a private key?",
		fault);
	assert_int_equal(SBC_EPARSE, open_server(stage, SLICE("nothing"),
					     buf_slice(&stage->key), fault, sizeof(fault)));
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
	buf_fini(&mixed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(answers, setup, teardown),
		cmocka_unit_test_setup_teardown(validators, setup, teardown),
		cmocka_unit_test_setup_teardown(strangers, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses, setup, teardown),
	};

	signal(SIGPIPE, SIG_IGN);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
