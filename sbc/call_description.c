/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What one end says, against the policy of its leg and what was agreed before: which sections
 * are relayed and how each is keyed (RFC 3264, 5763, 4568, 8643). Signalling thread.
 */

#include "base/err.h"
#include "base/mem.h"
#include "sbc/call.h"

#define DESCRIPTION_ARENA_MAX   (128 * 1024) /* bytes: a large body and eight sections */
#define DESCRIPTION_ARENA_BLOCK 1536         /* bytes: a body; sections are larger */

/* ---- policy of a leg ---- */

/* RFC 4568 section 6: keys go over a hop that protects them, or the operator said so. */
static bool may_show_keys(const struct leg_media *leg)
{
	return leg->is_hop_secured || leg->rules->sdes_without_tls;
}

static struct sdp_rules rules_for_offer_of(const struct leg_media *leg)
{
	bool takes_any =
		leg->mode == MEDIA_MODE_OPPORTUNISTIC || leg->mode == MEDIA_MODE_BYPASS;

	return (struct sdp_rules){.takes_dtls = leg->mode != MEDIA_MODE_RTP,
		.takes_sdes = (leg->mode == MEDIA_MODE_SDES || takes_any) && may_show_keys(leg),
		.takes_plain = leg->mode == MEDIA_MODE_RTP || takes_any};
}

/* With RTP/SAVP there is no room for both (RFC 8643 has it). */
struct sdp_rules call_media_offers(const struct call *call, int side)
{
	const struct leg_media *leg = &call->media.legs[side];
	struct sdp_rules rules = rules_for_offer_of(leg);

	if (leg->mode == MEDIA_MODE_SDES)
		rules.takes_dtls = false;
	return rules;
}

/* What was agreed, and nothing else. RTP/AVP with keys is read as such only where plain RTP
 * would do too. */
static struct sdp_rules rules_agreed(const struct leg_media *leg, enum sdp_keying keying)
{
	return (struct sdp_rules){.takes_dtls = keying == SDP_DTLS,
		.takes_sdes = keying == SDP_SDES,
		.takes_plain = keying == SDP_PLAIN ||
			       (keying == SDP_SDES && leg->mode == MEDIA_MODE_OPPORTUNISTIC)};
}

bool call_media_is_downgrade(const struct call *call, enum sdp_keying a, enum sdp_keying b)
{
	const struct leg_media *legs = call->media.legs;

	if ((a == SDP_PLAIN) == (b == SDP_PLAIN))
		return false;
	return !legs[a == SDP_PLAIN ? MEDIA_SIDE_A : MEDIA_SIDE_B].rules->allow_downgrade;
}

/* ---- one section ---- */

static bool is_first(const struct call_said *said)
{
	return !said->before || !said->before->sdp;
}

/* NULL, or why not. The caller's first one, or the callee's where the caller had none. */
static const char *take_first(
	struct call *call, int side, struct sdp_media *offered, struct call_taken *out)
{
	const struct config_media *config = &call->config->media;
	const struct leg_media *leg = &call->media.legs[side];
	const struct sdp_rules rules = rules_for_offer_of(leg);
	const struct sdes_line *line;
	unsigned interface;
	const char *why;

	sdp_keep_codecs(offered, slice_str(leg->rules->codecs));
	why = sdp_choose(offered, &rules, &out->keying);
	if (why && offered->crypto_count && leg->mode != MEDIA_MODE_DTLS && !may_show_keys(leg))
		why = "keys in the description over a hop that is not secured";
	if (why)
		return why;
	if (media_link_interface(
		    call->config, leg->rules, offered->address.sa.sa_family, &interface))
		return "an address family that we have no interface for";
	if (out->keying != SDP_SDES)
		return NULL;
	line = sdp_choose_crypto(offered, config->profiles, config->profile_count);
	if (!line)
		return "no suite in common";
	out->crypto = (unsigned)(line - offered->crypto);
	return NULL;
}

/* RFC 4568 section 7.1.4: the keys in use, said again, go on; a change is refused, since
 * nothing but this message would vouch for it. */
