/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The transaction layer, RFC 3261 section 17 and RFC 6026: the table of transactions, their
 * timers, and the step that all four machines (txn_table.c) share. Pure: it is given time,
 * randomness and a way to send. Signalling thread.
 */

#include "sbc/txn_internal.h"

#include <assert.h>

#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"

/* No standard timer runs while somebody's phone rings; the core gives up long before this,
 * and a transaction that the core has lost must not stay for ever. */
#define PROCEEDING_MAX (3600 * USEC_PER_SEC)

#define BRANCH_RANDOM 32 /* characters of 5 bits */

void txn_layer_config_init(struct txn_layer_config *config)
{
	*config = (struct txn_layer_config){
		.timing = {.t1 = 500 * USEC_PER_MS,
			.t2 = 4 * USEC_PER_SEC,
			.t4 = 5 * USEC_PER_SEC},
		.txn_max = 10000,
		.retry_after_s = 5,
		.random = random_system(),
	};
}

static int init_table(struct txn_layer *layer, struct hash_table *table)
{
	const struct random_source *random = &layer->config.random;
	uint8_t seed[16];

	random->fill(random->arg, seed, sizeof(seed));
	return hash_init(table, layer->config.txn_max, seed);
}

int txn_layer_new(struct txn_layer **out, const struct txn_layer_config *config)
{
	struct txn_layer *layer = mem_alloc(sizeof(*layer));
	int err;

	if (!layer)
		return SBC_ENOMEM;
	layer->config = *config;
	err = init_table(layer, &layer->by_key);
	err = err ? err : init_table(layer, &layer->by_tag);
	err = err ? err : init_table(layer, &layer->by_merge);
	if (err) {
		txn_layer_free(layer);
		return err;
	}
	*out = layer;
	return 0;
}

static void destroy_one(struct hash_node *node, void *arg)
{
	(void)arg;
	txn_destroy(container_of(node, struct txn, by_key));
}

void txn_layer_free(struct txn_layer *layer)
{
	if (!layer)
		return;
	if (layer->by_key._slots)
		hash_visit(&layer->by_key, destroy_one, NULL);
	hash_fini(&layer->by_key);
	hash_fini(&layer->by_tag);
	hash_fini(&layer->by_merge);
	slab_fini(&layer->slab);
	mem_free(layer);
}

size_t txn_layer_count(const struct txn_layer *layer)
{
	return layer->by_key.count;
}

/* ---- timers ---- */

static void on_resend(struct timer *timer, usec_t now, void *arg)
{
	struct txn *txn = arg;
	const struct txn_timing *timing = &txn->layer->config.timing;

	txn->interval *= 2;
	if (txn_wait(txn->kind, txn->state).resend != TXN_RESEND_DOUBLE &&
		txn->interval > timing->t2)
		txn->interval = timing->t2;
	/* Without memory for it the request is sent no more, and ends all the same. */
	timer_start(txn->layer->config.timers, timer, now + txn->interval);
	txn_run(txn, TXN_IN_RESEND, &(struct txn_cause){.now = now});
}

static void on_end(struct timer *timer, usec_t now, void *arg)
{
	struct txn *txn = arg;

	/* txn_detach() knows no time, so it had us called to begin the last wait: RFC 3261
	 * section 9.1 gives a cancelled INVITE 64 T1. */
	if (txn->is_detached && txn->state == TXN_PROCEEDING && !txn->is_leaving) {
		txn->is_leaving = true;
		timer_start(txn->layer->config.timers, timer,
			now + 64 * txn->layer->config.timing.t1);
		return;
	}
	txn_run(txn, TXN_IN_END, &(struct txn_cause){.now = now});
}

