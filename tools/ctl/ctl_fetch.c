/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One fetch on a loop of its own. Shell. */

#include "tools/ctl/ctl_fetch.h"

#include <stdio.h>

#include <uv.h>

#include "base/err.h"

#define TIMEOUT_MS 3000 /* defaults of the section fetch */
#define SIZE_MAX_  65536
#define CA_MAX     (1 << 20) /* bytes of PEM */

void ctl_fetch_rules_init(struct ctl_fetch_rules *rules)
{
	*rules = (struct ctl_fetch_rules){.timeout_ms = TIMEOUT_MS, .size_max = SIZE_MAX_};
	buf_init(&rules->ca, CA_MAX);
}

void ctl_fetch_rules_fini(struct ctl_fetch_rules *rules)
{
	buf_fini(&rules->ca);
}

int ctl_fetch_allow(struct ctl_fetch_rules *rules, const char *block)
{
	if (rules->allow_count == CTL_FETCH_ALLOW_MAX)
		return SBC_ELIMIT;
	if (netaddr_block_parse(&rules->allow[rules->allow_count], slice_str(block)))
		return SBC_EINVAL;
	rules->allow_count++;
	return 0;
}

static void say(struct ctl_fetched *out, int err, const char *why)
{
	out->err = err;
	snprintf(out->why, sizeof(out->why), "%s", why);
}

struct wait {
	struct http_get *get;
	struct ctl_fetched *out;
};

static void on_closed(void *arg)
{
	(void)arg;
}

static void on_done(const struct http_get_result *result, void *arg)
{
	struct wait *wait = arg;

	say(wait->out, result->err, result->why);
	wait->out->max_age_s = result->max_age_s;
	slice_copy(slice_str(result->date), wait->out->date, sizeof(wait->out->date));
	if (!result->err && buf_put_slice(&wait->out->body, result->body))
		say(wait->out, wait->out->body.err, "no memory");
	http_get_close(wait->get, on_closed, NULL);
}

static void start(struct wait *wait, struct slice url, bool allow_http)
{
	int err = http_get_start(wait->get, url, allow_http);

	if (!err)
		return;
	if (err == SBC_EINVAL && !allow_http && slice_starts_nocase(url, SLICE("http://")))
		say(wait->out, err, "not https");
	else
		say(wait->out, err,
			err == SBC_EINVAL
				? "not a URL that is fetched: no http(s)://host/path, or "
				  "odd characters in it"
				: err_name(err));
	http_get_close(wait->get, on_closed, NULL);
}

int ctl_fetch(const struct ctl_fetch_rules *rules, struct slice url, struct ctl_fetched *out)
{
	const struct http_get_config config = {.ca_pem = buf_slice(&rules->ca),
		.allow = rules->allow,
		.allow_count = rules->allow_count,
		.hosts = rules->hosts,
		.host_count = rules->host_count,
		.redirects = rules->redirects,
		.timeout_ms = rules->timeout_ms,
		.size_max = rules->size_max,
		.parallel_max = 1};
	struct wait wait = {.out = out};
	uv_loop_t loop;
	int err;

	*out = (struct ctl_fetched){.max_age_s = -1};
	buf_init(&out->body, rules->size_max + 1);
	if (uv_loop_init(&loop)) {
		say(out, SBC_ENOMEM, "no memory");
		return out->err;
	}
	err = http_get_new(&wait.get, &loop, &config, on_done, &wait);
	if (err)
		say(out, err, err_name(err));
	else
		start(&wait, url, rules->allow_http);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	return out->err;
}

void ctl_fetched_fini(struct ctl_fetched *fetched)
{
	buf_fini(&fetched->body);
}
