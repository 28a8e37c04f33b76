/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A call that another node takes over: two rooms, each with threads, ports and a certificate
 * of its own. What one tells of a living session goes to the other as bytes; the phones go on
 * with the keys, numbers and associations that they have (SRTP-9, SRTP-10).
 */

#include "tests/cmocka_first.h"

#include "tests/unit/media/room.h"

#define TAPPED 40

/* Packets as they were on their way, to be sent again. */
struct tap {
	size_t len;
	uint8_t bytes[PHONE_PACKET_MAX];
};

static struct {
	struct media *media; /* the other room; the first one is w.media */
	struct media_config config;
	struct media_opened opened;
	struct heard heard;
	bool is_stopped;
	struct tap taps[2][2][TAPPED]; /* of a side, RTP and RTCP */
	unsigned tapped[2][2];
	struct buf bytes;
} there;

static void tap(enum media_side side, bool is_rtcp)
{
	struct phone *phone = &w.phones[side];
	const struct phone_line *line = is_rtcp && !phone->has_mux ? &phone->rtcp : &phone->rtp;
	struct tap *t = &there.taps[side][is_rtcp][there.tapped[side][is_rtcp]++ % TAPPED];

	t->len = line->wire_len;
	memcpy(t->bytes, line->wire, line->wire_len);
}

static void send_both(bool is_tapped)
{
	for (int side = 0; side < 2; side++) {
		phone_send_rtp(&w.phones[side]);
		if (is_tapped)
			tap((enum media_side)side, false);
		phone_send_rtcp(&w.phones[side]);
		if (is_tapped)
			tap((enum media_side)side, true);
	}
	turn();
}

static unsigned rtcp_of(enum media_side side)
{
	const struct phone *phone = &w.phones[side];

	return (phone->has_mux ? &phone->rtp : &phone->rtcp)->rtcp_received;
}

static void wait_for_both(unsigned rtp, unsigned rtcp)
{
	for (int side = 0; side < 2; side++) {
		wait_for(w.phones[side].rtp.rtp_received == rtp);
		wait_for(rtcp_of((enum media_side)side) == rtcp);
	}
}

/* Both ways, and everything arrives. */
static void talk(unsigned count, bool is_tapped)
{
	unsigned rtp = w.phones[A].rtp.rtp_received, rtcp = rtcp_of(A);

	assert_int_equal(rtp, w.phones[B].rtp.rtp_received);
	for (unsigned i = 0; i < count; i++)
		send_both(is_tapped);
	wait_for_both(rtp + count, rtcp + count);
}

static unsigned not_verified(void)
{
	unsigned count = 0;

	for (int side = 0; side < 2; side++)
		count += w.phones[side].rtp.not_verified + w.phones[side].rtcp.not_verified;
	return count;
}

static void take_state(void)
{
	struct media_state *state = &w.heard.state;

	assert_int_equal(0, media_ask_state(w.media, w.opened.id));
	wait_for(w.heard.states == 1);
	buf_init(&there.bytes, MEDIA_STATE_BYTES_MAX);
	assert_int_equal(0, media_state_write(&there.bytes, state));
	mem_wipe(state, sizeof(*state));
}

/* The node is no more: its sockets are gone without a word, as its threads are. */
static void lose_here(void)
{
	media_stop(w.media, on_stopped, &w.is_stopped);
	wait_for(w.is_stopped);
	w.media = NULL;
}

/* has_ports: those that the other one had; else any. */
static void restore_there(bool has_ports)
{
	struct media_open_request request = {0};
	struct media_state state;

	assert_int_equal(0, media_state_read(&state, buf_slice(&there.bytes)));
	assert_int_equal(
		0, media_new(&there.media, &there.config, &w.loop, on_event, &there.heard));
	for (int side = 0; side < 2; side++)
		request.port[side] = has_ports ? state.port[side] : 0;
	assert_int_equal(0, media_open(there.media, &request, &there.opened));
	assert_int_equal(0, media_restore(there.media, there.opened.id, &state));
	mem_wipe(&state, sizeof(state));
	wait_for(there.heard.secured[A] && there.heard.secured[B]);
}

/* Where a phone sends from now on, as a description would tell it. */
static void tell_phones(void)
{
	for (int side = 0; side < 2; side++) {
		struct phone *phone = &w.phones[side];

		phone->rtp.remote = phone->rtcp.remote = there.opened.local[side];
		netaddr_set_port(
			&phone->rtcp.remote, (uint16_t)(netaddr_port(&phone->rtp.remote) + 1));
	}
}

