/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Codec lists are filtered and ordered; DTMF events and comfort noise pass. */

#include "tests/cmocka_first.h"

#include <stdio.h>

#include "sbc/sdp.h"

static const char offer[] =
	"v=0\r\nm=audio 4000 RTP/AVP 0 111 8 101 13 9 112\r\na=rtpmap:111 opus/48000/2\r\n"
	"a=rtpmap:101 telephone-event/8000\r\na=rtpmap:9 G722/8000\r\n"
	"a=rtpmap:112 telephone-event/48000\r\n";

static void keeps(void **state)
{
	static const struct {
		const char *codecs, *formats, *why;
	} table[] = {
		{"", "0 111 8 101 13 9 112 ", "no list: all"},
		{"  ", "0 111 8 101 13 9 112 ", "no list: all"},
		{"PCMA opus", "8 111 101 13 112 ", "in the list's order, companions behind"},
		{"pcmu", "0 101 13 112 ", "any case, and a type without rtpmap"},
		{"PCMA PCMA", "8 101 13 112 ", "named twice, there once"},
		{"telephone-event PCMA", "8 101 13 112 ", "naming a companion changes nothing"},
		{"G729", "", "none left: events alone are no call"},
		{"telephone-event", "", "nor by name"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char text[128] = "";
		struct arena arena;
		struct sdp *sdp;
		const char *why;
		size_t len = 0;

		arena_init(&arena, 65536);
		assert_int_equal(0, sdp_parse(&sdp, &arena, slice_str(offer), &why));
		sdp_keep_codecs(&sdp->media[0], slice_str(table[i].codecs));
		for (size_t n = 0; n < sdp->media[0].format_count; n++)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%.*s ",
				SLICE_ARG(sdp->media[0].formats[n]));
		if (strcmp(table[i].formats, text) != 0)
			fail_msg("%s: %s", text, table[i].why);
		arena_fini(&arena);
	}
}

static void tells_the_first(void **state)
{
	static const struct {
		const char *section, *name;
		uint32_t rate;
	} table[] = {
		{"m=audio 9 RTP/AVP 0 8\r\n", "PCMU", 8000},
		{"m=audio 9 RTP/AVP 111\r\na=rtpmap:111 opus/48000/2\r\n", "opus", 48000},
		{"m=audio 9 RTP/AVP 0\r\na=rtpmap:0 PCMU/16000\r\n", "PCMU", 16000},
		{"m=video 9 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n", "VP8", 90000},
		{"m=audio 9 RTP/AVP 96\r\na=rtpmap:96 x/99999999\r\n", "x", 0},
		{"m=audio 9 RTP/AVP 96\r\na=rtpmap:96\r\n", "", 0},
		{"m=audio 9 RTP/AVP 77\r\n", "", 0},
		{"m=audio 9 RTP/AVP\r\n", "", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char text[256];
		struct arena arena;
		struct slice name;
		struct sdp *sdp;
		const char *why;
		uint32_t rate;

		snprintf(text, sizeof(text), "v=0\r\n%s", table[i].section);
		arena_init(&arena, 65536);
		assert_int_equal(0, sdp_parse(&sdp, &arena, slice_str(text), &why));
		sdp_first_codec(&sdp->media[0], &name, &rate);
		assert_true(slice_equal(name, slice_str(table[i].name)));
		assert_int_equal(table[i].rate, rate);
		arena_fini(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps), cmocka_unit_test(tells_the_first)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
