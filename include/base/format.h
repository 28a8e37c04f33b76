/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_FORMAT_H
#define BASE_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/*
 * vsnprintf() for those who print a lot: the same result for every format, several times
 * faster for one that has only %s %.*s %c %d %u %% and numbers with l, ll or z. Pure.
 */
int format_print(char *out, size_t size, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

#endif
