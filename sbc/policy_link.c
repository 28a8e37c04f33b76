/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The door to the policy room. Signalling thread. */

#include "sbc/policy_link.h"

#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"

/* Certificates fetched for one INVITE: several Identity headers, each with a URL (I13). */
#define FETCH_MAX 4

void policy_link_renew(struct policy *policy, struct policy *next)
{
	policy_renew(policy, next);
}

void policy_link_free(struct policy *policy)
{
	if (policy)
		policy_free(policy);
}

static void fill_facts(struct identity_check *check, const struct sip_msg *msg,
	const struct fingerprint_set *fingerprints)
{
	struct identity_facts *facts = &check->facts;
	struct slice value;

	*facts = (struct identity_facts){
		.method = msg->method_name,
		.from_uri = msg->from.uri.raw,
		.from_tag = msg->from.tag,
		.to_uri = msg->to.uri.raw,
		.call_id = msg->call_id,
		.cseq = msg->cseq,
		.contact_uri = msg->contact_count ? msg->contact.uri.raw : (struct slice){0},
		.date = sip_msg_header(msg, "Date", 0),
		.body = msg->message_body, /* RFC 4474 signs all of it */
		.identity_info = sip_msg_header(msg, "Identity-Info", 0),
		.fingerprints = fingerprints,
	};
	while (facts->identity_count < IDENTITY_HEADER_MAX) {
		value = sip_msg_header(msg, "Identity", facts->identity_count);
		if (!value.len)
			break;
		facts->identity[facts->identity_count++] = value;
	}
}

/* on_failure: the call goes on, unverified. Not when the fault is ours (ID8224-49): else a
 * flood that fills our tables would make every signature optional. */
static void let_go_on(struct identity_check *check)
{
	if (check->goes_on && check->verdict.outcome == IDENTITY_REFUSED &&
		check->verdict.code < 500)
		check->verdict.outcome = IDENTITY_FAILED;
}

static void refuse(struct identity_check *check, int code, const char *phrase, const char *why)
{
	check->verdict.outcome = IDENTITY_REFUSED;
	check->verdict.code = code;
	check->verdict.phrase = phrase;
	slice_copy(slice_str(why), check->verdict.why, sizeof(check->verdict.why));
	let_go_on(check);
}

/* One round: true when the verdict is final, false while a certificate is on its way. */
static bool run(struct sbc *sbc, struct identity_check *check)
{
	int64_t now_s = sbc->outside.wall_s(sbc->outside.arg);
	int err;

	policy_verify(sbc->policy, &check->facts, &check->rules, now_s, &check->verdict);
	if (check->verdict.outcome != IDENTITY_NEED_CERTIFICATE) {
		let_go_on(check);
		return true;
	}
	if (check->fetch_count++ >= FETCH_MAX) {
		refuse(check, 436, "Bad Identity Info", "too many certificates to fetch");
		return true;
	}
	err = sbc->outside.fetch(
		slice_str(check->verdict.url), check->rules.allow_http, sbc->outside.arg);
	if (err == SBC_ELIMIT) {
		refuse(check, 503, "Service Unavailable", "too many fetches under way");
		return true;
	}
	if (err) {
		refuse(check, 436, "Bad Identity Info", "not a URL that is fetched from");
		return true;
	}
	return false;
}

bool policy_link_check(struct sbc *sbc, struct identity_check *check, const struct sip_msg *msg,
	const struct fingerprint_set *fingerprints, const struct config_peer *peer, usec_t now)
{
	(void)now;
	fill_facts(check, msg, fingerprints);
	check->rules = (struct identity_rules){
		.accept_8224 = peer->accept_8224,
		.accept_4474 = peer->accept_4474,
		.is_required = peer->identity_required,
		.require_mky = peer->require_mky,
		.allow_http = peer->allow_http,
		.require_sip_usage = peer->require_sip_usage,
		.provider_codes = slice_str(peer->provider_codes),
	};
	check->goes_on = peer->on_failure != IDENTITY_FAILURE_REJECT;
	if (run(sbc, check))
		return true;
	check->is_waiting = true;
	list_append(&sbc->checks, &check->waiting);
	return false;
}

