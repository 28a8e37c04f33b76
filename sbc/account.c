/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Users and groups by name or number. Blocking; before the loops run. */

#include "sbc/account.h"

#include <grp.h>
#include <pwd.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

#define STRINGS_MAX 4096 /* bytes of one entry's strings */

int account_user(const char *name, uid_t *out, gid_t *primary)
{
	char strings[STRINGS_MAX];
	struct passwd entry, *found = NULL;
	uint64_t number;
	bool is_number = !slice_to_u64(slice_str(name), UINT32_MAX - 1, &number);

	*out = is_number ? (uid_t)number : (uid_t)-1;
	if (primary)
		*primary = (gid_t)-1;
	if (!name[0])
		return 0;
	if (is_number)
		getpwuid_r(*out, &entry, strings, sizeof(strings), &found);
	else if (getpwnam_r(name, &entry, strings, sizeof(strings), &found) || !found)
		return SBC_ENOENT;
	if (found) {
		*out = found->pw_uid;
		if (primary)
			*primary = found->pw_gid;
	}
	return 0;
}

int account_group(const char *name, gid_t *out)
{
	char strings[STRINGS_MAX];
	struct group entry, *found = NULL;
	uint64_t number;

	*out = (gid_t)-1;
	if (!name[0])
		return 0;
	if (!slice_to_u64(slice_str(name), UINT32_MAX - 1, &number)) {
		*out = (gid_t)number;
		return 0;
	}
	if (getgrnam_r(name, &entry, strings, sizeof(strings), &found) || !found)
		return SBC_ENOENT;
	*out = found->gr_gid;
	return 0;
}
