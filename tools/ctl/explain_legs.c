/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Both legs beside each other: who, verdict, keys, packets. Pure. */

#include "tools/ctl/ctl_json.h"
#include "tools/ctl/explain.h"

#define LABEL_WIDTH 14
#define CELL_MAX    2048 /* bytes */

/* A row if there is anything in it. */
static void put_row(struct page *page, const char *label, struct slice a, struct slice b)
{
	const struct page_cells row = {
		.label = label, .label_width = LABEL_WIDTH, .cells = {a, b}, .between = "  "};

	if (a.len || b.len)
		page_cells(page, &row);
}

/* The same of both legs: a text of put() each. */
typedef void put_h(struct buf *out, const struct explain_leg *leg);
static void put_both(
	struct page *page, const struct explain *explain, const char *label, put_h *put)
{
	struct buf cells[2];

	for (int i = 0; i < 2; i++) {
		buf_init(&cells[i], CELL_MAX);
		put(&cells[i], &explain->legs[i]);
	}
	put_row(page, label, buf_slice(&cells[0]), buf_slice(&cells[1]));
	for (int i = 0; i < 2; i++)
		buf_fini(&cells[i]);
}

/* "a, b", of what is there. */
static void put_list(struct buf *out, struct slice one, struct slice two)
{
	buf_put_slice(out, one);
	if (one.len && two.len)
		buf_put_str(out, ", ");
	buf_put_slice(out, two);
}

static void put_through(struct buf *out, const struct explain_leg *leg)
{
	if (leg->peer.len)
		put_list(out, leg->peer, leg->transport);
}

static void put_verdict(struct buf *out, const struct explain_leg *leg)
{
	put_list(out, leg->outcome, leg->why);
	if (leg->code)
		buf_printf(out, " (%llu)", (unsigned long long)leg->code);
}

static void put_identity(struct buf *out, const struct explain_leg *leg)
{
	put_list(out, leg->identity, leg->mechanism);
}

static void put_media(struct buf *out, const struct explain_leg *leg)
{
	static const struct {
		const char *keying, *text;
	} names[] = {{"dtls", "SRTP, keyed by DTLS"}, {"sdes", "SRTP, keyed by SDES"},
		{"none", "plain RTP: everybody on the way can listen"}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_equal(leg->keying, slice_str(names[i].keying)))
			buf_put_str(out, names[i].text);
}

static void put_match(struct buf *out, const struct explain_leg *leg)
{
	if (leg->presented.len)
		buf_put_str(out, leg->is_match ? "yes" : "NO");
}

static void put_packets(struct buf *out, const struct explain_leg *leg)
{
	if (leg->keying.len)
		buf_printf(out, "%llu received, %llu relayed, %llu lost",
			(unsigned long long)leg->received, (unsigned long long)leg->relayed,
			(unsigned long long)leg->lost);
}

static void put_dropped(struct buf *out, const struct explain_leg *leg)
{
	struct slice rest, name, value;

	if (!ctl_json_begin(leg->dropped, &rest))
		return;
	while (ctl_json_item(&rest, &name, &value)) {
		if (slice_equal(value, SLICE("0")) || name.len < 2)
			continue;
		buf_printf(out, "%s%.*s %.*s", out->len ? ", " : "", SLICE_ARG(value),
			(int)name.len - 2, name.ptr + 1);
	}
}

static uint64_t number(struct slice object, const char *name)
{
	struct slice value;
	uint64_t out = 0;

	if (ctl_json_member(object, name, &value))
		slice_to_u64(value, UINT64_MAX, &out);
	return out;
}

static void put_plain(struct buf *out, struct slice object, const char *name)
{
	struct slice value;

	if (ctl_json_member(object, name, &value))
		ctl_json_put_plain(out, value);
}

/* "audio PCMU, jitter 0.3 ms, round trip 12.0 ms, MOS 4.40" of one section. */
static void put_stream(struct buf *out, struct slice stream)
{
	uint64_t jitter = number(stream, "jitter_us");
	uint64_t round_trip = number(stream, "round_trip_us");

	put_plain(out, stream, "kind");
	buf_put_char(out, ' ');
	put_plain(out, stream, "codec");
	if (!number(stream, "expected"))
		return;
	buf_printf(out, ", jitter %.1f ms", (double)jitter / 1000);
	if (round_trip)
		buf_printf(out, ", round trip %.1f ms", (double)round_trip / 1000);
	buf_put_str(out, ", MOS ");
	put_plain(out, stream, "mos");
}

static void put_streams(struct buf *out, const struct explain_leg *leg)
{
	struct slice rest, name, stream;

	if (!ctl_json_begin(leg->streams, &rest))
		return;
	while (ctl_json_item(&rest, &name, &stream)) {
		if (out->len)
			buf_put_str(out, "; ");
		put_stream(out, stream);
	}
}

void explain_print_legs(struct page *page, const struct explain *explain)
{
	const struct explain_leg *a = &explain->legs[0], *b = &explain->legs[1];
	const struct page_cells head = {.label = "",
		.label_width = LABEL_WIDTH,
		.cells = {SLICE("caller (leg a)"), SLICE("callee (leg b)")},
		.between = "  ",
		.styles = {PAGE_TITLE, PAGE_TITLE}};

	if (!explain->has_record)
		return;
	page_title(page, "Legs");
	page_cells(page, &head);
	put_both(page, explain, "through", put_through);
	put_row(page, "Call-ID", a->call_id, b->call_id);
	put_both(page, explain, "verdict", put_verdict);
	put_both(page, explain, "identity", put_identity);
	put_row(page, "vouched by", a->domain, b->domain);
	put_row(page, "certificate", a->url, b->url);
	put_both(page, explain, "media", put_media);
	put_row(page, "DTLS", a->dtls, b->dtls);
	put_row(page, "cipher suite", a->cipher_suite, b->cipher_suite);
	put_row(page, "SRTP profile", a->srtp_profile, b->srtp_profile);
	put_row(page, "announced", a->signalled, b->signalled);
	put_row(page, "presented", a->presented, b->presented);
	put_both(page, explain, "the same", put_match);
	put_both(page, explain, "packets", put_packets);
	put_both(page, explain, "streams", put_streams);
	put_both(page, explain, "dropped", put_dropped);
}
