/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The stream socket's door: connections that speak BINRPC, or do not. */

#include "tests/cmocka_first.h"

#include <stdio.h>
#include <string.h>

#include <grp.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/err.h"
#include "sbc/rpc_binrpc.h"
#include "tests/unit/sbc/rpc_rig.h"

struct desk {
	struct rig *rig;
	struct rpc_binrpc *binrpc;
	char path[108];
};

static int setup_mode(void **state, unsigned mode)
{
	struct desk *desk = mem_alloc(sizeof(*desk));
	struct rpc_binrpc_config config = {.now = rig_now};
	struct rpc_place_words words = {
		.name = "x.ctl", .user = "", .group = "", .acl = "", .mode = mode};
	char fault[512];
	void *rig;

	signal(SIGPIPE, SIG_IGN); /* as the program does */
	rig_setup(&rig);
	desk->rig = rig;
	config.jobs = desk->rig->jobs;
	words.run_dir = desk->rig->folder;
	snprintf(desk->path, sizeof(desk->path), "%s/x.ctl", desk->rig->folder);
	assert_int_equal(0,
		rpc_place_init(&config.place, RPC_PLACE_STREAM, &words, fault, sizeof(fault)));
	assert_int_equal(0, rpc_binrpc_open(&desk->binrpc, &desk->rig->loop, &config, fault,
				    sizeof(fault)));
	*state = desk;
	return 0;
}

static int setup(void **state)
{
	return setup_mode(state, 0600);
}

static int teardown(void **state)
{
	struct desk *desk = *state;
	void *rig = desk->rig;
	bool is_closed = false;
	struct stat st;

	rpc_binrpc_close(desk->binrpc, rig_on_closed, &is_closed);
	rig_run_until(desk->rig, &is_closed);
	assert_int_equal(-1, lstat(desk->path, &st));
	mem_free(desk);
	return rig_teardown(&rig);
}

static int dial(struct desk *desk)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", desk->path);
	assert_int_equal(0, connect(fd, (struct sockaddr *)&at, sizeof(at)));
	return fd;
}

/* As many bytes as out has room for, or until the end: how many. */
static size_t hear(struct desk *desk, int fd, char *out, size_t size)
{
	usec_t until = rig_now() + 3 * USEC_PER_SEC;
	size_t len = 0;

	while (rig_now() < until && len < size) {
		ssize_t n = read(fd, out + len, size - len);
		if (n > 0)
			len += (size_t)n;
		else if (!n || (n < 0 && errno != EAGAIN))
			break;
		uv_run(&desk->rig->loop, UV_RUN_NOWAIT);
	}
	return len;
}

/* "echo" "hi" with the cookie 1234, and its answer. */
static const char request[] = "\xa1\x01\x0a\x12\x34\x51"
			      "echo\0\x31hi\0";
#define REQUEST_LEN 15
static const char answer[] = "\xa1\x11\x04\x12\x34\x31hi\0";
#define ANSWER_LEN 9

static void assert_answered(struct desk *desk, int fd)
{
	char bytes[64];

	assert_int_equal(ANSWER_LEN, hear(desk, fd, bytes, ANSWER_LEN));
	assert_memory_equal(answer, bytes, ANSWER_LEN);
}

static void a_question_and_the_next(void **state)
{
	struct desk *desk = *state;
	int fd = dial(desk);

	for (int i = 0; i < 3; i++) {
		assert_int_equal(REQUEST_LEN, write(fd, request, REQUEST_LEN));
		assert_answered(desk, fd);
	}
	close(fd);
}

static void byte_by_byte_and_all_at_once(void **state)
{
	struct desk *desk = *state;
	char both[2 * REQUEST_LEN];
	int fd = dial(desk);

	for (int i = 0; i < REQUEST_LEN; i++) {
		assert_int_equal(1, write(fd, request + i, 1));
		rig_run_for(desk->rig, 2);
	}
	assert_answered(desk, fd);
	memcpy(both, request, REQUEST_LEN);
	memcpy(both + REQUEST_LEN, request, REQUEST_LEN);
	assert_int_equal(sizeof(both), write(fd, both, sizeof(both)));
	assert_answered(desk, fd);
	assert_answered(desk, fd);
	close(fd);
}

static void faults(void **state)
{
	/* "no": fault 500 "command no not found" */
	static const char unknown[] = "\xa1\x00\x04\x07\x31no\0";
	static const char wanted[] = "\xa1\x30\x1a\x07\x20\x01\xf4\x91\x15"
				     "command no not found\0";
	struct desk *desk = *state;
	char bytes[64];
	int fd = dial(desk);

	assert_int_equal(8, write(fd, unknown, 8));
	assert_int_equal(sizeof(wanted) - 1, hear(desk, fd, bytes, sizeof(wanted) - 1));
	assert_memory_equal(wanted, bytes, sizeof(wanted) - 1);
	close(fd);
}

/* A second of a large answer; the length in front is known before. */
static void a_large_answer(void **state)
{
	static const char many[] = "\xa1\x00\x0a\x07\x51many\0\x30\x01\x86\xa0";
	static char bytes[4000000];
	struct desk *desk = *state;
	int fd = dial(desk);
	size_t len;

	assert_int_equal(14, write(fd, many, 14));
	assert_int_equal(6, hear(desk, fd, bytes, 6));
	assert_int_equal('\x18', bytes[1]); /* a reply, three bytes of length */
	len = (size_t)(uint8_t)bytes[2] << 16 | (size_t)(uint8_t)bytes[3] << 8 |
	      (size_t)(uint8_t)bytes[4];
	assert_int_equal(len, hear(desk, fd, bytes, len));
	assert_int_equal(100000 * (2 + sizeof("item number 00000000 of many")), len);
	close(fd);
	assert_int_equal(0, desk->rig->budget.used);
}

