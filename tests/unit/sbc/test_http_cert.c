/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates as pages: paths, forms, validators, and what becomes of replaced ones. */

#include "tests/cmocka_first.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "policy/keygen.h"
#include "sbc/cert_archive.h"
#include "sbc/pem.h"
#include "sbc/policy_link.h"

#define NOW 1798761600

struct stage {
	struct buf key, certificate, next_key, next, rsa; /* rsa: any other certificate */
	struct http_certs *certs;
	char id[POLICY_CERTIFICATE_ID_SIZE];
	char path[64];
	char directory[64];
};

static void make(struct buf *key, struct buf *certificate, struct slice name)
{
	buf_init(key, 8192);
	buf_init(certificate, 8192);
	assert_int_equal(0, keygen_ca(name, NOW, 10, key, certificate));
}

static int setup(void **state)
{
	static struct stage stage;
	struct buf key, der;

	memset(&stage, 0, sizeof(stage));
	make(&stage.key, &stage.certificate, SLICE("first"));
	make(&stage.next_key, &stage.next, SLICE("next"));
	make(&key, &stage.rsa, SLICE("rsa"));
	buf_fini(&key);
	buf_init(&der, 8192);
	assert_int_equal(0, http_certs_new(&stage.certs, 60));
	assert_int_equal(0, pem_first_der(&der, buf_slice(&stage.certificate)));
	assert_int_equal(0, policy_link_certificate_id(buf_slice(&der), stage.id));
	snprintf(stage.path, sizeof(stage.path), "/cert/id/%s", stage.id);
	buf_fini(&der);
	snprintf(stage.directory, sizeof(stage.directory), "/tmp/test_http_cert.XXXXXX");
	assert_non_null(mkdtemp(stage.directory));
	*state = &stage;
	return 0;
}

static void empty(const char *directory)
{
	char path[512];
	DIR *all = opendir(directory);
	const struct dirent *entry;

	while (all && (entry = readdir(all))) {
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		unlink(path);
	}
	if (all)
		closedir(all);
	rmdir(directory);
}

static int teardown(void **state)
{
	struct stage *stage = *state;
	char path[128];

	buf_fini(&stage->key);
	buf_fini(&stage->certificate);
	buf_fini(&stage->next_key);
	buf_fini(&stage->next);
	buf_fini(&stage->rsa);
	http_certs_free(stage->certs);
	snprintf(path, sizeof(path), "%s/certificates", stage->directory);
	empty(path);
	empty(stage->directory);
	return 0;
}

static int publish(struct http_certs *certs, const struct buf *first, const struct buf *rsa,
	int64_t now_s, char *fault)
{
	const struct http_cert list[] = {
		{HTTP_CERT_DOMAIN, SLICE("atlanta.test"), buf_slice(first)},
		{HTTP_CERT_DOMAIN, SLICE("biloxi.test"), buf_slice(first)},
		{HTTP_CERT_RSA, SLICE("biloxi.test"), buf_slice(rsa)},
		{HTTP_CERT_KEY, SLICE("numbers"), buf_slice(first)},
	};

	return http_certs_publish(certs, list, 4, now_s, fault, 128);
}

static unsigned ask(struct http_certs *certs, const char *path, const char *accept,
	int64_t now_s, struct http_answer *answer)
{
	struct http_request request = {
		.method = HTTP_GET, .path = slice_str(path), .accept = slice_str(accept)};
	size_t at = slice_find(request.path, '?');

	request.query = slice_from(request.path, at + 1);
	request.path = slice_head(request.path, at);
	http_certs_answer(certs, &request, now_s, answer);
	return answer->status;
}

#define PEM "application/pem-certificate-chain"
#define DER "application/pkix-cert"

