/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who may: mode bits, POSIX ACLs (acl(5)) and the two capabilities that pass by them, in the
 * kernel's order: owner, named user, groups, other. The first class that matches decides,
 * also when it allows less than a later one would. Pure.
 */

#include "tools/ctl/doctor_acl.h"

#include "base/err.h"

#define XATTR_VERSION 2
#define XATTR_HEAD    4 /* bytes */
#define XATTR_ENTRY   8 /* bytes */

static uint32_t little_endian(const unsigned char *bytes, size_t len)
{
	uint32_t value = 0;

	while (len--)
		value = value << 8 | bytes[len];
	return value;
}

static bool is_tag(uint32_t tag)
{
	return tag == ACL_USER_OBJ || tag == ACL_USER || tag == ACL_GROUP_OBJ ||
	       tag == ACL_GROUP || tag == ACL_MASK || tag == ACL_OTHER;
}

int acl_parse_xattr(const unsigned char *bytes, size_t len, struct acl *out)
{
	struct acl acl = {0};

	if (len < XATTR_HEAD || (len - XATTR_HEAD) % XATTR_ENTRY ||
		little_endian(bytes, 4) != XATTR_VERSION)
		return SBC_EPARSE;
	if ((len - XATTR_HEAD) / XATTR_ENTRY > ACL_ENTRIES_MAX)
		return SBC_ELIMIT;
	for (size_t at = XATTR_HEAD; at < len; at += XATTR_ENTRY) {
		struct acl_entry *entry = &acl.entries[acl.count++];
		uint32_t tag = little_endian(bytes + at, 2);
		if (!is_tag(tag))
			return SBC_EPARSE;
		entry->tag = (enum acl_tag)tag;
		entry->perm = little_endian(bytes + at + 2, 2) & 7;
		entry->id = little_endian(bytes + at + 4, 4);
	}
	*out = acl;
	return 0;
}

static int parse_perm(struct slice text, unsigned *out)
{
	static const char letters[] = "rwx";

	if (text.len != 3)
		return SBC_EPARSE;
	*out = 0;
	for (size_t i = 0; i < 3; i++) {
		if (text.ptr[i] != letters[i] && text.ptr[i] != '-')
			return SBC_EPARSE;
		if (text.ptr[i] != '-')
			*out |= 4u >> i;
	}
	return 0;
}

static int parse_entry(struct slice text, struct acl_entry *out)
{
	static const struct {
		const char *name;
		enum acl_tag plain, named;
	} kinds[] = {{"user", ACL_USER_OBJ, ACL_USER}, {"group", ACL_GROUP_OBJ, ACL_GROUP},
		{"mask", ACL_MASK, ACL_MASK}, {"other", ACL_OTHER, ACL_OTHER}};
	struct slice kind = slice_cut(&text, ':'), id = slice_cut(&text, ':');
	uint64_t number = 0;

	if (id.len && slice_to_u64(id, UINT32_MAX, &number))
		return SBC_EPARSE;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!slice_equal(kind, slice_str(kinds[i].name)))
			continue;
		out->tag = id.len ? kinds[i].named : kinds[i].plain;
		out->id = (uint32_t)number;
		return parse_perm(text, &out->perm);
	}
	return SBC_EPARSE;
}

int acl_parse_text(struct slice text, struct acl *out)
{
	struct acl acl = {0};

	while (text.len) {
		struct slice entry = slice_cut(&text, ',');
		if (acl.count == ACL_ENTRIES_MAX)
			return SBC_ELIMIT;
		if (parse_entry(entry, &acl.entries[acl.count++]))
			return SBC_EPARSE;
	}
	*out = acl;
	return 0;
}

bool process_in_group(const struct process *process, uint32_t gid)
{
	if (process->gid[3] == gid)
		return true;
	for (size_t i = 0; i < process->group_count; i++) {
		if (process->groups[i] == gid)
			return true;
	}
	return false;
}

static void decide(struct access *out, enum access_class class, uint32_t id, unsigned has)
{
	out->class = class;
	out->id = id;
	out->has = has;
	out->is_allowed = (has & out->want) == out->want;
}

