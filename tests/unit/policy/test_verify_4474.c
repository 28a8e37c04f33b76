/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Identity and Identity-Info pair of RFC 4474, and what Kamailio really sends. */

#include "tests/unit/policy/recorded.h"

#define KAMAILIO_NOW INT64_C(1795444670) /* Mon, 23 Nov 2026 14:37:50 GMT */

static int setup(void **state)
{
	struct scene *s;

	scene_setup(state);
	s = *state;
	s->rules.accept_8224 = false;
	s->rules.accept_4474 = true;
	s->served = CERTS "rsa.pem";
	return 0;
}

static void verifies_what_we_sign(void **state)
{
	struct scene *s = *state;

	assert_int_equal(0, scene_sign(s, false, true));
	assert_int_equal(1, s->facts.identity_count); /* ID4474-7 */
	assert_int_equal(0, scene_verify(s));
	assert_int_equal(IDENTITY_RFC4474, s->verdict.mechanism);
	assert_string_equal("sip:alice@atlanta.test", s->verdict.identity);
	assert_string_equal("https://atlanta.test/rsa", s->verdict.url);
	assert_true(fingerprint_set_equal(&s->fingerprints, &s->verdict.fingerprints));
}

/* KAI-10, DS-3, DS-6: six recorded requests verify bit for bit, with their certificate. */
static void recorded_from_kamailio(void **state)
{
	static const char *const files[] = {
		"01-INVITE", "02-ACK", "03-BYE", "04-INVITE", "05-ACK", "06-BYE"};
	struct scene *s = *state;
	struct recorded r;
	char path[128];

	s->now = KAMAILIO_NOW;
	s->rules.allow_http = true;
	s->served = "tests/vectors/pki-kamailio/atlanta.example.rsa.der";
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		snprintf(path, sizeof(path), "tests/vectors/rfc4474-kamailio/%s.sip", files[i]);
		recorded_load(&r, path, s);
		if (scene_verify(s))
			fail_msg("%s: %d %s", files[i], s->verdict.code, s->verdict.why);
		assert_string_equal("atlanta.example", s->verdict.subject);
		assert_int_equal(i == 0, s->verdict.fingerprints.count);
		buf_fini(&r.bytes);
	}
	assert_int_equal(1, s->fetches);
}

/* Its known hole: the certificate of biloxi, once cached, vouched for atlanta. */
static void recorded_with_anothers_certificate(void **state)
{
	struct scene *s = *state;
	struct recorded r;

	s->now = KAMAILIO_NOW;
	s->rules.allow_http = true;
	s->served = "tests/vectors/pki-kamailio/biloxi.example.rsa.der";
	recorded_load(&r, "tests/vectors/rfc4474-kamailio/01-INVITE.sip", s);
	assert_int_equal(437, scene_verify(s));
	assert_string_equal("Unsupported Certificate", s->verdict.phrase); /* DEC-9 */
	assert_int_equal(437, scene_verify(s));
	assert_int_equal(1, s->fetches);
	s->rules.allow_http = false; /* ID4474-15 */
	assert_int_equal(436, scene_verify(s));
	assert_string_equal("Bad Identity-Info", s->verdict.phrase);
	buf_fini(&r.bytes);
}

/* I6, ID4474-37: each signed field changed, one at a time. */
static void changed_fields(void **state)
{
	struct scene *s = *state;
	struct identity_facts honest;

	assert_int_equal(0, scene_sign(s, false, true));
	honest = s->facts;
	for (int i = 0; i < 10; i++) {
		s->facts = honest;
		switch (i) {
		case 0:
			s->facts.from_uri = SLICE("sip:eve@atlanta.test");
			break;
		case 1:
			s->facts.to_uri = SLICE("sip:eve@biloxi.test");
			break;
		case 2:
			s->facts.call_id = SLICE("call2");
			break;
		case 3:
			s->facts.cseq = 2;
			break;
		case 4:
			s->facts.method = SLICE("MESSAGE");
			break;
		case 5:
			s->facts.date = SLICE("Fri, 01 Jan 2027 00:00:01 GMT");
			break;
		case 6:
			s->facts.contact_uri = SLICE("sip:eve@192.0.2.1");
			break;
		case 7:
			s->facts.contact_uri = (struct slice){0};
			break;
		case 8:
			s->facts.body = slice_head(honest.body, honest.body.len - 1);
			break;
		default:
			/* DS-1: as written, so another spelling is another text. */
			s->facts.from_uri = SLICE("sip:alice@ATLANTA.test");
			break;
		}
		if (scene_verify(s) != 438)
			fail_msg("change %d: %d %s", i, s->verdict.code, s->verdict.why);
		assert_string_equal("signature does not verify", s->verdict.why);
	}
	s->facts = honest;
	assert_int_equal(0, scene_verify(s));
}

