/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A glance at SIP bytes for those who only write them down. */

#include "tests/cmocka_first.h"

#include <string.h>

#include "sbc/sip_peek.h"

static void sees_who_and_what(void **state)
{
	struct sip_peek peek;

	(void)state;
	sip_peek(&peek,
		SLICE("INVITE sip:bob@b.test;x=1 SIP/2.0\r\n"
		      "v: SIP/2.0/UDP h\r\nf: \"A\" <sip:alice@a.test>;tag=1\r\n"
		      "TO : <sip:bob@b.test>\r\ni:  id@x \r\ncSEQ: 17  INVITE\r\n\r\nbody"));
	assert_true(slice_equal(peek.request_uri, SLICE("sip:bob@b.test;x=1")));
	assert_true(slice_equal(peek.from, SLICE("\"A\" <sip:alice@a.test>;tag=1")));
	assert_true(slice_equal(peek.to, SLICE("<sip:bob@b.test>")));
	assert_true(slice_equal(peek.call_id, SLICE("id@x")));
	assert_true(slice_equal(peek.method, SLICE("INVITE")));
	sip_peek(&peek, SLICE("SIP/2.0 200 OK\nCall-ID: one\nCall-ID: two\nCSeq: 1 BYE\n"));
	assert_true(slice_is_empty(peek.request_uri));
	assert_true(slice_equal(peek.call_id, SLICE("one")));
	assert_true(slice_equal(peek.method, SLICE("BYE")));
}

static void never_looks_into_the_body(void **state)
{
	struct sip_peek peek;

	(void)state;
	sip_peek(&peek, SLICE("INVITE sip:b SIP/2.0\r\n\r\nCall-ID: forged\r\n"));
	assert_true(slice_is_empty(peek.call_id));
	sip_peek(&peek, SLICE(""));
	assert_true(slice_is_empty(peek.call_id));
	sip_peek(&peek, SLICE("\r\n\r\n"));
	assert_true(slice_is_empty(peek.method));
}

static void finds_users(void **state)
{
	static const struct {
		const char *value, *user;
	} table[] = {
		{"<sip:alice@a.test>;tag=1", "alice"},
		{"\"sip:eve@e\" <sips:bob@b.test:5061;user=phone>", "bob"},
		{"sip:+4930123;phone-context=x@b.test;user=phone", "+4930123"},
		{"tel:+4930123;phone-context=x", "+4930123"},
		{"<tel:110>", "110"},
		{"<sip:b.test>", ""},
		{"<http://a@b>", ""},
		{"", ""},
		{"<", ""},
		{"<sip:", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_true(slice_equal(
			sip_peek_user(slice_str(table[i].value)), slice_str(table[i].user)));
}

static void masks_secrets(void **state)
{
	static const struct {
		const char *in, *out;
	} table[] = {
		{"response=\"abc\", response=\"d\"", "response=\"***\", response=\"*\""},
		{"response=\"abc", "response=\"***"},
		{"response=\"", "response=\""},
		{"inline:abc|2^20;inline:d e", "inline:***|2^20;inline:* e"},
		{"nothing", "nothing"},
		{"", ""},
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_int_equal(0, slice_copy(slice_str(table[i].in), text, sizeof(text)));
		sip_mask(text, strlen(text));
		assert_string_equal(table[i].out, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sees_who_and_what),
		cmocka_unit_test(never_looks_into_the_body),
		cmocka_unit_test(finds_users),
		cmocka_unit_test(masks_secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
