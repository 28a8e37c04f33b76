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

/* Row MB-7: numbers of one end as those of the other. */
static void maps_numbers(void **state)
{
#define EVENTS(n) "a=rtpmap:" n " telephone-event/8000\r\n"
	static const struct {
		const char *told, *wanted;
		const char *map; /* "FROM-TO " of those that differ */
		const char *why;
	} table[] = {
		{"0 8 101\r\n" EVENTS("101"), "0 8 101\r\n" EVENTS("101"), "", "the same"},
		{"0 101\r\n" EVENTS("101"), "0 96\r\n" EVENTS("96"), "101-96 ", "DTMF"},
		{"96\r\na=rtpmap:96 opus/48000/2\r\n", "111\r\na=rtpmap:111 OPUS/48000/2\r\n",
			"96-111 ", "case of names"},
		{"96\r\na=rtpmap:96 L16/44100\r\n", "97\r\na=rtpmap:97 L16/44100/1\r\n",
			"96-97 ", "one channel, named or not"},
		{"96\r\na=rtpmap:96 L16/44100/2\r\n", "97\r\na=rtpmap:97 L16/44100\r\n", "",
			"another number of channels"},
		{"96\r\na=rtpmap:96 AMR/8000\r\n", "97\r\na=rtpmap:97 AMR/16000\r\n", "",
			"another clock"},
		{"0 97\r\na=rtpmap:97 PCMA/8000\r\n", "0 8\r\n", "97-8 ", "a static number"},
		{"101 102\r\n" EVENTS("101") "a=rtpmap:102 telephone-event/48000\r\n",
			"96 97\r\n" EVENTS("97") "a=rtpmap:96 telephone-event/48000\r\n",
			"101-97 102-96 ", "crossed"},
		{"96 97\r\n" EVENTS("96") "a=rtpmap:97 opus/48000/2\r\n",
			"97 96\r\n" EVENTS("97") "a=rtpmap:96 opus/48000/2\r\n", "96-97 97-96 ",
			"changed places"},
		{"96\r\na=rtpmap:96 iLBC/8000\r\n", "0 96\r\n" EVENTS("96"), "",
			"what the other end has not"},
		{"96 97\r\na=rtpmap:96 H264/90000\r\na=rtpmap:97 H264/90000\r\n"
		 "a=fmtp:96 packetization-mode=0\r\na=fmtp:97 packetization-mode=1\r\n",
			"98 99\r\na=rtpmap:98 H264/90000\r\na=rtpmap:99 H264/90000\r\n"
			"a=fmtp:98 packetization-mode=1\r\na=fmtp:99 packetization-mode=0\r\n",
			"96-99 97-98 ", "told apart by fmtp"},
		{"96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 profile-level-id=1\r\n",
			"98 99\r\na=rtpmap:98 H264/90000\r\na=rtpmap:99 H264/90000\r\n", "",
			"nothing tells which of two"},
		{"96\r\na=rtpmap:96 opus/48000/2\r\n",
			"111 96\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:96 opus/48000/2\r\n",
			"", "the same number first"},
		{"300\r\na=rtpmap:300 opus/48000\r\n", "96\r\na=rtpmap:96 opus/48000\r\n", "",
			"no payload type at all"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *ends[] = {table[i].told, table[i].wanted};
		char text[1024], found[64] = "";
		uint8_t to[SDP_PAYLOAD_TYPES];
		struct sdp *sdp[2];
		struct arena arena;
		const char *why;
		size_t len = 0;
		bool differs;

		arena_init(&arena, 262144);
		for (int end = 0; end < 2; end++) {
			snprintf(text, sizeof(text), "v=0\r\nm=audio 9 RTP/AVP %s", ends[end]);
			assert_int_equal(0, sdp_parse(&sdp[end], &arena,
						    arena_copy(&arena, slice_str(text)), &why));
		}
		differs = sdp_map_formats(&sdp[0]->media[0], &sdp[1]->media[0], to);
		for (unsigned n = 0; n < SDP_PAYLOAD_TYPES; n++) {
			if (to[n] != n)
				len += (size_t)snprintf(
					found + len, sizeof(found) - len, "%u-%u ", n, to[n]);
		}
		assert_int_equal(table[i].map[0] != 0, differs);
		if (strcmp(table[i].map, found) != 0)
			fail_msg("%s: %s", found, table[i].why);
		arena_fini(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(keeps),
		cmocka_unit_test(tells_the_first), cmocka_unit_test(maps_numbers)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
