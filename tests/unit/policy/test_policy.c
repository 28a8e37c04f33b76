/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The door: what is refused at start, with a reason that an operator can use. */

#include "tests/unit/policy/scene.h"

struct files {
	const char *certificate, *key, *rsa_certificate, *rsa_key;
};

static int build(const char *name, const struct files *files, const char *url,
	const char *anchors, char fault[256])
{
	struct buf certificate = file_bytes(files->certificate), key = file_bytes(files->key);
	struct buf rsa = {0}, rsa_key = {0}, ca = file_bytes(anchors);
	struct policy_config config;
	struct policy *policy = NULL;
	int err;

	if (files->rsa_certificate) {
		rsa = file_bytes(files->rsa_certificate);
		rsa_key = file_bytes(files->rsa_key);
	}
	struct policy_domain domain = {.name = slice_str(name),
		.certificate_pem = buf_slice(&certificate),
		.key_pem = buf_slice(&key),
		.info_url = slice_str(url),
		.rsa_certificate_pem = buf_slice(&rsa),
		.rsa_key_pem = buf_slice(&rsa_key),
		.rsa_info_url = SLICE("http://atlanta.test/rsa")};
	policy_config_init(&config);
	config.domains = &domain;
	config.domain_count = 1;
	config.anchors_pem = buf_slice(&ca);
	err = policy_new(&policy, &config, fault, 256);
	if (!err)
		assert_true(policy_signs_for(policy, slice_str(name)));
	policy_free(policy);
	buf_fini(&certificate);
	buf_fini(&key);
	buf_fini(&rsa);
	buf_fini(&rsa_key);
	buf_fini(&ca);
	return err;
}

/* CERT-9, NEG-15: what cannot sign for its domain refuses the start, with the reason. */
static void faults(void **state)
{
#define PEM(name) CERTS name ".pem"
#define KEY       CERTS "leaf.key"
	static const struct {
		const char *name;
		struct files files;
		const char *url, *anchors;
		int err;
		const char *fault;
	} table[] = {
		{"atlanta.test", {.certificate = PEM("leaf"), .key = KEY}, URL, PEM("ca"), 0,
			""},
		{"ATLANTA.test", {.certificate = PEM("leaf"), .key = KEY}, URL, PEM("ca"), 0,
			""},
		{"atlanta.test", {PEM("leaf"), KEY, PEM("rsa"), CERTS "rsa.key"}, URL,
			PEM("ca"), 0, ""},
		{"atlanta.test", {.certificate = PEM("expired"), .key = KEY}, URL, PEM("ca"), 0,
			""}, /* until it signs */
		{"atlanta.test", {.certificate = PEM("leaf"), .key = CERTS "other.key"}, URL,
			PEM("ca"), SBC_ECRYPTO,
			"atlanta.test: the P-256 key does not belong to its certificate"},
		{"biloxi.test", {.certificate = PEM("leaf"), .key = KEY}, URL, PEM("ca"),
			SBC_ECRYPTO,
			"biloxi.test: the P-256 key has a certificate that does not name the "
			"domain"},
		{"atlanta.test", {.certificate = PEM("wildcard"), .key = KEY}, URL, PEM("ca"),
			SBC_ECRYPTO,
			"atlanta.test: the P-256 key has a certificate that does not name the "
			"domain"},
		{"atlanta.test", {.certificate = PEM("rsa"), .key = CERTS "rsa.key"}, URL,
			PEM("ca"), SBC_ECRYPTO,
			"atlanta.test: the P-256 key is not of the right kind"},
		{"atlanta.test", {.certificate = PEM("leaf"), .key = CERTS "rsa.key"}, URL,
			PEM("ca"), SBC_ECRYPTO,
			"atlanta.test: the P-256 key is not of the right kind"},
		{"atlanta.test", {.certificate = PEM("p384"), .key = KEY}, URL, PEM("ca"),
			SBC_ECRYPTO, "atlanta.test: the P-256 key is not of the right kind"},
		{"atlanta.test", {.certificate = PEM("no-signing"), .key = KEY}, URL, PEM("ca"),
			SBC_ECRYPTO,
			"atlanta.test: the P-256 key has a certificate whose keyUsage forbids "
			"signing"},
		{"atlanta.test", {.certificate = KEY, .key = KEY}, URL, PEM("ca"), SBC_ECRYPTO,
			"atlanta.test: no P-256 certificate that can be read"},
		{"atlanta.test", {.certificate = PEM("ed25519"), .key = KEY}, URL, PEM("ca"),
			SBC_ECRYPTO, "atlanta.test: no P-256 certificate that can be read"},
		{"atlanta.test", {.certificate = PEM("leaf"), .key = PEM("leaf")}, URL,
			PEM("ca"), SBC_ECRYPTO,
			"atlanta.test: no P-256 private key that can be read"},
		{"atlanta.test", {PEM("leaf"), KEY, PEM("rsa1024"), CERTS "rsa1024.key"}, URL,
			PEM("ca"), SBC_ECRYPTO,
			"atlanta.test: the RSA key is shorter than 2048 bits"},
		{"atlanta.test", {PEM("leaf"), KEY, PEM("rsa"), KEY}, URL, PEM("ca"),
			SBC_ECRYPTO, "atlanta.test: the RSA key is not of the right kind"},
		{"atlanta.test", {.certificate = PEM("leaf"), .key = KEY}, "", PEM("ca"),
			SBC_EINVAL,
			"atlanta.test: the URL of its P-256 certificate is no http(s) URL"},
		{"atlanta.test", {.certificate = PEM("leaf"), .key = KEY}, "https://a/\r\nX: y",
			PEM("ca"), SBC_EINVAL,
			"atlanta.test: the URL of its P-256 certificate is no http(s) URL"},
		{"atlanta test", {.certificate = PEM("leaf"), .key = KEY}, URL, PEM("ca"),
			SBC_EINVAL, "atlanta test: no domain name"},
		{"atlanta.test", {.certificate = PEM("leaf"), .key = KEY}, URL, PEM("leaf"),
			SBC_ECRYPTO, "trusted CAs: there is no CA among them, or a weak one"},
		{"atlanta.test", {.certificate = PEM("leaf"), .key = KEY}, URL, KEY,
			SBC_ECRYPTO, "trusted CAs: there is none that can be read"},
	};
	char fault[256];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		int err = build(
			table[i].name, &table[i].files, table[i].url, table[i].anchors, fault);
		if (err != table[i].err || strcmp(fault, table[i].fault) != 0)
			fail_msg("row %zu: %d \"%s\"", i, err, fault);
	}
}

