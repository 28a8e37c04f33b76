/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POLICY_TN_AUTH_H
#define POLICY_TN_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "policy/name.h"

/*
 * TNAuthList (RFC 8226 section 9, OID 1.3.6.1.5.5.7.1.26): the telephone numbers that a
 * certificate may vouch for, one by one, in ranges, or as those of a service provider. Pure.
 */

#define TN_AUTH_MAX 256 /* entries; a delegate certificate has a few */
#define TN_SPC_MAX  16  /* bytes of a service provider code, terminated; they have 4 */

struct tn_auth {
	size_t count;
	struct tn_auth_entry {
		enum tn_auth_kind { TN_AUTH_SPC, TN_AUTH_RANGE, TN_AUTH_ONE } kind;
		char text[NAME_TN_MAX]; /* code, first number, number */
		uint64_t size;          /* RANGE: how many */
	} entries[];
};

/* value: of the extension. Everything of it must be understood, else SBC_EPARSE; SBC_ELIMIT,
 * SBC_ENOMEM. To be freed by mem_free(). */
int tn_auth_new(struct tn_auth **out, struct slice value);

/* The entry that covers the number, or NULL. A service provider's code covers whatever number
 * when it is one of codes (separated by blanks): which numbers a provider has is not in the
 * certificate, so it is for the configuration to say that its word is taken. */
const struct tn_auth_entry *tn_auth_covers(
	const struct tn_auth *list, struct slice number, struct slice codes);

/* Has it a service provider's code: whatever number the holder says it has? */
bool tn_auth_has_code(const struct tn_auth *list);

#endif
