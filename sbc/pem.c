/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PEM as text (RFC 7468). Pure. */

#include "sbc/pem.h"

#include "base/b64.h"
#include "base/err.h"

#define DER_MAX 65536 /* bytes of one certificate */

static const char begin[] = "-----BEGIN ";
static const char certificate[] = "-----BEGIN CERTIFICATE-----";
static const char end[] = "-----END CERTIFICATE-----";

/* The base64 of the block whose first line was just read; *rest behind its last line. */
static int read_block(struct slice *rest, struct buf *base64)
{
	while (rest->len) {
		struct slice line = slice_trim(slice_cut(rest, '\n'));
		if (slice_equal(line, slice_str(end)))
			return base64->len ? base64->err : SBC_EPARSE;
		if (slice_starts(line, SLICE("-----")))
			return SBC_EPARSE;
		if (buf_put_slice(base64, line))
			return base64->err;
	}
	return SBC_EPARSE;
}

/* The next certificate's DER; SBC_ENOENT when there is none. */
static int next_der(struct slice *rest, struct buf *der)
{
	struct buf base64;
	int err = SBC_ENOENT;

	buf_init(&base64, 2 * DER_MAX);
	while (rest->len && err == SBC_ENOENT) {
		struct slice line = slice_trim(slice_cut(rest, '\n'));
		if (slice_equal(line, slice_str(certificate)))
			err = read_block(rest, &base64);
		else if (slice_starts(line, slice_str(begin)))
			err = SBC_EINVAL;
	}
	if (!err)
		err = b64_decode(der, B64_PLAIN, buf_slice(&base64));
	buf_fini(&base64);
	return err;
}

static int put_block(struct buf *out, struct slice der)
{
	struct buf base64;
	struct slice rest;
	int err;

	buf_init(&base64, 2 * DER_MAX);
	err = b64_encode(&base64, B64_PLAIN, der.ptr, der.len);
	rest = buf_slice(&base64);
	buf_printf(out, "%s\n", certificate);
	while (!err && rest.len) { /* RFC 7468 section 2: lines of 64 */
		struct slice line = slice_head(rest, 64);
		buf_put_slice(out, line);
		buf_put_char(out, '\n');
		rest = slice_from(rest, line.len);
	}
	buf_printf(out, "%s\n", end);
	buf_fini(&base64);
	return err ? err : out->err;
}

int pem_certificates(struct buf *out, struct slice text)
{
	struct buf der;
	size_t count = 0;
	int err;

	buf_init(&der, DER_MAX);
	while (!(err = next_der(&text, &der))) {
		err = put_block(out, buf_slice(&der));
		if (err)
			break;
		buf_reset(&der);
		count++;
	}
	buf_fini(&der);
	if (err == SBC_ENOENT)
		return count ? 0 : SBC_EPARSE;
	return err;
}

int pem_first_der(struct buf *out, struct slice text)
{
	struct buf all;
	int err;

	/* A key further down makes the whole file one that is not shown. */
	buf_init(&all, 4 * DER_MAX);
	err = pem_certificates(&all, text);
	buf_fini(&all);
	return err ? err : next_der(&text, out);
}
