/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * PASSporT, RFC 8225. Written: members sorted, no blanks (section 9). Read: strictly, since
 * every tolerance is a second spelling of the same claim. Pure.
 */

#include "policy/passport.h"

#include <stdio.h>

#include "base/b64.h"
#include "base/err.h"

#define PASSPORT_TEXT_MAX 8192 /* bytes of header or payload (ID8224-8) */
#define PASSPORT_DEPTH    4    /* ID8224-8 */
#define DEST_MAX          32   /* destinations in one PASSporT */

/* ---- writing ---- */

static const char *const type_names[] = {
	[PASSPORT_BASE] = "",
	[PASSPORT_SHAKEN] = "shaken",
	[PASSPORT_DIV] = "div",
	[PASSPORT_MSEC] = "msec",
	[PASSPORT_RSP] = "rsp",
};

int passport_type_of(struct slice ppt, enum passport_type *out)
{
	for (size_t i = 0; i < sizeof(type_names) / sizeof(type_names[0]); i++) {
		if (slice_equal(slice_str(type_names[i]), ppt)) {
			*out = (enum passport_type)i;
			return 0;
		}
	}
	return SBC_ENOENT;
}

static void put_party(struct buf *out, const struct identity_name *name, bool is_array)
{
	buf_put_str(out, name->is_tn ? "{\"tn\":" : "{\"uri\":");
	buf_put_str(out, is_array ? "[" : "");
	json_put_string(out, slice_str(name_text(name)));
	buf_put_str(out, is_array ? "]}" : "}");
}

/* MKY-4: in the order of alg and digits put together. */
static int compare_keys(const struct fingerprint *a, const struct fingerprint *b)
{
	char x[FINGERPRINT_ALG_MAX + 2 * FINGERPRINT_DIGEST_MAX + 1];
	char y[sizeof(x)];
	size_t length;

	length = strlen(a->alg);
	memcpy(x, a->alg, length);
	fingerprint_print_hex(a, x + length);
	length = strlen(b->alg);
	memcpy(y, b->alg, length);
	fingerprint_print_hex(b, y + length);
	return strcmp(x, y);
}

static void put_mky(struct buf *out, const struct fingerprint_set *set)
{
	struct fingerprint_set sorted = *set;
	char hex[2 * FINGERPRINT_DIGEST_MAX + 1];

	for (size_t i = 1; i < sorted.count; i++) {
		for (size_t j = i;
			j && compare_keys(&sorted.items[j - 1], &sorted.items[j]) > 0; j--) {
			struct fingerprint f = sorted.items[j];
			sorted.items[j] = sorted.items[j - 1];
			sorted.items[j - 1] = f;
		}
	}
	buf_put_str(out, ",\"mky\":[");
	for (size_t i = 0; i < sorted.count; i++)
		buf_printf(out, "%s{\"alg\":\"%s\",\"dig\":\"%s\"}", i ? "," : "",
			sorted.items[i].alg, fingerprint_print_hex(&sorted.items[i], hex));
	buf_put_char(out, ']');
}

static void put_payload(struct buf *out, const struct passport_claims *claims)
{
	bool is_shaken = claims->type == PASSPORT_SHAKEN;

	buf_put_char(out, '{');
	if (is_shaken)
		buf_printf(out, "\"attest\":\"%c\",", claims->attest);
	buf_put_str(out, "\"dest\":");
	put_party(out, claims->dest, true);
	if (claims->type == PASSPORT_DIV) {
		buf_put_str(out, ",\"div\":");
		put_party(out, claims->div, false);
	}
	buf_printf(out, ",\"iat\":%lld", (long long)claims->iat);
	if (claims->mky && claims->mky->count)
		put_mky(out, claims->mky);
	buf_put_str(out, ",\"orig\":");
	put_party(out, claims->orig, false);
	if (is_shaken) {
		buf_put_str(out, ",\"origid\":");
		json_put_string(out, claims->origid);
	}
	buf_put_char(out, '}');
}

static void put_header(struct buf *out, struct slice x5u, enum passport_type type)
{
	buf_put_str(out, "{\"alg\":\"ES256\",");
	if (type != PASSPORT_BASE)
		buf_printf(out, "\"ppt\":\"%s\",", type_names[type]);
	buf_put_str(out, "\"typ\":\"passport\",\"x5u\":");
	json_put_string(out, x5u);
	buf_put_char(out, '}');
}