void policy_link_cancel(struct identity_check *check)
{
	if (check->is_waiting)
		list_remove(&check->waiting);
	check->is_waiting = false;
}

void policy_link_fetched(struct sbc *sbc, const struct http_get_result *result, usec_t now)
{
	int64_t now_s = sbc->outside.wall_s(sbc->outside.arg);
	struct list ready;

	if (result->err || policy_store_certificate(sbc->policy, result->url, result->body,
				   result->max_age_s, now_s))
		policy_store_failure(sbc->policy, result->url,
			result->err ? result->why : "no memory for it", now_s);
	log_event(sbc->log, result->err ? LOG_WARN : LOG_INFO, "sbc", "identity.fetch",
		"url=\"%.*s\" redirects=%u result=\"%s\"", SLICE_ARG(result->url),
		result->redirect_count, result->err ? result->why : "ok");
	/* First out of the list, then run: a handler may start or cancel other checks. */
	list_init(&ready);
	list_for_each_safe (node, &sbc->checks) {
		struct identity_check *check =
			container_of(node, struct identity_check, waiting);
		if (slice_equal(slice_str(check->verdict.url), result->url)) {
			list_remove(node);
			list_append(&ready, node);
		}
	}
	while (!list_is_empty(&ready)) {
		struct identity_check *check =
			container_of(ready.next, struct identity_check, waiting);
		list_remove(&check->waiting);
		if (run(sbc, check)) {
			check->is_waiting = false;
			check->done(check, now, check->arg);
		} else {
			list_append(&sbc->checks, &check->waiting);
		}
	}
}

/* The call goes to somebody else than To names: somebody sent it on (RFC 8946). */
static bool is_diverted(const struct sip_uri *to, struct slice called)
{
	struct sip_uri uri;

	return called.len && !sip_uri_parse(&uri, called) && to->host.len &&
	       !(slice_equal(uri.user, to->user) && slice_equal_nocase(uri.host, to->host));
}

int policy_link_sign(const struct sip_request_spec *spec, struct slice contact_uri,
	struct buf *lines, void *arg)
{
	struct sign_job *job = arg;
	struct sbc *sbc = job->sbc;
	struct sip_uri from, to;
	struct sip_address address;
	struct slice rest = spec->from;
	int err = sip_address_next(&address, &rest);

	from = address.uri;
	rest = spec->to;
	err = err ? err : sip_address_next(&address, &rest);
	to = address.uri;
	if (err)
		return err;
	char origid[POLICY_ORIGID_SIZE];
	if (policy_origid(slice_str(sbc->config->domains[0].name), job->origin, origid))
		return SBC_ECRYPTO;
	struct sign_request request = {
		.shaken = job->peer->shaken,
		.attest =
			policy_attest(job->proof, job->may_use_identity, job->received_attest),
		.origid = job->origid.len ? job->origid : slice_str(origid),
		.diverted_uri = is_diverted(&to, job->called_uri) ? to.raw : (struct slice){0},
		.target_uri = job->called_uri,
		.passport = job->peer->sign_8224,
		.rfc4474 = job->peer->sign_4474,
		.method = spec->method,
		.from_uri = from.raw,
		.to_uri = to.raw,
		.call_id = spec->call_id,
		.cseq = spec->cseq,
		.contact_uri = contact_uri,
		.body = spec->body,
		.fingerprints = job->fingerprints,
	};
	if (!request.passport && !request.rfc4474)
		return 0;
	/* Nobody's identity is signed before it was proved. */
	if (!request.attest)
		return SBC_ENOENT;
	err = policy_sign(sbc->policy, &request, sbc->outside.wall_s(sbc->outside.arg), lines);
	job->is_signed = !err;
	return err;
}

