/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_LEG_H
#define SBC_LEG_H

#include "sbc/core.h"
#include "sbc/dialog.h"
#include "sbc/oa.h"
#include "sbc/resend.h"
#include "sbc/session_timer.h"

/*
 * One side of a call: a dialog, the INVITE that makes it, and what changes it later. The
 * answering side of the first INVITE is in leg_uas.c, the calling side in leg_uac.c; a
 * re-INVITE or UPDATE that comes is in leg_in.c, one that we send in leg_out.c.
 *
 *  UAS: NEW -INVITE-> PROCEEDING -18x-> EARLY -2xx-> ACCEPTED -ACK-> CONFIRMED
 *  UAC: NEW -INVITE-> PROCEEDING -18x-> EARLY ------ 2xx, ACK -----> CONFIRMED
 *                        `------`--- given up --> CANCELLING
 *  both: CONFIRMED -BYE sent-> TERMINATING -answered-> TERMINATED
 *        CONFIRMED -BYE received-> TERMINATED;  refused, cancelled -> TERMINATED
 */
enum leg_state {
	LEG_NEW,
	LEG_PROCEEDING,
	LEG_EARLY,
	LEG_CANCELLING,
	LEG_ACCEPTED,
	LEG_CONFIRMED,
	LEG_TERMINATING,
	LEG_TERMINATED,
};
_Static_assert(LEG_TERMINATED + 1 == SBC_LEG_STATE_COUNT, "core.h counts them");

enum leg_event {
	LEG_EVENT_PROVISIONAL, /* UAC: 101-199 came (msg) */
	LEG_EVENT_ANSWERED,    /* UAC: 2xx came (msg); acknowledged unless it has the offer */
	LEG_EVENT_REFUSED,     /* UAC: 3xx-6xx, or 408, 503 made here (code) */
	LEG_EVENT_PRACKED,     /* UAS: the reliable 1xx was acknowledged (msg) */
	LEG_EVENT_CONFIRMED,   /* UAS: the ACK came (msg) */
	LEG_EVENT_CANCELLED,   /* UAS: CANCEL came; 487 was sent */
	LEG_EVENT_OFFER,       /* a re-INVITE or UPDATE (msg): leg_in_accept() or _refuse() */
	LEG_EVENT_OFFER_GONE,  /* it was cancelled; 487 was sent */
	LEG_EVENT_OFFER_ACKED, /* the ACK to our 2xx of a re-INVITE without offer (msg) */
	LEG_EVENT_CHANGED,     /* our re-INVITE or UPDATE was accepted (msg) */
	LEG_EVENT_UNCHANGED,   /* it was refused (code) */
	LEG_EVENT_REQUEST,     /* INFO, MESSAGE, REFER and its kind (msg): leg->passed */
	LEG_EVENT_BYE,         /* BYE came (msg); 200 was sent */
	LEG_EVENT_LOST,        /* no ACK, no refresh, no dialog there (code): end the call */
	LEG_EVENT_TERMINATED,  /* the last one */
};

struct leg;

/* May end either leg; must not free. msg is borrowed and NULL where none is named. */
typedef void(leg_event_h)(struct leg *leg, enum leg_event event, uint16_t code,
	const struct sip_msg *msg, usec_t now, void *arg);

/* What the owner knows and a leg needs when it makes a request by itself. */
struct leg_owner {
	leg_event_h *handler;
	/* Writes our present description for this leg, as an offer. */
	int (*describe)(struct leg *leg, struct buf *body, void *arg);
	/* Writes the header lines that sign a request as it will be sent. */
	int (*sign)(struct leg *leg, const struct sip_request_spec *spec,
		struct slice contact_uri, struct buf *lines, void *arg);
	void *arg; /* borrowed: the call */
};

/* A re-INVITE or UPDATE that came; one at a time. */
enum leg_in_state {
	LEG_IN_NONE,
	LEG_IN_PENDING,  /* the owner decides */
	LEG_IN_ACCEPTED, /* 2xx sent; the ACK is missing */
};
struct leg_in {
	enum leg_in_state state;
	struct arena arena;            /* of request; only while the state is not NONE */
	struct txn *txn;               /* borrowed until GONE */
	const struct sip_msg *request; /* in arena */
	struct transport_source source;
	enum sip_method method;
	uint32_t cseq;
	bool is_offer_ours; /* it had no description: ours is in the 2xx */
	struct resend again;
};

