/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The world of the scenario tests: time, randomness, transport, configuration. */

#include "tests/scenario/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "policy/keygen.h"

#define WALL_START INT64_C(1764000000) /* 2025-11-24: any day will do */
#define SENT_MAX   65536

struct sent {
	struct list node;
	struct hop hop;
	struct slice bytes; /* owned */
};

static const struct {
	const char *address;
	uint16_t port;
	enum transport_kind kind;
	unsigned listener;
	uint32_t flow;
} place[ACTOR_COUNT] = {
	[ALICE] = {"127.0.0.10", 40001, TRANSPORT_TLS, 0, 1},
	[BOB] = {"127.0.0.11", 40002, TRANSPORT_UDP, 1, 0},
	[BILOXI] = {"127.0.0.12", 5061, TRANSPORT_TLS, 0, 3},
	[TRUNK] = {"127.0.0.13", 5060, TRANSPORT_UDP, 1, 0},
	[SPARE] = {"127.0.0.14", 5060, TRANSPORT_UDP, 1, 0},
	[STRANGER] = {"127.0.0.66", 40066, TRANSPORT_UDP, 1, 0},
};

static struct config_domain domains[] = {{.name = "atlanta.test"}};
/* Passwords "secret": MD5 and SHA-256 of user:atlanta.test:secret. */
static struct config_user users[] = {
	{.name = "alice",
		.domain = "atlanta.test",
		.also = "sales +12155551212",
		.tls_name = "alice.atlanta.test",
		.ha1_sha256 = "",
		.ha1_sha512_256 = "",
		.ha1_md5 = ""},
	{.name = "bob",
		.domain = "atlanta.test",
		.also = "",
		.tls_name = "bob.atlanta.test",
		.ha1_sha256 = "",
		.ha1_sha512_256 = "",
		.ha1_md5 = ""},
};
static struct config_listener listeners[] = {
	{.transport = TRANSPORT_TLS, .advertised = "sbc.atlanta.test:5061"},
	{.transport = TRANSPORT_UDP, .advertised = "sbc.atlanta.test:5060"},
};
static const struct config_peer peers[] = {{.name = "biloxi",
						   .profile = "domain-dtls",
						   .auth_user = "",
						   .auth_realm = "",
						   .register_as = "",
						   .provider_codes = "",
						   .domain = "biloxi.test",
						   .transport = TRANSPORT_TLS,
						   .sign_8224 = true,
						   .accept_8224 = true,
						   .identity_required = true,
						   .require_mky = true},
	{.name = "trunk",
		.profile = "lab",
		.auth_user = "",
		.auth_realm = "",
		.register_as = "",
		.host = "",
		.provider_codes = "",
		.domain = "trunk.test",
		.transport = TRANSPORT_UDP,
		.accept_8224 = true,
		.is_trusted = true},
	{.name = "spare",
		.profile = "lab",
		.auth_user = "",
		.auth_realm = "",
		.register_as = "",
		.host = "",
		.provider_codes = "",
		.domain = "spare.test",
		.transport = TRANSPORT_UDP,
		.accept_8224 = true,
		.is_trusted = true}};
static const struct config_route routes[] = {{.domain = "biloxi.test", .peer = "biloxi"}};

/* ---- outside ---- */

static bool is_at(const struct hop *hop, enum actor who)
{
	struct netaddr address;

	if (hop->flow.generation)
		return hop->flow.slot == place[who].flow;
	netaddr_parse(&address, slice_str(place[who].address), place[who].port);
	return netaddr_equal(&address, &hop->addr);
}

static int on_send(
	const struct hop *hop, uint64_t tag, const void *bytes, size_t len, void *arg)
{
	struct world *w = arg;
	struct sent *sent;

	(void)tag;
	if (w->send_error)
		return w->send_error;
	if (w->send_error_to && is_at(hop, w->failing))
		return w->send_error_to;
	sent = mem_alloc(sizeof(*sent));
	if (!sent)
		return SBC_ENOMEM;
	sent->hop = *hop;
	sent->bytes = slice_of(mem_strdup(slice_of(bytes, len)), len);
	if (!sent->bytes.ptr) {
		mem_free(sent);
		return SBC_ENOMEM;
	}
	list_append(&w->sent, &sent->node);
	return 0;
}

static int on_fetch(struct slice url, bool allow_http, void *arg)
{
	struct world *w = arg;

	(void)allow_http;
	if (w->is_fetch_refused)
		return SBC_EINVAL;
	w->fetch_count++;
	return slice_copy(url, w->fetch_url, sizeof(w->fetch_url));
}

