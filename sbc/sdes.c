/* SPDX-License-Identifier: GPL-3.0-or-later */
/* a=crypto (RFC 4568 section 9.2): <tag> <suite> inline:<key||salt>[|lifetime][|MKI:length]
 * [<session parameters>]. Pure. */

#include "sbc/sdes.h"

#include <string.h>

#include "base/b64.h"
#include "base/err.h"
#include "base/mem.h"

static const struct suite {
	const char *name;
	uint16_t profile;
	uint8_t key_len, salt_len;
} suites[] = {
	{"AES_CM_128_HMAC_SHA1_80", 1, 16, 14},
	{"AES_CM_128_HMAC_SHA1_32", 2, 16, 14},
	{"AEAD_AES_128_GCM", 7, 16, 12}, /* RFC 7714 section 14.1 */
	{"AEAD_AES_256_GCM", 8, 32, 12},
};
#define SUITE_COUNT (sizeof(suites) / sizeof(suites[0]))

static const struct suite *find_suite(uint16_t profile)
{
	for (size_t i = 0; i < SUITE_COUNT; i++) {
		if (suites[i].profile == profile)
			return &suites[i];
	}
	return NULL;
}

const char *sdes_suite_name(uint16_t profile)
{
	const struct suite *suite = find_suite(profile);

	return suite ? suite->name : NULL;
}

size_t sdes_key_len(uint16_t profile)
{
	const struct suite *suite = find_suite(profile);

	return suite ? suite->key_len : 0;
}

size_t sdes_salt_len(uint16_t profile)
{
	const struct suite *suite = find_suite(profile);

	return suite ? suite->salt_len : 0;
}

static struct slice take_word(struct slice *rest)
{
	struct slice word;

	*rest = slice_trim(*rest);
	word = slice_cut(rest, ' ');
	return slice_trim(word);
}

static int read_tag(struct slice word, uint32_t *out)
{
	uint64_t number;

	/* 1*9DIGIT; zeros in front would make two tags of one. */
	if (!word.len || word.len > 9 || (word.len > 1 && word.ptr[0] == '0') ||
		slice_to_u64(word, SDES_TAG_MAX, &number))
		return SBC_EPARSE;
	*out = (uint32_t)number;
	return 0;
}

/* Strict: a key that can be read in two ways is none. */
static int read_key(struct slice text, const struct suite *suite, uint8_t *out)
{
	size_t len = (size_t)suite->key_len + suite->salt_len;
	struct buf key;
	int err;

	buf_init(&key, SDES_KEY_MAX);
	err = b64_decode(&key, B64_PLAIN, text);
	if (!err && key.len != len)
		err = SBC_EPARSE;
	if (!err)
		memcpy(out, key.data, len);
	buf_fini_secret(&key);
	return err ? SBC_EPARSE : 0;
}

/* Behind the key: "2^31" or a number, then "1:4". The lifetime binds who sends with the key,
 * and that is the peer. With an MKI each packet would carry it: passed over. */
static int read_rest_of_key(struct slice rest)
{
	while (rest.len) {
		struct slice part = slice_cut(&rest, '|');
		uint64_t number;

		if (slice_find(part, ':') < part.len)
			return SBC_ENOENT;
		if (slice_starts(part, SLICE("2^")))
			part = slice_from(part, 2);
		if (slice_to_u64(part, UINT64_MAX, &number))
			return SBC_EPARSE;
	}
	return 0;
}

/* RFC 4568 section 6.3: all but a hint (WSH) and what is marked optional ("-") would change
 * what is sent. */
static int read_session(struct slice rest)
{
	struct slice word;

	while ((word = take_word(&rest)).len) {
		if (word.ptr[0] != '-' && !slice_starts(word, SLICE("WSH=")))
			return SBC_ENOENT;
	}
	return 0;
}

int sdes_parse(struct sdes_line *out, struct slice value)
{
	struct slice rest = value, tag, name, params, key;
	const struct suite *suite = NULL;
	struct sdes_line line = {0};
	int err;

	tag = take_word(&rest);
	name = take_word(&rest);
	params = take_word(&rest);
	if (read_tag(tag, &line.tag) || !name.len || !params.len)
		return SBC_EPARSE;
	for (size_t i = 0; i < SUITE_COUNT && !suite; i++) {
		if (slice_equal_nocase(name, slice_str(suites[i].name)))
			suite = &suites[i];
	}
	if (!suite)
		return SBC_ENOENT;
	if (!slice_starts(params, SLICE("inline:")))
		return SBC_EPARSE;
	if (slice_find(params, ';') < params.len) /* several keys are told apart by MKI */
		return SBC_ENOENT;
	params = slice_from(params, strlen("inline:"));
	key = slice_cut(&params, '|');
	line.profile = suite->profile;
	err = read_key(key, suite, line.key);
	err = err ? err : read_rest_of_key(params);
	err = err ? err : read_session(rest);
	if (!err)
		*out = line;
	mem_wipe(&line, sizeof(line));
	return err;
}

int sdes_line_make(struct sdes_line *out, uint32_t tag, uint16_t profile,
	const struct random_source *random)
{
	const struct suite *suite = find_suite(profile);

	if (!suite)
		return SBC_EINVAL;
	*out = (struct sdes_line){.tag = tag, .profile = profile};
	random->fill(random->arg, out->key, (size_t)suite->key_len + suite->salt_len);
	return 0;
}

int sdes_print(struct buf *out, const struct sdes_line *line)
{
	const struct suite *suite = find_suite(line->profile);

	if (!suite)
		return SBC_EINVAL;
	buf_printf(out, "%u %s inline:", line->tag, suite->name);
	return b64_encode(out, B64_PLAIN, line->key, (size_t)suite->key_len + suite->salt_len);
}
