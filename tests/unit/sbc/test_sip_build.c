/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing messages, RFC 3261 sections 8.1.1, 8.2.6, 9.1, 17.1.1.3, 18.2.1; SIP-6, SIP-26. */

#include "tests/cmocka_first.h"

#include "base/mem.h"
#include "sbc/sip_build.h"
#include "tests/unit/sbc/message.h"

#define TEXT_MAX 4096

static struct netaddr address(const char *host, uint16_t port)
{
	struct netaddr a;

	assert_int_equal(0, netaddr_parse(&a, slice_str(host), port));
	return a;
}

static void writes_a_response(void **state)
{
	struct netaddr source = address("198.51.100.7", 40000);
	struct sip_response_spec spec = {.code = 200,
		.to_tag = SLICE("t1"),
		.lines = SLICE("Contact: <sip:sbc>\r\n"),
		.content_type = SLICE("application/sdp"),
		.body = SLICE("v=0\r\n")};
	struct parsed p;
	struct buf out;

	(void)state;
	parse_text(&p, OPTIONS_LINE
		"Via: SIP/2.0/TLS 192.0.2.1:5062;rport;branch=z9hG4bKa;Foo=\"B;r\"\r\n"
		"CSEQ: 0007\r\n OPTIONS\r\n"
		"v: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKb, SIP/2.0/TCP c\r\n"
		"f: \"A\"  <sip:a@b>;tag=1\r\nt: sip:c@d\r\ni: x@y\r\n\r\n");
	assert_int_equal(0, p.err);
	buf_init(&out, TEXT_MAX);
	assert_int_equal(0, sip_build_response(&out, p.msg, &source, &spec));
	/* Values byte for byte, names in full: what the peer compares is what it sent. */
	assert_string_equal("SIP/2.0 200 OK\r\n"
			    "Via: SIP/2.0/TLS 192.0.2.1:5062;branch=z9hG4bKa;Foo=\"B;r\""
			    ";received=198.51.100.7;rport=40000\r\n"
			    "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKb, SIP/2.0/TCP c\r\n"
			    "From: \"A\"  <sip:a@b>;tag=1\r\n"
			    "To: sip:c@d;tag=t1\r\n"
			    "Call-ID: x@y\r\n"
			    "CSeq: 0007 OPTIONS\r\n"
			    "Contact: <sip:sbc>\r\n"
			    "Content-Type: application/sdp\r\n"
			    "Content-Length: 5\r\n\r\nv=0\r\n",
		out.data);
	buf_fini(&out);
	parsed_fini(&p);
}