static const char *find_same_key(const struct sdp_media *offered,
	const struct call_description *before, size_t index, struct call_taken *out)
{
	const struct call_taken *agreed = &before->taken[index];
	const struct sdes_line *last = &before->sdp->media[index].crypto[agreed->crypto];

	for (size_t i = 0; i < offered->crypto_count; i++) {
		const struct sdes_line *line = &offered->crypto[i];

		if (line->profile != last->profile ||
			!mem_equal_secret(line->key, last->key, sizeof(line->key)))
			continue;
		out->crypto = (unsigned)i;
		out->line = agreed->line;
		return NULL;
	}
	return "other keys than were agreed";
}

/* In the middle of a call: keyed as before, or not at all. */
static const char *take_again(struct call *call, const struct call_said *said, size_t index,
	struct sdp_media *offered, struct call_taken *out)
{
	const struct call_stream *stream = media_link_stream(&call->media, index);
	const struct leg_media *leg = &call->media.legs[said->side];
	const struct call_taken *agreed = &said->before->taken[index];
	const struct sdp_rules rules = rules_agreed(leg, agreed->keying);
	const char *why;

	if (!stream) /* one more, or one that was given up once */
		return call->state == CALL_ANSWERED ? take_first(call, said->side, offered, out)
						    : "no further section before the answer";
	if (index >= said->before->sdp->media_count || agreed->keying == SDP_REFUSED)
		return "not a section of this call";
	sdp_keep_codecs(offered, slice_str(leg->rules->codecs));
	why = sdp_choose(offered, &rules, &out->keying);
	if (!why && out->keying != agreed->keying)
		why = "another keying than was agreed";
	if (!why && offered->address.sa.sa_family != stream->local[said->side].sa.sa_family)
		why = "another address family than before";
	if (!why && out->keying == SDP_SDES)
		why = find_same_key(offered, said->before, index, out);
	return why;
}

/* NULL, or why the answer cannot be used. */
static const char *check_answered(const struct call *call, const struct call_said *said,
	const struct call_stream *stream, const struct sdp_media *answered,
	struct call_taken *out)
{
	const struct stream_keying *keying = &stream->keying[said->side];
	const struct sdes_line *ours = keying->ours;
	struct sdp_rules rules = call_media_offers(call, said->side);
	size_t count = keying->count, first = 0;
	bool is_known = !is_first(said) && stream->has_remote[said->side];
	const char *why;

	if (answered->address.sa.sa_family != stream->local[said->side].sa.sa_family)
		return "another address family than was offered";
	if (is_known) {
		const struct call_taken *agreed = &said->before->taken[stream->index];

		if (agreed->keying == SDP_REFUSED)
			return "a section that was not agreed";
		rules = rules_agreed(&call->media.legs[said->side], agreed->keying);
		first = agreed->line;
		count = count ? 1 : 0;
	}
	why = sdp_check_answer(answered, &rules, ours + first, count, &out->keying, &out->line);
	out->line += first;
	if (!why && is_known && out->keying != said->before->taken[stream->index].keying)
		why = "another keying than was agreed";
	if (!why &&
		call_media_is_downgrade(call,
			said->side == MEDIA_SIDE_A ? out->keying : stream->keying[0].chosen,
			said->side == MEDIA_SIDE_A ? stream->keying[1].chosen : out->keying))
		why = "protected media would go on in the clear";
	return why;
}

/* ---- all of them ---- */

/* The first sound decides for a call, else the first section. */
static void find_main(struct call_description *d)
{
	bool has_any = false;

	for (size_t i = 0; i < d->sdp->media_count; i++) {
		bool is_audio = slice_equal(d->sdp->media[i].kind, SLICE("audio"));

		if (d->taken[i].keying == SDP_REFUSED || (has_any && !is_audio))
			continue;
		d->index = i;
		has_any = true;
		if (is_audio)
			return;
	}
}

static const char *take_section(
	struct call *call, const struct call_said *said, struct call_description *d, size_t i)
{
	struct sdp_media *offered = &d->sdp->media[i];
	struct call_taken taken = {0};
	const char *why = is_first(said) ? take_first(call, said->side, offered, &taken)
					 : take_again(call, said, i, offered, &taken);

	if (!why)
		d->taken[i] = taken;
	return why;
}

static int take_offer(struct call *call, const struct call_said *said,
	struct call_description *d, const char **why)
{
	const char *fault = NULL;
	bool has_audio = false, takes_audio = false;
	size_t count = 0;

