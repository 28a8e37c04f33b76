/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A description from anywhere: read, printed for the other leg, read again. */
#include "base/mem.h"
#include "sbc/sdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fingerprint own = {.alg = "sha-256", .digest_len = 32};
	struct sdp_print print = {.fingerprint = &own, .proto = SLICE("RTP/SAVP")};
	struct arena arena;
	struct buf out;
	struct sdp *sdp;
	const char *why;

	arena_init(&arena, 1 << 20);
	buf_init(&out, 1 << 20);
	netaddr_parse(&print.address, SLICE("192.0.2.1"), 4000);
	if (!sdp_parse(&sdp, &arena, slice_of(data, size), &why) &&
		!sdp_find_dtls_audio(sdp, &print.active, &why)) {
		print.codecs = sdp;
		/* It must be readable and still the same section. */
		if (sdp_print(&out, &print) || sdp_parse(&sdp, &arena, buf_slice(&out), &why) ||
			sdp->all_fingerprints.count != 1 ||
			netaddr_port(&sdp->media[print.active].address) != 4000)
			__builtin_trap();
	}
	buf_fini(&out);
	arena_fini(&arena);
	return 0;
}
