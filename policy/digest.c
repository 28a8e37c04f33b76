/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Digest access authentication, RFC 7616 and RFC 8760, server side. Pure but for random bytes.
 */

#include "policy/digest.h"

#include "base/b64.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "policy/crypto.h"
#include "policy/name.h"

#define CREDENTIALS_MAX 4096 /* bytes of one value */
#define PARAMETER_MAX   24   /* parameters in it */
#define TEXT_MAX        8192 /* bytes that are hashed */
#define REALM_MAX       128

/* In the order of enum digest_algorithm and of our preference (RFC 8760 section 2.3). */
static const struct {
	const char *name;
	enum crypto_hash hash;
} algorithms[DIGEST_ALGORITHM_MAX] = {
	{"SHA-256", CRYPTO_SHA256},
	{"SHA-512-256", CRYPTO_SHA512_256},
	{"MD5", CRYPTO_MD5},
};

int digest_init(struct digest *digest, struct slice secret, const uint8_t seed[16])
{
	struct random_source random = random_system();

	*digest = (struct digest){0};
	list_init(&digest->_entries);
	if (secret.len == DIGEST_SECRET_LEN)
		memcpy(digest->_secret, secret.ptr, DIGEST_SECRET_LEN);
	else if (!secret.len)
		random.fill(random.arg, digest->_secret, DIGEST_SECRET_LEN);
	else
		return SBC_EINVAL;
	return hash_init(&digest->_nonces, DIGEST_NONCE_MAX, seed);
}

/* ---- nonces ---- */

#define NONCE_TIME_LEN   8
#define NONCE_RANDOM_LEN 8
#define NONCE_HEAD_LEN   (NONCE_TIME_LEN + NONCE_RANDOM_LEN)
#define NONCE_MAC_LEN    16
#define NONCE_LEN        (NONCE_HEAD_LEN + NONCE_MAC_LEN)
#define NONCE_TEXT_LEN   43 /* base64url of it */

struct nonce {
	struct hash_node node;
	struct list place;
	uint8_t head[NONCE_HEAD_LEN];
	int64_t expires_at;
	uint32_t highest; /* nonce count */
	uint64_t window;  /* bit n: highest - n was used */
};

static void drop_nonce(struct digest *digest, struct nonce *nonce)
{
	hash_remove(&digest->_nonces, &nonce->node);
	list_remove(&nonce->place);
	mem_free(nonce);
}

void digest_fini(struct digest *digest)
{
	while (digest->_entries.next && !list_is_empty(&digest->_entries))
		drop_nonce(digest, container_of(digest->_entries.next, struct nonce, place));
	hash_fini(&digest->_nonces);
	mem_wipe(digest->_secret, sizeof(digest->_secret));
}

/* The MAC binds time, random part and realm to our secret. */
static int nonce_mac(const struct digest *digest, const uint8_t head[NONCE_HEAD_LEN],
	struct slice realm, uint8_t mac[CRYPTO_SHA256_LEN])
{
	struct buf text;
	int err;

	buf_init(&text, NONCE_HEAD_LEN + REALM_MAX);
	buf_put(&text, head, NONCE_HEAD_LEN);
	buf_put_slice(&text, realm);
	err = text.err;
	err = err ? err
		  : crypto_hmac_sha256(slice_of(digest->_secret, DIGEST_SECRET_LEN),
			    buf_slice(&text), mac);
	buf_fini(&text);
	return err;
}

static int make_nonce(
	const struct digest *digest, struct slice realm, int64_t now_s, struct buf *out)
{
	struct random_source random = random_system();
	uint8_t bytes[NONCE_LEN], mac[CRYPTO_SHA256_LEN];
	int err;

	for (int i = 0; i < NONCE_TIME_LEN; i++)
		bytes[i] = (uint8_t)((uint64_t)now_s >> (56 - 8 * i));
	random.fill(random.arg, bytes + NONCE_TIME_LEN, NONCE_RANDOM_LEN);
	err = nonce_mac(digest, bytes, realm, mac);
	memcpy(bytes + NONCE_HEAD_LEN, mac, NONCE_MAC_LEN);
	return err ? err : b64_encode(out, B64_URL, bytes, sizeof(bytes));
}

