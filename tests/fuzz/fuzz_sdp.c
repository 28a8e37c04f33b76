/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A description from anywhere: read, printed for the other leg, read again. */
#include "base/mem.h"
#include "sbc/sdp_keying.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct sdp_rules rules = {
		.takes_dtls = true, .takes_sdes = true, .takes_plain = true};
	struct fingerprint own = {.alg = "sha-256", .digest_len = 32};
	struct sdp_section sections[SDP_MEDIA_MAX] = {0};
	struct sdp_print print = {.sections = sections};
	struct arena arena;
	struct buf out;
	struct sdp *sdp;
	size_t used = 0;
	const char *why;

	arena_init(&arena, 1 << 20);
	buf_init(&out, 1 << 20);
	if (sdp_parse(&sdp, &arena, slice_of(data, size), &why))
		goto done;
	print.codecs = sdp;
	for (size_t i = 0; i < sdp->media_count; i++) {
		struct sdp_media *media = &sdp->media[i];
		enum sdp_keying keying;
		uint8_t to[SDP_PAYLOAD_TYPES];

		if (sdp_map_formats(media, media, to)) /* its own numbers stay */
			__builtin_trap();
		sdp_map_formats(&sdp->media[0], media, to);
		sdp_keep_codecs(media, SLICE("opus PCMA PCMU VP8"));
		sections[i].is_used = !sdp_choose(media, &rules, &keying);
		sections[i].proto = SLICE("RTP/SAVP");
		sections[i].crypto = media->crypto;
		sections[i].crypto_count = media->crypto_count;
		sections[i].fingerprint = &own;
		sections[i].tls_id = media->tls_id;
		netaddr_parse(&sections[i].address, SLICE("192.0.2.1"), 4000);
		used += sections[i].is_used;
	}
	/* It must be readable and still the same sections. */
	if (used &&
		(sdp_print(&out, &print) || sdp_parse(&sdp, &arena, buf_slice(&out), &why) ||
			sdp->media_count != print.codecs->media_count ||
			sdp->all_fingerprints.count != 1))
		__builtin_trap();
done:
	buf_fini(&out);
	arena_fini(&arena);
	return 0;
}
