/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Another association beside one that stands: asked for by signalling (RFC 8842) or begun by a
 * hello that nobody announced (RFC 6347 section 4.2.8); rows SDP-20, SDP-26, DTLS-15, DTLS-16.
 */

#include "tests/cmocka_first.h"

#include "tests/unit/media/room.h"

#define REPEAT_MS 1100 /* behind a handshake: until the next one that nobody asked for */

static void secure_and_open(bool has_mux)
{
	open_session(has_mux, has_mux);
	set_gates(true);
	secure_both();
}

static void set_number(enum media_side side, uint32_t number)
{
	struct media_remote remote = remote_of(&w.phones[side]);

	remote.association = number;
	assert_int_equal(0, media_set_remote(w.media, w.opened.id, side, &remote));
	ask_counters(); /* it is there */
}

/* One packet each way arrives. */
static void both_hear(void)
{
	unsigned a = w.phones[A].rtp.rtp_received, b = w.phones[B].rtp.rtp_received;

	phone_send_rtp(&w.phones[A]);
	phone_send_rtp(&w.phones[B]);
	wait_for(w.phones[A].rtp.rtp_received == a + 1);
	wait_for(w.phones[B].rtp.rtp_received == b + 1);
}

/* What a line sends with from now on; what it was. */
static struct crypto_context *swap_out(struct phone_line *line, struct crypto_context *out)
{
	struct crypto_context *before = line->out;

	line->out = out;
	return before;
}

/* A phone of its own, beside those of the session: until its handshake is done. */
static void shake(struct phone *phone)
{
	phone_start(phone, &w.opened.local[A]);
	for (int i = 0; i < 3000 && !phone_is_done(phone); i++) {
		phone_step(phone);
		turn();
	}
	assert_true(phone_is_done(phone));
	pause_ms(20);
}

/* SDP-20, DTLS-16: the keys there are hold until the new ones are there, then five seconds
 * for what is under way, and no longer. */
static void keys_stay_until_the_next(void **state)
{
	struct phone_line *line = &w.phones[A].rtp;
	struct crypto_context *before, *now;

	(void)state;
	secure_and_open(true);
	both_hear();
	set_number(A, 1);
	both_hear();
	assert_int_equal(1, w.heard.secured[A]);
	before = swap_out(line, NULL);
	phone_forget(&w.phones[A]);
	phone_start(&w.phones[A], &w.opened.local[A]);
	wait_for(w.heard.secured[A] == 2 && phone_is_done(&w.phones[A]));
	both_hear();
	now = swap_out(line, before);
	phone_send_rtp(&w.phones[A]);
	wait_for(w.phones[B].rtp.rtp_received == 4);
	swap_out(line, now);
	both_hear();
	ask_counters();
	assert_int_equal(0, w.heard.count[A].dropped_auth);
	pause_ms(5200);
	swap_out(line, before);
	phone_send_rtp(&w.phones[A]);
	pause_ms(30);
	ask_counters();
	assert_int_equal(1, w.heard.count[A].dropped_auth);
	swap_out(line, now);
	both_hear();
	crypto_context_free(before);
}

/* A packet of the keys before, from where the phone was, moves nothing (SRTP-13). */
static void keys_before_teach_no_address(void **state)
{
	struct phone_line *line = &w.phones[A].rtp;
	struct crypto_context *before, *now;
	int fd, old_fd;

	(void)state;
	secure_and_open(true);
	set_number(A, 1);
	before = swap_out(line, NULL);
	phone_forget(&w.phones[A]);
	old_fd = line->fd;
	line->fd = fd = bind_local(&line->local);
	set_number(A, 1);
	phone_start(&w.phones[A], &w.opened.local[A]);
	wait_for(w.heard.secured[A] == 2 && phone_is_done(&w.phones[A]));
	both_hear();
	now = swap_out(line, before);
	line->fd = old_fd;
	phone_send_rtp(&w.phones[A]);
	wait_for(w.phones[B].rtp.rtp_received == 2);
	swap_out(line, now);
	line->fd = fd;
	phone_send_rtp(&w.phones[B]);
	wait_for(line->rtp_received == 2);
	crypto_context_free(before);
	close(old_fd);
}

/* The phone before still speaks, so that its socket is connected to it (media/straight.h); the
 * next one is elsewhere. */
