/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * URIs, addresses and Via values as they are written, RFC 3261 sections 19.1, 20.10, 20.42
 * and 25.1: nothing is unescaped, nothing is copied. Pure; any thread.
 */

#include "base/err.h"
#include "base/netaddr.h"
#include "sbc/sip_parts.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct slice skip_blanks(struct slice s)
{
	while (s.len && is_blank(s.ptr[0]))
		s = slice_from(s, 1);
	return s;
}

/* What stands between two pointers into one text. */
static struct slice between(const char *from, const char *to)
{
	return slice_of(from, (size_t)(to - from));
}

/* Length of the quoted string that s begins with, quotes and all; 0: it does not end. */
static size_t quoted_len(struct slice s)
{
	for (size_t i = 1; i < s.len; i++) {
		if (s.ptr[i] == '\\')
			i++;
		else if (s.ptr[i] == '"')
			return i + 1;
	}
	return 0;
}

/* The same for what stands in <>. */
static size_t bracketed_len(struct slice s)
{
	size_t end = slice_find(s, '>');

	return end < s.len ? end + 1 : 0;
}

/* Index of the first stop outside of quotes and <>; s.len when there is none. SBC_EPARSE: a
 * quote or bracket that does not end. */
static int find_outside(struct slice s, char stop, size_t *out)
{
	size_t i = 0, first = slice_find(s, stop);
	struct slice before = slice_head(s, first);

	/* Mostly nothing is quoted before it. */
	if (slice_find(before, '"') == first && slice_find(before, '<') == first) {
		*out = first;
		return 0;
	}
	while (i < s.len && s.ptr[i] != stop) {
		size_t len = 1;
		if (s.ptr[i] == '"')
			len = quoted_len(slice_from(s, i));
		else if (s.ptr[i] == '<')
			len = bracketed_len(slice_from(s, i));
		if (!len)
			return SBC_EPARSE;
		i += len;
	}
	*out = i;
	return 0;
}

/* ---- parameters ---- */

/* Takes "name [= value]" up to the next ';'. SBC_ENOENT: nothing follows that ';'. */
static int param_next(struct slice *rest, struct slice *name, struct slice *value)
{
	size_t end;
	struct slice text;

	if (!rest->ptr)
		return SBC_ENOENT;
	if (find_outside(*rest, ';', &end))
		return SBC_EPARSE;
	text = slice_head(*rest, end);
	*rest = end < rest->len ? slice_from(*rest, end + 1) : (struct slice){0};
	*name = slice_trim(slice_cut(&text, '='));
	*value = slice_trim(text);
	return 0;
}

bool sip_param_find(struct slice params, const char *name, struct slice *value)
{
	struct slice key, found;

	while (!param_next(&params, &key, &found)) {
		if (slice_equal_nocase(key, slice_str(name))) {
			*value = found;
			return true;
		}
	}
	*value = (struct slice){0};
	return false;
}

/* Bytes that could end a URI, a parameter, a line or a string elsewhere. */
static bool is_delimiter(char c)
{
	return (unsigned char)c <= ' ' || c == '"' || c == '<' || c == '>' || c == '\\' ||
	       c == 0x7f;
}

/* generic-param: a token, or token = token / host / quoted string. */
static bool is_param_value(struct slice value)
{
	if (value.len && value.ptr[0] == '"')
		return quoted_len(value) == value.len;
	for (size_t i = 0; i < value.len; i++) {
		if (is_delimiter(value.ptr[i]))
			return false;
	}
	return true;
}

/* Parameters of a header value: none is empty, and the one that names something (tag,
 * branch) does not stand there twice. */
static int check_params(struct slice params, const char *single, struct slice *found)
{
	struct slice name, value;
	size_t found_count = 0;
	int err;

	*found = (struct slice){0};
	while (!(err = param_next(&params, &name, &value))) {
		if (!sip_is_token(name) || !is_param_value(value))
			return SBC_EPARSE;
		if (!slice_equal_nocase(name, slice_str(single)))
			continue;
		if (found_count++ || !value.len)
			return SBC_EPARSE;
		*found = value;
	}
	return err == SBC_ENOENT ? 0 : err;
}

/* ---- URIs ---- */

