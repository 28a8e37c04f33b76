/* SPDX-License-Identifier: GPL-3.0-or-later */
/* a=crypto: RFC 4568 section 9, RFC 7714 section 14, row SDP-31. */

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "base/mem.h"
#include "sbc/sdes.h"

#define KEY30 "inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd" /* 00 01 ... 1d */
#define KEY28 "inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGw=="
#define KEY44 "inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKis="
#define CM80  "AES_CM_128_HMAC_SHA1_80 "

static void reads_lines(void **state)
{
	static const struct {
		const char *text;
		int err;
		uint32_t tag;
		uint16_t profile;
		const char *why;
	} table[] = {
		{"1 " CM80 KEY30, 0, 1, 1, "the usual one"},
		{"2 AES_CM_128_HMAC_SHA1_32 " KEY30, 0, 2, 2, "short tag"},
		{"3 AEAD_AES_128_GCM " KEY28, 0, 3, 7, "RFC 7714"},
		{"4 AEAD_AES_256_GCM " KEY44, 0, 4, 8, "RFC 7714"},
		{"999999999  aes_cm_128_hmac_sha1_80  " KEY30 " ", 0, 999999999, 1,
			"longest tag, another case, blanks"},
		{"1 " CM80 KEY30 "|2^20", 0, 1, 1, "lifetime as a power"},
		{"1 " CM80 KEY30 "|1048576", 0, 1, 1, "lifetime as a number"},
		{"1 " CM80 KEY30 " WSH=64", 0, 1, 1, "a hint that may be passed over"},
		{"1 " CM80 KEY30 " -foo=1", 0, 1, 1, "a parameter marked optional"},
		{"1 " CM80 KEY30 "|2^20|1:4", SBC_ENOENT, 0, 0, "MKI"},
		{"1 " CM80 KEY30 "|1:4", SBC_ENOENT, 0, 0, "MKI without lifetime"},
		{"1 " CM80 KEY30 ";" KEY30, SBC_ENOENT, 0, 0, "several keys need an MKI"},
		{"1 " CM80 KEY30 " KDR=1", SBC_ENOENT, 0, 0, "another key derivation"},
		{"1 " CM80 KEY30 " UNENCRYPTED_SRTP", SBC_ENOENT, 0, 0, "no encryption"},
		{"1 " CM80 KEY30 " UNAUTHENTICATED_SRTP", SBC_ENOENT, 0, 0, "no integrity"},
		{"1 " CM80 KEY30 " UNENCRYPTED_SRTCP", SBC_ENOENT, 0, 0, "open RTCP"},
		{"1 F8_128_HMAC_SHA1_80 " KEY30, SBC_ENOENT, 0, 0, "a suite we have not"},
		{"1 AES_256_CM_HMAC_SHA1_80 " KEY44, SBC_ENOENT, 0, 0, "RFC 6188"},
		{"1 NULL_HMAC_SHA1_80 " KEY30, SBC_ENOENT, 0, 0, "no cipher at all"},
		{"1 " CM80 KEY28, SBC_EPARSE, 0, 0, "key too short"},
		{"1 " CM80 KEY44, SBC_EPARSE, 0, 0, "key too long"},
		{"1 AEAD_AES_256_GCM " KEY30, SBC_EPARSE, 0, 0, "key of another suite"},
		{"1 " CM80 "inline:", SBC_EPARSE, 0, 0, "no key"},
		{"1 " CM80 "inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxw*", SBC_EPARSE, 0, 0,
			"no base64"},
		{"1 " CM80 "uri:x", SBC_EPARSE, 0, 0, "another key method"},
		{"1 " CM80 KEY30 "|2^", SBC_EPARSE, 0, 0, "broken lifetime"},
		{"1 " CM80 KEY30 "|x", SBC_EPARSE, 0, 0, "broken lifetime"},
		{"0001 " CM80 KEY30, SBC_EPARSE, 0, 0, "zeros in front"},
		{"1000000000 " CM80 KEY30, SBC_EPARSE, 0, 0, "ten digits"},
		{"-1 " CM80 KEY30, SBC_EPARSE, 0, 0, "no number"},
		{"1 " CM80, SBC_EPARSE, 0, 0, "no key"},
		{"1", SBC_EPARSE, 0, 0, "no suite"},
		{"", SBC_EPARSE, 0, 0, "nothing"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct sdes_line line = {.tag = 77};
		int err = sdes_parse(&line, slice_str(table[i].text));

		if (err != table[i].err)
			fail_msg("%s: %s", table[i].text, table[i].why);
		if (err) {
			assert_int_equal(77, line.tag); /* untouched */
			continue;
		}
		assert_int_equal(table[i].tag, line.tag);
		assert_int_equal(table[i].profile, line.profile);
		for (uint8_t n = 0;
			n < sdes_key_len(line.profile) + sdes_salt_len(line.profile); n++)
			assert_int_equal(n, line.key[n]);
	}
}

/* Lengths by RFC 3711 section 8.2 and RFC 7714 section 12; what is printed can be read. */
static void makes_and_prints_lines(void **state)
{
	static const struct {
		uint16_t profile;
		size_t key, salt;
	} table[] = {{1, 16, 14}, {2, 16, 14}, {7, 16, 12}, {8, 32, 12}};
	struct random_source random = random_system();

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct sdes_line a, b, again;
		struct buf text;

		assert_int_equal(table[i].key, sdes_key_len(table[i].profile));
		assert_int_equal(table[i].salt, sdes_salt_len(table[i].profile));
		assert_int_equal(0, sdes_line_make(&a, 5, table[i].profile, &random));
		assert_int_equal(0, sdes_line_make(&b, 5, table[i].profile, &random));
		assert_memory_not_equal(a.key, b.key, sizeof(a.key));
		buf_init(&text, SDES_TEXT_SIZE);
		assert_int_equal(0, sdes_print(&text, &a));
		assert_int_equal(0, sdes_parse(&again, buf_slice(&text)));
		assert_memory_equal(&a, &again, sizeof(a));
		buf_fini_secret(&text);
	}
	{
		struct sdes_line line = {.profile = 5};
		struct buf text;

		buf_init(&text, SDES_TEXT_SIZE);
		assert_int_equal(SBC_EINVAL, sdes_line_make(&line, 1, 5, &random));
		assert_int_equal(SBC_EINVAL, sdes_print(&text, &line));
		assert_null(sdes_suite_name(5));
		assert_int_equal(0, sdes_key_len(5) + sdes_salt_len(5));
		buf_fini(&text);
	}
}

static void without_memory(void **state)
{
	struct sdes_line line;

	(void)state;
	mem_fail_after(0);
	assert_int_equal(SBC_EPARSE, sdes_parse(&line, SLICE("1 " CM80 KEY30)));
	mem_fail_after(-1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_lines),
		cmocka_unit_test(makes_and_prints_lines),
		cmocka_unit_test(without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
