/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Framing and header lines, RFC 3261 sections 7 and 18.3 (SIP-28, SIP-29, lesson S3). */

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "base/mem.h"
#include "tests/unit/sbc/message.h"

static void frames_a_stream(void **state)
{
	static const struct {
		const char *bytes;
		enum sip_frame frame;
		size_t len; /* of WHOLE, KEEPALIVE and BLANK */
	} table[] = {
		{"", SIP_FRAME_PARTIAL, 0},
		/* RFC 5626 section 3.5.1; half of a ping may be the blank before a message. */
		{"\r\n\r\n", SIP_FRAME_KEEPALIVE, 4},
		{"\r\n\r\nOPTIONS", SIP_FRAME_KEEPALIVE, 4}, {"\r", SIP_FRAME_PARTIAL, 0},
		{"\r\n", SIP_FRAME_PARTIAL, 0}, {"\r\n\r", SIP_FRAME_PARTIAL, 0},
		{"\r\nOPTIONS", SIP_FRAME_BLANK, 2}, /* section 7.5 */
		{"\r\n\rx", SIP_FRAME_BLANK, 2}, {"\rx", SIP_FRAME_BROKEN, 0},
		{"\n", SIP_FRAME_BROKEN, 0},
		/* Split reads. */
		{"OPT", SIP_FRAME_PARTIAL, 0},
		{"OPTIONS sip:a SIP/2.0\r\n", SIP_FRAME_PARTIAL, 0},
		{"OPTIONS sip:a SIP/2.0\r\nl: 3\r\n", SIP_FRAME_PARTIAL, 0},
		{"OPTIONS sip:a SIP/2.0\r\nl: 3\r\n\r", SIP_FRAME_PARTIAL, 0},
		{"OPTIONS sip:a SIP/2.0\r\nl: 3\r\n\r\nab", SIP_FRAME_PARTIAL, 0},
		{"OPTIONS sip:a SIP/2.0\r\nl: 3\r\n\r\nabc", SIP_FRAME_WHOLE, 34},
		{"OPTIONS sip:a SIP/2.0\r\nl: 3\r\n\r\nabcSIP/2.0", SIP_FRAME_WHOLE, 34},
		{"SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", SIP_FRAME_WHOLE, 37},
		/* Length written as it may be: blanks before the colon, folded, twice the same.
		 */
		{"SIP/2.0 200 OK\r\nL \t: \t0\r\n\r\n", SIP_FRAME_WHOLE, 27},
		{"SIP/2.0 200 OK\r\nl:\r\n 1\r\n\r\nx", SIP_FRAME_WHOLE, 27},
		{"SIP/2.0 200 OK\r\nl: 1\r\nl: 1\r\n\r\nx", SIP_FRAME_WHOLE, 31},
		/* SIP-28: without it nothing can be framed. */
		{"SIP/2.0 200 OK\r\nTo: x\r\n\r\n", SIP_FRAME_BROKEN, 0},
		/* S3: lies about the length let a second message hide in the first. */
		{"SIP/2.0 200 OK\r\nl: 1\r\nl: 2\r\n\r\nxy", SIP_FRAME_BROKEN, 0},
		{"SIP/2.0 200 OK\r\nl: 1\r\nContent-Length: 2\r\n\r\nxy", SIP_FRAME_BROKEN, 0},
		{"SIP/2.0 200 OK\r\nl: -1\r\n\r\n", SIP_FRAME_BROKEN, 0},
		{"SIP/2.0 200 OK\r\nl: +1\r\n\r\nx", SIP_FRAME_BROKEN, 0},
		{"SIP/2.0 200 OK\r\nl: 0x1\r\n\r\n", SIP_FRAME_BROKEN, 0},
		{"SIP/2.0 200 OK\r\nl: 3x\r\n\r\nabc", SIP_FRAME_BROKEN, 0},
		{"SIP/2.0 200 OK\r\nl: 1, 1\r\n\r\nx", SIP_FRAME_BROKEN, 0},
		{"SIP/2.0 200 OK\r\nl:\r\n\r\n", SIP_FRAME_BROKEN, 0},
		{"SIP/2.0 200 OK\r\nl: 4294967328\r\n\r\n", SIP_FRAME_BROKEN, 0},
		{"SIP/2.0 200 OK\r\nl: 65535\r\n\r\n", SIP_FRAME_TOO_LARGE, 0},
		/* Nothing of SIP: no need to wait for 64 kB of it. */
		{"GET / HTTP/1.1\r\n", SIP_FRAME_PARTIAL, 0},
		{"GET / HTTP/1.1\r\nHost: x\r\n", SIP_FRAME_BROKEN, 0},
		{"OPTIONS sip:a SIP/2.0\nl: 0\n\n", SIP_FRAME_BROKEN, 0}, /* bare LF */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t len = 12345;
		enum sip_frame frame = sip_scan_stream(slice_str(table[i].bytes), &len);
		if (frame != table[i].frame)
			fail_msg("row %zu: %d", i, frame);
		if (table[i].len)
			assert_int_equal(table[i].len, len);
	}
}

