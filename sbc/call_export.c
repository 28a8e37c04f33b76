/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A call that runs becomes a value, once the media room has said how far its sessions have
 * come, and a value becomes a call that runs. Signalling thread.
 */

#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "sbc/call_state.h"

/* ---- out ---- */

struct call_export {
	sbc_exported_h *done;
	void *arg;    /* borrowed */
	size_t count; /* streams that go with it */
	struct call_export_stream {
		struct media_id id;
		bool is_there;
		struct buf bytes;
	} streams[CALL_STREAM_MAX];
	struct timer timer; /* all is there: said from the loop */
};

static void free_export(struct call_export *export)
{
	for (size_t i = 0; i < export->count; i++)
		buf_fini_secret(&export->streams[i].bytes);
	mem_free(export);
}

/* Tells it and forgets it; the call is as it was. */
static void finish(struct call *call, int err, struct slice value)
{
	struct call_export *export = call->export;
	sbc_exported_h *done = export->done;
	void *arg = export->arg;

	timer_stop(call->sbc->timers, &export->timer);
	call->export = NULL;
	free_export(export);
	done(call->number, err, value, arg);
}

static void on_complete(struct timer *timer, usec_t now, void *arg)
{
	struct call *call = arg;
	struct call_state_media media = {0};
	struct buf value;
	int err;

	(void)timer;
	for (size_t i = 0; i < call->export->count; i++)
		media.states[i] = buf_slice(&call->export->streams[i].bytes);
	buf_init(&value, SBC_CALL_STATE_MAX);
	err = call_state_is_quiet(call) ? call_state_write(call, &media, now, &value)
					: SBC_EAGAIN;
	finish(call, err, err ? (struct slice){0} : buf_slice(&value));
	buf_fini_secret(&value);
}

static bool is_complete(const struct call_export *export)
{
	for (size_t i = 0; i < export->count; i++)
		if (!export->streams[i].is_there)
			return false;
	return true;
}

static struct call_export_stream *find(
	struct call_export *export, const struct call_stream *stream)
{
	for (size_t i = 0; i < export->count; i++) {
		const struct media_id *id = &export->streams[i].id;
		if (id->loop == stream->id.loop && id->slot == stream->id.slot &&
			id->generation == stream->id.generation)
			return &export->streams[i];
	}
	return NULL;
}

void call_export_took(
	struct call *call, const struct call_stream *stream, const struct media_state *state)
{
	struct call_export *export = call->export;
	struct call_export_stream *one = export ? find(export, stream) : NULL;

	if (!one || one->is_there)
		return;
	if (!state) {
		finish(call, SBC_EAGAIN, (struct slice){0});
		return;
	}
	if (media_link_put_state(&one->bytes, state)) {
		finish(call, SBC_ENOMEM, (struct slice){0});
		return;
	}
	one->is_there = true;
	if (is_complete(export))
		timer_start(call->sbc->timers, &export->timer, 0);
}

void call_export_fini(struct call *call)
{
	if (call->export)
		finish(call, SBC_ESTATE, (struct slice){0});
}

static struct call_export *new_export(struct call *call)
{
	struct call_export *export = mem_alloc(sizeof(*export));

	if (!export)
		return NULL;
	timer_init(&export->timer, on_complete, call);
	for (size_t i = 0; i < call->media.count; i++) {
		struct call_export_stream *one = &export->streams[export->count];
		if (!media_link_is_live(&call->media.streams[i]))
			continue;
		one->id = call->media.streams[i].id;
		buf_init(&one->bytes, MEDIA_STATE_BYTES_MAX);
		export->count++;
	}
	return export;
}

int sbc_export_call(
	struct sbc *sbc, uint64_t number, sbc_exported_h *done, void *arg, usec_t now)
{
	struct call *call = call_find(sbc, number);
	struct call_export *export;
	int err;

	if (!call)
		return SBC_ENOENT;
	if (call->state != CALL_ANSWERED)
		return SBC_ESTATE;
	if (call->export || !call_state_is_quiet(call))
		return SBC_EAGAIN;
	export = new_export(call);
	if (!export)
		return SBC_ENOMEM;
	export->done = done;
	export->arg = arg;
	err = media_link_ask_states(sbc, &call->media);
	if (!err && !export->count)
		err = timer_start(sbc->timers, &export->timer, now);
	if (err)
		free_export(export);
	else
		call->export = export;
	return err;
}

/* ---- in ---- */

/* At a peer that has no room for more it goes on uncounted: it was admitted once. */
static void count(struct call *call, int side, usec_t now)
{
	const struct config_peer *peer = call->party[side].peer;
	struct peer_entry *entry = peer ? peer_table_find(call->sbc->peers, peer) : NULL;

	if (!entry || !peer_entry_begin_call(entry, peer, now))
		return;
	call->entries[side] = entry;
	call_bandwidth_take(call, (enum media_side)side, peer);
}

/* Its dialog is here already. */
static bool has_twin(const struct leg *leg)
{
	const struct dialog *d = &leg->dialog;

	return leg_find_dialog(leg->sbc, d->call_id, d->local_tag, d->remote_tag) != NULL;
}

static int enter_legs(struct call *call)
{
	int err = leg_enter_table(call->a);

	return err ? err : leg_enter_table(call->b);
}

static void resume(struct call *call, usec_t now)
{
	for (int side = 0; side < MEDIA_SIDE_COUNT; side++) {
		struct leg *leg = call_leg(call, side);
		leg_set_state(leg, LEG_CONFIRMED, "imported");
		leg_session_resume(leg, now);
		count(call, side, now);
	}
	call->sbc->counters.calls_answered++;
	log_event(call->sbc->log, LOG_INFO, "sbc", "call.imported", "call=%s call_id=\"%.*s\"",
		call->name, SLICE_ARG(call->a->dialog.call_id));
}

int sbc_import_call(struct sbc *sbc, struct slice value, usec_t now, uint64_t *number)
{
	struct call_state_media media;
	struct call *call;
	int err;

	if (sbc->drained)
		return SBC_ESTATE;
	err = call_state_read(&call, sbc, &media, value, now);
	if (err)
		return err;
	if (has_twin(call->a) || has_twin(call->b))
		err = SBC_ESTATE;
	err = err ? err : enter_legs(call);
	err = err ? err : media_link_restore(sbc, &call->media, call->number, media.states);
	if (err) {
		call_free(call);
		return err;
	}
	resume(call, now);
	*number = call->number;
	return 0;
}
