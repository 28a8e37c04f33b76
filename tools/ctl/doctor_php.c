/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * PHP's restrictions where the web SAPI reads them: php.ini and conf.d of fpm and apache2
 * (Debian), /etc/php.ini, php.d and php-fpm.d (Fedora), php_admin_value lines of Apache. And
 * the web server's own rules, which are about URLs and never about the FIFO. Shell.
 */

#include "tools/ctl/doctor_settings.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct reading {
	struct arena *arena;
	const char *user; /* of the pool that counts; NULL: any */
	struct php *php;
};

/* "php_admin_value[open_basedir]" is open_basedir. */
static struct slice plain_key(struct slice key)
{
	struct slice rest = key;

	slice_cut(&rest, '[');
	return rest.len ? slice_cut(&rest, ']') : key;
}

static void set_key(struct reading *r, const char *path, struct slice key, struct slice value)
{
	const char **out = NULL;

	key = plain_key(key);
	if (slice_equal(key, SLICE("open_basedir")))
		out = &r->php->open_basedir;
	else if (slice_equal(key, SLICE("disable_functions")))
		out = &r->php->disable_functions;
	else if (slice_equal(key, SLICE("safe_mode")))
		out = &r->php->safe_mode;
	else if (slice_equal(key, SLICE("chroot")))
		out = &r->php->chroot;
	if (!out || !value.len)
		return;
	*out = fact_copy(r->arena, value);
	r->php->file = path;
}

/* /etc/php/8.2/fpm/php.ini: 8.2 */
static void note_version(struct reading *r, const char *path)
{
	struct slice rest = slice_str(path);

	if (!slice_starts(rest, SLICE("/etc/php/")))
		return;
	rest = slice_from(rest, 9);
	r->php->version = fact_copy(r->arena, slice_cut(&rest, '/'));
}

static void read_ini(const char *path, const char *text, void *arg)
{
	struct reading *r = arg;
	struct slice rest = slice_str(text), key, value;

	r->php->is_found = true;
	if (!r->php->file)
		r->php->file = path;
	note_version(r, path);
	while (rest.len) {
		if (settings_key(slice_cut(&rest, '\n'), &key, &value))
			set_key(r, path, key, value);
	}
}

static bool is_pool_of(const char *text, const char *user)
{
	struct slice rest = slice_str(text), key, value;

	while (user && rest.len) {
		if (settings_key(slice_cut(&rest, '\n'), &key, &value) &&
			slice_equal(key, SLICE("user")))
			return slice_equal(value, slice_str(user));
	}
	return true;
}

static void read_pool(const char *path, const char *text, void *arg)
{
	struct reading *r = arg;

	r->php->is_found = true;
	r->php->pool_count++;
	if (is_pool_of(text, r->user))
		read_ini(path, text, r);
}

/* php_admin_value open_basedir "/srv/www/:/tmp/" */
static void read_apache(const char *path, const char *text, void *arg)
{
	struct reading *r = arg;
	struct slice rest = slice_str(text);

	while (rest.len) {
		struct slice line = slice_trim(slice_cut(&rest, '\n')), key, value;
		if (!slice_starts_nocase(line, SLICE("php_admin_value")) &&
			!slice_starts_nocase(line, SLICE("php_value")))
			continue;
		slice_cut(&line, ' ');
		line = slice_trim(line);
		key = slice_cut(&line, ' ');
		value = slice_trim(line);
		if (value.len >= 2 && value.ptr[0] == '"')
			value = slice_of(value.ptr + 1, value.len - 2);
		set_key(r, path, key, value);
	}
}

struct versions {
	struct arena *arena;
	const char *names[16];
	size_t count;
};

static void add_version(const char *name, void *arg)
{
	struct versions *versions = arg;

	if (versions->count < COUNT(versions->names))
		versions->names[versions->count++] =
			fact_copy(versions->arena, slice_str(name));
}

static void read_debian(struct source *s, struct reading *r, const char *version)
{
	static const char *const sapis[] = {"apache2", "fpm"};

	for (size_t i = 0; i < COUNT(sapis); i++) {
		const char *dir = fact_printf(r->arena, "/etc/php/%s/%s", version, sapis[i]);
		const char *ini = fact_printf(r->arena, "%s/php.ini", dir);
		const char *text = source_text(s, r->arena, ini);
		if (text)
			read_ini(ini, text, r);
		settings_each_file(s, r->arena, fact_printf(r->arena, "%s/conf.d", dir), ".ini",
			read_ini, r);
	}
	settings_each_file(s, r->arena,
		fact_printf(r->arena, "/etc/php/%s/fpm/pool.d", version), ".conf", read_pool,
		r);
}

void php_read(struct source *s, struct arena *arena, const char *user, struct php *out)
{
	struct reading r = {.arena = arena, .user = user, .php = out};
	struct versions versions = {.arena = arena};
	const char *text = source_text(s, arena, "/etc/php.ini");

	*out = (struct php){0};
	if (text)
		read_ini("/etc/php.ini", text, &r);
	settings_each_file(s, arena, "/etc/php.d", ".ini", read_ini, &r);
	s->ops->list(s, "/etc/php", add_version, &versions);
	for (size_t i = 0; i < versions.count; i++)
		read_debian(s, &r, versions.names[i]);
	settings_each_file(s, arena, "/etc/php-fpm.d", ".conf", read_pool, &r);
	settings_each_file(s, arena, "/etc/apache2", ".conf", read_apache, &r);
	settings_each_file(s, arena, "/etc/httpd", ".conf", read_apache, &r);
}

struct web {
	struct arena *arena;
	const char *rule;
	const char *file;
};

static void read_web(const char *path, const char *text, void *arg)
{
	static const char *const words[] = {
		"Require all denied", "Require ip", "Require valid-user", "Deny from", "deny "};
	struct web *web = arg;
	struct slice rest = slice_str(text);

	while (rest.len && !web->rule) {
		struct slice line = slice_trim(slice_cut(&rest, '\n'));
		for (size_t i = 0; i < COUNT(words); i++) {
			if (!slice_starts(line, slice_str(words[i])))
				continue;
			web->rule = fact_copy(web->arena, line);
			web->file = path;
			break;
		}
	}
}

bool web_rule_find(struct source *s, struct arena *arena, const char **rule, const char **file)
{
	static const char *const dirs[] = {"/etc/apache2", "/etc/httpd", "/etc/nginx"};
	struct web web = {.arena = arena};

	for (size_t i = 0; i < COUNT(dirs) && !web.rule; i++)
		settings_each_file(s, arena, dirs[i], ".conf", read_web, &web);
	if (!web.rule)
		return false;
	*rule = web.rule;
	*file = web.file;
	return true;
}
