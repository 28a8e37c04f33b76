/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_CONFIG_H
#define SBC_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "base/netaddr.h"
#include "sbc/http_get.h"
#include "sbc/transport.h"

/*
 * The configuration as one immutable value, read from YAML by a table of keys
 * (sbc/config_rows_*.c). Strings are terminated, owned by the config, and "" when absent
 * (never NULL). Durations carry their unit in the name. Counted: a reload makes a new one.
 */

#define CONFIG_FINGERPRINT_MAX 8

struct config_domain {
	const char *name;
	const char *certificate; /* path; "": made at first start under state_dir */
	const char *key;
	const char *info_url; /* "": https://NAME:PORT/cert of the http section */
	const char *rsa_certificate;
	const char *rsa_key;
	const char *rsa_info_url;
	const char *registrar; /* peer that its users register at, through us; "": we are it */
	bool has_registrar;
	size_t registrar_index; /* resolved */
};

struct config_listener {
	enum transport_kind transport;
	struct netaddr address;
	const char *advertised;
	const char *certificate; /* TLS; "": the first domain's */
	const char *key;
	const char *ca; /* "": the ca below */
	bool require_client_certificate;
};

/* A key beside those of domains. */
struct config_key {
	const char *name;   /* for its URL and for faults */
	const char *domain; /* "": for the numbers in its certificate */
	const char *certificate;
	const char *key;
	const char *info_url; /* "": https://DOMAIN:PORT/cert/keys/NAME of the http section */
};

/* How media goes to and from somebody. Offers get the strongest keying that they have and
 * that the mode takes. */
enum media_mode {
	MEDIA_MODE_DTLS,          /* DTLS-SRTP and nothing else */
	MEDIA_MODE_SDES,          /* offers keys in the description; takes DTLS-SRTP too */
	MEDIA_MODE_RTP,           /* plain RTP and nothing else */
	MEDIA_MODE_OPPORTUNISTIC, /* RFC 8643: whatever is had, plain RTP at the least */
	MEDIA_MODE_BYPASS,        /* none here: the ends' own descriptions cross */
};

/* What may be allowed beside the mode. */
struct config_media_rules {
	bool sdes_without_tls;  /* keys in descriptions over a hop that anybody reads */
	bool allow_downgrade;   /* one leg in the clear while the other one is protected */
	bool may_latch;         /* plain RTP may come from elsewhere than was signalled */
	const char *codecs;     /* encoding names with blanks between; "": all */
	const char *interface;  /* name of one of media.interfaces; "": by address family */
	size_t interface_index; /* resolved */
	unsigned dscp;          /* of media sent there */
};

/* What becomes of a REFER of one end of a call (RFC 3515). */
enum config_refer {
	REFER_REFUSE,
	REFER_PASS,      /* the other end gets it, and may call whom it names */
	REFER_CARRY_OUT, /* we call whom it names, and connect the other end */
};

struct config_user {
	const char *name;
	const char *domain;
	const char *also;     /* more names that it may call as, with blanks between */
	const char *tls_name; /* a name in its client certificate; "": it has none */
	enum media_mode media;
	struct config_media_rules media_rules;
	enum config_refer refer;
	const char *ha1_sha256;
	const char *ha1_sha512_256;
	const char *ha1_md5;
};

/* What becomes of a call whose signature does not hold. */
enum identity_failure {
	IDENTITY_FAILURE_REJECT,
	IDENTITY_FAILURE_MARK, /* goes on, and whoever is trusted is told */
	IDENTITY_FAILURE_PASS, /* goes on */
};

/* What a peer's profile gives, unless the peer says it itself. */
enum peer_key {
	PEER_KEY_MEDIA,
	PEER_KEY_SIGN,
	PEER_KEY_ACCEPT,
	PEER_KEY_IDENTITY_REQUIRED,
	PEER_KEY_REQUIRE_MKY,
	PEER_KEY_ALLOW_HTTP,
	PEER_KEY_TRUSTED,
	PEER_KEY_ALLOW_DOWNGRADE,
	PEER_KEY_ANSWER_IDENTITY,
	PEER_KEY_REFER,
	PEER_KEY_COUNT
};