/* A re-INVITE or UPDATE that we sent; one at a time. */
enum leg_out_kind { LEG_OUT_NONE, LEG_OUT_CHANGE, LEG_OUT_REFRESH };
struct leg_out {
	enum leg_out_kind kind;
	enum sip_method method;
	struct txn *txn; /* borrowed until GONE; NULL while it waits to be tried again */
	uint32_t cseq;
	struct buf body;  /* owned: for another try */
	struct buf lines; /* owned: likewise */
	struct buf auth;  /* owned: header lines that answer the peer's challenge */
	unsigned challenge_count;
	struct buf ack; /* owned: of the last re-INVITE, for its 2xx again */
	uint32_t ack_cseq;
	bool is_ack_owed; /* the 2xx has the offer: the owner writes the ACK */
	bool is_cancelled;
	bool has_provisional;
	unsigned tries;
	struct timer timer; /* try again; or nobody answers */
};

/* Reliable provisional responses of the answering side (RFC 3262). */
struct leg_reliable {
	bool is_supported;    /* the caller knows them */
	bool is_required;     /* and insists */
	uint32_t rseq;        /* of the last one; 0: none yet */
	bool has_description; /* one of them had our answer or offer */
	struct resend again;
	/* what waits for the PRACK (section 3, rule of one at a time) */
	uint16_t waiting_code;
	struct buf waiting_body; /* owned */
};

/* One early dialog of the calling side: a fork answers with several (RFC 3261 12.1.2). */
struct leg_fork {
	struct dialog dialog;
	uint32_t rseq; /* of the last reliable 1xx; 0: none */
	bool has_answer;
	bool is_dropped; /* its 2xx came too late and was ended */
};
#define LEG_FORK_MAX 8 /* early dialogs of one INVITE that are told apart */

/* What the calling side sends first. */
struct leg_invite {
	struct slice request_uri;
	struct slice routes;     /* whole Route lines; empty: none */
	struct slice local_uri;  /* From */
	struct slice remote_uri; /* To */
	int max_forwards;
	struct hop hop;
	struct slice body;              /* empty: the callee offers */
	struct slice lines;             /* extra header lines */
	bool want_reliable;             /* Supported: 100rel */
	bool want_rename;               /* Supported: from-change */
	const struct config_peer *peer; /* whose challenges are answered; NULL: nobody's */
};

struct leg {
	struct sbc *sbc;       /* borrowed */
	struct arena *arena;   /* borrowed: the call's */
	const char *call_name; /* borrowed: the call's, for the log */
	char name;             /* 'a' or 'b' */
	enum leg_state state;
	const struct leg_owner *owner; /* static */
	void *owner_arg;               /* borrowed: the call */
	struct dialog dialog;
	struct buf target_text; /* owned: the remote target, once refreshed */
	struct buf remote_text; /* owned: the remote URI, once another one is connected */
	struct hash_node by_dialog;
	bool is_in_table;
	bool is_inner;                  /* nobody's: leg_begin_inner() */
	bool takes_refer;               /* what its other end is told that we do: */
	bool takes_subscribe;           /* of what a REFER began */
	struct hop hop;                 /* where its requests go */
	const struct config_peer *peer; /* whose challenges are answered; NULL: nobody's */
	struct buf cross;   /* header lines for the next INVITE, response or BYE sent */
	struct txn *invite; /* borrowed until GONE */
	struct txn *bye;    /* likewise */
	bool is_bye_proved; /* sent once more, with our login */
	uint32_t invite_cseq;
	struct timer timer; /* UAC: nobody answers; UAS: it still rings */
	struct oa oa;
	struct leg_in in;
	struct leg_out out;
	bool allows_update; /* the other end does */
	bool knows_timer;   /* session timers */
	bool knows_rename;  /* from-change (RFC 4916) */
	struct session_timer session;
	usec_t session_expiry;
	usec_t session_due; /* of session_timer */
	struct timer session_timer;
	const struct request *passed; /* during LEG_EVENT_REQUEST */
	/* UAS */
	bool is_uas;
	const struct sip_msg *request; /* the INVITE, borrowed; NULL once it is acknowledged */
	struct transport_source source;
	uint16_t provisional_code; /* of the last 18x; 0: none yet */
	struct resend success;     /* the 2xx */
	struct leg_reliable reliable;
	bool is_bye_wanted;     /* once the ACK is there */
	struct slice bye_lines; /* in the arena */
	/* UAC */
	bool has_provisional;
	bool is_ack_owed;         /* the 2xx has the offer: the owner writes the ACK */
	struct slice ack;         /* as sent, in the arena */
	struct leg_invite sent;   /* as asked for, slices in the arena */
	unsigned too_small_count; /* 422s */
	unsigned challenge_count; /* 401s and 407s that were answered */
	struct slice auth;        /* header lines, in the arena: with what */
	struct leg_fork *forks;   /* in the arena; NULL: none yet */
	size_t fork_count;
	int breadth; /* the owner's: Max-Breadth that it was given */
};

