/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Table of SRTP protection profiles. Pure. */

#include "media/profile.h"

static const struct profile profiles[] = {
	{MEDIA_SRTP_AES128_CM_SHA1_80, "SRTP_AES128_CM_HMAC_SHA1_80", "SRTP_AES128_CM_SHA1_80",
		16, 14},
	{MEDIA_SRTP_AES128_CM_SHA1_32, "SRTP_AES128_CM_HMAC_SHA1_32", "SRTP_AES128_CM_SHA1_32",
		16, 14},
	{MEDIA_SRTP_AEAD_AES_128_GCM, "SRTP_AEAD_AES_128_GCM", "SRTP_AEAD_AES_128_GCM", 16, 12},
	{MEDIA_SRTP_AEAD_AES_256_GCM, "SRTP_AEAD_AES_256_GCM", "SRTP_AEAD_AES_256_GCM", 32, 12},
};

const struct profile *profile_find(unsigned id)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		if ((unsigned)profiles[i].id == id)
			return &profiles[i];
	}
	return NULL;
}
