/* SPDX-License-Identifier: GPL-3.0-or-later */
/* URIs, parameters, addresses and Via values, RFC 3261 sections 19.1, 20 and 25.1. */

#include "tests/cmocka_first.h"

#include "sbc/sip_parts.h"
#include "tests/unit/sbc/message.h"

static void reads_uris(void **state)
{
	static const struct {
		const char *text, *scheme, *user, *host;
		uint16_t port;
		const char *params;
	} table[] = {
		{"sip:bob@biloxi.test", "sip", "bob", "biloxi.test", 0, ""},
		{"sip:biloxi.test", "sip", "", "biloxi.test", 0, ""},
		{"SIPS:bob@b:5061;transport=tls;lr", "SIPS", "bob", "b", 5061,
			"transport=tls;lr"},
		{"sip:a:secret@b", "sip", "a", "b", 0, ""},
		{"sip:a@b?Subject=x", "sip", "a", "b", 0, ""},
		{"sip:a@b;x=y?Subject=x;z", "sip", "a", "b", 0, "x=y"},
		/* Nothing is unescaped: osip cuts at %00 and makes alice of al%69ce. */
		{"sip:null-%00-null@h", "sip", "null-%00-null", "h", 0, ""},
		{"sip:al%69ce@h", "sip", "al%69ce", "h", 0, ""},
		/* The user part may hold what separates elsewhere (RFC 4475 semiuri). */
		{"sip:h;p=a@b", "sip", "h;p=a", "b", 0, ""},
		{"sip:a?b/c&d=e,$@b", "sip", "a?b/c&d=e,$", "b", 0, ""},
		{"sip:*21#@b", "sip", "*21#", "b", 0, ""}, /* phones send '#' unescaped */
		{"sip:[2001:db8::10]", "sip", "", "2001:db8::10", 0, ""},
		{"sip:u@[::ffff:192.0.2.1]:5070;lr", "sip", "u", "::ffff:192.0.2.1", 5070,
			"lr"},
		{"tel:+15551234;phone-context=x", "tel", "", "", 0, "phone-context=x"},
		{"urn:service:sos", "urn", "", "", 0, ""},
		/* osip takes this one for sip. */
		{"siphon:xx@h", "siphon", "", "", 0, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct sip_uri uri;
		if (sip_uri_parse(&uri, slice_str(table[i].text)))
			fail_msg("\"%s\" is refused", table[i].text);
		assert_slice(table[i].text, uri.raw);
		assert_slice(table[i].scheme, uri.scheme);
		assert_slice(table[i].user, uri.user);
		assert_slice(table[i].host, uri.host);
		assert_int_equal(table[i].port, uri.port);
		assert_slice(table[i].params, uri.params);
	}
}

static void refuses_uris(void **state)
{
	static const char *const table[] = {"", "sip", "sip:", ":a@b", "1sip:a@b", "s ip:a@b",
		"<sip:a@b>", "sip:@b", "sip:a@", "sip:a@b@c", "sip:a@b:", "sip:a@b:0",
		"sip:a@b:99999", "sip:a@b:5060x", "sip:a@b:-1", "sip:u@ h", "sip:a b@c",
		"sip:a@b c", "sip:a\"@b", "sip:a@b/c", "sip:a@b;x=<y>", "sip:%4@b", "sip:%zz@b",
		"sip:%",
		/* RFC 5118 section 4.1: IPv6 needs its brackets. */
		"sip:2001:db8::10", "sip:a@[2001:db8::10", "sip:a@[2001:db8::zz]", "sip:a@[]",
		"sip:a@[192.0.2.1]", "sip:a@[::1]x", "sip:a@b\x7f", "sip:a@b\x01", "tel:1 2"};
	struct sip_uri uri;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (sip_uri_parse(&uri, slice_str(table[i])) != SBC_EPARSE)
			fail_msg("\"%s\" passes", table[i]);
	}
	assert_int_equal(SBC_EPARSE, sip_uri_parse(&uri, SLICE("sip:a\0@b")));
}

