/* SPDX-License-Identifier: GPL-3.0-or-later */
/* OPTIONS to peers, RFC 3261 section 11, in the words of Kamailio's dispatcher. Signalling
 * thread. */

#include "sbc/probe.h"

#include "base/err.h"
#include "sbc/leg.h"
#include "sbc/peer_link.h"

static void note_state(struct sbc *sbc, const struct peer_entry *entry)
{
	bool is_usable = peer_entry_is_usable(entry);

	log_event(sbc->log, is_usable ? LOG_INFO : LOG_WARN, "sbc", "peer.state",
		"peer=%s flags=%s code=%u failed=%llu", entry->name, peer_entry_flags(entry),
		entry->last_code, (unsigned long long)entry->probes_failed);
}

static void heard(struct sbc *sbc, struct peer_entry *entry, uint16_t code)
{
	const struct config_dispatcher *words = &sbc->config->dispatcher;
	bool is_alive = code && probe_code_is_alive(words->ds_ping_reply_codes, code);

	if (peer_entry_probed(entry, words, is_alive, code))
		note_state(sbc, entry);
}

static struct peer_entry *entry_of(struct sbc *sbc, const struct txn *txn)
{
	for (size_t i = 0; i < sbc->peers->config->peer_count; i++)
		if (sbc->peers->entries[i]->probe == txn)
			return sbc->peers->entries[i];
	return NULL;
}

static void on_probe(
	struct txn *txn, enum txn_event event, const struct sip_msg *msg, usec_t now, void *arg)
{
	struct sbc *sbc = arg;
	struct peer_entry *entry = entry_of(sbc, txn);

	(void)now;
	if (!entry)
		return;
	switch (event) {
	case TXN_EVENT_PROVISIONAL:
		return;
	case TXN_EVENT_SUCCESS:
	case TXN_EVENT_FAILURE:
		heard(sbc, entry, msg->status);
		break;
	case TXN_EVENT_TIMEOUT:
	case TXN_EVENT_TRANSPORT:
	case TXN_EVENT_GONE:
		heard(sbc, entry, 0);
		break;
	}
	entry->probe = NULL;
	if (event != TXN_EVENT_GONE)
		txn_detach(txn);
}

/* peer: its address, also where hop is a connection that it made. */
static int build(struct sbc *sbc, const struct hop *hop, const struct netaddr *peer,
	const char *branch, struct buf *out)
{
	struct sip_request_spec spec = {.method = SLICE("OPTIONS"),
		.cseq = 1,
		.max_forwards = 70,
		.lines = SLICE(SBC_ACCEPT)};
	char tag[SBC_TAG_LEN + 1], call_id[2 * SBC_TAG_LEN + 1], address[NETADDR_TEXT_MAX];
	struct buf texts[4]; /* Request-URI, Via, From, To */
	int err;

	for (size_t i = 0; i < 4; i++)
		buf_init(&texts[i], SBC_TEXT_MAX);
	random_token(&sbc->random, tag, SBC_TAG_LEN);
	random_token(&sbc->random, call_id, 2 * SBC_TAG_LEN);
	/* KAM-3: to its own URI, without a user. */
	buf_printf(&texts[0], "sip:%s", netaddr_print(peer, address));
	if (hop->kind != TRANSPORT_UDP)
		buf_put_str(&texts[0],
			hop->kind == TRANSPORT_TCP ? ";transport=tcp" : ";transport=tls");
	leg_via(sbc, hop, branch, &texts[1]);
	buf_printf(&texts[2], "<%s>;tag=%s", sbc->config->dispatcher.ds_ping_from, tag);
	buf_printf(&texts[3], "<%.*s>", SLICE_ARG(buf_slice(&texts[0])));
	spec.request_uri = buf_slice(&texts[0]);
	spec.via = buf_slice(&texts[1]);
	spec.from = buf_slice(&texts[2]);
	spec.to = buf_slice(&texts[3]);
	spec.call_id = slice_str(call_id);
	err = sip_build_request(out, &spec);
	for (size_t i = 0; i < 4; i++)
		buf_fini(&texts[i]);
	return err;
}

static int send_probe(struct sbc *sbc, const struct config_peer *peer, usec_t now)
{
	struct peer_entry *entry = peer_table_find(sbc->peers, peer);
	char branch[TXN_BRANCH_MAX];
	struct hop hop;
	struct txn_client_request request = {.method = SIP_METHOD_OPTIONS,
		.method_name = SLICE("OPTIONS"),
		.hop = &hop,
		.handler = on_probe,
		.arg = sbc};
	struct buf bytes;
	int err = sbc_hop_to_peer(sbc, peer, &hop);

	if (err)
		return err;
	txn_branch_new(sbc->txns, branch);
	buf_init(&bytes, SIP_MESSAGE_MAX);
	err = build(sbc, &hop, &peer_entry_address(entry)->address, branch, &bytes);
	request.branch = slice_str(branch);
	request.bytes = buf_slice(&bytes);
	err = err ? err : txn_client_new(&entry->probe, sbc->txns, &request, now);
	buf_fini(&bytes);
	return err;
}

static void probe_one(struct sbc *sbc, const struct config_peer *peer, usec_t now)
{
	struct peer_entry *entry = peer_table_find(sbc->peers, peer);

	if (!entry || !entry->is_probing || !entry->address_count ||
		entry->state == PEER_DISABLED)
		return;
	if (entry->probe) { /* a whole interval without an answer */
		txn_detach(entry->probe);
		entry->probe = NULL;
		heard(sbc, entry, 0);
	}
	entry->probes_sent++;
	if (send_probe(sbc, peer, now)) {
		entry->probe = NULL;
		heard(sbc, entry, 0);
	}
}

/* A part of the peers at each tick, so that a thousand of them are no burst. */
#define TICKS 10

static void on_tick(struct timer *timer, usec_t now, void *arg)
{
	struct sbc *sbc = arg;
	const struct config *config = sbc->config;
	usec_t interval = (usec_t)config->dispatcher.ds_ping_interval * USEC_PER_SEC;

	for (size_t i = sbc->probe_tick; i < config->peer_count; i += TICKS)
		probe_one(sbc, &config->peers[i], now);
	sbc->probe_tick = (sbc->probe_tick + 1) % TICKS;
	timer_start(sbc->timers, timer, now + interval / TICKS);
}

void probe_start(struct sbc *sbc, usec_t now)
{
	probe_stop(sbc);
	timer_init(&sbc->probe_timer, on_tick, sbc);
	if (sbc->config->dispatcher.ds_ping_interval)
		timer_start(sbc->timers, &sbc->probe_timer, now);
}

void probe_stop(struct sbc *sbc)
{
	timer_stop(sbc->timers, &sbc->probe_timer);
	for (size_t i = 0; sbc->peers && i < sbc->peers->config->peer_count; i++) {
		struct peer_entry *entry = sbc->peers->entries[i];
		if (entry->probe)
			txn_detach(entry->probe);
		entry->probe = NULL;
	}
}
