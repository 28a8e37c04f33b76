/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One side: from a remote description to a secured stream or a failure. Runs on: its media
 * loop. Keys of the description, or plain RTP, go from IDLE to SECURED at once.
 *
 *   IDLE ──remote──► HANDSHAKING ──all components──► SECURED ──new association──► RENEWING
 *                      │     ▲                         ▲                             │  │
 *                      ▼     │                         └───────all components────────┘  │
 *                    FAILED ─┘ (only by a new remote) ◄─────deadline, mismatch──────────┘
 *
 * While RENEWING (RFC 8842) the keys there are stay in force.
 */

#include "media/stream.h"

#include "base/err.h"
#include "base/mem.h"

static void tell(struct stream *stream, unsigned bit)
{
	stream->tell |= bit;
	stream->on_tell(stream, stream->arg);
}

static void start_timer(struct stream *stream, struct timer *timer, usec_t at)
{
	if (timer_start(stream->env->timers, timer, at))
		stream_fail(stream, MEDIA_FAILURE_INTERNAL);
}

static void end_components(struct stream *stream)
{
	component_end(&stream->rtp);
	component_end(&stream->rtcp);
}

/* Keeps what the sources of the present association have lost. */
static void forget_sources(struct stream *stream)
{
	for (unsigned i = 0; i < stream->source_count; i++)
		stream->lost_before += rtp_source_lost(&stream->sources[i]);
	for (unsigned i = 0; i < stream->source_count; i++)
		stream->expected_before += rtp_source_expected(&stream->sources[i]);
	mem_free(stream->sources);
	stream->sources = NULL;
	stream->source_count = 0;
}

void stream_fail(struct stream *stream, enum media_failure failure)
{
	if (stream->is_failed)
		return;
	stream->is_failed = true;
	stream->is_secured = false;
	stream->is_renewing = false;
	stream->failure = failure;
	timer_stop(stream->env->timers, &stream->deadline);
	timer_stop(stream->env->timers, &stream->silence);
	straight_stop(&stream->straight);
	end_components(stream);
	tell(stream, STREAM_TELL_FAILED);
}

static void set_presented(struct stream *stream, const struct component *component)
{
	stream->security = (struct media_security){.presented = component->mismatching};
}

static void set_profile(struct media_security *security, const struct profile *profile)
{
	slice_copy(slice_str(profile->name), security->srtp_profile,
		sizeof(security->srtp_profile));
}

static void describe(struct stream *stream)
{
	struct media_security *security = &stream->security;
	const struct dtls_result *result;

	*security = (struct media_security){.keying = stream->remote.keying};
	if (security->keying == MEDIA_KEYING_SDES)
		set_profile(security, profile_find((unsigned)stream->remote.profile));
	if (security->keying != MEDIA_KEYING_DTLS)
		return;
	result = dtls_assoc_result(stream->rtp.chosen->assoc);
	security->presented = result->presented;
	slice_copy(slice_str(result->version), security->dtls_version,
		sizeof(security->dtls_version));
	slice_copy(slice_str(result->cipher_suite), security->cipher_suite,
		sizeof(security->cipher_suite));
	set_profile(security, result->keys.profile);
}

static void set_secured(struct stream *stream, usec_t now)
{
	stream->is_secured = true;
	stream->heard_at = now;
	stream->is_silent = false;
	timer_stop(stream->env->timers, &stream->deadline);
	straight_start(&stream->straight, now);
	tell(stream, STREAM_TELL_SECURED);
	if (stream->env->config->media_timeout)
		start_timer(stream, &stream->silence, now + stream->env->config->media_timeout);
}

static void secure(struct stream *stream, usec_t now)
{
	if (stream->is_renewing)
		forget_sources(stream);
	stream->is_renewing = false;
	describe(stream);
	set_secured(stream, now);
}

static void on_component(
	struct component *component, enum component_event event, usec_t now, void *arg)
{
	struct stream *stream = arg;