/* A stream that never ends its head is cut off at the ceiling. */
static void stream_has_a_ceiling(void **state)
{
	static char bytes[SIP_MESSAGE_MAX + 1];
	size_t len;
	int n = snprintf(bytes, sizeof(bytes), "OPTIONS sip:a SIP/2.0\r\nX: ");

	(void)state;
	memset(bytes + n, 'x', sizeof(bytes) - (size_t)n);
	assert_int_equal(
		SIP_FRAME_PARTIAL, sip_scan_stream(slice_of(bytes, SIP_MESSAGE_MAX - 1), &len));
	assert_int_equal(
		SIP_FRAME_TOO_LARGE, sip_scan_stream(slice_of(bytes, SIP_MESSAGE_MAX), &len));
}

static void splits_lines(void **state)
{
	static const char text[] = "\r\n\r\nOPTIONS sip:a SIP/2.0\r\n"
				   "Subject :  hello  \r\n"
				   "X-Fold: one\r\n \ttwo\r\n"
				   "Route:\r\n <sip:b>\r\n"
				   "Empty:\r\n"
				   "l: 2\r\n\r\nabc";
	struct sip_scan scan;

	(void)state;
	assert_int_equal(0, sip_scan_message(&scan, slice_str(text)));
	assert_slice("OPTIONS sip:a SIP/2.0", scan.start_line);
	assert_int_equal(5, scan.line_count);
	assert_slice("Subject", scan.lines[0].name);
	assert_slice("hello", scan.lines[0].value);
	assert_false(scan.lines[0].is_folded);
	assert_slice("one\r\n \ttwo", scan.lines[1].value);
	assert_true(scan.lines[1].is_folded);
	assert_slice("<sip:b>", scan.lines[2].value);
	assert_false(scan.lines[2].is_folded); /* nothing of the fold is left in it */
	assert_slice("", scan.lines[3].value);
	/* Section 18.3: what is behind the body is dropped. */
	assert_slice("ab", scan.body);
	assert_slice("hello", sip_scan_value(&scan, "Subject"));
	assert_slice("2", sip_scan_value(&scan, "Content-Length"));
	assert_slice("", sip_scan_value(&scan, "Via"));
}

/* Without Content-Length a datagram's body is the rest. */
static void body_of_a_datagram(void **state)
{
	struct sip_scan scan;

	(void)state;
	assert_int_equal(
		0, sip_scan_message(&scan, SLICE("SIP/2.0 200 OK\r\nX: y\r\n\r\na\0b")));
	assert_int_equal(3, scan.body.len);
	assert_memory_equal("a\0b", scan.body.ptr, 3);
}

static void refuses_broken_messages(void **state)
{
	static const struct {
		struct slice bytes;
		int err;
		size_t line_count; /* what can be read all the same */
	} table[] = {
		{SLICE(""), SBC_EPARSE, 0},
		{SLICE("\r\n\r\n"), SBC_EPARSE, 0},
		{SLICE("hello\r\n\r\n"), SBC_EPARSE, 0},
		{SLICE("SIP/2.0 200 OK"), SBC_EPARSE, 0},
		{SLICE("SIP/2.0 200 OK\r\n a: b\r\n\r\n"), SBC_EPARSE, 0},
		{SLICE("SIP/2.0 200 OK\r\nA: 1\r\nB: 2\r\n"), SBC_EPARSE, 1}, /* no end */
		{SLICE("SIP/2.0 200 OK\r\nA: 1\r\nB: 2\n\r\n"), SBC_EPARSE, 1},
		{SLICE("SIP/2.0 200 OK\r\nA: 1\r\nB: 2\r3\r\n\r\n"), SBC_EPARSE, 1},
		{SLICE("SIP/2.0 200 OK\r\nA: 1\r\nB: \"\\\0\"\r\n\r\n"), SBC_EPARSE, 1},
		{SLICE("SIP/2.0 200 OK\r\nA: 1\r\nno colon\r\n\r\n"), SBC_EPARSE, 1},
		{SLICE("SIP/2.0 200 OK\r\nA: 1\r\n: none\r\n\r\n"), SBC_EPARSE, 1},
		{SLICE("SIP/2.0 200 OK\r\nA: 1\r\nB C: 2\r\n\r\n"), SBC_EPARSE, 1},
		{SLICE("SIP/2.0 200 OK\r\nA: 1\r\n\xc3\xa4: 2\r\n\r\n"), SBC_EPARSE, 1},
		{SLICE("SIP/2.0 200 OK\r\nA: 1\r\nl: 4\r\n\r\nabc"), SBC_EPROTO, 2},
		{SLICE("SIP/2.0 200 OK\r\nA: 1\r\nl: x\r\n\r\n"), SBC_EPROTO, 1},
		{SLICE("SIP/2.0 200 OK\r\nl: 1\r\nl: 2\r\n\r\nab"), SBC_EPROTO, 1},
		{SLICE("SIP/2.0 200 OK\r\nl: 4294967299\r\n\r\nabc"), SBC_EPROTO, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct sip_scan scan;
		int err = sip_scan_message(&scan, table[i].bytes);
		if (err != table[i].err || scan.line_count != table[i].line_count)
			fail_msg("row %zu: %s, %zu lines", i, err_name(err), scan.line_count);
	}
}

/* osip's lists make it quadratic: 64 kB of these took it 12 to 660 ms, so none gets there. */
static void refuses_what_makes_the_parser_slow(void **state)
{
	static const struct {
		const char *before, *again;
	} table[] = {
		{"X: y", "\r\na:"},
		{"X: y", "\r\n fold"},
		{"Via: SIP/2.0/UDP h", ";a"},
		{"Contact: <sip:a@b>", ",<sip:a@b>"},
		{"Contact: <sip:a@b?x=y", "&a=b"},
		{"Contact: <sip:", "?"},
		{"Contact: <sip:", "%41"},
	};
	static char text[SIP_MESSAGE_MAX];
	struct sip_scan scan;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t step = strlen(table[i].again);
		size_t len = (size_t)snprintf(
			text, sizeof(text), "OPTIONS sip:a SIP/2.0\r\n%s", table[i].before);
		size_t few = len + step * 250;
		for (; len + step + 4 <= sizeof(text); len += step)
			memcpy(text + len, table[i].again, step);
		memcpy(text + len, "\r\n\r\n", 4);
		if (sip_scan_message(&scan, slice_of(text, len + 4)) != SBC_ELIMIT)
			fail_msg("row %zu passes", i);
		assert_true(scan.line_count <= SIP_HEADER_MAX);
		memcpy(text + few, "\r\n\r\n", 4);
		if (i > 0) /* 250 lines are too many, 250 separators are not */
			assert_int_equal(0, sip_scan_message(&scan, slice_of(text, few + 4)));
	}
}

