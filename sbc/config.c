/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads a configuration file: libfyaml's events become a tree that knows its lines and
 * columns (config_tree.h), the table of keys fills a struct config from it. libfyaml's only
 * house. Blocking file read; before the loops run.
 *
 * Bounded before anything is built: bytes of the file, depth, nodes, keys of one mapping.
 * Aliases share the node that was anchored, so a "billion laughs" is a few nodes.
 */

#include "sbc/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <sys/stat.h>

#include <libfyaml.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "sbc/config_tree.h"

#define FILE_MAX     (1024 * 1024)      /* bytes: about five thousand users */
#define TREE_MAX     (48 * 1024 * 1024) /* bytes of nodes */
#define CONFIG_BYTES (16 * 1024 * 1024) /* of a struct config with all its lists */
#define NODE_MAX     131072
#define DEPTH_MAX    16 /* the deepest key that exists has four */
#define MAPPING_MAX  1024
#define ANCHOR_MAX   64

struct anchor {
	struct slice name;
	struct config_node *node;
};

/* A collection that is not closed yet. */
struct open_node {
	struct config_node *node;
	struct config_node *key; /* in a mapping, waiting for its value */
};

struct yaml {
	struct fy_parser *parser;
	struct arena *arena;
	struct config_faults *faults;
	struct config_node *root;
	struct config_node *newest; /* then older and older */
	struct open_node stack[DEPTH_MAX];
	size_t depth;
	size_t node_count;
	struct anchor anchors[ANCHOR_MAX];
	size_t anchor_count;
	bool has_document;
};

/* Tells the fault that ends the reading. */
static int stop(struct yaml *y, const struct config_node *at, const char *what)
{
	config_fault(y->faults, at, "%s", what);
	return SBC_EPARSE;
}

static int append(struct yaml *y, struct config_node *parent, struct config_node *key,
	struct config_node *value)
{
	struct config_entry *entry = arena_alloc(y->arena, sizeof(*entry));

	if (!entry)
		return SBC_ENOMEM;
	if (key && parent->count >= MAPPING_MAX)
		return stop(y, key, "too many keys in one mapping");
	entry->key = key;
	entry->value = value;
	if (parent->last)
		parent->last->next = entry;
	else
		parent->first = entry;
	parent->last = entry;
	parent->count++;
	return 0;
}

/* Puts a node where the reading stands. */
static int attach(struct yaml *y, struct config_node *node)
{
	struct open_node *top = y->depth ? &y->stack[y->depth - 1] : NULL;
	struct config_node *key;

	if (!top) {
		y->root = node;
		return 0;
	}
	if (!node->line) { /* nothing written after a colon or a dash has no place */
		const struct config_node *near = top->key ? top->key : top->node;
		node->line = near->line;
		node->column = near->column;
		node->width = near->width;
	}
	if (top->node->kind == CONFIG_SEQUENCE)
		return append(y, top->node, NULL, node);
	if (!top->key) {
		if (node->kind != CONFIG_SCALAR)
			return stop(y, node, "a key must be a word");
		top->key = node;
		return 0;
	}
	key = top->key;
	top->key = NULL;
	return append(y, top->node, key, node);
}

static struct slice token_text(struct fy_token *token)
{
	size_t len = 0;
	const char *text = token ? fy_token_get_text(token, &len) : NULL;

	return text ? slice_of(text, len) : (struct slice){0};
}

static void set_place(struct config_node *node, struct fy_event *event)
{
	const struct fy_mark *start = fy_event_start_mark(event);
	const struct fy_mark *end = fy_event_end_mark(event);

	node->line = start ? (unsigned)start->line + 1 : 0;
	node->column = start ? (unsigned)start->column + 1 : 0;
	node->width = 1;
	if (node->kind == CONFIG_SCALAR && start && end && end->line == start->line &&
		end->column > start->column)
		node->width = (unsigned)(end->column - start->column);
}

static int remember_anchor(struct yaml *y, struct fy_event *event, struct config_node *node)
{
	struct slice name = token_text(fy_event_get_anchor_token(event));

	if (!name.len)
		return 0;
	if (y->anchor_count == ANCHOR_MAX)
		return stop(y, node, "too many anchors");
	name = arena_copy(y->arena, name);
	if (!name.ptr)
		return SBC_ENOMEM;
	y->anchors[y->anchor_count++] = (struct anchor){.name = name, .node = node};
	return 0;
}

