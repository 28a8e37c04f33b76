/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an association takes and says: suites, versions, extensions, cookies, timers, order
 * (RFC 5764, RFC 6347, RFC 8827 section 6.5), against bare wolfSSL ends. */

#include "tests/cmocka_first.h"

#include "tests/unit/media/dtls_lab.h"

/* DTLS-19: forward secrecy and AEAD, and nothing else. */
static void suites(void **state)
{
	static const struct {
		const char *name;
		bool is_taken;
	} rows[] = {
		{"ECDHE-ECDSA-AES128-GCM-SHA256", true},
		{"ECDHE-ECDSA-AES256-GCM-SHA384", true},
		{"ECDHE-ECDSA-CHACHA20-POLY1305", true},
		{"ECDHE-ECDSA-AES128-SHA256", false}, /* CBC */
		{"ECDHE-ECDSA-AES128-SHA", false},
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		enum media_dtls_role role = i & 1 ? MEDIA_DTLS_CLIENT : MEDIA_DTLS_SERVER;
		struct dtls_peer_config peer = {
			.role = i & 1 ? MEDIA_DTLS_SERVER : MEDIA_DTLS_CLIENT,
			.version = 12,
			.profiles = ALL_PROFILES,
			.certificate = &lab.peers,
			.ciphers = rows[i / 2].name};

		lab_reset();
		lab_open(role, &peer);
		lab_run();
		if (rows[i / 2].is_taken != (dtls_assoc_state(lab.assoc) == DTLS_DONE))
			fail_msg("%s", rows[i / 2].name);
		if (rows[i / 2].is_taken)
			assert_non_null(strstr(rows[i / 2].name, "ECDHE"));
	}
}

/* The bytes of the extension in a hello of DTLS 1.2; NULL: it is not there. */
static const uint8_t *find_extension(const struct datagram *d, bool is_server, unsigned type)
{
	const uint8_t *at = d->bytes + 25 + 2 + 32, *end;

	at += 1 + at[0]; /* session id */
	if (is_server) {
		at += 3; /* suite, compression */
	} else {
		at += 1 + at[0]; /* cookie */
		at += 2 + (at[0] << 8 | at[1]);
		at += 1 + at[0];
	}
	end = at + 2 + (at[0] << 8 | at[1]);
	for (at += 2; at < end; at += 4 + (at[2] << 8 | at[3])) {
		if ((unsigned)(at[0] << 8 | at[1]) == type)
			return at + 4;
	}
	return NULL;
}

#define EXTENDED_MASTER_SECRET 23 /* RFC 7627 */
#define SESSION_TICKET         35 /* RFC 5077 */
#define USE_SRTP               14 /* RFC 5764 */

/* DTLS-20: an extended master secret for who offers it, and no resumption: the certificate is
 * shown in every handshake. DTLS-5: an answered MKI is none. */
static void hello_is_answered_as_it_should(void **state)
{
	const struct datagram *answer = &lab.from_us.items[0];
	const uint8_t *extension;

	(void)state;
	lab_open(MEDIA_DTLS_SERVER, &peer_client12);
	lab.hello.len = load("baresip-1.0.0-openssl3-clienthello.bin", lab.hello.bytes);
	assert_non_null(find_extension(&lab.hello, false, EXTENDED_MASTER_SECRET));
	assert_non_null(find_extension(&lab.hello, false, SESSION_TICKET));
	dtls_assoc_input(lab.assoc, lab.hello.bytes, lab.hello.len, lab.now, NULL);
	assert_true(lab.from_us.count > 0);
	assert_int_equal(2, answer->bytes[13]); /* ServerHello */
	assert_non_null(find_extension(answer, true, EXTENDED_MASTER_SECRET));
	assert_null(find_extension(answer, true, SESSION_TICKET));
	extension = find_extension(answer, true, USE_SRTP);
	assert_non_null(extension);
	assert_memory_equal("\0\2\0\1\0", extension, 5); /* one profile, no MKI */
}

