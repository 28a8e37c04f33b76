/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sanity layer, RFC 3261 sections 7, 8.1.1, 8.1.3.3, 8.2 and 20: each row one fault. */

#include "tests/cmocka_first.h"

#include "tests/unit/sbc/message.h"

#define INVITE_HEAD "INVITE sip:bob@biloxi.test SIP/2.0\r\n" MESSAGE_HEAD "CSeq: 7 INVITE\r\n"
#define ACK_LINE    "ACK sip:bob@biloxi.test SIP/2.0\r\n"
#define OK_HEAD     "SIP/2.0 200 OK\r\n" MESSAGE_HEAD "CSeq: 7 INVITE\r\n"
#define CONTACT     "Contact: <sip:a@192.0.2.1>\r\n"

static const struct fault_row {
	const char *text;
	int code;
	const char *phrase; /* NULL: accepted */
} faults[] = {
	/* What cannot be left out (section 8.1.1). */
	{OPTIONS_LINE MESSAGE_FROM MESSAGE_TO MESSAGE_CALL_ID "CSeq: 7 OPTIONS\r\n\r\n", 400,
		"Missing Via"},
	{OPTIONS_LINE MESSAGE_VIA MESSAGE_TO MESSAGE_CALL_ID "CSeq: 7 OPTIONS\r\n\r\n", 400,
		"Missing From"},
	{OPTIONS_LINE MESSAGE_VIA MESSAGE_FROM MESSAGE_CALL_ID "CSeq: 7 OPTIONS\r\n\r\n", 400,
		"Missing To"},
	{OPTIONS_LINE MESSAGE_VIA MESSAGE_FROM MESSAGE_TO "CSeq: 7 OPTIONS\r\n\r\n", 400,
		"Missing Call-ID"},
	{OPTIONS_LINE MESSAGE_HEAD "\r\n", 400, "Missing CSeq"},
	/* Garbled. */
	{OPTIONS_HEAD "v: XYZ/9.9/FOO h\r\n\r\n", 400, "Bad Via"},
	{OPTIONS_HEAD "v:\r\n\r\n", 400, NULL}, /* an empty line adds nothing */
	{OPTIONS_LINE MESSAGE_VIA "From: Alice\r\n" MESSAGE_TO MESSAGE_CALL_ID
				  "CSeq: 7 OPTIONS\r\n\r\n",
		400, "Bad From"},
	{OPTIONS_LINE MESSAGE_VIA MESSAGE_FROM "To: <sip:a@b>, <sip:c@d>\r\n" MESSAGE_CALL_ID
					       "CSeq: 7 OPTIONS\r\n\r\n",
		400, "Bad To"},
	{OPTIONS_LINE MESSAGE_VIA MESSAGE_FROM "To: <sip:a@b>;tag=1;tag=2\r\n" MESSAGE_CALL_ID
					       "CSeq: 7 OPTIONS\r\n\r\n",
		400, "Bad To"},
	{OPTIONS_LINE MESSAGE_VIA MESSAGE_FROM MESSAGE_TO "i: a b\r\nCSeq: 7 OPTIONS\r\n\r\n",
		400, "Bad Call-ID"},
	/* '|' moved into the Call-ID gives RFC 4474's digest-string of another. */
	{OPTIONS_LINE MESSAGE_VIA MESSAGE_FROM MESSAGE_TO "i: a|b\r\nCSeq: 7 OPTIONS\r\n\r\n",
		400, "Bad Call-ID"},
	{OPTIONS_LINE MESSAGE_VIA MESSAGE_FROM MESSAGE_TO "i:\r\nCSeq: 7 OPTIONS\r\n\r\n", 400,
		"Bad Call-ID"},
	{OPTIONS_LINE MESSAGE_HEAD "CSeq: OPTIONS\r\n\r\n", 400, "Bad CSeq"},
	{OPTIONS_LINE MESSAGE_HEAD "CSeq: 7\r\n\r\n", 400, "Bad CSeq"},
	{OPTIONS_LINE MESSAGE_HEAD "CSeq: -7 OPTIONS\r\n\r\n", 400, "Bad CSeq"},
	{OPTIONS_LINE MESSAGE_HEAD "CSeq: 2147483648 OPTIONS\r\n\r\n", 400, "Bad CSeq"},
	{OPTIONS_LINE MESSAGE_HEAD "CSeq: 4294967303 OPTIONS\r\n\r\n", 400, "Bad CSeq"},
	{OPTIONS_LINE MESSAGE_HEAD "CSeq: 7 INVITE\r\n\r\n", 400, "CSeq Method Mismatch"},
	{OPTIONS_LINE MESSAGE_HEAD "CSeq: 7 options\r\n\r\n", 400, "CSeq Method Mismatch"},
	{OPTIONS_HEAD "Max-Forwards: 256\r\n\r\n", 400, "Bad Max-Forwards"},
	{OPTIONS_HEAD "Max-Forwards: -1\r\n\r\n", 400, "Bad Max-Forwards"},
	{OPTIONS_HEAD "Max-Forwards: many\r\n\r\n", 400, "Bad Max-Forwards"},
	{OPTIONS_HEAD "Max-Forwards:\r\n\r\n", 400, "Bad Max-Forwards"},
	{OPTIONS_HEAD "c: sdp\r\n\r\n", 400, "Bad Content-Type"},
	/* osip would leave these out and go on. */
	{OPTIONS_HEAD "Route: <sip:a\r\n\r\n", 400, "Bad Route"},
	{OPTIONS_HEAD "Route: <sip:a>, x\r\n\r\n", 400, "Bad Route"},
	{OPTIONS_HEAD "Record-Route: sip\r\n\r\n", 400, "Bad Record-Route"},
	/* Twice what stands once: the next reader may take the other one. */
	{OPTIONS_HEAD MESSAGE_FROM "\r\n", 400, "Several From"},
	{OPTIONS_HEAD "t: <sip:c@d>\r\n\r\n", 400, "Several To"},
	{OPTIONS_HEAD MESSAGE_CALL_ID "\r\n", 400, "Several Call-ID"},
	{OPTIONS_HEAD "CSeq: 7 OPTIONS\r\n\r\n", 400, "Several CSeq"},
	{OPTIONS_HEAD "Max-Forwards: 1\r\nMax-Forwards: 1\r\n\r\n", 400,
		"Several Max-Forwards"},
	{OPTIONS_HEAD "c: a/b\r\nContent-Type: a/b\r\n\r\n", 400, "Several Content-Type"},
	{OPTIONS_HEAD "l: 0\r\nContent-Length: 0\r\n\r\n", 400, "Several Content-Length"},
	{OPTIONS_HEAD "Expires: 1\r\nExpires: 1\r\n\r\n", 400, "Several Expires"},
	{OPTIONS_HEAD "Date: a\r\nDate: b\r\n\r\n", 400, "Several Date"},
	{OPTIONS_HEAD "n: <a:b>\r\nIdentity-Info: <a:b>\r\n\r\n", 400, "Several Identity-Info"},
	{OPTIONS_HEAD "r: <sip:a>\r\nRefer-To: <sip:a>\r\n\r\n", 400, "Several Refer-To"},
	/* Section 8.1.1.8. */
	{INVITE_HEAD "\r\n", 400, "Missing Contact"},
	{INVITE_HEAD CONTACT CONTACT "\r\n", 400, "Several Contacts"},
	{INVITE_HEAD "m: <sip:a@b>,<sip:c@d>\r\n\r\n", 400, "Several Contacts"},
	{INVITE_HEAD "Contact: *\r\n\r\n", 400, "Bad Contact"},
	{INVITE_HEAD "Contact: <tel:1>\r\n\r\n", 400, "Bad Contact"},
	{OPTIONS_HEAD "Contact: *\r\n\r\n", 400, "Bad Contact"},
	{OPTIONS_HEAD "Contact:\r\n\r\n", 400, "Bad Contact"},
	/* Request-Line (section 7.1). */
	{"OPTIONS  sip:a SIP/2.0\r\n\r\n", 400, "Bad Request-Line"},
	{"OPTIONS sip:a  SIP/2.0\r\n\r\n", 400, "Bad Request-Line"},
	{"OPTIONS sip:a SIP/2.0 \r\n\r\n", 400, "Bad Request-Line"},
	{"OPTIONS sip:a; lr SIP/2.0\r\n\r\n", 400, "Bad Request-Line"},
	{"OPTIONS <sip:a> SIP/2.0\r\n\r\n", 400, "Bad Request-URI"},
	{"OPTIONS sip:a@b?Route=c SIP/2.0\r\n\r\n", 400, "Headers in Request-URI"},
	{"OPTIONS sip:a SIP/2.0x\r\n\r\n", 400, "Bad Request-Line"},
	{"OPTIONS sip:a SIP/2.1\r\n\r\n", 505, "Version Not Supported"},
	{"OPTIONS sip:a SIP/7.0\r\n\r\n", 505, "Version Not Supported"},
	/* Section 8.2.2.1 */
	{"OPTIONS nobody:knows SIP/2.0\r\n\r\n", 416, "Unsupported URI Scheme"},
	{"OPTIONS siphon:a@b SIP/2.0\r\n\r\n", 416, "Unsupported URI Scheme"},
	/* Nobody is told: two programs would keep each other busy. */
	{ACK_LINE MESSAGE_HEAD "\r\n", 0, "Missing CSeq"},
	{"ACK sip:a SIP/3.0\r\n\r\n", 0, "Version Not Supported"},
	{"SIP/2.0 200 OK\r\n" MESSAGE_HEAD "\r\n", 0, "Missing CSeq"},
	{"SIP/2.0 099 x\r\n\r\n", 0, "Bad Status-Line"},
	{"SIP/2.0 700 x\r\n\r\n", 0, "Bad Status-Line"},
	{"SIP/2.0 20 x\r\n\r\n", 0, "Bad Status-Line"},
	{"SIP/2.0 2000 x\r\n\r\n", 0, "Bad Status-Line"},
	{"SIP/2.0 4294967301 x\r\n\r\n", 0, "Bad Status-Line"},
	{"SIP/2.0  200 x\r\n\r\n", 0, "Bad Status-Line"},
	{"SIP/7.0 200 OK\r\n\r\n", 0, "Version Not Supported"},
	{OK_HEAD "Contact: <sip:a\r\n\r\n", 0, "Bad Contact"},
	/* Section 8.1.3.3: somebody else's response. */
	{OK_HEAD MESSAGE_VIA "\r\n", 0, "Several Via in a response"},
};

