/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POLICY_TOKEN_H
#define POLICY_TOKEN_H

#include "policy/passport.h"
#include "policy/verdict.h"

/*
 * The signatures of one request. RFC 8224: all header fields are read first, which costs
 * nothing; then each that says who is calling is judged, together with the diversions (RFC
 * 8946) that lead from its dest to To. Signalling thread.
 */
struct token {
	/* VERIFIED: read, and nothing against it but what only its certificate can tell. */
	enum judgement judgement;
	bool is_div;
	bool is_judged;                /* its signature was verified, too */
	struct passport passport;      /* owned; empty for a compact form */
	struct identity_name diverted; /* div: who was called before */
	struct slice signed_text;      /* borrowed from the value, or from rebuilt */
	struct buf rebuilt;            /* compact: what must have been signed */
	uint8_t signature[CRYPTO_ES256_LEN];
	struct identity_verdict verdict;
	struct replay_use use; /* is_judged */
};

struct tokens {
	size_t count;
	struct token items[IDENTITY_HEADER_MAX];
};

/* start: what is already known about the request. tokens_fini() in any case. */
void tokens_read(struct tokens *tokens, const struct verification *v,
	const struct identity_value *values, size_t count,
	const struct identity_verdict *start);
void tokens_fini(struct tokens *tokens);

/* The last word about one that is no diversion; token->verdict says it. */
enum judgement tokens_judge(
	const struct verification *v, struct tokens *tokens, struct token *token);

/* rsp.c: a PASSporT of type rsp (RFC 9970). JUDGED_IGNORED for now. */
enum judgement rsp_judge(
	const struct verification *v, const struct identity_value *value, struct token *token);

/* verify_4474.c */
enum judgement verify_4474(const struct verification *v, const struct identity_value *value,
	struct identity_verdict *verdict, struct replay_use *use);

#endif
