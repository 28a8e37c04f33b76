/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Session descriptions, read line by line: RFC 8866, with the attributes of RFC 4145, 5761,
 * 3605, 4568, 8122, 8842 and 3264. Tolerant where devices differ (line ends, order of lines,
 * empty or missing s= and t=, unknown lines); strict in what media and identity hang on. osip's
 * parser refuses half of what real devices send, so it has no part in this. Pure.
 */

#include "sbc/sdp.h"

#include "base/err.h"
#include "base/mem.h"
#include "sbc/sdp_keying.h"

/* Attributes about the codecs, which go through us from end to end. Everything about the
 * transport, keys, names and bundling of a leg is that leg's own. */
static const char *const relayed[] = {"rtpmap", "fmtp", "ptime", "maxptime", "minptime",
	"rtcp-fb", "rtcp-rsize", "silenceSupp", "framerate"};

/* What may stand on both levels. */
struct level {
	struct netaddr address;
	bool has_address;
	enum sdp_setup setup;
	struct slice tls_id;
	struct fingerprint_set fingerprints;
	enum sdp_direction direction;
	bool has_direction;
};

struct reader {
	struct sdp *sdp;
	struct level session;
	struct level section; /* of the m= line being read */
	size_t media_max;
	size_t line_count;
	const char *why;
};

static int fail(struct reader *r, int err, const char *why)
{
	r->why = why;
	return err;
}

static struct sdp_media *current(struct reader *r)
{
	return r->sdp->media_count ? &r->sdp->media[r->sdp->media_count - 1] : NULL;
}

static struct level *current_level(struct reader *r)
{
	return r->sdp->media_count ? &r->section : &r->session;
}

/* The next word of a line; several blanks count as one. */
static struct slice take_word(struct slice *rest)
{
	struct slice word;

	*rest = slice_trim(*rest);
	word = slice_cut(rest, ' ');
	return slice_trim(word);
}

/* Visible ASCII: words that will be printed on another leg. */
static bool is_word(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] <= ' ' || s.ptr[i] >= 0x7f)
			return false;
	}
	return s.len > 0;
}

static bool is_tls_id_char(char c)
{
	char lower = (char)(c | 0x20);

	return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
	       c == '/' || c == '-' || c == '_';
}

/* ---- lines ---- */

/* "IN IP4 192.0.2.1[/ttl]". No literal address, or a group's, is none that we send to. */
static int read_connection(struct reader *r, struct slice value)
{
	struct level *level = current_level(r);
	struct slice rest = value, type, family, host;
	struct netaddr address = {0};
	int wanted;

	if (level->has_address)
		return 0; /* several are for layered groups: the first will do */
	type = take_word(&rest);
	family = take_word(&rest);
	host = take_word(&rest);
	level->has_address = true;
	level->address = address;
	if (!slice_equal_nocase(type, SLICE("IN")))
		return 0;
	wanted = slice_equal_nocase(family, SLICE("IP6")) ? AF_INET6 : AF_INET;
	if (!netaddr_parse(&address, host, 0) && address.sa.sa_family == wanted)
		level->address = address;
	return 0;
}

/* RFC 5761 section 4: with these, and the marker, RTP looks like RTCP on a port that carries
 * both, which we offer always. RFC 3551 gives them to nobody. */
#define RTCP_LIKE_MIN 64
#define RTCP_LIKE_MAX 95

static bool is_like_rtcp(const struct sdp_media *media, struct slice format)
{
	uint64_t type;

	return sdp_proto_is_rtp(media->proto) && !slice_to_u64(format, RTCP_LIKE_MAX, &type) &&
	       type >= RTCP_LIKE_MIN;
}

/* "audio 49170[/ports] UDP/TLS/RTP/SAVPF 0 101" */
static int read_media(struct reader *r, struct slice value)
{
	struct slice rest = value, ports, port;
	struct sdp_media *media;
	uint64_t number, count = 1;

	if (r->sdp->media_count == r->media_max)
		return fail(r, SBC_ELIMIT, "too many m= sections");
	media = &r->sdp->media[r->sdp->media_count++];
	r->section = (struct level){0};
	media->kind = take_word(&rest);
	ports = take_word(&rest);
	media->proto = take_word(&rest);
	port = slice_cut(&ports, '/');
	if (!is_word(media->kind) || !is_word(media->proto) ||
		slice_to_u64(port, UINT16_MAX, &number) ||
		(ports.len && slice_to_u64(ports, UINT16_MAX, &count)))
		return fail(r, SBC_EPARSE, "broken m= line");
	media->port = (uint16_t)number;
	/* Several ports are several streams, which we cannot take: no address. */
	r->section.has_address = count != 1;
	while ((rest = slice_trim(rest)).len) {
		struct slice format = take_word(&rest);
		if (!is_word(format))
			return fail(r, SBC_EPARSE, "broken format in an m= line");
		if (is_like_rtcp(media, format))
			continue; /* as if the codec were none that we know */
		if (media->format_count == SDP_FORMAT_MAX)
			return fail(r, SBC_ELIMIT, "too many formats in an m= line");
		media->formats[media->format_count++] = format;
	}
	return 0;
}

