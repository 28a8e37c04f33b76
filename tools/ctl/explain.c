/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What call.explain answers, read. Pure. */

#include "tools/ctl/explain.h"

#include "base/err.h"
#include "sbc/sip_multipart.h"
#include "sbc/sip_scan.h"
#include "tools/ctl/ctl_json.h"

int explain_init(struct explain *explain)
{
	*explain = (struct explain){0};
	arena_init(&explain->_arena, EXPLAIN_SIZE_MAX);
	explain->entries =
		arena_array(&explain->_arena, EXPLAIN_ENTRY_MAX, sizeof(*explain->entries));
	return explain->entries ? 0 : SBC_ENOMEM;
}

void explain_fini(struct explain *explain)
{
	arena_fini(&explain->_arena);
}

/* ---- members ---- */

/* A member's text, in the arena; empty: none, or no memory. */
static struct slice text_of(struct explain *explain, struct slice object, const char *name)
{
	struct slice value, copy = SLICE("");
	struct buf text;

	if (!ctl_json_member(object, name, &value))
		return copy;
	buf_init(&text, EXPLAIN_SIZE_MAX);
	if (!ctl_json_put_text(&text, value) && text.len)
		copy = arena_copy(&explain->_arena, buf_slice(&text));
	buf_fini(&text);
	return copy;
}

static uint64_t number_of(struct slice object, const char *name)
{
	struct slice value;
	uint64_t number = 0;

	if (ctl_json_member(object, name, &value))
		slice_to_u64(value, INT64_MAX, &number);
	return number;
}

static bool is_true(struct slice object, const char *name)
{
	struct slice value;

	return ctl_json_member(object, name, &value) &&
	       (slice_equal(value, SLICE("true")) || slice_equal(value, SLICE("1")));
}

/* "1795940618.324211" */
static uint64_t time_of(struct explain *explain, struct slice object)
{
	struct slice rest = text_of(explain, object, "time");
	struct slice whole = slice_cut(&rest, '.');
	uint64_t seconds = 0, micro = 0;

	if (slice_to_u64(whole, INT32_MAX, &seconds) ||
		(rest.len == 6 && slice_to_u64(rest, 999999, &micro)))
		return 0;
	return seconds * 1000000 + micro;
}

/* ---- entries ---- */

static enum explain_kind kind_of(struct slice name)
{
	static const char *const names[] = {"message", "leg", "event", "record"};
	int kind = 0;

	while (kind < EXPLAIN_RECORD && !slice_equal(name, slice_str(names[kind])))
		kind++;
	return (enum explain_kind)kind;
}

static bool is_seen(const struct explain *explain, const struct explain_entry *entry)
{
	for (size_t i = explain->count; entry->kind == EXPLAIN_MESSAGE && i-- > 0;) {
		const struct explain_entry *old = &explain->entries[i];
		if (old->kind == EXPLAIN_MESSAGE && old->leg == entry->leg &&
			old->is_incoming == entry->is_incoming &&
			slice_equal(old->text, entry->text))
			return true;
	}
	return false;
}

static void add_entry(struct explain *explain, struct slice object)
{
	struct explain_entry entry = {.kind = kind_of(text_of(explain, object, "kind")),
		.time_us = time_of(explain, object),
		.is_incoming = slice_equal(text_of(explain, object, "direction"), SLICE("in")),
		.is_cut = is_true(object, "is_cut"),
		.transport = text_of(explain, object, "transport"),
		.peer = text_of(explain, object, "peer"),
		.text = text_of(explain, object, "text")};
	struct slice leg = text_of(explain, object, "leg");

	if (leg.len == 1 && (leg.ptr[0] == 'a' || leg.ptr[0] == 'b'))
		entry.leg = leg.ptr[0];
	if (entry.kind == EXPLAIN_RECORD) {
		explain->record = entry.text;
		return;
	}
	entry.is_again = is_seen(explain, &entry);
	explain->entries[explain->count++] = entry;
}

int explain_add(struct explain *explain, struct slice result, size_t *added)
{
	struct slice list, rest, name, object, record;

	*added = 0;
	if (!ctl_json_member(result, "entries", &list) || !ctl_json_begin(list, &rest) ||
		ctl_json_kind(list) != CTL_JSON_ARRAY)
		return SBC_EPARSE;
	explain->call = text_of(explain, result, "call");
	explain->is_live = slice_equal(text_of(explain, result, "state"), SLICE("live"));
	explain->is_begin_lost = is_true(result, "is_begin_lost");
	record = text_of(explain, result, "record");
	if (record.len)
		explain->record = record;
	while (ctl_json_item(&rest, &name, &object)) {
		if (explain->count == EXPLAIN_ENTRY_MAX)
			return SBC_ELIMIT;
		add_entry(explain, object);
		++*added;
	}
	return 0;
}

/* ---- the record ---- */

static void read_identity(
	struct explain *explain, struct explain_leg *leg, struct slice leg_json)
{
	struct slice identity;

	if (!ctl_json_member(leg_json, "identity", &identity))
		return;
	leg->outcome = text_of(explain, identity, "outcome");
	leg->mechanism = text_of(explain, identity, "mechanism");
	leg->identity = text_of(explain, identity, "identity");
	leg->domain = text_of(explain, identity, "domain");
	leg->url = text_of(explain, identity, "url");
	leg->why = text_of(explain, identity, "why");
	leg->code = number_of(identity, "code");
}

