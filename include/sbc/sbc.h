/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_SBC_H
#define SBC_SBC_H

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/timers.h"
#include "sbc/config.h"
#include "sbc/http_get.h"
#include "sbc/sip_msg.h"
#include "sbc/transport.h"
#include "sbc/txn.h"

struct media;
struct media_event;
struct policy;

/*
 * The signalling core: what comes in becomes calls, registrations and answers. It owns no
 * socket and reads no clock: the shell (sbc/app.c) or a scenario test feeds it and carries
 * out what it wants. One thread.
 */
struct sbc;

#define PEER_ADDRESS_MAX 16 /* of one peer, from DNS */

struct peer_address {
	enum transport_kind transport;
	struct netaddr address;
};

/* Where is the peer of this name? */
struct resolve_question {
	struct slice name; /* the peer's; comes back */
	struct slice host;
	uint16_t port; /* 0: DNS says it */
	enum transport_kind transport;
	bool is_transport_open; /* DNS says it */
};
struct resolve_result {
	int err; /* SBC_ENOENT: there is none, or nobody who knows */
	struct slice name;
	const struct peer_address *addresses; /* in the order they are tried */
	size_t address_count;
	int64_t ttl_s;
};

/* Slices are borrowed for the call. */
struct sbc_leg_note {
	struct slice call; /* its name, "c17" */
	char leg;          /* 'a', 'b' */
	struct slice call_id;
};

struct sbc_outside {
	txn_send_h *send;
	/* Starts a fetch; its result comes to sbc_fetched(), never inside. */
	int (*fetch)(struct slice url, bool allow_http, void *arg);
	/* Starts looking a name up; the result comes to sbc_resolved(), never inside. May be
	 * NULL: no names are looked up. */
	int (*resolve)(const struct resolve_question *question, void *arg);
	/* As transport_close_listener(). May be NULL. */
	void (*close_listener)(unsigned listener, void *arg);
	/* As transport_flow_alias(). May be NULL. */
	int (*alias)(struct flow_id flow, uint16_t port, struct slice name, void *arg);
	int64_t (*wall_s)(void *arg);
	/* One JSON object without line end, for each ended call; number: the call's. */
	void (*record)(uint64_t number, struct slice json, void *arg);
	/* A leg of a call begins; before its first message is sent, after it was received. May
	 * be NULL. */
	void (*leg)(const struct sbc_leg_note *leg, void *arg);
	void *arg; /* borrowed */
};

struct sbc_setup {
	struct config *config; /* a reference is taken */
	struct log *log;       /* borrowed, may be NULL */
	struct timers *timers; /* borrowed */
	struct policy *policy; /* borrowed */
	struct media *media;   /* borrowed */
	struct random_source random;
	struct txn_timing timing; /* zero: RFC 3261's */
	struct sbc_outside outside;
};

/* SBC_ENOMEM, SBC_EINVAL. */
int sbc_new(struct sbc **out, const struct sbc_setup *setup);
/* Forgets every call without a word to anybody: drain first. */
void sbc_free(struct sbc *sbc);

/* A new configuration, whole or not at all: calls, probes and counts go on. SBC_ENOMEM, and
 * what listener_slots_plan() says of its listeners. */
int sbc_reload(struct sbc *sbc, struct config *config, usec_t now);
/* Numbers of listeners (sbc/listeners.h). Borrowed until the next reload. */
struct listener_slots;
const struct listener_slots *sbc_listeners(const struct sbc *sbc);
/* What is in force. Borrowed until the next reload. */
const struct config *sbc_config(const struct sbc *sbc);

/*
 * Everything that it takes to carry on an established call, as one value: another core with the
 * same peers, users and listeners goes on with it, under the same addresses. Only one of them
 * may have the call at a time. Secret: it has keys; wipe what is kept of it.
 */
#define SBC_CALL_STATE_MAX (384 * 1024) /* bytes */
/* err 0: value is borrowed for the call. SBC_EAGAIN: something is under way in the call, ask
 * again; SBC_ESTATE: it is not established any more; SBC_ENOMEM, SBC_ELIMIT. */
