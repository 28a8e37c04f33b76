/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole lines at the end of a file, whatever happens to the file. */

#include "tests/cmocka_first.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/err.h"
#include "sbc/line_file.h"

static char directory[] = "/tmp/countersip-test-line-file-XXXXXX";
static char path[80], moved[80];

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/lines", directory);
	snprintf(moved, sizeof(moved), "%s/lines.1", directory);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return rmdir(directory);
}

static void assert_file(const char *name, const char *expected)
{
	char text[256];
	int fd = open(name, O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	assert_true(n >= 0);
	text[n] = '\0';
	close(fd);
	assert_string_equal(expected, text);
}

static void write_file(const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void append(struct line_file *file, const char *line)
{
	char copy[64];
	struct iovec part = {.iov_base = copy, .iov_len = strlen(line)};
	int why = 0;

	snprintf(copy, sizeof(copy), "%s", line);
	assert_int_equal(1, line_file_append(file, &part, 1, &why));
	assert_int_equal(0, why);
}

/* Killed in the middle of a line: the next one stands alone. */
static void ends_what_a_crash_left(void **state)
{
	static const struct {
		const char *before, *after;
	} rows[] = {{"", "b\n"}, {"a\n", "a\nb\n"}, {"a\nhalf", "a\nhalf\nb\n"}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct line_file file;

		write_file(rows[i].before);
		assert_int_equal(0, line_file_open(&file, path, 0640, true));
		append(&file, "b\n");
		assert_file(path, rows[i].after);
		line_file_close(&file);
		unlink(path);
	}
}

static void follows_rotation(void **state)
{
	struct line_file file;
	struct stat st;

	(void)state;
	assert_int_equal(0, line_file_open(&file, path, 0640, true));
	append(&file, "a\n");
	assert_int_equal(0, rename(path, moved));
	append(&file, "b\n");
	assert_file(moved, "a\n");
	assert_file(path, "b\n");
	assert_int_equal(0, stat(path, &st));
	assert_int_equal(0, st.st_mode & 0137);
	unlink(path);
	append(&file, "c\n");
	assert_file(path, "c\n");
	line_file_close(&file);
	unlink(path);
	unlink(moved);
}

/* The directory is gone, then there again. */
static void tells_when_there_is_no_place(void **state)
{
	char line[] = "b\n", folder[96], inside[128];
	struct iovec part = {.iov_base = line, .iov_len = 2};
	struct line_file file;
	int why = 0;

	(void)state;
	snprintf(folder, sizeof(folder), "%s/sub", directory);
	snprintf(inside, sizeof(inside), "%s/lines", folder);
	assert_int_equal(0, mkdir(folder, 0700));
	assert_int_equal(0, line_file_open(&file, inside, 0640, true));
	append(&file, "a\n");
	unlink(inside);
	rmdir(folder);
	assert_int_equal(0, line_file_append(&file, &part, 1, &why));
	assert_int_equal(ENOENT, why);
	assert_int_equal(0, mkdir(folder, 0700));
	append(&file, "b\n");
	assert_file(inside, "b\n");
	line_file_close(&file);
	unlink(inside);
	rmdir(folder);
}

/* Where half a line cannot be cut off (here a pipe), the next one is not glued to it. */
static void never_glues_lines(void **state)
{
	static char line[100000], drain[200000];
	struct iovec part = {.iov_base = line, .iov_len = sizeof(line)};
	struct line_file file;
	ssize_t half;
	int fd, why = 0;

	(void)state;
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	assert_int_equal(0, mkfifo(path, 0600));
	fd = open(path, O_RDONLY | O_NONBLOCK);
	assert_int_equal(0, line_file_open(&file, path, 0640, true));
	assert_int_equal(0, fcntl(file._fd, F_SETFL, O_WRONLY | O_NONBLOCK));
	assert_int_equal(0, line_file_append(&file, &part, 1, &why));
	assert_int_equal(EAGAIN, why);
	half = read(fd, drain, sizeof(drain));
	assert_true(half > 0 && half < (ssize_t)sizeof(line));
	append(&file, "b\n");
	assert_int_equal(3, read(fd, drain, sizeof(drain)));
	assert_memory_equal("\nb\n", drain, 3);
	append(&file, "c\n");
	assert_int_equal(2, read(fd, drain, sizeof(drain)));
	line_file_close(&file);
	close(fd);
	unlink(path);
}

/* A disk that takes nothing at all. */
static void tells_a_full_device(void **state)
{
	char line[] = "b\n";
	struct iovec part = {.iov_base = line, .iov_len = 2};
	struct line_file file;
	int why = 0;

	(void)state;
	assert_int_equal(0, line_file_open(&file, "/dev/full", 0640, true));
	assert_int_equal(0, line_file_append(&file, &part, 1, &why));
	assert_int_equal(ENOSPC, why);
	line_file_close(&file);
	assert_int_equal(SBC_EIO, line_file_open(&file, "/nowhere/at/all", 0640, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_what_a_crash_left),
		cmocka_unit_test(follows_rotation),
		cmocka_unit_test(tells_when_there_is_no_place),
		cmocka_unit_test(never_glues_lines),
		cmocka_unit_test(tells_a_full_device),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
