/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a stranger's URL may send us (ID4474-47). */

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "sbc/fetch_guard.h"

static const struct {
	const char *address;
	bool passes;
	const char *why;
} addresses[] = {
	{"8.8.8.8", true, "public"},
	{"2a00:1450::1", true, "public"},
	{"127.0.0.1", false, "loopback"},
	{"127.255.255.254", false, "loopback, all of it"},
	{"0.0.0.0", false, "this host"},
	{"10.1.2.3", false, "private"},
	{"172.16.0.1", false, "private"},
	{"172.31.255.255", false, "private"},
	{"172.32.0.1", true, "one further"},
	{"192.168.1.1", false, "private"},
	{"169.254.169.254", false, "clouds' metadata"},
	{"100.64.0.1", false, "carrier-grade NAT"},
	{"100.128.0.1", true, "one further"},
	{"192.0.2.1", false, "documentation"},
	{"198.18.0.1", false, "benchmarks"},
	{"224.0.0.1", false, "multicast"},
	{"255.255.255.255", false, "broadcast"},
	{"::1", false, "loopback"},
	{"::", false, "unspecified"},
	{"fe80::1", false, "link-local"},
	{"fc00::1", false, "unique local"},
	{"fd12:3456::1", false, "unique local"},
	{"ff02::1", false, "multicast"},
	{"::ffff:127.0.0.1", false, "v4-mapped, as it comes from no sockaddr"},
	{"::127.0.0.1", false, "v4-compatible"},
	{"64:ff9b::7f00:1", false, "NAT64 of loopback"},
	{"2002:7f00:1::", false, "6to4 of loopback"},
	{"2001::1", false, "Teredo"},
	{"2001:db8::1", false, "documentation"},
	{"203.0.113.77", false, "documentation"},
};

static void guards(void **state)
{
	struct fetch_guard guard = {0};
	struct netaddr address;

	(void)state;
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		assert_int_equal(
			0, netaddr_parse(&address, slice_str(addresses[i].address), 443));
		if (fetch_guard_passes(&guard, &address) != addresses[i].passes)
			fail_msg("%s: %s", addresses[i].address, addresses[i].why);
	}
	address = (struct netaddr){0};
	assert_false(fetch_guard_passes(&guard, &address));
}

/* What is allowed passes, whatever it is; what is ours does not, however public. */
static void allows_and_own(void **state)
{
	struct netaddr_block block;
	struct netaddr loopback, own;
	struct fetch_guard guard;

	(void)state;
	assert_int_equal(0, netaddr_block_parse(&block, SLICE("127.0.0.0/30")));
	assert_int_equal(0, netaddr_parse(&loopback, SLICE("127.0.0.1"), 1));
	assert_int_equal(0, netaddr_parse(&own, SLICE("8.8.4.4"), 2));
	fetch_guard_init(&guard, &block, 1);
	assert_true(guard.own_count > 0); /* loopback at least */
	assert_true(fetch_guard_passes(&guard, &loopback));
	assert_int_equal(0, netaddr_parse(&loopback, SLICE("127.0.0.9"), 1));
	assert_false(fetch_guard_passes(&guard, &loopback));
	assert_true(fetch_guard_passes(&guard, &own));
	guard.own[0] = own;
	netaddr_set_port(&guard.own[0], 77);
	assert_false(fetch_guard_passes(&guard, &own));
}

