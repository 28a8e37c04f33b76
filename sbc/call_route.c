/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where a call goes: to one of our users' registered contact, or to the peer that a static
 * route names; then the second leg is opened and, towards a peer, signed. Signalling thread.
 */

#include "base/err.h"
#include "sbc/call_media.h"

/* Max-Forwards goes down by one and never up (RFC 7332, SIP-17). */
static int max_forwards(const struct sip_msg *msg)
{
	return msg->max_forwards < 0 ? 70 : msg->max_forwards - 1;
}

/* An address-of-record without parameters or port: what is signed must read the same to
 * everybody (CAN-7). */
static int print_aor(struct call *call, const struct sip_uri *uri, struct slice *out)
{
	struct buf text;
	int err;

	if (!uri->host.len) { /* tel: and the like stay as they are */
		*out = uri->raw;
		return 0;
	}
	buf_init(&text, SBC_TEXT_MAX);
	buf_printf(&text, "%.*s:", SLICE_ARG(uri->scheme));
	if (uri->user.len)
		buf_printf(&text, "%.*s@", SLICE_ARG(uri->user));
	buf_printf(&text, slice_find(uri->host, ':') < uri->host.len ? "[%.*s]" : "%.*s",
		SLICE_ARG(uri->host));
	err = text.err;
	if (!err) {
		*out = arena_copy(&call->arena, buf_slice(&text));
		err = out->ptr ? 0 : SBC_ENOMEM;
	}
	buf_fini(&text);
	return err;
}

static const struct config_peer *find_route(const struct sbc *sbc, struct slice domain)
{
	for (size_t i = 0; i < sbc->config->route_count; i++) {
		const struct config_route *route = &sbc->config->routes[i];
		if (slice_equal_nocase(slice_str(route->domain), domain))
			return &sbc->config->peers[route->peer_index];
	}
	return NULL;
}

static int listener_for(const struct sbc *sbc, enum transport_kind kind, unsigned *out)
{
	for (unsigned i = 0; i < sbc->listener_count; i++) {
		if (sbc->listeners[i].kind == kind) {
			*out = i;
			return 0;
		}
	}
	return SBC_ENOENT;
}

static int hop_to_peer(const struct sbc *sbc, const struct config_peer *peer, struct hop *out)
{
	*out = (struct hop){.kind = peer->transport, .addr = peer->address};
	slice_copy(slice_str(peer->domain), out->tls_name, sizeof(out->tls_name));
	return listener_for(sbc, peer->transport, &out->listener);
}

static uint16_t find_user(
	struct call *call, const struct sip_uri *target, struct leg_invite *invite, usec_t now)
{
	struct sbc *sbc = call->sbc;
	const struct config_user *user =
		config_user_find(sbc->config, target->user, target->host);
	const struct registrar_binding *binding;
	char aor[256];
	struct buf text;

	if (!user)
		return 404;
	buf_init(&text, sizeof(aor) - 1);
	buf_printf(&text, "%s@%s", user->name, user->domain);
	binding = registrar_find(sbc->registrar, buf_slice(&text), now);
	buf_fini(&text);
	if (!binding)
		return 480;
	invite->hop = binding->hop;
	call_media_set_leg(call, MEDIA_SIDE_B, user->media, &user->media_rules, &invite->hop);
	invite->request_uri = arena_copy(&call->arena, slice_str(binding->contact));
	slice_copy(slice_str(user->name), call->party[1].name, sizeof(call->party[1].name));
	return 0;
}

/* 0, or the code that refuses the call. peer: NULL for one of our users. */
static uint16_t find_target(struct call *call, struct leg_invite *invite,
	const struct config_peer **peer, usec_t now)
{
	struct sbc *sbc = call->sbc;
	const struct sip_uri *target = &call->invite->request_uri;

	*peer = NULL;
	if (!target->user.len)
		return 404;
	if (config_domain_find(sbc->config, target->host))
		return find_user(call, target, invite, now);
	/* No transit: we could neither prove nor sign for the caller (DEC-4). */
	if (call->from_peer)
		return 403;
	*peer = find_route(sbc, target->host);
	if (!*peer)
		return 404;
	if (hop_to_peer(sbc, *peer, &invite->hop) ||
		print_aor(call, target, &invite->request_uri))
		return 500;
	call_media_set_leg(
		call, MEDIA_SIDE_B, (*peer)->media, &(*peer)->media_rules, &invite->hop);
	slice_copy(slice_str((*peer)->name), call->party[1].name, sizeof(call->party[1].name));
	return 0;
}

/* Sessions for what the caller offers, and what the callee is to be offered. A refusal's
 * code; 0: ready. */
static uint16_t make_media(struct call *call)
{
	const char *why;

	if (call_media_prepare(call, &why)) {
		log_event(call->sbc->log, LOG_WARN, "sbc", "call.media_refused",
			"call=%s to=\"%s\" why=\"%s\"", call->name, call->party[1].name, why);
		return 488;
	}
	return media_link_open(call->sbc, &call->media, call->number) ? 503 : 0;
}

int call_route(struct call *call, struct reply *refusal, usec_t now)
{
	struct sbc *sbc = call->sbc;
	struct fingerprint_set own = {0};
	struct sign_job job = {.sbc = sbc, .fingerprints = &own};
	struct leg_invite invite = {.max_forwards = max_forwards(call->invite), .arg = &job};
	struct buf body;
	int err;

	refusal->code = find_target(call, &invite, &job.peer, now);
	if (!refusal->code)
		refusal->code = make_media(call);
	if (refusal->code)
		return SBC_ENOENT;
	call_media_own_fingerprints(call, &own);
	if (job.peer)
		invite.sign = policy_link_sign;
	refusal->code = 500;
	buf_init(&body, SBC_TEXT_MAX);
	err = print_aor(call, &call->invite->from.uri, &invite.local_uri);
	err = err ? err : print_aor(call, &call->invite->to.uri, &invite.remote_uri);
	err = err ? err : call_media_print_offer(call, &body);
	invite.body = buf_slice(&body);
	err = err ? err : leg_uac_start(&call->b, &invite, now);
	buf_fini_secret(&body);
	call->party[1].transport = invite.hop.kind;
	if (job.is_signed)
		call->party[1].identity_outcome = "signed";
	if (err)
		log_event(sbc->log, LOG_WARN, "sbc", "call.unsent", "call=%s to=\"%s\" err=%s",
			call->name, call->party[1].name, err_name(err));
	return err;
}
