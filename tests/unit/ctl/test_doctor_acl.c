/* SPDX-License-Identifier: GPL-3.0-or-later */
/* FIFO-8, FIFO-11, FIFO-12: acl(5) and capabilities(7) as the kernel applies them. */

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "tools/ctl/doctor_acl.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define OVERRIDE     (1u << CAP_DAC_OVERRIDE_BIT)
#define SEARCH       (1u << CAP_DAC_READ_SEARCH_BIT)

static const uint32_t groups[] = {50, 51};

static struct process make_process(uint32_t uid, uint64_t cap)
{
	return (struct process){.uid = {uid, uid, uid, uid},
		.gid = {40, 40, 40, 40},
		.groups = groups,
		.group_count = 2,
		.cap_eff = cap,
		.is_kernel_view = true};
}

static void judges_mode_bits(void **state)
{
	static const struct {
		unsigned mode;
		uint32_t uid, owner, group;
		unsigned want;
		bool is_allowed;
		enum access_class class;
		const char *why;
	} table[] = {
		{0600, 10, 10, 1, 2, true, CLASS_OWNER, "the owner"},
		{0066, 10, 10, 40, 2, false, CLASS_OWNER,
			"the owner has the owner's bits only"},
		{0620, 10, 11, 40, 2, true, CLASS_GROUP, "primary group"},
		{0620, 10, 11, 51, 2, true, CLASS_GROUP, "supplementary group"},
		{0606, 10, 11, 51, 2, false, CLASS_GROUP, "the group does not fall to other"},
		{0602, 10, 11, 99, 2, true, CLASS_OTHER, "other"},
		{0620, 10, 11, 99, 2, false, CLASS_OTHER, "other has nothing"},
		{0602, 10, 11, 99, 6, false, CLASS_OTHER, "both bits are wanted"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct process process = make_process(table[i].uid, 0);
		struct inode inode = {.kind = KIND_FIFO,
			.mode = table[i].mode,
			.uid = table[i].owner,
			.gid = table[i].group};
		struct access access;
		access_judge(&process, &inode, NULL, table[i].want, &access);
		assert_int_equal(table[i].is_allowed, access.is_allowed);
		assert_int_equal(table[i].class, access.class);
		assert_false(access.by_capability);
	}
}

static void judges_acls(void **state)
{
	static const struct {
		const char *acl;
		uint32_t uid, owner, group;
		bool is_allowed, by_mask;
		enum access_class class;
		const char *why;
	} table[] = {
		{"user::rw-,user:10:-w-,group::---,mask::rwx,other::---", 10, 1, 1, true, false,
			CLASS_ACL_USER, "named user"},
		{"user::rw-,user:10:rw-,group::---,mask::r--,other::rwx", 10, 1, 1, false, true,
			CLASS_ACL_USER, "the mask takes it away"},
		{"user::rw-,user:10:r--,group::rw-,mask::rw-,other::rw-", 10, 1, 50, false,
			false, CLASS_ACL_USER, "a named user does not fall to the group"},
		{"user::rw-,user:10:rw-,group::---,mask::---,other::---", 10, 10, 1, true,
			false, CLASS_OWNER, "the owner is not masked"},
		{"user::rw-,group::r--,group:51:-w-,mask::rwx,other::---", 10, 1, 50, true,
			false, CLASS_ACL_GROUP, "any group that allows is enough"},
		{"user::rw-,group::-w-,group:51:---,mask::rwx,other::---", 10, 1, 50, true,
			false, CLASS_GROUP, "the owning group too"},
		{"user::rw-,group::---,group:51:r--,mask::rwx,other::-w-", 10, 1, 50, false,
			false, CLASS_GROUP, "a group matched: other does not count"},
		{"user::rw-,group::rw-,mask::r--,other::---", 10, 1, 50, false, true,
			CLASS_GROUP, "the owning group is masked"},
		{"user::rw-,user:11:rw-,group::---,mask::rwx,other::-w-", 10, 1, 99, true,
			false, CLASS_OTHER, "no match falls to other, unmasked"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct process process = make_process(table[i].uid, 0);
		struct inode inode = {.kind = KIND_FIFO,
			.mode = 0600,
			.uid = table[i].owner,
			.gid = table[i].group};
		struct access access;
		struct acl acl;
		assert_int_equal(0, acl_parse_text(slice_str(table[i].acl), &acl));
		access_judge(&process, &inode, &acl, 2, &access);
		assert_int_equal(table[i].is_allowed, access.is_allowed);
		assert_int_equal(table[i].by_mask, access.by_mask);
		assert_int_equal(table[i].class, access.class);
	}
}

static void judges_capabilities(void **state)
{
	static const struct {
		enum inode_kind kind;
		unsigned mode;
		uint64_t cap;
		unsigned want;
		bool is_kernel_view, is_allowed;
	} table[] = {
		{KIND_FIFO, 0, OVERRIDE, 6, true, true},
		{KIND_FIFO, 0, OVERRIDE, 6, false, false}, /* root of a container */
		{KIND_FILE, 0, OVERRIDE, 1, true, false},  /* nobody may execute it */
		{KIND_FILE, 0100, OVERRIDE, 1, true, true},
		{KIND_DIR, 0, OVERRIDE, 3, true, true},
		{KIND_DIR, 0, SEARCH, 5, true, true},
		{KIND_DIR, 0, SEARCH, 3, true, false},
		{KIND_FIFO, 0, SEARCH, 4, true, true},
		{KIND_FIFO, 0, SEARCH, 2, true, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct process process = make_process(10, table[i].cap);
		struct inode inode = {.kind = table[i].kind, .mode = table[i].mode, .uid = 1};
		struct access access;
		process.is_kernel_view = table[i].is_kernel_view;
		access_judge(&process, &inode, NULL, table[i].want, &access);
		assert_int_equal(table[i].is_allowed, access.is_allowed);
		assert_int_equal(table[i].is_allowed, access.by_capability);
	}
}

static void parses_the_kernels_form(void **state)
{
	static const unsigned char good[] = {
		2, 0, 0, 0, 0x01, 0, 6, 0, 0xff, 0xff, 0xff, 0xff, 0x02, 0, 2, 0, 33, 0, 0, 0};
	unsigned char bad[sizeof(good)], many[4 + 8 * (ACL_ENTRIES_MAX + 1)] = {2};
	struct acl acl;

	(void)state;
	assert_int_equal(0, acl_parse_xattr(good, sizeof(good), &acl));
	assert_int_equal(2, acl.count);
	assert_int_equal(ACL_USER, acl.entries[1].tag);
	assert_int_equal(33, acl.entries[1].id);
	assert_int_equal(2, acl.entries[1].perm);
	for (size_t len = 0; len < sizeof(good); len++) {
		if (len != 4 && len != 12)
			assert_int_equal(SBC_EPARSE, acl_parse_xattr(good, len, &acl));
	}
	memcpy(bad, good, sizeof(bad));
	bad[0] = 3; /* another version */
	assert_int_equal(SBC_EPARSE, acl_parse_xattr(bad, sizeof(bad), &acl));
	memcpy(bad, good, sizeof(bad));
	bad[12] = 0x03; /* no such tag */
	assert_int_equal(SBC_EPARSE, acl_parse_xattr(bad, sizeof(bad), &acl));
	assert_int_equal(SBC_ELIMIT, acl_parse_xattr(many, sizeof(many), &acl));
}

static void refuses_bad_text(void **state)
{
	static const char *const table[] = {"user", "user::rw", "user::rwz", "user:x:rw-",
		"owner::rw-", "user:4294967296:rw-"};
	struct acl acl;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		assert_int_equal(SBC_EPARSE, acl_parse_text(slice_str(table[i]), &acl));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_mode_bits),
		cmocka_unit_test(judges_acls),
		cmocka_unit_test(judges_capabilities),
		cmocka_unit_test(parses_the_kernels_form),
		cmocka_unit_test(refuses_bad_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