void leg_init(struct leg *leg, struct sbc *sbc, struct arena *arena, char name);
/* No event comes any more. */
void leg_fini(struct leg *leg);
void leg_set_state(struct leg *leg, enum leg_state state, const char *because);
const char *leg_state_name(enum leg_state state);

/* In-dialog lookup: by Call-ID and our tag. */
struct leg *leg_find(struct sbc *sbc, const struct sip_msg *msg, bool is_request);
/* By all three. */
struct leg *leg_find_dialog(
	struct sbc *sbc, struct slice call_id, struct slice local, struct slice remote);
int leg_enter_table(struct leg *leg);

/* The Allow line that its other end is told. */
const char *leg_allow(const struct leg *leg);
/* A request within the dialog, other than ACK. Always answered. */
void leg_request(struct leg *leg, const struct request *request);
void leg_ack(struct leg *leg, const struct sip_msg *msg, usec_t now);
/* CANCEL for the INVITE that belongs to txn, one of this leg's. */
void leg_cancel(struct leg *leg, struct txn *invite, const struct request *cancel);

/* Ends the leg whatever its state is: refuses, cancels or says BYE. code: for an INVITE not
 * yet answered; lines: header lines (Reason) for what is sent. */
void leg_end(struct leg *leg, uint16_t code, struct slice lines, usec_t now);

/* ---- leg_uas.c ---- */
/* Takes the INVITE (msg must live until LEG_EVENT_CONFIRMED) and answers 100. */
int leg_uas_start(struct leg *leg, const struct request *request);
/* body: our answer or offer, may be empty. Sent reliably where the caller wants it so. */
void leg_uas_provisional(struct leg *leg, uint16_t code, struct slice body, usec_t now);
int leg_uas_accept(struct leg *leg, struct slice body, usec_t now);
void leg_uas_refuse(struct leg *leg, const struct reply *reply, usec_t now);
void leg_uas_cancel(struct leg *leg, const struct request *cancel);
void leg_uas_ack(struct leg *leg, const struct sip_msg *msg, usec_t now);
void leg_uas_bye_when_acked(struct leg *leg, struct slice lines, usec_t now);
/* The lines that make or keep a dialog: Record-Route, Contact. */
int leg_uas_dialog_lines(struct leg *leg, struct buf *lines);

/* ---- leg_uac.c ---- */
int leg_uac_start(struct leg *leg, const struct leg_invite *invite, usec_t now);
void leg_uac_cancel(struct leg *leg, struct slice lines, usec_t now);
/* The ACK of a 2xx that had the offer; body: our answer, empty to end it. */
int leg_uac_ack(struct leg *leg, struct slice body);
/* A 2xx that no transaction knows any more: acknowledged again. */
void leg_uac_stray(struct leg *leg, const struct sip_msg *msg, usec_t now);

/* ---- leg_in.c ---- */
void leg_in_take(struct leg *leg, const struct request *request);
/* 2xx. body: our answer, or our offer when the request had none. Frees the request. */
int leg_in_accept(struct leg *leg, struct slice body, usec_t now);
void leg_in_refuse(struct leg *leg, const struct reply *reply, usec_t now);
void leg_in_cancel(struct leg *leg, const struct request *cancel);
void leg_in_ack(struct leg *leg, const struct sip_msg *msg, usec_t now);
/* Without a word. */
void leg_in_forget(struct leg *leg);

/* ---- leg_out.c ---- */
struct leg_change {
	bool is_update;  /* UPDATE where the other end allows it */
	bool is_refresh; /* no event follows unless the dialog is gone */
	struct slice body;
	struct slice lines; /* extra header lines */
};
/* SBC_EAGAIN: another one is under way there; SBC_ESTATE, SBC_ENOMEM, what send gives. */
int leg_out_start(struct leg *leg, const struct leg_change *change, usec_t now);
/* Nobody wants it any more; UNCHANGED or CHANGED still comes. */
void leg_out_cancel(struct leg *leg, usec_t now);
/* The ACK of a 2xx that had the offer. */
int leg_out_ack(struct leg *leg, struct slice body);
void leg_out_forget(struct leg *leg);
/* A 2xx to a re-INVITE that no transaction knows any more. */
void leg_out_stray(struct leg *leg, const struct sip_msg *msg);
/* The dialog that requests go in: the early one of the only fork, or the leg's. */
struct dialog *leg_dialog(struct leg *leg);

