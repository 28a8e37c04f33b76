/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates for a lab: what our own reader and OpenSSL think of them. */

#include "tests/unit/policy/fixture.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/pem.h"
#include "policy/cert.h"
#include "policy/keygen.h"

struct made {
	struct buf ca_key, ca, key, certificate;
};

static int make(struct made *m, const char *domain, const char *ip)
{
	buf_init(&m->ca_key, 8192);
	buf_init(&m->ca, 8192);
	buf_init(&m->key, 8192);
	buf_init(&m->certificate, 16384);
	assert_int_equal(0, keygen_ca(SLICE("lab CA"), NOW, 30, &m->ca_key, &m->ca));
	return keygen_domain(buf_slice(&m->ca_key), buf_slice(&m->ca), slice_str(domain),
		slice_str(ip), NOW, 20, &m->key, &m->certificate);
}

static void unmake(struct made *m)
{
	buf_fini_secret(&m->ca_key);
	buf_fini(&m->ca);
	buf_fini_secret(&m->key);
	buf_fini(&m->certificate);
}

static void our_reader(void **state)
{
	struct cert_anchors *anchors = NULL;
	struct crypto_key *key = NULL;
	struct cert *cert = NULL;
	struct made m;

	(void)state;
	assert_int_equal(0, make(&m, "atlanta.test", "127.0.0.1"));
	assert_int_equal(0, cert_anchors_new(&anchors, buf_slice(&m.ca)));
	assert_int_equal(0, cert_new(&cert, buf_slice(&m.certificate), anchors));
	assert_true(cert->is_trusted);
	assert_true(cert->may_sign);
	assert_string_equal("atlanta.test", cert_covers(cert, SLICE("atlanta.test")));
	assert_int_equal(1, cert->name_count);
	assert_int_equal(CRYPTO_KEY_P256, cert_key_kind(cert));
	assert_true(cert_is_valid_at(&cert->chain, NOW));
	assert_true(cert_is_valid_at(&cert->chain, NOW - 3600)); /* slow clocks */
	assert_int_equal(NOW + 20 * 86400, cert->chain.not_after);
	assert_int_equal(0, crypto_key_private(&key, buf_slice(&m.key)));
	assert_true(crypto_key_match(key, cert->key));
	crypto_key_free(key);
	cert_free(cert);
	/* A domain's certificate signs no other. */
	assert_int_equal(SBC_ECRYPTO,
		keygen_domain(buf_slice(&m.key), buf_slice(&m.certificate), SLICE("x.test"),
			(struct slice){0}, NOW, 1, &m.ca_key, &m.ca));
	cert_anchors_free(anchors);
	unmake(&m);
}

static void write_file(const char *directory, const char *name, const struct buf *bytes)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(bytes->len, fwrite(bytes->data, 1, bytes->len, file));
	fclose(file);
}

static int shell(const char *directory, const char *command)
{
	char line[1024];

	snprintf(line, sizeof(line), "cd %s && %s >out 2>&1", directory, command);
	return system(line);
}

/* The strictest reading that OpenSSL has; as TLS server and client; key and certificate. */
static void openssl_reader(void **state)
{
	static const struct {
		const char *domain, *ip, *check;
	} table[] = {
		{"atlanta.test", "127.0.0.1", "-verify_ip 127.0.0.1"},
		{"biloxi.test", "::1", "-verify_ip ::1"},
		{"a-very-long-label-that-is-nearly-as-long-as-a-label-may-be.of-a.long.domain."
		 "test",
			"", ""},
	};
	char directory[] = "/tmp/countersip-keygen-XXXXXX", command[512];

	(void)state;
	assert_non_null(mkdtemp(directory));
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct made m;
		assert_int_equal(0, make(&m, table[i].domain, table[i].ip));
		write_file(directory, "ca.pem", &m.ca);
		write_file(directory, "leaf.pem", &m.certificate);
		write_file(directory, "leaf.key", &m.key);
		snprintf(command, sizeof(command),
			"openssl verify -x509_strict -attime %lld -purpose sslserver "
			"-verify_hostname %s %s -CAfile ca.pem leaf.pem",
			(long long)NOW, table[i].domain, table[i].check);
		assert_int_equal(0, shell(directory, command));
		snprintf(command, sizeof(command),
			"openssl verify -x509_strict -attime %lld -purpose sslclient -CAfile "
			"ca.pem "
			"leaf.pem",
			(long long)NOW);
		assert_int_equal(0, shell(directory, command));
		assert_int_equal(
			0, shell(directory,
				   "openssl pkey -in leaf.key -pubout -out key.pub && openssl "
				   "x509 -in leaf.pem -noout -pubkey | cmp - key.pub"));
		/* RFC 5280 section 4.1.2.2: a positive number. */
		assert_int_equal(0,
			shell(directory,
				"openssl x509 -in leaf.pem -noout -serial | grep -q =[4-7]"));
		unmake(&m);
	}
	snprintf(command, sizeof(command), "rm -r %s", directory);
	assert_int_equal(0, system(command));
}

