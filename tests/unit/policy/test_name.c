/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Canonical names, RFC 8224 section 8 (CAN-1 to CAN-9). */

#include "tests/unit/policy/fixture.h"

#include "policy/name.h"

/* CAN-1 to CAN-8; CAN-9: the one function that From and To go through. */
static void canonical(void **state)
{
	static const struct {
		const char *in;
		bool is_tn;
		const char *tn, *uri, *uri_port, *host;
		const char *why;
	} table[] = {
		{"sip:alice@example.com", false, "", "sip:alice@example.com",
			"sip:alice@example.com", "example.com", "as it is"},
		{"SIP:al%69ce:pw@EXAMPLE.com;transport=tcp?Subject=x", false, "",
			"sip:alice@example.com", "sip:alice@example.com", "example.com",
			"CAN-6"},
		{"sip:Alice@example.com", false, "", "sip:Alice@example.com",
			"sip:Alice@example.com", "example.com",
			"case counts (RFC 3261 19.1.4)"},
		{"sip:a%3ab%40c@h", false, "", "sip:a%3Ab%40c@h", "sip:a%3Ab%40c@h", "h",
			"reserved ones stay escaped"},
		{"sip:alice@example.com:5070", false, "", "sip:alice@example.com",
			"sip:alice@example.com:5070", "example.com", "CAN-7"},
		{"sips:alice@example.com", false, "", "sips:alice@example.com",
			"sips:alice@example.com", "example.com", "CAN-8"},
		{"sip:example.com", false, "", "sip:example.com", "sip:example.com",
			"example.com", "no user"},
		{"sip:a@[2001:DB8::1]:5060", false, "", "sip:a@[2001:db8::1]",
			"sip:a@[2001:db8::1]:5060", "[2001:db8::1]", "IPv6"},
		{"tel:+1-215-555-1212", true, "12155551212", "", "", "", "CAN-1, CAN-2"},
		{"TEL:+1(215)555.1212;ext=5", true, "12155551212", "", "", "", "CAN-3"},
		{"tel:*21#;phone-context=x", true, "*21#", "", "", "", "tn-char"},
		{"sip:+12155551212;npdi@h;user=phone", true, "12155551212",
			"sip:+12155551212;npdi@h", "sip:+12155551212;npdi@h", "h", "CAN-3"},
		{"sip:+1-(215)-555-1212@h", true, "12155551212", "sip:+1-(215)-555-1212@h",
			"sip:+1-(215)-555-1212@h", "h", "CAN-2"},
		{"sip:2155551212@h;User=Phone", true, "2155551212", "sip:2155551212@h",
			"sip:2155551212@h", "h", "CAN-4: no plan, kept"},
		{"sip:12155551212@h", false, "12155551212", "sip:12155551212@h",
			"sip:12155551212@h", "h", "CAN-1: may be one"},
		{"sip:100@pbx.example", false, "", "sip:100@pbx.example", "sip:100@pbx.example",
			"pbx.example", "CAN-5"},
		{"sip:100@pbx.example;user=phone", false, "", "sip:100@pbx.example",
			"sip:100@pbx.example", "pbx.example", "CAN-5"},
		{"sip:+1800FLOWERS@h", false, "", "sip:+1800FLOWERS@h", "sip:+1800FLOWERS@h",
			"h", "letters are no number"},
		{"sip:+1234567890123456@h", false, "", "sip:+1234567890123456@h",
			"sip:+1234567890123456@h", "h", "longer than E.164"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct identity_name name;
		if (name_parse(&name, slice_str(table[i].in)))
			fail_msg("%s: %s", table[i].in, table[i].why);
		assert_int_equal(table[i].is_tn, name.is_tn);
		assert_string_equal(table[i].tn, name.tn);
		assert_string_equal(table[i].uri, name.uri);
		assert_string_equal(table[i].uri_port, name.uri_port);
		assert_string_equal(table[i].host, name.host);
		assert_string_equal(
			table[i].is_tn ? table[i].tn : table[i].uri, name_text(&name));
	}
}

static void refused(void **state)
{
	static const char *const table[] = {
		"",
		"alice",
		"alice@example.com",
		"mailto:a@b",
		"sip:",
		"sip:@h",
		"sip:a@",
		"sip:a@b@c",
		"sip:a b@h",
		"sip:a|b@h",
		"sip:a\"@h",
		"sip:a%4@h",
		"sip:a%zz@h",
		"sip:<a@h>",
		"sip:a@h h",
		"sip:a@h:",
		"sip:a@h:0",
		"sip:a@h:65536",
		"sip:a@h:x",
		"sip:a@-..h",
		"sip:a@.h",
		"sip:a@h.",
		"sip:a@[::1",
		"sip:a@[::g]",
		"sip:a@h/x",
		"sip:a@h\xff",
		"tel:",
		"tel:+",
		"tel:alice",
		"tel:123456789012345678901234567890123",
	};
	struct identity_name name;
	char text[600];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		if (!name_parse(&name, slice_str(table[i])))
			fail_msg("%s", table[i]);
	}
	assert_int_equal(SBC_EPARSE, name_parse(&name, slice_of("sip:a\0b@h", 9)));
	memset(text, 'a', sizeof(text));
	memcpy(text, "sip:", 4);
	memcpy(text + 300, "@h", 2);
	assert_int_equal(SBC_ELIMIT, name_parse(&name, slice_of(text, 302)));
	memcpy(text + 10, "@", 1);
	assert_int_equal(SBC_EPARSE, name_parse(&name, slice_of(text, 200)));
}

static void claims(void **state)
{
	static const struct {
		const char *name, *tn, *uri;
		bool is_match;
	} table[] = {
		{"tel:+12155551212", "12155551212", NULL, true},
		{"tel:+12155551212", "+1 215 555 1212", NULL,
			true}, /* secsipid keeps the '+' */
		{"tel:+12155551212", "12155551213", NULL, false},
		{"tel:+12155551212", "", NULL, false},
		{"tel:+12155551212", NULL, "tel:+12155551212", true},
		{"sip:alice@h", "", NULL, false},
		{"sip:alice@h", NULL, "SIP:alice@H;x=y", true},
		{"sip:alice@h", NULL, "sips:alice@h", false},
		{"sip:alice@h", NULL, "", false},
		{"sip:alice@h:5070", NULL, "sip:alice@h:5070", true},
		{"sip:alice@h:5070", NULL, "sip:alice@h", true},
		{"sip:alice@h", NULL, "sip:alice@h:5070", false},
		{"sip:100@h", "100", NULL, false},
		{"sip:alice@h", NULL, "tel:1", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct identity_name name;
		assert_int_equal(0, name_parse(&name, slice_str(table[i].name)));
		if (table[i].tn)
			assert_int_equal(
				table[i].is_match, name_is_tn(&name, slice_str(table[i].tn)));
		else
			assert_int_equal(
				table[i].is_match, name_is_uri(&name, slice_str(table[i].uri)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(canonical),
		cmocka_unit_test(refused),
		cmocka_unit_test(claims),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
