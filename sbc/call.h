/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_CALL_H
#define SBC_CALL_H

#include "sbc/e_model.h"
#include "sbc/header_rules.h"
#include "sbc/leg.h"
#include "sbc/media_link.h"
#include "sbc/policy_link.h"
#include "sbc/route.h"
#include "sbc/sdp.h"
#include "sbc/session_id.h"

/*
 * A call: the leg to the caller (a), the leg to the callee (b), one media session between
 * them, and what was found out about each. Signalling thread.
 *
 *  CHECKING -verdict, route-> CALLING -2xx-> ANSWERED -BYE, failure-> ENDING -> ENDED
 *
 *   call.c         life: begin, end, events of the legs
 *   call_start.c   a new INVITE: who calls, may they, may they still
 *   call_route.c   whom it goes to, one target after the other
 *   call_answer.c  ringing, early media, the answer
 *   call_change.c  re-INVITE and UPDATE across
 *   call_party.c   what is known of an end
 *   call_proof.c   a key that changes must be proved as the first one was
 *   call_connect.c connected identity: the answerer's key, signed
 *   call_description.c  what an end says, against policy and what was agreed
 *   call_describe.c     what an end is told
 *   call_media.c   sections' sessions, keys, gates, what the media room says
 *   call_pass.c    INFO and MESSAGE across
 *   call_refer.c   transfers: REFER, and what the one who asked is told
 *   call_subscribed.c   REFER across, and its NOTIFYs
 *   call_replace.c transfers: a dialog in the place of another one
 *   call_join.c    an end of one call goes over to another
 *   call_record.c  the record of it
 *   call_state.c   the call as one value; call_export.c: out of here and into here
 */
enum call_state {
	CALL_CHECKING, /* a certificate is fetched */
	CALL_CALLING,
	CALL_ANSWERED,
	CALL_ENDING, /* legs say goodbye, media closes */
	CALL_ENDED,  /* freed from the reaper timer */
};

/* Who ended it. */
enum call_ender { CALL_ENDER_NONE, CALL_ENDER_CALLER, CALL_ENDER_CALLEE, CALL_ENDER_US };

/* What one end said last and is in force; in memory of its own, since it changes. Secret with
 * SDES. Zeroed memory: nothing yet. */
struct call_description {
	struct arena arena;
	struct sdp *sdp;
	struct call_taken {
		enum sdp_keying keying; /* SDP_REFUSED: not relayed */
		unsigned crypto;        /* SDES: its line that counts */
		size_t line;            /* SDES: ours beside it, of those that it was offered */
	} taken[SDP_MEDIA_MAX];
	size_t index; /* of the section that decides: the first sound, else the first */
	/* Media that bypasses us: the description as it crosses. sdp has no sections then, only
	 * their number and the fingerprints. */
	struct slice text;
	bool has_keys;     /* it has a=crypto */
	bool is_answer;    /* to an offer of ours */
	struct slice said; /* else: word for word, in the arena */
};

/* What is known about the other end of one leg, for log and call record. */
struct call_party {
	char name[128];                 /* user or peer */
	const struct config_peer *peer; /* borrowed from the config; NULL: one of our users */
	const struct config_user *user; /* likewise; NULL: a peer */
	enum transport_kind transport;
	const char *identity_outcome;      /* static: authenticated, verified, signed, ... */
	struct identity_verdict *_verdict; /* owned: call_party_verdict() */
	bool is_identity_absent;
	bool is_key_proved;                 /* so that no unproved one may follow */
	struct fingerprint_set *_signalled; /* owned: call_party_signalled() */
};

