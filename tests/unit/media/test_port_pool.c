/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Port pairs: even and odd, in turn, bounded, and skipping what others hold. */

#include "tests/cmocka_first.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "media/port_pool.h"
#include "tests/unit/media/local.h"

#define PAIRS 4

static struct media_interface interface_of(uint16_t low, uint16_t high)
{
	struct media_interface interface = {.port_min = low, .port_max = high};

	if (!high)
		interface.port_max = (uint16_t)(low + 1);
	netaddr_parse(&interface.address, SLICE("127.0.0.1"), 0);
	return interface;
}

/* Of four pairs; it begins at an odd one, so the first pair is at the next. */
static struct media_interface odd_range(void)
{
	uint16_t first = find_ports(2 * PAIRS + 2);

	return interface_of((uint16_t)(first + 1), (uint16_t)(first + 2 * PAIRS + 2));
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in bound;
	socklen_t len = sizeof(bound);

	assert_int_equal(0, getsockname(fd, (struct sockaddr *)&bound, &len));
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	return ntohs(bound.sin_port);
}

static void give(struct port_pool *pool, struct port_pair *pair)
{
	close(pair->rtp_fd);
	close(pair->rtcp_fd);
	port_pool_give(pool, pair->port);
}

static void takes_all_in_turn(void **state)
{
	struct media_interface interface = odd_range();
	struct port_pair pairs[PAIRS], more;
	struct port_pool pool;

	(void)state;
	assert_int_equal(0, port_pool_init(&pool, &interface));
	for (int i = 0; i < PAIRS; i++) {
		assert_int_equal(0, port_pool_take(&pool, &pairs[i]));
		assert_int_equal(interface.port_min + 1 + 2 * i, pairs[i].port);
		assert_int_equal(pairs[i].port, port_of(pairs[i].rtp_fd));
		assert_int_equal(pairs[i].port + 1, port_of(pairs[i].rtcp_fd));
	}
	assert_int_equal(SBC_ELIMIT, port_pool_take(&pool, &more));
	give(&pool, &pairs[2]);
	give(&pool, &pairs[0]);
	/* The one that rests longest comes first. */
	assert_int_equal(0, port_pool_take(&pool, &more));
	assert_int_equal(pairs[2].port, more.port);
	give(&pool, &more);
	give(&pool, &pairs[1]);
	give(&pool, &pairs[3]);
	port_pool_fini(&pool);
}

/* Either port of a pair may be another program's. */
static void skips_busy_ones(void **state)
{
	struct media_interface interface = odd_range();
	struct port_pool pool, other;
	struct port_pair pair, taken;

	(void)state;
	for (int odd = 0; odd < 2; odd++) {
		assert_int_equal(0, port_pool_init(&other, &interface));
		assert_int_equal(0, port_pool_init(&pool, &interface));
		assert_int_equal(0, port_pool_take(&other, &taken));
		close(odd ? taken.rtp_fd : taken.rtcp_fd);
		for (int i = 0; i < PAIRS - 1; i++) {
			assert_int_equal(0, port_pool_take(&pool, &pair));
			assert_int_not_equal(taken.port, pair.port);
			give(&pool, &pair);
		}
		/* It is not forgotten: once it is free it is used. */
		close(odd ? taken.rtcp_fd : taken.rtp_fd);
		for (int i = 0; i < PAIRS && pair.port != taken.port; i++) {
			assert_int_equal(0, port_pool_take(&pool, &pair));
			give(&pool, &pair);
		}
		assert_int_equal(taken.port, pair.port);
		port_pool_fini(&pool);
		port_pool_fini(&other);
	}
}

static void all_busy_is_an_error(void **state)
{
	struct media_interface interface = interface_of(find_ports(2), 0);
	struct port_pool pool, other;
	struct port_pair pair, taken;

	(void)state;
	assert_int_equal(0, port_pool_init(&other, &interface));
	assert_int_equal(0, port_pool_init(&pool, &interface));
	assert_int_equal(0, port_pool_take(&other, &taken));
	assert_int_equal(SBC_EIO, port_pool_take(&pool, &pair));
	give(&other, &taken);
	assert_int_equal(0, port_pool_take(&pool, &pair));
	give(&pool, &pair);
	port_pool_fini(&pool);
	port_pool_fini(&other);
	/* An address that is not ours: not a matter of ports. */
	netaddr_parse(&interface.address, SLICE("192.0.2.1"), 0);
	assert_int_equal(0, port_pool_init(&pool, &interface));
	assert_int_equal(SBC_EIO, port_pool_take(&pool, &pair));
	port_pool_fini(&pool);
}

