/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates and nothing else (RFC 7468). */

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "base/mem.h"
#include "sbc/pem.h"

#define BEGIN "-----BEGIN CERTIFICATE-----\n"
#define END   "-----END CERTIFICATE-----\n"
#define ONE   BEGIN "AQID\n" END

static const struct {
	const char *text;
	int err;
	const char *out;
	const char *why;
} cases[] = {
	{ONE, 0, ONE, "one certificate"},
	{ONE ONE, 0, ONE ONE, "a chain"},
	{"subject=CN\r\n" ONE "trailer\n", 0, ONE, "what stands around is dropped"},
	{"-----BEGIN CERTIFICATE-----\r\nAQ\r\nID\r\n-----END CERTIFICATE-----\r\n", 0, ONE,
		"other line ends and lengths"},
	{"", SBC_EPARSE, "", "nothing"},
	{"AQID\n", SBC_EPARSE, "", "no block"},
	{ONE "-----BEGIN PRIVATE KEY-----\nAQID\n-----END PRIVATE KEY-----\n", SBC_EINVAL, NULL,
		"a key behind"},
	{"-----BEGIN EC PRIVATE KEY-----\nAQID\n-----END EC PRIVATE KEY-----\n" ONE, SBC_EINVAL,
		NULL, "a key before"},
	{ONE "  -----BEGIN PRIVATE KEY-----\nAQID\n", SBC_EINVAL, NULL, "an indented key"},
	{BEGIN "AQID\n", SBC_EPARSE, NULL, "no end"},
	{BEGIN END, SBC_EPARSE, NULL, "nothing inside"},
	{BEGIN "AQ!D\n" END, SBC_EPARSE, NULL, "no base64"},
	{BEGIN "AQID\n" ONE, SBC_EPARSE, NULL, "a begin inside"},
	{BEGIN "AQID\n-----END PRIVATE KEY-----\n", SBC_EPARSE, NULL, "another end"},
};

static void only_certificates(void **state)
{
	struct buf out;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_init(&out, 4096);
		if (pem_certificates(&out, slice_str(cases[i].text)) != cases[i].err)
			fail_msg("%s", cases[i].why);
		if (!cases[i].err)
			assert_true(slice_equal(buf_slice(&out), slice_str(cases[i].out)));
		buf_fini(&out);
	}
}

static void first_der(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	assert_int_equal(0, pem_first_der(&out, SLICE(ONE BEGIN "BAUG\n" END)));
	assert_true(slice_equal(buf_slice(&out), SLICE("\x01\x02\x03")));
	buf_reset(&out);
	assert_int_equal(SBC_EINVAL,
		pem_first_der(&out, SLICE(ONE "-----BEGIN PRIVATE KEY-----\nAQID\n")));
	assert_int_equal(0, out.len);
	buf_fini(&out);
}

static void no_memory(void **state)
{
	struct buf out;
	int err = SBC_ENOMEM;

	(void)state;
	for (long n = 0; err && n < 50; n++) {
		buf_init(&out, 4096);
		mem_fail_after(n);
		err = pem_certificates(&out, SLICE(ONE ONE));
		mem_fail_after(-1);
		assert_true(err == 0 || err == SBC_ENOMEM);
		buf_fini(&out);
	}
	assert_int_equal(0, err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_certificates),
		cmocka_unit_test(first_der),
		cmocka_unit_test(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