static void paths(void **state)
{
	static const struct {
		const char *path, *accept;
		unsigned status;
		const char *type, *why;
	} table[] = {
		{"/cert", "", 200, PEM, "the first domain (ID8224-14)"},
		{"/cert/atlanta.test", "", 200, PEM, "by name"},
		{"/cert/BILOXI.test", "*/*", 200, PEM, "names have no case"},
		{"/cert?domain=biloxi.test", "", 200, PEM, "as others ask"},
		{"/cert/keys/numbers", "", 200, PEM, "a key"},
		{"/cert/biloxi.test/rsa", "", 200, DER, "ID4474-14: DER"},
		{"/cert/biloxi.test/rsa", "*/*", 200, DER, "what curl sends"},
		{"/cert/biloxi.test/rsa", PEM, 200, PEM, "as asked for"},
		{"/cert/biloxi.test/rsa", "application/x-pem-file", 200, PEM, "its other name"},
		{"/cert", DER, 200, DER, "as asked for"},
		{"/cert", DER ", */*", 200, DER, "what is named wins"},
		{"/cert", DER ";q=0.5, " PEM, 200, PEM, "what is liked better wins"},
		{"/cert", "*/*, " DER ";q=0.5", 200, PEM, "likewise"},
		{"/cert", "text/html", 200, PEM, "neither: still a certificate"},
		{"/cert/atlanta.test/rsa", "", 404, NULL, "it has none"},
		{"/cert?domain=biloxi.test/rsa", "", 404, NULL, "no back door"},
		{"/cert?domain=", "", 404, NULL, "no name"},
		{"/cert/", "", 404, NULL, "no name"},
		{"/cert/id/", "", 404, NULL, "no id"},
		{"/cert/id/0000000000000000", "", 404, NULL, "unknown"},
	};
	struct stage *stage = *state;
	struct http_answer answer;
	char fault[128];

	assert_int_equal(
		0, publish(stage->certs, &stage->certificate, &stage->rsa, NOW, fault));
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		unsigned status =
			ask(stage->certs, table[i].path, table[i].accept, NOW, &answer);
		if (status != table[i].status)
			fail_msg("%s: %u", table[i].why, status);
		if (!table[i].type)
			continue;
		if (strcmp(table[i].type, answer.type))
			fail_msg("%s: %s", table[i].why, answer.type);
		assert_true(slice_starts(answer.body,
			strcmp(answer.type, PEM) ? SLICE("\x30") : SLICE("-----BEGIN CERT")));
	}
	assert_int_equal(200, ask(stage->certs, stage->path, "", NOW, &answer));
	assert_true(slice_equal(buf_slice(&stage->certificate), answer.body));
}

static void validators(void **state)
{
	struct stage *stage = *state;
	struct http_request request = {.method = HTTP_GET, .path = SLICE("/cert")};
	struct http_answer answer;
	char fault[128], etag[64];

	assert_int_equal(
		0, publish(stage->certs, &stage->certificate, &stage->rsa, NOW, fault));
	http_certs_answer(stage->certs, &request, NOW, &answer);
	assert_string_equal("etag", answer.headers[0].name);
	snprintf(etag, sizeof(etag), "%s", answer.headers[0].value);
	assert_string_equal("public, max-age=60", answer.headers[1].value);
	assert_string_equal("accept", answer.headers[2].value);
	request.if_none_match = slice_str(etag);
	http_certs_answer(stage->certs, &request, NOW, &answer);
	assert_int_equal(304, answer.status);
	assert_int_equal(0, answer.body.len);
	/* The other form is another thing. */
	request.accept = SLICE(DER);
	http_certs_answer(stage->certs, &request, NOW, &answer);
	assert_int_equal(200, answer.status);
	request.method = HTTP_POST;
	http_certs_answer(stage->certs, &request, NOW, &answer);
	assert_int_equal(405, answer.status);
}

/* A signature made just before must still be checked just after. */
static void replaced(void **state)
{
	struct stage *stage = *state;
	struct http_answer answer;
	char fault[128];

	assert_int_equal(
		0, publish(stage->certs, &stage->certificate, &stage->rsa, NOW, fault));
	assert_int_equal(0, publish(stage->certs, &stage->next, &stage->rsa, NOW + 10, fault));
	assert_int_equal(200, ask(stage->certs, "/cert", "", NOW + 10, &answer));
	assert_true(slice_equal(buf_slice(&stage->next), answer.body));
	assert_int_equal(200, ask(stage->certs, stage->path, "", NOW + 10, &answer));
	assert_true(slice_equal(buf_slice(&stage->certificate), answer.body));
	assert_int_equal(200, ask(stage->certs, stage->path, "", NOW + 3609, &answer));
	assert_int_equal(404, ask(stage->certs, stage->path, "", NOW + 3610, &answer));
	/* And taken back. */
	assert_int_equal(
		0, publish(stage->certs, &stage->certificate, &stage->rsa, NOW + 4000, fault));
	assert_int_equal(200, ask(stage->certs, stage->path, "", NOW + 90000, &answer));
}

