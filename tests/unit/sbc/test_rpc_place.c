/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows MI-2 to MI-9: making FIFOs and sockets where others will look for them. */

#include "tests/cmocka_first.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include "base/err.h"
#include "sbc/rpc_place.h"

static char folder[64];
static char fault[512];

static int setup(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "build/place-XXXXXX");
	assert_non_null(mkdtemp(folder));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return rmdir(folder);
}

static struct rpc_place place_of(enum rpc_place_kind kind, const char *name)
{
	const struct rpc_place_words words = {.run_dir = folder,
		.name = name,
		.user = "",
		.group = "",
		.acl = "",
		.mode = 0660};
	struct rpc_place place;

	assert_int_equal(0, rpc_place_init(&place, kind, &words, fault, sizeof(fault)));
	return place;
}

static int try_open(const struct rpc_place *place, struct rpc_placed *placed)
{
	fault[0] = '\0';
	return rpc_place_open(placed, place, fault, sizeof(fault));
}

static void assert_refused(const struct rpc_place *place, int err, const char *words)
{
	struct rpc_placed placed;

	assert_int_equal(err, try_open(place, &placed));
	if (!strstr(fault, words))
		fail_msg("\"%s\" does not say \"%s\"", fault, words);
}

static void makes_each_kind(void **state)
{
	static const mode_t types[] = {S_IFIFO, S_IFSOCK, S_IFSOCK};

	(void)state;
	for (int kind = RPC_PLACE_FIFO; kind <= RPC_PLACE_DATAGRAM; kind++) {
		struct rpc_place place = place_of((enum rpc_place_kind)kind, "x");
		struct rpc_placed placed;
		struct stat st;
		mode_t old = umask(0077);
		assert_int_equal(0, try_open(&place, &placed));
		umask(old);
		assert_int_equal(0, lstat(place.path, &st));
		assert_int_equal(types[kind], st.st_mode & S_IFMT);
		/* MI-5, FIFO-15: the umask does not matter. */
		assert_int_equal(0660, st.st_mode & 07777);
		assert_true(rpc_place_is_there(&place, &placed));
		rpc_place_close(&place, &placed);
		assert_int_equal(-1, lstat(place.path, &st));
		rpc_place_close(&place, &placed); /* again: nothing */
	}
}

/* MI-7: a writer that comes and goes is no end of file. */
static void keeps_its_own_write_end(void **state)
{
	struct rpc_place place = place_of(RPC_PLACE_FIFO, "x");
	struct rpc_placed placed;
	char byte;
	int fd;

	(void)state;
	assert_int_equal(0, try_open(&place, &placed));
	fd = open(place.path, O_WRONLY | O_NONBLOCK);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(-1, read(placed.fd, &byte, 1));
	assert_int_equal(EAGAIN, errno);
	rpc_place_close(&place, &placed);
}

/* MI-4: a FIFO that somebody reads is another instance's; the same for sockets. */
static void refuses_a_second_instance(void **state)
{
	(void)state;
	for (int kind = RPC_PLACE_FIFO; kind <= RPC_PLACE_DATAGRAM; kind++) {
		struct rpc_place place = place_of((enum rpc_place_kind)kind, "x");
		struct rpc_placed placed;
		assert_int_equal(0, try_open(&place, &placed));
		if (kind == RPC_PLACE_STREAM)
			assert_int_equal(0, listen(placed.fd, 1));
		assert_refused(&place, SBC_EEXIST, "another instance uses");
		assert_true(rpc_place_is_there(&place, &placed));
		rpc_place_close(&place, &placed);
	}
}

