/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A side's keying, through the door and over loopback sockets: every kind towards every
 * other, and what each refuses (SRTP-15, SRTP-13, RFC 4568 section 7.1.4).
 */

#include "tests/cmocka_first.h"

#include "media/latch.h"
#include "tests/unit/media/room.h"

static void talk(unsigned count)
{
	unsigned a = w.phones[A].rtp.rtp_received, b = w.phones[B].rtp.rtp_received;

	for (unsigned i = 0; i < count; i++) {
		phone_send_rtp(&w.phones[A]);
		phone_send_rtp(&w.phones[B]);
		turn();
	}
	wait_for(w.phones[A].rtp.rtp_received == a + count);
	wait_for(w.phones[B].rtp.rtp_received == b + count);
}

static void relays(enum media_keying a, enum media_keying b, bool has_mux)
{
	connect_phones(a, b, has_mux);
	talk(20);
	phone_send_rtcp(&w.phones[A]);
	phone_send_rtcp(&w.phones[B]);
	wait_for((has_mux ? w.phones[A].rtp : w.phones[A].rtcp).rtcp_received == 1);
	wait_for((has_mux ? w.phones[B].rtp : w.phones[B].rtcp).rtcp_received == 1);
	assert_int_equal(0, w.phones[A].rtp.not_verified + w.phones[B].rtp.not_verified);
	assert_int_equal(a, w.heard.security[A].keying);
	assert_int_equal(b, w.heard.security[B].keying);
	ask_counters();
	for (int side = 0; side < 2; side++) {
		assert_int_equal(20, w.heard.count[side].rtp_relayed);
		assert_int_equal(1, w.heard.count[side].rtcp_relayed);
	}
}

/* Every pairing, with and without rtcp-mux: the interop gateway. */
static void every_pairing_relays(void **state)
{
	(void)state;
	for (int i = 0; i < 18; i++) {
		relays((enum media_keying)(i / 2 % 3), (enum media_keying)(i / 6), i % 2);
		tear_down(NULL);
		set_up(NULL);
	}
}

static void every_profile_by_sdes(void **state)
{
	static const enum media_srtp_profile profiles[] = {MEDIA_SRTP_AES128_CM_SHA1_32,
		MEDIA_SRTP_AEAD_AES_128_GCM, MEDIA_SRTP_AEAD_AES_256_GCM,
		MEDIA_SRTP_AES128_CM_SHA1_80};

	(void)state;
	connect_phones(MEDIA_KEYING_SDES, MEDIA_KEYING_NONE, true);
	for (size_t i = 0; i < 4; i++) {
		unsigned before = w.heard.secured[A];

		/* Both contexts of the phone begin again: so does its sequence (new SSRC). */
		phone_key(&w.phones[A], MEDIA_KEYING_SDES, profiles[i]);
		w.phones[A].ssrc++;
		w.phones[B].ssrc++;
		set_remote(A);
		wait_for(w.heard.secured[A] > before);
		assert_string_equal(
			profile_find(profiles[i])->name, w.heard.security[A].srtp_profile);
		talk(3);
	}
}

/* SRTP-15, section 21 number 11: media in the clear never passes on a side with keys; and
 * nothing that another key protects. */
static void clear_media_on_sdes_is_dropped(void **state)
{
	struct crypto_context *kept;

	(void)state;
	connect_phones(MEDIA_KEYING_SDES, MEDIA_KEYING_NONE, true);
	kept = w.phones[A].rtp.out;
	w.phones[A].rtp.out = NULL;
	phone_send_rtp(&w.phones[A]);
	phone_send_rtcp(&w.phones[A]);
	w.phones[A].rtp.out = w.phones[A].rtcp.in; /* the key of the other direction */
	phone_send_rtp(&w.phones[A]);
	w.phones[A].rtp.out = kept;
	pause_ms(30);
	ask_counters();
	assert_int_equal(3, w.heard.count[A].dropped_auth);
	assert_int_equal(0, w.heard.count[A].rtp_relayed + w.heard.count[A].rtcp_relayed);
	talk(3);
}

