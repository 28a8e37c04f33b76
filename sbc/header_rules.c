/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The table of headers between the legs (RFC 3261, RFC 3325 for the trust domain, RFC 7092
 * for what a B2BUA may do), and the rules that change it. Pure; any thread.
 *
 *   came ─► rules in of the sender ─► table ─► rules out of the receiver ─► written
 */

#include "sbc/header_rules.h"

#include "base/err.h"
#include "sbc/header_trial.h"
#include "sbc/pattern.h"
#include "sbc/sip_parts.h"

#define VALUE_MAX 4096 /* bytes of one value after rules */

enum action {
	OURS,    /* written by us for each leg, or what a proof rests on: no rule touches it */
	COPY,    /* crosses */
	TRUSTED, /* crosses between two that are both in the trust domain */
	DROP,    /* stays behind unless rules allow it; so does every name not listed */
};

#define INVITE   (1u << HEADER_KIND_INVITE)
#define RESPONSE (1u << HEADER_KIND_RESPONSE)
#define REQUEST  (1u << HEADER_KIND_REQUEST)
#define ANY      (INVITE | RESPONSE | REQUEST)

/* clang-format off: a table */
static const struct {
	const char *name;
	enum action action;
	unsigned kinds;
} table[] = {
	/* dialog, route and transaction: each leg has its own */
	{"Via", OURS, ANY},
	{"Route", OURS, ANY},
	{"Record-Route", OURS, ANY},
	{"Service-Route", OURS, ANY},
	{"Path", OURS, ANY},
	{"Call-ID", OURS, ANY},
	{"CSeq", OURS, ANY},
	{"From", OURS, ANY},
	{"To", OURS, ANY},
	{"Contact", OURS, ANY},
	{"Max-Forwards", OURS, ANY},
	{"Max-Breadth", OURS, ANY},
	{"RSeq", OURS, ANY},
	{"RAck", OURS, ANY},
	{"Session-Expires", OURS, ANY},
	{"Min-SE", OURS, ANY},
	{"Expires", OURS, ANY},
	{"Min-Expires", OURS, ANY},
	/* what we can do is not what the other end can */
	{"Require", OURS, ANY},
	{"Supported", OURS, ANY},
	{"Proxy-Require", OURS, ANY},
	{"Unsupported", OURS, ANY},
	{"Allow", OURS, ANY},
	{"Allow-Events", OURS, ANY},
	/* the body is written anew */
	{"Content-Type", OURS, ANY},
	{"Content-Length", OURS, ANY},
	{"Content-Disposition", OURS, ANY},
	{"Content-Encoding", OURS, ANY},
	{"Content-Language", OURS, ANY},
	{"MIME-Version", OURS, ANY},
	/* proofs: verified on one leg, made on the other */
	{"Identity", OURS, ANY},
	{"Identity-Info", OURS, ANY},
	{"Date", OURS, ANY},
	{"Authorization", OURS, ANY},
	{"Proxy-Authorization", OURS, ANY},
	{"WWW-Authenticate", OURS, ANY},
	{"Proxy-Authenticate", OURS, ANY},
	{"Authentication-Info", OURS, ANY},
	{"Proxy-Authentication-Info", OURS, ANY},
	/* dialogs named in headers: call.c maps them */
	{"Replaces", OURS, ANY},
	{"Refer-To", OURS, ANY},
	{"Target-Dialog", OURS, ANY},
	{"Join", OURS, ANY},
	{"Event", OURS, ANY},
	{"Subscription-State", OURS, ANY},
	/* RFC 7989, RFC 3326: call_cross.c and call.c carry them */
	{"Session-ID", OURS, ANY},
	{"Reason", OURS, ANY},

	{"Subject", COPY, INVITE | REQUEST},
	{"Priority", COPY, INVITE | REQUEST},
	{"Organization", COPY, ANY},
	{"In-Reply-To", COPY, INVITE},
	{"Accept-Language", COPY, INVITE},
	{"Privacy", COPY, INVITE | RESPONSE},
	{"Warning", TRUSTED, RESPONSE},
	{"Retry-After", COPY, RESPONSE},

	/* RFC 3325, RFC 7315: told to those we trust, believed from them */
	{"P-Asserted-Identity", TRUSTED, ANY},
	{"P-Charging-Vector", TRUSTED, ANY},
	{"P-Charging-Function-Addresses", TRUSTED, ANY},
	{"P-Access-Network-Info", TRUSTED, ANY},
	{"P-Visited-Network-ID", TRUSTED, ANY},
	{"P-Called-Party-ID", TRUSTED, INVITE},
	{"P-Early-Media", TRUSTED, ANY},
	{"History-Info", TRUSTED, INVITE | RESPONSE},
	{"Diversion", TRUSTED, ANY},
	{"Referred-By", TRUSTED, INVITE | REQUEST},
	{"Geolocation", TRUSTED, INVITE},
	{"Geolocation-Routing", TRUSTED, INVITE},
	{"Resource-Priority", TRUSTED, INVITE},
	{"Accept-Resource-Priority", TRUSTED, RESPONSE},
	{"Reply-To", TRUSTED, INVITE},
	/* URLs that the other end fetches */
	{"Call-Info", TRUSTED, INVITE | RESPONSE},
	{"Alert-Info", TRUSTED, INVITE | RESPONSE},
	{"Error-Info", TRUSTED, RESPONSE},

	{"P-Preferred-Identity", DROP, ANY}, /* RFC 3325 section 9.2: never beyond us */
	{"User-Agent", DROP, ANY},
	{"Server", DROP, ANY},
	{"Timestamp", DROP, ANY},
};
/* clang-format on */

