/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What results of a peer's profile and its own keys, as a person reads it. */

#include "tests/cmocka_first.h"

#include "sbc/peer_view.h"
#include "tests/unit/sbc/config_text.h"

static void shows_what_results(void **state)
{
	static const struct {
		const char *key, *value, *origin;
	} expected[] = {
		{"name", "p", "file"},
		{"domain", "c.test", "file"},
		{"address", "10.0.0.1:5061", "file"},
		{"transport", "TLS", "file"},
		{"profile", "lab", "file"},
		{"media", "dtls", "profile"},
		{"sign", "[rfc8224]", "file"},
		{"accept", "[rfc8224]", "profile"},
		{"identity_required", "false", "profile"},
		{"require_mky", "true", "file"},
		{"allow_http", "true", "profile"},
		{"trusted", "true", "profile"},
	};
	struct config *config = config_text_load(CONFIG_ENOUGH
		"peers: [{name: p, domain: c.test, address: 10.0.0.1, profile: lab, "
		"sign: [rfc8224], require_mky: yes}]\n",
		NULL);
	size_t found = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		struct peer_view_line line;
		for (size_t j = 0; peer_view_line(config, &config->peers[0], j, &line); j++) {
			if (strcmp(line.key, expected[i].key) != 0)
				continue;
			found++;
			assert_string_equal(expected[i].value, line.value);
			assert_string_equal(expected[i].origin, line.origin);
		}
	}
	assert_int_equal(sizeof(expected) / sizeof(expected[0]), found);
	config_unref(config);
}

static void tells_its_routes_and_profile(void **state)
{
	struct config *config = config_text_load(CONFIG_ENOUGH
		"peers: [{name: p, domain: c.test, address: 10.0.0.1}]\n"
		"routes: [{domain: d.test, peer: p}, {domain: e.test, peer: p}]\n",
		NULL);
	struct peer_view_line line;
	unsigned found = 0;

	(void)state;
	for (size_t i = 0; peer_view_line(config, &config->peers[0], i, &line); i++) {
		found += !strcmp(line.key, "profile") && !strcmp(line.value, "domain-dtls");
		found += !strcmp(line.key, "routes") && !strcmp(line.value, "@d.test, @e.test");
	}
	assert_int_equal(2, found);
	config_unref(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_what_results),
		cmocka_unit_test(tells_its_routes_and_profile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