static void send_taps(void)
{
	for (int side = 0; side < 2; side++) {
		struct phone *phone = &w.phones[side];
		struct phone_line *rtcp = phone->has_mux ? &phone->rtp : &phone->rtcp;

		for (unsigned i = 0; i < TAPPED; i++) {
			const struct tap *rtp = &there.taps[side][0][i];
			const struct tap *report = &there.taps[side][1][i];

			phone_write(&phone->rtp, rtp->bytes, rtp->len, &phone->rtp.remote);
			phone_write(rtcp, report->bytes, report->len, &rtcp->remote);
		}
	}
}

static void count_there(void)
{
	there.heard.counters = 0;
	assert_int_equal(0, media_ask_counters(there.media, there.opened.id));
	wait_for(there.heard.counters);
}

/* All of them are known, whatever was heard in between. */
static void check_replays(void)
{
	const struct media_counters *c = there.heard.count;
	uint64_t before[2], rtp = w.phones[A].rtp.rtp_received, rtcp = rtcp_of(A);

	count_there();
	for (int side = 0; side < 2; side++)
		before[side] = c[side].dropped_replay;
	send_taps();
	for (int side = 0; side < 2; side++) {
		wait_for((count_there(), c[side].dropped_replay >= before[side] + 2 * TAPPED));
		assert_int_equal(before[side] + 2 * TAPPED, c[side].dropped_replay);
	}
	pause_ms(20);
	wait_for_both((unsigned)rtp, (unsigned)rtcp);
}

/* stale: packets that went through the old node after it told its state. */
static void is_taken_over(
	enum media_keying a, enum media_keying b, uint16_t sequence, unsigned stale)
{
	connect_phones(a, b, stale != 0);
	w.phones[A].sequence = w.phones[B].sequence = sequence;
	talk(TAPPED, true);
	take_state();
	talk(stale, false);
	lose_here();
	for (int i = 0; i < 5; i++) /* nobody there */
		send_both(false);
	restore_there(stale != 0);
	tell_phones();
	check_replays();
	for (int i = 0; i < 20; i++) {
		talk(10, false);
		if (i % 5 == 0)
			check_replays();
	}
	/* No index was used twice: a phone's own replay window would have said so. */
	assert_int_equal(0, not_verified());
	count_there();
	for (int side = 0; side < 2; side++) {
		const struct media_counters *c = &there.heard.count[side];

		assert_int_equal(200, c->rtp_relayed);
		assert_int_equal(200, c->rtcp_relayed);
		assert_int_equal(0, c->dropped_auth + c->dropped_gate + c->dropped_source);
	}
}

static void before_the_wrap(void **state)
{
	(void)state;
	is_taken_over(MEDIA_KEYING_DTLS, MEDIA_KEYING_SDES, 65400, 0);
}

static void behind_the_wrap(void **state)
{
	(void)state;
	is_taken_over(MEDIA_KEYING_SDES, MEDIA_KEYING_DTLS, 65530, 0);
}

/* On the same ports, from a snapshot that is older: the wrap came after it. */
static void from_an_older_word(void **state)
{
	(void)state;
	is_taken_over(MEDIA_KEYING_DTLS, MEDIA_KEYING_DTLS, 65480, 30);
}

/* A change of keys after it: what was imported is keyed anew, too. */
static void is_rekeyed_afterwards(void **state)
{
	(void)state;
	connect_phones(MEDIA_KEYING_SDES, MEDIA_KEYING_SDES, true);
	talk(TAPPED, true);
	take_state();
	lose_here();
	restore_there(false);
	tell_phones();
	talk(3, false);
	for (int side = 0; side < 2; side++) {
		struct phone *phone = &w.phones[side];
		struct media_remote remote;

		memset(&phone->mine, 0x31 + side, sizeof(phone->mine));
		memset(&phone->ours, 0x41 + side, sizeof(phone->ours));
		crypto_context_rekey(phone->rtp.in, phone->profile, &phone->ours);
		crypto_context_rekey(phone->rtp.out, phone->profile, &phone->mine);
		remote = remote_of(phone);
		assert_int_equal(0, media_set_remote(there.media, there.opened.id,
					    (enum media_side)side, &remote));
	}
	count_there();
	talk(200, false);
	assert_int_equal(0, not_verified());
}

static int set_up_both(void **state)
{
	set_up(state);
	memset(&there, 0, sizeof(there));
	there.config = w.config;
	return 0;
}

static int tear_down_both(void **state)
{
	buf_fini_secret(&there.bytes);
	if (there.media)
		media_stop(there.media, on_stopped, &there.is_stopped);
	return tear_down(state);
}

#define TEST_BOTH(name) cmocka_unit_test_setup_teardown(name, set_up_both, tear_down_both)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_BOTH(before_the_wrap),
		TEST_BOTH(behind_the_wrap),
		TEST_BOTH(from_an_older_word),
		TEST_BOTH(is_rekeyed_afterwards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