static void limits(void **state)
{
	struct policy_domain domains[POLICY_DOMAIN_MAX + 1] = {0};
	struct policy_config config;
	struct policy *policy = NULL;
	char fault[8];

	(void)state;
	policy_config_init(&config);
	assert_int_equal(0, policy_new(&policy, &config, NULL, 0)); /* nothing is allowed */
	assert_false(policy_signs_for(policy, SLICE("atlanta.test")));
	assert_false(policy_signs_for(policy, SLICE("")));
	policy_free(policy);
	config.domains = domains;
	config.domain_count = POLICY_DOMAIN_MAX + 1;
	assert_int_equal(SBC_ELIMIT, policy_new(&policy, &config, fault, sizeof(fault)));
	assert_string_equal("more th", fault);
	config.domain_count = 0;
	config.digest_secret = SLICE("short");
	assert_int_equal(SBC_EINVAL, policy_new(&policy, &config, NULL, 0));
	config.digest_secret = (struct slice){0};
	config.max_age_8224_s = 0;
	assert_int_equal(SBC_EINVAL, policy_new(&policy, &config, NULL, 0));
	config.max_age_8224_s = 60;
	config.max_age_4474_s = 86401;
	assert_int_equal(SBC_EINVAL, policy_new(&policy, &config, NULL, 0));
	policy_free(NULL);
}

/* The same domain twice, and memory that ends anywhere. */
static void twice_and_out_of_memory(void **state)
{
	struct buf pem = file_bytes(CERTS "leaf.pem"), key = file_bytes(CERTS "leaf.key");
	struct buf ca = file_bytes(CERTS "ca.pem");
	struct policy_domain domains[2] = {{.name = SLICE("atlanta.test"),
		.certificate_pem = buf_slice(&pem),
		.key_pem = buf_slice(&key),
		.info_url = SLICE(URL)}};
	struct policy_config config;
	struct policy *policy = NULL;
	char fault[256];
	int err = SBC_ENOMEM;

	(void)state;
	domains[1] = domains[0];
	domains[1].name = SLICE("Atlanta.TEST");
	policy_config_init(&config);
	config.domains = domains;
	config.domain_count = 2;
	config.anchors_pem = buf_slice(&ca);
	assert_int_equal(SBC_EINVAL, policy_new(&policy, &config, fault, sizeof(fault)));
	assert_string_equal("Atlanta.TEST: stands there twice", fault);
	config.domain_count = 1;
	for (long i = 0; err && i < 200; i++) {
		mem_fail_after(i);
		err = policy_new(&policy, &config, fault, sizeof(fault));
		mem_fail_after(-1);
		assert_true(!err || err == SBC_ENOMEM || err == SBC_ECRYPTO);
	}
	assert_int_equal(0, err);
	policy_free(policy);
	buf_fini(&pem);
	buf_fini(&key);
	buf_fini(&ca);
}

static void words(void **state)
{
	(void)state;
	assert_string_equal("RFC 8224", identity_mechanism_name(IDENTITY_RFC8224));
	assert_string_equal("RFC 4474", identity_mechanism_name(IDENTITY_RFC4474));
	assert_string_equal("none", identity_mechanism_name(IDENTITY_NONE));
	assert_string_equal("verified", identity_outcome_name(IDENTITY_VERIFIED));
	assert_string_equal("absent", identity_outcome_name(IDENTITY_ABSENT));
	assert_string_equal("refused", identity_outcome_name(IDENTITY_REFUSED));
	assert_string_equal(
		"need certificate", identity_outcome_name(IDENTITY_NEED_CERTIFICATE));
}

/* Digest through the door; the rest of it is in test_digest.c. */
static void digest(void **state)
{
	struct scene *s = *state;
	struct digest_challenges challenges;
	struct slice username, realm;

	policy_challenge(s->policy, SLICE("atlanta.test"), NULL, false, NOW, &challenges);
	assert_int_equal(3, challenges.count);
	assert_int_equal(0, policy_credentials_user(SLICE("Digest username=\"a\",realm=\"r\""),
				    &username, &realm));
	assert_int_equal(DIGEST_MALFORMED,
		policy_authenticate(s->policy, NULL, SLICE("INVITE"), SLICE("sip:b@c"),
			SLICE("Digest username=\"a\",realm=\"r\""), NOW));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults),
		cmocka_unit_test(limits),
		cmocka_unit_test(twice_and_out_of_memory),
		cmocka_unit_test(words),
		SCENE(digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
