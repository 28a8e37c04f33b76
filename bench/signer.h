/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BENCH_SIGNER_H
#define BENCH_SIGNER_H

#include "base/buf.h"

/* Signs INVITEs for a load generator, as a neighbouring domain does (RFC 8224). */
struct signer;

struct signer_files {
	const char *domain, *url;           /* where others fetch the certificate */
	const char *key, *certificate, *ca; /* PEM files */
};
/* SBC_EIO, SBC_ENOMEM, what policy_new() says. */
int signer_new(struct signer **out, const struct signer_files *files);
/* NULL is allowed. */
void signer_free(struct signer *signer);

/* Date and Identity of a call between two addresses. */
int signer_put(struct signer *signer, const char *from, const char *to, struct slice body,
	struct buf *lines);

#endif
