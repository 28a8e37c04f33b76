/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_COMPONENT_H
#define MEDIA_COMPONENT_H

#include "base/timers.h"
#include "media/dtls.h"
#include "media/port_keys.h"
#include "media/udp_io.h"

/*
 * One port of a side: a socket, the DTLS association on it and the keys that came from it.
 * With rtcp-mux a side has one in use, else one for RTP and one for RTCP (RFC 5764
 * section 4: each has an association of its own).
 *
 * Who the peer is, is told by the fingerprint, not by who came first: hellos of any address
 * begin a handshake of their own (a candidate), and the first one that ends with a signalled
 * certificate is taken. Candidates are few, strangers must return a cookie, and datagrams
 * from the address that was signalled always find a place.
 *
 * An association that stands is in force until another one is there, whether signalling
 * asked for it or a server hears another hello (RFC 6347 section 4.2.8): its keys are changed
 * at once then, and packets that are under way still verify for a while (RFC 5764 section
 * 5.2). A hello that nobody signalled must return a cookie wherever it comes from, and what
 * becomes of it harms nothing.
 */
#define CANDIDATE_MAX 4

struct component;
struct early;
struct hello_join;

struct candidate {
	struct component *component; /* parent; borrowed */
	struct dtls_assoc *assoc;    /* owned; NULL: a free place */
	struct netaddr address;
	uint8_t random[CLIENT_RANDOM_LEN];
	bool has_progress; /* it went on after its hello */
	bool is_held;      /* done, with a certificate that may yet be signalled */
	usec_t since;
};

enum component_event {
	COMPONENT_SECURED,
	/* The signalled address proved to have another certificate. */
	COMPONENT_MISMATCH,
	COMPONENT_BROKEN, /* memory, keys */
};
/* May end the component; it is not touched any more after it. */
typedef void(component_h)(
	struct component *component, enum component_event event, usec_t now, void *arg);

/* What all components of a loop share. Borrowed. */
struct component_env {
	const struct media_config *config;
	struct dtls_context *dtls;
	struct timers *timers;
};

struct component {
	/* What each packet needs, together in a few cache lines. */
	struct netaddr peer; /* where it proved to be; set once ready */
	struct port_keys keys;
	struct udp_socket socket;

	const struct component_env *env; /* borrowed */
	struct media_counters *counters; /* borrowed from the side */
	component_h *handler;
	void *arg; /* borrowed */

	bool is_active;   /* an association is wanted here */
	bool is_ready;    /* keyed: by an association, by given keys, or plain */
	bool is_renewing; /* ready, and signalling asked for another association */
	bool is_ahead;    /* this one came by a hello, before any signalling asked for it */
	enum media_dtls_role role;
	enum fingerprint_hash hash;                 /* of the peer's certificate */
	const struct fingerprint_set *fingerprints; /* borrowed from the side's remote */
	struct netaddr signalled;                   /* where signalling says the peer is */

	struct candidate candidates[CANDIDATE_MAX];
	struct candidate *chosen;    /* one of them; NULL until secured by DTLS */
	struct early *early;         /* owned; datagrams from before the peer was known */
	struct hello_join *joins[2]; /* owned; of the signalled address, of the others */
	struct netaddr joined[2];    /* whose fragments they are */
	unsigned restarts_left;      /* client: new tries after a spoiled one */
	struct timer timer;          /* retransmissions, and late candidates */

	bool has_failed_handshake;      /* somebody's came to nothing */
	struct fingerprint mismatching; /* the last certificate that was not signalled */
};

void component_init(struct component *component, const struct component_env *env,
	struct media_counters *counters, component_h *handler, void *arg);
/* Frees all but the socket. */
void component_fini(struct component *component);

/* Begins an association and forgets the one before. Handler may run inside. remote is the
 * side's and keeps these fingerprints until component_end(). */
void component_begin(struct component *component, const struct media_remote *remote,
	const struct netaddr *address, usec_t now);
/* Begins another association beside the one in force, which stays until then. As above. */
void component_renew(struct component *component, const struct media_remote *remote,
	const struct netaddr *address, usec_t now);
/* Ready at once: by keys of the description, or in the clear. SBC_ENOMEM, SBC_ECRYPTO. */
int component_begin_given(struct component *component, const struct media_remote *remote,
	const struct netaddr *address);
/* Keys of another description for the same association; what did not change stays. is_moved:
 * the peer's address is another one. On error nothing is ready any more. */
int component_rekey(struct component *component, const struct media_remote *before,
	const struct media_remote *remote, bool is_moved);
/* Ready at once, where another one stopped. in NULL: plain RTP. SBC_EINVAL, SBC_ENOMEM,
 * SBC_ECRYPTO. */
int component_restore(struct component *component, const struct netaddr *signalled,
	const struct netaddr *peer, const struct media_direction_state *in,
	const struct media_direction_state *out);
/* Forgets the association: nothing comes or goes here any more. */
void component_end(struct component *component);
/* The same association, another address. */
void component_set_address(
	struct component *component, const struct netaddr *address, usec_t now);
/* After media from there was authenticated. */
void component_move_peer(struct component *component, const struct netaddr *address);
/* Says goodbye to the peer. */
void component_close(struct component *component);

/* Is what it was told to do done? */
static inline bool component_is_settled(const struct component *component)
{
	return component->is_ready && !component->is_renewing;
}

/* A datagram of DTLS's class. Handler may run inside. */
void component_input(struct component *component, const struct udp_packet *packet, usec_t now);

#endif
