/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_SIP_MSG_H
#define SBC_SIP_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/netaddr.h"
#include "base/slice.h"
#include "sbc/sip_scan.h"

/*
 * One received SIP message, parsed by libosip2 in an arena, then checked by ourselves.
 * Read-only. Every slice points into the received bytes or the arena and dies with the
 * datagram: who needs something later copies it.
 */

enum sip_method {
	SIP_METHOD_INVITE,
	SIP_METHOD_ACK,
	SIP_METHOD_BYE,
	SIP_METHOD_CANCEL,
	SIP_METHOD_OPTIONS,
	SIP_METHOD_REGISTER,
	SIP_METHOD_PRACK,
	SIP_METHOD_UPDATE,
	SIP_METHOD_INFO,
	SIP_METHOD_MESSAGE,
	SIP_METHOD_REFER,
	SIP_METHOD_SUBSCRIBE,
	SIP_METHOD_NOTIFY,
	SIP_METHOD_PUBLISH,
	SIP_METHOD_UNKNOWN, /* an extension: see method_name */
};
#define SIP_METHOD_COUNT (SIP_METHOD_UNKNOWN + 1)
/* "INVITE"; "UNKNOWN" for SIP_METHOD_UNKNOWN. */
const char *sip_method_name(enum sip_method method);
/* Case matters (RFC 3261 section 7.1). */
enum sip_method sip_method_parse(struct slice name);

struct sip_uri {
	struct slice raw;    /* addr-spec as written, without brackets */
	struct slice scheme; /* as written */
	struct slice user;   /* still escaped; empty: none */
	struct slice host;   /* IPv6 without brackets; empty for tel: and others */
	uint16_t port;       /* 0: none */
	struct slice params; /* after the first ';', without it */
};
/* Our own parse of one addr-spec; SBC_EPARSE. Pure. */
int sip_uri_parse(struct sip_uri *out, struct slice raw);
/* Value of one URI or header parameter ("lr", "transport") in "a=b;c": found or not. A
 * parameter without '=' has an empty value. */
bool sip_param_find(struct slice params, const char *name, struct slice *value);

struct sip_address {
	struct slice raw;     /* the whole value as written, unfolded */
	struct slice display; /* without quotes; may be empty */
	struct sip_uri uri;
	struct slice params; /* header parameters, after the first ';' */
	struct slice tag;    /* empty: none */
};

struct sip_via {
	struct slice raw;
	struct slice transport; /* "TLS" */
	struct slice host;      /* sent-by */
	uint16_t port;          /* 0: none */
	struct slice branch;    /* empty: none (RFC 2543) */
	bool has_rport;
	bool has_alias; /* RFC 5923 */
};

struct sip_msg {
	struct sip_scan scan; /* every line, in order; unfolded. The first field. */
	bool is_request;
	enum sip_method method; /* of the request line; of CSeq for responses */
	struct slice method_name;
	struct sip_uri request_uri; /* requests */
	uint16_t status;            /* responses */
	struct slice reason;
	struct sip_via via; /* topmost */
	size_t via_count;
	struct sip_address from;
	struct sip_address to;
	struct sip_address contact; /* the first; see contact_count */
	size_t contact_count;       /* contacts, not lines */
	bool is_contact_star;
	struct slice call_id;
	uint32_t cseq;
	int max_forwards;          /* -1: none */
	int64_t expires;           /* seconds; -1: none */
	struct slice content_type; /* of body: "application/sdp", without parameters */
	struct slice body;         /* of a multipart/mixed its only session description */
	struct slice message_body; /* all of it, as received */
};

/* Why a message is refused. */
struct sip_fault {
	int code;           /* for a request: the response to send; 0: drop silently */
	const char *phrase; /* static */
	const char *why;    /* static, for the log */
};

/* SBC_EPARSE or SBC_EPROTO with fault filled in; SBC_ENOMEM. The arena must be empty or
 * the message's own; bytes must outlive the message. */
int sip_msg_parse(
	struct sip_msg **out, struct arena *arena, struct slice bytes, struct sip_fault *fault);

/* The same for bytes that were taken before: whoever keeps a message reads it again in memory
 * of its own. */
int sip_msg_parse_again(struct sip_msg **out, struct arena *arena, struct slice bytes);

/* Header values by name, long or compact form, unfolded, in order: index counts from 0 over
 * all lines of that name, one value a line (no comma splitting). Empty slice at the end. */
struct slice sip_msg_header(const struct sip_msg *msg, const char *name, size_t index);
/* Is token in the comma list of any line of that name? ASCII case is ignored. */
bool sip_msg_lists_token(const struct sip_msg *msg, const char *name, const char *token);

/* Parses one name-addr or addr-spec value (a Contact, a Route). *rest moves behind the comma
 * that follows it. SBC_EPARSE; SBC_ENOENT at the end. */
int sip_address_next(struct sip_address *out, struct slice *rest);

#endif
