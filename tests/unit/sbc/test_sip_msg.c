/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Parsing whole messages: what osip does badly and must not be seen outside, reading headers
 * back, memory that ends, threads. RFC 3261 section 7.3.
 */

#include "tests/cmocka_first.h"

#include <pthread.h>

#include "base/mem.h"
#include "tests/unit/sbc/message.h"

/* Header text comes back byte for byte: osip would re-order, re-case, unescape, drop. */
static void keeps_headers_as_written(void **state)
{
	static const char auth[] =
		"Digest username=\"a\", X-ext=1, userhash=false, realm=\"r\"";
	char text[1024];
	struct parsed p;

	(void)state;
	snprintf(text, sizeof(text),
		OPTIONS_HEAD "Authorization: %s\r\n"
			     "Proxy-Authorization: Basic YTpi\r\n"
			     "Accept: \x01, ;broken\r\nAllow: INVITE,,\r\nX-L: a,  b ;; c\r\n"
			     "s: subject\r\nk: replaces\r\nX-My-HEADER: 1\r\n\r\n",
		auth);
	parse_text(&p, text);
	assert_int_equal(0, p.err);
	assert_slice(auth, sip_msg_header(p.msg, "authorization", 0));
	assert_slice("Basic YTpi", sip_msg_header(p.msg, "Proxy-Authorization", 0));
	assert_slice("\x01, ;broken", sip_msg_header(p.msg, "Accept", 0));
	assert_slice("INVITE,,", sip_msg_header(p.msg, "Allow", 0));
	assert_slice("a,  b ;; c", sip_msg_header(p.msg, "X-L", 0));
	assert_slice("subject", sip_msg_header(p.msg, "Subject", 0));
	assert_slice("replaces", sip_msg_header(p.msg, "Supported", 0));
	assert_slice("X-My-HEADER", p.msg->scan.lines[12].name);
	assert_true(p.msg->from.raw.ptr > p.msg->scan.bytes.ptr); /* of the bytes themselves */
	parsed_fini(&p);
}

static void walks_header_lines(void **state)
{
	struct parsed p;

	(void)state;
	parse_text(&p, OPTIONS_HEAD "k: timer, 100rel\r\nX: y\r\nSupported:\r\n"
				    "SUPPORTED: from-change ,gruu\r\n\r\n");
	assert_int_equal(0, p.err);
	assert_slice("timer, 100rel", sip_msg_header(p.msg, "Supported", 0));
	assert_slice("from-change ,gruu", sip_msg_header(p.msg, "Supported", 1));
	assert_slice("", sip_msg_header(p.msg, "Supported", 2));
	assert_slice("", sip_msg_header(p.msg, "Require", 0));
	assert_true(sip_msg_lists_token(p.msg, "Supported", "timer"));
	assert_true(sip_msg_lists_token(p.msg, "Supported", "FROM-change"));
	assert_true(sip_msg_lists_token(p.msg, "Supported", "gruu"));
	assert_false(sip_msg_lists_token(p.msg, "Supported", "rel"));
	assert_false(sip_msg_lists_token(p.msg, "Require", "timer"));
	parsed_fini(&p);
}

/* Section 7.3.1: a fold is one blank, whatever it is made of. */
static void unfolds(void **state)
{
	struct parsed p;

	(void)state;
	parse_text(&p, OPTIONS_LINE
		"Via: SIP / 2.0\r\n /UDP\r\n\t  192.0.2.2;branch=\r\n z9hG4bKx\r\n"
		"From: \"A\"\r\n   <sip:a@b>\r\n ;\r\n tag = 1\r\nTo:\r\n sip:c@d\r\n"
		"CSeq: 7\r\n  OPTIONS\r\nCall-ID:\r\n x\r\nX-Fold: one\r\n \ttwo\r\n   \r\n "
		"three\r\n"
		"\r\n");
	if (p.err)
		fail_msg("%s", p.fault.why);
	assert_slice("192.0.2.2", p.msg->via.host);
	assert_slice("z9hG4bKx", p.msg->via.branch);
	assert_slice("\"A\" <sip:a@b> ; tag = 1", p.msg->from.raw);
	assert_slice("1", p.msg->from.tag);
	assert_slice("sip:c@d", p.msg->to.uri.raw);
	assert_slice("one two three", sip_msg_header(p.msg, "X-Fold", 0));
	parsed_fini(&p);
}

