/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where a call goes: to one of our users' registered contact, or to the peers that a route
 * names; then the second leg is opened and, towards a peer, signed. With several
 * targets, the next one is called when one fails, with media of its own: new ports and new
 * associations (RFC 3261 section 16.7 step 4, seen from a B2BUA). Signalling thread.
 */

#include "base/err.h"
#include "sbc/call.h"
#include "sbc/peer_link.h"
#include "sbc/register_relay.h"
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

static struct call_target *add_target(struct call *call)
{
	struct call_targets *targets = &call->targets;
	struct call_target *target = targets->count < CALL_TARGET_MAX
					     ? arena_alloc(&call->arena, sizeof(*target))
					     : NULL;

	if (target)
		targets->items[targets->count++] = target;
	return target;
}

/* Each contact of the user's: when nobody is at the newest any more, the one before it. */
static uint16_t find_user(struct call *call, const struct sip_uri *to, usec_t now)
{
	struct sbc *sbc = call->sbc;
	const struct config_user *user = config_user_find(call->config, to->user, to->host);
	const struct registrar_binding *binding;
	struct call_target *target;
	char aor[256];
	struct buf text;

	if (!user)
		return 404;
	buf_init(&text, sizeof(aor) - 1);
	buf_printf(&text, "%s@%s", user->name, user->domain);
	for (size_t i = 0; (binding = registrar_find(sbc->registrar, buf_slice(&text), now, i));
		i++) {
		target = add_target(call);
		if (!target)
			break;
		*target = (struct call_target){.hop = binding->hop,
			.request_uri = arena_copy(&call->arena, slice_str(binding->contact)),
			.routes = arena_copy(&call->arena, registrar_path(binding)),
			.user = user,
			.name = slice_str(user->name)};
	}
	buf_fini(&text);
	return call->targets.count ? 0 : 480;
}