/* KAM-17, KAM-20, KAM-21: helpers on the way leave traces, and the operator is told which. */
static void tells_what_a_helper_changed(void **state)
{
	struct scene *s = *state;
	struct identity_facts honest;
	struct buf body;

	assert_int_equal(0, scene_sign(s, false, true));
	honest = s->facts;
	s->facts.contact_uri = SLICE("sip:alice@192.0.2.1;alias=192.0.2.9~5060~1");
	assert_int_equal(438, scene_verify(s));
	assert_string_equal("signature does not verify: Contact has a NAT helper's ;alias=, "
			    "and is signed",
		s->verdict.why);
	s->facts.contact_uri = SLICE("sip:127.0.0.8;line=sr-N6IAzBFwMJZfWBLlMsl");
	assert_int_equal(438, scene_verify(s));
	assert_non_null(strstr(s->verdict.why, "topoh"));
	s->facts = honest;
	s->facts.call_id = SLICE("!!:oaVcoxH0k8Hdb-Oo");
	assert_int_equal(438, scene_verify(s));
	assert_non_null(strstr(s->verdict.why, "Call-ID was masked by topoh"));
	s->facts = honest;
	buf_init(&body, 4096);
	buf_printf(&body, "%.*sa=rtpengine:1a2b\r\n", SLICE_ARG(honest.body));
	s->facts.body = buf_slice(&body);
	assert_int_equal(438, scene_verify(s));
	assert_non_null(strstr(s->verdict.why, "rtpengine"));
	buf_fini(&body);
	/* A trace alone is no fault. */
	s->facts = honest;
	assert_int_equal(0, scene_verify(s));
}

/* I7: a '|' moved between two fields leaves the digest-string the same. */
static void moved_separator(void **state)
{
	static const struct {
		const char *to, *call_id, *contact;
	} table[] = {
		{"sip:bob@biloxi.test;x=a|b", "c", "sip:alice@192.0.2.1"},
		{"sip:bob@biloxi.test;x=a", "b|c", "sip:alice@192.0.2.1"},
		{"sip:bob@biloxi.test", "c", "sip:alice@192.0.2.1|x"},
		{"sip:bob@biloxi.test", "c\r\nd", "sip:alice@192.0.2.1"},
	};
	struct scene *s = *state;

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		assert_int_equal(0, scene_sign(s, false, true));
		s->facts.to_uri = slice_str(table[i].to);
		s->facts.call_id = slice_str(table[i].call_id);
		s->facts.contact_uri = slice_str(table[i].contact);
		assert_int_equal(438, scene_verify(s));
		assert_non_null(strchr(s->verdict.why, '|'));
		assert_int_equal(
			SBC_EPROTO, scene_sign(s, false, true)); /* nor do we sign it */
		s->facts.to_uri = SLICE("sip:bob@biloxi.test");
		s->facts.call_id = SLICE("call1");
		s->facts.contact_uri = SLICE("sip:alice@192.0.2.1");
	}
}

/* ID4474-31, ID4474-32, ID4474-36, ID4474-38. */
static void headers(void **state)
{
	static const struct {
		const char *identity, *info;
		int code;
	} table[] = {
		{NULL, NULL, 0},                                               /* as signed */
		{NULL, "<https://atlanta.test/rsa>", 0},                       /* rsa-sha1 */
		{NULL, " <https://atlanta.test/rsa> ; alg = rsa-sha1 ", 0},    /* blanks */
		{NULL, "<https://atlanta.test/rsa>;x=\"<;\";alg=RSA-SHA1", 0}, /* extension */
		{NULL, "", 436},
		{NULL, "https://atlanta.test/rsa", 436},
		{NULL, "<>", 436},
		{NULL, "<ftp://atlanta.test/rsa>", 436},
		{NULL, "<http://atlanta.test/rsa>", 436},
		{NULL, "<https://atlanta.test/rsa>;alg=rsa-sha256", 437},
		{NULL, "<https://atlanta.test/rsa>;alg=ES256", 437},
		{NULL, "<https://atlanta.test/rsa>;alg=rsa-sha1;alg=none", 436},
		{"\"\"", NULL, 438},
		{"\"AAAA\"", NULL, 438},
		{"\"not base64\"", NULL, 438},
		{"\"AAAA", NULL, 438},
		{"\"AAAA\";x=y", NULL, 438},
	};
	struct scene *s = *state;

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		s->facts.cseq++;
		assert_int_equal(0, scene_sign(s, false, true));
		if (table[i].identity)
			s->facts.identity[0] = slice_str(table[i].identity);
		if (table[i].info)
			s->facts.identity_info = slice_str(table[i].info);
		if (scene_verify(s) != table[i].code)
			fail_msg("row %zu: %d %s", i, s->verdict.code, s->verdict.why);
	}
}