/* SRTP-17: a packet that fills Ethernet's frame before SRTP adds to it. */
static void full_packets_relay(void **state)
{
	static const enum media_keying keyings[] = {MEDIA_KEYING_NONE, MEDIA_KEYING_SDES};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct phone_line *line = &w.phones[A].rtp;

		connect_phones(keyings[i], MEDIA_KEYING_DTLS, true);
		memset(line->wire, 0x5a, 1472);
		line->wire[0] = 0x80;
		line->wire[1] = 0;
		line->wire_len = 1472;
		if (line->out)
			crypto_context_protect_rtp(line->out, line->wire, &line->wire_len);
		phone_write(line, line->wire, line->wire_len, &line->remote);
		wait_for(w.phones[B].rtp.rtp_received == 1);
		assert_int_equal(1472, w.phones[B].rtp.last_len);
		assert_int_equal(0x5a, w.phones[B].rtp.last[1471]);
		tear_down(NULL);
		set_up(NULL);
	}
}

/* A handshake on a side that has no DTLS costs one counter and no memory. */
static void dtls_on_sdes_is_dropped(void **state)
{
	const uint8_t hello[20] = {22, 0xfe, 0xfd};

	(void)state;
	connect_phones(MEDIA_KEYING_SDES, MEDIA_KEYING_NONE, true);
	for (int side = 0; side < 2; side++)
		phone_write(&w.phones[side].rtp, hello, sizeof(hello), &w.opened.local[side]);
	pause_ms(30);
	ask_counters();
	assert_int_equal(1, w.heard.count[A].dropped_dtls);
	assert_int_equal(1, w.heard.count[B].dropped_dtls);
	talk(3);
}

static void rekey_phone(struct phone *phone, uint8_t seed)
{
	memset(&phone->mine, seed, sizeof(phone->mine));
	assert_int_equal(0, crypto_context_rekey(phone->rtp.out, phone->profile, &phone->mine));
}

/* M6, users' 13: a new key at the same address keeps the rollover counter (RFC 3711 section
 * 3.3.1), also over the wrap; the same description again changes nothing. */
static void rekeying_keeps_the_rollover_counter(void **state)
{
	(void)state;
	connect_phones(MEDIA_KEYING_SDES, MEDIA_KEYING_DTLS, true);
	w.phones[A].sequence = 65530;
	talk(10);
	set_remote(A);
	talk(3);
	rekey_phone(&w.phones[A], 0x77);
	set_remote(A);
	ask_counters(); /* the new key is in force */
	talk(10);
	ask_counters();
	assert_int_equal(0, w.heard.count[A].dropped_auth + w.heard.count[A].dropped_replay);
	assert_int_equal(1, w.heard.secured[A]); /* the same association */
}

/* RFC 4568 section 7.1.4: with another address the new key begins at zero. */
static void moving_with_a_new_key_begins_at_zero(void **state)
{
	struct phone *a = &w.phones[A];
	struct phone_line line;

	(void)state;
	connect_phones(MEDIA_KEYING_SDES, MEDIA_KEYING_NONE, true);
	a->sequence = 65530;
	talk(10);
	line = a->rtp; /* the phone moves to its other socket */
	a->rtp.fd = a->rtcp.fd;
	a->rtp.local = a->rtcp.local;
	a->rtcp.fd = line.fd;
	a->rtcp.local = line.local;
	crypto_context_free(a->rtp.out);
	memset(&a->mine, 0x55, sizeof(a->mine));
	crypto_context_new(&a->rtp.out, a->profile, &a->mine, CRYPTO_OUT);
	set_remote(A);
	ask_counters();
	talk(10);
	ask_counters();
	assert_int_equal(0, w.heard.count[A].dropped_auth);
}

/* M4: on a plain side a third address moves nothing and is not heard. */
static void plain_takes_the_signalled_address_alone(void **state)
{
	struct phone_line stranger = {0};
	uint8_t packet[172] = {0x80};

	(void)state;
	connect_phones(MEDIA_KEYING_NONE, MEDIA_KEYING_DTLS, true);
	stranger.fd = bind_local(&stranger.local);
	for (uint8_t i = 0; i < 50; i++) {
		packet[3] = i;
		phone_write(&stranger, packet, sizeof(packet), &w.opened.local[A]);
	}
	pause_ms(30);
	ask_counters();
	assert_int_equal(50, w.heard.count[A].dropped_source);
	assert_int_equal(0, w.heard.count[A].rtp_relayed);
	talk(5);
	assert_true(recv(stranger.fd, packet, sizeof(packet), 0) < 0);
	close(stranger.fd);
}

