/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PORT-1 to PORT-8: can the daemon have its ports, descriptors and buffers? Pure but for what
 * it reads of its source. */

#include "tools/ctl/doctor_ports.h"

#include <stdlib.h>

#include "base/err.h"

#define SOCKETS_MAX       8192
#define EXAMPLES          5
#define PRIVILEGED_END    1024
#define CAP_BIND_BIT      10
#define CAP_NET_ADMIN_BIT 12
#define RECEIVE_ROOM      4194304 /* bytes: what a UDP listener asks for */
#define SEND_ROOM         212992  /* the kernel's own default */
#define DESCRIPTORS_SPARE 64      /* files, loops, doors */
#define SOCKETS_OF_CALL   4       /* RTP and RTCP of two legs */

/* ---- facts ---- */

static void add_place(
	struct ports *p, const char *key, const struct netaddr *address, bool is_tcp)
{
	if (p->place_count < PORT_PLACES_MAX && netaddr_is_set(address))
		p->places[p->place_count++] =
			(struct port_place){.key = key, .address = *address, .is_tcp = is_tcp};
}

static void gather_places(struct ports *p)
{
	const struct config *config = p->config;

	for (size_t i = 0; i < config->listener_count; i++) {
		const struct config_listener *l = &config->listeners[i];
		add_place(p, fact_printf(p->arena, "listeners[%zu]", i), &l->address,
			l->transport != TRANSPORT_UDP);
	}
	if (config->http.is_enabled)
		add_place(p, "http.address", &config->http.address, true);
}

/* Two sockets on one port get in each other's way when their addresses meet. An IPv6 one that
 * is bound to any address usually takes IPv4 with it. */
static bool do_meet(const struct netaddr *want, const struct netaddr *have)
{
	if (netaddr_port(want) != netaddr_port(have))
		return false;
	if (have->sa.sa_family == AF_INET6 && netaddr_is_any(have))
		return true;
	if (want->sa.sa_family != have->sa.sa_family)
		return false;
	return netaddr_is_any(want) || netaddr_is_any(have) || netaddr_equal_host(want, have);
}

static bool is_media(const struct ports *p, const struct bound_socket *socket)
{
	const struct config_media *media = &p->config->media;
	uint16_t port = netaddr_port(&socket->local);

	if (socket->is_tcp || port < media->port_min || port > media->port_max)
		return false;
	for (size_t i = 0; i < media->interface_count; i++) {
		struct netaddr address = media->interfaces[i].address;
		netaddr_set_port(&address, port);
		if (do_meet(&address, &socket->local))
			return true;
	}
	return false;
}

static bool is_wanted(const struct bound_socket *socket, const void *arg)
{
	const struct ports *p = arg;

	for (size_t i = 0; i < p->place_count; i++) {
		if (p->places[i].is_tcp == socket->is_tcp &&
			do_meet(&p->places[i].address, &socket->local))
			return true;
	}
	return is_media(p, socket);
}

static bool is_ours(const struct process *process)
{
	return process && process_server_kind(process->comm) == SERVER_COUNTERSIP;
}

static void gather_daemon(struct ports *p)
{
	const struct process **found;

	for (size_t i = 0; i < p->sockets.count && !p->daemon; i++) {
		if (is_ours(p->sockets.list[i].process) && !is_media(p, &p->sockets.list[i]))
			p->daemon = p->sockets.list[i].process;
	}
	found = arena_array(p->arena, PROCESSES_MAX, sizeof(*found));
	if (!p->daemon && found && process_find(p->source, p->arena, "countersip", found))
		p->daemon = found[0];
}

int ports_gather(struct ports *p)
{
	p->sockets.max = SOCKETS_MAX;
	p->sockets.list = arena_array(p->arena, SOCKETS_MAX, sizeof(*p->sockets.list));
	if (!p->sockets.list)
		return SBC_ENOMEM;
	gather_places(p);
	p->are_sockets_known = !sockets_list(p->source, p->arena, is_wanted, p, &p->sockets);
	gather_daemon(p);
	return 0;
}

