/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Configuration files: every fault with its place, every value where it belongs. */

#include "tests/cmocka_first.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "sbc/config.h"

/* Enough to be right: three lines, so that what follows begins in line 4. */
#define ENOUGH                                                                                 \
	"domains: [{name: a.test}]\n"                                                          \
	"listeners: [{transport: tls, address: 127.0.0.1}]\n"                                  \
	"media: {interfaces: [{address: 127.0.0.1}]}\n"

static char path[] = "/tmp/countersip-test-config-XXXXXX";

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	close(fd);
	return fd < 0;
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void write_file(const char *text, size_t len)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(len, fwrite(text, 1, len, file));
	assert_int_equal(0, fclose(file));
}

/* Faults without the path before them, a line end after each. */
static void collect(const char *text, void *arg)
{
	size_t len = strlen(path);

	assert_int_equal(0, strncmp(text, path, len));
	buf_put_str(arg, text + len);
	buf_put_char(arg, '\n');
}

static int load(struct config **out, const char *text, struct buf *faults)
{
	write_file(text, strlen(text));
	return config_load(out, path, collect, faults);
}

struct fault_case {
	const char *text;
	const char *expected;
	const char *why;
};

static const struct fault_case cases[] = {
	{ENOUGH "log_levle: info\n",
		":4:1: unknown key \"log_levle\"; did you mean \"log_level\"?\n"
		"     4 | log_levle: info\n"
		"       | ^~~~~~~~~\n",
		"two letters swapped"},
	{ENOUGH "zebra: 1\n",
		":4:1: unknown key \"zebra\"\n"
		"     4 | zebra: 1\n"
		"       | ^~~~~\n",
		"nothing is near"},
	{ENOUGH "fetch: {timeout: 5}\n",
		":4:9: unknown key \"timeout\"; did you mean \"timeout_ms\"?\n"
		"     4 | fetch: {timeout: 5}\n"
		"       |         ^~~~~~~\n",
		"the unit was forgotten"},
	{ENOUGH "limits: {timeout_ms: 5}\n",
		":4:10: unknown key \"timeout_ms\" here; did you mean fetch.timeout_ms?\n"
		"     4 | limits: {timeout_ms: 5}\n"
		"       |          ^~~~~~~~~~\n",
		"the key of another section"},
	{ENOUGH "log_level: loud\n",
		":4:12: \"loud\" is not one of error, warn, info, debug\n"
		"     4 | log_level: loud\n"
		"       |            ^~~~\n",
		"a word that is not there"},
	{ENOUGH "log_level: wran\n",
		":4:12: \"wran\" is not one of error, warn, info, debug; did you mean "
		"\"warn\"?\n"
		"     4 | log_level: wran\n"
		"       |            ^~~~\n",
		"a word nearby"},
	{ENOUGH "limits: {calls: many}\n",
		":4:17: not a number\n"
		"     4 | limits: {calls: many}\n"
		"       |                 ^~~~\n",
		"the wrong type"},
	{ENOUGH "limits: {calls: 0}\n",
		":4:17: out of range: 1 to 20000\n"
		"     4 | limits: {calls: 0}\n"
		"       |                 ^\n",
		"below the range"},
	{ENOUGH "limits: {calls: 99999999999999999999}\n",
		":4:17: out of range: 1 to 20000\n"
		"     4 | limits: {calls: 99999999999999999999}\n"
		"       |                 ^~~~~~~~~~~~~~~~~~~~\n",
		"no number of ours is that large"},
	{ENOUGH "limits: [1]\n",
		":4:9: \"key: value\" lines are wanted here\n"
		"     4 | limits: [1]\n"
		"       |         ^\n",
		"a list where a section is wanted: one fault, not one for each key"},
	{ENOUGH "users: alice\n",
		":4:8: a list is wanted here: each item begins with \"- \"\n"
		"     4 | users: alice\n"
		"       |        ^~~~~\n",
		"a word where a list is wanted"},
	{ENOUGH "state_dir: [a]\n",
		":4:12: one value is wanted here, not a list\n"
		"     4 | state_dir: [a]\n"
		"       |            ^\n",
		"a list where a word is wanted"},
	{ENOUGH "state_dir:\n",
		":4:1: no value\n"
		"     4 | state_dir:\n"
		"       | ^~~~~~~~~\n",
		"nothing behind the colon"},
	{ENOUGH "log_level: info\nlog_level: info\n",
		":5:1: \"log_level\" stands twice; first in line 4\n"
		"     5 | log_level: info\n"
		"       | ^~~~~~~~~\n",
		"a key twice"},
	{ENOUGH "routes: [{domain: b.test, peer: bilxi}]\n"
		"peers: [{name: biloxi, domain: b.test, address: 10.0.0.1}]\n"
		"http: {}\n",
		":4:33: there is no peer \"bilxi\"; did you mean \"biloxi\"?\n"
		"     4 | routes: [{domain: b.test, peer: bilxi}]\n"
		"       |                                 ^~~~~\n",
		"an unknown peer"},
	{ENOUGH "users: [{name: al, domain: b.test, "
		"ha1_md5: 00112233445566778899aabbccddeeff}]\n",
		":4:28: b.test is not one of our domains; did you mean \"a.test\"?\n"
		"     4 | users: [{name: al, domain: b.test, ha1_md5: "
		"**********************************\n"
		"       |                            ^~~~~~\n",
		"a user of an unknown domain; the hash is not shown"},
	{ENOUGH "users: [{name: al, domain: a.test, ha1_md5: 0011223344556677}]\n",
		":4:45: 32 hexadecimal digits are wanted, these are 16\n"
		"     4 | users: [{name: al, domain: a.test, ha1_md5: ******************\n"
		"       |                                             ^~~~~~~~~~~~~~~~\n",
		"a hash that is too short"},
	{ENOUGH "users: [{name: al, domain: a.test, ha1_md5: "
		"0011223344556677889xaabbccddeeff}]\n",
		":4:45: not a hash: character 20 is no hexadecimal digit\n"
		"     4 | users: [{name: al, domain: a.test, ha1_md5: "
		"**********************************\n"
		"       |                                             "
		"^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n",
		"bad hex"},
	{ENOUGH "users: [{name: al, domain: a.test, tls_name: x.test, also: x y@a.test}]\n",
		":4:60: \"y@a.test\": the names are of the user's own domain, without @\n"
		"     4 | users: [{name: al, domain: a.test, tls_name: x.test, also: x "
		"y@a.test}]\n"
		"       |                                                            "
		"^~~~~~~~~~\n",
		"names to call as"},
	{ENOUGH "users: [{name: al, domain: a.test}]\n",
		":4:9: the user has no password: give ha1_sha256, ha1_sha512_256 or ha1_md5, "
		"or a tls_name\n"
		"     4 | users: [{name: al, domain: a.test}]\n"
		"       |         ^\n",
		"nobody could register"},
	{ENOUGH "peers: [{name: b, domain: a.test, address: 10.0.0.1}]\nhttp: {}\n",
		":4:27: a.test is our own domain: a peer serves another one, "
		"unless it authenticates\n"
		"     4 | peers: [{name: b, domain: a.test, address: 10.0.0.1}]\n"
		"       |                           ^~~~~~\n",
		"a peer that is ourselves"},
	{ENOUGH "peers: [{name: b, domain: b.test, address: -b.test}]\nhttp: {}\n",
		":4:44: not a domain name\n"
		"     4 | peers: [{name: b, domain: b.test, address: -b.test}]\n"
		"       |                                            ^~~~~~~\n",
		"neither an address nor a name"},
	{ENOUGH "peers: [{name: b, domain: b.test, address: b.test:0}]\nhttp: {}\n",
		":4:44: not a port: 0\n"
		"     4 | peers: [{name: b, domain: b.test, address: b.test:0}]\n"
		"       |                                            ^~~~~~~~\n",
		"a name with a port that is none"},
	{ENOUGH "peers: [{name: b, domain: b.test, address: 10.0.0.1, transport: dns}]\n"
		"http: {}\n",
		":4:65: transport dns needs a name without a port as address\n"
		"     4 | peers: [{name: b, domain: b.test, address: 10.0.0.1, transport: "
		"dns}]\n"
		"       |                                                                 "
		"^~~\n",
		"an address is not looked up"},
	{ENOUGH "peers: [{name: b, domain: b.test, address: 10.0.0.1}]\n",
		":1:11: nobody can fetch the certificate of a.test: give its info_url, or a "
		"section "
		"http that serves it\n"
		"     1 | domains: [{name: a.test}]\n"
		"       |           ^\n",
		"signatures that nobody can check"},
	{ENOUGH "peers: [{name: b, domain: b.test, address: 10.0.0.1, transport: "
		"udp}]\nhttp:\n  address: 127.0.0.1\n",
		":4:65: no listener has the transport of this peer\n"
		"     4 | peers: [{name: b, domain: b.test, address: 10.0.0.1, transport: "
		"udp}]\n"
		"       |                                                                 "
		"^~~\n",
		"no way to reach it"},
	{ENOUGH "http: {address: \"127.0.0.1:5061\"}\n",
		":4:18: 127.0.0.1:5061 is taken by the listener in line 2\n"
		"     4 | http: {address: \"127.0.0.1:5061\"}\n"
		"       |                  ^~~~~~~~~~~~~~\n",
		"HTTPS and SIP on one port"},
	{"domains: []\nlisteners: [{transport: udp, address: 127.0.0.1}]\n"
	 "media: {interfaces: [{address: 127.0.0.1}]}\n",
		":1:10: at least one domain is needed\n"
		"     1 | domains: []\n"
		"       |          ^\n",
		"no domain"},
	{"domains: [{name: a.test}]\nlisteners:\n  - {transport: tcp, address: "
	 "\"127.0.0.1:5060\"}\n"
	 "  - {transport: udp, address: 127.0.0.1}\n"
	 "  - {transport: tls, address: \"127.0.0.1:5060\"}\n"
	 "media: {interfaces: [{address: 127.0.0.1}]}\n",
		":5:32: 127.0.0.1:5060 is taken by the listener in line 3\n"
		"     5 |   - {transport: tls, address: \"127.0.0.1:5060\"}\n"
		"       |                                ^~~~~~~~~~~~~~\n",
		"TCP and TLS share ports, UDP has its own"},
	{"domains: [{name: a.test}]\nlisteners: [{transport: udp, address: 0.0.0.0}]\n"
	 "media: {interfaces: [{address: 127.0.0.1}]}\n",
		":2:39: others cannot answer to 0.0.0.0: tell them where with \"advertised\"\n"
		"     2 | listeners: [{transport: udp, address: 0.0.0.0}]\n"
		"       |                                       ^~~~~~~\n",
		"RFC 3261 18.1.1: sent-by is where responses go"},
	{"domains: [{name: a.test}]\nlisteners: [{transport: udp, address: 127.0.0.1, key: "
	 "x}]\n"
	 "media: {interfaces: [{address: 127.0.0.1}], ports: 20001-20010}\n",
		":2:55: key belongs to listeners with transport tls\n"
		"     2 | listeners: [{transport: udp, address: 127.0.0.1, key: x}]\n"
		"       |                                                       ^\n"
		":3:52: a range of ports goes from an even one, 1024 or above, to an odd one\n"
		"     3 | media: {interfaces: [{address: 127.0.0.1}], ports: 20001-20010}\n"
		"       |                                                    ^~~~~~~~~~~\n",
		"two faults, in the order of the file"},
	{"domains: [{name: a.test, certificate: x.pem}, {name: A.test}]\n"
	 "listeners: [{transport: udp, address: 127.0.0.1}]\n"
	 "media: {interfaces: [{address: 127.0.0.1}]}\n",
		":1:11: certificate and key go together: key is missing\n"
		"     1 | domains: [{name: a.test, certificate: x.pem}, {name: A.test}]\n"
		"       |           ^\n"
		":1:54: the domain a.test stands twice\n"
		"     1 | domains: [{name: a.test, certificate: x.pem}, {name: A.test}]\n"
		"       |                                                      ^~~~~~\n",
		"host names have no case (RFC 3261 19.1.4)"},
	{"domains:\n- {name: a.test, info_url: \"ftp://a.test/cert\"}\n"
	 "- {name: b.test, info_url: \"https://b.test\"}\n"
	 "listeners: [{transport: udp, address: 127.0.0.1}]\n"
	 "media: {interfaces: [{address: 127.0.0.1}]}\n",
		":2:29: not an https: URL\n"
		"     2 | - {name: a.test, info_url: \"ftp://a.test/cert\"}\n"
		"       |                             ^~~~~~~~~~~~~~~~~\n"
		":3:29: the URL needs a host and a path\n"
		"     3 | - {name: b.test, info_url: \"https://b.test\"}\n"
		"       |                             ^~~~~~~~~~~~~~\n",
		"ID4474-13: Kamailio refuses a URL without a path"},
	{"domains:\n  - name: [x\n",
		":3:1: flow sequence without a closing bracket\n"
		"     3 | \n"
		"       | ^\n",
		"a fault of YAML itself"},
	{ENOUGH "users: *nobody\n",
		":4:9: an alias without an anchor of that name above it\n"
		"     4 | users: *nobody\n"
		"       |         ^~~~~~\n",
		"an alias of nothing"},
	{ENOUGH "users: &a [*a]\n",
		":4:13: an alias of what it stands in\n"
		"     4 | users: &a [*a]\n"
		"       |             ^\n",
		"a tree has no circles"},
	{ENOUGH "---\na: b\n",
		":4:1: a second document: one file is one configuration\n"
		"     4 | ---\n"
		"       | ^\n",
		"the second would be ignored"},
	{ENOUGH "sip_trace: \"a\x01\"\n",
		":4:14: byte 0x01 has no place in a text\n"
		"     4 | sip_trace: \"a?\"\n"
		"       |              ^\n",
		"control bytes"},
	{"\xef\xbb\xbf%YAML",
		":1:1: no YAML directives here\n"
		"     1 | \xef\xbb\xbf%YAML\n"
		"       | ^\n",
		"libfyaml 0.7.12 does not come back from this"},
	{"",
		":1:1: \"domains\" is missing here: our own domains: their users register "
		"here, "
		"their calls are signed here\n"
		"     1 | \n"
		"       | ^\n"
		":1:1: \"listeners\" is missing here: where SIP is spoken\n"
		"     1 | \n"
		"       | ^\n"
		":1:1: \"media.interfaces\" is missing here: where media is received\n"
		"     1 | \n"
		"       | ^\n",
		"an empty file"},
};

