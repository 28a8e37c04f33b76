/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <sys/mman.h>

#include "sbc/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore(const char *text, void *arg)
{
	(void)text;
	(void)arg;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config *config = NULL;
	int fd = memfd_create("config", 0);
	char path[32];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		return close(fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	config_load(&config, path, ignore, NULL);
	config_unref(config);
	return close(fd);
}
