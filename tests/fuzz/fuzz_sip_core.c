/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From bytes to transactions and calls: what anybody sends, in any order, with time between.
 * The whole core with a fake network and media room (tests/scenario/world.h), made anew for
 * each input. An input is pieces with a zero byte behind each: who says it ('0' is alice), how
 * long after the last one (in steps of a quarter of a second from '0' on), and the message.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/scenario/world.h"

#define PIECES_MAX 16
#define STEP       (USEC_PER_SEC / 4)

static void say(struct world *w, struct slice piece)
{
	if (piece.len < 2)
		return;
	world_pass(w, (usec_t)((uint8_t)piece.ptr[1] & 0x3f) * STEP);
	world_say_slice(
		w, (enum actor)((uint8_t)piece.ptr[0] % ACTOR_COUNT), slice_from(piece, 2));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world w;
	struct slice rest = {(const char *)data, size};

	world_init(&w);
	for (unsigned i = 0; i < PIECES_MAX && rest.len; i++)
		say(&w, slice_cut(&rest, '\0'));
	/* Whatever it began ends by itself: no answer ever comes. */
	world_pass(&w, 400 * USEC_PER_SEC);
	world_fini(&w);
	return 0;
}