enum header_action { HEADER_ALLOW, HEADER_REMOVE, HEADER_ADD, HEADER_RENAME, HEADER_REPLACE };

struct pattern;

/* What is done with a header on its way from (in) or to (out) a peer. */
struct config_header_rule {
	bool is_out;
	enum header_action action;
	const char *name;  /* of allow and remove: may end in '*' */
	const char *value; /* add: the value; rename: the new name; replace: what it becomes */
	const char *pattern; /* replace: what must match */
	struct pattern *compiled;
};

/* What of a callee's early media the caller hears (RFC 3960). */
enum config_early_media {
	EARLY_MEDIA_BLOCK, /* its 18x goes through without a description */
	EARLY_MEDIA_PASS,  /* with one, and media flows once it is as secure as later */
	EARLY_MEDIA_RING,  /* every 18x is 180: the phone rings by itself */
};

/* Is the answerer's key signed, and must it be (RFC 4916, DEC-6)? */
enum config_answer_identity {
	ANSWER_IDENTITY_OFF,
	ANSWER_IDENTITY_PREFER,
	ANSWER_IDENTITY_REQUIRE, /* no media before a signed UPDATE was verified */
};

struct config_peer {
	const char *name;
	const char *domain;     /* its certificate's name, and its users' From domain */
	struct netaddr address; /* where requests are sent; port of the transport by default */
	const char *host;       /* a name instead; "": none */
	const char
		*user; /* "name@domain" of a user instead: wherever it registered; "": none */
	unsigned port; /* with it; 0: DNS says it */
	bool is_transport_open; /* DNS says it (NAPTR) */
	enum transport_kind transport;
	bool sign_8224;
	bool sign_4474;
	bool accept_8224;
	bool accept_4474;
	bool identity_required;
	bool require_mky;
	bool require_sip_usage; /* of certificates: RFC 5924 */
	bool allow_http;
	bool shaken; /* calls between numbers are signed as RFC 8588 wants it */
	enum identity_failure on_failure;
	const char *provider_codes; /* whose word on numbers is taken, with blanks between */
	const char *profile;        /* a row of sbc/peer_profile.c */
	enum media_mode media;
	struct config_media_rules media_rules;
	bool probe;                  /* asked whether it is there */
	unsigned calls_max;          /* at once, both ways; 0: no ceiling of its own */
	unsigned calls_per_s_max;    /* both ways; 0: likewise */
	unsigned bandwidth_kbps_max; /* of its calls' media, one direction; 0: likewise */
	unsigned registrations_max;  /* contacts that registered from there; 0: likewise */
	const char *auth_user;       /* for its challenges; "": none are answered */
	const char *auth_realm;      /* that may challenge us; "": domain */
	const char *auth_password_file;
	const char *auth_password; /* out of it; NULL: none. Secret */
	bool auth_md5;             /* MD5 will do */
	const char *register_as;   /* "user@domain" that we register there; "": nothing */
	unsigned register_expires_s;
	bool authenticates; /* our users, so that we need not */
	bool is_trusted;    /* within our trust domain (RFC 3325 section 2.3) */
	struct config_header_rule *headers;
	size_t header_count;
	uint32_t written; /* 1 << enum peer_key: in the file, not from the profile */
	enum config_early_media early_media;         /* of calls to it */
	enum config_answer_identity answer_identity; /* of calls to and from it */
	enum config_refer refer;                     /* what it asks for within calls */
};

#define ROUTE_TARGET_MAX 8 /* peers that one call may be tried at */

struct config_target {
	const char *peer;
	size_t peer_index; /* resolved */
	unsigned priority; /* lower is tried first */
	unsigned weight;   /* share of the calls among equals */
};