/* Numbers of a file of /proc/sys; false when there are fewer. */
static bool read_numbers(const struct ports *p, const char *path, uint64_t *out, size_t count)
{
	const char *text = source_text(p->source, p->arena, path);
	char *end;

	for (size_t i = 0; i < count; i++) {
		if (!text)
			return false;
		out[i] = strtoull(text, &end, 10);
		if (end == text)
			return false;
		text = end;
	}
	return true;
}

/* ---- words ---- */

static const char *say_place(const struct ports *p, const struct netaddr *address, bool is_tcp)
{
	char text[NETADDR_TEXT_MAX];

	return fact_printf(
		p->arena, "%s %s", is_tcp ? "TCP" : "UDP", netaddr_print(address, text));
}

static const char *say_holder(struct findings *out, const struct bound_socket *socket)
{
	if (!socket->process)
		return "a process that is hidden from us";
	return say_process(out, socket->process);
}

/* ---- rows ---- */

static void check_addresses(const struct ports *p, struct findings *out)
{
	for (size_t i = 0; p->has_interfaces && i < p->place_count; i++) {
		const struct port_place *place = &p->places[i];
		char text[NETADDR_TEXT_MAX];
		bool is_own = netaddr_is_any(&place->address) ||
			      (place->address.sa.sa_family == AF_INET &&
				      ntohl(place->address.in.sin_addr.s_addr) >> 24 == 127);
		for (size_t k = 0; k < p->own_count && !is_own; k++)
			is_own = netaddr_equal_host(&p->own[k], &place->address);
		if (is_own)
			continue;
		found(out, SEVERITY_BLOCKED, "%s is no address of this host",
			netaddr_print_host(&place->address, text));
		found_by(out, "%s; ip addr does not show it", place->key);
		found_fix(out,
			"correct it (advertised is for addresses that others see), or ip addr "
			"add it");
	}
}

static void check_taken(const struct ports *p, struct findings *out)
{
	for (size_t i = 0; i < p->place_count; i++) {
		const struct port_place *place = &p->places[i];
		for (size_t k = 0; k < p->sockets.count; k++) {
			const struct bound_socket *socket = &p->sockets.list[k];
			bool is_sure =
				socket->local.sa.sa_family == place->address.sa.sa_family;
			if (socket->is_tcp != place->is_tcp ||
				!do_meet(&place->address, &socket->local) ||
				is_ours(socket->process))
				continue;
			found(out,
				!socket->process ? SEVERITY_UNKNOWN
				: is_sure        ? SEVERITY_BLOCKED
						 : SEVERITY_WARN,
				"%s is taken by %s",
				say_place(p, &place->address, place->is_tcp),
				say_holder(out, socket));
			found_by(out, "%s; %s is bound", place->key,
				say_place(p, &socket->local, socket->is_tcp));
			if (socket->process)
				found_fix(out,
					"stop it, or give %s another port: ss -%slnp 'sport "
					"= :%u'",
					place->key, place->is_tcp ? "t" : "u",
					netaddr_port(&place->address));
			else
				found_fix(out, "run this as root");
		}
	}
}

static bool is_bound(const struct ports *p, const struct port_place *place)
{
	for (size_t i = 0; i < p->sockets.count; i++) {
		const struct bound_socket *socket = &p->sockets.list[i];
		if (socket->is_tcp == place->is_tcp &&
			do_meet(&place->address, &socket->local) && is_ours(socket->process))
			return true;
	}
	return false;
}

static void check_bound(const struct ports *p, struct findings *out)
{
	for (size_t i = 0; i < p->place_count && p->daemon; i++) {
		const struct port_place *place = &p->places[i];
		if (is_bound(p, place)) {
			found(out, SEVERITY_OK, "%s is the daemon's",
				say_place(p, &place->address, place->is_tcp));
			continue;
		}
		found(out, SEVERITY_WARN, "countersip runs and does not listen at %s",
			say_place(p, &place->address, place->is_tcp));
		found_by(out, "%s; PID %d", place->key, p->daemon->pid);
		found_fix(out, "it runs with another configuration, or this one is newer: %s",
			say_restart(out, p->daemon));
	}
	if (!p->daemon)
		found(out, SEVERITY_INFO, "no countersip runs%s",
			p->sockets.hidden ? " that we may see" : "");
}

