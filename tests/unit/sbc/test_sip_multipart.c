/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MKY-7: the session description among the parts of a body (RFC 2046, RFC 5621). */

#include "tests/cmocka_first.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "sbc/sip_multipart.h"

#define MIXED "multipart/mixed;boundary=b"
#define SDP   "Content-Type: application/sdp\r\n\r\nv=0\r\n"
#define ISUP                                                                                   \
	"Content-Type: application/isup\r\nContent-Disposition: "                              \
	"signal;handling=optional\r\n\r\nx"

static const struct {
	const char *type, *body;
	int err;
	size_t sessions;
	bool has_required;
	const char *why;
} table[] = {
	{MIXED, "--b\r\n" SDP "\r\n--b--\r\n", 0, 1, false, "one part"},
	{MIXED, "--b\r\n" SDP "\r\n--b--", 0, 1, false, "nothing behind the end"},
	{MIXED, "preamble\r\n--b\r\n" SDP "\r\n--b--\r\nepilogue", 0, 1, false, "around it"},
	{MIXED, "--b \t\r\n" SDP "\r\n--b-- \r\n", 0, 1, false, "transport padding"},
	{MIXED, "--b\r\n" ISUP "\r\n--b\r\n" SDP "\r\n--b--\r\n", 0, 1, false, "second"},
	{MIXED, "--b\r\n" SDP "\r\n--b\r\n" ISUP "\r\n--b--\r\n", 0, 1, false, "first"},
	{"Multipart/MIXED ; x=1;Boundary=\"b\"", "--b\r\n" SDP "\r\n--b--\r\n", 0, 1, false,
		"quoted; no case"},
	{"multipart/mixed;boundary=\"a b=c\"", "--a b=c\r\n" SDP "\r\n--a b=c--\r\n", 0, 1,
		false, "what only quoted may stand there"},
	{MIXED,
		"--b\r\nc: application/sdp;v=1\r\nCONTENT-DISPOSITION: "
		"session\r\n\r\nv=0\r\n\r\n--b--",
		0, 1, false, "compact, in any case, with a disposition"},
	{MIXED, "--b\r\n" SDP "\r\n--b\r\n" SDP "\r\n--b--\r\n", 0, 2, false,
		"two: which one?"},
	{MIXED, "--b\r\nContent-Type: application/isup\r\n\r\nx\r\n--b\r\n" SDP "\r\n--b--\r\n",
		0, 1, true, "RFC 3261 20.11: required when nothing is said"},
	{MIXED, "--b\r\n\r\ntext\r\n--b\r\n" SDP "\r\n--b--\r\n", 0, 1, true,
		"plain text, required"},
	{MIXED,
		"--b\r\nContent-Disposition: early-session;handling=optional\r\n" SDP
		"\r\n--b\r\n" SDP "\r\n--b--\r\n",
		0, 1, false, "RFC 3959: not ours"},
	{MIXED, "--b\r\nContent-Transfer-Encoding: base64\r\n" SDP "\r\n--b--\r\n", 0, 0, true,
		"encoded"},
	{MIXED, "--b\r\nContent-Transfer-Encoding: 8BIT\r\n" SDP "\r\n--b--\r\n", 0, 1, false,
		"not encoded"},
	{MIXED,
		"--b\r\nContent-Type: a/b\r\nContent-Disposition: "
		"x;handling=optional\r\n\r\n--b--",
		0, 0, false, "a part of headers only"},
	{MIXED, "--b\r\n\r\n\r\n--b--\r\n", 0, 0, true, "an empty part"},
	{"application/sdp", "--b\r\n" SDP "\r\n--b--\r\n", SBC_ENOENT, 0, false,
		"no multipart"},
	{"multipart/alternative;boundary=b", "--b\r\n" SDP "\r\n--b--\r\n", SBC_ENOENT, 0,
		false, "another one"},
	{"multipart/mixedx;boundary=b", "--b\r\n" SDP "\r\n--b--\r\n", SBC_ENOENT, 0, false,
		"another type"},
	{"multipart/mixed", "--b\r\n" SDP "\r\n--b--\r\n", SBC_EPARSE, 0, false, "no boundary"},
	{"multipart/mixed;boundary=\"\"", "--\r\n" SDP "\r\n----", SBC_EPARSE, 0, false,
		"an empty one"},
	{"multipart/mixed;boundary=\"b \"", "--b \r\n" SDP "\r\n--b --", SBC_EPARSE, 0, false,
		"one that ends in a blank"},
	{MIXED, "", SBC_EPARSE, 0, false, "no body"},
	{MIXED, "--b\r\n" SDP "\r\n", SBC_EPARSE, 0, false, "no end"},
	{MIXED, "--b\r\n" SDP "\r\n--b\r\n", SBC_EPARSE, 0, false, "cut in the middle"},
	{MIXED, "--b\r\n" SDP "\r\n--bb--\r\n", SBC_EPARSE, 0, false,
		"another delimiter that begins like it"},
	{MIXED, "--b\r\n" SDP "\r\n--b--x\r\n", SBC_EPARSE, 0, false, "something at the end"},
	{MIXED, "--b\n" SDP "\n--b--\n", SBC_EPARSE, 0, false, "lines without CR"},
	{MIXED, "--b\r\nContent-Type: application/sdp", SBC_EPARSE, 0, false, "half a line"},
	{MIXED, "--b\r\nContent-Type: a/b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b--",
		SBC_EPARSE, 0, false, "two types"},
	{MIXED, "--b\r\nContent-Type:\r\n application/sdp\r\n\r\nv=0\r\n--b--", SBC_EPARSE, 0,
		false, "a folded one"},
};

