/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Location service in memory, RFC 3261 section 10.3. No clock, no sending; signalling
 * thread. A REGISTER is taken whole or not at all: it is worked on a copy of the record.
 */

#include "sbc/registrar.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/mem.h"

#define AOR_MAX 256 /* bytes of "user@domain" */

/* One address-of-record. */
struct record {
	struct hash_node node;
	char aor[AOR_MAX];
	struct registrar_binding bindings[REGISTRAR_CONTACT_MAX]; /* newest first */
	size_t binding_count;
};

/* How many bindings came from one address. */
struct origin {
	struct hash_node node;
	struct netaddr host;
	size_t count;
};

struct registrar {
	struct registrar_limits limits;
	struct hash_table records;
	struct hash_table origins;
	size_t binding_count; /* of all records */
};

int registrar_new(struct registrar **out, const struct registrar_limits *limits,
	const struct random_source *random)
{
	struct registrar *registrar = mem_alloc(sizeof(*registrar));
	uint8_t seed[16];
	int err;

	if (!registrar)
		return SBC_ENOMEM;
	registrar->limits = *limits;
	random->fill(random->arg, seed, sizeof(seed));
	err = hash_init(&registrar->records, limits->registration_max, seed);
	err = err ? err : hash_init(&registrar->origins, limits->registration_max, seed);
	if (err) {
		hash_fini(&registrar->records);
		mem_free(registrar);
		return err;
	}
	*out = registrar;
	return 0;
}

void registrar_set_limits(struct registrar *registrar, const struct registrar_limits *limits)
{
	size_t registration_max = registrar->limits.registration_max;

	registrar->limits = *limits;
	registrar->limits.registration_max = registration_max;
}

static void free_record(struct hash_node *node, void *arg)
{
	(void)arg;
	mem_free(container_of(node, struct record, node));
}

static void free_origin(struct hash_node *node, void *arg)
{
	(void)arg;
	mem_free(container_of(node, struct origin, node));
}

void registrar_free(struct registrar *registrar)
{
	if (!registrar)
		return;
	hash_visit(&registrar->records, free_record, NULL);
	hash_visit(&registrar->origins, free_origin, NULL);
	hash_fini(&registrar->records);
	hash_fini(&registrar->origins);
	mem_free(registrar);
}

static struct record *find(struct registrar *registrar, struct slice aor)
{
	struct hash_node *node =
		hash_first(&registrar->records, hash_of(&registrar->records, aor));

	for (; node; node = hash_next(node)) {
		struct record *record = container_of(node, struct record, node);
		if (slice_equal(slice_str(record->aor), aor))
			return record;
	}
	return NULL;
}

/* ---- where bindings came from ---- */

static uint64_t host_hash(const struct registrar *registrar, const struct netaddr *host)
{
	bool is_v6 = host->sa.sa_family == AF_INET6;
	const void *bytes = is_v6 ? (const void *)&host->in6.sin6_addr : &host->in.sin_addr;

	return hash_of(&registrar->origins, slice_of(bytes, is_v6 ? 16 : 4));
}

static struct origin *find_origin(const struct registrar *registrar, const struct netaddr *host)
{
	struct hash_node *node = hash_first(&registrar->origins, host_hash(registrar, host));

	for (; node; node = hash_next(node)) {
		struct origin *origin = container_of(node, struct origin, node);
		if (netaddr_equal_host(&origin->host, host))
			return origin;
	}
	return NULL;
}

static int count_origin(struct registrar *registrar, const struct netaddr *host)
{
	struct origin *origin = find_origin(registrar, host);
	int err;

	if (!origin) {
		origin = mem_alloc(sizeof(*origin));
		if (!origin)
			return SBC_ENOMEM;
		origin->host = *host;
		err = hash_insert(
			&registrar->origins, &origin->node, host_hash(registrar, host));
		if (err) {
			mem_free(origin);
			return err;
		}
	}
	origin->count++;
	return 0;
}