static void check_privileged(const struct ports *p, struct findings *out)
{
	uint64_t first = PRIVILEGED_END;

	read_numbers(p, "/proc/sys/net/ipv4/ip_unprivileged_port_start", &first, 1);
	for (size_t i = 0; i < p->place_count; i++) {
		const struct port_place *place = &p->places[i];
		if (netaddr_port(&place->address) >= first || is_bound(p, place))
			continue;
		if (p->daemon && (p->daemon->cap_eff >> CAP_BIND_BIT & 1))
			continue;
		found(out, SEVERITY_WARN, "%s needs the capability CAP_NET_BIND_SERVICE",
			say_place(p, &place->address, place->is_tcp));
		found_by(out, "%s; ports below %llu are privileged", place->key,
			(unsigned long long)first);
		found_fix(out, "AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit, as in "
			       "contrib/systemd");
	}
}

/* Is the whole of from..to in "8080,20000-29999"? */
static bool is_reserved(struct slice list, uint64_t from, uint64_t to)
{
	while (list.len) {
		struct slice range = slice_trim(slice_cut(&list, ',')), first;
		uint64_t low, high;
		first = slice_cut(&range, '-');
		if (slice_to_u64(first, 65535, &low))
			continue;
		high = low;
		if (range.len && slice_to_u64(range, 65535, &high))
			continue;
		if (low <= from && to <= high)
			return true;
	}
	return false;
}

static void check_ephemeral(const struct ports *p, struct findings *out)
{
	const struct config_media *media = &p->config->media;
	uint64_t range[2], from, to;

	if (!read_numbers(p, "/proc/sys/net/ipv4/ip_local_port_range", range, 2))
		return;
	from = media->port_min > range[0] ? media->port_min : range[0];
	to = media->port_max < range[1] ? media->port_max : range[1];
	if (from > to || is_reserved(slice_str(source_text(p->source, p->arena,
					     "/proc/sys/net/ipv4/ip_local_reserved_ports")),
				 from, to))
		return;
	found(out, SEVERITY_WARN,
		"the kernel gives media ports %llu to %llu to any program that asks for a port",
		(unsigned long long)from, (unsigned long long)to);
	found_by(out, "media.ports %u-%u, net.ipv4.ip_local_port_range %llu-%llu",
		media->port_min, media->port_max, (unsigned long long)range[0],
		(unsigned long long)range[1]);
	found_fix(out,
		"sysctl -w net.ipv4.ip_local_reserved_ports=%u-%u (and in /etc/sysctl.d)",
		media->port_min, media->port_max);
}

static void check_media(const struct ports *p, struct findings *out)
{
	const struct config_media *media = &p->config->media;
	size_t count = 0, ports = (size_t)(media->port_max - media->port_min + 1);
	const char *examples = "";

	for (size_t i = 0; i < p->sockets.count; i++) {
		const struct bound_socket *socket = &p->sockets.list[i];
		if (!is_media(p, socket) || !socket->process || is_ours(socket->process))
			continue;
		if (count++ < EXAMPLES)
			examples = fact_printf(p->arena, "%s%s%u of %s", examples,
				count > 1 ? ", " : "", netaddr_port(&socket->local),
				say_holder(out, socket));
	}
	if (!count)
		return;
	found(out, count * 2 >= ports ? SEVERITY_BLOCKED : SEVERITY_WARN,
		"%zu of %zu media ports are others'", count, ports);
	found_by(out, "%s%s", examples, count > EXAMPLES ? ", ..." : "");
	found_fix(out, "media.ports that nobody else has; countersip passes over those in use");
}

