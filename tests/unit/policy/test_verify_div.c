/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Diversions, RFC 8946: a PASSporT for bob counts for whom bob's domain sent the call on to. */

#include "policy/passport.h"
#include "tests/unit/policy/scene.h"

#define DIV_URL    "https://biloxi.test/cert"
#define DIV_PARAMS ";info=<" DIV_URL ">;alg=ES256;ppt=div"
#define DIV_HEADER                                                                             \
	"{\"alg\":\"ES256\",\"ppt\":\"div\",\"typ\":\"passport\",\"x5u\":\"" DIV_URL "\"}"
#define ALICE "{\"uri\":\"sip:alice@atlanta.test\"}"

/* biloxi says: was for from, goes to to. */
static void add_div(struct scene *s, const char *from, const char *to)
{
	char payload[512];

	snprintf(payload, sizeof(payload),
		"{\"dest\":{\"uri\":[\"sip:%s@biloxi.test\"]},\"div\":{\"uri\":\"sip:%s@biloxi."
		"test\"},\"iat\":1798761600,\"orig\":" ALICE "}",
		to, from);
	scene_add_token(s, DIV_HEADER, payload, DIV_PARAMS);
}

static void store(struct scene *s, const char *url, const char *file)
{
	struct buf body = file_bytes(file);

	assert_int_equal(0, policy_store_certificate(
				    s->policy, slice_str(url), buf_slice(&body), 3600, NOW));
	buf_fini(&body);
}

/* Each scene: which diversions, in any order; the original is for bob. EXT-4. */
static void chains(void **state)
{
	static const struct {
		const char *to;
		const char *div[4][2];
		int code;
	} table[] = {
		{"sip:bob@biloxi.test", {{0}}, 0},
		{"sip:carol@biloxi.test", {{0}}, 438}, /* nobody sent it on */
		{"sip:carol@biloxi.test", {{"bob", "carol"}}, 0},
		{"sip:dave@biloxi.test", {{"bob", "carol"}, {"carol", "dave"}}, 0},
		{"sip:dave@biloxi.test", {{"carol", "dave"}, {"bob", "carol"}}, 0},
		{"sip:dave@biloxi.test", {{"bob", "carol"}},
			438}, /* the last step is missing */
		{"sip:dave@biloxi.test", {{"carol", "dave"}}, 438}, /* the first one */
		{"sip:dave@biloxi.test", {{"bob", "eve"}, {"bob", "carol"}, {"carol", "dave"}},
			0}, /* dead end */
		{"sip:dave@biloxi.test", {{"bob", "carol"}, {"carol", "bob"}, {"bob", "carol"}},
			438},                             /* a ring */
		{"sip:bob@biloxi.test", {{"x", "y"}}, 0}, /* has nothing to do with it */
	};
	struct scene *s = *state;

	store(s, URL, CERTS "leaf.pem");
	store(s, DIV_URL, CERTS "biloxi.pem");
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		int code;
		scene_forget(s);
		s->facts.to_uri = slice_str(table[i].to);
		for (size_t j = 0; table[i].div[j][0]; j++)
			add_div(s, table[i].div[j][0], table[i].div[j][1]);
		scene_add_token(s, HEADER_JSON, PAYLOAD_JSON, PARAMS);
		code = scene_verify(s);
		if (code != table[i].code)
			fail_msg("row %zu: %d %s", i, code, s->verdict.why);
		if (!code) {
			assert_string_equal("sip:alice@atlanta.test", s->verdict.identity);
			assert_string_equal("atlanta.test", s->verdict.subject);
			assert_int_equal(1, s->verdict.fingerprints.count);
		}
	}
	assert_int_equal(0, s->fetches);
}

