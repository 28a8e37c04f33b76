/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of DTLS associations: RFC 8842 sections 4 and 5, rows SDP-18 and SDP-20. */

#include "tests/cmocka_first.h"

#include <ctype.h>
#include <string.h>

#include "sbc/tls_id.h"

#define SAMPLES 1000

static struct hash_table make_key(void)
{
	static const uint8_t seed[16] = {1, 2, 3};
	struct hash_table key;

	assert_int_equal(0, hash_init(&key, 1, seed));
	return key;
}

/* SDP-18: of the grammar's characters, long enough for 120 bits, and never the same. */
static void ours_are_unique(void **state)
{
	static char seen[SAMPLES][TLS_ID_LEN + 1];
	struct random_source random = random_system();
	struct tls_id id = {0};

	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		tls_id_renew(&id, &random);
		assert_int_equal(TLS_ID_LEN, strlen(id.ours));
		assert_true(TLS_ID_LEN >= 20 && TLS_ID_LEN <= 255);
		for (const char *c = id.ours; *c; c++)
			assert_true(isalnum((unsigned char)*c));
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(seen[j], id.ours);
		memcpy(seen[i], id.ours, sizeof(id.ours));
	}
}

/* SDP-20: only another value than the last one counts; none at all says nothing. */
static void counts_associations(void **state)
{
	static const struct {
		const char *theirs;
		uint32_t association;
	} table[] = {
		{"", 0}, {"aaaaaaaaaaaaaaaaaaaa", 0}, /* the first one */
		{"aaaaaaaaaaaaaaaaaaaa", 0}, {"aaaaaaaaaaaaaaaaaaab", 1},
		{"", 1},                                                  /* left out */
		{"aaaaaaaaaaaaaaaaaaab", 1}, {"AAAAAAAAAAAAAAAAAAAB", 2}, /* case counts */
		{"aaaaaaaaaaaaaaaaaaaa", 3}, /* an old one is another one */
	};
	struct hash_table key = make_key();
	struct tls_id id = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct slice theirs = slice_str(table[i].theirs);
		uint32_t before = id.association;

		assert_int_equal(
			table[i].association != before, tls_id_is_other(&id, &key, theirs));
		assert_int_equal(before, id.association); /* asking changes nothing */
		tls_id_take(&id, &key, theirs);
		assert_int_equal(table[i].association, id.association);
	}
	hash_fini(&key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ours_are_unique),
		cmocka_unit_test(counts_associations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