/* RFC 5280 section 4.1.2.2: no two serial numbers alike; and no two keys. */
static void each_is_its_own(void **state)
{
	struct made one, two;

	(void)state;
	assert_int_equal(0, make(&one, "atlanta.test", ""));
	assert_int_equal(0, make(&two, "atlanta.test", ""));
	assert_false(slice_equal(buf_slice(&one.key), buf_slice(&two.key)));
	assert_false(slice_equal(buf_slice(&one.certificate), buf_slice(&two.certificate)));
	/* The CA comes behind the leaf. */
	assert_non_null(strstr(one.certificate.data, one.ca.data));
	/* Another CA's key. */
	assert_int_equal(SBC_ECRYPTO,
		keygen_domain(buf_slice(&two.ca_key), buf_slice(&one.ca), SLICE("x.test"),
			(struct slice){0}, NOW, 1, &one.key, &one.certificate));
	unmake(&one);
	unmake(&two);
}

/* GeneralizedTime from 2050 on (RFC 5280 section 4.1.2.5). */
static void far_future(void **state)
{
	struct cert *cert = NULL;
	struct buf key, ca;

	(void)state;
	buf_init(&key, 8192);
	buf_init(&ca, 8192);
	assert_int_equal(0, keygen_ca(SLICE("lab CA"), NOW, 36500, &key, &ca));
	assert_int_equal(0, cert_new(&cert, buf_slice(&ca), NULL));
	assert_int_equal(NOW + INT64_C(36500) * 86400, cert->leaf.not_after);
	assert_int_equal(NOW - 3600, cert->leaf.not_before);
	cert_free(cert);
	buf_fini(&key);
	buf_fini(&ca);
}

static void refusals(void **state)
{
	static const struct {
		const char *domain, *ip;
		int days, err;
	} table[] = {
		{"", "", 1, SBC_EINVAL},
		{"a b", "", 1, SBC_EINVAL},
		{"*.test", "", 1, SBC_EINVAL},
		{"[::1]", "", 1, SBC_EINVAL},
		{"x.test", "not an address", 1, SBC_EINVAL},
		{"x.test", "", 0, SBC_EINVAL},
		{"x.test", "", 100000, SBC_EINVAL},
	};
	struct made m;
	struct buf small;
	int err = SBC_ENOMEM;

	(void)state;
	assert_int_equal(0, make(&m, "x.test", ""));
	for (size_t i = 0; i < COUNT_OF(table); i++)
		assert_int_equal(table[i].err,
			keygen_domain(buf_slice(&m.ca_key), buf_slice(&m.ca),
				slice_str(table[i].domain), slice_str(table[i].ip), NOW,
				table[i].days, &m.key, &m.certificate));
	assert_int_equal(
		SBC_ECRYPTO, keygen_domain(SLICE("x"), buf_slice(&m.ca), SLICE("x.test"),
				     (struct slice){0}, NOW, 1, &m.key, &m.certificate));
	assert_int_equal(
		SBC_ECRYPTO, keygen_domain(buf_slice(&m.ca_key), SLICE("x"), SLICE("x.test"),
				     (struct slice){0}, NOW, 1, &m.key, &m.certificate));
	assert_int_equal(SBC_EINVAL, keygen_ca(SLICE(""), NOW, 1, &m.key, &m.certificate));
	assert_int_equal(SBC_EINVAL, keygen_ca(SLICE("\n"), NOW, 1, &m.key, &m.certificate));
	buf_init(&small, 10);
	assert_int_equal(SBC_ELIMIT, keygen_ca(SLICE("x"), NOW, 1, &small, &m.certificate));
	buf_fini(&small);
	for (long i = 0; err && i < 100; i++) {
		buf_reset(&m.key);
		buf_reset(&m.certificate);
		mem_fail_after(i);
		err = keygen_domain(buf_slice(&m.ca_key), buf_slice(&m.ca), SLICE("x.test"),
			(struct slice){0}, NOW, 1, &m.key, &m.certificate);
		mem_fail_after(-1);
		assert_true(
			!err || err == SBC_ENOMEM || err == SBC_ECRYPTO || err == SBC_ELIMIT);
	}
	assert_int_equal(0, err);
	unmake(&m);
}

