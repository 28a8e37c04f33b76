/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The ciphers and the hash that libsrtp computes with, replaced through its public API:
 * nettle's AES in counter mode (which also derives all keys, RFC 3711 section 4.3) and
 * HMAC-SHA1 with the two key blocks hashed once, wolfCrypt's AES-GCM. Debian's own kernels
 * (NSS) cost ten to a hundred times more a packet. States are small: at a thousand streams
 * the price is cache misses. The tables are constant; the states have one thread each.
 */

#include "media/srtp_kernels.h"

#include "base/err.h"
#include "base/mem.h"

/* First, since nettle has a macro of the name of one of wolfCrypt's constants. */
#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/aes.h>

#include <nettle/aes.h>
#include <nettle/ctr.h>
#include <nettle/sha1.h>
#include <srtp2/auth.h>
#include <srtp2/cipher.h>
#include <srtp2/srtp.h>
#include <stddef.h>
#include <string.h>

#define SALT_LEN    14 /* bytes of the salt behind an ICM key */
#define BLOCK_LEN   16
#define GCM_IV_LEN  12
#define GCM_TAG_LEN 16
#define SHA1_BLOCK  64
/* RTCP's two pieces of associated data: the 8 bytes header and the index word. */
#define AAD_JOINED_MAX 16

/* libsrtp's handle, padded: wolfCrypt's state wants an address that 16 divides. */
#define HANDLE_LEN(handle) ((sizeof(handle) + 15) & ~(size_t)15)

/* One block for libsrtp's handle and our state behind it, so that both share cache lines. */
static srtp_err_status_t cipher_alloc(
	srtp_cipher_t **out, const srtp_cipher_type_t *type, int key_len, size_t state_size)
{
	srtp_cipher_t *cipher = mem_alloc(HANDLE_LEN(*cipher) + state_size);

	if (!cipher)
		return srtp_err_status_alloc_fail;
	cipher->type = type;
	cipher->state = (char *)cipher + HANDLE_LEN(*cipher);
	cipher->key_len = key_len;
	cipher->algorithm = (int)type->id;
	*out = cipher;
	return srtp_err_status_ok;
}

/* ---- AES in counter mode: SRTP_AES_ICM_128 and _256 ---- */

struct icm {
	uint8_t offset[BLOCK_LEN];  /* the salt, 16 zero bits behind it */
	uint8_t counter[BLOCK_LEN]; /* of the next block */
	union {                     /* as long as the key wants it: ICM_LEN() */
		struct aes128_ctx aes128;
		struct aes256_ctx aes256;
	};
};
#define ICM_LEN(member) (offsetof(struct icm, member) + sizeof(((struct icm *)0)->member))

static srtp_err_status_t icm_dealloc(srtp_cipher_t *cipher)
{
	mem_wipe(cipher->state,
		cipher->algorithm == SRTP_AES_ICM_128 ? ICM_LEN(aes128) : ICM_LEN(aes256));
	mem_free(cipher);
	return srtp_err_status_ok;
}

static void icm_set_salt(struct icm *icm, const uint8_t *salt)
{
	memset(icm->offset, 0, sizeof(icm->offset));
	memcpy(icm->offset, salt, SALT_LEN);
	memcpy(icm->counter, icm->offset, sizeof(icm->counter));
}

static srtp_err_status_t icm128_init(void *state, const uint8_t *key)
{
	struct icm *icm = state;

	aes128_set_encrypt_key(&icm->aes128, key);
	icm_set_salt(icm, key + AES128_KEY_SIZE);
	return srtp_err_status_ok;
}

static srtp_err_status_t icm256_init(void *state, const uint8_t *key)
{
	struct icm *icm = state;

	aes256_set_encrypt_key(&icm->aes256, key);
	icm_set_salt(icm, key + AES256_KEY_SIZE);
	return srtp_err_status_ok;
}

static srtp_err_status_t icm_set_iv(void *state, uint8_t *iv, srtp_cipher_direction_t direction)
{
	struct icm *icm = state;

	(void)direction;
	for (size_t i = 0; i < BLOCK_LEN; i++)
		icm->counter[i] = icm->offset[i] ^ iv[i];
	return srtp_err_status_ok;
}

static srtp_err_status_t icm128_crypt(void *state, uint8_t *data, unsigned *len)
{
	struct icm *icm = state;

	ctr_crypt(&icm->aes128, (nettle_cipher_func *)aes128_encrypt, BLOCK_LEN, icm->counter,
		*len, data, data);
	return srtp_err_status_ok;
}

