/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEST_CONFIG_TEXT_H
#define TEST_CONFIG_TEXT_H

/* A configuration from text, for tests of what works on one. */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "sbc/config.h"

#define CONFIG_ENOUGH                                                                          \
	"domains: [{name: atlanta.test}]\n"                                                    \
	"listeners: [{transport: tls, address: 127.0.0.1},"                                    \
	" {transport: udp, address: 127.0.0.1}]\n"                                             \
	"media: {interfaces: [{address: 127.0.0.1}]}\n"                                        \
	"http: {}\n"

static inline void config_text_fault(const char *text, void *arg)
{
	buf_put_str(arg, text);
	buf_put_char(arg, '\n');
}

/* faults: NULL, then a fault fails the test. */
static inline struct config *config_text_load(const char *text, struct buf *faults)
{
	char path[] = "/tmp/countersip-test-XXXXXX";
	struct config *config = NULL;
	struct buf own;
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	buf_init(&own, 65536);
	config_load(&config, path, config_text_fault, faults ? faults : &own);
	unlink(path);
	if (!faults && own.len)
		fail_msg("%s", own.data);
	buf_fini(&own);
	return config;
}

static inline bool config_text_refused(const char *text, const char *expected)
{
	struct buf faults;
	struct config *config;
	bool is_told;

	buf_init(&faults, 65536);
	config = config_text_load(text, &faults);
	is_told = faults.data && strstr(faults.data, expected);
	if (!is_told)
		print_error("%s\ntold: %s", text, faults.data ? faults.data : "nothing\n");
	assert_null(config);
	buf_fini(&faults);
	return is_told;
}

#endif
