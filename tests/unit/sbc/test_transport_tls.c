/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SIP over TLS: RFC 3261 section 26.3, RFC 5922, RFC 9325; SIP-31, SIP-32. The certificates
 * are tests/vectors/tls, made by its make.sh. */

#include "tests/unit/sbc/transport_rig.h"

#define VECTORS "tests/vectors/tls/"

struct pem {
	char text[2048];
};

static struct slice read_pem(struct pem *out, const char *name, const char *ending)
{
	char path[100];
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), VECTORS "%s.%s", name, ending);
	file = fopen(path, "r");
	if (!file)
		fail_msg("%s is not there", path);
	len = fread(out->text, 1, sizeof(out->text), file);
	fclose(file);
	return slice_of(out->text, len);
}

/* One end: its certificate, whom it trusts. */
struct end {
	const char *certificate, *anchors; /* anchors NULL: none */
	bool is_required;
};

static struct pem pems[6]; /* borrowed by the configurations until they are opened */

static void add_tls(struct rig *r, const struct end *end, struct pem *pem)
{
	struct listener_config *config = rig_add(r, TRANSPORT_TLS);

	config->certificate_pem = read_pem(&pem[0], end->certificate, "pem");
	config->key_pem = read_pem(&pem[1], end->certificate, "key");
	if (end->anchors)
		config->ca_pem = read_pem(&pem[2], end->anchors, "pem");
	config->require_client_certificate = end->is_required;
}

struct pair {
	uv_loop_t loop;
	struct rig server, client;
	struct hop hop;
};

static const struct listener_name *with_names; /* one, for the next server; NULL: none */

static void open_pair(
	struct pair *p, const struct end *server, const struct end *client, const char *name)
{
	uv_loop_init(&p->loop);
	rig_init(&p->server, &p->loop);
	rig_init(&p->client, &p->loop);
	add_tls(&p->server, server, &pems[0]);
	add_tls(&p->client, client, &pems[3]);
	p->server.config.limits.handshake_timeout_s = 1;
	p->client.config.limits.handshake_timeout_s = 2;
	p->server.config.listeners[0].names = with_names;
	p->server.config.listeners[0].name_count = with_names != NULL;
	rig_open(&p->server);
	rig_open(&p->client);
	p->hop = (struct hop){.kind = TRANSPORT_TLS};
	netaddr_parse(&p->hop.addr, SLICE("127.0.0.1"), p->server.port[0]);
	snprintf(p->hop.tls_name, sizeof(p->hop.tls_name), "%s", name);
}

static void close_pair(struct pair *p)
{
	rig_close(&p->client);
	rig_close(&p->server);
	rig_end_loop(&p->loop);
}

/* ---- handshakes that succeed ---- */

static void both_ways(void **state)
{
	static const struct end server = {"atlanta", "ca", false};
	static const struct end client = {"biloxi", "ca", false};
	char one[300], *big = mem_alloc(70000);
	size_t one_len = rig_message(one, sizeof(one), "one", 0);
	size_t big_len = rig_message(big, 1000, "big", 60000);
	struct hop back;
	struct pair p;

	(void)state;
	open_pair(&p, &server, &client, "Atlanta.TEST"); /* names have no case */
	assert_int_equal(0, rig_send(&p.client, &p.hop, 1, one, one_len));
	assert_int_equal(0, rig_send(&p.client, &p.hop, 2, big, big_len));
	rig_until(&p.loop, p.server.received == 2);
	assert_memory_equal(big, p.server.last, 1000);
	/* What the client's certificate says, verified. */
	assert_true(p.server.has_names);
	assert_int_equal(2, p.server.names.count);
	assert_true(tls_names_has(&p.server.names, SLICE("biloxi.test")));
	assert_true(tls_names_has(&p.server.names, SLICE("sip.biloxi.test")));
	hop_from_source(&back, &p.server.source);
	assert_int_equal(0, rig_send(&p.server, &back, 3, big, big_len));
	assert_int_equal(0, rig_send(&p.server, &back, 4, one, one_len));
	rig_until(&p.loop, p.client.received == 2);
	assert_string_equal(one, p.client.last);
	assert_true(p.client.has_names);
	assert_true(tls_names_has(&p.client.names, SLICE("atlanta.test")));
	/* RFC 5923: over the same connection, while it lives. */
	assert_int_equal(0, rig_send(&p.client, &p.hop, 5, one, one_len));
	rig_until(&p.loop, p.server.received == 3);
	assert_int_equal(1, rig_counters(&p.client).connections_open);
	/* Another name is another connection, even to the same place. */
	snprintf(p.hop.tls_name, sizeof(p.hop.tls_name), "biloxi.test");
	assert_int_equal(0, rig_send(&p.client, &p.hop, 6, one, one_len));
	rig_until(&p.loop, p.client.failed_count == 1);
	assert_int_equal(6, p.client.failed[0]);
	assert_int_equal(0, p.server.failed_count);
	rig_close(&p.server); /* close_notify and FIN reach the client */
	rig_until(&p.loop, rig_counters(&p.client).connections_open == 0);
	rig_close(&p.client);
	rig_end_loop(&p.loop);
	mem_free(big);
}