static bool is_scheme(struct slice s)
{
	if (!sip_is_token(s) || !((s.ptr[0] | 0x20) >= 'a' && (s.ptr[0] | 0x20) <= 'z'))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (strchr("!%*_`'~", s.ptr[i]))
			return false;
	}
	return true;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* Escapes are whole (section 25.1: "%" HEXDIG HEXDIG). */
static bool is_uri_text(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (is_delimiter(s.ptr[i]))
			return false;
		if (s.ptr[i] == '%' &&
			(s.len - i < 3 || !is_hex(s.ptr[i + 1]) || !is_hex(s.ptr[i + 2])))
			return false;
	}
	return true;
}

static bool is_host_name(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		if (!((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
			    c == '-' || c == '.' || c == '_'))
			return false;
	}
	return s.len > 0;
}

/* "host", "host:port" or "[v6]:port"; blanks around the colon only in a Via. */
static int parse_hostport(struct slice text, struct slice *host, uint16_t *port)
{
	struct slice rest = slice_trim(text);
	struct netaddr literal;
	uint64_t number = 0;

	if (rest.len && rest.ptr[0] == '[') {
		size_t end = slice_find(rest, ']');
		if (end == rest.len)
			return SBC_EPARSE;
		*host = between(rest.ptr + 1, rest.ptr + end);
		rest = slice_trim(slice_from(rest, end + 1));
		if (slice_find(*host, ':') == host->len || netaddr_parse(&literal, *host, 0) ||
			(rest.len && rest.ptr[0] != ':'))
			return SBC_EPARSE;
	} else {
		size_t end = slice_find(rest, ':');
		*host = slice_trim(slice_head(rest, end));
		rest = slice_from(rest, end);
		if (!is_host_name(*host))
			return SBC_EPARSE;
	}
	if (rest.len) {
		rest = slice_trim(slice_from(rest, 1));
		if (slice_to_u64(rest, UINT16_MAX, &number) || !number)
			return SBC_EPARSE;
	}
	*port = (uint16_t)number;
	return 0;
}

/* What follows "sip:" or "sips:". The user part may hold ; ? and :, so '@' comes first. */
static int parse_sip_uri(struct sip_uri *uri, struct slice rest, struct slice *headers)
{
	size_t at = slice_find(rest, '@');
	struct slice host = rest;

	if (at < rest.len) {
		struct slice info = slice_head(rest, at);
		uri->user = slice_cut(&info, ':'); /* a password is nothing we want */
		host = slice_from(rest, at + 1);
		if (!uri->user.len || slice_find(host, '@') < host.len)
			return SBC_EPARSE;
	}
	*headers = host;
	host = slice_cut(headers, '?');
	uri->params = host;
	host = slice_cut(&uri->params, ';');
	return parse_hostport(host, &uri->host, &uri->port);
}

int sip_uri_parse_headers(struct sip_uri *out, struct slice raw, struct slice *headers)
{
	struct sip_uri uri = {.raw = raw};
	struct slice rest = raw;
	int err = 0;

	*headers = (struct slice){0};
	uri.scheme = slice_cut(&rest, ':');
	if (!rest.len || !is_scheme(uri.scheme) || !is_uri_text(rest))
		return SBC_EPARSE;
	if (slice_equal_nocase(uri.scheme, SLICE("sip")) ||
		slice_equal_nocase(uri.scheme, SLICE("sips"))) {
		err = parse_sip_uri(&uri, rest, headers);
	} else {
		uri.params = rest;
		slice_cut(&uri.params, ';');
	}
	if (!err)
		*out = uri;
	return err;
}

int sip_uri_parse(struct sip_uri *out, struct slice raw)
{
	struct slice headers;

	return sip_uri_parse_headers(out, raw, &headers);
}

/* ---- addresses ---- */

/* Cuts one value of a comma list off *rest; a comma with nothing around it is refused. */
static int value_next(struct slice *rest, struct slice *value)
{
	struct slice text = slice_trim(*rest);
	size_t end;

	if (!text.len) {
		*rest = text;
		return SBC_ENOENT;
	}
	if (find_outside(text, ',', &end))
		return SBC_EPARSE;
	*value = slice_trim(slice_head(text, end));
	*rest = slice_from(text, end + 1);
	if (!value->len || (end < text.len && !slice_trim(*rest).len))
		return SBC_EPARSE;
	return 0;
}

