/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The datagram socket's door. */

#include "tests/cmocka_first.h"

#include <stdio.h>
#include <string.h>

#include <sys/socket.h>
#include <sys/un.h>

#include "base/err.h"
#include "sbc/rpc_dgram.h"
#include "tests/unit/sbc/rpc_rig.h"

struct desk {
	struct rig *rig;
	struct rpc_dgram *dgram;
	char path[108];
	int fd; /* the client's */
};

static int client(struct desk *desk, const char *name)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	if (name) {
		snprintf(at.sun_path, sizeof(at.sun_path), "%s/%s", desk->rig->folder, name);
		assert_int_equal(0, bind(fd, (struct sockaddr *)&at, sizeof(at)));
	}
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", desk->path);
	assert_int_equal(0, connect(fd, (struct sockaddr *)&at, sizeof(at)));
	return fd;
}

static int setup(void **state)
{
	struct desk *desk = mem_alloc(sizeof(*desk));
	struct rpc_dgram_config config = {.now = rig_now};
	struct rpc_place_words words = {
		.name = "x.sock", .user = "", .group = "", .acl = "", .mode = 0600};
	char fault[512];
	void *rig;

	rig_setup(&rig);
	desk->rig = rig;
	config.jobs = desk->rig->jobs;
	words.run_dir = desk->rig->folder;
	snprintf(desk->path, sizeof(desk->path), "%s/x.sock", desk->rig->folder);
	assert_int_equal(0, rpc_place_init(&config.place, RPC_PLACE_DATAGRAM, &words, fault,
				    sizeof(fault)));
	assert_int_equal(0,
		rpc_dgram_open(&desk->dgram, &desk->rig->loop, &config, fault, sizeof(fault)));
	desk->fd = client(desk, "client");
	*state = desk;
	return 0;
}

static int teardown(void **state)
{
	struct desk *desk = *state;
	void *rig = desk->rig;
	bool is_closed = false, is_jobs_closed = false;
	struct stat st;

	close(desk->fd);
	rpc_jobs_close(desk->rig->jobs, rig_on_closed, &is_jobs_closed);
	desk->rig->jobs = NULL;
	rpc_dgram_close(desk->dgram, rig_on_closed, &is_closed);
	rig_run_until(desk->rig, &is_closed);
	rig_run_until(desk->rig, &is_jobs_closed);
	assert_int_equal(-1, lstat(desk->path, &st));
	mem_free(desk);
	return rig_teardown(&rig);
}

static ssize_t hear(struct desk *desk, char *out, size_t size)
{
	usec_t until = rig_now() + 3 * USEC_PER_SEC;

	while (rig_now() < until) {
		ssize_t len = recv(desk->fd, out, size, 0);
		if (len >= 0) {
			out[len] = '\0';
			return len;
		}
		uv_run(&desk->rig->loop, UV_RUN_NOWAIT);
	}
	return -1;
}

static void assert_answer(struct desk *desk, const char *request, const char *wanted)
{
	char text[4096];

	assert_int_equal(strlen(request), send(desk->fd, request, strlen(request), 0));
	assert_true(hear(desk, text, sizeof(text) - 1) >= 0);
	if (strcmp(text, wanted))
		fail_msg("%s\nanswered: %s\nwanted: %s", request, text, wanted);
}

#define PRETTY(text, rest) "{\n\t\"jsonrpc\":\t\"2.0\",\n\t\"result\":\t\"" text "\"" rest "\n}"
#define PRETTY_FAULT(code, text, rest)                                                         \
	"{\n\t\"jsonrpc\":\t\"2.0\",\n\t\"error\":\t{\n\t\t\"code\":\t" code                   \
	",\n\t\t\"message\":\t\"" text "\"\n\t}" rest "\n}"

static void questions_and_answers(void **state)
{
	struct desk *desk = *state;

	assert_answer(desk, "{\"method\":\"echo\",\"params\":[\"hi\"],\"id\":7}",
		PRETTY("hi", ",\n\t\"id\":\t7"));
	assert_answer(desk, "{\"method\":\"no\",\"id\":\"x\"}",
		PRETTY_FAULT("500", "Method Not Found", ",\n\t\"id\":\t\"x\""));
	assert_answer(desk, "{\"method\":", PRETTY_FAULT("-32700", "Parse error", ""));
	assert_answer(desk, "[1]", PRETTY_FAULT("-32600", "Invalid Request", ""));
	assert_answer(desk, "{\"method\":\"refuse\"}", PRETTY_FAULT("403", "not today", ""));
}

/* Nobody could be answered: it is obeyed all the same, garbage is not. */
static void a_client_without_a_path(void **state)
{
	struct desk *desk = *state;
	unsigned before = *rig_noted();
	int fd = client(desk, NULL);

	send(fd, "{\"method\":\"note\"}", 17, 0);
	send(fd, "garbage", 7, 0);
	rig_run_for(desk->rig, 50);
	assert_int_equal(before + 1, *rig_noted());
	close(fd);
}