static void next_phone_is_elsewhere(void **state)
{
	struct phone before;

	(void)state;
	secure_and_open(true);
	for (int i = 0; i < 40; i++) {
		phone_send_rtp(&w.phones[A]);
		pause_ms(20);
	}
	before = w.phones[A];
	phone_init(&w.phones[A], MEDIA_DTLS_CLIENT, true);
	set_number(A, 1);
	phone_start(&w.phones[A], &w.opened.local[A]);
	for (int i = 0; i < 100 && w.heard.secured[A] < 2; i++) {
		phone_send_rtp(&before);
		pause_ms(20);
	}
	assert_int_equal(2, w.heard.secured[A]);
	wait_for(phone_is_done(&w.phones[A]));
	w.phones[A].ssrc++;
	both_hear();
	phone_fini(&before);
}

/* SDP-33: without rtcp-mux it is done when both are. */
static void both_ports_are_renewed(void **state)
{
	struct phone *phone = &w.phones[A];

	(void)state;
	secure_and_open(false);
	both_hear();
	set_number(A, 1);
	phone_forget(phone);
	phone_start(phone, &w.opened.local[A]);
	dtls_assoc_free(phone->rtcp.assoc);
	phone->rtcp.assoc = NULL;
	wait_for(phone->rtp.in);
	pause_ms(30);
	both_hear();
	assert_int_equal(1, w.heard.secured[A]);
	phone_assoc(phone, &phone->rtcp, NULL);
	wait_for(w.heard.secured[A] == 2 && phone_is_done(phone));
	phone_send_rtcp(phone);
	wait_for(w.phones[B].rtcp.rtcp_received == 1);
}

/* DTLS-15: a phone that begins again by itself is heard, and a hello alone stops nothing. */
static void hello_without_signalling(void **state)
{
	uint8_t hello[PHONE_PACKET_MAX];
	struct phone stranger;
	size_t len;

	(void)state;
	secure_and_open(true);
	both_hear();
	pause_ms(REPEAT_MS);
	phone_init(&stranger, MEDIA_DTLS_CLIENT, true);
	len = phone_take_hello(&stranger, hello);
	phone_fini(&stranger);
	phone_write(&w.phones[A].rtp, hello, len, &w.opened.local[A]);
	pause_ms(30);
	both_hear();
	assert_int_equal(1, w.heard.secured[A]);
	phone_forget(&w.phones[A]);
	phone_start(&w.phones[A], &w.opened.local[A]);
	wait_for(w.heard.secured[A] == 2 && phone_is_done(&w.phones[A]));
	both_hear();
	/* Again at once: not before a second is over. */
	phone_forget(&w.phones[A]);
	phone_start(&w.phones[A], &w.opened.local[A]);
	pause_ms(500);
	assert_int_equal(2, w.heard.secured[A]);
	wait_for(w.heard.secured[A] == 3 && phone_is_done(&w.phones[A]));
	both_hear();
	ask_counters();
	assert_int_equal(0, w.heard.failed[A]);
	assert_true(w.heard.count[A].dropped_dtls > 0);
}

/* DTLS-14: strangers that return their cookies and go all the way neither end the call nor
 * keep the phone out; one whose handshake stands still is forgotten. */
static void strangers_beside_an_association(void **state)
{
	struct phone strangers[5];

	(void)state;
	w.config.dtls_deadline = 2 * USEC_PER_SEC;
	secure_and_open(true);
	pause_ms(REPEAT_MS);
	for (int i = 0; i < 3; i++) {
		phone_init(&strangers[i], MEDIA_DTLS_CLIENT, true);
		shake(&strangers[i]);
		phone_send_rtp(&strangers[i]);
	}
	phone_init(&strangers[3], MEDIA_DTLS_CLIENT, true);
	phone_start(&strangers[3], &w.opened.local[A]); /* no place */
	both_hear();
	ask_counters();
	assert_int_equal(6, w.heard.count[A].dropped_source); /* certificates, media */
	phone_forget(&w.phones[A]);
	phone_start(&w.phones[A], &w.opened.local[A]);
	wait_for(w.heard.secured[A] == 2 && phone_is_done(&w.phones[A]));
	both_hear();
	/* The others went with that; those that come now, with their time. */
	pause_ms(REPEAT_MS);
	for (int i = 0; i < 3; i++) {
		phone_forget(&strangers[i]);
		shake(&strangers[i]);
	}
	pause_ms(2100);
	phone_init(&strangers[4], MEDIA_DTLS_CLIENT, true);
	shake(&strangers[4]);
	assert_int_equal(2, w.heard.secured[A]);
	assert_int_equal(0, w.heard.failed[A]);
	both_hear();
	for (int i = 0; i < 5; i++)
		phone_fini(&strangers[i]);
}

