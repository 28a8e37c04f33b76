/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The client's side of the transaction layer, RFC 3261 section 17.1. Signalling thread. */

#include "base/err.h"
#include "base/mem.h"
#include "sbc/sip_build.h"
#include "sbc/txn_internal.h"

static int send_request(struct txn *txn)
{
	const struct txn_layer_config *config = &txn->layer->config;

	return config->send(&txn->hop, txn->tag, txn->bytes.ptr, txn->bytes.len, config->arg);
}

bool txn_client_narrow(struct txn *txn, usec_t now)
{
	const struct txn_layer_config *config = &txn->layer->config;
	struct txn_spare *spare = txn->spare;

	if (!spare || txn->hop.kind == spare->hop.kind || txn->state != TXN_TRYING)
		return false;
	if (config->narrowed)
		config->narrowed(&txn->hop, now, config->arg);
	mem_wipe((void *)txn->bytes.ptr, txn->bytes.len);
	txn->hop = spare->hop;
	txn->bytes = slice_of(spare->bytes, spare->len);
	txn_arm(txn, now);
	return !send_request(txn);
}

static int keep_spare(struct txn *txn, const struct txn_client_request *request)
{
	struct txn_spare *spare = mem_alloc(sizeof(*spare) + request->bytes.len);

	if (!spare)
		return SBC_ENOMEM;
	spare->hop = *request->hop;
	spare->len = request->bytes.len;
	memcpy(spare->bytes, request->bytes.ptr, spare->len);
	txn->spare = spare;
	return 0;
}

static int make(struct txn **out, struct txn_layer *layer, struct txn_setup *setup,
	const struct txn_client_request *request, usec_t now)
{
	struct txn_key key;
	bool is_wide = setup->hop.kind != request->hop->kind;
	int err = txn_key_client(&key, request->branch, request->method_name);

	if (err)
		return err;
	setup->key = slice_of(key.bytes, key.len);
	err = txn_new(out, layer, setup, now);
	if (err)
		return err;
	err = is_wide ? keep_spare(*out, request) : 0;
	err = err ? err : send_request(*out);
	if (err && is_wide && txn_client_narrow(*out, now))
		err = 0;
	if (err)
		txn_destroy(*out);
	return err;
}

int txn_client_new(struct txn **out, struct txn_layer *layer,
	const struct txn_client_request *request, usec_t now)
{
	const struct txn_layer_config *config = &layer->config;
	struct txn_setup setup = {
		.kind = request->method == SIP_METHOD_INVITE ? TXN_CLIENT_INVITE
							     : TXN_CLIENT_OTHER,
		.state = TXN_TRYING,
		.bytes = request->bytes,
		.hop = *request->hop,
		.handler = request->handler,
		.arg = request->arg,
	};
	struct buf wide;
	struct txn *txn;
	int err;

	buf_init(&wide, SIP_MESSAGE_MAX);
	if (config->widen && request->hop->kind == TRANSPORT_UDP &&
		config->widen(
			request->hop, request->bytes, &setup.hop, &wide, now, config->arg))
		setup.bytes = buf_slice(&wide);
	err = make(&txn, layer, &setup, request, now);
	buf_fini_secret(&wide);
	if (!err)
		*out = txn;
	return err;
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