static void tells_faults(void **state)
{
	struct config *config = NULL;
	struct buf faults;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct fault_case *c = &cases[i];
		buf_init(&faults, 65536);
		if (load(&config, c->text, &faults) != SBC_EPARSE)
			fail_msg("%s: no fault in\n%s", c->why, c->text);
		if (strcmp(faults.data, c->expected) != 0)
			fail_msg("%s:\n%s\ninstead of\n%s", c->why, faults.data, c->expected);
		assert_null(config);
		buf_fini(&faults);
	}
}

static void takes_values(void **state)
{
	static const char text[] =
		"state_dir: /var/lib/x\nlog_level: debug\n"
		"domains: [{name: Atlanta.TEST}, {name: b.test}]\n"
		"listeners:\n"
		"- {transport: TLS, address: '[::1]'}\n"
		"- {transport: udp, address: '10.0.0.1:5070', advertised: 'sbc.a.test:5070'}\n"
		"users: [{name: alice, domain: atlanta.test, "
		"ha1_md5: 00112233445566778899aabbccddeeff}]\n"
		"peers:\n"
		"- &usual {name: one, domain: c.test, address: 10.0.0.2, sign: [], "
		"require_mky: no}\n"
		"- <<: *usual\n  name: two\n  domain: d.test\n  identity_required: false\n"
		"routes: [{domain: d.test, peer: two}]\n"
		"media:\n  interfaces: [{address: 0.0.0.0, advertised: 198.51.100.1}]\n"
		"  ports: 30000 - 30099\n  profiles: [SRTP_AES128_CM_HMAC_SHA1_80]\n"
		"fetch: {allow: [127.0.0.0/8, \"::1\"]}\n"
		"hosts: {c.test: 10.0.0.9}\n";
	struct config *c = NULL;
	struct netaddr address;
	struct buf faults;
	char out[NETADDR_TEXT_MAX];

	(void)state;
	buf_init(&faults, 65536);
	if (load(&c, text, &faults))
		fail_msg("%s", faults.data);
	assert_string_equal("/var/lib/x", c->state_dir);
	assert_int_equal(LOG_DEBUG, c->log_level);
	assert_string_equal("", c->sip_trace);
	assert_string_equal("atlanta.test", c->domains[0].name);
	assert_string_equal("", c->domains[1].key);
	assert_string_equal("[::1]:5061", netaddr_print(&c->listeners[0].address, out));
	assert_int_equal(TRANSPORT_UDP, c->listeners[1].transport);
	assert_string_equal("sbc.a.test:5070", c->listeners[1].advertised);
	assert_string_equal("10.0.0.2:5061", netaddr_print(&c->peers[1].address, out));
	assert_string_equal("two", c->peers[1].name);
	assert_string_equal("d.test", c->peers[1].domain);
	assert_false(c->peers[1].sign_8224);
	assert_true(c->peers[1].accept_8224);
	assert_false(c->peers[1].accept_4474);
	assert_false(c->peers[1].require_mky);
	assert_false(c->peers[1].identity_required);
	assert_true(c->peers[0].identity_required);
	assert_int_equal(1, c->routes[0].peer_index);
	assert_int_equal(30000, c->media.port_min);
	assert_int_equal(30099, c->media.port_max);
	assert_int_equal(1, c->media.profile_count);
	assert_int_equal(1, c->media.profiles[0]);
	assert_int_equal(2, c->fetch.allow_count);
	assert_false(c->http.is_enabled);
	assert_int_equal(1000, c->limits.calls);
	assert_int_equal(60, c->registration_min_s);
	assert_int_equal(3600, c->registration_max_s);
	assert_ptr_equal(&c->domains[0], config_domain_find(c, SLICE("ATLANTA.test")));
	assert_null(config_domain_find(c, SLICE("c.test")));
	assert_ptr_equal(
		&c->users[0], config_user_find(c, SLICE("alice"), SLICE("atlanta.test")));
	assert_null(config_user_find(c, SLICE("Alice"), SLICE("atlanta.test")));
	assert_true(config_host_find(c, SLICE("C.test"), &address));
	assert_string_equal("10.0.0.9", netaddr_print_host(&address, out));
	assert_ptr_equal(c, config_ref(c));
	config_unref(c);
	config_unref(c);
	buf_fini(&faults);
}