/* Ours, for this realm and not too old? Then its first bytes come out. */
static bool check_nonce(const struct digest *digest, struct slice text, struct slice realm,
	int64_t now_s, uint8_t head[NONCE_HEAD_LEN])
{
	uint8_t mac[CRYPTO_SHA256_LEN];
	uint64_t made_at = 0;
	struct buf bytes;
	bool is_ours;

	buf_init(&bytes, NONCE_LEN);
	is_ours = text.len == NONCE_TEXT_LEN && !b64_decode(&bytes, B64_URL, text) &&
		  bytes.len == NONCE_LEN &&
		  !nonce_mac(digest, (const uint8_t *)bytes.data, realm, mac) &&
		  mem_equal_secret(mac, bytes.data + NONCE_HEAD_LEN, NONCE_MAC_LEN);
	if (is_ours) {
		memcpy(head, bytes.data, NONCE_HEAD_LEN);
		for (int i = 0; i < NONCE_TIME_LEN; i++)
			made_at = made_at << 8 | head[i];
		is_ours = (int64_t)made_at <= now_s + DIGEST_NONCE_LIFE_S &&
			  now_s < (int64_t)made_at + DIGEST_NONCE_LIFE_S;
	}
	buf_fini(&bytes);
	return is_ours;
}

static void expire_nonces(struct digest *digest, int64_t now_s)
{
	while (!list_is_empty(&digest->_entries)) {
		struct nonce *first = container_of(digest->_entries.next, struct nonce, place);
		if (now_s < first->expires_at)
			return;
		drop_nonce(digest, first);
	}
}

static struct nonce *find_nonce(struct digest *digest, const uint8_t head[NONCE_HEAD_LEN])
{
	uint64_t hash = hash_of(&digest->_nonces, slice_of(head, NONCE_HEAD_LEN));
	struct hash_node *node = hash_first(&digest->_nonces, hash);

	for (; node; node = hash_next(node)) {
		struct nonce *nonce = container_of(node, struct nonce, node);
		if (memcmp(nonce->head, head, NONCE_HEAD_LEN) == 0)
			return nonce;
	}
	return NULL;
}

static struct nonce *add_nonce(
	struct digest *digest, const uint8_t head[NONCE_HEAD_LEN], int64_t now_s)
{
	struct nonce *nonce = mem_alloc(sizeof(*nonce));
	uint64_t hash = hash_of(&digest->_nonces, slice_of(head, NONCE_HEAD_LEN));

	if (!nonce)
		return NULL;
	memcpy(nonce->head, head, NONCE_HEAD_LEN);
	/* Beyond the life of any nonce made until now; so the list stays in order. */
	nonce->expires_at = now_s + 2 * DIGEST_NONCE_LIFE_S;
	list_init(&nonce->place);
	if (hash_insert(&digest->_nonces, &nonce->node, hash)) {
		mem_free(nonce);
		return NULL;
	}
	list_append(&digest->_entries, &nonce->place);
	return nonce;
}

/* Each count once; those that overtook each other by less than 64 are all good. False also
 * when there is no room: the phone then asks for a new nonce. */
static bool use_nonce(struct digest *digest, const uint8_t head[NONCE_HEAD_LEN], uint32_t count,
	int64_t now_s)
{
	struct nonce *nonce;
	uint64_t bit;

	expire_nonces(digest, now_s);
	nonce = find_nonce(digest, head);
	if (!nonce)
		nonce = add_nonce(digest, head, now_s);
	if (!nonce)
		return false;
	if (count > nonce->highest) {
		uint32_t step = count - nonce->highest;
		nonce->window = (step < 64 ? nonce->window << step : 0) | 1;
		nonce->highest = count;
		return true;
	}
	if (nonce->highest - count >= 64)
		return false;
	bit = UINT64_C(1) << (nonce->highest - count);
	if (nonce->window & bit)
		return false;
	nonce->window |= bit;
	return true;
}

/* ---- challenges ---- */

static bool is_plain(struct slice realm)
{
	for (size_t i = 0; i < realm.len; i++) {
		if (realm.ptr[i] < ' ' || realm.ptr[i] > '~' || realm.ptr[i] == '"' ||
			realm.ptr[i] == '\\')
			return false;
	}
	return realm.len > 0 && realm.len <= REALM_MAX;
}

