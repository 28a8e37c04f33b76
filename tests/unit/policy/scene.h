/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_UNIT_POLICY_SCENE_H
#define TESTS_UNIT_POLICY_SCENE_H

#include "tests/unit/policy/fixture.h"

/*
 * A request from alice@atlanta.test to bob@biloxi.test, a policy room that signs and judges
 * it, and the certificate that is served at any URL.
 */
#define URL         "https://atlanta.test/cert"
#define HEADER_JSON "{\"alg\":\"ES256\",\"typ\":\"passport\",\"x5u\":\"" URL "\"}"
#define MKY_JSON                                                                               \
	"[{\"alg\":\"sha-256\",\"dig\":"                                                       \
	"\"00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF\"}]"
#define PAYLOAD_JSON                                                                           \
	"{\"dest\":{\"uri\":[\"sip:bob@biloxi.test\"]},\"iat\":1798761600,\"mky\":" MKY_JSON   \
	",\"orig\":{\"uri\":\"sip:alice@atlanta.test\"}}"
#define PARAMS ";info=<" URL ">;alg=ES256"

struct scene {
	struct policy *policy;
	struct crypto_key *key; /* of the P-256 leaves in tests/vectors/certs */
	struct identity_facts facts;
	struct identity_rules rules;
	struct fingerprint_set fingerprints;
	struct identity_verdict verdict;
	struct buf values[IDENTITY_HEADER_MAX + 1];
	struct buf info, date, headers;
	const char *served; /* file of the certificate; NULL: cannot be had */
	unsigned fetches;
	int64_t now;
};

static inline void scene_open_policy(struct scene *s)
{
	struct buf pem = file_bytes(CERTS "leaf.pem"), key = file_bytes(CERTS "leaf.key");
	struct buf rsa = file_bytes(CERTS "rsa.pem"), rsa_key = file_bytes(CERTS "rsa.key");
	struct buf ca = file_bytes(CERTS "ca.pem"), kamailio;
	struct policy_domain domain = {.name = SLICE("atlanta.test"),
		.certificate_pem = buf_slice(&pem),
		.key_pem = buf_slice(&key),
		.info_url = SLICE(URL),
		.rsa_certificate_pem = buf_slice(&rsa),
		.rsa_key_pem = buf_slice(&rsa_key),
		.rsa_info_url = SLICE("https://atlanta.test/rsa")};
	struct policy_config config;
	char fault[256];

	kamailio = file_bytes("tests/vectors/pki-kamailio/ca.pem");
	buf_put_slice(&ca, buf_slice(&kamailio));
	policy_config_init(&config);
	config.domains = &domain;
	config.domain_count = 1;
	config.anchors_pem = buf_slice(&ca);
	if (policy_new(&s->policy, &config, fault, sizeof(fault)))
		fail_msg("%s", fault);
	buf_fini(&pem);
	buf_fini(&key);
	buf_fini(&rsa);
	buf_fini(&rsa_key);
	buf_fini(&ca);
	buf_fini(&kamailio);
}

static inline void scene_set_fingerprint(struct scene *s, const char *text)
{
	struct fingerprint f;

	assert_int_equal(0, fingerprint_parse(&f, slice_str(text)));
	s->fingerprints = (struct fingerprint_set){0};
	fingerprint_set_add(&s->fingerprints, &f);
}

#define FINGERPRINT                                                                            \
	"sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"                             \
	"00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"
#define OTHER_FINGERPRINT                                                                      \
	"sha-256 01:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"                             \
	"00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"

static inline void scene_init(struct scene *s)
{
	*s = (struct scene){.now = NOW, .served = CERTS "leaf.pem"};
	scene_open_policy(s);
	s->key = load_key(CERTS "leaf.key");
	for (size_t i = 0; i < COUNT_OF(s->values); i++)
		buf_init(&s->values[i], 65536);
	buf_init(&s->info, 65536);
	buf_init(&s->date, 256);
	buf_init(&s->headers, 65536);
	scene_set_fingerprint(s, FINGERPRINT);
	s->facts = (struct identity_facts){.method = SLICE("INVITE"),
		.from_uri = SLICE("sip:alice@atlanta.test"),
		.from_tag = SLICE("tag1"),
		.to_uri = SLICE("sip:bob@biloxi.test"),
		.call_id = SLICE("call1"),
		.cseq = 1,
		.contact_uri = SLICE("sip:alice@192.0.2.1:5061;transport=tls"),
		.body = SLICE("v=0\r\na=fingerprint:" FINGERPRINT "\r\n"),
		.fingerprints = &s->fingerprints};
	s->rules = (struct identity_rules){
		.accept_8224 = true, .is_required = true, .require_mky = true};
}