static void arm_resend(struct txn *txn, usec_t now)
{
	struct timers *timers = txn->layer->config.timers;
	const struct txn_timing *timing = &txn->layer->config.timing;

	switch (txn_wait(txn->kind, txn->state).resend) {
	case TXN_RESEND_STOP:
		timer_stop(timers, &txn->resend);
		break;
	case TXN_RESEND_DOUBLE:
	case TXN_RESEND_DOUBLE_TO_T2:
		txn->interval = timing->t1;
		if (!transport_kind_is_reliable(txn->hop.kind))
			timer_start(timers, &txn->resend, now + txn->interval);
		break;
	case TXN_RESEND_AT_T2:
		txn->interval = timing->t2;
		break;
	}
}

static void arm_end(struct txn *txn, usec_t now)
{
	const struct txn_timing *timing = &txn->layer->config.timing;
	bool is_reliable = transport_kind_is_reliable(txn->hop.kind);
	usec_t wait = 0;

	switch (txn_wait(txn->kind, txn->state).end) {
	case TXN_END_AS_IS:
		return;
	case TXN_END_LONG:
		if (txn->is_detached) { /* nobody will give up for it: B runs on */
			txn->is_leaving = true;
			return;
		}
		wait = PROCEEDING_MAX;
		break;
	case TXN_END_64T1:
		wait = 64 * timing->t1;
		break;
	case TXN_END_64T1_UNRELIABLE:
		wait = is_reliable ? 0 : 64 * timing->t1;
		break;
	case TXN_END_T4_UNRELIABLE:
		wait = is_reliable ? 0 : timing->t4;
		break;
	}
	timer_start(txn->layer->config.timers, &txn->end, now + wait);
}

void txn_arm(struct txn *txn, usec_t now)
{
	arm_resend(txn, now);
	arm_end(txn, now);
}

static void set_state(struct txn *txn, enum txn_state state, usec_t now)
{
	txn->state = state;
	if (state != TXN_TERMINATED)
		txn_arm(txn, now);
}

/* ---- life ---- */

/* They are in a description (RFC 4568 section 4). */
static bool has_keys(struct slice bytes)
{
	return bytes.len && memmem(bytes.ptr, bytes.len, "a=crypto", 8);
}

static struct slice store(struct txn *txn, size_t *at, struct slice bytes)
{
	struct slice stored = slice_of(txn->storage + *at, bytes.len);

	if (bytes.len)
		memcpy(txn->storage + *at, bytes.ptr, bytes.len);
	*at += bytes.len;
	return stored;
}

static int enter_tables(struct txn *txn)
{
	struct txn_layer *layer = txn->layer;
	struct slice tag = slice_of(&txn->tag, sizeof(txn->tag));
	int err = hash_insert(&layer->by_key, &txn->by_key, hash_of(&layer->by_key, txn->key));

	if (err)
		return err;
	err = hash_insert(&layer->by_tag, &txn->by_tag, hash_of(&layer->by_tag, tag));
	if (!err && txn->merge.len)
		err = hash_insert(&layer->by_merge, &txn->by_merge,
			hash_of(&layer->by_merge, txn->merge));
	return err;
}

int txn_new(
	struct txn **out, struct txn_layer *layer, const struct txn_setup *setup, usec_t now)
{
	size_t len = setup->key.len + setup->merge.len + setup->bytes.len;
	size_t at = 0;
	struct txn *txn;
	int err;

	if (layer->by_key.count >= layer->config.txn_max)
		return SBC_ELIMIT;
	txn = slab_take(&layer->slab, sizeof(*txn) + len);
	if (!txn)
		return SBC_ENOMEM;
	memset(txn, 0, sizeof(*txn));
	txn->layer = layer;
	txn->kind = setup->kind;
	txn->tag = ++layer->last_tag;
	txn->hop = setup->hop;
	txn->handler = setup->handler;
	txn->arg = setup->arg;
	txn->key = store(txn, &at, setup->key);
	txn->merge = store(txn, &at, setup->merge);
	txn->bytes = store(txn, &at, setup->bytes);
	txn->is_secret = has_keys(txn->bytes);
	timer_init(&txn->resend, on_resend, txn);
	timer_init(&txn->end, on_end, txn);
	err = enter_tables(txn);
	err = err ? err : timer_start(layer->config.timers, &txn->end, now);
	if (err) {
		txn_destroy(txn);
		return err;
	}
	set_state(txn, setup->state, now);
	*out = txn;
	return 0;
}

