/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where a call goes: to one of our users' registered contact, or to the peers that a route
 * names, one after the other; then the second leg is opened and, towards a peer, signed.
 * Signalling thread.
 */

#include "base/err.h"
#include "sbc/call.h"
#include "sbc/peer_link.h"
#include "sbc/verstat.h"

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

	buf_init(&text, SBC_TEXT_MAX);
	if (!uri->host.len) { /* tel: and the like stay as they are */
		verstat_strip(&text, uri->raw);
	} else {
		buf_printf(&text, "%.*s:", SLICE_ARG(uri->scheme));
		verstat_strip(&text, uri->user);
		buf_put_str(&text, uri->user.len ? "@" : "");
		buf_printf(&text,
			slice_find(uri->host, ':') < uri->host.len ? "[%.*s]" : "%.*s",
			SLICE_ARG(uri->host));
	}
	err = text.err;
	if (!err) {
		*out = arena_copy(&call->arena, buf_slice(&text));
		err = out->ptr ? 0 : SBC_ENOMEM;
	}
	buf_fini(&text);
	return err;
}

static uint16_t find_user(
	struct call *call, const struct sip_uri *target, struct leg_invite *invite, usec_t now)
{
	struct sbc *sbc = call->sbc;
	const struct config_user *user =
		config_user_find(call->config, target->user, target->host);
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
	invite->request_uri = arena_copy(&call->arena, slice_str(binding->contact));
	slice_copy(slice_str(user->name), call->party[1].name, sizeof(call->party[1].name));
	return 0;
}

/* What the caller and the called are, before anything is decided by them. */
static int rewrite(struct call *call)
{
	struct route_rewrite question = {.config = call->config,
		.from = call->from_peer,
		.uri = &call->invite->request_uri};
	int err;

	call->called = call->invite->request_uri;
	call->caller = call->invite->from.uri;
	err = route_rewrite(&question, &call->arena, &call->called);
	question.uri = &call->invite->from.uri;
	question.is_caller = true;
	if (!err || err == SBC_ENOENT)
		err = route_rewrite(&question, &call->arena, &call->caller);
	return err == SBC_ENOENT ? 0 : err;
}

/* A number dialled at our domain is asked for at the peer's. */
static void move_to_peer(
	const struct call *call, const struct config_peer *peer, struct sip_uri *uri)
{
	if (!peer || peer->authenticates || !config_domain_find(call->config, uri->host))
		return;
	uri->host = slice_str(peer->domain);
	uri->port = 0;
}

static bool is_same_aor(const struct sip_uri *a, const struct sip_uri *b)
{
	return slice_equal(a->user, b->user) && slice_equal_nocase(a->host, b->host);
}

/* To names whom the caller wanted; rewritten as the Request-URI is where both said so. */
static int print_parties(
	struct call *call, const struct config_peer *peer, struct leg_invite *invite)
{
	const struct sip_msg *msg = call->invite;
	struct sip_uri to =
		is_same_aor(&msg->to.uri, &msg->request_uri) ? call->called : msg->to.uri;
	int err;

	move_to_peer(call, peer, &to);
	err = print_aor(call, &call->caller, &invite->local_uri);
	return err ? err : print_aor(call, &to, &invite->remote_uri);
}

/* Where our configuration leads: 0, or the code that refuses the call. */
static uint16_t find_targets(struct call *call)
{
	struct route_question question = {.user = call->called.user,
		.domain = call->called.host,
		.from = call->from_peer};
	const struct config_route *route = route_find(call->config, &question);

	if (!route)
		return 404;
	route_order(call->config, route, &call->sbc->random, &call->targets);
	return 0;
}

/* We cannot sign for another domain's caller, nor for one who was not proved, so nobody who
 * wants that gets the call (DEC-4). */
static bool can_be_signed(const struct call *call, const struct config_peer *peer)
{
	return (!peer->sign_8224 && !peer->sign_4474) ||
	       (call->proof != PROOF_NONE &&
		       config_domain_find(call->config, call->caller.host));
}