static void takes_its_own_dead_one(void **state)
{
	struct rpc_place place = place_of(RPC_PLACE_FIFO, "x");
	struct rpc_placed placed;
	struct stat before, after;

	(void)state;
	assert_int_equal(0, mkfifo(place.path, 0600));
	assert_int_equal(0, lstat(place.path, &before));
	assert_int_equal(0, try_open(&place, &placed));
	assert_int_equal(0, lstat(place.path, &after));
	assert_int_equal(0660, after.st_mode & 07777);
	rpc_place_close(&place, &placed);

	for (int kind = RPC_PLACE_STREAM; kind <= RPC_PLACE_DATAGRAM; kind++) {
		place = place_of((enum rpc_place_kind)kind, "y");
		assert_int_equal(0, try_open(&place, &placed));
		close(placed.fd); /* died: the file stays */
		assert_int_equal(0, try_open(&place, &placed));
		rpc_place_close(&place, &placed);
	}
}

/* MI-3: what is not a FIFO is never removed. */
static void refuses_what_is_not_its_own(void **state)
{
	struct rpc_place place = place_of(RPC_PLACE_FIFO, "x");
	struct stat st;

	(void)state;
	close(open(place.path, O_CREAT | O_WRONLY, 0600));
	assert_refused(&place, SBC_EEXIST, "is a regular file");
	assert_int_equal(0, unlink(place.path));

	assert_int_equal(0, symlink("/dev/null", place.path));
	assert_refused(&place, SBC_EEXIST, "is a symbolic link");
	assert_int_equal(0, lstat(place.path, &st));
	assert_int_equal(0, unlink(place.path));

	assert_int_equal(0, mkdir(place.path, 0700));
	assert_refused(&place, SBC_EEXIST, "is a directory");
	assert_int_equal(0, rmdir(place.path));

	place = place_of(RPC_PLACE_STREAM, "x");
	assert_int_equal(0, mkfifo(place.path, 0600));
	assert_refused(&place, SBC_EEXIST, "is a FIFO");
	if (!geteuid()) {
		place = place_of(RPC_PLACE_FIFO, "x");
		assert_int_equal(0, chown(place.path, 12345, (gid_t)-1));
		assert_refused(&place, SBC_EEXIST, "belongs to user 12345");
	}
	assert_int_equal(0, unlink(place.path));
}

/* MI-9, FIFO-13: no directory that everybody writes to. */
static void refuses_a_public_directory(void **state)
{
	struct rpc_place place = place_of(RPC_PLACE_FIFO, "x");

	(void)state;
	assert_int_equal(0, chmod(folder, 01777));
	assert_refused(&place, SBC_EINVAL, "fs.protected_fifos");
	assert_int_equal(0, chmod(folder, 0777));
	assert_refused(&place, SBC_EINVAL, "/run/countersip");
	assert_int_equal(0, chmod(folder, 0700));
}

static void makes_the_directory(void **state)
{
	struct rpc_place place = place_of(RPC_PLACE_FIFO, "new/x");
	struct rpc_placed placed;
	char path[128];

	(void)state;
	assert_int_equal(0, try_open(&place, &placed));
	rpc_place_close(&place, &placed);
	snprintf(path, sizeof(path), "%s/new", folder);
	assert_int_equal(0, rmdir(path));
	place = place_of(RPC_PLACE_FIFO, "not/there/x");
	assert_refused(&place, SBC_EIO, "cannot make the directory");
}

/* Two that start at once do not both find the old one dead. */
static void one_at_a_time(void **state)
{
	struct rpc_place place = place_of(RPC_PLACE_FIFO, "x");
	int fd = open(folder, O_RDONLY | O_DIRECTORY);

	(void)state;
	assert_int_equal(0, flock(fd, LOCK_EX));
	assert_refused(&place, SBC_EEXIST, "another program is starting");
	close(fd);
}

/* MI-8's question. */
static void sees_that_it_was_replaced(void **state)
{
	struct rpc_place place = place_of(RPC_PLACE_FIFO, "x");
	struct rpc_placed placed;
	struct stat st;

	(void)state;
	assert_int_equal(0, try_open(&place, &placed));
	assert_int_equal(0, unlink(place.path));
	assert_false(rpc_place_is_there(&place, &placed));
	assert_int_equal(0, mkfifo(place.path, 0600));
	assert_false(rpc_place_is_there(&place, &placed));
	rpc_place_close(&place, &placed);
	/* What took its place is not ours to remove. */
	assert_int_equal(0, lstat(place.path, &st));
	assert_int_equal(0, unlink(place.path));
}

