/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_CALL_FILTER_H
#define SBC_CALL_FILTER_H

#include <stdbool.h>

#include "base/slice.h"

/*
 * Which calls are meant: "from=+4930* to=bob peer=biloxi", all of it; or one call by its name
 * or a Call-ID: "c17", "call=c17", "call=3848276298220188511@atlanta.test". Pure; private to
 * the sbc room.
 */
struct call_filter {
	struct slice call; /* empty, as all below: any */
	struct slice from; /* user part, or a whole URI; a '*' at its end: and what follows */
	struct slice to;
	struct slice peer; /* name of the user or peer on either side */
};

/* Slices are borrowed from text. SBC_EPARSE: nothing is said, an unknown word, one twice, or
 * call beside others. */
int call_filter_parse(struct call_filter *out, struct slice text);

/* from, to: URIs. Does not look at call. */
bool call_filter_takes(const struct call_filter *filter, struct slice from, struct slice to,
	const struct slice peers[2]);

#endif
