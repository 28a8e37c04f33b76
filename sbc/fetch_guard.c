/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which URLs are fetched, and which addresses from. */

#include "sbc/fetch_guard.h"

#include <ctype.h>
#include <ifaddrs.h>

#include "base/err.h"

/* IANA's special-purpose registries (RFC 6890): nothing of the public Internet lives there.
 * IPv4 is public but for these, */
static const char *const special_v4[] = {
	"0.0.0.0/8",       /* this network */
	"10.0.0.0/8",      /* private */
	"100.64.0.0/10",   /* shared (carrier-grade NAT) */
	"127.0.0.0/8",     /* loopback */
	"169.254.0.0/16",  /* link-local, clouds' metadata */
	"172.16.0.0/12",   /* private */
	"192.0.0.0/24",    /* protocol assignments */
	"192.0.2.0/24",    /* documentation */
	"192.88.99.0/24",  /* 6to4 relays */
	"192.168.0.0/16",  /* private */
	"198.18.0.0/15",   /* benchmarks */
	"198.51.100.0/24", /* documentation */
	"203.0.113.0/24",  /* documentation */
	"224.0.0.0/4",     /* multicast */
	"240.0.0.0/4",     /* reserved, broadcast */
};
/* IPv6 is not, but for 2000::/3 without these. */
static const char public_v6[] = "2000::/3";
static const char *const special_v6[] = {
	"2001::/23",     /* protocol assignments, Teredo */
	"2001:db8::/32", /* documentation */
	"2002::/16",     /* 6to4: carries any IPv4 address */
	"3fff::/20",     /* documentation */
};

static bool is_path(struct slice path)
{
	for (size_t i = 0; i < path.len; i++) {
		unsigned char c = (unsigned char)path.ptr[i];
		if (c <= 0x20 || c >= 0x7f || strchr("\"#<>@\\^`{|}[]", c))
			return false;
	}
	return path.len > 0 && path.ptr[0] == '/';
}

static bool is_host(struct slice host)
{
	struct netaddr address;

	if (host.len && host.ptr[0] == '[')
		return !netaddr_parse(&address, host, 0);
	for (size_t i = 0; i < host.len; i++) {
		unsigned char c = (unsigned char)host.ptr[i];
		if (c >= 0x80 || (!isalnum(c) && c != '.' && c != '-'))
			return false;
	}
	return host.len > 0;
}

int fetch_url_parse(struct fetch_url *out, struct slice text)
{
	struct fetch_url url = {.is_https = slice_starts_nocase(text, SLICE("https://"))};
	struct slice rest = slice_from(text, url.is_https ? 8 : 7), host, port;
	uint64_t number = url.is_https ? 443 : 80;
	size_t end;

	if (text.len > FETCH_URL_MAX ||
		(!url.is_https && !slice_starts_nocase(text, SLICE("http://"))))
		return SBC_EINVAL;
	host = slice_head(rest, slice_find(rest, '/'));
	if (!is_path(slice_from(rest, host.len)))
		return SBC_EINVAL;
	end = host.len && host.ptr[0] == '[' ? slice_find(host, ']') + 1
					     : slice_find(host, ':');
	port = slice_from(host, end);
	url.host = slice_head(host, end);
	if (port.len &&
		(port.ptr[0] != ':' || slice_to_u64(slice_from(port, 1), 65535, &number)))
		return SBC_EINVAL;
	if (!is_host(url.host) || !number)
		return SBC_EINVAL;
	url.port = (uint16_t)number;
	*out = url;
	return 0;
}

bool fetch_redirect_passes(enum fetch_redirects rule, const struct fetch_url *from,
	const struct fetch_url *to, bool allow_http)
{
	bool is_same_host = slice_equal_nocase(from->host, to->host);

	if (!to->is_https && (from->is_https || !allow_http))
		return false;
	switch (rule) {
	case FETCH_REDIRECTS_SAME_HOST:
		return is_same_host;
	case FETCH_REDIRECTS_HTTPS:
		return is_same_host || to->is_https;
	case FETCH_REDIRECTS_OFF:
		break;
	}
	return false;
}

static bool is_in(const char *text, const struct netaddr *address)
{
	struct netaddr_block block;

	return !netaddr_block_parse(&block, slice_str(text)) &&
	       netaddr_block_has(&block, address);
}

static bool is_in_any(const char *const *texts, size_t count, const struct netaddr *address)
{
	for (size_t i = 0; i < count; i++)
		if (is_in(texts[i], address))
			return true;
	return false;
}

static bool is_public(const struct netaddr *address)
{
	if (address->sa.sa_family == AF_INET)
		return !is_in_any(
			special_v4, sizeof(special_v4) / sizeof(special_v4[0]), address);
	if (address->sa.sa_family == AF_INET6)
		return is_in(public_v6, address) &&
		       !is_in_any(
			       special_v6, sizeof(special_v6) / sizeof(special_v6[0]), address);
	return false;
}

void fetch_guard_init(
	struct fetch_guard *guard, const struct netaddr_block *allow, size_t allow_count)
{
	struct ifaddrs *all = NULL;

	*guard = (struct fetch_guard){.allow = allow, .allow_count = allow_count};
	if (getifaddrs(&all))
		return;
	for (struct ifaddrs *i = all; i && guard->own_count < FETCH_GUARD_OWN_MAX;
		i = i->ifa_next) {
		struct netaddr *own = &guard->own[guard->own_count];
		if (!i->ifa_addr)
			continue;
		netaddr_from_sockaddr(own, i->ifa_addr);
		guard->own_count += netaddr_is_set(own);
	}
	freeifaddrs(all);
}

bool fetch_guard_passes(const struct fetch_guard *guard, const struct netaddr *address)
{
	if (!netaddr_is_set(address))
		return false;
	for (size_t i = 0; i < guard->allow_count; i++)
		if (netaddr_block_has(&guard->allow[i], address))
			return true;
	for (size_t i = 0; i < guard->own_count; i++)
		if (netaddr_equal_host(&guard->own[i], address))
			return false;
	return is_public(address);
}
