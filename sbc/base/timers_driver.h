/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_TIMERS_DRIVER_H
#define BASE_TIMERS_DRIVER_H

#include "base/timers.h"

/* Private to base: sets the uv_timer of an attached set to its earliest timer. */
void timers_rearm(struct timers *set);

#endif
