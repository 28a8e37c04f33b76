/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of error numbers. Any thread. */

#include "base/err.h"

const char *err_name(int err)
{
	switch (err) {
	case SBC_OK:
		return "OK";
	case SBC_EINVAL:
		return "EINVAL";
	case SBC_ENOMEM:
		return "ENOMEM";
	case SBC_EPERM:
		return "EPERM";
	case SBC_ENOENT:
		return "ENOENT";
	case SBC_EEXIST:
		return "EEXIST";
	case SBC_EAGAIN:
		return "EAGAIN";
	case SBC_EIO:
		return "EIO";
	case SBC_EPARSE:
		return "EPARSE";
	case SBC_EPROTO:
		return "EPROTO";
	case SBC_ELIMIT:
		return "ELIMIT";
	case SBC_EPEER:
		return "EPEER";
	case SBC_ECRYPTO:
		return "ECRYPTO";
	case SBC_ESTATE:
		return "ESTATE";
	default:
		return "EUNKNOWN";
	}
}
