/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Registrations that go on to a peer. Signalling thread. */

#include "sbc/register_relay.h"

#include <inttypes.h>

#include "base/err.h"
#include "base/mem.h"
#include "sbc/leg.h"
#include "sbc/peer_link.h"

#define PENDING_ARENA_MAX (256 * 1024) /* bytes: one REGISTER as osip keeps it */
#define AOR_MAX           256

/* One address-of-record at its registrar. */
struct relayed {
	struct hash_node node;
	char aor[AOR_MAX];
	char call_id[33];
	uint32_t cseq;
	usec_t until;      /* the registrar's binding is over; 0: none */
	usec_t refresh_at; /* the next REGISTER goes through */
	unsigned pending;
};

/* One on its way. */
struct relay_pending {
	struct list node;
	struct register_relay *relay; /* borrowed: its parent */
	struct relayed *relayed;      /* borrowed */
	struct arena arena;           /* of msg */
	const struct sip_msg *msg;    /* in arena */
	struct transport_source source;
	struct txn *server, *client; /* borrowed until GONE */
	int64_t wanted_s;
};

struct register_relay {
	struct sbc *sbc; /* borrowed: its parent */
	struct hash_table table;
	struct list pending;
	size_t pending_count;
};

int register_relay_new(struct register_relay **out, struct sbc *sbc)
{
	struct register_relay *relay = mem_alloc(sizeof(*relay));
	uint8_t seed[16];
	int err;

	if (!relay)
		return SBC_ENOMEM;
	relay->sbc = sbc;
	list_init(&relay->pending);
	sbc->random.fill(sbc->random.arg, seed, sizeof(seed));
	err = hash_init(&relay->table, sbc->config->limits.registrations, seed);
	if (err)
		mem_free(relay);
	else
		*out = relay;
	return err;
}

static void pending_free(struct relay_pending *p)
{
	if (p->server)
		txn_detach(p->server);
	if (p->client)
		txn_detach(p->client);
	list_remove(&p->node);
	p->relay->pending_count--;
	p->relayed->pending--;
	arena_fini_secret(&p->arena);
	mem_free(p);
}

static void free_relayed(struct hash_node *node, void *arg)
{
	(void)arg;
	mem_free(container_of(node, struct relayed, node));
}

void register_relay_free(struct register_relay *relay)
{
	if (!relay)
		return;
	list_for_each_safe (node, &relay->pending)
		pending_free(container_of(node, struct relay_pending, node));
	hash_visit(&relay->table, free_relayed, NULL);
	hash_fini(&relay->table);
	mem_free(relay);
}

static struct relayed *find(struct register_relay *relay, struct slice aor)
{
	struct hash_node *node = hash_first(&relay->table, hash_of(&relay->table, aor));

	for (; node; node = hash_next(node)) {
		struct relayed *relayed = container_of(node, struct relayed, node);
		if (slice_equal(slice_str(relayed->aor), aor))
			return relayed;
	}
	return NULL;
}

static struct relayed *enter(struct register_relay *relay, struct slice aor)
{
	struct relayed *relayed = find(relay, aor);
	struct sbc *sbc = relay->sbc;

	if (relayed)
		return relayed;
	relayed = mem_alloc(sizeof(*relayed));
	if (!relayed)
		return NULL;
	if (slice_copy(aor, relayed->aor, sizeof(relayed->aor)) ||
		hash_insert(&relay->table, &relayed->node, hash_of(&relay->table, aor))) {
		mem_free(relayed);
		return NULL;
	}
	random_token(&sbc->random, relayed->call_id, sizeof(relayed->call_id) - 1);
	return relayed;
}

struct expiring {
	struct register_relay *relay;
	usec_t now;
};

static void expire_one(struct hash_node *node, void *arg)
{
	struct expiring *e = arg;
	struct relayed *relayed = container_of(node, struct relayed, node);

	if (relayed->pending || relayed->until > e->now)
		return;
	hash_remove(&e->relay->table, node);
	mem_free(relayed);
}

void register_relay_expire(struct register_relay *relay, usec_t now)
{
	struct expiring e = {.relay = relay, .now = now};

	hash_visit(&relay->table, expire_one, &e);
}

/* ---- who is where ---- */

/* The binding of a phone that is just there; contact empty: any. */
static const struct registrar_binding *binding_at(const struct sbc *sbc, struct slice aor,
	const struct transport_source *source, struct slice contact, usec_t now)
{
	const struct registrar_binding *binding;

	for (size_t i = 0; (binding = registrar_find(sbc->registrar, aor, now, i)); i++)
		if (registrar_is_from(binding, source) &&
			(!contact.len || slice_equal(slice_str(binding->contact), contact)))
			return binding;
	return NULL;
}

