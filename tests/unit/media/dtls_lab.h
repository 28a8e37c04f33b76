/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_UNIT_MEDIA_DTLS_LAB_H
#define TESTS_UNIT_MEDIA_DTLS_LAB_H

/* An association of ours and a bare wolfSSL end, in memory and virtual time (but for DTLS 1.3
 * in the peer, which repeats by a clock of its own). One of them: a test at a time. */

#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "media/dtls.h"
#include "tests/unit/media/dtls_peer.h"

#define STEP     (10 * USEC_PER_MS)
#define DEADLINE (20 * USEC_PER_SEC)
#define ALL_PROFILES                                                                           \
	"SRTP_AES128_CM_SHA1_80:SRTP_AES128_CM_SHA1_32:SRTP_AEAD_AES_128_GCM:"                 \
	"SRTP_AEAD_AES_256_GCM"

/* One lab: a context of ours, an association of it, a peer, and the wires between. */
struct lab {
	struct certificate ours, peers;
	struct media_config config;
	struct dtls_context *context;
	struct dtls_assoc_config assoc_config;
	struct dtls_assoc *assoc;
	struct queue from_us;
	struct dtls_peer peer;
	usec_t now;
	int lose;       /* index of the datagram to lose; -1: none */
	bool lose_ours; /* from us, or from the peer */
	uint32_t luck;  /* of a link that loses three of ten; 0: none is lost so */
	int seen_ours, seen_peers;
	struct datagram hello; /* the client's first one */
};

static struct lab lab;

static inline void on_send(const uint8_t *bytes, size_t len, void *arg)
{
	struct lab *l = arg;

	assert_true(len <= l->config.dtls_mtu);
	queue_put(&l->from_us, bytes, len);
}

static inline void lab_config(struct lab *l)
{
	l->config.profiles[0] = MEDIA_SRTP_AEAD_AES_128_GCM;
	l->config.profiles[1] = MEDIA_SRTP_AES128_CM_SHA1_80;
	l->config.profile_count = 2;
	l->config.dtls_mtu = 1200;
}

static inline int set_up(void **state)
{
	(void)state;
	memset(&lab, 0, sizeof(lab));
	assert_int_equal(WOLFSSL_SUCCESS, wolfSSL_Init());
	assert_int_equal(0, certificate_init(&lab.ours));
	assert_int_equal(0, certificate_init(&lab.peers));
	lab_config(&lab);
	lab.lose = -1;
	lab.now = USEC_PER_SEC;
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	dtls_assoc_free(lab.assoc);
	dtls_context_free(lab.context);
	dtls_peer_fini(&lab.peer);
	wolfSSL_Cleanup();
	return 0;
}

static inline void lab_reset(void)
{
	dtls_assoc_free(lab.assoc);
	dtls_context_free(lab.context);
	dtls_peer_fini(&lab.peer);
	lab.assoc = NULL;
	lab.context = NULL;
	memset(&lab.from_us, 0, sizeof(lab.from_us));
	lab.seen_ours = lab.seen_peers = 0;
	lab.lose = -1;
	lab.luck = 0;
	lab.assoc_config = (struct dtls_assoc_config){0};
}

static const struct dtls_peer_config peer_client12 = {.role = MEDIA_DTLS_CLIENT,
	.version = 12,
	.profiles = ALL_PROFILES,
	.certificate = &lab.peers};

static inline void lab_open(enum media_dtls_role our_role, const struct dtls_peer_config *peer)
{
	struct dtls_assoc_config *config = &lab.assoc_config;

	if (!lab.context)
		assert_int_equal(0, dtls_context_new(&lab.context, &lab.ours, &lab.config));
	dtls_peer_init(&lab.peer, peer);
	config->context = lab.context;
	config->role = our_role;
	if (!config->profile)
		config->profile = profile_find(MEDIA_SRTP_AES128_CM_SHA1_80);
	config->hash = FINGERPRINT_SHA256;
	netaddr_parse(&config->peer, SLICE("127.0.0.1"), 4711);
	config->retransmit = 200 * USEC_PER_MS;
	config->send = on_send;
	config->arg = &lab;
	assert_int_equal(0, dtls_assoc_new(&lab.assoc, config));
	dtls_assoc_start(lab.assoc, lab.now);
	if (our_role == MEDIA_DTLS_SERVER) {
		dtls_peer_step(&lab.peer);
		lab.hello = lab.peer.out.items[0];
	}
}