static void corrects_the_top_via(void **state)
{
	static const struct {
		const char *via, *source, *written;
	} table[] = {
		/* SIP-26: received always; rport only when asked for (RFC 3581). */
		{"SIP/2.0/UDP 192.0.2.1;branch=b", "192.0.2.1",
			"SIP/2.0/UDP 192.0.2.1;branch=b;received=192.0.2.1"},
		{"SIP/2.0/UDP h;rport", "192.0.2.1",
			"SIP/2.0/UDP h;received=192.0.2.1;rport=9"},
		{"SIP/2.0/UDP h", "192.0.2.1", "SIP/2.0/UDP h;received=192.0.2.1"},
		/* RFC 5118 section 4.5: no brackets. */
		{"SIP/2.0/UDP h;rport", "2001:db8::1",
			"SIP/2.0/UDP h;received=2001:db8::1;rport=9"},
		/* What it says about itself does not count. */
		{"SIP/2.0/UDP h;received=10.6.6.6;rport=1;x", "192.0.2.1",
			"SIP/2.0/UDP h;x;received=192.0.2.1;rport=9"},
		/* Only the top value is ours to correct. */
		{"SIP/2.0/UDP h, SIP/2.0/UDP i;rport", "192.0.2.1",
			"SIP/2.0/UDP h;received=192.0.2.1, SIP/2.0/UDP i;rport"},
		{"SIP/2.0/UDP h;rport", NULL, "SIP/2.0/UDP h;rport"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char text[512], wanted[256];
		struct netaddr source = {0};
		struct sip_response_spec spec = {.code = 100};
		struct parsed p;
		struct buf out;
		snprintf(text, sizeof(text), "%sVia: %s\r\n%s\r\n",
			OPTIONS_LINE MESSAGE_FROM MESSAGE_TO MESSAGE_CALL_ID
			"CSeq: 7 OPTIONS\r\n",
			table[i].via, "");
		snprintf(wanted, sizeof(wanted),
			"SIP/2.0 100 Trying\r\nVia: %s\r\nFrom:", table[i].written);
		parse_text(&p, text);
		assert_int_equal(0, p.err);
		if (table[i].source)
			source = address(table[i].source, 9);
		buf_init(&out, TEXT_MAX);
		assert_int_equal(0, sip_build_response(&out, p.msg, &source, &spec));
		if (!slice_starts(buf_slice(&out), slice_str(wanted)))
			fail_msg("row %zu: %s", i, out.data);
		assert_null(strstr(out.data, ";tag=t")); /* 100 gives no tag */
		buf_fini(&out);
		parsed_fini(&p);
	}
}

/* A tag that is there stays: the request is in a dialog. */
static void keeps_the_to_tag(void **state)
{
	struct sip_response_spec spec = {.code = 481, .to_tag = SLICE("new")};
	struct parsed p;
	struct buf out;

	(void)state;
	parse_text(&p, OPTIONS_LINE MESSAGE_VIA MESSAGE_FROM MESSAGE_CALL_ID
		"To: <sip:b@c>;tag=old\r\nCSeq: 7 OPTIONS\r\n\r\n");
	buf_init(&out, TEXT_MAX);
	assert_int_equal(0, sip_build_response(&out, p.msg, NULL, &spec));
	assert_non_null(strstr(out.data, "481 Call/Transaction Does Not Exist\r\n"));
	assert_non_null(strstr(out.data, "To: <sip:b@c>;tag=old\r\n"));
	assert_null(strstr(out.data, "new"));
	buf_fini(&out);
	parsed_fini(&p);
}

/* Nothing that could begin another line or body is written, and nothing of the rest. */
static void refuses_unclean_values(void **state)
{
	struct sip_response_spec response[] = {
		{.code = 200, .reason = SLICE("OK\r\nX: y")},
		{.code = 200, .reason = SLICE("OK\n")},
		{.code = 200, .to_tag = SLICE("a\0b")},
		{.code = 200, .lines = SLICE("X: y")},
		{.code = 200, .lines = SLICE("X: y\n")},
		{.code = 200, .lines = SLICE("X: y\r\n\r\nbody")},
		{.code = 200, .lines = SLICE("X\r\n")},
		{.code = 200, .lines = SLICE(" X: y\r\n")},
		{.code = 200, .lines = SLICE("X: y\r\n folded\r\n")},
		{.code = 200, .lines = SLICE("X: y\rz\r\n")},
		{.code = 200, .lines = SLICE("X: \0\r\n")},
		{.code = 200, .lines = SLICE("l: 7\r\n")}, /* the length is ours */
		{.code = 200, .body = SLICE("x")},
		{.code = 200, .body = SLICE("x"), .content_type = SLICE("a\r\nb")},
		{.code = 99},
		{.code = 700},
	};
	const struct sip_request_spec good = {.method = SLICE("BYE"),
		.request_uri = SLICE("sip:a"),
		.via = SLICE("v"),
		.from = SLICE("f"),
		.to = SLICE("t"),
		.call_id = SLICE("i")};
	struct sip_request_spec request[12];
	struct parsed p;
	struct buf out;

	(void)state;
	parse_text(&p, OPTIONS_HEAD "\r\n");
	buf_init(&out, TEXT_MAX);
	for (size_t i = 0; i < sizeof(response) / sizeof(response[0]); i++) {
		if (sip_build_response(&out, p.msg, NULL, &response[i]) != SBC_EINVAL)
			fail_msg("response %zu", i);
	}
	for (size_t i = 0; i < sizeof(request) / sizeof(request[0]); i++)
		request[i] = good;
	request[0].method = SLICE("BYE X");
	request[1].request_uri = SLICE("sip:a SIP/2.0");
	request[2].request_uri = SLICE("sip:a\r\n");
	request[3].via = SLICE("v\r\nw");
	request[4].routes = SLICE("Route: <sip:a>");
	request[5].from = SLICE("");
	request[6].to = SLICE("t\n");
	request[7].call_id = SLICE("i\0");
	request[8].max_forwards = -1;
	request[9].contact = SLICE("c\r");
	request[10].lines = SLICE("\r\n");
	request[11].body = SLICE("x");
	for (size_t i = 0; i < sizeof(request) / sizeof(request[0]); i++) {
		if (sip_build_request(&out, &request[i]) != SBC_EINVAL)
			fail_msg("request %zu", i);
	}
	assert_int_equal(0, out.len);
	assert_int_equal(0, sip_build_request(&out, &good));
	buf_fini(&out);
	parsed_fini(&p);
}

static void writes_a_request(void **state)
{
	struct sip_request_spec spec = {.method = SLICE("INVITE"),
		.request_uri = SLICE("sip:b@c"),
		.via = SLICE("SIP/2.0/TLS h:5061;branch=z9hG4bKx;rport"),
		.routes = SLICE("Route: <sip:p;lr>\r\nRoute: <sip:q;lr>\r\n"),
		.from = SLICE("<sip:a@b>;tag=1"),
		.to = SLICE("<sip:b@c>"),
		.call_id = SLICE("i"),
		.cseq = 4294967295,
		.max_forwards = 69,
		.contact = SLICE("<sip:h>"),
		.lines = SLICE("Date: x\r\nIdentity: y\r\n"),
		.content_type = SLICE("application/sdp"),
		.body = SLICE("a\0b")};
	static const char wanted[] =
		"INVITE sip:b@c SIP/2.0\r\n"
		"Via: SIP/2.0/TLS h:5061;branch=z9hG4bKx;rport\r\n"
		"Max-Forwards: 69\r\n"
		"Route: <sip:p;lr>\r\nRoute: <sip:q;lr>\r\n"
		"From: <sip:a@b>;tag=1\r\nTo: <sip:b@c>\r\nCall-ID: i\r\n"
		"CSeq: 4294967295 INVITE\r\nContact: <sip:h>\r\n"
		"Date: x\r\nIdentity: y\r\nContent-Type: application/sdp\r\n"
		"Content-Length: 3\r\n\r\na\0b";
	struct buf out;

	(void)state;
	buf_init(&out, TEXT_MAX);
	assert_int_equal(0, sip_build_request(&out, &spec));
	assert_int_equal(sizeof(wanted) - 1, out.len);
	assert_memory_equal(wanted, out.data, out.len);
	buf_fini(&out);
	/* The buffer's ceiling and the heap's end are errors, not crashes. */
	buf_init(&out, 100);
	assert_int_equal(SBC_ELIMIT, sip_build_request(&out, &spec));
	buf_fini(&out);
	buf_init(&out, TEXT_MAX);
	mem_fail_after(0);
	assert_int_equal(SBC_ENOMEM, sip_build_request(&out, &spec));
	mem_fail_after(-1);
	buf_fini(&out);
}

static const char sent_invite[] =
	"INVITE sip:b@c;x SIP/2.0\r\n"
	"Via: SIP/2.0/UDP h;branch=z9hG4bKx;rport\r\n"
	"Max-Forwards: 12\r\nRoute: <sip:p;lr>\r\nRoute: <sip:q;lr>\r\n"
	"From: <sip:a@b>;tag=1\r\nTo: <sip:b@c>\r\nCall-ID: i\r\n"
	"CSeq: 5 INVITE\r\nContact: <sip:h>\r\nIdentity: y\r\n"
	"Content-Type: application/sdp\r\nContent-Length: 3\r\n\r\nabc";

/* SIP-6: same branch, To with the tag, the Route of the INVITE, no body. */
static void writes_the_ack_of_a_refusal(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, TEXT_MAX);
	assert_int_equal(
		0, sip_build_ack(&out, slice_str(sent_invite), SLICE("<sip:b@c>;tag=9")));
	assert_string_equal("ACK sip:b@c;x SIP/2.0\r\n"
			    "Via: SIP/2.0/UDP h;branch=z9hG4bKx;rport\r\nMax-Forwards: 70\r\n"
			    "Route: <sip:p;lr>\r\nRoute: <sip:q;lr>\r\n"
			    "From: <sip:a@b>;tag=1\r\nTo: <sip:b@c>;tag=9\r\nCall-ID: i\r\n"
			    "CSeq: 5 ACK\r\nContent-Length: 0\r\n\r\n",
		out.data);
	buf_reset(&out);
	assert_int_equal(SBC_EINVAL, sip_build_ack(&out, slice_str(sent_invite), SLICE("")));
	assert_int_equal(
		SBC_EINVAL, sip_build_ack(&out, slice_str(sent_invite), SLICE("a\r\nb: c")));
	assert_int_equal(
		SBC_EPARSE, sip_build_ack(&out, SLICE(OPTIONS_HEAD "\r\n"), SLICE("t")));
	assert_int_equal(SBC_EPARSE, sip_build_ack(&out, SLICE(""), SLICE("t")));
	assert_int_equal(0, out.len);
	buf_fini(&out);
}