static void print_aor(const struct config_user *user, char out[AOR_MAX])
{
	snprintf(out, AOR_MAX, "%s@%s", user->name, user->domain);
}

const struct config_user *register_relay_user(const struct sbc *sbc,
	const struct transport_source *source, const struct sip_uri *uri, usec_t now)
{
	const struct config_domain *domain = config_domain_find(sbc->config, uri->host);
	const struct config_user *user = config_user_find(sbc->config, uri->user, uri->host);
	char aor[AOR_MAX];

	if (!domain || !domain->has_registrar || !user)
		return NULL;
	print_aor(user, aor);
	return binding_at(sbc, slice_str(aor), source, (struct slice){0}, now) ? user : NULL;
}

/* "sbc.test" of "sbc.test:5060", "[::1]" of "[::1]:5060". */
static struct slice host_of(const char *sent_by)
{
	struct slice all = slice_str(sent_by);
	size_t end = slice_find(all, ']');

	if (end < all.len)
		return slice_head(slice_from(all, 1), end - 1);
	return slice_head(all, slice_find(all, ':'));
}

const struct config_domain *register_relay_domain(
	const struct sbc *sbc, const struct config_peer *peer, struct slice host)
{
	bool is_ours = false;

	for (unsigned i = 0; i < sbc->listeners.count; i++)
		is_ours = is_ours ||
			  (sbc->listeners.items[i].state != LISTENER_NONE &&
				  slice_equal_nocase(
					  host_of(sbc->listeners.items[i].sent_by), host));
	for (size_t i = 0; peer && is_ours && i < sbc->config->domain_count; i++) {
		const struct config_domain *domain = &sbc->config->domains[i];
		if (domain->has_registrar &&
			!strcmp(sbc->config->peers[domain->registrar_index].name, peer->name))
			return domain;
	}
	return NULL;
}

/* ---- answers ---- */

static void answer_contacts(
	struct sbc *sbc, const struct request *request, const struct registrar_answer *answered)
{
	struct reply reply = {.code = answered->code};
	struct buf lines;

	buf_init(&lines, SBC_TEXT_MAX);
	for (size_t i = 0; answered->code == 200 && i < answered->binding_count; i++)
		buf_printf(&lines, "Contact: <%s>;expires=%" PRId64 "\r\n",
			answered->bindings[i]->contact,
			(answered->bindings[i]->expires_at - request->now + USEC_PER_SEC - 1) /
				USEC_PER_SEC);
	if (answered->code == 423)
		buf_printf(&lines, "Min-Expires: %u\r\n", sbc->config->registration_min_s);
	if (answered->code == 503)
		buf_put_str(&lines, "Retry-After: 30\r\n");
	reply.lines = buf_slice(&lines);
	sbc_reply(sbc, request, &reply);
	buf_fini(&lines);
}

/* Into our own location service, for the short time. */
static void take(struct sbc *sbc, const struct request *request, const char *aor,
	struct registrar_answer *out)
{
	struct registrar_request question = {.aor = slice_str(aor),
		.msg = request->msg,
		.source = request->source,
		.now = request->now,
		.expires_max_s = sbc->config->registration_relay_s};

	sbc_praise(sbc, request->source, request->now);
	registrar_register(sbc->registrar, &question, out);
	sbc_peers_registered(sbc);
}

static void answer_here(struct sbc *sbc, const struct request *request, const char *aor)
{
	struct registrar_answer answered;

	take(sbc, request, aor, &answered);
	answer_contacts(sbc, request, &answered);
}

static struct request request_of(const struct relay_pending *p, usec_t now)
{
	return (struct request){
		.server = p->server, .msg = p->msg, .source = &p->source, .now = now};
}

static void refuse_pending(struct relay_pending *p, uint16_t code, usec_t now)
{
	struct request request = request_of(p, now);
	struct reply reply = {.code = code};

	if (code == 503)
		reply.lines = SLICE("Retry-After: 30\r\n");
	if (p->server)
		sbc_reply(p->relay->sbc, &request, &reply);
	pending_free(p);
}

/* The registrar's challenge as it came: the phone and it have a password, we have none. */
static void pass_challenge(struct relay_pending *p, const struct sip_msg *msg, usec_t now)
{
	const char *header = msg->status == 401 ? "WWW-Authenticate" : "Proxy-Authenticate";
	struct request request = request_of(p, now);
	struct reply reply = {.code = msg->status};
	struct slice value;
	struct buf lines;

	buf_init(&lines, SBC_TEXT_MAX);
	for (size_t i = 0; (value = sip_msg_header(msg, header, i)).len; i++)
		buf_printf(&lines, "%s: %.*s\r\n", header, SLICE_ARG(value));
	reply.lines = buf_slice(&lines);
	if (p->server)
		sbc_reply(p->relay->sbc, &request, &reply);
	buf_fini(&lines);
	pending_free(p);
}

