/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Digest authentication (RFC 7616, RFC 8760; AU-1). */

#include "tests/unit/policy/fixture.h"

#include "policy/digest.h"

static const uint8_t seed[16];
#define SECRET SLICE("0123456789abcdef0123456789abcdef")
#define REALM  "atlanta.test"

struct desk {
	struct digest digest;
	struct digest_user user;
	char ha1[DIGEST_ALGORITHM_MAX][CRYPTO_HEX_SIZE];
	struct digest_challenges challenges;
	char nonce[64];
	char credentials[2048];
};

static const char *const names[] = {"SHA-256", "SHA-512-256", "MD5"};
static const enum crypto_hash hashes[] = {CRYPTO_SHA256, CRYPTO_SHA512_256, CRYPTO_MD5};

static int setup(void **state)
{
	struct desk *d = mem_alloc(sizeof(*d));

	assert_int_equal(0, digest_init(&d->digest, SECRET, seed));
	d->user = (struct digest_user){.username = SLICE("alice"), .realm = SLICE(REALM)};
	for (size_t i = 0; i < DIGEST_ALGORITHM_MAX; i++) {
		crypto_hash_hex(hashes[i], SLICE("alice:" REALM ":secret"), d->ha1[i]);
		d->user.ha1[i] = slice_str(d->ha1[i]);
	}
	*state = d;
	return 0;
}

static int teardown(void **state)
{
	struct desk *d = *state;

	digest_fini(&d->digest);
	mem_free(d);
	return 0;
}

/* A fresh nonce, out of the first challenge. */
static void challenge(struct desk *d, int64_t now)
{
	const char *at;

	digest_challenge(&d->digest, SLICE(REALM), &d->user, false, now, &d->challenges);
	at = strstr(d->challenges.values[0], "nonce=\"") + 7;
	slice_copy(slice_of(at, strcspn(at, "\"")), d->nonce, sizeof(d->nonce));
}

/* What a phone sends; format says how. */
static void answer(struct desk *d, int algorithm, const char *count)
{
	char ha2[CRYPTO_HEX_SIZE], response[CRYPTO_HEX_SIZE], text[1024];

	crypto_hash_hex(hashes[algorithm], SLICE("INVITE:sip:bob@" REALM), ha2);
	snprintf(text, sizeof(text), "%s:%s:%s:c1:auth:%s", d->ha1[algorithm], d->nonce, count,
		ha2);
	crypto_hash_hex(hashes[algorithm], slice_str(text), response);
	snprintf(d->credentials, sizeof(d->credentials),
		"Digest username=\"alice\", realm=\"" REALM
		"\", nonce=\"%s\", uri=\"sip:bob@" REALM
		"\", response=\"%s\", algorithm=%s, cnonce=\"c1\", qop=auth, nc=%s",
		d->nonce, response, names[algorithm], count);
}

static enum digest_outcome check(struct desk *d, int64_t now)
{
	const struct digest_request request = {.method = SLICE("INVITE"),
		.request_uri = SLICE("sip:bob@" REALM),
		.credentials = slice_str(d->credentials)};

	return digest_authenticate(&d->digest, &d->user, &request, now);
}

static void replace(struct desk *d, const char *from, const char *to)
{
	char copy[2048], *at = strstr(d->credentials, from);

	if (!at)
		fail_msg("no %s in %s", from, d->credentials);
	*at = '\0';
	snprintf(copy, sizeof(copy), "%s%s%s", d->credentials, to, at + strlen(from));
	memcpy(d->credentials, copy, sizeof(copy));
}

