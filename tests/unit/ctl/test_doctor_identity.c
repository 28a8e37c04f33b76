/* SPDX-License-Identifier: GPL-3.0-or-later */
/* IDN-2 to IDN-4 and CERT-1 to CERT-9: what keeps others from verifying us. Certificates are
 * made here; what no tool of ours would make is written into what was read of them. */

#include "tests/cmocka_first.h"

#include <stdio.h>

#include "policy/keygen.h"
#include "tools/ctl/doctor_cert.h"
#include "tools/ctl/doctor_fetch.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NOW          INT64_C(1790000000) /* 2026-09-21 14:13:20 UTC */
#define DAY          86400

struct desk {
	struct arena arena;
	struct findings *findings;
};

static void open_desk(struct desk *desk)
{
	arena_init(&desk->arena, 1 << 22);
	desk->findings = arena_alloc(&desk->arena, sizeof(*desk->findings));
	assert_non_null(desk->findings);
	*desk->findings = (struct findings){.arena = &desk->arena, .clear = "fine"};
}

/* Of the findings that are no praise the first: "CERT-2 blocked: sentence". expected "": none.
 */
static void assert_first(struct desk *desk, const char *expected)
{
	char text[600] = "";

	for (size_t i = 0; i < desk->findings->count && !text[0]; i++) {
		const struct finding *finding = &desk->findings->list[i];
		if (finding->severity == SEVERITY_OK)
			continue;
		snprintf(text, sizeof(text), "%s %s: %s", finding->id,
			severity_name(finding->severity), finding->sentence);
		assert_true(finding->severity < SEVERITY_WARN || finding->fix);
	}
	assert_string_equal(expected, text);
}

/* ---- fetching ---- */

static void each_failure_has_its_cure(void **state)
{
	static const char *const table[][2] = {
		{"the address is not one to fetch from",
			"verifiers fetch from public addresses only: give the name one. In a "
			"lab: "
			"fetch.allow of each verifier, and --allow here"},
		{"connection refused",
			"on that host: ss -ltnp 'sport = :8443'; the section http serves it"},
		{"the server's certificate is not trusted",
			"a certificate for cr.example from a CA that verifiers have"},
		{"it answered 404",
			"curl -si https://cr.example:8443/cert; the section http serves "
			"/cert"},
		{"not done in time", "verifiers wait a few seconds: curl -w '%{time_total}' "
				     "https://cr.example:8443/cert"},
		{"anything else", "curl -v https://cr.example:8443/cert"},
	};
	struct identity_fetch seen = {.url = "https://cr.example:8443/cert",
		.host = SLICE("cr.example"),
		.port = 8443};

	(void)state;
	netaddr_parse(&seen.from, SLICE("192.0.2.7"), 8443);
	for (size_t i = 0; i < COUNT(table); i++) {
		struct ctl_fetched fetched = {.err = -1};
		struct desk desk;
		open_desk(&desk);
		snprintf(fetched.why, sizeof(fetched.why), "%s", table[i][0]);
		findings_begin(desk.findings, "IDN-2", "fetching");
		identity_judge_fetch(&seen, &fetched, desk.findings);
		findings_end(desk.findings);
		assert_int_equal(1, desk.findings->count);
		assert_int_equal(SEVERITY_BLOCKED, desk.findings->list[0].severity);
		assert_string_equal("GET https://cr.example:8443/cert, at 192.0.2.7:8443",
			desk.findings->list[0].evidence);
		assert_string_equal(table[i][1], desk.findings->list[0].fix);
		arena_fini(&desk.arena);
	}
}

/* RFC 8224 section 6.2.1: what is older than a minute is stale. */
static void clocks(void **state)
{
	static const struct {
		int ahead_s;
		const char *found;
	} table[] = {{0, ""}, {10, ""}, {-10, ""},
		{11, "IDN-3 warn: the clock here is 11 seconds ahead of the server's: "
		     "signatures are "
		     "fresh for 60 s"},
		{-60, "IDN-3 warn: the clock here is 60 seconds behind the server's: "
		      "signatures are "
		      "fresh for 60 s"},
		{-61, "IDN-3 blocked: the clock here is 61 seconds behind the server's: "
		      "signatures "
		      "are fresh for 60 s"},
		{7200, "IDN-3 blocked: the clock here is 2 hours ahead of the server's: "
		       "signatures "
		       "are fresh for 60 s"}};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct desk desk;
		open_desk(&desk);
		identity_judge_clock(
			"Mon, 21 Sep 2026 14:13:20 GMT", NOW + table[i].ahead_s, desk.findings);
		assert_first(&desk, table[i].found);
		arena_fini(&desk.arena);
	}
}

