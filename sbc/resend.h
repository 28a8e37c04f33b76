/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_RESEND_H
#define SBC_RESEND_H

#include "sbc/core.h"

/*
 * A response that its receiver must acknowledge, sent again until it did: the 2xx to an
 * INVITE (RFC 3261 section 13.3.1.4) and the reliable 1xx (RFC 3262 section 3). On every
 * transport, since a proxy behind the next hop may speak UDP. Signalling thread.
 */

/* 64 T1 passed without an acknowledgement. */
typedef void(resend_lost_h)(usec_t now, void *arg);

/* Zeroed memory is a stopped one. */
struct resend {
	struct sbc *sbc; /* borrowed */
	struct hop hop;
	struct buf bytes; /* owned */
	usec_t interval;
	usec_t interval_max; /* 0: doubles for ever */
	usec_t deadline;
	struct timer timer;
	resend_lost_h *lost;
	void *arg; /* borrowed */
};

/* hop, interval_max, lost and arg are set by the caller; bytes are copied and were sent once
 * already. SBC_ENOMEM, SBC_ELIMIT. */
int resend_start(struct resend *resend, struct sbc *sbc, struct slice bytes, usec_t now);
/* Acknowledged, or nobody cares any more. */
void resend_stop(struct resend *resend);
bool resend_is_running(const struct resend *resend);

#endif
