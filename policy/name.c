/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Canonical names, RFC 8224 section 8: telephone numbers without '+' and separators, URIs
 * without parameters, password and headers. Pure.
 */

#include "policy/name.h"

#include "base/err.h"

/* What a whole number has at least and at most (E.164; CAN-1, CAN-5). */
#define TN_DIGITS_MIN 7
#define TN_DIGITS_MAX 15

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

static int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The escaped character at the front of s, or -1. */
static int escaped(struct slice s)
{
	int high, low;

	if (s.len < 3 || s.ptr[0] != '%')
		return -1;
	high = hex_value(s.ptr[1]);
	low = hex_value(s.ptr[2]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* Text that grows in an array: no allocation that could fail in the middle of a judgement. */
struct line {
	char *out;
	size_t size;
	size_t len;
	bool is_full;
};

static void put(struct line *line, char c)
{
	if (line->len + 1 >= line->size) {
		line->is_full = true;
		return;
	}
	line->out[line->len++] = c;
	line->out[line->len] = '\0';
}

static void put_slice(struct line *line, struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		put(line, s.ptr[i]);
}

static void put_lower(struct line *line, struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		put(line, c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c);
	}
}

static void put_escaped(struct line *line, int code)
{
	static const char digits[] = "0123456789ABCDEF";

	put(line, '%');
	put(line, digits[code >> 4]);
	put(line, digits[code & 15]);
}

/* RFC 3261 section 25.1: unreserved characters lose their escape, the others keep it. */
static int put_user(struct line *line, struct slice user)
{
	while (user.len) {
		char c = user.ptr[0];
		int code = escaped(user);
		if (c == '%' && code < 0)
			return SBC_EPARSE;
		if (c != '%' && !is_alnum(c) && !is_one_of(c, "-_.!~*'()&=+$,;?/"))
			return SBC_EPARSE;
		if (c != '%')
			put(line, c);
		else if (is_alnum((char)code) || is_one_of((char)code, "-_.!~*'()"))
			put(line, (char)code);
		else
			put_escaped(line, code);
		user = slice_from(user, c == '%' ? 3 : 1);
	}
	return 0;
}

/* Digits, '*' and '#' of a number; separators are dropped, all else makes it none. */
static int read_tn(char *out, struct slice number, bool *is_global)
{
	size_t len = 0;

	*is_global = number.len && number.ptr[0] == '+';
	if (*is_global)
		number = slice_from(number, 1);
	while (number.len) {
		int code = escaped(number);
		char c = code < 0 ? number.ptr[0] : (char)code;
		if (is_digit(c) || c == '*' || c == '#') {
			if (len + 1 >= NAME_TN_MAX)
				return SBC_EPARSE;
			out[len++] = c;
		} else if (!is_one_of(c, "-.() ")) {
			return SBC_EPARSE;
		}
		number = slice_from(number, code < 0 ? 1 : 3);
	}
	out[len] = '\0';
	return len ? 0 : SBC_EPARSE;
}

static bool is_whole_number(const char *tn)
{
	size_t len = strlen(tn);

	return len >= TN_DIGITS_MIN && len <= TN_DIGITS_MAX;
}

static bool is_ipv6_reference(struct slice host)
{
	if (host.len < 4 || host.ptr[0] != '[' || host.ptr[host.len - 1] != ']')
		return false;
	for (size_t i = 1; i + 1 < host.len; i++) {
		if (hex_value(host.ptr[i]) < 0 && host.ptr[i] != ':' && host.ptr[i] != '.')
			return false;
	}
	return true;
}

bool name_is_host(struct slice host)
{
	char last = '.';

	if (!host.len || host.len >= NAME_HOST_MAX)
		return false;
	if (host.ptr[0] == '[')
		return is_ipv6_reference(host);
	for (size_t i = 0; i < host.len; i++) {
		char c = host.ptr[i];
		if (!is_alnum(c) && c != '-' && (c != '.' || last == '.'))
			return false;
		last = c;
	}
	return last != '.';
}

struct parts {
	struct slice scheme, user, host, port;
	bool is_phone; /* ;user=phone */
};

static int split_host(struct parts *out, struct slice at)
{
	size_t end = 0;
	uint64_t port;

	if (at.len && at.ptr[0] == '[')
		end = slice_find(at, ']');
	while (end < at.len && !is_one_of(at.ptr[end], ":;?"))
		end++;
	out->host = slice_head(at, end);
	at = slice_from(at, end);
	if (at.len && at.ptr[0] == ':') {
		at = slice_from(at, 1);
		for (end = 0; end < at.len && is_digit(at.ptr[end]); end++)
			;
		out->port = slice_head(at, end);
		at = slice_from(at, end);
		if (slice_to_u64(out->port, 65535, &port) || !port)
			return SBC_EPARSE;
	}
	if (!name_is_host(out->host) || (at.len && !is_one_of(at.ptr[0], ";?")))
		return SBC_EPARSE;
	at = slice_head(at, slice_find(at, '?'));
	while (at.len) {
		struct slice parameter = slice_cut(&at, ';');
		if (slice_equal_nocase(parameter, SLICE("user=phone")))
			out->is_phone = true;
	}
	return 0;
}

static int split_sip(struct parts *out, struct slice at)
{
	size_t end = slice_find(at, '@');

	if (end < at.len) {
		struct slice userinfo = slice_head(at, end);
		out->user = slice_cut(&userinfo, ':'); /* the password is dropped */
		if (!out->user.len)
			return SBC_EPARSE;
		at = slice_from(at, end + 1);
		if (slice_find(at, '@') < at.len)
			return SBC_EPARSE;
	}
	return split_host(out, at);
}

static int print_uri(struct identity_name *out, const struct parts *parts)
{
	struct line line = {.out = out->uri_port, .size = sizeof(out->uri_port)};

	put_lower(&line, parts->scheme);
	put(&line, ':');
	if (put_user(&line, parts->user))
		return SBC_EPARSE;
	if (parts->user.len)
		put(&line, '@');
	put_lower(&line, parts->host);
	slice_copy(slice_of(line.out, line.len), out->uri, sizeof(out->uri));
	if (parts->port.len) {
		put(&line, ':');
		put_slice(&line, parts->port);
	}
	return line.is_full ? SBC_ELIMIT : 0;
}

static int parse_tel(struct identity_name *out, struct slice at)
{
	bool is_global;

	out->is_tn = true;
	return read_tn(out->tn, slice_head(at, slice_find(at, ';')), &is_global);
}

/* CAN-1: user=phone and a leading '+' make a number; bare digits only may be one. */
static void find_tn(struct identity_name *out, const struct parts *parts)
{
	struct slice number = slice_head(parts->user, slice_find(parts->user, ';'));
	bool is_global;

	if (read_tn(out->tn, number, &is_global) || !is_whole_number(out->tn)) {
		out->tn[0] = '\0';
		return;
	}
	out->is_tn = is_global || parts->is_phone;
}

int name_parse(struct identity_name *out, struct slice addr_spec)
{
	struct identity_name name = {0};
	struct parts parts = {0};
	struct slice at = addr_spec;
	struct line host = {.out = name.host, .size = sizeof(name.host)};
	int err;

	parts.scheme = slice_cut(&at, ':');
	if (slice_equal_nocase(parts.scheme, SLICE("tel"))) {
		err = parse_tel(&name, at);
		if (!err)
			*out = name;
		return err;
	}
	if (!slice_equal_nocase(parts.scheme, SLICE("sip")) &&
		!slice_equal_nocase(parts.scheme, SLICE("sips")))
		return SBC_EPARSE;
	err = split_sip(&parts, at);
	err = err ? err : print_uri(&name, &parts);
	if (err)
		return err;
	put_lower(&host, parts.host);
	find_tn(&name, &parts);
	*out = name;
	return 0;
}

const char *name_text(const struct identity_name *name)
{
	return name->is_tn || !name->uri[0] ? name->tn : name->uri;
}

bool name_is_tn(const struct identity_name *name, struct slice claim)
{
	char tn[NAME_TN_MAX];
	bool is_global;

	return name->tn[0] && !read_tn(tn, claim, &is_global) &&
	       slice_equal(slice_str(tn), slice_str(name->tn));
}

bool name_is_uri(const struct identity_name *name, struct slice claim)
{
	struct identity_name claimed;

	if (name_parse(&claimed, claim))
		return false;
	if (!claimed.uri[0]) /* tel: */
		return name->is_tn && slice_equal(slice_str(claimed.tn), slice_str(name->tn));
	/* CAN-7: the port as received, then without. */
	return slice_equal(slice_str(claimed.uri_port), slice_str(name->uri_port)) ||
	       slice_equal(slice_str(claimed.uri_port), slice_str(name->uri));
}
