/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ITU-T G.107: R = 93.2 - Id - Ie,eff. Id by the usual approximation of its delay terms (good
 * below 400 ms), Ie,eff by equation 7-29 with random loss, equipment factors of G.113 Appendix
 * I, MOS by Annex B. Pure.
 */

#include "sbc/e_model.h"

#include <stddef.h>

#define R_BEST         93.2  /* all default values */
#define PACKETIZING_MS 20.0  /* a packet's sound, before it can be sent */
#define JITTER_BUFFERS 2.0   /* a buffer holds about twice the jitter */
#define DELAY_KNEE_MS  177.3 /* from here on people talk into each other */

/* Ie: what the codec itself costs. Bpl: how well it bears loss, with concealment. */
static const struct {
	const char *codec;
	double ie, bpl;
} equipment[] = {
	{"PCMU", 0, 25.1},
	{"PCMA", 0, 25.1},
	{"G729", 11, 19},
	{"G723", 15, 16.1},
};

static void find_equipment(struct slice codec, double *ie, double *bpl)
{
	*ie = equipment[0].ie; /* as G.711: a name that the tables do not have */
	*bpl = equipment[0].bpl;
	for (size_t i = 0; i < sizeof(equipment) / sizeof(equipment[0]); i++) {
		if (slice_equal_nocase(codec, slice_str(equipment[i].codec))) {
			*ie = equipment[i].ie;
			*bpl = equipment[i].bpl;
		}
	}
}

static double delay_impairment(const struct e_model_input *input)
{
	double ms = PACKETIZING_MS + input->round_trip_us / 2000.0 +
		    JITTER_BUFFERS * input->jitter_us / 1000.0;
	double id = 0.024 * ms;

	return ms > DELAY_KNEE_MS ? id + 0.11 * (ms - DELAY_KNEE_MS) : id;
}

static double loss_impairment(const struct e_model_input *input)
{
	double ie, bpl, percent = 100.0 * (double)input->lost / (double)input->expected;

	find_equipment(input->codec, &ie, &bpl);
	return ie + (95.0 - ie) * percent / (percent + bpl);
}

static double mos(double r)
{
	double value = 1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6;

	return value < 1.0 ? 1.0 : value; /* the polynomial dips below for small R */
}

void e_model(struct e_model_result *out, const struct e_model_input *input)
{
	double r;

	*out = (struct e_model_result){0};
	if (!input->expected)
		return;
	r = R_BEST - delay_impairment(input) - loss_impairment(input);
	if (r < 0)
		r = 0;
	out->r_tenths = (unsigned)(r * 10.0 + 0.5);
	out->mos_hundredths = (unsigned)(mos(r) * 100.0 + 0.5);
}