#define TABLE_COUNT (sizeof(table) / sizeof(table[0]))

/* One header on its way. */
struct line {
	struct slice name;
	struct slice value;
	bool is_allowed_in, is_allowed_out, is_removed;
	struct buf text[2]; /* a value that rules made: one in, one out */
};

static size_t find_row(struct slice name)
{
	size_t i = 0;

	while (i < TABLE_COUNT && !sip_name_is(name, table[i].name))
		i++;
	return i;
}

bool header_rules_is_ours(struct slice name)
{
	size_t row = find_row(name);

	return row < TABLE_COUNT && table[row].action == OURS;
}

static bool rule_names(const struct config_header_rule *rule, struct slice name)
{
	struct slice wanted = slice_str(rule->name);

	if (wanted.len && wanted.ptr[wanted.len - 1] == '*')
		return slice_starts_nocase(name, slice_head(wanted, wanted.len - 1));
	return sip_name_is(name, rule->name);
}

static void replace(struct line *line, const struct config_header_rule *rule, bool is_out)
{
	struct buf made;

	buf_init(&made, VALUE_MAX);
	if (pattern_replace(rule->compiled, line->value, slice_str(rule->value), &made)) {
		buf_fini(&made); /* no match: as it was */
		return;
	}
	buf_fini(&line->text[is_out]);
	line->text[is_out] = made;
	line->value = buf_slice(&made);
}

static void apply_rule(struct line *line, const struct config_header_rule *rule)
{
	switch (rule->action) {
	case HEADER_ALLOW:
		if (rule->is_out)
			line->is_allowed_out = true;
		else
			line->is_allowed_in = true;
		break;
	case HEADER_REMOVE:
		line->is_removed = true;
		break;
	case HEADER_RENAME:
		line->name = slice_str(rule->value);
		break;
	case HEADER_REPLACE:
		replace(line, rule, rule->is_out);
		break;
	case HEADER_ADD: /* not about a header that came */
		break;
	}
}

static void apply_rules(struct line *line, const struct config_peer *peer, bool is_out)
{
	for (size_t i = 0; peer && i < peer->header_count && !line->is_removed; i++) {
		const struct config_header_rule *rule = &peer->headers[i];
		if (rule->is_out == is_out && rule_names(rule, line->name))
			apply_rule(line, rule);
	}
}

static bool is_trusted(const struct config_peer *peer)
{
	return peer && peer->is_trusted;
}

/* Rules allow what both of the peers on the way allow. */
static bool does_cross(const struct header_crossing *crossing, const struct line *line)
{
	size_t row = find_row(line->name);
	enum action action = row < TABLE_COUNT ? table[row].action : DROP;
	bool is_of_kind = row == TABLE_COUNT || table[row].kinds & 1u << crossing->kind;
	bool is_allowed = (line->is_allowed_in || line->is_allowed_out) &&
			  (!crossing->from || line->is_allowed_in) &&
			  (!crossing->to || line->is_allowed_out);

	if (action == OURS || line->is_removed)
		return false;
	if (is_allowed || (action == COPY && is_of_kind))
		return true;
	return action == TRUSTED && is_of_kind && is_trusted(crossing->from) &&
	       is_trusted(crossing->to);
}

static bool is_writable(struct slice value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.ptr[i] == '\r' || value.ptr[i] == '\n' || value.ptr[i] == '\0')
			return false;
	return value.len > 0;
}

static void put(struct buf *lines, struct slice name, struct slice value)
{
	size_t row = find_row(name);

	if (row < TABLE_COUNT) /* the long form */
		name = slice_str(table[row].name);
	buf_printf(lines, "%.*s: %.*s\r\n", SLICE_ARG(name), SLICE_ARG(value));
}

static void cross_line(
	const struct header_crossing *crossing, const struct sip_line *came, struct buf *lines)
{
	struct line line = {.name = came->name, .value = came->value};

	if (header_rules_is_ours(came->name))
		return;
	apply_rules(&line, crossing->from, false);
	apply_rules(&line, crossing->to, true);
	if (does_cross(crossing, &line) && is_writable(line.value))
		put(lines, line.name, line.value);
	buf_fini(&line.text[0]);
	buf_fini(&line.text[1]);
}

static void add(const struct config_peer *peer, bool is_out, struct buf *lines)
{
	for (size_t i = 0; peer && i < peer->header_count; i++) {
		const struct config_header_rule *rule = &peer->headers[i];
		if (rule->is_out == is_out && rule->action == HEADER_ADD)
			put(lines, slice_str(rule->name), slice_str(rule->value));
	}
}

int header_rules_cross(const struct header_crossing *crossing, struct buf *lines)
{
	const struct sip_scan *scan = &crossing->msg->scan;

	for (size_t i = 0; i < scan->line_count; i++)
		cross_line(crossing, &scan->lines[i], lines);
	add(crossing->from, false, lines);
	add(crossing->to, true, lines);
	return lines->err;
}

/* ---- offline ---- */
