/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RFC 2782's order. Pure; any thread. */

#include "sbc/weighted.h"

#include <stdint.h>

static void swap(struct weighted *a, struct weighted *b)
{
	struct weighted kept = *a;

	*a = *b;
	*b = kept;
}

/* Moves to the front whom the draw hits. Weight 0 counts as a little, so that it is not
 * never. */
static void draw(struct weighted *items, size_t count, const struct random_source *random)
{
	uint64_t sum = 0, hit;
	size_t i;

	for (i = 0; i < count; i++)
		sum += items[i].weight ? 100 * (uint64_t)items[i].weight : 1;
	random->fill(random->arg, &hit, sizeof(hit));
	hit %= sum;
	for (i = 0; i + 1 < count; i++) {
		uint64_t share = items[i].weight ? 100 * (uint64_t)items[i].weight : 1;
		if (hit < share)
			break;
		hit -= share;
	}
	swap(&items[0], &items[i]);
}

void weighted_order(struct weighted *items, size_t count, const struct random_source *random)
{
	for (size_t i = 1; i < count; i++) /* few: insertion keeps the order of equals */
		for (size_t j = i; j && items[j].priority < items[j - 1].priority; j--)
			swap(&items[j], &items[j - 1]);
	for (size_t i = 0; i < count; i++) {
		size_t end = i + 1;
		while (end < count && items[end].priority == items[i].priority)
			end++;
		if (end - i > 1)
			draw(items + i, end - i, random);
	}
}
