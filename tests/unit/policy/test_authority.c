/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which certificate may vouch for which identity: numbers (RFC 8226) and revocation; domains
 * are in test_verify_8224.c. */

#include "tests/unit/policy/scene.h"

#define NUMBERS "tests/vectors/numbers/"
#define TO_TN   "{\"tn\":[\"12155551213\"]}"
#define FROM_TN "{\"tn\":\"12155551212\"}"

static void open_policy(struct scene *s, const char *crl)
{
	struct buf ca = file_bytes(NUMBERS "ca.pem"), crls;
	struct policy_config config;
	char fault[256];

	policy_free(s->policy);
	policy_config_init(&config);
	config.anchors_pem = buf_slice(&ca);
	buf_init(&crls, 65536);
	if (crl)
		read_file(&crls, crl);
	config.crls_pem = buf_slice(&crls);
	if (policy_new(&s->policy, &config, fault, sizeof(fault)))
		fail_msg("%s", fault);
	buf_fini(&ca);
	buf_fini(&crls);
}

static void add(struct scene *s, size_t i, const char *orig, const char *dest)
{
	char header[256], payload[512], params[128];

	snprintf(header, sizeof(header),
		"{\"alg\":\"ES256\",\"typ\":\"passport\",\"x5u\":\"https://n.test/%zu\"}", i);
	snprintf(payload, sizeof(payload),
		"{\"dest\":%s,\"iat\":1798761600,\"mky\":" MKY_JSON ",\"orig\":%s}", dest,
		orig);
	snprintf(params, sizeof(params), ";info=<https://n.test/%zu>", i);
	scene_forget(s);
	scene_add_token(s, header, payload, params);
}

/* CERT-3, ID8224-39: the number, its range, its provider, critical or not; CERT-4: claim
 * constraints, and whatever else is critical and not known. */
static void numbers(void **state)
{
	static const struct {
		const char *file, *from, *codes;
		int code;
		const char *subject;
	} table[] = {
		{"one.pem", "tel:+1-215-555-1212", "", 0, "TN 12155551212"},
		{"one.pem", "sip:+12155551212@elsewhere.test", "", 0, "TN 12155551212"},
		{"one.pem", "sip:+12155551212@h;user=phone", "", 0, "TN 12155551212"},
		{"range.pem", "tel:+12155551212", "", 0, "TN 12155551212"},
		{"several.pem", "tel:+12155551212", "", 0, "TN 12155551212"},
		{"both.pem", "sip:+12155551212@atlanta.test", "", 0, "atlanta.test"},
		{"both.pem", "sip:+12155551212@biloxi.test", "", 0, "TN 12155551212"},
		{"spc.pem", "tel:+12155551212", "", 437, ""},
		{"spc.pem", "tel:+12155551212", "709J", 0, "SPC 709J"},
		{"spc.pem", "tel:+12155551212", "123X", 437, ""},
		{"next.pem", "tel:+12155551212", "", 437, ""}, /* a domain's, no number's */
		{"empty.pem", "tel:+12155551212", "", 437, ""},
		{"implicit.pem", "tel:+12155551212", "", 437, ""},
		{"letters.pem", "tel:+12155551212", "", 437, ""},
		{"short-range.pem", "tel:+12155551212", "", 437, ""},
		{"trailing.pem", "tel:+12155551212", "", 437, ""},
		{"constrained.pem", "tel:+12155551212", "", 437, ""},
		{"constrained-critical.pem", "tel:+12155551212", "", 437, ""},
		{"critical.pem", "tel:+12155551212", "", 0, "TN 12155551212"},
		{"critical-both.pem", "sip:+12155551212@atlanta.test", "", 0, "atlanta.test"},
		{"critical-broken.pem", "tel:+12155551212", "", 437, ""},
		{"critical-twice.pem", "tel:+12155551212", "", 437, ""},
		{"critical-other.pem", "tel:+12155551212", "", 437, ""},
		{"critical-near.pem", "tel:+12155551212", "", 437, ""},
		{"critical-above.pem", "tel:+12155551212", "", 437, ""},
		{"critical-else.pem", "tel:+12155551212", "", 437, ""},
		{"chain.pem", "tel:+12155551212", "", 0, "TN 12155551212"},
		{"bounded.pem", "tel:+12155551212", "", 0, "TN 12155551212"},
		{"bounded-elsewhere.pem", "tel:+12155551212", "", 437, ""},
		{"bounded-broken.pem", "tel:+12155551212", "", 437, ""},
		{"bounded-provider.pem", "tel:+12155551212", "", 0, "TN 12155551212"},
		{"critical-ca.pem", "tel:+12155551212", "", 437, ""}, /* wolfSSL takes none */
		{"critical-constrained.pem", "tel:+12155551212", "", 437, ""},
		{"enhanced.pem", "sip:+12155551212@atlanta.test", "", 437, ""},
	};
	struct scene *s = *state;
	char path[128];

	open_policy(s, NULL);
	s->facts.to_uri = SLICE("tel:+12155551213");
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		int code;
		snprintf(path, sizeof(path), NUMBERS "%s", table[i].file);
		s->served = path;
		s->fetches = 0;
		s->facts.from_uri = slice_str(table[i].from);
		s->rules.provider_codes = slice_str(table[i].codes);
		add(s, i, FROM_TN, TO_TN);
		code = scene_verify(s);
		if (code != table[i].code)
			fail_msg("%s %s: %d %s", table[i].file, table[i].from, code,
				s->verdict.why);
		assert_string_equal(table[i].subject, s->verdict.subject);
	}
}