int passport_put(struct buf *out, struct slice x5u, const struct passport_claims *claims)
{
	struct buf text;

	buf_init(&text, PASSPORT_TEXT_MAX);
	put_header(&text, x5u, claims->type);
	b64_encode(out, B64_URL, text.data, text.err ? 0 : text.len);
	buf_put_char(out, '.');
	if (!text.err)
		buf_reset(&text);
	put_payload(&text, claims);
	b64_encode(out, B64_URL, text.data, text.err ? 0 : text.len);
	if (text.err && !out->err)
		out->err = text.err;
	buf_fini(&text);
	return out->err;
}

/* ---- reading ---- */

static int parse_object(struct json_document **out, struct slice b64)
{
	struct buf text;
	int err;

	buf_init(&text, PASSPORT_TEXT_MAX);
	err = b64_decode(&text, B64_URL, b64);
	err = err ? err : json_parse_shallow(out, buf_slice(&text), PASSPORT_DEPTH);
	buf_fini(&text);
	if (!err && !json_is_object(json_root(*out)))
		err = SBC_EPARSE;
	return err == SBC_ENOMEM ? err : err ? SBC_EPARSE : 0;
}

static const char *check_header(struct passport *p)
{
	const struct json *root = json_root(p->header);
	/* I3: keys that come with the message, and extensions that must be understood. */
	static const char *const refused[] = {"crit", "jwk", "jku", "x5c", "b64", "enc"};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (json_member(root, refused[i]))
			return "PASSporT header has crit, b64, enc or a key of its own";
	}
	p->alg = json_get_string(json_member(root, "alg"));
	p->x5u = json_get_string(json_member(root, "x5u"));
	p->ppt = json_get_string(json_member(root, "ppt"));
	if (!p->alg.ptr || !p->x5u.ptr)
		return "PASSporT header without alg or x5u";
	if (json_member(root, "ppt") && !p->ppt.len)
		return "ppt is no string of a type";
	if (passport_type_of(p->ppt, &p->type))
		return "ppt is of a type that is not known";
	if (!slice_equal(json_get_string(json_member(root, "typ")), SLICE("passport")))
		return "typ is not passport";
	return NULL;
}

/* ID8224-16: exactly one of tn and uri, a string. */
static bool is_party(const struct json *orig)
{
	const struct json *tn = json_member(orig, "tn"), *uri = json_member(orig, "uri");

	return json_is_object(orig) && json_count(orig) == 1 &&
	       json_get_string(tn ? tn : uri).len > 0;
}

static bool is_string_array(const struct json *array)
{
	if (!json_is_array(array) || !json_count(array) || json_count(array) > DEST_MAX)
		return false;
	for (size_t i = 0; i < json_count(array); i++) {
		if (!json_get_string(json_item(array, i)).len)
			return false;
	}
	return true;
}

/* ID8224-16: an object with arrays tn, uri or both. */
static bool is_destination(const struct json *dest)
{
	const struct json *tn = json_member(dest, "tn"), *uri = json_member(dest, "uri");
	size_t known = (tn ? 1 : 0) + (uri ? 1 : 0);

	return json_is_object(dest) && known && json_count(dest) == known &&
	       (!tn || is_string_array(tn)) && (!uri || is_string_array(uri));
}

static int read_mky(struct passport *p, const struct json *mky)
{
	if (!json_is_array(mky) || !json_count(mky) || json_count(mky) > FINGERPRINT_SET_MAX)
		return SBC_EPARSE;
	for (size_t i = 0; i < json_count(mky); i++) {
		const struct json *item = json_item(mky, i);
		struct fingerprint f;
		if (json_count(item) != 2 ||
			fingerprint_parse_hex(&f, json_get_string(json_member(item, "alg")),
				json_get_string(json_member(item, "dig"))) ||
			fingerprint_set_add(&p->mky, &f))
			return SBC_EPARSE;
	}
	p->has_mky = true;
	return 0;
}

/* RFC 8588 section 4: what ppt=shaken must have. */
static bool read_shaken(struct passport *p, const struct json *root)
{
	struct slice attest = json_get_string(json_member(root, "attest"));

	p->origid = json_get_string(json_member(root, "origid"));
	if (attest.len != 1 || attest.ptr[0] < 'A' || attest.ptr[0] > 'C' || !p->origid.len ||
		!json_member(json_member(root, "orig"), "tn") ||
		!json_member(json_member(root, "dest"), "tn"))
		return false;
	p->attest = attest.ptr[0];
	return true;
}

/* RFC 8946 section 3: one identity, and perhaps a History-Info index. */
static bool is_diverted(const struct json *div)
{
	const struct json *tn = json_member(div, "tn"), *uri = json_member(div, "uri");
	const struct json *hi = json_member(div, "hi");

	return json_is_object(div) && json_count(div) == (hi ? 2 : 1) && !tn != !uri &&
	       json_get_string(tn ? tn : uri).len > 0;
}

