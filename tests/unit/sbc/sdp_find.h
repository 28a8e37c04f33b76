/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEST_SDP_FIND_H
#define TEST_SDP_FIND_H

#include "base/err.h"
#include "sbc/sdp_keying.h"

/* The first audio section that DTLS-SRTP and nothing else can have. */
static inline int find_dtls_audio(const struct sdp *sdp, size_t *index, const char **why)
{
	const struct sdp_rules rules = {.takes_dtls = true};
	const char *first = NULL;

	for (size_t i = 0; i < sdp->media_count; i++) {
		enum sdp_keying keying;
		const char *fault;

		if (!slice_equal(sdp->media[i].kind, SLICE("audio")))
			continue;
		fault = sdp_choose(&sdp->media[i], &rules, &keying);
		if (!fault) {
			*index = i;
			return 0;
		}
		first = first ? first : fault;
	}
	*why = first ? first : "no audio section";
	return SBC_EPROTO;
}

#endif