/* ---- attributes ---- */

static int read_fingerprint(struct reader *r, struct slice value)
{
	struct fingerprint fingerprint;

	/* SDP-5: a digest of the wrong length fails, it is not passed over. */
	if (fingerprint_parse(&fingerprint, value))
		return fail(r, SBC_EPARSE, "malformed a=fingerprint");
	if (fingerprint_set_add(&current_level(r)->fingerprints, &fingerprint) ||
		fingerprint_set_add(&r->sdp->all_fingerprints, &fingerprint))
		return fail(r, SBC_ELIMIT, "too many fingerprints");
	return 0;
}

static int read_setup(struct reader *r, struct slice value)
{
	static const struct {
		const char *word;
		enum sdp_setup setup;
	} table[] = {
		{"active", SDP_SETUP_ACTIVE},
		{"passive", SDP_SETUP_PASSIVE},
		{"actpass", SDP_SETUP_ACTPASS},
		{"holdconn", SDP_SETUP_HOLDCONN},
	};
	struct level *level = current_level(r);

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (!slice_equal_nocase(value, slice_str(table[i].word)))
			continue;
		if (level->setup != SDP_SETUP_ABSENT && level->setup != table[i].setup)
			return fail(r, SBC_EPARSE, "two different a=setup");
		level->setup = table[i].setup;
		return 0;
	}
	return fail(r, SBC_EPARSE, "unknown a=setup");
}

/* RFC 8842 section 4. Only ever compared: one that is shorter than it should be will do. */
static int read_tls_id(struct reader *r, struct slice value)
{
	struct level *level = current_level(r);

	if (!value.len || value.len > SDP_TLS_ID_MAX)
		return fail(r, SBC_EPARSE, "malformed a=tls-id");
	for (size_t i = 0; i < value.len; i++) {
		if (!is_tls_id_char(value.ptr[i]))
			return fail(r, SBC_EPARSE, "malformed a=tls-id");
	}
	if (level->tls_id.len && !slice_equal(level->tls_id, value))
		return fail(r, SBC_EPARSE, "two different a=tls-id");
	level->tls_id = value;
	return 0;
}

static bool read_direction(struct reader *r, struct slice name)
{
	static const struct {
		const char *word;
		enum sdp_direction direction;
	} table[] = {
		{"sendrecv", SDP_SENDRECV},
		{"sendonly", SDP_SENDONLY},
		{"recvonly", SDP_RECVONLY},
		{"inactive", SDP_INACTIVE},
	};
	struct level *level = current_level(r);

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (slice_equal(name, slice_str(table[i].word))) {
			level->direction = table[i].direction;
			level->has_direction = true;
			return true;
		}
	}
	return false;
}

/* "port [IN IP4 address]" (RFC 3605): only the port can be another one with us. */
static int read_rtcp(struct reader *r, struct sdp_media *media, struct slice value)
{
	struct slice port = take_word(&value);
	uint64_t number;

	if (slice_to_u64(port, UINT16_MAX, &number))
		return fail(r, SBC_EPARSE, "broken a=rtcp");
	media->rtcp_port = (uint16_t)number;
	return 0;
}

bool sdp_is_relayed(struct slice kind)
{
	return slice_equal(kind, SLICE("audio")) || slice_equal(kind, SLICE("video")) ||
	       slice_equal(kind, SLICE("text"));
}

/* The first line of each suite; one that means nothing to us is no fault (RFC 4568 section
 * 5.1.2), also a broken one: without a usable line there are just no keys. */
static void read_crypto(struct sdp_media *media, struct slice value)
{
	struct sdes_line line;
	bool is_other = true;

	media->crypto_seen++;
	if (sdes_parse(&line, value))
		return;
	for (size_t i = 0; i < media->crypto_count; i++) {
		if (media->crypto[i].profile == line.profile ||
			media->crypto[i].tag == line.tag)
			is_other = false;
	}
	if (is_other && media->crypto_count < SDES_LINE_MAX)
		media->crypto[media->crypto_count++] = line;
	mem_wipe(&line, sizeof(line));
}

void sdp_wipe(struct sdp *sdp)
{
	for (size_t i = 0; i < sdp->media_count; i++)
		mem_wipe(sdp->media[i].crypto, sizeof(sdp->media[i].crypto));
}

static int keep_relayed(
	struct reader *r, struct sdp_media *media, struct slice attribute, struct slice name)
{
	if (!sdp_is_relayed(media->kind))
		return 0;
	for (size_t i = 0; i < sizeof(relayed) / sizeof(relayed[0]); i++) {
		if (!slice_equal_nocase(name, slice_str(relayed[i])))
			continue;
		if (media->attribute_count == SDP_ATTRIBUTE_MAX) {
			if (slice_equal(media->kind, SLICE("audio")))
				return fail(r, SBC_ELIMIT, "too many attributes");
			media->is_overfull = true;
			return 0;
		}
		media->attributes[media->attribute_count++] = attribute;
	}
	return 0;
}

