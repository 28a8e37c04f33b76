/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a call record to the columns of a table. Pure. */

#include "sbc/record_row.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sbc/sip_msg.h"

/* ---- values ---- */

static void set_text(struct record_value *out, struct slice text)
{
	out->kind = RECORD_TEXT;
	out->text = text;
}

static void read_text(const struct json *value, struct record_value *out)
{
	struct slice text = json_get_string(value);

	if (text.ptr)
		set_text(out, text);
}

static void read_integer(const struct json *value, struct record_value *out)
{
	if (json_get_integer(value, &out->integer))
		out->kind = RECORD_INTEGER;
}

static void read_real(const struct json *value, struct record_value *out)
{
	if (json_get_real(value, &out->real))
		out->kind = RECORD_REAL;
}

/* Seconds since 1970, as MySQL's and SQLite's functions for dates read them; UTC. */
static void read_time(const struct json *value, struct record_value *out)
{
	int64_t seconds;
	struct tm tm;
	time_t t;

	if (!json_get_integer(value, &seconds) || seconds <= 0)
		return; /* it never was */
	t = (time_t)seconds;
	if (gmtime_r(&t, &tm) &&
		strftime(out->_made, sizeof(out->_made), "%Y-%m-%d %H:%M:%S", &tm))
		set_text(out, slice_str(out->_made));
}

/* Kamailio's sip_code is text. */
static void read_code(const struct json *value, struct record_value *out)
{
	int64_t code;

	if (!json_get_integer(value, &code))
		return;
	snprintf(out->_made, sizeof(out->_made), "%lld", (long long)code);
	set_text(out, slice_str(out->_made));
}

static void read_user(const struct json *value, struct record_value *out)
{
	struct slice text = json_get_string(value);
	struct sip_uri uri;

	if (slice_starts_nocase(text, SLICE("tel:"))) {
		text = slice_from(text, strlen("tel:"));
		set_text(out, slice_cut(&text, ';'));
	} else if (!sip_uri_parse(&uri, text)) {
		set_text(out, uri.user);
	}
}

static void read_domain(const struct json *value, struct record_value *out)
{
	struct sip_uri uri;

	if (!sip_uri_parse(&uri, json_get_string(value)))
		set_text(out, uri.host);
}

/* "192.0.2.1:5060", "[2001:db8::1]:5060" */
static void read_host(const struct json *value, struct record_value *out)
{
	struct slice text = json_get_string(value);

	if (!text.len)
		return;
	if (text.ptr[0] == '[') {
		text = slice_from(text, 1);
		text = slice_cut(&text, ']');
	} else {
		text = slice_cut(&text, ':');
	}
	set_text(out, text);
}

/* ---- the table ---- */

/* clang-format off: a table */
#define LEG(letter, path)                                                                      \
	{letter "_peer", "TEXT", path ".peer", read_text},                                     \
		{letter "_address", "TEXT", path ".address", read_text},                       \
		{letter "_transport", "TEXT", path ".transport", read_text},                   \
		{letter "_callid", "TEXT", path ".call_id", read_text},                        \
		{letter "_verdict", "TEXT", path ".identity.outcome", read_text},              \
		{letter "_identity", "TEXT", path ".identity.identity", read_text},            \
		{letter "_identity_domain", "TEXT", path ".identity.domain", read_text},       \
		{letter "_identity_code", "INTEGER", path ".identity.code", read_integer},     \
		{letter "_identity_why", "TEXT", path ".identity.why", read_text},             \
		{letter "_fingerprint", "TEXT", path ".fingerprint_presented", read_text},     \
		{letter "_keying", "TEXT", path ".keying", read_text},                         \
		{letter "_dtls", "TEXT", path ".dtls", read_text},                             \
		{letter "_cipher_suite", "TEXT", path ".cipher_suite", read_text},             \
		{letter "_srtp_profile", "TEXT", path ".srtp_profile", read_text},             \
		{letter "_rtp_received", "INTEGER", path ".rtp_received", read_integer},       \
		{letter "_rtp_relayed", "INTEGER", path ".rtp_relayed", read_integer},         \
		{letter "_codec", "TEXT", path ".streams.0.codec", read_text},                 \
		{letter "_expected", "INTEGER", path ".streams.0.expected", read_integer},     \
		{letter "_lost", "INTEGER", path ".streams.0.lost", read_integer},             \
		{letter "_jitter_us", "INTEGER", path ".streams.0.jitter_us", read_integer},   \
		{letter "_round_trip_us", "INTEGER", path ".streams.0.round_trip_us",          \
			read_integer},                                                         \
	{                                                                                      \
		letter "_mos", "REAL", path ".streams.0.mos", read_real                        \
	}

static const struct record_column columns[] = {
	{"method", "TEXT", "method", read_text},
	{"from_tag", "TEXT", "legs.0.remote_tag", read_text},
	{"to_tag", "TEXT", "legs.0.local_tag", read_text},
	{"callid", "TEXT", "legs.0.call_id", read_text},
	{"sip_code", "TEXT", "sip_code", read_code},
	{"sip_reason", "TEXT", "sip_reason", read_text},
	{"time", "DATETIME", "end", read_time},
	{"src_user", "TEXT", "from", read_user},
	{"src_domain", "TEXT", "from", read_domain},
	{"src_ip", "TEXT", "legs.0.address", read_host},
	{"dst_user", "TEXT", "to", read_user},
	{"dst_domain", "TEXT", "to", read_domain},
	{"start_time", "DATETIME", "start", read_time},
	{"answer_time", "DATETIME", "answer", read_time},
	{"end_time", "DATETIME", "end", read_time},
	{"duration", "INTEGER", "duration", read_integer},
	{"call", "TEXT", "call", read_text},
	{"ended_by", "TEXT", "ended_by", read_text},
	{"reason", "TEXT", "reason", read_text},
	{"from_uri", "TEXT", "from", read_text},
	{"to_uri", "TEXT", "to", read_text},
	LEG("a", "legs.0"),
	LEG("b", "legs.1"),
};
/* clang-format on */

const struct record_column *record_column_at(size_t index)
{
	return index < sizeof(columns) / sizeof(columns[0]) ? &columns[index] : NULL;
}

static const struct json *step(const struct json *at, struct slice word)
{
	char name[32];
	uint64_t index;

	if (json_is_array(at))
		return slice_to_u64(word, SIZE_MAX, &index) ? NULL
							    : json_item(at, (size_t)index);
	return slice_copy(word, name, sizeof(name)) ? NULL : json_member(at, name);
}

void record_column_read(
	const struct record_column *column, const struct json *record, struct record_value *out)
{
	struct slice path = slice_str(column->path);

	while (path.len)
		record = step(record, slice_cut(&path, '.'));
	out->kind = RECORD_NULL;
	if (record)
		column->read(record, out);
}
