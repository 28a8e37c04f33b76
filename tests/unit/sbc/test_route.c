/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Routes: which one is about a call; rewrites: what becomes of an address. */

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "base/mem.h"
#include "sbc/route.h"
#include "tests/unit/sbc/config_text.h"

#define PEERS                                                                                  \
	CONFIG_ENOUGH                                                                          \
	"peers:\n"                                                                             \
	"- {name: one, domain: b.test, address: 10.0.0.1}\n"                                   \
	"- {name: two, domain: c.test, address: 10.0.0.2}\n"                                   \
	"- {name: three, domain: d.test, address: 10.0.0.3}\n"                                 \
	"- {name: proxy, domain: e.test, address: 10.0.0.4, authenticates: yes}\n"
#define ROUTES                                                                                 \
	PEERS "routes:\n"                                                                      \
	      "- {prefix: '+49', peer: one}\n"                                                 \
	      "- {prefix: '+4930', peer: two}\n"                                               \
	      "- {domain: x.test, peer: three}\n"                                              \
	      "- {domain: x.test, prefix: '1', peer: one}\n"                                   \
	      "- {from: two, peer: proxy}\n"                                                   \
	      "- {domain: atlanta.test, peer: proxy}\n"

static void the_most_telling_route_wins(void **state)
{
	static const struct {
		const char *user, *domain;
		int from; /* peer; -1: a user */
		int expected;
		const char *why;
	} cases[] = {
		{"+4989", "a.test", -1, 0, "by prefix"},
		{"+493012", "a.test", -1, 1, "by the longest prefix"},
		{"+4930", "a.test", -1, 1, "the whole number"},
		{"+4", "a.test", -1, -1, "shorter than any prefix"},
		{"bob", "x.test", -1, 2, "by domain"},
		{"bob", "X.TEST", -1, 2, "domains have no case"},
		{"+4930", "x.test", -1, 2, "a domain says more than a prefix"},
		{"123", "x.test", -1, 0, "both say more than one"},
		{"123", "x.test", 1, 3, "whom it comes from says most"},
		{"+49", "a.test", 2, 0, "of another peer"},
		{"bob", "atlanta.test", -1, 3, "our own domain, at a proxy of ours"},
		{"bob", "y.test", -1, -1, "nobody's"},
	};
	struct config *config = config_text_load(ROUTES, NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct route_question question = {.user = slice_str(cases[i].user),
			.domain = slice_str(cases[i].domain),
			.from = cases[i].from < 0 ? NULL : &config->peers[cases[i].from]};
		const struct config_route *route = route_find(config, &question);
		if ((route ? (int)route->peer_index : -1) != cases[i].expected)
			fail_msg("%s", cases[i].why);
	}
	config_unref(config);
}

static void orders_targets(void **state)
{
	struct random_source random = random_system();
	struct route_targets targets;
	struct config *config = config_text_load(PEERS
		"routes: [{domain: x.test, targets: [{peer: one, priority: 2}, "
		"{peer: two, priority: 1}, {peer: three, priority: 3, weight: 9}]},\n"
		" {domain: y.test, peer: two}]\n",
		NULL);

	(void)state;
	route_order(config, &config->routes[0], &random, &targets);
	assert_int_equal(3, targets.count);
	assert_string_equal("two", targets.peers[0]->name);
	assert_string_equal("one", targets.peers[1]->name);
	assert_string_equal("three", targets.peers[2]->name);
	route_order(config, &config->routes[1], &random, &targets);
	assert_int_equal(1, targets.count);
	assert_string_equal("two", targets.peers[0]->name);
	config_unref(config);
}