/* RFC 5923: the server sends its own requests over the connection that the client made, to
 * the port that the client named, and under no other name. */
static void alias(void **state)
{
	static const struct end server = {"atlanta", "ca", false};
	static const struct end client = {"biloxi", "ca", false};
	struct hop to_client = {.kind = TRANSPORT_TLS};
	struct transport *transport;
	struct flow_id flow;
	char one[300];
	size_t len = rig_message(one, sizeof(one), "one", 0);
	struct pair p;

	(void)state;
	open_pair(&p, &server, &client, "atlanta.test");
	transport = p.server.transport;
	assert_int_equal(0, rig_send(&p.client, &p.hop, 1, one, len));
	rig_until(&p.loop, p.server.received == 1);
	flow = p.server.source.flow;
	netaddr_parse(&to_client.addr, SLICE("127.0.0.1"), p.client.port[0]);
	snprintf(to_client.tls_name, sizeof(to_client.tls_name), "biloxi.test");
	assert_int_equal(SBC_EPEER,
		transport_flow_alias(transport, flow, p.client.port[0], SLICE("evil.test")));
	assert_int_equal(0,
		transport_flow_alias(transport, flow, p.client.port[0], SLICE("biloxi.test")));
	assert_int_equal(0,
		transport_flow_alias(transport, flow, p.client.port[0], SLICE("biloxi.test")));
	assert_int_equal(0, rig_send(&p.server, &to_client, 2, one, len));
	rig_until(&p.loop, p.client.received == 1);
	assert_int_equal(1, rig_counters(&p.server).connections_open);
	/* Another name at the same place is a connection of its own, which is judged. */
	snprintf(to_client.tls_name, sizeof(to_client.tls_name), "evil.test");
	assert_int_equal(0, rig_send(&p.server, &to_client, 3, one, len));
	rig_until(&p.loop, p.server.failed_count == 1);
	rig_close(&p.client);
	rig_until(&p.loop, !transport_flow_is_alive(transport, flow));
	assert_int_equal(SBC_ENOENT,
		transport_flow_alias(transport, flow, p.client.port[0], SLICE("biloxi.test")));
	rig_close(&p.server);
	rig_end_loop(&p.loop);
}

/* RFC 6066: each name gets its own certificate, one that nobody knows the usual one. */
static void several_certificates(void **state)
{
	static const struct {
		const char *name;
		bool is_right;
	} rows[] = {{"atlanta.test", true}, {"biloxi.test", true}, {"BILOXI.test", true},
		{"sip.biloxi.test", false}, {"evil.test", false}};
	static struct pem more[2];
	char one[300];
	size_t len = rig_message(one, sizeof(one), "one", 0);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct listener_name names[1] = {{.name = SLICE("biloxi.test"),
			.certificate_pem = read_pem(&more[0], "biloxi", "pem"),
			.key_pem = read_pem(&more[1], "biloxi", "key")}};
		struct pair p;
		with_names = names;
		open_pair(&p, &(struct end){"atlanta", "ca", false},
			&(struct end){"biloxi", "ca", false}, rows[i].name);
		with_names = NULL;
		assert_int_equal(0, rig_send(&p.client, &p.hop, 7, one, len));
		rig_until(&p.loop, p.server.received + p.client.failed_count > 0);
		assert_int_equal(rows[i].is_right, p.server.received == 1);
		close_pair(&p);
	}
}

