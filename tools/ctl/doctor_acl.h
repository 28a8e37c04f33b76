/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_DOCTOR_ACL_H
#define CTL_DOCTOR_ACL_H

#include "base/slice.h"
#include "tools/ctl/doctor_facts.h"

/* The kernel's form of an extended attribute. SBC_EPARSE; SBC_ELIMIT above
 * ACL_ENTRIES_MAX. */
int acl_parse_xattr(const unsigned char *bytes, size_t len, struct acl *out);
/* "user::rw-,user:33:r--,group::r--,mask::rw-,other::---", ids as numbers. */
int acl_parse_text(struct slice text, struct acl *out);

/* Which rule of acl(5) decided. */
enum access_class {
	CLASS_OWNER,
	CLASS_GROUP,
	CLASS_OTHER,
	CLASS_ACL_USER,
	CLASS_ACL_GROUP,
};

struct access {
	bool is_allowed;
	bool by_capability; /* only so: what "works as root" means */
	bool by_mask;       /* the entry would allow it, the mask takes it away */
	enum access_class class;
	uint32_t id;  /* of the user or group entry that matched */
	unsigned has; /* what the class has, 4 r, 2 w, 1 x, without capabilities */
	unsigned want;
};

/* Judges the process's file system ids and groups against one inode; acl may be NULL. */
void access_judge(const struct process *process, const struct inode *inode,
	const struct acl *acl, unsigned want, struct access *out);
bool process_in_group(const struct process *process, uint32_t gid);

const char *access_class_name(enum access_class class);

#endif