/* EXT-3, EXT-4: a link that does not hold. The original alone would be good for bob. */
static void broken_links(void **state)
{
#define DIV(dest, div, orig)                                                                   \
	"{\"dest\":{\"uri\":[\"sip:" dest "\"]}," div "\"iat\":1798761600,\"orig\":" orig "}"
#define BOB "\"div\":{\"uri\":\"sip:bob@biloxi.test\"},"
	static const struct {
		const char *payload, *why;
	} table[] = {
		{DIV("carol@biloxi.test", "", ALICE), "no div claim"},
		{DIV("carol@biloxi.test", "\"div\":{},", ALICE), "an empty one"},
		{DIV("carol@biloxi.test", "\"div\":\"sip:bob@biloxi.test\",", ALICE),
			"a string"},
		{DIV("carol@biloxi.test",
			 "\"div\":{\"uri\":\"sip:bob@biloxi.test\",\"x\":\"y\"},", ALICE),
			"something more"},
		{DIV("carol@biloxi.test", BOB, "{\"uri\":\"sip:eve@atlanta.test\"}"),
			"another caller"},
		{DIV("eve@biloxi.test", BOB, ALICE), "another goal"},
		{"{\"dest\":{\"uri\":[\"sip:carol@biloxi.test\"]}," BOB
		 "\"iat\":1798760000,\"orig\":" ALICE "}",
			"too old"},
	};
	struct scene *s = *state;

	store(s, URL, CERTS "leaf.pem");
	store(s, DIV_URL, CERTS "biloxi.pem");
	s->facts.to_uri = SLICE("sip:carol@biloxi.test");
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		scene_forget(s);
		scene_add_token(s, HEADER_JSON, PAYLOAD_JSON, PARAMS);
		scene_add_token(s, DIV_HEADER, table[i].payload, DIV_PARAMS);
		if (scene_verify(s) != 438)
			fail_msg("%s: %d", table[i].why, s->verdict.code);
	}
	/* With a History-Info index it is as good. */
	scene_forget(s);
	scene_add_token(s, HEADER_JSON, PAYLOAD_JSON, PARAMS);
	scene_add_token(s, DIV_HEADER,
		DIV("carol@biloxi.test",
			"\"div\":{\"hi\":\"1\",\"uri\":\"sip:bob@biloxi.test\"},", ALICE),
		DIV_PARAMS);
	assert_int_equal(0, scene_verify(s));
}

/* EXT-4: only who was called may send on: the certificate must cover bob. */
static void stranger_sends_on(void **state)
{
	struct scene *s = *state;

	store(s, URL, CERTS "leaf.pem");
	store(s, DIV_URL, CERTS "leaf.pem"); /* atlanta's */
	s->facts.to_uri = SLICE("sip:carol@biloxi.test");
	scene_add_token(s, HEADER_JSON, PAYLOAD_JSON, PARAMS);
	add_div(s, "bob", "carol");
	assert_int_equal(437, scene_verify(s));
	assert_string_equal(DIV_URL, s->verdict.url);
}

/* EXT-3, ID8224-31: fetched like any other; both are used up by the call. */
static void fetch_and_replay(void **state)
{
	struct scene *s = *state;

	s->served = CERTS "several.pem"; /* both domains */
	s->facts.to_uri = SLICE("sip:carol@biloxi.test");
	scene_add_token(s, HEADER_JSON, PAYLOAD_JSON, PARAMS);
	add_div(s, "bob", "carol");
	assert_int_equal(0, scene_verify(s));
	assert_int_equal(2, s->fetches);
	s->facts.call_id = SLICE("call2");
	assert_int_equal(403, scene_verify(s));
	scene_forget(s); /* a diversion of another call's does not serve again */
	s->facts.from_tag = SLICE("tag2");
	scene_add_token(s, HEADER_JSON, PAYLOAD_JSON, PARAMS);
	s->facts.identity[s->facts.identity_count++] = buf_slice(&s->values[1]);
	assert_int_equal(403, scene_verify(s));
}

