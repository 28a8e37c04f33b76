/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pcap files: new ones only, for nobody else to read, never longer than they may be. */

#include "tests/cmocka_first.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/resource.h>
#include <sys/stat.h>

#include <uv.h>

#include "base/err.h"
#include "sbc/pcap_files.h"

#define HEAD_LEN 24

static char directory[] = "/tmp/countersip-test-pcap-XXXXXX";
static char path[80];

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/a.pcap", directory);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return rmdir(directory);
}

static struct pcap_files *open_files(uint64_t size_max)
{
	struct pcap_files *files = NULL;
	char fault[200] = "";

	if (pcap_files_open(&files, directory, size_max, NULL, fault, sizeof(fault)))
		fail_msg("%s", fault);
	return files;
}

static void assert_size(off_t wanted)
{
	struct stat st;

	assert_int_equal(0, stat(path, &st));
	assert_int_equal(wanted, st.st_size);
	assert_int_equal(0600, st.st_mode & 07777);
}

static void writes(void **state)
{
	struct pcap_files *files = open_files(1000);

	(void)state;
	assert_true(pcap_files_begin(files, 3, "a.pcap"));
	for (int i = 0; i < 100; i++) /* thirteen have room; none of them in part */
		assert_true(pcap_files_put(files, 3, slice_of(path, 70)));
	for (int i = 0; i < 100; i++) /* of another one that was never begun */
		assert_true(pcap_files_put(files, 4, slice_of(path, 70)));
	pcap_files_end(files, 3);
	pcap_files_put(files, 3, slice_of(path, 1));
	pcap_files_close(files);
	assert_size(HEAD_LEN + 13 * 70);
	unlink(path);
}

/* Never what is there, and never through a link. */
static void makes_new_ones_only(void **state)
{
	struct pcap_files *files = open_files(1000);
	struct stat st;

	(void)state;
	assert_int_equal(0, symlink("/etc/passwd", path));
	assert_true(pcap_files_begin(files, 0, "a.pcap"));
	assert_true(pcap_files_put(files, 0, slice_of(path, 70)));
	pcap_files_close(files);
	assert_int_equal(0, lstat(path, &st));
	assert_true(S_ISLNK(st.st_mode));
	unlink(path);
	files = open_files(1000);
	close(open(path, O_WRONLY | O_CREAT, 0600));
	assert_true(pcap_files_begin(files, 0, "a.pcap"));
	assert_true(pcap_files_put(files, 0, slice_of(path, 70)));
	pcap_files_close(files);
	assert_size(0);
	unlink(path);
}

static void wants_a_folder(void **state)
{
	struct pcap_files *files = NULL;
	char fault[200] = "";

	(void)state;
	assert_int_equal(
		SBC_EIO, pcap_files_open(&files, "/nowhere", 1000, NULL, fault, sizeof(fault)));
	assert_string_equal("cannot write into /nowhere: No such file or directory", fault);
	pcap_files_close(NULL);
	assert_false(pcap_files_put(NULL, 0, SLICE("x")));
}

static void limit_file(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(0, getrlimit(RLIMIT_FSIZE, &limit));
	limit.rlim_cur = bytes;
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &limit));
}

static struct trace_counters count(const struct pcap_files *files)
{
	struct trace_counters counters;

	pcap_files_counters(files, &counters);
	return counters;
}

/* Whole packets only; the others come when there is room. */
static void survives_a_full_disk(void **state)
{
	struct pcap_files *files = open_files(1 << 20);

	(void)state;
	limit_file(HEAD_LEN + 150);
	assert_true(pcap_files_begin(files, 0, "a.pcap"));
	for (int i = 0; i < 5; i++)
		assert_true(pcap_files_put(files, 0, slice_of(path, 70)));
	while (!count(files).failures)
		uv_sleep(1);
	assert_size(HEAD_LEN + 140);
	limit_file(RLIM_INFINITY);
	while (count(files).waiting)
		uv_sleep(10);
	assert_size(HEAD_LEN + 350);
	pcap_files_close(files);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes),
		cmocka_unit_test(makes_new_ones_only),
		cmocka_unit_test(wants_a_folder),
		cmocka_unit_test(survives_a_full_disk),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