	switch (event) {
	case COMPONENT_SECURED:
		if (component_is_settled(&stream->rtp) &&
			component_is_settled(stream_rtcp(stream)))
			secure(stream, now);
		break;
	case COMPONENT_MISMATCH:
		set_presented(stream, component);
		stream_fail(stream, MEDIA_FAILURE_FINGERPRINT);
		break;
	case COMPONENT_BROKEN:
		stream_fail(stream, MEDIA_FAILURE_INTERNAL);
		break;
	}
}

static void on_deadline(struct timer *timer, usec_t now, void *arg)
{
	struct stream *stream = arg;
	const struct component *late =
		component_is_settled(&stream->rtp) ? stream_rtcp(stream) : &stream->rtp;
	bool tried = stream->rtp.has_failed_handshake || stream->rtcp.has_failed_handshake;

	(void)timer;
	(void)now;
	/* One refused handshake proves nothing, anybody can have begun it: only now that the
	 * right one did not come it is the best reason there is. */
	set_presented(stream, late);
	stream_fail(stream, tried ? MEDIA_FAILURE_HANDSHAKE : MEDIA_FAILURE_DEADLINE);
}

static void on_silence(struct timer *timer, usec_t now, void *arg)
{
	struct stream *stream = arg;
	usec_t timeout = stream->env->config->media_timeout;
	bool is_silent = now - stream->heard_at >= timeout;

	/* On hold it is asked to be silent; the time counts from the end of that. */
	if (stream->remote.is_held) {
		stream->heard_at = now;
		is_silent = false;
	}
	if (is_silent && !stream->is_silent)
		tell(stream, STREAM_TELL_TIMEOUT);
	stream->is_silent = is_silent;
	start_timer(stream, timer, is_silent ? now + timeout : stream->heard_at + timeout);
}

void stream_init(struct stream *stream, const struct component_env *env, stream_tell_h *on_tell,
	void *arg)
{
	stream->env = env;
	stream->on_tell = on_tell;
	stream->arg = arg;
	component_init(&stream->rtp, env, &stream->counters, on_component, stream);
	component_init(&stream->rtcp, env, &stream->counters, on_component, stream);
	timer_init(&stream->deadline, on_deadline, stream);
	timer_init(&stream->silence, on_silence, stream);
	straight_init(&stream->straight, &stream->rtp, &stream->heard_at);
}

void stream_fini(struct stream *stream)
{
	timer_stop(stream->env->timers, &stream->deadline);
	timer_stop(stream->env->timers, &stream->silence);
	straight_stop(&stream->straight);
	component_fini(&stream->rtp);
	component_fini(&stream->rtcp);
	forget_sources(stream);
	stream_set_payload_map(stream, NULL);
}

void stream_set_payload_map(struct stream *stream, struct media_payload_map *map)
{
	mem_free(stream->payload_map);
	stream->payload_map = map;
}

void stream_close(struct stream *stream)
{
	component_close(&stream->rtp);
	component_close(&stream->rtcp);
}

/* RFC 8842 section 3: these make another association, an address does not. Changing to or
 * from rtcp-mux does, since its number of associations is another. */
static bool is_same_association(const struct stream *stream, const struct media_remote *remote)
{
	const struct media_remote *before = &stream->remote;

	if (!stream->has_remote || stream->is_failed || before->keying != remote->keying ||
		before->rtcp_mux != remote->rtcp_mux)
		return false;
	return remote->keying != MEDIA_KEYING_DTLS ||
	       (before->role == remote->role && before->association == remote->association &&
		       fingerprint_set_equal(&before->fingerprints, &remote->fingerprints));
}

static void begin_handshakes(struct stream *stream, usec_t now)
{
	const struct media_remote *remote = &stream->remote;

	start_timer(stream, &stream->deadline, now + stream->env->config->dtls_deadline);
	if (!stream->is_failed)
		component_begin(&stream->rtp, remote, &remote->rtp, now);
	if (!stream->is_failed && !remote->rtcp_mux)
		component_begin(&stream->rtcp, remote, &remote->rtcp, now);
}

