/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calendar and SIP-date, RFC 3261 section 25.1, in the proleptic Gregorian calendar. Pure. */

#include "policy/date.h"

#include <stdio.h>

#include "base/err.h"

#define SECONDS_PER_DAY INT64_C(86400)
#define YEAR_FIRST      1970
#define YEAR_LAST       9999
#define SECONDS_LAST    INT64_C(253402300799) /* 9999-12-31 23:59:59 */

static const char weekdays[] = "ThuFriSatSunMonTueWed"; /* 1970-01-01 was a Thursday */
static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

static int is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 ? is_leap(year) : 0);
}

/* Days from 1970-01-01 to the first day of the year. */
static int64_t days_before_year(int year)
{
	int64_t last = year - 1;

	return (last * 365 + last / 4 - last / 100 + last / 400) - INT64_C(719162);
}

int date_from_civil(const struct civil_time *civil, int64_t *out)
{
	int64_t days;

	if (civil->year < YEAR_FIRST || civil->year > YEAR_LAST || civil->month < 1 ||
		civil->month > 12 || civil->day < 1 ||
		civil->day > days_in_month(civil->year, civil->month) || civil->hour < 0 ||
		civil->hour > 23 || civil->minute < 0 || civil->minute > 59 ||
		civil->second < 0 || civil->second > 59)
		return SBC_EPARSE;
	days = days_before_year(civil->year) + civil->day - 1;
	for (int month = 1; month < civil->month; month++)
		days += days_in_month(civil->year, month);
	*out = days * SECONDS_PER_DAY + civil->hour * 3600 + civil->minute * 60 + civil->second;
	return 0;
}

void date_to_civil(int64_t seconds, struct civil_time *out)
{
	int64_t days, rest;

	if (seconds < 0)
		seconds = 0;
	if (seconds > SECONDS_LAST)
		seconds = SECONDS_LAST;
	days = seconds / SECONDS_PER_DAY;
	rest = seconds % SECONDS_PER_DAY;
	*out = (struct civil_time){.year = YEAR_FIRST + (int)(days / 366), .month = 1};
	while (days_before_year(out->year + 1) <= days)
		out->year++;
	days -= days_before_year(out->year);
	while (days >= days_in_month(out->year, out->month))
		days -= days_in_month(out->year, out->month++);
	out->day = (int)days + 1;
	out->hour = (int)(rest / 3600);
	out->minute = (int)(rest / 60 % 60);
	out->second = (int)(rest % 60);
}

/* The number of digits at offset; text is long enough. */
static int number_at(struct slice text, size_t offset, size_t digits)
{
	uint64_t value;

	if (slice_to_u64(slice_head(slice_from(text, offset), digits), YEAR_LAST, &value))
		return -1;
	return (int)value;
}

int date_parse(struct slice text, int64_t *out)
{
	char again[DATE_TEXT_SIZE];
	struct civil_time civil = {0};
	int64_t seconds;

	if (text.len != DATE_TEXT_SIZE - 1)
		return SBC_EPARSE;
	for (int i = 0; i < 12; i++) {
		if (memcmp(text.ptr + 8, months + 3 * i, 3) == 0)
			civil.month = i + 1;
	}
	civil.day = number_at(text, 5, 2);
	civil.year = number_at(text, 12, 4);
	civil.hour = number_at(text, 17, 2);
	civil.minute = number_at(text, 20, 2);
	civil.second = number_at(text, 23, 2);
	/* Printed again it must be the same: punctuation and weekday are checked so. */
	if (date_from_civil(&civil, &seconds) ||
		!slice_equal(text, slice_str(date_print(seconds, again))))
		return SBC_EPARSE;
	*out = seconds;
	return 0;
}

const char *date_print(int64_t seconds, char *out)
{
	struct civil_time civil;
	int64_t days;

	date_to_civil(seconds, &civil);
	date_from_civil(&civil, &days);
	days /= SECONDS_PER_DAY;
	snprintf(out, DATE_TEXT_SIZE, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT",
		weekdays + 3 * (days % 7), (unsigned)civil.day % 100,
		months + 3 * (civil.month - 1), (unsigned)civil.year % 10000,
		(unsigned)civil.hour % 100, (unsigned)civil.minute % 100,
		(unsigned)civil.second % 100);
	return out;
}
