/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_E_MODEL_H
#define SBC_E_MODEL_H

#include <stdint.h>

#include "base/slice.h"

/*
 * What a listener would say about a call, from what the packets did: the E-model of ITU-T
 * G.107 with its default values, reduced to delay and loss (random, since its pattern is not
 * measured). Pure.
 */
struct e_model_input {
	struct slice codec; /* encoding name */
	uint64_t expected, lost;
	uint32_t round_trip_us; /* 0: unknown, then only the jitter buffer delays */
	uint32_t jitter_us;
};

struct e_model_result {
	unsigned r_tenths;       /* transmission rating R, 0 to 932: tenths */
	unsigned mos_hundredths; /* mean opinion score, 100 to 450 */
};

/* expected 0: nothing was heard, the result is 0 and 0. */
void e_model(struct e_model_result *out, const struct e_model_input *input);

#endif
