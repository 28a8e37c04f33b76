/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a certificate URL serves: PEM chain or DER. Nobody is trusted here. */

#include "policy/cert.h"
#include "policy/cert_view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cert_anchors *anchors = NULL, *none = NULL;
	struct cert_report *report = NULL;
	struct cert *cert = NULL;
	const char *complaint;

	cert_anchors_new(&anchors, slice_of(data, size));
	cert_anchors_new(&none, (struct slice){0});
	if (!cert_new(&cert, slice_of(data, size), none) && cert->is_trusted)
		__builtin_trap();
	if (cert)
		cert_covers(cert, SLICE("atlanta.test"));
	if (!cert_report_new(&report, slice_of(data, size), (struct slice){0},
		    (struct slice){0}, &complaint) &&
		report->is_trusted)
		__builtin_trap();
	cert_report_free(report);
	cert_free(cert);
	cert_anchors_free(anchors);
	cert_anchors_free(none);
	return 0;
}
