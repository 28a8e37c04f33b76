/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * OpenSIPS MI's dlg_list and dlg_end_dlg, in the layout that its web panel reads: a record
 * "dialog" for each call, its callee within CALLEES. Signalling thread.
 */

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "sbc/rpc_dlg.h"

#define ROUTES_MAX 8192 /* bytes printed of one route set */

static void put_date(
	struct rpc_call *call, const char *number, const char *text, int64_t seconds)
{
	time_t t = (time_t)seconds;
	char date[32] = "";
	struct tm tm;

	if (localtime_r(&t, &tm))
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &tm);
	rpc_integer(call, number, seconds > 0 ? (uint64_t)seconds : 0);
	rpc_str(call, text, seconds > 0 ? date : "");
}

static void put_routes(struct rpc_call *call, const char *name, const struct leg *leg)
{
	struct buf routes;

	buf_init(&routes, ROUTES_MAX);
	rpc_dlg_routes(&routes, leg);
	rpc_text(call, name, buf_slice(&routes));
	buf_fini(&routes);
}

static void put_callee(struct rpc_call *call, const struct leg *leg, uint32_t caller_cseq)
{
	char socket[RPC_DLG_SOCKET_MAX];

	rpc_open_struct(call, "CALLEES");
	rpc_open_struct(call, "callee");
	rpc_text(call, "callee_tag", leg->dialog.remote_tag);
	rpc_text(call, "callee_contact", leg->dialog.remote_target);
	rpc_printf(call, "caller_cseq", "%" PRIu32, caller_cseq);
	put_routes(call, "callee_route_set", leg);
	rpc_str(call, "callee_bind_addr", rpc_dlg_socket(leg, socket));
	rpc_close(call);
	rpc_close(call);
}

static void put_dialog(struct rpc_call *call, const struct call *dialog)
{
	const struct sbc *sbc = dialog->sbc;
	const struct leg *a = dialog->a, *b = dialog->b;
	struct dlg_name name = rpc_dlg_name(dialog);
	int64_t timeout =
		dialog->answer_s ? 0 : dialog->start_s + sbc->config->limits.ring_timeout_s;
	char socket[RPC_DLG_SOCKET_MAX];

	rpc_open_struct(call, NULL);
	rpc_attribute(call, "hash", "%" PRIu64 ":%" PRIu64, name.entry, name.id);
	rpc_attribute(call, "dialog_id", "%" PRIu64, dialog->number);
	rpc_integer(call, "state", rpc_dlg_state(dialog));
	rpc_integer(call, "user_flags", 0);
	put_date(call, "timestart", "datestart", dialog->answer_s);
	put_date(call, "timeout", "dateout", timeout);
	rpc_text(call, "callid", a->dialog.call_id);
	rpc_text(call, "from_uri", dialog->from);
	rpc_text(call, "to_uri", dialog->to);
	rpc_text(call, "caller_tag", a->dialog.remote_tag);
	rpc_text(call, "caller_contact", a->dialog.remote_target);
	rpc_printf(call, "callee_cseq", "%" PRIu32, b->dialog.remote_cseq);
	put_routes(call, "caller_route_set", a);
	rpc_str(call, "caller_bind_addr", rpc_dlg_socket(a, socket));
	put_callee(call, b, a->dialog.remote_cseq);
	rpc_dlg_leg(call, "caller_leg", dialog, 0);
	rpc_dlg_leg(call, "callee_leg", dialog, 1);
	rpc_close(call);
}

/* "INDEX COUNT" is a page, "CALLID [FROMTAG]" one call: as OpenSIPS tells them apart. */
static bool read_choice(const struct rpc_call *call, struct dlg_choice *choice)
{
	*choice = (struct dlg_choice){0};
	if (rpc_param_number(call, 0, "index", &choice->skip) &&
		rpc_param_number(call, 1, "counter", &choice->count))
		return true;
	choice->skip = choice->count = 0;
	choice->call_id = rpc_param(call, 0, "callid");
	choice->from_tag = rpc_param(call, 1, "from_tag");
	return call->request.param_count <= 2;
}

static enum rpc_step dlg_list(struct rpc_call *call)
{
	const uint64_t *states = call->world->sbc->leg_states[0];
	struct dlg_choice choice;
	enum rpc_step step;

	if (!read_choice(call, &choice))
		return rpc_fault(call, 400, "Bad parameter");
	if (!call->progress.step) {
		rpc_open_struct(call, NULL);
		if (choice.count)
			rpc_integer(call, "dlg_counter",
				states[LEG_NEW] + states[LEG_PROCEEDING] + states[LEG_EARLY] +
					states[LEG_ACCEPTED] + states[LEG_CONFIRMED]);
		rpc_open_array(call, "Dialogs", "dialog");
	}
	step = rpc_dlg_walk(call, &choice, put_dialog);
	if (step != RPC_DONE)
		return step;
	if (choice.call_id.len && !call->progress.count)
		return rpc_fault(call, 404, "No such dialog");
	rpc_close(call);
	rpc_close(call);
	return RPC_DONE;
}

/* OpenSIPS 1: the two numbers of hash=; 2 and 3: dialog_id. */
static enum rpc_step dlg_end_dlg(struct rpc_call *call)
{
	struct sbc *sbc = call->world->sbc;
	struct dlg_name name;
	uint64_t number;

	if (rpc_param_number(call, 0, "h_entry", &name.entry) &&
		rpc_param_number(call, 1, "h_id", &name.id))
		return rpc_dlg_end(call, rpc_dlg_find(sbc, name));
	if (rpc_param_number(call, 0, "dialog_id", &number))
		return rpc_dlg_end(call, call_find(sbc, number));
	return rpc_fault(call, 400, "Bad parameter");
}

static const struct rpc_command commands[] = {
	{"dlg_list", dlg_list, RPC_READ, "[INDEX COUNT | CALLID [FROMTAG]]",
		"calls, early and confirmed, with both legs' verdicts"},
	{"dlg_list_ctx", dlg_list, RPC_READ, "[INDEX COUNT | CALLID [FROMTAG]]", "the same"},
	{"dlg_end_dlg", dlg_end_dlg, RPC_WRITE, "H_ENTRY H_ID | DIALOG_ID",
		"ends a call of dlg_list"},
};

const struct rpc_family rpc_dlg_mi_family = {commands, sizeof(commands) / sizeof(commands[0])};
