/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_SDP_H
#define SBC_SDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fingerprint.h"
#include "base/netaddr.h"
#include "base/slice.h"
#include "sbc/sdes.h"

/*
 * Session descriptions (RFC 8866), read by lines: tolerant in what devices really send,
 * strict in what we rely on. Only what we relay is printed again. Pure; slices point into
 * the body that was parsed or into its arena.
 */

#define SDP_MEDIA_MAX     8    /* m= sections that we look at; more: SBC_ELIMIT */
#define SDP_LINE_MAX      1000 /* lines of one description */
#define SDP_FORMAT_MAX    64   /* formats of one m= section; a browser's video has forty */
#define SDP_TLS_ID_MAX    255  /* characters (RFC 8842 section 4) */
#define SDP_ATTRIBUTE_MAX 256  /* attributes of one m= section that we relay; likewise */

enum sdp_setup { /* RFC 4145 section 4 */
	SDP_SETUP_ABSENT,
	SDP_SETUP_ACTIVE,
	SDP_SETUP_PASSIVE,
	SDP_SETUP_ACTPASS,
	SDP_SETUP_HOLDCONN,
};

enum sdp_direction { SDP_SENDRECV, SDP_SENDONLY, SDP_RECVONLY, SDP_INACTIVE };

/* One m= section with session-level values applied (SDP-7). */
struct sdp_media {
	struct slice kind;  /* "audio" */
	uint16_t port;      /* 0: rejected */
	struct slice proto; /* "UDP/TLS/RTP/SAVPF" */
	struct slice formats[SDP_FORMAT_MAX];
	size_t format_count;
	struct netaddr address; /* c= with the port; AF_UNSPEC when not a literal address */
	uint16_t rtcp_port;     /* a=rtcp (RFC 3605); 0: port + 1 */
	bool rtcp_mux;          /* RFC 5761 */
	enum sdp_setup setup;
	struct slice tls_id;                    /* RFC 8842; empty: none */
	struct fingerprint_set fingerprints;    /* in force here */
	size_t crypto_seen;                     /* a=crypto lines (RFC 4568), usable or not */
	struct sdes_line crypto[SDES_LINE_MAX]; /* those we could take; secret */
	size_t crypto_count;
	enum sdp_direction direction;
	/* "rtpmap:0 PCMU/8000": those we relay; of kinds that we take only */
	struct slice attributes[SDP_ATTRIBUTE_MAX];
	size_t attribute_count;
	bool is_overfull; /* more of them; of audio, SBC_ELIMIT */
};

struct sdp {
	struct slice origin;     /* o= value */
	struct sdp_media *media; /* in the arena; in the order of the m= lines */
	size_t media_count;
	struct fingerprint_set all_fingerprints; /* of all levels, for mky (MKY-4) */
};

/* SBC_EPARSE, SBC_ELIMIT, SBC_ENOMEM; *why (static words) tells what. */
int sdp_parse(struct sdp **out, struct arena *arena, struct slice body, const char **why);

/* Wipes the keys in it, once nothing reads it any more. */
void sdp_wipe(struct sdp *sdp);

/* A kind of media that we relay: "audio", "video", "text" (RFC 4103). */
bool sdp_is_relayed(struct slice kind);

/* Leaves the formats of codecs, a list of encoding names with blanks between, in its order;
 * telephone-event and CN stay behind them whether named or not, since they go with any.
 * Empty: all stay. Nothing but those two left: no formats at all. */
void sdp_keep_codecs(struct sdp_media *media, struct slice codecs);

/* Is there a format beside telephone-event and CN? */
bool sdp_has_codec(const struct sdp_media *media);

#define SDP_PAYLOAD_TYPES 128 /* RFC 3550 section 5.1: seven bits */

/* to[n] becomes the number by which wanted knows the format that told calls n: the same
 * encoding, clock, parameters and, where several have those, fmtp. A format that wanted does
 * not have keeps its number. Both are audio, video or text over RTP. Returns whether any
 * number is another one. */
bool sdp_map_formats(const struct sdp_media *told, const struct sdp_media *wanted,
	uint8_t to[SDP_PAYLOAD_TYPES]);

/* Has media the format that of has by that number: by whatever number, or by that one? */
bool sdp_has_format(
	const struct sdp_media *media, struct slice format, const struct sdp_media *of);

/* The first format's encoding name and RTP clock (Hz); empty and 0: not told. */
void sdp_first_codec(const struct sdp_media *media, struct slice *name, uint32_t *clock_rate);

/* What we say about one m= section. */
struct sdp_section {
	bool is_used;           /* else it is refused with port 0 */
	struct netaddr address; /* our advertised address with the RTP port */
	struct slice proto;     /* the offered one in an answer */
	bool rtcp_mux;
	/* DTLS; NULL: none */
	const struct fingerprint *fingerprint; /* ours */
	enum sdp_setup setup;
	struct slice tls_id; /* ours; empty: none */
	/* SDES */
	const struct sdes_line *crypto;
	size_t crypto_count;
};

/* What one leg's own description says, all of it ours but the codecs. */
struct sdp_print {
	uint64_t session_id;
	uint64_t version;         /* one more when the leg's description changes (SDP-34) */
	const struct sdp *codecs; /* the other leg's description: m= lines and formats */
	const struct sdp_section *sections; /* one for each of its m= lines (SDP-28) */
};

/* SBC_EINVAL: no used section, or one without address. Secret with SDES. */
int sdp_print(struct buf *out, const struct sdp_print *print);

#endif