/* EXT-3: what we add when we send a call on, and that it holds. */
static void signs(void **state)
{
	struct scene *s = *state;
	const struct sign_request request = {.passport = true,
		.method = SLICE("INVITE"),
		.from_uri = SLICE("sip:alice@atlanta.test"),
		.to_uri = SLICE("sip:bob@atlanta.test"),
		.call_id = SLICE("call1"),
		.cseq = 1,
		.fingerprints = s->facts.fingerprints,
		.diverted_uri = SLICE("sip:bob@atlanta.test"),
		.target_uri = SLICE("sip:carol@biloxi.test")};
	struct sign_request other = request;

	assert_int_equal(0, policy_sign(s->policy, &request, NOW, &s->headers));
	scene_read_headers(s);
	assert_int_equal(2, s->facts.identity_count);
	assert_true(slice_find(s->facts.identity[0], 'p') < s->facts.identity[0].len);
	assert_non_null(strstr(s->headers.data, ";alg=ES256;ppt=div\r\n"));
	s->facts.to_uri = SLICE("sip:carol@biloxi.test");
	assert_int_equal(0, scene_verify(s));
	/* It is not ours to say for somebody else. */
	other.diverted_uri = SLICE("sip:bob@biloxi.test");
	buf_reset(&s->headers);
	scene_forget(s);
	assert_int_equal(0, policy_sign(s->policy, &other, NOW, &s->headers));
	scene_read_headers(s);
	assert_int_equal(1, s->facts.identity_count);
}

/* EXT-6: msec is a base PASSporT that must have mky. EXT-5, CI-10: rcd and rsp are ignored,
 * and so is div-o: none of them makes a call fail. */
static void other_types(void **state)
{
#define TYPED(ppt)                                                                             \
	"{\"alg\":\"ES256\",\"ppt\":\"" ppt "\",\"typ\":\"passport\",\"x5u\":\"" URL "\"}",    \
		PAYLOAD_JSON, PARAMS ";ppt=" ppt
	struct scene *s = *state;

	scene_add_token(s, TYPED("msec"));
	assert_int_equal(0, scene_verify(s));
	scene_forget(s);
	s->rules.require_mky = false;
	scene_add_token(s,
		"{\"alg\":\"ES256\",\"ppt\":\"msec\",\"typ\":\"passport\",\"x5u\":\"" URL "\"}",
		"{\"dest\":{\"uri\":[\"sip:bob@biloxi.test\"]},\"iat\":1798761600,"
		"\"orig\":" ALICE "}",
		PARAMS ";ppt=msec");
	assert_int_equal(438, scene_verify(s));
	scene_forget(s);
	scene_add_token(s, TYPED("rcd"));
	scene_add_token(s, TYPED("rsp"));
	scene_add_token(s, TYPED("div-o"));
	assert_int_equal(428, scene_verify(s));
	scene_add_token(s, HEADER_JSON, PAYLOAD_JSON, PARAMS);
	assert_int_equal(0, scene_verify(s));
}

/* CI-10, PP-7: rsp has its place (rsp.c), and until something is there the rule for a type that
 * is not known holds: it neither verifies nor refuses, whatever is in it. */
static void rsp(void **state)
{
	static const char *const params[] = {
		PARAMS ";ppt=rsp",
		PARAMS ";ppt=\"rsp\"",
		PARAMS ";ppt=rsp;alg=RS256",
		";info=<ftp://nowhere>;ppt=rsp",
		PARAMS ";ppt=rsp;ppt=rsp",
	};
	const char *header = "{\"alg\":\"ES256\",\"ppt\":\"rsp\",\"typ\":\"passport\","
			     "\"x5u\":\"" URL "\"}";
	struct scene *s = *state;
	enum passport_type type;

	assert_int_equal(0, passport_type_of(SLICE("rsp"), &type));
	assert_int_equal(PASSPORT_RSP, type);
	for (size_t i = 0; i < COUNT_OF(params); i++) {
		scene_forget(s);
		s->fetches = 0;
		scene_add_token(s, header, PAYLOAD_JSON, params[i]);
		/* None that counts: 428 where one is required, else as if there were none. */
		s->rules.is_required = true;
		assert_int_equal(428, scene_verify(s));
		s->rules.is_required = false;
		scene_verify(s);
		assert_int_equal(IDENTITY_ABSENT, s->verdict.outcome);
		assert_int_equal(0, s->verdict.fingerprints.count);
		assert_int_equal(0, s->fetches);
		/* Beside one that counts it changes nothing. */
		scene_add_token(s, HEADER_JSON, PAYLOAD_JSON, PARAMS);
		assert_int_equal(0, scene_verify(s));
		assert_int_equal(IDENTITY_VERIFIED, s->verdict.outcome);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(chains),
		SCENE(broken_links),
		SCENE(stranger_sends_on),
		SCENE(fetch_and_replay),
		SCENE(signs),
		SCENE(other_types),
		SCENE(rsp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
