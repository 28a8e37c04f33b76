/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sanity layer: our own reading of the start line and of every header that routing,
 * transactions and dialogs rely on, RFC 3261 sections 7.1, 7.2, 8.1.1, 8.1.3.3, 8.2 and
 * 20; the cases are those of RFC 4475. Pure; any thread.
 */

#include "base/err.h"
#include "sbc/sip_multipart.h"
#include "sbc/sip_parts.h"

#define CSEQ_MAX         INT32_MAX /* RFC 3261 section 8.1.1.5 */
#define MAX_FORWARDS_MAX 255       /* section 20.22 */

static const char *const method_names[] = {
	[SIP_METHOD_INVITE] = "INVITE",
	[SIP_METHOD_ACK] = "ACK",
	[SIP_METHOD_BYE] = "BYE",
	[SIP_METHOD_CANCEL] = "CANCEL",
	[SIP_METHOD_OPTIONS] = "OPTIONS",
	[SIP_METHOD_REGISTER] = "REGISTER",
	[SIP_METHOD_PRACK] = "PRACK",
	[SIP_METHOD_UPDATE] = "UPDATE",
	[SIP_METHOD_INFO] = "INFO",
	[SIP_METHOD_MESSAGE] = "MESSAGE",
	[SIP_METHOD_REFER] = "REFER",
	[SIP_METHOD_SUBSCRIBE] = "SUBSCRIBE",
	[SIP_METHOD_NOTIFY] = "NOTIFY",
	[SIP_METHOD_PUBLISH] = "PUBLISH",
	[SIP_METHOD_UNKNOWN] = "UNKNOWN",
};

const char *sip_method_name(enum sip_method method)
{
	return method_names[method <= SIP_METHOD_UNKNOWN ? method : SIP_METHOD_UNKNOWN];
}

enum sip_method sip_method_parse(struct slice name)
{
	for (size_t i = 0; i < SIP_METHOD_UNKNOWN; i++) {
		if (slice_equal(name, slice_str(method_names[i])))
			return (enum sip_method)i;
	}
	return SIP_METHOD_UNKNOWN;
}

int sip_fault_set(struct sip_fault *fault, struct slice start_line, int code, const char *why)
{
	bool is_silent = sip_start_is_response(start_line) || sip_start_is_ack(start_line);

	*fault = (struct sip_fault){.code = is_silent ? 0 : code, .phrase = why, .why = why};
	return SBC_EPROTO;
}

/* ---- start line ---- */

struct reader {
	struct sip_msg *msg;
	struct sip_route_count *count;
	struct sip_fault *fault;
};

