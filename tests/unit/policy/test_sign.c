/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What we write into a request: RFC 8224 section 6.1, RFC 4474 section 5. */

#include "tests/unit/policy/scene.h"

/* The lines are exactly these; only the signatures differ. */
static void lines(void **state)
{
	struct scene *s = *state;
	struct slice rest;
	struct buf text;
	struct slice value, payload;

	assert_int_equal(0, scene_sign(s, true, true));
	rest = buf_slice(&s->headers);
	assert_true(slice_starts(rest, SLICE("Date: " NOW_DATE "\r\nIdentity: \"")));
	slice_cut(&rest, '\n');
	value = slice_cut(&rest, '\n');
	assert_true(value.len == strlen("Identity: \"\"\r") + 344); /* ID4474-12 */
	/* ID4474-13: this form, byte for byte. */
	assert_true(slice_starts(rest,
		SLICE("Identity-Info: <https://atlanta.test/rsa>;alg=rsa-sha1\r\nIdentity: ")));
	slice_cut(&rest, '\n');
	value = slice_cut(&rest, '\n');
	assert_int_equal(0, rest.len);
	value = slice_from(value, strlen("Identity: "));
	buf_init(&text, 4096);
	assert_int_equal(0, b64_decode(&text, B64_URL, slice_cut(&value, '.')));
	assert_string_equal(HEADER_JSON, text.data); /* PP-1, PP-4, ID8224-14: x5u is info */
	buf_reset(&text);
	payload = slice_cut(&value, '.');
	assert_int_equal(0, b64_decode(&text, B64_URL, payload));
	assert_string_equal(PAYLOAD_JSON, text.data); /* PP-2, ID8224-15, ID8224-16, ID8224-17;
							 ID8224-22: dest is To; MKY-3 */
	assert_int_equal(86, slice_find(value, ';')); /* PP-5: no padding */
	value = slice_from(value, 86);
	assert_true(slice_equal(value, SLICE(";info=<" URL ">;alg=ES256\r")));
	buf_fini(&text);
}

/* PP-6: two requests of the same second must not look like a replay of each other; a later
 * attempt has a Date of its own (ID8224-21). */
static void each_signature_is_its_own(void **state)
{
	struct scene *s = *state;

	assert_int_equal(0, scene_sign(s, true, false));
	assert_int_equal(0, scene_verify(s));
	s->facts.call_id = SLICE("call2");
	assert_int_equal(0, scene_sign(s, true, false));
	assert_int_equal(0, scene_verify(s));
}

static void refusals(void **state)
{
	static const struct {
		const char *method, *from, *to;
		int err;
	} table[] = {
		{"INVITE", "sip:alice@atlanta.test", "sip:bob@biloxi.test", 0},
		{"ACK", "sip:alice@ATLANTA.test", "tel:+12155551212", 0},
		/* ID4474-8. */
		{"CANCEL", "sip:alice@atlanta.test", "sip:bob@biloxi.test", SBC_EINVAL},
		{"REGISTER", "sip:alice@atlanta.test", "sip:bob@biloxi.test", SBC_EINVAL},
		{"", "sip:alice@atlanta.test", "sip:bob@biloxi.test", SBC_EINVAL},
		/* ID4474-1, ID8224-10: not our domain. */
		{"INVITE", "sip:alice@biloxi.test", "sip:bob@biloxi.test", SBC_ENOENT},
		{"INVITE", "sip:alice@x.atlanta.test", "sip:bob@biloxi.test", SBC_ENOENT},
		{"INVITE", "tel:+12155551212", "sip:bob@biloxi.test", SBC_ENOENT},
		/* BR-2: nobody's name, in our domain and in none. */
		{"INVITE", "sip:anonymous@atlanta.test", "sip:bob@biloxi.test", 0},
		{"INVITE", "sip:anonymous@anonymous.invalid", "sip:bob@biloxi.test",
			SBC_ENOENT},
		{"INVITE", "alice", "sip:bob@biloxi.test", SBC_EPARSE},
		{"INVITE", "sip:alice@atlanta.test", "sip:b b@biloxi.test", SBC_EPARSE},
	};
	struct scene *s = *state;

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		s->facts.method = slice_str(table[i].method);
		s->facts.from_uri = slice_str(table[i].from);
		s->facts.to_uri = slice_str(table[i].to);
		assert_int_equal(table[i].err, scene_sign(s, true, true));
		if (table[i].err)
			assert_int_equal(0, s->headers.len);
	}
	s->facts.method = SLICE("INVITE");
	s->facts.to_uri = SLICE("sip:bob@biloxi.test");
	s->now = INT64_C(2500000000); /* ID4474-6, ID8224-13: the certificate has expired */
	assert_int_equal(SBC_ECRYPTO, scene_sign(s, true, false));
	assert_int_equal(SBC_ECRYPTO, scene_sign(s, false, true));
	s->now = INT64_C(1700000000);
	assert_int_equal(SBC_ECRYPTO, scene_sign(s, true, false));
}

