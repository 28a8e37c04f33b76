/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_MEDIA_MSG_H
#define MEDIA_MEDIA_MSG_H

#include "media/media.h"

/* The whole language between the signalling loop and a media loop. */

struct session;

enum command_type {
	COMMAND_OPEN,     /* session changes owner, with its sockets */
	COMMAND_REMOTE,   /* remote changes owner */
	COMMAND_GATE,     /* is_open */
	COMMAND_EXCHANGE, /* side of id with other's */
	COMMAND_PAYLOADS, /* map changes owner */
	COMMAND_COUNTERS, /* answered by a report */
	COMMAND_STATE,    /* likewise */
	COMMAND_RESTORE,  /* state changes owner */
	COMMAND_PING,     /* of no session: that it is done is the answer */
	COMMAND_CLOSE,    /* the session's last */
	COMMAND_STOP,     /* the loop's last */
};

struct command {
	enum command_type type;
	struct media_id id;
	enum media_side side; /* REMOTE, GATE, EXCHANGE, PAYLOADS */
	bool is_open;         /* GATE */
	union {
		struct session *session;       /* OPEN; owned */
		struct media_remote *remote;   /* REMOTE; owned */
		struct media_state *state;     /* RESTORE; owned */
		struct media_payload_map *map; /* PAYLOADS; owned; NULL: none */
		struct {
			struct media_id id; /* on the same loop */
			enum media_side side;
		} other; /* EXCHANGE */
	};
};

/* Up. */
struct report {
	bool is_stopped;          /* the loop's last word; no event */
	struct media_event event; /* its state changes owner */
};

#endif
