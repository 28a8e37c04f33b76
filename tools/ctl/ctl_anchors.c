/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Anchors and the rules of fetching, from options and from a configuration. Shell. */

#include "tools/ctl/ctl_anchors.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "tools/ctl/ctl_terminal.h"
#include "tools/ctl/identity_message.h"

#define PEM_MAX      (1 << 20) /* bytes of CAs or lists */
#define BLOCK_TEXT   128
#define DEMO_CA_FILE "demo-ca.pem" /* of state_dir, when no ca is configured */

bool ctl_anchor_option(struct ctl_anchor_options *options, int code, const char *value)
{
	switch (code) {
	case CTL_ANCHOR_CONFIG:
		options->config = value;
		return true;
	case CTL_ANCHOR_CA:
		options->ca = value;
		return true;
	case CTL_ANCHOR_CRL:
		options->crl = value;
		return true;
	case CTL_ANCHOR_FETCH_CA:
		options->fetch_ca = value;
		return true;
	case CTL_ANCHOR_ALLOW:
		options->fetch_allow = value;
		return true;
	case CTL_ANCHOR_HTTP:
		options->allow_http = true;
		return true;
	default:
		return false;
	}
}

void ctl_anchor_default(struct ctl_anchor_options *options)
{
	if (!options->config && !access(CTL_CONFIG_DEFAULT, F_OK))
		options->config = CTL_CONFIG_DEFAULT;
}

static int read_pem(const char *path, struct buf *out)
{
	int err = identity_read_file(path, out);

	if (err)
		ctl_complain(path, "it cannot be read");
	return err;
}

static int read_allow(struct ctl_fetch_rules *rules, const char *blocks)
{
	struct slice rest = slice_str(blocks);
	char text[BLOCK_TEXT];

	while (rest.len) {
		struct slice block = slice_trim(slice_cut(&rest, ','));
		if (slice_copy(block, text, sizeof(text)) || ctl_fetch_allow(rules, text)) {
			ctl_complain("--allow", "not addresses or blocks of them, with commas");
			return SBC_EINVAL;
		}
	}
	return 0;
}

static void take_fetch(struct ctl_fetch_rules *rules, const struct config *config)
{
	rules->timeout_ms = config->fetch.timeout_ms;
	rules->redirects = config->fetch.redirects;
	rules->size_max = config->fetch.size_max;
	while (rules->allow_count < config->fetch.allow_count &&
		rules->allow_count < CTL_FETCH_ALLOW_MAX) {
		rules->allow[rules->allow_count] = config->fetch.allow[rules->allow_count];
		rules->allow_count++;
	}
	while (rules->host_count < config->host_count &&
		rules->host_count < CTL_FETCH_HOST_MAX) {
		const struct config_host *host = &config->hosts[rules->host_count];
		rules->hosts[rules->host_count++] =
			(struct http_get_host){.name = host->name, .address = host->address};
	}
}

/* What the options leave open. place has room for the demo CA's path. */
static void take_config(
	struct ctl_anchor_options *o, const struct config *config, char *place, size_t size)
{
	if (!o->ca && !config->ca[0])
		snprintf(place, size, "%s/" DEMO_CA_FILE, config->state_dir);
	if (!o->ca)
		o->ca = config->ca[0] ? config->ca : place;
	if (!o->crl && config->crl[0])
		o->crl = config->crl;
	if (!o->fetch_ca && config->fetch.ca[0])
		o->fetch_ca = config->fetch.ca;
}

int ctl_anchors_read(struct ctl_anchors *out, const struct ctl_anchor_options *options)
{
	struct ctl_anchor_options o = *options;
	char place[PATH_MAX];
	int err = 0;

	*out = (struct ctl_anchors){0};
	buf_init(&out->ca, PEM_MAX);
	buf_init(&out->crl, PEM_MAX);
	ctl_fetch_rules_init(&out->fetch);
	out->fetch.allow_http = o.allow_http;
	if (o.config)
		err = ctl_config_load(&out->config, o.config);
	if (!err && out->config) {
		take_config(&o, out->config, place, sizeof(place));
		take_fetch(&out->fetch, out->config);
	}
	if (!err && o.ca)
		err = read_pem(o.ca, &out->ca);
	if (!err && o.crl)
		err = read_pem(o.crl, &out->crl);
	if (!err && o.fetch_ca)
		err = read_pem(o.fetch_ca, &out->fetch.ca);
	else if (!err && out->config)
		err = buf_put_slice(&out->fetch.ca, buf_slice(&out->ca));
	if (!err && o.fetch_allow)
		err = read_allow(&out->fetch, o.fetch_allow);
	return err;
}

void ctl_anchors_fini(struct ctl_anchors *anchors)
{
	ctl_fetch_rules_fini(&anchors->fetch);
	buf_fini(&anchors->crl);
	buf_fini(&anchors->ca);
	if (anchors->config)
		config_unref(anchors->config);
}
