/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The page about one call: its headline, what stands beside each other, and strangers' bytes.
 */

#include "tests/cmocka_first.h"

#include <stdio.h>

#include "base/json.h"
#include "tools/ctl/ctl_clean.h"
#include "tools/ctl/ctl_json.h"
#include "tools/ctl/explain.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- an answer of the daemon ---- */

/* One entry: kind ('m' message, 'e' event), leg, direction ('i', 'o'), text. */
struct step {
	char kind, leg, direction;
	const char *text;
};

static void put_step(struct buf *out, const struct step *step, unsigned at)
{
	buf_printf(out, "%s{\"time\":\"1700000000.%06u\",\"kind\":\"%s\",\"leg\":\"%.1s\",",
		at ? "," : "", at * 1000, step->kind == 'm' ? "message" : "event",
		step->leg == '-' ? "" : &step->leg);
	if (step->kind == 'm')
		buf_printf(out,
			"\"direction\":\"%s\",\"transport\":\"UDP\",\"peer\":\"192.0.2.7:"
			"5060\","
			"\"is_cut\":0,",
			step->direction == 'i' ? "in" : "out");
	buf_put_str(out, "\"text\":");
	json_put_string(out, slice_str(step->text));
	buf_put_char(out, '}');
}

/* record: JSON; NULL: none. */
static void read_steps(struct explain *explain, const struct step *steps, size_t count,
	const char *record, bool is_live)
{
	struct buf json;
	size_t added;

	buf_init(&json, 1 << 20);
	buf_printf(&json, "{\"call\":\"c7\",\"state\":\"%s\",\"is_begin_lost\":0,",
		is_live ? "live" : "over");
	if (record) {
		buf_put_str(&json, "\"record\":");
		json_put_string(&json, slice_str(record));
		buf_put_char(&json, ',');
	}
	buf_put_str(&json, "\"entries\":[");
	for (unsigned i = 0; i < count; i++)
		put_step(&json, &steps[i], i);
	buf_put_str(&json, "]}");
	assert_int_equal(0, json.err);
	assert_int_equal(0, explain_init(explain));
	assert_int_equal(0, explain_add(explain, buf_slice(&json), &added));
	assert_int_equal(count, added);
	explain_complete(explain);
	buf_fini(&json);
}

static struct buf file_bytes(const char *path)
{
	FILE *file = fopen(path, "rb");
	char block[4096];
	struct buf out;
	size_t len;

	assert_non_null(file);
	buf_init(&out, 1 << 20);
	while ((len = fread(block, 1, sizeof(block), file)) > 0)
		buf_put(&out, block, len);
	fclose(file);
	return out;
}

static void read_file(struct explain *explain, const char *name)
{
	char path[128];
	struct buf text;
	struct slice rest, result;
	size_t added;

	snprintf(path, sizeof(path), "tests/vectors/ctl/explain-%s.json", name);
	text = file_bytes(path);
	rest = buf_slice(&text);
	assert_true(ctl_json_next(&rest, &result));
	assert_int_equal(0, explain_init(explain));
	assert_int_equal(0, explain_add(explain, result, &added));
	assert_true(added > 5);
	explain_complete(explain);
	buf_fini(&text);
}

static struct buf print(const struct explain *explain, size_t width, bool has_color)
{
	struct page page;
	struct buf out;

	buf_init(&out, 1 << 20);
	page_init(&page, &out, width, has_color);
	explain_print(&page, explain, true);
	assert_int_equal(0, out.err);
	return out;
}

/* ---- headlines ---- */

#define IN(leg, text)                                                                          \
	{                                                                                      \
		'm', leg, 'i', text                                                            \
	}
#define OUT(leg, text)                                                                         \
	{                                                                                      \
		'm', leg, 'o', text                                                            \
	}
#define EVENT(leg, text)                                                                       \
	{                                                                                      \
		'e', leg, 0, text                                                              \
	}
#define INVITE "INVITE sip:bob@b SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\n"
#define EDITED                                                                                 \
	"INVITE sip:bob@b SIP/2.0\r\nCSeq: 1 INVITE\r\nContact: "                              \
	"<sip:c@192.0.2.1;alias=192.0.2.9~5060~1>\r\n\r\nv=0\r\na=rtpengine:x\r\n"
