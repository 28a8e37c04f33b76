/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The policy room as the configuration wants it: keys, anchors, and whether every trunk can be
 * signed for. Signalling thread, at start. */

#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "sbc/pem.h"
#include "sbc/policy_link.h"

#define DIGEST_SECRET_LEN 32 /* bytes that nonces are bound to, new at each start */

const char *policy_link_info_url(
	const struct config *config, size_t index, bool is_rsa, char *out)
{
	const struct config_domain *d = &config->domains[index];
	const char *told = is_rsa ? d->rsa_info_url : d->info_url;
	uint16_t port = netaddr_port(&config->http.address);
	char port_text[8] = "";

	if (port != 443)
		snprintf(port_text, sizeof(port_text), ":%u", port);
	if (told[0])
		snprintf(out, POLICY_LINK_URL_MAX, "%s", told);
	else if (!config->http.is_enabled)
		out[0] = '\0';
	else if (is_rsa)
		snprintf(out, POLICY_LINK_URL_MAX, "https://%s%s/cert/%s/rsa", d->name,
			port_text, d->name);
	else if (index == 0)
		snprintf(out, POLICY_LINK_URL_MAX, "https://%s%s/cert", d->name, port_text);
	else
		snprintf(out, POLICY_LINK_URL_MAX, "https://%s%s/cert/%s", d->name, port_text,
			d->name);
	return out;
}

int policy_link_certificate_id(struct slice der, char out[POLICY_CERTIFICATE_ID_SIZE])
{
	return policy_certificate_id(der, out);
}

const char *policy_link_pinned_url(
	const struct config *config, const char *host, struct slice pem, char *out)
{
	uint16_t port = netaddr_port(&config->http.address);
	char id[POLICY_CERTIFICATE_ID_SIZE], port_text[8] = "";
	struct buf der;

	out[0] = '\0';
	buf_init(&der, PROVISION_FILE_MAX);
	if (port != 443)
		snprintf(port_text, sizeof(port_text), ":%u", port);
	/* One that cannot be read is refused by policy_new(), which says why. */
	if (!pem_first_der(&der, pem) && !policy_certificate_id(buf_slice(&der), id))
		snprintf(out, POLICY_LINK_URL_MAX, "https://%s%s/cert/id/%s", host, port_text,
			id);
	buf_fini(&der);
	return out;
}

/* What signatures made with this certificate's key say. url: as it is told to people. */
static struct slice signed_url(const struct config *config, const char *told, const char *host,
	const struct credential *own, char *url)
{
	if (!told[0] && config->http.is_enabled && own->certificate.len)
		policy_link_pinned_url(config, host, buf_slice(&own->certificate), url);
	return slice_str(url);
}

/* One domain's part of the setup. */
struct domain_urls {
	char info[POLICY_LINK_URL_MAX];
	char rsa_info[POLICY_LINK_URL_MAX];
};

static void fill_domain(const struct policy_setup *setup, size_t i, struct domain_urls *urls,
	struct policy_domain *out)
{
	const struct config_domain *d = &setup->config->domains[i];
	const struct credential *own = &setup->credentials->domains[i];
	const struct credential *rsa = &setup->credentials->rsa[i];

	policy_link_info_url(setup->config, i, false, urls->info);
	policy_link_info_url(setup->config, i, true, urls->rsa_info);
	*out = (struct policy_domain){
		.name = slice_str(d->name),
		.certificate_pem = buf_slice(&own->certificate),
		.key_pem = buf_slice(&own->key),
		.info_url = signed_url(setup->config, d->info_url, d->name, own, urls->info),
	};
	if (!rsa->certificate.len)
		return;
	out->rsa_certificate_pem = buf_slice(&rsa->certificate);
	out->rsa_key_pem = buf_slice(&rsa->key);
	out->rsa_info_url =
		signed_url(setup->config, d->rsa_info_url, d->name, rsa, urls->rsa_info);
}

const char *policy_link_key_url(const struct config *config, size_t index, char *out)
{
	const struct config_key *key = &config->keys[index];
	const char *host = key->domain[0] ? key->domain : config->domains[0].name;
	uint16_t port = netaddr_port(&config->http.address);
	char port_text[8] = "";

	if (port != 443)
		snprintf(port_text, sizeof(port_text), ":%u", port);
	if (key->info_url[0] || !config->http.is_enabled)
		snprintf(out, POLICY_LINK_URL_MAX, "%s", key->info_url);
	else
		snprintf(out, POLICY_LINK_URL_MAX, "https://%s%s/cert/keys/%s", host, port_text,
			key->name);
	return out;
}

/* Texts and lists that policy_new() reads. */
struct setup_memory {
	struct domain_urls *urls;
	struct policy_domain *domains;
	size_t domain_count; /* that have a URL */
	char (*key_urls)[POLICY_LINK_URL_MAX];
	struct policy_key *keys;
};

static void setup_free(struct setup_memory *m)
{
	mem_free(m->urls);
	mem_free(m->domains);
	mem_free(m->key_urls);
	mem_free(m->keys);
}

