/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which signature counts when there are several, two kinds or none (DEC-1, ID8224-38 to 45). */

#include "tests/unit/policy/recorded.h"

#define STALE                                                                                  \
	"{\"dest\":{\"uri\":[\"sip:bob@biloxi.test\"]},\"iat\":1798760000,\"mky\":" MKY_JSON   \
	",\"orig\":{\"uri\":\"sip:alice@atlanta.test\"}}"
#define WITHOUT_MKY                                                                            \
	"{\"dest\":{\"uri\":[\"sip:bob@biloxi.test\"]},\"iat\":1798761600,\"orig\":{\"uri\":"  \
	"\"sip:alice@atlanta.test\"}}"

static void add_good(struct scene *s)
{
	scene_add_token(s, HEADER_JSON, PAYLOAD_JSON, PARAMS);
}

/* ID4474-30, I1: nothing there. */
static void absent(void **state)
{
	struct scene *s = *state;

	assert_int_equal(428, scene_verify(s));
	assert_string_equal("Use Identity Header", s->verdict.phrase);
	assert_int_equal(IDENTITY_NONE, s->verdict.mechanism);
	s->rules.is_required = false;
	assert_int_equal(-1, scene_verify(s));
	assert_string_equal("sip:alice@atlanta.test", s->verdict.identity);
	s->facts.from_uri = SLICE("<no uri>");
	assert_int_equal(-1, scene_verify(s));
	assert_string_equal("", s->verdict.identity);
}

/* DEC-1: by syntax, by what the peer may use, and no rescue. */
static void two_kinds(void **state)
{
	static const struct {
		bool accept_8224, accept_4474, break_8224, break_4474;
		int code;
		enum identity_mechanism mechanism;
	} table[] = {
		{true, true, false, false, 0, IDENTITY_RFC8224},
		{true, true, false, true, 0, IDENTITY_RFC8224},
		{true, true, true, false, 438, IDENTITY_RFC8224}, /* 4474 does not rescue it */
		{true, false, false, false, 0, IDENTITY_RFC8224},
		{false, true, false, false, 0, IDENTITY_RFC4474},
		{false, true, true, false, 0, IDENTITY_RFC4474},
		{false, true, false, true, 438, IDENTITY_RFC4474},
		{false, false, false, false, 428, IDENTITY_NONE}, /* neither is spoken here */
	};
	struct scene *s = *state;

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		s->rules.accept_8224 = table[i].accept_8224;
		s->rules.accept_4474 = table[i].accept_4474;
		s->served = table[i].accept_8224 ? CERTS "leaf.pem" : CERTS "rsa.pem";
		s->facts.cseq++;
		s->fetches = 0;
		assert_int_equal(0, scene_sign(s, true, true));
		assert_int_equal(2, s->facts.identity_count); /* KAI-6: the 4474 one first */
		if (table[i].break_4474)
			s->values[0].data[20] ^= 1;
		if (table[i].break_8224)
			s->values[1].data[300] ^= 1;
		if (scene_verify(s) != table[i].code)
			fail_msg("row %zu: %d %s", i, s->verdict.code, s->verdict.why);
		assert_int_equal(table[i].mechanism, s->verdict.mechanism);
	}
}

/* An unknown ppt is a present 8224 header field: it is not for 4474 to step in. */
static void unknown_ppt_with_4474(void **state)
{
	struct scene *s = *state;

	s->rules.accept_4474 = true;
	assert_int_equal(0, scene_sign(s, false, true));
	scene_add_token(s, HEADER_JSON, PAYLOAD_JSON, PARAMS ";ppt=div");
	assert_int_equal(428, scene_verify(s));
	s->rules.is_required = false;
	assert_int_equal(-1, scene_verify(s));
}

