/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From root to the configured user, for good. Blocking; before any thread is there, since
 * capabilities belong to threads and new ones inherit them. */

#include "sbc/privileges.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/prctl.h>
#include <sys/stat.h>

#include <cap-ng.h>

#include "base/err.h"
#include "sbc/account.h"

#define PORT_FREE      1024 /* from here on anybody may bind */
#define STATE_DIR_MODE 0700 /* private keys are in it */
#define NAMED_MAX      4    /* more capabilities than these are not listed one by one */
#define RUN_DIR_MODE   0755 /* the FIFO's own mode says who may write */

struct step {
	const struct config *config;
	uid_t uid;
	gid_t gid;
	char *fault;
	size_t fault_size;
};

static int fail(const struct step *step, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int fail(const struct step *step, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(step->fault, step->fault_size, format, args);
	va_end(args);
	return SBC_EPERM;
}

static int find_accounts(struct step *step)
{
	const struct config *config = step->config;
	gid_t group;

	if (account_user(config->user, &step->uid, &step->gid))
		return fail(step, "there is no user \"%s\" to run as", config->user);
	if (account_group(config->group, &group))
		return fail(step, "there is no group \"%s\" to run as", config->group);
	if (config->group[0])
		step->gid = group;
	if (step->gid == (gid_t)-1)
		return fail(step,
			"user %s has no group of its own: name one with group:", config->user);
	if (step->uid == 0)
		return fail(step, "user: %s is root: leave the key out to run as root",
			config->user);
	return 0;
}

/* One that is there already is the administrator's, and stays as it is. */
static int give_directory(const struct step *step, const char *path, mode_t mode)
{
	struct stat st;

	if (!stat(path, &st))
		return 0;
	if (mkdir(path, mode))
		return errno == ENOENT
			       ? 0 /* its parents too: made later, or refused */
			       : fail(step, "cannot make %s: %s", path, strerrordesc_np(errno));
	if (lchown(path, step->uid, step->gid))
		return fail(step, "cannot give %s to user %s: %s", path, step->config->user,
			strerrordesc_np(errno));
	return 0;
}

static bool is_low(const struct netaddr *address)
{
	return netaddr_port(address) < PORT_FREE;
}

static bool wants_low_port(const struct config *config)
{
	for (size_t i = 0; i < config->listener_count; i++)
		if (is_low(&config->listeners[i].address))
			return true;
	return config->http.is_enabled && is_low(&config->http.address);
}

static bool gives_to_user(const struct config_rpc *rpc)
{
	return rpc->is_enabled && (rpc->fifo_user[0] || rpc->dgram_user[0] || rpc->ctl_user[0]);
}

static bool gives_to_group(const struct config_rpc *rpc)
{
	return rpc->is_enabled &&
	       (rpc->fifo_group[0] || rpc->dgram_group[0] || rpc->ctl_group[0]);
}

static int keep(bool is_wanted, unsigned capability)
{
	return is_wanted
		       ? capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, capability)
		       : 0;
}

static int change(const struct step *step)
{
	const struct config_rpc *rpc = &step->config->rpc;
	int err;

	capng_clear(CAPNG_SELECT_BOTH);
	err = keep(wants_low_port(step->config), CAP_NET_BIND_SERVICE);
	err = err ? err : keep(gives_to_user(rpc) || gives_to_group(rpc), CAP_CHOWN);
	/* Its mode and access list are set when it is another's already. */
	err = err ? err : keep(gives_to_user(rpc), CAP_FOWNER);
	err = err ? err
		  : capng_change_id((int)step->uid, (int)step->gid,
			    CAPNG_INIT_SUPP_GRP | CAPNG_CLEAR_BOUNDING | CAPNG_CLEAR_AMBIENT);
	if (err)
		return fail(step, "cannot become user %s (step %d): %s", step->config->user,
			-err, strerrordesc_np(errno));
	/* It would be worse than any other fault: to believe it and still be root. */
	if (geteuid() != step->uid || getuid() != step->uid || getegid() != step->gid ||
		!setuid(0))
		return fail(step, "user %s can become root again", step->config->user);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return fail(step, "cannot set no_new_privs: %s", strerrordesc_np(errno));
	return 0;
}

int privileges_drop(const struct config *config, char *fault, size_t fault_size)
{
	struct step step = {.config = config, .fault = fault, .fault_size = fault_size};
	int err;

	if (!config->user[0])
		return config->group[0] ? fail(&step, "group: needs user: beside it") : 0;
	err = find_accounts(&step);
	if (err)
		return err;
	if (geteuid() != 0)
		return geteuid() == step.uid
			       ? 0
			       : fail(&step,
					 "user: %s can be become by root only, and this is "
					 "started as uid %u",
					 config->user, (unsigned)geteuid());
	err = give_directory(&step, config->state_dir, STATE_DIR_MODE);
	if (!err && config->rpc.is_enabled)
		err = give_directory(&step, config->rpc.run_dir, RUN_DIR_MODE);
	return err ? err : change(&step);
}

/* Appends at *len; what does not fit is left out. */
static void append(char *out, size_t size, size_t *len, const char *text)
{
	int n = snprintf(out + *len, size - *len, "%s", text);

	*len = n >= 0 && *len + (size_t)n < size ? *len + (size_t)n : size - 1;
}

static unsigned count_capabilities(void)
{
	unsigned count = 0;

	for (unsigned i = 0; !capng_get_caps_process() && i <= CAP_LAST_CAP; i++)
		count += capng_have_capability(CAPNG_EFFECTIVE, i) != 0;
	return count;
}

const char *privileges_print(char *out, size_t size)
{
	unsigned count = count_capabilities();
	char ids[96];
	size_t len = 0;

	snprintf(ids, sizeof(ids), "uid=%u gid=%u capabilities=", (unsigned)geteuid(),
		(unsigned)getegid());
	append(out, size, &len, ids);
	if (count == 0 || count > NAMED_MAX) {
		append(out, size, &len, count ? "many" : "none");
		return out;
	}
	for (unsigned i = 0; i <= CAP_LAST_CAP; i++) {
		if (!capng_have_capability(CAPNG_EFFECTIVE, i))
			continue;
		append(out, size, &len, capng_capability_to_name(i));
		append(out, size, &len, --count ? "," : "");
	}
	return out;
}
