/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates and chains (RFC 5280, RFC 5922; CERT-1 to CERT-8, ID4474-35, I10, I11). */

#include "tests/unit/policy/fixture.h"

#include "policy/cert.h"

#define Y2026 INT64_C(1767225600)
#define Y2046 INT64_C(2398377600)

static struct cert_anchors *anchors_of(const char *path)
{
	struct buf pem = file_bytes(path);
	struct cert_anchors *anchors = NULL;

	assert_int_equal(0, cert_anchors_new(&anchors, buf_slice(&pem)));
	buf_fini(&pem);
	return anchors;
}

static struct cert *cert_of(const char *name, const struct cert_anchors *anchors)
{
	struct cert *cert = NULL;
	struct buf body;
	char path[128];

	snprintf(path, sizeof(path), CERTS "%s", name);
	body = file_bytes(path);
	if (cert_new(&cert, buf_slice(&body), anchors))
		fail_msg("%s", path);
	buf_fini(&body);
	return cert;
}

/* The clock of this machine plays no part: dates are only carried. */
static void chains(void **state)
{
	static const struct {
		const char *file;
		bool is_trusted;
		const char *why;
	} table[] = {
		{"leaf.pem", true, "signed by the anchor"},
		{"leaf.der", true, "CERT-6"},
		{"expired.pem", true, "dates aside"},
		{"future.pem", true, "dates aside"},
		{"chain.pem", true, "with its intermediate"},
		{"chain-with-root.pem", true, "and the root that nobody needs"},
		{"chain-of-three.pem", true, "two intermediates, pathLen 1 and 0"},
		{"chain-expired.pem", true, "dates aside"},
		{"purposes.pem", true, "extendedKeyUsage is not looked at"},
		{"ca.pem", true, "the anchor itself"},
		{"chain-without-middle.pem", false, "the link is missing"},
		{"chain-too-long.pem", false, "pathLen 0 above a CA"},
		{"chain-no-ca.pem", false, "the middle is no CA"},
		{"chain-no-usage.pem", false, "a CA without keyUsage"},
		{"chain-constrained.pem", false, "name constraints (RFC 5280 4.2.1.10)"},
		{"signed-by-leaf.pem", false, "I10"},
		{"self-signed.pem", false, "I10"},
		{"untrusted.pem", false, "I10"},
		{"untrusted-with-root.pem", false, "brings its own root"},
		{"imposter.pem", false, "another key under the CA's name"},
		{"sha1.pem", false, "SHA-1 can be collided"},
		{"rsa1024.pem", false, "short key"},
		{"critical.pem", false, "a critical extension that nobody knows"},
	};
	struct cert_anchors *anchors = anchors_of(CERTS "ca.pem");

	(void)state;
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct cert *cert = cert_of(table[i].file, anchors);
		if (cert->is_trusted != table[i].is_trusted)
			fail_msg("%s: %s", table[i].file, table[i].why);
		if (!cert->is_trusted)
			assert_non_null(cert->why);
		cert_free(cert);
		/* Without anchors nothing is trusted. */
		cert = cert_of(table[i].file, NULL);
		assert_false(cert->is_trusted);
		cert_free(cert);
	}
	cert_anchors_free(anchors);
}

static void validity(void **state)
{
	static const struct {
		const char *file;
		int64_t not_before, not_after;
	} table[] = {
		{"leaf.pem", Y2026, Y2046},
		{"chain.pem", Y2026, Y2046},
		{"after-2050.pem", Y2026, Y2046}, /* its CA ends before it (GeneralizedTime) */
		{"expired.pem", Y2026, 1609459200},
		{"chain-expired.pem", Y2026, Y2026},
	};
	struct cert_anchors *anchors = anchors_of(CERTS "ca.pem");

	(void)state;
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct cert *cert = cert_of(table[i].file, anchors);
		assert_int_equal(table[i].not_before, cert->chain.not_before);
		assert_int_equal(table[i].not_after, cert->chain.not_after);
		assert_int_equal(table[i].not_before <= NOW && NOW <= table[i].not_after,
			cert_is_valid_at(&cert->chain, NOW));
		assert_false(cert_is_valid_at(&cert->chain, table[i].not_after + 1));
		assert_false(cert_is_valid_at(&cert->chain, table[i].not_before - 1));
		if (i == 2)
			assert_int_equal(2840140800, cert->leaf.not_after); /* 2060 */
		cert_free(cert);
	}
	cert_anchors_free(anchors);
}

