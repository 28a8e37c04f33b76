/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fetching from a server that does everything wrong: bounded in time and bytes, and never
 * from an address that nobody allowed (ID4474-47). */

#include "tests/cmocka_first.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "sbc/http_get.h"

/* ---- a tiny server on a thread of its own ---- */

#define CONNECTION_MAX 32
#define TICK_MS        10

struct connection {
	int fd; /* 0: free */
	char request[512];
	size_t len;
	const char *path; /* once the request is there */
	unsigned ticks;
};

struct server {
	int fd;
	uint16_t port;
	uv_thread_t thread;
	_Atomic bool must_end;
	_Atomic unsigned contacts;
	struct connection connections[CONNECTION_MAX];
};

static void say(struct connection *c, const char *text)
{
	if (send(c->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		c->ticks = 1000; /* nobody listens any more */
}

static void finish(struct connection *c)
{
	close(c->fd);
	*c = (struct connection){0};
}

/* Redirects: where to; %u is the port. NULL: it is none. */
static const char *leads_to(const char *path)
{
	static const struct {
		const char *path, *to;
	} ways[] = {
		{"/moved", "http://127.0.0.1:%u/ok"},
		{"/moved-fresh", "/ok"},
		{"/thrice", "/twice"},
		{"/twice", "/moved"},
		{"/loop", "/loop"},
		{"/away", "http://static.test:%u/ok"},
		{"/away-tls", "https://127.0.0.2:%u/ok"},
		{"/away-up", "https://127.0.0.1:%u/ok"},
		{"/file", "file:///etc/passwd"},
		{"/user", "http://me@127.0.0.1:%u/ok"},
		{"/ftp", "ftp://127.0.0.1:%u/ok"},
		{"/to-slow", "/slow-one"},
		{"/slow-two", "/slow"},
	};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(ways[i].path, path))
			return ways[i].to;
	return NULL;
}

static void answer_at_once(struct server *server, struct connection *c)
{
	char text[256];
	const char *to = leads_to(c->path);

	if (to) {
		snprintf(text, sizeof(text),
			"HTTP/1.1 302 Found\r\nContent-Length: 6\r\n%s"
			"Location: ",
			strstr(c->path, "fresh") ? "Cache-Control: max-age=5\r\n" : "");
		say(c, text);
		snprintf(text, sizeof(text), to, server->port);
		say(c, text);
		say(c, "\r\n\r\nmoved!");
	} else if (!strcmp(c->path, "/ok")) {
		say(c, "HTTP/1.1 200 OK\r\nCache-Control: public, MAX-age=60\r\nAge: 10\r\n"
		       "Content-Length: 11\r\n\r\ncertificate");
	} else if (!strcmp(c->path, "/once")) {
		say(c, "HTTP/1.1 200 OK\r\nCache-Control: max-age=60, no-store\r\n"
		       "Content-Length: 1\r\n\r\nx");
	} else if (!strcmp(c->path, "/missing")) {
		say(c, "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno!");
	} else if (!strcmp(c->path, "/huge")) {
		say(c, "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\nxxxxxxxxxxxx");
	} else if (!strcmp(c->path, "/nonsense")) {
		say(c, "this is not HTTP\r\n\r\n");
	} else if (strcmp(c->path, "/gone") != 0) {
		return;
	}
	finish(c);
}

/* 10 ms later, again and again. */
static void answer_slowly(struct connection *c)
{
	char block[2048];

	memset(block, 'x', sizeof(block) - 1);
	block[sizeof(block) - 1] = '\0';
	c->ticks++;
	if (!strcmp(c->path, "/slow") && c->ticks == 20)
		say(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow");
	if (!strcmp(c->path, "/slow-one") && c->ticks == 40)
		say(c, "HTTP/1.1 307 Temporary\r\nLocation: /slow-two\r\n"
		       "Content-Length: 0\r\n\r\n");
	if (!strcmp(c->path, "/drip"))
		say(c, c->ticks == 1 ? "HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n" : "x");
	if (!strcmp(c->path, "/headers")) {
		say(c, c->ticks == 1 ? "HTTP/1.1 200 OK\r\n" : "X-Long: ");
		say(c, c->ticks == 1 ? "" : block);
		say(c, c->ticks == 1 ? "" : "\r\n");
	}
	if (!strcmp(c->path, "/chunked")) {
		say(c, c->ticks == 1 ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
				     : "7ff\r\n");
		say(c, c->ticks == 1 ? "" : block);
		say(c, c->ticks == 1 ? "" : "\r\n");
	}
	if (c->ticks > 500)
		finish(c);
}

static void read_request(struct server *server, struct connection *c)
{
	ssize_t n = recv(c->fd, c->request + c->len, sizeof(c->request) - 1 - c->len, 0);
	char *end;

	if (n <= 0) {
		if (n == 0)
			finish(c);
		return;
	}
	c->len += (size_t)n;
	if (c->path || !strstr(c->request, "\r\n\r\n") || strncmp(c->request, "GET ", 4) != 0)
		return;
	end = strchr(c->request + 4, ' ');
	if (!end)
		return;
	*end = '\0';
	c->path = c->request + 4;
	answer_at_once(server, c);
}

static void serve(void *arg)
{
	struct server *server = arg;

	while (!atomic_load(&server->must_end)) {
		struct pollfd ready = {.fd = server->fd, .events = POLLIN};
		poll(&ready, 1, TICK_MS);
		int fd = accept4(server->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0)
			atomic_fetch_add(&server->contacts, 1);
		for (size_t i = 0; i < CONNECTION_MAX; i++) {
			struct connection *c = &server->connections[i];
			if (!c->fd && fd >= 0) {
				c->fd = fd;
				fd = -1;
			}
			if (c->fd)
				read_request(server, c);
			if (c->fd && c->path)
				answer_slowly(c);
		}
	}
	for (size_t i = 0; i < CONNECTION_MAX; i++)
		if (server->connections[i].fd)
			finish(&server->connections[i]);
}

static void server_start(struct server *server)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(in);

	memset(server, 0, sizeof(*server));
	server->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(0, bind(server->fd, (struct sockaddr *)&in, sizeof(in)));
	assert_int_equal(0, listen(server->fd, 16));
	assert_int_equal(0, getsockname(server->fd, (struct sockaddr *)&in, &len));
	server->port = ntohs(in.sin_port);
	assert_int_equal(0, uv_thread_create(&server->thread, serve, server));
}

static void server_stop(struct server *server)
{
	atomic_store(&server->must_end, true);
	uv_thread_join(&server->thread);
	close(server->fd);
}

/* ---- who fetches ---- */

struct client {
	uv_loop_t loop;
	struct http_get *get;
	struct server server;
	unsigned results;
	int err;
	char why[128];
	char body[64];
	int64_t max_age_s;
	bool is_closed;
};

static void on_result(const struct http_get_result *result, void *arg)
{
	struct client *c = arg;

	c->results++;
	c->err = result->err;
	c->max_age_s = result->max_age_s;
	slice_copy(slice_str(result->why), c->why, sizeof(c->why));
	slice_copy(result->body, c->body, sizeof(c->body));
}

static void client_open_with(
	struct client *c, const char *allowed, enum fetch_redirects redirects)
{
	static struct netaddr_block loopback;
	struct http_get_host host = {.name = "static.test"};
	struct http_get_config config = {.timeout_ms = 500,
		.size_max = 8192,
		.parallel_max = 2,
		.queue_max = 1,
		.allow = &loopback,
		.allow_count = allowed != NULL,
		.redirects = redirects,
		.hosts = &host,
		.host_count = 1};

	memset(c, 0, sizeof(*c));
	server_start(&c->server);
	if (allowed)
		assert_int_equal(0, netaddr_block_parse(&loopback, slice_str(allowed)));
	assert_int_equal(0, netaddr_parse(&host.address, SLICE("127.0.0.1"), 0));
	assert_int_equal(0, uv_loop_init(&c->loop));
	assert_int_equal(0, http_get_new(&c->get, &c->loop, &config, on_result, c));
}

static void client_open(struct client *c, bool is_allowed)
{
	client_open_with(c, is_allowed ? "127.0.0.0/8" : NULL, FETCH_REDIRECTS_OFF);
}

static void on_closed(void *arg)
{
	((struct client *)arg)->is_closed = true;
}

static void client_close(struct client *c)
{
	http_get_close(c->get, on_closed, c);
	assert_false(c->is_closed);
	uv_run(&c->loop, UV_RUN_DEFAULT);
	assert_true(c->is_closed);
	assert_int_equal(0, uv_loop_close(&c->loop));
	server_stop(&c->server);
}

static int start(struct client *c, const char *host, const char *path)
{
	char url[600];

	snprintf(url, sizeof(url), "http://%s:%u%s", host, c->server.port, path);
	return http_get_start(c->get, slice_str(url), true);
}

static void wait_for(struct client *c, unsigned results)
{
	while (c->results < results)
		uv_run(&c->loop, UV_RUN_ONCE);
}

/* ---- tests ---- */

static const struct {
	const char *path;
	int err;
	const char *why;
	int64_t max_age_s;
	const char *because;
} answers[] = {
	{"/ok", 0, "", 50, "RFC 9111 4.2.3: max-age less Age"},
	{"/once", 0, "", 0, "no-store wins"},
	{"/slow", 0, "", -1, "nothing said about freshness"},
	{"/missing", SBC_EPEER, "answered 404", -1, "only 200 is an answer"},
	{"/moved", SBC_EPEER, "redirects, which are not followed (fetch.redirects)", -1,
		"off when nothing is configured"},
	{"/hang", SBC_EPEER, "no answer in time", -1, "never a word"},
	{"/drip", SBC_EPEER, "no answer in time", -1, "the time is of the whole fetch"},
	{"/huge", SBC_ELIMIT, "too large", -1, "a length over the ceiling"},
	{"/chunked", SBC_ELIMIT, "too large", -1, "MAXFILESIZE does not see chunks"},
	{"/headers", SBC_ELIMIT, "too large", -1, "headers without end"},
	{"/gone", SBC_EPEER, "closed without an answer", -1, "closed at once"},
};

static void takes_answers(void **state)
{
	struct client c;

	(void)state;
	client_open(&c, true);
	for (unsigned i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		usec_t began = clock_monotonic_us();
		assert_int_equal(0, start(&c, "127.0.0.1", answers[i].path));
		assert_int_equal(i, c.results); /* never inside the call */
		wait_for(&c, i + 1);
		if (c.err != answers[i].err || strcmp(c.why, answers[i].why) != 0 ||
			c.max_age_s != answers[i].max_age_s)
			fail_msg("%s: %s: %d %s %d", answers[i].path, answers[i].because, c.err,
				c.why, (int)c.max_age_s);
		assert_true(clock_monotonic_us() - began < 2 * USEC_PER_SEC);
		/* Nothing of what was refused is handed on. */
		assert_string_equal(i == 0   ? "certificate"
				    : i == 1 ? "x"
				    : i == 2 ? "slow"
					     : "",
			c.body);
	}
	start(&c, "127.0.0.1", "/nonsense");
	wait_for(&c, c.results + 1);
	assert_int_equal(SBC_EPEER, c.err);
	client_close(&c);
}

#define MAY_NOT "redirects to where it may not (fetch.redirects)"

static const struct {
	enum fetch_redirects rule;
	const char *path;
	int err;
	const char *why;
	int64_t max_age_s;
	unsigned contacts;
	const char *because;
} redirects[] = {
	{FETCH_REDIRECTS_SAME_HOST, "/moved", 0, "", 50, 2, "to the same host"},
	{FETCH_REDIRECTS_SAME_HOST, "/moved-fresh", 0, "", 5, 2,
		"no fresher than what led there; a relative Location"},
	{FETCH_REDIRECTS_SAME_HOST, "/thrice", 0, "", 50, 4, "three"},
	{FETCH_REDIRECTS_SAME_HOST, "/loop", SBC_EPEER, "redirects without end", -1, 4,
		"not a fourth"},
	{FETCH_REDIRECTS_SAME_HOST, "/away", SBC_EPROTO, MAY_NOT, -1, 1, "another host"},
	{FETCH_REDIRECTS_SAME_HOST, "/away-tls", SBC_EPROTO, MAY_NOT, -1, 1,
		"another host, by https too"},
	{FETCH_REDIRECTS_SAME_HOST, "/away-up", SBC_EPEER, NULL, -1, 2,
		"to https of the same host: followed, though nobody speaks TLS there"},
	{FETCH_REDIRECTS_SAME_HOST, "/file", SBC_EPROTO, MAY_NOT, -1, 1, "no file"},
	{FETCH_REDIRECTS_HTTPS, "/away", SBC_EPROTO, MAY_NOT, -1, 1, "http to another host"},
	{FETCH_REDIRECTS_HTTPS, "/away-up", SBC_EPEER, NULL, -1, 2, "https: followed"},
	{FETCH_REDIRECTS_HTTPS, "/away-tls", SBC_EPROTO, "its address is not one to fetch from",
		-1, 1, "the guard looks at each hop's address: 127.0.0.2 is not allowed"},
	{FETCH_REDIRECTS_HTTPS, "/file", SBC_EPROTO, MAY_NOT, -1, 1, "no file"},
	{FETCH_REDIRECTS_HTTPS, "/ftp", SBC_EPROTO, MAY_NOT, -1, 1, "nothing but http"},
	{FETCH_REDIRECTS_HTTPS, "/user", SBC_EPROTO, MAY_NOT, -1, 1, "no user part"},
	{FETCH_REDIRECTS_HTTPS, "/to-slow", SBC_EPEER, "no answer in time", -1, 4,
		"the time is of the whole fetch, not of each hop"},
};

/* ID4474-47: what held for the first URL holds for each that follows. */
static void follows_by_rule(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(redirects) / sizeof(redirects[0]); i++) {
		usec_t began = clock_monotonic_us();
		struct client c;
		client_open_with(&c, "127.0.0.1", redirects[i].rule);
		assert_int_equal(0, start(&c, "127.0.0.1", redirects[i].path));
		wait_for(&c, 1);
		if (c.err != redirects[i].err || c.max_age_s != redirects[i].max_age_s ||
			(redirects[i].why && strcmp(c.why, redirects[i].why) != 0))
			fail_msg("%s: %s: %d %s %d", redirects[i].path, redirects[i].because,
				c.err, c.why, (int)c.max_age_s);
		assert_int_equal(redirects[i].contacts, atomic_load(&c.server.contacts));
		assert_string_equal(c.err ? "" : "certificate", c.body);
		assert_true(clock_monotonic_us() - began < 2 * USEC_PER_SEC);
		client_close(&c);
	}
}

