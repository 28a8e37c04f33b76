/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * RFC 4475 (SIP torture) and RFC 5118 (IPv6 torture), row S1: every message with what is
 * decided about it. Where the RFC leaves the choice we refuse. RFC 5118's come with bare LF,
 * as its archive has them: raw they are refused, repaired they count.
 */

#include "tests/cmocka_first.h"

#include "base/buf.h"
#include "sbc/sdp.h"
#include "sbc/sip_build.h"
#include "tests/unit/sbc/message.h"

#define BYTES_MAX 8192

enum outcome { ACCEPTED, DROPPED, REFUSED };

struct row {
	const char *file;
	enum outcome outcome;
	int code;           /* REFUSED */
	bool is_unanswered; /* not even Via, From, To, Call-ID and CSeq to answer with */
	const char *why;
};

static const struct row rfc4475[] = {
	/* 3.1.1: valid messages */
	{"wsinv", ACCEPTED, 0, false, "folds and blanks wherever they may stand"},
	{"intmeth", REFUSED, 400, true, "valid, but a NUL in a display name: no device does"},
	{"esc01", ACCEPTED, 0, false, "escapes stay escaped"},
	{"escnull", ACCEPTED, 0, false, "%00 stays three characters"},
	{"esc02", ACCEPTED, 0, false, "a method with % is an unknown method: 405 later"},
	{"lwsdisp", ACCEPTED, 0, false, "no blank between display name and <"},
	{"longreq", ACCEPTED, 0, false, "long values, 34 Via in every spelling"},
	{"dblreq", ACCEPTED, 0, false, "what stands behind the body is dropped"},
	{"semiuri", ACCEPTED, 0, false, "a semicolon in the user part"},
	{"transports", ACCEPTED, 0, false, "any transport in a Via"},
	{"mpart01", ACCEPTED, 0, false, "a multipart body is bytes"},
	{"unreason", ACCEPTED, 0, false, "UTF-8 in a reason phrase"},
	{"noreason", ACCEPTED, 0, false, "no reason phrase"},
	/* 3.1.2: invalid messages */
	{"badinv01", REFUSED, 400, false, "empty parameters in Via and Contact"},
	{"clerr", REFUSED, 400, false, "Content-Length beyond the datagram"},
	{"ncl", REFUSED, 400, false, "negative Content-Length"},
	{"scalar02", REFUSED, 400, false, "CSeq beyond 31 bits"},
	{"scalarlg", DROPPED, 0, false, "a response with such a CSeq"},
	{"quotbal", REFUSED, 400, false, "a quote that does not end"},
	{"ltgtruri", REFUSED, 400, false, "Request-URI in <>"},
	{"lwsruri", REFUSED, 400, false, "blank in the Request-URI"},
	{"lwsstart", REFUSED, 400, false, "two blanks in the Request-Line"},
	{"trws", REFUSED, 400, false, "blanks behind the version"},
	{"escruri", REFUSED, 400, false, "headers in the Request-URI"},
	{"baddate", ACCEPTED, 0, false, "Date is judged by who uses it"},
	{"regbadct", REFUSED, 400, false, "? in a Contact without <>"},
	{"badaspec", REFUSED, 400, false, "blanks in <>"},
	{"baddn", REFUSED, 400, false, "comma in a bare display name; no empty line either"},
	{"badvers", REFUSED, 505, false, "SIP/7.0"},
	{"mismatch01", REFUSED, 400, false, "CSeq names another method"},
	{"mismatch02", REFUSED, 400, false, "the same with an unknown method"},
	{"bigcode", DROPPED, 0, false, "status code 2^32 + 5"},
	/* 3.2: transactions */
	{"badbranch", ACCEPTED, 0, false, "the cookie alone: taken as a Via of RFC 2543"},
	/* 3.3: what the core decides */
	{"insuf", REFUSED, 400, true, "no From, To, Call-ID: nothing to answer with"},
	{"unkscm", REFUSED, 416, false, "Request-URI of an unknown scheme"},
	{"novelsc", REFUSED, 416, false, "of another one that looks like http"},
	{"unksm2", ACCEPTED, 0, false, "unknown schemes elsewhere; the registrar's business"},
	{"bext01", ACCEPTED, 0, false, "Require: 420 is the core's"},
	{"invut", ACCEPTED, 0, false, "unknown body: 415 is the core's"},
	{"regaut01", ACCEPTED, 0, false, "unknown Authorization: challenged again"},
	{"multi01", REFUSED, 400, false, "From, To, Call-ID, CSeq twice"},
	{"mcl01", REFUSED, 400, false, "two Content-Length"},
	{"bcast", DROPPED, 0, false, "a response with a second Via is somebody else's"},
	{"zeromf", ACCEPTED, 0, false, "Max-Forwards 0: 483 is the core's"},
	{"cparam01", ACCEPTED, 0, false, "unknown Contact parameter"},
	{"cparam02", ACCEPTED, 0, false, "unknown URI parameter"},
	{"regescrt", ACCEPTED, 0, false, "headers in a Contact's URI"},
	{"sdp01", ACCEPTED, 0, false, "Accept without SDP"},
	/* 3.4 */
	{"inv2543", REFUSED, 400, false, "RFC 2543: no Contact, so no dialog can come of it"},
};

