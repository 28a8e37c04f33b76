/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SRTP-13, M4: an address that nothing proves is learnt strictly, once, and in time. */

#include "tests/cmocka_first.h"

#include "media/latch.h"

static struct netaddr address(uint16_t port)
{
	struct netaddr a;

	netaddr_parse(&a, SLICE("192.0.2.1"), port);
	return a;
}

/* Sends count packets from a port; was it ever taken? */
static bool offer(struct latch *latch, uint16_t port, uint32_t ssrc, uint16_t first,
	unsigned count, usec_t now)
{
	struct netaddr from = address(port);

	for (unsigned i = 0; i < count; i++) {
		struct rtp_header header = {.ssrc = ssrc, .sequence = (uint16_t)(first + i)};

		if (latch_offer(latch, &from, &header, now))
			return true;
	}
	return false;
}

static void packets_in_order_move_it(void **state)
{
	struct latch latch;

	(void)state;
	latch_open(&latch, 0);
	assert_false(offer(&latch, 1000, 1, 65533, LATCH_PACKETS - 1, 1)); /* over the wrap */
	assert_true(offer(&latch, 1000, 1, (uint16_t)(65533 + LATCH_PACKETS - 1), 1, 1));
	/* Once: nobody moves it again. */
	assert_false(offer(&latch, 2000, 1, 0, 100, 2));
}

static void anything_else_does_not(void **state)
{
	struct latch latch = {0};

	(void)state;
	assert_false(offer(&latch, 1000, 1, 0, 100, 0)); /* never opened */
	latch_open(&latch, 0);
	assert_false(offer(&latch, 1000, 1, 0, 100, LATCH_WINDOW)); /* too late */
	for (uint16_t i = 0; i < 100; i++)
		assert_false(offer(&latch, 1000, 1, (uint16_t)(2 * i), 1, 1)); /* gaps */
	for (uint16_t i = 0; i < 100; i++)
		assert_false(offer(&latch, 1000, i, i, 1, 1)); /* another SSRC each time */
	for (uint16_t i = 0; i < 100; i++)                     /* two who compete: neither */
		assert_false(offer(&latch, 1000 + i % 2, 1, i / 2, 1, 1));
	latch_close(&latch); /* the signalled address was heard */
	assert_false(offer(&latch, 1000, 1, 0, 100, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_in_order_move_it),
		cmocka_unit_test(anything_else_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
