/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS-2 to TLS-4: what each way to fail is called, and what mends it. */

#include "tests/cmocka_first.h"

#include <errno.h>

#include "tools/ctl/doctor_tls_seen.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PEER         "192.0.2.7:5061"

struct desk {
	struct arena arena;
	struct findings *findings;
};

static void open_desk(struct desk *desk)
{
	arena_init(&desk->arena, 1 << 20);
	desk->findings = arena_alloc(&desk->arena, sizeof(*desk->findings));
	assert_non_null(desk->findings);
	*desk->findings = (struct findings){.arena = &desk->arena, .clear = "fine"};
}

/* All findings but those that say that a row is in order, a line each. */
static void assert_found(struct desk *desk, const char *expected)
{
	struct buf out;

	buf_init(&out, 1 << 16);
	for (size_t i = 0; i < desk->findings->count; i++)
		if (desk->findings->list[i].severity != SEVERITY_OK)
			finding_print_line(&desk->findings->list[i], &out);
	assert_string_equal(expected, out.data ? out.data : "");
	buf_fini(&out);
	arena_fini(&desk->arena);
}

static void no_connection(void **state)
{
	static const struct {
		int error;
		bool is_own;
		const char *found;
	} table[] = {
		{-ECONNREFUSED, false,
			"TLS-2 blocked: nobody listens at " PEER
			" | connect: ECONNREFUSED | on that host: ss -ltnp 'sport = :5061'; is "
			"it "
			"the "
			"right port?\n"},
		{-ECONNREFUSED, true,
			"TLS-2 warn: nobody listens at " PEER
			": the daemon does not run, or with "
			"another configuration | connect: ECONNREFUSED | "
			"systemctl status countersip\n"},
		{-ETIMEDOUT, false,
			"TLS-2 blocked: " PEER
			" does not answer: it is down, or a firewall drops "
			"what we send | connect: ETIMEDOUT | tcpdump -ni "
			"any "
			"host 192.0.2.7 and port 5061 while this runs\n"},
		{-ENETUNREACH, false,
			"TLS-2 blocked: " PEER
			" cannot be reached | connect: ENETUNREACH | ip route get 192.0.2.7\n"},
	};
	struct netaddr to;

	(void)state;
	assert_int_equal(0, netaddr_parse(&to, SLICE("192.0.2.7"), 5061));
	for (size_t i = 0; i < COUNT(table); i++) {
		const struct tls_seen seen = {.name = "", .is_own = table[i].is_own};
		struct desk desk;
		open_desk(&desk);
		findings_begin(desk.findings, "TLS-2", "connection");
		tls_judge_connect(&seen, &to, table[i].error, desk.findings);
		findings_end(desk.findings);
		assert_found(&desk, table[i].found);
	}
}

#define FAILS "TLS-3 blocked: the handshake fails"
#define LOOK  "look into the log of that server at this time\n"
#define OVER  "TLS-3 info: the handshake fails over our own certificate | - | -\n"
#define GIVE  "--certificate FILE --key FILE, or --config FILE\n"
#define TRUST "countersipctl identity cert --for tls own.pem; the other side must have its CA\n"

