/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_LEG_H
#define SBC_LEG_H

#include "sbc/core.h"
#include "sbc/dialog.h"

/*
 * One side of a call: a dialog and the INVITE that makes it. The answering side is in
 * leg_uas.c, the calling side in leg_uac.c.
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
	LEG_EVENT_ANSWERED,    /* UAC: 2xx came (msg); already acknowledged */
	LEG_EVENT_REFUSED,     /* UAC: 3xx-6xx, or 408, 503 made here (code) */
	LEG_EVENT_CONFIRMED,   /* UAS: the ACK came */
	LEG_EVENT_CANCELLED,   /* UAS: CANCEL came; 487 was sent */
	LEG_EVENT_BYE,         /* BYE came (msg); 200 was sent */
	LEG_EVENT_LOST,        /* UAS: no ACK, or no way to the caller; the leg ends itself */
	LEG_EVENT_TERMINATED,  /* the last one */
};

struct leg;

/* May end either leg; must not free. msg is borrowed and NULL where none is named. */
typedef void(leg_event_h)(struct leg *leg, enum leg_event event, uint16_t code,
	const struct sip_msg *msg, usec_t now, void *arg);

struct leg {
	struct sbc *sbc;       /* borrowed */
	struct arena *arena;   /* borrowed: the call's */
	const char *call_name; /* borrowed: the call's, for the log */
	char name;             /* 'a' or 'b' */
	enum leg_state state;
	leg_event_h *handler;
	void *arg; /* borrowed: the call */
	struct dialog dialog;
	struct hash_node by_dialog;
	bool is_in_table;
	struct hop hop;     /* where its requests go */
	struct buf cross;   /* header lines for the next INVITE, response or BYE sent */
	struct txn *invite; /* borrowed until GONE */
	struct txn *bye;    /* likewise */
	uint32_t invite_cseq;
	struct timer timer; /* UAS: the 2xx again; UAC: nobody answers */
	/* UAS */
	const struct sip_msg *request; /* the INVITE, in the arena */
	struct transport_source source;
	struct slice success; /* the 2xx as sent, in the arena */
	usec_t success_interval;
	usec_t success_deadline;
	bool is_bye_wanted;     /* once the ACK is there */
	struct slice bye_lines; /* in the arena */
	/* UAC */
	bool has_provisional;
	struct slice ack; /* as sent, in the arena */
};

void leg_init(struct leg *leg, struct sbc *sbc, struct arena *arena, char name);
/* No event comes any more. */
void leg_fini(struct leg *leg);
void leg_set_state(struct leg *leg, enum leg_state state, const char *because);
const char *leg_state_name(enum leg_state state);

/* In-dialog lookup: by Call-ID and our tag. */
struct leg *leg_find(struct sbc *sbc, const struct sip_msg *msg, bool is_request);
int leg_enter_table(struct leg *leg);

/* A request within the dialog, other than ACK. Always answered. */
void leg_request(struct leg *leg, const struct request *request);

/* Ends the leg whatever its state is: refuses, cancels or says BYE. code: for an INVITE not
 * yet answered; lines: header lines (Reason) for what is sent. */
void leg_end(struct leg *leg, uint16_t code, struct slice lines, usec_t now);

/* ---- leg_uas.c ---- */
/* Takes the INVITE (msg in leg->arena) and answers 100. */
int leg_uas_start(struct leg *leg, const struct request *request);
void leg_uas_provisional(struct leg *leg, uint16_t code, usec_t now);
int leg_uas_accept(struct leg *leg, struct slice body, usec_t now);
void leg_uas_refuse(struct leg *leg, const struct reply *reply, usec_t now);
void leg_uas_cancel(struct leg *leg, const struct request *cancel);
void leg_uas_ack(struct leg *leg, usec_t now);
void leg_uas_bye_when_acked(struct leg *leg, struct slice lines, usec_t now);

/* ---- leg_uac.c ---- */
struct leg_invite {
	struct slice request_uri;
	struct slice local_uri;  /* From */
	struct slice remote_uri; /* To */
	int max_forwards;
	struct hop hop;
	struct slice body;
	/* Writes the header lines that sign the request as it will be sent; may be NULL. */
	int (*sign)(const struct sip_request_spec *spec, struct slice contact_uri,
		struct buf *lines, void *arg);
	void *arg;
};
int leg_uac_start(struct leg *leg, const struct leg_invite *invite, usec_t now);
void leg_uac_cancel(struct leg *leg, struct slice lines, usec_t now);
/* A 2xx that no transaction knows any more: acknowledged again. */
void leg_uac_stray(struct leg *leg, const struct sip_msg *msg, usec_t now);

/* ---- shared ---- */
/* Over: tells event (if it is another one), then TERMINATED. Once; later calls do nothing. */
void leg_terminate_by(struct leg *leg, enum leg_event event, uint16_t code,
	const struct sip_msg *msg, usec_t now);
void leg_terminate(struct leg *leg, usec_t now);
void leg_send_bye(struct leg *leg, struct slice lines, usec_t now);
/* "SIP/2.0/TLS host:port;branch=...;rport" for hop, into out. */
int leg_via(struct sbc *sbc, const struct hop *hop, const char *branch, struct buf *out);
/* Our Contact URI towards hop's peer. */
int leg_contact(struct sbc *sbc, const struct hop *hop, struct buf *out);

#endif
