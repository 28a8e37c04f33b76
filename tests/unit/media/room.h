/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_UNIT_MEDIA_ROOM_H
#define TESTS_UNIT_MEDIA_ROOM_H

/* The whole room through its door: a session between two phones on the loopback. Each test
 * has a media room of its own, with real threads. */

#include "base/err.h"
#include "base/mem.h"
#include "tests/unit/media/local.h"
#include "tests/unit/media/phone.h"

#define PAIR_COUNT 20 /* of ports */
#define PATIENCE   (10 * USEC_PER_SEC)
#define A          MEDIA_SIDE_A
#define B          MEDIA_SIDE_B
#define PROFILE    MEDIA_SRTP_AES128_CM_SHA1_80 /* of keys in descriptions */

struct heard {
	unsigned secured[2], failed[2], timeout[2], counters, closed;
	enum media_failure failure[2];
	struct media_security security[2];
	bool is_one_way[2];
	struct media_counters count[2];
	struct media_quality quality[2];
	unsigned states;
	struct media_state state;
	uint64_t cookie;
};

struct world {
	uv_loop_t loop;
	struct media_config config;
	struct media *media;
	struct heard heard;
	bool is_stopped;
	struct phone phones[2];
	struct media_opened opened;
};

static struct world w;

static inline void on_event(const struct media_event *ev, void *arg)
{
	struct heard *h = arg;

	h->cookie = ev->cookie;
	switch (ev->type) {
	case MEDIA_EVENT_SECURED:
		h->secured[ev->side]++;
		h->security[ev->side] = ev->security;
		break;
	case MEDIA_EVENT_FAILED:
		h->failed[ev->side]++;
		h->failure[ev->side] = ev->failure;
		h->security[ev->side] = ev->security;
		break;
	case MEDIA_EVENT_TIMEOUT:
		h->timeout[ev->side]++;
		h->is_one_way[ev->side] = ev->is_one_way;
		break;
	case MEDIA_EVENT_COUNTERS:
		h->counters++;
		memcpy(h->count, ev->counters, sizeof(h->count));
		memcpy(h->quality, ev->quality, sizeof(h->quality));
		break;
	case MEDIA_EVENT_STATE:
		h->states++;
		h->state = *ev->state;
		break;
	case MEDIA_EVENT_CLOSED:
		h->closed++;
		memcpy(h->count, ev->counters, sizeof(h->count));
		break;
	}
}

static inline void on_stopped(void *arg)
{
	*(bool *)arg = true;
}

/* What anybody may send, and nobody must believe. */
static const uint8_t plain_alert[] = {21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40};
static const uint8_t junk[] = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 3, 1, 2, 3};

static inline int set_up(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	uv_loop_init(&w.loop);
	media_config_init(&w.config);
	w.config.loop_count = 2;
	w.config.session_max = 6;
	w.config.interface_count = 1;
	netaddr_parse(&w.config.interfaces[0].address, SLICE("127.0.0.1"), 0);
	w.config.interfaces[0].port_min = find_ports(2 * PAIR_COUNT);
	w.config.interfaces[0].port_max =
		(uint16_t)(w.config.interfaces[0].port_min + 2 * PAIR_COUNT - 1);
	w.config.dtls_retransmit = 100 * USEC_PER_MS;
	return 0;
}

static inline void start(void)
{
	assert_int_equal(0, media_new(&w.media, &w.config, &w.loop, on_event, &w.heard));
}

static inline int tear_down(void **state)
{
	(void)state;
	if (w.media)
		media_stop(w.media, on_stopped, &w.is_stopped);
	uv_run(&w.loop, UV_RUN_DEFAULT);
	assert_true(!w.media || w.is_stopped);
	assert_int_equal(0, uv_loop_close(&w.loop));
	for (int side = 0; side < 2; side++) {
		if (w.phones[side].dtls)
			phone_fini(&w.phones[side]);
	}
	return 0;
}

static inline void turn(void)
{
	uv_run(&w.loop, UV_RUN_NOWAIT);
	for (int side = 0; side < 2; side++) {
		if (w.phones[side].dtls)
			phone_step(&w.phones[side]);
	}
	uv_sleep(1);
}