	for (size_t i = 0; i < d->sdp->media_count; i++) {
		const struct sdp_media *offered = &d->sdp->media[i];
		bool is_audio = slice_equal(offered->kind, SLICE("audio"));
		const char *section_fault = count == CALL_STREAM_MAX
						    ? "too many streams"
						    : take_section(call, said, d, i);

		/* What was agreed changes as a whole or not at all; it may be given up. */
		if (section_fault && !is_first(said) && offered->port &&
			media_link_stream(&call->media, i)) {
			*why = section_fault;
			return SBC_EPROTO;
		}
		/* What is wrong with sound matters more than with pictures. */
		if (section_fault && (!fault || (is_audio && !has_audio)))
			fault = section_fault;
		has_audio = has_audio || is_audio;
		takes_audio = takes_audio || (is_audio && !section_fault);
		count += !section_fault;
	}
	/* A call whose sound is refused is no call, whatever else it has. */
	if (count && (takes_audio || !has_audio))
		return 0;
	*why = fault ? fault : "no media section";
	return SBC_EPROTO;
}

static int take_answer(struct call *call, const struct call_said *said,
	struct call_description *d, const char **why)
{
	size_t taken = 0;

	for (size_t i = 0; i < d->sdp->media_count; i++) {
		const struct call_stream *stream = media_link_stream(&call->media, i);
		struct sdp_media *answered = &d->sdp->media[i];
		struct call_taken one = {0};
		const char *fault;

		if (!stream || !answered->port)
			continue;
		fault = check_answered(call, said, stream, answered, &one);
		if (fault) {
			*why = fault;
			return SBC_EPROTO;
		}
		d->taken[i] = one;
		taken++;
	}
	*why = "the answer takes no section";
	return taken ? 0 : SBC_EPROTO;
}

/* Hold as RFC 2543 had it: c=0.0.0.0 and no word about direction. It means that nothing is
 * to be sent there (RFC 3264 section 8.4); where to was said before. */
static void read_old_hold(struct sdp *sdp, const struct call_description *before)
{
	for (size_t i = 0; i < sdp->media_count && i < before->sdp->media_count; i++) {
		const struct sdp_media *last = &before->sdp->media[i];
		struct sdp_media *section = &sdp->media[i];

		if (before->taken[i].keying == SDP_REFUSED || !section->port ||
			!netaddr_is_any(&section->address))
			continue;
		section->address = last->address;
		if (section->direction == SDP_SENDRECV)
			section->direction = SDP_SENDONLY;
		else if (section->direction == SDP_RECVONLY)
			section->direction = SDP_INACTIVE;
	}
}

/* The same section as before, and never fewer of them (RFC 3264 section 8). */
static int compare(const struct call_description *now, const struct call_description *before,
	const char **why)
{
	*why = "another section than before";
	if (now->index != before->index)
		return SBC_EPROTO;
	*why = "fewer sections than before";
	return now->sdp->media_count < before->sdp->media_count ? SBC_EPROTO : 0;
}

static int read_text(const struct call_said *said, struct call_description *d, const char **why)
{
	struct slice text;
	int err;

	arena_init_small(&d->arena, DESCRIPTION_ARENA_MAX, DESCRIPTION_ARENA_BLOCK);
	text = arena_copy(&d->arena, said->body);
	d->said = text;
	d->is_answer = said->is_answer;
	*why = "no memory";
	err = text.ptr ? sdp_parse(&d->sdp, &d->arena, text, why) : SBC_ENOMEM;
	if (!err && !is_first(said))
		read_old_hold(d->sdp, said->before);
	return err;
}

/* ---- media that bypasses us ---- */

static bool has_keys(const struct sdp *sdp)
{
	for (size_t i = 0; i < sdp->media_count; i++) {
		if (sdp->media[i].crypto_seen)
			return true;
	}
	return false;
}

static const char *refuse_bypass(
	const struct call *call, const struct call_said *said, const struct sdp *sdp)
{
	if (!sdp->media_count)
		return "no media section";
	if (has_keys(sdp) && !call_media_offers(call, said->side).takes_sdes)
		return "keys in the description over a hop that is not secured";
	if (!is_first(said) && sdp->media_count < said->before->sdp->media_count)
		return "fewer sections than before";
	return NULL;
}