static int new_node(struct yaml *y, struct fy_event *event, enum config_node_kind kind,
	struct config_node **out)
{
	struct config_node *node = arena_alloc(y->arena, sizeof(*node));
	int err;

	if (!node)
		return SBC_ENOMEM;
	node->kind = kind;
	node->older = y->newest;
	y->newest = node;
	set_place(node, event);
	if (++y->node_count > NODE_MAX)
		return stop(y, node, "too many values in one file");
	err = remember_anchor(y, event, node);
	if (!err)
		*out = node;
	return err;
}

static int take_scalar(struct yaml *y, struct fy_event *event)
{
	struct fy_token *token = fy_event_get_token(event);
	struct config_node *node;
	int err = new_node(y, event, CONFIG_SCALAR, &node);

	if (err)
		return err;
	node->is_plain = !token || fy_token_scalar_style(token) == FYSS_PLAIN;
	node->text = arena_copy(y->arena, token_text(token));
	if (!node->text.ptr)
		return SBC_ENOMEM;
	if (node->text.len && memchr(node->text.ptr, '\0', node->text.len))
		return stop(y, node, "a NUL in a value");
	return attach(y, node);
}

static int take_start(struct yaml *y, struct fy_event *event, enum config_node_kind kind)
{
	struct config_node *node;
	int err = new_node(y, event, kind, &node);

	err = err ? err : attach(y, node);
	if (err)
		return err;
	if (y->depth == DEPTH_MAX)
		return stop(y, node, "nested too deeply");
	y->stack[y->depth++] = (struct open_node){.node = node};
	return 0;
}

static int merge_one(struct yaml *y, struct config_node *into, const struct config_node *key,
	const struct config_node *from)
{
	int err = 0;

	if (from->kind != CONFIG_MAPPING)
		return stop(y, key, "<< wants the alias of a mapping, such as *defaults");
	y->node_count += from->count; /* the work of comparing is bounded, too */
	if (y->node_count > NODE_MAX)
		return stop(y, key, "too many values in one file");
	for (struct config_entry *e = from->first; e && !err; e = e->next)
		if (!config_node_get(into, e->key->text.ptr))
			err = append(y, into, e->key, e->value);
	return err;
}

/* "<<: *defaults": what the mapping does not say itself comes from there. */
static int merge(struct yaml *y, struct config_node *node)
{
	struct config_entry **link = &node->first, *last = NULL, *taken = NULL;
	int err = 0;

	while (*link) {
		struct config_entry *e = *link;
		if (e->key->is_plain && slice_equal(e->key->text, SLICE("<<"))) {
			*link = e->next;
			e->next = taken;
			taken = e;
			node->count--;
		} else {
			last = e;
			link = &e->next;
		}
	}
	node->last = last;
	for (struct config_entry *e = taken; e && !err; e = e->next)
		err = merge_one(y, node, e->key, e->value);
	return err;
}

static int take_end(struct yaml *y)
{
	struct config_node *node = y->stack[--y->depth].node;

	return node->kind == CONFIG_MAPPING ? merge(y, node) : 0;
}

static int take_alias(struct yaml *y, struct fy_event *event)
{
	struct slice name = token_text(fy_event_get_token(event));
	struct config_node here = {.kind = CONFIG_SCALAR};

	set_place(&here, event);
	if (++y->node_count > NODE_MAX)
		return stop(y, &here, "too many values in one file");
	for (size_t i = y->anchor_count; i-- > 0;) {
		struct config_node *node = y->anchors[i].node;
		if (!slice_equal(y->anchors[i].name, name))
			continue;
		for (size_t d = 0; d < y->depth; d++)
			if (y->stack[d].node == node)
				return stop(y, &here, "an alias of what it stands in");
		return attach(y, node);
	}
	return stop(y, &here, "an alias without an anchor of that name above it");
}

static int take_document(struct yaml *y, struct fy_event *event)
{
	struct config_node here = {.kind = CONFIG_MAPPING};

	set_place(&here, event);
	if (y->has_document)
		return stop(y, &here, "a second document: one file is one configuration");
	y->has_document = true;
	return 0;
}

static int take(struct yaml *y, struct fy_event *event)
{
	switch (event->type) {
	case FYET_DOCUMENT_START:
		return take_document(y, event);
	case FYET_MAPPING_START:
		return take_start(y, event, CONFIG_MAPPING);
	case FYET_SEQUENCE_START:
		return take_start(y, event, CONFIG_SEQUENCE);
	case FYET_MAPPING_END:
	case FYET_SEQUENCE_END:
		return take_end(y);
	case FYET_SCALAR:
		return take_scalar(y, event);
	case FYET_ALIAS:
		return take_alias(y, event);
	case FYET_NONE:
	case FYET_STREAM_START:
	case FYET_STREAM_END:
	case FYET_DOCUMENT_END:
		break;
	}
	return 0;
}

