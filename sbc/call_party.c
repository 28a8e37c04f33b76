/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is known of the other end of a leg. A verdict takes two kilobytes, which only those
 * calls pay that have one to remember. Signalling thread. */

#include "base/err.h"
#include "base/mem.h"
#include "sbc/call.h"

/* Nothing was there and nothing was asked for: the same for everybody. */
static bool says_nothing(const struct identity_verdict *verdict)
{
	return verdict->outcome == IDENTITY_ABSENT && !verdict->code && !verdict->why[0] &&
	       verdict->mechanism == IDENTITY_NONE && !verdict->identity[0];
}

bool call_party_is_same_end(const struct call_party *one, const struct call_party *two)
{
	if (one->peer || two->peer)
		return one->peer && two->peer && !strcmp(one->peer->name, two->peer->name);
	return one->user && two->user && !strcmp(one->user->name, two->user->name) &&
	       !strcmp(one->user->domain, two->user->domain);
}

const struct identity_verdict *call_party_verdict(const struct call_party *party)
{
	static const struct identity_verdict absent = {.outcome = IDENTITY_ABSENT};
	static const struct identity_verdict none = {0};

	if (party->_verdict)
		return party->_verdict;
	return party->is_identity_absent ? &absent : &none;
}

bool call_party_is_verified(const struct call_party *party)
{
	return party->_verdict && party->_verdict->outcome == IDENTITY_VERIFIED;
}

int call_party_judge(struct call_party *party, const struct identity_verdict *verdict)
{
	if (says_nothing(verdict)) {
		call_party_forget(party);
		party->is_identity_absent = true;
		return 0;
	}
	if (!party->_verdict)
		party->_verdict = mem_alloc(sizeof(*party->_verdict));
	if (!party->_verdict)
		return SBC_ENOMEM;
	*party->_verdict = *verdict;
	party->is_identity_absent = false;
	return 0;
}

void call_party_forget(struct call_party *party)
{
	mem_free(party->_verdict);
	party->_verdict = NULL;
	party->is_identity_absent = false;
}

const struct fingerprint_set *call_party_signalled(const struct call_party *party)
{
	static const struct fingerprint_set none = {0};

	return party->_signalled ? party->_signalled : &none;
}

int call_party_signal(struct call_party *party, const struct fingerprint_set *said)
{
	if (!party->_signalled && !said->count)
		return 0;
	if (!party->_signalled)
		party->_signalled = mem_alloc(sizeof(*party->_signalled));
	if (!party->_signalled)
		return SBC_ENOMEM;
	*party->_signalled = *said;
	return 0;
}

int call_party_copy(struct call_party *to, const struct call_party *from)
{
	struct call_party copy = *from;

	copy._verdict = NULL;
	copy._signalled = NULL;
	if (from->_verdict && call_party_judge(&copy, from->_verdict))
		return SBC_ENOMEM;
	copy.is_identity_absent = from->is_identity_absent;
	if (from->_signalled && call_party_signal(&copy, from->_signalled)) {
		call_party_fini(&copy);
		return SBC_ENOMEM;
	}
	call_party_fini(to);
	*to = copy;
	return 0;
}

void call_party_fini(struct call_party *party)
{
	call_party_forget(party);
	mem_free(party->_signalled);
	party->_signalled = NULL;
}