static int on_resolve(const struct resolve_question *question, void *arg)
{
	struct world *w = arg;

	return slice_copy(question->host, w->resolve_host, sizeof(w->resolve_host));
}

static void on_close_listener(unsigned listener, void *arg)
{
	struct world *w = arg;

	w->closed_listeners |= 1u << listener;
}

static int64_t on_wall(void *arg)
{
	struct world *w = arg;

	return w->wall_start_s + w->now / USEC_PER_SEC;
}

static void on_record(uint64_t number, struct slice json, void *arg)
{
	struct world *w = arg;

	(void)number;
	buf_put_slice(&w->records, json);
	buf_put_char(&w->records, '\n');
	w->record_count++;
}

/* SplitMix64 (Steele, Lea, Flood 2014): the same conversation at each run. */
static void on_random(void *arg, void *out, size_t len)
{
	struct world *w = arg;
	uint8_t *at = out;

	for (size_t i = 0; i < len; i++) {
		uint64_t z = (w->random_state += UINT64_C(0x9e3779b97f4a7c15));
		z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
		at[i] = (uint8_t)(z ^ (z >> 31));
	}
}

/* ---- making it ---- */

static void make_policy(struct policy **out, struct slice ca_key, struct slice ca,
	const char *name, const char *url, int64_t now_s, struct buf *certificate)
{
	struct policy_domain domain = {.name = slice_str(name), .info_url = slice_str(url)};
	struct policy_config config;
	struct buf key;
	char fault[256] = "";

	policy_config_init(&config);
	buf_init(&key, 8192);
	assert_int_equal(0, keygen_domain(ca_key, ca, slice_str(name), (struct slice){0}, now_s,
				    30, &key, certificate));
	domain.certificate_pem = buf_slice(certificate);
	domain.key_pem = buf_slice(&key);
	config.domains = &domain;
	config.domain_count = 1;
	config.anchors_pem = ca;
	config.digest_secret = SLICE("0123456789abcdef0123456789abcdef");
	if (policy_new(out, &config, fault, sizeof(fault)))
		fail_msg("policy_new: %s", fault);
	buf_fini_secret(&key);
}

static void make_policies(struct world *w)
{
	struct buf ca_key, ca;

	buf_init(&ca_key, 8192);
	buf_init(&ca, 8192);
	buf_init(&w->own_certificate, 16384);
	buf_init(&w->biloxi_certificate, 16384);
	assert_int_equal(0, keygen_ca(SLICE("scenario CA"), w->wall_start_s, 30, &ca_key, &ca));
	make_policy(&w->policy, buf_slice(&ca_key), buf_slice(&ca), "atlanta.test",
		"https://atlanta.test/cert", w->wall_start_s, &w->own_certificate);
	make_policy(&w->biloxi_policy, buf_slice(&ca_key), buf_slice(&ca), "biloxi.test",
		"https://biloxi.test/cert", w->wall_start_s, &w->biloxi_certificate);
	buf_fini_secret(&ca_key);
	buf_fini(&ca);
}

static void make_config(struct world *w, unsigned calls)
{
	/* echo -n alice:atlanta.test:secret | md5sum, and bob */
	users[0].ha1_md5 = "94ecdac97442e1dde413ab890bdac68a";
	users[1].ha1_md5 = "ea914ec6cb6893e6db88d7cbbc2db942";
	domains[0].info_url = "https://atlanta.test/cert";
	netaddr_parse(&w->interfaces[0].address, SLICE("127.0.0.1"), 0);
	w->users[0] = users[0];
	w->users[1] = users[1];
	memcpy(w->peers, peers, sizeof(peers));
	memcpy(w->routes, routes, sizeof(routes));
	netaddr_parse(&w->peers[0].address, slice_str(place[BILOXI].address), 5061);
	netaddr_parse(&w->peers[1].address, slice_str(place[TRUNK].address), 5060);
	netaddr_parse(&w->peers[2].address, slice_str(place[SPARE].address), 5060);
	w->config = (struct config){
		.state_dir = "",
		.sip_trace = "",
		.call_records = "",
		.call_records_sqlite = "",
		.trace = {.pcap_dir = "", .hep_auth_key = ""},
		.lab = {.key_log = ""},
		.ca = "",
		.user_agent = "",
		.dns_servers = "",
		.domains = domains,
		.domain_count = 1,
		.listeners = listeners,
		.listener_count = 2,
		.users = w->users,
		.user_count = 2,
		.peers = w->peers,
		.peer_count = 3,
		.routes = w->routes,
		.route_count = 1,
		.media = {.interfaces = w->interfaces,
			.interface_count = 1,
			.profiles = {8, 1},
			.profile_count = 2},
		.dispatcher = {.ds_ping_interval = 10,
			.ds_probing_threshold = 2,
			.ds_inactive_threshold = 2,
			.ds_ping_reply_codes = "",
			.ds_ping_from = "sip:dispatcher@localhost"},
		.limits = {.calls = calls,
			.transactions = 1000 + 8 * calls,
			.registrations = 100,
			.ring_timeout_s = 60,
			.target_timeout_s = 8,
			.answer_identity_s = 7},
		.registration_min_s = 60,
		.registration_max_s = 3600,
		.registration_default_s = 600,
		._references = 2,
	};
}

