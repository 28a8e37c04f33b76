/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SCENARIO_WORLD_H
#define SCENARIO_WORLD_H

#include "base/buf.h"
#include "base/list.h"
#include "media/media.h"
#include "policy/policy.h"
#include "sbc/sbc.h"
#include "sbc/sip_msg.h"

/*
 * A small world around the real signalling core and the real policy room: a transport that
 * keeps what is sent, a media room that only remembers what it was told (fake_media.c takes
 * the place of the media archive when linking), virtual time, repeatable randomness. A
 * scenario is a conversation: somebody says something, time passes, somebody hears.
 *
 * We are atlanta.test. alice and bob are our users, carol@biloxi.test is behind the peer.
 * TRUNK and SPARE are peers by address, within our trust domain, to whom no route leads.
 */

enum actor { ALICE, BOB, BILOXI, STRANGER, TRUNK, SPARE, ACTOR_COUNT };

/* What one actor heard last, in its own memory. */
struct heard {
	struct arena arena;
	const struct sip_msg *msg; /* NULL: nothing new */
	struct slice bytes;
	size_t count; /* waiting in the queue, this one not counted */
};

struct world {
	struct sbc *sbc;
	struct config config;
	struct config_peer peers[3]; /* of config: biloxi, trunk, spare */
	struct config_route routes[4];
	struct timers timers;
	struct log *log; /* borrowed; NULL: none is kept */
	struct policy *policy;
	struct policy *biloxi_policy; /* signs for biloxi.test */
	struct buf biloxi_certificate, own_certificate;
	usec_t now;
	int64_t wall_start_s;
	uint64_t random_state;
	struct list sent; /* struct sent, oldest first */
	struct heard heard[ACTOR_COUNT];
	size_t fetch_count;
	char fetch_url[512];
	bool is_fetch_refused;
	char resolve_host[256]; /* the last name that was to be looked up; "": none */
	const char *as;         /* URI in From of what users say from now on; NULL: their own */
	const struct tls_names *shown; /* client certificate of users on TLS; NULL: none */
	/* Another part that goes before every session description, and another after it; NULL:
	 * the description is the whole body. */
	const char *part;
	const char *type;   /* of bodies from now on; NULL: application/sdp */
	const char *more;   /* header lines in what actors say from now on; NULL: none */
	struct buf said;    /* the last message that any actor sent */
	struct buf records; /* one line each */
	size_t record_count;
	bool is_drained;
	unsigned next_cseq;
	unsigned next_branch;
	const char *sdp[ACTOR_COUNT]; /* what it describes; NULL: world_sdp() */
	struct config_user users[2];  /* alice, bob; a test may change how their media goes */
	struct config_interface interfaces[2]; /* the first is 127.0.0.1 */
	int send_error;                        /* what the transport says to everything */
	enum actor failing;                    /* what it says to what goes there: */
	int send_error_to;
	unsigned closed_listeners; /* bits, by number */
};

void world_init(struct world *w);
/* The same with room for so many calls. */
void world_init_large(struct world *w, unsigned calls);
void world_fini(struct world *w);
/* The core anew, after changes of w->config. */
void world_remake(struct world *w);
/* cmocka fixtures that put a struct world into *state. */
int world_setup(void **state);
int world_teardown(void **state);

/* Time passes; every timer fires at its time. */
void world_pass(struct world *w, usec_t time);

/* Raw bytes from an actor's address. */
void world_say(struct world *w, enum actor who, const char *text);
void world_say_slice(struct world *w, enum actor who, struct slice bytes);

/* The next message that was sent to who: fails the test when there is none. */
const struct sip_msg *world_hear(struct world *w, enum actor who);
/* The same, and it must be this response or request. */
const struct sip_msg *world_hear_code(struct world *w, enum actor who, uint16_t code);
const struct sip_msg *world_hear_method(
	struct world *w, enum actor who, enum sip_method method);
bool world_hears(struct world *w, enum actor who);
/* Nothing (more) was sent to who. */
void world_hear_nothing(struct world *w, enum actor who);
void world_forget(struct world *w); /* everything sent so far */

/* A dialog as an actor's side sees it. */
struct talk {
	enum actor who;
	char call_id[64];
	char from[160]; /* values with tags, as this side writes them in its requests */
	char to[200];
	char target[200]; /* Request-URI */
	char branch[64];  /* of the last INVITE */
	unsigned cseq;
};

/* The SDP of a DTLS-SRTP phone; alter: 0, or changes one digit of its fingerprint. */
const char *world_sdp(enum actor who, const char *setup, int alter, char *out, size_t size);
/* The same in memory that lasts until the call after the next. */
const char *world_words(enum actor who, const char *setup, int alter);
/* An offer of who, with one piece of its text replaced; from NULL: as it is. Likewise. */
const char *world_offer(enum actor who, const char *from, const char *to);
extern const char *const world_fingerprint[ACTOR_COUNT];