static inline void scene_fini(struct scene *s)
{
	policy_free(s->policy);
	crypto_key_free(s->key);
	for (size_t i = 0; i < COUNT_OF(s->values); i++)
		buf_fini(&s->values[i]);
	buf_fini(&s->info);
	buf_fini(&s->date);
	buf_fini(&s->headers);
}

static inline int scene_setup(void **state)
{
	struct scene *s = mem_alloc(sizeof(*s));

	scene_init(s);
	*state = s;
	return 0;
}

static inline int scene_teardown(void **state)
{
	scene_fini(*state);
	mem_free(*state);
	return 0;
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)

/* One more Identity value. */
static inline void scene_add(struct scene *s, struct slice value)
{
	struct buf *at = &s->values[s->facts.identity_count];

	buf_reset(at);
	buf_put_slice(at, value);
	s->facts.identity[s->facts.identity_count++] = buf_slice(at);
}

static inline void scene_forget(struct scene *s)
{
	s->facts.identity_count = 0;
	s->facts.identity_info = s->facts.date = (struct slice){0};
}

/* Header lines as policy_sign makes them become facts. */
static inline void scene_read_headers(struct scene *s)
{
	struct slice rest = buf_slice(&s->headers);

	while (rest.len) {
		struct slice value = slice_trim(slice_cut(&rest, '\n'));
		struct slice name = slice_cut(&value, ':');
		value = slice_trim(value);
		if (slice_equal(name, SLICE("Identity"))) {
			scene_add(s, value);
		} else if (slice_equal(name, SLICE("Identity-Info"))) {
			buf_reset(&s->info);
			buf_put_slice(&s->info, value);
			s->facts.identity_info = buf_slice(&s->info);
		} else {
			assert_true(slice_equal(name, SLICE("Date")));
			buf_reset(&s->date);
			buf_put_slice(&s->date, value);
			s->facts.date = buf_slice(&s->date);
		}
	}
}

/* The request as it stands, signed by the room itself. */
static inline int scene_sign(struct scene *s, bool passport, bool rfc4474)
{
	const struct sign_request request = {.passport = passport,
		.rfc4474 = rfc4474,
		.method = s->facts.method,
		.from_uri = s->facts.from_uri,
		.to_uri = s->facts.to_uri,
		.call_id = s->facts.call_id,
		.cseq = s->facts.cseq,
		.contact_uri = s->facts.contact_uri,
		.body = s->facts.body,
		.fingerprints = s->facts.fingerprints};
	int err;

	scene_forget(s);
	buf_reset(&s->headers);
	err = policy_sign(s->policy, &request, s->now, &s->headers);
	if (!err)
		scene_read_headers(s);
	return err;
}

/* A token of these texts, rightly signed, with these parameters behind it. */
static inline void scene_add_token(
	struct scene *s, const char *header, const char *payload, const char *params)
{
	uint8_t signature[CRYPTO_ES256_LEN];
	struct buf text;

	buf_init(&text, 65536);
	b64_encode(&text, B64_URL, header, strlen(header));
	buf_put_char(&text, '.');
	b64_encode(&text, B64_URL, payload, strlen(payload));
	assert_int_equal(0, crypto_es256_sign(s->key, buf_slice(&text), signature));
	buf_put_char(&text, '.');
	b64_encode(&text, B64_URL, signature, sizeof(signature));
	buf_put_str(&text, params);
	scene_add(s, buf_slice(&text));
	buf_fini(&text);
}

/* Asks until the verdict is final, fetching what it wants. Returns the code; 0: verified. */
static inline int scene_verify(struct scene *s)
{
	policy_verify(s->policy, &s->facts, &s->rules, s->now, &s->verdict);
	while (s->verdict.outcome == IDENTITY_NEED_CERTIFICATE) {
		struct slice url = slice_str(s->verdict.url);
		assert_true(++s->fetches < 5);
		if (s->served) {
			struct buf body = file_bytes(s->served);
			assert_int_equal(0, policy_store_certificate(s->policy, url,
						    buf_slice(&body), 3600, s->now));
			buf_fini(&body);
		} else {
			policy_store_failure(s->policy, url, "connection refused", s->now);
		}
		policy_verify(s->policy, &s->facts, &s->rules, s->now, &s->verdict);
	}
	if (s->verdict.outcome == IDENTITY_ABSENT)
		return -1;
	if (s->verdict.outcome == IDENTITY_VERIFIED) {
		assert_int_equal(0, s->verdict.code);
		assert_string_equal("", s->verdict.why);
		return 0;
	}
	assert_int_equal(IDENTITY_REFUSED, s->verdict.outcome);
	assert_true(s->verdict.code >= 400);
	assert_true(s->verdict.phrase[0] && s->verdict.why[0]);
	assert_int_equal(0, s->verdict.fingerprints.count);
	return s->verdict.code;
}

#endif