static srtp_err_status_t icm256_crypt(void *state, uint8_t *data, unsigned *len)
{
	struct icm *icm = state;

	ctr_crypt(&icm->aes256, (nettle_cipher_func *)aes256_encrypt, BLOCK_LEN, icm->counter,
		*len, data, data);
	return srtp_err_status_ok;
}

/* RFC 3711 appendix B.2, first two blocks; the plaintext is zero, so this is keystream. */
static const uint8_t zeros[32];
static const uint8_t icm128_key[] = {0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7,
	0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c, 0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7,
	0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd};
static const uint8_t icm128_stream[] = {0xe0, 0x3e, 0xad, 0x09, 0x35, 0xc9, 0x5e, 0x80, 0xe1,
	0x66, 0xb1, 0x6d, 0xd9, 0x2b, 0x4e, 0xb4, 0xd2, 0x35, 0x13, 0x16, 0x2b, 0x02, 0xd0,
	0xf7, 0x2a, 0x43, 0xa2, 0xfe, 0x4a, 0x5f, 0x97, 0xab};
/* RFC 6188 section 7.1, first two blocks. */
static const uint8_t icm256_key[] = {0x57, 0xf8, 0x2f, 0xe3, 0x61, 0x3f, 0xd1, 0x70, 0xa8, 0x5e,
	0xc9, 0x3c, 0x40, 0xb1, 0xf0, 0x92, 0x2e, 0xc4, 0xcb, 0x0d, 0xc0, 0x25, 0xb5, 0x82,
	0x72, 0x14, 0x7c, 0xc4, 0x38, 0x94, 0x4a, 0x98, 0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5,
	0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd};
static const uint8_t icm256_stream[] = {0x92, 0xbd, 0xd2, 0x8a, 0x93, 0xc3, 0xf5, 0x25, 0x11,
	0xc6, 0x77, 0xd0, 0x8b, 0x55, 0x15, 0xa4, 0x9d, 0xa7, 0x1b, 0x23, 0x78, 0xa8, 0x54,
	0xf6, 0x70, 0x50, 0x75, 0x6d, 0xed, 0x16, 0x5b, 0xac};

/* libsrtp only reads a test's idx, though its type does not say so. */
static const srtp_cipher_test_case_t icm128_test = {
	.key_length_octets = sizeof(icm128_key),
	.key = icm128_key,
	.idx = (uint8_t *)zeros,
	.plaintext_length_octets = sizeof(zeros),
	.plaintext = zeros,
	.ciphertext_length_octets = sizeof(icm128_stream),
	.ciphertext = icm128_stream,
};
static const srtp_cipher_test_case_t icm256_test = {
	.key_length_octets = sizeof(icm256_key),
	.key = icm256_key,
	.idx = (uint8_t *)zeros,
	.plaintext_length_octets = sizeof(zeros),
	.plaintext = zeros,
	.ciphertext_length_octets = sizeof(icm256_stream),
	.ciphertext = icm256_stream,
};

static srtp_err_status_t icm128_alloc(srtp_cipher_t **out, int key_len, int tag_len);
static srtp_err_status_t icm256_alloc(srtp_cipher_t **out, int key_len, int tag_len);

static const srtp_cipher_type_t icm128 = {
	.alloc = icm128_alloc,
	.dealloc = icm_dealloc,
	.init = icm128_init,
	.encrypt = icm128_crypt,
	.decrypt = icm128_crypt,
	.set_iv = icm_set_iv,
	.description = "AES-128 counter mode (nettle)",
	.test_data = &icm128_test,
	.id = SRTP_AES_ICM_128,
};
static const srtp_cipher_type_t icm256 = {
	.alloc = icm256_alloc,
	.dealloc = icm_dealloc,
	.init = icm256_init,
	.encrypt = icm256_crypt,
	.decrypt = icm256_crypt,
	.set_iv = icm_set_iv,
	.description = "AES-256 counter mode (nettle)",
	.test_data = &icm256_test,
	.id = SRTP_AES_ICM_256,
};

static srtp_err_status_t icm128_alloc(srtp_cipher_t **out, int key_len, int tag_len)
{
	(void)tag_len;
	if (key_len != AES128_KEY_SIZE + SALT_LEN)
		return srtp_err_status_bad_param;
	return cipher_alloc(out, &icm128, key_len, ICM_LEN(aes128));
}