/* Behind a translator: nobody sends from the signalled address, one sends in order. */
static void plain_latches_where_it_may(void **state)
{
	struct media_remote remote;
	struct phone_line *line = &w.phones[A].rtp;
	unsigned sent;

	(void)state;
	connect_phones(MEDIA_KEYING_NONE, MEDIA_KEYING_DTLS, true);
	remote = remote_of(&w.phones[A]);
	netaddr_set_port(&remote.rtp, 9); /* not where it is */
	remote.may_latch = true;
	assert_int_equal(0, media_set_remote(w.media, w.opened.id, A, &remote));
	ask_counters();
	for (sent = 0; sent < LATCH_PACKETS + 4; sent++)
		phone_send_rtp(&w.phones[A]);
	wait_for(w.phones[B].rtp.rtp_received == 5); /* the last of eight, and four */
	phone_send_rtp(&w.phones[B]);
	wait_for(line->rtp_received == 1); /* and the way back */
	ask_counters();
	assert_int_equal(LATCH_PACKETS - 1, w.heard.count[A].dropped_source);
}

/* Silence on hold is none; silence of one side while the other speaks is one-way. */
static void silence_knows_hold_and_one_way(void **state)
{
	struct media_remote remote;

	(void)state;
	w.config.media_timeout = 300 * USEC_PER_MS;
	connect_phones(MEDIA_KEYING_SDES, MEDIA_KEYING_NONE, true);
	for (int i = 0; i < 40 && !w.heard.timeout[B]; i++) {
		phone_send_rtp(&w.phones[A]);
		pause_ms(20);
	}
	assert_int_equal(1, w.heard.timeout[B]);
	assert_true(w.heard.is_one_way[B]);
	assert_int_equal(0, w.heard.timeout[A]);
	remote = remote_of(&w.phones[B]);
	remote.is_held = true;
	media_set_remote(w.media, w.opened.id, B, &remote);
	wait_for(w.heard.timeout[A]);
	assert_false(w.heard.is_one_way[A]); /* nobody speaks that should */
	assert_int_equal(1, w.heard.timeout[B]);
	pause_ms(400);
	assert_int_equal(1, w.heard.timeout[B]); /* held: not told again */
}

/* RFC 3550 sections 6.4.1, A.3 and A.8: what is measured here, and what is reported. */
static void tells_quality(void **state)
{
	const struct media_quality *a = &w.heard.quality[A];
	uint8_t *report = w.phones[B].report;

	(void)state;
	connect_phones(MEDIA_KEYING_DTLS, MEDIA_KEYING_NONE, true);
	w.phones[A].timestamp_step = 160;
	talk(5);
	w.phones[A].sequence += 3; /* lost on the way to us */
	talk(5);
	phone_send_rtcp(&w.phones[A]); /* goes on to B */
	wait_for(w.phones[B].rtp.rtcp_received == 1);
	pause_ms(50);
	/* B: a quarter lost, 7 in all, jitter 80 (10 ms), our report 0x12000034 of before. */
	memcpy(report + 4, "\x40\0\0\x07", 4);
	report[15] = 80;
	memcpy(report + 16, "\x12\0\x34\0", 4);
	phone_send_rtcp(&w.phones[B]);
	wait_for(w.phones[A].rtp.rtcp_received == 1);
	ask_counters();
	assert_int_equal(13, a->expected);
	assert_int_equal(3, w.heard.count[A].rtp_lost);
	assert_true(a->jitter_max_us > 0);
	assert_int_equal(10, w.heard.quality[B].expected);
	assert_int_equal(1, w.heard.quality[B].reports);
	assert_int_equal(7, w.heard.quality[B].reported_lost);
	assert_int_equal(0x40, w.heard.quality[B].reported_fraction);
	assert_int_equal(10 * USEC_PER_MS, w.heard.quality[B].reported_jitter_us);
	assert_in_range(w.heard.quality[B].round_trip_us, 50 * USEC_PER_MS, 1 * USEC_PER_SEC);
	assert_int_equal(0, a->round_trip_us); /* it said nothing of ours */
}

/* A session is closed and lives on in another one, with the same ports, as if nothing had
 * been: SRTP-10. The phones know nothing of it. */
