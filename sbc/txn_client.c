/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The client's side of the transaction layer, RFC 3261 section 17.1. Signalling thread. */

#include "base/err.h"
#include "sbc/sip_build.h"
#include "sbc/txn_internal.h"

int txn_client_new(struct txn **out, struct txn_layer *layer,
	const struct txn_client_request *request, usec_t now)
{
	struct txn_setup setup = {
		.kind = request->method == SIP_METHOD_INVITE ? TXN_CLIENT_INVITE
							     : TXN_CLIENT_OTHER,
		.state = TXN_TRYING,
		.bytes = request->bytes,
		.hop = *request->hop,
		.handler = request->handler,
		.arg = request->arg,
	};
	struct txn_key key;
	struct txn *txn;
	int err = txn_key_client(&key, request->branch, request->method_name);

	if (err)
		return err;
	setup.key = slice_of(key.bytes, key.len);
	err = txn_new(&txn, layer, &setup, now);
	if (err)
		return err;
	err = layer->config.send(
		&txn->hop, txn->tag, txn->bytes.ptr, txn->bytes.len, layer->config.arg);
	if (err) {
		txn_destroy(txn);
		return err;
	}
	*out = txn;
	return 0;
}

int txn_client_ack(struct txn *txn, const struct sip_msg *response)
{
	const struct txn_layer_config *config = &txn->layer->config;
	struct buf ack;
	int err;

	buf_init(&ack, SIP_MESSAGE_MAX);
	err = sip_build_ack(&ack, txn->bytes, response->to.raw);
	/* Where the INVITE went, as section 17.1.1.3 has it. */
	err = err ? err : config->send(&txn->hop, txn->tag, ack.data, ack.len, config->arg);
	buf_fini(&ack);
	return err;
}

void txn_client_receive(struct txn_layer *layer, const struct txn_cause *cause)
{
	const struct sip_msg *msg = cause->msg;
	struct txn_key key;
	struct txn *txn;

	if (msg->status < 100 || msg->status > 699)
		return;
	if (txn_key_client(&key, msg->via.branch, msg->method_name))
		return; /* we never made so long a branch */
	txn = txn_find(layer, &key);
	if (txn)
		txn_run(txn, txn_input_of(msg->status), cause);
	else if (layer->config.stray)
		layer->config.stray(msg, cause->source, cause->now, layer->config.arg);
}
