/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Our own certificates as the configuration has them. Shell: looks at files. */

#include "tools/ctl/doctor_own.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "policy/cert_view.h"
#include "tools/ctl/identity_message.h"

#define PEM_MAX 262144

static void find(const struct config *config, const char *named, const char *ending, char *out,
	size_t size)
{
	const struct config_domain *first = config->domain_count ? config->domains : NULL;
	bool is_key = strcmp(ending, "key") == 0;

	out[0] = '\0';
	if (named[0])
		snprintf(out, size, "%s", named);
	else if (first && first->certificate[0])
		snprintf(out, size, "%s", is_key ? first->key : first->certificate);
	else if (first)
		snprintf(out, size, "%s/%s.%s", config->state_dir, first->name, ending);
}

void own_certificate(const struct config *config, const char *named, char *out, size_t size)
{
	find(config, named, "pem", out, size);
}

void own_key(const struct config *config, const char *named, char *out, size_t size)
{
	find(config, named, "key", out, size);
}

static bool read_file(struct findings *out, const char *path, struct buf *bytes)
{
	struct stat st;

	if (!stat(path, &st) && S_ISREG(st.st_mode) && !identity_read_file(path, bytes))
		return true;
	found(out, errno == EACCES ? SEVERITY_UNKNOWN : SEVERITY_BLOCKED, "%s cannot be read",
		path);
	found_by(out, "%s", strerror(errno));
	found_fix(out, "ls -l %s; run this as root", say_shell(out, path));
	return false;
}

static void check_mode(struct findings *out, const char *key)
{
	struct stat st;

	if (stat(key, &st) || !(st.st_mode & 077))
		return;
	found(out, SEVERITY_BLOCKED,
		"others may read or change the private key %s: the daemon does not take it",
		key);
	found_by(out, "mode %04o", (unsigned)st.st_mode & 07777);
	found_fix(out, "chmod 600 %s", say_shell(out, key));
}

static void check_match(
	struct findings *out, const char *path, struct slice certificate, struct slice key)
{
	struct cert_report *report = NULL;
	const char *complaint;
	int err;

	if (cert_report_new(
		    &report, certificate, (struct slice){0}, (struct slice){0}, &complaint))
		return;
	err = report->is_readable ? cert_report_match(report, key) : 0;
	if (err) {
		found(out, SEVERITY_BLOCKED, "%s",
			err == SBC_EPARSE ? "the private key cannot be read, or is encrypted"
					  : "the private key belongs to another certificate");
		found_by(out, "%s", path);
		found_fix(out, "countersipctl identity cert --key %s CERTIFICATE",
			say_shell(out, path));
	}
	cert_report_free(report);
}

void own_pair_check(const struct config *config, const char *certificate, const char *key,
	struct findings *out)
{
	char certificate_path[PATH_MAX], key_path[PATH_MAX];
	struct buf chain, secret;

	own_certificate(config, certificate, certificate_path, sizeof(certificate_path));
	own_key(config, key, key_path, sizeof(key_path));
	findings_begin(out, "OWN-1", "our certificate and its key");
	buf_init(&chain, PEM_MAX);
	buf_init(&secret, PEM_MAX);
	if (read_file(out, certificate_path, &chain) && read_file(out, key_path, &secret)) {
		check_mode(out, key_path);
		check_match(out, key_path, buf_slice(&chain), buf_slice(&secret));
	}
	buf_fini_secret(&secret);
	buf_fini(&chain);
	findings_end(out);
}