static void ranges(void **state)
{
	static const struct {
		uint16_t low, high;
		int err;
	} rows[] = {
		{0, 100, SBC_EINVAL},
		{40000, 40000, SBC_EINVAL},
		{40001, 40002, SBC_EINVAL}, /* no pair begins at an odd one */
		{40000, 40001, 0},
		{40002, 40001, SBC_EINVAL},
		{65534, 65535, 0},
		{65535, 65535, SBC_EINVAL},
		{2, 65535, 0},
	};
	struct port_pool pool;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct media_interface interface = interface_of(rows[i].low, rows[i].high);

		assert_int_equal(rows[i].err, port_pool_init(&pool, &interface));
		if (!rows[i].err)
			port_pool_fini(&pool);
	}
	mem_fail_after(0);
	struct media_interface interface = interface_of(40000, 40001);
	assert_int_equal(SBC_ENOMEM, port_pool_init(&pool, &interface));
	mem_fail_after(-1);
}

/* A session that lives on wants its own ports; the others keep their turns. */
static void takes_a_certain_port(void **state)
{
	struct media_interface interface = odd_range();
	struct port_pair wanted, again, next;
	struct port_pool pool;

	(void)state;
	assert_int_equal(0, port_pool_init(&pool, &interface));
	assert_int_equal(0, port_pool_take_port(&pool, interface.port_min + 5, &wanted));
	assert_int_equal(interface.port_min + 5, wanted.port);
	assert_int_equal(
		SBC_ELIMIT, port_pool_take_port(&pool, interface.port_min + 5, &again));
	assert_int_equal(SBC_ELIMIT, port_pool_take_port(&pool, 9, &again));
	for (uint16_t port = interface.port_min + 1; port < interface.port_min + 8; port += 2) {
		if (port == interface.port_min + 5)
			continue;
		assert_int_equal(0, port_pool_take(&pool, &next));
		assert_int_equal(port, next.port);
		close(next.rtp_fd);
		close(next.rtcp_fd);
	}
	assert_int_equal(SBC_ELIMIT, port_pool_take(&pool, &next));
	give(&pool, &wanted);
	assert_int_equal(0, port_pool_take(&pool, &next));
	assert_int_equal(interface.port_min + 5, next.port);
	give(&pool, &next);
	port_pool_fini(&pool);
}

/* RFC 2474: the upper six bits of the field, in both families. */
static void marks_what_is_sent(void **state)
{
	static const struct {
		const char *address;
		int level, option;
	} rows[] = {{"127.0.0.1", IPPROTO_IP, IP_TOS}, {"::1", IPPROTO_IPV6, IPV6_TCLASS}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct media_interface interface = odd_range();
		struct port_pool pool;
		struct port_pair pair;
		int field = 0;
		socklen_t len = sizeof(field);

		netaddr_parse(&interface.address, slice_str(rows[i].address), 0);
		assert_int_equal(0, port_pool_init(&pool, &interface));
		assert_int_equal(0, port_pool_take(&pool, &pair));
		assert_int_equal(0, port_pair_set_dscp(&pair, 46));
		assert_int_equal(0,
			getsockopt(pair.rtcp_fd, rows[i].level, rows[i].option, &field, &len));
		assert_int_equal(46 << 2, field);
		give(&pool, &pair);
		assert_int_equal(SBC_EIO, port_pair_set_dscp(&pair, 46)); /* closed */
		port_pool_fini(&pool);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_all_in_turn),
		cmocka_unit_test(skips_busy_ones),
		cmocka_unit_test(all_busy_is_an_error),
		cmocka_unit_test(ranges),
		cmocka_unit_test(takes_a_certain_port),
		cmocka_unit_test(marks_what_is_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