static const struct {
	const char *text;
	const char *host; /* NULL: refused */
	uint16_t port;
	const char *why;
} urls[] = {
	{"https://a.test/cert", "a.test", 443, "as it should be"},
	{"HTTPS://a.test/cert?x=1&y=%20", "a.test", 443, "a scheme has no case"},
	{"http://a.test/", "a.test", 80, "http's port"},
	{"https://a.test:8443/cert", "a.test", 8443, "a port"},
	{"https://[2001:db8::1]:8443/x", "[2001:db8::1]", 8443, "IPv6"},
	{"https://[2001:db8::1]/x", "[2001:db8::1]", 443, "IPv6"},
	{"https://[2001:db8::1/x", NULL, 0, "no end of it"},
	{"https://[a.test]/x", NULL, 0, "no address in it"},
	{"https://[::1]x/x", NULL, 0, "something behind it"},
	{"https://a.test", NULL, 0, "ID4474-13: a path"},
	{"https:///x", NULL, 0, "no host"},
	{"https://:443/x", NULL, 0, "no host"},
	{"https://a.test:/x", NULL, 0, "no port"},
	{"https://a.test:0/x", NULL, 0, "not a port"},
	{"https://a.test:65536/x", NULL, 0, "not a port"},
	{"https://a.test:+1/x", NULL, 0, "not a port"},
	{"https://u:p@a.test/x", NULL, 0, "a user"},
	{"https://a.test/@b.test/x", NULL, 0, "looks like one"},
	{"https://a.test\\.b.test/x", NULL, 0, "read as '/' by some"},
	{"https://a.test?x/y", NULL, 0, "no path before the query"},
	{"https://a.test/x#y", NULL, 0, "a fragment"},
	{"https://a.test/\x01", NULL, 0, "control bytes"},
	{"https://\xc3\xa4.test/x", NULL, 0, "not ASCII"},
	{"ftp://a.test/x", NULL, 0, "another scheme"},
	{"https:/a.test/x", NULL, 0, "half a scheme"},
	{"", NULL, 0, "nothing"},
};

static void reads_urls(void **state)
{
	char text[FETCH_URL_MAX + 2];
	struct fetch_url url;

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		int err = fetch_url_parse(&url, slice_str(urls[i].text));
		if ((err == 0) != (urls[i].host != NULL))
			fail_msg("%s: %s", urls[i].text, urls[i].why);
		if (err)
			continue;
		assert_true(slice_equal(slice_str(urls[i].host), url.host));
		assert_int_equal(urls[i].port, url.port);
	}
	memset(text, 'a', sizeof(text));
	memcpy(text, "https://a/", 10);
	assert_int_equal(0, fetch_url_parse(&url, slice_of(text, FETCH_URL_MAX)));
	assert_int_equal(SBC_EINVAL, fetch_url_parse(&url, slice_of(text, FETCH_URL_MAX + 1)));
}

static const struct {
	enum fetch_redirects rule;
	bool allow_http;
	const char *from, *to;
	bool passes;
	const char *why;
} hops[] = {
	{FETCH_REDIRECTS_OFF, true, "https://a.test/x", "https://a.test/y", false, "off"},
	{FETCH_REDIRECTS_SAME_HOST, false, "https://a.test/x", "https://A.test/y", true,
		"names have no case"},
	{FETCH_REDIRECTS_SAME_HOST, false, "https://a.test/x", "https://a.test:8443/y", true,
		"another port of it"},
	{FETCH_REDIRECTS_SAME_HOST, true, "https://a.test/x", "http://a.test/y", false,
		"never down to http"},
	{FETCH_REDIRECTS_SAME_HOST, true, "http://a.test/x", "http://a.test/y", true,
		"http where it began with http"},
	{FETCH_REDIRECTS_SAME_HOST, false, "http://a.test/x", "http://a.test/y", false,
		"and is allowed"},
	{FETCH_REDIRECTS_SAME_HOST, false, "http://a.test/x", "https://a.test/y", true, "up"},
	{FETCH_REDIRECTS_SAME_HOST, false, "https://a.test/x", "https://b.a.test/y", false,
		"a name below it is another"},
	{FETCH_REDIRECTS_HTTPS, false, "https://a.test/x", "https://b.test/y", true, "any"},
	{FETCH_REDIRECTS_HTTPS, true, "http://a.test/x", "http://b.test/y", false,
		"elsewhere only by https"},
	{FETCH_REDIRECTS_HTTPS, true, "https://a.test/x", "http://b.test/y", false, "down"},
};

/* ID4474-15, ID4474-47: never to what is not https, but for who may use http. */
static void redirects_by_rule(void **state)
{
	struct fetch_url from, to;

	(void)state;
	for (size_t i = 0; i < sizeof(hops) / sizeof(hops[0]); i++) {
		assert_int_equal(0, fetch_url_parse(&from, slice_str(hops[i].from)));
		assert_int_equal(0, fetch_url_parse(&to, slice_str(hops[i].to)));
		if (fetch_redirect_passes(hops[i].rule, &from, &to, hops[i].allow_http) !=
			hops[i].passes)
			fail_msg("%s -> %s: %s", hops[i].from, hops[i].to, hops[i].why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guards),
		cmocka_unit_test(allows_and_own),
		cmocka_unit_test(reads_urls),
		cmocka_unit_test(redirects_by_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