static void leave_origin(struct registrar *registrar, const struct netaddr *host)
{
	struct origin *origin = find_origin(registrar, host);

	if (!origin || --origin->count)
		return;
	hash_remove(&registrar->origins, &origin->node);
	mem_free(origin);
}

static void leave_origins(
	struct registrar *registrar, const struct record *record, size_t count)
{
	for (size_t i = 0; i < count; i++)
		leave_origin(registrar, &record->bindings[i].from);
}

/* All of them or none. */
static int count_origins(struct registrar *registrar, const struct record *record)
{
	for (size_t i = 0; i < record->binding_count; i++) {
		int err = count_origin(registrar, &record->bindings[i].from);
		if (err) {
			leave_origins(registrar, record, i);
			return err;
		}
	}
	return 0;
}

size_t registrar_count_from(const struct registrar *registrar, const struct netaddr *host)
{
	const struct origin *origin = find_origin(registrar, host);

	return origin ? origin->count : 0;
}

static void remove_binding(struct record *record, size_t i)
{
	record->binding_count--;
	for (; i < record->binding_count; i++)
		record->bindings[i] = record->bindings[i + 1];
}

static void drop_expired(struct record *record, usec_t now)
{
	for (size_t i = record->binding_count; i-- > 0;) {
		if (record->bindings[i].expires_at <= now)
			remove_binding(record, i);
	}
}

/* Puts the changed copy in force; an empty one is not kept. */
static int replace(
	struct registrar *registrar, struct record *old, const struct record *changed)
{
	struct hash_node node;
	int err = count_origins(registrar, changed);

	if (err)
		return err;
	if (old)
		leave_origins(registrar, old, old->binding_count);
	registrar->binding_count -= old ? old->binding_count : 0;
	registrar->binding_count += changed->binding_count;
	if (!changed->binding_count) {
		if (old) {
			hash_remove(&registrar->records, &old->node);
			mem_free(old);
		}
		return 0;
	}
	if (!old) {
		old = mem_alloc(sizeof(*old));
		err = old ? hash_insert(&registrar->records, &old->node,
				    hash_of(&registrar->records, slice_str(changed->aor)))
			  : SBC_ENOMEM;
		if (err) {
			mem_free(old);
			leave_origins(registrar, changed, changed->binding_count);
			registrar->binding_count -= changed->binding_count;
			return err;
		}
	}
	node = old->node;
	*old = *changed;
	old->node = node;
	return 0;
}

/* ---- one REGISTER ---- */

struct registering {
	struct registrar *registrar;
	struct record record; /* the copy that is worked on */
	const struct sip_msg *msg;
	const struct transport_source *source;
	usec_t now;
	int64_t expires_max_s;
	struct registrar_answer *answer;
};

static int refuse(struct registering *r, uint16_t code, const char *why)
{
	r->answer->code = code;
	r->answer->why = why;
	return SBC_EPROTO;
}

/* Seconds that this contact asks for; -1: it says nothing (section 10.3 step 7). A value
 * that cannot be read counts as the default, as section 10.2.1.1 has it. */
static int64_t wanted_expiry(const struct registering *r, const struct sip_address *contact)
{
	struct slice value;
	uint64_t seconds;

	if (sip_param_find(contact->params, "expires", &value))
		return slice_to_u64(slice_trim(value), UINT32_MAX, &seconds) ? -1
									     : (int64_t)seconds;
	return r->msg->expires;
}

static int granted_expiry(
	struct registering *r, const struct sip_address *contact, int64_t *out)
{
	const struct registrar_limits *limits = &r->registrar->limits;
	int64_t wanted = wanted_expiry(r, contact);

	if (wanted < 0)
		wanted = limits->expires_default_s;
	if (wanted > 0 && wanted < limits->expires_min_s)
		return refuse(r, 423, "interval too brief");
	*out = wanted > r->expires_max_s ? r->expires_max_s : wanted;
	return 0;
}

/* Same contact: an older request of the same client must not undo a newer one. */
static bool is_out_of_order(
	const struct registering *r, const struct registrar_binding *binding)
{
	return slice_equal(slice_str(binding->call_id), r->msg->call_id) &&
	       r->msg->cseq <= binding->cseq;
}

