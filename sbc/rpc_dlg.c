/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Kamailio's dlg.*: calls as dialogs, early and confirmed ones, in the layout of its dialog
 * module, and behind it what it has not: both legs with their verdicts. Signalling thread.
 */

#include <inttypes.h>
#include <stdio.h>

#include "sbc/rpc_dlg.h"

#define ROUTES_MAX 8192 /* bytes printed of one route set */

static uint64_t seconds(int64_t value)
{
	return value > 0 ? (uint64_t)value : 0;
}

static void put_times(struct rpc_call *call, const struct call *dialog)
{
	const struct sbc *sbc = dialog->sbc;
	int64_t now = sbc->outside.wall_s(sbc->outside.arg);
	int64_t until = dialog->end_s ? dialog->end_s : now;
	/* Once answered, nothing but silence ends it. */
	uint64_t lifetime = dialog->answer_s ? 0 : sbc->config->limits.ring_timeout_s;

	rpc_integer(call, "start_ts", seconds(dialog->answer_s));
	rpc_integer(call, "init_ts", seconds(dialog->start_s));
	rpc_integer(call, "end_ts", seconds(dialog->end_s));
	rpc_integer(call, "duration", dialog->answer_s ? seconds(until - dialog->answer_s) : 0);
	rpc_integer(call, "timeout", lifetime ? seconds(dialog->start_s) + lifetime : 0);
	rpc_integer(call, "lifetime", lifetime);
}

static void put_end(struct rpc_call *call, const char *name, const struct leg *leg)
{
	char socket[RPC_DLG_SOCKET_MAX];
	struct buf routes;

	buf_init(&routes, ROUTES_MAX);
	rpc_dlg_routes(&routes, leg);
	rpc_open_struct(call, name);
	rpc_text(call, "tag", leg->dialog.remote_tag);
	rpc_text(call, "contact", leg->dialog.remote_target);
	rpc_printf(call, "cseq", "%" PRIu32, leg->dialog.remote_cseq);
	rpc_text(call, "route_set", buf_slice(&routes));
	rpc_str(call, "socket", rpc_dlg_socket(leg, socket));
	rpc_close(call);
	buf_fini(&routes);
}

static void put_dialog(struct rpc_call *call, const struct call *dialog)
{
	struct dlg_name name = rpc_dlg_name(dialog);

	rpc_open_struct(call, NULL);
	rpc_integer(call, "h_entry", name.entry);
	rpc_integer(call, "h_id", name.id);
	rpc_integer(call, "ref", 1);
	rpc_text(call, "call-id", dialog->a->dialog.call_id);
	rpc_text(call, "from_uri", dialog->from);
	rpc_text(call, "to_uri", dialog->to);
	rpc_integer(call, "state", rpc_dlg_state(dialog));
	put_times(call, dialog);
	rpc_integer(call, "dflags", 0);
	rpc_integer(call, "sflags", 0);
	rpc_integer(call, "iflags", 0);
	put_end(call, "caller", dialog->a);
	put_end(call, "callee", dialog->b);
	rpc_open_array(call, "profiles", NULL);
	rpc_close(call);
	rpc_open_array(call, "variables", NULL);
	rpc_close(call);
	rpc_open_array(call, "legs", "leg");
	rpc_dlg_leg(call, NULL, dialog, 0);
	rpc_dlg_leg(call, NULL, dialog, 1);
	rpc_close(call);
	rpc_close(call);
}

static void put_brief(struct rpc_call *call, const struct call *dialog)
{
	struct dlg_name name = rpc_dlg_name(dialog);

	rpc_open_struct(call, NULL);
	rpc_integer(call, "h_entry", name.entry);
	rpc_integer(call, "h_id", name.id);
	rpc_text(call, "call-id", dialog->a->dialog.call_id);
	rpc_text(call, "from_uri", dialog->from);
	rpc_text(call, "to_uri", dialog->to);
	rpc_integer(call, "state", rpc_dlg_state(dialog));
	rpc_str(call, "call", dialog->name);
	rpc_close(call);
}

static enum rpc_step list(
	struct rpc_call *call, const struct dlg_choice *choice, rpc_dlg_put_h *put)
{
	enum rpc_step step;

	if (!call->progress.step)
		rpc_open_array(call, NULL, "dialog");
	step = rpc_dlg_walk(call, choice, put);
	if (step == RPC_DONE)
		rpc_close(call);
	return step;
}

/* A page of it, or all. False: not numbers. */
static bool read_page(const struct rpc_call *call, struct dlg_choice *choice)
{
	*choice = (struct dlg_choice){0};
	if (!call->request.param_count)
		return true;
	return rpc_param_number(call, 0, "index", &choice->skip) &&
	       rpc_param_number(call, 1, "count", &choice->count) && choice->count;
}