static const struct row rfc5118[] = {
	{"ipv6-good", ACCEPTED, 0, false, "4.1: bracketed reference"},
	{"ipv6-bad", REFUSED, 400, false, "4.2: IPv6 in a Request-URI without brackets"},
	{"port-ambiguous", ACCEPTED, 0, false, "4.3: all of it is the address"},
	{"port-unambiguous", ACCEPTED, 0, false, "4.4: a port behind the bracket"},
	{"via-received-param-with-delim", ACCEPTED, 0, false, "4.5: received in brackets"},
	{"via-received-param-no-delim", ACCEPTED, 0, false, "4.5: received without"},
	{"ipv6-in-sdp", ACCEPTED, 0, false, "4.6"},
	{"mult-ip-in-header", ACCEPTED, 0, false, "4.7: both families in Via and Contact"},
	{"mult-ip-in-sdp", ACCEPTED, 0, false, "4.8: c= of each section"},
	{"ipv4-mapped-ipv6", ACCEPTED, 0, false, "4.9"},
	{"ipv6-bug-abnf-3-colons", REFUSED, 400, false, "4.10: RFC 3261's grammar erred"},
	{"ipv6-correct-abnf-2-colons", ACCEPTED, 0, false, "4.10"},
};

static void answer(const struct row *row, struct slice bytes, const struct sip_fault *fault)
{
	struct sip_scan scan;
	struct buf out;
	int err;

	buf_init(&out, SIP_MESSAGE_MAX);
	sip_scan_message(&scan, bytes);
	err = sip_build_refusal(
		&out, &scan, NULL, (uint16_t)fault->code, slice_str(fault->phrase));
	if (err != (row->is_unanswered ? SBC_EPARSE : 0))
		fail_msg("%s: answered %d", row->file, err);
	buf_fini(&out);
}

static void check(const struct row *row, struct slice bytes)
{
	struct parsed p;
	size_t frame_len;

	parse_slice(&p, bytes);
	sip_scan_stream(bytes, &frame_len);
	assert_true(frame_len <= bytes.len);
	switch (row->outcome) {
	case ACCEPTED:
		if (p.err)
			fail_msg("%s: refused: %s", row->file, p.fault.why);
		break;
	case DROPPED:
		if (!p.err || p.fault.code)
			fail_msg("%s: not dropped", row->file);
		break;
	case REFUSED:
		if (!p.err || p.fault.code != row->code)
			fail_msg("%s: %d, not %d", row->file, p.fault.code, row->code);
		answer(row, bytes, &p.fault);
		break;
	}
	parsed_fini(&p);
}

static void passes_rfc4475(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rfc4475) / sizeof(rfc4475[0]); i++) {
		char bytes[BYTES_MAX], path[128];
		snprintf(path, sizeof(path), "tests/vectors/rfc4475/%s.dat", rfc4475[i].file);
		check(&rfc4475[i], read_vector(path, bytes, sizeof(bytes)));
	}
	assert_int_equal(49, sizeof(rfc4475) / sizeof(rfc4475[0]));
}

