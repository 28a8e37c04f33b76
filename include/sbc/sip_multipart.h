/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_SIP_MULTIPART_H
#define SBC_SIP_MULTIPART_H

#include "base/slice.h"

/* What a multipart/mixed body has for us (RFC 5621). Pure. */
struct sip_multipart {
	struct slice session; /* the last session description; borrowed from the body */
	size_t session_count;
	bool has_required; /* a part that we do not know and that must be understood */
};

/* content_type: the header's whole value. SBC_ENOENT: not multipart/mixed; SBC_EPARSE: broken,
 * or of more parts than anybody sends. */
int sip_multipart_read(struct sip_multipart *out, struct slice content_type, struct slice body);

#endif