#define STATUS(line) "SIP/2.0 " line "\r\nCSeq: 1 INVITE\r\n\r\n"
#define WARNED(line) "SIP/2.0 " line "\r\nCSeq: 1 INVITE\r\nWarning: 399 b \"no codec\"\r\n\r\n"
#define LEG(words)   "{" words "}"
#define CALLED(ender, code, a, b)                                                              \
	"{\"start\":5,\"answer\":0,\"end\":9,\"sip_code\":" code ",\"ended_by\":\"" ender      \
	"\",\"legs\":[" LEG(a) "," LEG(b) "]}"
#define TALKED(ender, reason, a, b)                                                            \
	"{\"start\":5,\"answer\":6,\"end\":9,\"sip_code\":200,\"ended_by\":\"" ender           \
	"\",\"reason\":\"" reason "\",\"legs\":[" LEG(a) "," LEG(b) "]}"
#define PLAIN(received, relayed)                                                               \
	"\"keying\":\"none\",\"rtp_received\":" received ",\"rtp_relayed\":" relayed
#define SECURE(received, relayed)                                                              \
	"\"keying\":\"dtls\",\"dtls\":\"DTLSv1.2\",\"rtp_received\":" received                 \
	",\"rtp_relayed\":" relayed
#define HOLD                                                                                   \
	"INVITE sip:x SIP/2.0\r\nCSeq: 2 INVITE\r\n\r\nv=0\r\nm=audio 9 RTP/AVP "              \
	"0\r\na=sendonly\r\n"

struct story {
	const char *word, *sentence, *fact; /* fact: in one of them; NULL: none is looked at */
	const char *record;
	bool is_live;
	struct step steps[4];
};

