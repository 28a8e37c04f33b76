/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A ring of entries of any length, each in one piece. A position counts every byte that was
 * ever written, so it is never used twice:
 *
 *      tail ─► oldest entry ... newest entry ◄─ head         head - tail <= size
 *
 * A message knows its Call-ID, not its call: legs tell which Call-IDs are a call's, and
 * who asks for a call walks the ring twice, once for those and once for all else. That costs
 * a millisecond or two, when a person asks; writing costs a copy.
 */

#include "sbc/history.h"

#include "base/err.h"
#include "base/mem.h"
#include "sbc/history_party.h"
#include "sbc/sip_peek.h"

#define ALIGN 8

enum { KIND_PAD = 255 }; /* to the end of the ring */

struct head {
	uint32_t size; /* of all, a multiple of ALIGN */
	uint32_t text_len;
	uint8_t kind;
	char leg;
	uint8_t is_incoming;
	uint8_t transport;
	uint8_t is_cut;
	uint8_t local_len;
	uint64_t key;  /* number of the call; of a message, hash of its Call-ID */
	uint64_t hash; /* LEG: of its Call-ID */
	int64_t time_us;
	struct netaddr peer;
};

struct history {
	uint64_t head, tail;
	size_t size;
	uint64_t seed; /* so that nobody makes two Call-IDs look like one */
	char *bytes;
};

int history_new(struct history **out, size_t size, const struct random_source *random)
{
	struct history *history;

	if (size < HISTORY_SIZE_MIN)
		return SBC_EINVAL;
	history = mem_alloc(sizeof(*history));
	if (!history)
		return SBC_ENOMEM;
	history->size = size / ALIGN * ALIGN;
	history->bytes = mem_alloc(history->size);
	if (!history->bytes) {
		mem_free(history);
		return SBC_ENOMEM;
	}
	/* Taken now, so that what the process needs is seen at its start. */
	mem_wipe(history->bytes, history->size);
	random->fill(random->arg, &history->seed, sizeof(history->seed));
	*out = history;
	return 0;
}

void history_free(struct history *history)
{
	if (!history)
		return;
	mem_wipe(history->bytes, history->size);
	mem_free(history->bytes);
	mem_free(history);
}

/* FNV-1a from a secret start: a mistaken match would only show a foreign message. */
static uint64_t hash(const struct history *history, struct slice text)
{
	uint64_t value = history->seed;

	for (size_t i = 0; i < text.len; i++)
		value = (value ^ (uint8_t)text.ptr[i]) * 0x100000001b3u;
	return value;
}

static struct head *at(const struct history *history, uint64_t position)
{
	return (struct head *)(void *)(history->bytes + position % history->size);
}

/* Bytes from there to the end of the memory. */
static size_t rest(const struct history *history, uint64_t position)
{
	return history->size - position % history->size;
}

/* The step over what lies there: a gap too short for a head has none. */
static size_t step(const struct history *history, uint64_t position)
{
	size_t left = rest(history, position);

	return left < sizeof(struct head) ? left : at(history, position)->size;
}

static void make_room(struct history *history, size_t size)
{
	while (history->head + size - history->tail > history->size)
		history->tail += step(history, history->tail);
}

/* In one piece, where need be from the start of the memory again. */
static struct head *take(struct history *history, size_t size)
{
	size_t left = rest(history, history->head);

	if (left < size) {
		make_room(history, left);
		if (left >= sizeof(struct head))
			*at(history, history->head) =
				(struct head){.size = (uint32_t)left, .kind = KIND_PAD};
		history->head += left;
	}
	make_room(history, size);
	history->head += size;
	return at(history, history->head - size);
}

static char *write_entry(struct history *history, const struct history_entry *entry,
	uint64_t key, uint64_t leg_hash)
{
	struct slice text = slice_head(entry->text, HISTORY_ENTRY_MAX);
	struct slice local = slice_head(entry->local, UINT8_MAX);
	size_t size = (sizeof(struct head) + text.len + local.len + ALIGN - 1) / ALIGN * ALIGN;
	struct head *head = take(history, size);
	char *to = (char *)(head + 1);

	*head = (struct head){.size = (uint32_t)size,
		.text_len = (uint32_t)text.len,
		.kind = (uint8_t)entry->kind,
		.leg = entry->leg,
		.is_incoming = entry->is_incoming,
		.transport = (uint8_t)entry->transport,
		.is_cut = text.len < entry->text.len,
		.local_len = (uint8_t)local.len,
		.key = key,
		.hash = leg_hash,
		.time_us = entry->time_us,
		.peer = entry->peer};
	if (text.len)
		memcpy(to, text.ptr, text.len);
	if (local.len)
		memcpy(to + text.len, local.ptr, local.len);
	return to;
}

/* Those of calls: a registration or a probe a second would push them out. */
static bool is_kept(struct slice method)
{
	static const char *const methods[] = {"INVITE", "ACK", "BYE", "CANCEL", "PRACK",
		"UPDATE", "INFO", "REFER", "NOTIFY", "MESSAGE"};

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (slice_equal(method, slice_str(methods[i])))
			return true;
	return false;
}

void history_message(struct history *history, const struct history_entry *entry)
{
	struct history_entry message = *entry;
	struct sip_peek peek;
	char *text;

	if (!history)
		return;
	sip_peek(&peek, entry->text);
	if (!peek.call_id.len || !is_kept(peek.method))
		return;
	message.kind = HISTORY_MESSAGE;
	text = write_entry(history, &message, hash(history, peek.call_id), 0);
	sip_mask(text,
		entry->text.len < HISTORY_ENTRY_MAX ? entry->text.len : HISTORY_ENTRY_MAX);
}