/* osip loses a body without type, changes multipart's headers, cuts at a NUL. */
/* ID4474-50, DS-6: exactly Content-Length bytes; more are dropped. */
static void keeps_the_body(void **state)
{
	static const char multipart[] =
		"preamble\r\n--b\r\n\r\nno headers\r\n--b\r\n"
		"CONTENT-type:text/plain\r\n\r\n\0\r\n--b--\r\nepilogue";
	char text[1024];
	int len = snprintf(text, sizeof(text),
		OPTIONS_HEAD "Content-Type: multipart/mixed;boundary=b\r\nl: %zu\r\n\r\n",
		sizeof(multipart) - 1);
	struct parsed p;

	(void)state;
	memcpy(text + len, multipart, sizeof(multipart));
	parse_slice(&p, slice_of(text, (size_t)len + sizeof(multipart))); /* one byte more */
	assert_int_equal(0, p.err);
	assert_slice("multipart/mixed", p.msg->content_type);
	assert_true(slice_equal(p.msg->body, slice_of(multipart, sizeof(multipart) - 1)));
	parsed_fini(&p);

	/* MKY-7: the session description is the body; what was received is kept. */
	parse_text(&p, OPTIONS_HEAD
		"Content-Type: multipart/mixed;boundary=b\r\n\r\n"
		"--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n--b--\r\n");
	assert_int_equal(0, p.err);
	assert_slice("application/sdp", p.msg->content_type);
	assert_slice("v=0\r\n", p.msg->body);
	assert_int_equal(52, p.msg->message_body.len);
	assert_true(slice_starts(p.msg->message_body, SLICE("--b\r\n")));
	parsed_fini(&p);

	parse_text(&p, OPTIONS_HEAD "\r\nbody of no type");
	assert_int_equal(0, p.err);
	assert_slice("body of no type", p.msg->body);
	parsed_fini(&p);
}

/* ID4474-50: a body shorter than Content-Length says. */
static void refuses_with_the_scan(void **state)
{
	static const struct {
		struct slice bytes;
		int err, code;
		const char *why;
	} table[] = {
		{SLICE(OPTIONS_HEAD "l: 5\r\n\r\nabc"), SBC_EPROTO, 400, "Bad Content-Length"},
		{SLICE(OPTIONS_HEAD "l: -5\r\n\r\nabc"), SBC_EPROTO, 400, "Bad Content-Length"},
		{SLICE(OPTIONS_HEAD "X: \0\r\n\r\n"), SBC_EPARSE, 400, "Bad Header Line"},
		{SLICE(OPTIONS_HEAD "X: y\n\r\n"), SBC_EPARSE, 400, "Bad Header Line"},
		{SLICE(OPTIONS_HEAD), SBC_EPARSE, 400, "Bad Header Line"},
		{SLICE("ACK sip:a SIP/2.0\r\nX\r\n\r\n"), SBC_EPARSE, 0, "Bad Header Line"},
		{SLICE("SIP/2.0 200 OK\r\nl: 1\r\n\r\n"), SBC_EPROTO, 0, "Bad Content-Length"},
		{SLICE("noise"), SBC_EPARSE, 400, "Bad Header Line"},
	};
	static char many[SIP_MESSAGE_MAX];
	struct parsed p;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		parse_slice(&p, table[i].bytes);
		if (p.err != table[i].err || p.fault.code != table[i].code)
			fail_msg("row %zu: %s %d", i, err_name(p.err), p.fault.code);
		assert_string_equal(table[i].why, p.fault.why);
		assert_null(p.msg);
		parsed_fini(&p);
	}
	/* Nothing that is quadratic reaches osip. */
	snprintf(many, sizeof(many), "%s", OPTIONS_HEAD "Contact: <sip:a@b>");
	for (size_t len = strlen(many); len + 8 < sizeof(many); len += 2)
		memcpy(many + len, ";a", 2);
	parse_text(&p, many);
	assert_int_equal(SBC_EPARSE, p.err); /* it has no end either */
	parsed_fini(&p);
	memcpy(many + strlen(many) - 4, "\r\n\r\n", 4);
	parse_text(&p, many);
	assert_int_equal(SBC_EPROTO, p.err);
	assert_int_equal(513, p.fault.code);
	parsed_fini(&p);
}

