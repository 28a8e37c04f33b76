/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_REGISTRAR_H
#define SBC_REGISTRAR_H

#include <stddef.h>

#include "base/clock.h"
#include "base/random.h"
#include "sbc/sip_msg.h"
#include "sbc/transport.h"

/*
 * In-memory location service for our own users (RFC 3261 section 10): address-of-record to
 * contacts, each with the connection it came over, since that is the only way back to a
 * phone behind TLS or NAT. No clock, no sending. Signalling thread.
 */
struct registrar;

#define REGISTRAR_CONTACT_MAX 4 /* contacts of one address-of-record */

#define REGISTRAR_TEXT_MAX 768 /* bytes of one contact and its path */

struct registrar_limits {
	size_t registration_max; /* contacts in all */
	int64_t expires_min_s, expires_max_s, expires_default_s;
};

struct registrar_binding {
	/* Contact URI, as written: the Request-URI for calls to it. Behind its end the Route
	 * lines of its Path. */
	char contact[REGISTRAR_TEXT_MAX];
	struct hop hop;      /* how to reach it */
	struct netaddr from; /* where its REGISTER came from */
	usec_t expires_at;
	char call_id[256];
	uint32_t cseq;
};

int registrar_new(struct registrar **out, const struct registrar_limits *limits,
	const struct random_source *random);
void registrar_free(struct registrar *registrar);

/* After a reload: of registrations from now on. registration_max stays as it was. */
void registrar_set_limits(struct registrar *registrar, const struct registrar_limits *limits);

struct registrar_answer {
	uint16_t code;   /* 200, 400, 423, 500, 503 */
	const char *why; /* static; for the log */
	/* 200: bindings in force, newest first, borrowed until the next call */
	const struct registrar_binding *bindings[REGISTRAR_CONTACT_MAX];
	size_t binding_count;
};

/* One REGISTER. */
struct registrar_request {
	struct slice aor; /* "alice@atlanta.test", host in lower case */
	const struct sip_msg *msg;
	const struct transport_source *source;
	usec_t now;
	int64_t expires_max_s; /* for this one; 0: as the limits have it */
};

/*
 * One authenticated REGISTER for aor ("alice@atlanta.test", host in lower case), all of its
 * contacts or none (RFC 3261 section 10.3 steps 6 to 8): '*' with Expires 0 only, older
 * CSeq of the same Call-ID refused, expiry clipped or 423 below the minimum. Without
 * Contact it is a query.
 */
void registrar_register(struct registrar *registrar, const struct registrar_request *request,
	struct registrar_answer *out);

/* The bindings of aor that have not expired, newest first; NULL behind the last one. Borrowed
 * until the next call. */
const struct registrar_binding *registrar_find(
	struct registrar *registrar, struct slice aor, usec_t now, size_t index);
/* Does it come from where this was registered from: the same connection, or address? */
bool registrar_is_from(
	const struct registrar_binding *binding, const struct transport_source *source);
/* RFC 3327: whole Route lines for requests to it, in order; empty: none. Borrowed from it. */
struct slice registrar_path(const struct registrar_binding *binding);

/* Bindings whose REGISTER came from that host. */
size_t registrar_count_from(const struct registrar *registrar, const struct netaddr *host);

/* Some of the records from *place (0 at first), which goes on; false: there are no more. */
typedef void(registrar_walk_h)(
	const char *aor, const struct registrar_binding *bindings, size_t count, void *arg);
bool registrar_walk(struct registrar *registrar, size_t *place, size_t slots,
	registrar_walk_h *visit, void *arg);
/* By command. SBC_ENOENT. */
int registrar_remove(struct registrar *registrar, struct slice aor);

/* Drops what has expired; called now and then. Returns how many are left. */
size_t registrar_expire(struct registrar *registrar, usec_t now);
/* Bindings, expired ones that were not dropped yet too. */
size_t registrar_count(const struct registrar *registrar);

#endif
