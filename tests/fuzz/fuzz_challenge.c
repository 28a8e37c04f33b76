/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Challenges of others: whatever they say, the answer is one header value. */

#include "base/err.h"
#include "policy/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct digest_login login = {SLICE("alice"), SLICE("secret")};
	const struct digest_use use = {SLICE("INVITE"), SLICE("sip:bob@biloxi.test"), "c", 1};
	struct server_challenge challenge;
	struct buf out;

	buf_init(&out, 8192);
	if (!policy_server_challenge_parse(&challenge, slice_of(data, size)) &&
		!policy_digest_answer(&login, &challenge, &use, &out) &&
		slice_find(buf_slice(&out), '\n') < out.len)
		__builtin_trap();
	buf_fini(&out);
	return 0;
}