/* AU-1. */
static void challenges(void **state)
{
	struct desk *d = *state;

	digest_challenge(&d->digest, SLICE(REALM), NULL, true, NOW, &d->challenges);
	assert_int_equal(3, d->challenges.count);
	for (size_t i = 0; i < 3; i++) {
		char expected[128];
		const char *text = d->challenges.values[i];
		assert_true(slice_starts(slice_str(text),
			SLICE("Digest realm=\"" REALM "\", qop=\"auth\", nonce=\"")));
		snprintf(expected, sizeof(expected), "\", algorithm=%s, stale=true", names[i]);
		assert_string_equal(expected, text + strlen(text) - strlen(expected));
	}
	/* Only what there is a hash for. */
	d->user.ha1[DIGEST_SHA256] = d->user.ha1[DIGEST_SHA512_256] = (struct slice){0};
	digest_challenge(&d->digest, SLICE(REALM), &d->user, false, NOW, &d->challenges);
	assert_int_equal(1, d->challenges.count);
	assert_non_null(strstr(d->challenges.values[0], "algorithm=MD5"));
	assert_null(strstr(d->challenges.values[0], "stale"));
	digest_challenge(&d->digest, SLICE("a\"b"), NULL, false, NOW, &d->challenges);
	assert_int_equal(0, d->challenges.count);
	digest_challenge(&d->digest, SLICE(""), NULL, false, NOW, &d->challenges);
	assert_int_equal(0, d->challenges.count);
}

static void right_and_wrong(void **state)
{
	struct desk *d = *state;

	for (int i = 0; i < 3; i++) {
		challenge(d, NOW);
		answer(d, i, "00000001");
		assert_int_equal(DIGEST_OK, check(d, NOW));
		assert_int_equal(DIGEST_STALE, check(d, NOW)); /* the same count again */
		answer(d, i, "00000002");
		replace(d, "c1", "c2"); /* another cnonce than was hashed */
		assert_int_equal(DIGEST_WRONG, check(d, NOW));
		/* Somebody whose hash for this algorithm is not there. */
		answer(d, i, "00000003");
		d->user.ha1[i] = (struct slice){0};
		assert_int_equal(DIGEST_WRONG, check(d, NOW));
		d->user.ha1[i] = slice_str(d->ha1[i]);
		assert_int_equal(DIGEST_OK, check(d, NOW));
	}
	challenge(d, NOW);
	answer(d, 0, "00000001");
	d->user.username = SLICE("bob");
	assert_int_equal(DIGEST_WRONG, check(d, NOW));
	d->user.username = SLICE("alice");
	d->user.realm = SLICE("biloxi.test");
	assert_int_equal(DIGEST_WRONG, check(d, NOW));
	d->user.realm = SLICE(REALM);
	assert_int_equal(DIGEST_WRONG,
		digest_authenticate(&d->digest, NULL,
			&(struct digest_request){SLICE("INVITE"), SLICE("sip:bob@" REALM),
				slice_str(d->credentials)},
			NOW));
	assert_int_equal(DIGEST_WRONG,
		digest_authenticate(&d->digest, &d->user,
			&(struct digest_request){SLICE("BYE"), SLICE("sip:bob@" REALM),
				slice_str(d->credentials)},
			NOW));
	assert_int_equal(DIGEST_OK, check(d, NOW));
}

