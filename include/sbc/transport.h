/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_TRANSPORT_H
#define SBC_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "base/log.h"
#include "base/netaddr.h"
#include "base/slice.h"

/*
 * Bytes in, bytes out: UDP, TCP and TLS listeners and the connections made through them
 * (RFC 3261 section 18, RFC 5923). Knows frames, not messages. Signalling thread.
 */
struct transport;

enum transport_kind { TRANSPORT_UDP, TRANSPORT_TCP, TRANSPORT_TLS };
#define TRANSPORT_KIND_COUNT 3
/* "UDP": as in Via. */
const char *transport_kind_name(enum transport_kind kind);
/* Either case. SBC_EPARSE. */
int transport_kind_parse(enum transport_kind *out, struct slice word);
static inline bool transport_kind_is_reliable(enum transport_kind kind)
{
	return kind != TRANSPORT_UDP;
}

/* The name of one connection; generation 0: none. Names outlive what they name. */
struct flow_id {
	uint32_t slot;
	uint32_t generation;
};

#define TLS_NAME_MAX   128
#define TLS_NAME_COUNT 8

/* Certificate names (dNSName and sip: URI hosts of a client certificate that verified). */
struct tls_names {
	char names[TLS_NAME_COUNT][TLS_NAME_MAX];
	size_t count;
};
bool tls_names_has(const struct tls_names *names, struct slice name);

/* Where a message came from. */
struct transport_source {
	enum transport_kind kind;
	unsigned listener;   /* its number */
	struct flow_id flow; /* TCP and TLS */
	struct netaddr peer;
	const struct tls_names *tls; /* borrowed for the call; NULL: no verified certificate */
};

/* Where to send. */
struct hop {
	enum transport_kind kind;
	unsigned listener;           /* from this one; TCP and TLS: with its certificate */
	struct flow_id flow;         /* if alive, over this connection */
	struct netaddr addr;         /* else to here; UDP always */
	char tls_name[TLS_NAME_MAX]; /* must be in the server's certificate (RFC 5922) */
};
/* The way back to a request's sender (RFC 3261 section 18.2.2, RFC 3581): never to an
 * address that stands in a stranger's Via. */
void hop_from_source(struct hop *out, const struct transport_source *source);

#define LISTENER_MAX 16

/* What is shown to a client that asks for this name (RFC 6066 section 3). */
struct listener_name {
	struct slice name;
	struct slice certificate_pem, key_pem; /* borrowed for the call */
};

enum listener_use {
	LISTENER_WANTED,
	LISTENER_KEPT,   /* transport_prepare(): stays as it is */
	LISTENER_ABSENT, /* there is none of this number */
};

struct listener_config {
	enum listener_use use;
	enum transport_kind kind;
	struct netaddr address;       /* bound */
	struct slice certificate_pem; /* TLS: leaf, then intermediates; borrowed for the call */
	struct slice key_pem;
	struct slice ca_pem; /* anchors for server and client certificates; empty: none */
	const struct listener_name
		*names; /* TLS, beside the pair above; borrowed for the call */
	size_t name_count;
	bool require_client_certificate; /* else it is only asked for when there are anchors */
};

struct transport_limits {
	unsigned connection_max; /* all listeners */
	unsigned connection_max_per_address;
	size_t output_max;            /* bytes queued to one slow reader, then it is closed */
	unsigned idle_timeout_s;      /* a connection without any whole message or ping */
	unsigned handshake_timeout_s; /* TCP connect and TLS handshake together */
	unsigned ping_interval_s;     /* on connections we made (RFC 5626); 0: no pings */
	unsigned pong_timeout_s;      /* then it is dead, if it ever answered one */
};
void transport_limits_init(struct transport_limits *limits);

/* bytes: one whole message as framed, or one datagram; borrowed for the call. */
typedef void(transport_receive_h)(
	struct slice bytes, const struct transport_source *source, void *arg);
/* A frame that is broken (413 false) or too large (true): the last chance to answer, the
 * connection is closed afterwards. bytes: what there is of it. */
typedef void(transport_broken_h)(struct slice bytes, bool is_too_large,
	const struct transport_source *source, void *arg);
/* A transport_send() with this tag failed after it had returned 0. Never inside it. why:
 * static words. */
typedef void(transport_failed_h)(uint64_t tag, const char *why, void *arg);