static void assert_hung_up(struct desk *desk, const void *bytes, size_t len)
{
	char byte;
	int fd = dial(desk);

	assert_int_equal(len, write(fd, bytes, len));
	assert_int_equal(0, hear(desk, fd, &byte, 1));
	close(fd);
}

static void what_is_not_binrpc(void **state)
{
	static char flood[40000];
	struct desk *desk = *state;
	int fd;

	assert_hung_up(desk, "GET / HTTP/1.1\r\n\r\n", 18);
	assert_hung_up(desk, "\xa1\x0c\x7f\xff\xff\xff", 6);
	/* More than a request while one is worked on. */
	memcpy(flood, "\xa1\x00\x06\x07\x51wait\0", 10);
	assert_hung_up(desk, flood, sizeof(flood));
	fd = dial(desk);
	assert_int_equal(REQUEST_LEN, write(fd, request, REQUEST_LEN));
	assert_answered(desk, fd);
	close(fd);
}

static void half_a_request(void **state)
{
	struct desk *desk = *state;
	int fd = dial(desk);
	char byte;

	assert_int_equal(5, write(fd, request, 5));
	rig_run_for(desk->rig, 4000);
	assert_int_equal(-1, read(fd, &byte, 1));
	rig_run_for(desk->rig, 3000);
	assert_int_equal(0, read(fd, &byte, 1));
	close(fd);
}

static void who_goes_away(void **state)
{
	struct desk *desk = *state;

	for (int i = 0; i < 50; i++) {
		int fd = dial(desk);
		assert_int_equal(REQUEST_LEN, write(fd, request, REQUEST_LEN));
		uv_run(&desk->rig->loop, UV_RUN_NOWAIT);
		close(fd);
		uv_run(&desk->rig->loop, UV_RUN_NOWAIT);
	}
	rig_run_for(desk->rig, 20);
	assert_int_equal(0, desk->rig->budget.used);
}

/* The idlest goes when there are too many; who asks is answered. */
static void many_connections(void **state)
{
	struct desk *desk = *state;
	int fds[40];
	char byte;

	for (int i = 0; i < 40; i++) {
		fds[i] = dial(desk);
		rig_run_for(desk->rig, 2);
	}
	assert_int_equal(0, hear(desk, fds[0], &byte, 1));
	assert_int_equal(REQUEST_LEN, write(fds[39], request, REQUEST_LEN));
	assert_answered(desk, fds[39]);
	for (int i = 0; i < 40; i++)
		close(fds[i]);
}

/* In a process of its own: tells by its status whether it was answered. */
static int ask_as(struct desk *desk, uid_t uid, gid_t gid, gid_t extra)
{
	pid_t pid = fork();
	int status = -1;

	if (!pid) {
		char bytes[ANSWER_LEN];
		size_t len = 0;
		ssize_t n = 1;
		int fd;
		if (setgroups(1, &extra) || setresgid(gid, gid, gid) ||
			setresuid(uid, uid, uid))
			_exit(2);
		fd = dial(desk);
		if (fcntl(fd, F_SETFL, 0) || write(fd, request, REQUEST_LEN) != REQUEST_LEN)
			_exit(1);
		while (len < sizeof(bytes) && n > 0) {
			n = read(fd, bytes + len, sizeof(bytes) - len);
			len += n > 0 ? (size_t)n : 0;
		}
		_exit(len == sizeof(bytes) ? 0 : 1);
	}
	for (usec_t until = rig_now() + 5 * USEC_PER_SEC; rig_now() < until;) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			break;
		uv_run(&desk->rig->loop, UV_RUN_NOWAIT);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The file's mode was opened wider behind our back: the kernel says who comes. */
static void checks_who_connects(void **state)
{
	struct desk *desk = *state;

	if (geteuid())
		return; /* only root may be somebody else; CI is */
	assert_int_equal(0, chmod(desk->rig->folder, 0755));
	assert_int_equal(0, chmod(desk->path, 0777));
	assert_int_equal(1, ask_as(desk, 12345, 12345, 12345));
	assert_int_equal(1, ask_as(desk, 12345, 0, 0)); /* mode 0600: not the group either */
	assert_int_equal(0, ask_as(desk, 0, 0, 0));
}

static int setup_group(void **state)
{
	return setup_mode(state, 0660);
}

static void lets_the_group_in(void **state)
{
	struct desk *desk = *state;

	if (geteuid())
		return;
	assert_int_equal(0, chmod(desk->rig->folder, 0755));
	assert_int_equal(0, chmod(desk->path, 0777));
	assert_int_equal(1, ask_as(desk, 12345, 12345, 12345));
	assert_int_equal(0, ask_as(desk, 12345, 0, 12345));
	assert_int_equal(0, ask_as(desk, 12345, 12345, 0)); /* a supplementary one */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_question_and_the_next, setup, teardown),
		cmocka_unit_test_setup_teardown(byte_by_byte_and_all_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(faults, setup, teardown),
		cmocka_unit_test_setup_teardown(a_large_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_not_binrpc, setup, teardown),
		cmocka_unit_test_setup_teardown(half_a_request, setup, teardown),
		cmocka_unit_test_setup_teardown(who_goes_away, setup, teardown),
		cmocka_unit_test_setup_teardown(many_connections, setup, teardown),
		cmocka_unit_test_setup_teardown(checks_who_connects, setup, teardown),
		cmocka_unit_test_setup_teardown(lets_the_group_in, setup_group, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
