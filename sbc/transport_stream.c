/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What passes through one connection: framing of what comes in (RFC 3261 section 18.3, RFC
 * 5626 section 3.5.1), queueing of what goes out. Signalling thread.
 */

#include "base/err.h"
#include "base/mem.h"
#include "sbc/transport_internal.h"

#define KEEPALIVE_S 120 /* silence until the kernel asks */

struct flow_write {
	uv_write_t request;
	struct flow *flow; /* borrowed: libuv calls back before it closes the flow */
	uint64_t tag;
	size_t len;
	char bytes[];
};

/* ---- in ---- */

static void note_alive(struct flow *flow)
{
	struct transport *transport = flow->transport;
	usec_t idle = (usec_t)transport->limits.idle_timeout_s * USEC_PER_SEC;

	timer_start(&transport->timers, &flow->deadline, clock_monotonic_us() + idle);
}

static void fill_source(const struct flow *flow, struct transport_source *out)
{
	*out = (struct transport_source){.kind = flow->listener->kind,
		.listener = flow->listener->index,
		.flow = flow->id,
		.peer = flow->peer,
		.tls = flow->tls ? tls_session_names(flow->tls) : NULL};
}

static void deliver(struct flow *flow, struct slice message)
{
	struct transport *transport = flow->transport;
	struct transport_source source;

	fill_source(flow, &source);
	transport->counters.received[source.kind]++;
	transport->receive(message, &source, transport->arg);
}

/* RFC 3261 section 18.3: the stream cannot be read on, so it ends after the answer. */
static void give_up(struct flow *flow, struct slice bytes, bool is_too_large)
{
	struct transport *transport = flow->transport;
	struct transport_source source;

	fill_source(flow, &source);
	transport->counters.broken++;
	transport->broken(bytes, is_too_large, &source, transport->arg);
	flow_drain(flow, "broken frame");
}

/* Returns how many bytes were used. One ping or many in one turn: one answer. */
static size_t take_frames(struct flow *flow, struct slice bytes)
{
	bool has_ping = false, has_frame = false;
	size_t used = 0, len = 0;

	while (used < bytes.len && flow->state == FLOW_OPEN) {
		struct slice rest = slice_from(bytes, used);
		enum sip_frame frame = sip_scan_stream(rest, &len);
		if (frame == SIP_FRAME_PARTIAL)
			break;
		switch (frame) {
		case SIP_FRAME_WHOLE:
			has_frame = true;
			deliver(flow, slice_head(rest, len));
			break;
		case SIP_FRAME_KEEPALIVE: /* RFC 5626: a sign of life as good as a message */
			has_frame = has_ping = true;
			break;
		case SIP_FRAME_BLANK:
			break;
		case SIP_FRAME_BROKEN:
		case SIP_FRAME_TOO_LARGE:
			give_up(flow, rest, frame == SIP_FRAME_TOO_LARGE);
			return bytes.len;
		case SIP_FRAME_PARTIAL:
			break;
		}
		used += len;
	}
	if (flow->state == FLOW_OPEN && has_ping)
		flow_send(flow, 0, "\r\n", 2);
	if (flow->state == FLOW_OPEN && has_frame)
		note_alive(flow);
	return used;
}

/* What is left over is less than a message; a whole one is read where it came. */
static void keep_rest(struct flow *flow, struct slice rest)
{
	if (flow->state == FLOW_OPEN && rest.len && buf_put_slice(&flow->in, rest))
		flow_close(flow, "no memory");
}

void flow_input(struct flow *flow, struct slice bytes)
{
	if (flow_heard(flow, bytes))
		return;
	while (bytes.len && flow->state == FLOW_OPEN) {
		struct slice part;
		size_t used;
		if (!flow->in.len) {
			keep_rest(flow, slice_from(bytes, take_frames(flow, bytes)));
			return;
		}
		part = slice_head(bytes, SIP_MESSAGE_MAX - flow->in.len);
		if (buf_put_slice(&flow->in, part)) {
			flow_close(flow, "no memory");
			return;
		}
		bytes = slice_from(bytes, part.len);
		used = take_frames(flow, buf_slice(&flow->in));
		if (flow->state != FLOW_OPEN)
			return;
		if (used == flow->in.len) { /* an idle connection holds no buffer */
			buf_fini(&flow->in);
			buf_init(&flow->in, SIP_MESSAGE_MAX);
		} else if (!used && flow->in.len >= SIP_MESSAGE_MAX) {
			give_up(flow, buf_slice(&flow->in), true);
		} else {
			buf_consume(&flow->in, used);
		}
	}
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct flow *flow = handle->data;

	(void)suggested;
	transport_read_buffer(flow->transport, buf);
}

static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
	struct flow *flow = stream->data;
	struct slice bytes = slice_of(buf->base, nread > 0 ? (size_t)nread : 0);

	if (nread == 0 || flow->state == FLOW_CLOSED)
		return;
	if (flow->state == FLOW_DRAINING) {
		if (nread < 0)
			flow_close(flow, "closed by peer");
		return;
	}
	if (nread == UV_EOF && flow->state == FLOW_OPEN && flow->output_len)
		flow_drain(flow, "closed by peer"); /* it may still be listening */
	else if (nread < 0)
		flow_close(flow, "closed by peer");
	else if (flow->tls)
		tls_input(flow, bytes);
	else
		flow_input(flow, bytes);
}

