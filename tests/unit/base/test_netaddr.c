/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses: reading, printing, blocks. */

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "base/netaddr.h"

static void reads_and_prints(void **state)
{
	static const struct {
		const char *text;
		const char *printed; /* NULL: refused */
	} table[] = {
		{"127.0.0.1:5060", "127.0.0.1:5060"},
		{"127.0.0.1", "127.0.0.1:99"},
		{"[2001:db8::1]:5061", "[2001:db8::1]:5061"},
		{"[::1]", "[::1]:99"},
		{"::1", "[::1]:99"},
		{"0.0.0.0:0", "0.0.0.0:0"},
		{"127.0.0.1:65536", NULL},
		{"127.0.0.1:", NULL},
		{"127.0.0.1:x", NULL},
		{"127.1", NULL},
		{"2130706433", NULL},
		{"0x7f.0.0.1", NULL},
		{"[::1", NULL},
		{"[::1]x", NULL},
		{"localhost:5060", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char text[NETADDR_TEXT_MAX];
		struct netaddr a = {0};
		int err = netaddr_parse_hostport(&a, slice_str(table[i].text), 99);
		if (!table[i].printed) {
			assert_int_equal(SBC_EPARSE, err);
			continue;
		}
		assert_int_equal(0, err);
		assert_string_equal(table[i].printed, netaddr_print(&a, text));
	}
	struct netaddr a = {0};
	assert_int_equal(SBC_EPARSE, netaddr_parse(&a, slice_of("1.2.3.4\0x", 9), 1));
}

static void compares(void **state)
{
	struct netaddr a, b, mapped;
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(7)};

	(void)state;
	netaddr_parse(&a, SLICE("10.0.0.1"), 7);
	netaddr_parse(&b, SLICE("10.0.0.1"), 8);
	assert_true(netaddr_equal_host(&a, &b));
	assert_false(netaddr_equal(&a, &b));
	in6.sin6_addr.s6_addr[10] = in6.sin6_addr.s6_addr[11] = 0xff;
	in6.sin6_addr.s6_addr[12] = 10;
	in6.sin6_addr.s6_addr[15] = 1;
	netaddr_from_sockaddr(&mapped, (struct sockaddr *)&in6);
	assert_true(netaddr_equal(&a, &mapped)); /* ::ffff:10.0.0.1 is 10.0.0.1 */
}

static void blocks(void **state)
{
	static const struct {
		const char *block, *address;
		bool has;
	} table[] = {
		{"127.0.0.0/8", "127.255.0.1", true},
		{"127.0.0.0/8", "128.0.0.1", false},
		{"10.1.0.0/20", "10.1.15.255", true},
		{"10.1.0.0/20", "10.1.16.0", false},
		{"0.0.0.0/0", "8.8.8.8", true},
		{"0.0.0.0/0", "::1", false},
		{"fe80::/10", "febf::1", true},
		{"fe80::/10", "fec0::1", false},
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
	};
	static const char *const broken[] = {"127.0.0.0/33", "127.0.0.0/", "x/8", "::/129", ""};
	struct netaddr_block block;
	struct netaddr a;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_int_equal(0, netaddr_block_parse(&block, slice_str(table[i].block)));
		assert_int_equal(0, netaddr_parse(&a, slice_str(table[i].address), 0));
		assert_int_equal(table[i].has, netaddr_block_has(&block, &a));
	}
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		assert_int_equal(SBC_EPARSE, netaddr_block_parse(&block, slice_str(broken[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_prints),
		cmocka_unit_test(compares),
		cmocka_unit_test(blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
