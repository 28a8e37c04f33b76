/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What libosip2's parser does with unusual input, and what comes of it here: those of its traps
 * that no other test has (tests/call_rows.txt has all of them, rows OS-1 to OS-30).
 */

#include "tests/cmocka_first.h"

#include "sbc/sip_build.h"
#include "tests/unit/sbc/message.h"

#define OK_LINES MESSAGE_HEAD "CSeq: 7 OPTIONS\r\n\r\n"

/* OS-10, OS-11: without a blank behind the code osip takes the Via for the reason, and it knows
 * no lower case, which section 7.1 allows: the line that counts is read by us. */
static void status_lines(void **state)
{
	static const struct {
		const char *text;
		int err;
	} table[] = {
		{"SIP/2.0 200 OK\r\n" OK_LINES, 0},
		{"SIP/2.0 200 \r\n" OK_LINES, 0},
		{"SIP/2.0 200\r\n" OK_LINES, 0},
		{"sip/2.0 200 OK\r\n" OK_LINES, 0},
		{"SIP/2.0200 OK\r\n" OK_LINES, SBC_EPROTO},
	};
	struct parsed p;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		parse_text(&p, table[i].text);
		if (p.err != table[i].err)
			fail_msg("row %zu: %s", i, err_name(p.err));
		assert_int_equal(0, p.fault.code); /* nobody answers a response */
		if (!p.err) {
			assert_slice("192.0.2.1", p.msg->via.host);
			assert_slice("7", slice_head(sip_msg_header(p.msg, "CSeq", 0), 1));
		}
		parsed_fini(&p);
	}
}

/* OS-14: what stands once and is "unknown" to osip, twice. */
static void twice(void **state)
{
	static const struct {
		const char *lines;
		int err;
	} table[] = {
		{"Session-Expires: 90\r\nx: 1800\r\n", SBC_EPROTO},
		{"Min-SE: 90\r\nMin-SE: 91\r\n", SBC_EPROTO},
		{"Event: a\r\no: b\r\n", SBC_EPROTO},
		{"Replaces: a;to-tag=1;from-tag=2\r\nReplaces: b\r\n", SBC_EPROTO},
		/* lists, each line a part of one */
		{"Supported: timer\r\nk: 100rel\r\n", 0},
		{"Require: timer\r\nRequire: 100rel\r\n", 0},
		{"P-Asserted-Identity: <sip:a@b.c>\r\nP-Asserted-Identity: <tel:1>\r\n", 0},
	};
	struct parsed p;
	char text[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		snprintf(text, sizeof(text), "%s%s\r\n", OPTIONS_HEAD, table[i].lines);
		parse_text(&p, text);
		if (p.err != table[i].err || (p.err && p.fault.code != 400))
			fail_msg("row %zu: %s %d", i, err_name(p.err), p.fault.code);
		parsed_fini(&p);
	}
}

/* OS-20, OS-21: nothing is unescaped, so that nothing is cut at %00 and no two names become
 * one; what osip would take for a user or a port is judged by us. */
static void uris_stay_as_they_are(void **state)
{
	static const struct {
		const char *text, *user, *host; /* host NULL: refused */
	} table[] = {
		{"sip:null-%00-null@h.test", "null-%00-null", "h.test"},
		{"sip:al%69ce@h.test", "al%69ce", "h.test"},
		{"sip:a%40b@h.test", "a%40b", "h.test"},
		{"sip:a%FFb@h.test", "a%FFb", "h.test"},
		{"sip:a@h.test;X=%61b", "a", "h.test"},
		{"sip:h;p=a@b.test", "h;p=a", "b.test"}, /* section 25.1: ';' may stand there */
		{"sip:a@h.test:99999", NULL, NULL},
		{"sip:a@h.test:5060x", NULL, NULL},
		{"sip:u@ h.test", NULL, NULL},
		{"urn:service:sos", "", ""},
	};
	struct sip_uri uri;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int err = sip_uri_parse(&uri, slice_str(table[i].text));

		if (err != (table[i].host ? 0 : SBC_EPARSE))
			fail_msg("\"%s\": %s", table[i].text, err_name(err));
		if (err)
			continue;
		assert_slice(table[i].text, uri.raw);
		assert_slice(table[i].user, uri.user);
		assert_slice(table[i].host, uri.host);
	}
}

/* OS-26: what the peer compares comes back byte for byte: no brackets are put around, no zero
 * is lost, no parameter moves. */
static void answers_as_it_came(void **state)
{
	struct netaddr source;
	struct sip_response_spec spec = {.code = 404};
	struct parsed p;
	struct buf out;

	(void)state;
	netaddr_parse(&source, SLICE("192.0.2.1"), 5062);
	parse_text(&p,
		OPTIONS_LINE "Via: SIP/2.0/UDP 192.0.2.1:5062;X=y;branch=z9hG4bKa;Foo=BAR\r\n"
			     "From: sip:a@b.test;tag=5;q=1\r\nTo: sip:c@d.test;tag=6\r\n"
			     "Call-ID: X.y%41@h\r\nCSeq: 0001    OPTIONS\r\n\r\n");
	assert_int_equal(0, p.err);
	buf_init(&out, 4096);
	assert_int_equal(0, sip_build_response(&out, p.msg, &source, &spec));
	assert_non_null(strstr(out.data, "From: sip:a@b.test;tag=5;q=1\r\n"));
	assert_non_null(strstr(out.data, "To: sip:c@d.test;tag=6\r\n"));
	assert_non_null(strstr(out.data, "Call-ID: X.y%41@h\r\n"));
	assert_non_null(strstr(out.data, "CSeq: 0001    OPTIONS\r\n"));
	assert_non_null(strstr(out.data, "X=y;branch=z9hG4bKa;Foo=BAR"));
	buf_fini(&out);
	parsed_fini(&p);
}

/* OS-25: a broken value of a header that nobody here reads goes on as it is, or not at all: no
 * line is lost from between two others. */
static void no_line_is_lost(void **state)
{
	static const char *const lines[] = {"Accept: ;;", "Accept-Encoding: @", "Alert-Info: x",
		"Call-Info: <", "Error-Info: >", "Content-Encoding: ,", "MIME-Version: one",
		"Authentication-Info: =", "Proxy-Authenticate: Basic", "WWW-Authenticate: x"};
	char text[2048];
	struct parsed p;

	(void)state;
	snprintf(text, sizeof(text), "%s", OPTIONS_HEAD);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		size_t len = strlen(text);
		snprintf(text + len, sizeof(text) - len, "%s\r\n", lines[i]);
	}
	snprintf(text + strlen(text), sizeof(text) - strlen(text), "\r\n");
	parse_text(&p, text);
	assert_int_equal(0, p.err);
	assert_int_equal(5 + sizeof(lines) / sizeof(lines[0]), p.msg->scan.line_count);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const struct sip_line *line = &p.msg->scan.lines[5 + i];
		char got[80];

		snprintf(got, sizeof(got), "%.*s: %.*s", SLICE_ARG(line->name),
			SLICE_ARG(line->value));
		assert_string_equal(lines[i], got);
	}
	parsed_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_lines),
		cmocka_unit_test(twice),
		cmocka_unit_test(uris_stay_as_they_are),
		cmocka_unit_test(answers_as_it_came),
		cmocka_unit_test(no_line_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