/* MKY-4, MKY-5, MKY-3: sorted, each once; without a fingerprint no claim. */
static void mky(void **state)
{
	struct scene *s = *state;
	struct fingerprint f;
	struct buf text;
	struct slice rest;

	fingerprint_parse(&f, SLICE("sha-1 FF:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
				    "00:11:22:33"));
	fingerprint_set_add(&s->fingerprints, &f);
	assert_int_equal(0, scene_sign(s, true, false));
	rest = s->facts.identity[0];
	slice_cut(&rest, '.');
	buf_init(&text, 4096);
	b64_decode(&text, B64_URL, slice_cut(&rest, '.'));
	assert_non_null(strstr(text.data,
		"\"mky\":[{\"alg\":\"sha-1\",\"dig\":\"FF11223344556677"
		"8899AABBCCDDEEFF00112233\"},{\"alg\":\"sha-256\",\"dig\":\"0011"));
	assert_int_equal(0, scene_verify(s));
	assert_int_equal(2, s->verdict.fingerprints.count);
	s->facts.fingerprints = NULL;
	assert_int_equal(0, scene_sign(s, true, false));
	rest = s->facts.identity[0];
	slice_cut(&rest, '.');
	buf_reset(&text);
	b64_decode(&text, B64_URL, slice_cut(&rest, '.'));
	assert_null(strstr(text.data, "mky"));
	assert_int_equal(0, scene_verify(s));
	buf_fini(&text);
}

#define NUMBERS "tests/vectors/numbers/"

/* A policy room for atlanta.test with these keys beside the domain's own. */
static void open_with_keys(struct scene *s, const char *const files[][2], size_t count)
{
	struct buf ca = file_bytes(CERTS "ca.pem"), pem = file_bytes(CERTS "leaf.pem");
	struct buf key = file_bytes(CERTS "leaf.key"), certificates[4];
	struct policy_domain domain = {.name = SLICE("atlanta.test"),
		.certificate_pem = buf_slice(&pem),
		.key_pem = buf_slice(&key),
		.info_url = SLICE(URL)};
	struct policy_key keys[4] = {0};
	struct policy_config config;
	char fault[256];

	for (size_t i = 0; i < count; i++) {
		certificates[i] = file_bytes(files[i][0]);
		keys[i] = (struct policy_key){.domain = slice_str(files[i][1]),
			.certificate_pem = buf_slice(&certificates[i]),
			.key_pem = buf_slice(&key),
			.info_url = SLICE("https://atlanta.test/next")};
	}
	policy_free(s->policy);
	policy_config_init(&config);
	config.domains = &domain;
	config.domain_count = 1;
	config.keys = keys;
	config.key_count = count;
	config.anchors_pem = buf_slice(&ca);
	if (policy_new(&s->policy, &config, fault, sizeof(fault)))
		fail_msg("%s", fault);
	for (size_t i = 0; i < count; i++)
		buf_fini(&certificates[i]);
	buf_fini(&ca);
	buf_fini(&pem);
	buf_fini(&key);
}

