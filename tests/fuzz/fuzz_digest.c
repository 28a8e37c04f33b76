/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Authorization values: nobody gets in without a password. */

#include "policy/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct digest_user user = {.username = SLICE("alice"),
		.realm = SLICE("atlanta.test"),
		.ha1 = {[DIGEST_MD5] = SLICE("94ecdac97442e1dde413ab890bdac68a")}};
	const struct digest_request request = {
		SLICE("INVITE"), SLICE("sip:bob@atlanta.test"), slice_of(data, size)};
	struct digest digest;

	if (!digest_init(
		    &digest, SLICE("0123456789abcdef0123456789abcdef"), (uint8_t[16]){0}) &&
		digest_authenticate(&digest, &user, &request, 1798761600) == DIGEST_OK)
		__builtin_trap();
	digest_fini(&digest);
	return 0;
}