/* Renewed while we run: who is connected stays so, who comes sees the new one; what cannot be
 * used changes nothing. */
static void other_certificates(void **state)
{
	struct transport_config next;
	struct transport_change *change = NULL;
	struct pem pem[3];
	char one[300], fault[200] = "";
	size_t len = rig_message(one, sizeof(one), "one", 0);
	struct pair p;

	(void)state;
	open_pair(&p, &(struct end){"atlanta", "ca", false},
		&(struct end){"biloxi", "ca", false}, "atlanta.test");
	assert_int_equal(0, rig_send(&p.client, &p.hop, 1, one, len));
	rig_until(&p.loop, p.server.received == 1);
	next = p.server.config;
	next.listeners[0].certificate_pem = read_pem(&pem[0], "biloxi", "pem");
	next.listeners[0].key_pem = read_pem(&pem[1], "atlanta", "key");
	next.listeners[0].ca_pem = read_pem(&pem[2], "ca", "pem");
	assert_int_equal(SBC_ECRYPTO,
		transport_prepare(&change, p.server.transport, &next, fault, sizeof(fault)));
	assert_non_null(strstr(fault, "listener 0: TLS 127.0.0.1:"));
	next.listeners[0].key_pem = read_pem(&pem[1], "biloxi", "key");
	assert_int_equal(
		0, transport_prepare(&change, p.server.transport, &next, fault, sizeof(fault)));
	transport_discard(p.server.transport, change);
	assert_int_equal(
		0, transport_prepare(&change, p.server.transport, &next, fault, sizeof(fault)));
	transport_commit(p.server.transport, change);
	assert_int_equal(0, rig_send(&p.client, &p.hop, 2, one, len));
	rig_until(&p.loop, p.server.received == 2);
	assert_int_equal(1, rig_counters(&p.client).connections_open);
	snprintf(p.hop.tls_name, sizeof(p.hop.tls_name), "biloxi.test");
	assert_int_equal(0, rig_send(&p.client, &p.hop, 3, one, len));
	rig_until(&p.loop, p.server.received == 3);
	assert_int_equal(0, p.client.failed_count);
	close_pair(&p);
}

/* ---- RFC 5922: who may be who ---- */

#define OTHER "the certificate is for another domain"