static bool is_signed_with(struct scene *s, const char *url)
{
	char info[128];

	snprintf(info, sizeof(info), ";info=<%s>;alg=ES256", url);
	return strstr(s->headers.data, info) != NULL;
}

/* CERT-7: both keys stand side by side; the new one signs from its first second on, the old
 * one before and again when the new one is not valid. */
static void rotation(void **state)
{
	static const char *const keys[][2] = {{NUMBERS "next.pem", "Atlanta.test"}};
	struct scene *s = *state;

	open_with_keys(s, keys, 1);
	s->now = INT64_C(1796083199); /* 2026-11-30 23:59:59 */
	assert_int_equal(0, scene_sign(s, true, false));
	assert_true(is_signed_with(s, URL));
	s->now++;
	assert_int_equal(0, scene_sign(s, true, false));
	assert_true(is_signed_with(s, "https://atlanta.test/next"));
}

/* CERT-3: a number is signed by the key that has it; else by its domain's. */
static void number_keys(void **state)
{
	static const char *const keys[][2] = {{NUMBERS "one.pem", ""}};
	struct scene *s = *state;

	open_with_keys(s, keys, 1);
	s->facts.from_uri = SLICE("tel:+12155551212");
	assert_int_equal(0, scene_sign(s, true, false));
	assert_true(is_signed_with(s, "https://atlanta.test/next"));
	s->facts.from_uri = SLICE("sip:+12155551212@atlanta.test");
	assert_int_equal(0, scene_sign(s, true, false));
	assert_true(is_signed_with(s, "https://atlanta.test/next"));
	s->facts.from_uri = SLICE("sip:+12155551299@atlanta.test");
	assert_int_equal(0, scene_sign(s, true, false));
	assert_true(is_signed_with(s, URL));
	s->facts.from_uri = SLICE("tel:+12155551299");
	assert_int_equal(SBC_ENOENT, scene_sign(s, true, false));
}

static struct sign_request shaken_request(const struct scene *s)
{
	return (struct sign_request){.passport = true,
		.shaken = true,
		.attest = 'A',
		.origid = SLICE("123e4567-e89b-12d3-a456-426655440000"),
		.method = SLICE("INVITE"),
		.from_uri = SLICE("sip:12155551212@atlanta.test"),
		.to_uri = SLICE("sip:+12155551213@biloxi.test"),
		.call_id = s->facts.call_id,
		.cseq = 1,
		.fingerprints = s->facts.fingerprints};
}

/* EXT-1, PP-1, PP-2: members in order, numbers as numbers, by the key that has the number. */
static void shaken(void **state)
{
	static const char *const keys[][2] = {{NUMBERS "spc.pem", ""}};
	struct scene *s = *state;
	struct sign_request request = shaken_request(s);
	struct buf text;
	struct slice rest;

	assert_int_equal(SBC_ENOENT, policy_sign(s->policy, &request, NOW, &s->headers));
	assert_string_equal("no certificate's TNAuthList covers it",
		policy_cannot_sign(s->policy, &request, NOW));
	open_with_keys(s, keys, 1);
	assert_null(policy_cannot_sign(s->policy, &request, NOW));
	assert_int_equal(0, policy_sign(s->policy, &request, NOW, &s->headers));
	assert_non_null(strstr(
		s->headers.data, ";info=<https://atlanta.test/next>;alg=ES256;ppt=shaken\r\n"));
	scene_read_headers(s);
	rest = s->facts.identity[0];
	buf_init(&text, 4096);
	b64_decode(&text, B64_URL, slice_cut(&rest, '.'));
	assert_string_equal("{\"alg\":\"ES256\",\"ppt\":\"shaken\",\"typ\":\"passport\","
			    "\"x5u\":\"https://atlanta.test/next\"}",
		text.data);
	buf_reset(&text);
	b64_decode(&text, B64_URL, slice_cut(&rest, '.'));
	assert_string_equal("{\"attest\":\"A\",\"dest\":{\"tn\":[\"12155551213\"]},"
			    "\"iat\":1798761600,\"mky\":" MKY_JSON
			    ",\"orig\":{\"tn\":\"12155551212\"},"
			    "\"origid\":\"123e4567-e89b-12d3-a456-426655440000\"}",
		text.data);
	buf_fini(&text);
}

