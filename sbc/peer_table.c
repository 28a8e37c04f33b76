/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is known of each peer while we run. Pure but for memory; signalling thread. */

#include "sbc/peer_table.h"

#include "base/err.h"
#include "base/mem.h"

const char *const peer_register_names[] = {"off", "trying", "registered", "refused"};

const char *peer_entry_flags(const struct peer_entry *entry)
{
	static const char *const flags[][2] = {[PEER_ACTIVE] = {"AX", "AP"},
		[PEER_TRYING] = {"TX", "TP"},
		[PEER_INACTIVE] = {"IX", "IP"},
		[PEER_DISABLED] = {"DX", "DX"}};

	return flags[entry->state][entry->is_probing];
}

bool peer_entry_is_usable(const struct peer_entry *entry)
{
	return (entry->state == PEER_ACTIVE || entry->state == PEER_TRYING) &&
	       entry->address_count;
}

const struct peer_address *peer_entry_address(const struct peer_entry *entry)
{
	return entry->address_count ? &entry->addresses[entry->current] : NULL;
}

bool peer_entry_has_address(const struct peer_entry *entry, const struct netaddr *host)
{
	for (size_t i = 0; i < entry->address_count; i++)
		if (netaddr_equal_host(&entry->addresses[i].address, host))
			return true;
	return false;
}

void peer_entry_set_addresses(
	struct peer_entry *entry, const struct peer_address *addresses, size_t count)
{
	struct peer_address used = {0};

	if (entry->address_count)
		used = entry->addresses[entry->current];
	if (count > PEER_ADDRESS_MAX)
		count = PEER_ADDRESS_MAX;
	memcpy(entry->addresses, addresses, count * sizeof(*addresses));
	entry->address_count = count;
	entry->current = 0;
	for (size_t i = 0; i < count && entry->failures; i++)
		if (used.transport == addresses[i].transport &&
			netaddr_equal(&used.address, &addresses[i].address))
			entry->current = i;
}

void peer_entry_failed(struct peer_entry *entry)
{
	if (entry->address_count)
		entry->current = (entry->current + 1) % entry->address_count;
}

static void set_state(struct peer_entry *entry, enum peer_state state)
{
	entry->state = state;
	entry->failures = entry->successes = 0;
}

void peer_entry_set_state(struct peer_entry *entry, enum peer_state state, bool is_probing)
{
	set_state(entry, state);
	entry->is_probing = is_probing;
}

bool peer_entry_probed(struct peer_entry *entry, const struct config_dispatcher *thresholds,
	bool is_alive, uint16_t code)
{
	enum peer_state before = entry->state;

	entry->last_code = code;
	if (!is_alive) {
		entry->probes_failed++;
		entry->successes = 0;
		entry->failures++;
		peer_entry_failed(entry);
	} else {
		entry->failures = 0;
		entry->successes++;
	}
	switch (entry->state) {
	case PEER_ACTIVE:
	case PEER_TRYING:
		if (is_alive)
			set_state(entry, PEER_ACTIVE);
		else if (entry->failures >= thresholds->ds_probing_threshold)
			set_state(entry, PEER_INACTIVE);
		else
			entry->state = PEER_TRYING;
		break;
	case PEER_INACTIVE:
		if (entry->successes >= thresholds->ds_inactive_threshold)
			set_state(entry, PEER_ACTIVE);
		break;
	case PEER_DISABLED:
		break;
	}
	return entry->state != before;
}

bool peer_entry_begin_call(
	struct peer_entry *entry, const struct config_peer *limits, usec_t now)
{
	unsigned rate = limits->calls_per_s_max;
	usec_t next = entry->next_call_at > now ? entry->next_call_at : now;

	if (limits->calls_max && entry->calls_now >= limits->calls_max) {
		entry->calls_refused++;
		return false;
	}
	/* A second's worth may come at once; then each call waits for its turn. */
	if (rate && next + USEC_PER_SEC / rate > now + USEC_PER_SEC) {
		entry->calls_refused++;
		return false;
	}
	if (rate)
		entry->next_call_at = next + USEC_PER_SEC / rate;
	entry->calls_now++;
	peer_entry_ref(entry);
	return true;
}

void peer_entry_end_call(struct peer_entry *entry)
{
	entry->calls_now--;
	peer_entry_unref(entry);
}

