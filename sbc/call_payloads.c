/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Payload types of the two legs. What one end says is told to the other as it is, so that both
 * use the same numbers; but not always at once: a caller who has an early answer keeps it when
 * another branch of a fork answers, and an end that answers an offer of our own may choose new
 * numbers while the other end is told nothing. Then a leg sends what it was told, and the room
 * renumbers it to what the other end says now (RFC 3264 sections 6.1, 8.3.2; RFC 4733; row
 * MB-7). Signalling thread.
 */

#include "base/err.h"
#include "sbc/call.h"

#define TOLD_ARENA_MAX   (128 * 1024) /* bytes: a description of ours, parsed */
#define TOLD_ARENA_BLOCK 4096

static int renumber(struct call *call, struct call_stream *stream, int from,
	const struct sdp *told, const struct call_description *said)
{
	struct media_payload_map map;
	size_t i = stream->index;
	bool differs = i < told->media_count && i < said->sdp->media_count &&
		       sdp_map_formats(&told->media[i], &said->sdp->media[i], map.to);
	int err;

	if (!differs && !stream->is_renumbered[from])
		return 0;
	err = media_link_set_payload_map(call->sbc, stream, from, differs ? &map : NULL);
	if (err)
		return err;
	stream->is_renumbered[from] = differs;
	log_event(call->sbc->log, LOG_DEBUG, "sbc", "media.renumber", "call=%s leg=%c on=%d",
		call->name, from == MEDIA_SIDE_A ? 'a' : 'b', differs);
	return 0;
}

static int renumber_side(struct call *call, int from)
{
	const struct call_description *said = &call->remote[1 - from];
	struct slice text = oa_in_force(&call_leg(call, from)->oa);
	struct arena arena;
	struct sdp *told;
	const char *why;
	int err;

	if (!said->sdp || !text.len)
		return 0;
	arena_init_small(&arena, TOLD_ARENA_MAX, TOLD_ARENA_BLOCK);
	err = sdp_parse(&told, &arena, text, &why);
	for (size_t i = 0; !err && i < call->media.count; i++) {
		struct call_stream *stream = &call->media.streams[i];

		if (media_link_is_live(stream))
			err = renumber(call, stream, from, told, said);
	}
	arena_fini_secret(&arena);
	return err;
}

int call_media_renumber(struct call *call)
{
	int err = 0;

	if (!call->may_renumber || call_is_bypassed(call, MEDIA_SIDE_A))
		return 0;
	for (int from = 0; !err && from < MEDIA_SIDE_COUNT; from++)
		err = renumber_side(call, from);
	return err;
}