static int64_t granted(const struct relay_pending *p, const struct sip_msg *msg)
{
	struct slice value;
	uint64_t seconds;

	/* One binding of ours: what the registrar grants others is no matter. */
	for (size_t i = 0; (value = sip_msg_header(msg, "Contact", i)).len; i++) {
		struct sip_address contact;
		while (!sip_address_next(&contact, &value)) {
			struct slice expires;
			if (slice_equal(contact.uri.user, p->msg->to.uri.user) &&
				sip_param_find(contact.params, "expires", &expires) &&
				!slice_to_u64(slice_trim(expires), UINT32_MAX, &seconds))
				return (int64_t)seconds;
		}
	}
	return msg->expires >= 0 ? msg->expires : p->wanted_s;
}

static void succeed(struct relay_pending *p, const struct sip_msg *msg, usec_t now)
{
	struct sbc *sbc = p->relay->sbc;
	struct request request = request_of(p, now);
	usec_t life = p->wanted_s ? granted(p, msg) * USEC_PER_SEC : 0;

	p->relayed->until = now + life;
	p->relayed->refresh_at = now + life / 2;
	log_event(sbc->log, LOG_INFO, "sbc", "registration",
		"user=%s relayed=yes expires_s=%lld", p->relayed->aor,
		(long long)(life / USEC_PER_SEC));
	if (p->server)
		answer_here(sbc, &request, p->relayed->aor);
	pending_free(p);
}

/* What only we can mend is our failure; the rest is the phone's to hear. */
static uint16_t code_across(uint16_t code)
{
	return code == 423 || code < 400 ? 503 : code;
}

static void on_client(
	struct txn *txn, enum txn_event event, const struct sip_msg *msg, usec_t now, void *arg)
{
	struct relay_pending *p = arg;

	(void)txn;
	switch (event) {
	case TXN_EVENT_PROVISIONAL:
		break;
	case TXN_EVENT_SUCCESS:
		succeed(p, msg, now);
		break;
	case TXN_EVENT_FAILURE:
		if (msg->status == 401 || msg->status == 407)
			pass_challenge(p, msg, now);
		else
			refuse_pending(p, code_across(msg->status), now);
		break;
	case TXN_EVENT_GONE:
		p->client = NULL;
		refuse_pending(p, 504, now);
		break;
	case TXN_EVENT_TIMEOUT: /* too late for an answer (RFC 4320) */
		pending_free(p);
		break;
	case TXN_EVENT_TRANSPORT:
		refuse_pending(p, 504, now);
		break;
	}
}

static void on_server(
	struct txn *txn, enum txn_event event, const struct sip_msg *msg, usec_t now, void *arg)
{
	struct relay_pending *p = arg;

	(void)txn;
	(void)msg;
	(void)now;
	if (event == TXN_EVENT_GONE)
		p->server = NULL;
}

/* ---- going on ---- */

static struct relay_pending *keep(
	struct register_relay *relay, struct relayed *relayed, const struct request *request)
{
	struct relay_pending *p = mem_alloc(sizeof(*p));
	struct sip_msg *msg;
	struct slice bytes;

	if (!p)
		return NULL;
	arena_init(&p->arena, PENDING_ARENA_MAX);
	bytes = arena_copy(&p->arena, request->msg->scan.bytes);
	if (!bytes.ptr || sip_msg_parse_again(&msg, &p->arena, bytes)) {
		arena_fini(&p->arena);
		mem_free(p);
		return NULL;
	}
	p->relay = relay;
	p->relayed = relayed;
	p->msg = msg;
	p->source = *request->source;
	p->source.tls = NULL; /* borrowed for the call only */
	p->server = request->server;
	list_append(&relay->pending, &p->node);
	relay->pending_count++;
	relayed->pending++;
	txn_set_handler(request->server, on_server, p);
	return p;
}

static void put_credentials(const struct sip_msg *msg, const char *header, struct buf *lines)
{
	struct slice value;

	for (size_t i = 0; (value = sip_msg_header(msg, header, i)).len; i++)
		buf_printf(lines, "%s: %.*s\r\n", header, SLICE_ARG(value));
}

static int build(
	struct relay_pending *p, const struct hop *hop, const char *branch, struct buf *out)
{
	static const char *const words[TRANSPORT_KIND_COUNT] = {"udp", "tcp", "tls"};
	struct sbc *sbc = p->relay->sbc;
	struct slice user = p->msg->to.uri.user;
	struct sip_request_spec spec = {.method = SLICE("REGISTER"),
		.request_uri = p->msg->request_uri.raw, /* the phone's digest covers it */
		.max_forwards = p->msg->max_forwards < 0 ? 70 : p->msg->max_forwards - 1,
		.cseq = ++p->relayed->cseq,
		.call_id = slice_str(p->relayed->call_id)};
	char tag[SBC_TAG_LEN + 1];
	struct buf texts[5]; /* Via, From, To, Contact, lines */
	int err;

