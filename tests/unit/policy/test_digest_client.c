/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Digest as a client: RFC 7616 section 3.9.1, RFC 2617 section 3.5, RFC 8760; AU-1. */

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "base/mem.h"
#include "policy/crypto.h"
#include "policy/digest.h"

static const struct digest_login mufasa = {
	.username = {"Mufasa", 6}, .password = {"Circle of Life", 14}};
static const struct digest_use get = {.method = {"GET", 3},
	.uri = {"/dir/index.html", 15},
	.cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
	.count = 1};

#define REALM "realm=\"http-auth@example.org\", "
#define NONCE "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\""

static void answers_as_the_rfc(void **state)
{
	static const struct {
		const char *challenge, *wanted;
	} rows[] = {
		{"Digest " REALM "qop=\"auth, auth-int\", algorithm=SHA-256, " NONCE
		 ", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
			"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
		{"Digest " REALM "qop=\"auth, auth-int\", algorithm=MD5, " NONCE,
			"8ca523f5e9506fed4657c9700eebdbec"},
		{"digest " REALM "qop=auth," NONCE, "8ca523f5e9506fed4657c9700eebdbec"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct server_challenge c;
		struct buf out;
		buf_init(&out, 4096);
		assert_int_equal(
			0, policy_server_challenge_parse(&c, slice_str(rows[i].challenge)));
		assert_int_equal(0, policy_digest_answer(&mufasa, &c, &get, &out));
		buf_put_char(&out, '\0');
		assert_non_null(strstr(out.data, rows[i].wanted));
		assert_non_null(strstr(out.data, "qop=auth, nc=00000001, cnonce=\"f2/wE"));
		assert_int_equal(i == 0, strstr(out.data, "opaque=\"FQhe") != NULL);
		assert_int_equal(i < 2, strstr(out.data, "algorithm=") != NULL);
		assert_null(strstr(out.data, "Circle"));
		buf_fini(&out);
	}
}

/* RFC 2069 is what some registrars still speak: no qop, so neither nc nor cnonce. */
static void answers_without_qop(void **state)
{
	struct server_challenge c;
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	assert_int_equal(0,
		policy_server_challenge_parse(&c,
			SLICE("Digest realm=\"a\", nonce=\"n\", algorithm=MD5, stale=TRUE")));
	assert_true(c.is_stale);
	assert_false(c.has_qop);
	assert_int_equal(0, policy_digest_answer(&mufasa, &c, &get, &out));
	buf_put_char(&out, '\0');
	/* md5(md5("Mufasa:a:Circle of Life") ":n:" md5("GET:/dir/index.html")) */
	assert_non_null(strstr(out.data, "response=\"827377d8b2a058ae1185758679e3a26c\""));
	assert_null(strstr(out.data, "nc="));
	assert_null(strstr(out.data, "cnonce="));
	buf_fini(&out);
}

static void refuses(void **state)
{
	static const struct {
		const char *challenge;
		int err;
		const char *why;
	} rows[] = {
		{"Basic realm=\"a\"", SBC_ENOENT, "no Digest"},
		{"Digest", SBC_EPARSE, "nothing in it"},
		{"Digest realm=\"a\"", SBC_EPARSE, "no nonce"},
		{"Digest nonce=\"n", SBC_EPARSE, "open quotes"},
		{"Digest nonce=", SBC_EPARSE, "no value"},
		{"Digest nonce=\"a\\\"b\"", SBC_EPARSE, "a quote that would end ours"},
		{"Digest realm=\"a\\\\\", nonce=\"n\"", SBC_EPARSE, "a backslash likewise"},
		{"Digest nonce=\"n\", qop=\"auth-int\"", SBC_ENOENT, "what we do not know"},
		{"Digest nonce=\"n\", algorithm=MD5-sess", SBC_ENOENT, "likewise"},
		{"Digest nonce=\"n\", algorithm=SHA-512", SBC_ENOENT, "likewise"},
		{"Digest nonce=\"n\" realm=\"a\"", SBC_EPARSE, "no comma"},
	};
	struct server_challenge c;
	struct buf many;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int err = policy_server_challenge_parse(&c, slice_str(rows[i].challenge));
		if (err != rows[i].err)
			fail_msg("%s: %d", rows[i].why, err);
	}
	buf_init(&many, 1000);
	buf_put_str(&many, "Digest nonce=\"n\"");
	for (int i = 0; i < 30; i++)
		buf_put_str(&many, ", a=b");
	assert_int_equal(SBC_EPARSE, policy_server_challenge_parse(&c, buf_slice(&many)));
	buf_fini(&many);
}

static void knows_the_stronger(void **state)
{
	struct server_challenge md5 = {.algorithm = DIGEST_MD5},
				sha = {.algorithm = DIGEST_SHA256},
				sha512 = {.algorithm = DIGEST_SHA512_256};

	(void)state;
	assert_true(policy_server_challenge_is_stronger(&sha, &md5));
	assert_false(policy_server_challenge_is_stronger(&md5, &sha));
	assert_false(policy_server_challenge_is_stronger(&sha, &sha));
	assert_true(policy_server_challenge_is_stronger(&sha512, &sha));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_as_the_rfc),
		cmocka_unit_test(answers_without_qop),
		cmocka_unit_test(refuses),
		cmocka_unit_test(knows_the_stronger),
	};

	crypto_open();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