static const struct story stories[] = {
	{"identity-refused", "Refused with 438: the caller's identity is not proved: too old.",
		"it came from biloxi", CALLED("countersip", "438", "\"peer\":\"biloxi\"", ""),
		false,
		{EVENT('a', "warn sbc identity.verdict call=c7 leg=a outcome=refused code=438 "
			    "why=\"too old\" url=\"\""),
			OUT('a', STATUS("438 Invalid Identity Header"))}},
	{"identity-refused",
		"Refused with 438: the caller's identity is not proved: signature does not "
		"verify.",
		"something on the way edits messages: Contact has ;alias= (add_contact_alias, "
		"fix_nated_contact); let it sign, or verify, after that",
		CALLED("countersip", "438", "\"peer\":\"biloxi\"", ""), false,
		{IN('a', EDITED),
			EVENT('a', "warn sbc identity.verdict call=c7 leg=a "
				   "outcome=refused code=438 why=\"signature does not "
				   "verify\"")}},
	{"identity-refused", "Refused with 438: the caller's identity is not proved: mky.",
		"something on the way edits messages: the description went through rtpengine "
		"(a=rtpengine); let it sign, or verify, after that",
		CALLED("countersip", "438", "\"peer\":\"biloxi\"", ""), false,
		{IN('a', EDITED), EVENT('a', "warn sbc identity.verdict call=c7 leg=a "
					     "outcome=refused code=438 why=\"mky\"")}},
	{"refused",
		"Refused with 403 Forbidden: the caller may not: no peer and no user of ours, "
		"or a wrong password.",
		"it was asked from 192.0.2.7:5060 over UDP", NULL, false,
		{IN('a', INVITE), OUT('a', STATUS("403 Forbidden"))}},
	{"refused",
		"Refused with 488 Not Acceptable Here: what it offers as media is nothing that "
		"policy allows.",
		"Warning: 399 b \"no codec\"", NULL, false,
		{IN('a', INVITE), OUT('a', WARNED("488 Not Acceptable Here"))}},
	{"media-refused",
		"Refused: what the caller offers is nothing for bob: no codec is left.", NULL,
		CALLED("countersip", "488", "", ""), false,
		{EVENT('-', "warn sbc call.media_refused call=c7 to=\"bob\" why=\"no codec is "
			    "left\""),
			OUT('a', STATUS("488 Not Acceptable Here"))}},
	{"callee-refused", "bob refused: 486 Busy Here.",
		"it came from 192.0.2.7:5060 over UDP",
		CALLED("callee", "486", "", "\"peer\":\"bob\""), false,
		{IN('b', STATUS("486 Busy Here")), OUT('a', STATUS("486 Busy Here"))}},
	{"callee-refused", "the callee refused: 302 Moved.", "the caller heard 480 instead",
		CALLED("callee", "480", "", ""), false,
		{IN('b', STATUS("302 Moved")), OUT('a', STATUS("480 Gone"))}},
	{"timer", "Not answered: no response at all came to our INVITE.",
		"the timer B of the callee's leg fired", CALLED("callee", "408", "", ""), false,
		{EVENT('b',
			 "info sbc call.timer call=c7 leg=b timer=target why=\"the next one\""),
			EVENT('b', "info sbc call.timer call=c7 leg=b timer=B why=\"no "
				   "response at "
				   "all came to our INVITE\""),
			EVENT('b',
				"info sbc call.timer call=c7 leg=b timer=64*T1 why=\"later\""),
			OUT('a', STATUS("408 Request Timeout"))}},
	{"caller-gave-up", "The caller hung up before there was an answer.", NULL,
		CALLED("caller", "487", "", ""), false,
		{IN('b', STATUS("487 Request Terminated"))}},
	{"not-answered-yet", "Not answered yet: the callee is asked.", NULL,
		"{\"start\":5,\"answer\":0,\"legs\":[{},{\"peer\":\"bob\"}]}", true,
		{OUT('a', STATUS("407 Proxy Authentication Required")),
			IN('b', STATUS("486 Busy"))}},
	{"fingerprint-mismatch",
		"No audio: the caller's DTLS certificate is not the one that its session "
		"description announced, so the call was ended.",
		"announced sha-256 AA",
		TALKED("countersip", "x", "\"fingerprint_signalled\":\"sha-256 AA\"", ""),
		false,
		{EVENT('a',
			"warn sbc media.failed call=c7 leg=a why=\"fingerprint mismatch\"")}},
	{"dtls-failed",
		"No audio: the DTLS handshake with the callee failed (handshake timed out), so "
		"the "
		"call was ended.",
		NULL, TALKED("countersip", "x", "", ""), false,
		{EVENT('b',
			"warn sbc media.failed call=c7 leg=b why=\"handshake timed out\"")}},
	{"timer", "Ended by us: nobody refreshed the session.",
		"the timer Session-Expires of the caller's leg fired",
		TALKED("countersip", "x", PLAIN("9", "9"), PLAIN("9", "9")), false,
		{EVENT('a',
			"info sbc call.timer call=c7 leg=a timer=Session-Expires why=\"nobody "
			"refreshed the session\"")}},
	{"not-secured", "No audio: the DTLS handshake with the callee is not done yet.", NULL,
		TALKED("", "", PLAIN("9", "0"), "\"keying\":\"dtls\""), true, {{0}}},
	{"not-secured", "No audio: the DTLS handshake with the caller was never done.", NULL,
		TALKED("caller", "", "\"keying\":\"dtls\"", PLAIN("9", "0")), false, {{0}}},
	{"no-media", "No audio: neither end sends any packets to us.", NULL,
		TALKED("caller", "", SECURE("0", "0"), PLAIN("0", "0")), false, {{0}}},
	{"one-way",
		"Audio goes one way only: the caller sends us nothing, so the callee hears "
		"nothing.",
		"9 packets came from the callee",
		TALKED("caller", "", SECURE("0", "0"), PLAIN("9", "9")), false, {{0}}},
	{"one-way",
		"Audio goes one way only: the callee sends us nothing, so the caller hears "
		"nothing.",
		"the callee said a=sendonly: it is on hold, or only listens",
		TALKED("", "", SECURE("9", "9"), PLAIN("0", "0")), true, {IN('b', HOLD)}},
	{"dropped",
		"No audio from the callee: of 50 packets not one was relayed: they do not "
		"verify: "
		"another SRTP key, or something changed them.",
		"49 were dropped as auth",
		TALKED("caller", "", PLAIN("9", "9"),
			SECURE("50", "0") ",\"dropped\":{\"gate\":1,\"auth\":49}"),
		false, {{0}}},
	{"ended-by-us", "Ended by us: SIP;cause=503.", NULL,
		TALKED("countersip", "SIP;cause=503", PLAIN("9", "9"), PLAIN("9", "9")), false,
		{{0}}},
	{"poor-audio", "Audio from the caller arrives badly: 10 % of its packets were lost.",
		"MOS 2.10",
		TALKED("", "",
			PLAIN("90", "90") ",\"rtp_lost\":10,\"streams\":[{\"mos\":2.10}]",
			PLAIN("9", "9")),
		true, {{0}}},
	{"fine", "Audio went both ways.", "9 packets came from the callee, 0 lost, MOS 4.40",
		TALKED("caller", "", PLAIN("9", "9"),
			PLAIN("9", "9") ",\"streams\":[{\"kind\":\"audio\",\"mos\":4.40}]"),
		false, {{0}}},
	{"media-unseen",
		"Answered; media does not go through us, so nothing is known about it.", NULL,
		TALKED("caller", "", "", ""), false, {{0}}},
	{"unknown", "Not enough is kept of this call to tell.", NULL, NULL, false,
		{EVENT('-', "info sbc call.answer call=c7")}},
	{"unknown", "Not enough is kept of this call to tell.", NULL, "[", false, {{0}}},
};

