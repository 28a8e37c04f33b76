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
	assert_string_equal(HEADER_JSON, text.data); /* PP-1, PP-4: x5u is info */
	buf_reset(&text);
	payload = slice_cut(&value, '.');
	assert_int_equal(0, b64_decode(&text, B64_URL, payload));
	assert_string_equal(PAYLOAD_JSON, text.data); /* PP-2, ID8224-15, ID8224-17 */
	assert_int_equal(86, slice_find(value, ';'));
	value = slice_from(value, 86);
	assert_true(slice_equal(value, SLICE(";info=<" URL ">;alg=ES256\r")));
	buf_fini(&text);
}

/* Two requests of the same second must not look like a replay of each other. */
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
		{"CANCEL", "sip:alice@atlanta.test", "sip:bob@biloxi.test", SBC_EINVAL},
		{"REGISTER", "sip:alice@atlanta.test", "sip:bob@biloxi.test", SBC_EINVAL},
		{"", "sip:alice@atlanta.test", "sip:bob@biloxi.test", SBC_EINVAL},
		/* ID4474-1, ID8224-10: not our domain. */
		{"INVITE", "sip:alice@biloxi.test", "sip:bob@biloxi.test", SBC_ENOENT},
		{"INVITE", "sip:alice@x.atlanta.test", "sip:bob@biloxi.test", SBC_ENOENT},
		{"INVITE", "tel:+12155551212", "sip:bob@biloxi.test", SBC_ENOENT},
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

/* MKY-4, MKY-5: sorted, each once; without a fingerprint no claim. */
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
		SCENE(no_room_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
