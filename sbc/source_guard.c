/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rates and blame of sources, each a leaky bucket in time. Signalling thread. */

#include "sbc/source_guard.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/mem.h"

struct source {
	struct hash_node by_address;
	struct list by_age; /* the longest silent first */
	struct netaddr address;
	usec_t rate_at;  /* the bucket is empty then */
	usec_t blame_at; /* all is forgiven then */
	usec_t blocked_until;
	usec_t known_until;
};

struct source_guard {
	struct source_guard_limits limits;
	struct hash_table table;
	struct list by_age;
	struct source_guard_counters counters;
};

int source_guard_new(struct source_guard **out, const struct source_guard_limits *limits,
	const struct random_source *random)
{
	struct source_guard *guard = mem_alloc(sizeof(*guard));
	uint8_t seed[16];
	int err;

	if (!guard)
		return SBC_ENOMEM;
	guard->limits = *limits;
	list_init(&guard->by_age);
	random->fill(random->arg, seed, sizeof(seed));
	err = hash_init(&guard->table, limits->source_max + 1, seed);
	if (err)
		mem_free(guard);
	else
		*out = guard;
	return err;
}

static void drop(struct source_guard *guard, struct source *source)
{
	hash_remove(&guard->table, &source->by_address);
	list_remove(&source->by_age);
	mem_free(source);
}

void source_guard_free(struct source_guard *guard)
{
	if (!guard)
		return;
	while (!list_is_empty(&guard->by_age))
		drop(guard, container_of(guard->by_age.next, struct source, by_age));
	hash_fini(&guard->table);
	mem_free(guard);
}

void source_guard_set_limits(
	struct source_guard *guard, const struct source_guard_limits *limits)
{
	size_t source_max = guard->limits.source_max;

	guard->limits = *limits;
	guard->limits.source_max = source_max;
}

/* IPv6: a customer has a /64 of its own to send from. */
static struct slice key_of(const struct netaddr *address)
{
	if (address->sa.sa_family == AF_INET6)
		return slice_of(&address->in6.sin6_addr, 8);
	return slice_of(&address->in.sin_addr, sizeof(address->in.sin_addr));
}

static bool is_same(const struct netaddr *a, const struct netaddr *b)
{
	return a->sa.sa_family == b->sa.sa_family && slice_equal(key_of(a), key_of(b));
}

static struct source *find(struct source_guard *guard, const struct netaddr *address)
{
	struct hash_node *node =
		hash_first(&guard->table, hash_of(&guard->table, key_of(address)));

	for (; node; node = hash_next(node)) {
		struct source *source = container_of(node, struct source, by_address);
		if (is_same(&source->address, address))
			return source;
	}
	return NULL;
}

/* NULL when there is no memory: nobody is judged then. */
static struct source *enter(struct source_guard *guard, const struct netaddr *address)
{
	struct source *source = find(guard, address);

	if (!source) {
		if (guard->table.count >= guard->limits.source_max)
			drop(guard, container_of(guard->by_age.next, struct source, by_age));
		source = mem_alloc(sizeof(*source));
		if (!source)
			return NULL;
		source->address = *address;
		list_init(&source->by_age);
		if (hash_insert(&guard->table, &source->by_address,
			    hash_of(&guard->table, key_of(address)))) {
			mem_free(source);
			return NULL;
		}
	}
	list_remove(&source->by_age);
	list_append(&guard->by_age, &source->by_age);
	return source;
}

static bool is_known(const struct source *source, usec_t now)
{
	return source->known_until > now;
}

bool source_guard_admit(struct source_guard *guard, const struct netaddr *address, usec_t now)
{
	struct source *source = enter(guard, address);
	usec_t each, at;

	if (!source)
		return true;
	if (source->blocked_until > now) {
		guard->counters.dropped_blocked++;
		return false;
	}
	each = USEC_PER_SEC / guard->limits.rate;
	if (is_known(source, now))
		each /= SOURCE_GUARD_KNOWN_FACTOR;
	at = source->rate_at > now ? source->rate_at : now;
	if (at - now >= USEC_PER_SEC) { /* a second's worth is there already */
		guard->counters.dropped_rate++;
		return false;
	}
	source->rate_at = at + each;
	return true;
}

bool source_guard_blame(
	struct source_guard *guard, const struct netaddr *address, unsigned points, usec_t now)
{
	struct source *source = enter(guard, address);
	usec_t at;

	if (!source || is_known(source, now) || source->blocked_until > now)
		return false;
	at = source->blame_at > now ? source->blame_at : now;
	source->blame_at = at + points * SOURCE_GUARD_FORGIVE;
	if (source->blame_at - now < guard->limits.points * SOURCE_GUARD_FORGIVE)
		return false;
	source->blocked_until = now + guard->limits.block;
	source->blame_at = now; /* it begins anew afterwards */
	guard->counters.blocked++;
	return true;
}

void source_guard_praise(struct source_guard *guard, const struct netaddr *address, usec_t now)
{
	struct source *source = enter(guard, address);

	if (!source)
		return;
	source->known_until = now + SOURCE_GUARD_KNOWN;
	source->blame_at = now;
}

void source_guard_counters(const struct source_guard *guard, struct source_guard_counters *out)
{
	*out = guard->counters;
	out->sources = guard->table.count;
}
