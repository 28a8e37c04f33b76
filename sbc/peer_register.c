/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Registrations of ours at peers. Signalling thread.
 *
 *   OFF --tick--> TRYING --200--> REGISTERED --before its end--> TRYING
 *                   |  ^--401, 407, 423: again at once
 *                   `--anything else--> REFUSED --a pause--> TRYING
 */

#include "sbc/peer_register.h"

#include <inttypes.h>

#include "base/err.h"
#include "sbc/leg.h"
#include "sbc/peer_auth.h"
#include "sbc/peer_link.h"

#define TICK      USEC_PER_SEC
#define PAUSE_MIN (30 * USEC_PER_SEC) /* RFC 5626 section 4.5: base-time-all-fail */
#define PAUSE_MAX (1800 * USEC_PER_SEC)
#define MARGIN    (5 * USEC_PER_SEC) /* the least that is left when it is refreshed */

static void set_state(struct sbc *sbc, struct peer_entry *entry, enum peer_register_state state,
	uint16_t code)
{
	struct peer_registration *r = &entry->registration;

	if (r->state != state || state == PEER_REGISTER_REFUSED)
		log_event(sbc->log, state == PEER_REGISTER_REFUSED ? LOG_WARN : LOG_INFO, "sbc",
			"peer.registration", "peer=%s state=%s code=%u expires_s=%" PRId64,
			entry->name, peer_register_names[state], code, r->expires_s);
	r->state = state;
}

/* ---- the request ---- */

struct slice peer_register_user(const struct config_peer *peer)
{
	struct slice aor = slice_str(peer->register_as);

	return slice_cut(&aor, '@');
}

static void print_uri(const struct config_peer *peer, struct buf *out)
{
	struct slice domain = slice_str(peer->register_as);

	slice_cut(&domain, '@');
	buf_printf(out, "sip:%.*s", SLICE_ARG(domain));
}

static int print_contact(
	struct sbc *sbc, const struct config_peer *peer, const struct hop *hop, struct buf *out)
{
	static const char *const words[TRANSPORT_KIND_COUNT] = {"udp", "tcp", "tls"};

	return buf_printf(out, "<sip:%.*s@%s;transport=%s>",
		SLICE_ARG(peer_register_user(peer)),
		sbc->listeners.items[hop->listener].sent_by, words[hop->kind]);
}

static int build(struct sbc *sbc, const struct config_peer *peer, struct peer_entry *entry,
	const struct hop *hop, struct buf *out)
{
	struct peer_registration *r = &entry->registration;
	struct sip_request_spec spec = {.method = SLICE("REGISTER"),
		.max_forwards = 70,
		.cseq = ++r->cseq,
		.call_id = slice_str(r->call_id)};
	char tag[SBC_TAG_LEN + 1];
	struct buf texts[6]; /* Request-URI, Via, From, To, Contact, lines */
	int err;

	for (size_t i = 0; i < 6; i++)
		buf_init(&texts[i], SBC_TEXT_MAX);
	random_token(&sbc->random, tag, SBC_TAG_LEN);
	print_uri(peer, &texts[0]);
	leg_via(sbc, hop, r->branch, &texts[1]);
	buf_printf(&texts[2], "<sip:%s>;tag=%s", peer->register_as, tag);
	buf_printf(&texts[3], "<sip:%s>", peer->register_as);
	print_contact(sbc, peer, hop, &texts[4]);
	buf_printf(&texts[5], "Expires: %" PRId64 "\r\n%s", r->wanted_s, r->auth);
	spec.request_uri = buf_slice(&texts[0]);
	spec.via = buf_slice(&texts[1]);
	spec.from = buf_slice(&texts[2]);
	spec.to = buf_slice(&texts[3]);
	spec.contact = buf_slice(&texts[4]);
	spec.lines = buf_slice(&texts[5]);
	err = sip_build_request(out, &spec);
	for (size_t i = 0; i < 6; i++) {
		err = err ? err : texts[i].err;
		buf_fini(&texts[i]);
	}
	return err;
}

static void on_answer(struct txn *txn, enum txn_event event, const struct sip_msg *msg,
	usec_t now, void *arg);

static int send_register(
	struct sbc *sbc, const struct config_peer *peer, struct peer_entry *entry, usec_t now)
{
	struct peer_registration *r = &entry->registration;
	struct txn_client_request request = {.method = SIP_METHOD_REGISTER,
		.method_name = SLICE("REGISTER"),
		.handler = on_answer,
		.arg = sbc};
	struct buf bytes;
	struct hop hop;
	int err = sbc_hop_to_peer(sbc, peer, &hop);

	if (err)
		return err;
	if (!r->call_id[0])
		random_token(&sbc->random, r->call_id, sizeof(r->call_id) - 1);
	txn_branch_new(sbc->txns, r->branch);
	buf_init(&bytes, SIP_MESSAGE_MAX);
	err = build(sbc, peer, entry, &hop, &bytes);
	request.hop = &hop;
	request.branch = slice_str(r->branch);
	request.bytes = buf_slice(&bytes);
	err = err ? err : txn_client_new(&r->txn, sbc->txns, &request, now);
	buf_fini_secret(&bytes);
	return err;
}

/* ---- what comes of it ---- */

static const struct config_peer *peer_of(
	struct sbc *sbc, const struct txn *txn, struct peer_entry **entry)
{
	for (size_t i = 0; i < sbc->config->peer_count; i++) {
		*entry = sbc->peers->entries[i];
		if ((*entry)->registration.txn == txn)
			return &sbc->config->peers[i];
	}
	return NULL;
}

static void fail(struct sbc *sbc, struct peer_entry *entry, uint16_t code, usec_t now)
{
	struct peer_registration *r = &entry->registration;
	usec_t pause = PAUSE_MIN << (r->failures < 6 ? r->failures : 6);

	pause = pause > PAUSE_MAX ? PAUSE_MAX : pause;
	r->failures++;
	r->tries = 0;
	r->auth[0] = '\0';
	r->next_at = now + pause;
	set_state(sbc, entry, PEER_REGISTER_REFUSED, code);
}

/* Its own Contact's expiry, else Expires, else what was asked for. */
static int64_t granted(const struct sip_msg *msg, struct slice user, int64_t wanted)
{
	struct slice line, value;
	uint64_t seconds;

	for (size_t i = 0; (line = sip_msg_header(msg, "Contact", i)).len; i++) {
		struct sip_address contact;
		while (!sip_address_next(&contact, &line)) {
			if (slice_equal(contact.uri.user, user) &&
				sip_param_find(contact.params, "expires", &value) &&
				!slice_to_u64(slice_trim(value), UINT32_MAX, &seconds))
				return (int64_t)seconds;
		}
	}
	return msg->expires >= 0 ? msg->expires : wanted;
}

static void succeed(struct sbc *sbc, const struct config_peer *peer, struct peer_entry *entry,
	const struct sip_msg *msg, usec_t now)
{
	struct peer_registration *r = &entry->registration;
	usec_t life, early;

	r->tries = r->failures = 0;
	r->auth[0] = '\0';
	r->expires_s = granted(msg, peer_register_user(peer), r->wanted_s);
	life = r->expires_s * USEC_PER_SEC;
	early = life / 10 > MARGIN ? life / 10 : MARGIN;
	r->next_at = now + (life > 2 * early ? life - early : life / 2 + TICK);
	set_state(sbc, entry, PEER_REGISTER_DONE, msg->status);
}

/* 401, 407: with the password. 423: for longer (RFC 3261 section 10.2.8). */
static bool again(struct sbc *sbc, const struct config_peer *peer, struct peer_entry *entry,
	const struct sip_msg *msg, usec_t now)
{
	struct peer_registration *r = &entry->registration;
	struct peer_challenged c = {
		.peer = peer, .response = msg, .method = SLICE("REGISTER"), .tries = r->tries};
	struct buf uri, lines;
	uint64_t least;
	int err = SBC_ENOENT;

	buf_init(&uri, SBC_TEXT_MAX);
	buf_init(&lines, sizeof(r->auth) - 1);
	print_uri(peer, &uri);
	c.uri = buf_slice(&uri);
	if (msg->status == 401 || msg->status == 407)
		err = peer_auth_answer(sbc, &c, &lines);
	else if (msg->status == 423 && r->tries < PEER_AUTH_TRY_MAX &&
		 !slice_to_u64(sip_msg_header(msg, "Min-Expires", 0), 86400, &least) &&
		 (int64_t)least > r->wanted_s) {
		r->wanted_s = (int64_t)least;
		err = 0;
	}
	if (!err && lines.len)
		err = slice_copy(buf_slice(&lines), r->auth, sizeof(r->auth));
	r->tries++;
	buf_fini(&uri);
	buf_fini(&lines);
	return !err && !send_register(sbc, peer, entry, now);
}

static void on_answer(
	struct txn *txn, enum txn_event event, const struct sip_msg *msg, usec_t now, void *arg)
{
	struct sbc *sbc = arg;
	struct peer_entry *entry;
	const struct config_peer *peer = peer_of(sbc, txn, &entry);

	if (!peer || event == TXN_EVENT_PROVISIONAL)
		return;
	entry->registration.txn = NULL;
	if (event != TXN_EVENT_GONE)
		txn_detach(txn);
	if (event == TXN_EVENT_SUCCESS)
		succeed(sbc, peer, entry, msg, now);
	else if (event != TXN_EVENT_FAILURE)
		fail(sbc, entry, 0, now);
	else if (!again(sbc, peer, entry, msg, now))
		fail(sbc, entry, msg->status, now);
}

/* ---- when ---- */

static void give_back(
	struct sbc *sbc, const struct config_peer *peer, struct peer_entry *entry, usec_t now)
{
	struct peer_registration *r = &entry->registration;
	bool was_registered = r->state == PEER_REGISTER_DONE;

	if (r->txn)
		txn_detach(r->txn);
	r->txn = NULL;
	r->wanted_s = 0;
	if (was_registered && !send_register(sbc, peer, entry, now)) {
		txn_detach(r->txn);
		r->txn = NULL;
	}
	r->expires_s = 0;
	set_state(sbc, entry, PEER_REGISTER_OFF, 0);
}

static void register_one(
	struct sbc *sbc, const struct config_peer *peer, struct peer_entry *entry, usec_t now)
{
	struct peer_registration *r = &entry->registration;

	if (r->txn || r->next_at > now || !entry->address_count ||
		entry->state == PEER_DISABLED)
		return;
	r->wanted_s = peer->register_expires_s;
	r->tries = 0;
	if (r->state == PEER_REGISTER_OFF)
		set_state(sbc, entry, PEER_REGISTER_TRYING, 0);
	if (send_register(sbc, peer, entry, now))
		fail(sbc, entry, 0, now);
}

static void on_tick(struct timer *timer, usec_t now, void *arg)
{
	struct sbc *sbc = arg;

	for (size_t i = 0; i < sbc->config->peer_count; i++) {
		const struct config_peer *peer = &sbc->config->peers[i];
		struct peer_entry *entry = sbc->peers->entries[i];
		if (peer->register_as && peer->register_as[0])
			register_one(sbc, peer, entry, now);
		else if (entry->registration.state != PEER_REGISTER_OFF)
			set_state(sbc, entry, PEER_REGISTER_OFF, 0); /* it runs out */
	}
	timer_start(sbc->timers, timer, now + TICK);
}

void peer_register_start(struct sbc *sbc, usec_t now)
{
	timer_init(&sbc->register_timer, on_tick, sbc);
	timer_start(sbc->timers, &sbc->register_timer, now);
}

void peer_register_stop(struct sbc *sbc, usec_t now)
{
	timer_stop(sbc->timers, &sbc->register_timer);
	for (size_t i = 0; i < sbc->config->peer_count; i++)
		if (sbc->peers->entries[i]->registration.state != PEER_REGISTER_OFF)
			give_back(sbc, &sbc->config->peers[i], sbc->peers->entries[i], now);
}

void peer_register_forget(struct sbc *sbc)
{
	timer_stop(sbc->timers, &sbc->register_timer);
	for (size_t i = 0; sbc->peers && i < sbc->peers->config->peer_count; i++) {
		struct peer_registration *r = &sbc->peers->entries[i]->registration;
		if (r->txn)
			txn_detach(r->txn);
		r->txn = NULL;
	}
}