static bool read_limit(const struct ports *p, uint64_t *out)
{
	const char *text = source_text(
		p->source, p->arena, fact_printf(p->arena, "/proc/%d/limits", p->daemon->pid));
	const char *line = text ? strstr(text, "Max open files") : NULL;

	if (!line)
		return false;
	*out = strtoull(line + strlen("Max open files"), NULL, 10);
	return true;
}

static void check_descriptors(const struct ports *p, struct findings *out)
{
	const struct config_media *media = &p->config->media;
	uint64_t ports =
		(uint64_t)(media->port_max - media->port_min + 1) * media->interface_count;
	uint64_t calls = (uint64_t)p->config->limits.calls * SOCKETS_OF_CALL;
	uint64_t want = (calls < ports ? calls : ports) + p->config->limits.connections +
			DESCRIPTORS_SPARE;
	uint64_t have;

	if (!p->daemon || !read_limit(p, &have) || have >= want)
		return;
	found(out, SEVERITY_WARN,
		"countersip may have %llu descriptors, and its limits let it want %llu",
		(unsigned long long)have, (unsigned long long)want);
	found_by(out, "/proc/%d/limits: Max open files; limits.calls %u, limits.connections %u",
		p->daemon->pid, p->config->limits.calls, p->config->limits.connections);
	found_fix(out, "LimitNOFILE=%llu in the unit, then %s", (unsigned long long)want,
		say_restart(out, p->daemon));
}

static bool has_udp(const struct ports *p)
{
	for (size_t i = 0; i < p->place_count; i++) {
		if (!p->places[i].is_tcp)
			return true;
	}
	return false;
}

static void check_buffers(const struct ports *p, struct findings *out)
{
	bool is_forced = p->daemon && (p->daemon->cap_eff >> CAP_NET_ADMIN_BIT & 1);
	uint64_t have;

	if (has_udp(p) && !is_forced &&
		read_numbers(p, "/proc/sys/net/core/rmem_max", &have, 1) &&
		have < RECEIVE_ROOM) {
		found(out, SEVERITY_WARN,
			"a burst of SIP over UDP may be lost: the listener gets %llu bytes of "
			"buffer and asks for %d",
			(unsigned long long)have, RECEIVE_ROOM);
		found_by(out, "net.core.rmem_max %llu", (unsigned long long)have);
		found_fix(out, "sysctl -w net.core.rmem_max=%d (and in /etc/sysctl.d)",
			RECEIVE_ROOM);
	}
	if (read_numbers(p, "/proc/sys/net/core/wmem_max", &have, 1) && have < SEND_ROOM) {
		found(out, SEVERITY_WARN, "the kernel keeps little of what is to be sent");
		found_by(out, "net.core.wmem_max %llu", (unsigned long long)have);
		found_fix(out, "sysctl -w net.core.wmem_max=%d (and in /etc/sysctl.d)",
			SEND_ROOM);
	}
}

void ports_judge(const struct ports *p, struct findings *out)
{
	static const struct {
		const char *id, *title;
		void (*check)(const struct ports *ports, struct findings *out);
	} rows[] = {{"PORT-1", "addresses of this host", check_addresses},
		{"PORT-2", "ports that others have", check_taken},
		{"PORT-3", "ports that the daemon has", check_bound},
		{"PORT-4", "privileged ports", check_privileged},
		{"PORT-5", "media ports in use", check_media},
		{"PORT-6", "media ports that the kernel gives away", check_ephemeral},
		{"PORT-7", "descriptors", check_descriptors},
		{"PORT-8", "socket buffers", check_buffers}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		findings_begin(out, rows[i].id, rows[i].title);
		if (!p->are_sockets_known && (i == 1 || i == 2 || i == 4)) {
			found(out, SEVERITY_UNKNOWN, "which ports are in use cannot be seen");
			found_by(out, "/proc/net/udp and /proc/net/tcp cannot be read");
		} else {
			rows[i].check(p, out);
		}
		findings_end(out);
	}
}
