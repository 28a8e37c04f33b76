/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_NAMES_H
#define MEDIA_NAMES_H

#include "media/media.h"

/*
 * The names of one loop's sessions, as the signalling thread knows them: which slots are
 * taken, by which generation, and which ports come back when the session is closed. A name
 * whose session is gone never fits again.
 */
struct own;

struct name {
	uint32_t generation; /* of the present or the last session; 0: never used */
	bool is_live;
	bool is_closing;
	unsigned interface[MEDIA_SIDE_COUNT];
	uint16_t port[MEDIA_SIDE_COUNT];
	struct own *own[MEDIA_SIDE_COUNT]; /* counted; media.c's */
};

struct names {
	struct name *slots; /* owned */
	uint16_t *_free;    /* owned; a stack of slots */
	uint16_t slot_count;
	uint16_t live_count;
};

/* SBC_ENOMEM. */
int names_init(struct names *names, uint16_t slot_count);
void names_fini(struct names *names);

/* A new name; out->loop is the caller's. SBC_ELIMIT. */
int names_take(struct names *names, struct media_id *out);
/* NULL: a name that is dead. */
struct name *names_find(struct names *names, struct media_id id);
void names_give(struct names *names, struct media_id id);

#endif
