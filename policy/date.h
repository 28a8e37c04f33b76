/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POLICY_DATE_H
#define POLICY_DATE_H

#include <stdint.h>

#include "base/slice.h"

/* Calendar and SIP-date (RFC 3261 section 25.1: "Thu, 21 Feb 2002 13:02:03 GMT"). Times
 * are seconds since 1970 UTC. Pure. */

struct civil_time {
	int year, month, day; /* 1970.., 1.., 1.. */
	int hour, minute, second;
};

/* SBC_EPARSE: no such moment. */
int date_from_civil(const struct civil_time *civil, int64_t *out);
/* seconds: clipped to what has four digits of year, 1970 to 9999. */
void date_to_civil(int64_t seconds, struct civil_time *out);

#define DATE_TEXT_SIZE 30 /* terminated */

/* Only the one way to write a moment: case, blanks and weekday right. SBC_EPARSE. */
int date_parse(struct slice text, int64_t *out);
/* out has DATE_TEXT_SIZE bytes; returned. */
const char *date_print(int64_t seconds, char *out);

#endif
