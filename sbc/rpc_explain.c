/* SPDX-License-Identifier: GPL-3.0-or-later */
/* call.explain: everything that is known about one call, live or lately over. Signalling
 * thread. */

#include <stdio.h>

#include "base/err.h"
#include "sbc/history.h"
#include "sbc/rpc_dlg.h"

static const char *const kind_names[] = {"message", "leg", "event", "record"};

static void put_time(struct rpc_call *call, int64_t time_us)
{
	rpc_printf(call, "time", "%lld.%06lld", (long long)(time_us / USEC_PER_SEC),
		(long long)(time_us % USEC_PER_SEC));
}

static void put_message(struct rpc_call *call, const struct history_entry *entry)
{
	char peer[NETADDR_TEXT_MAX];

	rpc_str(call, "direction", entry->is_incoming ? "in" : "out");
	rpc_str(call, "transport", transport_kind_name(entry->transport));
	rpc_text(call, "local", entry->local);
	rpc_str(call, "peer", netaddr_print(&entry->peer, peer));
	rpc_integer(call, "is_cut", entry->is_cut);
}

static void put_entry(struct rpc_call *call, const struct history_entry *entry)
{
	rpc_open_struct(call, NULL);
	put_time(call, entry->time_us);
	rpc_str(call, "kind", kind_names[entry->kind]);
	rpc_text(call, "leg", slice_of(&entry->leg, entry->leg != '\0'));
	if (entry->kind == HISTORY_MESSAGE)
		put_message(call, entry);
	rpc_text(call, "text", entry->text);
	rpc_close(call);
}

/* The record as it stands, of a call that goes on. */
static void put_live(struct rpc_call *call, const struct call *live)
{
	struct buf json;

	buf_init(&json, CALL_RECORD_MAX);
	call_record_print(live, &json);
	if (!json.err)
		rpc_text(call, "record", buf_slice(&json));
	buf_fini(&json);
}

static enum rpc_step put_all(
	struct rpc_call *call, struct history_walk *walk, const struct call *live)
{
	const struct history *history = call->world->history;
	uint64_t skip = 0, count = UINT64_MAX;
	struct history_entry entry;
	char name[32];

	if (rpc_param(call, 1, "index").ptr &&
		!(rpc_param_number(call, 1, "index", &skip) &&
			rpc_param_number(call, 2, "count", &count)))
		return rpc_fault(call, 400, "INDEX and COUNT are numbers");
	snprintf(name, sizeof(name), "c%llu", (unsigned long long)walk->number);
	rpc_open_struct(call, NULL);
	rpc_str(call, "call", walk->number ? name : "");
	rpc_str(call, "state", live ? "live" : "over");
	rpc_integer(call, "is_begin_lost", !walk->has_begin);
	if (live)
		put_live(call, live);
	rpc_open_array(call, "entries", "entry");
	for (uint64_t i = 0; i < skip + count && history_next(history, walk, &entry); i++)
		if (i >= skip)
			put_entry(call, &entry);
	rpc_close(call);
	rpc_close(call);
	return RPC_DONE;
}

/* The media loop tells its numbers first; a loop that is silent does not keep the rest. */
static enum rpc_step call_explain(struct rpc_call *call)
{
	struct rpc_progress *progress = &call->progress;
	struct slice name = rpc_param(call, 0, "call");
	struct history_walk walk;
	const struct call *live;
	char again[32];

	if (!call->world->history)
		return rpc_fault(call, 404, "No history is kept: set history_kib");
	if (progress->skip) { /* that one, though a newer one may fit the question by now */
		snprintf(again, sizeof(again), "c%llu", (unsigned long long)progress->skip);
		name = slice_str(again);
	}
	if (!history_find(call->world->history, name, &walk))
		return rpc_fault(call, 404,
			progress->skip ? "It was overwritten just now"
				       : "Nothing is known about such a call (any more)");
	progress->skip = walk.number;
	live = walk.number ? call_find(call->world->sbc, walk.number) : NULL;
	if (live && rpc_media_ask(call, live, NULL) == RPC_WAIT)
		return RPC_WAIT;
	return put_all(call, &walk, live);
}

static const struct rpc_command commands[] = {
	{"call.explain", call_explain, RPC_READ, "CALL [INDEX COUNT]",
		"all about one call (c17, a Call-ID, or the last one of a user or number), "
		"also "
		"when it is over: messages, decisions, record"},
};

const struct rpc_family rpc_explain_family = {commands, sizeof(commands) / sizeof(commands[0])};
