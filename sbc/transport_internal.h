/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_TRANSPORT_INTERNAL_H
#define SBC_TRANSPORT_INTERNAL_H

#include "base/buf.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/timers.h"
#include "sbc/sip_scan.h"
#include "sbc/transport.h"

/* What the files of the transports share. A tree: transport, its listeners, its flows. */

struct tls_contexts;
struct tls_session;

/* What is logged, each kind with its own limit. */
enum transport_note {
	TRANSPORT_NOTE_REFUSED,
	TRANSPORT_NOTE_HANDSHAKE,
	TRANSPORT_NOTE_UNREACHED,
	TRANSPORT_NOTE_OVERFLOW,
};
#define TRANSPORT_NOTE_COUNT 4

struct listener {
	struct transport *transport; /* borrowed: its parent */
	unsigned index;
	enum transport_kind kind;
	struct netaddr address;
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_poll_t poll; /* of fd: UDP */
		uv_tcp_t tcp;
	};
	bool is_open;
	bool is_closing;          /* libuv still has the handle */
	int fd;                   /* UDP only; closed after the handle */
	struct tls_contexts *tls; /* owned; TLS only */
	uv_tcp_t refused;         /* takes connections over a limit, without memory */
	bool is_refusing;
	bool has_pending; /* one waits until refused is free */
};

struct flow_slot {
	struct flow *flow;   /* owned; NULL: free */
	uint32_t generation; /* of the flow in it, or of the last one */
};

#define TRANSPORT_READ_MAX 65536 /* bytes of one read; no datagram is longer */

struct transport {
	uv_loop_t *loop; /* borrowed */
	struct listener listeners[LISTENER_MAX];
	unsigned listener_count;
	struct transport_limits limits;
	transport_receive_h *receive;
	transport_broken_h *broken;
	transport_failed_h *failed;
	void *arg;       /* borrowed */
	struct log *log; /* borrowed */
	struct log_limit log_limits[TRANSPORT_NOTE_COUNT];
	struct transport_counters counters;
	struct timers timers;

	struct flow_slot *slots; /* owned: connection_max of them */
	uint32_t *free_slots;    /* owned: a stack */
	uint32_t free_count;
	struct list flows;           /* not closed yet, oldest first */
	struct hash_table by_target; /* connections we made */
	struct hash_table by_host;   /* how many a stranger has made */

	size_t handle_count; /* libuv handles that are not closed yet */
	bool is_closing;
	transport_closed_h *closed;
	void *closed_arg;  /* borrowed */
	uv_timer_t closer; /* the last handle to close */
	int reserve_fd;    /* given up when there are no descriptors left */

	struct udp_turn *udp;           /* owned; NULL: no UDP */
	struct buf cipher;              /* what wolfSSL writes in one turn */
	char plain[TRANSPORT_READ_MAX]; /* what wolfSSL reads in one turn */
	char read[TRANSPORT_READ_MAX];  /* what the kernel gives in one turn */
};

/* ---- transport.c ---- */

void transport_note(struct transport *transport, enum transport_note note,
	const struct netaddr *peer, const char *why);
/* libuv's alloc callback for every handle of a transport: its one read buffer. */
void transport_read_buffer(struct transport *transport, uv_buf_t *buf);
/* A handle's memory is ours again. The transport may be gone on return. */
void transport_handle_closed(struct transport *transport);

/* One that ends: says what is queued, first. why: static. */
void transport_end_flow(struct flow *flow);

/* ---- transport_listener.c ---- */

/* In listeners[i], which is free. fault says which and why. */
int listener_open(struct transport *transport, unsigned i, const struct listener_config *config,
	char *fault, size_t fault_size);
/* Its handle alone, if it is open. */
void listener_close(struct listener *listener);

/* ---- transport_udp.c ---- */

int udp_listen(struct listener *listener); /* libuv's error */
/* SBC_EPEER: no way there, which may also come to transport->failed with the tag, later;
 * SBC_EINVAL: too long for a datagram. */
int udp_send(struct listener *listener, const struct netaddr *to, uint64_t tag,
	struct slice datagram);
/* Its handle is closed. */
void udp_closed(struct listener *listener);

/* ---- transport_tcp.c ---- */

int tcp_listen(struct listener *listener); /* libuv's error */
/* SBC_ELIMIT, SBC_ENOMEM, SBC_EPEER. */
int tcp_connect(struct flow **out, struct listener *listener, const struct hop *hop);

/* ---- transport_flow.c: one connection ---- */