static void syntax_faults(struct yaml *y, struct fy_diag *diag)
{
	struct fy_diag_error *error;
	void *at = NULL;
	size_t told = 0;

	while ((error = fy_diag_errors_iterate(diag, &at))) {
		if (error->type != FYET_ERROR)
			continue;
		config_fault_at(y->faults, error->line > 0 ? (unsigned)error->line : 1,
			error->column > 0 ? (unsigned)error->column : 1,
			error->msg ? error->msg : "not YAML");
		told++;
	}
	if (!told)
		config_fault_at(y->faults, 1, 1, "not YAML");
}

static int read_events(struct yaml *y)
{
	struct fy_event *event;
	int err = 0;

	while (!err && (event = fy_parser_parse(y->parser))) {
		err = take(y, event);
		fy_parser_event_free(y->parser, event);
	}
	return err;
}

/* libfyaml would write its faults to stderr. */
static void swallow(struct fy_diag *diag, void *user, const char *text, size_t len)
{
	(void)diag;
	(void)user;
	(void)text;
	(void)len;
}

static int parse_yaml(struct yaml *y, struct slice text)
{
	struct fy_diag_cfg diag_config;
	struct fy_parse_cfg config = {.flags = FYPCF_QUIET | FYPCF_DISABLE_MMAP_OPT};
	int err;

	fy_diag_cfg_default(&diag_config);
	diag_config.fp = NULL;
	diag_config.output_fn = swallow;
	config.diag = fy_diag_create(&diag_config);
	if (!config.diag)
		return SBC_ENOMEM;
	fy_diag_set_collect_errors(config.diag, true);
	y->parser = fy_parser_create(&config);
	if (!y->parser || fy_parser_set_string(y->parser, text.len ? text.ptr : "", text.len)) {
		err = SBC_ENOMEM;
	} else {
		err = read_events(y);
		if (!err && (fy_parser_get_stream_error(y->parser) || y->depth)) {
			syntax_faults(y, config.diag);
			err = SBC_EPARSE;
		}
	}
	if (y->parser)
		fy_parser_destroy(y->parser);
	fy_diag_destroy(config.diag);
	return err;
}

/* What libfyaml shall not see: bytes that no text has, and directives, of which nothing is
 * of use here (0.7.12 does not come back from an unfinished one). */
static bool check_bytes(struct config_faults *faults)
{
	unsigned line = 1, column = 1;
	char what[64];
	size_t start = slice_starts(faults->text, SLICE("\xef\xbb\xbf")) ? 3 : 0; /* BOM */

	for (size_t i = start; i < faults->text.len; i++) {
		unsigned char c = (unsigned char)faults->text.ptr[i];
		if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) {
			snprintf(what, sizeof(what), "byte 0x%02x has no place in a text", c);
			config_fault_at(faults, line, column, what);
			return false;
		}
		if (c == '%' && column == 1) {
			config_fault_at(faults, line, column, "no YAML directives here");
			return false;
		}
		column = c == '\n' || c == '\r' ? 1 : column + ((c & 0xc0) != 0x80);
		line += c == '\n';
	}
	return true;
}

static struct config *new_config(void)
{
	struct config *config = mem_alloc(sizeof(*config));
	struct arena *arena = mem_alloc(sizeof(*arena));

	if (!config || !arena) {
		mem_free(config);
		mem_free(arena);
		return NULL;
	}
	arena_init(arena, CONFIG_BYTES);
	config->_memory = arena;
	config->_references = 1;
	return config;
}

/* Hashes of passwords stand in it. */
static void wipe_tree(struct yaml *y)
{
	for (struct config_node *node = y->newest; node; node = node->older)
		if (node->text.len)
			mem_wipe((char *)node->text.ptr, node->text.len);
}