static enum rpc_step dlg_list(struct rpc_call *call)
{
	struct dlg_choice choice;

	return read_page(call, &choice) ? list(call, &choice, put_dialog)
					: rpc_fault(call, 400, "INDEX and COUNT are numbers");
}

static enum rpc_step dlg_briefing(struct rpc_call *call)
{
	struct dlg_choice choice;

	return read_page(call, &choice) ? list(call, &choice, put_brief)
					: rpc_fault(call, 400, "INDEX and COUNT are numbers");
}

static enum rpc_step dlg_dlg_list(struct rpc_call *call)
{
	struct dlg_choice choice = {.call_id = rpc_param(call, 0, "callid"),
		.from_tag = rpc_param(call, 1, "fromtag")};

	if (!choice.call_id.len)
		return rpc_fault(call, 400, "Call-ID is missing");
	return list(call, &choice, put_dialog);
}

/* Each state's legs are counted as they change: nothing is walked. */
static enum rpc_step dlg_stats_active(struct rpc_call *call)
{
	const uint64_t *states = call->world->sbc->leg_states[0];
	uint64_t starting = states[LEG_NEW] + states[LEG_PROCEEDING];

	rpc_open_struct(call, NULL);
	rpc_integer(call, "starting", starting);
	rpc_integer(call, "connecting", states[LEG_EARLY]);
	rpc_integer(call, "answering", states[LEG_ACCEPTED]);
	rpc_integer(call, "ongoing", states[LEG_CONFIRMED]);
	rpc_integer(call, "all",
		starting + states[LEG_EARLY] + states[LEG_ACCEPTED] + states[LEG_CONFIRMED]);
	rpc_close(call);
	return RPC_DONE;
}

static enum rpc_step dlg_end_dlg(struct rpc_call *call)
{
	struct dlg_name name;

	if (!rpc_param_number(call, 0, "h_entry", &name.entry) ||
		!rpc_param_number(call, 1, "h_id", &name.id))
		return rpc_fault(call, 400, "H_ENTRY and H_ID are numbers, as in dlg.list");
	return rpc_dlg_end(call, rpc_dlg_find(call->world->sbc, name));
}

/* Kamailio's by-name form: any leg's Call-ID with both tags. */
static bool is_leg(const struct rpc_call *call, const struct leg *leg)
{
	struct slice from = rpc_param(call, 1, "fromtag"), to = rpc_param(call, 2, "totag");
	const struct dialog *d = &leg->dialog;

	return slice_equal(rpc_param(call, 0, "callid"), d->call_id) &&
	       (!from.len || slice_equal(from, d->remote_tag) ||
		       slice_equal(from, d->local_tag)) &&
	       (!to.len || slice_equal(to, d->local_tag) || slice_equal(to, d->remote_tag));
}

static enum rpc_step dlg_terminate_dlg(struct rpc_call *call)
{
	struct rpc_progress *progress = &call->progress;
	struct call *dialog = NULL;

	if (!rpc_param(call, 0, "callid").len)
		return rpc_fault(call, 400, "Call-ID is missing");
	if (!progress->step)
		call_cursor_start(&progress->cursor, call->world->sbc);
	for (int looked = 0; looked < 512; looked++) {
		dialog = call_cursor_next(&progress->cursor);
		if (!dialog || is_leg(call, dialog->a) || is_leg(call, dialog->b))
			return rpc_dlg_end(call, dialog);
	}
	return RPC_MORE;
}

static const struct rpc_command commands[] = {
	{"dlg.list", dlg_list, RPC_READ, "[INDEX COUNT]",
		"calls, early and confirmed, with both legs' verdicts"},
	{"dlg.list_ctx", dlg_list, RPC_READ, "[INDEX COUNT]", "the same"},
	{"dlg.dlg_list", dlg_dlg_list, RPC_READ, "CALLID [FROMTAG]", "one call"},
	{"dlg.briefing", dlg_briefing, RPC_READ, "[INDEX COUNT]", "calls, in short"},
	{"dlg.stats_active", dlg_stats_active, RPC_READ, "",
		"how many calls are in which state"},
	{"dlg.end_dlg", dlg_end_dlg, RPC_WRITE, "H_ENTRY H_ID", "ends a call of dlg.list"},
	{"dlg.terminate_dlg", dlg_terminate_dlg, RPC_WRITE, "CALLID [FROMTAG [TOTAG]]",
		"ends a call by the identifiers of either leg"},
};

const struct rpc_family rpc_dlg_family = {commands, sizeof(commands) / sizeof(commands[0])};