void flow_start(struct flow *flow)
{
	struct transport *transport = flow->transport;
	bool is_tls = flow->listener->kind == TRANSPORT_TLS;

	uv_tcp_nodelay(&flow->tcp, 1);
	/* Finds the other ends that went without a word, where nobody pings. */
	uv_tcp_keepalive(&flow->tcp, 1, KEEPALIVE_S);
	if ((is_tls && tls_session_new(flow)) ||
		uv_read_start((uv_stream_t *)&flow->tcp, on_alloc, on_read)) {
		flow_close(flow, "no memory");
		return;
	}
	if (transport->is_closing && list_is_empty(&flow->waiting)) {
		flow_close(flow, "shutting down");
		return;
	}
	if (is_tls) {
		flow->state = FLOW_HANDSHAKE;
		tls_input(flow, (struct slice){0});
	} else {
		flow_opened(flow);
	}
}

/* ---- out ---- */

void flow_opened(struct flow *flow)
{
	flow->state = FLOW_OPEN;
	note_alive(flow);
	flow_keep_alive(flow);
	while (!list_is_empty(&flow->waiting)) {
		struct flow_message *message =
			container_of(flow->waiting.next, struct flow_message, node);
		flow->output_len -= message->len;
		if (flow_send(flow, message->tag, message->bytes, message->len)) {
			flow_close(flow, "connection lost"); /* which reports it */
			return;
		}
		list_remove(&message->node);
		mem_free(message);
	}
	if (flow->transport->is_closing)
		flow_drain(flow, "shutting down");
}

static int overflow(struct flow *flow)
{
	flow->transport->counters.output_overflow++;
	transport_note(flow->transport, TRANSPORT_NOTE_OVERFLOW, &flow->peer,
		"the peer does not read");
	if (flow->state == FLOW_OPEN)
		flow_close(flow, "the peer does not read");
	return SBC_ELIMIT;
}

static int wait_until_open(struct flow *flow, uint64_t tag, const void *bytes, size_t len)
{
	struct flow_message *message = mem_alloc(sizeof(*message) + len);

	if (!message)
		return SBC_ENOMEM;
	message->tag = tag;
	message->len = len;
	memcpy(message->bytes, bytes, len);
	list_append(&flow->waiting, &message->node);
	flow->output_len += len;
	return 0;
}

int flow_send(struct flow *flow, uint64_t tag, const void *bytes, size_t len)
{
	if (flow->output_len + len > flow->transport->limits.output_max)
		return overflow(flow);
	switch (flow->state) {
	case FLOW_CONNECTING:
	case FLOW_HANDSHAKE:
		return wait_until_open(flow, tag, bytes, len);
	case FLOW_OPEN:
		return flow->tls ? tls_send(flow, tag, bytes, len)
				 : flow_write(flow, tag, bytes, len);
	case FLOW_DRAINING:
	case FLOW_CLOSED:
		break;
	}
	return SBC_EPEER;
}

static void on_written(uv_write_t *request, int status)
{
	struct flow_write *written = container_of(request, struct flow_write, request);
	struct flow *flow = written->flow;

	flow->output_len -= written->len;
	if (status < 0) {
		flow_close(flow, "connection lost");
		flow_report(flow, written->tag);
	}
	mem_free(written);
}

static int queue_write(struct flow *flow, uint64_t tag, const char *bytes, size_t len)
{
	struct flow_write *queued = mem_alloc(sizeof(*queued) + len);
	uv_buf_t buf;

	if (!queued)
		return SBC_ENOMEM;
	queued->flow = flow;
	queued->tag = tag;
	queued->len = len;
	memcpy(queued->bytes, bytes, len);
	buf = uv_buf_init(queued->bytes, (unsigned)len);
	if (uv_write(&queued->request, (uv_stream_t *)&flow->tcp, &buf, 1, on_written)) {
		mem_free(queued);
		return SBC_EPEER;
	}
	flow->output_len += len;
	return 0;
}

int flow_write(struct flow *flow, uint64_t tag, const void *bytes, size_t len)
{
	uv_stream_t *stream = (uv_stream_t *)&flow->tcp;
	uv_buf_t buf = uv_buf_init((char *)bytes, (unsigned)len);
	int written = 0, err = 0;

	if (!uv_stream_get_write_queue_size(stream))
		written = uv_try_write(stream, &buf, 1);
	if (written == UV_EAGAIN)
		written = 0;
	if (written < 0)
		err = SBC_EPEER;
	else if ((size_t)written < len)
		err = queue_write(
			flow, tag, (const char *)bytes + written, len - (size_t)written);
	/* A message that is half out breaks all behind it. */
	if (err)
		flow_close(flow, "connection lost");
	return err;
}