static void judge_mode(
	const struct process *process, const struct inode *inode, struct access *out)
{
	if (process->uid[3] == inode->uid)
		decide(out, CLASS_OWNER, inode->uid, inode->mode >> 6 & 7);
	else if (process_in_group(process, inode->gid))
		decide(out, CLASS_GROUP, inode->gid, inode->mode >> 3 & 7);
	else
		decide(out, CLASS_OTHER, 0, inode->mode & 7);
}

static const struct acl_entry *find(const struct acl *acl, enum acl_tag tag, uint32_t id)
{
	for (size_t i = 0; i < acl->count; i++) {
		if (acl->entries[i].tag == tag && (tag != ACL_USER || acl->entries[i].id == id))
			return &acl->entries[i];
	}
	return NULL;
}

/* All group entries that match are asked; one that allows is enough. True: one matched. */
static bool judge_acl_groups(const struct process *process, const struct inode *inode,
	const struct acl *acl, unsigned mask, struct access *out)
{
	bool has_match = false;

	for (size_t i = 0; i < acl->count; i++) {
		const struct acl_entry *entry = &acl->entries[i];
		bool is_owning = entry->tag == ACL_GROUP_OBJ;
		uint32_t gid = is_owning ? inode->gid : entry->id;
		if ((!is_owning && entry->tag != ACL_GROUP) || !process_in_group(process, gid))
			continue;
		if (has_match && (entry->perm & mask & out->want) != out->want)
			continue;
		has_match = true;
		decide(out, is_owning ? CLASS_GROUP : CLASS_ACL_GROUP, gid, entry->perm & mask);
		out->by_mask = !out->is_allowed && (entry->perm & out->want) == out->want;
		if (out->is_allowed)
			return true;
	}
	return has_match;
}

static void judge_acl(const struct process *process, const struct inode *inode,
	const struct acl *acl, struct access *out)
{
	const struct acl_entry *mask_entry = find(acl, ACL_MASK, 0);
	const struct acl_entry *user = find(acl, ACL_USER, process->uid[3]);
	const struct acl_entry *other = find(acl, ACL_OTHER, 0);
	unsigned mask = mask_entry ? mask_entry->perm : 7;

	if (process->uid[3] == inode->uid) {
		decide(out, CLASS_OWNER, inode->uid, inode->mode >> 6 & 7);
	} else if (user) {
		decide(out, CLASS_ACL_USER, user->id, user->perm & mask);
		out->by_mask = !out->is_allowed && (user->perm & out->want) == out->want;
	} else if (!judge_acl_groups(process, inode, acl, mask, out)) {
		decide(out, CLASS_OTHER, 0, other ? other->perm : 0);
	}
}

/* capabilities(7): OVERRIDE passes reading and writing, and searching directories;
 * READ_SEARCH only reading files, and reading and searching directories. */
static bool capable(
	const struct process *process, const struct inode *inode, const struct access *access)
{
	bool is_dir = inode->kind == KIND_DIR;
	unsigned readable = is_dir ? 5 : 4;

	if (!process->is_kernel_view)
		return false;
	if (process->cap_eff >> CAP_DAC_OVERRIDE_BIT & 1)
		return is_dir || !(access->want & 1) || (inode->mode & 0111);
	return (process->cap_eff >> CAP_DAC_READ_SEARCH_BIT & 1) &&
	       (access->want & ~readable) == 0;
}

void access_judge(const struct process *process, const struct inode *inode,
	const struct acl *acl, unsigned want, struct access *out)
{
	*out = (struct access){.want = want};
	if (acl && acl->count)
		judge_acl(process, inode, acl, out);
	else
		judge_mode(process, inode, out);
	if (!out->is_allowed && capable(process, inode, out)) {
		out->is_allowed = true;
		out->by_capability = true;
	}
}

const char *access_class_name(enum access_class class)
{
	switch (class) {
	case CLASS_OWNER:
		return "owner";
	case CLASS_GROUP:
		return "group";
	case CLASS_OTHER:
		return "other";
	case CLASS_ACL_USER:
		return "ACL user";
	case CLASS_ACL_GROUP:
		return "ACL group";
	}
	return "?";
}