	for (size_t i = 0; i < 5; i++)
		buf_init(&texts[i], SBC_TEXT_MAX);
	random_token(&sbc->random, tag, SBC_TAG_LEN);
	leg_via(sbc, hop, branch, &texts[0]);
	buf_printf(&texts[1], "<sip:%s>;tag=%s", p->relayed->aor, tag);
	buf_printf(&texts[2], "<sip:%s>", p->relayed->aor);
	buf_printf(&texts[3], "<sip:%.*s@%s;transport=%s>", SLICE_ARG(user),
		sbc->listeners.items[hop->listener].sent_by, words[hop->kind]);
	buf_printf(&texts[4], "Expires: %" PRId64 "\r\n", p->wanted_s);
	put_credentials(p->msg, "Authorization", &texts[4]);
	put_credentials(p->msg, "Proxy-Authorization", &texts[4]);
	spec.via = buf_slice(&texts[0]);
	spec.from = buf_slice(&texts[1]);
	spec.to = buf_slice(&texts[2]);
	spec.contact = buf_slice(&texts[3]);
	spec.lines = buf_slice(&texts[4]);
	err = sip_build_request(out, &spec);
	for (size_t i = 0; i < 5; i++) {
		err = err ? err : texts[i].err;
		buf_fini_secret(&texts[i]);
	}
	return err;
}

static int send_on(struct relay_pending *p, const struct config_peer *registrar, usec_t now)
{
	struct sbc *sbc = p->relay->sbc;
	struct txn_client_request request = {.method = SIP_METHOD_REGISTER,
		.method_name = SLICE("REGISTER"),
		.handler = on_client,
		.arg = p};
	char branch[TXN_BRANCH_MAX];
	struct buf bytes;
	struct hop hop;
	int err = sbc_hop_to_peer(sbc, registrar, &hop);

	if (err)
		return err;
	txn_branch_new(sbc->txns, branch);
	buf_init(&bytes, SIP_MESSAGE_MAX);
	err = build(p, &hop, branch, &bytes);
	request.hop = &hop;
	request.branch = slice_str(branch);
	request.bytes = buf_slice(&bytes);
	err = err ? err : txn_client_new(&p->client, sbc->txns, &request, now);
	buf_fini_secret(&bytes);
	return err;
}

/* Does this take the last contact away? '*' takes all. */
static bool is_leaving(
	const struct sbc *sbc, const struct sip_msg *msg, const char *aor, usec_t now)
{
	const struct registrar_binding *binding;
	struct slice value;
	bool is_zero = msg->expires == 0;

	if (msg->is_contact_star)
		return true;
	if (sip_param_find(msg->contact.params, "expires", &value))
		is_zero = slice_equal(slice_trim(value), SLICE("0"));
	for (size_t i = 0;
		is_zero && (binding = registrar_find(sbc->registrar, slice_str(aor), now, i));
		i++)
		if (!slice_equal(slice_str(binding->contact), msg->contact.uri.raw))
			return false;
	return is_zero;
}

void register_relay_request(struct register_relay *relay, const struct request *request,
	const struct config_domain *domain)
{
	struct sbc *sbc = relay->sbc;
	const struct sip_msg *msg = request->msg;
	const struct config_user *user =
		config_user_find(sbc->config, msg->to.uri.user, msg->to.uri.host);
	struct reply busy = {.code = 503, .lines = SLICE("Retry-After: 30\r\n")};
	struct relayed *relayed;
	struct relay_pending *p = NULL;
	char aor[AOR_MAX];
	bool is_bye;

	if (!user || (msg->contact_count != 1 && !msg->is_contact_star)) {
		sbc_refuse(sbc, request, user ? 403 : 404);
		return;
	}
	print_aor(user, aor);
	relayed = enter(relay, slice_str(aor));
	is_bye = is_leaving(sbc, msg, aor, request->now);
	/* Throttling: it is who it was, and the registrar need not hear of it. */
	if (relayed && !is_bye && relayed->refresh_at > request->now &&
		binding_at(sbc, slice_str(aor), request->source, msg->contact.uri.raw,
			request->now)) {
		answer_here(sbc, request, aor);
		return;
	}
	if (relayed && relay->pending_count < RELAY_PENDING_MAX)
		p = keep(relay, relayed, request);
	if (!p) {
		sbc_reply(sbc, request, &busy);
		return;
	}
	p->wanted_s = is_bye ? 0 : sbc->config->registration_max_s;
	if (send_on(p, &sbc->config->peers[domain->registrar_index], request->now))
		refuse_pending(p, 503, request->now);
}