static srtp_err_status_t icm256_alloc(srtp_cipher_t **out, int key_len, int tag_len)
{
	(void)tag_len;
	if (key_len != AES256_KEY_SIZE + SALT_LEN)
		return srtp_err_status_bad_param;
	return cipher_alloc(out, &icm256, key_len, ICM_LEN(aes256));
}

/* ---- AES-GCM: SRTP_AES_GCM_128 and _256 ---- */

struct gcm {
	Aes aes;
	const uint8_t *aad; /* borrowed from the packet until it is processed, or joined */
	uint32_t aad_len;
	unsigned tag_len;
	uint8_t iv[GCM_IV_LEN];
	uint8_t tag[GCM_TAG_LEN];
	uint8_t joined[AAD_JOINED_MAX];
};

static srtp_err_status_t gcm_dealloc(srtp_cipher_t *cipher)
{
	struct gcm *gcm = cipher->state;

	wc_AesFree(&gcm->aes);
	mem_wipe(gcm, sizeof(*gcm));
	mem_free(cipher);
	return srtp_err_status_ok;
}

static srtp_err_status_t gcm_init(void *state, const uint8_t *key, word32 key_len)
{
	struct gcm *gcm = state;

	gcm->aad_len = 0;
	return wc_AesGcmSetKey(&gcm->aes, key, key_len) ? srtp_err_status_init_fail
							: srtp_err_status_ok;
}

static srtp_err_status_t gcm128_init(void *state, const uint8_t *key)
{
	return gcm_init(state, key, AES128_KEY_SIZE);
}

static srtp_err_status_t gcm256_init(void *state, const uint8_t *key)
{
	return gcm_init(state, key, AES256_KEY_SIZE);
}

static srtp_err_status_t gcm_set_iv(void *state, uint8_t *iv, srtp_cipher_direction_t direction)
{
	struct gcm *gcm = state;

	(void)direction;
	memcpy(gcm->iv, iv, GCM_IV_LEN);
	gcm->aad_len = 0;
	return srtp_err_status_ok;
}

/* Called once for RTP and twice for RTCP, whose second piece is not behind the first. */
static srtp_err_status_t gcm_set_aad(void *state, const uint8_t *aad, uint32_t len)
{
	struct gcm *gcm = state;

	if (!gcm->aad_len) {
		gcm->aad = aad;
		gcm->aad_len = len;
		return srtp_err_status_ok;
	}
	if (len > AAD_JOINED_MAX || gcm->aad_len > AAD_JOINED_MAX - len)
		return srtp_err_status_bad_param;
	memmove(gcm->joined, gcm->aad, gcm->aad_len);
	memcpy(gcm->joined + gcm->aad_len, aad, len);
	gcm->aad = gcm->joined;
	gcm->aad_len += len;
	return srtp_err_status_ok;
}

static srtp_err_status_t gcm_encrypt(void *state, uint8_t *data, unsigned *len)
{
	struct gcm *gcm = state;

	if (wc_AesGcmEncrypt(&gcm->aes, data, data, *len, gcm->iv, GCM_IV_LEN, gcm->tag,
		    gcm->tag_len, gcm->aad, gcm->aad_len))
		return srtp_err_status_cipher_fail;
	return srtp_err_status_ok;
}

static srtp_err_status_t gcm_decrypt(void *state, uint8_t *data, unsigned *len)
{
	struct gcm *gcm = state;
	unsigned text_len;

	if (*len < gcm->tag_len)
		return srtp_err_status_auth_fail;
	text_len = *len - gcm->tag_len;
	if (wc_AesGcmDecrypt(&gcm->aes, data, data, text_len, gcm->iv, GCM_IV_LEN,
		    data + text_len, gcm->tag_len, gcm->aad, gcm->aad_len))
		return srtp_err_status_auth_fail;
	*len = text_len;
	return srtp_err_status_ok;
}

static srtp_err_status_t gcm_get_tag(void *state, uint8_t *out, uint32_t *len)
{
	struct gcm *gcm = state;

	memcpy(out, gcm->tag, gcm->tag_len);
	*len = gcm->tag_len;
	return srtp_err_status_ok;
}

/* The GCM specification's test case 4, first two blocks of its plaintext; and the same with
 * the key written twice. */
