/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values of the configuration: one reader for each type of the table of keys. A value that
 * cannot be taken is a fault with its place, and leaves the field as it was. Pure. */

#include <ctype.h>
#include <stdio.h>

#include "base/err.h"
#include "sbc/config_tree.h"

#define TEXT_MAX    400 /* bytes: what fits into the paths made from it */
#define SENT_BY_MAX 127 /* struct listener_config */
#define DOMAIN_MAX  127 /* TLS_NAME_MAX, identity_verdict */
#define LABEL_MAX   63  /* RFC 1035 section 2.3.4 */
#define NUMBER_MAX  4294967295u
#define URL_MAX     500 /* identity_verdict.url */

bool config_as_text(struct config_reading *r, const struct config_node *node, struct slice *out)
{
	if (node->kind != CONFIG_SCALAR) {
		config_fault(r->faults, node, "one value is wanted here, not a %s",
			node->kind == CONFIG_MAPPING ? "mapping" : "list");
		return false;
	}
	if (config_node_is_null(node)) {
		config_fault(r->faults, node, "no value");
		return false;
	}
	*out = node->text;
	return true;
}

static const char *keep(struct config_reading *r, struct slice text)
{
	struct slice copy = arena_copy(r->arena, text);

	r->faults->is_out_of_memory |= !copy.ptr;
	return copy.ptr ? copy.ptr : "";
}

static void set_text(
	struct config_reading *r, const struct config_row *row, char *base, struct slice text)
{
	*(const char **)(void *)(base + row->offset) = keep(r, text);
}

static bool has_only(struct slice text, bool (*is_allowed)(unsigned char c))
{
	for (size_t i = 0; i < text.len; i++)
		if (!is_allowed((unsigned char)text.ptr[i]))
			return false;
	return true;
}

static bool is_printable(unsigned char c)
{
	return c >= 0x20 && c != 0x7f;
}

static bool is_name(unsigned char c)
{
	return c < 0x80 && (isalnum(c) || c == '.' || c == '_' || c == '-');
}

/* RFC 3261 section 25.1: unreserved and user-unreserved, without escapes. */
static bool is_user(unsigned char c)
{
	return c < 0x80 && (isalnum(c) || (c && strchr("-_.!~*'()&=+$,;?/", c)));
}

static bool is_host(unsigned char c)
{
	return c < 0x80 && (isalnum(c) || (c && strchr(".-:[]", c)));
}

static bool is_url(unsigned char c)
{
	return c > 0x20 && c < 0x7f && !strchr("\"<>\\^`{|}", c);
}

static void read_text(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	struct slice text;

	if (!config_as_text(r, node, &text))
		return;
	if (text.len < row->min)
		config_fault(r->faults, node, "may not be empty");
	else if (text.len > TEXT_MAX || !has_only(text, is_printable))
		config_fault(r->faults, node, "too long or with control characters");
	else
		set_text(r, row, base, text);
}

/* Whoever looks for "/run/x/fifo " will not find it: no blanks in paths (MI-2). */
static void read_path(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	struct slice text;

	if (!config_as_text(r, node, &text))
		return;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == ' ' || text.ptr[i] == '\t') {
			config_fault(r->faults, node, "the path \"%.*s\" has a blank in it",
				SLICE_ARG(slice_head(text, 100)));
			return;
		}
	}
	if (text.len > TEXT_MAX || !has_only(text, is_printable))
		config_fault(r->faults, node, "too long or with control characters");
	else
		set_text(r, row, base, text);
}

/* Octal, with the 0 in front. 660 without it is decimal to the servers that this key comes
 * from, and 01224 in octal: p-w--w-r-T (MI-6). */