void world_remake(struct world *w)
{
	struct sbc_setup setup;

	sbc_free(w->sbc);
	w->sbc = NULL;
	setup = (struct sbc_setup){
		.config = &w->config,
		.timers = &w->timers,
		.log = w->log,
		.policy = w->policy,
		.random = {.fill = on_random, .arg = w},
		.outside = {.send = on_send,
			.fetch = on_fetch,
			.resolve = on_resolve,
			.close_listener = on_close_listener,
			.wall_s = on_wall,
			.record = on_record,
			.arg = w},
	};
	assert_int_equal(0, sbc_new(&w->sbc, &setup));
}

void world_init(struct world *w)
{
	world_init_large(w, 8);
}

void world_init_large(struct world *w, unsigned calls)
{
	*w = (struct world){.wall_start_s = WALL_START, .now = USEC_PER_SEC, .next_cseq = 1};
	list_init(&w->sent);
	buf_init(&w->records, 1 << 20);
	buf_init(&w->said, SENT_MAX);
	timers_init(&w->timers, 10000 + 30 * (size_t)calls);
	for (int i = 0; i < ACTOR_COUNT; i++)
		arena_init(&w->heard[i].arena, 1 << 20);
	fake_media_reset();
	make_policies(w);
	make_config(w, calls);
	world_remake(w);
}

static void free_sent(struct sent *sent)
{
	list_remove(&sent->node);
	mem_free((void *)sent->bytes.ptr);
	mem_free(sent);
}

void world_forget(struct world *w)
{
	while (!list_is_empty(&w->sent))
		free_sent(container_of(w->sent.next, struct sent, node));
}

void world_fini(struct world *w)
{
	sbc_free(w->sbc);
	world_forget(w);
	for (int i = 0; i < ACTOR_COUNT; i++)
		arena_fini(&w->heard[i].arena);
	policy_free(w->policy);
	policy_free(w->biloxi_policy);
	buf_fini(&w->biloxi_certificate);
	buf_fini(&w->own_certificate);
	buf_fini(&w->records);
	buf_fini(&w->said);
	timers_fini(&w->timers);
}

int world_setup(void **state)
{
	struct world *w = mem_alloc(sizeof(*w));

	world_init(w);
	*state = w;
	return 0;
}

int world_teardown(void **state)
{
	world_fini(*state);
	mem_free(*state);
	return 0;
}

/* ---- time ---- */

/* As the room would say it of a side that waits for its handshake, or needs none. */
static void tell_state(struct world *w, struct fake_session *session)
{
	struct media_state state = {0};
	struct media_event ev = {.type = MEDIA_EVENT_STATE,
		.id = session->id,
		.cookie = session->cookie,
		.state = &state};

	for (int side = 0; side < MEDIA_SIDE_COUNT; side++) {
		struct media_side_state *to = &state.sides[side];
		state.port[side] = session->request.port[side] ? session->request.port[side]
							       : (uint16_t)(20000 + 2 * side);
		to->has_remote = session->has_remote[side];
		to->remote = session->remote[side];
		to->is_gate_open = session->gate[side];
	}
	session->is_asked = false;
	sbc_media_event(w->sbc, &ev, w->now);
}

static void close_media(struct world *w)
{
	struct fake_media *room = fake_media();

	for (unsigned i = 0; i < room->session_count; i++) {
		struct fake_session *session = &room->sessions[i];
		struct media_event ev = {.type = MEDIA_EVENT_CLOSED,
			.id = session->id,
			.cookie = session->cookie};

		if (session->is_open && session->is_asked)
			tell_state(w, session);
		if (!session->is_open || !session->is_closing)
			continue;
		session->is_open = false;
		sbc_media_event(w->sbc, &ev, w->now);
	}
}

