/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates as pages. Pure. */

#include "sbc/http_cert.h"

#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "sbc/pem.h"
#include "sbc/policy_link.h"

#define BODY_MAX  65536 /* bytes of one chain */
#define PATH_SIZE 256

static const char pem_type[] = "application/pem-certificate-chain"; /* RFC 8555 section 9.1 */
static const char pem_file_type[] = "application/x-pem-file";
static const char der_type[] = "application/pkix-cert"; /* RFC 2585 section 4 */

/* One certificate, however many paths lead to it. */
struct item {
	char id[POLICY_CERTIFICATE_ID_SIZE];
	bool is_rsa; /* DER is what its readers want */
	int64_t replaced_s;
	struct buf pem, der;
	char pem_etag[HTTP_ETAG_MAX], der_etag[HTTP_ETAG_MAX];
};

struct route {
	char path[PATH_SIZE];
	struct item *item; /* borrowed */
};

struct http_cert_set {
	struct item **items; /* owned */
	size_t count;
	struct route *routes; /* owned */
	size_t route_count;
};

struct http_certs {
	char cache_control[48];
	struct http_cert_set now;
	struct item *old[HTTP_CERT_OLD_MAX]; /* owned, oldest first */
	size_t old_count;
};

int http_certs_new(struct http_certs **out, unsigned max_age_s)
{
	struct http_certs *certs = mem_alloc(sizeof(*certs));

	if (!certs)
		return SBC_ENOMEM;
	snprintf(certs->cache_control, sizeof(certs->cache_control), "public, max-age=%u",
		max_age_s);
	*out = certs;
	return 0;
}

/* ---- items ---- */

static void free_item(struct item *item)
{
	if (!item)
		return;
	buf_fini(&item->pem);
	buf_fini(&item->der);
	mem_free(item);
}

static void fini_set(struct http_cert_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		free_item(set->items[i]);
	mem_free(set->items);
	mem_free(set->routes);
	*set = (struct http_cert_set){0};
}

void http_certs_free(struct http_certs *certs)
{
	if (!certs)
		return;
	fini_set(&certs->now);
	for (size_t i = 0; i < certs->old_count; i++)
		free_item(certs->old[i]);
	mem_free(certs);
}

static int new_item(struct item **out, struct slice pem, bool is_rsa)
{
	struct item *item = mem_alloc(sizeof(*item));
	int err;

	if (!item)
		return SBC_ENOMEM;
	item->is_rsa = is_rsa;
	buf_init(&item->pem, BODY_MAX);
	buf_init(&item->der, BODY_MAX);
	err = pem_certificates(&item->pem, pem);
	err = err ? err : pem_first_der(&item->der, pem);
	err = err ? err : policy_link_certificate_id(buf_slice(&item->der), item->id);
	if (err) {
		free_item(item);
		return err;
	}
	http_etag(item->pem_etag, buf_slice(&item->pem));
	http_etag(item->der_etag, buf_slice(&item->der));
	*out = item;
	return 0;
}

static struct item *find_id(struct item *const *items, size_t count, struct slice id)
{
	for (size_t i = 0; i < count; i++)
		if (slice_equal(slice_str(items[i]->id), id))
			return items[i];
	return NULL;
}

/* ---- publishing ---- */

static void add_route(
	struct http_cert_set *set, struct item *item, const char *format, struct slice name)
{
	struct route *route = &set->routes[set->route_count++];

	snprintf(route->path, sizeof(route->path), format, SLICE_ARG(slice_head(name, 128)));
	route->item = item;
}

static int add_cert(
	struct http_cert_set *set, const struct http_cert *cert, char *fault, size_t size)
{
	static const char *const formats[] = {[HTTP_CERT_DOMAIN] = "/cert/%.*s",
		[HTTP_CERT_RSA] = "/cert/%.*s/rsa",
		[HTTP_CERT_KEY] = "/cert/keys/%.*s"};
	struct item *item, *same;
	int err = new_item(&item, cert->pem, cert->kind == HTTP_CERT_RSA);