static void read_mode(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	struct slice text, digits;
	unsigned value = 0;

	if (!config_as_text(r, node, &text))
		return;
	digits = slice_starts(text, SLICE("0o")) ? slice_from(text, 2) : text;
	for (size_t i = 0; i < digits.len; i++) {
		if (digits.ptr[i] < '0' || digits.ptr[i] > '7' || digits.len > 5) {
			config_fault(r->faults, node, "not an octal mode such as 0660");
			return;
		}
		value = value * 8 + (unsigned)(digits.ptr[i] - '0');
	}
	if (!text.len || text.ptr[0] != '0')
		config_fault(r->faults, node,
			"a mode begins with 0: write 0%.*s (%.*s alone is a decimal number)",
			SLICE_ARG(text), SLICE_ARG(text));
	else if (value > 0777)
		config_fault(r->faults, node, "a mode here is at most 0777");
	else
		*(unsigned *)(void *)(base + row->offset) = value ? value : 0600;
}

static void read_name(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	struct slice text;

	if (!config_as_text(r, node, &text))
		return;
	if (!text.len || text.len > LABEL_MAX || !has_only(text, is_name))
		config_fault(r->faults, node,
			"not a name: letters, digits and . _ -, at most %d", LABEL_MAX);
	else
		set_text(r, row, base, text);
}

static void read_user(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	struct slice text;

	if (!config_as_text(r, node, &text))
		return;
	if (!text.len || text.len > LABEL_MAX || !has_only(text, is_user))
		config_fault(r->faults, node,
			"not the user part of a SIP address (alice, +15551234; no @)");
	else
		set_text(r, row, base, text);
}

/* Host names as in RFC 1123 section 2.1: no empty or long label, no dash at its ends. */
static bool is_domain(struct slice text)
{
	struct slice label;

	if (!text.len || text.len > DOMAIN_MAX || !has_only(text, is_name))
		return false;
	do {
		bool has_more = slice_find(text, '.') < text.len;
		label = slice_cut(&text, '.');
		if (!label.len || label.len > LABEL_MAX || label.ptr[0] == '-' ||
			label.ptr[label.len - 1] == '-')
			return false;
		if (has_more && !text.len)
			return false;
	} while (text.len);
	return true;
}

static bool check_domain(
	struct config_reading *r, const struct config_node *node, char out[DOMAIN_MAX + 1])
{
	struct netaddr address;
	struct slice text;

