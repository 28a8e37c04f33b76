/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two sides of two sessions change places, as a transfer needs it. */

#include "tests/cmocka_first.h"

#include "tests/unit/media/room.h"

/* The second session's phones: w has room for one session. */
static struct phone others[2];
static struct media_opened second;

static void turn_all(void)
{
	turn();
	for (int side = 0; side < 2; side++)
		phone_step(&others[side]);
}

#define wait_for_all(condition)                                                                \
	do {                                                                                   \
		usec_t end_ = clock_monotonic_us() + PATIENCE;                                 \
		while (!(condition) && clock_monotonic_us() < end_)                            \
			turn_all();                                                            \
		assert_true(condition);                                                        \
	} while (0)

static void pause_all(void)
{
	usec_t end = clock_monotonic_us() + 30 * USEC_PER_MS;

	while (clock_monotonic_us() < end)
		turn_all();
}

static void connect_others(void)
{
	struct media_open_request request = {.cookie = 4712, .beside = &w.opened.id};

	assert_int_equal(0, media_open(w.media, &request, &second));
	assert_int_equal(w.opened.id.loop, second.id.loop);
	for (int side = 0; side < 2; side++) {
		struct media_remote remote;

		phone_init(&others[side], side ? MEDIA_DTLS_SERVER : MEDIA_DTLS_CLIENT, true);
		others[side].ssrc = 0x2000 + (uint32_t)side;
		remote = remote_of(&others[side]);
		assert_int_equal(0,
			media_set_remote(w.media, second.id, (enum media_side)side, &remote));
		phone_start(&others[side], &second.local[side]);
	}
	wait_for_all(w.heard.secured[A] == 2 && w.heard.secured[B] == 2);
	wait_for_all(phone_is_done(&others[A]) && phone_is_done(&others[B]));
}

static void make_two(void)
{
	open_session(true, true);
	set_gates(true);
	secure_both();
	connect_others();
}

static void forget_others(void)
{
	for (int side = 0; side < 2; side++)
		phone_fini(&others[side]);
}

static void open_gates(bool is_open)
{
	media_set_gate(w.media, second.id, A, is_open);
	media_set_gate(w.media, second.id, B, is_open);
}

/* Each keeps its port and its association; who was there hears nothing any more. */
static void callees_change_places(void **state)
{
	(void)state;
	make_two();
	open_gates(true);
	assert_int_equal(0, media_exchange(w.media, w.opened.id, B, second.id, B));
	phone_send_rtp(&w.phones[A]);
	wait_for_all(others[B].rtp.rtp_received == 1);
	phone_send_rtp(&others[B]);
	wait_for_all(w.phones[A].rtp.rtp_received == 1);
	pause_all();
	assert_int_equal(0, w.phones[B].rtp.rtp_received);
	assert_int_equal(0, others[A].rtp.rtp_received);
	assert_int_equal(2, w.heard.secured[A]); /* no handshake came of it */
	assert_int_equal(2, w.heard.secured[B]);
	assert_int_equal(0, w.phones[A].rtp.not_verified + others[B].rtp.not_verified);
	forget_others();
}

/* A caller takes a callee's place: A and B are only sides. */
static void sides_may_differ(void **state)
{
	(void)state;
	make_two();
	open_gates(true);
	assert_int_equal(0, media_exchange(w.media, w.opened.id, B, second.id, A));
	phone_send_rtp(&w.phones[A]);
	wait_for_all(others[A].rtp.rtp_received == 1);
	phone_send_rtp(&w.phones[B]);
	wait_for_all(others[B].rtp.rtp_received == 1);
	forget_others();
}

/* The gate goes with its side: a pair is as open as the shutter of the two. */
static void gates_go_along(void **state)
{
	(void)state;
	make_two();
	open_gates(false);
	assert_int_equal(0, media_exchange(w.media, w.opened.id, B, second.id, B));
	phone_send_rtp(&w.phones[A]);
	phone_send_rtp(&others[B]);
	pause_all();
	assert_int_equal(0, others[B].rtp.rtp_received + w.phones[A].rtp.rtp_received);
	assert_int_equal(0, media_set_gate(w.media, w.opened.id, B, true));
	phone_send_rtp(&w.phones[A]);
	wait_for_all(others[B].rtp.rtp_received == 1);
	forget_others();
}

/* Counters and ports are the side's: CLOSED gives back those that the session has now. */
static void ports_and_counters_go_along(void **state)
{
	struct media_open_request request = {.beside = &w.opened.id};
	struct media_opened again;

	(void)state;
	make_two();
	phone_send_rtp(&w.phones[B]);
	wait_for_all(w.phones[A].rtp.rtp_received == 1);
	assert_int_equal(0, media_exchange(w.media, w.opened.id, B, second.id, B));
	media_close(w.media, second.id);
	wait_for_all(w.heard.closed);
	assert_int_equal(4712, w.heard.cookie);
	assert_int_equal(1, w.heard.count[B].rtp_received);
	request.port[A] = netaddr_port(&second.local[B]);
	assert_int_equal(SBC_ELIMIT, media_open(w.media, &request, &again));
	request.port[A] = netaddr_port(&w.opened.local[B]);
	request.port[B] = netaddr_port(&second.local[A]);
	assert_int_equal(0, media_open(w.media, &request, &again));
	forget_others();
}

static void refused(void **state)
{
	struct media_id dead = {.loop = 0, .slot = 0, .generation = 99};
	struct media_open_request request = {.beside = &dead};
	struct media_opened elsewhere;

	(void)state;
	make_two();
	assert_int_equal(SBC_ENOENT, media_exchange(w.media, w.opened.id, A, dead, A));
	assert_int_equal(SBC_ENOENT, media_open(w.media, &request, &elsewhere));
	assert_int_equal(SBC_EINVAL, media_exchange(w.media, w.opened.id, A, w.opened.id, B));
	request.beside = NULL; /* the other loop has less to do */
	assert_int_equal(0, media_open(w.media, &request, &elsewhere));
	assert_int_not_equal(w.opened.id.loop, elsewhere.id.loop);
	assert_int_equal(SBC_EINVAL, media_exchange(w.media, w.opened.id, A, elsewhere.id, A));
	media_close(w.media, second.id);
	assert_int_equal(SBC_ENOENT, media_exchange(w.media, w.opened.id, A, second.id, A));
	forget_others();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(callees_change_places),
		TEST(sides_may_differ),
		TEST(gates_go_along),
		TEST(ports_and_counters_go_along),
		TEST(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
