/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dialog state of one leg, RFC 3261 section 12. Pure; signalling thread. */

#include "sbc/dialog.h"

#include "base/buf.h"
#include "base/err.h"

static int keep(struct arena *arena, struct slice *out, struct slice text)
{
	struct slice copy = arena_copy(arena, text);

	if (!copy.ptr)
		return SBC_ENOMEM;
	*out = copy;
	return 0;
}

/* Record-Route entries become Route lines: in order for the UAS, reversed for the UAC
 * (section 12.1). The values are kept byte for byte (KAM-4). */
#define ROUTE_MAX 32

static int collect_routes(
	const struct sip_msg *msg, struct sip_address routes[ROUTE_MAX], size_t *count)
{
	struct slice value;

	*count = 0;
	for (size_t i = 0; (value = sip_msg_header(msg, "Record-Route", i)).len; i++) {
		struct slice rest = value;
		for (;;) {
			struct sip_address route;
			int err = sip_address_next(&route, &rest);
			if (err == SBC_ENOENT)
				break;
			if (err)
				return err;
			if (*count == ROUTE_MAX)
				return SBC_ELIMIT;
			routes[(*count)++] = route;
		}
	}
	return 0;
}

static int learn_routes(
	struct dialog *dialog, struct arena *arena, const struct sip_msg *msg, bool is_reversed)
{
	struct sip_address routes[ROUTE_MAX];
	struct buf lines;
	size_t count;
	int err = collect_routes(msg, routes, &count);

	if (err)
		return err;
	buf_init(&lines, DIALOG_ROUTES_MAX);
	for (size_t i = 0; i < count; i++) {
		const struct sip_address *route = &routes[is_reversed ? count - 1 - i : i];
		buf_printf(&lines, "Route: %.*s\r\n", SLICE_ARG(route->raw));
	}
	err = lines.err ? lines.err : keep(arena, &dialog->routes, buf_slice(&lines));
	buf_fini(&lines);
	return err;
}

int dialog_init_uas(struct dialog *out, struct arena *arena, const struct sip_msg *request,
	struct slice local_tag)
{
	struct dialog d = {.remote_cseq = request->cseq};
	int err;

	if (request->contact_count != 1 || request->is_contact_star)
		return SBC_EPARSE;
	err = keep(arena, &d.call_id, request->call_id);
	err = err ? err : keep(arena, &d.local_tag, local_tag);
	err = err ? err : keep(arena, &d.remote_tag, request->from.tag);
	err = err ? err : keep(arena, &d.local_uri, request->to.uri.raw);
	err = err ? err : keep(arena, &d.remote_uri, request->from.uri.raw);
	err = err ? err : keep(arena, &d.remote_target, request->contact.uri.raw);
	err = err ? err : learn_routes(&d, arena, request, false);
	if (!err)
		*out = d;
	return err;
}

int dialog_init_uac(struct dialog *out, struct arena *arena, const struct dialog_uac *init)
{
	struct dialog d = {.local_cseq = init->cseq};
	int err;

	err = keep(arena, &d.call_id, init->call_id);
	err = err ? err : keep(arena, &d.local_tag, init->local_tag);
	err = err ? err : keep(arena, &d.local_uri, init->local_uri);
	err = err ? err : keep(arena, &d.remote_uri, init->remote_uri);
	err = err ? err : keep(arena, &d.remote_target, init->request_uri);
	if (!err && init->routes.len)
		err = keep(arena, &d.routes, init->routes);
	if (!err)
		*out = d;
	return err;
}

int dialog_learn(struct dialog *dialog, struct arena *arena, const struct sip_msg *response)
{
	struct dialog d = *dialog;
	int err;

	if (!response->to.tag.len)
		return SBC_EPROTO;
	err = keep(arena, &d.remote_tag, response->to.tag);
	if (!err && response->contact_count == 1 && !response->is_contact_star)
		err = keep(arena, &d.remote_target, response->contact.uri.raw);
	err = err ? err : learn_routes(&d, arena, response, true);
	if (!err)
		*dialog = d;
	return err;
}

