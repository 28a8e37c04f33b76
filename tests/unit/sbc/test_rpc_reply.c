/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Row S11: answers into FIFOs of clients that are late, slow, gone, or up to no good. */

#include "tests/cmocka_first.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "sbc/rpc_reply.h"
#include "tests/unit/sbc/rpc_rig.h"

struct desk {
	struct rig *rig;
	struct rpc_replies *replies;
};

static int setup(void **state)
{
	struct desk *desk = mem_alloc(sizeof(*desk));
	struct rpc_replies_config config = {.now = rig_now};
	void *rig;

	signal(SIGPIPE, SIG_IGN); /* as the program does */
	rig_setup(&rig);
	desk->rig = rig;
	config.directory = desk->rig->folder;
	assert_int_equal(0, rpc_replies_open(&desk->replies, &desk->rig->loop, &config));
	*state = desk;
	return 0;
}

static int teardown(void **state)
{
	struct desk *desk = *state;
	void *rig = desk->rig;
	bool is_closed = false;

	rpc_replies_close(desk->replies, rig_on_closed, &is_closed);
	rig_run_until(desk->rig, &is_closed);
	mem_free(desk);
	return rig_teardown(&rig);
}

static void send_bytes(struct desk *desk, const char *name, size_t len)
{
	struct rpc_out out;
	char piece[1024];

	rpc_out_init(&out, RPC_ANSWER_MAX, &desk->rig->budget);
	for (size_t i = 0; i < sizeof(piece); i++)
		piece[i] = (char)('a' + i % 26);
	for (size_t done = 0; done < len; done += sizeof(piece))
		rpc_out_put(
			&out, piece, len - done < sizeof(piece) ? len - done : sizeof(piece));
	rpc_reply_send(desk->replies, slice_str(name), &out);
	rpc_out_fini(&out);
}

static struct rpc_reply_counters counters(struct desk *desk)
{
	struct rpc_reply_counters c;

	rpc_reply_counters(desk->replies, &c);
	return c;
}

static int make_and_open(struct desk *desk, const char *name)
{
	char path[128];
	int fd;

	rig_path(desk->rig, name, path);
	assert_int_equal(0, mkfifo(path, 0600));
	fd = open(path, O_RDONLY | O_NONBLOCK);
	assert_true(fd >= 0);
	return fd;
}

static void to_a_client_that_reads(void **state)
{
	struct desk *desk = *state;
	int fd = make_and_open(desk, "reply_1");
	char bytes[9000];

	/* OpenSIPS-CP: one fread of 8192 must bring all of it. */
	send_bytes(desk, "reply_1", 8000);
	assert_int_equal(8000, read(fd, bytes, sizeof(bytes)));
	assert_int_equal(0, read(fd, bytes, sizeof(bytes))); /* and the end */
	close(fd);
	assert_int_equal(1, counters(desk).sent);
}

/* OpenSIPS-CP writes its request before it opens its FIFO; it makes it before, or not. */
static void to_a_client_that_is_late(void **state)
{
	struct desk *desk = *state;
	char path[128], bytes[100];
	int fd;

	rig_path(desk->rig, "late", path);
	send_bytes(desk, "late", 50);
	rig_run_for(desk->rig, 50);
	assert_int_equal(0, mkfifo(path, 0600));
	rig_run_for(desk->rig, 100);
	assert_int_equal(0, counters(desk).sent);
	fd = open(path, O_RDONLY | O_NONBLOCK);
	rig_run_for(desk->rig, 100);
	assert_int_equal(50, read(fd, bytes, sizeof(bytes)));
	close(fd);
	assert_int_equal(1, counters(desk).sent);
}

static void more_than_a_pipe_holds(void **state)
{
	struct desk *desk = *state;
	int fd = make_and_open(desk, "large");
	size_t len = 0;
	char bytes[5000];

	send_bytes(desk, "large", 1000000);
	assert_int_equal(0, counters(desk).sent);
	for (usec_t until = rig_now() + 5 * USEC_PER_SEC; rig_now() < until;) {
		ssize_t n = read(fd, bytes, sizeof(bytes));
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal('a' + (len + (size_t)i) % 1024 % 26, bytes[i]);
		if (n > 0)
			len += (size_t)n;
		else if (!n)
			break;
		uv_run(&desk->rig->loop, UV_RUN_NOWAIT);
	}
	assert_int_equal(1000000, len);
	assert_int_equal(1, counters(desk).sent);
	close(fd);
}

static void to_a_client_that_goes_away(void **state)
{
	struct desk *desk = *state;
	int fd = make_and_open(desk, "gone");

	send_bytes(desk, "gone", 1000000);
	close(fd);
	rig_run_for(desk->rig, 50);
	assert_int_equal(1, counters(desk).unread);
	assert_int_equal(0, desk->rig->budget.used);
}