static void begin_given(struct stream *stream, usec_t now)
{
	const struct media_remote *remote = &stream->remote;
	int err = component_begin_given(&stream->rtp, remote, &remote->rtp);

	if (!err && !remote->rtcp_mux)
		err = component_begin_given(&stream->rtcp, remote, &remote->rtcp);
	if (err)
		stream_fail(stream, MEDIA_FAILURE_INTERNAL);
	else
		secure(stream, now);
}

/* SDP-20: keys of a handshake stay in force until those of the next one are there. */
static bool may_renew(const struct stream *stream, const struct media_remote *before)
{
	const struct media_remote *remote = &stream->remote;

	return stream->is_secured && before->keying == MEDIA_KEYING_DTLS &&
	       remote->keying == MEDIA_KEYING_DTLS && before->rtcp_mux == remote->rtcp_mux;
}

static void renew(struct stream *stream, usec_t now)
{
	const struct media_remote *remote = &stream->remote;

	stream->is_renewing = true;
	straight_stop(&stream->straight);     /* the next one may be elsewhere */
	stream->tell &= ~STREAM_TELL_SECURED; /* of the one before */
	start_timer(stream, &stream->deadline, now + stream->env->config->dtls_deadline);
	if (!stream->is_failed)
		component_renew(&stream->rtp, remote, &remote->rtp, now);
	if (!stream->is_failed && !remote->rtcp_mux)
		component_renew(&stream->rtcp, remote, &remote->rtcp, now);
}

static void begin(struct stream *stream, usec_t now)
{
	stream->is_secured = false;
	stream->is_renewing = false;
	stream->is_failed = false;
	stream->failure = MEDIA_FAILURE_NONE;
	stream->security = (struct media_security){0};
	stream->tell = 0; /* what was to be told was about the one before */
	timer_stop(stream->env->timers, &stream->silence);
	straight_stop(&stream->straight);
	forget_sources(stream);
	end_components(stream);
	timer_stop(stream->env->timers, &stream->deadline);
	if (stream->remote.keying == MEDIA_KEYING_DTLS)
		begin_handshakes(stream, now);
	else
		begin_given(stream, now);
}

static void rekey(struct stream *stream, const struct media_remote *before, usec_t now)
{
	const struct media_remote *remote = &stream->remote;
	bool is_moved = !netaddr_equal(&before->rtp, &remote->rtp);
	int err = component_rekey(&stream->rtp, before, remote, is_moved);

	if (!err && !remote->rtcp_mux)
		err = component_rekey(&stream->rtcp, before, remote, is_moved);
	if (err)
		stream_fail(stream, MEDIA_FAILURE_INTERNAL);
	else if (before->profile != remote->profile)
		secure(stream, now); /* which is news */
}

void stream_set_remote(struct stream *stream, const struct media_remote *remote, usec_t now)
{
	bool is_same = is_same_association(stream, remote);
	struct media_remote before = stream->remote;

	stream->remote = *remote;
	stream->has_remote = true;
	if (!is_same || !netaddr_equal(&before.rtp, &remote->rtp)) {
		latch_close(&stream->latch);
		if (stream_is_plain(stream) && remote->may_latch)
			latch_open(&stream->latch, now);
	}
	if (!is_same && may_renew(stream, &before)) {
		renew(stream, now);
	} else if (!is_same) {
		begin(stream, now);
	} else {
		if (remote->keying == MEDIA_KEYING_SDES)
			rekey(stream, &before, now);
		component_set_address(&stream->rtp, &remote->rtp, now);
		if (stream->is_secured && !netaddr_equal(&before.rtp, &remote->rtp))
			straight_again(&stream->straight, now);
		component_set_address(&stream->rtcp, &remote->rtcp, now);
	}
	mem_wipe(&before, sizeof(before));
}