static void reads(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct sip_multipart parts;
		int err = sip_multipart_read(
			&parts, slice_str(table[i].type), slice_str(table[i].body));
		if (err != table[i].err || parts.session_count != table[i].sessions ||
			parts.has_required != table[i].has_required)
			fail_msg("%s: %d %zu %d", table[i].why, err, parts.session_count,
				parts.has_required);
		if (parts.session_count)
			assert_true(slice_equal(parts.session, SLICE("v=0\r\n")));
	}
}

static int read_buf(struct buf *body, const char *type, struct sip_multipart *out)
{
	assert_int_equal(0, body->err);
	return sip_multipart_read(out, slice_str(type), buf_slice(body));
}

/* Ceilings: parts, lines of a part's head, the boundary's length. */
static void ceilings(void **state)
{
	char type[256], boundary[72];
	struct sip_multipart parts;
	struct buf body;

	(void)state;
	buf_init(&body, 65536);
	for (size_t count = 16; count <= 17; count++) {
		buf_reset(&body);
		for (size_t i = 0; i < count; i++)
			buf_put_str(&body, "--b\r\n" SDP "\r\n");
		buf_put_str(&body, "--b--");
		assert_int_equal(count == 16 ? 0 : SBC_EPARSE, read_buf(&body, MIXED, &parts));
		assert_int_equal(count == 16 ? 16 : 0, parts.session_count);
	}
	buf_reset(&body);
	buf_put_str(&body, "--b\r\n");
	for (int i = 0; i < 17; i++)
		buf_put_str(&body, "X: y\r\n");
	buf_put_str(&body, SDP "\r\n--b--");
	assert_int_equal(SBC_EPARSE, read_buf(&body, MIXED, &parts));

	memset(boundary, 'b', sizeof(boundary));
	for (int length = 70; length <= 71; length++) {
		snprintf(type, sizeof(type), "multipart/mixed;boundary=%.*s", length, boundary);
		buf_reset(&body);
		buf_printf(&body, "--%.*s\r\n" SDP "\r\n--%.*s--", length, boundary, length,
			boundary);
		assert_int_equal(length == 70 ? 0 : SBC_EPARSE, read_buf(&body, type, &parts));
	}
	buf_fini(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads),
		cmocka_unit_test(ceilings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