static void the_example_is_right(void **state)
{
	struct config *c = NULL;
	struct buf faults;

	(void)state;
	buf_init(&faults, 65536);
	assert_int_equal(0, config_load(&c, "config/countersip.yaml", collect, &faults));
	assert_string_equal("atlanta.test", c->domains[0].name);
	assert_int_equal(3, c->listener_count);
	assert_true(c->http.is_enabled);
	assert_int_equal(32, strlen(c->users[0].ha1_md5));
	config_unref(c);
	buf_fini(&faults);
}

/* Ten lines that would be ten thousand million words, were aliases copied. */
static void a_billion_laughs(void **state)
{
	struct config *c = NULL;
	struct buf text, faults;

	(void)state;
	buf_init(&text, 65536);
	buf_init(&faults, 65536);
	buf_put_str(&text, ENOUGH "users: [&a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]");
	for (int i = 1; i < 9; i++)
		buf_printf(&text, ", &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]", i,
			i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	buf_put_str(&text, "]\n");
	assert_int_equal(SBC_EPARSE, load(&c, text.data, &faults));
	assert_non_null(strstr(faults.data, "\"key: value\" lines are wanted here"));
	buf_fini(&text);
	buf_fini(&faults);
}

static void ceilings(void **state)
{
	struct config *c = NULL;
	struct buf text, faults;

	(void)state;
	buf_init(&text, 2 << 20);
	buf_init(&faults, 1 << 20);
	for (int i = 0; i < 40; i++)
		buf_put_str(&text, "a: [{");
	assert_int_equal(SBC_EPARSE, load(&c, text.data, &faults));
	assert_non_null(strstr(faults.data, "nested too deeply"));

	buf_reset(&text);
	buf_reset(&faults);
	for (int i = 0; i < 2000; i++)
		buf_printf(&text, "k%d: 1\n", i);
	assert_int_equal(SBC_EPARSE, load(&c, text.data, &faults));
	assert_non_null(strstr(faults.data, "too many keys in one mapping"));

	buf_reset(&text);
	buf_reset(&faults);
	for (int i = 0; i < 500; i++)
		buf_printf(&text, "k%d: 1\n", i);
	assert_int_equal(SBC_EPARSE, load(&c, text.data, &faults));
	assert_non_null(strstr(faults.data, ": and 403 more faults"));

	buf_reset(&text);
	buf_reset(&faults);
	while (text.len <= 1 << 20)
		buf_put_str(&text, "# nothing but a very long file\n");
	assert_int_equal(SBC_EIO, load(&c, text.data, &faults));
	assert_non_null(strstr(faults.data, "larger than 1 MiB"));
	buf_fini(&text);
	buf_fini(&faults);
}

/* Whichever allocation fails: an error, and nothing left behind (ASan). */
static void no_memory(void **state)
{
	struct config *c = NULL;
	struct buf faults;
	int err = SBC_ENOMEM;

	(void)state;
	write_file(ENOUGH, strlen(ENOUGH));
	for (long n = 0; err && n < 200; n++) {
		buf_init(&faults, 65536);
		mem_fail_after(n);
		err = config_load(&c, path, collect, &faults);
		mem_fail_after(-1);
		assert_true(err == 0 || err == SBC_ENOMEM || err == SBC_EIO);
		buf_fini(&faults);
	}
	assert_int_equal(0, err);
	config_unref(c);
}

static void count_line(const char *text, void *arg)
{
	assert_non_null(strchr(text, '\n')); /* a key, and below it what it means */
	++*(size_t *)arg;
}

static void prints_keys(void **state)
{
	size_t count = 0;

	(void)state;
	config_print_keys(count_line, &count);
	assert_in_range(count, 100, 300);
}

static void no_file(void **state)
{
	struct config *c = NULL;
	struct buf faults;

	(void)state;
	buf_init(&faults, 4096);
	unlink(path);
	assert_int_equal(SBC_EIO, config_load(&c, path, collect, &faults));
	assert_string_equal(": cannot be read: No such file or directory\n", faults.data);
	write_file("", 0);
	buf_fini(&faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_faults),
		cmocka_unit_test(takes_values),
		cmocka_unit_test(the_example_is_right),
		cmocka_unit_test(a_billion_laughs),
		cmocka_unit_test(ceilings),
		cmocka_unit_test(no_memory),
		cmocka_unit_test(prints_keys),
		cmocka_unit_test(no_file),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
