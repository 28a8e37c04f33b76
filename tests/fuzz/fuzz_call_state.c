/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A call from elsewhere: refused, or one that can be written and read again, to the same value.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/mman.h>

#include "sbc/call_state.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the scenario tests' world has, by whose calls the corpus began. */
static const char text[] =
	"domains: [{name: atlanta.test}]\n"
	"listeners:\n"
	"  - {transport: tls, address: 127.0.0.1, advertised: 'sbc.atlanta.test:5061'}\n"
	"  - {transport: udp, address: 127.0.0.1, advertised: 'sbc.atlanta.test:5060'}\n"
	"users:\n"
	"  - {name: alice, domain: atlanta.test, ha1_md5: 00112233445566778899aabbccddeeff}\n"
	"  - {name: bob, domain: atlanta.test, ha1_md5: 00112233445566778899aabbccddeeff}\n"
	"peers:\n"
	"  - {name: biloxi, domain: biloxi.test, address: 127.0.0.12, transport: tls}\n"
	"  - {name: trunk, domain: x.test, address: 127.0.0.13, transport: udp, profile: lab}\n"
	"media: {interfaces: [{address: 127.0.0.1}]}\nhttp: {}\n";

static struct sbc *core;
static struct timers timers;

static void on_fault(const char *why, void *arg)
{
	(void)arg;
	fprintf(stderr, "%s\n", why);
}

static int64_t on_wall(void *arg)
{
	(void)arg;
	return 1798761600;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct sbc_setup setup = {
		.timers = &timers, .random = random_system(), .outside = {.wall_s = on_wall}};
	int fd = memfd_create("config", 0);
	char path[32];

	(void)argc;
	(void)argv;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	timers_init(&timers, 1000);
	if (write(fd, text, sizeof(text) - 1) != sizeof(text) - 1 ||
		config_load(&setup.config, path, on_fault, NULL) || sbc_new(&core, &setup))
		abort();
	return close(fd);
}

static int read_call(struct slice value, struct buf *again)
{
	struct call_state_media media;
	struct call *call;
	int err = call_state_read(&call, core, &media, value, USEC_PER_SEC);

	if (err)
		return err;
	if (call_state_write(call, &media, USEC_PER_SEC, again))
		__builtin_trap();
	call_free(call);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf once, twice;

	buf_init(&once, SBC_CALL_STATE_MAX);
	buf_init(&twice, SBC_CALL_STATE_MAX);
	if (!read_call(slice_of(data, size), &once)) {
		if (read_call(buf_slice(&once), &twice) ||
			!slice_equal(buf_slice(&once), buf_slice(&twice)))
			__builtin_trap();
	}
	buf_fini(&once);
	buf_fini(&twice);
	return 0;
}