static void to_a_client_that_never_comes(void **state)
{
	struct desk *desk = *state;
	char path[128];

	rig_path(desk->rig, "never", path);
	assert_int_equal(0, mkfifo(path, 0600));
	send_bytes(desk, "never", 50);
	rig_run_for(desk->rig, 1500);
	assert_int_equal(0, counters(desk).unread);
	rig_run_for(desk->rig, 1000);
	assert_int_equal(1, counters(desk).unread);
	assert_int_equal(0, desk->rig->budget.used);
}

static void names(void **state)
{
	static const struct {
		const char *name;
		bool is_good;
	} cases[] = {
		{"kamailio_receiver_4711", true},
		{"php-1", true},
		{"", false},
		{".", false},
		{"..", false},
		{"a.b", false},
		{"../etc/passwd", false},
		{"/etc/passwd", false},
		{"a/b", false},
		{"a\\b", false},
		{"a b", false},
		{"a\nb", false},
		{"a\x7f", false},
		{"\xc3\xa4", false},
	};
	struct desk *desk = *state;
	char longest[102];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (rpc_reply_name_is_good(slice_str(cases[i].name)) != cases[i].is_good)
			fail_msg("%s", cases[i].name);
	memset(longest, 'a', sizeof(longest));
	assert_true(rpc_reply_name_is_good(slice_of(longest, 100)));
	assert_false(rpc_reply_name_is_good(slice_of(longest, 101)));
	assert_false(rpc_reply_name_is_good(SLICE("a\0b")));
	send_bytes(desk, "../x", 10);
	assert_int_equal(1, counters(desk).refused);
}

/* A file, links, a socket: never opened, never written. */
static void what_is_no_fifo_of_one_name(void **state)
{
	struct desk *desk = *state;
	char path[128], other[128];
	struct stat st;
	int fd;

	rig_path(desk->rig, "file", path);
	close(open(path, O_CREAT | O_WRONLY, 0666));
	send_bytes(desk, "file", 10);
	assert_int_equal(1, counters(desk).refused);
	assert_int_equal(0, lstat(path, &st));
	assert_int_equal(0, st.st_size);

	fd = make_and_open(desk, "real");
	rig_path(desk->rig, "link", path);
	assert_int_equal(0, symlink("real", path));
	send_bytes(desk, "link", 10);
	assert_int_equal(2, counters(desk).refused);

	rig_path(desk->rig, "real", other);
	rig_path(desk->rig, "hard", path);
	assert_int_equal(0, link(other, path));
	send_bytes(desk, "real", 10);
	assert_int_equal(3, counters(desk).refused);
	assert_true(read(fd, path, 1) <= 0);
	close(fd);

	rig_path(desk->rig, "folder", path);
	assert_int_equal(0, mkdir(path, 0700));
	send_bytes(desk, "folder", 10);
	assert_int_equal(4, counters(desk).refused);
}

/* Neither one FIFO that nobody reads nor many of them keep others from their answers. */
static void too_many_wait(void **state)
{
	struct desk *desk = *state;
	int fd;

	for (int i = 0; i < 300; i++)
		send_bytes(desk, "absent", 10);
	assert_int_equal(300 - 8, counters(desk).discarded);
	for (int i = 0; i < 300; i++) {
		char name[32];
		snprintf(name, sizeof(name), "absent_%d", i);
		send_bytes(desk, name, 10);
	}
	/* 256 are kept, the newest. */
	assert_int_equal(300 - 8 + 308 - 256, counters(desk).discarded);
	fd = make_and_open(desk, "again");
	send_bytes(desk, "again", 10);
	assert_int_equal(1, counters(desk).sent);
	close(fd);
	fd = make_and_open(desk, "absent_299");
	rig_run_for(desk->rig, 100);
	assert_int_equal(2, counters(desk).sent);
	close(fd);
	rig_run_for(desk->rig, 2300);
	assert_int_equal(0, desk->rig->budget.used);
}

static void closing_drops_what_waits(void **state)
{
	struct desk *desk = *state;
	int fd = make_and_open(desk, "slow");

	send_bytes(desk, "slow", 1000000);
	send_bytes(desk, "absent", 10);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(to_a_client_that_reads, setup, teardown),
		cmocka_unit_test_setup_teardown(to_a_client_that_is_late, setup, teardown),
		cmocka_unit_test_setup_teardown(more_than_a_pipe_holds, setup, teardown),
		cmocka_unit_test_setup_teardown(to_a_client_that_goes_away, setup, teardown),
		cmocka_unit_test_setup_teardown(to_a_client_that_never_comes, setup, teardown),
		cmocka_unit_test_setup_teardown(names, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_fifo_of_one_name, setup, teardown),
		cmocka_unit_test_setup_teardown(too_many_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(closing_drops_what_waits, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
