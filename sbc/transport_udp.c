/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SIP over UDP, RFC 3261 section 18: a datagram is a message. Signalling thread. */

#include "base/err.h"
#include "sbc/transport_internal.h"

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct listener *listener = handle->data;

	(void)suggested;
	transport_read_buffer(listener->transport, buf);
}

/* What clients send to keep a NAT's door open (RFC 5626 and older habits). */
static bool is_keepalive(struct slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		char c = bytes.ptr[i];
		if (c != '\r' && c != '\n' && c != ' ' && c != '\0')
			return false;
	}
	return true;
}

static void on_datagram(uv_udp_t *handle, ssize_t nread, const uv_buf_t *buf,
	const struct sockaddr *from, unsigned flags)
{
	struct listener *listener = handle->data;
	struct transport *transport = listener->transport;
	struct transport_source source = {.kind = TRANSPORT_UDP, .listener = listener->index};
	struct slice bytes = slice_of(buf->base, nread > 0 ? (size_t)nread : 0);

	/* An error is an ICMP answer to something we sent: the timers know what to do. */
	if (nread <= 0 || !from || transport->is_closing || is_keepalive(bytes))
		return;
	netaddr_from_sockaddr(&source.peer, from);
	if (flags & UV_UDP_PARTIAL || !netaddr_is_set(&source.peer) ||
		netaddr_port(&source.peer) == 0) {
		transport->counters.broken++;
		return;
	}
	transport->counters.received[TRANSPORT_UDP]++;
	transport->receive(bytes, &source, transport->arg);
}

int udp_listen(struct listener *listener)
{
	struct transport *transport = listener->transport;
	unsigned flags = listener->address.sa.sa_family == AF_INET6 ? UV_UDP_IPV6ONLY : 0;
	int err = uv_udp_init(transport->loop, &listener->udp);

	if (err)
		return err;
	listener->udp.data = listener;
	listener->is_open = true;
	transport->handle_count++;
	err = uv_udp_bind(&listener->udp, &listener->address.sa, flags);
	return err ? err : uv_udp_recv_start(&listener->udp, on_alloc, on_datagram);
}

int udp_send(struct listener *listener, const struct netaddr *to, const void *bytes, size_t len)
{
	uv_buf_t buf = uv_buf_init((char *)bytes, (unsigned)len);
	int err;

	if (!netaddr_is_set(to))
		return SBC_EPEER;
	err = uv_udp_try_send(&listener->udp, &buf, 1, &to->sa);
	/* A full socket loses datagrams as the network does. */
	if (err >= 0 || err == UV_EAGAIN || err == UV_ENOBUFS || err == UV_ECONNREFUSED)
		return 0;
	return err == UV_EMSGSIZE ? SBC_EINVAL : SBC_EPEER;
}