/* Section 9.1: To without a tag, as in the INVITE. */
static void writes_the_cancel(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, TEXT_MAX);
	assert_int_equal(0, sip_build_cancel(&out, slice_str(sent_invite),
				    SLICE("Reason: SIP;cause=200\r\n")));
	assert_string_equal("CANCEL sip:b@c;x SIP/2.0\r\n"
			    "Via: SIP/2.0/UDP h;branch=z9hG4bKx;rport\r\nMax-Forwards: 70\r\n"
			    "Route: <sip:p;lr>\r\nRoute: <sip:q;lr>\r\n"
			    "From: <sip:a@b>;tag=1\r\nTo: <sip:b@c>\r\nCall-ID: i\r\n"
			    "CSeq: 5 CANCEL\r\nReason: SIP;cause=200\r\n"
			    "Content-Length: 0\r\n\r\n",
		out.data);
	buf_reset(&out);
	assert_int_equal(
		SBC_EINVAL, sip_build_cancel(&out, slice_str(sent_invite), SLICE("Reason")));
	assert_int_equal(0, out.len);
	buf_fini(&out);
}

/* RFC 4475: what does not parse gets its 400 as long as it can be addressed. */
static void refuses_what_does_not_parse(void **state)
{
	static const struct {
		const char *bytes;
		int err;
		const char *text; /* the whole answer but its Content-Length */
	} table[] = {
		{OPTIONS_LINE "Via: SIP/2.0/UDP h;rport\r\nv: SIP/2.0/UDP i\r\n"
			      "From: sip:a\r\n ;tag=1\r\nTo: <sip:b>;tag=2\r\n"
			      "i: x\r\nCSeq:\r\n 1 OPTIONS\r\nbroken\r\n\r\n",
			0,
			"SIP/2.0 400 Bad Header Line\r\n"
			"Via: SIP/2.0/UDP h;received=192.0.2.1;rport=9\r\n"
			"Via: SIP/2.0/UDP i\r\nFrom: sip:a ;tag=1\r\nTo: <sip:b>;tag=2\r\n"
			"Call-ID: x\r\nCSeq: 1 OPTIONS\r\n"},
		/* A Via that does not parse goes back as it came, and so does a To. */
		{OPTIONS_LINE "Via: SIP/2.0/UDP h;;,;,,\r\nFrom: a\r\nTo: \"b\r\n"
			      "Call-ID: x\r\nCSeq: 1\r\n\r\n",
			0,
			"SIP/2.0 400 Bad Header Line\r\nVia: SIP/2.0/UDP h;;,;,,\r\n"
			"From: a\r\nTo: \"b\r\nCall-ID: x\r\nCSeq: 1\r\n"},
		{OPTIONS_LINE MESSAGE_FROM MESSAGE_TO MESSAGE_CALL_ID "CSeq: 1 X\r\n\r\n",
			SBC_EPARSE, ""},
		{OPTIONS_LINE MESSAGE_VIA MESSAGE_TO MESSAGE_CALL_ID "CSeq: 1 X\r\n\r\n",
			SBC_EPARSE, ""},
		{OPTIONS_LINE MESSAGE_HEAD "\r\n", SBC_EPARSE, ""},
		{"SIP/2.0 200 OK\r\n" MESSAGE_HEAD "CSeq: 1 X\r\n\r\n", SBC_EPARSE, ""},
		{"ACK sip:a SIP/2.0\r\n" MESSAGE_HEAD "CSeq: 1 ACK\r\n\r\n", SBC_EPARSE, ""},
		{"noise\r\n", SBC_EPARSE, ""},
	};
	struct netaddr source = address("192.0.2.1", 9);

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct sip_scan scan;
		struct buf out;
		sip_scan_message(&scan, slice_str(table[i].bytes));
		buf_init(&out, TEXT_MAX);
		assert_int_equal(table[i].err,
			sip_build_refusal(&out, &scan, &source, 400, SLICE("Bad Header Line")));
		if (!slice_starts(buf_slice(&out), slice_str(table[i].text)) ||
			(table[i].err && out.len))
			fail_msg("row %zu: %.*s", i, SLICE_ARG(buf_slice(&out)));
		buf_fini(&out);
	}
}

