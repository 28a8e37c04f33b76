/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An established call as bytes, and back. What a configuration knows (peers, users, listeners)
 * stands there by name; what only a call under way has (transactions, fetches) does not stand
 * there, since a quiet call has none. Signalling thread.
 */

#include "sbc/call_state.h"

#include "base/err.h"
#include "base/mem.h"

#define WORD_MAX    256                 /* bytes of a word in a description */
#define TEXT_MAX    4096                /* bytes of a URI */
#define BODY_MAX    65536               /* bytes of a description */
#define SECONDS_MAX (UINT64_C(1) << 40) /* since 1970 */

static const uint8_t magic[] = {'C', 'S', 'C', 1}; /* and the version */

bool call_state_is_quiet(const struct call *call)
{
	const struct leg *legs[] = {call->a, call->b};

	if (call->state != CALL_ANSWERED || call->change.stage != CHANGE_NONE || call->check ||
		call->passed_count || timer_is_running(&call->connect_timer))
		return false;
	if (call->refer || call->replacing.number || call->subscription || call->grant)
		return false;
	for (size_t i = 0; i < 2; i++)
		if (!leg_is_quiet(legs[i]) || legs[i]->is_ack_owed)
			return false;
	return true;
}

/* ---- who ---- */

static const struct config_peer *peer_named(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->peer_count; i++)
		if (!strcmp(config->peers[i].name, name))
			return &config->peers[i];
	return NULL;
}

/* A peer by its name, a user by name and domain; sets how its media goes. */
static void code_owner(struct coder *c, struct call *call, int side)
{
	struct call_party *party = &call->party[side];
	const struct config_user *user = party->peer ? NULL : party->user;
	struct slice domain = user ? slice_str(user->domain) : (struct slice){0};
	struct slice name = slice_str(party->peer ? party->peer->name : user ? user->name : "");

	code_slice(c, &name, TEXT_MAX);
	code_slice(c, &domain, TEXT_MAX);
	if (!c->is_reading || c->err)
		return;
	slice_copy(slice_head(name, sizeof(party->name) - 1), party->name, sizeof(party->name));
	user = domain.len ? config_user_find(call->config, name, domain) : NULL;
	party->peer = domain.len ? NULL : peer_named(call->config, party->name);
	if (user || party->peer)
		call_media_set_leg(call, side, user ? user->media : party->peer->media,
			user ? &user->media_rules : &party->peer->media_rules,
			&call_leg(call, side)->hop);
	else
		c->err = SBC_ENOENT;
	party->user = user;
	call_leg(call, side)->peer = party->peer;
}

static void code_verdict(struct coder *c, struct identity_verdict *v)
{
	v->outcome = (enum identity_outcome)code_number(c, v->outcome, 1, IDENTITY_FAILED);
	v->code = (int)code_number(c, (uint64_t)v->code, 2, 699);
	code_text(c, v->why, sizeof(v->why));
	v->mechanism =
		(enum identity_mechanism)code_number(c, v->mechanism, 1, IDENTITY_RFC4474);
	v->stage = (enum identity_stage)code_number(c, v->stage, 1, IDENTITY_STAGE_COUNT);
	code_text(c, v->identity, sizeof(v->identity));
	code_text(c, v->domain, sizeof(v->domain));
	code_text(c, v->url, sizeof(v->url));
	code_text(c, v->subject, sizeof(v->subject));
	v->signed_at = (int64_t)code_number(c, (uint64_t)v->signed_at, 8, SECONDS_MAX);
	v->attest = (char)code_number(c, (uint8_t)v->attest, 1, 'C');
	code_text(c, v->origid, sizeof(v->origid));
	code_fingerprints(c, &v->fingerprints);
	if (c->is_reading)
		v->phrase = "";
}

/* Words of ours alone: they are compared by address nowhere, but never freed. */
static void code_outcome(struct coder *c, const char **outcome)
{
	char text[32] = "";

	if (!c->is_reading)
		slice_copy(slice_str(*outcome), text, sizeof(text));
	code_text(c, text, sizeof(text));
	if (!c->is_reading)
		return;
	*outcome = !strcmp(text, "authenticated") ? "authenticated"
		   : !strcmp(text, "signed")      ? "signed"
						  : "";
	for (int i = IDENTITY_VERIFIED; i <= IDENTITY_FAILED; i++)
		if (!strcmp(text, identity_outcome_name((enum identity_outcome)i)))
			*outcome = identity_outcome_name((enum identity_outcome)i);
	if (strcmp(text, *outcome) != 0)
		coder_refuse(c);
}

static void code_party(struct coder *c, struct call_party *party)
{
	struct identity_verdict verdict = *call_party_verdict(party);
	struct fingerprint_set signalled = *call_party_signalled(party);
	bool has_verdict = code_bool(c, party->_verdict != NULL);

	if (has_verdict)
		code_verdict(c, &verdict);
	code_fingerprints(c, &signalled);
	party->transport = (enum transport_kind)code_number(
		c, party->transport, 1, TRANSPORT_KIND_COUNT - 1);
	party->is_identity_absent = code_bool(c, party->is_identity_absent);
	party->is_key_proved = code_bool(c, party->is_key_proved);
	code_outcome(c, &party->identity_outcome);
	if (!c->is_reading || c->err)
		return;
	if ((has_verdict && call_party_judge(party, &verdict)) ||
		call_party_signal(party, &signalled))
		c->err = SBC_ENOMEM;
}

