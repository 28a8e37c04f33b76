/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_PCAP_FILES_H
#define SBC_PCAP_FILES_H

#include <stdint.h>

#include "base/log.h"
#include "base/slice.h"
#include "sbc/trace.h"

/*
 * pcap files that are written to by one thread, behind a bounded queue: nobody waits for the
 * disk. Each is new, mode 0600, and has a ceiling; beyond it packets are left out. Signalling
 * thread but for the writing; private to the sbc room.
 */
struct pcap_files;

#define PCAP_FILE_MAX 8 /* at once */

/* dir must be there and writable: SBC_EIO and a sentence in fault; SBC_ENOMEM. size_max: bytes
 * of one file. */
int pcap_files_open(struct pcap_files **out, const char *dir, uint64_t size_max,
	struct log *log, char *fault, size_t fault_size);
/* Writes what waits, then frees. NULL is allowed, here and below. */
void pcap_files_close(struct pcap_files *files);

/* slot: below PCAP_FILE_MAX, and free. name: without its folder. False: the queue is full. */
bool pcap_files_begin(struct pcap_files *files, unsigned slot, const char *name);
/* One packet as capture_print_pcap() makes it. */
bool pcap_files_put(struct pcap_files *files, unsigned slot, struct slice packet);
void pcap_files_end(struct pcap_files *files, unsigned slot);

void pcap_files_counters(const struct pcap_files *files, struct trace_counters *out);

#endif
