/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The whole room through its door: a session between two phones on the loopback. Each test
 * has a media room of its own, with real threads.
 */

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "base/mem.h"
#include "media/srtp_kernels.h"
#include "tests/unit/media/phone.h"

#define PORT_MIN 41000
#define PORT_MAX 41039 /* twenty pairs */
#define PATIENCE (10 * USEC_PER_SEC)
#define A        MEDIA_SIDE_A
#define B        MEDIA_SIDE_B

struct heard {
	unsigned secured[2], failed[2], timeout[2], counters, closed;
	enum media_failure failure[2];
	struct media_security security[2];
	struct media_counters count[2];
	uint64_t cookie;
};

static struct world {
	uv_loop_t loop;
	struct media_config config;
	struct media *media;
	struct heard heard;
	bool is_stopped;
	struct phone phones[2];
	struct media_opened opened;
} w;

static void on_event(const struct media_event *ev, void *arg)
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
		break;
	case MEDIA_EVENT_COUNTERS:
		h->counters++;
		memcpy(h->count, ev->counters, sizeof(h->count));
		break;
	case MEDIA_EVENT_STATE: /* tests/unit/media/test_stream.c */
		break;
	case MEDIA_EVENT_CLOSED:
		h->closed++;
		memcpy(h->count, ev->counters, sizeof(h->count));
		break;
	}
}

static void on_stopped(void *arg)
{
	*(bool *)arg = true;
}

static int set_up(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	uv_loop_init(&w.loop);
	media_config_init(&w.config);
	w.config.loop_count = 2;
	w.config.session_max = 6;
	w.config.interface_count = 1;
	netaddr_parse(&w.config.interfaces[0].address, SLICE("127.0.0.1"), 0);
	w.config.interfaces[0].port_min = PORT_MIN;
	w.config.interfaces[0].port_max = PORT_MAX;
	w.config.dtls_retransmit = 100 * USEC_PER_MS;
	return 0;
}

static void start(void)
{
	assert_int_equal(0, media_new(&w.media, &w.config, &w.loop, on_event, &w.heard));
}

static int tear_down(void **state)
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

static void turn(void)
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

static void pause_ms(int ms)
{
	usec_t end = clock_monotonic_us() + ms * USEC_PER_MS;

	while (clock_monotonic_us() < end)
		turn();
}

static struct media_remote remote_of(const struct phone *phone)
{
	struct media_remote remote = {.rtp = phone->rtp.local,
		.rtcp_mux = phone->has_mux,
		.role = phone->role == MEDIA_DTLS_CLIENT ? MEDIA_DTLS_SERVER
							 : MEDIA_DTLS_CLIENT};

	if (!phone->has_mux)
		remote.rtcp = phone->rtcp.local;
	fingerprint_set_add(&remote.fingerprints, &phone->certificate.fingerprint);
	return remote;
}

static void open_session(bool mux_a, bool mux_b)
{
	struct media_open_request request = {.cookie = 4711};

	start();
	phone_init(&w.phones[A], MEDIA_DTLS_CLIENT, mux_a);
	phone_init(&w.phones[B], MEDIA_DTLS_SERVER, mux_b);
	assert_int_equal(0, media_open(w.media, &request, &w.opened));
}

static void set_remote(enum media_side side)
{
	struct media_remote remote = remote_of(&w.phones[side]);

	assert_int_equal(0, media_set_remote(w.media, w.opened.id, side, &remote));
}

static void set_gates(bool is_open)
{
	assert_int_equal(0, media_set_gate(w.media, w.opened.id, A, is_open));
	assert_int_equal(0, media_set_gate(w.media, w.opened.id, B, is_open));
}

static void secure_both(void)
{
	set_remote(A);
	set_remote(B);
	phone_start(&w.phones[A], &w.opened.local[A]);
	phone_start(&w.phones[B], &w.opened.local[B]);
	wait_for(w.heard.secured[A] && w.heard.secured[B]);
	wait_for(phone_is_done(&w.phones[A]) && phone_is_done(&w.phones[B]));
}

static void ask_counters(void)
{
	unsigned before = w.heard.counters;

	assert_int_equal(0, media_ask_counters(w.media, w.opened.id));
	wait_for(w.heard.counters > before);
}