/* The example of RFC 7616 section 3.9.1 by number: only the nonce is not ours. */
static void rfc7616_example(void **state)
{
	static const struct {
		enum digest_algorithm algorithm;
		const char *response;
	} table[] = {
		{DIGEST_MD5, "8ca523f5e9506fed4657c9700eebdbec"},
		{DIGEST_SHA256,
			"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
	};
	struct desk *d = *state;

	d->user.username = SLICE("Mufasa");
	d->user.realm = SLICE("http-auth@example.org");
	for (size_t i = 0; i < 2; i++) {
		enum digest_algorithm a = table[i].algorithm;
		crypto_hash_hex(hashes[a], SLICE("Mufasa:http-auth@example.org:Circle of Life"),
			d->ha1[a]);
		snprintf(d->credentials, sizeof(d->credentials),
			"Digest username=\"Mufasa\", realm=\"http-auth@example.org\", "
			"uri=\"/dir/index.html\", algorithm=%s, "
			"nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, "
			"cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, "
			"response=\"%s\", "
			"opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
			names[a], table[i].response);
		/* Right, but with a nonce of somebody else's: only a new challenge. */
		assert_int_equal(DIGEST_STALE,
			digest_authenticate(&d->digest, &d->user,
				&(struct digest_request){SLICE("GET"), SLICE("/dir/index.html"),
					slice_str(d->credentials)},
				NOW));
	}
}

static void nonces(void **state)
{
	static const struct {
		const char *count;
		enum digest_outcome outcome;
	} table[] = {
		{"00000005", DIGEST_OK},
		{"00000003", DIGEST_OK},
		{"00000003", DIGEST_STALE},
		{"00000004", DIGEST_OK},
		{"00000045", DIGEST_OK},
		{"00000005", DIGEST_STALE},
		{"00000006", DIGEST_OK},
		{"00000006", DIGEST_STALE},
		{"00000001", DIGEST_STALE},
		{"ffffffff", DIGEST_OK},
		{"FFFFFFFE", DIGEST_OK},
		{"00000046", DIGEST_STALE},
	};
	struct desk *d = *state;
	struct digest other;

	challenge(d, NOW);
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		answer(d, 0, table[i].count);
		if (check(d, NOW) != table[i].outcome)
			fail_msg("row %zu", i);
	}
	/* Too old, and from the future. */
	challenge(d, NOW);
	answer(d, 0, "00000001");
	assert_int_equal(DIGEST_STALE, check(d, NOW + DIGEST_NONCE_LIFE_S));
	assert_int_equal(DIGEST_OK, check(d, NOW + DIGEST_NONCE_LIFE_S - 1));
	challenge(d, NOW + DIGEST_NONCE_LIFE_S + 1);
	answer(d, 0, "00000001");
	assert_int_equal(DIGEST_STALE, check(d, NOW));
	/* Changed, or made by another secret. */
	challenge(d, NOW);
	d->nonce[3] = d->nonce[3] == 'A' ? 'B' : 'A';
	answer(d, 0, "00000001");
	assert_int_equal(DIGEST_STALE, check(d, NOW));
	assert_int_equal(0, digest_init(&other, (struct slice){0}, seed));
	digest_challenge(&other, SLICE(REALM), &d->user, false, NOW, &d->challenges);
	slice_copy(slice_of(strstr(d->challenges.values[0], "nonce=\"") + 7, 43), d->nonce,
		sizeof(d->nonce));
	answer(d, 0, "00000001");
	assert_int_equal(DIGEST_STALE, check(d, NOW));
	digest_fini(&other);
	assert_int_equal(SBC_EINVAL, digest_init(&other, SLICE("short"), seed));
	digest_fini(&other);
	/* Used nonces are forgotten in time. */
	challenge(d, NOW + 10000);
	answer(d, 0, "00000001");
	assert_int_equal(DIGEST_OK, check(d, NOW + 10000));
	assert_int_equal(1, d->digest._nonces.count);
}

