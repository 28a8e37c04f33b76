/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_BANDWIDTH_H
#define SBC_BANDWIDTH_H

#include "sbc/sdp.h"

/* What the media of a description takes at most in one direction, in kbit/s on the wire: its
 * first codecs at 20 ms a packet, with IPv4, UDP, RTP and SRTP's tag. Nothing of media that
 * goes past us. Pure. */
unsigned bandwidth_kbps(const struct sdp *sdp);

#endif