static void close_session(void)
{
	media_close(w.media, w.opened.id);
	wait_for(w.heard.closed);
}

/* ---- */

static void relays(bool mux_a, bool mux_b)
{
	open_session(mux_a, mux_b);
	set_gates(true);
	secure_both();
	for (int i = 0; i < 20; i++) {
		phone_send_rtp(&w.phones[A]);
		phone_send_rtp(&w.phones[B]);
		phone_send_rtcp(&w.phones[A]);
		phone_send_rtcp(&w.phones[B]);
		turn();
	}
	wait_for(w.phones[B].rtp.rtp_received == 20 && w.phones[A].rtp.rtp_received == 20);
	wait_for((mux_a ? w.phones[A].rtp : w.phones[A].rtcp).rtcp_received == 20);
	wait_for((mux_b ? w.phones[B].rtp : w.phones[B].rtcp).rtcp_received == 20);
	assert_int_equal(0, w.phones[A].rtp.not_verified + w.phones[B].rtp.not_verified);
	assert_int_equal(0, w.phones[A].rtcp.not_verified + w.phones[B].rtcp.not_verified);
	close_session();
	for (int side = 0; side < 2; side++) {
		const struct media_counters *c = &w.heard.count[side];

		assert_int_equal(20, c->rtp_received);
		assert_int_equal(20, c->rtp_relayed);
		assert_int_equal(20, c->rtcp_received);
		assert_int_equal(20, c->rtcp_relayed);
		assert_int_equal(0, c->rtp_lost);
		assert_int_equal(0, c->dropped_gate + c->dropped_auth + c->dropped_malformed +
					    c->dropped_source + c->dropped_send);
		assert_true(c->dtls_received > 0);
	}
	assert_int_equal(4711, w.heard.cookie);
}

static void relays_with_mux(void **state)
{
	(void)state;
	relays(true, true);
	/* What was agreed, in the registered names. */
	assert_string_equal("DTLSv1.3", w.heard.security[A].dtls_version);
	assert_string_equal("SRTP_AEAD_AES_128_GCM", w.heard.security[A].srtp_profile);
	assert_true(slice_starts(slice_str(w.heard.security[B].cipher_suite), SLICE("TLS_")));
	assert_true(fingerprint_equal(
		&w.heard.security[B].presented, &w.phones[B].certificate.fingerprint));
	assert_true(fingerprint_equal(media_own_fingerprint(w.media),
		&dtls_assoc_result(w.phones[A].rtp.assoc)->presented));
}

/* DTLS-8, SDP-33: two associations a side. */
static void relays_without_mux(void **state)
{
	(void)state;
	relays(false, false);
}

static void relays_with_mux_on_one_side(void **state)
{
	(void)state;
	relays(true, false);
}

/* DTLS-12, DTLS-13: one shut gate is enough. */
static void shut_gate_stops_media(void **state)
{
	static const bool gates[][2] = {{false, false}, {true, false}, {false, true}};

	(void)state;
	open_session(true, true);
	secure_both();
	for (size_t i = 0; i < 3; i++) {
		media_set_gate(w.media, w.opened.id, A, gates[i][0]);
		media_set_gate(w.media, w.opened.id, B, gates[i][1]);
		ask_counters(); /* and the gates are set by then */
		for (int n = 0; n < 5; n++) {
			phone_send_rtp(&w.phones[A]);
			phone_send_rtp(&w.phones[B]);
			phone_send_rtcp(&w.phones[B]);
		}
		pause_ms(30);
	}
	ask_counters();
	assert_int_equal(15, w.heard.count[A].dropped_gate);
	assert_int_equal(30, w.heard.count[B].dropped_gate);
	assert_int_equal(0, w.heard.count[A].rtp_relayed + w.heard.count[B].rtp_relayed);
	assert_int_equal(0, w.phones[A].rtp.rtp_received + w.phones[B].rtp.rtp_received);
	set_gates(true);
	ask_counters();
	phone_send_rtp(&w.phones[A]);
	wait_for(w.phones[B].rtp.rtp_received == 1);
	set_gates(false);
	ask_counters();
	phone_send_rtp(&w.phones[A]);
	pause_ms(30);
	assert_int_equal(1, w.phones[B].rtp.rtp_received);
}