static const char *check_type(struct passport *p, const struct json *root)
{
	switch (p->type) {
	case PASSPORT_BASE:
		break;
	case PASSPORT_SHAKEN:
		if (!read_shaken(p, root))
			return "a claim that shaken demands is missing";
		break;
	case PASSPORT_DIV:
		if (!is_diverted(json_member(root, "div")))
			return "div is missing or malformed";
		break;
	case PASSPORT_MSEC:
		if (!p->has_mky)
			return "msec without mky";
		break;
	case PASSPORT_RSP:
		return "the claims of rsp are not known";
	}
	return NULL;
}

static const char *check_payload(struct passport *p)
{
	const struct json *root = json_root(p->payload);
	const struct json *mky = json_member(root, "mky");

	if (!json_get_integer(json_member(root, "iat"), &p->iat) || p->iat <= 0)
		return "iat is missing or no positive integer";
	if (!is_party(json_member(root, "orig")))
		return "orig is missing or malformed";
	if (!is_destination(json_member(root, "dest")))
		return "dest is missing or malformed";
	if (mky && read_mky(p, mky))
		return "mky is malformed";
	return check_type(p, root);
}

/* Most headers are what RFC 8225 section 9 makes of the parameters, byte for byte: those need
 * no JSON parser. False: perhaps it is another way of writing, or another text. */
static bool is_usual_header(
	struct passport *p, struct slice header, const struct passport_parameters *said)
{
	struct buf text, b64;
	bool is_usual = false;

	if (!said || passport_type_of(said->ppt, &p->type))
		return false;
	buf_init(&text, PASSPORT_TEXT_MAX);
	buf_init(&b64, 2 * PASSPORT_TEXT_MAX);
	put_header(&text, said->info, p->type);
	if (!text.err && !b64_encode(&b64, B64_URL, text.data, text.len))
		is_usual = slice_equal(buf_slice(&b64), header);
	buf_fini(&text);
	buf_fini(&b64);
	if (!is_usual)
		return false;
	p->alg = SLICE("ES256");
	p->x5u = said->info;
	p->ppt = said->ppt;
	return true;
}

static int read_header(struct passport *p, struct slice header,
	const struct passport_parameters *said, const char **why)
{
	int err;

	if (is_usual_header(p, header, said))
		return 0;
	*why = "PASSporT header is no base64url of a JSON object";
	err = parse_object(&p->header, header);
	if (err)
		return err;
	*why = check_header(p);
	return *why ? SBC_EPARSE : 0;
}

int passport_parse(struct passport *out, struct slice header, struct slice payload,
	const struct passport_parameters *said, const char **why)
{
	int err;

	*out = (struct passport){0};
	err = read_header(out, header, said, why);
	if (err)
		return err;
	*why = "PASSporT payload is no base64url of a JSON object";
	err = parse_object(&out->payload, payload);
	if (err)
		return err;
	*why = check_payload(out);
	return *why ? SBC_EPARSE : 0;
}

void passport_fini(struct passport *passport)
{
	json_free(passport->header);
	json_free(passport->payload);
	*passport = (struct passport){0};
}

bool passport_has_orig(const struct passport *passport, const struct identity_name *from)
{
	const struct json *orig = json_member(json_root(passport->payload), "orig");
	struct slice tn = json_get_string(json_member(orig, "tn"));

	if (tn.ptr)
		return name_is_tn(from, tn);
	return name_is_uri(from, json_get_string(json_member(orig, "uri")));
}

bool passport_has_dest(const struct passport *passport, const struct identity_name *to)
{
	const struct json *dest = json_member(json_root(passport->payload), "dest");
	const struct json *tn = json_member(dest, "tn"), *uri = json_member(dest, "uri");

	for (size_t i = 0; i < json_count(tn); i++) {
		if (name_is_tn(to, json_get_string(json_item(tn, i))))
			return true;
	}
	for (size_t i = 0; i < json_count(uri); i++) {
		if (name_is_uri(to, json_get_string(json_item(uri, i))))
			return true;
	}
	return false;
}

int passport_diverted(const struct passport *div, struct identity_name *out)
{
	const struct json *claim = json_member(json_root(div->payload), "div");
	struct slice tn = json_get_string(json_member(claim, "tn"));
	char text[NAME_URI_MAX];

	if (!tn.ptr)
		return name_parse(out, json_get_string(json_member(claim, "uri")));
	snprintf(text, sizeof(text), "tel:+%.*s", SLICE_ARG(tn));
	return name_parse(out, slice_str(text));
}