/* ---- what each said last ---- */

static void code_taken(struct coder *c, struct call_description *d, size_t i)
{
	struct sdp_media *section = &d->sdp->media[i];
	struct call_taken *taken = &d->taken[i];
	size_t crypto_max = section->crypto_count ? section->crypto_count - 1 : 0;

	taken->keying = (enum sdp_keying)code_number(c, taken->keying, 1, SDP_DTLS);
	taken->crypto = (unsigned)code_number(c, taken->crypto, 1, crypto_max);
	taken->line = code_number(c, taken->line, 1, SDES_LINE_MAX - 1);
	if (taken->keying == SDP_SDES && !section->crypto_count)
		coder_refuse(c);
	/* Where a description says it otherwise, or not at all (c=0.0.0.0). */
	code_address(c, &section->address);
	section->direction =
		(enum sdp_direction)code_number(c, section->direction, 1, SDP_INACTIVE);
}

/* Of a section that is refused: it may be one that the text does not have (RFC 3264 section 8).
 * parsed: sections that it has. */
static void code_refused(struct coder *c, struct sdp_media *section, bool is_parsed)
{
	struct slice kind = section->kind, proto = section->proto, format = section->formats[0];

	code_slice(c, &kind, WORD_MAX);
	code_slice(c, &proto, WORD_MAX);
	code_slice(c, &format, WORD_MAX);
	if (!c->is_reading || is_parsed)
		return;
	section->kind = kind;
	section->proto = proto;
	section->formats[0] = format;
	section->format_count = format.len ? 1 : 0;
}

/* Room for so many sections, those behind the text's own being empty. */
static int grow(struct call_description *d, size_t count)
{
	struct sdp_media *media = arena_array(&d->arena, count, sizeof(*media));

	if (!media)
		return SBC_ENOMEM;
	memcpy(media, d->sdp->media, d->sdp->media_count * sizeof(*media));
	for (size_t i = d->sdp->media_count; i < count; i++)
		media[i] = (struct sdp_media){0};
	d->sdp->media = media;
	d->sdp->media_count = count;
	return 0;
}

static void code_sections(struct coder *c, struct call_description *d)
{
	size_t parsed = d->sdp->media_count;
	size_t count = code_number(c, parsed, 1, SDP_MEDIA_MAX);

	if (c->is_reading && count < parsed)
		coder_refuse(c);
	if (c->is_reading && !c->err && count > parsed)
		c->err = grow(d, count);
	for (size_t i = 0; !c->err && i < count; i++) {
		bool is_refused = code_bool(c, !d->sdp->media[i].port);
		if (is_refused != !d->sdp->media[i].port)
			coder_refuse(c);
		if (is_refused)
			code_refused(c, &d->sdp->media[i], i < parsed);
		code_taken(c, d, i);
	}
	if (!c->err && count && d->index >= count)
		coder_refuse(c);
}

static void code_description(struct coder *c, struct call *call, int side)
{
	struct call_description *d = &call->remote[side];
	struct slice text = d->text.ptr ? d->text : d->said;
	bool is_answer = code_bool(c, d->is_answer);

	code_slice(c, &text, BODY_MAX);
	if (c->is_reading && !c->err)
		c->err = call_description_restore(call, side, text, is_answer, d);
	if (c->err)
		return;
	d->index = code_number(c, d->index, 1, SDP_MEDIA_MAX - 1);
	if (!d->text.ptr)
		code_sections(c, d);
}

/* ---- streams ---- */

static void code_line(struct coder *c, struct sdes_line *line)
{
	line->tag = (uint32_t)code_number(c, line->tag, 4, UINT32_MAX);
	line->profile = (uint16_t)code_number(c, line->profile, 2, UINT16_MAX);
	code_bytes(c, line->key, sizeof(line->key));
	if (line->profile && !sdes_key_len(line->profile))
		coder_refuse(c);
}

static void code_keying(struct coder *c, struct stream_keying *keying)
{
	keying->chosen = (enum sdp_keying)code_number(c, keying->chosen, 1, SDP_DTLS);
	keying->count = code_number(c, keying->count, 1, SDES_LINE_MAX);
	keying->line = code_number(c, keying->line, 1, SDES_LINE_MAX - 1);
	for (size_t i = 0; i < keying->count; i++)
		code_line(c, &keying->ours[i]);
	code_line(c, &keying->theirs);
}

/* The peer's name of an association is kept as a hash that only this program can take: it is
 * taken anew of what the peer said last. */
static void code_tls_id(
	struct coder *c, struct call *call, int side, struct call_stream *stream)
{
	const struct call_description *said = &call->remote[side];
	struct tls_id *id = &stream->tls_id[side];
	uint32_t association;

