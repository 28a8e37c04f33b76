/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Our certificates while sessions have them. Runs on: the signalling loop. */

#include "media/own.h"

#include "base/err.h"
#include "base/mem.h"

int own_new(struct own **out, const struct media_config *config)
{
	struct certificate certificate;
	struct own *own = mem_alloc(sizeof(*own));
	int err = own ? certificate_init(&certificate) : SBC_ENOMEM;

	if (err) {
		mem_free(own);
		return err;
	}
	own->refs = 1;
	own->fingerprint = certificate.fingerprint;
	for (unsigned i = 0; !err && i < config->loop_count; i++)
		err = dtls_context_new(&own->contexts[i], &certificate, config);
	certificate_fini(&certificate);
	if (err)
		own_unref(own);
	else
		*out = own;
	return err;
}

struct own *own_ref(struct own *own)
{
	own->refs++;
	return own;
}

void own_unref(struct own *own)
{
	if (!own || --own->refs)
		return;
	for (unsigned i = 0; i < MEDIA_LOOP_MAX; i++)
		dtls_context_free(own->contexts[i]);
	mem_free(own);
}