static inline bool is_lost(bool ours)
{
	int index = ours ? lab.seen_ours++ : lab.seen_peers++;

	if (lab.luck) {
		lab.luck = lab.luck * 1664525u + 1013904223u;
		return (lab.luck >> 16) % 10 < 3;
	}
	return lab.lose == index && lab.lose_ours == ours;
}

static inline void give_peer_all(void)
{
	struct datagram *d;

	while ((d = queue_take(&lab.from_us))) {
		if (is_lost(true))
			continue;
		queue_put(&lab.peer.in, d->bytes, d->len);
		dtls_peer_step(&lab.peer);
	}
}

static inline void give_us_all(void)
{
	struct datagram *d;

	while ((d = queue_take(&lab.peer.out))) {
		if (!is_lost(false))
			dtls_assoc_input(lab.assoc, d->bytes, d->len, lab.now, NULL);
	}
}

/* Until both are done, one is dead, or nothing helps. Both clocks tick. */
static inline bool lab_run(void)
{
	usec_t end = lab.now + DEADLINE, peer_due = lab.now + 300 * USEC_PER_MS;

	while (lab.now < end) {
		give_us_all();
		give_peer_all();
		if (lab.peer.is_done && dtls_assoc_state(lab.assoc) == DTLS_DONE)
			return true;
		if (lab.peer.out.count || lab.from_us.count)
			continue;
		if (lab.peer.is_dead || dtls_assoc_state(lab.assoc) == DTLS_DEAD)
			return false;
		lab.now += STEP;
		dtls_assoc_tick(lab.assoc, lab.now);
		if (lab.now >= peer_due) {
			uv_sleep(51); /* DTLS 1.3 in the peer repeats once a tick of wolfSSL */
			dtls_peer_timeout(&lab.peer);
			peer_due += 300 * USEC_PER_MS;
		}
	}
	return false;
}

static inline void assert_same_keys(void)
{
	const struct dtls_result *result = dtls_assoc_result(lab.assoc);
	uint8_t material[DTLS_KEYS_MATERIAL_MAX];
	struct dtls_keys theirs;
	size_t len = dtls_peer_export(&lab.peer, material);
	const struct profile *profile = result->keys.profile;

	assert_int_equal(0, dtls_keys_split(&theirs, profile, material, len, lab.peer.role));
	assert_memory_equal(theirs.peers.key, result->keys.ours.key, profile->key_len);
	assert_memory_equal(theirs.peers.salt, result->keys.ours.salt, profile->salt_len);
	assert_memory_equal(theirs.ours.key, result->keys.peers.key, profile->key_len);
	assert_memory_equal(theirs.ours.salt, result->keys.peers.salt, profile->salt_len);
}

static const struct {
	enum media_dtls_role role; /* ours */
	int version;
} kinds[] = {
	{MEDIA_DTLS_SERVER, 12},
	{MEDIA_DTLS_SERVER, 13},
	{MEDIA_DTLS_CLIENT, 12},
	{MEDIA_DTLS_CLIENT, 13},
};

static inline void open_kind(size_t kind)
{
	bool is_server = kinds[kind].role == MEDIA_DTLS_SERVER;
	struct dtls_peer_config peer = {
		.role = is_server ? MEDIA_DTLS_CLIENT : MEDIA_DTLS_SERVER,
		.version = kinds[kind].version,
		.profiles = ALL_PROFILES,
		.certificate = &lab.peers};

	lab_reset();
	lab_open(kinds[kind].role, &peer);
}

static inline size_t load_up_to(const char *name, uint8_t *out, size_t max)
{
	char path[128];
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "tests/vectors/dtls/%s", name);
	file = fopen(path, "rb");
	assert_non_null(file);
	len = fread(out, 1, max, file);
	fclose(file);
	return len;
}

static inline size_t load(const char *name, uint8_t *out)
{
	return load_up_to(name, out, DATAGRAM_MAX);
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