/* SIP-31. */
static void judged_by_name(void **state)
{
	static const struct {
		struct end server, client;
		const char *name;
		const char *
			failure; /* as told to the sender; "": it arrives; NULL: the server's */
		const char *why;
	} rows[] = {
		{{"atlanta", "ca", false}, {"biloxi", "ca", false}, "atlanta.test", "",
			"dNSName"},
		{{"uri", NULL, false}, {"biloxi", "ca", false}, "chicago.test", "",
			"URI sip:host"},
		{{"many", "ca", true}, {"biloxi", "ca", false}, "atlanta.test", "",
			"the last of more than we keep"},
		{{"many", "ca", true}, {"biloxi", "ca", false}, "n1.test", "", "and the first"},
		{{"biloxi", NULL, false}, {"biloxi", "ca", false}, "sip.biloxi.test", "",
			"the second"},
		{{"uri", NULL, false}, {"biloxi", "ca", false}, "denver.test", OTHER,
			"a user's URI is no domain"},
		{{"uri", NULL, false}, {"biloxi", "ca", false}, "boston.test", OTHER,
			"another scheme"},
		{{"biloxi", NULL, false}, {"biloxi", "ca", false}, "atlanta.test", OTHER,
			"another domain"},
		{{"atlanta", NULL, false}, {"biloxi", "ca", false}, "sub.atlanta.test", OTHER,
			"a part is not the whole"},
		{{"wildcard", NULL, false}, {"biloxi", "ca", false}, "sbc.atlanta.test", OTHER,
			"section 7.2: no wildcards"},
		{{"common_name", NULL, false}, {"biloxi", "ca", false}, "atlanta.test", OTHER,
			"no common names"},
		{{"stranger", NULL, false}, {"biloxi", "ca", false}, "atlanta.test",
			"ASN no signer", "an untrusted CA"},
		{{"expired", NULL, false}, {"biloxi", "ca", false}, "atlanta.test",
			"ASN date error, current date after", "expired"},
		{{"atlanta", NULL, false}, {"biloxi", NULL, false}, "atlanta.test",
			"ASN no signer", "without anchors nobody is trusted"},
		{{"atlanta", "ca", true}, {"stranger", "ca", false}, "atlanta.test", NULL,
			"a client of an untrusted CA"},
		{{"atlanta", "ca", false}, {"expired", "ca", false}, "atlanta.test", NULL,
			"an expired client"},
	};
	char text[300];
	size_t len = rig_message(text, sizeof(text), "x", 0);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pair p;
		open_pair(&p, &rows[i].server, &rows[i].client, rows[i].name);
		assert_int_equal(0, rig_send(&p.client, &p.hop, 9, text, len));
		rig_until(&p.loop, p.server.received || p.client.failed_count ||
					   rig_counters(&p.server).handshakes_failed);
		rig_pass(&p.loop, 5);
		if (p.server.received != (rows[i].failure && !rows[i].failure[0]))
			fail_msg("row %zu: %s", i, rows[i].why);
		if (!rows[i].failure)
			assert_int_equal(1, rig_counters(&p.server).handshakes_failed);
		else if (!rows[i].failure[0])
			assert_int_equal(0, rig_counters(&p.client).handshakes_failed);
		else {
			rig_until(&p.loop, p.client.failed_count == 1);
			if (!strstr(p.client.failed_why, rows[i].failure))
				fail_msg(
					"row %zu: %s: %s", i, rows[i].why, p.client.failed_why);
		}
		close_pair(&p);
	}
}

/* SIP-32, KAM-12: What a client's certificate says of it: whole domains and nothing else. */
static void names_of_clients(void **state)
{
	static const struct {
		const char *certificate;
		size_t count;
		const char *name;
	} rows[] = {
		{"biloxi", 2, "sip.biloxi.test"}, {"uri", 1, "chicago.test"},
		{"wildcard", 0, NULL}, {"common_name", 0, NULL},
		{"many", TLS_NAME_COUNT, NULL}, /* no more than there is room for */
	};
	static const struct end server = {"atlanta", "ca", true};
	char text[300];
	size_t len = rig_message(text, sizeof(text), "x", 0);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct end client = {rows[i].certificate, "ca", false};
		struct pair p;
		open_pair(&p, &server, &client, "atlanta.test");
		assert_int_equal(0, rig_send(&p.client, &p.hop, 1, text, len));
		rig_until(&p.loop, p.server.received == 1);
		assert_true(p.server.has_names); /* it did verify */
		assert_int_equal(rows[i].count, p.server.names.count);
		if (rows[i].name)
			assert_true(tls_names_has(&p.server.names, slice_str(rows[i].name)));
		close_pair(&p);
	}
}

/* Asked for but not required: whoever shows none comes in without a name. */
static void client_without_certificate(void **state)
{
	static const struct end atlanta = {"atlanta", "ca", false};
	static const struct end required = {"atlanta", "ca", true};
	struct rig r;
	uv_loop_t loop;
	char command[300], text[300];
	FILE *client;

	(void)state;
	rig_message(text, sizeof(text), "openssl", 0);
	for (int is_required = 0; is_required < 2; is_required++) {
		uv_loop_init(&loop);
		rig_init(&r, &loop);
		add_tls(&r, is_required ? &required : &atlanta, pems);
		rig_open(&r);
		/* Another implementation than ours; it gives up by itself. */
		snprintf(command, sizeof(command),
			"timeout 5 openssl s_client -quiet -no_ign_eof -connect 127.0.0.1:%u "
			"-CAfile " VECTORS "ca.pem >/dev/null 2>&1",
			r.port[0]);
		client = popen(command, "w");
		fputs(text, client);
		fflush(client);
		if (is_required) {
			rig_until(&loop, rig_counters(&r).handshakes_failed == 1);
			assert_int_equal(0, r.received);
		} else {
			rig_until(&loop, r.received == 1);
			assert_false(r.has_names);
		}
		rig_close(&r);
		pclose(client);
		rig_end_loop(&loop);
	}
}