static void subjects(void **state)
{
	static const struct {
		const char *file, *host, *name;
	} table[] = {
		{"leaf.pem", "atlanta.test", "atlanta.test"},
		{"leaf.pem", "ATLANTA.test", "atlanta.test"},
		{"leaf.pem", "x.atlanta.test", NULL},
		{"leaf.pem", "test", NULL},
		{"leaf.pem", "", NULL},
		{"leaf.pem", "signer", NULL}, /* the CN, but there is a SAN */
		{"several.pem", "atlanta.test", "ATLANTA.test"},
		{"several.pem", "biloxi.test", "biloxi.test"},
		{"uri.pem", "atlanta.test", "sip:atlanta.test"},
		{"uri-user.pem", "atlanta.test", NULL},
		{"uri-user.pem", "alice@atlanta.test", "sip:alice@atlanta.test"}, /* no host */
		{"cn-only.pem", "atlanta.test", "atlanta.test"},
		{"cn-and-ip.pem", "atlanta.test", "atlanta.test"},
		{"cn-and-san.pem", "atlanta.test", NULL},
		{"wildcard.pem", "x.atlanta.test", NULL}, /* RFC 5922 section 7.2 */
		{"wildcard.pem", "atlanta.test", NULL},
		{"longer.pem", "atlanta.test", NULL},
		{"nul.pem", "atlanta.test", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct cert *cert = cert_of(table[i].file, NULL);
		const char *name = cert_covers(cert, slice_str(table[i].host));
		if (!name != !table[i].name || (name && strcmp(name, table[i].name) != 0))
			fail_msg("%s, %s: %s", table[i].file, table[i].host, name ? name : "-");
		cert_free(cert);
	}
}

static void keys(void **state)
{
	static const struct {
		const char *file;
		enum crypto_key_kind kind;
		bool may_sign, is_read;
	} table[] = {
		{"leaf.pem", CRYPTO_KEY_P256, true, true},
		{"no-usage.pem", CRYPTO_KEY_P256, true, true},
		{"no-signing.pem", CRYPTO_KEY_P256, false, true},
		{"rsa.pem", CRYPTO_KEY_RSA, true, true},
		{"p384.pem", CRYPTO_KEY_OTHER, true, true},
		{"ed25519.pem", CRYPTO_KEY_OTHER, false, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct cert *cert = cert_of(table[i].file, NULL);
		assert_int_equal(table[i].kind, cert_key_kind(cert));
		assert_int_equal(table[i].may_sign, cert->may_sign);
		assert_int_equal(table[i].is_read, cert->is_read);
		cert_free(cert);
	}
}

static void bodies_that_are_none(void **state)
{
	struct buf leaf = file_bytes(CERTS "leaf.der"), nine = file_bytes(CERTS "nine.pem");
	struct buf key = file_bytes(CERTS "leaf.key");
	struct cert *cert = NULL;
	char big[CERT_BODY_MAX + 1];

	(void)state;
	assert_int_equal(SBC_EPARSE, cert_new(&cert, (struct slice){0}, NULL));
	assert_int_equal(SBC_EPARSE, cert_new(&cert, SLICE("<html>no</html>"), NULL));
	assert_int_equal(SBC_EPARSE, cert_new(&cert, buf_slice(&key), NULL));
	assert_int_equal(SBC_ELIMIT, cert_new(&cert, buf_slice(&nine), NULL));
	memset(big, '0', sizeof(big));
	assert_int_equal(SBC_ELIMIT, cert_new(&cert, slice_of(big, sizeof(big)), NULL));
	for (size_t len = 0; len < leaf.len; len += 7) /* cut off anywhere */
		assert_int_equal(
			SBC_EPARSE, cert_new(&cert, slice_head(buf_slice(&leaf), len), NULL));
	buf_put_char(&leaf, 'x'); /* something behind it */
	assert_int_equal(SBC_EPARSE, cert_new(&cert, buf_slice(&leaf), NULL));
	assert_null(cert);
	cert_free(NULL);
	for (long i = 0; i < 20; i++) {
		mem_fail_after(i);
		if (!cert_new(&cert, slice_head(buf_slice(&leaf), leaf.len - 1), NULL))
			break;
		assert_null(cert);
	}
	mem_fail_after(-1);
	assert_non_null(cert);
	cert_free(cert);
	buf_fini(&leaf);
	buf_fini(&nine);
	buf_fini(&key);
}

static void anchors(void **state)
{
	struct buf ca = file_bytes(CERTS "ca.pem"), leaf = file_bytes(CERTS "leaf.pem");
	struct cert_anchors *anchors = NULL, *none = NULL;
	struct cert *cert;
	struct buf many;

	(void)state;
	assert_int_equal(0, cert_anchors_new(&anchors, (struct slice){0}));
	cert = cert_of("leaf.pem", anchors);
	assert_false(cert->is_trusted);
	cert_free(cert);
	cert_anchors_free(anchors);
	assert_int_equal(SBC_EPARSE, cert_anchors_new(&anchors, SLICE("no PEM")));
	assert_int_equal(SBC_ECRYPTO, cert_anchors_new(&anchors, buf_slice(&leaf)));
	assert_int_equal(SBC_EPARSE,
		cert_anchors_new(&anchors, SLICE("-----BEGIN CERTIFICATE-----\nMAA=\n"
						 "-----END CERTIFICATE-----\n")));
	buf_init(&many, 1 << 20);
	/* One that is of no use among others. */
	buf_put_str(&many, "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n");
	buf_put_slice(&many, buf_slice(&leaf));
	buf_put_slice(&many, buf_slice(&ca));
	assert_int_equal(0, cert_anchors_new(&anchors, buf_slice(&many)));
	cert = cert_of("leaf.pem", anchors);
	assert_true(cert->is_trusted);
	cert_free(cert);
	/* Damaged armour behind a good one (found by fuzzing: it never ended). */
	buf_put_str(&many, "-----BEGIN CERTIFICATE-----\nMAA=\n");
	assert_int_equal(SBC_EPARSE, cert_anchors_new(&none, buf_slice(&many)));
	/* What one chain brings is no anchor for the next. */
	cert = cert_of("chain.pem", anchors);
	assert_true(cert->is_trusted);
	cert_free(cert);
	cert = cert_of("chain-without-middle.pem", anchors);
	assert_false(cert->is_trusted);
	cert_free(cert);
	cert_anchors_free(anchors);
	buf_reset(&many);
	for (int i = 0; i < CERT_ANCHOR_MAX; i++)
		buf_put_slice(&many, buf_slice(&ca));
	assert_int_equal(0, cert_anchors_new(&anchors, buf_slice(&many)));
	cert_anchors_free(anchors);
	buf_put_slice(&many, buf_slice(&ca));
	assert_int_equal(SBC_ELIMIT, cert_anchors_new(&anchors, buf_slice(&many)));
	cert_anchors_free(NULL);
	buf_fini(&many);
	buf_fini(&ca);
	buf_fini(&leaf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chains),
		cmocka_unit_test(validity),
		cmocka_unit_test(subjects),
		cmocka_unit_test(keys),
		cmocka_unit_test(bodies_that_are_none),
		cmocka_unit_test(anchors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