/* ID4474-39, ID4474-40, NEG-2, KAI-7: an hour on both sides (Kamailio forgets the future). */
static void dates(void **state)
{
	struct scene *s = *state;
	static const struct {
		int later_s, code;
	} table[] = {{3600, 0}, {-3600, 0}, {3601, 403}, {-3601, 403}};

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		s->facts.cseq++;
		s->now = NOW;
		assert_int_equal(0, scene_sign(s, false, true));
		s->now = NOW + table[i].later_s;
		assert_int_equal(table[i].code, scene_verify(s));
	}
	s->now = NOW;
	s->facts.date = (struct slice){0};
	assert_int_equal(438, scene_verify(s));
	s->facts.date = SLICE("Fri,  1 Jan 2027 00:00:00 GMT");
	assert_int_equal(438, scene_verify(s));
}

/* ID4474-42: the Call-ID is remembered, its CSeq must rise. */
static void replay(void **state)
{
	struct scene *s = *state;
	struct identity_facts first;

	assert_int_equal(0, scene_sign(s, false, true));
	first = s->facts;
	assert_int_equal(0, scene_verify(s));
	assert_int_equal(403, scene_verify(s));
	assert_string_equal("Replayed Identity", s->verdict.phrase);
	/* The tag is not signed: another one changes nothing. */
	s->facts.from_tag = SLICE("tag2");
	assert_int_equal(403, scene_verify(s));
	s->facts.method = SLICE("ACK");
	assert_int_equal(0, scene_sign(s, false, true));
	assert_int_equal(0, scene_verify(s)); /* pitfall: it has its INVITE's CSeq */
	s->facts.method = SLICE("INVITE");
	s->facts.cseq = 2;
	assert_int_equal(0, scene_sign(s, false, true));
	assert_int_equal(0, scene_verify(s));
	s->facts = first;
	assert_int_equal(403, scene_verify(s)); /* the first one again */
	s->now += 3601;
	assert_int_equal(403, scene_verify(s)); /* by now too old as well */
	assert_string_equal("Stale Date", s->verdict.phrase);
}

/* ID4474-33, ID4474-34, ID4474-41: certificates. */
static void certificates(void **state)
{
	static const struct {
		const char *file;
		int code;
	} table[] = {
		{"rsa.pem", 0},
		{"leaf.pem", 437},    /* an EC key under rsa-sha1 */
		{"rsa1024.pem", 437}, /* too short */
		{"ca.pem", 437},
		{"make.py", 436},
	};
	struct scene *s = *state;
	char path[128], info[128];

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		snprintf(path, sizeof(path), CERTS "%s", table[i].file);
		snprintf(info, sizeof(info), "<https://atlanta.test/%zu>", i);
		s->facts.cseq++;
		s->served = path;
		s->fetches = 0;
		assert_int_equal(0, scene_sign(s, false, true));
		s->facts.identity_info = slice_str(info);
		if (scene_verify(s) != table[i].code)
			fail_msg("%s: %d %s", path, s->verdict.code, s->verdict.why);
	}
	s->served = NULL;
	s->fetches = 0;
	s->facts.identity_info = SLICE("<https://atlanta.test/none>");
	assert_int_equal(436, scene_verify(s));
	assert_non_null(strstr(s->verdict.why, "connection refused"));
}

static void out_of_memory(void **state)
{
	struct scene *s = *state;

	assert_int_equal(0, scene_sign(s, false, true));
	assert_int_equal(0, scene_verify(s));
	s->facts.cseq++;
	assert_int_equal(0, scene_sign(s, false, true));
	for (long i = 0; i < 100; i++) {
		mem_fail_after(i);
		policy_verify(s->policy, &s->facts, &s->rules, s->now, &s->verdict);
		mem_fail_after(-1);
		if (s->verdict.outcome == IDENTITY_VERIFIED)
			return;
		assert_int_equal(500, s->verdict.code);
	}
	fail_msg("never verified");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(verifies_what_we_sign),
		CASE(recorded_from_kamailio),
		CASE(recorded_with_anothers_certificate),
		CASE(changed_fields),
		CASE(tells_what_a_helper_changed),
		CASE(moved_separator),
		CASE(headers),
		CASE(dates),
		CASE(replay),
		CASE(certificates),
		CASE(out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
