/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One received message, and the house of libosip2's parser. A message is scanned (ceilings
 * first: osip is quadratic in what its lists hold), read by ourselves (sip_fields.c) and
 * then judged by osip, which sees a head that we wrote: unfolded, long names, only the
 * headers it has a grammar for and we rely on, no body. Both must agree. So what osip does
 * badly (compact names, re-cased names, escapes, lost bodies, digest parameters) never
 * reaches anybody: the values we keep are slices of the received bytes.
 * Nothing of osip's outlives the parse. Pure but for the thread-local memory; any thread.
 */

#include "sbc/sip_msg.h"

#include <assert.h>
#include <pthread.h>
#include <setjmp.h>

#include "base/err.h"
#include "sbc/sip_parts.h"

#include <sys/time.h>
#include <time.h>

#include <osipparser2/osip_message.h>
#include <osipparser2/osip_parser.h>
#include <osipparser2/osip_port.h>

/* ---- osip's memory ---- */

#define OSIP_FIRST 16384             /* bytes: an INVITE takes about 6000 */
#define OSIP_MAX   (8 * 1024 * 1024) /* ceiling: what the scan lets through takes 1 MB */

struct osip_memory {
	jmp_buf out_of_memory;
	size_t used;        /* of first */
	struct arena large; /* what first cannot hold */
	_Alignas(16) char first[OSIP_FIRST];
};

/* osip has global allocators without an argument, so the memory of the parse that runs on
 * this thread must be found somehow: the one exception to the rule against such variables. */
static _Thread_local struct osip_memory *osip_memory;
static pthread_once_t osip_once = PTHREAD_ONCE_INIT;

struct osip_block {
	size_t size; /* for realloc */
	_Alignas(16) char data[];
};

/* osip does not survive a NULL (it dereferences or silently leaves headers out). Since all
 * it has is in this memory, the way out is straight out. */
static void *osip_take(size_t size)
{
	struct osip_memory *memory = osip_memory;
	struct osip_block *block;
	size_t whole;

	assert(memory);
	if (size > OSIP_MAX)
		longjmp(memory->out_of_memory, 1);
	whole = (offsetof(struct osip_block, data) + size + 15) & ~(size_t)15;
	if (whole <= sizeof(memory->first) - memory->used) {
		block = (struct osip_block *)(memory->first + memory->used);
		memory->used += whole;
	} else {
		block = arena_alloc(&memory->large, whole);
		if (!block)
			longjmp(memory->out_of_memory, 1);
	}
	block->size = size;
	return block->data;
}

static void osip_give_back(void *data)
{
	(void)data; /* all at once after the parse */
}

static void *osip_take_again(void *data, size_t size)
{
	char *again = osip_take(size);

	if (data) {
		struct osip_block *old =
			(struct osip_block *)((char *)data - offsetof(struct osip_block, data));
		memcpy(again, data, old->size < size ? old->size : size);
	}
	return again;
}

static void osip_be_quiet(
	const char *file, int line, osip_trace_level_t level, const char *format, va_list args)
{
	(void)file;
	(void)line;
	(void)level;
	(void)format;
	(void)args;
}

/* Without a function of ours osip prints to stdout. */
static void osip_start(void)
{
	osip_trace_initialize_func(TRACE_LEVEL0, osip_be_quiet);
	parser_init();
	osip_set_allocators(osip_take, osip_take_again, osip_give_back);
}

/* ---- the head that osip sees ---- */

/* What osip has a grammar for and we rely on. */
static const char *const judged[] = {"Via", "From", "To", "Call-ID", "CSeq", "Contact", "Route",
	"Record-Route", "Content-Type"};

static const char *judged_name(struct slice name)
{
	for (size_t i = 0; i < sizeof(judged) / sizeof(judged[0]); i++) {
		if (sip_name_is(name, judged[i]))
			return judged[i];
	}
	return NULL;
}

static char *put(char *at, struct slice s)
{
	if (s.len)
		memcpy(at, s.ptr, s.len);
	return at + s.len;
}

/* The reason phrase and the body are nothing osip could judge better than we. */
static struct slice write_head(const struct sip_msg *msg)
{
	const struct sip_scan *scan = &msg->scan;
	/* A name grows by at most 11 ("m" to "Contact: "), a line by its end. */
	char *text = osip_take(scan->bytes.len + 16 * scan->line_count + 64), *at = text;

	if (msg->is_request) {
		at = put(at, msg->method_name);
		at = put(at, SLICE(" "));
		at = put(at, msg->request_uri.raw);
		at = put(at, SLICE(" SIP/2.0\r\n"));
	} else {
		at = put(at, SLICE("SIP/2.0 "));
		for (unsigned div = 100; div; div /= 10)
			*at++ = (char)('0' + msg->status / div % 10);
		at = put(at, SLICE(" -\r\n"));
	}
	for (size_t i = 0; i < scan->line_count; i++) {
		const char *name = judged_name(scan->lines[i].name);
		if (!name)
			continue;
		at = put(at, slice_str(name));
		at = put(at, SLICE(": "));
		at = put(at, scan->lines[i].value);
		at = put(at, SLICE("\r\n"));
	}
	at = put(at, SLICE("Content-Length: 0\r\n\r\n"));
	*at = '\0';
	return slice_of(text, (size_t)(at - text));
}