/* DTLS-21: DTLS 1.0 is not spoken. */
static void refuses_version_10(void **state)
{
	(void)state;
	lab_open(MEDIA_DTLS_SERVER, &peer_client12);
	lab.hello.len = load("baresip-1.0.0-openssl3-clienthello.bin", lab.hello.bytes);
	assert_memory_equal("\xfe\xfd", lab.hello.bytes + 25, 2);
	lab.hello.bytes[26] = 0xff;
	dtls_assoc_input(lab.assoc, lab.hello.bytes, lab.hello.len, lab.now, NULL);
	for (unsigned i = 0; i < lab.from_us.count; i++)
		assert_int_not_equal(22, lab.from_us.items[i].bytes[0]);
}

/* DTLS-3: a server that chooses what was not offered, or answers with an MKI. */
static void malicious_server(void **state)
{
	static const uint8_t ours[] = {0, 2, 0, 7, 0};
	static const uint8_t other[] = {0, 2, 0, 2, 0};
	struct dtls_peer_config peer = {.role = MEDIA_DTLS_SERVER,
		.version = 12,
		.profiles = "SRTP_AEAD_AES_128_GCM",
		.certificate = &lab.peers};

	(void)state;
	for (int turn = 0; turn < 2; turn++) {
		struct datagram *d;
		uint8_t *at;

		lab_reset();
		lab_open(MEDIA_DTLS_CLIENT, &peer);
		for (int i = 0; i < 3 && !lab.peer.out.count; i++)
			give_peer_all();
		d = &lab.peer.out.items[lab.peer.out.first];
		at = (uint8_t *)find_extension(d, true, USE_SRTP);
		assert_non_null(at);
		assert_memory_equal(ours, at, sizeof(ours));
		if (turn)
			memcpy(at, other, sizeof(other));
		lab_run();
		assert_int_equal(turn ? DTLS_DEAD : DTLS_DONE, dtls_assoc_state(lab.assoc));
	}
}

/* D12-2: the version of a HelloVerifyRequest says nothing; its cookie comes back. */
static void either_version_of_a_cookie(void **state)
{
	struct dtls_peer_config peer = peer_client12;

	(void)state;
	peer.role = MEDIA_DTLS_SERVER;
	for (uint8_t low = 0xfd; low >= 0xfd; low = (uint8_t)(low + 2)) {
		uint8_t request[48] = {22, 0xfe, low, 0, 0, 0, 0, 0, 0, 0, 0, 0, 35, 3, 0, 0,
			23, 0, 0, 0, 0, 0, 0, 0, 23, 0xfe, low, 20};
		const struct datagram *again;

		memset(request + 28, 0x5a, 20);
		lab_reset();
		lab_open(MEDIA_DTLS_CLIENT, &peer);
		while (queue_take(&lab.from_us))
			;
		dtls_assoc_input(lab.assoc, request, sizeof(request), lab.now, NULL);
		assert_true(lab.from_us.count > 0);
		again = &lab.from_us.items[lab.from_us.first];
		assert_int_equal(1, again->bytes[13]); /* ClientHello */
		assert_non_null(memmem(again->bytes, again->len, request + 27, 21));
	}
}

/* WOLF-9: a cookie is good at its own address alone. */
static void cookie_of_another_address(void **state)
{
	struct dtls_assoc *other;
	struct datagram *d;

	(void)state;
	lab.assoc_config.want_cookie = true;
	lab_open(MEDIA_DTLS_SERVER, &peer_client12);
	netaddr_parse(&lab.assoc_config.peer, SLICE("127.0.0.1"), 4712);
	assert_int_equal(0, dtls_assoc_new(&other, &lab.assoc_config));
	give_us_all();
	give_peer_all();
	dtls_peer_step(&lab.peer);
	d = queue_take(&lab.peer.out); /* the hello with the cookie */
	assert_non_null(d);
	dtls_assoc_input(other, lab.hello.bytes, lab.hello.len, lab.now, NULL);
	dtls_assoc_input(other, d->bytes, d->len, lab.now, NULL);
	assert_false(dtls_assoc_has_cookie(other));
	dtls_assoc_input(lab.assoc, d->bytes, d->len, lab.now, NULL);
	assert_true(dtls_assoc_has_cookie(lab.assoc));
	dtls_assoc_free(other);
}

/* D12-3: the first interval is the setting, each next one twice as long, two seconds at most;
 * the whole flight again. */
