/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_DIALOG_H
#define SBC_DIALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "sbc/sip_build.h"
#include "sbc/sip_msg.h"

/*
 * Dialog state of one leg (RFC 3261 section 12): identifiers, sequence numbers, route set
 * and remote target. Pure. Slices live in the arena that was given.
 */
struct dialog {
	struct slice call_id;
	struct slice local_tag;
	struct slice remote_tag; /* empty: no dialog yet */
	struct slice local_uri;  /* addr-spec */
	struct slice remote_uri;
	struct slice remote_target; /* Request-URI of what we send */
	struct slice routes;        /* whole Route lines, in sending order */
	uint32_t local_cseq;        /* of the last request we sent */
	uint32_t remote_cseq;       /* of the last request that came */
};

/* Route lines and From or To values beyond this are refused. */
#define DIALOG_ROUTES_MAX 4096 /* bytes */

/* Answering side, from the request that opens it (section 12.1.1). SBC_EPARSE: a Contact or
 * Record-Route that cannot be used; SBC_ENOMEM, SBC_ELIMIT. */
int dialog_init_uas(struct dialog *out, struct arena *arena, const struct sip_msg *request,
	struct slice local_tag);

/* Calling side, before the request is sent. */
struct dialog_uac {
	struct slice call_id;
	struct slice local_tag;
	struct slice local_uri;
	struct slice remote_uri;
	struct slice request_uri;
	struct slice routes; /* whole Route lines that are known beforehand; empty: none */
	uint32_t cseq;
};
int dialog_init_uac(struct dialog *out, struct arena *arena, const struct dialog_uac *init);
/* Calling side, from a response that makes the dialog (section 12.1.2). */
int dialog_learn(struct dialog *dialog, struct arena *arena, const struct sip_msg *response);

/* The same one in other memory. SBC_ENOMEM. */
int dialog_copy(struct dialog *out, struct arena *arena, const struct dialog *from);

/* Does a message with these belong to it? remote_tag is not compared while unknown. */
bool dialog_matches(const struct dialog *dialog, struct slice call_id, struct slice local_tag,
	struct slice remote_tag);

/* A request in the dialog: takes its CSeq over. SBC_EPROTO when it is lower than the last
 * (section 12.2.2: answer 500). ACK and CANCEL are not asked about. */
int dialog_take_cseq(struct dialog *dialog, uint32_t cseq);

/* A value that a later message changed: the remote target (section 12.2), the remote URI (RFC
 * 4916 section 4.4). text is the dialog owner's memory for this field, so that any number of
 * changes takes no more than one. SBC_ELIMIT above DIALOG_URI_MAX, SBC_ENOMEM: unchanged. */
#define DIALOG_URI_MAX 2048 /* bytes */
int dialog_change(struct slice *field, struct buf *text, struct slice value);

/* Fills in Request-URI, Route, From, To, Call-ID and CSeq of a request to be sent; texts
 * are made in arena. An ACK for a 2xx gets the INVITE's number, others the next one. */
int dialog_request(struct dialog *dialog, struct arena *arena, enum sip_method method,
	uint32_t ack_cseq, struct sip_request_spec *out);

#endif