/* What the caller and the called are, before anything is decided by them. */
static int rewrite(struct call *call)
{
	struct route_rewrite question = {.config = call->config,
		.from = call->party[MEDIA_SIDE_A].peer,
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

/* We cannot sign for another domain's caller, nor for one who was not proved, so nobody who
 * wants that gets the call (DEC-4). */
static bool can_be_signed(const struct call *call, const struct config_peer *peer)
{
	return (!peer->sign_8224 && !peer->sign_4474) ||
	       (call->proof != PROOF_NONE &&
		       config_domain_find(call->config, call->caller.host));
}

/* Each address of a peer is a target of its own (RFC 3263 section 4.3). 0, or why it cannot
 * be called. */
static uint16_t add_peer(struct call *call, const struct config_peer *peer)
{
	const struct peer_entry *entry = peer_table_find(call->sbc->peers, peer);
	struct call_target target = {.peer = peer, .name = slice_str(peer->name)};
	struct sip_uri uri = call->called;
	const struct registrar_binding *binding;
	struct call_target *place;

	if (peer == call->party[MEDIA_SIDE_A].peer)
		return 403; /* it would hear its own call */
	if (!can_be_signed(call, peer))
		return 403;
	if (!entry || !peer_entry_is_usable(entry))
		return 503;
	move_to_peer(call, peer, &uri);
	if (print_aor(call, &uri, &target.request_uri))
		return 500;
	for (size_t i = 0; !sbc_hop_to_peer_at(call->sbc, peer, i, &target.hop); i++) {
		place = add_target(call);
		if (!place)
			break;
		*place = target;
		binding = sbc_peer_binding(call->sbc, peer, i);
		if (binding)
			place->routes = arena_copy(&call->arena, registrar_path(binding));
	}
	return call->targets.count ? 0 : 503;
}

static bool is_resting(const struct call *call, const struct config_peer *peer, usec_t now)
{
	const struct peer_entry *entry = peer_table_find(call->sbc->peers, peer);

	return entry && now < entry->rest_until;
}

/* Where our configuration leads. Who asked to be left alone for a while comes last (RFC 3261
 * section 21.5.4): not never, since nobody proves that it was the peer itself that is full. */
static uint16_t find_peers(struct call *call, usec_t now)
{
	struct route_question question = {.user = call->called.user,
		.domain = call->called.host,
		.from = call->party[MEDIA_SIDE_A].peer};
	const struct config_route *route = route_find(call->config, &question);
	struct route_targets ordered;
	uint16_t code = 503;

	if (!route)
		return 404;
	route_order(call->config, route, &call->sbc->random, &ordered);
	for (int rests = 0; rests < 2; rests++) {
		for (size_t i = 0; i < ordered.count; i++) {
			if (is_resting(call, ordered.peers[i], now) == rests)
				code = add_peer(call, ordered.peers[i]);
		}
	}
	return call->targets.count ? 0 : code;
}

/* 0, or the code that refuses the call. */
static uint16_t find_targets(struct call *call, usec_t now)
{
	const struct config_domain *relayed;

	if (rewrite(call))
		return 500;
	if (!call->called.user.len)
		return 404;
	relayed = register_relay_domain(
		call->sbc, call->party[MEDIA_SIDE_A].peer, call->called.host);
	if (relayed) /* our Contact at its registrar */
		call->called.host = slice_str(relayed->name);
	if (config_user_find(call->config, call->called.user, call->called.host))
		return find_user(call, &call->called, now);
	return find_peers(call, now);
}

/* ---- calling one ---- */

static void on_target_timeout(struct timer *timer, usec_t now, void *arg)
{
	struct call *call = arg;

	(void)timer;
	if (call->b->has_provisional || call->state != CALL_CALLING)
		return;
	leg_note_timer(call->b, "target", "nothing is heard from this address: the next one");
	call_try_next(call, 408, now);
}

static void start_invite(
	const struct call *call, const struct call_target *target, struct leg_invite *invite)
{
	*invite = (struct leg_invite){.max_forwards = max_forwards(call->invite),
		.hop = target->hop,
		.request_uri = target->request_uri,
		.routes = target->routes,
		/* What comes reliably without an offer of ours has one (RFC 3262 section 5):
		 * the answer is wanted in one place, the ACK. */
		.want_reliable = call->remote[MEDIA_SIDE_A].sdp != NULL,
		.peer = target->peer,
		.want_rename =
			target->peer && target->peer->answer_identity != ANSWER_IDENTITY_OFF};
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

/* The offer of the caller's, or none: then the callee offers (OA-3). */
static int print_offer(struct call *call, struct buf *body)
{
	const struct call_description *said = &call->remote[MEDIA_SIDE_A];

	return said->sdp ? call_media_print(call, MEDIA_SIDE_B, said, NULL, body) : 0;
}

/* What branches have that are not over (RFC 5393 section 5.3.3). */
static int count_breadth(const struct call *call)
{
	int sum = call->b->state == LEG_TERMINATED ? 0 : call->b->breadth;

	for (size_t i = 0; i < call->left_count; i++) {
		if (call->left[i]->state != LEG_TERMINATED)
			sum += call->left[i]->breadth;
	}
	return sum;
}

/* All that is left; where a next target may be called while this one still thinks about it, one
 * is kept for that. */
static void take_breadth(struct call *call)
{
	int rest = call->max_breadth - count_breadth(call);
	bool has_next = call->targets.next < call->targets.count;

	if (call->max_breadth >= 0)
		call->b->breadth = rest - (has_next && rest > 1);
}

static int send_invite(struct call *call, const struct call_target *target, usec_t now)
{
	struct leg_invite invite;
	struct buf body, lines;
	int err;

	start_invite(call, target, &invite);
	buf_init(&body, OA_TEXT_MAX);
	buf_init(&lines, SBC_TEXT_MAX);
	take_breadth(call);
	err = print_parties(call, target->peer, &invite);
	err = err ? err : print_offer(call, &body);
	err = err ? err : call_cross_invite(call, invite.local_uri, &lines);
	invite.body = buf_slice(&body);
	invite.lines = buf_slice(&lines);
	err = err ? err : leg_uac_start(call->b, &invite, now);
	buf_fini_secret(&body);
	buf_fini(&lines);
	return err;
}

/* The branch counts at its peer, the one before no more. False: a ceiling. */
static bool count_at_peer(struct call *call, const struct config_peer *peer, usec_t now)
{
	struct peer_entry **counted = &call->entries[MEDIA_SIDE_B];
	struct peer_entry *entry = peer ? peer_table_find(call->sbc->peers, peer) : NULL;

	if (*counted) {
		call_bandwidth_give(call, MEDIA_SIDE_B);
		peer_entry_end_call(*counted);
	}
	*counted = NULL;
	if (!entry)
		return !peer;
	if (!peer_entry_begin_call(entry, peer, now))
		return false;
	*counted = entry;
	if (call_bandwidth_take(call, MEDIA_SIDE_B, peer))
		return true;
	peer_entry_end_call(entry);
	*counted = NULL;
	return false;
}

/* Of its own for each target: other ports, other keys. Without an offer it waits for the
 * callee's. */
static int open_media(struct call *call, const struct call_target *target)
{
	const struct config_peer *peer = target->peer;
	const struct call_description *offer = &call->remote[MEDIA_SIDE_A];
	const char *why;
	int err;

	call_media_set_leg(call, MEDIA_SIDE_B, peer ? peer->media : target->user->media,
		peer ? &peer->media_rules : &target->user->media_rules, &target->hop);
	if (!offer->sdp)
		return 0;
	err = call_media_open(call, MEDIA_SIDE_A, offer, &why);
	if (err)
		log_event(call->sbc->log, LOG_WARN, "sbc", "call.media_refused",
			"call=%s to=\"%s\" why=\"%s\"", call->name,
			call->party[MEDIA_SIDE_B].name, why);
	return err;
}

/* 0, or the code that says why this one cannot be called. */
static uint16_t try_target(struct call *call, usec_t now)
{
	const struct call_target *target = call->targets.items[call->targets.next++];
	struct sbc *sbc = call->sbc;
	struct call_party *party = &call->party[MEDIA_SIDE_B];
	int err;

	call_party_fini(party);
	*party = (struct call_party){.peer = target->peer,
		.user = target->user,
		.transport = target->hop.kind,
		.identity_outcome = ""};
	slice_copy(target->name, party->name, sizeof(party->name));
	call_refer_allow(call, MEDIA_SIDE_B);
	if (!count_at_peer(call, target->peer, now))
		return 503;
	err = open_media(call, target);
	if (err)
		return err == SBC_EPROTO ? 488 : 503;
	err = send_invite(call, target, now);
	if (err) {
		log_event(sbc->log, LOG_WARN, "sbc", "call.unsent", "call=%s to=\"%s\" err=%s",
			call->name, party->name, err_name(err));
		return err == SBC_EPROTO ? 488 : 500; /* nothing that this leg may be told */
	}
	if (call->targets.next < call->targets.count) {
		timer_init(&call->target_timer, on_target_timeout, call);
		timer_start(sbc->timers, &call->target_timer,
			now + (usec_t)call->config->limits.target_timeout_s * USEC_PER_SEC);
	}
	return 0;
}

int call_route(struct call *call, struct reply *refusal, usec_t now)
{
	refusal->code = find_targets(call, now);
	if (!refusal->code)
		refusal->code = try_target(call, now);
	if (!refusal->code)
		return 0;
	/* Not sent is as good as refused. */
	if (call_try_next(call, refusal->code, now))
		return 0;
	if (refusal->code == 503) /* a limit, or nobody is there just now */
		buf_put_str(&call->a->cross, "Retry-After: 5\r\n");
	return SBC_ENOENT;
}

/* ---- the next one ---- */

/* Only what says that this target cannot: a callee who declines has spoken for all. */
static bool is_targets_fault(uint16_t code)
{
	return code == 408 || code == 430 || (code >= 500 && code < 600);
}

static int new_branch(struct call *call)
{
	struct leg *leg = arena_alloc(&call->arena, sizeof(*leg));

	if (!leg || call->left_count == CALL_LEFT_MAX)
		return SBC_ENOMEM;
	leg_init(leg, call->sbc, &call->arena, 'b');
	leg->call_name = call->name;
	leg->owner = &call_leg_owner;
	leg->owner_arg = call;
	call->left[call->left_count++] = call->b;
	call->b = leg;
	return 0;
}

bool call_try_next(struct call *call, uint16_t code, usec_t now)
{
	struct leg *left = call->b;

	timer_stop(call->sbc->timers, &call->target_timer);
	/* A caller who has an answer of this branch's session cannot be given another one. */
	if (call->state > CALL_CALLING || call->is_early_told || !is_targets_fault(code) ||
		(call->max_breadth >= 0 && count_breadth(call) >= call->max_breadth))
		return false;
	while (call->targets.next < call->targets.count) {
		if (new_branch(call))
			return false;
		leg_end(left, 487, (struct slice){0}, now);
		call_description_fini(&call->remote[MEDIA_SIDE_B]);
		call_media_reset(call);
		log_event(call->sbc->log, LOG_INFO, "sbc", "call.next",
			"call=%s code=%u left=\"%s\"", call->name, code,
			call->party[MEDIA_SIDE_B].name);
		if (!try_target(call, now))
			return true;
		left = call->b;
	}
	return false;
}
