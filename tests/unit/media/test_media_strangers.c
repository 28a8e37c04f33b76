/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What others than the signalled peer send to a session, and who the peer is. */

#include "tests/cmocka_first.h"

#include "tests/unit/media/room.h"

/* DTLS-11, MB-2, M9, both roles and both legs: the signalled phone has another certificate. */
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

#define SENT_AS_STRANGERS (6 * 5 + 2)

/* M1, DTLS-14: strangers come first, from other addresses and with forged hellos from the
 * phone's own, and all through the handshake. */
static void foreign_hellos_do_not_matter(void **state)
{
	struct phone stranger;
	uint8_t hello[PHONE_PACKET_MAX];
	size_t len;

	(void)state;
	w.config.dtls_retransmit = 2 * USEC_PER_SEC; /* see below */
	open_session(true, true);
	set_gates(true);
	set_remote(A);
	set_remote(B);
	for (int i = 0; i < 6; i++) {
		phone_init(&stranger, MEDIA_DTLS_CLIENT, true);
		len = phone_take_hello(&stranger, hello);
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
	/* What we answer to hellos from the phone's own address comes to the phone, and a
	 * client that waits for a ServerHello cannot tell that it is another one's: that is
	 * another matter (docs/decisions/dtls-unauthenticated-datagrams.md). So it begins
	 * behind that. */
	wait_for((ask_counters(), w.heard.count[A].dtls_received == SENT_AS_STRANGERS));
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
	int old_fd, other = bind_local(&moved);
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

/* A voice for so long, both ways. */
static void talk_ms(int ms)
{
	for (; ms > 0; ms -= 20) {
		phone_send_rtp(&w.phones[A]);
		phone_send_rtp(&w.phones[B]);
		pause_ms(20);
	}
}

/* Its socket is connected by then: a stranger is not even counted, and the phone is followed
 * all the same, within the time that media.h tells. */
static void a_settled_phone_is_followed(void **state)
{
	struct netaddr moved;
	struct phone_line *line = &w.phones[A].rtp;
	struct phone_line thief = {.fd = bind_local(&moved)};
	int old_fd;
	unsigned before;

	(void)state;
	open_session(true, true);
	set_gates(true);
	secure_both();
	talk_ms(800);
	before = w.phones[B].rtp.rtp_received;
	assert_int_equal(40, before);
	phone_write(&thief, line->wire, line->wire_len, &w.opened.local[A]);
	ask_counters();
	assert_int_equal(0, w.heard.count[A].dropped_source);
	old_fd = line->fd;
	line->fd = thief.fd;
	talk_ms(1000);
	assert_in_range(w.phones[B].rtp.rtp_received - before, 5, 45);
	before = w.phones[B].rtp.rtp_received;
	talk_ms(600); /* and settles there */
	wait_for(w.phones[B].rtp.rtp_received == before + 30);
	assert_true(line->rtp_received > 30);
	close(old_fd);
}

/* With rtcp-mux nobody reads the other port, so that strangers cost nothing there; without,
 * what came before the description waits for it. */
static void the_rtcp_port_is_read_where_it_is_used(void **state)
{
	struct netaddr local, rtcp[2];
	int stranger = bind_local(&local);

	(void)state;
	open_session(true, false);
	for (int side = 0; side < 2; side++) {
		rtcp[side] = w.opened.local[side];
		netaddr_set_port(&rtcp[side], (uint16_t)(netaddr_port(&rtcp[side]) + 1));
		for (int i = 0; i < 3; i++)
			(void)!sendto(stranger, "\0junk", 5, 0, &rtcp[side].sa,
				netaddr_len(&rtcp[side]));
	}
	pause_ms(20);
	set_gates(true);
	secure_both();
	ask_counters();
	assert_int_equal(0, w.heard.count[A].dropped_malformed);
	assert_int_equal(3, w.heard.count[B].dropped_malformed);
	close(stranger);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(wrong_fingerprint_fails),
		TEST(strongest_hash_decides),
		TEST(foreign_hellos_do_not_matter),
		TEST(foreign_certificate_does_not_matter),
		TEST(other_address_with_right_certificate),
		TEST(address_moves_only_with_proof),
		TEST(a_settled_phone_is_followed),
		TEST(the_rtcp_port_is_read_where_it_is_used),
		TEST(tampered_and_replayed_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