/* Tree to configuration: every fault is told, whatever the others. */
static int build(struct config **out, struct config_faults *faults, struct arena *arena)
{
	struct yaml *y = mem_alloc(sizeof(*y));
	struct config *config = new_config();
	struct config_reading r = {.faults = faults, .config = config};
	int err = SBC_ENOMEM;

	if (y && config) {
		y->arena = arena;
		y->faults = faults;
		err = parse_yaml(y, faults->text);
	}
	if (!err) {
		r.arena = config->_memory;
		r.root = y->root;
		config_schema_fill(&r);
		if (!faults->is_out_of_memory)
			config_check(&r);
		if (!faults->is_out_of_memory && config_fixed_record(&r))
			faults->is_out_of_memory = true;
		err = faults->count ? SBC_EPARSE : 0;
		err = faults->is_out_of_memory ? SBC_ENOMEM : err;
	}
	if (y)
		wipe_tree(y);
	mem_free(y);
	if (err)
		config_unref(config);
	else
		*out = config;
	return err;
}

static int read_file(struct buf *out, const char *path, config_fault_h *fault, void *arg)
{
	char block[4096], text[640];
	const char *why = NULL;
	ssize_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not hold us */
	struct stat st;

	if (fd < 0)
		why = strerror(errno);
	else if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		why = "not a regular file";
	else if (st.st_size > FILE_MAX)
		why = "larger than 1 MiB";
	while (!why && (n = read(fd, block, sizeof(block))) > 0 && !out->err)
		buf_put(out, block, (size_t)n);
	if (!why && n < 0)
		why = strerror(errno);
	if (fd >= 0)
		close(fd);
	if (!why && out->err)
		why = out->err == SBC_ELIMIT ? "larger than 1 MiB" : "no memory";
	if (!why)
		return 0;
	snprintf(text, sizeof(text), "%s: cannot be read: %s", path, why);
	fault(text, arg);
	return SBC_EIO;
}

int config_load(struct config **out, const char *path, config_fault_h *fault, void *arg)
{
	struct config_faults *faults = mem_alloc(sizeof(*faults));
	struct arena arena;
	struct buf text;
	int err = SBC_ENOMEM;

	arena_init(&arena, TREE_MAX);
	buf_init(&text, FILE_MAX);
	if (faults) {
		*faults = (struct config_faults){.path = path, .arena = &arena};
		err = read_file(&text, path, fault, arg);
	}
	if (!err) {
		faults->text = buf_slice(&text);
		err = check_bytes(faults) ? build(out, faults, &arena) : SBC_EPARSE;
		config_faults_tell(faults, fault, arg);
	}
	buf_fini_secret(&text); /* hashes of passwords */
	arena_fini(&arena);
	mem_free(faults);
	return err;
}

struct config *config_ref(struct config *config)
{
	config->_references++;
	return config;
}

/* Of the arena's memory, never a literal: those are empty. */
static void wipe(const char *secret)
{
	if (secret && secret[0])
		mem_wipe((char *)secret, strlen(secret));
}

void config_unref(struct config *config)
{
	if (!config || --config->_references)
		return;
	for (size_t i = 0; i < config->user_count; i++) {
		wipe(config->users[i].ha1_sha256);
		wipe(config->users[i].ha1_sha512_256);
		wipe(config->users[i].ha1_md5);
	}
	for (size_t i = 0; i < config->peer_count; i++)
		config_secret_wipe(config->peers[i].auth_password);
	arena_fini(config->_memory);
	mem_free(config->_memory);
	mem_free(config);
}

const struct config_domain *config_domain_find(const struct config *config, struct slice name)
{
	for (size_t i = 0; i < config->domain_count; i++)
		if (slice_equal_nocase(slice_str(config->domains[i].name), name))
			return &config->domains[i];
	return NULL;
}

const struct config_user *config_user_find(
	const struct config *config, struct slice name, struct slice domain)
{
	for (size_t i = 0; i < config->user_count; i++)
		if (slice_equal(slice_str(config->users[i].name), name) &&
			slice_equal_nocase(slice_str(config->users[i].domain), domain))
			return &config->users[i];
	return NULL;
}

bool config_user_may_claim(const struct config_user *user, struct slice name)
{
	struct slice rest = slice_str(user->also);

	if (slice_equal(slice_str(user->name), name))
		return true;
	while (rest.len) {
		struct slice word = slice_cut(&rest, ' ');
		if (word.len && slice_equal(word, name))
			return true;
	}
	return false;
}

bool config_host_find(const struct config *config, struct slice name, struct netaddr *out)
{
	for (size_t i = 0; i < config->host_count; i++) {
		if (slice_equal_nocase(slice_str(config->hosts[i].name), name)) {
			*out = config->hosts[i].address;
			return true;
		}
	}
	return false;
}
