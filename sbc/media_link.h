/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_MEDIA_LINK_H
#define SBC_MEDIA_LINK_H

#include "media/media.h"
#include "sbc/core.h"
#include "sbc/sdp.h"

/*
 * The door to the media room: what offer and answer came to becomes media commands, media
 * events become facts of a call. Only media_link.c calls media. Signalling thread.
 */
struct call_media {
	bool is_open;
	struct media_id id;
	struct netaddr local[MEDIA_SIDE_COUNT]; /* advertised, RTP port */
	bool is_secured[MEDIA_SIDE_COUNT];
	enum media_failure failure[MEDIA_SIDE_COUNT];
	struct media_security security[MEDIA_SIDE_COUNT];
	struct media_counters counters[MEDIA_SIDE_COUNT]; /* as last told */
	unsigned counters_told;                           /* how often */
};

/* The media room as the configuration wants it; errors of media_new(). */
int media_link_new(struct media **out, const struct config *config, uv_loop_t *loop,
	media_event_h *handler, void *arg);

/* As media_stop(). */
void media_link_stop(struct media *media, media_stopped_h *stopped, void *arg);

const struct fingerprint *media_link_fingerprint(const struct sbc *sbc);

/* number: the call's, comes back in events. SBC_ELIMIT, SBC_EAGAIN, SBC_EIO: 503. */
int media_link_open(struct sbc *sbc, struct call_media *media, uint64_t number);

/* What one side's description says. fingerprints: those that may be shown. role: ours. */
int media_link_set_remote(struct sbc *sbc, struct call_media *media, enum media_side side,
	const struct sdp_media *section, const struct fingerprint_set *fingerprints,
	enum media_dtls_role role);
int media_link_set_gate(
	struct sbc *sbc, struct call_media *media, enum media_side side, bool is_open);
/* CLOSED follows if it was open. */
void media_link_close(struct sbc *sbc, struct call_media *media);

/* The counters come with a later event. SBC_EAGAIN: the mailbox is full; SBC_ESTATE. */
int media_link_ask_counters(struct sbc *sbc, const struct call_media *media);
/* Is this the name of the session that media holds? */
bool media_link_is(const struct call_media *media, struct media_id id);

/* Copies what an event says into the call's record of it. */
void media_link_take(struct call_media *media, const struct media_event *ev);

#endif