static void lives_on(enum media_keying a, enum media_keying b, bool has_mux)
{
	struct media_open_request request = {0};

	connect_phones(a, b, has_mux);
	w.phones[A].sequence = 65500; /* the wrap is behind, and the counter is one */
	talk(50);
	phone_send_rtcp(&w.phones[A]);
	wait_for((has_mux ? w.phones[B].rtp : w.phones[B].rtcp).rtcp_received == 1);
	assert_int_equal(0, media_ask_state(w.media, w.opened.id));
	wait_for(w.heard.states == 1);
	media_close(w.media, w.opened.id);
	wait_for(w.heard.closed);
	for (int side = 0; side < 2; side++)
		request.port[side] = w.heard.state.port[side];
	assert_int_equal(0, media_open(w.media, &request, &w.opened));
	w.heard.secured[A] = w.heard.secured[B] = 0;
	assert_int_equal(0, media_restore(w.media, w.opened.id, &w.heard.state));
	wait_for(w.heard.secured[A] && w.heard.secured[B]);
	assert_int_equal(a, w.heard.security[A].keying);
	talk(20);
	phone_send_rtcp(&w.phones[A]);
	wait_for((has_mux ? w.phones[B].rtp : w.phones[B].rtcp).rtcp_received == 2);
	assert_int_equal(0, w.phones[A].rtp.not_verified + w.phones[B].rtp.not_verified);
	/* The same description again changes nothing. */
	set_remote(A);
	set_remote(B);
	talk(3);
	assert_int_equal(1, w.heard.secured[A]);
	mem_wipe(&w.heard.state, sizeof(w.heard.state));
}

static void sessions_live_on_elsewhere(void **state)
{
	(void)state;
	lives_on(MEDIA_KEYING_DTLS, MEDIA_KEYING_SDES, true);
	tear_down(NULL);
	set_up(NULL);
	lives_on(MEDIA_KEYING_SDES, MEDIA_KEYING_DTLS, false);
	tear_down(NULL);
	set_up(NULL);
	lives_on(MEDIA_KEYING_NONE, MEDIA_KEYING_DTLS, true);
}

/* A state that no session can have; one of a session that was not secured yet. */
static void restores_only_what_is_sound(void **state)
{
	struct media_open_request request = {0};
	struct media_state bad = {0};

	(void)state;
	connect_phones(MEDIA_KEYING_SDES, MEDIA_KEYING_NONE, true);
	media_ask_state(w.media, w.opened.id);
	wait_for(w.heard.states == 1);
	request.port[A] = w.heard.state.port[A]; /* which is taken */
	assert_int_equal(SBC_ELIMIT, media_open(w.media, &request, &w.opened));
	bad = w.heard.state;
	bad.sides[A].in[0].profile = (enum media_srtp_profile)5;
	assert_int_equal(SBC_EINVAL, media_restore(w.media, w.opened.id, &bad));
	media_close(w.media, w.opened.id);
	wait_for(w.heard.closed);
	assert_int_equal(SBC_ENOENT, media_restore(w.media, w.opened.id, &w.heard.state));
	assert_int_equal(SBC_ENOENT, media_ask_state(w.media, w.opened.id));
	assert_int_equal(0, media_open(w.media, &request, &w.opened));
	w.heard.secured[A] = 0;
	w.heard.state.sides[A].is_secured = false;
	assert_int_equal(0, media_restore(w.media, w.opened.id, &w.heard.state));
	wait_for(w.heard.secured[A]); /* it began again */
}

static void say_type(struct phone *phone, uint8_t type)
{
	uint8_t *wire = phone->rtp.wire;

	phone->sequence++;
	memset(wire, 0, 172);
	wire[0] = 0x80;
	wire[1] = type;
	wire[2] = (uint8_t)(phone->sequence >> 8);
	wire[3] = (uint8_t)phone->sequence;
	wire[11] = (uint8_t)phone->ssrc;
	phone->rtp.wire_len = 172;
	if (phone->rtp.out)
		crypto_context_protect_rtp(phone->rtp.out, wire, &phone->rtp.wire_len);
	phone_write(&phone->rtp, wire, phone->rtp.wire_len, &phone->rtp.remote);
}

/* What from says with that type is heard by the other one with this one. */
static void assert_heard_as(enum media_side from, uint8_t type, uint8_t heard)
{
	struct phone *to = &w.phones[!from];
	unsigned before = to->rtp.rtp_received;

	say_type(&w.phones[from], type);
	wait_for(to->rtp.rtp_received == before + 1);
	assert_int_equal(heard, to->rtp.last[1]);
}

