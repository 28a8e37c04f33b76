/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_POLICY_LINK_H
#define SBC_POLICY_LINK_H

#include "base/list.h"
#include "policy/policy.h"
#include "sbc/core.h"
#include "sbc/credentials.h"
#include "sbc/sdp.h"

/*
 * The door to the policy room: requests become facts, verdicts become answers. Only
 * policy_link.c calls policy. Signalling thread.
 */

/* The policy room as the configuration wants it. fault says what is wrong; errors of
 * policy_new(). */
struct policy_setup {
	const struct config *config;
	const struct credentials *credentials;
	const struct random_source *random;
};
int policy_link_new(
	struct policy **out, const struct policy_setup *setup, char *fault, size_t fault_size);
/* As policy_renew(). */
void policy_link_renew(struct policy *policy, struct policy *next);
/* NULL is allowed. */
void policy_link_free(struct policy *policy);

/* Where others fetch the certificate of our domain number index: as configured, else where
 * the http section serves it. out: POLICY_LINK_URL_MAX bytes; returned. */
#define POLICY_LINK_URL_MAX 512
const char *policy_link_info_url(
	const struct config *config, size_t index, bool is_rsa, char *out);

/* What signatures name instead of it, unless the configuration names a URL: the certificate
 * itself, so that one made just before a certificate is replaced can still be checked. */
const char *policy_link_pinned_url(
	const struct config *config, const char *host, struct slice pem, char *out);
/* policy_certificate_id() for who is not let in to policy. */
int policy_link_certificate_id(struct slice der, char out[POLICY_CERTIFICATE_ID_SIZE]);

/* As policy_link_info_url() for key number index. */
const char *policy_link_key_url(const struct config *config, size_t index, char *out);

/* Whether each peer that wants signatures can have them, for whatever our users may call as.
 * SBC_ECRYPTO: fault says which and why. */
int policy_link_check_trunks(const struct policy *policy, const struct config *config,
	int64_t now_s, char *fault, size_t fault_size);

struct identity_check;
/* Once per check that was started, never inside policy_link_check(). */
typedef void(identity_checked_h)(struct identity_check *check, usec_t now, void *arg);

/* Embedded in the call. Zeroed memory is a check that was not started. */
struct identity_check {
	struct list waiting;         /* in sbc->checks while a certificate is fetched */
	struct identity_facts facts; /* slices of the call's own copy of the request */
	struct identity_rules rules;
	struct identity_verdict verdict;
	unsigned fetch_count;
	bool goes_on; /* also when the signature does not hold */
	bool is_waiting;
	identity_checked_h *done;
	void *arg; /* borrowed: the call */
};

/* What the INVITE of a peer says, checked by that peer's rules. True: check->verdict is
 * final. False: done will be called. sdp may be NULL (no usable description). */
bool policy_link_check(struct sbc *sbc, struct identity_check *check, const struct sip_msg *msg,
	const struct fingerprint_set *fingerprints, const struct config_peer *peer, usec_t now);
/* No done any more. */
void policy_link_cancel(struct identity_check *check);
void policy_link_fetched(struct sbc *sbc, const struct http_get_result *result, usec_t now);

/* Writes the header lines that sign the request for this peer; SBC_ENOENT: we have no key
 * for From's domain. */
struct sign_job {
	struct sbc *sbc;
	const struct config_peer *peer;
	const struct fingerprint_set *fingerprints;
	enum caller_proof proof;
	bool may_use_identity;   /* the caller may call as this (policy_attest()) */
	char received_attest;    /* 0: none came */
	struct slice origid;     /* as it came; empty: made of origin */
	struct slice origin;     /* "alice@atlanta.test" */
	struct slice called_uri; /* Request-URI as it will be sent */
	bool is_signed;          /* out */
};
int policy_link_sign(const struct sip_request_spec *spec, struct slice contact_uri,
	struct buf *lines, void *job);

/* The user whose client certificate this is, if it may call as uri. NULL: no such one. */
const struct config_user *policy_link_certified(const struct sbc *sbc,
	const struct transport_source *source, const struct sip_uri *uri);

enum auth_outcome {
	AUTH_OK,
	AUTH_CHALLENGE, /* lines: the challenges; answer 401 or 407 */
	AUTH_FORBIDDEN, /* right, but not for this From: 403 */
	AUTH_MALFORMED, /* 400 */
};
/* Digest for one of our own users: the credentials must be those of aor's user (From of an
 * INVITE, To of a REGISTER), or of one who may call as it. */
enum auth_outcome policy_link_authenticate(struct sbc *sbc, const struct sip_msg *msg,
	const struct sip_uri *aor, bool is_proxy, struct buf *lines,
	const struct config_user **user);

#endif