int dialog_copy(struct dialog *out, struct arena *arena, const struct dialog *from)
{
	struct dialog d = *from;
	int err = keep(arena, &d.call_id, from->call_id);

	err = err ? err : keep(arena, &d.local_tag, from->local_tag);
	err = err ? err : keep(arena, &d.remote_tag, from->remote_tag);
	err = err ? err : keep(arena, &d.local_uri, from->local_uri);
	err = err ? err : keep(arena, &d.remote_uri, from->remote_uri);
	err = err ? err : keep(arena, &d.remote_target, from->remote_target);
	err = err ? err : keep(arena, &d.routes, from->routes);
	if (!err)
		*out = d;
	return err;
}

bool dialog_matches(const struct dialog *dialog, struct slice call_id, struct slice local_tag,
	struct slice remote_tag)
{
	return slice_equal(dialog->call_id, call_id) &&
	       slice_equal(dialog->local_tag, local_tag) &&
	       (!dialog->remote_tag.len || slice_equal(dialog->remote_tag, remote_tag));
}

int dialog_take_cseq(struct dialog *dialog, uint32_t cseq)
{
	if (cseq < dialog->remote_cseq)
		return SBC_EPROTO;
	dialog->remote_cseq = cseq;
	return 0;
}

int dialog_change(struct slice *field, struct buf *text, struct slice value)
{
	struct buf fresh;
	int err;

	if (slice_equal(*field, value))
		return 0;
	buf_init(&fresh, DIALOG_URI_MAX);
	err = buf_put_slice(&fresh, value);
	if (err) {
		buf_fini(&fresh);
		return err;
	}
	buf_fini(text);
	*text = fresh;
	*field = buf_slice(text);
	return 0;
}

static int print_party(
	struct arena *arena, struct slice *out, struct slice uri, struct slice tag)
{
	struct buf text;
	int err;

	buf_init(&text, DIALOG_ROUTES_MAX);
	buf_printf(&text, "<%.*s>", SLICE_ARG(uri));
	if (tag.len)
		buf_printf(&text, ";tag=%.*s", SLICE_ARG(tag));
	err = text.err ? text.err : keep(arena, out, buf_slice(&text));
	buf_fini(&text);
	return err;
}

#define ROUTE_NAME "Route: "

/* Section 12.2.1.1 (KAM-5): a first hop without lr wants to be named in the Request-URI; the
 * remote target goes behind the others then. */
static int put_routes(
	const struct dialog *dialog, struct arena *arena, struct sip_request_spec *out)
{
	struct slice rest = dialog->routes, first = slice_cut(&rest, '\n');
	struct slice value = slice_trim(slice_from(first, sizeof(ROUTE_NAME) - 1));
	struct sip_address route;
	struct slice lr;
	struct buf lines;
	int err;

	out->request_uri = dialog->remote_target;
	out->routes = dialog->routes;
	if (!first.len || sip_address_next(&route, &value) ||
		sip_param_find(route.uri.params, "lr", &lr))
		return 0;
	buf_init(&lines, DIALOG_ROUTES_MAX + DIALOG_URI_MAX);
	buf_put_slice(&lines, rest);
	buf_printf(&lines, ROUTE_NAME "<%.*s>\r\n", SLICE_ARG(dialog->remote_target));
	err = lines.err ? lines.err : keep(arena, &out->routes, buf_slice(&lines));
	buf_fini(&lines);
	return err ? err : keep(arena, &out->request_uri, route.uri.raw);
}

int dialog_request(struct dialog *dialog, struct arena *arena, enum sip_method method,
	uint32_t ack_cseq, struct sip_request_spec *out)
{
	int err = print_party(arena, &out->from, dialog->local_uri, dialog->local_tag);

	err = err ? err : print_party(arena, &out->to, dialog->remote_uri, dialog->remote_tag);
	err = err ? err : put_routes(dialog, arena, out);
	if (err)
		return err;
	out->method = slice_str(sip_method_name(method));
	out->call_id = dialog->call_id;
	out->cseq = method == SIP_METHOD_ACK ? ack_cseq : ++dialog->local_cseq;
	return 0;
}