static void leave_tables(struct txn *txn)
{
	struct txn_layer *layer = txn->layer;

	timer_stop(layer->config.timers, &txn->resend);
	timer_stop(layer->config.timers, &txn->end);
	hash_remove(&layer->by_key, &txn->by_key);
	hash_remove(&layer->by_tag, &txn->by_tag);
	if (txn->merge.len)
		hash_remove(&layer->by_merge, &txn->by_merge);
}

static void wipe_bytes(struct txn *txn)
{
	if (txn->is_secret && txn->bytes.len)
		mem_wipe((void *)txn->bytes.ptr, txn->bytes.len);
}

static void free_spare(struct txn *txn)
{
	if (txn->spare)
		mem_wipe(txn->spare->bytes, txn->spare->len);
	mem_free(txn->spare);
}

static void release(struct txn *txn)
{
	wipe_bytes(txn);
	free_spare(txn);
	slab_free(&txn->layer->slab, txn->kept);
	slab_free(&txn->layer->slab, txn);
}

void txn_destroy(struct txn *txn)
{
	leave_tables(txn);
	release(txn);
}

struct txn *txn_find(const struct txn_layer *layer, const struct txn_key *key)
{
	struct slice bytes = slice_of(key->bytes, key->len);
	struct hash_node *node = hash_first(&layer->by_key, hash_of(&layer->by_key, bytes));

	for (; node; node = hash_next(node)) {
		struct txn *txn = container_of(node, struct txn, by_key);
		if (slice_equal(txn->key, bytes))
			return txn;
	}
	return NULL;
}

/* ---- one step ---- */

static void tell(struct txn *txn, enum txn_event event, const struct sip_msg *msg, usec_t now)
{
	if (txn->handler)
		txn->handler(txn, event, msg, now, txn->arg);
}

static enum txn_event event_of(enum txn_input input)
{
	switch (input) {
	case TXN_IN_PROVISIONAL:
		return TXN_EVENT_PROVISIONAL;
	case TXN_IN_SUCCESS:
		return TXN_EVENT_SUCCESS;
	case TXN_IN_FAILURE:
		return TXN_EVENT_FAILURE;
	case TXN_IN_END:
		return TXN_EVENT_TIMEOUT;
	case TXN_IN_TRANSPORT:
		return TXN_EVENT_TRANSPORT;
	case TXN_IN_REQUEST:
	case TXN_IN_ACK:
	case TXN_IN_RESEND: /* nobody is told of these */
		break;
	}
	assert(!"an input without an event");
	return TXN_EVENT_TRANSPORT;
}

static int send_bytes(struct txn *txn, struct slice bytes)
{
	const struct txn_layer_config *config = &txn->layer->config;

	return bytes.len ? config->send(&txn->hop, txn->tag, bytes.ptr, bytes.len, config->arg)
			 : 0;
}

/* Without memory only the retransmission is lost: the response itself is on its way. */
static void keep(struct txn *txn, struct slice bytes)
{
	wipe_bytes(txn);
	slab_free(&txn->layer->slab, txn->kept);
	txn->kept = slab_take(&txn->layer->slab, bytes.len);
	if (txn->kept && bytes.len)
		memcpy(txn->kept, bytes.ptr, bytes.len);
	txn->bytes = slice_of(txn->kept, txn->kept ? bytes.len : 0);
	txn->is_secret = has_keys(txn->bytes);
}

static int send_all(struct txn *txn, unsigned actions, const struct txn_cause *cause)
{
	int err = 0;

	if (actions & TXN_DO_SEND)
		err = send_bytes(txn, cause->bytes);
	if (actions & TXN_DO_KEEP)
		keep(txn, cause->bytes);
	if (actions & TXN_DO_REPEAT)
		err = send_bytes(txn, txn->bytes);
	if (actions & TXN_DO_ACK)
		err = txn_client_ack(txn, cause->msg);
	return err;
}