/* SRTP-15, M9: media before or without a handshake goes nowhere, in either direction. */
static void no_media_before_both_are_secured(void **state)
{
	(void)state;
	open_session(true, true);
	set_gates(true);
	set_remote(A);
	set_remote(B);
	phone_start(&w.phones[A], &w.opened.local[A]);
	phone_start(&w.phones[B], &w.opened.local[B]);
	w.phones[B].is_deaf = true; /* does not answer our hello */
	wait_for(w.heard.secured[A]);
	for (int i = 0; i < 10; i++)
		phone_send_rtp(&w.phones[A]);
	phone_send_rtp(&w.phones[B]); /* in the clear */
	pause_ms(30);
	ask_counters();
	assert_int_equal(10, w.heard.count[A].dropped_gate);
	assert_int_equal(0, w.heard.count[A].rtp_relayed + w.heard.count[B].rtp_relayed);
}

/* DTLS-11, M9, both roles: the signalled phone has another certificate. */
static void wrong_fingerprint_fails(void **state)
{
	struct media_remote remote;
	struct certificate other;

	(void)state;
	open_session(true, true);
	set_gates(true);
	certificate_init(&other);
	for (int side = 0; side < 2; side++) {
		remote = remote_of(&w.phones[side]);
		remote.fingerprints.count = 0;
		fingerprint_set_add(&remote.fingerprints, &other.fingerprint);
		media_set_remote(w.media, w.opened.id, (enum media_side)side, &remote);
		phone_start(&w.phones[side], &w.opened.local[side]);
	}
	wait_for(w.heard.failed[A] && w.heard.failed[B]);
	for (int side = 0; side < 2; side++) {
		assert_int_equal(MEDIA_FAILURE_FINGERPRINT, w.heard.failure[side]);
		assert_true(fingerprint_equal(&w.heard.security[side].presented,
			&w.phones[side].certificate.fingerprint));
		for (int i = 0; i < 5; i++)
			phone_send_rtp(&w.phones[side]);
	}
	pause_ms(50);
	close_session();
	assert_int_equal(0, w.heard.secured[A] + w.heard.secured[B]);
	assert_int_equal(0, w.heard.count[A].rtp_relayed + w.heard.count[B].rtp_relayed);
	assert_int_equal(5, w.heard.count[A].dropped_gate);
	assert_int_equal(0, w.phones[A].rtp.rtp_received + w.phones[B].rtp.rtp_received);
}

/* SDP-8: no fall back to a weaker hash after a mismatch in a stronger one. */
static void strongest_hash_decides(void **state)
{
	struct media_remote remote;
	struct fingerprint strong;
	uint8_t other[4] = "xyz";

	(void)state;
	open_session(true, true);
	remote = remote_of(&w.phones[A]);
	certificate_fingerprint(&strong, FINGERPRINT_SHA512, other, sizeof(other));
	fingerprint_set_add(&remote.fingerprints, &strong);
	media_set_remote(w.media, w.opened.id, A, &remote);
	phone_start(&w.phones[A], &w.opened.local[A]);
	wait_for(w.heard.failed[A]);
	assert_int_equal(MEDIA_FAILURE_FINGERPRINT, w.heard.failure[A]);
	assert_string_equal("sha-512", w.heard.security[A].presented.alg);
	/* SDP-9: only a hash that is not computed or not allowed. */
	remote.fingerprints.count = 0;
	certificate_fingerprint(&strong, FINGERPRINT_SHA1, other, sizeof(other));
	fingerprint_set_add(&remote.fingerprints, &strong);
	assert_int_equal(SBC_EINVAL, media_set_remote(w.media, w.opened.id, A, &remote));
}

/* The newest datagram a phone's client sends first. */
static size_t take_hello(struct phone *phone, uint8_t *out)
{
	struct netaddr nowhere;
	int fd = phone_bind(&nowhere);
	ssize_t n;

	phone_start(phone, &nowhere);
	n = recv(fd, out, PHONE_PACKET_MAX, 0);
	close(fd);
	phone_line_fini(&phone->rtp);
	phone_line_fini(&phone->rtcp);
	return n > 0 ? (size_t)n : 0;
}