typedef void(sbc_exported_h)(uint64_t call, int err, struct slice value, void *arg);
/* done runs once, later, when this returns 0. SBC_ENOENT: no such call; SBC_EAGAIN (also: it is
 * being exported), SBC_ESTATE, SBC_ENOMEM. The call goes on here until it is told otherwise. */
int sbc_export_call(
	struct sbc *sbc, uint64_t call, sbc_exported_h *done, void *arg, usec_t now);
/* Goes on with a call; nobody is told anything. *call: its number here. SBC_EPARSE: no such
 * value; SBC_ENOENT: a peer, user or listener of it is not here; SBC_ESTATE: the call is;
 * SBC_ELIMIT, SBC_ENOMEM, and what the media room says. */
int sbc_import_call(struct sbc *sbc, struct slice value, usec_t now, uint64_t *call);

/* From the transports. */
void sbc_receive(
	struct sbc *sbc, struct slice bytes, const struct transport_source *source, usec_t now);
void sbc_broken(struct sbc *sbc, struct slice bytes, bool is_too_large,
	const struct transport_source *source, usec_t now);
void sbc_transport_failed(struct sbc *sbc, uint64_t tag, usec_t now);

/* Slices and addresses are borrowed for the call. */
void sbc_resolved(struct sbc *sbc, const struct resolve_result *result, usec_t now);
void sbc_fetched(struct sbc *sbc, const struct http_get_result *result, usec_t now);
void sbc_media_event(struct sbc *sbc, const struct media_event *ev, usec_t now);

/* How busy the loop was since the last time, each OVERLOAD_TICK_MS. */
void sbc_note_load(struct sbc *sbc, unsigned busy_permille);

typedef void(sbc_drained_h)(void *arg);
/* Ends every call with BYE or CANCEL and refuses new ones with 503; drained runs once, from
 * a timer or an event, when the last call is gone, and at deadline at the latest. */
void sbc_drain(struct sbc *sbc, usec_t now, usec_t deadline, sbc_drained_h *drained, void *arg);

/* On: new calls and OPTIONS get 503 with Retry-After, so that neighbours go elsewhere, while
 * calls that live go on and registrations are kept. Tells in the log when the last one is gone.
 */
void sbc_set_draining(struct sbc *sbc, bool is_on);
/* Neither draining nor stopping. */
bool sbc_takes_calls(const struct sbc *sbc);

struct sbc_counters {
	uint64_t calls_started;
	uint64_t calls_answered;
	uint64_t calls_now;
	uint64_t requests_refused; /* parsed, and answered with an error */
	uint64_t messages_broken;  /* did not parse */
	uint64_t messages_shunned; /* from a source that sent too much that is wrong: unread */
	uint64_t responses_stray;  /* to nothing that we asked, or not any more */
	uint64_t sessions_expired; /* nobody refreshed them (RFC 4028) */
	uint64_t calls_shed;       /* refused, since there was no time for them */
	uint64_t identity_verified;
	uint64_t identity_refused;
	uint64_t media_failed;  /* calls ended because a handshake was not as signalled */
	uint64_t media_one_way; /* silence of one side while the other one spoke */
	/* Packets of sessions that are over, both sides together (struct media_counters). */
	uint64_t media_rtp_received;
	uint64_t media_rtp_relayed;
	uint64_t media_rtp_lost;
	uint64_t media_rtcp_relayed;
	uint64_t media_dropped_gate;
	uint64_t media_dropped_auth;
	uint64_t media_dropped_replay;
	uint64_t media_dropped_malformed;
	uint64_t media_dropped_source;
	uint64_t media_dropped_dtls;
	uint64_t media_dropped_send;
};
void sbc_counters(const struct sbc *sbc, struct sbc_counters *out);

/* Messages by method and by code, as they went over the wire. */
#define SBC_CODE_COUNT 700
struct sbc_traffic {
	uint64_t requests_received[SIP_METHOD_COUNT];
	uint64_t requests_sent[SIP_METHOD_COUNT];
	uint64_t replies_received[SBC_CODE_COUNT];
	uint64_t replies_sent[SBC_CODE_COUNT];
	uint64_t replies_received_by[7][SIP_METHOD_COUNT]; /* class 1 to 6, method of CSeq */
};
/* Borrowed; changes whenever the loop runs. */
const struct sbc_traffic *sbc_traffic(const struct sbc *sbc);

#endif
