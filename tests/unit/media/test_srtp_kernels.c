/* SPDX-License-Identifier: GPL-3.0-or-later */
/* libsrtp takes our kernels: its self-tests pass, and they are what it then uses. */

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "media/srtp_kernels.h"

#include <srtp2/cipher.h>
#include <srtp2/srtp.h>

#include <string.h>

/* From libsrtp's library, though no header names them. */
srtp_err_status_t srtp_crypto_kernel_status(void);
srtp_err_status_t srtp_crypto_kernel_alloc_cipher(
	srtp_cipher_type_id_t id, srtp_cipher_t **out, int key_len, int tag_len);

static void installs_and_repeats(void **state)
{
	(void)state;
	assert_int_equal(0, srtp_kernels_install());
	assert_int_equal(0, srtp_kernels_install());
	/* Runs the self-test of every registered kernel again. */
	assert_int_equal(srtp_err_status_ok, srtp_crypto_kernel_status());
}

static void are_the_ones_used(void **state)
{
	static const struct {
		srtp_cipher_type_id_t id;
		int key_len;
		const char *words;
	} rows[] = {
		{SRTP_AES_ICM_128, 30, "nettle"},
		{SRTP_AES_ICM_256, 46, "nettle"}, /* derives AEAD_AES_256_GCM's keys */
		{SRTP_AES_GCM_128, 28, "wolfCrypt"},
		{SRTP_AES_GCM_256, 44, "wolfCrypt"},
	};

	(void)state;
	assert_int_equal(0, srtp_kernels_install());
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		srtp_cipher_t *cipher;

		assert_int_equal(srtp_err_status_ok, srtp_crypto_kernel_alloc_cipher(rows[i].id,
							     &cipher, rows[i].key_len, 16));
		assert_non_null(strstr(cipher->type->description, rows[i].words));
		srtp_cipher_dealloc(cipher);
		/* A key of another length is refused. */
		assert_int_not_equal(
			srtp_err_status_ok, srtp_crypto_kernel_alloc_cipher(rows[i].id, &cipher,
						    rows[i].key_len + 1, 16));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(installs_and_repeats),
		cmocka_unit_test(are_the_ones_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
