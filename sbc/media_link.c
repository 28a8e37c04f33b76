/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The door to the media room. Signalling thread. */

#include "sbc/media_link.h"

#include "base/err.h"

const struct fingerprint *media_link_fingerprint(const struct sbc *sbc)
{
	return media_own_fingerprint(sbc->media);
}

int media_link_open(struct sbc *sbc, struct call_media *media, uint64_t number)
{
	struct media_open_request request = {.cookie = number};
	struct media_opened opened;
	int err = media_open(sbc->media, &request, &opened);

	if (err)
		return err;
	media->id = opened.id;
	media->is_open = true;
	for (int side = 0; side < MEDIA_SIDE_COUNT; side++)
		media->local[side] = opened.local[side];
	return 0;
}

int media_link_set_remote(struct sbc *sbc, struct call_media *media, enum media_side side,
	const struct sdp_media *section, const struct fingerprint_set *fingerprints,
	enum media_dtls_role role)
{
	struct media_remote remote = {.rtp = section->address,
		.rtcp_mux = section->rtcp_mux,
		.role = role,
		.fingerprints = *fingerprints};

	netaddr_set_port(&remote.rtp, section->port);
	if (!section->rtcp_mux) {
		remote.rtcp = section->address;
		netaddr_set_port(&remote.rtcp, section->rtcp_port
						       ? section->rtcp_port
						       : (uint16_t)(section->port + 1));
	}
	return media_set_remote(sbc->media, media->id, side, &remote);
}

int media_link_open_gate(struct sbc *sbc, struct call_media *media, enum media_side side)
{
	return media_set_gate(sbc->media, media->id, side, true);
}

void media_link_close(struct sbc *sbc, struct call_media *media)
{
	if (media->is_open)
		media_close(sbc->media, media->id);
}

void media_link_take(struct call_media *media, const struct media_event *ev)
{
	switch (ev->type) {
	case MEDIA_EVENT_SECURED:
		media->is_secured[ev->side] = true;
		media->security[ev->side] = ev->security;
		break;
	case MEDIA_EVENT_FAILED:
		media->is_secured[ev->side] = false;
		media->failure[ev->side] = ev->failure;
		media->security[ev->side] = ev->security;
		break;
	case MEDIA_EVENT_CLOSED:
		media->is_open = false;
		memcpy(media->counters, ev->counters, sizeof(media->counters));
		break;
	case MEDIA_EVENT_COUNTERS:
		memcpy(media->counters, ev->counters, sizeof(media->counters));
		break;
	case MEDIA_EVENT_TIMEOUT:
		break;
	}
}
