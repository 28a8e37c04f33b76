/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The headline: the first of these rules that fits. Those of a call that was never answered
 * come from decisions and messages, those of one that was from what the media room counted.
 * Pure.
 */

#include <stdarg.h>
#include <stdio.h>

#include "tools/ctl/ctl_clean.h"
#include "tools/ctl/ctl_json.h"
#include "tools/ctl/explain.h"

#define TEXT_MAX 640 /* bytes, as in struct explain_why */
#define MOS_POOR                                                                               \
	310 /* hundredths; ITU-T G.107 Annex B: below it nearly all are dissatisfied           \
	     */
#define LOSS_PERCENT 3 /* above it speech is heard to suffer */

/* printf cuts a UTF-8 character in two where the array ends: clean comes after it. */
static void put(char out[TEXT_MAX], const char *format, va_list args)
{
	char raw[TEXT_MAX];
	struct buf clean;

	vsnprintf(raw, sizeof(raw), format, args);
	buf_init(&clean, 4 * sizeof(raw));
	ctl_clean_put_all(&clean, slice_str(raw));
	snprintf(out, TEXT_MAX, "%s", clean.data ? clean.data : "");
	buf_fini(&clean);
}

static bool __attribute__((format(printf, 4, 5)))
say(struct explain_why *out, enum explain_tone tone, const char *word, const char *format, ...)
{
	va_list args;

	out->tone = tone;
	out->word = word;
	va_start(args, format);
	put(out->sentence, format, args);
	va_end(args);
	return true;
}

static void __attribute__((format(printf, 2, 3)))
show(struct explain_why *out, const char *format, ...)
{
	va_list args;

	if (out->fact_count == EXPLAIN_FACT_MAX)
		return;
	va_start(args, format);
	put(out->facts[out->fact_count++], format, args);
	va_end(args);
}

static const char *end_name(int side)
{
	return side ? "callee" : "caller";
}

/* ---- never answered ---- */

/* Traces of a proxy on the way that edits what is signed: Contact and body (RFC 4474), the
 * description's fingerprints (RFC 8224's mky). */
static void show_edits(const struct explain *explain, struct explain_why *out)
{
	static const struct {
		const char *trace, *text;
	} edits[] = {
		{";alias=", "Contact has ;alias= (add_contact_alias, fix_nated_contact)"},
		{";line=sr-", "addresses are masked (topoh): RFC 4474 does not survive that"},
		{"a=nortpproxy", "the description went through rtpproxy (a=nortpproxy)"},
		{"a=rtpengine", "the description went through rtpengine (a=rtpengine)"},
		{"a=oldmediaip", "the description was rewritten for NAT (a=oldmediaip)"},
	};
	struct slice text = SLICE("");

	for (size_t i = explain->count; i-- > 0 && !text.len;) {
		const struct explain_entry *entry = &explain->entries[i];
		if (entry->leg == 'a' && entry->is_incoming &&
			slice_starts(entry->text, SLICE("INVITE ")))
			text = entry->text;
	}
	for (size_t i = 0; text.len && i < sizeof(edits) / sizeof(edits[0]); i++)
		if (memmem(text.ptr, text.len, edits[i].trace, strlen(edits[i].trace)))
			show(out,
				"something on the way edits messages: %s; let it sign, or "
				"verify, "
				"after that",
				edits[i].text);
}

static bool is_identity(const struct explain *explain, struct explain_why *out)
{
	const struct explain_entry *verdict = explain_last_event(explain, "identity.verdict");
	const struct explain_leg *leg = &explain->legs[0];
	struct slice code;

	if (!verdict)
		return false;
	code = explain_event_value(verdict, "code");
	if (!code.len || slice_equal(code, SLICE("0")) ||
		!slice_equal(explain_event_value(verdict, "outcome"), SLICE("refused")))
		return false;
	say(out, EXPLAIN_BAD, "identity-refused",
		"Refused with %.*s: the caller's identity is not proved: %.*s.",
		SLICE_ARG(code), SLICE_ARG(explain_event_value(verdict, "why")));
	if (leg->identity.len)
		show(out, "it claims to be %.*s, by %.*s", SLICE_ARG(leg->identity),
			SLICE_ARG(leg->mechanism));
	if (leg->url.len)
		show(out, "the certificate is at %.*s", SLICE_ARG(leg->url));
	show_edits(explain, out);
	show(out, "it came from %.*s", SLICE_ARG(explain_who(explain, 0)));
	return true;
}

