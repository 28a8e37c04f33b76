/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_CMOCKA_FIRST_H
#define TESTS_CMOCKA_FIRST_H

/* What cmocka wants to have included before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