/* Zero contact: not one connection arrives (I12). */
static void refuses_addresses(void **state)
{
	static const char *const hosts[] = {"127.0.0.1", "static.test", "localhost", "0.0.0.0",
		"2130706433", "0x7f.1", "0177.0.0.1", "127.1", "[::ffff:127.0.0.1]"};
	struct client c;

	(void)state;
	client_open(&c, false);
	for (unsigned i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		assert_int_equal(0, start(&c, hosts[i], "/ok"));
		wait_for(&c, i + 1);
		if (c.err != SBC_EPROTO && c.err != SBC_EPEER)
			fail_msg("%s: %d %s", hosts[i], c.err, c.why);
		if (i < 2)
			assert_string_equal("its address is not one to fetch from", c.why);
	}
	assert_int_equal(0, atomic_load(&c.server.contacts));
	client_close(&c);
}

static void refuses_urls(void **state)
{
	static const char *const urls[] = {"", "ftp://a.test/x", "file:///etc/passwd",
		"https://", "https:///x", "https://user@a.test/x", "https://a.test",
		"https://a.test/x#y", "https://a.test\\@b.test/x", "https://a b.test/x",
		"https://a.test/\r\nX: y", "https://a.test:0/x", "https://a.test:99999/x",
		"https://a.test:/x", "gopher://a.test/x", "data:,x", "//a.test/x"};
	struct client c;

	(void)state;
	client_open(&c, true);
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
		if (http_get_start(c.get, slice_str(urls[i]), true) != SBC_EINVAL)
			fail_msg("taken: %s", urls[i]);
	/* Only who may use http: may. */
	assert_int_equal(SBC_EINVAL, http_get_start(c.get, SLICE("http://127.0.0.1/x"), false));
	client_close(&c);
}