static void checks_routes(void **state)
{
	static const struct {
		const char *text, *expected;
	} faults[] = {
		{PEERS "routes: [{domain: x.test}]\n", "a route has a peer, or else targets"},
		{PEERS "routes: [{domain: x.test, peer: one, targets: [{peer: two}]}]\n",
			"a route has a peer, or else targets"},
		{PEERS "routes: [{domain: x.test, targets: [{peer: tow}]}]\n",
			"there is no peer \"tow\"; did you mean \"two\"?"},
		{PEERS "routes: [{from: onne, peer: two}]\n", "there is no peer \"onne\""},
		{PEERS "routes: [{peer: one}]\n", "a route needs a domain, a prefix or a peer"},
		{PEERS "routes: [{domain: atlanta.test, peer: one}]\n", "is our own domain"},
		{PEERS "routes: [{prefix: '1', peer: one}, {prefix: '1', peer: two}]\n",
			"has a route already"},
		{PEERS "rewrites: [{prefix: '0'}]\n", "it changes nothing"},
		{PEERS "rewrites: [{prefix: '0', strip: 1, from: x}]\n", "there is no peer"},
		{PEERS "rewrites: [{what: calling, strip: 1}]\n",
			"is not one of called, caller"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		assert_true(config_text_refused(faults[i].text, faults[i].expected));
}

#define REWRITES                                                                               \
	PEERS "rewrites:\n"                                                                    \
	      "- {from: one, prefix: '00', strip: 2, prepend: '+'}\n"                          \
	      "- {from: one, prefix: '0', strip: 1, prepend: '+49', domain: n.test}\n"         \
	      "- {from: one, what: caller, prefix: '9', strip: 1}\n"                           \
	      "- {prefix: '112', prepend: 'sos-'}\n"

static void rewrites(void **state)
{
	static const struct {
		const char *uri, *expected;
		int from;
		bool is_caller;
		const char *why;
	} cases[] = {
		{"sip:0044123@a.test", "sip:+44123@a.test", 0, false, "strip and prepend"},
		{"sip:030123@a.test:5070", "sip:+4930123@n.test", 0, false,
			"the domain, whose port is another's"},
		{"sip:0044123@a.test:5070;user=phone", "sip:+44123@a.test:5070;user=phone", 0,
			false, "the rest stays"},
		{"sip:0044123@[2001:db8::1]", "sip:+44123@[2001:db8::1]", 0, false, "IPv6"},
		{"sip:0044123@a.test", NULL, 1, false, "another peer's table"},
		{"sip:0044123@a.test", NULL, -1, false, "a user's call"},
		{"sip:112@a.test", "sip:sos-112@a.test", 1, false, "everybody's table"},
		{"sip:9123@a.test", "sip:123@a.test", 0, true, "the caller"},
		{"sip:0044@a.test", NULL, 0, true, "a caller is not the called"},
		{"sip:9@a.test", NULL, 0, true, "nothing would be left"},
		{"sip:0%30@a.test", NULL, 0, false, "an escape is not cut"},
		{"tel:0044123", NULL, 0, false, "no host"},
		{"sip:a.test", NULL, 0, false, "no user"},
	};
	struct config *config = config_text_load(REWRITES, NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sip_uri uri, made;
		struct route_rewrite question = {.config = config,
			.from = cases[i].from < 0 ? NULL : &config->peers[cases[i].from],
			.is_caller = cases[i].is_caller,
			.uri = &uri};
		struct arena arena;
		int err;
		arena_init(&arena, 65536);
		assert_int_equal(0, sip_uri_parse(&uri, slice_str(cases[i].uri)));
		err = route_rewrite(&question, &arena, &made);
		if (err != (cases[i].expected ? 0 : SBC_ENOENT) ||
			(!err && !slice_equal(made.raw, slice_str(cases[i].expected))))
			fail_msg("%s: %.*s", cases[i].why, SLICE_ARG(err ? uri.raw : made.raw));
		if (!err) {
			mem_fail_after(0);
			assert_int_equal(SBC_ENOMEM, route_rewrite(&question, &arena, &made));
			mem_fail_after(-1);
		}
		arena_fini(&arena);
	}
	config_unref(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_most_telling_route_wins),
		cmocka_unit_test(orders_targets),
		cmocka_unit_test(checks_routes),
		cmocka_unit_test(rewrites),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
