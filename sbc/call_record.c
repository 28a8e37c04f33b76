/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a call came to: one log line and one JSON object, in the same words. Written once,
 * when both legs are over and the media room told its counters. Signalling thread.
 */

#include <inttypes.h>

#include "base/json.h"
#include "sbc/call.h"
#include "sbc/e_model.h"

static const char *const ender_names[] = {"", "caller", "callee", "countersip"};

static void put_text(struct buf *out, const char *key, struct slice value)
{
	buf_printf(out, "\"%s\":", key);
	json_put_string(out, value);
	buf_put_char(out, ',');
}

static void put_number(struct buf *out, const char *key, uint64_t value)
{
	buf_printf(out, "\"%s\":%" PRIu64 ",", key, value);
}

/* The comma after the last member goes; every object here has one. */
static void close_object(struct buf *out)
{
	if (out->len && out->data[out->len - 1] == ',')
		out->len--;
	buf_put_char(out, '}');
}

static void put_identity(struct buf *out, const struct call_party *party)
{
	const struct identity_verdict *verdict = call_party_verdict(party);

	buf_put_str(out, "\"identity\":{");
	put_text(out, "outcome", slice_str(party->identity_outcome));
	put_text(out, "mechanism",
		slice_str(verdict->mechanism == IDENTITY_NONE
				  ? ""
				  : identity_mechanism_name(verdict->mechanism)));
	put_text(out, "identity", slice_str(verdict->identity));
	put_text(out, "domain", slice_str(verdict->domain));
	put_text(out, "url", slice_str(verdict->url));
	put_text(out, "subject", slice_str(verdict->subject));
	put_number(out, "signed_s", verdict->signed_at > 0 ? (uint64_t)verdict->signed_at : 0);
	put_text(out, "why", slice_str(verdict->why));
	put_number(out, "code", (uint64_t)verdict->code);
	close_object(out);
	buf_put_char(out, ',');
}

static void put_fingerprints(
	struct buf *out, const struct call_party *party, const struct media_security *security)
{
	const struct fingerprint_set *signalled = call_party_signalled(party);
	char text[FINGERPRINT_TEXT_MAX];

	put_text(out, "fingerprint_signalled",
		slice_str(
			signalled->count ? fingerprint_print(&signalled->items[0], text) : ""));
	put_text(out, "fingerprint_presented",
		slice_str(security->presented.digest_len
				  ? fingerprint_print(&security->presented, text)
				  : ""));
	buf_printf(out, "\"fingerprint_match\":%s,",
		security->presented.digest_len &&
				fingerprint_set_has(signalled, &security->presented)
			? "true"
			: "false");
}

static void put_counters(struct buf *out, const struct media_counters *counters)
{
	put_number(out, "rtp_received", counters->rtp_received);
	put_number(out, "rtp_relayed", counters->rtp_relayed);
	put_number(out, "rtp_lost", counters->rtp_lost);
	put_number(out, "rtcp_received", counters->rtcp_received);
	put_number(out, "rtcp_relayed", counters->rtcp_relayed);
	buf_put_str(out, "\"dropped\":{");
	put_number(out, "gate", counters->dropped_gate);
	put_number(out, "auth", counters->dropped_auth);
	put_number(out, "replay", counters->dropped_replay);
	put_number(out, "malformed", counters->dropped_malformed);
	put_number(out, "source", counters->dropped_source);
	put_number(out, "dtls", counters->dropped_dtls);
	put_number(out, "send", counters->dropped_send);
	close_object(out);
	buf_put_char(out, ',');
}

void call_stream_score(const struct call_stream *stream, int i, struct e_model_result *out)
{
	const struct media_quality *quality = &stream->quality[i];
	const struct e_model_input input = {.codec = slice_str(stream->codec),
		.expected = quality->expected,
		.lost = stream->counters[i].rtp_lost,
		.round_trip_us = quality->round_trip_us,
		.jitter_us = quality->jitter_us};

	*out = (struct e_model_result){0};
	if (slice_equal(slice_str(stream->kind), SLICE("audio")))
		e_model(out, &input);
}

/* What arrived on this leg, section by section. */
static void put_quality(struct buf *out, const struct call_stream *stream, int i)
{
	const struct media_quality *quality = &stream->quality[i];
	struct e_model_result result;

	call_stream_score(stream, i, &result);
	buf_put_char(out, '{');
	put_text(out, "kind", slice_str(stream->kind));
	put_text(out, "codec", slice_str(stream->codec));
	put_text(out, "keying", slice_str(media_link_keying_name(&stream->keying[i])));
	put_number(out, "expected", quality->expected);
	put_number(out, "lost", stream->counters[i].rtp_lost);
	put_number(out, "jitter_us", quality->jitter_us);
	put_number(out, "jitter_max_us", quality->jitter_max_us);
	put_number(out, "round_trip_us", quality->round_trip_us);
	put_number(out, "round_trip_max_us", quality->round_trip_max_us);
	put_number(out, "reports", quality->reports);
	put_number(out, "reported_lost", quality->reported_lost);
	put_number(out, "reported_jitter_us", quality->reported_jitter_us);
	buf_printf(out, "\"r\":%u.%u,\"mos\":%u.%02u,", result.r_tenths / 10,
		result.r_tenths % 10, result.mos_hundredths / 100, result.mos_hundredths % 100);
	close_object(out);
}

