/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_SDES_H
#define SBC_SDES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/random.h"
#include "base/slice.h"

/*
 * Keys in descriptions: a=crypto of RFC 4568, with the suites of it and of RFC 7714. One
 * master key a line and no MKI: lines that need more are passed over, as are those with
 * session parameters that we would have to obey. Secret: what holds a line is wiped. Pure.
 */

#define SDES_KEY_MAX   46 /* master key and salt, bytes: 32 + 14 is room for every suite */
#define SDES_LINE_MAX  4  /* usable ones of a section: one for each suite */
#define SDES_TAG_MAX   999999999u
#define SDES_TEXT_SIZE 128 /* of a printed value, with its end */

struct sdes_line {
	uint32_t tag;
	uint16_t profile;          /* the suite by its DTLS-SRTP number: 1, 2, 7, 8 */
	uint8_t key[SDES_KEY_MAX]; /* master key || master salt; see sdes_key_len() */
};

/* "AES_CM_128_HMAC_SHA1_80"; NULL: no suite of ours. */
const char *sdes_suite_name(uint16_t profile);
/* Bytes of master key, and of the salt behind it. 0: no suite of ours. */
size_t sdes_key_len(uint16_t profile);
size_t sdes_salt_len(uint16_t profile);

/* The value of a=crypto. SBC_EPARSE: not even the grammar, or a key of the wrong length (a
 * peer that means another thing than it says); SBC_ENOENT: well-formed, but no line that we
 * could take. */
int sdes_parse(struct sdes_line *out, struct slice value);

/* A line of a fresh key. SBC_EINVAL: no suite of ours. */
int sdes_line_make(struct sdes_line *out, uint32_t tag, uint16_t profile,
	const struct random_source *random);
/* "1 AES_CM_128_HMAC_SHA1_80 inline:..." appended; out's err. Secret: buf_fini_secret(). */
int sdes_print(struct buf *out, const struct sdes_line *line);

#endif
