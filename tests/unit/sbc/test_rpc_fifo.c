/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The FIFO's door: three protocols, hostile writers, and a file that others remove. */

#include "tests/cmocka_first.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "sbc/rpc_fifo.h"
#include "tests/unit/sbc/rpc_rig.h"

struct desk {
	struct rig *rig;
	struct rpc_fifo *fifo;
	char path[128];
};

static int setup(void **state)
{
	struct desk *desk = mem_alloc(sizeof(*desk));
	struct rpc_fifo_config config = {.now = rig_now};
	struct rpc_place_words words = {
		.name = "x.fifo", .user = "", .group = "", .acl = "", .mode = 0600};
	char fault[512];
	void *rig;

	signal(SIGPIPE, SIG_IGN); /* as the program does */
	rig_setup(&rig);
	desk->rig = rig;
	config.jobs = desk->rig->jobs;
	config.reply_directory = words.run_dir = desk->rig->folder;
	rig_path(desk->rig, "x.fifo", desk->path);
	assert_int_equal(
		0, rpc_place_init(&config.place, RPC_PLACE_FIFO, &words, fault, sizeof(fault)));
	assert_int_equal(
		0, rpc_fifo_open(&desk->fifo, &desk->rig->loop, &config, fault, sizeof(fault)));
	*state = desk;
	return 0;
}

static int teardown(void **state)
{
	struct desk *desk = *state;
	void *rig = desk->rig;
	bool is_closed = false, is_jobs_closed = false;
	struct stat st;

	rpc_jobs_close(desk->rig->jobs, rig_on_closed, &is_jobs_closed);
	desk->rig->jobs = NULL;
	rpc_fifo_close(desk->fifo, rig_on_closed, &is_closed);
	rig_run_until(desk->rig, &is_closed);
	rig_run_until(desk->rig, &is_jobs_closed);
	assert_int_equal(-1, lstat(desk->path, &st));
	mem_free(desk);
	return rig_teardown(&rig);
}

static void say(struct desk *desk, const char *text)
{
	int fd = open(desk->path, O_WRONLY | O_NONBLOCK);

	assert_true(fd >= 0);
	assert_int_equal(strlen(text), write(fd, text, strlen(text)));
	close(fd);
}

static int open_reply(struct desk *desk, const char *name)
{
	char path[128];
	int fd;

	rig_path(desk->rig, name, path);
	mkfifo(path, 0600);
	fd = open(path, O_RDONLY | O_NONBLOCK);
	assert_true(fd >= 0);
	return fd;
}

/* All of an answer, until its end; fd is closed. */
static void hear(struct desk *desk, int fd, char *out, size_t size)
{
	usec_t until = rig_now() + 3 * USEC_PER_SEC;
	size_t len = 0;

	while (rig_now() < until) {
		ssize_t n = read(fd, out + len, size - 1 - len);
		if (n > 0)
			len += (size_t)n;
		else if (!n && len)
			break;
		uv_run(&desk->rig->loop, UV_RUN_NOWAIT);
	}
	out[len] = '\0';
	close(fd);
}

static void assert_answer(struct desk *desk, const char *request, const char *wanted)
{
	char text[4096];
	int fd = open_reply(desk, "r1");

	say(desk, request);
	hear(desk, fd, text, sizeof(text));
	if (strcmp(text, wanted))
		fail_msg("%s\nanswered: %s\nwanted: %s", request, text, wanted);
}