/* SDP-11, DTLS-11: the handshake comes before the answer that signals its certificate; it is
 * kept, and counts as soon as the fingerprint is known. */
static void handshake_before_its_answer(void **state)
{
	struct phone next;
	struct dtls_assoc *assoc;

	(void)state;
	secure_and_open(true);
	pause_ms(REPEAT_MS);
	phone_init(&next, MEDIA_DTLS_CLIENT, true);
	shake(&next);
	assoc = next.rtp.assoc;
	both_hear();
	assert_int_equal(1, w.heard.secured[A]);
	assert_int_equal(0, w.heard.failed[A]);
	phone_fini(&w.phones[A]);
	w.phones[A] = next; /* the line's own address is what its hello came from */
	w.phones[A].rtp.remote = w.opened.local[A];
	set_number(A, 1);
	wait_for(w.heard.secured[A] == 2);
	assert_ptr_equal(assoc, w.phones[A].rtp.assoc); /* the same handshake */
	assert_true(fingerprint_equal(
		&w.heard.security[A].presented, &w.phones[A].certificate.fingerprint));
	w.phones[A].ssrc++;
	both_hear();
}

/* The same with the certificate that it had: the signalling that follows asks for no third. */
static void signalling_behind_its_handshake(void **state)
{
	(void)state;
	w.config.dtls_deadline = USEC_PER_SEC;
	secure_and_open(true);
	pause_ms(REPEAT_MS);
	phone_forget(&w.phones[A]);
	phone_start(&w.phones[A], &w.opened.local[A]);
	wait_for(w.heard.secured[A] == 2 && phone_is_done(&w.phones[A]));
	set_number(A, 1);
	wait_for(w.heard.secured[A] == 3);
	both_hear();
	pause_ms(REPEAT_MS);
	assert_int_equal(0, w.heard.failed[A]);
	/* And the next one does: that handshake was for the last. */
	set_number(A, 2);
	wait_for(w.heard.failed[A]);
	assert_int_equal(3, w.heard.secured[A]);
}

/* SDP-26: what signalling asked for must come in time. */
static void renewal_that_never_comes(void **state)
{
	(void)state;
	w.config.dtls_deadline = 300 * USEC_PER_MS;
	secure_and_open(true);
	for (int side = A; side <= B; side++) {
		w.phones[side].is_deaf = true;
		set_number((enum media_side)side, 1);
		phone_send_rtp(&w.phones[side]);
	}
	pause_ms(30);
	ask_counters();
	assert_int_equal(1, w.heard.count[A].rtp_relayed);
	assert_int_equal(1, w.heard.count[B].rtp_relayed);
	wait_for(w.heard.failed[A] && w.heard.failed[B]);
	for (int side = A; side <= B; side++) {
		assert_int_equal(MEDIA_FAILURE_DEADLINE, w.heard.failure[side]);
		phone_send_rtp(&w.phones[side]);
	}
	pause_ms(30);
	ask_counters();
	assert_int_equal(1, w.heard.count[A].dropped_gate);
	assert_int_equal(1, w.heard.count[B].dropped_gate);
}

/* SDP-25: nor may another certificate than the one that was signalled answer it. */
static void renewal_with_a_wrong_certificate(void **state)
{
	struct media_remote remote;
	struct certificate other;

	(void)state;
	secure_and_open(true);
	certificate_init(&other);
	for (int side = A; side <= B; side++) {
		remote = remote_of(&w.phones[side]);
		remote.fingerprints.count = 0;
		fingerprint_set_add(&remote.fingerprints, &other.fingerprint);
		phone_forget(&w.phones[side]);
		media_set_remote(w.media, w.opened.id, (enum media_side)side, &remote);
		ask_counters();
		phone_start(&w.phones[side], &w.opened.local[side]);
	}
	wait_for(w.heard.failed[A] && w.heard.failed[B]);
	assert_int_equal(MEDIA_FAILURE_FINGERPRINT, w.heard.failure[A]);
	assert_int_equal(MEDIA_FAILURE_FINGERPRINT, w.heard.failure[B]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(keys_stay_until_the_next),
		TEST(keys_before_teach_no_address),
		TEST(next_phone_is_elsewhere),
		TEST(both_ports_are_renewed),
		TEST(hello_without_signalling),
		TEST(strangers_beside_an_association),
		TEST(handshake_before_its_answer),
		TEST(signalling_behind_its_handshake),
		TEST(renewal_that_never_comes),
		TEST(renewal_with_a_wrong_certificate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