static bool is_media_refused(const struct explain *explain, struct explain_why *out)
{
	const struct explain_entry *refused = explain_last_event(explain, "call.media_refused");

	return refused && say(out, EXPLAIN_BAD, "media-refused",
				  "Refused: what the caller offers is nothing for %.*s: %.*s.",
				  SLICE_ARG(explain_event_value(refused, "to")),
				  SLICE_ARG(explain_event_value(refused, "why")));
}

/* The first one that ended something: after it others fire, too. */
static const struct explain_entry *first_timer(const struct explain *explain)
{
	for (size_t i = 0; i < explain->count; i++) {
		const struct explain_entry *entry = &explain->entries[i];
		if (slice_equal(explain_event_name(entry), SLICE("call.timer")) &&
			!slice_equal(explain_event_value(entry, "timer"), SLICE("target")))
			return entry;
	}
	return NULL;
}

static bool is_timer(const struct explain *explain, struct explain_why *out)
{
	const struct explain_entry *timer = first_timer(explain);

	if (!timer || explain->is_live ||
		(explain->answer_s && !slice_equal(explain->ended_by, SLICE("countersip"))))
		return false;
	say(out, EXPLAIN_BAD, "timer", "%s: %.*s.",
		explain->answer_s ? "Ended by us" : "Not answered",
		SLICE_ARG(explain_event_value(timer, "why")));
	show(out, "the timer %.*s of the %s's leg fired",
		SLICE_ARG(explain_event_value(timer, "timer")), end_name(timer->leg == 'b'));
	return true;
}

/* The newest response of the callee's side that refuses. */
static const struct explain_entry *last_refusal(
	const struct explain *explain, char leg, bool is_incoming)
{
	for (size_t i = explain->count; i-- > 0;) {
		const struct explain_entry *entry = &explain->entries[i];
		if (entry->leg == leg && entry->is_incoming == is_incoming &&
			explain_status(entry) >= 300 &&
			slice_equal(explain_method(entry), SLICE("INVITE")))
			return entry;
	}
	return NULL;
}

static struct slice status_line(const struct explain_entry *entry)
{
	struct slice rest = slice_from(entry->text, strlen("SIP/2.0 "));

	return slice_head(slice_trim(slice_cut(&rest, '\n')), 100);
}

/* A header line of the message that may say why. */
static void show_header(
	struct explain_why *out, const struct explain_entry *entry, const char *name)
{
	struct slice rest = entry->text;

	while (rest.len) {
		struct slice line = slice_trim(slice_cut(&rest, '\n')), value = line, key;
		if (!line.len)
			return;
		key = slice_trim(slice_cut(&value, ':'));
		if (slice_equal_nocase(key, slice_str(name)))
			show(out, "%s: %.*s", name,
				SLICE_ARG(slice_head(slice_trim(value), 400)));
	}
}

static bool is_callees_refusal(const struct explain *explain, struct explain_why *out)
{
	const struct explain_entry *refusal = last_refusal(explain, 'b', true);

	if (!refusal || explain->is_live)
		return false;
	say(out, EXPLAIN_BAD, "callee-refused", "%.*s refused: %.*s.",
		SLICE_ARG(explain_who(explain, 1)), SLICE_ARG(status_line(refusal)));
	show(out, "it came from %.*s over %.*s", SLICE_ARG(refusal->peer),
		SLICE_ARG(refusal->transport));
	show_header(out, refusal, "Warning");
	show_header(out, refusal, "Reason");
	if (explain->code && explain->code != explain_status(refusal))
		show(out, "the caller heard %u instead", (unsigned)explain->code);
	return true;
}

