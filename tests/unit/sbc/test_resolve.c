/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RFC 3263 against a name server of our own on the same loop (SIP-30). */

#include "tests/cmocka_first.h"

#include <stdio.h>

#include "base/err.h"
#include "sbc/resolve.h"
#include "tests/unit/sbc/config_text.h"

enum { A = 1, SRV = 33, AAAA = 28, NAPTR = 35 };

/* The zone: rdata is written as "p w port host", "order pref service host" or an address. */
static const struct record {
	const char *name;
	int type;
	unsigned a, b, c; /* priority, weight, port; order, preference */
	const char *text; /* target or address */
	const char *service;
	unsigned ttl;
} zone[] = {
	{"_sips._tcp.two.test", SRV, 20, 1, 7002, "b.two.test", NULL, 60},
	{"_sips._tcp.two.test", SRV, 10, 1, 7001, "a.two.test", NULL, 60},
	{"a.two.test", A, 0, 0, 0, "10.0.0.1", NULL, 50},
	{"b.two.test", A, 0, 0, 0, "10.0.0.2", NULL, 40},
	{"plain.test", A, 0, 0, 0, "10.0.0.3", NULL, 30},
	{"_sips._tcp.port.test", SRV, 1, 1, 1, "a.two.test", NULL, 60},
	{"port.test", A, 0, 0, 0, "10.0.0.4", NULL, 30},
	{"naptr.test", NAPTR, 20, 1, 0, "_sip._udp.naptr.test", "SIP+D2U", 60},
	{"naptr.test", NAPTR, 10, 1, 0, "_sips._tcp.naptr.test", "SIPS+D2T", 60},
	{"naptr.test", NAPTR, 5, 1, 0, "_sip._sctp.naptr.test", "SIP+D2S", 60},
	{"_sip._udp.naptr.test", SRV, 1, 1, 7003, "plain.test", NULL, 60},
	{"_sips._tcp.naptr.test", SRV, 9, 1, 7004, "plain.test", NULL, 60},
	{"open.test", A, 0, 0, 0, "10.0.0.5", NULL, 30},
	{"_sip._udp.open.test", SRV, 1, 1, 7005, "open.test", NULL, 60},
	{"_sips._tcp.static.test", SRV, 1, 1, 7006, "fixed.test", NULL, 60},
};

struct rig {
	uv_loop_t loop;
	uv_udp_t server;
	uv_timer_t beat; /* uv_run() comes back now and then */
	char servers[64];
	bool is_silent;
	unsigned asked;
	struct config *config;
	struct resolver *resolver;
	bool is_done, is_inside;
	int err;
	char found[400]; /* "TLS 10.0.0.1:7001, ..." */
	int64_t ttl_s;
};

/* ---- the name server ---- */

static size_t put_name(unsigned char *out, const char *name)
{
	size_t len = 0;

	while (*name) {
		size_t label = strcspn(name, ".");
		out[len++] = (unsigned char)label;
		memcpy(out + len, name, label);
		len += label;
		name += label + (name[label] == '.');
	}
	out[len++] = 0;
	return len;
}

static size_t put_u16(unsigned char *out, unsigned value)
{
	out[0] = (unsigned char)(value >> 8);
	out[1] = (unsigned char)value;
	return 2;
}

static size_t put_text(unsigned char *out, const char *text)
{
	out[0] = (unsigned char)strlen(text);
	memcpy(out + 1, text, out[0]);
	return 1u + out[0];
}

static size_t put_data(unsigned char *out, const struct record *r)
{
	struct netaddr address;
	size_t len = 0;

	if (r->type == A) {
		netaddr_parse(&address, slice_str(r->text), 0);
		memcpy(out, &address.in.sin_addr, 4);
		return 4;
	}
	len += put_u16(out + len, r->a);
	len += put_u16(out + len, r->b);
	if (r->type == SRV)
		return len + put_u16(out + len, r->c) + put_name(out + len + 2, r->text);
	len += put_text(out + len, "s");
	len += put_text(out + len, r->service);
	len += put_text(out + len, "");
	return len + put_name(out + len, r->text);
}

static size_t put_record(unsigned char *out, const struct record *r)
{
	size_t len = put_u16(out, 0xc00c), data;

	len += put_u16(out + len, (unsigned)r->type);
	len += put_u16(out + len, 1);
	len += put_u16(out + len, 0);
	len += put_u16(out + len, r->ttl);
	data = put_data(out + len + 2, r);
	put_u16(out + len, (unsigned)data);
	return len + 2 + data;
}

