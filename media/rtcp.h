/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_RTCP_H
#define MEDIA_RTCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* On a port that carries both: RTCP packet types take the payload types 64 to 95, which
 * RTP must not use there (RFC 5761 section 4). */
bool rtcp_is_rtcp(const uint8_t *bytes, size_t len);

/* What can be seen of an SRTCP packet before it is decrypted: the first header. SBC_EPARSE. */
int rtcp_check_first(const uint8_t *bytes, size_t len);

/* The whole compound packet in the clear: its parts fill it exactly (RFC 3550 appendix A.2;
 * RFC 5506 allows any first part). SBC_EPARSE. */
int rtcp_check(const uint8_t *bytes, size_t len);

#endif