/* Where osip is stricter than we are, it has the last word. */
static void lets_osip_judge(void **state)
{
	static const struct {
		const char *text;
		int err;
	} table[] = {
		{OPTIONS_HEAD "Route: <sip:aa;lr>, <sip:bb;lr>\r\n\r\n", 0},
		{OPTIONS_HEAD "Route: <sip:a>\r\n\r\n", SBC_EPARSE}, /* a URI of five bytes */
		{OPTIONS_HEAD "Record-Route: <sip:aa>, <sip:b>\r\n\r\n", SBC_EPARSE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct parsed p;
		parse_text(&p, table[i].text);
		if (p.err != table[i].err)
			fail_msg("row %zu: %s", i, err_name(p.err));
		assert_int_equal(p.err ? 400 : 0, p.fault.code);
		parsed_fini(&p);
	}
}

/* The largest heads that the scan lets through go through osip as well: its memory comes
 * from more than the first block then. */
static void parses_the_largest(void **state)
{
	static char text[SIP_MESSAGE_MAX + 1];
	size_t len = (size_t)snprintf(text, sizeof(text), OPTIONS_HEAD "Contact: <sip:a@b");
	struct parsed p;

	(void)state;
	for (int i = 0; i < 200; i++) {
		memcpy(text + len, ";p=", 3);
		memset(text + len + 3, 'x', 300);
		len += 303;
	}
	len += (size_t)snprintf(text + len, sizeof(text) - len, ">\r\n\r\n");
	parse_slice(&p, slice_of(text, len));
	assert_int_equal(0, p.err);
	assert_int_equal(1, p.msg->contact_count);
	parsed_fini(&p);
}

/* Each allocation fails once: an error, no crash, and nothing is left (run it with ASan). */
static void without_memory(void **state)
{
	static char text[20000];
	size_t len = (size_t)snprintf(
		text, sizeof(text), OPTIONS_HEAD "X: a\r\n b\r\nContact: <sip:a@b;x=");
	int failures = 0;

	(void)state;
	memset(text + len, 'y', 9000); /* more than osip's first block */
	len += 9000;
	len += (size_t)snprintf(text + len, sizeof(text) - len, ">\r\n\r\n");
	for (long n = 0;; n++) {
		struct parsed p;
		mem_fail_after(n);
		parse_slice(&p, slice_of(text, len));
		mem_fail_after(-1);
		if (!p.err) {
			parsed_fini(&p);
			break;
		}
		failures++;
		assert_int_equal(SBC_ENOMEM, p.err);
		assert_null(p.msg);
		assert_int_equal(0, p.fault.code);
		parsed_fini(&p);
	}
	assert_true(failures >= 2); /* the message's own block, and one of osip's */
}

/* The message's arena has a ceiling as well. */
static void with_a_small_arena(void **state)
{
	struct arena arena;
	struct sip_msg *msg;
	struct sip_fault fault;

	(void)state;
	arena_init(&arena, 100);
	assert_int_equal(
		SBC_ENOMEM, sip_msg_parse(&msg, &arena, SLICE(OPTIONS_HEAD "\r\n"), &fault));
	assert_int_equal(0, fault.code);
	arena_fini(&arena);
}

static void *parse_many(void *arg)
{
	int *good = arg;

	for (int i = 0; i < 300; i++) {
		struct parsed p;
		char text[512];
		snprintf(text, sizeof(text), "%sContact: <sip:user%d@h>\r\n\r\n", OPTIONS_HEAD,
			i);
		parse_text(&p, text);
		*good += !p.err && p.msg->contact_count == 1;
		parsed_fini(&p);
	}
	return NULL;
}

/* osip's allocators are global: each thread must find its own memory (SAN=thread). */
static void parses_in_several_threads(void **state)
{
	pthread_t threads[4];
	int good[4] = {0};

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(0, pthread_create(&threads[i], NULL, parse_many, &good[i]));
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(300, good[i]);
	}
}

/* What a real phone sends. */
static void reads_baresip(void **state)
{
	char bytes[4096];
	struct parsed p;

	(void)state;
	parse_slice(&p, read_vector("tests/vectors/baresip/invite", bytes, sizeof(bytes)));
	assert_int_equal(0, p.err);
	assert_int_equal(SIP_METHOD_INVITE, p.msg->method);
	assert_slice("transport=udp", p.msg->request_uri.params);
	assert_slice("127.0.0.1", p.msg->via.host);
	assert_int_equal(5099, p.msg->via.port);
	assert_true(p.msg->via.has_rport);
	assert_slice("sip:alice@atlanta.test", p.msg->from.uri.raw);
	assert_int_equal(16, p.msg->from.tag.len);
	assert_int_equal(61724, p.msg->cseq);
	assert_int_equal(70, p.msg->max_forwards);
	assert_slice("application/sdp", p.msg->content_type);
	assert_int_equal(552, p.msg->body.len);
	assert_true(sip_msg_lists_token(p.msg, "Allow", "REFER"));
	parsed_fini(&p);

	parse_slice(&p, read_vector("tests/vectors/baresip/register", bytes, sizeof(bytes)));
	assert_int_equal(0, p.err);
	assert_int_equal(SIP_METHOD_REGISTER, p.msg->method);
	assert_slice("expires=600", p.msg->contact.params);
	assert_int_equal(-1, p.msg->expires);
	parsed_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_headers_as_written),
		cmocka_unit_test(walks_header_lines),
		cmocka_unit_test(unfolds),
		cmocka_unit_test(keeps_the_body),
		cmocka_unit_test(refuses_with_the_scan),
		cmocka_unit_test(lets_osip_judge),
		cmocka_unit_test(parses_the_largest),
		cmocka_unit_test(without_memory),
		cmocka_unit_test(with_a_small_arena),
		cmocka_unit_test(parses_in_several_threads),
		cmocka_unit_test(reads_baresip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
