/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The whole page, and the same for programs. Pure. */

#include <time.h>

#include "base/json.h"
#include "tools/ctl/explain.h"

static enum page_style style_of(enum explain_tone tone)
{
	return tone == EXPLAIN_GOOD ? PAGE_GOOD : tone == EXPLAIN_WAIT ? PAGE_WAIT : PAGE_BAD;
}

static void put_headline(struct page *page, const struct explain *explain)
{
	struct explain_why why;

	explain_why(explain, &why);
	page_text(page, style_of(why.tone), "", slice_str(why.sentence));
	for (size_t i = 0; i < why.fact_count; i++)
		page_text(page, PAGE_PLAIN, "  shown by: ", slice_str(why.facts[i]));
}

static void put_when(struct buf *out, uint64_t at_s)
{
	time_t at = (time_t)at_s;
	struct tm parts;
	char text[32];

	if (gmtime_r(&at, &parts) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &parts))
		buf_printf(out, "%s UTC", text);
}

/* "began ..., answered after 3 s, lasted 20 s". */
static void put_times(struct buf *out, const struct explain *explain)
{
	buf_put_str(out, "began ");
	put_when(out, explain->start_s);
	if (explain->answer_s)
		buf_printf(out, ", answered after %llu s",
			(unsigned long long)(explain->answer_s - explain->start_s));
	if (explain->answer_s && explain->end_s >= explain->answer_s)
		buf_printf(out, ", lasted %llu s",
			(unsigned long long)(explain->end_s - explain->answer_s));
}

static void put_end(struct buf *out, const struct explain *explain)
{
	buf_printf(out, "ended by %.*s",
		SLICE_ARG(explain->ended_by.len ? explain->ended_by : SLICE("nobody known")));
	if (explain->code)
		buf_printf(out, "; the caller heard %llu", (unsigned long long)explain->code);
	if (explain->reason.len)
		buf_printf(out, "; %.*s", SLICE_ARG(explain->reason));
}

static void put_call(struct page *page, const struct explain *explain)
{
	struct buf text;

	buf_init(&text, 4096);
	page_title(page, "Call");
	buf_printf(&text, "%.*s, %s",
		SLICE_ARG(explain->call.len ? explain->call : SLICE("no call came of it")),
		explain->is_live ? "goes on" : "over");
	if (explain->from.len)
		buf_printf(&text, ": %.*s calls %.*s",
			SLICE_ARG(slice_head(explain->from, 1000)),
			SLICE_ARG(slice_head(explain->to, 1000)));
	page_text(page, PAGE_PLAIN, "", buf_slice(&text));
	buf_reset(&text);
	if (explain->has_record) {
		put_times(&text, explain);
		page_text(page, PAGE_PLAIN, "", buf_slice(&text));
	}
	buf_reset(&text);
	if (explain->has_record && !explain->is_live) {
		put_end(&text, explain);
		page_text(page, PAGE_PLAIN, "", buf_slice(&text));
	}
	buf_fini(&text);
}

void explain_print(struct page *page, const struct explain *explain, bool is_verbose)
{
	put_headline(page, explain);
	put_call(page, explain);
	explain_print_legs(page, explain);
	explain_print_sdp(page, explain);
	explain_print_ladder(page, explain, is_verbose);
	explain_print_timers(page, explain);
}

/* ---- for programs ---- */

static void put_member(struct buf *out, const char *name, struct slice value)
{
	buf_printf(out, "\"%s\":", name);
	json_put_string(out, value);
	buf_put_char(out, ',');
}

static void put_why(struct buf *out, const struct explain *explain)
{
	static const char *const tones[] = {"good", "wait", "bad"};
	struct explain_why why;

	explain_why(explain, &why);
	buf_put_str(out, "\"headline\":{");
	put_member(out, "word", slice_str(why.word));
	put_member(out, "tone", slice_str(tones[why.tone]));
	put_member(out, "sentence", slice_str(why.sentence));
	buf_put_str(out, "\"shown_by\":[");
	for (size_t i = 0; i < why.fact_count; i++) {
		buf_put_str(out, i ? "," : "");
		json_put_string(out, slice_str(why.facts[i]));
	}
	buf_put_str(out, "]},");
}

static void put_exchanges(struct buf *out, const struct explain *explain)
{
	struct explain_exchange list[EXPLAIN_EXCHANGE_MAX];
	size_t count = explain_exchanges(explain, list);

	buf_put_str(out, "\"descriptions\":[");
	for (size_t i = 0; i < count; i++) {
		const struct explain_exchange *exchange = &list[i];
		buf_put_str(out, i ? ",{" : "{");
		put_member(out, "kind", exchange->is_answer ? SLICE("answer") : SLICE("offer"));
		put_member(out, "from", exchange->from ? SLICE("b") : SLICE("a"));
		put_member(out, "received", explain_sdp(exchange->received));
		buf_put_str(out, "\"sent\":");
		if (exchange->sent)
			json_put_string(out, explain_sdp(exchange->sent));
		else
			buf_put_str(out, "null");
		buf_put_char(out, '}');
	}
	buf_put_str(out, "],");
}

static void put_entry(struct buf *out, const struct explain_entry *entry)
{
	static const char *const kinds[] = {"message", "leg", "event", "record"};

	buf_printf(out, "{\"time\":%llu.%06u,", (unsigned long long)(entry->time_us / 1000000),
		(unsigned)(entry->time_us % 1000000));
	put_member(out, "kind", slice_str(kinds[entry->kind]));
	put_member(out, "leg", slice_of(&entry->leg, entry->leg != '\0'));
	if (entry->kind == EXPLAIN_MESSAGE) {
		put_member(out, "direction", entry->is_incoming ? SLICE("in") : SLICE("out"));
		put_member(out, "transport", entry->transport);
		put_member(out, "peer", entry->peer);
		buf_printf(out, "\"is_cut\":%s,\"is_again\":%s,",
			entry->is_cut ? "true" : "false", entry->is_again ? "true" : "false");
	}
	buf_put_str(out, "\"text\":");
	json_put_string(out, entry->text);
	buf_put_char(out, '}');
}

/* As it came, when it is JSON all through. */
static void put_record(struct buf *out, const struct explain *explain)
{
	struct slice text = slice_trim(explain->record);
	struct json_document *document = NULL;

	buf_put_str(out, "\"record\":");
	if (explain->has_record && !json_parse(&document, text))
		buf_put_slice(out, text);
	else
		buf_put_str(out, "null");
	buf_put_char(out, ',');
	json_free(document);
}

int explain_print_json(struct buf *out, const struct explain *explain)
{
	buf_put_char(out, '{');
	put_member(out, "call", explain->call);
	put_member(out, "state", explain->is_live ? SLICE("live") : SLICE("over"));
	buf_printf(out, "\"is_begin_lost\":%s,", explain->is_begin_lost ? "true" : "false");
	put_why(out, explain);
	put_exchanges(out, explain);
	put_record(out, explain);
	buf_put_str(out, "\"entries\":[");
	for (size_t i = 0; i < explain->count && !out->err; i++) {
		buf_put_str(out, i ? "," : "");
		put_entry(out, &explain->entries[i]);
	}
	return buf_put_str(out, "]}\n");
}
