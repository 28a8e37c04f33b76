/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A session's state from elsewhere: what is read is what would be written, and a context
 * takes it or refuses it. */
#include "base/mem.h"
#include "media/crypto_context.h"
#include "media/srtp_kernels.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return srtp_kernels_install();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct media_state state;
	const struct media_direction_state *in = &state.sides[0].in[0];
	struct crypto_context *context = NULL;
	struct buf again;

	if (media_state_read(&state, slice_of(data, size)))
		return 0;
	buf_init(&again, MEDIA_STATE_BYTES_MAX);
	if (media_state_write(&again, &state) ||
		!slice_equal(buf_slice(&again), slice_of(data, size)))
		__builtin_trap();
	buf_fini_secret(&again);
	if (in->profile &&
		crypto_context_new(&context, profile_find(in->profile), &in->master, CRYPTO_IN))
		__builtin_trap();
	if (context)
		crypto_context_import(context, in);
	crypto_context_free(context);
	return 0;
}