static bool shows(const struct explain_why *why, const char *fact)
{
	for (size_t i = 0; i < why->fact_count; i++)
		if (!strcmp(why->facts[i], fact))
			return true;
	return false;
}

/* KAM-17, and every other reason. */
static void tells_why(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(stories); i++) {
		const struct story *story = &stories[i];
		struct explain explain;
		struct explain_why why;
		size_t count = 0;

		while (count < COUNT(story->steps) && story->steps[count].text)
			count++;
		read_steps(&explain, story->steps, count, story->record, story->is_live);
		explain_why(&explain, &why);
		assert_string_equal(story->sentence, why.sentence);
		assert_string_equal(story->word, why.word);
		if (story->fact && !shows(&why, story->fact))
			fail_msg("%s: no \"%s\" but \"%s\"", story->word, story->fact,
				why.facts[0]);
		explain_fini(&explain);
	}
}

static void tells_why_of_real_calls(void **state)
{
	static const char *const table[][2] = {{"fine", "fine"},
		{"mismatch", "fingerprint-mismatch"}, {"one-way", "one-way"},
		{"refused", "identity-refused"}};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct explain explain;
		struct explain_why why;
		read_file(&explain, table[i][0]);
		explain_why(&explain, &why);
		assert_string_equal(table[i][1], why.word);
		explain_fini(&explain);
	}
}

/* ---- pages ---- */

static void a_page_as_it_is(void **state)
{
	struct buf wanted = file_bytes("tests/vectors/ctl/explain-mismatch.txt"), page;
	struct explain explain;

	(void)state;
	read_file(&explain, "mismatch");
	page = print(&explain, 80, false);
	assert_string_equal(wanted.data, page.data);
	buf_fini(&page);
	buf_fini(&wanted);
	explain_fini(&explain);
}

/* No line is wider than asked for, and nothing is in it that steers. */
static void assert_page(const struct buf *page, size_t width)
{
	struct slice rest = buf_slice(page);

	while (rest.len) {
		struct slice line = slice_cut(&rest, '\n');
		if (ctl_clean_width(line) > width)
			fail_msg("%zu columns: %.*s", width, SLICE_ARG(line));
		for (size_t i = 0; i < line.len; i++)
			assert_true((unsigned char)line.ptr[i] >= 0x20 && line.ptr[i] != 0x7f);
		assert_true(!line.len || line.ptr[line.len - 1] != ' ');
	}
}

static void fits_every_terminal(void **state)
{
	static const char *const names[] = {"fine", "mismatch", "one-way", "refused"};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct explain explain;
		read_file(&explain, names[i]);
		for (size_t width = 0; width < 300; width += 7) {
			struct buf page = print(&explain, width, false);
			assert_page(&page, width < PAGE_WIDTH_MIN   ? PAGE_WIDTH_MIN
					   : width > PAGE_WIDTH_MAX ? PAGE_WIDTH_MAX
								    : width);
			buf_fini(&page);
		}
		explain_fini(&explain);
	}
}

