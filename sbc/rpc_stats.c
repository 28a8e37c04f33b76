/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands that print statistics, in the forms of Kamailio and OpenSIPS. Signalling thread. */

#include "sbc/rpc_stats.h"

#include <inttypes.h>
#include <stdio.h>

/* "all"; "dialog:" for a group; "active_dialogs", "dialog:active_dialogs" or
 * "dialog.active_dialogs" for one. */
static bool is_meant(const char *stat_group, const char *stat_name, struct slice words)
{
	struct slice group = words, name;
	size_t cut = 0;

	if (slice_equal(words, SLICE("all")))
		return true;
	while (cut < words.len && words.ptr[cut] != ':' && words.ptr[cut] != '.')
		cut++;
	if (cut == words.len)
		return slice_equal(words, slice_str(stat_name));
	group = slice_head(words, cut);
	name = slice_from(words, cut + 1);
	return slice_equal(group, slice_str(stat_group)) &&
	       (!name.len || slice_equal(name, slice_str(stat_name)));
}

static bool is_asked_for(const struct rpc_call *call, const char *group, const char *name)
{
	const struct rpc_request *request = &call->request;

	for (size_t i = 0; i < request->param_count; i++)
		if (is_meant(group, name, request->params[i].text))
			return true;
	return !request->param_count;
}

typedef void(put_h)(struct rpc_call *call, const char *group, const char *name, uint64_t value);

struct asking {
	struct rpc_call *call;
	put_h *put;
	bool has_any;
};

static void put_one(const char *group, const char *name, uint64_t value, void *arg)
{
	struct asking *asking = arg;

	if (!is_asked_for(asking->call, group, name))
		return;
	asking->put(asking->call, group, name, value);
	asking->has_any = true;
}

/* Each asked-for row once, in the order of the table. False: there was none. */
static bool put_asked(struct rpc_call *call, put_h *put)
{
	struct asking asking = {.call = call, .put = put};

	rpc_stats_visit(call->world, put_one, &asking);
	return asking.has_any;
}

/* ---- commands ---- */

static void put_line(struct rpc_call *call, const char *group, const char *name, uint64_t value)
{
	rpc_printf(call, NULL, "%s:%s = %" PRIu64, group, name, value);
}

static enum rpc_step get_statistics(struct rpc_call *call)
{
	rpc_open_array(call, NULL, "statistic");
	put_asked(call, put_line);
	rpc_close(call);
	return RPC_DONE;
}

static void put_dotted(
	struct rpc_call *call, const char *group, const char *name, uint64_t value)
{
	char whole[96], text[24];

	snprintf(whole, sizeof(whole), "%s.%s", group, name);
	snprintf(text, sizeof(text), "%" PRIu64, value);
	rpc_str(call, whole, text);
}

static void put_dotted_number(
	struct rpc_call *call, const char *group, const char *name, uint64_t value)
{
	char whole[96];

	snprintf(whole, sizeof(whole), "%s.%s", group, name);
	rpc_integer(call, whole, value);
}

static enum rpc_step fetch(struct rpc_call *call)
{
	rpc_open_struct(call, NULL);
	put_asked(call, put_dotted);
	rpc_close(call);
	return RPC_DONE;
}

static enum rpc_step fetchn(struct rpc_call *call)
{
	rpc_open_struct(call, NULL);
	put_asked(call, put_dotted_number);
	rpc_close(call);
	return RPC_DONE;
}

static void put_mi(struct rpc_call *call, const char *group, const char *name, uint64_t value)
{
	char whole[96];

	snprintf(whole, sizeof(whole), "%s:%s", group, name);
	rpc_integer(call, whole, value);
}

static enum rpc_step mi_get_statistics(struct rpc_call *call)
{
	bool has_any;

	if (!call->request.param_count)
		return rpc_fault(call, 400, "Too few parameters");
	rpc_open_struct(call, NULL);
	has_any = put_asked(call, put_mi);
	rpc_close(call);
	return has_any ? RPC_DONE : rpc_fault(call, 404, "Statistics Not Found");
}

static const struct rpc_command commands[] = {
	{"stats.get_statistics", get_statistics, RPC_READ, "[all | GROUP: | NAME]...",
		"statistics as lines \"group:name = value\""},
	{"stats.fetch", fetch, RPC_READ, "[all | GROUP: | NAME]...",
		"statistics as members \"group.name\", values as text"},
	{"stats.fetchn", fetchn, RPC_READ, "[all | GROUP: | NAME]...", "the same, numbers"},
	{"get_statistics", mi_get_statistics, RPC_READ, "all | GROUP: | NAME...",
		"statistics as members \"group:name\""},
};

const struct rpc_family rpc_stats_family = {commands, sizeof(commands) / sizeof(commands[0])};