/* RFC 3327 section 5.3: as it is, in order. */
static int keep_path(struct registering *r, struct registrar_binding *binding)
{
	char *at = binding->contact + strlen(binding->contact) + 1;
	char *end = binding->contact + sizeof(binding->contact);
	struct slice value;

	for (size_t i = 0; (value = sip_msg_header(r->msg, "Path", i)).len; i++) {
		struct slice rest = value;
		struct sip_address hop;
		int err;
		while (!(err = sip_address_next(&hop, &rest))) {
			int len = at < end ? snprintf(at, (size_t)(end - at), "Route: %.*s\r\n",
						     SLICE_ARG(hop.raw))
					   : -1;
			if (len < 0 || len >= end - at)
				return refuse(r, 400, "Path too long");
			at += len;
		}
		if (err != SBC_ENOENT)
			return refuse(r, 400, "broken Path");
	}
	return 0;
}

struct slice registrar_path(const struct registrar_binding *binding)
{
	size_t contact = strlen(binding->contact) + 1;

	return contact < sizeof(binding->contact) ? slice_str(binding->contact + contact)
						  : (struct slice){0};
}

static int fill_binding(struct registering *r, struct registrar_binding *binding,
	const struct sip_address *contact, int64_t seconds)
{
	if (slice_copy(contact->uri.raw, binding->contact, sizeof(binding->contact)) ||
		slice_copy(r->msg->call_id, binding->call_id, sizeof(binding->call_id)))
		return refuse(r, 400, "contact or Call-ID too long");
	if (keep_path(r, binding))
		return SBC_EPROTO;
	hop_from_source(&binding->hop, r->source);
	binding->from = r->source->peer;
	binding->cseq = r->msg->cseq;
	binding->expires_at = r->now + (usec_t)seconds * USEC_PER_SEC;
	return 0;
}

static int take_contact(struct registering *r, const struct sip_address *contact)
{
	struct record *record = &r->record;
	struct registrar_binding binding = {0};
	int64_t seconds = 0;
	size_t i = 0;

	if (granted_expiry(r, contact, &seconds))
		return SBC_EPROTO;
	while (i < record->binding_count &&
		!slice_equal(slice_str(record->bindings[i].contact), contact->uri.raw))
		i++;
	if (i < record->binding_count) {
		if (is_out_of_order(r, &record->bindings[i]))
			return refuse(r, 500, "older than what is in force");
		remove_binding(record, i);
	}
	if (!seconds)
		return 0;
	if (record->binding_count == REGISTRAR_CONTACT_MAX)
		remove_binding(record, record->binding_count - 1); /* the oldest gives way */
	if (fill_binding(r, &binding, contact, seconds))
		return SBC_EPROTO;
	for (i = record->binding_count++; i > 0; i--)
		record->bindings[i] = record->bindings[i - 1];
	record->bindings[0] = binding;
	return 0;
}

static int take_star(struct registering *r)
{
	if (r->msg->expires != 0 || r->msg->contact_count != 1)
		return refuse(r, 400, "'*' needs Expires: 0 and no other contact");
	for (size_t i = 0; i < r->record.binding_count; i++) {
		if (is_out_of_order(r, &r->record.bindings[i]))
			return refuse(r, 500, "older than what is in force");
	}
	r->record.binding_count = 0;
	return 0;
}

static int take_contacts(struct registering *r)
{
	struct slice value;
	size_t taken = 0;

	for (size_t i = 0; (value = sip_msg_header(r->msg, "Contact", i)).len; i++) {
		struct slice rest = value;
		struct sip_address contact;
		int err;
		while (!(err = sip_address_next(&contact, &rest))) {
			if (++taken > REGISTRAR_CONTACT_MAX)
				return refuse(r, 400, "too many contacts");
			if (take_contact(r, &contact))
				return SBC_EPROTO;
		}
		if (err != SBC_ENOENT)
			return refuse(r, 400, "broken Contact");
	}
	return 0;
}