static void tolerance(void **state)
{
	static const struct {
		const char *from, *to;
		enum digest_outcome outcome;
	} table[] = {
		{"qop=auth", "qop=\"auth\"", DIGEST_OK},
		{"algorithm=SHA-256", "algorithm=\"sha-256\"", DIGEST_OK},
		{"Digest username", "dIGEST   USERNAME", DIGEST_OK},
		{"username=\"alice\"", "username = alice", DIGEST_OK},
		{"nc=00000001", "nc=\"00000001\" ,opaque=\"a,\\\"b\"", DIGEST_OK},
		{"uri=\"sip:bob@" REALM "\"", "uri=\"SIP:bob@ATLANTA.test:5061;transport=tls\"",
			DIGEST_WRONG}, /* the same place, but not what was hashed */
		{"uri=\"sip:bob@" REALM "\"", "uri=\"sip:eve@" REALM "\"", DIGEST_MALFORMED},
		{"algorithm=SHA-256", "algorithm=SHA-256-sess", DIGEST_WRONG},
		{"algorithm=SHA-256", "algorithm=MD5", DIGEST_WRONG},
		{", algorithm=SHA-256", "", DIGEST_WRONG}, /* means MD5 */
		{"qop=auth", "qop=auth-int", DIGEST_MALFORMED},
		{", qop=auth", "", DIGEST_MALFORMED},
		{"nc=00000001", "nc=1", DIGEST_MALFORMED},
		{"nc=00000001", "nc=00000000", DIGEST_MALFORMED},
		{"nc=00000001", "nc=0000000g", DIGEST_MALFORMED},
		{"cnonce=\"c1\"", "cnonce=\"\"", DIGEST_MALFORMED},
		{"cnonce=\"c1\"", "cnonce=\"c1", DIGEST_MALFORMED},
		{"qop=auth", "qop=auth, qop=auth", DIGEST_MALFORMED},
		{"qop=auth", "qop=auth, userhash=true", DIGEST_MALFORMED},
		{"qop=auth", "qop=auth, userhash=false", DIGEST_OK},
		{"Digest", "Basic", DIGEST_MALFORMED},
		{"Digest ", "Digest, ", DIGEST_MALFORMED},
		{"username=\"alice\", ", "", DIGEST_MALFORMED},
		{"qop=auth", "qop=\"auth\"x", DIGEST_MALFORMED},
		{"qop=auth", "=x, qop=auth", DIGEST_MALFORMED},
	};
	struct desk *d = *state;

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		challenge(d, NOW);
		answer(d, 0, "00000001");
		replace(d, table[i].from, table[i].to);
		if (check(d, NOW) != table[i].outcome)
			fail_msg("%s -> %s", table[i].from, table[i].to);
	}
	/* Either case of digits. */
	challenge(d, NOW);
	answer(d, 0, "00000001");
	for (char *at = strstr(d->credentials, "response=\"") + 10; *at != '"'; at++)
		*at = *at >= 'a' && *at <= 'f' ? (char)(*at - 'a' + 'A') : *at;
	assert_int_equal(DIGEST_OK, check(d, NOW));
	strstr(d->credentials, "response=\"")[10] ^= 1;
	assert_int_equal(DIGEST_WRONG, check(d, NOW));
	memset(d->credentials, 'x', sizeof(d->credentials) - 1);
	assert_int_equal(DIGEST_MALFORMED, check(d, NOW));
	d->credentials[0] = '\0';
	assert_int_equal(DIGEST_MALFORMED, check(d, NOW));
}

static void users(void **state)
{
	static const struct {
		const char *text, *username, *realm;
	} table[] = {
		{"Digest username=\"a b\",realm=r", "a b", "r"},
		{"Digest realm=\"\\\"\",username=\"u\"", "u", "\\\""},
		{"Digest username=\"u\"", NULL, NULL},
		{"Digest username=\"\",realm=\"r\"", NULL, NULL},
		{"Digest username=\"u\",username=\"v\",realm=\"r\"", NULL, NULL},
		{"Bearer x", NULL, NULL},
		{"", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct slice username, realm;
		int err = digest_credentials_user(slice_str(table[i].text), &username, &realm);
		assert_int_equal(table[i].username ? 0 : SBC_EPARSE, err);
		if (!err) {
			assert_true(slice_equal(username, slice_str(table[i].username)));
			assert_true(slice_equal(realm, slice_str(table[i].realm)));
		}
	}
}

/* Out of memory: never OK. */
static void out_of_memory(void **state)
{
	struct desk *d = *state;
	enum digest_outcome outcome = DIGEST_WRONG;

	challenge(d, NOW);
	answer(d, 0, "00000001");
	for (long i = 0; outcome != DIGEST_OK && i < 50; i++) {
		mem_fail_after(i);
		outcome = check(d, NOW);
		mem_fail_after(-1);
		assert_true(outcome == DIGEST_OK || i < 20);
	}
	assert_int_equal(DIGEST_OK, outcome);
}

#define DESK(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DESK(challenges),
		DESK(right_and_wrong),
		DESK(rfc7616_example),
		DESK(nonces),
		DESK(tolerance),
		DESK(users),
		DESK(out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
