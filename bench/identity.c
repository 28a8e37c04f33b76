/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a verdict and a signature cost beside the bare ECDSA P-256 operation that is in each:
 * the policy room against wolfCrypt called directly, in turns, in one run, on this thread's
 * CPU time. Requests differ, each is verified once, the signer's certificate is in the cache.
 */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/err.h"
#include "policy/keygen.h"
#include "policy/policy.h"

#include <wolfssl/options.h>

#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/random.h>

#define ROUNDS   48
#define BATCH    64 /* requests of one round */
#define STEP     4  /* operations of one kind in one turn */
#define STEPS    (ROUNDS * BATCH / STEP)
#define NOW      INT64_C(1800000000)
#define URL      "https://atlanta.test/cert"
#define TEXT_MAX 4096 /* bytes of one request's header lines */
#define BODY                                                                                   \
	"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"            \
	"m=audio 30000 UDP/TLS/RTP/SAVPF 0 101\r\na=rtpmap:0 PCMU/8000\r\n"                    \
	"a=rtpmap:101 telephone-event/8000\r\na=rtcp-mux\r\na=setup:actpass\r\n"               \
	"a=fingerprint:" FINGERPRINT "\r\n"
#define FINGERPRINT                                                                            \
	"sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"                             \
	"00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"

static void must(bool is_right, const char *what)
{
	if (is_right)
		return;
	fprintf(stderr, "bench-identity: %s\n", what);
	exit(1);
}

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- the bare operation ---- */

struct bare {
	WC_RNG rng;
	ecc_key key;
	/* As many as requests: the same one again and again would flatter it, since half of
	 * its work is branches that a processor learns. */
	struct {
		byte hash[32];
		byte signature[ECC_MAX_SIG_SIZE];
		word32 signature_len;
	} items[BATCH];
};

static void bare_init(struct bare *b)
{
	must(!wc_InitRng(&b->rng) && !wc_ecc_init(&b->key) &&
			!wc_ecc_make_key_ex(&b->rng, 32, &b->key, ECC_SECP256R1) &&
			!wc_ecc_set_rng(&b->key, &b->rng),
		"cannot make a key");
}

/* Other hashes in each round, as in the requests. */
static void bare_renew(struct bare *b)
{
	for (size_t i = 0; i < BATCH; i++)
		must(!wc_RNG_GenerateBlock(&b->rng, b->items[i].hash, sizeof(b->items[i].hash)),
			"no randomness");
}

static void bare_sign(struct bare *b, size_t i)
{
	b->items[i].signature_len = sizeof(b->items[i].signature);
	must(!wc_ecc_sign_hash(b->items[i].hash, sizeof(b->items[i].hash),
		     b->items[i].signature, &b->items[i].signature_len, &b->rng, &b->key),
		"wolfCrypt does not sign");
}

static void bare_verify(struct bare *b, size_t i)
{
	int is_valid = 0;

	must(!wc_ecc_verify_hash(b->items[i].signature, b->items[i].signature_len,
		     b->items[i].hash, sizeof(b->items[i].hash), &is_valid, &b->key) &&
			is_valid == 1,
		"wolfCrypt does not verify");
}

/* ---- the policy room ---- */

struct request {
	char call_id[32];
	struct buf lines; /* as signed */
	struct identity_facts facts;
};

struct bench {
	struct bare bare;
	struct policy *policy;
	struct fingerprint_set fingerprints;
	struct request requests[BATCH];
};

static void open_policy(struct bench *b)
{
	struct buf ca_key, ca, key, certificate;
	struct policy_domain domain = {.name = SLICE("atlanta.test"), .info_url = SLICE(URL)};
	struct policy_config config;
	char fault[256] = "";

	buf_init(&ca_key, 65536);
	buf_init(&ca, 65536);
	buf_init(&key, 65536);
	buf_init(&certificate, 65536);
	must(!keygen_ca(SLICE("bench CA"), NOW, 30, &ca_key, &ca) &&
			!keygen_domain(buf_slice(&ca_key), buf_slice(&ca), domain.name,
				(struct slice){0}, NOW, 30, &key, &certificate),
		"cannot make certificates");
	domain.certificate_pem = buf_slice(&certificate);
	domain.key_pem = buf_slice(&key);
	policy_config_init(&config);
	config.domains = &domain;
	config.domain_count = 1;
	config.anchors_pem = buf_slice(&ca);
	must(!policy_new(&b->policy, &config, fault, sizeof(fault)), fault);
	must(!policy_store_certificate(
		     b->policy, SLICE(URL), domain.certificate_pem, 86400, NOW),
		"cannot store the certificate");
	buf_fini_secret(&ca_key);
	buf_fini_secret(&key);
	buf_fini(&ca);
	buf_fini(&certificate);
}

static void sign(struct bench *b, struct request *r)
{
	const struct sign_request request = {.passport = true,
		.method = SLICE("INVITE"),
		.from_uri = SLICE("sip:alice@atlanta.test"),
		.to_uri = SLICE("sip:bob@biloxi.test"),
		.call_id = slice_str(r->call_id),
		.cseq = 1,
		.contact_uri = SLICE("sip:192.0.2.1:5061;transport=tls"),
		.body = SLICE(BODY),
		.fingerprints = &b->fingerprints};

	must(!policy_sign(b->policy, &request, NOW, &r->lines), "cannot sign");
}