void digest_challenge(struct digest *digest, struct slice realm, const struct digest_user *user,
	bool is_stale, int64_t now_s, struct digest_challenges *out)
{
	struct buf text;

	*out = (struct digest_challenges){0};
	if (!is_plain(realm))
		return;
	buf_init(&text, DIGEST_CHALLENGE_TEXT_MAX - 1);
	for (size_t i = 0; i < DIGEST_ALGORITHM_MAX; i++) {
		if (user && !user->ha1[i].len)
			continue;
		buf_reset(&text);
		buf_printf(&text, "Digest realm=\"%.*s\", qop=\"auth\", nonce=\"",
			SLICE_ARG(realm));
		if (make_nonce(digest, realm, now_s, &text))
			continue;
		buf_printf(&text, "\", algorithm=%s%s", algorithms[i].name,
			is_stale ? ", stale=true" : "");
		if (!text.err && !slice_copy(buf_slice(&text), out->values[out->count],
					 DIGEST_CHALLENGE_TEXT_MAX))
			out->count++;
	}
	buf_fini(&text);
}

/* ---- credentials ---- */

struct credentials {
	struct slice username, realm, nonce, uri, response, algorithm, cnonce, qop, nc,
		userhash;
};

/* One value: quoted (the quotes go, escapes stay) or a token. */
static int cut_value(struct slice *rest, struct slice *out)
{
	size_t end = 0;

	if (rest->len && rest->ptr[0] == '"') {
		for (end = 1; end < rest->len && rest->ptr[end] != '"'; end++) {
			if (rest->ptr[end] == '\\')
				end++;
		}
		if (end >= rest->len)
			return SBC_EPARSE;
		*out = slice_head(slice_from(*rest, 1), end - 1);
		*rest = slice_trim(slice_from(*rest, end + 1));
		if (rest->len && rest->ptr[0] != ',')
			return SBC_EPARSE;
		*rest = slice_from(*rest, 1);
		return 0;
	}
	*out = slice_trim(slice_cut(rest, ','));
	return out->len ? 0 : SBC_EPARSE;
}

int digest_parameter(struct slice *rest, struct slice *name, struct slice *value)
{
	size_t equals = slice_find(*rest, '=');

	*name = slice_trim(slice_head(*rest, equals));
	*rest = slice_trim(slice_from(*rest, equals + 1));
	return name->len ? cut_value(rest, value) : SBC_EPARSE;
}

static struct slice *find_parameter(struct credentials *c, struct slice name)
{
	const struct {
		const char *name;
		struct slice *value;
	} known[] = {
		{"username", &c->username},
		{"realm", &c->realm},
		{"nonce", &c->nonce},
		{"uri", &c->uri},
		{"response", &c->response},
		{"algorithm", &c->algorithm},
		{"cnonce", &c->cnonce},
		{"qop", &c->qop},
		{"nc", &c->nc},
		{"userhash", &c->userhash},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (slice_equal_nocase(name, slice_str(known[i].name)))
			return known[i].value;
	}
	return NULL;
}

static int parse_credentials(struct credentials *out, struct slice text)
{
	struct slice rest = slice_trim(text);
	unsigned count = 0;

	*out = (struct credentials){0};
	if (rest.len > CREDENTIALS_MAX || !slice_starts_nocase(rest, SLICE("Digest ")))
		return SBC_EPARSE;
	rest = slice_trim(slice_from(rest, 7));
	while (rest.len) {
		struct slice name, value, *known;
		if (++count > PARAMETER_MAX || digest_parameter(&rest, &name, &value))
			return SBC_EPARSE;
		known = find_parameter(out, name);
		rest = slice_trim(rest);
		if (known && known->ptr)
			return SBC_EPARSE; /* twice: which one would count? */
		if (known)
			*known = value;
	}
	return out->username.len && out->realm.len ? 0 : SBC_EPARSE;
}

int digest_credentials_user(
	struct slice credentials, struct slice *username, struct slice *realm)
{
	struct credentials c;

	if (parse_credentials(&c, credentials))
		return SBC_EPARSE;
	*username = c.username;
	*realm = c.realm;
	return 0;
}

/* ---- the check ---- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* nc = 8LHEX, from 1. */
static int parse_count(struct slice text, uint32_t *out)
{
	uint32_t count = 0;

	if (text.len != 8)
		return SBC_EPARSE;
	for (size_t i = 0; i < text.len; i++) {
		int digit = hex_digit(text.ptr[i]);
		if (digit < 0)
			return SBC_EPARSE;
		count = count << 4 | (uint32_t)digit;
	}
	*out = count;
	return count ? 0 : SBC_EPARSE;
}