bool stream_takes_plain(struct stream *stream, struct component *component,
	const struct netaddr *from, const struct rtp_header *header, usec_t now)
{
	struct netaddr rtcp;

	if (netaddr_equal(&component->peer, from)) {
		latch_close(&stream->latch);
		return true;
	}
	if (!header || !latch_offer(&stream->latch, from, header, now))
		return false;
	/* RTCP then comes from the port above, as it would without a translator; another one
	 * cannot be known. */
	rtcp = *from;
	netaddr_set_port(&rtcp, (uint16_t)(netaddr_port(from) + 1));
	if (!stream->remote.rtcp_mux)
		component_move_peer(&stream->rtcp, &rtcp);
	return true;
}

void stream_heard(struct stream *stream, struct component *component,
	const struct netaddr *from, usec_t now)
{
	stream->heard_at = now;
	stream->is_silent = false;
	/* Only now that it is authenticated an address may be learnt (SRTP-13): a peer behind
	 * a translator moves without a word. */
	if (!netaddr_equal(&component->peer, from))
		component_move_peer(component, from);
}

/* False: too many (the crypto context refuses these already) or no memory. */
static bool add_source(struct stream *stream, uint32_t ssrc)
{
	unsigned count = stream->source_count;

	if (count == RTP_SOURCE_MAX)
		return false;
	if (!(count & (count - 1))) { /* all room is taken: twice as much */
		struct rtp_source *more = mem_resize(
			stream->sources, (count ? 2 * count : 1) * sizeof(stream->sources[0]));

		if (!more)
			return false;
		stream->sources = more;
	}
	stream->sources[stream->source_count++] = (struct rtp_source){.ssrc = ssrc};
	return true;
}

#define CLOCK_RATE_USUAL 8000u /* Hz */

static uint32_t clock_rate(const struct stream *stream)
{
	return stream->remote.clock_rate ? stream->remote.clock_rate : CLOCK_RATE_USUAL;
}

