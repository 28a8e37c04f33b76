/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An extended attribute as a file system may hand it out. */

#include "tools/ctl/doctor_acl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct process process = {.uid = {1, 1, 1, 33}};
	struct inode inode = {.kind = KIND_FIFO};
	struct access access;
	struct acl acl;

	if (!acl_parse_xattr(data, size, &acl) || !acl_parse_text(slice_of(data, size), &acl))
		access_judge(&process, &inode, &acl, 2, &access);
	return 0;
}