void history_note(struct history *history, const struct history_entry *entry)
{
	if (history)
		write_entry(history, entry, entry->call,
			entry->kind == HISTORY_LEG ? hash(history, entry->text) : 0);
}

/* ---- one call ---- */

bool history_number(struct slice name, uint64_t *out)
{
	return name.len > 1 && name.ptr[0] == 'c' &&
	       !slice_to_u64(slice_from(name, 1), INT64_MAX, out);
}

static bool is_entry(const struct history *history, uint64_t position)
{
	return rest(history, position) >= sizeof(struct head) &&
	       at(history, position)->kind != KIND_PAD;
}

static struct slice text_at(const struct history *history, uint64_t position)
{
	const struct head *head = at(history, position);

	return slice_of(head + 1, head->text_len);
}

/* The newest call that has a leg with this hash of its Call-ID; 0: none. *is_message: but there
 * are messages of it. */
static uint64_t find_call_id(const struct history *history, uint64_t wanted, bool *is_message)
{
	uint64_t number = 0;

	*is_message = false;
	for (uint64_t i = history->tail; i < history->head; i += step(history, i)) {
		const struct head *head = at(history, i);
		if (!is_entry(history, i))
			continue;
		if (head->kind == HISTORY_LEG && head->hash == wanted)
			number = head->key;
		if (head->kind == HISTORY_MESSAGE && head->key == wanted)
			*is_message = true;
	}
	return number;
}

/* The hash of the Call-ID of the newest INVITE from or to somebody. */
static bool find_party(const struct history *history, struct slice name, uint64_t *wanted)
{
	struct history_party party;
	bool is_found = false;

	if (!history_party_read(&party, name))
		return false;
	for (uint64_t i = history->tail; i < history->head; i += step(history, i)) {
		if (!is_entry(history, i) || at(history, i)->kind != HISTORY_MESSAGE ||
			!history_party_is_in(&party, text_at(history, i)))
			continue;
		*wanted = at(history, i)->key;
		is_found = true;
	}
	return is_found;
}

static void note_leg(struct history_walk *walk, const struct head *head)
{
	if (walk->_leg_count == HISTORY_LEG_MAX)
		return;
	walk->_legs[walk->_leg_count].hash = head->hash;
	walk->_legs[walk->_leg_count++].leg = head->leg;
	walk->has_begin = walk->has_begin || head->leg == 'a';
}

/* Entries of the call are there. Its legs are noted. */
static bool find_number(const struct history *history, struct history_walk *walk)
{
	bool is_known = false;

	for (uint64_t i = history->tail; i < history->head; i += step(history, i)) {
		const struct head *head = at(history, i);
		if (!is_entry(history, i) || head->kind == HISTORY_MESSAGE ||
			head->key != walk->number)
			continue;
		is_known = true;
		if (head->kind == HISTORY_LEG)
			note_leg(walk, head);
	}
	return is_known;
}

/* By a Call-ID; one that we refused before it was a call has messages alone. */
static bool find_by_hash(
	const struct history *history, uint64_t wanted, struct history_walk *walk)
{
	bool is_message;

	walk->number = find_call_id(history, wanted, &is_message);
	if (walk->number)
		return find_number(history, walk);
	if (!is_message)
		return false;
	walk->_legs[0].hash = wanted;
	walk->_legs[0].leg = 'a';
	walk->_leg_count = 1;
	walk->has_begin = true;
	return true;
}

bool history_find(const struct history *history, struct slice name, struct history_walk *walk)
{
	uint64_t wanted;

	*walk = (struct history_walk){0};
	if (!history || !name.len)
		return false;
	walk->_position = history->tail;
	if (history_number(name, &walk->number) && walk->number && find_number(history, walk))
		return true;
	return find_by_hash(history, hash(history, name), walk) ||
	       (find_party(history, name, &wanted) && find_by_hash(history, wanted, walk));
}

/* Is it of the call, and of which leg? */
static bool is_wanted(const struct history_walk *walk, const struct head *head, char *leg)
{
	if (head->kind != HISTORY_MESSAGE) {
		*leg = head->leg;
		return walk->number && head->key == walk->number;
	}
	for (size_t i = 0; i < walk->_leg_count; i++) {
		if (walk->_legs[i].hash == head->key) {
			*leg = walk->_legs[i].leg;
			return true;
		}
	}
	return false;
}

bool history_next(
	const struct history *history, struct history_walk *walk, struct history_entry *entry)
{
	if (walk->_position < history->tail)
		walk->_position = history->tail;
	while (walk->_position < history->head) {
		uint64_t position = walk->_position;
		const struct head *head = at(history, position);
		const char *text = (const char *)(head + 1);
		char leg;

		walk->_position += step(history, position);
		if (!is_entry(history, position) || !is_wanted(walk, head, &leg))
			continue;
		*entry = (struct history_entry){.kind = (enum history_kind)head->kind,
			.time_us = head->time_us,
			.call = walk->number,
			.leg = leg,
			.is_incoming = head->is_incoming,
			.is_cut = head->is_cut,
			.transport = (enum transport_kind)head->transport,
			.peer = head->peer,
			.local = slice_of(text + head->text_len, head->local_len),
			.text = slice_of(text, head->text_len)};
		return true;
	}
	return false;
}
