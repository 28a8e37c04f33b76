/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_MEDIA_H
#define MEDIA_MEDIA_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fingerprint.h"
#include "base/netaddr.h"

/*
 * The media room's only door. A media session relays one m= section between side A
 * (towards the caller) and side B: each side has a keying of its own, of any kind beside any
 * other, and carries RTP and RTCP. Sessions live on media loops, each a thread; everything
 * here is called on the signalling thread, returns at once, and names a session by its
 * media_id.
 *
 * Nothing is forwarded from or to a side until its keying is done and its gate was opened by
 * media_set_gate(). The gate is shut at first: fail closed. Keying is done
 *  - DTLS: when the handshake is done and the certificate shown in it has a fingerprint that
 *    media_set_remote() gave. Each packet from then on must verify.
 *  - SDES: when media_set_remote() gave both keys. Each packet must verify; what does not is
 *    dropped, also media in the clear.
 *  - NONE: when media_set_remote() said so, which is the caller's word that policy allows it.
 *    There is nothing to verify: packets are taken from the signalled address alone, or from
 *    the one that latching found.
 */
struct media;

struct media_id {
	uint16_t loop;
	uint16_t slot;
	uint32_t generation; /* never 0 in a live name */
};

enum media_side { MEDIA_SIDE_A, MEDIA_SIDE_B };
#define MEDIA_SIDE_COUNT 2

enum media_keying {
	MEDIA_KEYING_DTLS, /* DTLS-SRTP (RFC 5764) */
	MEDIA_KEYING_SDES, /* keys out of the descriptions (RFC 4568) */
	MEDIA_KEYING_NONE, /* plain RTP */
};
/* "dtls", "sdes", "none", for logs and call records. */
const char *media_keying_name(enum media_keying keying);

/* Our role in the DTLS handshake, from both a=setup values (RFC 5763 section 5). */
enum media_dtls_role { MEDIA_DTLS_CLIENT, MEDIA_DTLS_SERVER };

enum media_failure {
	MEDIA_FAILURE_NONE,
	MEDIA_FAILURE_FINGERPRINT, /* certificate shown is not the one signalled */
	MEDIA_FAILURE_HANDSHAKE,   /* alert, no common profile or suite, no certificate */
	MEDIA_FAILURE_DEADLINE,    /* no handshake within dtls_deadline */
	MEDIA_FAILURE_INTERNAL,    /* memory, keys */
};
/* "fingerprint mismatch", ... for logs, call records and Reason. */
const char *media_failure_name(enum media_failure failure);

/* Packets, counted where they arrive. */
struct media_counters {
	uint64_t rtp_received; /* arrived on this side, looking like RTP */
	uint64_t rtp_relayed;  /* arrived here and sent on to the other side */
	uint64_t rtcp_received;
	uint64_t rtcp_relayed;
	uint64_t rtp_lost;      /* gaps in the sequence numbers that arrived (RFC 3550 A.3) */
	uint64_t dtls_received; /* datagrams that look like DTLS */
	uint64_t dropped_gate;  /* media before both sides were allowed to forward */
	uint64_t dropped_auth;  /* SRTP or SRTCP that does not verify */
	uint64_t dropped_replay;
	uint64_t dropped_malformed; /* no class of RFC 7983, or a broken header */
	uint64_t dropped_source;    /* not from where the peer's media comes from */
	uint64_t dropped_dtls;      /* DTLS records refused before wolfSSL saw them */
	uint64_t dropped_send;      /* the socket did not take it */
};

/* How well media of a side arrives. 0 where nothing is known. */
struct media_quality {
	uint64_t expected;      /* RTP packets, by their sequence numbers (RFC 3550 A.3) */
	uint32_t jitter_us;     /* interarrival, of the source heard last (RFC 3550 A.8) */
	uint32_t jitter_max_us; /* the highest of any */
	/* What it reports about media that we send to it (RFC 3550 section 6.4.1) */
	uint32_t reports;
	uint32_t reported_lost; /* packets in all; its newest word */
	uint32_t reported_jitter_us;
	uint8_t reported_fraction; /* lost since its report before, in 256ths */
	uint32_t round_trip_us;    /* between it and us; the newest */
	uint32_t round_trip_max_us;
};

/* What one side's keying came to; text fields are empty when there was none. */
struct media_security {
	enum media_keying keying;
	char dtls_version[16];        /* "DTLSv1.2" */
	char cipher_suite[48];        /* IANA name */
	char srtp_profile[40];        /* "SRTP_AES128_CM_HMAC_SHA1_80" (RFC 5764 names) */
	struct fingerprint presented; /* of the certificate shown; digest_len 0: none */
};

