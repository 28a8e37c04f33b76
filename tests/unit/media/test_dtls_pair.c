/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two associations of ours, as between two domains (DTLS 1.3), over links of every badness. */

#include "tests/cmocka_first.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "media/dtls.h"
#include "tests/unit/media/dtls_peer.h"

#define STEP     (10 * USEC_PER_MS)
#define DEADLINE (10 * USEC_PER_SEC) /* media.dtls_deadline_ms without being written */
#define SEEDS    60

struct end {
	struct certificate certificate;
	struct dtls_context *context;
	struct dtls_assoc *assoc;
	struct queue out;
};

/* Parts of ten. */
struct link {
	unsigned loss, doubled, swapped;
};

static struct end ends[2]; /* client, server */
static uint32_t luck;
static usec_t now;
static unsigned seed_max = SEEDS;

/* wolfSSL's clock, which stands in for sbc/base/wolfssl_tick.c: DTLS 1.3 repeats once a tick.
 */
unsigned int LowResTimer(void);
unsigned int LowResTimer(void)
{
	return (unsigned int)(now / STEP);
}

static unsigned draw(void)
{
	luck = luck * 1664525u + 1013904223u;
	return (luck >> 16) % 10;
}

static void on_send(const uint8_t *bytes, size_t len, void *arg)
{
	queue_put(&((struct end *)arg)->out, bytes, len);
}

static void open_end(struct end *end, enum media_dtls_role role)
{
	struct media_config config = {.dtls_mtu = 1200,
		.profiles = {MEDIA_SRTP_AEAD_AES_128_GCM},
		.profile_count = 1};
	struct dtls_assoc_config assoc = {.role = role,
		.profile = profile_find(MEDIA_SRTP_AEAD_AES_128_GCM),
		.hash = FINGERPRINT_SHA256,
		.retransmit = 250 * USEC_PER_MS,
		.send = on_send,
		.arg = end};

	assert_int_equal(0, certificate_init(&end->certificate));
	assert_int_equal(0, dtls_context_new(&end->context, &end->certificate, &config));
	assoc.context = end->context;
	netaddr_parse(&assoc.peer, SLICE("127.0.0.1"), 4711);
	assert_int_equal(0, dtls_assoc_new(&end->assoc, &assoc));
	dtls_assoc_start(end->assoc, now);
}

static void close_end(struct end *end)
{
	dtls_assoc_free(end->assoc);
	dtls_context_free(end->context);
	memset(end, 0, sizeof(*end));
}

static void deliver(struct end *from, struct end *to, const struct link *link)
{
	struct datagram *d, later = {0};

	while ((d = queue_take(&from->out))) {
		if (draw() < link->loss)
			continue;
		if (!later.len && draw() < link->swapped) {
			later = *d;
			continue;
		}
		dtls_assoc_input(to->assoc, d->bytes, d->len, now, NULL);
		if (draw() < link->doubled)
			dtls_assoc_input(to->assoc, d->bytes, d->len, now, NULL);
	}
	if (later.len)
		dtls_assoc_input(to->assoc, later.bytes, later.len, now, NULL);
}

static bool is_done(void)
{
	return dtls_assoc_state(ends[0].assoc) == DTLS_DONE &&
	       dtls_assoc_state(ends[1].assoc) == DTLS_DONE;
}

/* How long it took; -1: longer than the deadline, or one is dead. */
static usec_t run(const struct link *link)
{
	usec_t began = USEC_PER_SEC;

	now = began;
	open_end(&ends[0], MEDIA_DTLS_CLIENT);
	open_end(&ends[1], MEDIA_DTLS_SERVER);
	for (; now < began + DEADLINE && !is_done(); now += STEP) {
		for (int turn = 0; turn < 8; turn++) {
			deliver(&ends[0], &ends[1], link);
			deliver(&ends[1], &ends[0], link);
		}
		dtls_assoc_tick(ends[0].assoc, now);
		dtls_assoc_tick(ends[1].assoc, now);
	}
	return is_done() ? now - began : -1;
}

static void assert_one_call(void)
{
	const struct dtls_result *client = dtls_assoc_result(ends[0].assoc);
	const struct dtls_result *server = dtls_assoc_result(ends[1].assoc);

	assert_string_equal("DTLSv1.3", client->version);
	assert_true(fingerprint_equal(&client->presented, &ends[1].certificate.fingerprint));
	assert_true(fingerprint_equal(&server->presented, &ends[0].certificate.fingerprint));
	assert_memory_equal(client->keys.ours.key, server->keys.peers.key, 16);
	assert_memory_equal(client->keys.peers.key, server->keys.ours.key, 16);
}

static void connects(void **state)
{
	static const struct link links[] = {
		{0, 0, 0}, {0, 5, 5}, /* doubled and out of order */
		{1, 2, 3}, {3, 0, 0}, /* three of ten lost each way */
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		for (unsigned seed = 1; seed <= seed_max; seed++) {
			usec_t took;

			luck = seed;
			took = run(&links[i]);
			if (seed_max < SEEDS) /* tests/tools/test_valgrind.py compares */
				print_message("link %zu, seed %u: %lld us\n", i, seed,
					(long long)took);
			if (took < 0) {
				print_message("link %zu, seed %u: not done\n", i, seed);
				failed++;
			} else {
				assert_one_call();
			}
			close_end(&ends[0]);
			close_end(&ends[1]);
		}
	}
	/* Three of ten lost each way, the same datagram may be lost time after time: of a
	 * hundred calls one is too unlucky for the deadline. None may stand still for good. */
	assert_true(failed <= SEEDS * (sizeof(links) / sizeof(links[0])) / 100);
}

/* usage: test_dtls_pair [SEEDS], where it takes too long to try them all */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(connects)};
	int status;

	if (argc > 1)
		seed_max = (unsigned)strtoul(argv[1], NULL, 10);
	wolfSSL_Init();
	status = cmocka_run_group_tests(tests, NULL, NULL);
	wolfSSL_Cleanup();
	return status;
}
