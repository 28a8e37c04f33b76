/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Walking over calls with pauses. Signalling thread. */

#include "sbc/call_cursor.h"

#include "sbc/call.h"

static struct call *after(struct sbc *sbc, struct list *node)
{
	return node->next == &sbc->calls ? NULL
					 : container_of(node->next, struct call, in_order);
}

static void stand_on(struct call_cursor *cursor, struct sbc *sbc, struct call *call)
{
	list_remove(&cursor->node);
	cursor->next = call && call->number <= cursor->last ? call : NULL;
	if (cursor->next)
		list_append(&sbc->cursors, &cursor->node);
}

void call_cursor_start(struct call_cursor *cursor, struct sbc *sbc)
{
	list_init(&cursor->node);
	cursor->last = sbc->last_number;
	stand_on(cursor, sbc, after(sbc, &sbc->calls));
}

struct call *call_cursor_next(struct call_cursor *cursor)
{
	struct call *call = cursor->next;

	if (call)
		stand_on(cursor, call->sbc, after(call->sbc, &call->in_order));
	return call;
}

void call_cursor_stop(struct call_cursor *cursor)
{
	if (cursor->node.next)
		list_remove(&cursor->node);
	cursor->next = NULL;
}

void call_cursor_forget(struct sbc *sbc, struct call *call)
{
	list_for_each_safe (pos, &sbc->cursors) {
		struct call_cursor *cursor = container_of(pos, struct call_cursor, node);
		if (cursor->next == call)
			stand_on(cursor, sbc, after(sbc, &call->in_order));
	}
}