static void refuses_and_says_why(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		const struct fault_row *row = &faults[i];
		struct parsed p;
		parse_text(&p, row->text);
		if (!row->phrase) {
			assert_int_equal(0, p.err);
		} else if (p.err != SBC_EPROTO || p.fault.code != row->code ||
			   strcmp(row->phrase, p.fault.phrase) != 0) {
			fail_msg("row %zu: %s %d %s", i, err_name(p.err), p.fault.code,
				p.fault.phrase ? p.fault.phrase : "-");
		}
		parsed_fini(&p);
	}
}

static void reads_a_request(void **state)
{
	struct parsed p;

	(void)state;
	parse_text(&p,
		"REGISTER sips:atlanta.test SIP/2.0\r\n"
		"v: SIP/2.0/TLS a:1;branch=z9hG4bK1, SIP/2.0/UDP b\r\n"
		"Via: SIP/2.0/UDP c\r\n"
		"f: Alice <sip:alice@atlanta.test>;tag=9\r\nt: sip:alice@atlanta.test\r\n"
		"i: x\r\nCSeq: 0002147483647   REGISTER\r\nMax-Forwards: 0068\r\n"
		"m: <sip:a@b>;expires=5, <sip:c@d>\r\nContact: sip:e@f\r\n"
		"Expires: 60\r\nc: application/sdp;charset=x\r\nl: 3\r\n\r\nabc");
	assert_int_equal(0, p.err);
	assert_true(p.msg->is_request);
	assert_int_equal(SIP_METHOD_REGISTER, p.msg->method);
	assert_slice("REGISTER", p.msg->method_name);
	assert_slice("atlanta.test", p.msg->request_uri.host);
	assert_int_equal(3, p.msg->via_count);
	assert_slice("SIP/2.0/TLS a:1;branch=z9hG4bK1", p.msg->via.raw);
	assert_slice("z9hG4bK1", p.msg->via.branch);
	assert_slice("9", p.msg->from.tag);
	assert_slice("Alice", p.msg->from.display);
	assert_slice("", p.msg->to.tag);
	assert_slice("x", p.msg->call_id);
	assert_int_equal(INT32_MAX, p.msg->cseq);
	assert_int_equal(68, p.msg->max_forwards);
	assert_int_equal(3, p.msg->contact_count);
	assert_slice("sip:a@b", p.msg->contact.uri.raw);
	assert_slice("expires=5", p.msg->contact.params);
	assert_int_equal(60, p.msg->expires);
	assert_slice("application/sdp", p.msg->content_type);
	assert_slice("abc", p.msg->body);
	parsed_fini(&p);
}