static const uint8_t plain_alert[] = {21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40};
static const uint8_t junk[] = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 3, 1, 2, 3};

/* M1, DTLS-14: strangers come first, from other addresses and with forged hellos from the
 * phone's own, and all through the handshake. */
static void foreign_hellos_do_not_matter(void **state)
{
	struct phone stranger;
	uint8_t hello[PHONE_PACKET_MAX];
	size_t len;

	(void)state;
	open_session(true, true);
	set_gates(true);
	set_remote(A);
	set_remote(B);
	for (int i = 0; i < 6; i++) {
		phone_init(&stranger, MEDIA_DTLS_CLIENT, true);
		len = take_hello(&stranger, hello);
		assert_true(len > 100);
		phone_write(&stranger.rtp, hello, len, &w.opened.local[A]);
		phone_write(&stranger.rtp, junk, sizeof(junk), &w.opened.local[A]);
		phone_write(
			&stranger.rtp, plain_alert, sizeof(plain_alert), &w.opened.local[A]);
		/* from the phone's own address: more than there are places */
		phone_write(&w.phones[A].rtp, hello, len, &w.opened.local[A]);
		hello[len / 2] ^= 0xff;
		phone_write(&w.phones[A].rtp, hello, 60, &w.opened.local[A]);
		phone_write(&stranger.rtp, hello, len, &w.opened.local[B]);
		phone_fini(&stranger);
	}
	phone_write(&w.phones[A].rtp, plain_alert, sizeof(plain_alert), &w.opened.local[A]);
	phone_write(&w.phones[A].rtp, junk, sizeof(junk), &w.opened.local[A]);
	pause_ms(30);
	secure_both();
	/* M2: and in the middle of the call. */
	phone_write(&w.phones[A].rtp, plain_alert, sizeof(plain_alert), &w.opened.local[A]);
	phone_write(&w.phones[A].rtp, hello, len, &w.opened.local[A]);
	phone_send_rtp(&w.phones[A]);
	wait_for(w.phones[B].rtp.rtp_received == 1);
	close_session();
	assert_int_equal(0, w.heard.failed[A] + w.heard.failed[B]);
	assert_true(w.heard.count[A].dropped_dtls > 0);
}

/* A stranger completes a handshake with a certificate of its own. */
static void foreign_certificate_does_not_matter(void **state)
{
	struct phone stranger;

	(void)state;
	open_session(true, true);
	set_remote(A);
	set_remote(B);
	phone_init(&stranger, MEDIA_DTLS_CLIENT, true);
	phone_start(&stranger, &w.opened.local[A]);
	for (int i = 0; i < 300 && !phone_is_done(&stranger); i++) {
		phone_step(&stranger);
		turn();
	}
	assert_true(phone_is_done(&stranger));
	pause_ms(20);
	assert_int_equal(0, w.heard.failed[A]);
	secure_both();
	phone_send_rtp(&stranger);
	pause_ms(20);
	phone_fini(&stranger);
	close_session();
	/* The certificate, and its media. */
	assert_int_equal(2, w.heard.count[A].dropped_source);
	assert_int_equal(0, w.heard.count[A].rtp_relayed);
}

/* Behind an address translator the phone is not where its SDP says. */
static void other_address_with_right_certificate(void **state)
{
	struct media_remote remote;

	(void)state;
	open_session(true, true);
	set_gates(true);
	remote = remote_of(&w.phones[A]);
	netaddr_parse(&remote.rtp, SLICE("127.0.0.1"), 9);
	assert_int_equal(0, media_set_remote(w.media, w.opened.id, A, &remote));
	set_remote(B);
	phone_start(&w.phones[A], &w.opened.local[A]);
	phone_start(&w.phones[B], &w.opened.local[B]);
	wait_for(w.heard.secured[A] && w.heard.secured[B]);
	wait_for(phone_is_done(&w.phones[A]) && phone_is_done(&w.phones[B]));
	phone_send_rtp(&w.phones[B]);
	wait_for(w.phones[A].rtp.rtp_received == 1);
}

