/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * /proc/net/udp and its kind, a line for each socket: number, local address, remote address,
 * state, ..., inode (the tenth field). Addresses are hex words in the byte order of the host.
 */

#include "tools/ctl/doctor_sockets.h"

#include <stdio.h>

#include "base/err.h"

#define STATE_LISTEN 0x0a
#define FIELD_LOCAL  1
#define FIELD_STATE  3
#define FIELD_INODE  9

static bool parse_hex(struct slice text, uint32_t *out)
{
	*out = 0;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
				 : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
							: 16;
		if (digit > 15 || i == 8)
			return false;
		*out = *out << 4 | digit;
	}
	return text.len > 0;
}

/* "0100007F:13C5" */
static bool parse_local(struct slice text, struct netaddr *out)
{
	struct slice address = slice_cut(&text, ':');
	uint32_t words[4], port;
	size_t count = address.len / 8;

	if ((count != 1 && count != 4) || address.len % 8 || !parse_hex(text, &port))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!parse_hex(slice_head(slice_from(address, 8 * i), 8), &words[i]))
			return false;
	}
	*out = (struct netaddr){0};
	out->sa.sa_family = count == 1 ? AF_INET : AF_INET6;
	if (count == 1)
		memcpy(&out->in.sin_addr, words, 4);
	else
		memcpy(&out->in6.sin6_addr, words, 16);
	netaddr_set_port(out, (uint16_t)port);
	return true;
}

static struct slice next_field(struct slice *line)
{
	*line = slice_trim(*line);
	return slice_cut(line, ' ');
}

static bool parse_line(struct slice line, bool is_tcp, struct bound_socket *out)
{
	struct slice fields[FIELD_INODE + 1];
	uint32_t state;

	for (size_t i = 0; i <= FIELD_INODE; i++)
		fields[i] = next_field(&line);
	*out = (struct bound_socket){.is_tcp = is_tcp};
	return parse_local(fields[FIELD_LOCAL], &out->local) &&
	       parse_hex(fields[FIELD_STATE], &state) && (!is_tcp || state == STATE_LISTEN) &&
	       !slice_to_u64(fields[FIELD_INODE], UINT64_MAX, &out->inode);
}

int sockets_list(struct source *s, struct arena *arena, socket_wanted_h *wanted,
	const void *arg, struct bound_sockets *out)
{
	static const char *const files[] = {
		"/proc/net/udp", "/proc/net/udp6", "/proc/net/tcp", "/proc/net/tcp6"};
	const struct process **owners;
	uint64_t *inodes;
	bool is_read = false;

	for (size_t i = 0; i < 4; i++) {
		struct slice rest = slice_str(source_text(s, arena, files[i]));
		is_read = is_read || rest.ptr;
		slice_cut(&rest, '\n'); /* the heads of the columns */
		while (rest.len && out->count < out->max) {
			struct slice line = slice_cut(&rest, '\n');
			struct bound_socket *next = &out->list[out->count];
			if (parse_line(line, i >= 2, next) && wanted(next, arg))
				out->count++;
		}
	}
	inodes = arena_array(arena, out->count + 1, sizeof(*inodes));
	owners = arena_array(arena, out->count + 1, sizeof(*owners));
	if (!inodes || !owners)
		return SBC_ENOMEM;
	for (size_t i = 0; i < out->count; i++)
		inodes[i] = out->list[i].inode;
	process_find_sockets(s, arena, inodes, out->count, owners, &out->hidden);
	for (size_t i = 0; i < out->count; i++)
		out->list[i].process = owners[i];
	return is_read ? 0 : SBC_ENOENT;
}
