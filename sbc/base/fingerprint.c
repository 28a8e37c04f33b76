/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificate fingerprints, RFC 8122 section 5. Pure. */

#include "base/fingerprint.h"

#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"

static const struct {
	const char *alg;
	enum fingerprint_hash hash;
	uint8_t len; /* bytes */
} known[] = {
	{"sha-1", FINGERPRINT_SHA1, 20},
	{"sha-256", FINGERPRINT_SHA256, 32},
	{"sha-384", FINGERPRINT_SHA384, 48},
	{"sha-512", FINGERPRINT_SHA512, 64},
};

enum fingerprint_hash fingerprint_hash(const struct fingerprint *f)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (slice_equal(slice_str(f->alg), slice_str(known[i].alg)))
			return known[i].hash;
	}
	return FINGERPRINT_UNKNOWN;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

static bool is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
	       c == '.' || c == '+';
}

static int parse_alg(struct fingerprint *f, struct slice alg)
{
	if (!alg.len || slice_copy(alg, f->alg, sizeof(f->alg)))
		return SBC_EPARSE;
	for (size_t i = 0; i < alg.len; i++) {
		if (f->alg[i] >= 'A' && f->alg[i] <= 'Z')
			f->alg[i] = (char)(f->alg[i] + ('a' - 'A'));
		if (!is_token_char(f->alg[i]))
			return SBC_EPARSE;
	}
	return 0;
}

/* separator: ':' between two octets, or '\0' for none. */
static int parse_digest(struct fingerprint *f, struct slice hex, char separator)
{
	size_t step = separator ? 3 : 2;
	size_t count = separator ? (hex.len + 1) / 3 : hex.len / 2;

	if (!count || count > FINGERPRINT_DIGEST_MAX ||
		hex.len != count * step - (separator ? 1 : 0))
		return SBC_EPARSE;
	for (size_t i = 0; i < count; i++) {
		const char *at = hex.ptr + i * step;
		int high = hex_digit(at[0]), low = hex_digit(at[1]);
		if (high < 0 || low < 0)
			return SBC_EPARSE;
		if (separator && i + 1 < count && at[2] != separator)
			return SBC_EPARSE;
		f->digest[i] = (uint8_t)(high << 4 | low);
	}
	f->digest_len = (uint8_t)count;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].hash == fingerprint_hash(f) && known[i].len != count)
			return SBC_EPARSE;
	}
	return 0;
}

static int parse(struct fingerprint *out, struct slice alg, struct slice hex, char separator)
{
	struct fingerprint f = {0};

	if (parse_alg(&f, alg) || parse_digest(&f, hex, separator))
		return SBC_EPARSE;
	*out = f;
	return 0;
}

int fingerprint_parse(struct fingerprint *out, struct slice value)
{
	struct slice rest = slice_trim(value);
	struct slice alg = slice_cut(&rest, ' ');

	return parse(out, alg, slice_trim(rest), ':');
}

int fingerprint_parse_hex(struct fingerprint *out, struct slice alg, struct slice hex)
{
	return parse(out, alg, hex, '\0');
}

static const char digits[] = "0123456789ABCDEF";

const char *fingerprint_print_hex(const struct fingerprint *f, char *out)
{
	char *at = out;

	for (size_t i = 0; i < f->digest_len; i++) {
		*at++ = digits[f->digest[i] >> 4];
		*at++ = digits[f->digest[i] & 15];
	}
	*at = '\0';
	return out;
}

const char *fingerprint_print(const struct fingerprint *f, char *out)
{
	int n = snprintf(out, FINGERPRINT_TEXT_MAX, "%.*s ", FINGERPRINT_ALG_MAX - 1, f->alg);
	char *at = out + n;

	for (size_t i = 0; i < f->digest_len; i++) {
		if (i)
			*at++ = ':';
		*at++ = digits[f->digest[i] >> 4];
		*at++ = digits[f->digest[i] & 15];
	}
	*at = '\0';
	return out;
}

bool fingerprint_equal(const struct fingerprint *a, const struct fingerprint *b)
{
	return a->digest_len == b->digest_len &&
	       slice_equal(slice_str(a->alg), slice_str(b->alg)) &&
	       mem_equal_secret(a->digest, b->digest, a->digest_len);
}

bool fingerprint_set_has(const struct fingerprint_set *set, const struct fingerprint *f)
{
	for (size_t i = 0; i < set->count; i++) {
		if (fingerprint_equal(&set->items[i], f))
			return true;
	}
	return false;
}

int fingerprint_set_add(struct fingerprint_set *set, const struct fingerprint *f)
{
	if (fingerprint_set_has(set, f))
		return 0;
	if (set->count >= FINGERPRINT_SET_MAX)
		return SBC_ELIMIT;
	set->items[set->count++] = *f;
	return 0;
}

bool fingerprint_set_equal(const struct fingerprint_set *a, const struct fingerprint_set *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (!fingerprint_set_has(b, &a->items[i]))
			return false;
	}
	return true;
}

enum fingerprint_hash fingerprint_set_strongest(const struct fingerprint_set *set)
{
	enum fingerprint_hash best = FINGERPRINT_UNKNOWN;

	for (size_t i = 0; i < set->count; i++) {
		enum fingerprint_hash hash = fingerprint_hash(&set->items[i]);
		if (hash > best && hash != FINGERPRINT_SHA1)
			best = hash;
	}
	return best;
}
