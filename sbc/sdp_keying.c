/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keying of an m= section: RFC 5763, 4568, 8643; rows SDP-1 to SDP-3, SDP-6, SDP-9, SDP-30,
 * SDP-31. Pure. */

#include "sbc/sdp_keying.h"

#include "base/err.h"

/* What a proto's words promise. */
enum proto { PROTO_OTHER, PROTO_AVP, PROTO_SAVP, PROTO_TLS };

static enum proto proto_of(struct slice proto)
{
	static const struct {
		const char *word;
		enum proto proto;
	} table[] = {
		{"RTP/AVP", PROTO_AVP},
		{"RTP/AVPF", PROTO_AVP},
		{"RTP/SAVP", PROTO_SAVP},
		{"RTP/SAVPF", PROTO_SAVP},
		{"UDP/TLS/RTP/SAVP", PROTO_TLS},
		{"UDP/TLS/RTP/SAVPF", PROTO_TLS},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (slice_equal_nocase(proto, slice_str(table[i].word)))
			return table[i].proto;
	}
	return PROTO_OTHER;
}

bool sdp_proto_is_rtp(struct slice proto)
{
	return proto_of(proto) != PROTO_OTHER;
}

bool sdp_proto_has_feedback(struct slice proto)
{
	return proto.len && (proto.ptr[proto.len - 1] | 0x20) == 'f';
}

static const char *find_fault(const struct sdp_media *media)
{
	if (!sdp_is_relayed(media->kind))
		return "a kind of media that we do not relay";
	if (!media->port)
		return "the section is rejected";
	if (!sdp_proto_is_rtp(media->proto))
		return "no transport that we speak";
	if (!media->format_count)
		return "no formats";
	if (media->is_overfull)
		return "too many attributes";
	if (!netaddr_is_set(&media->address) || netaddr_is_any(&media->address))
		return "no address to send to";
	return NULL;
}

/* SDP-2: the fingerprint decides, not the proto's word. */
static bool has_dtls(const struct sdp_media *media)
{
	return fingerprint_set_strongest(&media->fingerprints) != FINGERPRINT_UNKNOWN &&
	       media->setup != SDP_SETUP_HOLDCONN; /* RFC 5763 section 5 */
}

/* RFC 4568 knows RTP/SAVP alone; where plain RTP is taken too, RTP/AVP with keys is an offer
 * to do better (RFC 8643 section 3). */
static bool has_sdes(const struct sdp_media *media, const struct sdp_rules *rules)
{
	enum proto proto = proto_of(media->proto);

	return media->crypto_count > 0 &&
	       (proto == PROTO_SAVP || (proto == PROTO_AVP && rules->takes_plain));
}

/* Why it is not even a case for the keying that the rules ask for. */
static const char *why_not(const struct sdp_media *media, const struct sdp_rules *rules)
{
	if (!rules->takes_dtls && !rules->takes_sdes)
		return "protected media where plain RTP is agreed";
	if (rules->takes_sdes && media->crypto_seen)
		return "no a=crypto that we could take";
	if (rules->takes_dtls && media->setup == SDP_SETUP_HOLDCONN)
		return "a=setup:holdconn";
	if (rules->takes_dtls && media->fingerprints.count) /* SDP-6, SDP-9 */
		return "only fingerprints of weak or unknown hashes";
	if (rules->takes_sdes)
		return "neither a=crypto nor a=fingerprint";
	return media->crypto_seen ? "keys in the description, no a=fingerprint"
				  : "no a=fingerprint";
}

const char *sdp_choose(
	const struct sdp_media *offered, const struct sdp_rules *rules, enum sdp_keying *out)
{
	const char *fault = find_fault(offered);

	*out = SDP_REFUSED;
	if (fault)
		return fault;
	if (rules->takes_dtls && has_dtls(offered))
		*out = SDP_DTLS;
	else if (rules->takes_sdes && has_sdes(offered, rules))
		*out = SDP_SDES;
	else if (rules->takes_plain && proto_of(offered->proto) == PROTO_AVP)
		*out = SDP_PLAIN;
	return *out == SDP_REFUSED ? why_not(offered, rules) : NULL;
}

/* SDP-31: exactly one line, with the tag and suite of one of ours. */
static const char *find_tag(const struct sdp_media *answered, const struct sdes_line *ours,
	size_t count, size_t *line)
{
	if (answered->crypto_seen != 1 || answered->crypto_count != 1)
		return "not one a=crypto in the answer";
	for (*line = 0; *line < count; ++*line) {
		if (ours[*line].tag == answered->crypto[0].tag)
			break;
	}
	if (*line == count || ours[*line].profile != answered->crypto[0].profile)
		return "a=crypto with a tag that was not offered";
	return NULL;
}

const char *sdp_check_answer(const struct sdp_media *answered, const struct sdp_rules *rules,
	const struct sdes_line *ours, size_t count, enum sdp_keying *out, size_t *line)
{
	const char *why = sdp_choose(answered, rules, out);

	if (!why && *out == SDP_SDES)
		why = find_tag(answered, ours, count, line);
	if (why)
		*out = SDP_REFUSED;
	return why;
}

const struct sdes_line *sdp_choose_crypto(
	const struct sdp_media *offered, const uint16_t *profiles, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < offered->crypto_count; j++) {
			if (offered->crypto[j].profile == profiles[i])
				return &offered->crypto[j];
		}
	}
	return NULL;
}