/* ---- no name, no key ---- */

static void needs_a_name(void **state)
{
	static const struct end end = {"atlanta", "ca", false};
	struct pair p;

	(void)state;
	open_pair(&p, &end, &end, "");
	assert_int_equal(SBC_EINVAL, rig_send(&p.client, &p.hop, 1, "x", 1));
	close_pair(&p);
}

static void bad_configurations(void **state)
{
	static const struct {
		const char *certificate, *key, *anchors;
		bool is_required;
		const char *fault;
	} rows[] = {
		{"atlanta", "biloxi", "ca", false, "key"},
		{NULL, "atlanta", "ca", false, "certificate"},
		{"atlanta", NULL, "ca", false, "key"},
		{"atlanta", "atlanta", NULL, true, "no anchors"},
	};
	struct listener_config *config;
	char fault[200];
	uv_loop_t loop;
	struct rig r;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uv_loop_init(&loop);
		rig_init(&r, &loop);
		config = rig_add(&r, TRANSPORT_TLS);
		if (rows[i].certificate)
			config->certificate_pem =
				read_pem(&pems[0], rows[i].certificate, "pem");
		if (rows[i].key)
			config->key_pem = read_pem(&pems[1], rows[i].key, "key");
		if (rows[i].anchors)
			config->ca_pem = read_pem(&pems[2], rows[i].anchors, "pem");
		config->require_client_certificate = rows[i].is_required;
		assert_int_equal(SBC_ECRYPTO,
			transport_open(&r.transport, &loop, &r.config, fault, sizeof(fault)));
		if (!strstr(fault, rows[i].fault))
			fail_msg("row %zu: %s", i, fault);
		rig_end_loop(&loop);
	}
}

/* ---- strangers ---- */

static void garbage(void **state)
{
	static const struct end end = {"atlanta", "ca", false};
	static const struct {
		const char *bytes;
		size_t len;
	} rows[] = {
		{"OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n", 44},
		{"\0\0\0\0\0\0\0\0\0\0", 10},
		{"\x16\x03\x01\xff\xff\x01\x00\x00\x00\x00", 10},     /* a record too long */
		{"\x16\x03\x01\x00\x06\x01\x00\x00\x02\x03\x03", 11}, /* a hello cut short */
		{"\x15\x03\x01\x00\x02\x02\x28", 7},                  /* an alert first */
		{"\x17\x03\x03\x00\x05hello", 10},                    /* data first */
		{"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10", 11}, /* SSL 2 */
	};
	struct buf heard;
	uv_loop_t loop;
	struct rig r;

	(void)state;
	uv_loop_init(&loop);
	rig_init(&r, &loop);
	add_tls(&r, &end, pems);
	r.config.limits.handshake_timeout_s = 1;
	rig_open(&r);
	buf_init(&heard, 1 << 20);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd = peer_connect(r.port[0]);
		peer_say(fd, rows[i].bytes, rows[i].len);
		rig_until(&loop, peer_hear(fd, &heard));
		close(fd);
		rig_until(&loop, rig_counters(&r).connections_open == 0);
		assert_int_equal(i + 1, rig_counters(&r).handshakes_failed);
	}
	assert_true(heard.len < 200); /* alerts at most */
	assert_int_equal(0, r.received + r.broken);
	buf_fini(&heard);
	rig_close(&r);
	rig_end_loop(&loop);
}

