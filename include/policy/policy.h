/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/fingerprint.h"
#include "base/slice.h"

/*
 * The policy room's only door: facts in, verdict out. It has no loop, no sockets and no
 * clock; wall time is given in seconds since 1970 UTC. Called on the signalling thread.
 * What it needs from outside (a signer's certificate) it asks for and is given.
 */
struct policy;

/* A domain whose identities we may sign for (RFC 8224 section 6.1, RFC 4474 section 5). */
struct policy_domain {
	struct slice name;                /* "atlanta.test" */
	struct slice certificate_pem;     /* P-256 leaf, then intermediates; empty: only RSA */
	struct slice key_pem;             /* its private key */
	struct slice info_url;            /* where the certificate is served: info and x5u */
	struct slice rsa_certificate_pem; /* RFC 4474 only; empty: no 4474 for this domain */
	struct slice rsa_key_pem;
	struct slice rsa_info_url;
};

/* One more key: for a domain, so that a new certificate can take over from the old one, or for
 * the telephone numbers in its certificate's TNAuthList (RFC 8226). Of those that are valid
 * the one signs whose validity began last. P-256. */
struct policy_key {
	struct slice domain; /* one of domains; empty: for its numbers alone */
	struct slice certificate_pem;
	struct slice key_pem;
	struct slice info_url; /* its own: others keep certificates by URL */
};

#define POLICY_DOMAIN_MAX 64
#define POLICY_KEY_MAX    256

struct policy_config {
	const struct policy_domain *domains; /* borrowed for the call */
	size_t domain_count;
	const struct policy_key *keys; /* borrowed for the call */
	size_t key_count;
	struct slice anchors_pem;     /* CAs that signers' certificates must chain to */
	struct slice crls_pem;        /* their revocation lists; empty: nothing is revoked */
	int64_t max_age_8224_s;       /* iat and Date, past and future: 60 (DEC-7) */
	int64_t max_age_4474_s;       /* Date, past and future: 3600 (DEC-7) */
	size_t certificate_cache_max; /* URLs */
	size_t replay_cache_max;      /* requests of each mechanism; then 503, never a gap */
	struct slice digest_secret;   /* 32 random bytes that nonces are bound to */
};

void policy_config_init(struct policy_config *config);

/*
 * Everything is copied and checked: SBC_ECRYPTO when a key does not belong to its
 * certificate, the certificate does not cover its domain or is not of the right kind;
 * fault (fault_size bytes, may be NULL) then says which and why. SBC_ENOMEM, SBC_ELIMIT.
 */
int policy_new(struct policy **out, const struct policy_config *config, char *fault,
	size_t fault_size);
void policy_free(struct policy *policy);

/*
 * The domains, keys, CAs and revocation lists that next was made of are policy's from now on;
 * next is gone. What must outlive that stays: what is remembered against replay, the secret of
 * nonces, and with the same CAs and lists the certificates that were fetched.
 */
void policy_renew(struct policy *policy, struct policy *next);

bool policy_signs_for(const struct policy *policy, struct slice domain);

/* ---- verification (RFC 8224 section 6.2, RFC 4474 section 6) ---- */

#define IDENTITY_HEADER_MAX 8

/* What the request says. Slices are the bytes received, borrowed for the call. */
struct identity_facts {
	struct slice method;
	struct slice from_uri; /* addr-spec as written, no brackets */
	struct slice from_tag;
	struct slice to_uri;
	struct slice call_id;
	uint32_t cseq;
	struct slice contact_uri;                   /* of the first Contact; empty: none */
	struct slice date;                          /* value of Date; empty: none */
	struct slice body;                          /* exactly Content-Length bytes */
	struct slice identity[IDENTITY_HEADER_MAX]; /* values of Identity, in order */
	size_t identity_count;
	struct slice identity_info;                 /* value of Identity-Info; empty: none */
	const struct fingerprint_set *fingerprints; /* every a=fingerprint of the body */
};

/* What the peer's configuration demands. */
struct identity_rules {
	bool accept_8224;
	bool accept_4474; /* SHA-1: only for peers that have nothing better (DEC-2) */
	bool is_required; /* absent: 428 */
	bool require_mky; /* a fingerprint in the body must be in the PASSporT (DEC-11) */
	bool allow_http;  /* a certificate URL may be http: */
	/* A certificate with an extendedKeyUsage must have sipDomain or any in it (RFC 5924
	 * section 4). */
	bool require_sip_usage;
	/* Codes of service providers (RFC 8226), with blanks between: a certificate with one of
	 * them may vouch for any number. Borrowed for the call. */
	struct slice provider_codes;
};