	if (err == SBC_EINVAL)
		snprintf(fault, size,
			"%.*s: the certificate file holds something else, a private key?",
			SLICE_ARG(cert->name));
	else if (err)
		snprintf(fault, size, "%.*s: no certificate that can be served",
			SLICE_ARG(cert->name));
	if (err)
		return err;
	same = find_id(set->items, set->count, slice_str(item->id));
	if (same) {
		free_item(item);
		item = same;
	} else {
		set->items[set->count++] = item;
	}
	if (!set->route_count)
		add_route(set, item, "/cert%.*s", (struct slice){0});
	add_route(set, item, formats[cert->kind], cert->name);
	return 0;
}

static void forget_old(struct http_certs *certs, size_t index)
{
	free_item(certs->old[index]);
	certs->old_count--;
	memmove(&certs->old[index], &certs->old[index + 1],
		(certs->old_count - index) * sizeof(certs->old[0]));
}

static void forget_overdue(struct http_certs *certs, int64_t now_s)
{
	for (size_t i = certs->old_count; i > 0; i--)
		if (now_s - certs->old[i - 1]->replaced_s >= HTTP_CERT_KEPT_S)
			forget_old(certs, i - 1);
}

static void keep_old(struct http_certs *certs, struct item *item)
{
	if (certs->old_count == HTTP_CERT_OLD_MAX)
		forget_old(certs, 0);
	certs->old[certs->old_count++] = item;
}

/* One that was old is served again: an old key taken back. */
static void take_back(struct http_certs *certs)
{
	for (size_t i = certs->old_count; i > 0; i--)
		if (find_id(certs->now.items, certs->now.count,
			    slice_str(certs->old[i - 1]->id)))
			forget_old(certs, i - 1);
}

void http_cert_set_free(struct http_cert_set *set)
{
	if (set)
		fini_set(set);
	mem_free(set);
}

void http_certs_replace(struct http_certs *certs, struct http_cert_set *set, int64_t now_s)
{
	struct http_cert_set before = certs->now;

	certs->now = *set;
	mem_free(set);
	take_back(certs);
	for (size_t i = 0; i < before.count; i++) {
		if (find_id(certs->now.items, certs->now.count, slice_str(before.items[i]->id)))
			continue;
		before.items[i]->replaced_s = now_s;
		keep_old(certs, before.items[i]);
		before.items[i] = NULL;
	}
	fini_set(&before);
}

int http_cert_set_new(struct http_cert_set **out, const struct http_cert *list, size_t count,
	char *fault, size_t fault_size)
{
	struct http_cert_set *set = mem_alloc(sizeof(*set));
	int err;

	if (!set)
		return SBC_ENOMEM;
	set->items = mem_array(count + 1, sizeof(*set->items));
	set->routes = mem_array(count + 1, sizeof(*set->routes));
	err = set->items && set->routes ? 0 : SBC_ENOMEM;
	for (size_t i = 0; i < count && !err; i++)
		err = add_cert(set, &list[i], fault, fault_size);
	if (err)
		http_cert_set_free(set);
	else
		*out = set;
	return err;
}

int http_certs_publish(struct http_certs *certs, const struct http_cert *list, size_t count,
	int64_t now_s, char *fault, size_t fault_size)
{
	struct http_cert_set *set;
	int err = http_cert_set_new(&set, list, count, fault, fault_size);

	if (!err)
		http_certs_replace(certs, set, now_s);
	return err;
}

int http_certs_add_old(struct http_certs *certs, struct slice pem, bool is_rsa,
	int64_t replaced_s, int64_t now_s)
{
	struct item *item;
	int err;

	if (now_s - replaced_s >= HTTP_CERT_KEPT_S)
		return 0;
	err = new_item(&item, pem, is_rsa);
	if (err)
		return err;
	item->replaced_s = replaced_s;
	if (find_id(certs->now.items, certs->now.count, slice_str(item->id)) ||
		find_id(certs->old, certs->old_count, slice_str(item->id)))
		free_item(item);
	else
		keep_old(certs, item);
	return 0;
}

