/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificate fingerprints, RFC 8122 (SDP-5, SDP-6, SDP-8, MKY-2 to MKY-6). */

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "base/fingerprint.h"

#define H20 "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33"
#define H32 H20 ":44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"

static void reads_what_is_well_formed(void **state)
{
	static const struct {
		const char *text;
		int err;
		enum fingerprint_hash hash;
	} table[] = {
		{"sha-256 " H32, 0, FINGERPRINT_SHA256},
		{"SHA-256 " H32, 0, FINGERPRINT_SHA256},
		{"  sha-1   " H20 " ", 0, FINGERPRINT_SHA1},
		{"sha3-256 " H32, 0, FINGERPRINT_UNKNOWN},
		{"sha-256 " H20, SBC_EPARSE, 0}, /* SDP-5: 20 octets are no SHA-256 */
		{"sha-256 " H32 ":", SBC_EPARSE, 0},
		{"sha-256 " H32 ":0", SBC_EPARSE, 0},
		{"sha-256 0011", SBC_EPARSE, 0},
		{"sha-256 ", SBC_EPARSE, 0},
		{"sha-256", SBC_EPARSE, 0},
		{"", SBC_EPARSE, 0},
		{"sha-1 0G:11", SBC_EPARSE, 0},
		{"x\"y 00:11", SBC_EPARSE, 0},
		{"averyveryverylongname 00:11", SBC_EPARSE, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct fingerprint f;
		int err = fingerprint_parse(&f, slice_str(table[i].text));
		assert_int_equal(table[i].err, err);
		if (!err)
			assert_int_equal(table[i].hash, fingerprint_hash(&f));
	}
}

static void prints(void **state)
{
	char text[FINGERPRINT_TEXT_MAX], hex[2 * FINGERPRINT_DIGEST_MAX + 1];
	struct fingerprint f, g;

	(void)state;
	assert_int_equal(0, fingerprint_parse(&f, SLICE("SHA-1 00:11:22:33:44:55:66:77:88:99:"
							"aa:bb:cc:dd:ee:ff:00:11:22:33")));
	assert_string_equal("sha-1 " H20, fingerprint_print(&f, text));
	assert_string_equal(
		"00112233445566778899AABBCCDDEEFF00112233", fingerprint_print_hex(&f, hex));
	assert_int_equal(0, fingerprint_parse_hex(&g, SLICE("sha-1"), slice_str(hex)));
	assert_true(fingerprint_equal(&f, &g));
	/* The longest one fits its text. */
	memset(&f, 0xff, sizeof(f));
	memcpy(f.alg, "sha-512", 8);
	f.digest_len = FINGERPRINT_DIGEST_MAX;
	assert_int_equal(8 + 64 * 3 - 1, strlen(fingerprint_print(&f, text)));
}

static void sets(void **state)
{
	struct fingerprint_set a = {0}, b = {0};
	struct fingerprint f, g;

	(void)state;
	fingerprint_parse(&f, SLICE("sha-256 " H32));
	fingerprint_parse(&g, SLICE("sha-1 " H20));
	assert_int_equal(FINGERPRINT_UNKNOWN, fingerprint_set_strongest(&a));
	fingerprint_set_add(&a, &g);
	assert_int_equal(FINGERPRINT_UNKNOWN, fingerprint_set_strongest(&a)); /* SHA-1 never */
	fingerprint_set_add(&a, &f);
	fingerprint_set_add(&a, &f);
	assert_int_equal(2, a.count);
	assert_int_equal(FINGERPRINT_SHA256, fingerprint_set_strongest(&a));
	fingerprint_set_add(&b, &f);
	assert_false(fingerprint_set_equal(&a, &b));
	fingerprint_set_add(&b, &g);
	assert_true(fingerprint_set_equal(&a, &b));
	f.digest[31] ^= 1;
	assert_false(fingerprint_set_has(&a, &f));
	for (int i = 0; i < FINGERPRINT_SET_MAX - 2; i++) {
		f.digest[0]++;
		assert_int_equal(0, fingerprint_set_add(&a, &f));
	}
	f.digest[0]++;
	assert_int_equal(SBC_ELIMIT, fingerprint_set_add(&a, &f));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_is_well_formed),
		cmocka_unit_test(prints),
		cmocka_unit_test(sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
