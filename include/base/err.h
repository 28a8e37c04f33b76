/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <errno.h>

/*
 * Error numbers: 0 is success, everything else is negative. System kinds are -errno (as
 * libuv has them), our own kinds lie below -1000. A SIP status is never carried in one.
 */
enum {
	SBC_OK = 0,
	SBC_EINVAL = -EINVAL,
	SBC_ENOMEM = -ENOMEM,
	SBC_ENOENT = -ENOENT,
	SBC_EPERM = -EPERM,
	SBC_EEXIST = -EEXIST,
	SBC_EAGAIN = -EAGAIN, /* would block; a queue is full */
	SBC_EIO = -EIO,
	SBC_EPARSE = -1001,  /* bytes that do not follow their grammar */
	SBC_EPROTO = -1002,  /* well formed, but not allowed or not understood here */
	SBC_ELIMIT = -1003,  /* a ceiling was reached */
	SBC_EPEER = -1004,   /* the other end failed or refused */
	SBC_ECRYPTO = -1005, /* a key, certificate, signature or handshake is wrong */
	SBC_ESTATE = -1006,  /* not possible in the present state */
};

/* A short constant word for err ("ELIMIT"), never NULL. Any thread. */
const char *err_name(int err);

#endif
