/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_TRANSPORT_RIG_H
#define TESTS_TRANSPORT_RIG_H

#include "tests/cmocka_first.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "sbc/transport_internal.h"

/*
 * Transports on a loop of their own, on real loopback sockets. What they say is written
 * down; the other end is a plain socket of the test, or another rig on the same loop.
 */

#define RIG_WAIT_MS 5000 /* nothing here takes so long unless it is broken */

struct rig {
	uv_loop_t *loop;
	struct transport *transport;
	struct transport_config config;
	uint16_t port[LISTENER_MAX];
	size_t received;
	char last[4096]; /* of the last message */
	struct transport_source source;
	struct tls_names names; /* copied from it */
	bool has_names;
	size_t broken, too_large;
	uint64_t failed[16];
	size_t failed_count;
	char failed_why[100];
	bool is_sending; /* failed() never comes from within */
	bool is_closed;
	bool want_echo; /* each message goes back where it came from */
};

static inline int rig_send(
	struct rig *r, const struct hop *hop, uint64_t tag, const void *bytes, size_t len)
{
	int err;

	r->is_sending = true;
	err = transport_send(r->transport, hop, tag, bytes, len);
	r->is_sending = false;
	return err;
}

static inline void rig_receive(
	struct slice bytes, const struct transport_source *source, void *arg)
{
	struct rig *r = arg;
	struct hop hop;

	r->received++;
	r->source = *source;
	r->source.tls = NULL;
	r->has_names = source->tls != NULL;
	if (source->tls)
		r->names = *source->tls;
	slice_copy(slice_head(bytes, sizeof(r->last) - 1), r->last, sizeof(r->last));
	if (!r->want_echo)
		return;
	hop_from_source(&hop, source);
	rig_send(r, &hop, 0, bytes.ptr, bytes.len);
}

static inline void rig_broken(
	struct slice bytes, bool is_too_large, const struct transport_source *source, void *arg)
{
	static const char answer[] = "SIP/2.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
	struct rig *r = arg;
	struct hop hop;

	assert_true(bytes.len > 0);
	r->broken++;
	r->too_large += is_too_large;
	hop_from_source(&hop, source);
	rig_send(r, &hop, 0, answer, sizeof(answer) - 1);
}

static inline void rig_failed(uint64_t tag, const char *why, void *arg)
{
	struct rig *r = arg;

	assert_false(r->is_sending);
	assert_non_null(why);
	assert_true(r->failed_count < 16);
	r->failed[r->failed_count++] = tag;
	snprintf(r->failed_why, sizeof(r->failed_why), "%s", why);
}

static inline void rig_closed(void *arg)
{
	struct rig *r = arg;

	r->is_closed = true;
}

/* A port that is free for both kinds. */
static inline uint16_t rig_free_port(void)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t len = sizeof(sin);
	int tcp = socket(AF_INET, SOCK_STREAM, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(0, bind(tcp, (struct sockaddr *)&sin, sizeof(sin)));
	assert_int_equal(0, getsockname(tcp, (struct sockaddr *)&sin, &len));
	close(tcp);
	return ntohs(sin.sin_port);
}

static inline void rig_init(struct rig *r, uv_loop_t *loop)
{
	signal(SIGPIPE, SIG_IGN);
	*r = (struct rig){.loop = loop};
	transport_limits_init(&r->config.limits);
	r->config.receive = rig_receive;
	r->config.broken = rig_broken;
	r->config.failed = rig_failed;
	r->config.arg = r;
}

static inline struct listener_config *rig_add(struct rig *r, enum transport_kind kind)
{
	unsigned i = r->config.listener_count++;

	r->port[i] = rig_free_port();
	r->config.listeners[i].kind = kind;
	netaddr_parse(&r->config.listeners[i].address, SLICE("127.0.0.1"), r->port[i]);
	return &r->config.listeners[i];
}

static inline void rig_open(struct rig *r)
{
	char fault[200] = "";

	if (transport_open(&r->transport, r->loop, &r->config, fault, sizeof(fault)))
		fail_msg("transport_open: %s", fault);
}

static inline struct transport_counters rig_counters(const struct rig *r)
{
	struct transport_counters counters;

	transport_counters(r->transport, &counters);
	return counters;
}

/* Turns the loop for a time, or until the condition holds (rig_until). */
#define rig_until(loop_, condition)                                                            \
	do {                                                                                   \
		usec_t end_ = clock_monotonic_us() + RIG_WAIT_MS * USEC_PER_MS;                \
		while (!(condition)) {                                                         \
			uv_run(loop_, UV_RUN_NOWAIT);                                          \
			if (clock_monotonic_us() > end_)                                       \
				fail_msg("waited in vain: %s", #condition);                    \
			if (!(condition))                                                      \
				usleep(500);                                                   \
		}                                                                              \
	} while (0)

static inline void rig_pass(uv_loop_t *loop, int ms)
{
	usec_t end = clock_monotonic_us() + ms * USEC_PER_MS;

	do {
		uv_run(loop, UV_RUN_NOWAIT);
		usleep(500);
	} while (clock_monotonic_us() < end);
}

static inline void rig_close(struct rig *r)
{
	transport_close(r->transport, rig_closed, r);
	assert_false(r->is_closed); /* never from within */
	rig_until(r->loop, r->is_closed);
	uv_run(r->loop, UV_RUN_NOWAIT);
}

static inline void rig_end_loop(uv_loop_t *loop)
{
	uv_run(loop, UV_RUN_DEFAULT);
	assert_int_equal(0, uv_loop_close(loop));
}

/* ---- the other end: a socket ---- */

static inline int peer_connect(uint16_t port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(0, connect(fd, (struct sockaddr *)&sin, sizeof(sin)));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static inline void peer_say(int fd, const void *bytes, size_t len)
{
	assert_int_equal(len, send(fd, bytes, len, MSG_NOSIGNAL));
}

static inline void peer_say_text(int fd, const char *text)
{
	peer_say(fd, text, strlen(text));
}

/* Has the other side ended the connection (by FIN or RST)? What came before is appended to
 * out. */
static inline bool peer_hear(int fd, struct buf *out)
{
	char bytes[4096];
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		buf_put(out, bytes, (size_t)n);
	return n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

/* One message with so many bytes of body. */
static inline size_t rig_message(char *out, size_t size, const char *name, size_t body)
{
	int len = snprintf(out, size,
		"OPTIONS sip:%s SIP/2.0\r\nCall-ID: %s\r\nContent-Length: %zu\r\n\r\n", name,
		name, body);

	memset(out + len, 'b', body);
	out[(size_t)len + body] = '\0';
	return (size_t)len + body;
}

#endif