#define PRETTY(text, rest) "{\n\t\"jsonrpc\":\t\"2.0\",\n\t\"result\":\t\"" text "\"" rest "\n}"
#define ECHO_HI(id)                                                                            \
	"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":[\"hi\"]," id                     \
	"\"reply_name\":\"r1\"}"

static void three_protocols(void **state)
{
	struct desk *desk = *state;

	assert_answer(desk, ECHO_HI("\"id\":5,") "\n", PRETTY("hi", ",\n\t\"id\":\t5"));
	assert_answer(desk, ECHO_HI(""), PRETTY("hi", ""));
	assert_answer(desk, ":echo:r1\nhi\n\n", "200 OK\n:: hi\n\n");
	assert_answer(desk,
		":r1:{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":[\"hi\"],\"id\":\"7\"}"
		"\n",
		"{\"jsonrpc\":\"2.0\",\"result\":\"hi\",\"id\":\"7\"}");
}

static void faults_in_each(void **state)
{
	struct desk *desk = *state;

	assert_answer(desk, "{\"method\":\"no\",\"reply_name\":\"r1\",\"id\":1}",
		"{\n\t\"jsonrpc\":\t\"2.0\",\n\t\"error\":\t{\n\t\t\"code\":\t500,"
		"\n\t\t\"message\":\t"
		"\"Method Not Found\"\n\t},\n\t\"id\":\t1\n}");
	assert_answer(desk, ":no:r1\n\n", "500 command 'no' not available\n");
	assert_answer(desk, ":refuse:r1\n\n", "403 not today\n");
	assert_answer(desk, ":r1:{\"method\":\"no\",\"id\":1}\n",
		"{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32601,\"message\":\"Method not "
		"found\"},\"id\":1}");
	assert_answer(desk, ":r1:{broken}\n",
		"{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32700,\"message\":\"Parse "
		"error\"}}");
	assert_answer(desk, "{\"reply_name\":\"r1\",\"id\":3}",
		"{\n\t\"jsonrpc\":\t\"2.0\",\n\t\"error\":\t{\n\t\t\"code\":\t-32600,"
		"\n\t\t\"message\":\t"
		"\"Invalid Request\"\n\t},\n\t\"id\":\t3\n}");
}

/* OpenSIPS-CP: it opens its FIFO after it wrote. */
static void a_reader_that_comes_late(void **state)
{
	struct desk *desk = *state;
	char text[256], path[128];

	rig_path(desk->rig, "web_1", path);
	assert_int_equal(0, mkfifo(path, 0600));
	say(desk, ":echo:web_1\nhi\n\n");
	rig_run_for(desk->rig, 150);
	hear(desk, open_reply(desk, "web_1"), text, sizeof(text));
	assert_string_equal("200 OK\n:: hi\n\n", text);
}

static void without_a_reply(void **state)
{
	struct desk *desk = *state;
	unsigned before = *rig_noted();

	say(desk, "{\"method\":\"note\"}:note:\n\n::{\"method\":\"note\"}\n");
	rig_run_for(desk->rig, 50);
	assert_int_equal(before + 3, *rig_noted());
}

/* Who tries path tricks is not obeyed. */
static void path_tricks_do_nothing(void **state)
{
	struct desk *desk = *state;
	unsigned before = *rig_noted();

	say(desk, "{\"method\":\"note\",\"reply_name\":\"../r1\"}:note:a/"
		  "b\n\n:a.b:{\"method\":\"note\"}\n");
	say(desk, ":note:/etc/passwd\n\n:note:a\\b\n\n");
	rig_run_for(desk->rig, 50);
	assert_int_equal(before, *rig_noted());
	assert_answer(desk, ECHO_HI(""), PRETTY("hi", ""));
}

static void half_a_request_in_front(void **state)
{
	struct desk *desk = *state;

	say(desk, "{\"jsonrpc\":\"2.0\",\"method\":\"ec\n");
	assert_answer(desk, ECHO_HI(""), PRETTY("hi", ""));
	say(desk, "{\"jsonrpc\":\"2.0\",\"method\":\"ec");
	assert_answer(desk, ECHO_HI("") "\n", PRETTY("hi", ""));
	say(desk, ":echo:r9\n");
	assert_answer(desk, ":echo:r1\nhi\n\n", "200 OK\n:: hi\n\n");
	/* What never ends is dropped after two seconds. */
	say(desk, "{\"a\":{");
	rig_run_for(desk->rig, 2200);
	assert_answer(desk, ECHO_HI(""), PRETTY("hi", ""));
}

static void an_endless_line(void **state)
{
	struct desk *desk = *state;
	static char text[60000];

	memset(text, 'a', sizeof(text) - 2);
	text[0] = '{';
	text[1] = '"';
	text[sizeof(text) - 2] = '\n';
	say(desk, text);
	assert_answer(desk, ECHO_HI(""), PRETTY("hi", ""));
}

/* More than there are jobs for: nothing is lost, the writer is slowed down. */
static void thousands_at_once(void **state)
{
	static const char request[] = "{\"method\":\"note\"}\n";
	struct desk *desk = *state;
	unsigned before = *rig_noted();
	int fd = open(desk->path, O_WRONLY | O_NONBLOCK);
	usec_t until = rig_now() + 8 * USEC_PER_SEC;

	for (int sent = 0; sent < 5000 && rig_now() < until;) {
		if (write(fd, request, strlen(request)) == (ssize_t)strlen(request))
			sent++;
		else
			uv_run(&desk->rig->loop, UV_RUN_NOWAIT);
	}
	close(fd);
	while (*rig_noted() < before + 5000 && rig_now() < until)
		uv_run(&desk->rig->loop, UV_RUN_NOWAIT);
	assert_int_equal(before + 5000, *rig_noted());
}

static void nobody_reads(void **state)
{
	struct desk *desk = *state;

	for (int i = 0; i < 500; i++)
		say(desk,
			"{\"method\":\"echo\",\"params\":[\"hi\"],\"reply_name\":\"absent\"}");
	rig_run_for(desk->rig, 20);
	rig_run_for(desk->rig, 2300);
	assert_int_equal(0, desk->rig->budget.used);
	assert_answer(desk, ECHO_HI(""), PRETTY("hi", ""));
}

/* MI-8. */
static void heals_itself(void **state)
{
	struct desk *desk = *state;
	struct stat st;

	rpc_fifo_heal(desk->fifo); /* nothing to do */
	assert_int_equal(0, unlink(desk->path));
	rpc_fifo_heal(desk->fifo);
	assert_int_equal(0, lstat(desk->path, &st));
	assert_true(S_ISFIFO(st.st_mode));
	assert_answer(desk, ECHO_HI(""), PRETTY("hi", ""));
	/* Somebody's file in its place is left alone, until they take it away. */
	assert_int_equal(0, unlink(desk->path));
	close(open(desk->path, O_CREAT | O_WRONLY, 0600));
	rpc_fifo_heal(desk->fifo);
	assert_int_equal(0, lstat(desk->path, &st));
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(0, unlink(desk->path));
	rpc_fifo_heal(desk->fifo);
	rig_run_for(desk->rig, 5);
	assert_answer(desk, ECHO_HI(""), PRETTY("hi", ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(three_protocols, setup, teardown),
		cmocka_unit_test_setup_teardown(faults_in_each, setup, teardown),
		cmocka_unit_test_setup_teardown(a_reader_that_comes_late, setup, teardown),
		cmocka_unit_test_setup_teardown(without_a_reply, setup, teardown),
		cmocka_unit_test_setup_teardown(path_tricks_do_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(half_a_request_in_front, setup, teardown),
		cmocka_unit_test_setup_teardown(an_endless_line, setup, teardown),
		cmocka_unit_test_setup_teardown(thousands_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_reads, setup, teardown),
		cmocka_unit_test_setup_teardown(heals_itself, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