static void no_clock_and_no_caching(void **state)
{
	struct desk desk;

	(void)state;
	open_desk(&desk);
	identity_judge_clock("yesterday", NOW, desk.findings);
	assert_first(&desk, "IDN-3 info: the server tells no time: clocks are not compared");
	arena_fini(&desk.arena);
	for (int64_t max_age_s = -1; max_age_s < 2; max_age_s++) {
		open_desk(&desk);
		identity_judge_caching(max_age_s, desk.findings);
		assert_first(&desk,
			max_age_s > 0
				? ""
				: "IDN-4 warn: verifiers are not told how long to keep the "
				  "certificate: they may fetch it for each call");
		arena_fini(&desk.arena);
	}
}

/* ---- certificates ---- */

struct made {
	struct buf ca_key, ca, key, certificate;
};

static void make(struct made *m)
{
	buf_init(&m->ca_key, 8192);
	buf_init(&m->ca, 8192);
	buf_init(&m->key, 8192);
	buf_init(&m->certificate, 32768);
	assert_int_equal(0, keygen_ca(SLICE("lab CA"), NOW, 100, &m->ca_key, &m->ca));
	assert_int_equal(0,
		keygen_domain(buf_slice(&m->ca_key), buf_slice(&m->ca), SLICE("atlanta.test"),
			SLICE(""), NOW, 60, &m->key, &m->certificate));
}

static void unmake(struct made *m)
{
	buf_fini_secret(&m->ca_key);
	buf_fini(&m->ca);
	buf_fini_secret(&m->key);
	buf_fini(&m->certificate);
}

typedef void change_h(struct cert_report *report);

static void is_rsa(struct cert_report *report)
{
	report->chain[0].key = CERT_VIEW_KEY_RSA;
	report->chain[0].key_bits = 2048;
}

static void is_weak(struct cert_report *report)
{
	report->chain[0].is_key_strong = false;
}

static void is_sha1(struct cert_report *report)
{
	report->chain[0].is_weakly_signed = true;
}

static void may_not_sign(struct cert_report *report)
{
	report->chain[0].may_sign = false;
}

static void is_no_server(struct cert_report *report)
{
	report->chain[0].may_be_server = false;
}

static void is_a_ca(struct cert_report *report)
{
	report->chain[0].is_ca = true;
}

static void is_limited(struct cert_report *report)
{
	report->limit = "its JWTClaimConstraints are for others";
}

static void is_critical(struct cert_report *report)
{
	report->chain[0].is_critical = true;
	report->why = "1.2.3.4";
}

static const struct {
	int64_t after_s; /* NOW */
	unsigned uses;
	const char *host, *number;
	change_h *change;
	bool has_no_ca;
	const char *found;
} certificates[] = {
	{0, CERT_USE_SIGN, "atlanta.test", "", NULL, false, ""},
	{0, CERT_USE_SIGN, "atlanta.test", "", is_critical, false,
		"CERT-1 blocked: the certificate has a critical extension that is not known "
		"here"},
	{61 * DAY, CERT_USE_SIGN, "atlanta.test", "", NULL, false,
		"CERT-2 blocked: the certificate ran out 24 hours ago"},
	{-30 * DAY, CERT_USE_SIGN, "atlanta.test", "", NULL, false,
		"CERT-2 blocked: the certificate is not valid before 2026-09-21 13:13:20 UTC, "
		"or the "
		"clock here is slow"},
	{50 * DAY, CERT_USE_SIGN, "atlanta.test", "", NULL, false,
		"CERT-3 warn: the certificate or a CA above runs out in 10 days"},
	{0, CERT_USE_SIGN, "atlanta.test", "", NULL, true,
		"CERT-4 unknown: whether a trusted CA stands above it is not known: no CAs "
		"were "
		"given"},
	{0, CERT_USE_SIGN, "biloxi.test", "", NULL, false,
		"CERT-6 blocked: the certificate does not name biloxi.test"},
	{0, CERT_USE_SIGN, "atlanta.test", "12155551212", NULL, false,
		"CERT-6 blocked: the certificate has not the number 12155551212"},
	{0, CERT_USE_SIGN, "atlanta.test", "", is_rsa, false,
		"CERT-7 blocked: PASSporTs are signed with a P-256 key, and this one is RSA of "
		"2048 "
		"bits"},
	{0, CERT_USE_4474, "atlanta.test", "", is_rsa, false, ""},
	{0, CERT_USE_4474, "atlanta.test", "", NULL, false,
		"CERT-7 blocked: RFC 4474 is signed with an RSA key, and this one is P-256"},
	{0, CERT_USE_SIGN, "atlanta.test", "", is_weak, false,
		"CERT-7 blocked: the key of /CN=atlanta.test is too weak: P-256"},
	{0, CERT_USE_SIGN, "atlanta.test", "", is_sha1, false,
		"CERT-7 blocked: /CN=atlanta.test is signed with SHA-1 or MD5"},
	{0, CERT_USE_SIGN, "atlanta.test", "", may_not_sign, false,
		"CERT-8 blocked: the certificate's keyUsage forbids signing"},
	{0, CERT_USE_SERVER, "atlanta.test", "", is_no_server, false,
		"CERT-8 blocked: the certificate is not one for TLS servers"},
	{0, CERT_USE_SIGN, "atlanta.test", "", is_no_server, false, ""},
	{0, CERT_USE_SIGN, "atlanta.test", "", is_a_ca, false,
		"CERT-8 warn: the certificate is a CA's: whoever has its key makes others"},
	{0, CERT_USE_SIGN, "atlanta.test", "", is_limited, false,
		"CERT-9 blocked: its JWTClaimConstraints are for others"},
	{0, CERT_USE_SERVER, "atlanta.test", "", is_limited, false, ""},
};

