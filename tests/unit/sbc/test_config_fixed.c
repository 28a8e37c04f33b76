/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a reload may change, and what it may not. */

#include "tests/cmocka_first.h"

#include "sbc/config_tree.h"
#include "tests/unit/sbc/config_text.h"

static void names_what_needs_a_restart(void **state)
{
	static const struct {
		const char *more;
		const char *expected; /* NULL: may change */
	} cases[] = {
		{"", NULL},
		{"log_level: debug\n", NULL},
		{"users: [{name: a, domain: atlanta.test, "
		 "ha1_md5: 00112233445566778899aabbccddeeff}]\n",
			NULL},
		{"peers: [{name: p, domain: b.test, address: 10.0.0.1}]\n"
		 "routes: [{domain: b.test, peer: p}]\n",
			NULL},
		{"limits: {ring_timeout_s: 10}\n", NULL},
		{"dispatcher: {ds_ping_interval: 3}\nblocking: {points: 3}\n", NULL},
		{"limits: {calls: 10}\n", "limits.calls"},
		{"hosts: {a.test: 10.0.0.1}\n", "hosts"},
		{"state_dir: /tmp/other\n", "state_dir"},
		{"registration: {min_s: 30}\n", NULL},
		{"fetch: {allow: [127.0.0.0/8]}\n", "fetch"},
	};
	struct config *before = config_text_load(CONFIG_ENOUGH, NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[1024];
		struct config *after;
		const char *found;
		unsigned line = 0;
		snprintf(text, sizeof(text), "# a comment is no change\n%s%s", CONFIG_ENOUGH,
			cases[i].more);
		after = config_text_load(text, NULL);
		found = config_fixed_change(before, after, &line);
		if (strcmp(found ? found : "", cases[i].expected ? cases[i].expected : "") != 0)
			fail_msg("%s: %s", cases[i].more, found ? found : "nothing");
		config_unref(after);
	}
	config_unref(before);
}

static void sees_into_lists(void **state)
{
	struct config *before = config_text_load(CONFIG_ENOUGH, NULL);
	struct config *after =
		config_text_load("domains: [{name: atlanta.test}]\n"
				 "listeners: [{transport: tls, address: 127.0.0.2},"
				 " {transport: udp, address: 127.0.0.1}]\n"
				 "media: {interfaces: [{address: 127.0.0.1}]}\nhttp: {}\n",
			NULL);

	unsigned line = 0;

	(void)state;
	assert_string_equal("listeners[].address", config_fixed_change(before, after, &line));
	assert_int_equal(2, line);
	assert_null(config_fixed_change(before, before, &line));
	config_unref(before);
	config_unref(after);
}

/* What the file says of restarts is what the table says: a help line each. */
static void the_table_ends(void **state)
{
	size_t count = 0, fixed = 0;

	(void)state;
	while (config_row_at(count))
		fixed += config_row_at(count++)->is_fixed;
	assert_true(count > 100 && fixed > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_what_needs_a_restart),
		cmocka_unit_test(sees_into_lists),
		cmocka_unit_test(the_table_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