static const uint8_t gcm_key[] = {0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c, 0x6d, 0x6a,
	0x8f, 0x94, 0x67, 0x30, 0x83, 0x08, 0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c,
	0x6d, 0x6a, 0x8f, 0x94, 0x67, 0x30, 0x83, 0x08};
static const uint8_t gcm_iv[] = {
	0xca, 0xfe, 0xba, 0xbe, 0xfa, 0xce, 0xdb, 0xad, 0xde, 0xca, 0xf8, 0x88};
static const uint8_t gcm_aad[] = {0xfe, 0xed, 0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xfe, 0xed,
	0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xab, 0xad, 0xda, 0xd2};
static const uint8_t gcm_text[] = {0xd9, 0x31, 0x32, 0x25, 0xf8, 0x84, 0x06, 0xe5, 0xa5, 0x59,
	0x09, 0xc5, 0xaf, 0xf5, 0x26, 0x9a, 0x86, 0xa7, 0xa9, 0x53, 0x15, 0x34, 0xf7, 0xda,
	0x2e, 0x4c, 0x30, 0x3d, 0x8a, 0x31, 0x8a, 0x72};
static const uint8_t gcm128_sealed[] = {0x42, 0x83, 0x1e, 0xc2, 0x21, 0x77, 0x74, 0x24, 0x4b,
	0x72, 0x21, 0xb7, 0x84, 0xd0, 0xd4, 0x9c, 0xe3, 0xaa, 0x21, 0x2f, 0x2c, 0x02, 0xa4,
	0xe0, 0x35, 0xc1, 0x7e, 0x23, 0x29, 0xac, 0xa1, 0x2e, 0xe1, 0x3e, 0x14, 0x34, 0x28,
	0x5a, 0x94, 0x26, 0xad, 0xdf, 0xbf, 0xc2, 0x70, 0xd2, 0x7f, 0x16};
static const uint8_t gcm256_sealed[] = {0x52, 0x2d, 0xc1, 0xf0, 0x99, 0x56, 0x7d, 0x07, 0xf4,
	0x7f, 0x37, 0xa3, 0x2a, 0x84, 0x42, 0x7d, 0x64, 0x3a, 0x8c, 0xdc, 0xbf, 0xe5, 0xc0,
	0xc9, 0x75, 0x98, 0xa2, 0xbd, 0x25, 0x55, 0xd1, 0xaa, 0xcf, 0x9b, 0xff, 0xa9, 0xbd,
	0x33, 0x4d, 0x82, 0x40, 0xc8, 0x68, 0x34, 0x2b, 0x36, 0xb5, 0x06};

static const srtp_cipher_test_case_t gcm128_test = {
	.key_length_octets = AES128_KEY_SIZE + GCM_IV_LEN,
	.key = gcm_key,
	.idx = (uint8_t *)gcm_iv,
	.plaintext_length_octets = sizeof(gcm_text),
	.plaintext = gcm_text,
	.ciphertext_length_octets = sizeof(gcm128_sealed),
	.ciphertext = gcm128_sealed,
	.aad_length_octets = sizeof(gcm_aad),
	.aad = gcm_aad,
	.tag_length_octets = GCM_TAG_LEN,
};

static const srtp_cipher_test_case_t gcm256_test = {
	.key_length_octets = AES256_KEY_SIZE + GCM_IV_LEN,
	.key = gcm_key,
	.idx = (uint8_t *)gcm_iv,
	.plaintext_length_octets = sizeof(gcm_text),
	.plaintext = gcm_text,
	.ciphertext_length_octets = sizeof(gcm256_sealed),
	.ciphertext = gcm256_sealed,
	.aad_length_octets = sizeof(gcm_aad),
	.aad = gcm_aad,
	.tag_length_octets = GCM_TAG_LEN,
};

static srtp_err_status_t gcm128_alloc(srtp_cipher_t **out, int key_len, int tag_len);
static srtp_err_status_t gcm256_alloc(srtp_cipher_t **out, int key_len, int tag_len);

static const srtp_cipher_type_t gcm128 = {
	.alloc = gcm128_alloc,
	.dealloc = gcm_dealloc,
	.init = gcm128_init,
	.set_aad = gcm_set_aad,
	.encrypt = gcm_encrypt,
	.decrypt = gcm_decrypt,
	.set_iv = gcm_set_iv,
	.get_tag = gcm_get_tag,
	.description = "AES-128 GCM (wolfCrypt)",
	.test_data = &gcm128_test,
	.id = SRTP_AES_GCM_128,
};