static size_t read_question(const unsigned char *bytes, char *name, int *type)
{
	size_t at = 12, len = 0;

	while (bytes[at]) {
		memcpy(name + len, bytes + at + 1, bytes[at]);
		len += bytes[at];
		name[len++] = '.';
		at += 1u + bytes[at];
	}
	name[len ? len - 1 : 0] = '\0';
	*type = bytes[at + 1] << 8 | bytes[at + 2];
	return at + 5;
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *out)
{
	static char space[2048];

	(void)handle;
	(void)size;
	*out = uv_buf_init(space, sizeof(space));
}

static void on_question(uv_udp_t *udp, ssize_t n, const uv_buf_t *buf,
	const struct sockaddr *from, unsigned flags)
{
	struct rig *rig = udp->data;
	unsigned char answer[2048];
	char name[256];
	unsigned count = 0;
	size_t len;
	int type;
	uv_buf_t out;

	(void)flags;
	if (n < 17 || !from || rig->is_silent)
		return;
	rig->asked++;
	len = read_question((unsigned char *)buf->base, name, &type);
	memcpy(answer, buf->base, len);
	for (size_t i = 0; i < sizeof(zone) / sizeof(zone[0]); i++)
		if (!strcasecmp(zone[i].name, name) && zone[i].type == type) {
			len += put_record(answer + len, &zone[i]);
			count++;
		}
	answer[2] = 0x85;
	answer[3] = (unsigned char)(count ? 0x80 : 0x83);
	put_u16(answer + 6, count);
	memset(answer + 8, 0, 4);
	out = uv_buf_init((char *)answer, (unsigned)len);
	uv_udp_try_send(udp, &out, 1, from);
}

/* ---- asking it ---- */

static void on_done(const struct resolve_result *result, void *arg)
{
	struct rig *rig = arg;
	size_t used = 0;

	assert_false(rig->is_inside);
	assert_true(slice_equal(result->name, SLICE("peer")));
	rig->err = result->err;
	rig->ttl_s = result->ttl_s;
	rig->found[0] = '\0';
	for (size_t i = 0; i < result->address_count; i++) {
		char text[NETADDR_TEXT_MAX];
		used += (size_t)snprintf(rig->found + used, sizeof(rig->found) - used,
			"%s%s %s", i ? ", " : "",
			transport_kind_name(result->addresses[i].transport),
			netaddr_print(&result->addresses[i].address, text));
	}
	rig->is_done = true;
}

static void on_beat(uv_timer_t *timer)
{
	(void)timer;
}

static int setup(void **state)
{
	struct rig *rig = test_calloc(1, sizeof(*rig));
	struct resolve_setup resolve;
	struct netaddr address;
	struct sockaddr_storage bound;
	int len = sizeof(bound);

	assert_int_equal(0, uv_loop_init(&rig->loop));
	uv_udp_init(&rig->loop, &rig->server);
	uv_timer_init(&rig->loop, &rig->beat);
	uv_timer_start(&rig->beat, on_beat, 10, 10);
	rig->server.data = rig;
	netaddr_parse(&address, SLICE("127.0.0.1"), 0);
	assert_int_equal(0, uv_udp_bind(&rig->server, &address.sa, 0));
	uv_udp_getsockname(&rig->server, (struct sockaddr *)&bound, &len);
	uv_udp_recv_start(&rig->server, on_alloc, on_question);
	netaddr_from_sockaddr(&address, (struct sockaddr *)&bound);
	snprintf(rig->servers, sizeof(rig->servers), "127.0.0.1:%u", netaddr_port(&address));
	rig->config = config_text_load(CONFIG_ENOUGH "hosts: {fixed.test: 10.0.0.9}\n", NULL);
	resolve = (struct resolve_setup){.loop = &rig->loop,
		.config = rig->config,
		.servers = rig->servers,
		.random = random_system(),
		.done = on_done,
		.arg = rig};
	assert_int_equal(0, resolver_new(&rig->resolver, &resolve));
	*state = rig;
	return 0;
}

static void on_closed(void *arg)
{
	*(bool *)arg = true;
}

static int teardown(void **state)
{
	struct rig *rig = *state;
	bool is_closed = false;

	resolver_close(rig->resolver, on_closed, &is_closed);
	uv_close((uv_handle_t *)&rig->server, NULL);
	uv_close((uv_handle_t *)&rig->beat, NULL);
	uv_run(&rig->loop, UV_RUN_DEFAULT);
	assert_true(is_closed);
	assert_int_equal(0, uv_loop_close(&rig->loop));
	config_unref(rig->config);
	test_free(rig);
	return 0;
}