static void read_leg(struct explain *explain, struct explain_leg *leg, struct slice json)
{
	leg->peer = text_of(explain, json, "peer");
	leg->transport = text_of(explain, json, "transport");
	leg->call_id = text_of(explain, json, "call_id");
	leg->signalled = text_of(explain, json, "fingerprint_signalled");
	leg->presented = text_of(explain, json, "fingerprint_presented");
	leg->is_match = is_true(json, "fingerprint_match");
	leg->keying = text_of(explain, json, "keying");
	leg->dtls = text_of(explain, json, "dtls");
	leg->cipher_suite = text_of(explain, json, "cipher_suite");
	leg->srtp_profile = text_of(explain, json, "srtp_profile");
	leg->received = number_of(json, "rtp_received");
	leg->relayed = number_of(json, "rtp_relayed");
	leg->lost = number_of(json, "rtp_lost");
	ctl_json_member(json, "dropped", &leg->dropped);
	ctl_json_member(json, "streams", &leg->streams);
	read_identity(explain, leg, json);
}

void explain_complete(struct explain *explain)
{
	struct slice rest = explain->record, record, legs, name, json;

	if (!ctl_json_next(&rest, &record) || ctl_json_kind(record) != CTL_JSON_OBJECT)
		return;
	explain->has_record = true;
	explain->start_s = number_of(record, "start");
	explain->answer_s = number_of(record, "answer");
	explain->end_s = number_of(record, "end");
	explain->code = number_of(record, "sip_code");
	explain->ended_by = text_of(explain, record, "ended_by");
	explain->reason = text_of(explain, record, "reason");
	explain->from = text_of(explain, record, "from");
	explain->to = text_of(explain, record, "to");
	if (!ctl_json_member(record, "legs", &legs) || !ctl_json_begin(legs, &rest))
		return;
	for (int i = 0; i < 2 && ctl_json_item(&rest, &name, &json); i++)
		read_leg(explain, &explain->legs[i], json);
}

/* ---- events ---- */

struct slice explain_event_name(const struct explain_entry *entry)
{
	struct slice rest = entry->text;

	if (entry->kind != EXPLAIN_EVENT)
		return SLICE("");
	slice_cut(&rest, ' '); /* level */
	slice_cut(&rest, ' '); /* room */
	return slice_cut(&rest, ' ');
}

/* Where ` key=` ends in a line; its length: nowhere. */
static size_t find_key(struct slice line, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; i + len + 2 <= line.len; i++)
		if (line.ptr[i] == ' ' && !memcmp(line.ptr + i + 1, key, len) &&
			line.ptr[i + 1 + len] == '=')
			return i + len + 2;
	return line.len;
}

struct slice explain_event_value(const struct explain_entry *entry, const char *key)
{
	struct slice rest = slice_from(entry->text, find_key(entry->text, key));

	if (entry->kind != EXPLAIN_EVENT || !rest.len)
		return SLICE("");
	if (rest.ptr[0] != '"')
		return slice_head(rest, slice_find(rest, ' '));
	rest = slice_from(rest, 1);
	for (size_t i = 0; i < rest.len; i++)
		if (rest.ptr[i] == '"' && (i + 1 == rest.len || rest.ptr[i + 1] == ' '))
			return slice_head(rest, i);
	return rest; /* the log cut it */
}

const struct explain_entry *explain_last_event(const struct explain *explain, const char *name)
{
	for (size_t i = explain->count; i-- > 0;)
		if (slice_equal(explain_event_name(&explain->entries[i]), slice_str(name)))
			return &explain->entries[i];
	return NULL;
}

/* ---- messages ---- */

unsigned explain_status(const struct explain_entry *entry)
{
	uint64_t code = 0;

	if (entry->kind == EXPLAIN_MESSAGE &&
		slice_starts_nocase(entry->text, SLICE("SIP/2.0 ")) &&
		slice_to_u64(slice_head(slice_from(entry->text, 8), 3), 699, &code))
		return 0;
	return (unsigned)code;
}

struct slice explain_method(const struct explain_entry *entry)
{
	struct slice rest = entry->text, value;
	struct sip_scan scan = {0};

	if (entry->kind != EXPLAIN_MESSAGE)
		return SLICE("");
	if (!slice_starts_nocase(entry->text, SLICE("SIP/2.0 ")))
		return slice_head(slice_cut(&rest, ' '), 32);
	sip_scan_message(&scan, entry->text); /* a cut one has its header lines all the same */
	value = sip_scan_value(&scan, "CSeq");
	return slice_head(slice_trim(slice_from(value, slice_find(value, ' '))), 32);
}

static struct slice body_of(struct slice text)
{
	const char *end = text.len ? memmem(text.ptr, text.len, "\r\n\r\n", 4) : NULL;

	return end ? slice_from(text, (size_t)(end - text.ptr) + 4) : SLICE("");
}

struct slice explain_sdp(const struct explain_entry *entry)
{
	struct slice body = entry->kind == EXPLAIN_MESSAGE ? body_of(entry->text) : SLICE("");
	struct sip_multipart parts;
	struct sip_scan scan = {0};

	if (slice_starts(body, SLICE("v=")))
		return body;
	if (!body.len)
		return SLICE("");
	sip_scan_message(&scan, entry->text);
	return sip_multipart_read(&parts, sip_scan_value(&scan, "Content-Type"), body)
		       ? SLICE("")
		       : parts.session;
}

struct slice explain_who(const struct explain *explain, int side)
{
	struct slice name = explain->legs[side].peer;

	return name.len ? name : side ? SLICE("the callee") : SLICE("the caller");
}