static bool is_given_up(const struct explain *explain, struct explain_why *out)
{
	return slice_equal(explain->ended_by, SLICE("caller")) &&
	       say(out, EXPLAIN_WAIT, "caller-gave-up",
		       "The caller hung up before there was an answer.");
}

/* What a code of ours means here. */
static const char *meaning(unsigned code)
{
	static const struct {
		unsigned code;
		const char *text;
	} meanings[] = {
		{403, "the caller may not: no peer and no user of ours, or a wrong password"},
		{404, "nobody of that name is known, and no route leads there"},
		{407, "the caller did not prove a password"},
		{408, "nobody answered in time"},
		{416, "an address that is no SIP URI"},
		{420, "it needs an extension that we do not have"},
		{422, "its session timer is too short"},
		{428, "the peer must sign, and this is not signed"},
		{436, "the certificate of the signature cannot be had"},
		{437, "the certificate of the signature is not one that counts"},
		{438, "the signature is not right"},
		{480, "the called one is not registered just now"},
		{482, "it came back to us: a loop"},
		{483, "too many hops"},
		{488, "what it offers as media is nothing that policy allows"},
		{500, "we could not go on"},
		{503, "a limit is reached, or nothing there can be reached"},
	};

	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (meanings[i].code == code)
			return meanings[i].text;
	return "see the messages";
}

static bool is_our_refusal(const struct explain *explain, struct explain_why *out)
{
	const struct explain_entry *refusal = last_refusal(explain, 'a', false);

	if (!refusal || explain->is_live)
		return false;
	say(out, EXPLAIN_BAD, "refused", "Refused with %.*s: %s.",
		SLICE_ARG(status_line(refusal)), meaning(explain_status(refusal)));
	show_header(out, refusal, "Warning");
	show_header(out, refusal, "Reason");
	show(out, "it was asked from %.*s over %.*s", SLICE_ARG(refusal->peer),
		SLICE_ARG(refusal->transport));
	return true;
}

static bool is_under_way(const struct explain *explain, struct explain_why *out)
{
	return explain->is_live &&
	       say(out, EXPLAIN_WAIT, "not-answered-yet",
		       explain->legs[1].peer.len
			       ? "Not answered yet: the callee is asked."
			       : "Not answered yet: the caller is looked at.");
}

/* ---- answered ---- */

static bool is_media_failed(const struct explain *explain, struct explain_why *out)
{
	const struct explain_entry *failed = explain_last_event(explain, "media.failed");
	const struct explain_leg *leg;
	struct slice why;
	int side;

	if (!failed)
		return false;
	side = failed->leg == 'b';
	leg = &explain->legs[side];
	why = explain_event_value(failed, "why");
	if (!slice_equal(why, SLICE("fingerprint mismatch"))) {
		say(out, EXPLAIN_BAD, "dtls-failed",
			"No audio: the DTLS handshake with the %s failed (%.*s), so the call "
			"was "
			"ended.",
			end_name(side), SLICE_ARG(why));
		return true;
	}
	say(out, EXPLAIN_BAD, "fingerprint-mismatch",
		"No audio: the %s's DTLS certificate is not the one that its session "
		"description "
		"announced, so the call was ended.",
		end_name(side));
	show(out, "announced %.*s", SLICE_ARG(leg->signalled));
	show(out, "presented %.*s", SLICE_ARG(leg->presented));
	return true;
}

static bool is_unsecured(const struct explain *explain, struct explain_why *out)
{
	for (int side = 0; side < 2; side++) {
		const struct explain_leg *leg = &explain->legs[side];
		if (!slice_equal(leg->keying, SLICE("dtls")) || leg->dtls.len)
			continue;
		return say(out, explain->is_live ? EXPLAIN_WAIT : EXPLAIN_BAD, "not-secured",
			"No audio: the DTLS handshake with the %s %s.", end_name(side),
			explain->is_live ? "is not done yet" : "was never done");
	}
	return false;
}