void world_pass(struct world *w, usec_t time)
{
	usec_t end = w->now + time;

	close_media(w);
	for (;;) {
		usec_t next = timers_next(&w->timers);
		if (next < 0 || next > end)
			break;
		if (next > w->now)
			w->now = next;
		timers_run(&w->timers, w->now);
		close_media(w);
	}
	w->now = end;
}

/* ---- saying and hearing ---- */

void world_say_slice(struct world *w, enum actor who, struct slice bytes)
{
	static const struct tls_names biloxi = {.names = {"biloxi.test"}, .count = 1};
	struct transport_source source = {.kind = place[who].kind,
		.listener = place[who].listener,
		.flow = {place[who].flow, place[who].flow ? 1 : 0},
		.tls = who == BILOXI                      ? &biloxi
		       : place[who].kind == TRANSPORT_TLS ? w->shown
							  : NULL};

	netaddr_parse(&source.peer, slice_str(place[who].address), place[who].port);
	if (bytes.ptr != w->said.data) {
		buf_reset(&w->said);
		buf_put_slice(&w->said, bytes);
	}
	sbc_receive(w->sbc, bytes, &source, w->now);
	world_pass(w, 0);
}

void world_say(struct world *w, enum actor who, const char *text)
{
	world_say_slice(w, who, slice_str(text));
}

static bool is_for(const struct sent *sent, enum actor who)
{
	return is_at(&sent->hop, who);
}

static struct sent *next_for(struct world *w, enum actor who)
{
	list_for_each (node, &w->sent) {
		struct sent *sent = container_of(node, struct sent, node);
		if (is_for(sent, who))
			return sent;
	}
	return NULL;
}

const struct sip_msg *world_hear(struct world *w, enum actor who)
{
	struct heard *heard = &w->heard[who];
	struct sent *sent = next_for(w, who);
	struct sip_fault fault = {0};
	struct sip_msg *msg;

	if (!sent)
		fail_msg("actor %d hears nothing", who);
	arena_reset(&heard->arena);
	heard->bytes = arena_copy(&heard->arena, sent->bytes);
	free_sent(sent);
	if (sip_msg_parse(&msg, &heard->arena, heard->bytes, &fault))
		fail_msg("we sent what does not parse (%s):\n%.*s", fault.why,
			SLICE_ARG(heard->bytes));
	heard->msg = msg;
	return msg;
}

const struct sip_msg *world_hear_code(struct world *w, enum actor who, uint16_t code)
{
	const struct sip_msg *msg = world_hear(w, who);

	if (msg->is_request || msg->status != code)
		fail_msg("actor %d wants %u and hears:\n%.*s", who, code,
			SLICE_ARG(w->heard[who].bytes));
	return msg;
}

const struct sip_msg *world_hear_method(struct world *w, enum actor who, enum sip_method method)
{
	const struct sip_msg *msg = world_hear(w, who);

	if (!msg->is_request || msg->method != method)
		fail_msg("actor %d wants %s and hears:\n%.*s", who, sip_method_name(method),
			SLICE_ARG(w->heard[who].bytes));
	return msg;
}

bool world_hears(struct world *w, enum actor who)
{
	return next_for(w, who) != NULL;
}

void world_hear_nothing(struct world *w, enum actor who)
{
	struct sent *sent = next_for(w, who);

	if (sent)
		fail_msg("actor %d should hear nothing and hears:\n%.*s", who,
			SLICE_ARG(sent->bytes));
}

/* ---- media ---- */

void world_secured(struct world *w, enum media_side side)
{
	struct fake_media *room = fake_media();
	struct media_event ev = {.type = MEDIA_EVENT_SECURED,
		.id = room->id,
		.cookie = room->cookie,
		.side = side,
		.security = {.dtls_version = "DTLSv1.2",
			.presented = room->remote[side].fingerprints.items[0]}};

	sbc_media_event(w->sbc, &ev, w->now);
	world_pass(w, 0);
}

void world_media_failed(struct world *w, enum media_side side, enum media_failure failure)
{
	struct fake_media *room = fake_media();
	struct media_event ev = {.type = MEDIA_EVENT_FAILED,
		.id = room->id,
		.cookie = room->cookie,
		.side = side,
		.failure = failure};

	sbc_media_event(w->sbc, &ev, w->now);
	world_pass(w, 0);
}