enum media_event_type {
	MEDIA_EVENT_SECURED,  /* this side's keying is done (above) */
	MEDIA_EVENT_FAILED,   /* it cannot be any more; the session stays, shut */
	MEDIA_EVENT_TIMEOUT,  /* no packet was taken from this side for media_timeout */
	MEDIA_EVENT_COUNTERS, /* the answer to media_ask_counters() */
	MEDIA_EVENT_STATE,    /* the answer to media_ask_state() */
	MEDIA_EVENT_CLOSED,   /* last word; final counters; the name is dead now */
};

struct media_state; /* below */

struct media_event {
	enum media_event_type type;
	struct media_id id;
	uint64_t cookie;                /* as given to media_open() */
	enum media_side side;           /* SECURED, FAILED, TIMEOUT */
	enum media_failure failure;     /* FAILED */
	struct media_security security; /* SECURED, FAILED: of that side */
	bool is_one_way;                /* TIMEOUT: the other side still speaks */
	struct media_counters counters[MEDIA_SIDE_COUNT]; /* COUNTERS, CLOSED */
	struct media_quality quality[MEDIA_SIDE_COUNT];   /* COUNTERS, CLOSED */
	const struct media_state *state;                  /* STATE: borrowed for the call */
};

/* On the signalling loop, never inside a call of this header. ev is borrowed. */
typedef void(media_event_h)(const struct media_event *ev, void *arg);

/* Where sockets are bound and what is told to peers. */
struct media_interface {
	struct netaddr address;    /* bound; port ignored */
	struct netaddr advertised; /* told in SDP; unset: address */
	uint16_t port_min;         /* RTP on even ports, RTCP on the odd one above */
	uint16_t port_max;
};

#define MEDIA_INTERFACE_MAX 4
#define MEDIA_LOOP_MAX      16
#define MEDIA_PROFILE_MAX   4
#define MEDIA_COALESCE_MAX  (5 * USEC_PER_MS)

enum media_srtp_profile {
	MEDIA_SRTP_AES128_CM_SHA1_80 = 0x0001,
	MEDIA_SRTP_AES128_CM_SHA1_32 = 0x0002,
	MEDIA_SRTP_AEAD_AES_128_GCM = 0x0007,
	MEDIA_SRTP_AEAD_AES_256_GCM = 0x0008,
};

/* For laboratories: a secret of a DTLS handshake, as a line of NSS's key log without its
 * end. On a media loop's thread; must not wait. */
typedef void(media_secret_h)(struct slice line, void *arg);

struct media_config {
	unsigned loop_count; /* 1 .. MEDIA_LOOP_MAX */
	struct media_interface interfaces[MEDIA_INTERFACE_MAX];
	unsigned interface_count;
	unsigned session_max; /* ceiling over all loops; media_open() then says SBC_ELIMIT */
	enum media_srtp_profile profiles[MEDIA_PROFILE_MAX]; /* our order of preference */
	unsigned profile_count;
	usec_t dtls_retransmit; /* first retransmission; doubles */
	usec_t dtls_deadline;   /* a handshake not done by then has failed */
	usec_t media_timeout;   /* silence on a secured side that is reported; 0: never */
	unsigned dtls_mtu;      /* bytes of UDP payload */
	/* How long a busy loop may let packets wait, so that one wake-up serves many; it adds
	 * up to so much to their latency. 0: never. At most MEDIA_COALESCE_MAX. */
	usec_t coalesce;
	bool want_ring; /* receive and send by io_uring where the system has it */
	/* Connect sockets to peers that settled: cheaper, and strangers' packets end in the
	 * system. A peer that moves without a word is then not heard for up to 750 ms. */
	bool want_connected;
	media_secret_h *secret; /* NULL, as it should be: nobody hears of them */
	void *secret_arg;       /* borrowed */
};

/* Sensible values for all but interfaces. */
void media_config_init(struct media_config *config);

/*
 * Makes the loops and the process's self-signed P-256 certificate (fresh at each start).
 * loop: the signalling loop, on which handler runs. config is copied. SBC_EINVAL: a value
 * out of range; SBC_ENOMEM, SBC_ECRYPTO, SBC_EIO.
 */
int media_new(struct media **out, const struct media_config *config, uv_loop_t *loop,
	media_event_h *handler, void *arg);

typedef void(media_stopped_h)(void *arg);
/* Closes every session (their CLOSED events come first), joins the threads; stopped runs on
 * the signalling loop as the very last thing and media is freed after it. */
void media_stop(struct media *media, media_stopped_h *stopped, void *arg);

/* Our own fingerprint (sha-256), to be told to both sides. Borrowed, lives as media. */
const struct fingerprint *media_own_fingerprint(const struct media *media);

/* How the loops receive and send. */
struct media_rings {
	unsigned loops;
	unsigned in_use; /* loops that do it by io_uring */
	unsigned lost;   /* loops that did, until io_uring failed them */
};
void media_rings(const struct media *media, struct media_rings *out);

