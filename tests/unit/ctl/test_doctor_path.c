/* SPDX-License-Identifier: GPL-3.0-or-later */
/* FIFO-9, path_resolution(7): each directory and link on the way, on a real tree. */

#include "tests/cmocka_first.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/ctl/doctor_path.h"

struct place {
	char dir[64];
	struct source *source;
	struct arena arena;
};

static const char *at(struct place *place, const char *name)
{
	return fact_printf(&place->arena, "%s/%s", place->dir, name);
}

static int make_place(void **state)
{
	static struct place place;
	const char *loop;

	place = (struct place){.dir = "/tmp/countersip-path-XXXXXX"};
	arena_init(&place.arena, 1 << 24);
	assert_non_null(mkdtemp(place.dir));
	assert_int_equal(0, source_open_live(&place.source));
	assert_int_equal(0, mkdir(at(&place, "a"), 0755));
	assert_int_equal(0, mkdir(at(&place, "b"), 0700));
	assert_int_equal(0, mkfifo(at(&place, "b/fifo"), 0620));
	assert_int_equal(0, symlink("../b/fifo", at(&place, "a/relative")));
	assert_int_equal(0, symlink(at(&place, "b"), at(&place, "a/absolute")));
	assert_int_equal(0, symlink("nowhere", at(&place, "a/dangling")));
	loop = at(&place, "a/loop");
	assert_int_equal(0, symlink(loop, loop));
	*state = &place;
	return 0;
}

static int remove_place(void **state)
{
	static const char *const names[] = {
		"a/relative", "a/absolute", "a/dangling", "a/loop", "b/fifo"};
	struct place *place = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(at(place, names[i]));
	rmdir(at(place, "a"));
	rmdir(at(place, "b"));
	rmdir(place->dir);
	source_close(place->source);
	arena_fini(&place->arena);
	return 0;
}

static void follows(void **state)
{
	static const struct {
		const char *path;
		int err;
		const char *end; /* final path, or where it ended */
	} table[] = {
		{"b/fifo", 0, "b/fifo"},
		{"a/../b//./fifo", 0, "b/fifo"},
		{"a/relative", 0, "b/fifo"},
		{"a/absolute/fifo", 0, "b/fifo"},
		{"a/absolute/none", -ENOENT, "b/none"},
		{"a/dangling", -ENOENT, "a/nowhere"},
		{"a/loop", -ELOOP, "a/loop"},
		{"b/fifo/x", -ENOTDIR, "b/fifo"},
		{"none/x", -ENOENT, "none"},
	};
	struct place *place = *state;
	struct walk walk;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		path_walk(place->source, &place->arena, 0, at(place, table[i].path), &walk);
		assert_int_equal(table[i].err, walk.err);
		assert_string_equal(
			at(place, table[i].end), walk.err ? walk.where : walk.final);
		assert_int_equal(!walk.err, walk_file(&walk) != NULL);
	}
}

static void knows_the_directory_and_the_link(void **state)
{
	struct place *place = *state;
	struct walk walk;

	path_walk(place->source, &place->arena, 0, at(place, "a/relative"), &walk);
	assert_string_equal(at(place, "b"), walk_parent(&walk)->path);
	assert_int_equal(KIND_FIFO, walk_file(&walk)->inode.kind);
	assert_string_equal(at(place, "a/relative"), walk.final_link->path);
	path_walk(place->source, &place->arena, 0, at(place, "a/absolute/fifo"), &walk);
	assert_null(walk.final_link); /* a link on the way is not the file */
	path_walk(place->source, &place->arena, 0, at(place, "b/none"), &walk);
	assert_string_equal(at(place, "b"), walk_parent(&walk)->path);
	path_walk(place->source, &place->arena, 0, "relative", &walk);
	assert_true(walk.err < 0);
}

/* /proc/PID/root of ourselves leads to the same file. */
static void sees_through_a_process(void **state)
{
	struct place *place = *state;
	struct walk own, other;

	path_walk(place->source, &place->arena, 0, at(place, "b/fifo"), &own);
	path_walk(place->source, &place->arena, getpid(), at(place, "b/fifo"), &other);
	assert_int_equal(0, other.err);
	assert_int_equal(walk_file(&own)->inode.ino, walk_file(&other)->inode.ino);
	path_walk(place->source, &place->arena, 0x7fffffff, "/etc", &other);
	assert_true(other.is_hidden);
}

static void compares_paths(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, 65536);
	assert_true(path_is_below("/tmp/x", "/tmp"));
	assert_true(path_is_below("/tmp/x", "/tmp/"));
	assert_true(path_is_below("/tmp", "/tmp"));
	assert_true(path_is_below("/x", "/"));
	assert_false(path_is_below("/tmpx", "/tmp"));
	assert_string_equal("/", path_directory(&arena, "/x"));
	assert_string_equal("/a/b", path_directory(&arena, "/a/b/c"));
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(follows, make_place, remove_place),
		cmocka_unit_test_setup_teardown(
			knows_the_directory_and_the_link, make_place, remove_place),
		cmocka_unit_test_setup_teardown(
			sees_through_a_process, make_place, remove_place),
		cmocka_unit_test(compares_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