static void finds_parameters(void **state)
{
	static const struct {
		const char *params, *name, *value; /* NULL: not there */
	} table[] = {
		{"a=b;c", "a", "b"},
		{"a=b;c", "c", ""},
		{"a=b;c", "d", NULL},
		{"", "a", NULL},
		{" A = b ; c ", "a", "b"},
		{"x=\"a;tag=1\";tag=2", "tag", "2"}, /* not out of a quoted string */
		{"x=\"a\\\";tag=1\";tag=2", "tag", "2"},
		{"x=<sip:a;tag=1>;tag=2", "tag", "2"},
		{"x=\"open;tag=1", "tag", NULL},
		{";;a=1", "a", "1"},
		{"tags=1;tag=2", "tag", "2"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct slice value = SLICE("untouched");
		bool found = sip_param_find(slice_str(table[i].params), table[i].name, &value);
		if (found != (table[i].value != NULL))
			fail_msg("row %zu", i);
		assert_slice(found ? table[i].value : "", value);
	}
}

static void reads_addresses(void **state)
{
	static const struct {
		const char *text, *raw, *display, *uri, *params, *tag;
	} table[] = {
		{"<sip:a@b>", "<sip:a@b>", "", "sip:a@b", "", ""},
		{" \"A. \\\"B\\\", C\" <sip:a@b;lr>;tag=1 ",
			"\"A. \\\"B\\\", C\" <sip:a@b;lr>;tag=1", "A. \\\"B\\\", C",
			"sip:a@b;lr", "tag=1", "1"},
		{"Alice  B <sip:a@b>", "Alice  B <sip:a@b>", "Alice  B", "sip:a@b", "", ""},
		{"caller<sip:a@b>;tag=323", "caller<sip:a@b>;tag=323", "caller", "sip:a@b",
			"tag=323", "323"}, /* RFC 4475 lwsdisp */
		/* Section 20.10: without brackets the parameters are the header's. */
		{"sip:a@b;tag=1;x", "sip:a@b;tag=1;x", "", "sip:a@b", "tag=1;x", "1"},
		{"sip:a@b ; tag = 1", "sip:a@b ; tag = 1", "", "sip:a@b", " tag = 1", "1"},
		{"<sip:a@b?x=y>", "<sip:a@b?x=y>", "", "sip:a@b?x=y", "", ""},
		{"<tel:+1555>;TAG=x", "<tel:+1555>;TAG=x", "", "tel:+1555", "TAG=x", "x"},
		{"<sip:a@b> ;x=\"tag=1;tag=2\"", "<sip:a@b> ;x=\"tag=1;tag=2\"", "", "sip:a@b",
			"x=\"tag=1;tag=2\"", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct slice rest = slice_str(table[i].text);
		struct sip_address address;
		if (sip_address_next(&address, &rest))
			fail_msg("\"%s\" is refused", table[i].text);
		assert_slice(table[i].raw, address.raw);
		assert_slice(table[i].display, address.display);
		assert_slice(table[i].uri, address.uri.raw);
		assert_slice(table[i].params, address.params);
		assert_slice(table[i].tag, address.tag);
		assert_int_equal(SBC_ENOENT, sip_address_next(&address, &rest));
	}
}

static void walks_lists(void **state)
{
	struct slice rest =
		SLICE("\"a,b\" <sip:a@b;x=\"y>,z\">, <sip:c,d@e>;q=\"1,2\" ,sip:f@g");
	struct sip_address address;

	(void)state;
	/* A quote inside of <> is no quote: '"' is not allowed in a URI at all. */
	assert_int_equal(SBC_EPARSE, sip_address_next(&address, &rest));
	rest = SLICE("\"a,b\" <sip:a@b>, <sip:c,d@e>;q=\"1,2\" ,sip:f@g");
	assert_int_equal(0, sip_address_next(&address, &rest));
	assert_slice("a,b", address.display);
	assert_int_equal(0, sip_address_next(&address, &rest));
	assert_slice("sip:c,d@e", address.uri.raw);
	assert_int_equal(0, sip_address_next(&address, &rest));
	assert_slice("sip:f@g", address.uri.raw);
	assert_int_equal(SBC_ENOENT, sip_address_next(&address, &rest));
	rest = (struct slice){0};
	assert_int_equal(SBC_ENOENT, sip_address_next(&address, &rest));
	rest = SLICE("<sip:a@b>,,<sip:c@d>");
	assert_int_equal(0, sip_address_next(&address, &rest));
	assert_int_equal(SBC_EPARSE, sip_address_next(&address, &rest));
}

static void refuses_addresses(void **state)
{
	static const char *const table[] = {"*", "<sip:a@b", "sip:a@b>", "\"A <sip:a@b>",
		"\"A\" sip:a@b", "\"A\"", "A, B <sip:a@b>", /* RFC 4475 baddn */
		"< sip:a@b >",                              /* badaspec */
		"<sip:a@b>;;;;",                            /* badinv01 */
		"<sip:a@b>;", "<sip:a@b>;=x", "<sip:a@b>x", "<sip:a@b> <sip:c@d>",
		"sip:a@b?Route=%3Csip:c%3E", /* regbadct */
		"<sip:a@b>;tag=1;tag=2", "<sip:a@b>;tag", "<sip:a@b>;tag=", "<sip:a@b>;x=a b",
		"<sip:a@b>;x=\"a", "<sip:a@b>,", ",<sip:a@b>", "<>", "a:b <sip:a@b>",
		"a@b <sip:a@b>"};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct slice rest = slice_str(table[i]);
		struct sip_address address;
		if (sip_address_next(&address, &rest) != SBC_EPARSE)
			fail_msg("\"%s\" passes", table[i]);
		assert_slice(table[i], rest); /* untouched */
	}
}

static void reads_via(void **state)
{
	static const struct {
		const char *text, *transport, *host;
		uint16_t port;
		const char *branch;
		bool has_rport;
	} table[] = {
		{"SIP/2.0/UDP h;branch=z9hG4bKa", "UDP", "h", 0, "z9hG4bKa", false},
		{"SIP/2.0/TLS 192.0.2.1:5061;rport;branch=z9hG4bKa", "TLS", "192.0.2.1", 5061,
			"z9hG4bKa", true},
		{"SIP / 2.0 / TCP  h : 5060 ; branch = x ", "TCP", "h", 5060, "x", false},
		{"sip/2.0/WSS [2001:db8::1]:9;branch=b", "WSS", "2001:db8::1", 9, "b", false},
		{"SIP/2.0/UDP h", "UDP", "h", 0, "", false}, /* RFC 2543 */
		/* RFC 4475 badbranch: the cookie alone is no branch. */
		{"SIP/2.0/UDP h;branch=z9hG4bK", "UDP", "h", 0, "", false},
		/* RFC 5118 section 4.5: received with and without brackets. */
		{"SIP/2.0/UDP h;received=[2001:db8::9];branch=b", "UDP", "h", 0, "b", false},
		{"SIP/2.0/UDP h;received=2001:db8::9;branch=b", "UDP", "h", 0, "b", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct slice rest = slice_str(table[i].text), params;
		struct sip_via via;
		if (sip_via_next(&via, &params, &rest))
			fail_msg("\"%s\" is refused", table[i].text);
		assert_slice(table[i].transport, via.transport);
		assert_slice(table[i].host, via.host);
		assert_int_equal(table[i].port, via.port);
		assert_slice(table[i].branch, via.branch);
		assert_int_equal(table[i].has_rport, via.has_rport);
	}
}

static void refuses_via(void **state)
{
	static const char *const table[] = {"XYZ/9.9/FOO h", "SIP/7.0/UDP h", "SIP/2.0 h",
		"SIP/2.0/UDP", "SIP/2.0/UDP ;branch=x", "SIP/2.0/U;DP h", "SIP/2.0/UDP h:0",
		"SIP/2.0/UDP h:99999", "SIP/2.0/UDP h x", "SIP/2.0/UDP 192.0.2.15;;,;,,",
		"SIP/2.0/UDP h;branch=a;branch=b", "SIP/2.0/UDP h;branch",
		"SIP/2.0/UDP 2001:db8::1", "SIP/2.0/UDP h,"};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct slice rest = slice_str(table[i]), params;
		struct sip_via via;
		if (sip_via_next(&via, &params, &rest) != SBC_EPARSE)
			fail_msg("\"%s\" passes", table[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_uris),
		cmocka_unit_test(refuses_uris),
		cmocka_unit_test(finds_parameters),
		cmocka_unit_test(reads_addresses),
		cmocka_unit_test(walks_lists),
		cmocka_unit_test(refuses_addresses),
		cmocka_unit_test(reads_via),
		cmocka_unit_test(refuses_via),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