static void ask(struct rig *rig, const struct resolve_question *question)
{
	rig->is_done = false;
	rig->is_inside = true;
	assert_int_equal(0, resolver_start(rig->resolver, question));
	rig->is_inside = false;
	while (!rig->is_done)
		uv_run(&rig->loop, UV_RUN_ONCE);
}

static void follows_rfc_3263(void **state)
{
	static const struct {
		const char *host;
		uint16_t port;
		bool is_open;
		int err;
		const char *found;
		int64_t ttl_s;
		const char *why;
	} cases[] = {
		{"two.test", 0, false, 0, "TLS 10.0.0.1:7001, TLS 10.0.0.2:7002", 40,
			"SRV in the order of priority; the smallest TTL counts"},
		{"plain.test", 0, false, 0, "TLS 10.0.0.3:5061", 30, "no SRV: the name itself"},
		{"port.test", 7777, false, 0, "TLS 10.0.0.4:7777", 30, "a port: no SRV"},
		{"naptr.test", 0, true, 0, "TLS 10.0.0.3:7004, UDP 10.0.0.3:7003", 30,
			"NAPTR in its order, without what we do not speak"},
		{"open.test", 0, true, 0, "UDP 10.0.0.5:7005", 30,
			"no NAPTR: SRV of each transport"},
		{"static.test", 0, false, 0, "TLS 10.0.0.9:7006", 60,
			"an SRV target that the hosts section knows"},
		{"fixed.test", 0, false, 0, "TLS 10.0.0.9:5061", 300, "and a whole name"},
		{"fixed.test", 99, true, 0, "TLS 10.0.0.9:99", 300, "with a port"},
		{"nobody.test", 0, false, SBC_ENOENT, "", 300, "nobody"},
		{"nobody.test", 0, true, SBC_ENOENT, "", 300, "nobody by any transport"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *rig = *state;
		struct resolve_question question = {.name = SLICE("peer"),
			.host = slice_str(cases[i].host),
			.port = cases[i].port,
			.transport = TRANSPORT_TLS,
			.is_transport_open = cases[i].is_open};
		ask(rig, &question);
		if (rig->err != cases[i].err || strcmp(rig->found, cases[i].found) != 0 ||
			(!rig->err && rig->ttl_s != cases[i].ttl_s))
			fail_msg("%s: %d %s ttl %d", cases[i].why, rig->err, rig->found,
				(int)rig->ttl_s);
	}
}

static void has_ceilings(void **state)
{
	struct rig *rig = *state;
	struct resolve_question question = {
		.name = SLICE("peer"), .host = SLICE("two.test"), .transport = TRANSPORT_TLS};
	char long_name[300];
	int started = 0;

	while (started < 1000 && !resolver_start(rig->resolver, &question))
		started++;
	assert_int_equal(64, started);
	memset(long_name, 'a', sizeof(long_name));
	question.host = slice_of(long_name, sizeof(long_name));
	assert_int_equal(SBC_ELIMIT, resolver_start(rig->resolver, &question));
	while (!rig->is_done)
		uv_run(&rig->loop, UV_RUN_ONCE);
	/* The rest is forgotten in teardown, in the middle of their chains. */
}

static void closes_while_nobody_answers(void **state)
{
	struct rig *rig = *state;
	struct resolve_question question = {
		.name = SLICE("peer"), .host = SLICE("two.test"), .transport = TRANSPORT_TLS};

	rig->is_silent = true;
	assert_int_equal(0, resolver_start(rig->resolver, &question));
	for (int i = 0; i < 3; i++)
		uv_run(&rig->loop, UV_RUN_ONCE);
	assert_false(rig->is_done);
}

static void reads_ttls(void **state)
{
	unsigned char answer[512] = {0};
	size_t len = 12;

	(void)state;
	assert_int_equal(-1, resolve_min_ttl(slice_of(answer, 11)));
	assert_int_equal(-1, resolve_min_ttl(slice_of(answer, 12)));
	put_u16(answer + 4, 1);
	put_u16(answer + 6, 2);
	len += put_name(answer + len, "two.test") + 4;
	len += put_record(answer + len, &zone[0]);
	assert_int_equal(
		60, resolve_min_ttl(slice_of(answer, len))); /* the second is missing */
	len += put_record(answer + len, &zone[2]);
	assert_int_equal(50, resolve_min_ttl(slice_of(answer, len)));
	for (size_t cut = 0; cut < len; cut++)
		resolve_min_ttl(slice_of(answer, cut));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(follows_rfc_3263, setup, teardown),
		cmocka_unit_test_setup_teardown(has_ceilings, setup, teardown),
		cmocka_unit_test_setup_teardown(closes_while_nobody_answers, setup, teardown),
		cmocka_unit_test(reads_ttls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
