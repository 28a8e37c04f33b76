/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the dialog commands of both families share. Signalling thread. */

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"
#include "sbc/rpc_dlg.h"

#define WALK_STEP  32  /* calls written before the loop goes on: well below 1 ms */
#define LOOK_STEP  512 /* calls only looked at */
#define ENTRY_BITS 12  /* as many hash entries as both servers have by default: 4096 */
#define END_REASON "SIP;cause=200;text=\"ended by an operator\""
#define END_CODE   480 /* towards a caller who was not answered yet */

struct dlg_name rpc_dlg_name(const struct call *call)
{
	return (struct dlg_name){.entry = call->number & ((1u << ENTRY_BITS) - 1),
		.id = call->number >> ENTRY_BITS};
}

struct call *rpc_dlg_find(struct sbc *sbc, struct dlg_name name)
{
	if (name.entry >> ENTRY_BITS || name.id > UINT64_MAX >> ENTRY_BITS)
		return NULL;
	return call_find(sbc, name.id << ENTRY_BITS | name.entry);
}

unsigned rpc_dlg_state(const struct call *call)
{
	switch (call->a->state) {
	case LEG_NEW:
	case LEG_PROCEEDING:
		return 1;
	case LEG_EARLY:
		return 2;
	case LEG_ACCEPTED:
		return 3;
	case LEG_CONFIRMED:
		return 4;
	case LEG_CANCELLING:
	case LEG_TERMINATING:
	case LEG_TERMINATED:
		break;
	}
	return 5;
}

static bool is_chosen(const struct dlg_choice *choice, const struct call *call)
{
	return (!choice->call_id.len ||
		       slice_equal(choice->call_id, call->a->dialog.call_id)) &&
	       (!choice->from_tag.len ||
		       slice_equal(choice->from_tag, call->a->dialog.remote_tag));
}

enum rpc_step rpc_dlg_walk(
	struct rpc_call *call, const struct dlg_choice *choice, rpc_dlg_put_h *put)
{
	struct rpc_progress *progress = &call->progress;
	unsigned written = 0;

	if (!progress->step)
		call_cursor_start(&progress->cursor, call->world->sbc);
	for (unsigned looked = 0; looked < LOOK_STEP && written < WALK_STEP; looked++) {
		struct call *dialog = call_cursor_next(&progress->cursor);
		if (!dialog || (choice->count && progress->count == choice->count))
			return RPC_DONE;
		if (dialog->state == CALL_ENDED || !is_chosen(choice, dialog))
			continue;
		if (progress->skip++ < choice->skip)
			continue;
		put(call, dialog);
		progress->count++;
		written++;
	}
	return RPC_MORE;
}

const char *rpc_dlg_socket(const struct leg *leg, char *out)
{
	unsigned listener = leg->request ? leg->source.listener : leg->hop.listener;
	const struct listener_slot *slot;
	char text[NETADDR_TEXT_MAX];
	size_t len;

	out[0] = '\0';
	if (listener >= leg->sbc->listeners.count)
		return out;
	slot = &leg->sbc->listeners.items[listener];
	len = (size_t)snprintf(out, RPC_DLG_SOCKET_MAX, "%s:%s",
		transport_kind_name(slot->kind), netaddr_print(&slot->address, text));
	for (size_t i = 0; i < len && out[i] != ':'; i++)
		out[i] = (char)tolower((unsigned char)out[i]);
	return out;
}

int rpc_dlg_routes(struct buf *out, const struct leg *leg)
{
	struct slice lines = leg->dialog.routes;

	while (lines.len) {
		struct slice value = slice_cut(&lines, '\n');
		slice_cut(&value, ':');
		if (out->len)
			buf_put_char(out, ',');
		buf_put_slice(out, slice_trim(value));
	}
	return out->err;
}

static void put_identity(struct rpc_call *call, const struct call_party *party)
{
	const struct identity_verdict *verdict = call_party_verdict(party);

	rpc_open_struct(call, "identity");
	rpc_str(call, "outcome", party->identity_outcome);
	rpc_str(call, "mechanism",
		verdict->mechanism == IDENTITY_NONE
			? ""
			: identity_mechanism_name(verdict->mechanism));
	rpc_str(call, "identity", verdict->identity);
	rpc_str(call, "domain", verdict->domain);
	rpc_str(call, "url", verdict->url);
	rpc_str(call, "subject", verdict->subject);
	rpc_integer(
		call, "signed_s", verdict->signed_at > 0 ? (uint64_t)verdict->signed_at : 0);
	rpc_str(call, "why", verdict->why);
	rpc_integer(call, "code", verdict->code > 0 ? (uint64_t)verdict->code : 0);
	rpc_close(call);
}

void rpc_dlg_leg(struct rpc_call *call, const char *name, const struct call *dialog, int i)
{
	const struct leg *leg = i ? dialog->b : dialog->a;
	const struct call_party *party = &dialog->party[i];
	const struct call_stream *stream = media_link_first(&dialog->media);
	const struct media_security *security = &stream->security[i];

	rpc_open_struct(call, name);
	rpc_text(call, "leg", slice_of(&leg->name, 1));
	rpc_str(call, "call", dialog->name);
	rpc_text(call, "call_id", leg->dialog.call_id);
	rpc_str(call, "state", leg_state_name(leg->state));
	rpc_str(call, "peer", party->name);
	rpc_str(call, "transport", transport_kind_name(party->transport));
	put_identity(call, party);
	rpc_integer(call, "secured", media_link_is_secured(&dialog->media, (enum media_side)i));
	rpc_str(call, "keying", media_link_keying_name(&stream->keying[i]));
	rpc_str(call, "dtls", security->dtls_version);
	rpc_str(call, "cipher_suite", security->cipher_suite);
	rpc_str(call, "srtp_profile", security->srtp_profile);
	rpc_close(call);
}

enum rpc_step rpc_dlg_end(struct rpc_call *call, struct call *dialog)
{
	if (!dialog)
		return rpc_fault(call, 404, "Dialog not found");
	if (dialog->state == CALL_ENDING || dialog->state == CALL_ENDED)
		return rpc_fault(call, 500, "Dialog is ending already");
	call_end(dialog, CALL_ENDER_US, END_CODE, END_REASON, call->world->now());
	/* Kamailio answers with an empty struct, MI with nothing but 200 OK. */
	rpc_open_struct(call, NULL);
	rpc_close(call);
	return RPC_DONE;
}