int txn_run(struct txn *txn, enum txn_input input, const struct txn_cause *cause)
{
	const struct txn_layer_config *config = &txn->layer->config;
	const struct txn_step *step = txn_step(txn->kind, txn->state, input);
	int err;

	if (input == TXN_IN_TRANSPORT && txn_client_narrow(txn, cause->now))
		return 0;
	if (step->actions & TXN_DO_REFUSE)
		return SBC_ESTATE;
	if (step->next != TXN_SAME)
		set_state(txn, step->next, cause->now);
	err = send_all(txn, step->actions, cause);
	if (step->actions & TXN_DO_TELL)
		tell(txn, event_of(input), cause->msg, cause->now);
	if (step->actions & TXN_DO_PASS)
		config->request(NULL, cause->msg, cause->source, cause->now, config->arg);
	if ((step->actions & TXN_DO_STRAY) && config->stray)
		config->stray(cause->msg, cause->source, cause->now, config->arg);
	/* Who sends hears of it as the result of the call; of the rest as an event. */
	if (err && !(step->actions & TXN_DO_SEND))
		return txn_run(txn, TXN_IN_TRANSPORT, &(struct txn_cause){.now = cause->now});
	if (txn->state == TXN_TERMINATED) {
		leave_tables(txn);
		tell(txn, TXN_EVENT_GONE, NULL, cause->now);
		release(txn);
	}
	return err;
}

/* ---- in from outside ---- */

void txn_layer_receive(struct txn_layer *layer, const struct sip_msg *msg,
	const struct transport_source *source, usec_t now)
{
	struct txn_cause cause = {.msg = msg, .source = source, .now = now};

	if (msg->is_request)
		txn_server_receive(layer, &cause);
	else
		txn_client_receive(layer, &cause);
}

void txn_layer_transport_failed(struct txn_layer *layer, uint64_t tag, usec_t now)
{
	uint64_t hash = hash_of(&layer->by_tag, slice_of(&tag, sizeof(tag)));
	struct hash_node *node = hash_first(&layer->by_tag, hash);

	for (; node; node = hash_next(node)) {
		struct txn *txn = container_of(node, struct txn, by_tag);
		if (txn->tag != tag)
			continue;
		txn_run(txn, TXN_IN_TRANSPORT, &(struct txn_cause){.now = now});
		return;
	}
}

void txn_branch_new(struct txn_layer *layer, char *out)
{
	static const char cookie[] = "z9hG4bK";

	_Static_assert(sizeof(cookie) + BRANCH_RANDOM == TXN_BRANCH_MAX, "branch fits");
	memcpy(out, cookie, sizeof(cookie));
	random_token(&layer->config.random, out + sizeof(cookie) - 1, BRANCH_RANDOM);
}

/* ---- of both kinds ---- */

void txn_set_handler(struct txn *txn, txn_event_h *handler, void *arg)
{
	txn->handler = handler;
	txn->arg = arg;
}

void *txn_handler_arg(const struct txn *txn)
{
	return txn->arg;
}

bool txn_is_pending(const struct txn *txn)
{
	return txn->state == TXN_TRYING || txn->state == TXN_PROCEEDING;
}

struct slice txn_bytes(const struct txn *txn)
{
	return txn->bytes;
}

const struct hop *txn_hop(const struct txn *txn)
{
	return &txn->hop;
}

void txn_detach(struct txn *txn)
{
	txn->handler = NULL;
	txn->arg = NULL;
	if (txn->is_detached)
		return;
	txn->is_detached = true;
	/* Only here no timer of the standard runs: see on_end(). */
	if (txn->state == TXN_PROCEEDING && txn_wait(txn->kind, txn->state).end == TXN_END_LONG)
		timer_start(txn->layer->config.timers, &txn->end, 0);
}