static void words(void **state)
{
	static const struct {
		struct rpc_place_words words;
		const char *says;
	} bad[] = {
		{{"/run", "x y", "", "", "", 0660}, "\"/run/x y\" has a blank"}, /* MI-2 */
		{{"/run", "x ", "", "", "", 0660}, "\"/run/x \" has a blank"},
		{{"/run", "x", "nobody-is-called-so", "", "", 0660}, "no user"},
		{{"/run", "x", "", "nobody-is-called-so", "", 0660}, "no group"},
		{{"/0123456789012345678901234567890123456789012345678901234567890123456789",
			 "0123456789012345678901234567890123456789", "", "", "", 0660},
			"longer than 107"},
	};
	struct rpc_place place;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(SBC_EINVAL, rpc_place_init(&place, RPC_PLACE_FIFO,
						     &bad[i].words, fault, sizeof(fault)));
		if (!strstr(fault, bad[i].says))
			fail_msg("\"%s\" does not say \"%s\"", fault, bad[i].says);
	}
	assert_int_equal(
		0, rpc_place_init(&place, RPC_PLACE_FIFO,
			   &(struct rpc_place_words){"/run/c", "/a/b", "root", "0", "", 0},
			   fault, sizeof(fault)));
	assert_string_equal("/a/b", place.path);
	assert_int_equal(0, place.uid);
	assert_int_equal(0, place.gid);
	assert_int_equal(0600, place.mode); /* as both servers take 0 */
}

/* FIFO-12: named entries, bounded by the mode's group bits. */
static void access_list(void **state)
{
	struct rpc_place place = place_of(RPC_PLACE_FIFO, "x");
	struct rpc_placed placed;
	unsigned char list[256];
	struct stat st;
	ssize_t len;

	(void)state;
	place.acl = "user:12345:rw, group:777:w";
	assert_int_equal(0, try_open(&place, &placed));
	len = getxattr(place.path, "system.posix_acl_access", list, sizeof(list));
	assert_int_equal(4 + 6 * 8, len);
	assert_int_equal(0x02, list[4 + 8]); /* ACL_USER */
	assert_int_equal(0x06, list[4 + 8 + 2]);
	assert_int_equal(12345 & 0xff, list[4 + 8 + 4]);
	assert_int_equal(0x10, list[4 + 4 * 8]); /* ACL_MASK */
	assert_int_equal(0x06, list[4 + 4 * 8 + 2]);
	assert_int_equal(0, lstat(place.path, &st));
	assert_int_equal(0660, st.st_mode & 07777);
	rpc_place_close(&place, &placed);

	place.acl = "user:www-data-that-is-not:rw";
	assert_refused(&place, SBC_EINVAL, "no access entry");
	place.acl = "other:0:rw";
	assert_refused(&place, SBC_EINVAL, "\"other:0:rw\"");
	place.acl = "user:0:rwx";
	assert_refused(&place, SBC_EINVAL, "\"user:0:rwx\"");
	assert_int_equal(-1, lstat(place.path, &st)); /* nothing stays */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_each_kind),
		cmocka_unit_test(keeps_its_own_write_end),
		cmocka_unit_test(refuses_a_second_instance),
		cmocka_unit_test(takes_its_own_dead_one),
		cmocka_unit_test(refuses_what_is_not_its_own),
		cmocka_unit_test(refuses_a_public_directory),
		cmocka_unit_test(makes_the_directory),
		cmocka_unit_test(one_at_a_time),
		cmocka_unit_test(sees_that_it_was_replaced),
		cmocka_unit_test(words),
		cmocka_unit_test(access_list),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