/* 0, or why this one cannot be tried. */
static uint16_t try_target(struct call *call, struct leg_invite *invite,
	const struct config_peer *peer, usec_t now)
{
	struct peer_entry *entry = peer_table_find(call->sbc->peers, peer);
	struct sip_uri uri = call->called;

	if (peer == call->from_peer)
		return 403; /* it would hear its own call */
	if (!can_be_signed(call, peer))
		return 403;
	move_to_peer(call, peer, &uri);
	if (!entry || !peer_entry_is_usable(entry) ||
		sbc_hop_to_peer(call->sbc, peer, &invite->hop))
		return 503;
	if (print_aor(call, &uri, &invite->request_uri))
		return 500;
	if (!peer_entry_begin_call(entry, peer, now))
		return 503;
	if (call->entries[1])
		peer_entry_end_call(call->entries[1]);
	call->entries[1] = entry;
	slice_copy(slice_str(peer->name), call->party[1].name, sizeof(call->party[1].name));
	return 0;
}

/* The next target that can be tried. */
static uint16_t take_target(struct call *call, struct leg_invite *invite,
	const struct config_peer **out, usec_t now)
{
	uint16_t code = 503;

	while (code && call->target_next < call->targets.count) {
		*out = call->targets.peers[call->target_next++];
		code = try_target(call, invite, *out, now);
	}
	return code;
}

/* 0, or the code that refuses the call. peer: NULL for one of our users. */
static uint16_t find_target(struct call *call, struct leg_invite *invite,
	const struct config_peer **peer, usec_t now)
{
	uint16_t code;

	*peer = NULL;
	if (call->targets.count)
		return take_target(call, invite, peer, now);
	if (rewrite(call))
		return 500;
	if (!call->called.user.len)
		return 404;
	if (config_user_find(call->config, call->called.user, call->called.host))
		return find_user(call, &call->called, invite, now);
	code = find_targets(call);
	return code ? code : take_target(call, invite, peer, now);
}

static int print_offer(struct call *call, struct buf *body)
{
	struct sdp_print print = {
		.session_id = call->sdp_session[1],
		.version = 1,
		.address = call->media.local[MEDIA_SIDE_B],
		.codecs = call->offer,
		.active = call->offer_index,
		.fingerprint = media_link_fingerprint(call->sbc),
		.setup = SDP_SETUP_ACTPASS,
		.rtcp_mux = true,
		.proto = call->offer->media[call->offer_index].proto,
	};

	return sdp_print(body, &print);
}

/* What is known of the caller, for whoever signs. */
static void fill_job(const struct call *call, struct sign_job *job)
{
	const struct identity_verdict *verdict = &call->party[MEDIA_SIDE_A].verdict;

	job->proof = call->proof;
	job->may_use_identity =
		call->proof == PROOF_USER ||
		(call->proof == PROOF_PEER &&
			config_user_find(call->config, call->caller.user, call->caller.host));
	job->origin = slice_str(call->party[MEDIA_SIDE_A].name);
	job->received_attest = verdict->attest;
	job->origid = slice_str(verdict->origid);
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
	if (refusal->code == 503) /* a limit, or nobody is there just now */
		buf_put_str(&call->a.cross, "Retry-After: 5\r\n");
	if (refusal->code)
		return SBC_ENOENT;
	refusal->code = 503;
	err = media_link_open(sbc, &call->media, call->number);
	if (err)
		return err;
	fingerprint_set_add(&own, media_link_fingerprint(sbc));
	if (job.peer)
		invite.sign = policy_link_sign;
	fill_job(call, &job);
	job.called_uri = invite.request_uri;
	refusal->code = 500;
	buf_init(&body, SBC_TEXT_MAX);
	err = print_parties(call, job.peer, &invite);
	err = err ? err : print_offer(call, &body);
	call->to_peer = job.peer;
	err = err ? err : call_cross_invite(call, invite.local_uri);
	invite.body = buf_slice(&body);
	err = err ? err : leg_uac_start(&call->b, &invite, now);
	buf_fini(&body);
	call->party[1].transport = invite.hop.kind;
	if (job.is_signed)
		call->party[1].identity_outcome = "signed";
	if (err)
		log_event(sbc->log, LOG_WARN, "sbc", "call.unsent", "call=%s to=\"%s\" err=%s",
			call->name, call->party[1].name, err_name(err));
	return err;
}