static void static_hosts(void **state)
{
	struct client c;

	(void)state;
	client_open(&c, true);
	assert_int_equal(0, start(&c, "static.test", "/ok"));
	wait_for(&c, 1);
	assert_string_equal("certificate", c.body);
	/* Each fetch is a connection of its own, so that each is looked at. */
	assert_int_equal(0, start(&c, "STATIC.test", "/ok"));
	wait_for(&c, 2);
	assert_int_equal(2, atomic_load(&c.server.contacts));
	client_close(&c);
}

static void single_flight(void **state)
{
	struct client c;

	(void)state;
	client_open(&c, true);
	for (int i = 0; i < 50; i++)
		assert_int_equal(0, start(&c, "127.0.0.1", "/slow"));
	wait_for(&c, 1);
	assert_string_equal("slow", c.body);
	assert_int_equal(1, atomic_load(&c.server.contacts));
	/* Over: the next one is another flight. */
	assert_int_equal(0, start(&c, "127.0.0.1", "/slow"));
	wait_for(&c, 2);
	assert_int_equal(2, atomic_load(&c.server.contacts));
	client_close(&c);
}

static void queue_full(void **state)
{
	struct client c;

	(void)state;
	client_open(&c, true);
	assert_int_equal(0, start(&c, "127.0.0.1", "/hang?1"));
	assert_int_equal(0, start(&c, "127.0.0.1", "/hang?2"));
	assert_int_equal(0, start(&c, "127.0.0.1", "/hang?3"));
	assert_int_equal(SBC_ELIMIT, start(&c, "127.0.0.1", "/hang?4"));
	assert_int_equal(0, start(&c, "127.0.0.1", "/hang?1")); /* joins */
	wait_for(&c, 3);
	assert_int_equal(0, start(&c, "127.0.0.1", "/ok"));
	wait_for(&c, 4);
	assert_int_equal(0, c.err);
	client_close(&c);
}

/* At once, without a result. */
static void close_in_flight(void **state)
{
	struct client c;
	usec_t began = clock_monotonic_us();

	(void)state;
	client_open(&c, true);
	start(&c, "127.0.0.1", "/hang");
	start(&c, "127.0.0.1", "/drip");
	start(&c, "127.0.0.1", "/ok");
	uv_sleep(50);
	client_close(&c);
	assert_int_equal(0, c.results);
	assert_true(clock_monotonic_us() - began < USEC_PER_SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_answers),
		cmocka_unit_test(follows_by_rule),
		cmocka_unit_test(refuses_addresses),
		cmocka_unit_test(refuses_urls),
		cmocka_unit_test(static_hosts),
		cmocka_unit_test(single_flight),
		cmocka_unit_test(queue_full),
		cmocka_unit_test(close_in_flight),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
