/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the SIP server was told about its FIFO: modparam() lines of OpenSIPS and Kamailio,
 * keys of countersip.yaml; and whether its log says that owner or group were refused. The
 * option names are those of mi_fifo and jsonrpcs (fifo_reply_dir is Kamailio's reply_dir).
 */

#include <stddef.h>

#include "tools/ctl/doctor_settings.h"

#define COUNT(array)    (sizeof(array) / sizeof((array)[0]))
#define CTL_SOCKET_NAME "countersip_rpc.sock"

static const struct {
	const char *key;
	size_t offset;
} config_keys[] = {
	{"fifo_name", offsetof(struct server_config, fifo_name)},
	{"fifo_mode", offsetof(struct server_config, fifo_mode)},
	{"fifo_user", offsetof(struct server_config, fifo_user)},
	{"fifo_group", offsetof(struct server_config, fifo_group)},
	{"fifo_reply_dir", offsetof(struct server_config, reply_dir)},
	{"reply_dir", offsetof(struct server_config, reply_dir)},
	{"run_dir", offsetof(struct server_config, run_dir)},
	{"dgram_socket", offsetof(struct server_config, dgram_socket)},
};

static const struct {
	enum server_kind kind;
	const char *file;
} config_files[] = {
	{SERVER_OPENSIPS, "/etc/opensips/opensips.cfg"},
	{SERVER_OPENSIPS, "/usr/local/etc/opensips/opensips.cfg"},
	{SERVER_KAMAILIO, "/etc/kamailio/kamailio.cfg"},
	{SERVER_KAMAILIO, "/usr/local/etc/kamailio/kamailio.cfg"},
	{SERVER_COUNTERSIP, "/etc/countersip/countersip.yaml"},
	{SERVER_COUNTERSIP, "/etc/countersip.yaml"},
};

static const char *const log_files[] = {"/var/log/opensips.log", "/var/log/kamailio.log",
	"/var/log/syslog", "/var/log/messages", "/var/log/daemon.log"};

static void set_key(
	struct arena *arena, struct server_config *out, struct slice key, struct slice value)
{
	for (size_t i = 0; i < COUNT(config_keys); i++) {
		if (slice_equal(key, slice_str(config_keys[i].key)))
			*(const char **)(void *)((char *)out + config_keys[i].offset) =
				fact_copy(arena, value);
	}
}

/* What stands between the next two quotes; blanks in it are kept: they may be the fault. */
static struct slice next_quoted(struct slice *line)
{
	slice_cut(line, '"');
	return slice_cut(line, '"');
}

/* modparam("mi_fifo", "fifo_mode", 0660): strings are quoted, numbers are not. */
static void read_modparam(struct arena *arena, struct slice line, struct server_config *out)
{
	struct slice module, key, value;

	if (!slice_starts(line, SLICE("modparam")))
		return;
	module = next_quoted(&line);
	if (!slice_equal(module, SLICE("mi_fifo")) && !slice_equal(module, SLICE("jsonrpcs")))
		return;
	key = next_quoted(&line);
	slice_cut(&line, ',');
	value = slice_trim(line);
	if (value.len && value.ptr[0] == '"')
		value = next_quoted(&line);
	else
		value = slice_trim(slice_cut(&value, ')'));
	set_key(arena, out, key, value);
}

static void read_yaml(struct arena *arena, struct slice line, struct server_config *out)
{
	struct slice key = slice_trim(slice_cut(&line, ':')), value = slice_trim(line);

	for (size_t i = 0; i + 1 < value.len; i++) {
		if (value.ptr[i] == ' ' && value.ptr[i + 1] == '#')
			value = slice_trim(slice_head(value, i)); /* a comment behind it */
	}
	if (value.len >= 2 && (value.ptr[0] == '"' || value.ptr[0] == '\''))
		value = slice_of(value.ptr + 1, value.len - 2);
	set_key(arena, out, key, value);
}

static void read_config(
	struct arena *arena, const char *text, enum server_kind kind, struct server_config *out)
{
	struct slice rest = slice_str(text);

	while (rest.len) {
		struct slice line = slice_trim(slice_cut(&rest, '\n'));
		if (kind == SERVER_COUNTERSIP)
			read_yaml(arena, line, out);
		else
			read_modparam(arena, line, out);
	}
}

/* Both servers say "failed to change the owner/group for <file>". */
static void read_log(
	struct arena *arena, const char *file, const char *text, struct server_config *out)
{
	struct slice rest = slice_str(text);

	while (rest.len) {
		struct slice line = slice_cut(&rest, '\n');
		const char *copy;
		if (line.len > 2048)
			continue;
		copy = fact_copy(arena, line);
		if (!strcasestr(copy, "failed to change the owner/group"))
			continue;
		out->log_line = copy;
		out->log_file = file;
	}
}

/* countersip's and Kamailio's names may be relative to their run_dir. */
static const char *absolute(
	struct arena *arena, enum server_kind kind, const char *run_dir, const char *name)
{
	if (!name || !name[0] || strchr(name, '/'))
		return name;
	if (!run_dir && kind == SERVER_KAMAILIO)
		run_dir = "/run/kamailio";
	if (!run_dir && kind == SERVER_COUNTERSIP)
		run_dir = "/run/countersip";
	return run_dir ? fact_printf(arena, "%s/%s", run_dir, name) : name;
}

void server_config_read(
	struct source *s, struct arena *arena, enum server_kind kind, struct server_config *out)
{
	*out = (struct server_config){0};
	for (size_t i = 0; i < COUNT(config_files) && !out->file; i++) {
		enum server_kind own = config_files[i].kind;
		const char *text;
		if (kind != SERVER_UNKNOWN && own != kind)
			continue;
		text = source_text(s, arena, config_files[i].file);
		if (!text)
			continue;
		out->file = config_files[i].file;
		read_config(arena, text, own, out);
		out->fifo_name = absolute(arena, own, out->run_dir, out->fifo_name);
		out->dgram_socket = absolute(arena, own, out->run_dir,
			out->dgram_socket ? out->dgram_socket : CTL_SOCKET_NAME);
	}
}

void server_log_read(struct source *s, struct arena *arena, struct server_config *out)
{
	for (size_t i = 0; i < COUNT(log_files) && !out->log_line; i++) {
		const char *text = source_tail(s, arena, log_files[i]);
		if (text && strcasestr(text, "failed to change the owner/group"))
			read_log(arena, log_files[i], text, out);
	}
}