/* M4, SRTP-13: only what verifies moves the address; a copy of it does not. */
static void address_moves_only_with_proof(void **state)
{
	struct netaddr moved;
	int old_fd, other = phone_bind(&moved);
	struct phone_line *line = &w.phones[A].rtp;
	struct phone_line thief = {.fd = other};

	(void)state;
	open_session(true, true);
	set_gates(true);
	secure_both();
	phone_send_rtp(&w.phones[A]);
	wait_for(w.phones[B].rtp.rtp_received == 1);
	phone_write(&thief, line->wire, line->wire_len, &w.opened.local[A]); /* a copy */
	line->wire[20] ^= 1;
	phone_write(&thief, line->wire, line->wire_len, &w.opened.local[A]);
	ask_counters();
	pause_ms(20);
	phone_send_rtp(&w.phones[B]);
	wait_for(line->rtp_received == 1);
	ask_counters();
	assert_int_equal(2, w.heard.count[A].dropped_source);
	/* The phone itself moves. */
	old_fd = line->fd;
	line->fd = other;
	phone_send_rtp(&w.phones[A]);
	wait_for(w.phones[B].rtp.rtp_received == 2);
	phone_send_rtp(&w.phones[B]);
	wait_for(line->rtp_received == 2);
	close(old_fd);
}

/* SRTP-7, SRTP-14, M5: counted, and no more than that. */
static void tampered_and_replayed_are_counted(void **state)
{
	struct phone_line *line = &w.phones[A].rtp;

	(void)state;
	open_session(true, true);
	set_gates(true);
	secure_both();
	phone_send_rtp(&w.phones[A]);
	wait_for(w.phones[B].rtp.rtp_received == 1);
	for (int i = 0; i < 3; i++)
		phone_write(line, line->wire, line->wire_len, &line->remote);
	w.phones[A].sequence += 4; /* four lost ones */
	phone_send_rtp(&w.phones[A]);
	wait_for(w.phones[B].rtp.rtp_received == 2);
	w.phones[A].sequence++;
	for (int i = 0; i < 200; i++) {
		line->wire[2] = (uint8_t)(w.phones[A].sequence >> 8);
		line->wire[3] = (uint8_t)w.phones[A].sequence;
		line->wire[30] ^= 0x55;
		phone_write(line, line->wire, line->wire_len, &line->remote);
		if (i % 20 == 0)
			turn();
	}
	line->wire[0] = 0x8f; /* says fifteen CSRCs that are not there */
	phone_write(line, line->wire, 20, &line->remote);
	line->wire[0] = 200; /* no class at all */
	phone_write(line, line->wire, 20, &line->remote);
	pause_ms(30);
	phone_send_rtp(&w.phones[A]);
	wait_for(w.phones[B].rtp.rtp_received == 3);
	close_session();
	assert_int_equal(3, w.heard.count[A].dropped_replay);
	assert_int_equal(200, w.heard.count[A].dropped_auth);
	assert_int_equal(2, w.heard.count[A].dropped_malformed);
	assert_int_equal(5, w.heard.count[A].rtp_lost);
	assert_int_equal(3, w.heard.count[A].rtp_relayed);
	assert_int_equal(0, w.heard.failed[A]);
}

/* SDP-11, RFC 5763 section 5: the hello may overtake the answer. */
static void early_handshake(void **state)
{
	(void)state;
	open_session(false, true);
	for (int i = 0; i < 20; i++) /* more than are kept, before it */
		phone_write(&w.phones[A].rtp, junk, sizeof(junk), &w.opened.local[A]);
	phone_start(&w.phones[A], &w.opened.local[A]);
	pause_ms(50);
	assert_int_equal(0, w.phones[A].rtp.dtls_received);
	set_remote(A);
	wait_for(w.heard.secured[A]);
}

