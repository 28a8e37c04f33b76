/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_PROVISION_H
#define SBC_PROVISION_H

#include "base/buf.h"
#include "base/slice.h"

#include <sys/types.h>

/*
 * Keys and certificates on disk: read with care, and made at first start where the
 * configuration names none (a demo CA and a certificate for each own domain, in the state
 * directory). Blocking; before the loops run. Private to the sbc room.
 */

#define PROVISION_FILE_MAX 65536 /* bytes of one PEM file */

/* What was made, or what is wrong: one sentence. */
typedef void(provision_say_h)(const char *sentence, void *arg);

struct provision {
	const char *state_dir;
	int64_t now_s;
	provision_say_h *made;  /* "made a demo CA ..." */
	provision_say_h *fault; /* why something failed */
	void *arg;
};

/* Creates it (0700) when it is not there. SBC_EIO. */
int provision_directory(const struct provision *p);

/* A PEM file; is_secret: refused (SBC_EPROTO) when others than its owner can read or write
 * it. SBC_EIO, SBC_ELIMIT. out must be initialised. */
int provision_read(
	const struct provision *p, const char *path, bool is_secret, struct buf *out);

/* Whole or not at all: written beside, then renamed. SBC_EIO. */
int provision_write(
	const struct provision *p, const char *path, mode_t mode, struct slice bytes);

/* The demo CA of the state directory, made when missing. key may be NULL. */
int provision_ca(const struct provision *p, struct buf *key, struct buf *certificate);

/* The certificate of one own domain under the demo CA, made when missing; it also covers ip
 * (a literal address, may be empty), so that a phone may connect by address. */
int provision_domain(const struct provision *p, struct slice domain, struct slice ip,
	struct buf *key, struct buf *certificate);

#endif