#define wait_for(condition)                                                                    \
	do {                                                                                   \
		usec_t end_ = clock_monotonic_us() + PATIENCE;                                 \
		while (!(condition) && clock_monotonic_us() < end_)                            \
			turn();                                                                \
		assert_true(condition);                                                        \
	} while (0)

static inline void pause_ms(int ms)
{
	usec_t end = clock_monotonic_us() + ms * USEC_PER_MS;

	while (clock_monotonic_us() < end)
		turn();
}

static inline struct media_remote remote_of(const struct phone *phone)
{
	struct media_remote remote = {.rtp = phone->rtp.local,
		.rtcp_mux = phone->has_mux,
		.keying = phone->keying,
		.role = phone->role == MEDIA_DTLS_CLIENT ? MEDIA_DTLS_SERVER
							 : MEDIA_DTLS_CLIENT,
		.profile = phone->profile ? phone->profile->id : PROFILE,
		.ours = phone->ours,
		.peers = phone->mine};

	if (!phone->has_mux)
		remote.rtcp = phone->rtcp.local;
	if (phone->keying == MEDIA_KEYING_DTLS)
		fingerprint_set_add(&remote.fingerprints, &phone->certificate.fingerprint);
	return remote;
}

static inline void open_session(bool mux_a, bool mux_b)
{
	struct media_open_request request = {.cookie = 4711};

	start();
	phone_init(&w.phones[A], MEDIA_DTLS_CLIENT, mux_a);
	phone_init(&w.phones[B], MEDIA_DTLS_SERVER, mux_b);
	assert_int_equal(0, media_open(w.media, &request, &w.opened));
}

static inline void set_remote(enum media_side side)
{
	struct media_remote remote = remote_of(&w.phones[side]);

	assert_int_equal(0, media_set_remote(w.media, w.opened.id, side, &remote));
}

static inline void set_gates(bool is_open)
{
	assert_int_equal(0, media_set_gate(w.media, w.opened.id, A, is_open));
	assert_int_equal(0, media_set_gate(w.media, w.opened.id, B, is_open));
}

static inline void secure_both(void)
{
	set_remote(A);
	set_remote(B);
	phone_start(&w.phones[A], &w.opened.local[A]);
	phone_start(&w.phones[B], &w.opened.local[B]);
	wait_for(w.heard.secured[A] && w.heard.secured[B]);
	wait_for(phone_is_done(&w.phones[A]) && phone_is_done(&w.phones[B]));
}

static inline void ask_counters(void)
{
	unsigned before = w.heard.counters;

	assert_int_equal(0, media_ask_counters(w.media, w.opened.id));
	wait_for(w.heard.counters > before);
}

static inline void close_session(void)
{
	media_close(w.media, w.opened.id);
	wait_for(w.heard.closed);
}

/* A session between two phones of these kinds, secured, gates open. */
static inline void connect_phones(enum media_keying a, enum media_keying b, bool has_mux)
{
	const enum media_keying keying[2] = {a, b};
	struct media_open_request request = {0};

	assert_int_equal(0, media_new(&w.media, &w.config, &w.loop, on_event, &w.heard));
	for (int side = 0; side < 2; side++) {
		phone_init(
			&w.phones[side], side ? MEDIA_DTLS_SERVER : MEDIA_DTLS_CLIENT, has_mux);
		phone_key(&w.phones[side], keying[side], PROFILE);
	}
	assert_int_equal(0, media_open(w.media, &request, &w.opened));
	for (int side = 0; side < 2; side++) {
		media_set_gate(w.media, w.opened.id, (enum media_side)side, true);
		set_remote((enum media_side)side);
		phone_start(&w.phones[side], &w.opened.local[side]);
	}
	wait_for(w.heard.secured[A] && w.heard.secured[B]);
	for (int side = 0; side < 2; side++) {
		if (keying[side] == MEDIA_KEYING_DTLS)
			wait_for(phone_is_done(&w.phones[side]));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
