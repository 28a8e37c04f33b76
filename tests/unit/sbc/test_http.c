/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Validators, negotiation, queries and cookies. */

#include "tests/cmocka_first.h"

#include <stdio.h>

#include "sbc/http.h"

#define PEM "application/pem-certificate-chain"

static void accepts(void **state)
{
	static const struct {
		const char *accept, *type;
		unsigned quality, named;
		const char *why;
	} table[] = {
		{"", PEM, 1000, 0, "not sent: anything"},
		{"*/*", PEM, 1000, 0, "anything"},
		{PEM, PEM, 1000, 1000, "itself"},
		{"Application/PEM-certificate-chain", PEM, 1000, 1000, "no case"},
		{"application/*;q=0.3", PEM, 300, 0, "its family"},
		{"text/*", PEM, 0, 0, "another family"},
		{"*/*;q=0.5, " PEM ";q=0.25", PEM, 250, 250, "the closest range counts"},
		{PEM " ; q=0", PEM, 0, 0, "not this one"},
		{PEM ";q=0.123456", PEM, 123, 123, "three digits"},
		{PEM ";q=nonsense", PEM, 1000, 1000, "no number"},
		{"text/html,application/xml;q=0.9,*/*;q=0.8", PEM, 800, 0, "a browser"},
		{",,;;,", PEM, 0, 0, "nothing"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct slice accept = slice_str(table[i].accept);
		if (http_accepts(accept, table[i].type, false) != table[i].quality ||
			http_accepts(accept, table[i].type, true) != table[i].named)
			fail_msg("%s: %u %u", table[i].why,
				http_accepts(accept, table[i].type, false),
				http_accepts(accept, table[i].type, true));
	}
}

/* RFC 9110 sections 8.8.3 and 13.1.2 */
static void etags(void **state)
{
	char one[HTTP_ETAG_MAX], other[HTTP_ETAG_MAX], text[128];

	(void)state;
	http_etag(one, SLICE("one"));
	http_etag(other, SLICE("two"));
	assert_string_not_equal(one, other);
	assert_true(http_etag_matches(slice_str(one), one));
	snprintf(text, sizeof(text), "W/%s", one);
	assert_true(http_etag_matches(slice_str(text), one));
	snprintf(text, sizeof(text), "\"a\", %s", one);
	assert_true(http_etag_matches(slice_str(text), one));
	assert_true(http_etag_matches(SLICE("*"), one));
	assert_false(http_etag_matches(slice_str(other), one));
	assert_false(http_etag_matches(SLICE(""), one));
}

static void pairs(void **state)
{
	static const struct {
		const char *text, *name, *value;
		char separator;
	} table[] = {
		{"domain=a.test", "domain", "a.test", '&'},
		{"x=1&domain=a.test&y=2", "domain", "a.test", '&'},
		{"domains=a.test", "domain", NULL, '&'},
		{"domain", "domain", "", '&'},
		{"domain=", "domain", "", '&'},
		{"", "domain", NULL, '&'},
		{"a=1; session=abc=d", "session", "abc=d", ';'},
		{"xsession=1", "session", NULL, ';'},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct slice text = slice_str(table[i].text), name = slice_str(table[i].name);
		struct slice value = table[i].separator == '&' ? http_query(text, name)
							       : http_cookie(text, name);
		assert_int_equal(table[i].value != NULL, value.ptr != NULL);
		if (table[i].value)
			assert_true(slice_equal(slice_str(table[i].value), value));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts),
		cmocka_unit_test(etags),
		cmocka_unit_test(pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
