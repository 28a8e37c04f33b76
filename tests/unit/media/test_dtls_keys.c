/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DTLS-6, DTLS-7: how exported material is cut (RFC 5764 section 4.2), and the profiles. */

#include "tests/cmocka_first.h"

#include "base/err.h"
#include "media/dtls_keys.h"

/* Material 00 01 02 ...: so each expected byte is its own place. */
static const struct {
	unsigned profile;
	size_t len;
	uint8_t client_key, server_key, client_salt, server_salt; /* first bytes */
	uint8_t key_len, salt_len;
} rows[] = {
	{0x0001, 60, 0x00, 0x10, 0x20, 0x2e, 16, 14},
	{0x0002, 60, 0x00, 0x10, 0x20, 0x2e, 16, 14},
	{0x0007, 56, 0x00, 0x10, 0x20, 0x2c, 16, 12},
	{0x0008, 88, 0x00, 0x20, 0x40, 0x4c, 32, 12},
};

static void assert_counts_from(uint8_t first, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		assert_int_equal(first + i, bytes[i]);
}

static void splits(void **state)
{
	uint8_t material[DTLS_KEYS_MATERIAL_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(material); i++)
		material[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct profile *profile = profile_find(rows[i].profile);
		struct dtls_keys client = {0}, server = {0};

		assert_int_equal(rows[i].len, dtls_keys_material_len(profile));
		assert_int_equal(0, dtls_keys_split(&client, profile, material, rows[i].len,
					    MEDIA_DTLS_CLIENT));
		assert_int_equal(0, dtls_keys_split(&server, profile, material, rows[i].len,
					    MEDIA_DTLS_SERVER));
		assert_counts_from(rows[i].client_key, client.ours.key, rows[i].key_len);
		assert_counts_from(rows[i].server_key, client.peers.key, rows[i].key_len);
		assert_counts_from(rows[i].client_salt, client.ours.salt, rows[i].salt_len);
		assert_counts_from(rows[i].server_salt, client.peers.salt, rows[i].salt_len);
		assert_memory_equal(&client.ours, &server.peers, sizeof(client.ours));
		assert_memory_equal(&client.peers, &server.ours, sizeof(client.ours));
		assert_int_equal(SBC_EINVAL, dtls_keys_split(&client, profile, material,
						     rows[i].len - 1, MEDIA_DTLS_CLIENT));
	}
}

static void profiles(void **state)
{
	(void)state;
	assert_string_equal("SRTP_AES128_CM_HMAC_SHA1_80", profile_find(1)->name);
	assert_string_equal("SRTP_AEAD_AES_256_GCM", profile_find(8)->name);
	assert_null(profile_find(5)); /* DTLS-2: never the NULL ciphers */
	assert_null(profile_find(6));
	assert_null(profile_find(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits),
		cmocka_unit_test(profiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