static uint32_t ticks_to_us(const struct stream *stream, uint32_t ticks)
{
	uint64_t us = (uint64_t)ticks * USEC_PER_SEC / clock_rate(stream);

	return us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

static void count_jitter(
	struct stream *stream, struct rtp_source *source, uint32_t timestamp, usec_t now)
{
	struct media_quality *quality = &stream->quality;
	uint64_t arrival = (uint64_t)now * clock_rate(stream) / USEC_PER_SEC;

	rtp_source_time(source, timestamp, (uint32_t)arrival);
	quality->jitter_us = ticks_to_us(stream, rtp_source_jitter(source));
	if (quality->jitter_us > quality->jitter_max_us)
		quality->jitter_max_us = quality->jitter_us;
}

void stream_count_rtp(struct stream *stream, const struct rtp_header *header, usec_t now)
{
	uint32_t ssrc = header->ssrc;
	unsigned i = 0;

	while (i < stream->source_count && stream->sources[i].ssrc != ssrc)
		i++;
	if (i == stream->source_count && !add_source(stream, ssrc))
		return; /* not counted */
	count_jitter(stream, &stream->sources[i], header->timestamp, now);
	rtp_source_heard(&stream->sources[i], header->sequence);
}

#define REPORT_TICKS_PER_SEC 65536u /* RFC 3550 section 6.4.1: the delay's units */

/* RFC 3550 section 6.4.1: our report went out at a time that is known; the peer says how long
 * it kept it. A peer that says nonsense gives no time. */
static void count_round_trip(struct stream *stream, const struct rtcp_block *block, usec_t now)
{
	usec_t kept = (usec_t)block->delay * USEC_PER_SEC / REPORT_TICKS_PER_SEC;
	usec_t trip = now - stream->report_sent_at - kept;
	struct media_quality *quality = &stream->quality;

	if (!stream->report_sent_at || !block->last_sr ||
		block->last_sr != stream->report_time || trip < 0)
		return;
	quality->round_trip_us = (uint32_t)trip;
	if (quality->round_trip_us > quality->round_trip_max_us)
		quality->round_trip_max_us = quality->round_trip_us;
}

void stream_read_rtcp(struct stream *stream, struct stream *other, const uint8_t *bytes,
	size_t len, usec_t now)
{
	struct media_quality *quality = &stream->quality;
	struct rtcp_report report;

	rtcp_read(&report, bytes, len);
	for (unsigned i = 0; i < report.count; i++) {
		const struct rtcp_block *block = &report.blocks[i];

		quality->reports++;
		quality->reported_lost = block->lost > 0 ? (uint32_t)block->lost : 0;
		quality->reported_fraction = block->fraction;
		quality->reported_jitter_us = ticks_to_us(other, block->jitter);
		count_round_trip(stream, block, now);
	}
	if (report.is_sender) { /* which goes on to the other side now */
		other->report_time = report.ntp_time;
		other->report_sent_at = now;
	}
}

void stream_quality(const struct stream *stream, struct media_quality *out)
{
	*out = stream->quality;
	out->expected = stream->expected_before;
	for (unsigned i = 0; i < stream->source_count; i++)
		out->expected += rtp_source_expected(&stream->sources[i]);
}

void stream_counters(const struct stream *stream, struct media_counters *out)
{
	*out = stream->counters;
	out->rtp_lost = stream->lost_before;
	for (unsigned i = 0; i < stream->source_count; i++)
		out->rtp_lost += rtp_source_lost(&stream->sources[i]);
}

/* ---- living on elsewhere ---- */

void stream_export(const struct stream *stream, struct media_side_state *out)
{
	const struct component *components[] = {&stream->rtp, &stream->rtcp};

	out->has_remote = stream->has_remote && !stream->is_failed;
	out->is_secured = stream->is_secured;
	out->is_gate_open = stream->is_gate_open;
	out->has_payload_map = stream->payload_map != NULL;
	if (stream->payload_map)
		out->payload_map = *stream->payload_map;
	out->remote = stream->remote;
	out->security = stream->security;
	for (int i = 0; i < 2; i++) {
		out->peer[i] = components[i]->peer;
		if (components[i]->keys.in)
			crypto_context_export(components[i]->keys.in, &out->in[i]);
		if (components[i]->keys.out)
			crypto_context_export(components[i]->keys.out, &out->out[i]);
	}
}

static int restore_payload_map(struct stream *stream, const struct media_side_state *state)
{
	struct media_payload_map *map;

	if (!state->has_payload_map)
		return 0;
	map = mem_alloc(sizeof(*map));
	if (!map)
		return SBC_ENOMEM;
	*map = state->payload_map;
	stream_set_payload_map(stream, map);
	return 0;
}

void stream_restore(struct stream *stream, const struct media_side_state *state, usec_t now)
{
	const struct media_remote *remote = &state->remote;
	bool is_plain = remote->keying == MEDIA_KEYING_NONE;
	int err = restore_payload_map(stream, state);

	if (err) {
		stream_fail(stream, MEDIA_FAILURE_INTERNAL);
		return;
	}
	stream->is_gate_open = state->is_gate_open;
	if (!state->has_remote)
		return;
	if (!state->is_secured) {
		stream_set_remote(stream, remote, now);
		return;
	}
	stream->remote = *remote;
	stream->has_remote = true;
	err = component_restore(&stream->rtp, &remote->rtp, &state->peer[0],
		is_plain ? NULL : &state->in[0], &state->out[0]);
	if (!err && !remote->rtcp_mux)
		err = component_restore(&stream->rtcp, &remote->rtcp, &state->peer[1],
			is_plain ? NULL : &state->in[1], &state->out[1]);
	if (err) {
		stream_fail(stream, MEDIA_FAILURE_INTERNAL);
		return;
	}
	stream->security = state->security;
	set_secured(stream, now);
}