static void each_fault_has_its_row(void **state)
{
	struct made m;

	(void)state;
	make(&m);
	for (size_t i = 0; i < COUNT(certificates); i++) {
		struct cert_report *report = NULL;
		const char *complaint;
		struct desk desk;

		open_desk(&desk);
		assert_int_equal(
			0, cert_report_new(&report, buf_slice(&m.certificate),
				   certificates[i].has_no_ca ? SLICE("") : buf_slice(&m.ca),
				   SLICE(""), &complaint));
		if (certificates[i].change)
			certificates[i].change(report);
		doctor_cert_run(&(struct cert_facts){.report = report,
					.place = "cert.pem",
					.now_s = NOW + certificates[i].after_s,
					.uses = certificates[i].uses,
					.host = certificates[i].host,
					.number = certificates[i].number,
					.codes = "",
					.ca = certificates[i].has_no_ca ? NULL : "ca.pem"},
			desk.findings);
		assert_first(&desk, certificates[i].found);
		cert_report_free(report);
		arena_fini(&desk.arena);
	}
	unmake(&m);
}

/* A foreign CA, a key beside it, and nothing at all. */
static void what_is_served(void **state)
{
	struct made m, other;
	struct buf both;
	struct slice bodies[3];
	static const char *const expected[] = {
		"CERT-4 blocked: certificate does not chain to a trusted CA (of ca.pem)",
		"CERT-1 blocked: a private key stands beside the certificate in cert.pem",
		"CERT-1 blocked: cert.pem holds no certificate"};

	(void)state;
	make(&m);
	make(&other);
	buf_init(&both, 65536);
	buf_put_slice(&both, buf_slice(&m.certificate));
	buf_put_slice(&both, buf_slice(&m.key));
	bodies[0] = buf_slice(&other.certificate);
	bodies[1] = buf_slice(&both);
	bodies[2] = SLICE("<html>no</html>");
	for (size_t i = 0; i < COUNT(bodies); i++) {
		struct cert_report *report = NULL;
		const char *complaint;
		struct desk desk;

		open_desk(&desk);
		assert_int_equal(0, cert_report_new(&report, bodies[i], buf_slice(&m.ca),
					    SLICE(""), &complaint));
		doctor_cert_run(&(struct cert_facts){.report = report,
					.place = "cert.pem",
					.now_s = NOW,
					.uses = CERT_USE_SIGN,
					.host = "atlanta.test",
					.number = "",
					.codes = "",
					.ca = "ca.pem"},
			desk.findings);
		assert_first(&desk, expected[i]);
		cert_report_free(report);
		arena_fini(&desk.arena);
	}
	buf_fini_secret(&both);
	unmake(&m);
	unmake(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_failure_has_its_cure),
		cmocka_unit_test(clocks),
		cmocka_unit_test(no_clock_and_no_caching),
		cmocka_unit_test(each_fault_has_its_row),
		cmocka_unit_test(what_is_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