/* Nothing, and half a hello: both end in time, and so does a client to a mute server. */
static void half_a_handshake(void **state)
{
	static const struct end end = {"atlanta", "ca", false};
	struct buf heard;
	struct pair p;
	int mute, half, listening = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t len = sizeof(sin);

	(void)state;
	buf_init(&heard, 1000);
	open_pair(&p, &end, &end, "atlanta.test");
	mute = peer_connect(p.server.port[0]);
	half = peer_connect(p.server.port[0]);
	peer_say(half, "\x16\x03\x01\x02\x00\x01\x00", 7);
	rig_pass(&p.loop, 200);
	assert_int_equal(2, rig_counters(&p.server).connections_open);
	rig_until(&p.loop, peer_hear(mute, &heard) && peer_hear(half, &heard));
	assert_int_equal(2, rig_counters(&p.server).handshakes_failed);
	close(mute);
	close(half);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(0, bind(listening, (struct sockaddr *)&sin, sizeof(sin)));
	assert_int_equal(0, listen(listening, 5));
	getsockname(listening, (struct sockaddr *)&sin, &len);
	netaddr_set_port(&p.hop.addr, ntohs(sin.sin_port));
	assert_int_equal(0, rig_send(&p.client, &p.hop, 77, "x", 1));
	rig_until(&p.loop, p.client.failed_count == 1);
	assert_int_equal(77, p.client.failed[0]);
	assert_string_equal("no handshake in time", p.client.failed_why);
	close(listening);
	buf_fini(&heard);
	close_pair(&p);
}

/* Garbage within a session: broken frame, answered under TLS, then closed. */
static void broken_frame(void **state)
{
	static const struct end end = {"atlanta", "ca", false};
	static const char text[] = "GET / HTTP/1.1\r\n\r\n";
	struct pair p;

	(void)state;
	open_pair(&p, &end, &end, "atlanta.test");
	assert_int_equal(0, rig_send(&p.client, &p.hop, 1, text, sizeof(text) - 1));
	rig_until(&p.loop, p.client.received == 1);
	assert_memory_equal("SIP/2.0 400", p.client.last, 11);
	assert_int_equal(1, p.server.broken);
	rig_until(&p.loop, rig_counters(&p.client).connections_open == 0 &&
				   rig_counters(&p.server).connections_open == 0);
	close_pair(&p);
}

/* A hundred handshakes one after the other, each with its end: nothing stays (ASan). */
static void many_handshakes(void **state)
{
	static const struct end end = {"atlanta", "ca", true};
	char text[300];
	size_t len = rig_message(text, sizeof(text), "x", 0);
	struct hop back;
	struct pair p;

	(void)state;
	open_pair(&p, &end, &end, "atlanta.test");
	for (size_t i = 0; i < 100; i++) {
		assert_int_equal(0, rig_send(&p.client, &p.hop, 1, text, len));
		rig_until(&p.loop, p.server.received == i + 1);
		hop_from_source(&back, &p.server.source);
		flow_drain(flow_find(p.server.transport, back.flow), "test");
		rig_until(&p.loop, rig_counters(&p.client).connections_open == 0 &&
					   rig_counters(&p.server).connections_open == 0);
	}
	assert_int_equal(0, p.client.failed_count);
	close_pair(&p);
}

/* Each allocation of ours in a handshake fails once: an ordinary end, no leak. */
static void without_memory(void **state)
{
	static const struct end end = {"atlanta", "ca", true};
	char text[300];
	size_t len = rig_message(text, sizeof(text), "x", 0);
	struct pair p;

	(void)state;
	for (long i = 0; i < 40; i++) {
		open_pair(&p, &end, &end, "atlanta.test");
		mem_fail_after(i);
		int err = rig_send(&p.client, &p.hop, 1, text, len);
		if (!err)
			rig_until(
				&p.loop, p.server.received || p.client.failed_count ||
						 p.client.has_names ||
						 rig_counters(&p.server).connections_open == 0);
		mem_fail_after(-1);
		close_pair(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways),
		cmocka_unit_test(alias),
		cmocka_unit_test(several_certificates),
		cmocka_unit_test(other_certificates),
		cmocka_unit_test(judged_by_name),
		cmocka_unit_test(names_of_clients),
		cmocka_unit_test(client_without_certificate),
		cmocka_unit_test(needs_a_name),
		cmocka_unit_test(bad_configurations),
		cmocka_unit_test(garbage),
		cmocka_unit_test(half_a_handshake),
		cmocka_unit_test(broken_frame),
		cmocka_unit_test(many_handshakes),
		cmocka_unit_test(without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
