/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The server's side of the transaction layer, RFC 3261 section 17.2: new requests, those
 * sent again, ACKs, and the refusals that need no state. Signalling thread.
 */

#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"
#include "base/list.h"
#include "sbc/sip_build.h"
#include "sbc/txn_internal.h"

/* Section 8.2.7: a stateless server gives each copy of a request the same tag. */
static void refuse_stateless(struct txn_layer *layer, const struct txn_cause *cause,
	const struct txn_key *key, uint16_t code)
{
	const struct txn_layer_config *config = &layer->config;
	struct sip_response_spec spec = {.code = code};
	char tag[20], retry[40];
	struct hop hop;
	struct buf text;

	snprintf(tag, sizeof(tag), "%016" PRIx64,
		hash_of(&layer->by_key, slice_of(key->bytes, key->len)));
	snprintf(retry, sizeof(retry), "Retry-After: %u\r\n", (unsigned)config->retry_after_s);
	spec.to_tag = slice_str(tag);
	if (code == 503)
		spec.lines = slice_str(retry);
	hop_from_source(&hop, cause->source);
	buf_init(&text, SIP_MESSAGE_MAX);
	if (!sip_build_response(&text, cause->msg, &cause->source->peer, &spec))
		config->send(&hop, 0, text.data, text.len, config->arg);
	buf_fini(&text);
}

/* Section 8.2.2.2: out of any dialog, and not the same transaction, since that was looked
 * for. What was refused may be tried again by another way (RFC 3263 section 4.3). */
static bool is_merged(const struct txn_layer *layer, struct slice merge)
{
	struct hash_node *node;

	if (!merge.len)
		return false;
	node = hash_first(&layer->by_merge, hash_of(&layer->by_merge, merge));
	for (; node; node = hash_next(node)) {
		struct txn *txn = container_of(node, struct txn, by_merge);
		if (slice_equal(txn->merge, merge) &&
			(txn_is_pending(txn) || txn->state == TXN_ACCEPTED))
			return true;
	}
	return false;
}

/* A call that would be too much; one that is there already is never. */
static bool is_too_much(const struct txn_layer *layer, const struct sip_msg *msg)
{
	const struct txn_layer_config *config = &layer->config;

	return config->admit && msg->method == SIP_METHOD_INVITE && !msg->to.tag.len &&
	       !config->admit(config->arg);
}

/* Strangers may fill seven eighths of the table: what ends calls has room in the rest, and so
 * has half of it who asks whether we are there (KAM-1: also under load). */
static bool is_full_for(const struct txn_layer *layer, const struct sip_msg *msg)
{
	size_t max = layer->config.txn_max;

	if (msg->to.tag.len || msg->method == SIP_METHOD_CANCEL)
		return false;
	return layer->by_key.count >= max - max / (msg->method == SIP_METHOD_OPTIONS ? 16 : 8);
}

static void take_new(
	struct txn_layer *layer, const struct txn_cause *cause, const struct txn_key *key)
{
	const struct txn_layer_config *config = &layer->config;
	const struct sip_msg *msg = cause->msg;
	bool is_invite = msg->method == SIP_METHOD_INVITE;
	struct txn_setup setup = {
		.kind = is_invite ? TXN_SERVER_INVITE : TXN_SERVER_OTHER,
		.state = is_invite ? TXN_PROCEEDING : TXN_TRYING,
		.key = slice_of(key->bytes, key->len),
	};
	struct txn_key merge;
	struct txn *txn;

	/* Each branch of a fork is cancelled for itself. */
	if (!msg->to.tag.len && msg->method != SIP_METHOD_CANCEL && !txn_key_merge(&merge, msg))
		setup.merge = slice_of(merge.bytes, merge.len);
	hop_from_source(&setup.hop, cause->source);
	if (is_merged(layer, setup.merge))
		refuse_stateless(layer, cause, key, 482);
	else if (is_full_for(layer, msg) || is_too_much(layer, msg) ||
		 txn_new(&txn, layer, &setup, cause->now))
		refuse_stateless(layer, cause, key, 503);
	else
		config->request(txn, msg, cause->source, cause->now, config->arg);
}

static void take_ack(struct txn_layer *layer, const struct txn_cause *cause, struct txn *invite)
{
	const struct txn_layer_config *config = &layer->config;

	if (invite)
		txn_run(invite, TXN_IN_ACK, cause);
	else
		config->request(NULL, cause->msg, cause->source, cause->now, config->arg);
}

void txn_server_receive(struct txn_layer *layer, const struct txn_cause *cause)
{
	const struct sip_msg *msg = cause->msg;
	bool is_ack = msg->method == SIP_METHOD_ACK;
	struct txn_key key;
	struct txn *txn;

	if (txn_key_server(&key, msg, is_ack ? SLICE("INVITE") : msg->method_name)) {
		if (!is_ack)
			refuse_stateless(layer, cause, &key, 400);
		return;
	}
	txn = txn_find(layer, &key);
	if (is_ack)
		take_ack(layer, cause, txn);
	else if (txn)
		txn_run(txn, TXN_IN_REQUEST, cause);
	else
		take_new(layer, cause, &key);
}

int txn_respond(struct txn *server, uint16_t code, const void *bytes, size_t len, usec_t now)
{
	struct txn_cause cause = {.bytes = slice_of(bytes, len), .now = now};

	if (code < 100 || code > 699)
		return SBC_EINVAL;
	return txn_run(server, txn_input_of(code), &cause);
}

struct txn *txn_find_invite(struct txn_layer *layer, const struct sip_msg *msg)
{
	struct txn_key key;

	return txn_key_server(&key, msg, SLICE("INVITE")) ? NULL : txn_find(layer, &key);
}
