/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Log lines: nobody forges one, nobody waits for one. */

#include "tests/cmocka_first.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/err.h"
#include "base/log.h"

static size_t read_all(int fd, char *out, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len + 1 < size && (n = read(fd, out + len, size - 1 - len)) > 0)
		len += (size_t)n;
	out[len] = '\0';
	return len;
}

static void writes_lines(void **state)
{
	char text[4096];
	struct log *log;
	int fds[2];

	(void)state;
	assert_int_equal(0, pipe(fds));
	assert_int_equal(0, log_open(&log, fds[1], LOG_INFO));
	log_event(log, LOG_INFO, "sbc", "call.start", "call=%s", "c1");
	log_event(log, LOG_DEBUG, "sbc", "hidden", "x=1");
	log_event(log, LOG_WARN, "sbc", "forged", "from=\"%s\"", "a\n2026 error\x1b[31m");
	log_set_level(log, LOG_DEBUG);
	log_event(log, LOG_DEBUG, "sbc", "shown", "x=1");
	log_event(NULL, LOG_ERROR, "sbc", "nowhere", "x=1");
	log_close(log);
	close(fds[1]);
	read_all(fds[0], text, sizeof(text));
	close(fds[0]);
	assert_non_null(strstr(text, "Z info sbc call.start call=c1\n"));
	assert_null(strstr(text, "hidden"));
	assert_non_null(strstr(text, "from=\"a?2026 error?[31m\"\n"));
	assert_non_null(strstr(text, "debug sbc shown x=1\n"));
}

/* A stranger's quotes end no pair of ours. */
static void quotes_stay_inside(void **state)
{
	char out[LOG_TEXT_MAX], longer[2 * LOG_TEXT_MAX];

	(void)state;
	assert_string_equal("x' code=200 y='", log_text(out, SLICE("x\" code=200 y=\"")));
	assert_string_equal("", log_text(out, (struct slice){0}));
	memset(longer, '"', sizeof(longer));
	assert_int_equal(LOG_TEXT_MAX - 1,
		strlen(log_text(out, (struct slice){longer, sizeof(longer)})));
}

/* sd-daemon(3): the priority leads the line, and journald notes the time. Only when the very
 * stream that journald gave is written to. */
static void speaks_to_journald(void **state)
{
	char text[512], stream[64];
	struct log *log;
	struct stat st;
	int fds[2];

	(void)state;
	for (int is_led_elsewhere = 0; is_led_elsewhere < 2; is_led_elsewhere++) {
		assert_int_equal(0, pipe(fds));
		assert_int_equal(0, fstat(fds[1], &st));
		snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
			(unsigned long long)st.st_ino + (unsigned)is_led_elsewhere);
		setenv("JOURNAL_STREAM", stream, 1);
		assert_int_equal(0, log_open(&log, fds[1], LOG_INFO));
		log_event(log, LOG_ERROR, "sbc", "start.failed", "part=media");
		log_event(log, LOG_INFO, "sbc", "start", "pid=1");
		log_close(log);
		unsetenv("JOURNAL_STREAM");
		close(fds[1]);
		read_all(fds[0], text, sizeof(text));
		close(fds[0]);
		if (is_led_elsewhere)
			assert_non_null(strstr(text, "Z info sbc start pid=1\n"));
		else
			assert_string_equal("<3>error sbc start.failed part=media\n"
					    "<6>info sbc start pid=1\n",
				text);
	}
}

/* A reader that does not read: writers go on, and the loss is told. */
static void never_waits(void **state)
{
	static char text[2 << 20];
	struct log *log;
	int fds[2];

	(void)state;
	assert_int_equal(0, pipe(fds));
	assert_int_equal(0, log_open(&log, fds[1], LOG_INFO));
	for (int i = 0; i < 5000; i++)
		log_event(log, LOG_INFO, "sbc", "flood", "i=%d %900s", i, "");
	/* Now somebody reads: what waited comes, and how much was lost. */
	struct pollfd ready = {.fd = fds[0], .events = POLLIN};
	size_t len = 0;
	while (poll(&ready, 1, 300) == 1)
		len += (size_t)read(fds[0], text + len, sizeof(text) - 1 - len);
	assert_non_null(strstr(text, "log.dropped"));
	log_event(log, LOG_INFO, "sbc", "after", "x=1");
	while (poll(&ready, 1, 300) == 1)
		len += (size_t)read(fds[0], text + len, sizeof(text) - 1 - len);
	assert_non_null(strstr(text, "after x=1"));
	log_close(log);
	close(fds[0]);
	close(fds[1]);
}

static void limits(void **state)
{
	struct log_limit limit = {0};
	int passed = 0;

	(void)state;
	for (usec_t now = 0; now < 100 * USEC_PER_SEC; now += USEC_PER_SEC / 10)
		passed += log_limit_pass(&limit, now, 5, 10 * USEC_PER_SEC);
	assert_in_range(passed, 5 + 8, 5 + 10);
	assert_int_equal(1000 - passed, limit.held);
}

static void levels(void **state)
{
	enum log_level level;

	(void)state;
	assert_int_equal(0, log_level_parse(&level, SLICE("warn")));
	assert_int_equal(LOG_WARN, level);
	assert_int_equal(SBC_EPARSE, log_level_parse(&level, SLICE("loud")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_lines),
		cmocka_unit_test(quotes_stay_inside),
		cmocka_unit_test(speaks_to_journald),
		cmocka_unit_test(never_waits),
		cmocka_unit_test(limits),
		cmocka_unit_test(levels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
