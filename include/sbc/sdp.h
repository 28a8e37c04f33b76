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

/*
 * Session descriptions (RFC 8866), read by lines: tolerant in what devices really send,
 * strict in what we rely on. Only what we relay is printed again. Pure; slices point into
 * the body that was parsed or into its arena.
 */

#define SDP_MEDIA_MAX     8    /* m= sections that we look at; more: SBC_ELIMIT */
#define SDP_LINE_MAX      1000 /* lines of one description */
#define SDP_FORMAT_MAX    32   /* formats of one m= section */
#define SDP_ATTRIBUTE_MAX 64   /* attributes of one m= section that we relay */

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
	struct fingerprint_set fingerprints; /* in force here */
	bool has_crypto;                     /* a=crypto (RFC 4568) */
	enum sdp_direction direction;
	/* "rtpmap:0 PCMU/8000": those we relay; of audio only, since we take nothing else */
	struct slice attributes[SDP_ATTRIBUTE_MAX];
	size_t attribute_count;
};

struct sdp {
	struct slice origin;     /* o= value */
	struct sdp_media *media; /* in the arena; in the order of the m= lines */
	size_t media_count;
	struct fingerprint_set all_fingerprints; /* of all levels, for mky (MKY-4) */
};

/* SBC_EPARSE, SBC_ELIMIT, SBC_ENOMEM; *why (static words) tells what. */
int sdp_parse(struct sdp **out, struct arena *arena, struct slice body, const char **why);

/* What one leg's own description says, all of it ours but the codecs. */
struct sdp_print {
	uint64_t session_id;
	uint64_t version;         /* one more when the leg's description changes (SDP-34) */
	struct netaddr address;   /* our advertised address with the RTP port */
	const struct sdp *codecs; /* the other leg's description: m= lines and formats */
	size_t active;            /* index of the one m= section we take */
	const struct fingerprint *fingerprint; /* ours */
	enum sdp_setup setup;
	bool rtcp_mux;
	struct slice proto; /* of the active section: the offered one in an answer */
};

/* Sections other than the active one are refused with port 0, same order (SDP-28). */
int sdp_print(struct buf *out, const struct sdp_print *print);

/* The first audio section with a port, an address, a proto and a usable fingerprint for
 * DTLS-SRTP; SBC_EPROTO and *why when there is none: 488. */
int sdp_find_dtls_audio(const struct sdp *sdp, size_t *index, const char **why);

#endif