static const srtp_cipher_type_t gcm256 = {
	.alloc = gcm256_alloc,
	.dealloc = gcm_dealloc,
	.init = gcm256_init,
	.set_aad = gcm_set_aad,
	.encrypt = gcm_encrypt,
	.decrypt = gcm_decrypt,
	.set_iv = gcm_set_iv,
	.get_tag = gcm_get_tag,
	.description = "AES-256 GCM (wolfCrypt)",
	.test_data = &gcm256_test,
	.id = SRTP_AES_GCM_256,
};

static srtp_err_status_t gcm_alloc(
	srtp_cipher_t **out, const srtp_cipher_type_t *type, int key_len, int tag_len)
{
	srtp_cipher_t *cipher;
	struct gcm *gcm;

	/* libsrtp's own test vectors have tags of 8 bytes, RFC 7714 only of 16. */
	if (tag_len != GCM_TAG_LEN && tag_len != GCM_TAG_LEN / 2)
		return srtp_err_status_bad_param;
	if (cipher_alloc(&cipher, type, key_len, sizeof(*gcm)))
		return srtp_err_status_alloc_fail;
	gcm = cipher->state;
	gcm->tag_len = (unsigned)tag_len;
	if (wc_AesInit(&gcm->aes, NULL, INVALID_DEVID)) {
		mem_free(cipher);
		return srtp_err_status_init_fail;
	}
	*out = cipher;
	return srtp_err_status_ok;
}

static srtp_err_status_t gcm128_alloc(srtp_cipher_t **out, int key_len, int tag_len)
{
	if (key_len != AES128_KEY_SIZE + GCM_IV_LEN)
		return srtp_err_status_bad_param;
	return gcm_alloc(out, &gcm128, key_len, tag_len);
}

static srtp_err_status_t gcm256_alloc(srtp_cipher_t **out, int key_len, int tag_len)
{
	if (key_len != AES256_KEY_SIZE + GCM_IV_LEN)
		return srtp_err_status_bad_param;
	return gcm_alloc(out, &gcm256, key_len, tag_len);
}

/* ---- HMAC-SHA1 (RFC 2104): SRTP_HMAC_SHA1 ---- */

#define SHA1_WORDS 5

struct hmac {
	uint32_t inner[SHA1_WORDS]; /* SHA-1's state after the key's inner block */
	uint32_t outer[SHA1_WORDS]; /* after the key's outer block */
	struct sha1_ctx now;
};

static srtp_err_status_t hmac_dealloc(srtp_auth_t *auth)
{
	mem_wipe(auth->state, sizeof(struct hmac));
	mem_free(auth);
	return srtp_err_status_ok;
}

static srtp_err_status_t hmac_start(void *state)
{
	struct hmac *hmac = state;

	memcpy(hmac->now.state, hmac->inner, sizeof(hmac->inner));
	hmac->now.count = 1; /* blocks */
	hmac->now.index = 0;
	return srtp_err_status_ok;
}

static void hash_key_block(uint32_t state[SHA1_WORDS], const uint8_t *block)
{
	struct sha1_ctx sha1;

	sha1_init(&sha1);
	sha1_update(&sha1, SHA1_BLOCK, block);
	memcpy(state, sha1.state, sizeof(sha1.state));
	mem_wipe(&sha1, sizeof(sha1));
}

static srtp_err_status_t hmac_init(void *state, const uint8_t *key, int key_len)
{
	struct hmac *hmac = state;
	uint8_t block[SHA1_BLOCK] = {0};

	if (key_len < 0 || key_len > SHA1_BLOCK)
		return srtp_err_status_bad_param;
	memcpy(block, key, (size_t)key_len);
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] ^= 0x36;
	hash_key_block(hmac->inner, block);
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] ^= 0x36 ^ 0x5c;
	hash_key_block(hmac->outer, block);
	mem_wipe(block, sizeof(block));
	return hmac_start(hmac);
}

static srtp_err_status_t hmac_update(void *state, const uint8_t *data, int len)
{
	struct hmac *hmac = state;

	sha1_update(&hmac->now, (size_t)len, data);
	return srtp_err_status_ok;
}

