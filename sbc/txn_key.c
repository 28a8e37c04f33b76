/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What messages belong to one transaction: RFC 3261 sections 17.1.3 (client) and 17.2.3
 * (server), and which requests are merged (section 8.2.2.2). Keys are bytes: fields with a
 * NUL after each, the kind of key in front. Pure.
 */

#include <stdio.h>

#include "base/err.h"
#include "sbc/txn_internal.h"

#define MAGIC_COOKIE SLICE("z9hG4bK")

static int put(struct txn_key *key, struct slice field)
{
	if (field.len >= sizeof(key->bytes) - key->len)
		return SBC_ELIMIT;
	if (field.len)
		memcpy(key->bytes + key->len, field.ptr, field.len);
	key->len += field.len;
	key->bytes[key->len++] = '\0';
	return 0;
}

static int put_number(struct txn_key *key, uint32_t number)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", (unsigned)number);
	return put(key, slice_str(text));
}

/* A client of RFC 2543 has no unique branch: the fields that section 17.2.3 lists instead.
 * Not the To tag: that of an ACK is ours, and the rest is unique without it. */
static int put_old_style(struct txn_key *key, const struct sip_msg *msg)
{
	int err = put(key, SLICE("old"));

	err = err ? err : put(key, msg->request_uri.raw);
	err = err ? err : put(key, msg->from.tag);
	err = err ? err : put(key, msg->call_id);
	err = err ? err : put_number(key, msg->cseq);
	return err ? err : put(key, msg->via.raw);
}

int txn_key_server(struct txn_key *out, const struct sip_msg *msg, struct slice method)
{
	int err;

	out->len = 0;
	err = put(out, SLICE("server"));
	err = err ? err : put(out, method);
	if (err || !slice_starts(msg->via.branch, MAGIC_COOKIE))
		return err ? err : put_old_style(out, msg);
	err = put(out, msg->via.branch);
	err = err ? err : put(out, msg->via.host);
	return err ? err : put_number(out, msg->via.port);
}

int txn_key_client(struct txn_key *out, struct slice branch, struct slice method)
{
	int err;

	out->len = 0;
	err = put(out, SLICE("client"));
	err = err ? err : put(out, method);
	return err ? err : put(out, branch);
}

int txn_key_merge(struct txn_key *out, const struct sip_msg *msg)
{
	int err;

	out->len = 0;
	err = put(out, msg->from.tag);
	err = err ? err : put(out, msg->call_id);
	err = err ? err : put_number(out, msg->cseq);
	return err ? err : put(out, msg->method_name);
}
