/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is kept for a peer that is not known yet: the newest, bounded. */

#include "tests/cmocka_first.h"

#include "base/mem.h"
#include "media/early.h"

struct seen {
	unsigned count;
	uint8_t first[EARLY_MAX + 1];
	uint16_t port;
};

static void on_visit(const struct udp_packet *packet, void *arg)
{
	struct seen *seen = arg;

	assert_true(seen->count < EARLY_MAX);
	seen->first[seen->count++] = packet->data[0];
	seen->port = netaddr_port(&packet->peer);
}

static void keeps_the_newest(void **state)
{
	static uint8_t bytes[UDP_PACKET_MAX];
	struct udp_packet packet = {.data = bytes, .len = 100};
	struct early *early = NULL;

	(void)state;
	early_visit(early, on_visit, NULL);
	for (unsigned total = 1; total <= 30; total++) {
		struct seen seen = {0};
		unsigned kept = total < EARLY_MAX ? total : EARLY_MAX;

		bytes[0] = (uint8_t)total;
		netaddr_parse(&packet.peer, SLICE("127.0.0.1"), (uint16_t)total);
		early_put(&early, &packet);
		early_visit(early, on_visit, &seen);
		assert_int_equal(kept, seen.count);
		for (unsigned i = 0; i < kept; i++)
			assert_int_equal(total - kept + 1 + i, seen.first[i]);
		assert_int_equal(total, seen.port);
	}
	early_free(&early);
	assert_null(early);
}

static void keeps_no_halves_and_needs_memory(void **state)
{
	static uint8_t bytes[UDP_PACKET_MAX];
	struct udp_packet packet = {.data = bytes, .len = 100, .is_truncated = true};
	struct early *early = NULL;

	(void)state;
	early_put(&early, &packet);
	assert_null(early);
	packet.is_truncated = false;
	mem_fail_after(0);
	early_put(&early, &packet);
	mem_fail_after(-1);
	assert_null(early);
	packet.len = UDP_PACKET_MAX;
	early_put(&early, &packet);
	assert_non_null(early);
	early_free(&early);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_the_newest),
		cmocka_unit_test(keeps_no_halves_and_needs_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
