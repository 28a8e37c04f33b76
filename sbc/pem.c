/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What may be shown of a PEM file (RFC 7468): its reader is base/pem.h. Pure. */

#include "sbc/pem.h"

#include "base/err.h"
#include "base/pem.h"

#define DER_MAX     65536 /* bytes of one certificate */
#define CERTIFICATE "CERTIFICATE"

/* Also one without an end, which is no block to a reader. */
static bool has_other_block(struct slice text)
{
	const struct slice begin = SLICE("-----BEGIN "), wanted = SLICE(CERTIFICATE "-----");
	const char *at;

	while (text.len && (at = memmem(text.ptr, text.len, begin.ptr, begin.len))) {
		text = slice_from(text, (size_t)(at - text.ptr) + begin.len);
		if (!slice_starts(text, wanted))
			return true;
	}
	return false;
}

/* SBC_ENOENT when there is none. */
static int next_certificate(struct slice *rest, struct buf *der)
{
	struct slice label;
	int err = pem_next(rest, &label, der);

	if (!err && !slice_equal(label, SLICE(CERTIFICATE)))
		return SBC_EINVAL;
	return !err && !der->len ? SBC_EPARSE : err;
}

int pem_certificates(struct buf *out, struct slice text)
{
	struct buf der;
	size_t count = 0;
	int err = has_other_block(text) ? SBC_EINVAL : 0;

	buf_init(&der, DER_MAX);
	while (!err && !(err = next_certificate(&text, &der))) {
		err = pem_put(out, CERTIFICATE, buf_slice(&der));
		buf_reset(&der);
		count++;
	}
	buf_fini(&der);
	return err != SBC_ENOENT ? err : count ? 0 : SBC_EPARSE;
}

int pem_first_der(struct buf *out, struct slice text)
{
	struct buf all;
	int err;

	/* A key further down makes the whole file one that is not shown. */
	buf_init(&all, 4 * DER_MAX);
	err = pem_certificates(&all, text);
	buf_fini(&all);
	return err ? err : next_certificate(&text, out);
}