static void fill_key(const struct policy_setup *setup, size_t i, struct setup_memory *m)
{
	const struct config_key *key = &setup->config->keys[i];
	const struct credential *own = &setup->credentials->keys[i];
	const char *host = key->domain[0] ? key->domain : setup->config->domains[0].name;

	policy_link_key_url(setup->config, i, m->key_urls[i]);
	m->keys[i] = (struct policy_key){.domain = slice_str(key->domain),
		.certificate_pem = buf_slice(&own->certificate),
		.key_pem = buf_slice(&own->key),
		.info_url =
			signed_url(setup->config, key->info_url, host, own, m->key_urls[i])};
}

static int setup_fill(const struct policy_setup *setup, struct setup_memory *m)
{
	const struct config *config = setup->config;

	m->urls = mem_array(config->domain_count, sizeof(*m->urls));
	m->domains = mem_array(config->domain_count, sizeof(*m->domains));
	m->key_urls = mem_array(config->key_count + 1, sizeof(*m->key_urls));
	m->keys = mem_array(config->key_count + 1, sizeof(*m->keys));
	if (!m->urls || !m->domains || !m->key_urls || !m->keys)
		return SBC_ENOMEM;
	/* Without a URL nobody could check a signature, so none is made: the configuration has
	 * no peer that wants one. */
	for (size_t i = 0; i < config->domain_count; i++) {
		fill_domain(setup, i, &m->urls[i], &m->domains[m->domain_count]);
		m->domain_count += m->domains[m->domain_count].info_url.len > 0;
	}
	for (size_t i = 0; i < config->key_count; i++)
		fill_key(setup, i, m);
	return 0;
}

static int open_policy(struct policy **out, const struct policy_setup *setup,
	const struct setup_memory *m, char *fault, size_t fault_size)
{
	struct policy_config to;
	char secret[DIGEST_SECRET_LEN];
	int err;

	setup->random->fill(setup->random->arg, secret, sizeof(secret));
	policy_config_init(&to);
	to.domains = m->domains;
	to.domain_count = m->domain_count;
	to.keys = m->keys;
	to.key_count = setup->config->key_count;
	to.anchors_pem = buf_slice(&setup->credentials->ca);
	to.crls_pem = buf_slice(&setup->credentials->crl);
	to.digest_secret = slice_of(secret, sizeof(secret));
	err = policy_new(out, &to, fault, fault_size);
	mem_wipe(secret, sizeof(secret));
	return err;
}

/* ---- trunks ---- */

/* One address that calls to this peer may carry in From (DEC-4). */
struct emitted {
	const struct config_peer *peer;
	const struct config_user *user;
	struct slice name;
};

static int check_emitted(const struct policy *policy, const struct emitted *e, int64_t now_s,
	char *fault, size_t fault_size)
{
	struct buf uri;
	const char *why;

	buf_init(&uri, POLICY_LINK_URL_MAX);
	buf_printf(&uri, "sip:%.*s@%s", SLICE_ARG(e->name), e->user->domain);
	struct sign_request request = {.passport = e->peer->sign_8224,
		.rfc4474 = e->peer->sign_4474,
		.shaken = e->peer->shaken,
		.attest = 'A',
		.origid = SLICE("check"),
		.method = SLICE("INVITE"),
		.from_uri = buf_slice(&uri),
		.to_uri = SLICE("tel:+10000000")};
	why = policy_cannot_sign(policy, &request, now_s);
	if (why)
		snprintf(fault, fault_size, "peer %s: calls of %.*s@%s could not be signed: %s",
			e->peer->name, SLICE_ARG(e->name), e->user->domain, why);
	buf_fini(&uri);
	return why ? SBC_ECRYPTO : 0;
}

static int check_user(const struct policy *policy, const struct config_peer *peer,
	const struct config_user *user, int64_t now_s, char *fault, size_t fault_size)
{
	struct emitted e = {.peer = peer, .user = user, .name = slice_str(user->name)};
	struct slice rest = slice_str(user->also);
	int err = check_emitted(policy, &e, now_s, fault, fault_size);

	while (!err && rest.len) {
		e.name = slice_cut(&rest, ' ');
		if (e.name.len)
			err = check_emitted(policy, &e, now_s, fault, fault_size);
	}
	return err;
}

int policy_link_check_trunks(const struct policy *policy, const struct config *config,
	int64_t now_s, char *fault, size_t fault_size)
{
	int err = 0;

	for (size_t i = 0; i < config->peer_count && !err; i++) {
		const struct config_peer *peer = &config->peers[i];
		if (!peer->sign_8224 && !peer->sign_4474)
			continue;
		for (size_t j = 0; j < config->user_count && !err; j++)
			err = check_user(
				policy, peer, &config->users[j], now_s, fault, fault_size);
	}
	return err;
}

int policy_link_new(
	struct policy **out, const struct policy_setup *setup, char *fault, size_t fault_size)
{
	struct setup_memory memory = {0};
	int err = setup_fill(setup, &memory);

	err = err ? err : open_policy(out, setup, &memory, fault, fault_size);
	setup_free(&memory);
	return err;
}
