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
		{"ca: /tmp/ca.pem\ncrl: /tmp/crl.pem\n", NULL},
		{"keys: [{name: k, certificate: a, key: b, info_url: 'https://a.test/k'}]\n",
			NULL},
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

/* Domains, listeners and interfaces are taken over, or refused, by who has them. */
static void lists_may_change(void **state)
{
	struct config *before = config_text_load(CONFIG_ENOUGH, NULL);
	struct config *after = config_text_load(
		"domains: [{name: atlanta.test}, {name: b.test}]\n"
		"listeners: [{transport: tls, address: 127.0.0.2},"
		" {transport: udp, address: 127.0.0.1}]\n"
		"media: {interfaces: [{address: 127.0.0.1}, {address: 127.0.0.2}]}\nhttp: {}\n",
		NULL);
	struct config *ports = config_text_load(
		"domains: [{name: atlanta.test}]\nlisteners: [{transport: tls, address: "
		"127.0.0.1}]\n"
		"media: {interfaces: [{address: 127.0.0.1}],\n ports: 10000-10999}\nhttp: {}\n",
		NULL);
	unsigned line = 0;

	(void)state;
	assert_null(config_fixed_change(before, after, &line));
	assert_string_equal("media.ports", config_fixed_change(before, ports, &line));
	assert_int_equal(4, line);
	assert_null(config_fixed_change(before, before, &line));
	config_unref(before);
	config_unref(after);
	config_unref(ports);
}

/* The media room reads its keys once, but for interfaces; how old a certificate may become is
 * looked up each time. */
static void media_is_fixed(void **state)
{
	const struct config_row *row;

	(void)state;
	for (size_t i = 0; (row = config_row_at(i)); i++) {
		struct slice path = slice_str(row->path);
		bool may_change = slice_starts(path, SLICE("media.interfaces")) ||
				  slice_equal(path, SLICE("media.certificate_hours"));
		if (slice_starts(path, SLICE("media.")) && row->is_fixed == may_change)
			fail_msg("%s", row->path);
	}
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
		cmocka_unit_test(lists_may_change),
		cmocka_unit_test(media_is_fixed),
		cmocka_unit_test(the_table_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