/* The same user, or the same peer: one may give away what the other has. */
bool call_party_is_same_end(const struct call_party *one, const struct call_party *two);
/* Of the last request that was looked at; zeroes (which say verified) until there is one. */
const struct identity_verdict *call_party_verdict(const struct call_party *party);
bool call_party_is_verified(const struct call_party *party);
/* Copies it. SBC_ENOMEM: it stays as it was. */
int call_party_judge(struct call_party *party, const struct identity_verdict *verdict);
void call_party_forget(struct call_party *party);
/* Fingerprints of the section that decides, as said last. */
const struct fingerprint_set *call_party_signalled(const struct call_party *party);
/* SBC_ENOMEM: they stay as they were. */
int call_party_signal(struct call_party *party, const struct fingerprint_set *said);
void call_party_fini(struct call_party *party);
/* All that is known of it. SBC_ENOMEM: to stays as it was. */
int call_party_copy(struct call_party *to, const struct call_party *from);

/* A re-INVITE or UPDATE that goes across, or one that we begin ourselves; one at a time. */
enum call_change_stage {
	CHANGE_NONE,
	CHANGE_CHECKING, /* is the new key proved? a certificate is fetched */
	CHANGE_ACROSS,   /* the other leg has our offer */
	CHANGE_ASKED,    /* the other leg is asked to offer */
	CHANGE_OFFERED,  /* its offer went to who asked: the answer comes with the ACK */
	CHANGE_ACKED,    /* and is it proved? */
	CHANGE_OURS,     /* nobody asked: a leg learns what the other end says now */
};
/* Two ends that were brought together: each is told what the other says, until both know. */
struct call_joining {
	unsigned rounds;   /* how many more may follow; 0: not such a change */
	bool is_other_old; /* the other end knows nothing of this one yet */
};
struct call_change {
	enum call_change_stage stage;
	int from;                       /* side whose request waits; CHANGE_OURS: who spoke */
	bool is_update;                 /* asked by UPDATE */
	bool is_given_up;               /* who asked has gone */
	struct call_description offer;  /* what that side says */
	struct call_description answer; /* what the other side says */
	struct identity_check *check;   /* owned; NULL: none was needed */
	bool is_proved;                 /* check has the verdict that covers the new key */
	struct call_joining joining;    /* CHANGE_OURS */
	struct arena ack;               /* of the ACK that check is about */
};

/* Where a call may go, best first. call_route.c fills it; in the call's arena. */
struct call_target {
	struct hop hop;
	struct slice request_uri;
	struct slice routes;            /* whole Route lines (Path); empty: none */
	const struct config_peer *peer; /* borrowed from the config; NULL: one of our users */
	const struct config_user *user; /* likewise; NULL: a peer */
	struct slice name;              /* user or peer */
};
#define CALL_TARGET_MAX ROUTE_TARGET_MAX
#define CALL_LEFT_MAX   (CALL_TARGET_MAX + 4) /* branches, and ends that were replaced */
struct call_targets {
	struct call_target *items[CALL_TARGET_MAX]; /* in the arena */
	size_t count;
	size_t next; /* the one to try */
};

struct call_export;       /* call_export.c */
struct call_refer;        /* call_refer.c */
struct call_subscription; /* call_subscribed.c */
struct call_grant;        /* call_replace.c */
struct call_passed;       /* call_pass.c */
#define CALL_PASSED_MAX 8 /* INFO and MESSAGE on their way at once */