void registrar_register(struct registrar *registrar, const struct registrar_request *request,
	struct registrar_answer *out)
{
	const struct sip_msg *msg = request->msg;
	struct slice aor = request->aor;
	usec_t now = request->now;
	struct registering r = {.registrar = registrar,
		.msg = msg,
		.source = request->source,
		.now = now,
		.expires_max_s = request->expires_max_s ? request->expires_max_s
							: registrar->limits.expires_max_s,
		.answer = out};
	struct record *record = find(registrar, aor);
	size_t before = record ? record->binding_count : 0;

	*out = (struct registrar_answer){.code = 200};
	if (record)
		r.record = *record;
	if (slice_copy(aor, r.record.aor, sizeof(r.record.aor))) {
		refuse(&r, 400, "address-of-record too long");
		return;
	}
	drop_expired(&r.record, now);
	if (msg->is_contact_star ? take_star(&r) : take_contacts(&r))
		return;
	if (registrar->binding_count - before + r.record.binding_count >
			registrar->limits.registration_max ||
		replace(registrar, record, &r.record)) {
		refuse(&r, 503, "no room for more registrations");
		return;
	}
	record = find(registrar, aor);
	out->binding_count = record ? record->binding_count : 0;
	for (size_t i = 0; i < out->binding_count; i++)
		out->bindings[i] = &record->bindings[i];
}

const struct registrar_binding *registrar_find(
	struct registrar *registrar, struct slice aor, usec_t now, size_t index)
{
	struct record *record = find(registrar, aor);

	for (size_t i = 0; record && i < record->binding_count; i++) {
		if (record->bindings[i].expires_at > now && !index--)
			return &record->bindings[i];
	}
	return NULL;
}

bool registrar_is_from(
	const struct registrar_binding *binding, const struct transport_source *source)
{
	if (binding->hop.kind != source->kind || binding->hop.listener != source->listener ||
		!netaddr_equal(&binding->from, &source->peer))
		return false;
	return !transport_kind_is_reliable(source->kind) ||
	       (binding->hop.flow.slot == source->flow.slot &&
		       binding->hop.flow.generation == source->flow.generation);
}

struct walking {
	registrar_walk_h *visit;
	void *arg;
};

static void walk_record(struct hash_node *node, void *arg)
{
	const struct record *record = container_of(node, struct record, node);
	const struct walking *walking = arg;

	walking->visit(record->aor, record->bindings, record->binding_count, walking->arg);
}

bool registrar_walk(struct registrar *registrar, size_t *place, size_t slots,
	registrar_walk_h *visit, void *arg)
{
	struct walking walking = {visit, arg};

	return hash_visit_some(&registrar->records, place, slots, walk_record, &walking);
}

int registrar_remove(struct registrar *registrar, struct slice aor)
{
	struct record *record = find(registrar, aor);

	if (!record)
		return SBC_ENOENT;
	leave_origins(registrar, record, record->binding_count);
	registrar->binding_count -= record->binding_count;
	hash_remove(&registrar->records, &record->node);
	mem_free(record);
	return 0;
}

struct expiring {
	struct registrar *registrar;
	usec_t now;
};

static void expire_record(struct hash_node *node, void *arg)
{
	struct expiring *e = arg;
	struct record *record = container_of(node, struct record, node);
	size_t before = record->binding_count;

	for (size_t i = 0; i < before; i++)
		if (record->bindings[i].expires_at <= e->now)
			leave_origin(e->registrar, &record->bindings[i].from);
	drop_expired(record, e->now);
	e->registrar->binding_count -= before - record->binding_count;
	if (!record->binding_count) {
		hash_remove(&e->registrar->records, node);
		mem_free(record);
	}
}

size_t registrar_expire(struct registrar *registrar, usec_t now)
{
	struct expiring e = {.registrar = registrar, .now = now};

	hash_visit(&registrar->records, expire_record, &e);
	return registrar->binding_count;
}

size_t registrar_count(const struct registrar *registrar)
{
	return registrar->binding_count;
}
