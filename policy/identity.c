/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Identity and Identity-Info header fields, RFC 8224 section 4, RFC 4474 section 9. Pure.
 */

#include "policy/identity.h"

#include "base/err.h"
#include "policy/name.h"

static void refuse(struct identity_value *out, int code, const char *why)
{
	if (out->code)
		return; /* the first fault counts */
	out->code = code;
	out->why = why;
}

static bool is_base64url_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_';
}

/* Where the first c outside of quotes and angle brackets stands; s.len when nowhere. */
static size_t find_outside(struct slice s, char c)
{
	bool in_quotes = false, in_angles = false;

	for (size_t i = 0; i < s.len; i++) {
		char at = s.ptr[i];
		/* Most of a value is base64. */
		while ((is_base64url_char(at) || at == '.') && ++i < s.len)
			at = s.ptr[i];
		if (i == s.len)
			break;
		if (in_quotes && at == '\\')
			i++;
		else if (at == '"' && !in_angles)
			in_quotes = !in_quotes;
		else if (at == '<' && !in_quotes)
			in_angles = true;
		else if (at == '>' && !in_quotes)
			in_angles = false;
		else if (at == c && !in_quotes && !in_angles)
			return i;
	}
	return s.len;
}

static struct slice cut_outside(struct slice *rest, char c)
{
	size_t end = find_outside(*rest, c);
	struct slice cut = slice_trim(slice_head(*rest, end));

	*rest = slice_from(*rest, end + 1);
	return cut;
}

struct slice identity_next(struct slice *rest)
{
	struct slice value = {0};

	while (rest->len && !value.len)
		value = cut_outside(rest, ',');
	return value;
}

static bool is_base64url(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!is_base64url_char(s.ptr[i]))
			return false;
	}
	return true;
}

/* Either three texts or two dots and one text. */
static void split_token(struct identity_value *out, struct slice token)
{
	struct slice rest = token;

	out->header = slice_cut(&rest, '.');
	out->payload = slice_cut(&rest, '.');
	out->signature = rest;
	out->is_compact = !out->header.len && !out->payload.len;
	if (!out->signature.len || (!out->header.len != !out->payload.len) ||
		!is_base64url(out->header) || !is_base64url(out->payload) ||
		!is_base64url(out->signature)) {
		refuse(out, 438, "signed-identity-digest is malformed");
		return;
	}
	if (!out->is_compact)
		out->signed_text = slice_head(token, out->header.len + 1 + out->payload.len);
}

/* ID8224-4: a token, but quoted is deployed too. */
static struct slice unquote(struct slice value)
{
	if (value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"')
		return slice_head(slice_from(value, 1), value.len - 2);
	return value;
}

static void read_info(struct identity_value *out, struct slice value)
{
	if (value.len < 3 || value.ptr[0] != '<' || value.ptr[value.len - 1] != '>') {
		refuse(out, 436, "info is no URI in angle brackets");
		return;
	}
	out->info = slice_head(slice_from(value, 1), value.len - 2);
}

static void read_parameter(struct identity_value *out, struct slice parameter)
{
	struct slice value = parameter;
	struct slice name = slice_trim(slice_cut(&value, '='));
	struct slice *known = slice_equal_nocase(name, SLICE("info"))  ? &out->info
			      : slice_equal_nocase(name, SLICE("alg")) ? &out->alg
			      : slice_equal_nocase(name, SLICE("ppt")) ? &out->ppt
								       : NULL;

	value = slice_trim(value);
	if (!known)
		return; /* generic-param (ID8224-6) */
	if (known->ptr) {
		refuse(out, 438, "info, alg or ppt stands twice");
		return;
	}
	if (known == &out->info) {
		read_info(out, value);
		return;
	}
	*known = unquote(value);
	if (!known->len)
		refuse(out, 438, "alg or ppt is empty");
}

static void parse_8224(struct identity_value *out, struct slice value)
{
	struct slice rest = value;
	struct slice token = cut_outside(&rest, ';');

	out->kind = IDENTITY_KIND_8224;
	split_token(out, token);
	while (rest.len)
		read_parameter(out, cut_outside(&rest, ';'));
	if (!out->info.len)
		refuse(out, 436, "no info parameter");
}

static void parse_4474(struct identity_value *out, struct slice value)
{
	struct slice rest = slice_from(value, 1);

	out->kind = IDENTITY_KIND_4474;
	out->signature = slice_cut(&rest, '"');
	if (rest.len) {
		/* A quoted text with parameters is of neither RFC. */
		out->kind = IDENTITY_KIND_BROKEN;
		refuse(out, 438, "quoted Identity with more behind it");
	} else if (!out->signature.len || value.ptr[value.len - 1] != '"') {
		refuse(out, 438, "Identity is no quoted string");
	}
}

void identity_parse(struct identity_value *out, struct slice value)
{
	*out = (struct identity_value){.kind = IDENTITY_KIND_BROKEN};
	value = slice_trim(value);
	if (!value.len || value.len > IDENTITY_VALUE_MAX) {
		refuse(out, 438, value.len ? "Identity is too long" : "Identity is empty");
		return;
	}
	if (value.ptr[0] == '"')
		parse_4474(out, value);
	else
		parse_8224(out, value);
}

int identity_info_parse(struct slice value, struct slice *uri, struct slice *alg)
{
	struct slice rest = slice_trim(value);
	struct slice bracketed = cut_outside(&rest, ';');
	struct slice found = {0};

	if (bracketed.len < 3 || bracketed.ptr[0] != '<' ||
		bracketed.ptr[bracketed.len - 1] != '>')
		return SBC_EPARSE;
	while (rest.len) {
		struct slice text = cut_outside(&rest, ';');
		struct slice name = slice_trim(slice_cut(&text, '='));
		text = unquote(slice_trim(text));
		if (!slice_equal_nocase(name, SLICE("alg")))
			continue;
		if (found.len || !text.len)
			return SBC_EPARSE;
		found = text;
	}
	*uri = slice_head(slice_from(bracketed, 1), bracketed.len - 2);
	*alg = found;
	return 0;
}

/* host [":" port] in front of the path. */
static bool is_authority(struct slice authority)
{
	size_t bracket =
		authority.len && authority.ptr[0] == '[' ? slice_find(authority, ']') : 0;
	size_t colon = bracket + slice_find(slice_from(authority, bracket), ':');
	struct slice port = slice_from(authority, colon + 1);
	uint64_t number;

	if (colon < authority.len && slice_to_u64(port, 65535, &number))
		return false;
	return name_is_host(slice_head(authority, colon));
}

bool identity_is_url(struct slice url, bool allow_http)
{
	struct slice rest;
	size_t end = 0;

	if (url.len > IDENTITY_URL_MAX)
		return false;
	for (size_t i = 0; i < url.len; i++) {
		/* The last ones are no URI characters (RFC 3986); a fragment names no file. */
		if (url.ptr[i] <= ' ' || url.ptr[i] > '~' || strchr("\\\"<>^`{|}#", url.ptr[i]))
			return false;
	}
	if (slice_starts_nocase(url, SLICE("https://")))
		rest = slice_from(url, 8);
	else if (allow_http && slice_starts_nocase(url, SLICE("http://")))
		rest = slice_from(url, 7);
	else
		return false;
	while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?')
		end++;
	return is_authority(slice_head(rest, end));
}
