/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a captured request for countersipctl identity. */

#include "tools/ctl/identity_message.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "sbc/sip_msg.h"
#include "sbc/sip_multipart.h"

int identity_read_file(const char *path, struct buf *out)
{
	FILE *file = strcmp(path, "-") ? fopen(path, "rb") : stdin;
	char bytes[4096];
	size_t n;
	int err = 0;

	if (!file)
		return SBC_EIO;
	while (!err && (n = fread(bytes, 1, sizeof(bytes), file)) > 0)
		err = buf_put(out, bytes, n);
	if (!err && ferror(file))
		err = SBC_EIO;
	if (file != stdin)
		fclose(file);
	return err;
}

int identity_read_message(const char *path, struct buf *out)
{
	struct buf raw;
	int err;

	buf_init(&raw, SIP_MESSAGE_MAX);
	err = identity_read_file(path, &raw);
	for (size_t i = 0; i < raw.len && !err; i++) {
		if (raw.data[i] == '\n' && (!i || raw.data[i - 1] != '\r'))
			buf_put_char(out, '\r');
		err = buf_put_char(out, raw.data[i]);
	}
	buf_fini(&raw);
	return err;
}

/* The line with this name (or its compact form) after index others of that name. */
static struct slice value_at(const struct sip_scan *scan, const char *name, size_t index)
{
	for (size_t i = 0; i < scan->line_count; i++) {
		if (sip_name_is(scan->lines[i].name, name) && !index--)
			return scan->lines[i].value;
	}
	return (struct slice){0};
}

/* What stands between the brackets, or before the first ';'. */
static struct slice uri_of(struct slice value, struct slice *params)
{
	size_t open = slice_find(value, '<');
	struct slice rest = slice_from(value, open < value.len ? open + 1 : 0);
	struct slice uri = slice_cut(&rest, open < value.len ? '>' : ';');

	*params = rest;
	return slice_trim(uri);
}

static struct slice tag_of(struct slice params)
{
	while (params.len) {
		struct slice value = slice_cut(&params, ';');
		if (slice_equal_nocase(slice_trim(slice_cut(&value, '=')), SLICE("tag")))
			return slice_trim(value);
	}
	return (struct slice){0};
}

static void read_fingerprints(struct identity_message *m)
{
	struct slice rest = m->scan.body;
	struct sip_multipart parts;
	struct fingerprint f;

	if (!sip_multipart_read(&parts, value_at(&m->scan, "Content-Type", 0), rest))
		rest = parts.session;
	while (rest.len) {
		struct slice line = slice_trim(slice_cut(&rest, '\n'));
		if (slice_starts(line, SLICE("a=fingerprint:")) &&
			!fingerprint_parse(&f, slice_trim(slice_from(line, 14))))
			fingerprint_set_add(&m->fingerprints, &f);
	}
}

static int fill(struct identity_message *m)
{
	struct identity_facts *f = &m->facts;
	struct slice params, cseq = value_at(&m->scan, "CSeq", 0);
	uint64_t number;

	*f = (struct identity_facts){.fingerprints = &m->fingerprints,
		.body = m->scan.body,
		.call_id = value_at(&m->scan, "Call-ID", 0),
		.date = value_at(&m->scan, "Date", 0),
		.identity_info = value_at(&m->scan, "Identity-Info", 0)};
	f->from_uri = uri_of(value_at(&m->scan, "From", 0), &params);
	f->from_tag = tag_of(params);
	f->to_uri = uri_of(value_at(&m->scan, "To", 0), &params);
	f->contact_uri = uri_of(value_at(&m->scan, "Contact", 0), &params);
	if (slice_to_u64(slice_cut(&cseq, ' '), UINT32_MAX, &number))
		return SBC_EPARSE;
	f->cseq = (uint32_t)number;
	f->method = slice_trim(cseq);
	while (f->identity_count < IDENTITY_HEADER_MAX) {
		struct slice value = value_at(&m->scan, "Identity", f->identity_count);
		if (!value.len)
			break;
		f->identity[f->identity_count++] = value;
	}
	read_fingerprints(m);
	return f->from_uri.len && f->to_uri.len ? 0 : SBC_EPARSE;
}

int identity_message_read(struct identity_message *out, const char *path, const char **why)
{
	int err;

	*out = (struct identity_message){0};
	buf_init(&out->bytes, 2 * SIP_MESSAGE_MAX);
	err = identity_read_message(path, &out->bytes);
	*why = "it cannot be read";
	if (err)
		return err;
	*why = "it is no SIP request, or its body is cut (Content-Length)";
	err = sip_scan_message(&out->scan, buf_slice(&out->bytes));
	if (err)
		return err;
	*why = "From, To or CSeq is missing or malformed";
	return fill(out);
}

void identity_message_fini(struct identity_message *message)
{
	buf_fini(&message->bytes);
}