/* CRLF for LF, and the Content-Length that is true. */
static struct slice repair(struct slice raw, char *out, size_t size)
{
	struct slice rest = raw, body = {0};
	size_t len = 0, body_len = 0;
	bool is_body = false;

	for (size_t i = 0; i + 1 < raw.len; i++) {
		if (raw.ptr[i] == '\n' && raw.ptr[i + 1] == '\n') {
			body = slice_from(raw, i + 2);
			break;
		}
	}
	for (size_t i = 0; i < body.len; i++)
		body_len += body.ptr[i] == '\n' ? 2 : 1;
	while (rest.len) {
		struct slice line = slice_cut(&rest, '\n');
		if (!is_body && slice_starts_nocase(line, SLICE("Content-Length")))
			len += (size_t)snprintf(
				out + len, size - len, "Content-Length: %zu\r\n", body_len);
		else
			len += (size_t)snprintf(
				out + len, size - len, "%.*s\r\n", SLICE_ARG(line));
		is_body = is_body || !line.len;
	}
	if (!is_body)
		len += (size_t)snprintf(out + len, size - len, "\r\n");
	return slice_of(out, len);
}

static void passes_rfc5118(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rfc5118) / sizeof(rfc5118[0]); i++) {
		const struct row raw = {rfc5118[i].file, REFUSED, 400, true, "bare LF"};
		char bytes[BYTES_MAX], fixed[BYTES_MAX], path[128];
		struct slice read;
		snprintf(path, sizeof(path), "tests/vectors/rfc5118/%s", rfc5118[i].file);
		read = read_vector(path, bytes, sizeof(bytes));
		check(&raw, read);
		check(&rfc5118[i], repair(read, fixed, sizeof(fixed)));
	}
}

/* Not only accepted: understood. */
static void understands_what_it_accepts(void **state)
{
	char bytes[BYTES_MAX], fixed[BYTES_MAX];
	struct parsed p;
	struct sdp *sdp;
	const char *why;

	(void)state;
	parse_slice(&p, read_vector("tests/vectors/rfc4475/wsinv.dat", bytes, sizeof(bytes)));
	assert_int_equal(0, p.err);
	assert_int_equal(3, p.msg->via_count);
	assert_slice("390skdjuw", p.msg->via.branch);
	assert_slice("192.0.2.2", p.msg->via.host);
	assert_slice("1918181833n", p.msg->to.tag);
	assert_slice("98asjd8", p.msg->from.tag);
	assert_slice("J Rosenberg \\\\\\\"", p.msg->from.display);
	assert_int_equal(9, p.msg->cseq);
	assert_int_equal(68, p.msg->max_forwards);
	assert_slice("newfangled value continued newfangled value",
		sip_msg_header(p.msg, "NewFangledHeader", 0));
	assert_int_equal(150, p.msg->body.len);
	parsed_fini(&p);

	parse_slice(&p, read_vector("tests/vectors/rfc4475/dblreq.dat", bytes, sizeof(bytes)));
	assert_int_equal(SIP_METHOD_REGISTER, p.msg->method);
	assert_int_equal(0, p.msg->body.len);
	parsed_fini(&p);

	parse_slice(&p, read_vector("tests/vectors/rfc4475/longreq.dat", bytes, sizeof(bytes)));
	assert_int_equal(34, p.msg->via_count);
	assert_slice("sip33.example.com", p.msg->via.host);
	parsed_fini(&p);

	parse_slice(&p, repair(read_vector("tests/vectors/rfc5118/mult-ip-in-sdp", bytes,
				       sizeof(bytes)),
				fixed, sizeof(fixed)));
	assert_int_equal(0, sdp_parse(&sdp, &p.arena, p.msg->body, &why));
	assert_int_equal(2, sdp->media_count);
	assert_int_equal(AF_INET, sdp->media[0].address.sa.sa_family);
	assert_int_equal(AF_INET6, sdp->media[1].address.sa.sa_family);
	parsed_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passes_rfc4475),
		cmocka_unit_test(passes_rfc5118),
		cmocka_unit_test(understands_what_it_accepts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