static int read_attribute(struct reader *r, struct slice attribute)
{
	struct sdp_media *media = current(r);
	struct slice value = attribute, name = slice_cut(&value, ':');

	value = slice_trim(value);
	if (slice_equal_nocase(name, SLICE("fingerprint")))
		return read_fingerprint(r, value);
	if (slice_equal_nocase(name, SLICE("setup")))
		return read_setup(r, value);
	if (slice_equal_nocase(name, SLICE("tls-id")))
		return read_tls_id(r, value);
	if (read_direction(r, name) || !media)
		return 0;
	if (slice_equal_nocase(name, SLICE("rtcp-mux")) ||
		slice_equal_nocase(name, SLICE("rtcp-mux-only"))) /* RFC 8858 (SDP-32) */
		media->rtcp_mux = true;
	else if (slice_equal_nocase(name, SLICE("crypto")))
		read_crypto(media, value);
	else if (slice_equal_nocase(name, SLICE("rtcp")))
		return read_rtcp(r, media, value);
	else
		return keep_relayed(r, media, attribute, name);
	return 0;
}

/* ---- all of it ---- */

/* Session-level values where the section has none of its own (SDP-7). */
static void close_section(struct reader *r)
{
	struct sdp_media *media = current(r);
	const struct level *own = &r->section, *session = &r->session;
	const struct level *direction = own->has_direction ? own : session;

	if (!media)
		return;
	media->address = own->has_address ? own->address : session->address;
	if (netaddr_is_set(&media->address))
		netaddr_set_port(&media->address, media->port);
	media->setup = own->setup != SDP_SETUP_ABSENT ? own->setup : session->setup;
	media->tls_id = own->tls_id.len ? own->tls_id : session->tls_id;
	media->fingerprints =
		own->fingerprints.count ? own->fingerprints : session->fingerprints;
	media->direction = direction->has_direction ? direction->direction : SDP_SENDRECV;
}

static int read_line(struct reader *r, struct slice line)
{
	struct slice value;

	if (line.len < 2 || line.ptr[1] != '=' || line.ptr[0] < 'a' || line.ptr[0] > 'z')
		return fail(r, SBC_EPARSE, "a line that is none");
	value = slice_from(line, 2);
	if (r->line_count == 1)
		return slice_equal(slice_trim(line), SLICE("v=0"))
			       ? 0
			       : fail(r, SBC_EPARSE, "no v=0");
	switch (line.ptr[0]) {
	case 'o':
		r->sdp->origin = slice_trim(value);
		return 0;
	case 'c':
		return read_connection(r, value);
	case 'm':
		close_section(r);
		return read_media(r, value);
	case 'a':
		return read_attribute(r, slice_trim(value));
	default:
		return 0;
	}
}

/* CRLF or LF; the last line may have neither. */
static int next_line(struct reader *r, struct slice *rest, struct slice *line)
{
	*line = slice_cut(rest, '\n');
	if (line->len && line->ptr[line->len - 1] == '\r')
		line->len--;
	if (slice_find(*line, '\r') < line->len || slice_find(*line, '\0') < line->len)
		return fail(r, SBC_EPARSE, "a control byte");
	if (line->len && ++r->line_count > SDP_LINE_MAX)
		return fail(r, SBC_ELIMIT, "too many lines");
	return 0;
}

static size_t count_media(struct slice rest)
{
	size_t count = 0;

	while (rest.len) {
		if (slice_starts(slice_cut(&rest, '\n'), SLICE("m=")))
			count++;
	}
	return count;
}

int sdp_parse(struct sdp **out, struct arena *arena, struct slice body, const char **why)
{
	struct reader r = {.why = "no description", .media_max = count_media(body)};
	struct slice rest = body, line;
	int err = 0;

	if (r.media_max > SDP_MEDIA_MAX)
		r.media_max = SDP_MEDIA_MAX;
	r.sdp = arena_alloc(arena, sizeof(*r.sdp));
	if (r.sdp)
		r.sdp->media = arena_array(arena, r.media_max, sizeof(*r.sdp->media));
	*why = "no memory";
	if (!r.sdp || !r.sdp->media)
		return SBC_ENOMEM;
	while (!err && rest.len) {
		err = next_line(&r, &rest, &line);
		/* Empty lines are no lines, but some append one. */
		if (!err && line.len)
			err = read_line(&r, line);
	}
	if (!err && !r.line_count)
		err = SBC_EPARSE;
	if (err) {
		*why = r.why;
		return err;
	}
	close_section(&r);
	*out = r.sdp;
	return 0;
}