static void counts_lines(void **state)
{
	char text[4096] = "OPTIONS sip:a SIP/2.0\r\n";
	size_t len = strlen(text);
	struct sip_scan scan;

	(void)state;
	for (int i = 0; i < SIP_HEADER_MAX; i++, len += 6)
		memcpy(text + len, "X: y\r\n", 6);
	memcpy(text + len, "\r\n", 2);
	assert_int_equal(0, sip_scan_message(&scan, slice_of(text, len + 2)));
	assert_int_equal(SIP_HEADER_MAX, scan.line_count);
	memcpy(text + len, "X: y\r\n\r\n", 8);
	assert_int_equal(SBC_ELIMIT, sip_scan_message(&scan, slice_of(text, len + 8)));
	assert_int_equal(SIP_HEADER_MAX, scan.line_count);
}

/* Its lines can still be read, so that 513 can be said. */
static void message_has_a_ceiling(void **state)
{
	static char text[SIP_MESSAGE_MAX + 1] = "OPTIONS sip:a SIP/2.0\r\nX: y\r\n\r\n";
	struct sip_scan scan;

	(void)state;
	assert_int_equal(0, sip_scan_message(&scan, slice_of(text, SIP_MESSAGE_MAX)));
	assert_int_equal(SBC_ELIMIT, sip_scan_message(&scan, slice_of(text, sizeof(text))));
	assert_int_equal(1, scan.line_count);
}

/* ID4474-16: all of IANA's compact forms, also those that osip leaves as one letter. */
static void knows_compact_names(void **state)
{
	static const struct {
		const char *compact, *name;
	} table[] = {{"v", "Via"}, {"f", "From"}, {"t", "To"}, {"i", "Call-ID"},
		{"m", "Contact"}, {"c", "Content-Type"}, {"e", "Content-Encoding"},
		{"s", "Subject"}, {"k", "Supported"}, {"r", "Refer-To"}, {"o", "Event"},
		{"x", "Session-Expires"}, {"y", "Identity"}, {"n", "Identity-Info"},
		{"u", "Allow-Events"}, {"b", "Referred-By"}, {"a", "Accept-Contact"},
		{"d", "Request-Disposition"}, {"j", "Reject-Contact"}, {"V", "vIA"}};
	char text[100];
	struct sip_scan scan;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		snprintf(text, sizeof(text), "SIP/2.0 200 OK\r\nz: 1\r\n%s: 2\r\n\r\n",
			table[i].compact);
		assert_int_equal(0, sip_scan_message(&scan, slice_str(text)));
		assert_slice("2", sip_scan_value(&scan, table[i].name));
		assert_slice("", sip_scan_value(&scan, "X-Other"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_a_stream),
		cmocka_unit_test(stream_has_a_ceiling),
		cmocka_unit_test(splits_lines),
		cmocka_unit_test(body_of_a_datagram),
		cmocka_unit_test(refuses_broken_messages),
		cmocka_unit_test(refuses_what_makes_the_parser_slow),
		cmocka_unit_test(counts_lines),
		cmocka_unit_test(message_has_a_ceiling),
		cmocka_unit_test(knows_compact_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