/* MB-7: of one side, RTP alone; the marker and everything else stays. */
static void renumbers_payload_types(enum media_keying a, enum media_keying b)
{
	struct media_payload_map map, bad;

	for (unsigned i = 0; i < MEDIA_PAYLOAD_TYPES; i++)
		map.to[i] = (uint8_t)i;
	map.to[101] = 96;
	map.to[96] = 127;
	bad = map;
	bad.to[5] = MEDIA_PAYLOAD_TYPES;
	connect_phones(a, b, true);
	assert_heard_as(A, 101, 101);
	assert_int_equal(SBC_EINVAL, media_set_payload_map(w.media, w.opened.id, A, &bad));
	assert_int_equal(0, media_set_payload_map(w.media, w.opened.id, A, &map));
	ask_counters(); /* and it is set by then */
	assert_heard_as(A, 101, 96);
	assert_heard_as(A, 0x80 | 96, 0x80 | 127);
	assert_heard_as(A, 0, 0);
	assert_heard_as(B, 101, 101);
	phone_send_rtcp(&w.phones[A]);
	wait_for(w.phones[B].rtp.rtcp_received == 1);
	assert_int_equal(200, w.phones[B].rtp.last[1]);
	assert_int_equal(0, media_set_payload_map(w.media, w.opened.id, A, NULL));
	ask_counters();
	assert_heard_as(A, 101, 101);
	assert_int_equal(0, w.phones[B].rtp.not_verified);
	media_close(w.media, w.opened.id);
	assert_int_equal(SBC_ENOENT, media_set_payload_map(w.media, w.opened.id, A, &map));
}

static void payload_types_are_renumbered(void **state)
{
	(void)state;
	renumbers_payload_types(MEDIA_KEYING_DTLS, MEDIA_KEYING_SDES);
	tear_down(NULL);
	set_up(NULL);
	renumbers_payload_types(MEDIA_KEYING_NONE, MEDIA_KEYING_NONE);
}

/* And they still are where the session lives on. */
static void renumbering_lives_on(void **state)
{
	struct media_open_request request = {0};
	struct media_payload_map map = {.to = {[0] = 8, [101] = 96}};

	(void)state;
	connect_phones(MEDIA_KEYING_SDES, MEDIA_KEYING_NONE, true);
	media_set_payload_map(w.media, w.opened.id, A, &map);
	media_ask_state(w.media, w.opened.id);
	wait_for(w.heard.states == 1);
	media_close(w.media, w.opened.id);
	wait_for(w.heard.closed);
	for (int side = 0; side < 2; side++)
		request.port[side] = w.heard.state.port[side];
	assert_int_equal(0, media_open(w.media, &request, &w.opened));
	w.heard.secured[A] = w.heard.secured[B] = 0;
	assert_int_equal(0, media_restore(w.media, w.opened.id, &w.heard.state));
	wait_for(w.heard.secured[A] && w.heard.secured[B]);
	assert_heard_as(A, 101, 96);
	assert_heard_as(A, 0, 8);
	mem_wipe(&w.heard.state, sizeof(w.heard.state));
}

static void unusable_keying_is_refused(void **state)
{
	struct media_remote remote;

	(void)state;
	connect_phones(MEDIA_KEYING_SDES, MEDIA_KEYING_NONE, true);
	remote = remote_of(&w.phones[A]);
	remote.profile = (enum media_srtp_profile)5; /* a NULL cipher (DTLS-2) */
	assert_int_equal(SBC_EINVAL, media_set_remote(w.media, w.opened.id, A, &remote));
	remote.keying = MEDIA_KEYING_DTLS; /* without a fingerprint */
	assert_int_equal(SBC_EINVAL, media_set_remote(w.media, w.opened.id, A, &remote));
	assert_string_equal("none", media_keying_name(MEDIA_KEYING_NONE));
	talk(2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_pairing_relays),
		TEST(every_profile_by_sdes),
		TEST(clear_media_on_sdes_is_dropped),
		TEST(full_packets_relay),
		TEST(dtls_on_sdes_is_dropped),
		TEST(rekeying_keeps_the_rollover_counter),
		TEST(moving_with_a_new_key_begins_at_zero),
		TEST(plain_takes_the_signalled_address_alone),
		TEST(plain_latches_where_it_may),
		TEST(silence_knows_hold_and_one_way),
		TEST(tells_quality),
		TEST(sessions_live_on_elsewhere),
		TEST(restores_only_what_is_sound),
		TEST(payload_types_are_renumbered),
		TEST(renumbering_lives_on),
		TEST(unusable_keying_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
