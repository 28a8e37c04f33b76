/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A key that changes in the middle of a call must be proved as the first one was: by a fresh
 * Identity that covers it from a peer (SDP-25, RFC 8224 section 4.4), by digest from one of
 * our users. Else whoever can put a message into the dialog could put himself into the
 * media. Signalling thread.
 */

#include "base/mem.h"
#include "sbc/call.h"

bool call_proof_is_needed(const struct call *call, int side)
{
	const struct call_party *party = &call->party[side];

	return party->is_key_proved ||
	       (party->peer && party->peer->identity_required && party->peer->require_mky &&
		       side == MEDIA_SIDE_A);
}

static bool is_same_address(const struct sip_uri *one, struct slice other)
{
	struct sip_uri two;

	return !sip_uri_parse(&two, other) && slice_equal(one->user, two.user) &&
	       slice_equal_nocase(one->host, two.host);
}

static const struct fingerprint_set *new_keys(const struct call_change *change)
{
	const struct call_description *said =
		change->stage == CHANGE_ACKED ? &change->answer : &change->offer;

	return &said->sdp->all_fingerprints;
}

static void note(struct call *call, int side, const struct identity_verdict *verdict)
{
	log_event(call->sbc->log, verdict->code ? LOG_WARN : LOG_INFO, "sbc",
		"identity.verdict",
		"call=%s leg=%c outcome=%s identity=\"%s\" code=%d why=\"%s\" new_key=yes",
		call->name, side == MEDIA_SIDE_A ? 'a' : 'b',
		identity_outcome_name(verdict->outcome), verdict->identity, verdict->code,
		verdict->why);
}

/* True: refused. */
static bool read_verdict(struct call *call, int side, struct reply *refusal)
{
	const struct identity_verdict *verdict = &call->change.check->verdict;

	note(call, side, verdict);
	if (verdict->outcome == IDENTITY_REFUSED) {
		call->sbc->counters.identity_refused++;
		*refusal = (struct reply){
			.code = (uint16_t)verdict->code, .reason = slice_str(verdict->phrase)};
		return true;
	}
	call->change.is_proved = verdict->outcome == IDENTITY_VERIFIED;
	return false;
}

static void on_checked(struct identity_check *check, usec_t now, void *arg)
{
	struct call *call = arg;
	struct reply refusal;

	(void)check;
	if (read_verdict(call, call->change.from, &refusal))
		call_change_proved(call, &refusal, now);
	else
		call_change_proved(call, NULL, now);
}

static enum call_proof check_peer(struct call *call, int side, const struct sip_msg *msg,
	struct reply *refusal, usec_t now)
{
	const struct call_party *party = &call->party[side];
	struct identity_check *check;
	struct config_peer strict = *party->peer;

	/* Somebody else of that domain cannot take the call over. */
	if (!is_same_address(&msg->from.uri, call_leg(call, side)->dialog.remote_uri) &&
		!call_connect_allows(call, side, &msg->from.uri)) {
		*refusal = (struct reply){.code = 403};
		return PROOF_REFUSED;
	}
	/* Never less than what was there; and what proves an answer must cover its key. */
	if (party->is_key_proved || call_connect_wants(call, side, msg)) {
		strict.identity_required = strict.require_mky = true;
		strict.on_failure = IDENTITY_FAILURE_REJECT;
	}
	check = mem_alloc(sizeof(*check));
	if (!check) {
		*refusal = (struct reply){.code = 500};
		return PROOF_REFUSED;
	}
	check->done = on_checked;
	check->arg = call;
	call->change.check = check;
	if (!policy_link_check(call->sbc, check, msg, new_keys(&call->change), &strict, now))
		return PROOF_WAITS;
	return read_verdict(call, side, refusal) ? PROOF_REFUSED : PROOF_OK;
}

static enum call_proof check_user(struct call *call, int side, const struct sip_msg *msg,
	struct reply *refusal, struct buf *lines)
{
	const struct config_user *user = NULL;

	if (msg->method == SIP_METHOD_ACK) /* nobody can be challenged for one */
		return PROOF_OK;
	switch (policy_link_authenticate(call->sbc, msg, &msg->from.uri, true, lines, &user)) {
	case AUTH_OK:
		if (slice_equal(slice_str(user->name), slice_str(call->party[side].name)))
			return PROOF_OK;
		refusal->code = 403;
		break;
	case AUTH_CHALLENGE:
		refusal->code = 407;
		break;
	case AUTH_FORBIDDEN:
		refusal->code = 403;
		break;
	case AUTH_MALFORMED:
		refusal->code = 400;
		break;
	}
	refusal->lines = buf_slice(lines);
	return PROOF_REFUSED;
}

enum call_proof call_proof_check(struct call *call, int side, const struct sip_msg *msg,
	struct reply *refusal, struct buf *lines, usec_t now)
{
	return call->party[side].peer ? check_peer(call, side, msg, refusal, now)
				      : check_user(call, side, msg, refusal, lines);
}
