/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_CONFIG_TREE_H
#define SBC_CONFIG_TREE_H

#include "base/arena.h"
#include "sbc/config.h"

/*
 * Private to the configuration: a file as a tree that knows where each value stands, the
 * faults found in it, and the steps from tree to struct config:
 *
 *   config.c         YAML text -> tree          config_schema.c  tree -> struct config, by
 *   config_faults.c  faults -> sentences        config_rows*.c   the tables of keys
 *   config_values.c  one scalar -> one field    config_check.c   what keys say together
 *
 * config_values_*.c are more of the kinds of fields, config_check_*.c more of what keys say
 * together.
 */

enum config_node_kind { CONFIG_SCALAR, CONFIG_SEQUENCE, CONFIG_MAPPING };

/* In the tree's arena. An alias is the same node in two places: nothing is copied. */
struct config_node {
	enum config_node_kind kind;
	bool is_plain;         /* a scalar without quotes: empty, ~ and null are no value */
	struct slice text;     /* of a scalar; terminated */
	unsigned line, column; /* from 1; columns are characters */
	unsigned width;        /* characters to underline */
	size_t count;          /* entries */
	struct config_entry *first, *last;
	struct config_node *older; /* of the tree: each is wiped in the end */
};

struct config_entry {
	struct config_entry *next;
	struct config_node *key; /* NULL in a sequence */
	struct config_node *value;
};

bool config_node_is_null(const struct config_node *node);
/* The value of a key, NULL when node is no mapping or has no such key. */
const struct config_node *config_node_get(const struct config_node *node, const char *key);
const struct config_node *config_node_item(const struct config_node *node, size_t index);

#define CONFIG_FAULT_MAX 100 /* told in one run; the rest is counted */

struct config_fault_item {
	unsigned line, column, width;
	const char *what;
};

struct config_faults {
	const char *path;
	struct slice text; /* the whole file, to quote from */
	struct arena *arena;
	struct config_fault_item items[CONFIG_FAULT_MAX];
	size_t count;
	size_t untold; /* over the ceiling */
	bool is_out_of_memory;
};

void config_fault(struct config_faults *faults, const struct config_node *at,
	const char *format, ...) __attribute__((format(printf, 3, 4)));
void config_fault_at(
	struct config_faults *faults, unsigned line, unsigned column, const char *what);
/* In the order of the file, each one once. */
void config_faults_tell(struct config_faults *faults, config_fault_h *fault, void *arg);

/* Is candidate near enough to what was written to ask "did you mean"? Lower is nearer;
 * negative: not near. */
int config_word_distance(struct slice written, struct slice candidate);

/* What all steps share. */
struct config_reading {
	struct arena *arena; /* of the struct config */
	struct config_faults *faults;
	const struct config_node *root;
	struct config *config;
};

/* ---- values ---- */

struct config_row;
/* Reads node into base + row->offset, or tells a fault. */
typedef void(config_read_h)(struct config_reading *r, const struct config_row *row,
	const struct config_node *node, char *base);

struct config_type {
	const char *name; /* for people: "host:port" */
	config_read_h *read;
};

struct config_word {
	const char *text;
	unsigned value;
};
#define WORD_COUNT(words) (sizeof(words) / sizeof((words)[0]))
/* The text of a scalar; a fault, and false, when there is none. */
bool config_as_text(
	struct config_reading *r, const struct config_node *node, struct slice *out);
/* The value of a word, or a fault that names the words there are. */
bool config_find_word(struct config_reading *r, const struct config_node *node,
	const struct config_word *words, size_t count, unsigned *out);

/* One key of the file. */
struct config_row {
	const char *path; /* "listeners[].address" */
	const struct config_type *type;
	size_t offset;        /* of the field in its section or item */
	size_t second;        /* of the field beside it: a count, the other end of a range */
	const char *fallback; /* as it would be written; "": absent; NULL: must be there */
	unsigned min, max;    /* of a number or of a list's items */
	size_t item_size;     /* bytes; lists of mappings */
	bool is_fixed;        /* read once: a reload cannot change it */
	bool is_by_profile;   /* of a peer: its profile says what it is without being written */
	const char *help;
	const char *alias; /* another name it is known by elsewhere; NULL: none */
};

extern const struct config_type config_type_section;
extern const struct config_type config_type_list;
extern const struct config_type config_type_text;    /* min: 1 when it may not be empty */
extern const struct config_type config_type_name;    /* letters, digits, . _ - */
extern const struct config_type config_type_user;    /* user part of a SIP URI */
extern const struct config_type config_type_domain;  /* lower-cased */
extern const struct config_type config_type_sent_by; /* host or host:port */
extern const struct config_type config_type_url;
extern const struct config_type config_type_hex; /* max: digits */
extern const struct config_type config_type_bool;
extern const struct config_type config_type_number;
extern const struct config_type config_type_mode; /* "0660" */
extern const struct config_type config_type_path; /* no blanks; may be empty */
extern const struct config_type config_type_log_level;
extern const struct config_type config_type_transport;
extern const struct config_type config_type_early_media;
extern const struct config_type config_type_answer_identity;
extern const struct config_type config_type_refer;
extern const struct config_type config_type_redirects;
extern const struct config_type config_type_hostport;
extern const struct config_type config_type_address;    /* no port */
extern const struct config_type config_type_ports;      /* "20000-20999" */
extern const struct config_type config_type_mechanisms; /* offset: 8224, second: 4474 */
extern const struct config_type config_type_profiles;
extern const struct config_type config_type_blocks;
extern const struct config_type config_type_hosts;
extern const struct config_type config_type_peer_profile;
extern const struct config_type config_type_media_mode;
extern const struct config_type config_type_on_failure;
extern const struct config_type config_type_direction;
extern const struct config_type config_type_header_action;
extern const struct config_type config_type_header_name;
extern const struct config_type config_type_rewrite_what;
extern const struct config_type config_type_peer_address;
extern const struct config_type config_type_peer_transport;

/* ---- steps ---- */

/* Fills r->config from r->root by the table. */
void config_schema_fill(struct config_reading *r);
/* What keys say together: names that exist, addresses that do not collide. */
void config_check(struct config_reading *r);
/* The table; NULL behind its end. */
const struct config_row *config_row_at(size_t index);
/* config_fixed.c: notes what a reload may not change. SBC_ENOMEM. */
int config_fixed_record(struct config_reading *r);
/* Before it: what peers do not say themselves. */
void config_apply_profiles(struct config_reading *r);
/* What keys of peers and routes say together. */
void config_check_peers(struct config_reading *r);
void config_check_identity(struct config_reading *r);
/* Item index of a list at the root, and where a key of it stands; the item itself when the
 * key is not written, the root when there is no such item. */
const struct config_node *config_item(
	const struct config_reading *r, const char *list, size_t index);
const struct config_node *config_item_key(
	const struct config_reading *r, const char *list, size_t index, const char *key);
/* config_secret.c: the first line of a file that only its owner may read, in the arena; a
 * fault at the node and NULL when there is none. */
const char *config_secret_read(
	struct config_reading *r, const struct config_node *at, const char *path);
/* Before its memory goes. */
void config_secret_wipe(const char *secret);
/* The interface that rules name; a fault at node when there is none. */
void config_resolve_interface(struct config_reading *r, const struct config_node *node,
	struct config_media_rules *rules);
#define CONFIG_PORT_TLS 5061
#define CONFIG_PORT     5060

#endif