static void refuses(void **state)
{
	struct stage *stage = *state;
	struct http_answer answer;
	struct buf mixed, nothing;
	char fault[128];

	buf_init(&mixed, 65536);
	buf_init(&nothing, 16);
	buf_put_slice(&mixed, buf_slice(&stage->certificate));
	buf_put_slice(&mixed, buf_slice(&stage->key));
	assert_int_equal(
		0, publish(stage->certs, &stage->certificate, &stage->rsa, NOW, fault));
	assert_int_equal(SBC_EINVAL, publish(stage->certs, &mixed, &stage->rsa, NOW, fault));
	assert_string_equal(
		"atlanta.test: the certificate file holds something else, a private key?",
		fault);
	assert_int_equal(SBC_EPARSE, publish(stage->certs, &nothing, &stage->rsa, NOW, fault));
	/* All or nothing. */
	assert_int_equal(200, ask(stage->certs, "/cert/biloxi.test", "", NOW, &answer));
	buf_fini(&mixed);
}

/* ---- over a restart ---- */

static void on_fault(const char *sentence, void *arg)
{
	(void)arg;
	fail_msg("%s", sentence);
}

static struct http_certs *restart(struct stage *stage, const struct buf *first, int64_t now_s)
{
	const struct provision say = {.state_dir = stage->directory, .fault = on_fault};
	struct http_certs *certs;
	char fault[128];

	assert_int_equal(0, http_certs_new(&certs, 60));
	assert_int_equal(0, publish(certs, first, &stage->rsa, now_s, fault));
	assert_int_equal(0, cert_archive_sync(&say, certs, now_s));
	return certs;
}

static void archive(void **state)
{
	struct stage *stage = *state;
	struct http_answer answer;
	char path[128];
	struct stat st;

	http_certs_free(restart(stage, &stage->certificate, NOW));
	snprintf(path, sizeof(path), "%s/certificates/%s.pem", stage->directory, stage->id);
	assert_int_equal(0, stat(path, &st));

	/* Stopped for a day: its hour begins when it is replaced. */
	struct http_certs *certs = restart(stage, &stage->next, NOW + 86400);
	assert_int_equal(200, ask(certs, stage->path, "", NOW + 86400, &answer));
	assert_true(slice_equal(buf_slice(&stage->certificate), answer.body));
	http_certs_free(certs);

	/* Another restart does not begin it again. */
	certs = restart(stage, &stage->next, NOW + 86400 + 3000);
	assert_int_equal(200, ask(certs, stage->path, "", NOW + 86400 + 3599, &answer));
	assert_int_equal(404, ask(certs, stage->path, "", NOW + 86400 + 3600, &answer));
	http_certs_free(certs);
	certs = restart(stage, &stage->next, NOW + 86400 + 3600);
	assert_int_equal(404, ask(certs, stage->path, "", NOW + 86400 + 3600, &answer));
	http_certs_free(certs);
	memcpy(path + strlen(path), ".old", 5);
	assert_int_equal(-1, stat(path, &st));
	/* The old key is taken back. */
	http_certs_free(restart(stage, &stage->certificate, NOW + 90010));
	certs = restart(stage, &stage->certificate, NOW + 90020);
	assert_int_equal(200, ask(certs, stage->path, "", NOW + 99999, &answer));
	http_certs_free(certs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(paths, setup, teardown),
		cmocka_unit_test_setup_teardown(validators, setup, teardown),
		cmocka_unit_test_setup_teardown(replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses, setup, teardown),
		cmocka_unit_test_setup_teardown(archive, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