struct call {
	struct sbc *sbc;                 /* borrowed */
	struct config *config;           /* counted: what it began with, whatever is reloaded */
	struct config *config_of_joined; /* counted; of an end that came from an older call */
	uint64_t number;
	char name[24]; /* "c17" */
	enum call_state state;
	struct arena arena;
	struct hash_node by_number;
	struct list in_order;            /* in sbc->calls */
	struct leg *a, *b;               /* the present ones; in the arena */
	struct leg *left[CALL_LEFT_MAX]; /* given up: they only say goodbye */
	size_t left_count;
	struct sip_uri called, caller; /* rewritten; texts in the arena */
	struct call_targets targets;
	struct peer_entry *entries[2];    /* counted, by side; NULL: a user */
	unsigned kbps[2];                 /* taken at them */
	struct session_id session_ids[2]; /* RFC 7989: each end's */
	struct call_party party[2];
	struct call_media media;
	struct call_description remote[2]; /* by side */
	struct call_change change;
	struct arena invite_arena;    /* of invite: gone once it is acknowledged */
	const struct sip_msg *invite; /* the caller's; NULL then */
	struct slice from, to;        /* its URIs, in the arena */
	bool is_early_told;           /* the caller has an answer before the 2xx */
	bool is_told_stale;           /* and another callee answered with another one */
	bool may_renumber;            /* the legs may call a format by different numbers */
	struct identity_check *check; /* owned: of the INVITE, while it lasts */
	enum caller_proof proof;      /* of the caller */
	struct call_export *export;   /* owned; NULL: nobody wants it as a value */
	struct call_refer *refer;     /* owned; NULL: no transfer is under way */
	uint64_t referrer;            /* number of the call whose REFER began it; 0: none */
	uint64_t beside;              /* of the call that an end will come from; 0: of none */
	struct call_replacing {
		uint64_t number; /* of the call whose end it takes over; 0: of none */
		int side;
		unsigned tries;
	} replacing;                            /* RFC 3891 */
	struct call_subscription *subscription; /* owned; NULL: no REFER was passed on */
	struct call_grant *grant; /* owned; NULL: nobody may take an end's place */
	struct list passed;       /* struct call_passed */
	size_t passed_count;
	struct timer ring_timer;
	struct timer target_timer;
	struct timer connect_timer; /* the answerer's identity is late */
	struct timer reap_timer;
	int64_t start_s, answer_s, end_s;
	int max_breadth; /* branches that may be at once (RFC 5393); -1: nothing was said */
	uint16_t code;   /* final status towards the caller */
	enum call_ender ender;
	char reason[160];
};

#define CALL_ARENA_MAX   (256 * 1024) /* bytes: a dozen branches and their texts */
#define CALL_INVITE_MAX  (256 * 1024) /* bytes: one large INVITE as osip keeps it */
#define CALL_ARENA_BLOCK 7808         /* bytes: there are many calls, and most take one */

static inline struct leg *call_leg(struct call *call, int side)
{
	return side == MEDIA_SIDE_A ? call->a : call->b;
}

static inline int call_side(const struct call *call, const struct leg *leg)
{
	return leg == call->a ? MEDIA_SIDE_A : MEDIA_SIDE_B;
}

/* Media of this leg goes from end to end; then so does the other leg's. */
static inline bool call_is_bypassed(const struct call *call, int side)
{
	return call->media.legs[side].mode == MEDIA_MODE_BYPASS;
}

/* ---- call.c ---- */
/* NULL: no memory. */
struct call *call_new(struct sbc *sbc);
/* Ends a call in any state: the caller hears code if it was not answered yet, both ends
 * hear reason (a Reason header value, may be NULL). */
void call_end(struct call *call, enum call_ender ender, uint16_t code, const char *reason,
	usec_t now);
/* The INVITE is of no more use. */
void call_forget_invite(struct call *call);
void call_finish_if_over(struct call *call, usec_t now);
struct call *call_find(struct sbc *sbc, uint64_t number);
/* Ends all; for draining. */
void call_end_all(struct sbc *sbc, usec_t now);
void call_free(struct call *call);
extern const struct leg_owner call_leg_owner;

/* ---- call_start.c ---- */
/* A new INVITE outside any dialog. Always answered. */
void call_start(struct sbc *sbc, const struct request *request);

/* The caller may call: to where it goes. */
void call_go_on(struct call *call, usec_t now);

/* ---- call_route.c ---- */
/* Finds the callee and calls it. A refusal is written to reply. */
int call_route(struct call *call, struct reply *refusal, usec_t now);
/* The present branch refused with code: true when another target is called instead. */
bool call_try_next(struct call *call, uint16_t code, usec_t now);