static void reads_a_response(void **state)
{
	static const struct {
		const char *line, *reason;
	} table[] = {
		{"SIP/2.0 183 Session Progress", "Session Progress"},
		{"SIP/2.0 183 ", ""},
		/* No SP: osip takes the Via line for the reason. The Via must be there still.
		 */
		{"SIP/2.0 183", ""},
		/* Section 7.1: the version's case does not matter; osip thinks it does. */
		{"sip/2.0 183 x", "x"},
		{"SIP/2.0 183 \xd0\xbd\xd0\xbe", "\xd0\xbd\xd0\xbe"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char text[512];
		struct parsed p;
		snprintf(text, sizeof(text), "%s\r\n%sCSeq: 7 INVITE\r\n\r\n", table[i].line,
			MESSAGE_HEAD);
		parse_text(&p, text);
		if (p.err)
			fail_msg("row %zu: %s", i, p.fault.why);
		assert_false(p.msg->is_request);
		assert_int_equal(183, p.msg->status);
		assert_slice(table[i].reason, p.msg->reason);
		assert_int_equal(1, p.msg->via_count);
		assert_int_equal(SIP_METHOD_INVITE, p.msg->method);
		assert_slice("INVITE", p.msg->method_name);
		assert_int_equal(-1, p.msg->max_forwards);
		assert_int_equal(-1, p.msg->expires);
		parsed_fini(&p);
	}
}

static void reads_expires(void **state)
{
	static const struct {
		const char *value;
		int64_t seconds;
	} table[] = {
		{"0", 0},
		{"4294967295", UINT32_MAX},
		{"10000000000000000000000000", UINT32_MAX}, /* RFC 4475 scalar02 */
		{"soon", -1},                               /* section 10.2.1.1 */
		{"-1", -1},
		{"", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char text[512];
		struct parsed p;
		snprintf(text, sizeof(text), "%sExpires: %s\r\n\r\n", OPTIONS_HEAD,
			table[i].value);
		parse_text(&p, text);
		assert_int_equal(0, p.err);
		assert_true(p.msg->expires == table[i].seconds);
		parsed_fini(&p);
	}
}

static void knows_methods(void **state)
{
	(void)state;
	for (int i = 0; i < SIP_METHOD_UNKNOWN; i++) {
		const char *name = sip_method_name((enum sip_method)i);
		assert_int_equal(i, sip_method_parse(slice_str(name)));
	}
	assert_int_equal(SIP_METHOD_UNKNOWN, sip_method_parse(SLICE("invite")));
	assert_int_equal(SIP_METHOD_UNKNOWN, sip_method_parse(SLICE("UNKNOWN")));
	assert_string_equal("UNKNOWN", sip_method_name(SIP_METHOD_UNKNOWN));
}

/* A star belongs to REGISTER; an ACK, a BYE and so on need no Contact. */
static void takes_what_is_allowed(void **state)
{
	static const char *const table[] = {
		"REGISTER sip:a SIP/2.0\r\n" MESSAGE_HEAD
		"CSeq: 1 REGISTER\r\nContact: *\r\nExpires: 0\r\n\r\n",
		ACK_LINE MESSAGE_HEAD "CSeq: 7 ACK\r\n\r\n",
		"NEW.METHOD tel:+1555 SIP/2.0\r\n" MESSAGE_HEAD "CSeq: 7 NEW.METHOD\r\n\r\n",
		OPTIONS_HEAD "\r\nabc", /* a body of no type: 415 is not ours to say */
		OK_HEAD "Contact: <sip:a@b>, <sip:c@d>\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct parsed p;
		parse_text(&p, table[i]);
		if (p.err)
			fail_msg("row %zu: %s", i, p.fault.why);
		assert_null(p.fault.why);
		assert_int_equal(i == 0, p.msg->is_contact_star);
		parsed_fini(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_and_says_why),
		cmocka_unit_test(reads_a_request),
		cmocka_unit_test(reads_a_response),
		cmocka_unit_test(reads_expires),
		cmocka_unit_test(knows_methods),
		cmocka_unit_test(takes_what_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