static void repeats_with_patience(void **state)
{
	static const int expected_ms[] = {0, 200, 600, 1400, 3000, 5000, 7000, 9000};
	usec_t began = lab.now;
	size_t seen = 0, len = 0;

	(void)state;
	lab_open(MEDIA_DTLS_CLIENT, &(struct dtls_peer_config){.role = MEDIA_DTLS_SERVER,
					    .version = 12,
					    .profiles = ALL_PROFILES,
					    .certificate = &lab.peers});
	for (; lab.now - began < 10 * USEC_PER_SEC; lab.now += STEP) {
		size_t bytes = 0;
		struct datagram *d;

		dtls_assoc_tick(lab.assoc, lab.now);
		while ((d = queue_take(&lab.from_us)))
			bytes += d->len;
		if (!bytes)
			continue;
		assert_true(seen < sizeof(expected_ms) / sizeof(expected_ms[0]));
		assert_int_equal(expected_ms[seen++] * USEC_PER_MS, lab.now - began);
		assert_true(!len || bytes == len);
		len = bytes;
		uv_sleep(51); /* DTLS 1.3 repeats once a tick of wolfSSL */
	}
	assert_int_equal(sizeof(expected_ms) / sizeof(expected_ms[0]), seen);
}

/* What is in the queue, last one first. */
static void turn_round(struct queue *q)
{
	static struct queue turned;

	turned = (struct queue){.count = 0};
	for (unsigned i = q->count; i > 0; i--) {
		struct datagram *d = &q->items[(q->first + i - 1) % QUEUE_MAX];

		queue_put(&turned, d->bytes, d->len);
	}
	*q = turned;
}

/* D12-9, D12-5: every flight arrives the wrong way round, Finished before what it finishes. */
static void survives_disorder(void **state)
{
	(void)state;
	for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
		usec_t deadline = lab.now + DEADLINE;

		open_kind(kind);
		while (lab.now < deadline &&
			(!lab.peer.is_done || dtls_assoc_state(lab.assoc) != DTLS_DONE)) {
			turn_round(&lab.peer.out);
			give_us_all();
			turn_round(&lab.from_us);
			give_peer_all();
			assert_false(lab.peer.is_dead);
			lab.now += 50 * USEC_PER_MS;
			dtls_assoc_tick(lab.assoc, lab.now);
			uv_sleep(kinds[kind].version == 13 ? 51 : 0);
			dtls_peer_timeout(&lab.peer);
		}
		assert_true(lab.peer.is_done);
		assert_int_equal(DTLS_DONE, dtls_assoc_state(lab.assoc));
		assert_same_keys();
	}
}

/* DTLS-10: who signed a certificate, and for how long, does not matter. The test's own were
 * made by themselves; this one ran out in 2001 and says it is a CA's. */
static void expired_certificate(void **state)
{
	struct certificate expired = {.der_len = 0};

	(void)state;
	expired.der_len =
		load_up_to("expired-certificate.der", expired.der, sizeof(expired.der));
	expired.key_len = load_up_to("expired-key.der", expired.key, sizeof(expired.key));
	certificate_fingerprint(
		&expired.fingerprint, FINGERPRINT_SHA256, expired.der, expired.der_len);
	for (int i = 0; i < 4; i++) {
		struct dtls_peer_config peer = {
			.role = i & 1 ? MEDIA_DTLS_SERVER : MEDIA_DTLS_CLIENT,
			.version = i & 2 ? 13 : 12,
			.profiles = ALL_PROFILES,
			.certificate = &expired};

		lab_reset();
		lab_open(i & 1 ? MEDIA_DTLS_CLIENT : MEDIA_DTLS_SERVER, &peer);
		assert_true(lab_run());
		assert_true(fingerprint_equal(
			&expired.fingerprint, &dtls_assoc_result(lab.assoc)->presented));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(suites),
		LAB_TEST(hello_is_answered_as_it_should),
		LAB_TEST(refuses_version_10),
		LAB_TEST(malicious_server),
		LAB_TEST(either_version_of_a_cookie),
		LAB_TEST(cookie_of_another_address),
		LAB_TEST(repeats_with_patience),
		LAB_TEST(survives_disorder),
		LAB_TEST(expired_certificate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
