/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The door to the media room. Signalling thread. */

#include "sbc/media_link.h"

#include "base/err.h"

int media_link_new(struct media **out, const struct config *config, uv_loop_t *loop,
	media_event_h *handler, void *arg)
{
	const struct config_media *from = &config->media;
	struct media_config to;

	if (from->interface_count > MEDIA_INTERFACE_MAX ||
		from->profile_count > MEDIA_PROFILE_MAX)
		return SBC_EINVAL;
	media_config_init(&to);
	to.loop_count = from->loops;
	to.session_max = config->limits.calls;
	to.dtls_retransmit = from->dtls_retransmit_ms * USEC_PER_MS;
	to.dtls_deadline = from->dtls_deadline_ms * USEC_PER_MS;
	to.media_timeout = from->media_timeout_s * USEC_PER_SEC;
	to.dtls_mtu = from->dtls_mtu;
	to.interface_count = (unsigned)from->interface_count;
	for (size_t i = 0; i < from->interface_count; i++)
		to.interfaces[i] = (struct media_interface){
			.address = from->interfaces[i].address,
			.advertised = from->interfaces[i].advertised,
			.port_min = from->port_min,
			.port_max = from->port_max,
		};
	to.profile_count = (unsigned)from->profile_count;
	for (size_t i = 0; i < from->profile_count; i++)
		to.profiles[i] = (enum media_srtp_profile)from->profiles[i];
	return media_new(out, &to, loop, handler, arg);
}

void media_link_stop(struct media *media, media_stopped_h *stopped, void *arg)
{
	media_stop(media, stopped, arg);
}

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

int media_link_set_gate(
	struct sbc *sbc, struct call_media *media, enum media_side side, bool is_open)
{
	return media_set_gate(sbc->media, media->id, side, is_open);
}

void media_link_close(struct sbc *sbc, struct call_media *media)
{
	if (media->is_open)
		media_close(sbc->media, media->id);
}

int media_link_ask_counters(struct sbc *sbc, const struct call_media *media)
{
	return media->is_open ? media_ask_counters(sbc->media, media->id) : SBC_ESTATE;
}

bool media_link_is(const struct call_media *media, struct media_id id)
{
	return media->id.loop == id.loop && media->id.slot == id.slot &&
	       media->id.generation == id.generation;
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
		media->counters_told++;
		break;
	case MEDIA_EVENT_TIMEOUT:
		break;
	}
}