/* RFC 8842: the same description keeps the association, another fingerprint ends it. */
static void new_fingerprint_new_association(void **state)
{
	struct media_remote remote;

	(void)state;
	open_session(true, true);
	set_gates(true);
	secure_both();
	set_remote(A);
	set_remote(B);
	ask_counters();
	phone_send_rtp(&w.phones[A]);
	wait_for(w.phones[B].rtp.rtp_received == 1);
	assert_int_equal(1, w.heard.secured[A]);
	/* Another phone takes over on side A. */
	phone_fini(&w.phones[A]);
	phone_init(&w.phones[A], MEDIA_DTLS_CLIENT, true);
	set_remote(A);
	ask_counters();
	w.phones[A].rtp.remote = w.opened.local[A];
	phone_send_rtp(&w.phones[A]);
	pause_ms(20);
	assert_int_equal(1, w.phones[B].rtp.rtp_received);
	phone_start(&w.phones[A], &w.opened.local[A]);
	wait_for(w.heard.secured[A] == 2 && phone_is_done(&w.phones[A]));
	w.phones[A].ssrc++;
	phone_send_rtp(&w.phones[A]);
	wait_for(w.phones[B].rtp.rtp_received == 2);
	/* Another role too: now we are the client, and the phone answers no hello. */
	remote = remote_of(&w.phones[A]);
	remote.role = MEDIA_DTLS_CLIENT;
	assert_int_equal(0, media_set_remote(w.media, w.opened.id, A, &remote));
	ask_counters();
	phone_send_rtp(&w.phones[A]);
	pause_ms(20);
	assert_int_equal(2, w.phones[B].rtp.rtp_received);
}

/* A hold that says 0.0.0.0 neither loses the peer nor sends anything there. */
static void hold_keeps_the_association(void **state)
{
	struct media_remote remote;

	(void)state;
	open_session(true, true);
	set_gates(true);
	secure_both();
	for (int side = 0; side < 2; side++) {
		remote = remote_of(&w.phones[side]);
		netaddr_parse(&remote.rtp, SLICE("0.0.0.0"), 0);
		assert_int_equal(0,
			media_set_remote(w.media, w.opened.id, (enum media_side)side, &remote));
	}
	ask_counters();
	phone_send_rtp(&w.phones[A]);
	phone_send_rtp(&w.phones[B]);
	wait_for(w.phones[A].rtp.rtp_received == 1 && w.phones[B].rtp.rtp_received == 1);
	set_remote(A);
	set_remote(B);
	ask_counters();
	phone_send_rtp(&w.phones[A]);
	wait_for(w.phones[B].rtp.rtp_received == 2);
	assert_int_equal(1, w.heard.secured[A]);
	assert_int_equal(1, w.heard.secured[B]);
}

static void deadlines(void **state)
{
	uint8_t hello[PHONE_PACKET_MAX];
	struct phone other = {0};
	size_t len;

	(void)state;
	w.config.dtls_deadline = 300 * USEC_PER_MS;
	open_session(true, true);
	set_remote(A);
	wait_for(w.heard.failed[A]);
	assert_int_equal(MEDIA_FAILURE_DEADLINE, w.heard.failure[A]);
	/* DTLS-4: a client without a profile of ours; not at once, it may be a forger's. */
	phone_init(&other, MEDIA_DTLS_CLIENT, true);
	dtls_context_free(other.dtls);
	other.config.profiles[0] = MEDIA_SRTP_AES128_CM_SHA1_32;
	other.config.profile_count = 1;
	dtls_context_new(&other.dtls, &other.certificate, &other.config);
	len = take_hello(&other, hello);
	set_remote(A);
	ask_counters();
	phone_write(&w.phones[A].rtp, hello, len, &w.opened.local[A]);
	phone_fini(&other);
	wait_for(w.heard.failed[A] == 2);
	assert_int_equal(MEDIA_FAILURE_HANDSHAKE, w.heard.failure[A]);
	/* And it may begin again. */
	set_remote(A);
	phone_start(&w.phones[A], &w.opened.local[A]);
	wait_for(w.heard.secured[A]);
}

static void silence_is_told_once(void **state)
{
	(void)state;
	w.config.media_timeout = 150 * USEC_PER_MS;
	open_session(true, true);
	secure_both();
	wait_for(w.heard.timeout[A] && w.heard.timeout[B]);
	pause_ms(400);
	assert_int_equal(1, w.heard.timeout[A]);
	phone_send_rtp(&w.phones[A]);
	wait_for(w.heard.timeout[A] == 2);
	assert_int_equal(1, w.heard.timeout[B]);
}