/* ---- call_answer.c ---- */
void call_ringing(struct call *call, uint16_t code, const struct sip_msg *msg, usec_t now);
void call_answered(struct call *call, const struct sip_msg *msg, usec_t now);
/* The caller's 2xx is on its way. */
void call_mark_answered(struct call *call, usec_t now);
/* The caller's ACK: with the answer where we offered. */
void call_confirmed(struct call *call, const struct sip_msg *msg, usec_t now);
/* The answer in it is proved. */
void call_confirm(struct call *call, usec_t now);

/* ---- call_change.c ---- */
void call_change_offered(struct call *call, int from, const struct sip_msg *msg, usec_t now);
void call_change_gone(struct call *call, int from, usec_t now);
void call_change_acked(struct call *call, int from, const struct sip_msg *msg, usec_t now);
void call_change_answered(struct call *call, int side, const struct sip_msg *msg, usec_t now);
void call_change_refused(struct call *call, int side, uint16_t code, usec_t now);
/* The proof is there, or refusal says how it is refused (NULL: it is there). */
void call_change_proved(struct call *call, const struct reply *refusal, usec_t now);
/* change->offer is answered by change->answer, which came in an ACK. */
void call_change_take_ack(struct call *call, usec_t now);
/* change->answer came in an ACK of side change->from: proved, then taken. */
void call_change_prove_ack(struct call *call, const struct sip_msg *ack, usec_t now);
/* What change->check verified counts for the side that it came from. SBC_ENOMEM. */
int call_change_take_proof(struct call *call);
/* Offers to one side what the other end says now. */
void call_change_ours(struct call *call, int side, usec_t now);
/* The same after the end at this side came from another call. SBC_EAGAIN: not now; else the
 * call ends when one end refuses. */
int call_change_join(struct call *call, int side, bool is_other_old, usec_t now);
void call_change_fini(struct call *call);
/* Of what the other side says only what this offer has too; out borrows from both. SBC_EPROTO:
 * no common format; SBC_ENOMEM. */
int call_change_narrow(const struct call_description *said, struct call_description *offer,
	struct call_description *out);

/* ---- call_proof.c ---- */
enum call_proof { PROOF_OK, PROOF_REFUSED, PROOF_WAITS };
/* Is the key that change->offer or ->answer brings for this side proved as policy asks? msg
 * must live as long as the change. REFUSED: lines and reply say how; WAITS:
 * call_change_proved() will be called. */
enum call_proof call_proof_check(struct call *call, int side, const struct sip_msg *msg,
	struct reply *refusal, struct buf *lines, usec_t now);
/* Must a key that only an answer or an ACK brings be proved at all? */
bool call_proof_is_needed(const struct call *call, int side);

/* ---- call_connect.c ---- */
/* May media of this side flow, as far as the answerer's identity goes? */
bool call_connect_is_open(const struct call *call, int side);
/* Is this the signed request that proves the answer's key? */
bool call_connect_wants(const struct call *call, int side, const struct sip_msg *msg);
/* May this one be connected, who is not the one that was called? */
bool call_connect_allows(const struct call *call, int side, const struct sip_uri *from);
void call_connect_answered(struct call *call, usec_t now);
/* leg->in.request of that side proved it, or did not. The latter may end the call. */
void call_connect_proved(struct call *call, int side);
void call_connect_refused(struct call *call, int side, usec_t now);
/* Somebody else answers than who was proved. */
void call_connect_forget(struct call *call);
/* The caller's ACK came: our own answer is signed where the caller wants it. */
void call_connect_confirmed(struct call *call, usec_t now);

/* ---- call_description.c ---- */
/* What an end says. before: what the same end said last and what its keying is kept to; NULL
 * or empty: nothing was agreed yet. */
struct call_said {
	int side;
	struct slice body;
	bool is_answer; /* to an offer of ours */
	const struct call_description *before;
};
/* SBC_EPARSE, SBC_EPROTO, SBC_ENOMEM: *why says what; out is untouched then. */
int call_description_read(struct call *call, const struct call_said *said,
	struct call_description *out, const char **why);
