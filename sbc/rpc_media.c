/* SPDX-License-Identifier: GPL-3.0-or-later */
/* media.*: sessions, what they carry and how they are secured. Signalling thread. */

#include <stdio.h>

#include "base/err.h"
#include "sbc/rpc_dlg.h"

#define WAIT_MAX                                                                               \
	60 /* steps of RPC_WAIT: a media loop that says nothing for a second is ill            \
	    */

static void put_counters(struct rpc_call *call, const struct media_counters *c)
{
	rpc_open_struct(call, "packets");
	rpc_integer(call, "rtp_received", c->rtp_received);
	rpc_integer(call, "rtp_relayed", c->rtp_relayed);
	rpc_integer(call, "rtp_lost", c->rtp_lost);
	rpc_integer(call, "rtcp_received", c->rtcp_received);
	rpc_integer(call, "rtcp_relayed", c->rtcp_relayed);
	rpc_integer(call, "dtls_received", c->dtls_received);
	rpc_integer(call, "dropped_gate", c->dropped_gate);
	rpc_integer(call, "dropped_auth", c->dropped_auth);
	rpc_integer(call, "dropped_replay", c->dropped_replay);
	rpc_integer(call, "dropped_malformed", c->dropped_malformed);
	rpc_integer(call, "dropped_source", c->dropped_source);
	rpc_integer(call, "dropped_dtls", c->dropped_dtls);
	rpc_integer(call, "dropped_send", c->dropped_send);
	rpc_close(call);
}

/* How well it arrives, section by section; MOS in hundredths, 0 where nothing is known. */
static void put_streams(struct rpc_call *call, const struct call_media *media, int i)
{
	rpc_open_array(call, "streams", "stream");
	for (size_t n = 0; n < media->count; n++) {
		const struct call_stream *stream = &media->streams[n];
		const struct media_quality *quality = &stream->quality[i];
		struct e_model_result score;
		if (!stream->is_taken)
			continue;
		call_stream_score(stream, i, &score);
		rpc_open_struct(call, NULL);
		rpc_str(call, "kind", stream->kind);
		rpc_str(call, "codec", stream->codec);
		rpc_integer(call, "expected", quality->expected);
		rpc_integer(call, "lost", stream->counters[i].rtp_lost);
		rpc_integer(call, "jitter_us", quality->jitter_us);
		rpc_integer(call, "round_trip_us", quality->round_trip_us);
		rpc_integer(call, "mos_hundredths", score.mos_hundredths);
		rpc_close(call);
	}
	rpc_close(call);
}

static void put_side(struct rpc_call *call, const struct call *dialog,
	const struct call_stream *media, int i)
{
	char text[NETADDR_TEXT_MAX];

	rpc_open_struct(call, NULL);
	rpc_str(call, "call", dialog->name);
	rpc_str(call, "leg", i ? "b" : "a");
	rpc_integer(call, "open", media->is_open);
	rpc_str(call, "local", netaddr_print(&media->local[i], text));
	rpc_integer(call, "secured", media->is_secured[i]);
	rpc_str(call, "failure",
		media->failure[i] == MEDIA_FAILURE_NONE
			? ""
			: media_failure_name(media->failure[i]));
	rpc_str(call, "keying", media_link_keying_name(&media->keying[i]));
	rpc_str(call, "dtls", media->security[i].dtls_version);
	rpc_str(call, "cipher_suite", media->security[i].cipher_suite);
	rpc_str(call, "srtp_profile", media->security[i].srtp_profile);
	rpc_close(call);
}

static void put_sides(struct rpc_call *call, const struct call *dialog)
{
	for (size_t n = 0; n < dialog->media.count; n++) {
		put_side(call, dialog, &dialog->media.streams[n], 0);
		put_side(call, dialog, &dialog->media.streams[n], 1);
	}
}

static enum rpc_step media_list(struct rpc_call *call)
{
	struct dlg_choice choice = {0};
	enum rpc_step step;

	if (call->request.param_count &&
		!(rpc_param_number(call, 0, "index", &choice.skip) &&
			rpc_param_number(call, 1, "count", &choice.count)))
		return rpc_fault(call, 400, "INDEX and COUNT are numbers");
	if (!call->progress.step)
		rpc_open_array(call, NULL, "side");
	step = rpc_dlg_walk(call, &choice, put_sides);
	if (step == RPC_DONE)
		rpc_close(call);
	return step;
}

static enum rpc_step media_info(struct rpc_call *call)
{
	const struct sbc *sbc = call->world->sbc;
	const struct config_media *media = &sbc->config->media;
	char text[FINGERPRINT_TEXT_MAX];

	rpc_open_struct(call, NULL);
	rpc_integer(call, "loops", media->loops);
	rpc_integer(call, "port_min", media->port_min);
	rpc_integer(call, "port_max", media->port_max);
	rpc_integer(call, "failed", sbc->counters.media_failed);
	rpc_str(call, "fingerprint", fingerprint_print(media_link_fingerprint(sbc), text));
	rpc_close(call);
	return RPC_DONE;
}

/* "c17", as in the log. */
static struct call *find(const struct rpc_call *call)
{
	struct slice name = rpc_param(call, 0, "call");
	uint64_t number;

	if (name.len < 2 || name.ptr[0] != 'c' ||
		slice_to_u64(slice_from(name, 1), UINT64_MAX, &number))
		return NULL;
	return call_find(call->world->sbc, number);
}

enum rpc_step rpc_media_ask(struct rpc_call *call, const struct call *dialog, bool *is_silent)
{
	struct rpc_progress *progress = &call->progress;
	bool is_told = true;

	if (!progress->step) {
		progress->count = dialog->media.counters_told + dialog->media.open_count;
		if (!media_link_ask_counters(call->world->sbc, &dialog->media))
			return RPC_WAIT;
	}
	is_told = !dialog->media.open_count || dialog->media.counters_told >= progress->count;
	if (!is_told && progress->step < WAIT_MAX)
		return RPC_WAIT;
	if (is_silent)
		*is_silent = !is_told;
	return RPC_DONE;
}

static enum rpc_step media_counters(struct rpc_call *call)
{
	const struct call *dialog = find(call);
	bool is_silent;

	if (!dialog)
		return rpc_fault(call, 404, "No such call");
	if (rpc_media_ask(call, dialog, &is_silent) == RPC_WAIT)
		return RPC_WAIT;
	if (is_silent)
		return rpc_fault(call, 504, "Media loop %u is silent",
			media_link_first(&dialog->media)->id.loop);
	rpc_open_array(call, NULL, "leg");
	for (int i = 0; i < MEDIA_SIDE_COUNT; i++) {
		struct media_counters sum;

		media_link_sum(&dialog->media, (enum media_side)i, &sum);
		rpc_open_struct(call, NULL);
		rpc_str(call, "leg", i ? "b" : "a");
		put_counters(call, &sum);
		put_streams(call, &dialog->media, i);
		rpc_close(call);
	}
	rpc_close(call);
	return RPC_DONE;
}

static const struct rpc_command commands[] = {
	{"media.list", media_list, RPC_READ, "[INDEX COUNT]",
		"each side of each media session"},
	{"media.info", media_info, RPC_READ, "", "loops, ports, our fingerprint"},
	{"media.counters", media_counters, RPC_READ, "CALL",
		"packets of a call (c17, as in the log), now"},
};

const struct rpc_family rpc_media_family = {commands, sizeof(commands) / sizeof(commands[0])};