static void limits(void **state)
{
	struct media_open_request request = {0};
	struct media_opened opened[7], again;
	struct media_remote remote = {.rtcp_mux = true};

	(void)state;
	start();
	for (int i = 0; i < 6; i++)
		assert_int_equal(0, media_open(w.media, &request, &opened[i]));
	assert_int_equal(SBC_ELIMIT, media_open(w.media, &request, &opened[6]));
	request.interface[B] = 1;
	media_close(w.media, opened[0].id);
	media_close(w.media, opened[0].id); /* a name that is dead is ignored */
	wait_for(w.heard.closed == 1);
	assert_int_equal(SBC_EINVAL, media_open(w.media, &request, &again));
	request.interface[B] = 0;
	assert_int_equal(0, media_open(w.media, &request, &again));
	/* The same slot, but never the same name or, so soon, the same port. */
	assert_int_equal(opened[0].id.slot, again.id.slot);
	assert_int_not_equal(opened[0].id.generation, again.id.generation);
	assert_int_not_equal(netaddr_port(&opened[0].local[A]), netaddr_port(&again.local[A]));
	assert_int_equal(0, netaddr_port(&again.local[B]) % 2);
	assert_int_equal(SBC_ENOENT, media_set_gate(w.media, opened[0].id, A, true));
	assert_int_equal(SBC_EINVAL, media_set_remote(w.media, again.id, A, &remote));
	/* The mailbox gets full, and CLOSE still fits; then the loop catches up. */
	for (int i = 0; i < 100000; i++) {
		if (media_ask_counters(w.media, again.id) == SBC_EAGAIN)
			break;
	}
	media_close(w.media, again.id);
	wait_for(w.heard.closed == 2);
}

static void stops_with_sessions_open(void **state)
{
	struct media_open_request request = {0};
	struct media_opened opened;

	(void)state;
	open_session(true, true);
	secure_both();
	assert_int_equal(0, media_open(w.media, &request, &opened));
	media_stop(w.media, on_stopped, &w.is_stopped);
	assert_int_equal(SBC_ESTATE, media_open(w.media, &request, &opened));
	assert_int_equal(0, w.heard.closed); /* never inside a call */
	uv_run(&w.loop, UV_RUN_DEFAULT);
	assert_true(w.is_stopped);
	assert_int_equal(2, w.heard.closed);
	w.media = NULL;
}

static void bad_configurations(void **state)
{
	struct media_config good = w.config, bad;

	(void)state;
#define REFUSED(change)                                                                        \
	do {                                                                                   \
		bad = good;                                                                    \
		bad.change;                                                                    \
		assert_int_equal(                                                              \
			SBC_EINVAL, media_new(&w.media, &bad, &w.loop, on_event, &w.heard));   \
	} while (0)
	REFUSED(loop_count = 0);
	REFUSED(loop_count = MEDIA_LOOP_MAX + 1);
	REFUSED(interface_count = 0);
	REFUSED(session_max = 0);
	REFUSED(session_max = 1000000);
	REFUSED(profile_count = 0);
	REFUSED(profiles[0] = (enum media_srtp_profile)5);
	REFUSED(dtls_mtu = 100);
	REFUSED(coalesce = -1);
	REFUSED(coalesce = MEDIA_COALESCE_MAX + 1);
	REFUSED(interfaces[0].port_max = PORT_MIN);
	REFUSED(dtls_deadline = 0);
#undef REFUSED
	assert_null(w.media);
	for (long i = 0; i < 200; i++) {
		mem_fail_after(i);
		if (!media_new(&w.media, &good, &w.loop, on_event, &w.heard))
			break;
		assert_null(w.media);
	}
	mem_fail_after(-1);
	assert_non_null(w.media);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(relays_with_mux),
		TEST(relays_without_mux),
		TEST(relays_with_mux_on_one_side),
		TEST(shut_gate_stops_media),
		TEST(no_media_before_both_are_secured),
		TEST(wrong_fingerprint_fails),
		TEST(strongest_hash_decides),
		TEST(foreign_hellos_do_not_matter),
		TEST(foreign_certificate_does_not_matter),
		TEST(other_address_with_right_certificate),
		TEST(address_moves_only_with_proof),
		TEST(tampered_and_replayed_are_counted),
		TEST(early_handshake),
		TEST(new_fingerprint_new_association),
		TEST(hold_keeps_the_association),
		TEST(deadlines),
		TEST(silence_is_told_once),
		TEST(limits),
		TEST(stops_with_sessions_open),
		TEST(bad_configurations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