enum identity_outcome {
	IDENTITY_VERIFIED,
	IDENTITY_ABSENT,           /* none there, and none required */
	IDENTITY_REFUSED,          /* answer with code and phrase */
	IDENTITY_FAILED,           /* the same, but the peer's calls go on (never from here) */
	IDENTITY_NEED_CERTIFICATE, /* fetch url, store it, ask again */
};

enum identity_mechanism { IDENTITY_NONE, IDENTITY_RFC8224, IDENTITY_RFC4474 };
/* "RFC 8224", ... */
const char *identity_mechanism_name(enum identity_mechanism mechanism);
const char *identity_outcome_name(enum identity_outcome outcome);

/* How far a signature came: what was being checked when the verdict fell. In this order; a
 * verified one came to the last. */
enum identity_stage {
	IDENTITY_STAGE_PRESENT,
	IDENTITY_STAGE_SYNTAX,
	IDENTITY_STAGE_FRESHNESS,
	IDENTITY_STAGE_CLAIMS, /* RFC 8224 */
	IDENTITY_STAGE_REPLAY,
	IDENTITY_STAGE_FETCH,
	IDENTITY_STAGE_CERTIFICATE,
	IDENTITY_STAGE_SIGNATURE,
	IDENTITY_STAGE_COUNT
};
/* "the certificate may vouch for it", ... */
const char *identity_stage_name(enum identity_stage stage);

/* One per leg; the same words in log, call record and commands. Plain value. */
struct identity_verdict {
	enum identity_outcome outcome;
	int code;           /* REFUSED, FAILED: 403, 428, 436, 437, 438, 500, 503 */
	const char *phrase; /* static, the reason phrase */
	char why[128];      /* the first thing that was wrong, or empty */
	enum identity_mechanism mechanism;
	enum identity_stage stage;
	char identity[256]; /* who was claimed, canonical */
	char domain[128];   /* the domain that vouched */
	char url[512];      /* where its certificate is */
	char subject[128];  /* the certificate's name that covered the identity */
	int64_t signed_at;  /* iat or Date; 0: none */
	char attest;        /* shaken: A, B or C; 0: none */
	char origid[64];    /* shaken, or empty */
	struct fingerprint_set fingerprints; /* VERIFIED: those that the signature covers */
};

/* Cheap checks first, so that a flood cannot force fetches. Remembers a verified request
 * against replay. Anything unexpected inside gives REFUSED with 500, never VERIFIED. */
void policy_verify(struct policy *policy, const struct identity_facts *facts,
	const struct identity_rules *rules, int64_t now_s, struct identity_verdict *out);

/* What RFC 4474 section 9 signs of this request; for people to look at. SBC_EPROTO: a '|' or a
 * line end in one of the fields; out's err. */
int policy_digest_string(const struct identity_facts *facts, struct buf *out);

/* The answers to NEED_CERTIFICATE. body: PEM chain or DER, leaf first, taken as it is: what
 * is wrong with it is the next verdict's matter. max_age_s: of the HTTP answer, clipped. */
int policy_store_certificate(struct policy *policy, struct slice url, struct slice body,
	int64_t max_age_s, int64_t now_s);
/* why: short words for the operator ("connection refused"); remembered for a short while. */
void policy_store_failure(
	struct policy *policy, struct slice url, const char *why, int64_t now_s);

/* What is kept, and how often there was no room for it. A certificate gives way to another; a
 * remembered signature never does, its request gets 503. */
struct policy_kept {
	uint64_t certificates, certificates_max, certificates_evicted;
	uint64_t replay_8224, replay_8224_full;
	uint64_t replay_4474, replay_4474_full;
	uint64_t replay_max; /* of each */
};
void policy_kept(const struct policy *policy, struct policy_kept *out);

/* ---- signing (RFC 8224 section 6.1, RFC 4474 section 5) ---- */

/* The request as it will be sent: signing is the last step before it is frozen. */
struct sign_request {
	bool passport; /* RFC 8224 Identity, full form */
	bool rfc4474;  /* Identity and Identity-Info, rsa-sha1 */
	/* passport: a call between two numbers gets a PASSporT of type shaken (RFC 8588), by a
	 * key whose certificate has the caller's number; any other call a base one. */
	bool shaken;
	char attest;         /* shaken: 'A', 'B' or 'C' */
	struct slice origid; /* shaken: policy_origid() */
	struct slice method;
	struct slice from_uri;
	struct slice to_uri;
	struct slice call_id;
	uint32_t cseq;
	struct slice contact_uri;
	struct slice body;
	const struct fingerprint_set *fingerprints; /* every a=fingerprint of body */
	/* passport: we sent the call on, from one address to another (RFC 8946): one more
	 * Identity of type div, if we have a key for the address before. Empty: we did not. */
	struct slice diverted_uri, target_uri;
};

