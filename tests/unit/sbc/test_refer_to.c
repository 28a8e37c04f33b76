/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whom a transfer names: RFC 3515 section 2.1, RFC 3891 section 6.1; rows RF-2, RF-3. */

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "sbc/refer_to.h"

static void assert_slice(const char *wanted, struct slice got)
{
	if (!slice_equal(slice_str(wanted), got))
		fail_msg("wanted \"%s\", got \"%.*s\"", wanted, SLICE_ARG(got));
}

static void reads_replaces(void **state)
{
	static const struct {
		const char *text, *call_id, *to_tag, *from_tag;
		bool is_early_only;
	} table[] = {
		/* RFC 3891 section 6.1's own examples */
		{"98732@sip.example.com;from-tag=r33th4x0r;to-tag=ff87ff",
			"98732@sip.example.com", "ff87ff", "r33th4x0r", false},
		{"12adf2f34456gs5;to-tag=12345;from-tag=54321;early-only", "12adf2f34456gs5",
			"12345", "54321", true},
		{"87134@171.161.34.23;to-tag=24796;from-tag=0", "87134@171.161.34.23", "24796",
			"0", false},
		{" a@b ; TO-TAG = 1 ; From-Tag=2 ; x=y", "a@b", "1", "2", false},
	};
	struct replaces r;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_int_equal(0, replaces_parse(&r, slice_str(table[i].text)));
		assert_slice(table[i].call_id, r.call_id);
		assert_slice(table[i].to_tag, r.to_tag);
		assert_slice(table[i].from_tag, r.from_tag);
		assert_int_equal(table[i].is_early_only, r.is_early_only);
	}
}

static void refuses_replaces(void **state)
{
	static const char *const table[] = {"", ";to-tag=1;from-tag=2", "a", "a;to-tag=1",
		"a;from-tag=1", "a;to-tag=;from-tag=2", "a;to-tag=1;to-tag=3;from-tag=2",
		"a b;to-tag=1;from-tag=2", "a;to-tag=\"1\";from-tag=2",
		"a,b;to-tag=1;from-tag=2"};
	struct replaces r;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (replaces_parse(&r, slice_str(table[i])) != SBC_EPARSE)
			fail_msg("\"%s\" passes", table[i]);
	}
}

static void reads_refer_to(void **state)
{
	static const struct {
		const char *text, *uri, *replaces; /* NULL: none */
		bool is_other;
	} table[] = {
		{"<sip:carol@biloxi.test>", "sip:carol@biloxi.test", NULL, false},
		{"Carol <sip:carol@biloxi.test;user=phone>;x=y",
			"sip:carol@biloxi.test;user=phone", NULL, false},
		{"sip:carol@biloxi.test", "sip:carol@biloxi.test", NULL, false},
		{"<tel:+12155551212>", "tel:+12155551212", NULL, false},
		{"<sip:c@b.test;method=INVITE>", "sip:c@b.test;method=INVITE", NULL, false},
		{"<sip:c@b.test;method=SUBSCRIBE>", "sip:c@b.test;method=SUBSCRIBE", NULL,
			true},
		{"<http://b.test>", "http://b.test", NULL, true},
		/* RFC 3891 section 7's way of writing */
		{"<sip:c@b.test?Replaces=12%40x%3Bto-tag%3D5%3Bfrom-tag%3D3>", "sip:c@b.test",
			"12@x;to-tag=5;from-tag=3", false},
		{"<sip:c@b.test;a=b?Subject=x&replaces=1%3Bto-tag%3D2&Require=replaces>",
			"sip:c@b.test;a=b", "1;to-tag=2", false},
		{"<sip:c@b.test?Subject=x>", "sip:c@b.test", NULL, false},
	};
	struct refer_to r;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (refer_to_parse(&r, slice_str(table[i].text)))
			fail_msg("\"%s\" is refused", table[i].text);
		assert_slice(table[i].uri, r.uri.raw);
		assert_int_equal(table[i].replaces != NULL, r.has_replaces);
		assert_string_equal(table[i].replaces ? table[i].replaces : "", r.text);
		assert_int_equal(table[i].is_other, r.is_other);
	}
}

static void refuses_refer_to(void **state)
{
	static const char *const table[] = {"", "x", "<sip:>", "<sip:a@b.test>, <sip:c@d.test>",
		"<sip:a@b.test?Replaces=%>", "<sip:a@b.test?Replaces=%4>",
		"<sip:a@b.test?Replaces=%zz>",
		/* a header line of its own */
		"<sip:a@b.test?Replaces=1%0D%0AVia:x>", "<sip:a@b.test?Replaces=1%00>",
		"<sip:a@b.test?Replaces=1&Replaces=2>"};
	char large[2 * REFER_TO_REPLACES_MAX] = "<sip:a@b.test?Replaces=";
	struct refer_to r;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (refer_to_parse(&r, slice_str(table[i])) != SBC_EPARSE)
			fail_msg("\"%s\" passes", table[i]);
	}
	memset(large + strlen(large), 'x', REFER_TO_REPLACES_MAX);
	large[strlen(large)] = '>';
	assert_int_equal(SBC_ELIMIT, refer_to_parse(&r, slice_str(large)));
}

/* What is written is read again as it was. */
static void escapes(void **state)
{
	const struct replaces was = {.call_id = SLICE("a+b@[::1]%"),
		.to_tag = SLICE("t=1"),
		.from_tag = SLICE("f&2")};
	struct refer_to to;
	struct replaces is;
	struct buf text;

	(void)state;
	buf_init(&text, 1000);
	buf_put_str(&text, "<sip:c@b.test?Replaces=");
	replaces_put_escaped(&was, &text);
	buf_put_str(&text, ">");
	assert_int_equal(0, refer_to_parse(&to, buf_slice(&text)));
	assert_int_equal(0, replaces_parse(&is, slice_str(to.text)));
	assert_slice("a+b@[::1]%", is.call_id);
	assert_slice("t=1", is.to_tag);
	assert_slice("f&2", is.from_tag);
	buf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_replaces),
		cmocka_unit_test(refuses_replaces),
		cmocka_unit_test(reads_refer_to),
		cmocka_unit_test(refuses_refer_to),
		cmocka_unit_test(escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