/* CERT-3: the neighbour's number with our certificate, also from the cache. */
static void another_number(void **state)
{
	struct scene *s = *state;

	open_policy(s, NULL);
	s->facts.to_uri = SLICE("tel:+12155551213");
	s->served = NUMBERS "one.pem";
	for (int i = 0; i < 2; i++) {
		s->facts.from_uri = SLICE("tel:+12155551214");
		add(s, 1, "{\"tn\":\"12155551214\"}", TO_TN);
		assert_int_equal(437, scene_verify(s));
		s->facts.from_uri = SLICE("tel:+12155551212");
		add(s, 1, FROM_TN, TO_TN);
		assert_int_equal(0, scene_verify(s));
	}
	assert_int_equal(1, s->fetches);
	/* A certificate for a number is none for the domain of the address. */
	s->facts.from_uri = SLICE("sip:alice@atlanta.test");
	add(s, 1, "{\"uri\":\"sip:alice@atlanta.test\"}", TO_TN);
	assert_int_equal(437, scene_verify(s));
}

/* CERT-6, CERT-7: the whole chain is kept, not the leaf alone: others verified a neighbour's
 * first call and refused the next. */
static void chain_from_the_cache(void **state)
{
	struct scene *s = *state;

	open_policy(s, NULL);
	s->facts.to_uri = SLICE("tel:+12155551213");
	s->facts.from_uri = SLICE("tel:+12155551212");
	s->served = NUMBERS "chain.pem";
	for (int i = 0; i < 3; i++) {
		add(s, 1, FROM_TN, TO_TN);
		assert_int_equal(0, scene_verify(s));
	}
	assert_int_equal(1, s->fetches);
}

/* CERT-2: what a certificate is for, where the peer's rules ask for it. */
static void usage(void **state)
{
	static const struct {
		const char *file;
		int asked, not_asked;
	} table[] = {
		{"next.pem", 0, 0}, /* no extendedKeyUsage: for anything */
		{"usage-sip.pem", 0, 0},
		{"usage-any.pem", 0, 0},
		{"usage-web.pem", 437, 0},
	};
	struct scene *s = *state;
	char path[128];

	for (size_t i = 0; i < 2 * COUNT_OF(table); i++) {
		s->rules.require_sip_usage = i % 2;
		open_policy(s, NULL);
		snprintf(path, sizeof(path), NUMBERS "%s", table[i / 2].file);
		s->served = path;
		s->fetches = 0;
		add(s, i, "{\"uri\":\"sip:alice@atlanta.test\"}",
			"{\"uri\":[\"sip:bob@biloxi.test\"]}");
		if (scene_verify(s) != (i % 2 ? table[i / 2].asked : table[i / 2].not_asked))
			fail_msg("%s: %d %s", table[i / 2].file, s->verdict.code,
				s->verdict.why);
	}
}

/* CERT-8: revoked. */
static void revocation(void **state)
{
	static const struct {
		const char *crl, *file;
		int code;
	} table[] = {
		{NULL, "revoked.pem", 0}, /* no list is configured */
		{NUMBERS "crl.pem", "not-revoked.pem", 0},
		{NUMBERS "crl.pem", "revoked.pem", 437},
		{NULL, "critical-revoked.pem", 0},
		{NUMBERS "crl.pem", "critical-both.pem", 0},
		{NUMBERS "crl.pem", "critical-revoked.pem", 437},
	};
	struct scene *s = *state;
	char path[128];

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		open_policy(s, table[i].crl);
		snprintf(path, sizeof(path), NUMBERS "%s", table[i].file);
		s->served = path;
		s->fetches = 0;
		add(s, i, "{\"uri\":\"sip:alice@atlanta.test\"}",
			"{\"uri\":[\"sip:bob@biloxi.test\"]}");
		if (scene_verify(s) != table[i].code)
			fail_msg("%s: %d %s", table[i].file, s->verdict.code, s->verdict.why);
	}
}

/* CERT-8: a list that is out of date or that none of our CAs signed refuses the start. */
static void foreign_lists(void **state)
{
	static const char *const files[] = {
		NUMBERS "crl-imposter.pem", NUMBERS "crl-expired.pem", CERTS "leaf.pem"};
	struct buf ca = file_bytes(NUMBERS "ca.pem");
	struct policy_config config;
	struct policy *policy;
	char fault[256];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		struct buf crl = file_bytes(files[i]);
		policy_config_init(&config);
		config.anchors_pem = buf_slice(&ca);
		config.crls_pem = buf_slice(&crl);
		assert_int_equal(
			SBC_ECRYPTO, policy_new(&policy, &config, fault, sizeof(fault)));
		assert_true(slice_starts(slice_str(fault), SLICE("revocation lists: ")));
		buf_fini(&crl);
	}
	buf_fini(&ca);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(numbers),
		SCENE(another_number),
		SCENE(chain_from_the_cache),
		SCENE(usage),
		SCENE(revocation),
		cmocka_unit_test(foreign_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
