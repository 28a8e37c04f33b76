/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Peers with a name: looked up in the background, again when the TTL is over; the next
 * address where one fails (RFC 3263 section 4.3, SIP-30). Virtual time. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "tests/scenario/world.h"

#define SECONDS(n) ((n)*USEC_PER_SEC)

static void name_the_trunk(struct world *w)
{
	w->peers[1].address = (struct netaddr){0};
	w->peers[1].host = "sip.trunk.test";
	w->routes[0] = (struct config_route){.domain = "", .prefix = "+49", .peer_index = 1};
	world_remake(w);
	world_pass(w, SECONDS(1));
	assert_string_equal("sip.trunk.test", w->resolve_host);
	w->resolve_host[0] = '\0';
}

static void resolved(struct world *w, size_t count, int64_t ttl_s)
{
	struct peer_address addresses[2] = {
		{.transport = TRANSPORT_UDP}, {.transport = TRANSPORT_UDP}};
	struct resolve_result result = {.err = count ? 0 : SBC_ENOENT,
		.name = SLICE("trunk"),
		.addresses = addresses,
		.address_count = count,
		.ttl_s = ttl_s};

	netaddr_parse(&addresses[0].address, SLICE("127.0.0.13"), 5060);
	netaddr_parse(&addresses[1].address, SLICE("127.0.0.14"), 5060);
	sbc_resolved(w->sbc, &result, w->now);
}

static void calls_wait_for_no_name(void **state)
{
	struct world *w = *state;
	struct talk t;

	name_the_trunk(w);
	world_call(w, &t, ALICE, "sip:+4930123@atlanta.test");
	world_hear_code(w, ALICE, 503); /* at once */
	resolved(w, 1, 60);
	world_call(w, &t, ALICE, "sip:+4930123@atlanta.test");
	world_hear_method(w, TRUNK, SIP_METHOD_INVITE);
}

static void asked_again_when_the_ttl_is_over(void **state)
{
	struct world *w = *state;
	struct talk t;

	name_the_trunk(w);
	resolved(w, 1, 60);
	world_pass(w, SECONDS(58));
	assert_string_equal("", w->resolve_host);
	world_pass(w, SECONDS(4));
	assert_string_equal("sip.trunk.test", w->resolve_host);
	w->resolve_host[0] = '\0';
	world_pass(w, SECONDS(100)); /* one question at a time */
	assert_string_equal("", w->resolve_host);
	resolved(w, 0, 0); /* the name server is away: what was known stays */
	world_call(w, &t, ALICE, "sip:+4930123@atlanta.test");
	world_hear_method(w, TRUNK, SIP_METHOD_INVITE);
	world_pass(w, SECONDS(32));
	assert_string_equal("sip.trunk.test", w->resolve_host);
}

/* SIP-30. */
static void the_next_address_where_one_fails(void **state)
{
	struct world *w = *state;
	struct talk t;

	name_the_trunk(w);
	resolved(w, 2, 600);
	world_call(w, &t, ALICE, "sip:+4930123@atlanta.test");
	world_hear_method(w, TRUNK, SIP_METHOD_INVITE);
	world_answer(w, TRUNK, 503, NULL);
	world_hear_method(w, SPARE, SIP_METHOD_INVITE);
	world_answer(w, SPARE, 180, NULL);
	world_hear_code(w, ALICE, 180);
}

/* Each address of the name is the peer's. */
static void calls_come_from_any_of_them(void **state)
{
	struct world *w = *state;
	struct talk t;

	name_the_trunk(w);
	w->peers[2].transport = TRANSPORT_TCP; /* not the other peer at that address */
	w->routes[0] = (struct config_route){.domain = "biloxi.test", .prefix = ""};
	world_remake(w);
	world_pass(w, SECONDS(1));
	world_invite(w, &t, SPARE, "sip:nobody@x.test");
	world_hear_code(w, SPARE, 403);
	resolved(w, 2, 600);
	world_invite(w, &t, SPARE, "sip:nobody@x.test");
	world_hear_code(w, SPARE, 100);
	world_hear_code(w, SPARE, 404);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			calls_wait_for_no_name, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			asked_again_when_the_ttl_is_over, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			the_next_address_where_one_fails, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			calls_come_from_any_of_them, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
