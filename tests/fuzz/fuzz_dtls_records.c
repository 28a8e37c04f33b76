/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DTLS records and hellos before the TLS library. The first byte chooses the role. */

#include "media/client_hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct dtls_records records;
	struct hello_join join = {0};
	struct client_hello hello;

	if (!len)
		return 0;
	dtls_records_init(&records, bytes[0] & 1 ? MEDIA_DTLS_SERVER : MEDIA_DTLS_CLIENT);
	for (size_t half = 1 + (len - 1) / 2; half <= len; half += len / 2 + 1) {
		hello_join_add(&join, bytes + 1, half - 1, &hello);
		hello_join_add(&join, bytes + half, len - half, &hello);
		dtls_records_pass(&records, bytes + 1, half - 1);
		dtls_records_pass(&records, bytes + half, len - half);
	}
	dtls_records_is_repeat(records.role, bytes[0] & 2, bytes + 1, len - 1);
	return 0;
}