/* One interface more, whose index is the next; its address is bound when media is opened there.
 * SBC_EINVAL, SBC_ELIMIT: MEDIA_INTERFACE_MAX; SBC_ENOMEM. */
int media_add_interface(struct media *media, const struct media_interface *interface);
/* Takes the last one back, which was never opened on. */
void media_drop_interface(struct media *media);

/* How many loops have not turned since this was asked last: a loop that does nothing answers
 * in no time, a busy one within milliseconds. For a watchdog that asks every few seconds; it
 * posts a message and waits for nothing. 0 while media stops. */
unsigned media_stuck_loops(struct media *media);

struct media_open_request {
	uint64_t cookie;                      /* comes back in each event; names the call */
	unsigned interface[MEDIA_SIDE_COUNT]; /* index into config.interfaces */
	uint16_t port[MEDIA_SIDE_COUNT];      /* 0: any; else this RTP port (SBC_ELIMIT) */
	uint8_t dscp[MEDIA_SIDE_COUNT];       /* of what is sent there (RFC 2474), 0 to 63 */
	const struct media_id *beside;        /* on the loop of this one; NULL: on any */
};

struct media_opened {
	struct media_id id;
	struct netaddr local[MEDIA_SIDE_COUNT]; /* advertised address and RTP port; RTCP + 1 */
};

/*
 * Takes ports and bound sockets at once, so that both SDPs can be written; the session is
 * made on its loop later. Until media_set_remote() the newest DTLS datagrams of a side are
 * kept (bounded), so that a peer may begin before its answer arrives.
 * SBC_ELIMIT: session_max or no free ports; SBC_EAGAIN: the loop's mailbox is full;
 * SBC_EIO: sockets; SBC_ENOENT: beside is dead; SBC_ESTATE: after media_stop();
 * SBC_EINVAL, SBC_ENOMEM.
 */
int media_open(struct media *media, const struct media_open_request *request,
	struct media_opened *out);

#define MEDIA_KEY_MAX  32 /* bytes of an SRTP master key */
#define MEDIA_SALT_MAX 14

/* One direction's SRTP master key and salt. Secret. */
struct srtp_master {
	uint8_t key[MEDIA_KEY_MAX];
	uint8_t salt[MEDIA_SALT_MAX];
};

#define MEDIA_STATE_SOURCE_MAX 64

/* How far one direction of one port has come: what must not be used twice. */
struct media_direction_state {
	enum media_srtp_profile profile;
	struct srtp_master master; /* as it is in force; of DTLS, out of the handshake */
	unsigned source_count;
	struct media_source_state {
		uint32_t ssrc;
		bool has_rtp;       /* else only RTCP was seen, and the next two mean nothing */
		uint32_t roc;       /* rollover counter */
		uint16_t sequence;  /* highest */
		uint32_t rtcp_next; /* above every SRTCP index that was used; 0: none was */
	} sources[MEDIA_STATE_SOURCE_MAX];
};

/* What the signalling learnt about one side. Secret with SDES: wipe it. */
struct media_remote {
	struct netaddr rtp;
	struct netaddr rtcp; /* unset when rtcp_mux */
	bool rtcp_mux;       /* RFC 5761: RTP, RTCP and DTLS share the RTP port */
	bool is_held;        /* it is not to send: its silence is no TIMEOUT */
	uint32_t clock_rate; /* Hz, of the timestamps it sends; 0: 8000 */
	enum media_keying keying;
	/* DTLS */
	enum media_dtls_role role;           /* ours */
	struct fingerprint_set fingerprints; /* signalled; any of the strongest hash will do */
	/* Another one than before: a new association, though role and fingerprints stay (a
	 * changed tls-id, RFC 8842 section 3.1). */
	uint32_t association;
	/* SDES */
	enum media_srtp_profile profile;
	struct srtp_master ours;  /* protects what we send */
	struct srtp_master peers; /* protects what it sends */
	/* NONE: where its packets do not come from the signalled address, the first other one
	 * that sends them in order for a while is taken, once (media/latch.h). With keys no
	 * such guess is needed: an address is learnt from each packet that verifies. */
	bool may_latch;
};

/*
 * Repeating it with the same keying, role, fingerprints and association keeps the one there is
 * and only changes addresses; a change of one of them begins a new one (RFC 8842). The keys of
 * a handshake stay in force until those of the next one are there (SECURED again; or FAILED,
 * which shuts the side). Another keying, or a change of rtcp_mux, shuts it until it is secured
 * again. A new SDES key re-keys
 * its own direction: rollover counters stay (RFC 3711 section 3.3.1) unless the address
 * changes with the peer's key, which begins at zero (RFC 4568 section 7.1.4). SBC_EAGAIN:
 * mailbox full; SBC_EINVAL: no usable fingerprint or profile, no address; SBC_ENOENT: the
 * name is dead; SBC_ENOMEM.
 */
