/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_CALL_CURSOR_H
#define SBC_CALL_CURSOR_H

#include <stdint.h>

#include "base/list.h"

struct call;
struct sbc;

/*
 * A walk over all calls, oldest first, that may pause: calls may end meanwhile, the one it
 * stands on too. Calls that start after the walk are not visited, so that it ends. Zeroed
 * memory is a walk that was not started. Private to the sbc room; signalling thread.
 */
struct call_cursor {
	struct list node;  /* in sbc->cursors while it stands on a call */
	struct call *next; /* borrowed; NULL: at the end */
	uint64_t last;     /* number of the youngest call to visit */
};

void call_cursor_start(struct call_cursor *cursor, struct sbc *sbc);
/* NULL at the end. Borrowed until the loop goes on. */
struct call *call_cursor_next(struct call_cursor *cursor);
/* Before its memory goes; harmless when it was never started. */
void call_cursor_stop(struct call_cursor *cursor);

/* Of call.c: steps aside from a call that is freed. */
void call_cursor_forget(struct sbc *sbc, struct call *call);

#endif