/* who registers (with digest) and is answered 200. */
void world_register(struct world *w, enum actor who);
/* The same from another actor's address (bob only); its first REGISTER alone. */
void world_register_through(struct world *w, enum actor who, enum actor proxy);
/* bob's second phone, through the same proxy: the answer to it. */
void world_register_as_another(struct world *w, enum actor proxy, uint16_t code);
void world_register_start(struct world *w, struct talk *t, enum actor who, enum actor proxy);
/* who sends an INVITE to uri, without or with credentials for the challenge it heard. */
void world_invite(struct world *w, struct talk *t, enum actor who, const char *uri);
/* The whole of it: INVITE, 407, ACK, INVITE with credentials; heard 100. */
void world_call(struct world *w, struct talk *t, enum actor who, const char *uri);
/* The same, and code is heard instead of 100. */
void world_call_refused(
	struct world *w, struct talk *t, enum actor who, const char *uri, uint16_t code);
/* An INVITE of carol@biloxi.test to uri, signed by biloxi.test. alter: after signing. */
void world_invite_signed(struct world *w, struct talk *t, const char *uri, int alter);
/* The same without a description. */
void world_invite_late(struct world *w, struct talk *t, const char *uri);
/* Answers the request in w->heard[who] with code (and an SDP answer if setup is given). */
void world_answer(struct world *w, enum actor who, uint16_t code, const char *setup);
/* Requests within the talk. The talk learns the To tag from the last response heard. */
void world_learn(struct world *w, struct talk *t);
void world_reinvite(struct world *w, struct talk *t);
void world_ack(struct world *w, struct talk *t);
void world_bye(struct world *w, struct talk *t);
void world_cancel(struct world *w, struct talk *t);
/* Alice calls bob and both are connected and acknowledged, media secured. */
void world_connected(struct world *w, struct talk *t);
/* The same, and bob's side of it. */
void world_joined(struct world *w, struct talk *alice, struct talk *bob);

/* The next request in the talk, whatever it is: t->branch and t->cseq are its own. lines:
 * whole header lines or ""; INVITE and UPDATE get a Contact if lines have none; body "": none.
 */
void world_request(struct world *w, struct talk *t, const char *method, const char *lines,
	const char *body);
/* The same with these credentials for the challenge in w->heard[t->who]. */
void world_request_again(struct world *w, struct talk *t, const char *method, const char *body);
/* The ACK of a refusal that was heard, and the INVITE again with credentials for it. */
void world_ack_refusal(struct world *w, struct talk *t);
void world_invite_again(struct world *w, struct talk *t, const char *lines, const char *body);
/* The ACK of the last INVITE of the talk. */
void world_ack_with(struct world *w, struct talk *t, const char *body);
/* Answers the request in w->heard[who], with header lines and a body of any kind. */
void world_reply(
	struct world *w, enum actor who, uint16_t code, const char *lines, const char *body);
/* The callee's side of the dialog whose request is in w->heard[who]. */
void world_callee(struct world *w, struct talk *t, enum actor who);
/* Signs the next request of a talk of carol's: the lines for world_request(). */
void world_sign(struct world *w, const struct talk *t, const char *method, const char *body,
	char *out, size_t size);
/* A description changed in one place (first occurrence). */
void world_edit(char *text, size_t size, const char *from, const char *to);
/* Does the body of what who heard last have this? */
bool world_heard_body(const struct world *w, enum actor who, const char *text);
bool world_heard_line(const struct world *w, enum actor who, const char *text);
/* Nobody is in a call and no media is open. */
/* There is one call, and it goes on. */
void world_still_calling(struct world *w);
void world_all_over(struct world *w);
/* carol of biloxi calls bob, signed, and both are connected. */
void world_connected_peer(struct world *w, struct talk *t);
void world_give_certificate(struct world *w);

/* ---- what the media room was told (fake_media.c) ---- */
#define FAKE_SESSION_MAX 10240 /* a bench has ten thousand calls */

/* One m= section's session. */
struct fake_session {
	struct media_id id; /* slot: its place in the list */
	uint64_t cookie;
	bool is_open, is_closing;
	bool is_asked; /* for its state */
	struct media_open_request request;
	struct media_remote remote[MEDIA_SIDE_COUNT];
	bool has_remote[MEDIA_SIDE_COUNT];
	bool gate[MEDIA_SIDE_COUNT];
	bool has_map[MEDIA_SIDE_COUNT]; /* payload types are renumbered so: */
	struct media_payload_map map[MEDIA_SIDE_COUNT];
	unsigned map_count; /* how often it was told */
};

#define FAKE_RESTORED_MAX 4
struct fake_media {
	unsigned open_count, close_count;
	unsigned session_count;
	/* the first session of the call, or of its target, that opened last */
	struct media_id id;
	uint64_t cookie;
	struct media_remote remote[MEDIA_SIDE_COUNT];
	bool has_remote[MEDIA_SIDE_COUNT];
	bool gate[MEDIA_SIDE_COUNT];
	int open_error; /* what media_open() says */
	int restore_error;
	unsigned restored_count;
	struct media_state restored[FAKE_RESTORED_MAX]; /* in order */
	int exchange_error;                             /* likewise media_exchange() */
	unsigned exchange_count;
	struct fake_session sessions[FAKE_SESSION_MAX]; /* in the order of opening; the last */
};
struct fake_media *fake_media(void);
void fake_media_reset(void);
/* Events towards the core; closed events follow media_close() by themselves when time
 * passes. */
void world_secured(struct world *w, enum media_side side);
void world_media_failed(struct world *w, enum media_side side, enum media_failure failure);

#endif
