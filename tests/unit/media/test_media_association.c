/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When an association begins, goes on and ends: RFC 8842, early hellos, deadlines. */

#include "tests/cmocka_first.h"

#include "tests/unit/media/room.h"

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

static bool is_shown(enum media_side side, const struct fingerprint *own)
{
	return fingerprint_equal(own, &dtls_assoc_result(w.phones[side].rtp.assoc)->presented);
}

/* A session lives on with the certificate that its peers were told of, also in its next
 * association; one that begins after the renewal has the new one. */
static void certificates_are_renewed(void **state)
{
	struct media_opened before;
	struct fingerprint old;

	(void)state;
	open_session(true, true);
	before = w.opened;
	old = *media_own_fingerprint(w.media);
	assert_int_equal(0, media_renew_certificate(w.media));
	assert_int_equal(0, media_renew_certificate(w.media));
	assert_false(fingerprint_equal(&old, media_own_fingerprint(w.media)));
	set_gates(true);
	secure_both();
	for (int side = 0; side < 2; side++) {
		assert_true(fingerprint_equal(&old, &before.own[side]));
		assert_true(is_shown((enum media_side)side, &old));
	}
	phone_fini(&w.phones[A]);
	phone_init(&w.phones[A], MEDIA_DTLS_CLIENT, true);
	set_remote(A);
	phone_start(&w.phones[A], &w.opened.local[A]);
	wait_for(w.heard.secured[A] == 2 && phone_is_done(&w.phones[A]));
	assert_true(is_shown(A, &old));
	close_session();
	phone_fini(&w.phones[A]);
	phone_fini(&w.phones[B]);
	memset(&w.heard, 0, sizeof(w.heard));
	phone_init(&w.phones[A], MEDIA_DTLS_CLIENT, true);
	phone_init(&w.phones[B], MEDIA_DTLS_SERVER, true);
	assert_int_equal(0,
		media_open(w.media, &(struct media_open_request){.cookie = 4712}, &w.opened));
	secure_both();
	assert_true(is_shown(A, media_own_fingerprint(w.media)));
	assert_true(fingerprint_equal(&w.opened.own[B], media_own_fingerprint(w.media)));
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
	/* Another role too: now we are the client, and the phone answers no hello: what there
	 * is stays in force (SDP-20). */
	remote = remote_of(&w.phones[A]);
	remote.role = MEDIA_DTLS_CLIENT;
	assert_int_equal(0, media_set_remote(w.media, w.opened.id, A, &remote));
	ask_counters();
	phone_send_rtp(&w.phones[A]);
	wait_for(w.phones[B].rtp.rtp_received == 3);
	assert_int_equal(2, w.heard.secured[A]);
}

/* RFC 8842 section 3.1, SDP-20: the number alone (a changed tls-id) makes another association,
 * by another handshake with the same certificate; the number again keeps it. */
static void new_number_new_association(void **state)
{
	struct media_remote remote;

	(void)state;
	open_session(true, true);
	set_gates(true);
	secure_both();
	for (int side = A; side <= B; side++) { /* we are server, then client */
		struct phone *phone = &w.phones[side];
		struct dtls_keys before = dtls_assoc_result(phone->rtp.assoc)->keys;

		remote = remote_of(phone);
		remote.association = 1;
		phone_forget(phone);
		media_set_remote(w.media, w.opened.id, (enum media_side)side, &remote);
		ask_counters();
		phone_start(phone, &w.opened.local[side]);
		wait_for(w.heard.secured[side] == 2 && phone_is_done(phone));
		assert_memory_not_equal(
			&before, &dtls_assoc_result(phone->rtp.assoc)->keys, sizeof(before));
		media_set_remote(w.media, w.opened.id, (enum media_side)side, &remote);
		ask_counters();
		phone_send_rtp(phone);
		wait_for(w.phones[1 - side].rtp.rtp_received == 1);
	}
	assert_int_equal(2, w.heard.secured[A]);
	assert_int_equal(2, w.heard.secured[B]);
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
	len = phone_take_hello(&other, hello);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(early_handshake),
		TEST(certificates_are_renewed),
		TEST(new_fingerprint_new_association),
		TEST(new_number_new_association),
		TEST(hold_keeps_the_association),
		TEST(deadlines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