/* ---- leg_reliable.c ---- */
/* Takes what the request says about us: Allow, Supported. */
void leg_learn_peer(struct leg *leg, const struct sip_msg *msg);
void leg_reliable_prack(struct leg *leg, const struct request *request);
/* Before the 2xx or after the end. */
void leg_reliable_stop(struct leg *leg);
/* Sends one, or keeps it until the last was acknowledged. */
int leg_reliable_send(struct leg *leg, uint16_t code, struct slice body, usec_t now);
/* The calling side: the fork that this response belongs to (NULL: no room, no tag); *is_new
 * tells whether a reliable response was not seen before and may be used (REL-4). */
struct leg_fork *leg_fork_of(struct leg *leg, const struct sip_msg *msg);
bool leg_reliable_take(
	struct leg *leg, struct leg_fork *fork, const struct sip_msg *msg, usec_t now);

/* ---- leg_session.c ---- */
/* Refuses a request whose session interval is too small (RFC 4028 section 9): true. */
bool leg_session_refuse(struct sbc *sbc, const struct request *request);
struct session_wish leg_session_wish(const struct leg *leg);
/* From a successful refresh, sent or received. */
void leg_session_start(struct leg *leg, usec_t now);
/* One whose session_expiry is known already, of a dialog that came from elsewhere. */
void leg_session_resume(struct leg *leg, usec_t now);
void leg_session_stop(struct leg *leg);
/* Goes on in another leg as it was. */
void leg_session_move(struct leg *to, struct leg *from);

/* ---- leg_move.c ---- */
/* A place in a call for an end that is still in another one (a transfer): no dialog, nothing is
 * sent. A calling one takes what leg_uas_*() say to it, then waits in ACCEPTED. */
void leg_begin_inner(struct leg *leg, bool is_uas);
/* Confirmed, nothing under way in either direction. */
bool leg_is_quiet(const struct leg *leg);
/* The dialog of from, which must be quiet, goes on in to, which is new. from is terminated
 * without a word. SBC_EAGAIN: not quiet; SBC_ENOMEM: as before. */
int leg_move(struct leg *to, struct leg *from);

/* ---- shared ---- */
void leg_tell(struct leg *leg, enum leg_event event, uint16_t code, const struct sip_msg *msg,
	usec_t now);
/* Over: tells event (if it is another one), then TERMINATED. Once; later calls do nothing. */
void leg_terminate_by(struct leg *leg, enum leg_event event, uint16_t code,
	const struct sip_msg *msg, usec_t now);
void leg_terminate(struct leg *leg, usec_t now);
void leg_send_bye(struct leg *leg, struct slice lines, usec_t now);
/* A timer that changes what becomes of the call fired: a line for the operator ("call.timer").
 * timer: its name in the RFC or our configuration; why: what did not come, or who is asked. */
void leg_note_timer(const struct leg *leg, const char *timer, const char *why);
/* "SIP/2.0/TLS host:port;branch=...;rport" for hop, into out. */
int leg_via(struct sbc *sbc, const struct hop *hop, const char *branch, struct buf *out);
/* Our Contact URI towards hop's peer. */
int leg_contact(struct sbc *sbc, const struct hop *hop, struct buf *out);
/* Less than below. */
uint32_t leg_random(struct leg *leg, uint32_t below);

/* Answers a request of this leg with our own tag. bytes: what was sent; may be NULL.
 * SBC_ESTATE without a transaction; what the transport says. */
int leg_respond(struct leg *leg, const struct request *request, const struct reply *reply,
	struct buf *bytes);
/* Sends a request made by leg_build() to the leg's hop. out NULL: nobody waits for what comes
 * of it. Errors of txn_client_new(). */
int leg_send(struct leg *leg, struct txn_client_request *request, struct txn **out, usec_t now);

/* A request in one of the leg's dialogs, as text. */
struct leg_text {
	enum sip_method method;
	uint32_t ack_cseq;     /* ACK only */
	bool has_max_forwards; /* else the usual */
	int max_forwards;
	struct slice lines;
	struct slice content_type; /* empty: application/sdp */
	struct slice body;
	bool has_contact;
	bool is_signed; /* where the owner signs */
};
/* cseq, branch: of what was written. */
int leg_build(struct leg *leg, struct dialog *dialog, const struct leg_text *text,
	char branch[TXN_BRANCH_MAX], struct buf *out);

#endif