/* ID8224-38, ID8224-42: one good one is enough; else the most specific evidence. */
static void several(void **state)
{
	struct scene *s = *state;

	s->rules.is_required = true;
	for (int first = 0; first < 2; first++) {
		scene_forget(s);
		if (!first)
			add_good(s);
		scene_add_token(s, HEADER_JSON, STALE, PARAMS);
		scene_add(s, SLICE("garbage"));
		scene_add_token(s, HEADER_JSON, PAYLOAD_JSON, PARAMS ";ppt=x");
		if (first)
			add_good(s);
		assert_int_equal(0, scene_verify(s));
	}
	scene_forget(s); /* 403 over 436 over 428 */
	scene_add_token(s, HEADER_JSON, PAYLOAD_JSON, PARAMS ";ppt=x");
	scene_add_token(s, HEADER_JSON, PAYLOAD_JSON, ";alg=ES256");
	assert_int_equal(436, scene_verify(s));
	scene_add_token(s, HEADER_JSON, STALE, PARAMS);
	assert_int_equal(403, scene_verify(s));
	scene_add_token(s, HEADER_JSON, PAYLOAD_JSON, PARAMS "1"); /* alg=ES2561 */
	assert_int_equal(437, scene_verify(s));
	scene_add_token(s, HEADER_JSON, WITHOUT_MKY, PARAMS);
	assert_int_equal(438, scene_verify(s));
}

/* ID8224-7, ID8224-8: commas, and a ceiling. */
static void many_values(void **state)
{
	struct scene *s = *state;
	struct buf all;

	add_good(s);
	buf_init(&all, 65536);
	buf_printf(&all, ", x;info=<https://a.test/,>, ,%.*s", SLICE_ARG(s->facts.identity[0]));
	scene_forget(s);
	scene_add(s, buf_slice(&all));
	assert_int_equal(0, scene_verify(s));
	scene_forget(s);
	for (int i = 0; i < IDENTITY_HEADER_MAX; i++)
		add_good(s);
	assert_int_equal(0, scene_verify(s));
	scene_forget(s);
	for (int i = 0; i < IDENTITY_HEADER_MAX - 1; i++)
		add_good(s);
	scene_add(s, buf_slice(&all));
	assert_int_equal(438, scene_verify(s));
	scene_forget(s);
	scene_add(s, SLICE(""));
	assert_int_equal(438, scene_verify(s));
	buf_fini(&all);
}

/* ID8224-44, ID8224-45: only a signature with mky vouches for the fingerprint. */
static void with_and_without_mky(void **state)
{
	struct scene *s = *state;

	scene_add_token(s, HEADER_JSON, WITHOUT_MKY, PARAMS);
	assert_int_equal(438, scene_verify(s));
	s->rules.require_mky = false;
	assert_int_equal(0, scene_verify(s));
	assert_int_equal(0, s->verdict.fingerprints.count);
	scene_forget(s);
	scene_add_token(s, HEADER_JSON, WITHOUT_MKY, PARAMS);
	scene_add_token(s,
		"{\"alg\":\"ES256\",\"typ\":\"passport\",\"x5u\":\"https://b.test/\"}",
		PAYLOAD_JSON, ";info=<https://b.test/>");
	assert_int_equal(0, scene_verify(s));
	assert_int_equal(1, s->verdict.fingerprints.count);
	assert_int_equal(2, s->fetches);
	/* Both were used up: neither can be taken out and used alone. */
	s->facts.call_id = SLICE("call2");
	s->facts.identity[0] = s->facts.identity[1];
	s->facts.identity_count = 1;
	assert_int_equal(403, scene_verify(s));
}

/* Recorded from Kamailio's secsipid: shaken, numbers with '+', no mky, no Date. */
static void recorded_from_kamailio(void **state)
{
	static const char *const files[] = {"01-INVITE", "02-INVITE"};
	struct scene *s = *state;
	struct recorded r;
	char path[128];

	s->rules.allow_http = true;
	s->served = "tests/vectors/pki-kamailio/atlanta.example.ec.pem";
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		snprintf(path, sizeof(path), "tests/vectors/rfc8224-kamailio/%s.sip", files[i]);
		recorded_load(&r, path, s);
		s->now = 1795444931;
		s->rules.require_mky = true;
		assert_int_equal(438, scene_verify(s));
		s->rules.require_mky = false;
		if (scene_verify(s))
			fail_msg("%s: %d %s", path, s->verdict.code, s->verdict.why);
		assert_string_equal("12155551212", s->verdict.identity);
		assert_string_equal("atlanta.example", s->verdict.subject);
		assert_int_equal(0, s->verdict.fingerprints.count);
		s->facts.call_id = SLICE("other");
		assert_int_equal(403, scene_verify(s));
		buf_fini(&r.bytes);
	}
}