static const struct {
	struct tls_probe probe;
	const char *shown;
	bool is_own;
	const char *found;
} handshakes[] = {
	{{.stage = TLS_PROBE_DONE, .alert = -1, .version = "TLSv1.3"}, NULL, false, ""},
	{{.stage = TLS_PROBE_HANDSHAKE, .alert = -1, .is_plain = true, .why = "wrong version"},
		NULL, false,
		"TLS-3 blocked: what answers there does not speak TLS | wrong version | is it "
		"the "
		"port of TLS (5061)? Port 5060 is TCP and UDP in the clear\n"},
	{{.stage = TLS_PROBE_HANDSHAKE, .alert = 70}, NULL, false,
		"TLS-3 blocked: it speaks no TLS that we take: 1.2 and 1.3, with forward "
		"secrecy | "
		"alert protocol_version (70) | allow TLS 1.2 with ECDHE and AES-GCM there\n"},
	{{.stage = TLS_PROBE_HANDSHAKE, .alert = 112}, NULL, false,
		"TLS-3 blocked: it has no certificate for the name biloxi.test | alert "
		"unrecognized_name (112) | --name NAME, or the peer's domain in the "
		"configuration\n"},
	{{.stage = TLS_PROBE_HANDSHAKE, .alert = -1, .is_closed = true, .why = "closed"}, NULL,
		false, FAILS ": it closes without a word | closed | " LOOK},
	{{.stage = TLS_PROBE_HANDSHAKE, .alert = 80}, NULL, false,
		FAILS " | alert internal_error (80) | " LOOK},
	/* Over what we show, or do not show. */
	{{.stage = TLS_PROBE_HANDSHAKE, .alert = 40}, NULL, false,
		OVER
		"TLS-4 blocked: it has no version or cipher in common with us, or it wants a "
		"certificate from us | alert handshake_failure (40) | " GIVE},
	{{.stage = TLS_PROBE_HANDSHAKE, .alert = 40}, "own.pem", false,
		FAILS " | alert handshake_failure (40) | " LOOK},
	{{.stage = TLS_PROBE_AFTER, .alert = 116}, NULL, false,
		"TLS-4 blocked: it wants a certificate from us, and we showed none | alert "
		"certificate_required (116) | " GIVE},
	{{.stage = TLS_PROBE_AFTER, .alert = 116}, NULL, true,
		"TLS-4 info: it wants a certificate from us, and we showed none | alert "
		"certificate_required (116) | " GIVE},
	{{.stage = TLS_PROBE_AFTER, .alert = 48}, "own.pem", false,
		"TLS-4 blocked: it does not trust the CA of our certificate | alert unknown_ca "
		"(48); "
		"we showed own.pem | " TRUST},
	{{.stage = TLS_PROBE_AFTER, .alert = 45}, "own.pem", false,
		"TLS-4 blocked: it says that our certificate ran out | alert "
		"certificate_expired "
		"(45); we showed own.pem | " TRUST},
	{{.stage = TLS_PROBE_AFTER, .alert = 44}, "own.pem", false,
		"TLS-4 blocked: it says that our certificate is revoked | alert "
		"certificate_revoked "
		"(44); we showed own.pem | " TRUST},
	{{.stage = TLS_PROBE_HANDSHAKE, .alert = 42}, "own.pem", true,
		OVER
		"TLS-4 blocked: it does not like our certificate | alert bad_certificate (42); "
		"we showed own.pem | " TRUST},
	{{.stage = TLS_PROBE_HANDSHAKE, .alert = 46}, NULL, false,
		OVER
		"TLS-4 blocked: it wants a certificate from us, and we showed none | alert "
		"certificate_unknown (46) | " GIVE},
};

static void each_alert_has_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(handshakes); i++) {
		const struct tls_seen seen = {.name = "biloxi.test",
			.shown = handshakes[i].shown,
			.is_own = handshakes[i].is_own};
		struct desk desk;
		open_desk(&desk);
		tls_judge_handshake(&seen, &handshakes[i].probe, desk.findings);
		assert_found(&desk, handshakes[i].found);
	}
}

/* The finding that a row is in order has version and cipher. */
static void tells_what_was_agreed(void **state)
{
	const struct tls_seen seen = {.name = "x"};
	const struct tls_probe probe = {.stage = TLS_PROBE_DONE,
		.alert = -1,
		.version = "TLSv1.3",
		.cipher = "TLS_AES_128_GCM_SHA256"};
	struct desk desk;

	(void)state;
	open_desk(&desk);
	tls_judge_handshake(&seen, &probe, desk.findings);
	assert_int_equal(2, desk.findings->count);
	assert_string_equal("TLSv1.3, TLS_AES_128_GCM_SHA256", desk.findings->list[0].sentence);
	assert_string_equal("TLS-4", desk.findings->list[1].id);
	arena_fini(&desk.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_connection),
		cmocka_unit_test(each_alert_has_words),
		cmocka_unit_test(tells_what_was_agreed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