/* One that was read before, on another machine: what of it is in force is the caller's to say.
 * SBC_EPARSE, SBC_ELIMIT, SBC_ENOMEM. */
int call_description_restore(struct call *call, int side, struct slice body, bool is_answer,
	struct call_description *out);
void call_description_fini(struct call_description *description);
/* It has at least as many sections as the other one: the rest is refused (RFC 3264 section 8).
 * SBC_ENOMEM. */
int call_description_pad(struct call_description *said, const struct call_description *like);
/* from becomes empty. */
void call_description_move(struct call_description *to, struct call_description *from);
/* What a leg is offered first. */
struct sdp_rules call_media_offers(const struct call *call, int side);
/* MB-4: would one leg hear a promise that the other, a or b, does not keep? */
bool call_media_is_downgrade(const struct call *call, enum sdp_keying a, enum sdp_keying b);

/* ---- call_describe.c ---- */
/* What we tell a side: what the other end says, with our addresses and keys. offered: what is
 * answered; NULL: an offer. Secret with SDES. SBC_EPROTO: no codec is left. */
int call_media_print(struct call *call, int side, const struct call_description *said,
	const struct call_description *offered, struct buf *body);
/* Would the other leg read the same from both? */
bool call_media_reads_same(
	const struct call_description *one, const struct call_description *two);

/* ---- call_media.c ---- */
/* Who a leg is with. */
void call_media_set_leg(struct call *call, int side, enum media_mode mode,
	const struct config_media_rules *rules, const struct hop *hop);
/* Sessions and keys for what one side offers. SBC_EPROTO: 488, and *why; else 503. */
int call_media_open(
	struct call *call, int from, const struct call_description *offer, const char **why);
/* Sessions and keys for sections that this side offers in the middle of a call; those that
 * cannot be are refused in offer. They are new until both sides took them. */
void call_media_add(struct call *call, int from, struct call_description *offer);
/* Nobody agreed to them. */
void call_media_drop_new(struct call *call);
/* Gives all of it up: another target begins anew. */
void call_media_reset(struct call *call);
/* After descriptions came into force: packets of a leg that was told other payload types than
 * the other end says are renumbered (RFC 3264 section 8.3.2, row MB-7). Nothing to do, and
 * nothing done, while each has been told what the other says (call->may_renumber). */
int call_media_renumber(struct call *call);
/* Those in what we tell a side, for its signature. */
void call_media_own_fingerprints(
	const struct call *call, int side, struct fingerprint_set *out);
/* Another key or role, or other keying: what must be proved. A changed tls-id is none of it. */
bool call_media_changes_key(
	const struct call *call, int side, const struct call_description *said);
/* What a side says goes to the media room. is_answer: it chose the codecs. */
int call_media_set(
	struct call *call, int side, const struct call_description *said, bool is_answer);
/* Each gate as policy has it now. */
int call_media_set_gates(struct call *call);
void call_media_event(struct sbc *sbc, const struct media_event *ev, usec_t now);

/* ---- call_pass.c ---- */
/* An INFO, MESSAGE, REFER or NOTIFY of one side: goes to the other, or is refused. */
void call_pass(struct call *call, int from, const struct request *request);
void call_pass_fini(struct call *call);

/* ---- call_export.c ---- */
/* A session's state came, or its stream closed (NULL). */
void call_export_took(
	struct call *call, const struct call_stream *stream, const struct media_state *state);
/* Whoever waits is told that it did not come to it. */
void call_export_fini(struct call *call);
/* ---- call_join.c ---- */
/* One end of a call goes over to another call, to the place of an end there. */
struct call_joint {
	struct call *from, *into;
	int side;     /* of from: who goes */
	int at;       /* of into: whose place it takes */
	bool is_news; /* out: the other end there was told otherwise than this end says */
};
/* Could it be, when nothing is under way? 0; SBC_EPROTO: their sections do not fit, or media
 * cannot be brought together; SBC_ESTATE: one of them is not in a call. */
