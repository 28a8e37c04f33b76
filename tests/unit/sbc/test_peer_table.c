/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is known of peers: states by thresholds, ceilings, life through a reload. */

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "base/mem.h"
#include "sbc/peer_table.h"
#include "tests/unit/sbc/config_text.h"

#define TWO                                                                                    \
	CONFIG_ENOUGH "peers: [{name: one, domain: b.test, address: 10.0.0.1, probe: yes,"     \
		      " calls_max: 2, calls_per_s_max: 4},"                                    \
		      " {name: two, domain: c.test, address: 10.0.0.2}]\n"
#define OTHER                                                                                  \
	CONFIG_ENOUGH "peers: [{name: new, domain: d.test, address: 10.0.0.3},"                \
		      " {name: one, domain: b.test, address: 10.0.0.9}]\n"

/* Kamailio's flags, with thresholds 2 down and 3 up. */
static void states_follow_thresholds(void **state)
{
	static const struct config_dispatcher thresholds = {
		.ds_probing_threshold = 2, .ds_inactive_threshold = 3};
	static const struct {
		bool is_alive;
		const char *flags;
		bool is_changed;
	} steps[] = {
		{true, "AP", false},
		{false, "TP", true},
		{true, "AP", true},
		{false, "TP", true},
		{false, "IP", true},
		{false, "IP", false},
		{true, "IP", false},
		{true, "IP", false},
		{false, "IP", false},
		{true, "IP", false},
		{true, "IP", false},
		{true, "AP", true},
	};
	struct peer_entry entry = {._references = 1, .is_probing = true};

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		assert_int_equal(steps[i].is_changed,
			peer_entry_probed(&entry, &thresholds, steps[i].is_alive, 200));
		if (strcmp(steps[i].flags, peer_entry_flags(&entry)) != 0)
			fail_msg("step %zu: %s", i, peer_entry_flags(&entry));
	}
	entry.state = PEER_DISABLED;
	assert_false(peer_entry_probed(&entry, &thresholds, true, 200));
	assert_string_equal("DX", peer_entry_flags(&entry));
	entry.is_probing = false;
	entry.state = PEER_ACTIVE;
	assert_string_equal("AX", peer_entry_flags(&entry));
}

static void has_ceilings(void **state)
{
	struct config *config = config_text_load(TWO, NULL);
	struct peer_table *table;
	struct peer_entry *one;
	const struct config_peer *limits = &config->peers[0];

	(void)state;
	assert_int_equal(0, peer_table_new(&table, config, NULL));
	one = peer_table_find(table, limits);
	assert_true(peer_entry_begin_call(one, limits, 1000000));
	assert_true(peer_entry_begin_call(one, limits, 1000000));
	assert_false(peer_entry_begin_call(one, limits, 1000000)); /* calls_max */
	for (int i = 0; i < 2; i++) {
		peer_entry_end_call(one);
		assert_true(peer_entry_begin_call(one, limits, 1000000));
	}
	peer_entry_end_call(one);
	assert_false(peer_entry_begin_call(one, limits, 1000000)); /* four in a second */
	assert_false(peer_entry_begin_call(one, limits, 1249999));
	assert_true(peer_entry_begin_call(one, limits, 1250000));
	assert_int_equal(3, one->calls_refused);
	/* The other one has none. */
	for (int i = 0; i < 100; i++)
		assert_true(
			peer_entry_begin_call(table->entries[1], &config->peers[1], 1000000));
	for (int i = 0; i < 100; i++)
		peer_entry_end_call(table->entries[1]);
	peer_entry_end_call(one);
	peer_entry_end_call(one);
	peer_table_free(table);
	config_unref(config);
}

