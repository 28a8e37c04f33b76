/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The policy room as a neighbour that signs. One thread. */

#include "bench/signer.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "policy/policy.h"

#define PEM_MAX 65536 /* bytes */

struct signer {
	struct policy *policy; /* owned */
};

static int read_file(const char *path, struct buf *out)
{
	char part[4096];
	size_t len;
	FILE *file = fopen(path, "r");

	buf_init(out, PEM_MAX);
	if (!file)
		return SBC_EIO;
	while ((len = fread(part, 1, sizeof(part), file)))
		buf_put(out, part, len);
	fclose(file);
	return out->err;
}

int signer_new(struct signer **out, const struct signer_files *files)
{
	struct policy_domain own = {
		.name = slice_str(files->domain), .info_url = slice_str(files->url)};
	struct signer *signer = mem_alloc(sizeof(*signer));
	struct buf key, certificate, ca;
	struct policy_config config;
	char fault[256] = "";
	int err = read_file(files->key, &key);

	err = read_file(files->certificate, &certificate) || err;
	err = read_file(files->ca, &ca) || err;
	own.key_pem = buf_slice(&key);
	own.certificate_pem = buf_slice(&certificate);
	policy_config_init(&config);
	config.domains = &own;
	config.domain_count = 1;
	config.anchors_pem = buf_slice(&ca);
	err = err || !signer ? SBC_EIO
			     : policy_new(&signer->policy, &config, fault, sizeof(fault));
	if (fault[0])
		fprintf(stderr, "signer: %s\n", fault);
	buf_fini_secret(&key);
	buf_fini(&certificate);
	buf_fini(&ca);
	if (err)
		mem_free(signer);
	else
		*out = signer;
	return err;
}

void signer_free(struct signer *signer)
{
	if (!signer)
		return;
	policy_free(signer->policy);
	mem_free(signer);
}

int signer_put(struct signer *signer, const char *from, const char *to, struct slice body,
	struct buf *lines)
{
	static const struct fingerprint_set none = {0};
	const struct sign_request request = {.passport = true,
		.method = SLICE("INVITE"),
		.from_uri = slice_str(from),
		.to_uri = slice_str(to),
		.cseq = 1,
		.contact_uri = slice_str(from),
		.body = body,
		.fingerprints = &none};

	return policy_sign(signer->policy, &request, clock_wall_s(), lines);
}
