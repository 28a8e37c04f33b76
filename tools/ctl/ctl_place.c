/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the daemon's socket is, by its installed configuration. Shell. */

#include "tools/ctl/ctl_client.h"
#include "tools/ctl/doctor_settings.h"

#define PLACE_MEMORY 1048576 /* bytes: the configuration and its lines */

void ctl_socket_find(const char *root, char *out, size_t size)
{
	struct server_config config = {0};
	struct source *source = NULL;
	struct arena arena;
	int err = root ? source_open_tree(&source, root) : source_open_live(&source);

	arena_init(&arena, PLACE_MEMORY);
	if (!err)
		server_config_read(source, &arena, SERVER_COUNTERSIP, &config);
	if (!config.dgram_socket || slice_copy(slice_str(config.dgram_socket), out, size))
		slice_copy(SLICE(CTL_SOCKET_DEFAULT), out, size);
	arena_fini(&arena);
	source_close(source);
}
