/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON Lines files: whole lines, nothing secret, nobody waits. */

#include "tests/cmocka_first.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/resource.h>
#include <sys/stat.h>

#include <uv.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "sbc/trace.h"

static char directory[] = "/tmp/countersip-test-trace-XXXXXX";
static char path[64];

#define QUEUE (4 << 20)           /* bytes */
#define HANG  (20 * USEC_PER_SEC) /* who waited for the disk would do so for ever */
static const struct trace_setup plain = {.path = path, .name = "test", .queue_max = QUEUE};
static const struct trace_setup synced = {
	.path = path, .name = "test", .queue_max = QUEUE, .is_synced = true};

static struct trace_counters count(struct trace *trace)
{
	struct trace_counters counters;

	trace_counters(trace, &counters);
	return counters;
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/trace.jsonl", directory);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return rmdir(directory);
}

static void read_file(struct buf *out)
{
	char block[4096];
	ssize_t n;
	int fd = open(path, O_RDONLY);

	while ((n = read(fd, block, sizeof(block))) > 0)
		buf_put(out, block, (size_t)n);
	close(fd);
}

static const struct {
	const char *message;
	const char *kept;
	const char *why;
} messages[] = {
	{"REGISTER sip:a.test SIP/2.0\r\nAuthorization: Digest username=\"al\", "
	 "response=\"0123abcd\", uri=\"sip:a.test\"\r\n\r\n",
		"REGISTER sip:a.test SIP/2.0\r\nAuthorization: Digest username=\"al\", "
		"response=\"********\", uri=\"sip:a.test\"\r\n\r\n",
		"what proves the password is masked"},
	{"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAEC|2^20 WSH=64\r\n"
	 "a=crypto:2 AEAD_AES_128_GCM inline:AwQF;inline:BgcI|1:4\n",
		"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:****|2^20 WSH=64\r\n"
		"a=crypto:2 AEAD_AES_128_GCM inline:****;inline:****|1:4\n",
		"keys of media are masked"},
	{"x response=\"12", "x response=\"**", "cut off in the middle"},
	{"x response=\"", "x response=\"", "cut off at its beginning"},
	{"x response=\"1\" response=\"22\"", "x response=\"*\" response=\"**\"", "two of them"},
	{"\"\\\n\t\x01", "\"\\\n\t\x01", "what JSON must escape comes back"},
	{"\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd", "what is no UTF-8 does not break the file"},
	{"", "", "nothing"},
};

static void writes_messages(void **state)
{
	struct trace_sip m = {.kind = TRANSPORT_TLS, .local = "sbc.a.test:5061"};
	struct trace *trace;
	struct buf text;
	struct slice rest;
	struct stat st;

	(void)state;
	assert_int_equal(0, trace_open(&trace, &plain));
	assert_int_equal(0, netaddr_parse(&m.peer, SLICE("192.0.2.1"), 5060));
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		m.is_incoming = i % 2;
		m.bytes = slice_str(messages[i].message);
		trace_sip(trace, &m);
	}
	assert_int_equal(0, count(trace).dropped);
	trace_close(trace);
	trace_close(NULL);
	assert_int_equal(0, stat(path, &st));
	assert_int_equal(0, st.st_mode & 0137); /* 0640 at most */
	buf_init(&text, 1 << 20);
	read_file(&text);
	rest = buf_slice(&text);
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		struct json_document *document;
		assert_int_equal(0, json_parse(&document, slice_cut(&rest, '\n')));
		const struct json *root = json_root(document);
		if (!slice_equal(json_get_string(json_member(root, "message")),
			    slice_str(messages[i].kept)))
			fail_msg("%s", messages[i].why);
		assert_true(slice_equal(json_get_string(json_member(root, "direction")),
			i % 2 ? SLICE("in") : SLICE("out")));
		assert_true(slice_equal(
			json_get_string(json_member(root, "peer")), SLICE("192.0.2.1:5060")));
		assert_true(slice_equal(
			json_get_string(json_member(root, "transport")), SLICE("TLS")));
		assert_true(slice_equal(
			json_get_string(json_member(root, "local")), SLICE("sbc.a.test:5061")));
		json_free(document);
	}
	assert_int_equal(0, rest.len);
	buf_fini(&text);
	unlink(path);
}