	if (!config_as_text(r, node, &text))
		return false;
	if (!netaddr_parse(&address, text, 0)) {
		config_fault(r->faults, node, "a domain is a name, not an address");
		return false;
	}
	if (!is_domain(text)) {
		config_fault(r->faults, node, "not a domain name");
		return false;
	}
	slice_copy(text, out, DOMAIN_MAX + 1);
	for (char *c = out; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return true;
}

static void read_domain(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	char name[DOMAIN_MAX + 1];

	if (check_domain(r, node, name))
		set_text(r, row, base, slice_str(name));
}

static void read_sent_by(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	struct slice text, host, port;
	struct netaddr address;
	uint64_t number = 1;

	if (!config_as_text(r, node, &text))
		return;
	if (!netaddr_parse_hostport(&address, text, 5060)) {
		/* An IPv6 literal stands in brackets in Via (RFC 3261 section 25.1). */
		if (address.sa.sa_family == AF_INET6 && text.ptr[0] != '[')
			config_fault(r->faults, node, "write the IPv6 address in brackets");
		else
			set_text(r, row, base, text);
		return;
	}
	port = text;
	host = slice_cut(&port, ':');
	if (port.len && (slice_to_u64(port, 65535, &number) || !number))
		config_fault(r->faults, node, "not a port: %.*s", SLICE_ARG(port));
	else if (text.len > SENT_BY_MAX || !has_only(text, is_host) || !is_domain(host))
		config_fault(r->faults, node, "neither host nor host:port");
	else
		set_text(r, row, base, text);
}

static void read_url(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	struct slice text, rest;
	bool is_https;

	if (!config_as_text(r, node, &text))
		return;
	is_https = slice_starts_nocase(text, SLICE("https://"));
	rest = slice_from(text, is_https ? 8 : 7);
	if (!is_https && !slice_starts_nocase(text, SLICE("http://")))
		config_fault(r->faults, node, "not an https: URL");
	else if (text.len > URL_MAX || !has_only(text, is_url) ||
		 slice_find(rest, '@') < rest.len || slice_find(rest, '#') < rest.len)
		config_fault(r->faults, node, "not a URL that a certificate is fetched from");
	else if (slice_find(rest, '/') == 0 || slice_find(rest, '/') == rest.len)
		/* Kamailio's parser of Identity-Info insists on a path. */
		config_fault(r->faults, node, "the URL needs a host and a path");
	else
		set_text(r, row, base, text);
}

static bool is_hex(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool is_hex_upper(unsigned char c)
{
	return c >= 'A' && c <= 'F';
}

static void read_hex(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	struct slice text;

	if (!config_as_text(r, node, &text))
		return;
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		if (is_hex_upper(c)) {
			config_fault(r->faults, node,
				"the digits of the hash must be in lower case (RFC 7616)");
			return;
		}
		if (!is_hex(c)) {
			config_fault(r->faults, node,
				"not a hash: character %zu is no hexadecimal digit", i + 1);
			return;
		}
	}
	if (text.len != row->max)
		config_fault(r->faults, node, "%u hexadecimal digits are wanted, these are %zu",
			row->max, text.len);
	else
		set_text(r, row, base, text);
}

static void read_number(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	struct slice text;
	uint64_t value;
	int err;

	if (!config_as_text(r, node, &text))
		return;
	err = slice_to_u64(text, NUMBER_MAX, &value);
	if (err == SBC_EPARSE)
		config_fault(r->faults, node, "not a number");
	else if (err || value < row->min || value > row->max)
		config_fault(r->faults, node, "out of range: %u to %u", row->min, row->max);
	else
		*(unsigned *)(void *)(base + row->offset) = (unsigned)value;
}

static void read_hostport(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	struct netaddr address;
	struct slice text;

	if (!config_as_text(r, node, &text))
		return;
	if (netaddr_parse_hostport(&address, text, 0))
		config_fault(r->faults, node,
			"not an address: 192.0.2.1:5061 or [2001:db8::1]:5061 is meant, no "
			"name");
	else
		*(struct netaddr *)(void *)(base + row->offset) = address;
}

static void read_address(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	struct netaddr address;
	struct slice text;

	if (!config_as_text(r, node, &text))
		return;
	if (netaddr_parse(&address, text, 0))
		config_fault(r->faults, node,
			"not an address: 192.0.2.1 or 2001:db8::1 is meant, no name, no port");
	else
		*(struct netaddr *)(void *)(base + row->offset) = address;
}

/* RTP on the even port, RTCP on the odd one above (RFC 3550 section 11). */
static void read_ports(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base)
{
	struct slice text, from;
	uint64_t min, max;

	if (!config_as_text(r, node, &text))
		return;
	from = slice_trim(slice_cut(&text, '-'));
	text = slice_trim(text);
	if (slice_to_u64(from, 65535, &min) || slice_to_u64(text, 65535, &max))
		config_fault(r->faults, node, "not a range of ports: 20000-20999 is meant");
	else if (min < 1024 || min % 2 || max % 2 == 0 || max < min)
		config_fault(r->faults, node,
			"a range of ports goes from an even one, 1024 or above, to an odd one");
	else {
		*(uint16_t *)(void *)(base + row->offset) = (uint16_t)min;
		*(uint16_t *)(void *)(base + row->second) = (uint16_t)max;
	}
}

const struct config_type config_type_text = {"text", read_text};
const struct config_type config_type_path = {"path", read_path};
const struct config_type config_type_mode = {"octal mode", read_mode};
const struct config_type config_type_name = {"name", read_name};
const struct config_type config_type_user = {"user name", read_user};
const struct config_type config_type_domain = {"domain", read_domain};
const struct config_type config_type_sent_by = {"host or host:port", read_sent_by};
const struct config_type config_type_url = {"URL", read_url};
const struct config_type config_type_hex = {"hex digits", read_hex};
const struct config_type config_type_number = {"number", read_number};
const struct config_type config_type_hostport = {"address or address:port", read_hostport};
const struct config_type config_type_address = {"address", read_address};
const struct config_type config_type_ports = {"first-last", read_ports};