/* Of domain, prefix and from at least one is there. */
struct config_route {
	const char *domain; /* called */
	const char *prefix; /* of the called user or number */
	const char *from;   /* peer that the call comes from */
	const char *peer;   /* "": targets say it */
	size_t peer_index;  /* resolved; without targets */
	bool has_from;
	size_t from_index;
	struct config_target *targets;
	size_t target_count;
};

/* What becomes of an address before a route is looked for. */
struct config_rewrite {
	const char *from; /* "": all peers and users */
	bool has_from;
	size_t from_index;
	bool is_caller;      /* else the called address */
	const char *prefix;  /* that it begins with */
	unsigned strip;      /* characters taken away */
	const char *prepend; /* put before the rest */
	const char *domain;  /* "": stays */
};

struct config_interface {
	const char *name; /* "": none */
	struct netaddr address;
	struct netaddr advertised;
};

struct config_media {
	unsigned loops;
	struct config_interface *interfaces;
	size_t interface_count;
	uint16_t port_min, port_max;
	uint16_t profiles[4]; /* RFC 5764 numbers in order of preference */
	size_t profile_count;
	unsigned dtls_retransmit_ms;
	unsigned dtls_deadline_ms;
	unsigned dtls_mtu;
	unsigned media_timeout_s;
	unsigned coalesce_us;
	bool io_uring;
	bool connected_sockets;
};

struct config_host {
	const char *name;
	struct netaddr address; /* port 0 */
};

struct config_fetch {
	const char *ca; /* anchors for https; "": the ca below, else the system's */
	struct netaddr_block *allow; /* else-refused addresses that may be fetched from */
	size_t allow_count;
	enum fetch_redirects redirects;
	unsigned timeout_ms;
	unsigned size_max; /* bytes */
	unsigned parallel_max;
};

/* What only a laboratory may have. */
struct config_lab {
	bool is_enabled;
	const char *key_log; /* path; "": none */
};

/* Where call.trace writes to. */
struct config_trace {
	const char *pcap_dir; /* "": none */
	unsigned pcap_max_kib;
	struct netaddr hep_address; /* unset: none */
	unsigned hep_capture_id;
	const char *hep_auth_key; /* "": none */
};

struct config_http {
	bool is_enabled;
	struct netaddr address;
	const char *certificate; /* "": the first domain's */
	const char *key;
};

/* In Kamailio's words, seconds where it has seconds. */
struct config_dispatcher {
	unsigned ds_ping_interval; /* s; 0: nobody is asked */
	unsigned ds_probing_threshold;
	unsigned ds_inactive_threshold;
	const char *ds_ping_reply_codes; /* "": below 500 but 408 */
	const char *ds_ping_from;        /* URI */
};

/* How strangers are kept from using us up. */
struct config_blocking {
	bool is_enabled;
	struct netaddr_block *allow; /* never judged */
	size_t allow_count;
	unsigned requests_per_s;
	unsigned points;
	unsigned block_s;
	unsigned sources;
};

/* Management. Names are relative to run_dir unless they begin with '/'; "": no such door. */
struct config_rpc {
	bool is_enabled;
	const char *run_dir;
	const char *fifo_name;
	unsigned fifo_mode;
	const char *fifo_user; /* name or number; "": as it comes */
	const char *fifo_group;
	const char *fifo_acl; /* "user:NAME:rw group:NAME:rw"; "": none */
	const char *fifo_reply_dir;
	const char *dgram_socket;
	unsigned dgram_mode;
	const char *dgram_user;
	const char *dgram_group;
	const char *ctl_socket;
	unsigned ctl_mode;
	const char *ctl_user;
	const char *ctl_group;
	struct netaddr http_address;  /* unset: none over HTTP */
	const char *http_token;       /* path; "": made in state_dir */
	const char *http_certificate; /* "": no TLS, loopback only */
	const char *http_key;
	const char *http_ca;      /* of clients that need no token; "": none */
	const char *http_names;   /* in Host, beside addresses; blanks between */
	const char *http_console; /* folder of the web console; "": none */
};