int media_set_remote(struct media *media, struct media_id id, enum media_side side,
	const struct media_remote *remote);

/* Payload types (RFC 3550 section 5.1) of packets that arrive from a side, as the other side
 * knows them: by number, as many as there are. */
#define MEDIA_PAYLOAD_TYPES 128
struct media_payload_map {
	uint8_t to[MEDIA_PAYLOAD_TYPES]; /* below MEDIA_PAYLOAD_TYPES */
};

/* What arrives from side has its payload types renumbered from now on, where its peer and the
 * other one call a format by different numbers; NULL: they go through as they are, which is
 * how a session begins. Only RTP headers: numbers inside payloads (RFC 2198) stay. SBC_EINVAL:
 * a number out of range; SBC_EAGAIN: mailbox full; SBC_ENOENT: the name is dead; SBC_ENOMEM. */
int media_set_payload_map(struct media *media, struct media_id id, enum media_side side,
	const struct media_payload_map *map);

/* Policy's word on one side. SBC_EAGAIN: mailbox full; SBC_ENOENT: the name is dead. */
int media_set_gate(struct media *media, struct media_id id, enum media_side side, bool is_open);

/*
 * Two sides of two sessions change places: who was there hears and is heard by the other
 * session's other side from now on. Each side takes along its ports, keys, association, gate
 * and counters, so its peer notices nothing; nothing goes on but what both gates of the pair
 * let through. Payload maps are a pair's, and forgotten. SBC_EINVAL: not on the same loop
 * (media_open_request.beside), or the same session; SBC_EAGAIN: mailbox full; SBC_ENOENT: a
 * name is dead.
 */
int media_exchange(struct media *media, struct media_id one, enum media_side side,
	struct media_id two, enum media_side other);

/*
 * What a session needs to live on, here or on another machine: one value without pointers.
 * Secret: wiped by who keeps it. It is a snapshot. Sequence numbers are the peers' own, so one
 * that is older by less than 32768 packets and MEDIA_STATE_RTCP_MARGIN reports of a side will
 * do; but only one session may live on it at a time, or two would protect different packets
 * with one index (RFC 3711 section 9.1). The DTLS association stays behind: no close_notify,
 * and a new one begins as RFC 8842 says, by signalling.
 */
#define MEDIA_STATE_RTCP_MARGIN 256
#define MEDIA_RTCP_INDEX_MAX    0x7fffffffu /* RFC 3711 section 3.4 */

struct media_state {
	uint16_t port[MEDIA_SIDE_COUNT]; /* our RTP ports */
	struct media_side_state {
		bool has_remote;
		bool is_secured;
		bool is_gate_open;
		bool has_payload_map;
		struct media_payload_map payload_map;
		struct media_remote remote;
		struct media_security security;
		struct netaddr peer[2];             /* RTP, RTCP: where it proved to be */
		struct media_direction_state in[2]; /* RTP's port, RTCP's; unused: no sources */
		struct media_direction_state out[2];
	} sides[MEDIA_SIDE_COUNT];
};

/* Answered by a STATE event. SBC_EAGAIN: mailbox full; SBC_ENOENT: the name is dead. */
int media_ask_state(struct media *media, struct media_id id);
/* Into a session that got no remote yet, opened with the same ports or with others that the
 * peers are told: sides that were secured are so at once (SECURED follows), others begin
 * again. What was heard before the export is a replay here too. SBC_EINVAL, SBC_EAGAIN,
 * SBC_ENOENT, SBC_ENOMEM. */
int media_restore(struct media *media, struct media_id id, const struct media_state *state);

/*
 * The state as bytes, for another machine or a store: secret, and to be carried where nobody
 * reads or changes them. Any thread.
 * write: appends at most MEDIA_STATE_BYTES_MAX. SBC_ELIMIT, SBC_ENOMEM; SBC_EINVAL: no
 * session has such a state.
 * read: all of bytes. out is untouched on error. SBC_EPROTO: another version; SBC_EPARSE:
 * anything else that media_state_write() would not have written; SBC_ENOMEM.
 */
#define MEDIA_STATE_BYTES_MAX 16384
int media_state_write(struct buf *out, const struct media_state *state);
int media_state_read(struct media_state *out, struct slice bytes);

/* Answered by a COUNTERS event. SBC_EAGAIN: mailbox full; SBC_ENOENT: the name is dead. */
int media_ask_counters(struct media *media, struct media_id id);

/* Ends it; CLOSED follows. Never fails: room for it in the mailbox is kept from the start.
 * A name that is dead already is ignored. */
void media_close(struct media *media, struct media_id id);

#endif
