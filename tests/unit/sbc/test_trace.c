/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON Lines files: whole lines, nothing secret, nobody waits. */

#include "tests/cmocka_first.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include <uv.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "sbc/trace.h"

static char directory[] = "/tmp/countersip-test-trace-XXXXXX";
static char path[64];

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
	assert_int_equal(0, trace_open(&trace, path));
	assert_int_equal(0, netaddr_parse(&m.peer, SLICE("192.0.2.1"), 5060));
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		m.is_incoming = i % 2;
		m.bytes = slice_str(messages[i].message);
		trace_sip(trace, &m);
	}
	assert_int_equal(0, trace_dropped(trace));
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
	assert_int_equal(0, trace_open(&trace, path));
	for (int i = 0; i < 200; i++) {
		bool is_taken = trace_line(trace, slice_of(line, sizeof(line)));
		written += is_taken;
		dropped += !is_taken;
	}
	assert_true(clock_monotonic_us() - began < USEC_PER_SEC);
	assert_true(dropped > 100);
	assert_int_equal(dropped, trace_dropped(trace));
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

static void cannot_open(void **state)
{
	struct trace *trace = NULL;

	(void)state;
	assert_int_equal(SBC_EIO, trace_open(&trace, "/nowhere/at/all"));
	assert_null(trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_messages),
		cmocka_unit_test(never_waits),
		cmocka_unit_test(cannot_open),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