/* The reason that was counted most. */
static uint64_t most_dropped(const struct explain_leg *leg, struct slice *reason)
{
	struct slice rest, name, value;
	uint64_t most = 0, count;

	if (!ctl_json_begin(leg->dropped, &rest))
		return 0;
	while (ctl_json_item(&rest, &name, &value)) {
		if (name.len < 2 || slice_to_u64(value, UINT64_MAX, &count) || count <= most)
			continue;
		most = count;
		*reason = slice_of(name.ptr + 1, name.len - 2);
	}
	return most;
}

static const char *drop_meaning(struct slice reason)
{
	static const struct {
		const char *reason, *text;
	} meanings[] = {
		{"gate", "they are not let through: the key, or who answered, is not proved"},
		{"auth", "they do not verify: another SRTP key, or something changed them"},
		{"replay", "they came before, or far too late"},
		{"malformed", "they are no RTP"},
		{"source", "they come from another address than they must"},
		{"dtls", "they are DTLS that does not belong here"},
		{"send", "the network took no more"},
	};

	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (slice_equal(slice_str(meanings[i].reason), reason))
			return meanings[i].text;
	return "see the counters";
}

/* Does what an end described last keep the other end from speaking, or itself? */
static struct slice direction_of(const struct explain *explain, int side)
{
	static const char *const words[] = {"sendonly", "recvonly", "inactive"};

	for (size_t i = explain->count; i-- > 0;) {
		const struct explain_entry *entry = &explain->entries[i];
		struct slice sdp = entry->is_incoming ? explain_sdp(entry) : SLICE("");
		if (!sdp.len || (entry->leg == 'b') != side)
			continue;
		while (sdp.len) {
			struct slice line = slice_trim(slice_cut(&sdp, '\n'));
			for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
				if (slice_starts(line, SLICE("a=")) &&
					slice_equal(slice_from(line, 2), slice_str(words[k])))
					return slice_str(words[k]);
		}
		return SLICE("");
	}
	return SLICE("");
}

static void show_directions(const struct explain *explain, struct explain_why *out)
{
	for (int side = 0; side < 2; side++) {
		struct slice direction = direction_of(explain, side);
		if (direction.len)
			show(out, "the %s said a=%.*s: it is on hold, or only listens",
				end_name(side), SLICE_ARG(direction));
	}
}

static bool is_silent(const struct explain *explain, struct explain_why *out)
{
	bool has_a = explain->legs[0].received, has_b = explain->legs[1].received;
	int side = has_a ? 1 : 0;

	if (has_a && has_b)
		return false;
	if (!has_a && !has_b)
		say(out, EXPLAIN_BAD, "no-media",
			"No audio: neither end sends any packets to us.");
	else
		say(out, EXPLAIN_BAD, "one-way",
			"Audio goes one way only: the %s sends us nothing, so the %s hears "
			"nothing.",
			end_name(side), end_name(1 - side));
	for (int i = 0; i < 2; i++)
		show(out, "%llu packets came from the %s",
			(unsigned long long)explain->legs[i].received, end_name(i));
	show_directions(explain, out);
	return true;
}

static bool is_dropped(const struct explain *explain, struct explain_why *out)
{
	for (int side = 0; side < 2; side++) {
		const struct explain_leg *leg = &explain->legs[side];
		struct slice reason = SLICE("");
		uint64_t count = most_dropped(leg, &reason);

		if (leg->relayed || !leg->received)
			continue;
		say(out, EXPLAIN_BAD, "dropped",
			"No audio from the %s: of %llu packets not one was relayed%s%s.",
			end_name(side), (unsigned long long)leg->received, count ? ": " : "",
			count ? drop_meaning(reason) : "");
		if (count)
			show(out, "%llu were dropped as %.*s", (unsigned long long)count,
				SLICE_ARG(reason));
		return true;
	}
	return false;
}