static void challenge(struct sbc *sbc, struct slice realm, const struct digest_user *user,
	bool is_proxy, bool is_stale, struct buf *lines)
{
	struct digest_challenges challenges;

	policy_challenge(sbc->policy, realm, user, is_stale,
		sbc->outside.wall_s(sbc->outside.arg), &challenges);
	for (size_t i = 0; i < challenges.count; i++)
		buf_printf(lines, "%s: %s\r\n",
			is_proxy ? "Proxy-Authenticate" : "WWW-Authenticate",
			challenges.values[i]);
}

/* The credentials for our realm among those of all hops. */
static enum auth_outcome find_credentials(const struct sip_msg *msg, const char *header,
	struct slice realm, struct slice *out, struct slice *username)
{
	struct slice value, its_realm;

	for (size_t i = 0; (value = sip_msg_header(msg, header, i)).len; i++) {
		struct slice rest = value;
		/* Of a scheme that we did not ask for: as if there were none (RFC 4475
		 * section 3.3.7). */
		if (!slice_equal_nocase(slice_cut(&rest, ' '), SLICE("Digest")))
			continue;
		if (policy_credentials_user(value, username, &its_realm))
			return AUTH_MALFORMED;
		if (slice_equal(its_realm, realm)) {
			*out = value;
			return AUTH_OK;
		}
	}
	return AUTH_CHALLENGE;
}

enum auth_outcome policy_link_authenticate(struct sbc *sbc, const struct sip_msg *msg,
	const struct sip_uri *aor, bool is_proxy, struct buf *lines,
	const struct config_user **out)
{
	const struct config_domain *domain = config_domain_find(sbc->config, aor->host);
	const struct config_user *user = config_user_find(sbc->config, aor->user, aor->host);
	const struct config_user *named;
	struct slice realm = slice_str(domain ? domain->name : "");
	struct slice credentials, username = {0};
	struct digest_user known = {0};
	enum auth_outcome found;
	enum digest_outcome outcome = DIGEST_WRONG;

	if (!domain)
		return AUTH_FORBIDDEN;
	found = find_credentials(msg, is_proxy ? "Proxy-Authorization" : "Authorization", realm,
		&credentials, &username);
	if (found == AUTH_MALFORMED)
		return AUTH_MALFORMED;
	/* Another name of the caller's, granted by the configuration. */
	named = found == AUTH_OK ? config_user_find(sbc->config, username, aor->host) : NULL;
	if (is_proxy && named && config_user_may_claim(named, aor->user))
		user = named;
	if (user) {
		known.username = slice_str(user->name);
		known.realm = realm;
		known.ha1[DIGEST_SHA256] = slice_str(user->ha1_sha256);
		known.ha1[DIGEST_SHA512_256] = slice_str(user->ha1_sha512_256);
		known.ha1[DIGEST_MD5] = slice_str(user->ha1_md5);
	}
	if (found == AUTH_OK && !user && named)
		return AUTH_FORBIDDEN;
	if (found == AUTH_OK && user) {
		/* Somebody else's name and password give no right to this address. */
		if (!slice_equal(username, known.username))
			return AUTH_FORBIDDEN;
		outcome = policy_authenticate(sbc->policy, &known, msg->method_name,
			msg->request_uri.raw, credentials,
			sbc->outside.wall_s(sbc->outside.arg));
	}
	if (outcome == DIGEST_MALFORMED)
		return AUTH_MALFORMED;
	if (outcome == DIGEST_OK) {
		*out = user;
		return AUTH_OK;
	}
	challenge(sbc, realm, user ? &known : NULL, is_proxy, outcome == DIGEST_STALE, lines);
	return AUTH_CHALLENGE;
}

const struct config_user *policy_link_certified(
	const struct sbc *sbc, const struct transport_source *source, const struct sip_uri *uri)
{
	if (source->kind != TRANSPORT_TLS || !source->tls)
		return NULL;
	for (size_t i = 0; i < sbc->config->user_count; i++) {
		const struct config_user *user = &sbc->config->users[i];
		if (user->tls_name[0] &&
			slice_equal_nocase(slice_str(user->domain), uri->host) &&
			config_user_may_claim(user, uri->user) &&
			tls_names_has(source->tls, slice_str(user->tls_name)))
			return user;
	}
	return NULL;
}