struct transport_config {
	struct listener_config listeners[LISTENER_MAX]; /* by number */
	unsigned listener_count;
	struct transport_limits limits;
	transport_receive_h *receive;
	transport_broken_h *broken;
	transport_failed_h *failed;
	void *arg; /* borrowed */
	struct log *log;
};

/* Binds and listens. fault (fault_size bytes) says which listener and why. SBC_EIO (cannot
 * bind), SBC_ECRYPTO (certificate or key), SBC_EINVAL, SBC_ENOMEM; the loop must then run
 * once more, to close what was open already. The program ignores SIGPIPE. */
int transport_open(struct transport **out, uv_loop_t *loop,
	const struct transport_config *config, char *fault, size_t fault_size);

/*
 * Other listeners, and other certificates, keys and anchors for those of TLS, in two steps, so
 * that it is all or nothing together with other things. A listener keeps its kind and address;
 * new ones are bound by the first step. Connections that stand keep what they have. config: as
 * for transport_open(). fault: which listener and why. SBC_EIO (cannot bind), SBC_ECRYPTO,
 * SBC_ENOMEM, SBC_EINVAL: another kind or address; SBC_EAGAIN: what had that number is still
 * being closed.
 */
struct transport_change;
int transport_prepare(struct transport_change **out, struct transport *transport,
	const struct transport_config *config, char *fault, size_t fault_size);
/* One of these ends it, in the same turn of the loop. */
void transport_commit(struct transport *transport, struct transport_change *change);
/* change: NULL is allowed. */
void transport_discard(struct transport *transport, struct transport_change *change);
/* Closes one listener with its connections, which say what is queued, at most for a second. */
void transport_close_listener(struct transport *transport, unsigned listener);

/*
 * Sends one message. Connects first where needed; what is sent meanwhile waits in that
 * connection's output. tag comes back in failed(); 0: nobody wants to know. The bytes are
 * copied. SBC_ELIMIT: output or connections full; SBC_EINVAL: no such listener, or a new TLS
 * connection without a name to verify; SBC_EPEER: the flow is gone and there is no address,
 * or no way there; SBC_ESTATE: transport_close() was called.
 */
int transport_send(struct transport *transport, const struct hop *hop, uint64_t tag,
	const void *bytes, size_t len);

/* A connection that a registration lives on: is it still there? */
bool transport_flow_is_alive(const struct transport *transport, struct flow_id flow);
/*
 * RFC 5923: what goes to the host at the other end, at this port and under this name, may go
 * over this connection, which the other side made. Only TLS whose client certificate has the
 * name. SBC_EPEER: it has not; SBC_ENOENT: it is gone; SBC_ELIMIT.
 */
int transport_flow_alias(
	struct transport *transport, struct flow_id flow, uint16_t port, struct slice name);
/* Who is at its other end, for the trace; out is untouched when it is gone. */
bool transport_flow_peer(
	const struct transport *transport, struct flow_id flow, struct netaddr *out);

/* One connection, for a listing. Strings are borrowed for the call. */
struct transport_flow_info {
	struct flow_id id;
	enum transport_kind kind;
	struct netaddr local; /* the listener's */
	struct netaddr peer;
	bool is_outgoing;
	bool is_verified;      /* its certificate is one that we trust */
	const char *state;     /* static: "open", ... */
	const char *cipher;    /* TLS suite; "" before the handshake is done */
	const char *peer_name; /* first verified name in its certificate; "" */
	size_t output_len;     /* bytes that wait to be sent */
};
/* Connections live in slots 0 to transport_slot_count() - 1; false: this one is empty. */
uint32_t transport_slot_count(const struct transport *transport);
bool transport_flow_at(
	const struct transport *transport, uint32_t slot, struct transport_flow_info *out);

typedef void(transport_closed_h)(void *arg);
/* Sends what is queued (at most a second), closes all, then closed, then frees. */
void transport_close(struct transport *transport, transport_closed_h *closed, void *arg);

struct transport_counters {
	uint64_t received[TRANSPORT_KIND_COUNT];
	uint64_t sent[TRANSPORT_KIND_COUNT];
	uint64_t connections_open;
	uint64_t connections_refused; /* over a limit */
	uint64_t connections_idle;    /* closed, since nothing came for too long */
	uint64_t handshakes_failed;
	uint64_t broken;
	uint64_t output_overflow;
	uint64_t rested_us; /* that turns waited for others to come (UDP) */
};
void transport_counters(const struct transport *transport, struct transport_counters *out);

#endif
