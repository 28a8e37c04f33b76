/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What descriptions take. */

#include "tests/cmocka_first.h"

#include <stdio.h>

#include "base/arena.h"
#include "sbc/bandwidth.h"

#define HEAD "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"

static void by_the_first_codec(void **state)
{
	static const struct {
		const char *media;
		unsigned kbps;
	} rows[] = {
		{"m=audio 4000 RTP/AVP 0 18\r\n", 84},
		{"m=audio 4000 RTP/AVP 18 0\r\n", 28},
		{"m=audio 4000 RTP/AVP 111\r\na=rtpmap:111 OPUS/48000/2\r\n", 68},
		{"m=audio 4000 RTP/AVP 99\r\na=rtpmap:99 nobody/8000\r\n", 84},
		{"m=audio 4000 RTP/AVP 0\r\nm=video 4002 RTP/AVP 96\r\n"
		 "a=rtpmap:96 VP8/90000\r\n",
			1084},
		{"m=audio 4000 RTP/AVP 0\r\nm=video 0 RTP/AVP 96\r\n", 84},
		{"m=audio 4000 RTP/AVP 0\r\nm=application 4002 TCP/BFCP *\r\n", 84},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[1000];
		struct arena arena;
		struct sdp *sdp;
		const char *why = "";
		arena_init(&arena, 1 << 20);
		snprintf(text, sizeof(text), HEAD "%s", rows[i].media);
		if (sdp_parse(&sdp, &arena, slice_str(text), &why))
			fail_msg("%s: %s", rows[i].media, why);
		if (bandwidth_kbps(sdp) != rows[i].kbps)
			fail_msg("%s: %u", rows[i].media, bandwidth_kbps(sdp));
		arena_fini(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_the_first_codec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