static srtp_err_status_t hmac_compute(
	void *state, const uint8_t *data, int len, int tag_len, uint8_t *tag)
{
	struct hmac *hmac = state;
	/* All that the outer hash still takes: the inner digest, and the end of a message of
	 * 64 + 20 bytes (FIPS 180-4 section 5.1.1). */
	uint8_t block[SHA1_BLOCK] = {[SHA1_DIGEST_SIZE] = 0x80,
		[SHA1_BLOCK - 2] = 8 * (SHA1_BLOCK + SHA1_DIGEST_SIZE) >> 8,
		[SHA1_BLOCK - 1] = 8 * (SHA1_BLOCK + SHA1_DIGEST_SIZE) & 0xff};
	uint32_t words[SHA1_WORDS];

	if (tag_len < 0 || tag_len > SHA1_DIGEST_SIZE)
		return srtp_err_status_bad_param;
	sha1_update(&hmac->now, (size_t)len, data);
	sha1_digest(&hmac->now, SHA1_DIGEST_SIZE, block);
	memcpy(words, hmac->outer, sizeof(words));
	nettle_sha1_compress(words, block);
	for (int i = 0; i < tag_len; i++)
		tag[i] = (uint8_t)(words[i / 4] >> (24 - 8 * (i % 4)));
	return srtp_err_status_ok;
}

/* RFC 2202 section 3, test case 1. */
static const uint8_t hmac_key[] = {0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b,
	0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b};
static const uint8_t hmac_text[] = {'H', 'i', ' ', 'T', 'h', 'e', 'r', 'e'};
static const uint8_t hmac_tag[] = {0xb6, 0x17, 0x31, 0x86, 0x55, 0x05, 0x72, 0x64, 0xe2, 0x8b,
	0xc0, 0xb6, 0xfb, 0x37, 0x8c, 0x8e, 0xf1, 0x46, 0xbe, 0x00};

static const srtp_auth_test_case_t hmac_test = {
	.key_length_octets = sizeof(hmac_key),
	.key = hmac_key,
	.data_length_octets = sizeof(hmac_text),
	.data = hmac_text,
	.tag_length_octets = sizeof(hmac_tag),
	.tag = hmac_tag,
};

static srtp_err_status_t hmac_alloc(srtp_auth_t **out, int key_len, int tag_len);

static const srtp_auth_type_t hmac_sha1 = {
	.alloc = hmac_alloc,
	.dealloc = hmac_dealloc,
	.init = hmac_init,
	.compute = hmac_compute,
	.update = hmac_update,
	.start = hmac_start,
	.description = "HMAC-SHA1 (nettle)",
	.test_data = &hmac_test,
	.id = SRTP_HMAC_SHA1,
};

static srtp_err_status_t hmac_alloc(srtp_auth_t **out, int key_len, int tag_len)
{
	srtp_auth_t *auth;

	if (key_len < 0 || key_len > SHA1_BLOCK || tag_len < 0 || tag_len > SHA1_DIGEST_SIZE)
		return srtp_err_status_bad_param;
	auth = mem_alloc(HANDLE_LEN(*auth) + sizeof(struct hmac));
	if (!auth)
		return srtp_err_status_alloc_fail;
	auth->type = &hmac_sha1;
	auth->state = (char *)auth + HANDLE_LEN(*auth);
	auth->key_len = key_len;
	auth->out_len = tag_len;
	*out = auth;
	return srtp_err_status_ok;
}

/* libsrtp has no question for it, but makes no context before it is started. To start it
 * twice is no way: then it tests itself and ends the process when memory is out. */
static srtp_err_status_t try_context(void)
{
	uint8_t key[SRTP_AES_ICM_128_KEY_LEN_WSALT] = {0};
	srtp_policy_t policy = {.ssrc = {.type = ssrc_any_inbound}, .key = key};
	srtp_err_status_t status;
	srtp_t probe;

	srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
	srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
	status = srtp_create(&probe, &policy);
	if (!status)
		srtp_dealloc(probe);
	return status;
}

static srtp_err_status_t start_library(void)
{
	srtp_err_status_t status = try_context();

	return status == srtp_err_status_init_fail ? srtp_init() : status;
}

int srtp_kernels_install(void)
{
	static const srtp_cipher_type_t *const ciphers[] = {&icm128, &icm256, &gcm128, &gcm256};

	if (start_library())
		return SBC_ECRYPTO;
	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++) {
		if (srtp_replace_cipher_type(ciphers[i], ciphers[i]->id))
			return SBC_ECRYPTO;
	}
	if (srtp_replace_auth_type(&hmac_sha1, hmac_sha1.id))
		return SBC_ECRYPTO;
	return 0;
}
