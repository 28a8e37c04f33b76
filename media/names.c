/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Slots and generations. Runs on: signalling loop. */

#include "media/names.h"

#include "base/err.h"
#include "base/mem.h"

int names_init(struct names *names, uint16_t slot_count)
{
	struct names n = {.slot_count = slot_count};

	n.slots = mem_array(slot_count, sizeof(n.slots[0]));
	n._free = mem_array(slot_count, sizeof(n._free[0]));
	if (!n.slots || !n._free) {
		names_fini(&n);
		return SBC_ENOMEM;
	}
	for (uint16_t i = 0; i < slot_count; i++)
		n._free[i] = (uint16_t)(slot_count - 1 - i);
	*names = n;
	return 0;
}

void names_fini(struct names *names)
{
	mem_free(names->slots);
	mem_free(names->_free);
	*names = (struct names){0};
}

int names_take(struct names *names, struct media_id *out)
{
	struct name *name;
	uint16_t slot;

	if (names->live_count == names->slot_count)
		return SBC_ELIMIT;
	slot = names->_free[names->slot_count - ++names->live_count];
	name = &names->slots[slot];
	*name = (struct name){.generation = name->generation + 1, .is_live = true};
	if (!name->generation)
		name->generation = 1;
	out->slot = slot;
	out->generation = name->generation;
	return 0;
}

struct name *names_find(struct names *names, struct media_id id)
{
	struct name *name;

	if (id.slot >= names->slot_count)
		return NULL;
	name = &names->slots[id.slot];
	return name->is_live && name->generation == id.generation ? name : NULL;
}

void names_give(struct names *names, struct media_id id)
{
	names->slots[id.slot].is_live = false;
	names->_free[names->slot_count - names->live_count--] = id.slot;
}
