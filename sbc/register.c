/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * REGISTER: our users only, after digest, for their own address-of-record only (RFC 3261
 * section 10.3). Signalling thread.
 */

#include <inttypes.h>

#include "base/err.h"
#include "sbc/peer_link.h"
#include "sbc/policy_link.h"
#include "sbc/register_relay.h"
#include "sbc/request.h"

static bool supports_path(const struct sip_msg *msg)
{
	struct slice value;

	for (size_t i = 0; (value = sip_msg_header(msg, "Supported", i)).len; i++)
		while (value.len)
			if (slice_equal_nocase(
				    slice_trim(slice_cut(&value, ',')), SLICE("path")))
				return true;
	return false;
}

/* RFC 3327 section 5.3: who knows Path is told what was kept. */
static void put_path(const struct sip_msg *msg, struct buf *lines)
{
	struct slice value;

	if (!supports_path(msg))
		return;
	buf_put_str(lines, "Supported: path\r\n");
	for (size_t i = 0; (value = sip_msg_header(msg, "Path", i)).len; i++)
		buf_printf(lines, "Path: %.*s\r\n", SLICE_ARG(value));
}

/* A route that a stranger names would have us send calls wherever he wants: only proxies that
 * are peers may. */
static bool refuse_path(struct sbc *sbc, const struct request *request)
{
	struct reply reply = {.code = 420, .lines = SLICE("Unsupported: path\r\n")};

	if (!sip_msg_header(request->msg, "Path", 0).len || sbc_peer_of(sbc, request->source))
		return false;
	sbc_reply(sbc, request, &reply);
	return true;
}

static void answer(struct sbc *sbc, const struct request *request,
	const struct registrar_answer *answered, const struct config_user *user)
{
	struct reply reply = {.code = answered->code};
	struct buf lines;

	buf_init(&lines, SBC_TEXT_MAX);
	for (size_t i = 0; answered->code == 200 && i < answered->binding_count; i++) {
		const struct registrar_binding *binding = answered->bindings[i];
		int64_t left =
			(binding->expires_at - request->now + USEC_PER_SEC - 1) / USEC_PER_SEC;
		buf_printf(&lines, "Contact: <%s>;expires=%" PRId64 "\r\n", binding->contact,
			left);
	}
	if (answered->code == 200)
		put_path(request->msg, &lines);
	if (answered->code == 423)
		buf_printf(&lines, "Min-Expires: %u\r\n", sbc->config->registration_min_s);
	if (answered->code == 503)
		buf_put_str(&lines, "Retry-After: 30\r\n");
	reply.lines = buf_slice(&lines);
	sbc_reply(sbc, request, &reply);
	buf_fini(&lines);
	log_event(sbc->log, answered->code == 200 ? LOG_INFO : LOG_WARN, "sbc", "registration",
		"user=%s@%s code=%u contacts=%zu why=\"%s\"", user->name, user->domain,
		answered->code, answered->binding_count, answered->why ? answered->why : "");
}

/* A new contact beyond the ceiling of the peer that it came through. Refreshes pass. */
static bool is_full(struct sbc *sbc, const struct request *request, struct slice aor)
{
	const struct config_peer *peer = sbc_peer_of(sbc, request->source);
	const struct registrar_binding *binding;

	if (!peer || !peer->registrations_max || request->msg->expires == 0 ||
		registrar_count_from(sbc->registrar, &request->source->peer) <
			peer->registrations_max)
		return false;
	for (size_t i = 0; (binding = registrar_find(sbc->registrar, aor, request->now, i));
		i++)
		if (request->msg->contact_count == 1 &&
			slice_equal(slice_str(binding->contact), request->msg->contact.uri.raw))
			return false;
	return true;
}

static void registered(
	struct sbc *sbc, const struct request *request, const struct config_user *user)
{
	struct registrar_answer answered;
	struct buf aor;

	buf_init(&aor, SBC_TEXT_MAX);
	buf_printf(&aor, "%s@%s", user->name, user->domain);
	sbc_praise(sbc, request->source, request->now);
	if (is_full(sbc, request, buf_slice(&aor)))
		answered = (struct registrar_answer){
			.code = 503, .why = "the peer's registrations_max"};
	else
		registrar_register(sbc->registrar,
			&(struct registrar_request){.aor = buf_slice(&aor),
				.msg = request->msg,
				.source = request->source,
				.now = request->now},
			&answered);
	answer(sbc, request, &answered, user);
	sbc_peers_registered(sbc);
	buf_fini(&aor);
}

void register_request(struct sbc *sbc, const struct request *request)
{
	const struct config_user *user = NULL;
	struct reply challenge = {.code = 401};
	const struct config_domain *domain =
		config_domain_find(sbc->config, request->msg->to.uri.host);
	struct buf lines;

	if (!domain) { /* somebody else's is none of our business */
		sbc_refuse(sbc, request, 404);
		return;
	}
	if (refuse_path(sbc, request))
		return;
	if (domain->has_registrar) {
		register_relay_request(sbc->relay, request, domain);
		return;
	}
	buf_init(&lines, SBC_TEXT_MAX);
	switch (policy_link_authenticate(
		sbc, request->msg, &request->msg->to.uri, false, &lines, &user)) {
	case AUTH_OK:
		registered(sbc, request, user);
		break;
	case AUTH_CHALLENGE:
		challenge.lines = buf_slice(&lines);
		sbc_reply(sbc, request, &challenge);
		break;
	case AUTH_FORBIDDEN:
		sbc_refuse(sbc, request, 403);
		break;
	case AUTH_MALFORMED:
		sbc_refuse(sbc, request, 400);
		break;
	}
	buf_fini(&lines);
}