/* EXT-1: what is no call between two numbers, or is not attested, gets a base PASSporT. */
static void not_shaken(void **state)
{
	static const char *const keys[][2] = {{NUMBERS "spc.pem", ""}};
	struct scene *s = *state;

	open_with_keys(s, keys, 1);
	for (int i = 0; i < 4; i++) {
		struct sign_request request = shaken_request(s);
		if (i == 0)
			request.from_uri = SLICE("sip:alice@atlanta.test");
		else if (i == 1)
			request.to_uri = SLICE("sip:bob@biloxi.test");
		else if (i == 2)
			request.attest = 0;
		else
			request.origid.len = 0;
		buf_reset(&s->headers);
		assert_int_equal(0, policy_sign(s->policy, &request, NOW, &s->headers));
		assert_null(strstr(s->headers.data, "ppt="));
		assert_true(is_signed_with(s, URL));
	}
}

/* NEG-15: keys that could never sign refuse the start. */
static void bad_keys(void **state)
{
	static const struct {
		const char *file, *domain, *fault;
	} table[] = {
		{NUMBERS "next.pem", "biloxi.test",
			"biloxi.test: a key for a domain that is not ours"},
		{NUMBERS "one.pem", "atlanta.test",
			"atlanta.test: the P-256 key has a certificate that does not name the "
			"domain"},
		{NUMBERS "next.pem", "",
			"numbers: the P-256 key has a certificate without TNAuthList, and no "
			"domain"},
		{NUMBERS "constrained.pem", "",
			"numbers: the P-256 key has a certificate with claim constraints or a "
			"broken TNAuthList"},
	};
	struct buf key = file_bytes(CERTS "leaf.key"), pem = file_bytes(CERTS "leaf.pem");
	struct policy_domain domain = {.name = SLICE("atlanta.test"),
		.certificate_pem = buf_slice(&pem),
		.key_pem = buf_slice(&key),
		.info_url = SLICE(URL)};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct buf certificate = file_bytes(table[i].file);
		struct policy_key bad = {.domain = slice_str(table[i].domain),
			.certificate_pem = buf_slice(&certificate),
			.key_pem = buf_slice(&key),
			.info_url = SLICE(URL)};
		struct policy_config config;
		struct policy *policy;
		char fault[256];
		policy_config_init(&config);
		config.domains = &domain;
		config.domain_count = 1;
		config.keys = &bad;
		config.key_count = 1;
		assert_true(policy_new(&policy, &config, fault, sizeof(fault)) < 0);
		assert_string_equal(table[i].fault, fault);
		buf_fini(&certificate);
	}
	buf_fini(&key);
	buf_fini(&pem);
}

static void no_room_no_memory(void **state)
{
	struct scene *s = *state;
	struct sign_request request = {.passport = true,
		.rfc4474 = true,
		.method = SLICE("INVITE"),
		.from_uri = SLICE("sip:alice@atlanta.test"),
		.to_uri = SLICE("sip:bob@biloxi.test")};
	struct buf out;
	int err = SBC_ENOMEM;

	buf_init(&out, 100);
	assert_int_equal(SBC_ELIMIT, policy_sign(s->policy, &request, NOW, &out));
	buf_fini(&out);
	buf_init(&out, 65536);
	for (long i = 0; err && i < 100; i++) {
		mem_fail_after(i);
		buf_reset(&out);
		err = policy_sign(s->policy, &request, NOW, &out);
		mem_fail_after(-1);
		if (err)
			assert_int_equal(SBC_ENOMEM, err);
	}
	assert_int_equal(0, err);
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(lines),
		SCENE(each_signature_is_its_own),
		SCENE(refusals),
		SCENE(mky),
		SCENE(rotation),
		SCENE(number_keys),
		SCENE(shaken),
		SCENE(not_shaken),
		cmocka_unit_test(bad_keys),
		SCENE(no_room_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