/* Names, header values, bodies, reasons and log words are all somebody else's. */
static void strangers_do_not_steer(void **state)
{
	static const char evil[] = "\x1b]0;owned\x07\x9b"
				   "2J\xc2\x9b"
				   "31m\xe2\x80\xae\x7f";
	char message[512], event[256];
	const struct step steps[] = {IN('a', message), OUT('b', message), EVENT('a', event),
		IN('b', "SIP/2.0 200 \x1b[2J\r\nCSeq: 1 INVITE\r\n\r\nv=\x1b[2J\r\n")};
	struct explain explain;
	struct buf page, json;

	(void)state;
	snprintf(message, sizeof(message),
		"%s SIP/2.0\r\nCSeq: 1 %s\r\nWarning: %s\r\n\r\nv=0\r\na=%s\r\n", evil, evil,
		evil, evil);
	snprintf(event, sizeof(event), "%s sbc %s call=c7 leg=%s why=\"%s\"", evil, evil, evil,
		evil);
	read_steps(&explain, steps, COUNT(steps),
		"{\"ended_by\":\"\\u001b[2J\",\"reason\":\"\\u009b\",\"from\":\"\\u001b\","
		"\"legs\":[{\"peer\":\"\\u001b]0;\\u0007\",\"call_id\":\"\\u001b\",\"keying\":"
		"\"none\",\"dropped\":{\"\\u001b[2J\":7,\"\x1b\":1},\"streams\":[{\"kind\":"
		"\"\\u001b\",\"codec\":\"\\u202e\",\"mos\":1}],\"identity\":{\"why\":"
		"\"\\u001b\"}}]}",
		false);
	for (size_t width = 40; width < 120; width += 30) {
		page = print(&explain, width, false);
		assert_page(&page, width);
		assert_null(strstr(page.data, "\xc2\x9b"));
		assert_null(strstr(page.data, "\xe2\x80\xae"));
		buf_fini(&page);
	}
	buf_init(&json, 1 << 20);
	assert_int_equal(0, explain_print_json(&json, &explain));
	assert_null(memchr(json.data, 0x1b, json.len));
	buf_fini(&json);
	explain_fini(&explain);
}

/* Colours are ours: without them it is the same page. */
static void colours_change_nothing(void **state)
{
	struct explain explain;
	struct buf plain, colour, bare;

	(void)state;
	read_file(&explain, "mismatch");
	plain = print(&explain, 100, false);
	colour = print(&explain, 100, true);
	buf_init(&bare, 1 << 20);
	for (size_t i = 0; i < colour.len; i++) {
		if (colour.data[i] != '\x1b') {
			buf_put_char(&bare, colour.data[i]);
			continue;
		}
		while (colour.data[i] != 'm')
			i++;
	}
	assert_true(colour.len > plain.len);
	for (size_t i = 0, j = 0; i < plain.len || j < bare.len; i++, j++) {
		while (j < bare.len && bare.data[j] == ' ' && plain.data[i] != ' ')
			j++; /* blanks before a line's end */
		assert_int_equal(plain.data[i], bare.data[j]);
	}
	buf_fini(&plain);
	buf_fini(&colour);
	buf_fini(&bare);
	explain_fini(&explain);
}

/* ---- session descriptions ---- */

#define OFFERED           "v=0\r\nm=audio 1 RTP/AVP 0 8\r\na=rtpmap:8 PCMA/8000\r\na=x:1\r\n"
#define TOLD              "v=0\r\nm=audio 2 RTP/AVP 0 8\r\na=rtpmap:8 PCMA/8000\r\na=y:1\r\n"
#define SAYS(start, body) start "\r\nCSeq: 1 INVITE\r\n\r\n" body

