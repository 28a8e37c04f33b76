/* SPDX-License-Identifier: GPL-3.0-or-later */
/* FIFO-19, FIFO-20: proc_pid_mountinfo(5). */

#include "tests/cmocka_first.h"

#include "tools/ctl/doctor_mount.h"

static const char text[] =
	"21 1 259:2 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"
	"26 21 0:25 / /run rw,nosuid shared:5 master:2 - tmpfs tmpfs rw,mode=755\n"
	"27 26 0:25 /x /run/user ro - tmpfs tmpfs rw\n"
	"28 21 0:30 / /srv/a\\040b rw - nfs4 host:/x ro\n"
	"garbage\n"
	"29 21 0:31 / /run rw,nosuid - tmpfs over rw\n";

static void finds_the_longest_and_last(void **state)
{
	static const struct {
		const char *path, *point;
		bool is_read_only;
		const char *type;
	} table[] = {
		{"/etc/passwd", "/", false, "ext4"},
		{"/runner/x", "/", false, "ext4"}, /* not below /run */
		{"/run/x", "/run", false, "tmpfs"},
		{"/run/user/1/x", "/run/user", true, "tmpfs"}, /* by the mount's options */
		{"/srv/a b/fifo", "/srv/a b", true, "nfs4"},   /* by the file system's */
	};
	struct arena arena;
	struct mount mount;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_true(mount_parse(&arena, text, table[i].path, &mount));
		assert_string_equal(table[i].point, mount.point);
		assert_string_equal(table[i].type, mount.type);
		assert_int_equal(table[i].is_read_only, mount.is_read_only);
	}
	assert_false(mount_parse(&arena, "1 2 3\n\n", "/x", &mount));
	assert_false(mount_parse(&arena, "", "/x", &mount));
	arena_fini(&arena);
}

static void names_file_systems(void **state)
{
	(void)state;
	assert_string_equal("NFS", filesystem_problem(0x6969));
	assert_string_equal("overlay", filesystem_problem(0x794c7630));
	assert_null(filesystem_problem(0x01021994)); /* tmpfs */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_longest_and_last),
		cmocka_unit_test(names_file_systems),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