int call_join_check(const struct call_joint *joint);
/* It does: from keeps an end that is over, and is to be ended by the caller; whose place was
 * taken is told goodbye. The ends are told about each other later: call_change_join().
 * SBC_EAGAIN: something is under way at one of the three legs; SBC_EPROTO; SBC_ENOMEM: all as
 * before. SBC_EIO: halfway, both must end. */
int call_join(struct call_joint *joint, usec_t now);
/* Old holds say nothing about two that talk with each other from now on. */
void call_join_wake(struct call_description *said);

/* ---- call_refer.c ---- */
/* What becomes of what this side asks for. */
enum config_refer call_refer_policy(const struct call *call, int side);
/* The leg's end is told of it in Allow. */
void call_refer_allow(struct call *call, int side);
/* A REFER of one side. Always answered, now or later. */
void call_refer(struct call *call, int from, const struct request *request);
/* A SUBSCRIBE of one side: the one of its REFER goes on or ends (RFC 6665). */
void call_refer_subscribe(struct call *call, int from, const struct request *request);
/* What becomes of the call that a REFER began. */
void call_refer_ringing(struct call *target, uint16_t code, usec_t now);
void call_refer_answered(struct call *target, usec_t now);
void call_refer_failed(struct call *target, uint16_t code, usec_t now);
/* An end of the call is gone: true when that is no reason to end it, since it was the one that
 * asked for the transfer. */
bool call_refer_keeps(struct call *call, int side);
/* The call ends: so does the transfer. */
void call_refer_end(struct call *call, usec_t now);
/* Without a word. */
void call_refer_fini(struct call *call);

/* ---- call_replace.c ---- */
/* The dialog that the Replaces of a new INVITE names, if it has one. 0, or the code that
 * refuses it. */
uint16_t call_replace_find(struct sbc *sbc, const struct request *request,
	const struct call_party *caller, struct call_replacing *out);
/* call->replacing is done: the call is answered or refused, now or soon. */
void call_replace(struct call *call, usec_t now);
/* Who was told to take the place of the end at this side may do so for a while. SBC_ENOMEM. */
int call_grant(struct call *call, int side, const struct call_party *to, usec_t now);

/* ---- call_subscribed.c ---- */
/* The header lines of a REFER or NOTIFY of side from on its way to the other: what they name is
 * named as the other end knows it. 0, or the code that refuses it. */
uint16_t call_subscribed_lines(
	struct call *call, int from, const struct sip_msg *msg, struct buf *lines, usec_t now);
/* The REFER of side from with this CSeq went on with that one: NOTIFYs may come back. */
int call_subscribed_sent(struct call *call, int from, uint32_t came, uint32_t sent);

/* ---- call_cross.c ---- */
/* Header lines of msg (from that side; may be NULL), and our own, for the next message to
 * the other side. */
void call_cross(struct call *call, int from, const struct sip_msg *msg, enum header_kind kind);
/* The same for the INVITE, into lines. from_uri: as it will be in From. SBC_ELIMIT: too
 * much. */
int call_cross_invite(struct call *call, struct slice from_uri, struct buf *lines);

/* ---- call_record.c ---- */
#define CALL_RECORD_MAX (16 * 1024) /* bytes */
/* The record as it stands. */
void call_record_print(const struct call *call, struct buf *out);
void call_record(struct call *call);

/* ---- call_bandwidth.c ---- */
/* Of the entry at this side; false: its ceiling, and nothing is taken. */
bool call_bandwidth_take(
	struct call *call, enum media_side side, const struct config_peer *peer);
void call_bandwidth_give(struct call *call, enum media_side side);

/* What a listener would say of what arrives on a side; nothing is known of other than sound. */
void call_stream_score(const struct call_stream *stream, int i, struct e_model_result *out);

#endif