/*
 * Writes whole header lines ("Date: ...\r\nIdentity: ...\r\n"); with both forms the 4474
 * pair comes first (KAI-6). SBC_ENOENT: no key for From's domain; SBC_ECRYPTO: the
 * certificate is not valid at now_s, or the key failed.
 */
int policy_sign(struct policy *policy, const struct sign_request *request, int64_t now_s,
	struct buf *headers);

/* Why this could not be signed, or NULL. Static. */
const char *policy_cannot_sign(
	const struct policy *policy, const struct sign_request *request, int64_t now_s);

/* How the caller was proved (RFC 8588 section 5). */
enum caller_proof {
	PROOF_NONE,
	PROOF_USER,     /* one of our users, by digest or certificate */
	PROOF_PEER,     /* a trusted peer, by address and TLS name */
	PROOF_VERIFIED, /* the signature that came with the call */
};
/* What may be attested: 'A' only for a caller who may use this address; never more than what
 * came in with a signature (0: no attestation came). 0: nothing may be signed. */
char policy_attest(enum caller_proof proof, bool may_use_identity, char received);

/* The UUID that stands for where calls come from (RFC 8588 section 4): the same for the same
 * origin, and says nothing about it. secret: whatever the configuration has. */
#define POLICY_ORIGID_SIZE 37
int policy_origid(struct slice secret, struct slice origin, char out[POLICY_ORIGID_SIZE]);

/* What a certificate is called in its URL: the first 16 hex digits of the SHA-256 of its DER.
 * SBC_ECRYPTO. */
#define POLICY_CERTIFICATE_ID_SIZE 17
int policy_certificate_id(struct slice der, char out[POLICY_CERTIFICATE_ID_SIZE]);

/* ---- our own users (RFC 3261 section 22, RFC 7616, RFC 8760) ---- */

enum digest_algorithm { DIGEST_SHA256, DIGEST_SHA512_256, DIGEST_MD5 };
#define DIGEST_ALGORITHM_MAX 3

/* What the configuration knows about a user: H(user ":" realm ":" password) as lower case
 * hex, one for each algorithm that may be used; empty: not with this one. */
struct digest_user {
	struct slice username;
	struct slice realm;
	struct slice ha1[DIGEST_ALGORITHM_MAX];
};

/*
 * Challenge values ("Digest realm=...") for WWW- or Proxy-Authenticate, strongest first,
 * one for each algorithm that the user has a hash for. user NULL (unknown): as for a user
 * who has all of them, so that names cannot be guessed.
 */
#define DIGEST_CHALLENGE_TEXT_MAX 384
struct digest_challenges {
	char values[DIGEST_ALGORITHM_MAX][DIGEST_CHALLENGE_TEXT_MAX];
	size_t count;
};
void policy_challenge(struct policy *policy, struct slice realm, const struct digest_user *user,
	bool is_stale, int64_t now_s, struct digest_challenges *out);

enum digest_outcome {
	DIGEST_OK,
	DIGEST_STALE,     /* right, but the nonce is too old or its count was used: challenge */
	DIGEST_WRONG,     /* challenge again, count it */
	DIGEST_MALFORMED, /* 400 */
};

/* username and realm of a credentials value, to find the user; borrowed from it.
 * SBC_EPARSE. */
int policy_credentials_user(
	struct slice credentials, struct slice *username, struct slice *realm);

/* One Authorization or Proxy-Authorization value against the user it names. */
enum digest_outcome policy_authenticate(struct policy *policy, const struct digest_user *user,
	struct slice method, struct slice request_uri, struct slice credentials, int64_t now_s);

/* ---- ourselves before others (RFC 7616 section 3.4, RFC 8760). Pure ---- */

struct digest_login {
	struct slice username, password;
};

/* One WWW- or Proxy-Authenticate value; slices borrowed from it. */
struct server_challenge {
	struct slice realm, nonce, opaque; /* opaque.ptr NULL: none */
	enum digest_algorithm algorithm;
	bool has_algorithm; /* written: MD5 when not */
	bool has_qop;       /* and auth is among them */
	bool is_stale;      /* the password was right, the nonce is not any more */
};
/* SBC_ENOENT: of another scheme, algorithm or qop; SBC_EPARSE, SBC_ELIMIT. */
int policy_server_challenge_parse(struct server_challenge *out, struct slice value);
bool policy_server_challenge_is_stronger(
	const struct server_challenge *a, const struct server_challenge *b);

/* What the answer is for. */
struct digest_use {
	struct slice method, uri;
	const char *cnonce; /* random */
	uint32_t count;     /* uses of this nonce, this one too */
};
/* The value of Authorization or Proxy-Authorization, appended. SBC_ENOMEM, SBC_ECRYPTO. */
int policy_digest_answer(const struct digest_login *login, const struct server_challenge *c,
	const struct digest_use *use, struct buf *out);

#endif