static void pairs_offers_and_answers(void **state)
{
	static const struct step steps[] = {
		IN('a', SAYS("INVITE sip:b SIP/2.0", OFFERED)),
		OUT('a', STATUS("407 Proxy Authentication Required")),
		IN('a', SAYS("INVITE sip:b SIP/2.0\r\nProxy-Authorization: x", OFFERED)),
		OUT('b', SAYS("INVITE sip:b SIP/2.0", TOLD)),
		OUT('b', SAYS("INVITE sip:b SIP/2.0", TOLD)), /* again */
		IN('b', SAYS("SIP/2.0 183 Progress", "v=1\r\n")),
		OUT('a', SAYS("SIP/2.0 183 Progress", "v=2\r\n")),
		IN('b', SAYS("SIP/2.0 200 OK", "v=1\r\n")), /* the same once more */
		OUT('a', SAYS("SIP/2.0 200 OK", "v=2\r\n")),
		IN('b', SAYS("INVITE sip:a SIP/2.0", "v=3\r\n")), /* the callee changes it */
		OUT('a', SAYS("INVITE sip:a SIP/2.0", "v=4\r\n")),
		IN('a', SAYS("SIP/2.0 488 No", "")),
		IN('a', SAYS("ACK sip:b SIP/2.0", "")),
		IN('a', SAYS("INVITE sip:b SIP/2.0", "v=5\r\n")),
	};
	struct explain_exchange list[EXPLAIN_EXCHANGE_MAX];
	struct explain explain;

	(void)state;
	read_steps(&explain, steps, COUNT(steps), NULL, false);
	assert_int_equal(4, explain_exchanges(&explain, list));
	assert_false(list[0].is_answer);
	assert_int_equal(0, list[0].from);
	assert_true(slice_equal(SLICE(TOLD), explain_sdp(list[0].sent)));
	assert_true(list[1].is_answer);
	assert_int_equal(1, list[1].from);
	assert_true(slice_equal(SLICE("v=2\r\n"), explain_sdp(list[1].sent)));
	assert_false(list[2].is_answer);
	assert_int_equal(1, list[2].from);
	assert_false(list[3].is_answer); /* the refusal ended the callee's offer */
	assert_null(list[3].sent);
	explain_fini(&explain);
}

/* RFC 3264 section 5: an INVITE without an offer; the 200 offers, the ACK answers. */
static void pairs_late_offers(void **state)
{
	static const struct step steps[] = {
		IN('a', SAYS("INVITE sip:b SIP/2.0", "")),
		OUT('b', SAYS("INVITE sip:b SIP/2.0", "")),
		IN('b', SAYS("SIP/2.0 200 OK", "v=1\r\n")),
		OUT('a', SAYS("SIP/2.0 200 OK", "v=2\r\n")),
		IN('a', SAYS("ACK sip:b SIP/2.0", "v=3\r\n")),
		OUT('b', SAYS("ACK sip:b SIP/2.0", "v=4\r\n")),
	};
	struct explain_exchange list[EXPLAIN_EXCHANGE_MAX];
	struct explain explain;

	(void)state;
	read_steps(&explain, steps, COUNT(steps), NULL, false);
	assert_int_equal(2, explain_exchanges(&explain, list));
	assert_false(list[0].is_answer);
	assert_int_equal(1, list[0].from);
	assert_true(list[1].is_answer);
	assert_int_equal(0, list[1].from);
	explain_fini(&explain);
}

static void stands_beside_each_other(void **state)
{
	static const struct step steps[] = {IN('a', SAYS("INVITE sip:b SIP/2.0", OFFERED)),
		OUT('b', SAYS("INVITE sip:b SIP/2.0", TOLD))};
	static const char beside[] =
		"  v=0                                     v=0\n"
		"  m=audio 1 RTP/AVP 0 8                 ~ m=audio 2 RTP/AVP 0 8\n"
		"  a=rtpmap:8 PCMA/8000                    a=rtpmap:8 PCMA/8000\n"
		"  a=x:1                                 -\n"
		"                                        + a=y:1\n"
		"  1 lines changed, 1 taken out, 1 put in\n";
	static const char below[] = "    v=0\n"
				    "  - m=audio 1 RTP/AVP 0 8\n"
				    "  + m=audio 2 RTP/AVP 0 8\n"
				    "    a=rtpmap:8 PCMA/8000\n"
				    "  - a=x:1\n"
				    "  + a=y:1\n";
	struct explain explain;
	struct buf page;

	(void)state;
	read_steps(&explain, steps, COUNT(steps), NULL, false);
	page = print(&explain, 79, false);
	assert_non_null(strstr(page.data, beside));
	buf_fini(&page);
	page = print(&explain, 60, false);
	assert_non_null(strstr(page.data, below));
	buf_fini(&page);
	explain_fini(&explain);
}

