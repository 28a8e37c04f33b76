/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names and addresses for the doctors. Shell: getaddrinfo() and the resolver's SRV. */

#include "tools/ctl/doctor_net.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>
#include <stdio.h>

#include "base/err.h"

#define PORT_SIPS  5061
#define ANSWER_MAX 8192

int net_cut(struct slice text, struct slice *host, uint16_t *port)
{
	uint64_t number = 0;
	size_t end = text.len && text.ptr[0] == '[' ? slice_find(text, ']') + 1
						    : slice_find(text, ':');
	struct slice rest = slice_from(text, end);

	/* An IPv6 address without brackets has more than one colon. */
	if (text.len && text.ptr[0] != '[' &&
		slice_find(slice_from(rest, 1), ':') < slice_from(rest, 1).len)
		rest = slice_from(text, text.len);
	*host = slice_head(text, text.len - rest.len);
	if (rest.len &&
		(rest.ptr[0] != ':' || slice_to_u64(slice_from(rest, 1), 65535, &number)))
		return SBC_EINVAL;
	*port = (uint16_t)number;
	return host->len ? 0 : SBC_EINVAL;
}

/* The target that RFC 2782 has us try first, weights aside. */
static bool find_srv(const char *name, char *target, size_t size, uint16_t *port)
{
	unsigned char answer[ANSWER_MAX];
	char question[300];
	unsigned best = 65536;
	ns_msg message;
	ns_rr record;
	int len;

	snprintf(question, sizeof(question), "_sips._tcp.%s", name);
	len = res_query(question, ns_c_in, ns_t_srv, answer, sizeof(answer));
	if (len < 0 || len > ANSWER_MAX || ns_initparse(answer, len, &message))
		return false;
	for (int i = 0; i < ns_msg_count(message, ns_s_an); i++) {
		const unsigned char *data;
		if (ns_parserr(&message, ns_s_an, i, &record) ||
			ns_rr_type(record) != ns_t_srv || ns_rr_rdlen(record) < 7)
			continue;
		data = ns_rr_rdata(record);
		if (ns_get16(data) >= best ||
			dn_expand(answer, answer + len, data + 6, target, (int)size) < 0)
			continue;
		best = ns_get16(data);
		*port = (uint16_t)ns_get16(data + 4);
	}
	return best < 65536;
}

static const char *words_for(int code)
{
	switch (code) {
	case EAI_NONAME:
	case EAI_NODATA:
		return "the name does not resolve";
	case EAI_AGAIN:
		return "the resolver does not answer";
	default:
		return gai_strerror(code);
	}
}

static void look_up(struct net_place *out, uint16_t port)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;
	int code = getaddrinfo(out->host, NULL, &hints, &list);

	if (code) {
		out->why = words_for(code);
		return;
	}
	for (struct addrinfo *i = list; i && out->count < NET_ADDRESS_MAX; i = i->ai_next) {
		struct netaddr *address = &out->addresses[out->count];
		netaddr_from_sockaddr(address, i->ai_addr);
		if (!netaddr_is_set(address))
			continue;
		netaddr_set_port(address, port);
		out->count++;
	}
	freeaddrinfo(list);
	if (!out->count)
		out->why = "the name has no address";
}

void net_find(
	struct net_place *out, struct slice host, uint16_t port, const struct config *config)
{
	struct netaddr *first = &out->addresses[0];
	char target[256];

	*out = (struct net_place){0};
	if (slice_copy(host, out->host, sizeof(out->host))) {
		out->why = "the name is too long";
		return;
	}
	if (!netaddr_parse(first, host, port ? port : PORT_SIPS)) {
		out->count = 1;
		return;
	}
	out->is_listed = config && config_host_find(config, host, first);
	if (out->is_listed) {
		netaddr_set_port(first, port ? port : PORT_SIPS);
		out->count = 1;
		return;
	}
	if (!port && find_srv(out->host, target, sizeof(target), &port)) {
		out->is_srv = true;
		snprintf(out->host, sizeof(out->host), "%s", target);
	}
	look_up(out, port ? port : PORT_SIPS);
}
