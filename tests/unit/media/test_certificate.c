/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Our certificate, and fingerprints (RFC 8122 section 5). */

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "base/mem.h"
#include "media/certificate.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/ecc.h>

static void is_fresh_and_p256(void **state)
{
	struct certificate a, b;
	ecc_key key;
	word32 at = 0;

	(void)state;
	assert_int_equal(0, certificate_init(&a));
	assert_int_equal(0, certificate_init(&b));
	assert_string_equal("sha-256", a.fingerprint.alg);
	assert_int_equal(32, a.fingerprint.digest_len);
	/* Fresh each time. */
	assert_false(fingerprint_equal(&a.fingerprint, &b.fingerprint));
	assert_int_equal(0, wc_ecc_init(&key));
	assert_int_equal(0, wc_EccPrivateKeyDecode(a.key, &at, &key, (word32)a.key_len));
	assert_int_equal(32, wc_ecc_size(&key));
	wc_ecc_free(&key);
	certificate_fini(&a);
	assert_int_equal(0, a.key[0] | a.key[20] | a.der[0]);
	certificate_fini(&b);
}

static void fingerprints(void **state)
{
	/* Hashes of "abc" (FIPS 180-2 appendix B and C). */
	static const struct {
		enum fingerprint_hash hash;
		const char *text;
	} rows[] = {
		{FINGERPRINT_SHA1, "sha-1 A9:99:3E:36:47:06:81:6A:BA:3E:25:71:78:50:C2:6C:"
				   "9C:D0:D8:9D"},
		{FINGERPRINT_SHA256,
			"sha-256 BA:78:16:BF:8F:01:CF:EA:41:41:40:DE:5D:AE:22:23:B0:03:61:A3:"
			"96:17:7A:9C:B4:10:FF:61:F2:00:15:AD"},
		{FINGERPRINT_SHA384,
			"sha-384 CB:00:75:3F:45:A3:5E:8B:B5:A0:3D:69:9A:C6:50:07:27:2C:32:AB:"
			"0E:DE:D1:63:1A:8B:60:5A:43:FF:5B:ED:80:86:07:2B:A1:E7:CC:23:58:BA:EC:"
			"A1:34:C8:25:A7"},
		{FINGERPRINT_SHA512,
			"sha-512 DD:AF:35:A1:93:61:7A:BA:CC:41:73:49:AE:20:41:31:12:E6:FA:4E:"
			"89:A9:7E:A2:0A:9E:EE:E6:4B:55:D3:9A:21:92:99:2A:27:4F:C1:A8:36:BA:3C:"
			"23:A3:FE:EB:BD:45:4D:44:23:64:3C:E8:0E:2A:9A:C9:4F:A5:4C:A4:9F"},
	};
	struct fingerprint f;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[FINGERPRINT_TEXT_MAX];

		assert_int_equal(0,
			certificate_fingerprint(&f, rows[i].hash, (const uint8_t *)"abc", 3));
		assert_string_equal(rows[i].text, fingerprint_print(&f, text));
	}
	assert_int_equal(SBC_EINVAL,
		certificate_fingerprint(&f, FINGERPRINT_UNKNOWN, (const uint8_t *)"abc", 3));
	assert_int_equal(SBC_EINVAL,
		certificate_fingerprint(&f, FINGERPRINT_SHA256, (const uint8_t *)"", 0));
}

static void out_of_memory(void **state)
{
	struct certificate c = {.der_len = 77};

	(void)state;
	mem_fail_after(0);
	assert_int_equal(SBC_ENOMEM, certificate_init(&c));
	mem_fail_after(-1);
	assert_int_equal(77, c.der_len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_fresh_and_p256),
		cmocka_unit_test(fingerprints),
		cmocka_unit_test(out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