/* RFC 5621: the description is one part of several. */
static void finds_a_part(void **state)
{
	static const struct step steps[] = {
		IN('a', "INVITE sip:b SIP/2.0\r\nCSeq: 1 INVITE\r\nContent-Type: "
			"multipart/mixed;boundary=x\r\n\r\n--x\r\nContent-Type: "
			"text/plain\r\n\r\n"
			"v=no\r\n--x\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--x--\r\n"),
		IN('a', "INFO sip:b SIP/2.0\r\nCSeq: 2 INFO\r\nContent-Type: "
			"text/plain\r\n\r\nno")};
	struct explain explain;

	(void)state;
	read_steps(&explain, steps, COUNT(steps), NULL, false);
	assert_true(slice_equal(SLICE("v=0"), explain_sdp(&explain.entries[0])));
	assert_int_equal(0, explain_sdp(&explain.entries[1]).len);
	explain_fini(&explain);
}

/* ---- the answer ---- */

static void takes_parts(void **state)
{
	struct explain explain;
	size_t added;

	(void)state;
	assert_int_equal(0, explain_init(&explain));
	assert_int_not_equal(0, explain_add(&explain, SLICE("{}"), &added));
	assert_int_not_equal(0, explain_add(&explain, SLICE("{\"entries\":{}}"), &added));
	for (int i = 0; i < 2; i++)
		assert_int_equal(
			0, explain_add(&explain,
				   SLICE("{\"call\":\"c1\",\"state\":\"live\",\"entries\":[{"
					 "\"kind\":"
					 "\"message\",\"text\":\"BYE x\"},{\"kind\":\"record\","
					 "\"text\":\"{\\\"sip_code\\\":200}\"}]}"),
				   &added));
	assert_int_equal(2, explain.count);
	assert_false(explain.entries[0].is_again);
	assert_true(explain.entries[1].is_again);
	explain_complete(&explain);
	assert_true(explain.has_record);
	assert_int_equal(200, explain.code);
	explain_fini(&explain);
}

static void tells_programs(void **state)
{
	struct explain explain;
	struct slice rest, object, value, first;
	struct buf json;

	(void)state;
	read_file(&explain, "mismatch");
	buf_init(&json, 1 << 20);
	assert_int_equal(0, explain_print_json(&json, &explain));
	rest = buf_slice(&json);
	assert_true(ctl_json_next(&rest, &object));
	assert_int_equal(0, rest.len);
	assert_true(ctl_json_member(object, "headline", &value));
	assert_true(ctl_json_member(value, "word", &first));
	assert_true(slice_equal(SLICE("\"fingerprint-mismatch\""), first));
	assert_true(ctl_json_member(object, "record", &value));
	assert_int_equal(CTL_JSON_OBJECT, ctl_json_kind(value));
	assert_true(ctl_json_member(object, "descriptions", &value));
	assert_true(ctl_json_begin(value, &rest));
	assert_true(ctl_json_item(&rest, &first, &value));
	assert_true(ctl_json_member(value, "sent", &first));
	assert_non_null(memmem(first.ptr, first.len, "a=setup:actpass", 15));
	buf_fini(&json);
	explain_fini(&explain);
}

static void reads_log_words(void **state)
{
	const struct explain_entry entry = {.kind = EXPLAIN_EVENT,
		.text = SLICE(
			"warn sbc a.b call=c1 leg=b why=\"x=\"1\" y\" code=7 cut=\"open")};
	const struct explain_entry message = {.kind = EXPLAIN_MESSAGE, .text = entry.text};

	(void)state;
	assert_true(slice_equal(SLICE("a.b"), explain_event_name(&entry)));
	assert_true(slice_equal(SLICE("7"), explain_event_value(&entry, "code")));
	assert_true(slice_equal(SLICE("open"), explain_event_value(&entry, "cut")));
	assert_int_equal(0, explain_event_value(&entry, "none").len);
	assert_int_equal(0, explain_event_name(&message).len);
	assert_int_equal(0, explain_event_value(&message, "code").len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_why),
		cmocka_unit_test(tells_why_of_real_calls),
		cmocka_unit_test(a_page_as_it_is),
		cmocka_unit_test(fits_every_terminal),
		cmocka_unit_test(strangers_do_not_steer),
		cmocka_unit_test(colours_change_nothing),
		cmocka_unit_test(pairs_offers_and_answers),
		cmocka_unit_test(pairs_late_offers),
		cmocka_unit_test(stands_beside_each_other),
		cmocka_unit_test(finds_a_part),
		cmocka_unit_test(takes_parts),
		cmocka_unit_test(tells_programs),
		cmocka_unit_test(reads_log_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