/* What a request's parser does; not part of the verdict. */
static void read_lines(struct bench *b, struct request *r)
{
	struct slice rest = buf_slice(&r->lines);

	r->facts = (struct identity_facts){.method = SLICE("INVITE"),
		.from_uri = SLICE("sip:alice@atlanta.test"),
		.from_tag = SLICE("tag1"),
		.to_uri = SLICE("sip:bob@biloxi.test"),
		.call_id = slice_str(r->call_id),
		.cseq = 1,
		.contact_uri = SLICE("sip:192.0.2.1:5061;transport=tls"),
		.body = SLICE(BODY),
		.fingerprints = &b->fingerprints};
	while (rest.len) {
		struct slice value = slice_trim(slice_cut(&rest, '\n'));
		struct slice name = slice_cut(&value, ':');
		if (slice_equal(name, SLICE("Date")))
			r->facts.date = slice_trim(value);
		else
			r->facts.identity[r->facts.identity_count++] = slice_trim(value);
	}
}

static void verify(struct bench *b, struct request *r)
{
	static const struct identity_rules rules = {
		.accept_8224 = true, .is_required = true, .require_mky = true};
	struct identity_verdict verdict;

	policy_verify(b->policy, &r->facts, &rules, NOW, &verdict);
	must(verdict.outcome == IDENTITY_VERIFIED, verdict.why);
}

/* ---- in turns ---- */

/* Seconds of one operation, in each step: a step is short, so that what else the machine does
 * meets the bare operation and the whole one alike. */
struct times {
	double bare_sign_s[STEPS], sign_s[STEPS], bare_verify_s[STEPS], verify_s[STEPS];
};

static void step_sign(struct bench *b, size_t first, size_t step, struct times *out)
{
	double at[3];

	at[0] = cpu_s();
	for (size_t i = first; i < first + STEP; i++)
		bare_sign(&b->bare, i);
	at[1] = cpu_s();
	for (size_t i = first; i < first + STEP; i++)
		sign(b, &b->requests[i]);
	at[2] = cpu_s();
	out->bare_sign_s[step] = (at[1] - at[0]) / STEP;
	out->sign_s[step] = (at[2] - at[1]) / STEP;
}

static void step_verify(struct bench *b, size_t first, size_t step, struct times *out)
{
	double at[3];

	at[0] = cpu_s();
	for (size_t i = first; i < first + STEP; i++)
		bare_verify(&b->bare, i);
	at[1] = cpu_s();
	for (size_t i = first; i < first + STEP; i++)
		verify(b, &b->requests[i]);
	at[2] = cpu_s();
	out->bare_verify_s[step] = (at[1] - at[0]) / STEP;
	out->verify_s[step] = (at[2] - at[1]) / STEP;
}

static void run_round(struct bench *b, unsigned number, struct times *out)
{
	for (size_t i = 0; i < BATCH; i++) {
		struct request *r = &b->requests[i];
		snprintf(r->call_id, sizeof(r->call_id), "%u-%zu@bench", number, i);
		buf_reset(&r->lines);
	}
	bare_renew(&b->bare);
	for (size_t i = 0; i < BATCH; i += STEP)
		step_sign(b, i, (number * BATCH + i) / STEP, out);
	for (size_t i = 0; i < BATCH; i++)
		read_lines(b, &b->requests[i]);
	for (size_t i = 0; i < BATCH; i += STEP)
		step_verify(b, i, (number * BATCH + i) / STEP, out);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* A tenth of the steps were faster: those in which the machine was quiet. */
static double quiet(double values[STEPS])
{
	qsort(values, STEPS, sizeof(values[0]), compare);
	return values[STEPS / 10];
}

static void report(struct times *t)
{
	double bare_sign_s = quiet(t->bare_sign_s), sign_s = quiet(t->sign_s);
	double bare_verify_s = quiet(t->bare_verify_s), verify_s = quiet(t->verify_s);

	printf("ECDSA P-256 verify  %8.0f per CPU-second\n", 1 / bare_verify_s);
	printf("policy_verify       %8.0f per CPU-second\n", 1 / verify_s);
	printf("ECDSA P-256 sign    %8.0f per CPU-second\n", 1 / bare_sign_s);
	printf("policy_sign         %8.0f per CPU-second\n", 1 / sign_s);
	printf("bench-identity: verify_vs_bare=%.2f sign_vs_bare=%.2f\n",
		verify_s / bare_verify_s, sign_s / bare_sign_s);
}

int main(void)
{
	static struct bench b;
	static struct times times;
	struct fingerprint f;

	open_policy(&b);
	bare_init(&b.bare);
	must(!fingerprint_parse(&f, SLICE(FINGERPRINT)), "no fingerprint");
	fingerprint_set_add(&b.fingerprints, &f);
	for (size_t i = 0; i < BATCH; i++)
		buf_init(&b.requests[i].lines, TEXT_MAX);
	for (unsigned i = 0; i < ROUNDS; i++)
		run_round(&b, i, &times);
	report(&times);
	for (size_t i = 0; i < BATCH; i++)
		buf_fini(&b.requests[i].lines);
	policy_free(b.policy);
	wc_ecc_free(&b.bare.key);
	wc_FreeRng(&b.bare.rng);
	return 0;
}