struct config_limits {
	unsigned calls;
	unsigned transactions;
	unsigned registrations;
	unsigned connections;
	unsigned connections_per_address;
	unsigned target_timeout_s;
	unsigned ring_timeout_s;    /* an unanswered call is given up */
	unsigned answer_identity_s; /* so is an answer whose key must be proved and is not */
	unsigned session_expires_s; /* RFC 4028: a dead call ends so late; 0: not asked
				       for */
	unsigned session_min_s;     /* a shorter one is refused (422) */
	unsigned busy_percent;    /* of the signalling loop; then calls are refused; 0: never */
	unsigned ping_interval_s; /* on connections we made; 0: no pings */
	unsigned udp_request_max; /* bytes; longer requests go over TCP; 0: they do not */
	unsigned shutdown_ms;     /* BYEs may take so long at stop */
};

struct config_fixed;

struct config {
	const char *user;  /* name or number to run as; "": as started */
	const char *group; /* "": the user's own */
	const char *state_dir;
	enum log_level log_level;
	const char *sip_trace;           /* path of a JSON Lines file; "": none */
	const char *call_records;        /* path of a JSON Lines file; "": none */
	const char *call_records_sqlite; /* path of an SQLite database; "": none */
	const char *ca;                  /* anchors for identity, TLS and fetch; "": demo CA */
	const char *dns_servers;         /* "127.0.0.1:53,..."; "": the system's */
	unsigned history_kib;            /* memory for call.explain; 0: none */
	const char *user_agent;          /* in User-Agent and Server; "": neither is sent */
	struct config_domain *domains;
	size_t domain_count;
	struct config_listener *listeners;
	size_t listener_count;
	const char *crl; /* "": nothing is revoked */
	struct config_key *keys;
	size_t key_count;
	struct config_user *users;
	size_t user_count;
	struct config_peer *peers;
	size_t peer_count;
	struct config_route *routes;
	size_t route_count;
	struct config_rewrite *rewrites;
	size_t rewrite_count;
	struct config_host *hosts;
	size_t host_count;
	struct config_media media;
	struct config_fetch fetch;
	struct config_trace trace;
	struct config_lab lab;
	struct config_http http;
	struct config_dispatcher dispatcher;
	struct config_blocking blocking;
	struct config_rpc rpc;
	struct config_limits limits;
	/* digest */
	unsigned registration_min_s, registration_max_s, registration_default_s;
	unsigned registration_relay_s; /* what phones of relayed domains are told */
	unsigned _references;
	void *_memory;
	struct config_fixed *_fixed; /* of what is read once, see config_fixed_change() */
};

/* One fault of a file, for a person: text has file:line:column, the quoted line with a
 * caret, what is wrong, and the nearest known key if one is near. */
typedef void(config_fault_h)(const char *text, void *arg);

/*
 * Reads and checks the whole file and reports every fault of it in one run. 0, or
 * SBC_EPARSE when there was any fault, SBC_EIO (cannot be read: reported too),
 * SBC_ENOMEM. The result starts with one reference.
 */
int config_load(struct config **out, const char *path, config_fault_h *fault, void *arg);

/* The first key that differs and cannot be taken over while running, and its line in after's
 * file; NULL: none. Static. */
const char *config_fixed_change(
	const struct config *before, const struct config *after, unsigned *line);

struct config *config_ref(struct config *config);
void config_unref(struct config *config);

const struct config_domain *config_domain_find(const struct config *config, struct slice name);
const struct config_user *config_user_find(
	const struct config *config, struct slice name, struct slice domain);
/* May the user call as name (in its own domain)? */
bool config_user_may_claim(const struct config_user *user, struct slice name);
/* 127.0.0.0/8 or ::1: nobody else's machine gets there. */
bool config_is_loopback(const struct netaddr *address);
/* Static names of the hosts section. */
bool config_host_find(const struct config *config, struct slice name, struct netaddr *out);

/* The table of keys, one per line with type, default and help: countersip
 * --config-keys. */
void config_print_keys(void (*line)(const char *text, void *arg), void *arg);

#endif