/* display-name: a quoted string or what stands before '<'. */
static int take_display(struct slice *rest, struct slice *display)
{
	size_t len;

	if (rest->ptr[0] == '"') {
		len = quoted_len(*rest);
		if (!len)
			return SBC_EPARSE;
		*display = slice_of(rest->ptr + 1, len - 2);
		*rest = skip_blanks(slice_from(*rest, len));
		return rest->len && rest->ptr[0] == '<' ? 0 : SBC_EPARSE;
	}
	len = slice_find(*rest, '<');
	*display = slice_trim(slice_head(*rest, len));
	*rest = slice_from(*rest, len);
	/* Outside of quotes these would read as another address or a parameter. */
	for (size_t i = 0; i < display->len; i++) {
		if (strchr("\",;:@>\\", display->ptr[i]))
			return SBC_EPARSE;
	}
	return 0;
}

/* Where the value's parameters begin; *uri is what stands before them. */
static int take_addr_spec(struct slice *rest, struct sip_address *address)
{
	struct slice uri, headers;
	size_t end;

	if (rest->ptr[0] == '"' || slice_find(*rest, '<') < slice_find(*rest, ';')) {
		if (take_display(rest, &address->display))
			return SBC_EPARSE;
		end = slice_find(*rest, '>');
		if (end == rest->len)
			return SBC_EPARSE;
		uri = between(rest->ptr + 1, rest->ptr + end);
		*rest = skip_blanks(slice_from(*rest, end + 1));
		return sip_uri_parse(&address->uri, uri);
	}
	/* Without brackets ';' begins the header's parameters and '?' may not stand there
	 * (section 20.10). */
	end = slice_find(*rest, ';');
	uri = slice_trim(slice_head(*rest, end));
	*rest = slice_from(*rest, end);
	if (sip_uri_parse_headers(&address->uri, uri, &headers) ||
		slice_find(uri, '?') < uri.len)
		return SBC_EPARSE;
	return 0;
}

int sip_address_next(struct sip_address *out, struct slice *rest)
{
	struct sip_address address = {0};
	struct slice after = *rest, text;
	int err = value_next(&after, &text);

	if (err)
		return err;
	address.raw = text;
	if (take_addr_spec(&text, &address))
		return SBC_EPARSE;
	if (text.len) {
		if (text.ptr[0] != ';')
			return SBC_EPARSE;
		address.params = slice_from(text, 1);
		if (check_params(address.params, "tag", &address.tag))
			return SBC_EPARSE;
	}
	*out = address;
	*rest = after;
	return 0;
}

/* ---- Via ---- */

/* sent-protocol: "SIP" SLASH "2.0" SLASH transport, blanks around the slashes. */
static int take_sent_protocol(struct slice *rest, struct slice *transport)
{
	struct slice name = slice_trim(slice_cut(rest, '/'));
	struct slice version = slice_trim(slice_cut(rest, '/'));
	size_t len = 0;

	*rest = skip_blanks(*rest);
	while (len < rest->len && !is_blank(rest->ptr[len]))
		len++;
	*transport = slice_head(*rest, len);
	*rest = skip_blanks(slice_from(*rest, len));
	return slice_equal_nocase(name, SLICE("SIP")) && slice_equal(version, SLICE("2.0")) &&
			       sip_is_token(*transport)
		       ? 0
		       : SBC_EPARSE;
}

int sip_via_next(struct sip_via *out, struct slice *params, struct slice *rest)
{
	struct sip_via via = {0};
	struct slice after = *rest, text, value;
	size_t end;
	int err = value_next(&after, &text);

	if (err)
		return err;
	via.raw = text;
	end = slice_find(text, ';');
	*params = slice_from(text, end + 1);
	value = slice_head(text, end);
	if (take_sent_protocol(&value, &via.transport) ||
		parse_hostport(value, &via.host, &via.port))
		return SBC_EPARSE;
	if (end < text.len && check_params(*params, "branch", &via.branch))
		return SBC_EPARSE;
	via.has_rport = sip_param_find(*params, "rport", &value);
	via.has_alias = sip_param_find(*params, "alias", &value);
	/* RFC 4475 section 3.1.1.13 (badbranch): the cookie alone names no transaction. */
	if (slice_equal_nocase(via.branch, SLICE("z9hG4bK")))
		via.branch = (struct slice){0};
	*out = via;
	*rest = after;
	return 0;
}