/* A call holds on to its peer's entry; a peer of the same name is the same one. */
static void lives_through_a_reload(void **state)
{
	struct config *before = config_text_load(TWO, NULL);
	struct config *after = config_text_load(OTHER, NULL);
	struct peer_table *old, *new;
	struct peer_entry *one, *two;
	char text[NETADDR_TEXT_MAX];

	(void)state;
	assert_int_equal(0, peer_table_new(&old, before, NULL));
	one = old->entries[0];
	two = old->entries[1];
	one->state = PEER_DISABLED;
	assert_true(peer_entry_begin_call(one, &before->peers[0], 1));
	assert_true(peer_entry_begin_call(two, &before->peers[1], 1));
	assert_int_equal(0, peer_table_new(&new, after, old));
	peer_table_free(old);
	assert_ptr_equal(one, new->entries[1]);
	assert_ptr_equal(one, peer_table_find(new, &before->peers[0])); /* by name */
	assert_null(peer_table_find(new, &before->peers[1]));
	assert_int_equal(PEER_DISABLED, one->state);
	assert_int_equal(1, one->calls_now);
	assert_string_equal(
		"10.0.0.9:5061", netaddr_print(&peer_entry_address(one)->address, text));
	peer_entry_end_call(one);
	peer_entry_end_call(two); /* the last one that knew it */
	peer_table_free(new);
	config_unref(before);
	config_unref(after);
}

static void addresses_take_turns(void **state)
{
	struct peer_address addresses[PEER_ADDRESS_MAX + 3] = {{.transport = TRANSPORT_UDP}};
	struct peer_entry entry = {._references = 1};

	(void)state;
	assert_null(peer_entry_address(&entry));
	assert_false(peer_entry_is_usable(&entry));
	peer_entry_failed(&entry); /* of nothing */
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
		netaddr_parse(&addresses[i].address, SLICE("10.0.0.1"), (uint16_t)(5000 + i));
	peer_entry_set_addresses(&entry, addresses, sizeof(addresses) / sizeof(addresses[0]));
	assert_int_equal(PEER_ADDRESS_MAX, entry.address_count);
	assert_int_equal(5000, netaddr_port(&peer_entry_address(&entry)->address));
	entry.failures = 1;
	peer_entry_failed(&entry);
	assert_int_equal(5001, netaddr_port(&peer_entry_address(&entry)->address));
	/* In another order, and still the one that is tried. */
	addresses[2] = addresses[1];
	peer_entry_set_addresses(&entry, addresses + 2, 2);
	assert_int_equal(5001, netaddr_port(&peer_entry_address(&entry)->address));
	peer_entry_failed(&entry);
	peer_entry_failed(&entry);
	assert_int_equal(5001, netaddr_port(&peer_entry_address(&entry)->address));
}

static void codes_in_kamailios_words(void **state)
{
	static const struct {
		const char *codes;
		uint16_t code;
		bool is_alive;
	} cases[] = {
		{"", 200, true},
		{"", 404, true},
		{"", 408, false},
		{"", 500, false},
		{"", 100, false},
		{"class=2", 202, true},
		{"class=2", 404, false},
		{"class=2;code=404", 404, true},
		{"code=480; class=3", 302, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (probe_code_is_alive(cases[i].codes, cases[i].code) != cases[i].is_alive)
			fail_msg("%s %u", cases[i].codes, cases[i].code);
	assert_true(probe_codes_are_right(""));
	assert_true(probe_codes_are_right("class=2;code=404"));
	assert_false(probe_codes_are_right("class=7"));
	assert_false(probe_codes_are_right("code=99"));
	assert_false(probe_codes_are_right("2xx"));
	assert_true(config_text_refused(
		CONFIG_ENOUGH "dispatcher: {ds_ping_reply_codes: 2xx}\n", "class=2;code=404"));
}

static void survives_no_memory(void **state)
{
	struct config *config = config_text_load(TWO, NULL);
	struct peer_table *table;

	(void)state;
	for (long n = 0; n < 4; n++) {
		mem_fail_after(n);
		assert_int_equal(SBC_ENOMEM, peer_table_new(&table, config, NULL));
		mem_fail_after(-1);
	}
	config_unref(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_follow_thresholds),
		cmocka_unit_test(has_ceilings),
		cmocka_unit_test(lives_through_a_reload),
		cmocka_unit_test(addresses_take_turns),
		cmocka_unit_test(codes_in_kamailios_words),
		cmocka_unit_test(survives_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
