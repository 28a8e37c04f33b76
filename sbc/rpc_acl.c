/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * POSIX access lists of the FIFO, in the form in which the kernel takes them
 * (linux/posix_acl_xattr.h, version 2: little endian). No library: five kinds of entry in a
 * fixed order.
 */

#include <endian.h>
#include <errno.h>
#include <grp.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include <sys/xattr.h>

#include "base/err.h"
#include "base/slice.h"
#include "sbc/rpc_place.h"

#define ENTRY_MAX   32   /* users and groups in one list */
#define NAME_LEN    64   /* bytes of one's name */
#define STRINGS_MAX 4096 /* bytes: getpwnam_r's */
#define SEPARATORS  " ,"

struct entry {
	bool is_group;
	uint32_t id;
	uint16_t permissions;
};

static int find_id(bool is_group, const char *name, uint32_t *out)
{
	char strings[STRINGS_MAX];
	struct passwd user, *found_user = NULL;
	struct group group, *found_group = NULL;
	uint64_t number;

	if (!slice_to_u64(slice_str(name), UINT32_MAX - 1, &number)) {
		*out = (uint32_t)number;
		return 0;
	}
	if (is_group && !getgrnam_r(name, &group, strings, sizeof(strings), &found_group) &&
		found_group)
		*out = found_group->gr_gid;
	else if (!is_group && !getpwnam_r(name, &user, strings, sizeof(strings), &found_user) &&
		 found_user)
		*out = found_user->pw_uid;
	else
		return SBC_ENOENT;
	return 0;
}

static int read_permissions(struct slice letters, uint16_t *out)
{
	*out = 0;
	for (size_t i = 0; i < letters.len; i++) {
		if (letters.ptr[i] == 'r')
			*out |= ACL_READ;
		else if (letters.ptr[i] == 'w')
			*out |= ACL_WRITE;
		else if (letters.ptr[i] != '-')
			return SBC_EPARSE;
	}
	return letters.len ? 0 : SBC_EPARSE;
}

/* "user:www-data:rw" */
static int read_entry(struct slice word, struct entry *out)
{
	struct slice kind = slice_cut(&word, ':');
	struct slice name = slice_cut(&word, ':');
	char text[NAME_LEN];

	out->is_group = slice_equal(kind, SLICE("group"));
	if ((!out->is_group && !slice_equal(kind, SLICE("user"))) || !name.len ||
		slice_copy(name, text, sizeof(text)))
		return SBC_EPARSE;
	if (read_permissions(word, &out->permissions))
		return SBC_EPARSE;
	return find_id(out->is_group, text, &out->id);
}

static int read_words(
	const char *words, struct entry *entries, size_t *count, struct slice *wrong)
{
	int err = 0;

	*count = 0;
	while (!err && words[strspn(words, SEPARATORS)]) {
		size_t len;
		words += strspn(words, SEPARATORS);
		len = strcspn(words, SEPARATORS);
		*wrong = slice_of(words, len);
		if (*count == ENTRY_MAX)
			return SBC_ELIMIT;
		err = read_entry(*wrong, &entries[*count]);
		if (!err)
			++*count;
		words += len;
	}
	return err;
}

static struct posix_acl_xattr_entry line(uint16_t tag, uint16_t permissions, uint32_t id)
{
	return (struct posix_acl_xattr_entry){
		.e_tag = htole16(tag), .e_perm = htole16(permissions), .e_id = htole32(id)};
}

int rpc_acl_apply(int fd, mode_t mode, const char *words, char *fault, size_t fault_size)
{
	const uint32_t none = (uint32_t)ACL_UNDEFINED_ID;
	struct {
		struct posix_acl_xattr_header header;
		struct posix_acl_xattr_entry lines[ENTRY_MAX + 4];
	} list = {.header.a_version = htole32(POSIX_ACL_XATTR_VERSION)};
	struct entry entries[ENTRY_MAX];
	struct slice wrong = {0};
	size_t count, n = 0;
	int err = read_words(words, entries, &count, &wrong);

	if (err) {
		snprintf(fault, fault_size,
			"\"%.*s\" is no access entry: user:NAME:rw or group:NAME:rw with a "
			"name "
			"that exists",
			SLICE_ARG(wrong));
		return err == SBC_ELIMIT ? err : SBC_EINVAL;
	}
	list.lines[n++] = line(ACL_USER_OBJ, mode >> 6 & 7, none);
	for (size_t i = 0; i < count; i++)
		if (!entries[i].is_group)
			list.lines[n++] = line(ACL_USER, entries[i].permissions, entries[i].id);
	list.lines[n++] = line(ACL_GROUP_OBJ, mode >> 3 & 7, none);
	for (size_t i = 0; i < count; i++)
		if (entries[i].is_group)
			list.lines[n++] =
				line(ACL_GROUP, entries[i].permissions, entries[i].id);
	list.lines[n++] = line(ACL_MASK, mode >> 3 & 7, none);
	list.lines[n++] = line(ACL_OTHER, mode & 7, none);
	if (!fsetxattr(fd, "system.posix_acl_access", &list,
		    sizeof(list.header) + n * sizeof(list.lines[0]), 0))
		return 0;
	snprintf(fault, fault_size, "cannot set the access list \"%s\": %s", words,
		strerrordesc_np(errno));
	return SBC_EIO;
}
