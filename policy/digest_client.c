/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Digest access authentication, RFC 7616 and RFC 8760, client side. Pure. */

#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "policy/crypto.h"
#include "policy/digest.h"

#define CHALLENGE_MAX 2048 /* bytes of one value */
#define PARAMETER_MAX 24
#define TEXT_MAX      8192 /* bytes that are hashed */

/* Strongest first; which of them may be used is the operator's. */
static const struct {
	enum digest_algorithm algorithm;
	const char *name;
	enum crypto_hash hash;
} algorithms[] = {
	{DIGEST_SHA512_256, "SHA-512-256", CRYPTO_SHA512_256},
	{DIGEST_SHA256, "SHA-256", CRYPTO_SHA256},
	{DIGEST_MD5, "MD5", CRYPTO_MD5},
};
#define ALGORITHM_COUNT (sizeof(algorithms) / sizeof(algorithms[0]))

static int find_algorithm(struct slice name)
{
	if (!name.len)
		return ALGORITHM_COUNT - 1; /* RFC 7616 section 3.3: MD5 */
	for (size_t i = 0; i < ALGORITHM_COUNT; i++)
		if (slice_equal_nocase(name, slice_str(algorithms[i].name)))
			return (int)i;
	return SBC_ENOENT;
}

/* "auth,auth-int": one of them is auth. */
static bool offers_auth(struct slice qop)
{
	while (qop.len)
		if (slice_equal_nocase(slice_trim(slice_cut(&qop, ',')), SLICE("auth")))
			return true;
	return false;
}

/* What we say again must not end its quotes. */
static bool is_quotable(struct slice value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.ptr[i] == '"' || value.ptr[i] == '\\' ||
			(unsigned char)value.ptr[i] < ' ')
			return false;
	return true;
}

int policy_server_challenge_parse(struct server_challenge *out, struct slice value)
{
	struct slice algorithm = {0}, qop = {0}, stale = {0}, rest = slice_trim(value);
	struct server_challenge c = {0};
	const struct {
		const char *name;
		struct slice *value;
	} known[] = {{"realm", &c.realm}, {"nonce", &c.nonce}, {"opaque", &c.opaque},
		{"algorithm", &algorithm}, {"qop", &qop}, {"stale", &stale}};
	int found;

	if (!slice_equal_nocase(slice_cut(&rest, ' '), SLICE("Digest")))
		return SBC_ENOENT;
	if (value.len > CHALLENGE_MAX)
		return SBC_ELIMIT;
	for (unsigned count = 0; (rest = slice_trim(rest)).len; count++) {
		struct slice name, text;
		if (count == PARAMETER_MAX || digest_parameter(&rest, &name, &text))
			return SBC_EPARSE;
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			if (slice_equal_nocase(name, slice_str(known[i].name)))
				*known[i].value = text;
	}
	if (!c.nonce.len || !is_quotable(c.realm) || !is_quotable(c.nonce) ||
		!is_quotable(c.opaque))
		return SBC_EPARSE;
	found = find_algorithm(algorithm);
	if (found < 0 || (qop.len && !offers_auth(qop)))
		return SBC_ENOENT;
	c.algorithm = algorithms[found].algorithm;
	c.has_algorithm = algorithm.len > 0;
	c.has_qop = qop.len > 0;
	c.is_stale = slice_equal_nocase(stale, SLICE("true"));
	*out = c;
	return 0;
}

bool policy_server_challenge_is_stronger(
	const struct server_challenge *a, const struct server_challenge *b)
{
	for (size_t i = 0; i < ALGORITHM_COUNT; i++)
		if (algorithms[i].algorithm == a->algorithm ||
			algorithms[i].algorithm == b->algorithm)
			return algorithms[i].algorithm == a->algorithm &&
			       a->algorithm != b->algorithm;
	return false;
}

static int hash_parts(enum crypto_hash hash, const struct slice *parts, size_t count,
	char out[CRYPTO_HEX_SIZE])
{
	struct buf text;
	int err;

	buf_init(&text, TEXT_MAX);
	for (size_t i = 0; i < count; i++) {
		if (i)
			buf_put_char(&text, ':');
		buf_put_slice(&text, parts[i]);
	}
	err = text.err ? text.err : crypto_hash_hex(hash, buf_slice(&text), out);
	buf_fini_secret(&text);
	return err;
}

/* RFC 7616 section 3.4.1; without qop as RFC 2069 had it. */
static int compute(enum crypto_hash hash, const struct digest_login *login,
	const struct server_challenge *c, const struct digest_use *use,
	char out[CRYPTO_HEX_SIZE])
{
	const struct slice a1[] = {login->username, c->realm, login->password};
	const struct slice a2[] = {use->method, use->uri};
	char ha1[CRYPTO_HEX_SIZE] = "", ha2[CRYPTO_HEX_SIZE] = "", count[9];
	int err = hash_parts(hash, a1, 3, ha1);

	err = err ? err : hash_parts(hash, a2, 2, ha2);
	snprintf(count, sizeof(count), "%08x", use->count);
	if (!err && c->has_qop) {
		const struct slice all[] = {slice_str(ha1), c->nonce, slice_str(count),
			slice_str(use->cnonce), SLICE("auth"), slice_str(ha2)};
		err = hash_parts(hash, all, 6, out);
	} else if (!err) {
		const struct slice all[] = {slice_str(ha1), c->nonce, slice_str(ha2)};
		err = hash_parts(hash, all, 3, out);
	}
	mem_wipe(ha1, sizeof(ha1));
	return err;
}

int policy_digest_answer(const struct digest_login *login, const struct server_challenge *c,
	const struct digest_use *use, struct buf *out)
{
	char response[CRYPTO_HEX_SIZE] = "";
	size_t i = 0;
	int err;

	while (algorithms[i].algorithm != c->algorithm)
		i++;
	err = compute(algorithms[i].hash, login, c, use, response);
	if (err)
		return err;
	buf_printf(out,
		"Digest username=\"%.*s\", realm=\"%.*s\", nonce=\"%.*s\", uri=\"%.*s\", "
		"response=\"%s\"",
		SLICE_ARG(login->username), SLICE_ARG(c->realm), SLICE_ARG(c->nonce),
		SLICE_ARG(use->uri), response);
	if (c->has_algorithm)
		buf_printf(out, ", algorithm=%s", algorithms[i].name);
	if (c->opaque.ptr)
		buf_printf(out, ", opaque=\"%.*s\"", SLICE_ARG(c->opaque));
	if (c->has_qop)
		buf_printf(out, ", qop=auth, nc=%08x, cnonce=\"%s\"", use->count, use->cnonce);
	return out->err;
}