/* Only what is looked at again: the text, and what a signature must cover. */
static int keep_bypassed(
	const struct call_said *said, const struct sdp *sdp, struct call_description *d)
{
	arena_init_small(
		&d->arena, DESCRIPTION_ARENA_MAX, said->body.len + sizeof(*d->sdp) + 32);
	d->sdp = arena_alloc(&d->arena, sizeof(*d->sdp));
	d->text = arena_copy(&d->arena, said->body);
	d->is_answer = said->is_answer;
	d->has_keys = has_keys(sdp);
	if (!d->sdp || !d->text.ptr) {
		arena_fini(&d->arena);
		return SBC_ENOMEM;
	}
	d->sdp->media_count = sdp->media_count;
	d->sdp->all_fingerprints = sdp->all_fingerprints;
	return 0;
}

/* Read whole, so that what cannot be a description does not cross. */
static int read_bypassed(struct call *call, const struct call_said *said,
	struct call_description *out, const char **why)
{
	struct call_description d = {0};
	struct arena scratch;
	const char *fault;
	struct sdp *sdp;
	int err;

	arena_init(&scratch, DESCRIPTION_ARENA_MAX);
	err = sdp_parse(&sdp, &scratch, said->body, why);
	fault = err ? NULL : refuse_bypass(call, said, sdp);
	if (fault) {
		*why = fault;
		err = SBC_EPROTO;
	}
	if (!err)
		err = keep_bypassed(said, sdp, &d);
	if (!err)
		*out = d;
	arena_fini_secret(&scratch);
	return err;
}

int call_description_read(struct call *call, const struct call_said *said,
	struct call_description *out, const char **why)
{
	struct call_description d = {0};
	int err;

	*why = "no description";
	if (!said->body.len)
		return SBC_EPROTO;
	if (call_is_bypassed(call, said->side))
		return read_bypassed(call, said, out, why);
	err = read_text(said, &d, why);
	if (!err)
		err = said->is_answer ? take_answer(call, said, &d, why)
				      : take_offer(call, said, &d, why);
	if (!err)
		find_main(&d);
	if (!err && !is_first(said))
		err = compare(&d, said->before, why);
	if (err)
		arena_fini_secret(&d.arena);
	else
		*out = d;
	return err;
}

int call_description_restore(struct call *call, int side, struct slice body, bool is_answer,
	struct call_description *out)
{
	const struct call_said said = {.side = side, .body = body, .is_answer = is_answer};
	struct call_description d = {0};
	const char *why;
	int err;

	if (call_is_bypassed(call, side))
		return call_description_read(call, &said, out, &why);
	err = read_text(&said, &d, &why);
	if (err) {
		arena_fini_secret(&d.arena);
		return err;
	}
	for (size_t i = 0; !is_answer && i < d.sdp->media_count; i++)
		sdp_keep_codecs(
			&d.sdp->media[i], slice_str(call->media.legs[side].rules->codecs));
	*out = d;
	return 0;
}

void call_description_fini(struct call_description *description)
{
	if (description->sdp)
		arena_fini_secret(&description->arena);
	*description = (struct call_description){0};
}

int call_description_pad(struct call_description *said, const struct call_description *like)
{
	size_t count = like->sdp->media_count;
	struct sdp_media *media;

	if (said->text.ptr || said->sdp->media_count >= count)
		return 0;
	media = arena_array(&said->arena, count, sizeof(*media));
	if (!media)
		return SBC_ENOMEM;
	memcpy(media, said->sdp->media, said->sdp->media_count * sizeof(*media));
	for (size_t i = said->sdp->media_count; i < count; i++) {
		const struct sdp_media *section = &like->sdp->media[i];

		media[i] = (struct sdp_media){.kind = arena_copy(&said->arena, section->kind),
			.proto = arena_copy(&said->arena, section->proto)};
		if (section->format_count)
			media[i].formats[media[i].format_count++] =
				arena_copy(&said->arena, section->formats[0]);
		said->taken[i] = (struct call_taken){.keying = SDP_REFUSED};
	}
	said->sdp->media = media;
	said->sdp->media_count = count;
	return 0;
}

void call_description_move(struct call_description *to, struct call_description *from)
{
	call_description_fini(to);
	*to = *from;
	*from = (struct call_description){0};
}
