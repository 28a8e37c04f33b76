/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys and certificates of a configuration in memory. Blocking; before the loops run. */

#include "sbc/credentials.h"

#include "base/err.h"
#include "base/mem.h"

static void init_one(struct credential *c)
{
	buf_init(&c->certificate, PROVISION_FILE_MAX);
	buf_init(&c->key, PROVISION_FILE_MAX);
}

static void fini_one(struct credential *c)
{
	buf_fini(&c->certificate);
	buf_fini_secret(&c->key);
}

static int init(struct credentials *out, const struct config *config)
{
	*out = (struct credentials){0};
	buf_init(&out->ca, PROVISION_FILE_MAX);
	buf_init(&out->fetch_ca, PROVISION_FILE_MAX);
	buf_init(&out->crl, PROVISION_FILE_MAX);
	init_one(&out->http);
	out->domains = mem_array(config->domain_count, sizeof(*out->domains));
	out->rsa = mem_array(config->domain_count, sizeof(*out->rsa));
	out->keys = mem_array(config->key_count + 1, sizeof(*out->keys));
	out->listeners = mem_array(config->listener_count, sizeof(*out->listeners));
	out->listener_ca = mem_array(config->listener_count, sizeof(*out->listener_ca));
	if (!out->domains || !out->rsa || !out->keys || !out->listeners || !out->listener_ca)
		return SBC_ENOMEM;
	out->domain_count = config->domain_count;
	out->listener_count = config->listener_count;
	out->key_count = config->key_count;
	for (size_t i = 0; i < config->key_count; i++)
		init_one(&out->keys[i]);
	for (size_t i = 0; i < config->domain_count; i++) {
		init_one(&out->domains[i]);
		init_one(&out->rsa[i]);
	}
	for (size_t i = 0; i < config->listener_count; i++) {
		init_one(&out->listeners[i]);
		buf_init(&out->listener_ca[i], PROVISION_FILE_MAX);
	}
	return 0;
}

static int read_pair(const struct provision *say, const char *certificate, const char *key,
	struct credential *out)
{
	int err;

	if (!certificate[0])
		return 0;
	err = provision_read(say, certificate, false, &out->certificate);
	return err ? err : provision_read(say, key, true, &out->key);
}

static int read_ca(const struct provision *say, const char *path, struct buf *out)
{
	return path[0] ? provision_read(say, path, false, out) : 0;
}

/* Phones often connect by address: the certificates that we make cover it. */
static struct slice listener_ip(const struct config *config, char text[NETADDR_TEXT_MAX])
{
	for (size_t i = 0; i < config->listener_count; i++) {
		const struct config_listener *l = &config->listeners[i];
		struct netaddr address = l->address;
		if (l->transport != TRANSPORT_TLS)
			continue;
		if (l->advertised[0] &&
			netaddr_parse_hostport(&address, slice_str(l->advertised), 0))
			continue;
		if (!netaddr_is_any(&address))
			return slice_str(netaddr_print_host(&address, text));
	}
	return (struct slice){0};
}

static int load_domains(
	struct credentials *out, const struct config *config, const struct provision *say)
{
	char text[NETADDR_TEXT_MAX];
	struct slice ip = listener_ip(config, text);
	int err = 0;

	for (size_t i = 0; i < config->domain_count && !err; i++) {
		const struct config_domain *d = &config->domains[i];
		struct credential *own = &out->domains[i];
		err = d->certificate[0] ? read_pair(say, d->certificate, d->key, own)
					: provision_domain(say, slice_str(d->name), ip,
						  &own->key, &own->certificate);
		err = err ? err : read_pair(say, d->rsa_certificate, d->rsa_key, &out->rsa[i]);
	}
	return err;
}

static int load_keys(
	struct credentials *out, const struct config *config, const struct provision *say)
{
	int err = 0;

	for (size_t i = 0; i < config->key_count && !err; i++)
		err = read_pair(
			say, config->keys[i].certificate, config->keys[i].key, &out->keys[i]);
	return err;
}

int credentials_load(
	struct credentials *out, const struct config *config, const struct provision *say)
{
	const char *fetch_ca = config->fetch.ca[0] ? config->fetch.ca : config->ca;
	int err = init(out, config);

	err = err ? err : provision_directory(say);
	if (!err)
		err = config->ca[0] ? read_ca(say, config->ca, &out->ca)
				    : provision_ca(say, NULL, &out->ca);
	err = err ? err : read_ca(say, fetch_ca, &out->fetch_ca);
	err = err ? err : read_ca(say, config->crl, &out->crl);
	err = err ? err : load_domains(out, config, say);
	err = err ? err : load_keys(out, config, say);
	for (size_t i = 0; i < config->listener_count && !err; i++) {
		const struct config_listener *l = &config->listeners[i];
		err = read_pair(say, l->certificate, l->key, &out->listeners[i]);
		err = err ? err : read_ca(say, l->ca, &out->listener_ca[i]);
	}
	return err ? err
		   : read_pair(say, config->http.certificate, config->http.key, &out->http);
}

void credentials_fini(struct credentials *c)
{
	buf_fini(&c->ca);
	buf_fini(&c->fetch_ca);
	buf_fini(&c->crl);
	for (size_t i = 0; i < c->key_count; i++)
		fini_one(&c->keys[i]);
	fini_one(&c->http);
	for (size_t i = 0; i < c->domain_count; i++) {
		fini_one(&c->domains[i]);
		fini_one(&c->rsa[i]);
	}
	for (size_t i = 0; i < c->listener_count; i++) {
		fini_one(&c->listeners[i]);
		buf_fini(&c->listener_ca[i]);
	}
	mem_free(c->keys);
	mem_free(c->domains);
	mem_free(c->rsa);
	mem_free(c->listeners);
	mem_free(c->listener_ca);
	*c = (struct credentials){0};
}

const struct credential *credentials_listener(const struct credentials *c, size_t index)
{
	return c->listeners[index].certificate.len ? &c->listeners[index] : &c->domains[0];
}

const struct credential *credentials_http(const struct credentials *c)
{
	return c->http.certificate.len ? &c->http : &c->domains[0];
}

struct slice credentials_listener_ca(const struct credentials *c, size_t index)
{
	return buf_slice(c->listener_ca[index].len ? &c->listener_ca[index] : &c->ca);
}