/* "4.40" in hundredths of the first audio stream; 0: not known. */
static unsigned mos_of(const struct explain_leg *leg)
{
	struct slice rest, name, stream, value, whole;
	uint64_t units, hundredths;

	if (!ctl_json_begin(leg->streams, &rest) || !ctl_json_item(&rest, &name, &stream) ||
		!ctl_json_member(stream, "mos", &value))
		return 0;
	whole = slice_cut(&value, '.');
	if (slice_to_u64(whole, 5, &units) || value.len != 2 ||
		slice_to_u64(value, 99, &hundredths))
		return 0;
	return (unsigned)(units * 100 + hundredths);
}

static bool is_poor(const struct explain *explain, struct explain_why *out)
{
	for (int side = 0; side < 2; side++) {
		const struct explain_leg *leg = &explain->legs[side];
		uint64_t all = leg->received + leg->lost;
		unsigned mos = mos_of(leg);
		uint64_t percent = all ? leg->lost * 100 / all : 0;

		if ((!mos || mos >= MOS_POOR) && percent < LOSS_PERCENT)
			continue;
		say(out, EXPLAIN_BAD, "poor-audio",
			"Audio from the %s arrives badly: %llu %% of its packets were lost.",
			end_name(side), (unsigned long long)percent);
		if (mos)
			show(out, "MOS %u.%02u", mos / 100, mos % 100);
		return true;
	}
	return false;
}

static bool is_ended_oddly(const struct explain *explain, struct explain_why *out)
{
	if (explain->is_live || !slice_equal(explain->ended_by, SLICE("countersip")) ||
		!explain->reason.len)
		return false;
	say(out, EXPLAIN_BAD, "ended-by-us", "Ended by us: %.*s.", SLICE_ARG(explain->reason));
	return true;
}

static bool is_fine(const struct explain *explain, struct explain_why *out)
{
	say(out, EXPLAIN_GOOD, "fine", "Audio %s both ways.",
		explain->is_live ? "goes" : "went");
	for (int i = 0; i < 2; i++) {
		unsigned mos = mos_of(&explain->legs[i]);
		show(out, "%llu packets came from the %s, %llu lost, MOS %u.%02u",
			(unsigned long long)explain->legs[i].received, end_name(i),
			(unsigned long long)explain->legs[i].lost, mos / 100, mos % 100);
	}
	return true;
}

static bool is_bypassed(const struct explain *explain, struct explain_why *out)
{
	if (explain->legs[0].keying.len || explain->legs[1].keying.len)
		return false;
	return say(out, EXPLAIN_WAIT, "media-unseen",
		"Answered; media does not go through us, so nothing is known about it.");
}

void explain_why(const struct explain *explain, struct explain_why *out)
{
	typedef bool rule(const struct explain *explain, struct explain_why *out);
	static rule *const refused[] = {is_identity, is_media_refused, is_given_up, is_timer,
		is_callees_refusal, is_our_refusal, is_under_way};
	static rule *const answered[] = {is_media_failed, is_timer, is_bypassed, is_unsecured,
		is_silent, is_dropped, is_ended_oddly, is_poor, is_fine};
	rule *const *rules = explain->answer_s ? answered : refused;
	size_t count = explain->answer_s ? sizeof(answered) / sizeof(answered[0])
					 : sizeof(refused) / sizeof(refused[0]);

	*out = (struct explain_why){0};
	/* Without its record nothing is known of an answered call's packets. */
	if (!explain->has_record && explain_last_event(explain, "call.answer"))
		count = 0;
	for (size_t i = 0; i < count; i++)
		if (rules[i](explain, out))
			return;
	say(out, EXPLAIN_WAIT, "unknown", "Not enough is kept of this call to tell.");
}