/* Reads it, and compares how much of each list is left: osip drops what it cannot read. */
static int judge(const struct sip_msg *msg, const struct sip_route_count *count)
{
	struct slice head = write_head(msg);
	osip_message_t *parsed;

	if (osip_message_init(&parsed) || osip_message_parse(parsed, head.ptr, head.len))
		return SBC_EPARSE;
	if ((size_t)osip_list_size(&parsed->vias) != msg->via_count ||
		(size_t)osip_list_size(&parsed->contacts) != msg->contact_count ||
		(size_t)osip_list_size(&parsed->routes) != count->route ||
		(size_t)osip_list_size(&parsed->record_routes) != count->record_route)
		return SBC_EPARSE;
	if (!parsed->from || !parsed->to || !parsed->call_id || !parsed->cseq)
		return SBC_EPARSE;
	return 0;
}

static int ask_osip(const struct sip_msg *msg, const struct sip_route_count *count)
{
	struct osip_memory memory; /* not cleared: 16 kB a message */
	int err;

	if (pthread_once(&osip_once, osip_start))
		return SBC_ENOMEM;
	memory.used = 0;
	arena_init(&memory.large, OSIP_MAX);
	osip_memory = &memory;
	if (setjmp(memory.out_of_memory))
		err = SBC_ENOMEM;
	else
		err = judge(msg, count);
	osip_memory = NULL;
	arena_fini(&memory.large);
	return err;
}

/* ---- parsing ---- */

static int unfold_lines(struct sip_scan *scan, struct arena *arena)
{
	for (size_t i = 0; i < scan->line_count; i++) {
		struct sip_line *line = &scan->lines[i];
		char *text;
		if (!line->is_folded)
			continue;
		text = arena_alloc(arena, line->value.len);
		if (!text)
			return SBC_ENOMEM;
		line->value = slice_of(text, sip_unfold(line->value, text));
	}
	return 0;
}

static int scan_fault(struct sip_fault *fault, const struct sip_scan *scan, int err)
{
	if (err == SBC_ELIMIT)
		sip_fault_set(fault, scan->start_line, 513, "Message Too Large");
	else if (err == SBC_EPROTO)
		sip_fault_set(fault, scan->start_line, 400, "Bad Content-Length");
	else
		sip_fault_set(fault, scan->start_line, 400, "Bad Header Line");
	return err == SBC_EPARSE ? SBC_EPARSE : SBC_EPROTO;
}

/* Our own reading, without osip's judgement. */
static int read_message(struct sip_msg *msg, struct arena *arena, struct slice bytes,
	struct sip_route_count *count, struct sip_fault *fault)
{
	int err;

	/* Not the lines: five kilobytes that the scan writes before anybody reads them. */
	memset((char *)msg + sizeof(msg->scan), 0, sizeof(*msg) - sizeof(msg->scan));
	err = sip_scan_message(&msg->scan, bytes);
	if (err)
		return scan_fault(fault, &msg->scan, err);
	err = unfold_lines(&msg->scan, arena);
	return err ? err : sip_fields_read(msg, count, fault);
}

int sip_msg_parse(
	struct sip_msg **out, struct arena *arena, struct slice bytes, struct sip_fault *fault)
{
	struct sip_msg *msg = arena_take(arena, sizeof(*msg));
	struct sip_route_count count = {0};
	int err;

	*fault = (struct sip_fault){.why = "no memory"};
	err = msg ? read_message(msg, arena, bytes, &count, fault) : SBC_ENOMEM;
	if (err)
		return err;
	err = ask_osip(msg, &count);
	if (err == SBC_EPARSE)
		sip_fault_set(fault, msg->scan.start_line, 400, "Bad Header Field");
	if (err)
		return err;
	*fault = (struct sip_fault){0};
	*out = msg;
	return 0;
}

int sip_msg_parse_again(struct sip_msg **out, struct arena *arena, struct slice bytes)
{
	struct sip_msg *msg = arena_take(arena, sizeof(*msg));
	struct sip_route_count count = {0};
	struct sip_fault fault;
	int err = msg ? read_message(msg, arena, bytes, &count, &fault) : SBC_ENOMEM;

	if (!err)
		*out = msg;
	return err;
}

/* ---- reading ---- */

struct slice sip_msg_header(const struct sip_msg *msg, const char *name, size_t index)
{
	for (size_t i = 0; i < msg->scan.line_count; i++) {
		const struct sip_line *line = &msg->scan.lines[i];
		/* An empty value would look like the end; it says nothing anyway. */
		if (line->value.len && sip_name_is(line->name, name) && index-- == 0)
			return line->value;
	}
	return (struct slice){0};
}

bool sip_msg_lists_token(const struct sip_msg *msg, const char *name, const char *token)
{
	struct slice value;

	for (size_t i = 0; (value = sip_msg_header(msg, name, i)).len; i++) {
		while (value.len) {
			struct slice member = slice_trim(slice_cut(&value, ','));
			if (slice_equal_nocase(member, slice_str(token)))
				return true;
		}
	}
	return false;
}