/* The certificate cannot be had: remembered for a while, then asked for again. */
static void no_certificate(void **state)
{
	struct scene *s = *state;

	s->served = NULL;
	add_good(s);
	assert_int_equal(436, scene_verify(s));
	assert_string_equal("Bad Identity Info", s->verdict.phrase);
	assert_string_equal("certificate cannot be had: connection refused", s->verdict.why);
	assert_int_equal(436, scene_verify(s));
	assert_int_equal(1, s->fetches);
	s->now += 31;
	s->served = CERTS "leaf.pem";
	assert_int_equal(0, scene_verify(s));
	assert_int_equal(2, s->fetches);
}

/* While its URL cannot be had, a certificate that we know goes on to serve. */
static void stale_certificate(void **state)
{
	struct scene *s = *state;

	assert_int_equal(0, scene_sign(s, true, false));
	assert_int_equal(0, scene_verify(s));
	s->now += 3601;
	s->served = NULL;
	assert_int_equal(0, scene_sign(s, true, false));
	assert_int_equal(0, scene_verify(s));
	assert_int_equal(2, s->fetches);
}

/* An expired certificate in the cache may have been renewed at its URL. */
static void renewed_certificate(void **state)
{
	struct scene *s = *state;
	struct buf body = file_bytes(CERTS "expired.pem");

	add_good(s);
	assert_int_equal(0,
		policy_store_certificate(s->policy, SLICE(URL), buf_slice(&body), 0, NOW - 59));
	assert_int_equal(437, scene_verify(s));
	assert_int_equal(0, s->fetches);
	assert_int_equal(0, policy_store_certificate(
				    s->policy, SLICE(URL), buf_slice(&body), 999, NOW - 60));
	assert_int_equal(0, scene_verify(s));
	assert_int_equal(1, s->fetches);
	buf_fini(&body);
}

/* RSP-503: at the ceiling of the replay cache nothing is verified any more, until there is
 * room. */
static void full_replay_cache(void **state)
{
	struct buf ca = file_bytes(CERTS "ca.pem");
	struct scene *s = *state;
	struct policy_config config;
	struct policy *old = s->policy;
	struct policy_kept kept;

	policy_config_init(&config);
	config.anchors_pem = buf_slice(&ca);
	config.replay_cache_max = 1;
	assert_int_equal(0, policy_new(&s->policy, &config, NULL, 0));
	add_good(s);
	assert_int_equal(0, scene_verify(s));
	scene_forget(s);
	add_good(s);
	assert_int_equal(503, scene_verify(s));
	assert_string_equal("Service Unavailable", s->verdict.phrase);
	s->now += 60;
	assert_int_equal(503, scene_verify(s));
	policy_kept(s->policy, &kept);
	assert_int_equal(1, kept.replay_8224);
	assert_int_equal(1, kept.replay_max);
	assert_int_equal(2, kept.replay_8224_full);
	assert_int_equal(0, kept.replay_4474 + kept.replay_4474_full);
	assert_int_equal(1, kept.certificates);
	policy_free(s->policy);
	s->policy = old;
	buf_fini(&ca);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(absent),
		SCENE(two_kinds),
		SCENE(unknown_ppt_with_4474),
		SCENE(several),
		SCENE(many_values),
		SCENE(with_and_without_mky),
		SCENE(recorded_from_kamailio),
		SCENE(no_certificate),
		SCENE(stale_certificate),
		SCENE(renewed_certificate),
		SCENE(full_replay_cache),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