/* Which of ours it is; DIGEST_ALGORITHM_MAX: none. Absent means MD5 (RFC 7616 section 3.3). */
static size_t find_algorithm(struct slice name)
{
	size_t i = 0;

	if (!name.len)
		return DIGEST_MD5;
	while (i < DIGEST_ALGORITHM_MAX &&
		!slice_equal_nocase(name, slice_str(algorithms[i].name)))
		i++;
	return i;
}

/* RFC 7616 section 3.4.6: the same resource; a phone may write it with other parameters. */
static bool is_same_uri(struct slice a, struct slice b)
{
	struct identity_name x, y;

	if (slice_equal(a, b))
		return true;
	return !name_parse(&x, a) && !name_parse(&y, b) && x.uri[0] &&
	       slice_equal(slice_str(x.uri), slice_str(y.uri));
}

/* RFC 7616 section 3.4.1: H(H(A1):nonce:nc:cnonce:qop:H(A2)). */
static int expected_response(enum crypto_hash hash, struct slice ha1, struct slice method,
	const struct credentials *c, char out[CRYPTO_HEX_SIZE])
{
	char ha2[CRYPTO_HEX_SIZE];
	struct buf text;
	int err;

	buf_init(&text, TEXT_MAX);
	buf_put_slice(&text, method);
	buf_put_char(&text, ':');
	buf_put_slice(&text, c->uri);
	err = text.err ? text.err : crypto_hash_hex(hash, buf_slice(&text), ha2);
	buf_reset(&text);
	buf_put_slice(&text, ha1);
	for (int i = 0; i < 5; i++) {
		const struct slice parts[] = {
			c->nonce, c->nc, c->cnonce, c->qop, slice_str(ha2)};
		buf_put_char(&text, ':');
		buf_put_slice(&text, parts[i]);
	}
	err = err ? err : text.err;
	err = err ? err : crypto_hash_hex(hash, buf_slice(&text), out);
	buf_fini_secret(&text);
	return err;
}

/* Hex digits of either case, in constant time. */
static bool is_response(struct slice given, const char *expected, size_t len)
{
	char lower[CRYPTO_HEX_SIZE] = "";

	if (given.len != len)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = given.ptr[i];
		lower[i] = c >= 'A' && c <= 'F' ? (char)(c + 'a' - 'A') : c;
	}
	return mem_equal_secret(lower, expected, len);
}

static bool is_well_formed(const struct credentials *c, uint32_t *count)
{
	return c->nonce.len && c->uri.len && c->response.len && c->cnonce.len &&
	       slice_equal_nocase(c->qop, SLICE("auth")) && !parse_count(c->nc, count) &&
	       !slice_equal_nocase(c->userhash, SLICE("true"));
}

enum digest_outcome digest_authenticate(struct digest *digest, const struct digest_user *user,
	const struct digest_request *request, int64_t now_s)
{
	char expected[CRYPTO_HEX_SIZE];
	uint8_t head[NONCE_HEAD_LEN];
	struct credentials c;
	enum crypto_hash hash;
	uint32_t count;
	size_t algorithm;

	if (parse_credentials(&c, request->credentials) || !is_well_formed(&c, &count) ||
		!is_same_uri(c.uri, request->request_uri))
		return DIGEST_MALFORMED;
	algorithm = find_algorithm(c.algorithm);
	if (!user || algorithm >= DIGEST_ALGORITHM_MAX ||
		!slice_equal(c.username, user->username) || !slice_equal(c.realm, user->realm))
		return DIGEST_WRONG;
	hash = algorithms[algorithm].hash;
	if (user->ha1[algorithm].len != crypto_hash_hex_len(hash) ||
		expected_response(hash, user->ha1[algorithm], request->method, &c, expected) ||
		!is_response(c.response, expected, crypto_hash_hex_len(hash)))
		return DIGEST_WRONG;
	/* From here on the password was right (RFC 7616 section 3.3: stale). */
	if (!check_nonce(digest, c.nonce, c.realm, now_s, head) ||
		!use_nonce(digest, head, count, now_s))
		return DIGEST_STALE;
	return DIGEST_OK;
}