struct peer_entry *peer_entry_ref(struct peer_entry *entry)
{
	entry->_references++;
	return entry;
}

void peer_entry_unref(struct peer_entry *entry)
{
	if (!entry || --entry->_references)
		return;
	if (entry->probe)
		txn_detach(entry->probe);
	if (entry->registration.txn)
		txn_detach(entry->registration.txn);
	mem_free(entry);
}

/* ---- table ---- */

static struct peer_entry *new_entry(const struct config_peer *peer)
{
	struct peer_entry *entry = mem_alloc(sizeof(*entry));

	if (!entry)
		return NULL;
	entry->_references = 1;
	slice_copy(slice_str(peer->name), entry->name, sizeof(entry->name));
	return entry;
}

static int fill(struct peer_table *table, size_t i, const struct peer_table *before)
{
	const struct config_peer *peer = &table->config->peers[i];
	struct peer_address fixed = {peer->transport, peer->address};
	struct peer_entry *entry =
		before ? peer_table_named(before, slice_str(peer->name)) : NULL;

	entry = entry ? peer_entry_ref(entry) : new_entry(peer);
	if (!entry)
		return SBC_ENOMEM;
	table->entries[i] = entry;
	if (netaddr_is_set(&peer->address))
		peer_entry_set_addresses(entry, &fixed, 1);
	entry->resolve_at = 0; /* the name may be another one */
	if (!peer->probe && entry->state != PEER_DISABLED)
		set_state(entry, PEER_ACTIVE);
	entry->is_probing = peer->probe;
	return 0;
}

int peer_table_new(
	struct peer_table **out, struct config *config, const struct peer_table *before)
{
	struct peer_table *table = mem_alloc(sizeof(*table));
	int err = 0;

	if (!table)
		return SBC_ENOMEM;
	table->config = config_ref(config);
	table->entries = mem_array(config->peer_count + 1, sizeof(struct peer_entry *));
	if (!table->entries)
		err = SBC_ENOMEM;
	for (size_t i = 0; i < config->peer_count && !err; i++)
		err = fill(table, i, before);
	if (err)
		peer_table_free(table);
	else
		*out = table;
	return err;
}

void peer_table_free(struct peer_table *table)
{
	if (!table)
		return;
	for (size_t i = 0; table->entries && i < table->config->peer_count; i++)
		peer_entry_unref(table->entries[i]);
	mem_free(table->entries);
	config_unref(table->config);
	mem_free(table);
}

struct peer_entry *peer_table_named(const struct peer_table *table, struct slice name)
{
	for (size_t i = 0; i < table->config->peer_count; i++)
		if (slice_equal(slice_str(table->entries[i]->name), name))
			return table->entries[i];
	return NULL;
}

struct peer_entry *peer_table_find(
	const struct peer_table *table, const struct config_peer *peer)
{
	const struct config *config = table->config;

	if (peer >= config->peers && peer < config->peers + config->peer_count)
		return table->entries[peer - config->peers];
	return peer_table_named(table, slice_str(peer->name));
}

/* ---- signs of life ---- */

/* One "class=2" or "code=404": false when it is neither. */
static bool read_code(struct slice word, bool *is_class, uint64_t *number)
{
	struct slice value = word, name = slice_trim(slice_cut(&value, '='));

	*is_class = slice_equal(name, SLICE("class"));
	if (!*is_class && !slice_equal(name, SLICE("code")))
		return false;
	value = slice_trim(value);
	return !slice_to_u64(value, 699, number) &&
	       (*is_class ? *number >= 1 && *number <= 6 : *number >= 100);
}

bool probe_codes_are_right(const char *codes)
{
	struct slice rest = slice_str(codes);
	uint64_t number;
	bool is_class;

	while (rest.len)
		if (!read_code(slice_trim(slice_cut(&rest, ';')), &is_class, &number))
			return false;
	return true;
}

bool probe_code_is_alive(const char *codes, uint16_t code)
{
	struct slice rest = slice_str(codes);
	uint64_t number;
	bool is_class;

	if (!rest.len)
		return code >= 200 && code < 500 && code != 408;
	while (rest.len)
		if (read_code(slice_trim(slice_cut(&rest, ';')), &is_class, &number) &&
			number == (is_class ? code / 100u : code))
			return true;
	return false;
}