	code_text(c, id->ours, sizeof(id->ours));
	association = (uint32_t)code_number(c, id->association, 4, UINT32_MAX);
	if (c->is_reading && !c->err && stream->index < said->sdp->media_count)
		tls_id_take(id, &call->sbc->by_dialog, said->sdp->media[stream->index].tls_id);
	id->association = association;
}

static void code_side(struct coder *c, struct call *call, int side, struct call_stream *stream)
{
	stream->interface[side] =
		(unsigned)code_number(c, stream->interface[side], 1, MEDIA_INTERFACE_MAX - 1);
	code_address(c, &stream->local[side]);
	code_keying(c, &stream->keying[side]);
	stream->has_remote[side] = code_bool(c, stream->has_remote[side]);
	stream->is_renumbered[side] = code_bool(c, stream->is_renumbered[side]);
	code_fingerprints(c, &stream->signalled[side]);
	stream->role[side] =
		(enum media_dtls_role)code_number(c, stream->role[side], 1, MEDIA_DTLS_SERVER);
	code_tls_id(c, call, side, stream);
}

static void code_stream(
	struct coder *c, struct call *call, struct call_stream *stream, struct slice *state)
{
	stream->index = code_number(c, stream->index, 1, SDP_MEDIA_MAX - 1);
	code_text(c, stream->kind, sizeof(stream->kind));
	stream->is_taken = code_bool(c, stream->is_taken);
	for (int side = 0; side < MEDIA_SIDE_COUNT; side++)
		code_side(c, call, side, stream);
	code_text(c, stream->codec, sizeof(stream->codec));
	stream->clock_rate = (uint32_t)code_number(c, stream->clock_rate, 4, INT32_MAX);
	code_slice(c, state, MEDIA_STATE_BYTES_MAX);
}

static size_t count_live(const struct call *call)
{
	size_t count = 0;

	for (size_t i = 0; i < call->media.count; i++)
		count += media_link_is_live(&call->media.streams[i]);
	return count;
}

/* In the order of call->media.streams; those given up stay behind. */
static void code_streams(struct coder *c, struct call *call, struct call_state_media *media)
{
	size_t count = code_number(c, c->is_reading ? 0 : count_live(call), 1, CALL_STREAM_MAX);

	if (c->is_reading && count && media_link_make_room(&call->media, count)) {
		c->err = SBC_ENOMEM;
		return;
	}
	if (c->is_reading)
		call->media.count = count;
	for (size_t i = 0, n = 0; i < call->media.count && n < CALL_STREAM_MAX; i++) {
		struct call_stream *stream = &call->media.streams[i];
		if (c->is_reading || media_link_is_live(stream))
			code_stream(c, call, stream, &media->states[n++]);
	}
}

/* ---- all of it ---- */

static void code_call(
	struct coder *c, struct call *call, struct call_state_media *media, usec_t now)
{
	call->start_s = (int64_t)code_number(c, (uint64_t)call->start_s, 8, SECONDS_MAX);
	call->answer_s = (int64_t)code_number(c, (uint64_t)call->answer_s, 8, SECONDS_MAX);
	call->code = (uint16_t)code_number(c, call->code, 2, 699);
	call->proof = (enum caller_proof)code_number(c, call->proof, 1, PROOF_VERIFIED);
	call->may_renumber = code_bool(c, call->may_renumber);
	code_slice(c, &call->from, TEXT_MAX);
	code_slice(c, &call->to, TEXT_MAX);
	code_slice(c, &call->caller.user, TEXT_MAX);
	code_slice(c, &call->caller.host, TEXT_MAX);
	for (int side = 0; side < MEDIA_SIDE_COUNT; side++) {
		code_text(c, call->session_ids[side].text, sizeof(call->session_ids[0].text));
		call_state_leg(c, call, side, now);
		code_owner(c, call, side);
		code_party(c, &call->party[side]);
	}
	for (int side = 0; side < MEDIA_SIDE_COUNT; side++)
		if (!c->err)
			code_description(c, call, side);
	if (!c->err)
		code_streams(c, call, media);
	code_end(c);
}

int call_state_write(
	struct call *call, const struct call_state_media *media, usec_t now, struct buf *out)
{
	struct coder c = {.out = out};
	struct call_state_media states = *media;

	code_bytes(&c, (void *)magic, sizeof(magic));
	code_call(&c, call, &states, now);
	return c.err;
}

int call_state_read(struct call **out, struct sbc *sbc, struct call_state_media *media,
	struct slice value, usec_t now)
{
	struct call *call;
	struct coder c = {.is_reading = true, .in = slice_from(value, sizeof(magic))};

	if (!slice_equal(slice_head(value, sizeof(magic)), slice_of(magic, sizeof(magic))))
		return SBC_EPARSE;
	call = call_new(sbc);
	if (!call)
		return SBC_ENOMEM;
	*media = (struct call_state_media){0};
	c.arena = &call->arena;
	code_call(&c, call, media, now);
	if (c.err) {
		call_free(call);
		return c.err;
	}
	call->state = CALL_ANSWERED;
	*out = call;
	return 0;
}