/* Section 8.2.7: a To tag is added, the same one for the same request. */
static void refuses_alike(void **state)
{
	char first[512], text[512];
	struct sip_scan scan;
	struct buf out;

	(void)state;
	for (int i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), "%sCSeq: %d OPTIONS\r\n\r\n",
			OPTIONS_LINE MESSAGE_HEAD, i / 2);
		assert_int_equal(0, sip_scan_message(&scan, slice_str(text)));
		buf_init(&out, TEXT_MAX);
		assert_int_equal(0, sip_build_refusal(&out, &scan, NULL, 505, SLICE("")));
		assert_non_null(strstr(out.data, "505 Version Not Supported\r\n"));
		assert_non_null(strstr(out.data, "To: <sip:bob@biloxi.test>;tag="));
		if (i == 0)
			snprintf(first, sizeof(first), "%s", out.data);
		assert_int_equal(i == 2, strcmp(first, out.data) != 0);
		buf_fini(&out);
	}
}

static void has_phrases(void **state)
{
	(void)state;
	assert_string_equal("OK", sip_reason_phrase(200));
	assert_string_equal("Use Identity Header", sip_reason_phrase(428));
	assert_string_equal("Not Acceptable Here", sip_reason_phrase(488));
	assert_string_equal("Message Too Large", sip_reason_phrase(513));
	assert_string_equal("Unknown", sip_reason_phrase(299));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_a_response),
		cmocka_unit_test(corrects_the_top_via),
		cmocka_unit_test(keeps_the_to_tag),
		cmocka_unit_test(refuses_unclean_values),
		cmocka_unit_test(writes_a_request),
		cmocka_unit_test(writes_the_ack_of_a_refusal),
		cmocka_unit_test(writes_the_cancel),
		cmocka_unit_test(refuses_what_does_not_parse),
		cmocka_unit_test(refuses_alike),
		cmocka_unit_test(has_phrases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
