/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BENCH_CPU_H
#define BENCH_CPU_H

#include <stdint.h>

/* Nanoseconds that all threads of a process have run, in user and kernel mode. */
uint64_t cpu_of(int pid);

/* After SIGSTOP: returns when every thread has stopped, or after a second. */
void cpu_wait_stopped(int pid);

#endif
