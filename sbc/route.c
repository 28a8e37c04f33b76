/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Routes and rewrites of the configuration. Pure; any thread. */

#include "sbc/route.h"

#include "base/buf.h"
#include "base/err.h"
#include "sbc/weighted.h"

#define URI_MAX 1024 /* bytes of a rewritten URI */

static bool is_given(const char *text)
{
	return text && text[0];
}

static bool is_from(const struct config *config, bool has_from, size_t from_index,
	const struct config_peer *from)
{
	return !has_from || from == &config->peers[from_index];
}

/* How much a route says about the call; 0: it is about others. */
static unsigned rank(const struct config *config, const struct config_route *route,
	const struct route_question *question)
{
	struct slice prefix = slice_str(route->prefix);

	if (!is_from(config, route->has_from, route->from_index, question->from) ||
		!slice_starts(question->user, prefix))
		return 0;
	if (is_given(route->domain) &&
		!slice_equal_nocase(slice_str(route->domain), question->domain))
		return 0;
	/* A prefix is at most 63 characters. */
	return 1 + (route->has_from ? 1u << 8 : 0) + (is_given(route->domain) ? 1u << 7 : 0) +
	       (unsigned)prefix.len;
}

const struct config_route *route_find(
	const struct config *config, const struct route_question *question)
{
	const struct config_route *best = NULL;
	unsigned most = 0;

	for (size_t i = 0; i < config->route_count; i++) {
		unsigned said = rank(config, &config->routes[i], question);
		if (said > most) {
			most = said;
			best = &config->routes[i];
		}
	}
	return best;
}

void route_order(const struct config *config, const struct config_route *route,
	const struct random_source *random, struct route_targets *out)
{
	struct weighted items[ROUTE_TARGET_MAX];

	out->count = 0;
	if (!route->target_count) {
		out->peers[out->count++] = &config->peers[route->peer_index];
		return;
	}
	for (size_t i = 0; i < route->target_count && i < ROUTE_TARGET_MAX; i++)
		items[out->count++] = (struct weighted){.priority = route->targets[i].priority,
			.weight = route->targets[i].weight,
			.index = route->targets[i].peer_index};
	weighted_order(items, out->count, random);
	for (size_t i = 0; i < out->count; i++)
		out->peers[i] = &config->peers[items[i].index];
}

static bool is_about(const struct route_rewrite *q, const struct config_rewrite *rewrite)
{
	struct slice user = q->uri->user;

	if (rewrite->is_caller != q->is_caller ||
		!is_from(q->config, rewrite->has_from, rewrite->from_index, q->from) ||
		!slice_starts(user, slice_str(rewrite->prefix)))
		return false;
	/* An escape is not cut in two, and something must be left or put there. */
	return user.len >= rewrite->strip &&
	       slice_find(slice_head(user, rewrite->strip + 2), '%') >=
		       slice_head(user, rewrite->strip + 2).len &&
	       (user.len > rewrite->strip || is_given(rewrite->prepend));
}

static int print(
	const struct route_rewrite *q, const struct config_rewrite *rewrite, struct buf *text)
{
	const struct sip_uri *uri = q->uri;
	struct slice host = is_given(rewrite->domain) ? slice_str(rewrite->domain) : uri->host;

	buf_printf(text, "%.*s:%s%.*s@", SLICE_ARG(uri->scheme),
		rewrite->prepend ? rewrite->prepend : "",
		SLICE_ARG(slice_from(uri->user, rewrite->strip)));
	buf_printf(text, slice_find(host, ':') < host.len ? "[%.*s]" : "%.*s", SLICE_ARG(host));
	if (uri->port && !is_given(rewrite->domain))
		buf_printf(text, ":%u", uri->port);
	if (uri->params.len)
		buf_printf(text, ";%.*s", SLICE_ARG(uri->params));
	return text->err;
}

int route_rewrite(const struct route_rewrite *q, struct arena *arena, struct sip_uri *out)
{
	struct slice kept;
	struct buf text;
	size_t i = 0;
	int err;

	if (!q->uri->host.len || !q->uri->user.len)
		return SBC_ENOENT;
	while (i < q->config->rewrite_count && !is_about(q, &q->config->rewrites[i]))
		i++;
	if (i == q->config->rewrite_count)
		return SBC_ENOENT;
	buf_init(&text, URI_MAX);
	err = print(q, &q->config->rewrites[i], &text);
	kept = err ? (struct slice){0} : arena_copy(arena, buf_slice(&text));
	buf_fini(&text);
	if (!err)
		err = kept.ptr ? sip_uri_parse(out, kept) : SBC_ENOMEM;
	return err;
}