static void key_of_ones_own(void **state)
{
	const struct slice numbers[] = {
		SLICE("+12155551212"), SLICE("12155551300-12155551399"), SLICE("spc:709J")};
	const struct keygen_subject subject = {
		.domain = SLICE("atlanta.test"), .numbers = numbers, .number_count = 3};
	struct buf key, certificate, request;
	struct cert_anchors *anchors = NULL;
	struct cert *cert = NULL;
	char text[CERT_TEXT_MAX];

	(void)state;
	buf_init(&key, 8192);
	buf_init(&certificate, 8192);
	buf_init(&request, 8192);
	assert_int_equal(0, keygen_key(&key));
	assert_int_equal(0, keygen_request(buf_slice(&key), &subject, &request));
	assert_int_equal(
		0, keygen_self_signed(buf_slice(&key), &subject, NOW, 20, &certificate));
	/* Its own CA: whoever takes it as an anchor believes it. */
	assert_int_equal(0, cert_anchors_new(&anchors, buf_slice(&certificate)));
	assert_int_equal(0, cert_new(&cert, buf_slice(&certificate), anchors));
	assert_true(cert->is_trusted && cert->may_sign);
	assert_non_null(cert_covers(cert, SLICE("atlanta.test")));
	assert_true(cert_covers_number(cert, SLICE("12155551212"), SLICE(""), text));
	assert_true(cert_covers_number(cert, SLICE("12155551399"), SLICE(""), text));
	assert_false(cert_covers_number(cert, SLICE("12155551400"), SLICE(""), text));
	assert_true(cert_covers_number(cert, SLICE("4940"), SLICE("709J"), text));
	cert_free(cert);
	cert_anchors_free(anchors);
	buf_fini_secret(&key);
	buf_fini(&certificate);
	buf_fini(&request);
}

static void numbers_that_are_none(void **state)
{
	static const char *const table[] = {"", "+", "abc", "1-", "-1", "12-1", "1-12", "12-12",
		"1234567890123456-1234567890123457", "spc:", "spc:a b",
		"spc:01234567890123456789"};
	struct buf key, request;

	(void)state;
	buf_init(&key, 8192);
	buf_init(&request, 8192);
	assert_int_equal(0, keygen_key(&key));
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		const struct slice number = slice_str(table[i]);
		const struct keygen_subject subject = {.numbers = &number, .number_count = 1};
		assert_int_equal(
			SBC_EINVAL, keygen_request(buf_slice(&key), &subject, &request));
	}
	assert_int_equal(0, request.len);
	buf_fini_secret(&key);
	buf_fini(&request);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_of_ones_own),
		cmocka_unit_test(numbers_that_are_none),
		cmocka_unit_test(our_reader),
		cmocka_unit_test(openssl_reader),
		cmocka_unit_test(each_is_its_own),
		cmocka_unit_test(far_future),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