static int refuse(struct reader *r, int code, const char *why)
{
	return sip_fault_set(r->fault, r->msg->scan.start_line, code, why);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* SIP-Version; its case does not matter (section 7.1). */
static int check_version(struct reader *r, struct slice version)
{
	if (slice_equal_nocase(version, SLICE("SIP/2.0")))
		return 0;
	if (version.len == 7 && slice_starts_nocase(version, SLICE("SIP/")) &&
		is_digit(version.ptr[4]) && version.ptr[5] == '.' && is_digit(version.ptr[6]))
		return refuse(r, 505, "Version Not Supported");
	return refuse(r, 400, "Bad Request-Line");
}

static int read_request_line(struct reader *r)
{
	struct sip_msg *msg = r->msg;
	struct slice rest = msg->scan.start_line, uri, headers;
	struct slice version;

	/* Exactly one SP each (section 7.1): a reader that took more might see another URI. */
	msg->method_name = slice_cut(&rest, ' ');
	uri = slice_cut(&rest, ' ');
	version = rest;
	if (slice_find(version, ' ') < version.len || !sip_is_token(msg->method_name))
		return refuse(r, 400, "Bad Request-Line");
	if (check_version(r, version))
		return SBC_EPROTO;
	if (sip_uri_parse_headers(&msg->request_uri, uri, &headers))
		return refuse(r, 400, "Bad Request-URI");
	if (headers.len) /* section 19.1.1: not in a Request-URI */
		return refuse(r, 400, "Headers in Request-URI");
	msg->method = sip_method_parse(msg->method_name);
	if (!msg->request_uri.host.len &&
		!slice_equal_nocase(msg->request_uri.scheme, SLICE("tel")))
		return refuse(r, 416, "Unsupported URI Scheme");
	return 0;
}

static int read_status_line(struct reader *r)
{
	struct slice rest = r->msg->scan.start_line, code;
	uint64_t status;

	if (check_version(r, slice_cut(&rest, ' ')))
		return SBC_EPROTO;
	/* No SP after the code is wrong, but what is meant is plain; osip would take the next
	 * line for the reason. */
	code = slice_cut(&rest, ' ');
	if (code.len != 3 || slice_to_u64(code, 699, &status) || status < 100)
		return refuse(r, 0, "Bad Status-Line");
	r->msg->status = (uint16_t)status;
	r->msg->reason = slice_trim(rest);
	return 0;
}

/* ---- headers ---- */

static int read_via(struct reader *r, struct slice value)
{
	struct sip_via via;
	struct slice params;
	int err;

	while (!(err = sip_via_next(&via, &params, &value))) {
		if (!r->msg->via_count++)
			r->msg->via = via;
	}
	return err == SBC_ENOENT && r->msg->via_count ? 0 : SBC_EPARSE;
}

static int read_one_address(struct sip_address *out, struct slice value)
{
	return sip_address_next(out, &value) || value.len ? SBC_EPARSE : 0;
}

static int read_from(struct reader *r, struct slice value)
{
	return read_one_address(&r->msg->from, value);
}

static int read_to(struct reader *r, struct slice value)
{
	return read_one_address(&r->msg->to, value);
}

static int count_addresses(struct slice value, struct sip_address *first, size_t *count)
{
	struct sip_address address;
	int err;

	if (!value.len)
		return SBC_EPARSE;
	while (!(err = sip_address_next(&address, &value))) {
		if (first && !*count)
			*first = address;
		++*count;
	}
	return err == SBC_ENOENT ? 0 : err;
}

static int read_contact(struct reader *r, struct slice value)
{
	struct sip_msg *msg = r->msg;

	if (slice_equal(value, SLICE("*"))) {
		msg->is_contact_star = true;
		msg->contact_count++;
		return 0;
	}
	return count_addresses(value, &msg->contact, &msg->contact_count);
}

static int read_route(struct reader *r, struct slice value)
{
	return count_addresses(value, NULL, &r->count->route);
}

static int read_record_route(struct reader *r, struct slice value)
{
	return count_addresses(value, NULL, &r->count->record_route);
}

/* callid = word ["@" word]. What we refuse is less than the grammar does: blanks, control
 * bytes, and '|', which separates the fields that RFC 4474 section 9 signs. */
static int read_call_id(struct reader *r, struct slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];
		if (c <= ' ' || c >= 0x7f || c == '|')
			return SBC_EPARSE;
	}
	r->msg->call_id = value;
	return value.len ? 0 : SBC_EPARSE;
}

/* The method is kept in method_name for responses; a request has its own to compare. */
static int read_cseq(struct reader *r, struct slice value)
{
	struct sip_msg *msg = r->msg;
	struct slice number, method;
	uint64_t cseq;
	size_t len = 0;

	while (len < value.len && value.ptr[len] != ' ' && value.ptr[len] != '\t')
		len++;
	number = slice_head(value, len);
	method = slice_trim(slice_from(value, len));
	if (slice_to_u64(number, CSEQ_MAX, &cseq) || !sip_is_token(method))
		return SBC_EPARSE;
	if (msg->is_request && !slice_equal(method, msg->method_name))
		return SBC_EPROTO;
	msg->cseq = (uint32_t)cseq;
	msg->method_name = method;
	msg->method = sip_method_parse(method);
	return 0;
}

static int read_max_forwards(struct reader *r, struct slice value)
{
	uint64_t number;

	if (slice_to_u64(value, MAX_FORWARDS_MAX, &number))
		return SBC_EPARSE;
	r->msg->max_forwards = (int)number;
	return 0;
}

/* Sections 10.2.1.1 and 20.19: what cannot be read counts as not there; a number that is
 * too large is the largest. */
static int read_expires(struct reader *r, struct slice value)
{
	uint64_t seconds;
	int err = slice_to_u64(value, UINT32_MAX, &seconds);

	if (!err)
		r->msg->expires = (int64_t)seconds;
	else if (err == SBC_ELIMIT)
		r->msg->expires = UINT32_MAX;
	return 0;
}

static int read_content_type(struct reader *r, struct slice value)
{
	struct slice rest = value, type = slice_trim(slice_cut(&rest, ';'));

	rest = type;
	if (!sip_is_token(slice_cut(&rest, '/')) || !sip_is_token(rest))
		return SBC_EPARSE;
	r->msg->content_type = type;
	return 0;
}

/*
 * Every header with a rule. Those that may stand once only are refused when they stand
 * twice: the next reader may believe the other one (osip takes some of them silently).
 */
