/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One command that runs: its parameters, its answer, its steps. Signalling thread. */

#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"
#include "base/log.h"
#include "sbc/rpc.h"

#define FAULT_MAX 256 /* bytes of what went wrong */

int rpc_request_add(struct rpc_request *request, struct slice name, struct slice text)
{
	if (request->param_count == RPC_PARAM_MAX)
		return SBC_ELIMIT;
	request->params[request->param_count++] =
		(struct rpc_param){.name = name, .text = text};
	return 0;
}

void rpc_call_init(struct rpc_call *call, const struct rpc_world *world,
	const struct rpc_dialect *dialect, const char *who)
{
	*call = (struct rpc_call){.world = world};
	arena_init(&call->arena, RPC_ARENA_MAX);
	rpc_writer_init(&call->writer, dialect, world->budget);
	snprintf(call->who, sizeof(call->who), "%s", who);
}

void rpc_call_fini(struct rpc_call *call)
{
	call_cursor_stop(&call->progress.cursor);
	rpc_writer_fini(&call->writer);
	arena_fini(&call->arena);
}

/* ---- steps ---- */

static enum rpc_step unknown(struct rpc_call *call)
{
	const struct rpc_dialect *dialect = call->writer.dialect;
	const char *hole = strstr(dialect->unknown, "%.*s");
	struct slice name = slice_head(call->request.method, 64);

	return hole ? rpc_fault(call, dialect->unknown_code, "%.*s%.*s%s",
			      (int)(hole - dialect->unknown), dialect->unknown, SLICE_ARG(name),
			      hole + strlen("%.*s"))
		    : rpc_fault(call, dialect->unknown_code, "%s", dialect->unknown);
}

/* Who changed something: the log keeps it. */
static void note(const struct rpc_call *call)
{
	struct slice first = rpc_param(call, 0, ""), second = rpc_param(call, 1, "");

	if (call->command->access == RPC_WRITE)
		log_event(call->world->log, LOG_INFO, "sbc", "rpc.write",
			"command=%s by=\"%s\" with=\"%.*s %.*s\"", call->command->name,
			call->who, SLICE_ARG(slice_head(first, 128)),
			SLICE_ARG(slice_head(second, 128)));
}

enum rpc_step rpc_call_step(struct rpc_call *call)
{
	struct rpc_writer *w = &call->writer;
	enum rpc_step step;

	if (!call->command) {
		call->command = rpc_command_find(call->request.method);
		if (!call->command)
			return unknown(call);
		note(call);
		w->dialect->begin(w);
	}
	step = call->command->run(call);
	call->progress.step++;
	if (w->out.err)
		return rpc_fault(call, 500, "%s",
			w->out.err == SBC_ELIMIT ? "Answer too large: ask for a part of it"
						 : "No memory");
	if (step == RPC_DONE && !call->is_faulty)
		w->dialect->end(w);
	return step;
}

enum rpc_step rpc_fault(struct rpc_call *call, int code, const char *format, ...)
{
	char text[FAULT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	call->is_faulty = true;
	rpc_writer_fault(&call->writer, code, slice_str(text));
	return RPC_DONE;
}

/* ---- parameters ---- */

struct slice rpc_param(const struct rpc_call *call, size_t index, const char *name)
{
	const struct rpc_request *request = &call->request;

	for (size_t i = 0; i < request->param_count && name[0]; i++)
		if (slice_equal_nocase(request->params[i].name, slice_str(name)))
			return request->params[i].text;
	return index < request->param_count ? request->params[index].text : (struct slice){0};
}

bool rpc_param_number(
	const struct rpc_call *call, size_t index, const char *name, uint64_t *out)
{
	struct slice text = rpc_param(call, index, name);

	return text.len && !slice_to_u64(text, INT64_MAX, out);
}

/* ---- values ---- */

void rpc_open_struct(struct rpc_call *call, const char *name)
{
	rpc_writer_open(&call->writer, name, RPC_STRUCT, NULL);
}

void rpc_open_array(struct rpc_call *call, const char *name, const char *item)
{
	rpc_writer_open(&call->writer, name, RPC_ARRAY, item);
}

void rpc_open_item(struct rpc_call *call, const char *name)
{
	if (!call->writer.dialect->has_named_items)
		rpc_open_struct(call, NULL);
	rpc_open_struct(call, name);
}

void rpc_close_item(struct rpc_call *call)
{
	rpc_close(call);
	if (!call->writer.dialect->has_named_items)
		rpc_close(call);
}

void rpc_close(struct rpc_call *call)
{
	rpc_writer_close(&call->writer);
}

void rpc_text(struct rpc_call *call, const char *name, struct slice value)
{
	rpc_writer_text(&call->writer, name, value);
}

void rpc_str(struct rpc_call *call, const char *name, const char *value)
{
	rpc_writer_text(&call->writer, name, slice_str(value));
}

void rpc_printf(struct rpc_call *call, const char *name, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	rpc_writer_text(&call->writer, name, slice_str(text));
}

void rpc_integer(struct rpc_call *call, const char *name, uint64_t value)
{
	rpc_writer_integer(&call->writer, name, value);
}

void rpc_attribute(struct rpc_call *call, const char *name, const char *format, ...)
{
	char text[128];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	rpc_writer_attribute(&call->writer, name, slice_str(text));
}