/* Is there something in the door's own queue that nobody else put there? It is a socket of this
 * process. */
static bool talks_to_itself(const struct desk *desk)
{
	char byte;

	for (int fd = 3; fd < 64; fd++) {
		struct sockaddr_un at = {0};
		socklen_t len = sizeof(at);
		if (!getsockname(fd, (struct sockaddr *)&at, &len) &&
			at.sun_family == AF_UNIX && !strcmp(at.sun_path, desk->path))
			return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
	}
	fail();
	return true;
}

/* HCD-4: the client's socket has gone elsewhere, and at its path stands a link to somebody
 * else's, a file, or one to ourselves: none of them hears anything, and we do not talk to
 * ourselves. */
static void tricks_with_the_path(void **state)
{
	static const char request[] = "{\"method\":\"echo\",\"params\":[\"hi\"],\"id\":7}";
	static const char *const targets[] = {"victim", "x.sock", NULL};
	struct desk *desk = *state;
	char here[128], gone[128], own[128], text[256];
	int victim = client(desk, "victim");

	rig_path(desk->rig, "client", here);
	rig_path(desk->rig, "gone", gone);
	rig_path(desk->rig, "x.sock", own);
	for (int i = 0; i < 4; i++) {
		send(desk->fd, request, sizeof(request) - 1, 0);
		assert_int_equal(0, rename(here, gone));
		if (i ==
			3) /* the same socket under the client's name, and no link to be seen */
			assert_int_equal(0, link(own, here));
		else if (targets[i])
			assert_int_equal(0, symlink(targets[i], here));
		else
			close(open(here, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
		rig_run_for(desk->rig, 30);
		assert_int_equal(-1, recv(victim, text, sizeof(text), MSG_DONTWAIT));
		assert_false(talks_to_itself(desk));
		assert_int_equal(0, unlink(here));
		assert_int_equal(0, rename(gone, here));
	}
	assert_int_equal(-1, recv(desk->fd, text, sizeof(text), MSG_DONTWAIT));
	assert_answer(desk, request, PRETTY("hi", ",\n\t\"id\":\t7"));
	close(victim);
}

/* A client that does not read is tried for two seconds; others are answered meanwhile. */
static void a_client_that_does_not_read(void **state)
{
	struct desk *desk = *state;
	int fd = client(desk, "deaf");

	for (int i = 0; i < 200; i++) {
		send(fd, "{\"method\":\"echo\",\"params\":[\"hi\"]}", 33, 0);
		uv_run(&desk->rig->loop, UV_RUN_NOWAIT);
	}
	assert_answer(desk, "{\"method\":\"echo\",\"params\":[\"hi\"]}", PRETTY("hi", ""));
	rig_run_for(desk->rig, 2300);
	assert_int_equal(0, desk->rig->budget.used);
	close(fd);
}

static void too_large_for_a_datagram(void **state)
{
	static char large[200000];
	struct desk *desk = *state;

	assert_answer(desk, "{\"method\":\"many\",\"params\":[100000]}",
		PRETTY_FAULT("500", "Answer too large: ask for a part of it", ""));
	/* Just below that it arrives whole. */
	assert_true(send(desk->fd, "{\"method\":\"many\",\"params\":[4000]}", 33, 0) > 0);
	assert_true(hear(desk, large, sizeof(large) - 1) > 100000);
	assert_string_equal("]\n}", large + strlen(large) - 3);
}

static void a_request_that_is_too_large(void **state)
{
	static char text[70000];
	struct desk *desk = *state;

	memset(text, ' ', sizeof(text));
	assert_int_equal(sizeof(text), send(desk->fd, text, sizeof(text), 0));
	rig_run_for(desk->rig, 20);
	assert_answer(desk, "{\"method\":\"echo\",\"params\":[\"hi\"]}", PRETTY("hi", ""));
}

static void more_than_there_are_jobs_for(void **state)
{
	struct desk *desk = *state;
	unsigned before = *rig_noted();
	usec_t until = rig_now() + 8 * USEC_PER_SEC;
	int fd = client(desk, NULL);

	for (int sent = 0; sent < 2000 && rig_now() < until;) {
		if (send(fd, "{\"method\":\"note\"}", 17, 0) > 0)
			sent++;
		else
			uv_run(&desk->rig->loop, UV_RUN_NOWAIT);
	}
	while (*rig_noted() < before + 2000 && rig_now() < until)
		uv_run(&desk->rig->loop, UV_RUN_NOWAIT);
	assert_int_equal(before + 2000, *rig_noted());
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(questions_and_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(a_client_without_a_path, setup, teardown),
		cmocka_unit_test_setup_teardown(tricks_with_the_path, setup, teardown),
		cmocka_unit_test_setup_teardown(a_client_that_does_not_read, setup, teardown),
		cmocka_unit_test_setup_teardown(too_large_for_a_datagram, setup, teardown),
		cmocka_unit_test_setup_teardown(a_request_that_is_too_large, setup, teardown),
		cmocka_unit_test_setup_teardown(more_than_there_are_jobs_for, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