enum flow_state {
	FLOW_CONNECTING,
	FLOW_HANDSHAKE, /* TLS */
	FLOW_OPEN,
	FLOW_DRAINING, /* says its last, reads no more messages */
	FLOW_CLOSED,   /* libuv still has it */
};

struct flow {
	uv_tcp_t tcp;
	struct transport *transport; /* borrowed: its parent */
	struct listener *listener;   /* borrowed */
	struct list node;            /* in transport's flows */
	enum flow_state state;
	struct flow_id id;
	struct netaddr peer;
	bool is_outgoing;
	bool is_target;             /* may be sent over: outgoing, or an alias (RFC 5923) */
	struct netaddr target;      /* then: what it leads to */
	struct hash_node by_target; /* then */
	char tls_name[TLS_NAME_MAX];
	struct host_count *host; /* counted: incoming */
	struct buf in;           /* less than a message */
	struct list waiting;     /* struct flow_message, until it is open */
	size_t output_len;       /* bytes waiting or being written */
	struct timer deadline;
	struct timer ping; /* outgoing: the next one, or the end of waiting for its pong */
	bool is_pinged;    /* and not heard since */
	bool has_ponged;   /* it speaks RFC 5626 */
	uv_connect_t connect;
	uv_shutdown_t shutdown;
	const char *why;         /* static: why it was closed */
	struct tls_session *tls; /* owned; NULL: TCP, or not begun */
};

/* Waits until the flow is open. */
struct flow_message {
	struct list node;
	uint64_t tag;
	size_t len;
	char bytes[];
};

/* Enters the table, in FLOW_CONNECTING with its deadline running. SBC_ELIMIT, SBC_ENOMEM. */
int flow_new(struct flow **out, struct listener *listener);
/* Counts an incoming connection against its address. SBC_ELIMIT, SBC_ENOMEM. */
int flow_count_host(struct flow *flow);
/* Makes it findable for what goes to target. SBC_ELIMIT. */
int flow_enter_target(struct flow *flow, const struct netaddr *target);
/* Pings begin, where there are any. */
void flow_keep_alive(struct flow *flow);
/* Something came. True: it is the pong that was waited for, and nothing else. */
bool flow_heard(struct flow *flow, struct slice bytes);
struct flow *flow_find_target(struct transport *transport, const struct hop *hop);
struct flow *flow_find(const struct transport *transport, struct flow_id id);

/* Says what is queued, at most a second, then closes. why: static. */
void flow_drain(struct flow *flow, const char *why);
/* At once. The memory goes later, and what was not sent is reported then. */
void flow_close(struct flow *flow, const char *why);
/* Tells whoever sent with this tag that it was in vain. */
void flow_report(struct flow *flow, uint64_t tag);

/* ---- transport_stream.c: what passes through it ---- */

/* The TCP connection stands: reads, and begins TLS. */
void flow_start(struct flow *flow);
/* Messages may pass: sends what waits. */
void flow_opened(struct flow *flow);
/* One message. SBC_ELIMIT, SBC_ENOMEM, SBC_EPEER. */
int flow_send(struct flow *flow, uint64_t tag, const void *bytes, size_t len);
/* Bytes as they go on the wire. SBC_ENOMEM, SBC_EPEER: it is closed then. */
int flow_write(struct flow *flow, uint64_t tag, const void *bytes, size_t len);
/* Bytes of messages that came in. */
void flow_input(struct flow *flow, struct slice bytes);
/* ---- transport_tls.c ---- */

/* fault: static words. SBC_ECRYPTO, SBC_ENOMEM. */
int tls_contexts_new(
	struct tls_contexts **out, const struct listener_config *config, const char **fault);
void tls_contexts_free(struct tls_contexts *contexts);

int tls_session_new(struct flow *flow); /* SBC_ENOMEM, SBC_ECRYPTO */
void tls_session_free(struct tls_session *session);
/* Bytes from the wire, none to begin with: handshake, then messages. */
void tls_input(struct flow *flow, struct slice bytes);
/* One message of an open flow; as flow_write(). */
int tls_send(struct flow *flow, uint64_t tag, const void *bytes, size_t len);
/* Close_notify. */
void tls_goodbye(struct flow *flow);
/* NULL: the peer has shown no certificate that we trust. */
const struct tls_names *tls_session_names(const struct tls_session *session);
/* Borrowed; "" before the handshake is done. */
const char *tls_session_cipher(const struct tls_session *session);

#endif