static const struct rule {
	const char *name;
	int (*read)(struct reader *r, struct slice value);
	const char *bad;     /* read() fails */
	const char *twice;   /* NULL: may stand several times */
	const char *missing; /* NULL: need not be there */
} rules[] = {
	{"Via", read_via, "Bad Via", NULL, "Missing Via"},
	{"From", read_from, "Bad From", "Several From", "Missing From"},
	{"To", read_to, "Bad To", "Several To", "Missing To"},
	{"Call-ID", read_call_id, "Bad Call-ID", "Several Call-ID", "Missing Call-ID"},
	{"CSeq", read_cseq, "Bad CSeq", "Several CSeq", "Missing CSeq"},
	{"Max-Forwards", read_max_forwards, "Bad Max-Forwards", "Several Max-Forwards", NULL},
	{"Contact", read_contact, "Bad Contact", NULL, NULL},
	{"Route", read_route, "Bad Route", NULL, NULL},
	{"Record-Route", read_record_route, "Bad Record-Route", NULL, NULL},
	{"Content-Type", read_content_type, "Bad Content-Type", "Several Content-Type", NULL},
	{"Expires", read_expires, NULL, "Several Expires", NULL},
	{"Content-Length", NULL, NULL, "Several Content-Length", NULL},
	{"Date", NULL, NULL, "Several Date", NULL},
	{"Identity-Info", NULL, NULL, "Several Identity-Info", NULL},
	{"Event", NULL, NULL, "Several Event", NULL},
	{"Refer-To", NULL, NULL, "Several Refer-To", NULL},
	{"Replaces", NULL, NULL, "Several Replaces", NULL},
	{"Session-Expires", NULL, NULL, "Several Session-Expires", NULL},
	{"Min-SE", NULL, NULL, "Several Min-SE", NULL},
};
#define RULE_COUNT (sizeof(rules) / sizeof(rules[0]))

static const struct rule *find_rule(struct slice name)
{
	for (size_t i = 0; i < RULE_COUNT; i++) {
		if (sip_name_is(name, rules[i].name))
			return &rules[i];
	}
	return NULL;
}

static int read_headers(struct reader *r)
{
	const struct sip_scan *scan = &r->msg->scan;
	bool is_seen[RULE_COUNT] = {false};

	for (size_t i = 0; i < scan->line_count; i++) {
		const struct rule *rule = find_rule(scan->lines[i].name);
		int err;
		if (!rule)
			continue;
		if (is_seen[rule - rules] && rule->twice)
			return refuse(r, 400, rule->twice);
		is_seen[rule - rules] = true;
		err = rule->read ? rule->read(r, scan->lines[i].value) : 0;
		if (err == SBC_EPROTO)
			return refuse(r, 400, "CSeq Method Mismatch");
		if (err)
			return refuse(r, 400, rule->bad);
	}
	for (size_t i = 0; i < RULE_COUNT; i++) {
		if (rules[i].missing && !is_seen[i])
			return refuse(r, 400, rules[i].missing);
	}
	return 0;
}

/* ---- what the headers mean together ---- */

/* Section 8.1.1.8: a request that opens a dialog has exactly one SIP or SIPS Contact. */
static int check_contact(struct reader *r)
{
	const struct sip_msg *msg = r->msg;

	if (msg->is_contact_star && (!msg->is_request || msg->method != SIP_METHOD_REGISTER))
		return refuse(r, 400, "Bad Contact");
	if (!msg->is_request || msg->method != SIP_METHOD_INVITE)
		return 0;
	if (!msg->contact_count)
		return refuse(r, 400, "Missing Contact");
	if (msg->contact_count > 1)
		return refuse(r, 400, "Several Contacts");
	return msg->contact.uri.host.len ? 0 : refuse(r, 400, "Bad Contact");
}

/* MKY-7, RFC 5621: with what else is in the body nobody is concerned here, unless a request
 * says that it must be understood. Otherwise the body stays as it is, of a type that nobody
 * takes. */
static void read_multipart(struct sip_msg *msg)
{
	struct sip_multipart parts;

	if (sip_multipart_read(&parts, sip_msg_header(msg, "Content-Type", 0), msg->body) ||
		parts.session_count != 1 || (msg->is_request && parts.has_required))
		return;
	msg->body = parts.session;
	msg->content_type = SLICE("application/sdp");
}

int sip_fields_read(struct sip_msg *msg, struct sip_route_count *count, struct sip_fault *fault)
{
	struct reader r = {.msg = msg, .count = count, .fault = fault};

	msg->is_request = !sip_start_is_response(msg->scan.start_line);
	msg->max_forwards = -1;
	msg->expires = -1;
	msg->body = msg->message_body = msg->scan.body;
	if (msg->is_request ? read_request_line(&r) : read_status_line(&r))
		return SBC_EPROTO;
	if (read_headers(&r) || check_contact(&r))
		return SBC_EPROTO;
	/* Section 8.1.3.3: a response that others have still to pass on is not for us. */
	if (!msg->is_request && msg->via_count > 1)
		return refuse(&r, 0, "Several Via in a response");
	read_multipart(msg);
	return 0;
}