static void put_streams(struct buf *out, const struct call *call, int i)
{
	bool is_first = true;

	buf_put_str(out, "\"streams\":[");
	for (size_t n = 0; n < call->media.count; n++) {
		if (!call->media.streams[n].is_taken)
			continue;
		if (!is_first)
			buf_put_char(out, ',');
		is_first = false;
		put_quality(out, &call->media.streams[n], i);
	}
	buf_put_str(out, "],");
}

/* Of the other end's SIP. */
static void put_address(struct buf *out, const struct leg *leg)
{
	const struct netaddr *address = leg->is_uas ? &leg->source.peer : &leg->hop.addr;
	char text[NETADDR_TEXT_MAX] = "";

	if (netaddr_is_set(address))
		netaddr_print(address, text);
	put_text(out, "address", slice_str(text));
}

static void put_leg(struct buf *out, const struct call *call, int i)
{
	const struct leg *leg = i ? call->b : call->a;
	const struct call_party *party = &call->party[i];
	const struct call_stream *stream = media_link_first(&call->media);
	const struct media_security *security = &stream->security[i];
	struct media_counters counters;

	buf_put_char(out, '{');
	put_text(out, "leg", slice_of(&leg->name, 1));
	put_text(out, "call_id", leg->dialog.call_id);
	put_text(out, "local_tag", leg->dialog.local_tag);
	put_text(out, "remote_tag", leg->dialog.remote_tag);
	put_address(out, leg);
	put_text(out, "peer", slice_str(party->name));
	put_text(out, "transport", slice_str(transport_kind_name(party->transport)));
	put_identity(out, party);
	put_fingerprints(out, party, security);
	put_text(out, "keying", slice_str(media_link_keying_name(&stream->keying[i])));
	put_text(out, "dtls", slice_str(security->dtls_version));
	put_text(out, "cipher_suite", slice_str(security->cipher_suite));
	put_text(out, "srtp_profile", slice_str(security->srtp_profile));
	media_link_sum(&call->media, (enum media_side)i, &counters);
	put_counters(out, &counters);
	put_streams(out, call, i);
	close_object(out);
}

/* Of the conversation, up to now if it goes on. */
static uint64_t duration_of(const struct call *call)
{
	const struct sbc_outside *outside = &call->sbc->outside;
	int64_t end_s = call->end_s ? call->end_s : outside->wall_s(outside->arg);

	return call->answer_s && end_s > call->answer_s ? (uint64_t)(end_s - call->answer_s)
							: 0;
}

void call_record_print(const struct call *call, struct buf *out)
{
	buf_put_char(out, '{');
	put_text(out, "call", slice_str(call->name));
	put_number(out, "start", (uint64_t)call->start_s);
	put_number(out, "answer", (uint64_t)call->answer_s);
	put_number(out, "end", (uint64_t)call->end_s);
	put_number(out, "duration", duration_of(call));
	put_text(out, "method", SLICE("INVITE"));
	put_number(out, "sip_code", call->code);
	put_text(out, "sip_reason", slice_str(call->code ? sip_reason_phrase(call->code) : ""));
	put_text(out, "ended_by", slice_str(ender_names[call->ender]));
	put_text(out, "reason", slice_str(call->reason));
	put_text(out, "from", call->from);
	put_text(out, "to", call->to);
	buf_put_str(out, "\"legs\":[");
	put_leg(out, call, 0);
	buf_put_char(out, ',');
	put_leg(out, call, 1);
	buf_put_str(out, "]}");
}

void call_record(struct call *call)
{
	struct media_counters counters[MEDIA_SIDE_COUNT];
	struct sbc *sbc = call->sbc;
	char reason[LOG_TEXT_MAX];
	struct buf json;

	for (int side = 0; side < MEDIA_SIDE_COUNT; side++)
		media_link_sum(&call->media, (enum media_side)side, &counters[side]);
	log_event(sbc->log, LOG_INFO, "sbc", "call.end",
		"call=%s code=%u by=%s reason=\"%s\" seconds=%" PRId64 " relayed_a=%" PRIu64
		" relayed_b=%" PRIu64,
		call->name, call->code, ender_names[call->ender],
		log_text(reason, slice_str(call->reason)),
		call->answer_s ? call->end_s - call->answer_s : 0, counters[0].rtp_relayed,
		counters[1].rtp_relayed);
	if (!sbc->outside.record)
		return;
	buf_init(&json, CALL_RECORD_MAX);
	call_record_print(call, &json);
	if (!json.err)
		sbc->outside.record(call->number, buf_slice(&json), sbc->outside.arg);
	buf_fini(&json);
}