/* A pipe that nobody reads stands for a disk that hangs. */
static void never_waits(void **state)
{
	static char line[65536];
	usec_t began = clock_monotonic_us();
	struct trace *trace;
	size_t written = 0, dropped = 0;
	char drain[65536];
	int fd;

	(void)state;
	memset(line, 'x', sizeof(line));
	assert_int_equal(0, mkfifo(path, 0600));
	fd = open(path, O_RDONLY | O_NONBLOCK);
	assert_int_equal(0, trace_open(&trace, &plain));
	for (int i = 0; i < 200; i++) {
		bool is_taken = trace_line(trace, slice_of(line, sizeof(line)));
		written += is_taken;
		dropped += !is_taken;
	}
	assert_true(clock_monotonic_us() - began < HANG);
	assert_true(dropped > 100);
	assert_int_equal(dropped, count(trace).dropped);
	/* What was taken comes, whole, once somebody reads. */
	for (size_t left = written * (sizeof(line) + 1); left;) {
		ssize_t n = read(fd, drain, sizeof(drain));
		if (n > 0)
			left -= (size_t)n;
		else
			uv_sleep(1);
	}
	trace_close(trace);
	close(fd);
	unlink(path);
}

/* The disk is full where the limit of a file's size is: a write is short, then fails. */
static void limit_file(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(0, getrlimit(RLIMIT_FSIZE, &limit));
	limit.rlim_cur = bytes;
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &limit));
}

static void wait_until_failing(struct trace *trace)
{
	while (!count(trace).failures)
		uv_sleep(1);
}

#define LINE_LEN 100
static void put_lines(struct trace *trace, int from, int count_lines)
{
	char line[LINE_LEN];

	for (int i = from; i < from + count_lines; i++) {
		snprintf(line, sizeof(line), "%-*d", LINE_LEN - 1, i);
		assert_true(trace_line(trace, slice_of(line, LINE_LEN - 1)));
	}
}

/* Whole lines, and which. */
static void assert_lines(int count_lines)
{
	struct buf text;
	struct slice rest;

	buf_init(&text, 1 << 20);
	read_file(&text);
	rest = buf_slice(&text);
	for (int i = 0; i < count_lines; i++) {
		char *end;
		struct slice line = slice_cut(&rest, '\n');

		assert_int_equal(LINE_LEN - 1, line.len);
		assert_int_equal(i, strtol(line.ptr, &end, 10));
	}
	assert_int_equal(0, rest.len);
	buf_fini(&text);
}

/* Nothing is lost, nothing twice, and no half line is seen meanwhile. */
static void survives_a_full_disk(void **state)
{
	const struct trace_setup *const setups[] = {&plain, &synced};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct trace *trace;

		assert_int_equal(0, trace_open(&trace, setups[i]));
		limit_file(20 * LINE_LEN + 30);
		put_lines(trace, 0, 150); /* more than one batch */
		wait_until_failing(trace);
		assert_lines(20);
		put_lines(trace, 150, 10);
		assert_int_equal(20, count(trace).written);
		assert_int_equal(140, count(trace).waiting);
		assert_true(count(trace).is_failing);
		limit_file(RLIM_INFINITY);
		while (count(trace).waiting)
			uv_sleep(10);
		assert_false(count(trace).is_failing);
		assert_int_equal(160, count(trace).written);
		assert_int_equal(0, count(trace).dropped);
		assert_lines(160);
		trace_close(trace);
		unlink(path);
	}
}

/* What no disk takes is counted, and nobody waits for it. */
static void bounded_while_full(void **state)
{
	const struct trace_setup small = {
		.path = path, .name = "test", .queue_max = 10 * LINE_LEN};
	usec_t began = clock_monotonic_us();
	struct trace *trace;

	(void)state;
	limit_file(0);
	assert_int_equal(0, trace_open(&trace, &small));
	put_lines(trace, 0, 10);
	for (int i = 0; i < 5; i++)
		assert_false(trace_line(trace, SLICE("x")));
	wait_until_failing(trace);
	assert_int_equal(5, count(trace).dropped);
	assert_int_equal(10, count(trace).waiting);
	/* A full queue does not make it try more often than once a second. */
	for (int i = 0; i < 200; i++) {
		assert_false(trace_line(trace, SLICE("x")));
		uv_sleep(1);
	}
	assert_true(count(trace).failures <=
		    2 + (uint64_t)((clock_monotonic_us() - began) / USEC_PER_SEC));
	trace_close(trace);
	assert_true(clock_monotonic_us() - began < HANG);
	limit_file(RLIM_INFINITY);
	assert_lines(0);
	unlink(path);
}

static void cannot_open(void **state)
{
	const struct trace_setup nowhere = {.path = "/nowhere/at/all", .name = "test"};
	struct trace *trace = NULL;

	(void)state;
	assert_int_equal(SBC_EIO, trace_open(&trace, &nowhere));
	assert_null(trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_messages),
		cmocka_unit_test(never_waits),
		cmocka_unit_test(survives_a_full_disk),
		cmocka_unit_test(bounded_while_full),
		cmocka_unit_test(cannot_open),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
