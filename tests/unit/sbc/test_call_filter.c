/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which calls a filter takes. */

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "sbc/call_filter.h"

static const struct {
	const char *filter, *from, *to, *a, *b;
	bool takes;
} rows[] = {
	{"from=alice", "sip:alice@atlanta.test", "sip:bob@biloxi.test", "alice", "", true},
	{"from=alice", "sip:alicia@atlanta.test", "sip:alice@atlanta.test", "alice", "", false},
	{"from=ali*", "sip:alicia@atlanta.test", "", "", "", true},
	{"from=*", "sip:atlanta.test", "", "", "", true},
	{"from=sip:alice@atlanta.test", "sip:alice@atlanta.test", "", "", "", true},
	{"from=sip:alice@biloxi.test", "sip:alice@atlanta.test", "", "", "", false},
	{"to=+4930*", "sip:a@b", "tel:+4930123;phone-context=x", "", "", true},
	{"to=+4930*", "sip:+4930123@b", "tel:+4989123", "", "", false},
	{"peer=biloxi", "sip:a@b", "sip:c@d", "alice", "biloxi", true},
	{"peer=biloxi", "sip:a@b", "sip:c@d", "biloxi", "bob", true},
	{"peer=bilox", "sip:a@b", "sip:c@d", "alice", "biloxi", false},
	{"peer=biloxi", "sip:a@b", "sip:c@d", "alice", "", false},
	{"peer=*", "sip:a@b", "sip:c@d", "", "", false},
	{"  from=a   to=c peer=x ", "sip:a@b", "sip:c@d", "x", "", true},
	{"from=a to=c peer=x", "sip:a@b", "sip:e@d", "x", "", false},
};

static void takes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct slice peers[2] = {slice_str(rows[i].a), slice_str(rows[i].b)};
		struct call_filter filter;

		assert_int_equal(0, call_filter_parse(&filter, slice_str(rows[i].filter)));
		if (call_filter_takes(&filter, slice_str(rows[i].from), slice_str(rows[i].to),
			    peers) != rows[i].takes)
			fail_msg("row %zu: %s", i, rows[i].filter);
	}
}

static void names_one_call(void **state)
{
	static const char *const names[][2] = {{"c17", "c17"}, {" call=c17 ", "c17"},
		{"a84b4c76e66710@pc33.atlanta.test", "a84b4c76e66710@pc33.atlanta.test"},
		{"a=b", "a=b"}, {"call=from=x", "from=x"}};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct call_filter filter;

		assert_int_equal(0, call_filter_parse(&filter, slice_str(names[i][0])));
		assert_true(slice_equal(filter.call, slice_str(names[i][1])));
	}
}

static void refuses(void **state)
{
	static const char *const texts[] = {"", "   ", "from=", "from=a from=b", "c17 c18",
		"c17 from=a", "from=a somebody", "peer=x call=c1"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct call_filter filter;

		if (call_filter_parse(&filter, slice_str(texts[i])) != SBC_EPARSE)
			fail_msg("taken: \"%s\"", texts[i]);
	}
	assert_int_equal(
		SBC_EPARSE, call_filter_parse(&(struct call_filter){0}, (struct slice){0}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes),
		cmocka_unit_test(names_one_call),
		cmocka_unit_test(refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
