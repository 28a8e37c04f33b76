/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEDIA_SRTP_KERNELS_H
#define MEDIA_SRTP_KERNELS_H

/*
 * Starts libsrtp and puts our kernels in the place of its own. Each must pass libsrtp's
 * self-test first. The library is the process's and stays until its end; repeating this is
 * harmless, but not while crypto contexts are in use on other threads. SBC_ECRYPTO.
 */
int srtp_kernels_install(void);

#endif