static void visit_item(const struct item *item, http_cert_kept_h *visit, void *arg)
{
	const struct http_cert_kept kept = {.id = item->id,
		.pem = buf_slice(&item->pem),
		.is_rsa = item->is_rsa,
		.replaced_s = item->replaced_s};

	visit(&kept, arg);
}

void http_cert_set_visit(const struct http_cert_set *set, http_cert_kept_h *visit, void *arg)
{
	for (size_t i = 0; i < set->count; i++)
		visit_item(set->items[i], visit, arg);
}

void http_certs_visit(const struct http_certs *certs, http_cert_kept_h *visit, void *arg)
{
	http_cert_set_visit(&certs->now, visit, arg);
	for (size_t i = 0; i < certs->old_count; i++)
		visit_item(certs->old[i], visit, arg);
}

/* ---- a request ---- */

static struct item *find_path(const struct http_cert_set *set, struct slice path)
{
	for (size_t i = 0; i < set->route_count; i++)
		if (slice_equal_nocase(slice_str(set->routes[i].path), path))
			return set->routes[i].item;
	return NULL;
}

static struct item *find(struct http_certs *certs, const struct http_request *request)
{
	static const struct slice by_id = {"/cert/id/", sizeof("/cert/id/") - 1};
	struct slice domain = http_query(request->query, SLICE("domain"));
	struct slice id = slice_from(request->path, by_id.len);
	char text[PATH_SIZE];
	struct item *item;

	if (slice_starts(request->path, by_id)) {
		item = find_id(certs->now.items, certs->now.count, id);
		return item ? item : find_id(certs->old, certs->old_count, id);
	}
	if (!domain.ptr || !slice_equal_nocase(request->path, SLICE("/cert")))
		return find_path(&certs->now, request->path);
	/* Not "a.test/rsa" by the back door. */
	if (slice_find(domain, '/') < domain.len || domain.len > 128)
		return NULL;
	snprintf(text, sizeof(text), "/cert/%.*s", SLICE_ARG(domain));
	return find_path(&certs->now, slice_str(text));
}

static unsigned wants_pem(struct slice accept, bool is_named)
{
	unsigned chain = http_accepts(accept, pem_type, is_named);
	unsigned file = http_accepts(accept, pem_file_type, is_named);

	return chain > file ? chain : file;
}

/* What the client likes better; if it has no preference, what it names; if it names neither,
 * what readers of such a certificate expect. Nothing acceptable: the same (RFC 9110 section
 * 12.5.1 allows it, and a verifier with a strange Accept is helped). */
static bool is_der_wanted(struct slice accept, const struct item *item)
{
	unsigned der = http_accepts(accept, der_type, false), pem = wants_pem(accept, false);

	if (der == pem) {
		der = http_accepts(accept, der_type, true);
		pem = wants_pem(accept, true);
	}
	return der == pem ? item->is_rsa : der > pem;
}

static void fail(struct http_answer *answer, unsigned status, const char *text)
{
	*answer = (struct http_answer){
		.status = status, .type = "text/plain; charset=utf-8", .body = slice_str(text)};
}

void http_certs_answer(struct http_certs *certs, const struct http_request *request,
	int64_t now_s, struct http_answer *answer)
{
	const struct item *item;
	const char *etag;
	bool is_der;

	forget_overdue(certs, now_s);
	if (request->method != HTTP_GET && request->method != HTTP_HEAD) {
		fail(answer, 405, "Method Not Allowed\n");
		http_answer_add(answer, "allow", "GET, HEAD");
		return;
	}
	item = find(certs, request);
	if (!item) {
		fail(answer, 404, "No such certificate\n");
		return;
	}
	is_der = is_der_wanted(request->accept, item);
	etag = is_der ? item->der_etag : item->pem_etag;
	*answer = (struct http_answer){.status = 200, .type = is_der ? der_type : pem_type};
	if (http_etag_matches(request->if_none_match, etag))
		*answer = (struct http_answer){.status = 304};
	else
		answer->body = buf_slice(is_der ? &item->der : &item->pem);
	http_answer_add(answer, "etag", etag);
	http_answer_add(answer, "cache-control", certs->cache_control);
	http_answer_add(answer, "vary", "accept");
}
