/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the actors of a scenario say: phones and the neighbour domain, written by hand so
 * that nothing of the program under test speaks to itself. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "sbc/sdp.h"
#include "tests/scenario/world.h"

#define TEXT_MAX 8192

const char *const world_fingerprint[ACTOR_COUNT] = {
	"sha-256 A1:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:"
	"11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00",
	"sha-256 B1:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:"
	"11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00",
	"sha-256 C1:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:"
	"11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00",
	"sha-256 E1:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:"
	"11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00",
	"sha-256 F1:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:"
	"11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00",
	"sha-256 D1:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:"
	"11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00",
};

static const char *const contact[ACTOR_COUNT] = {
	"<sip:alice@127.0.0.10:40001;transport=tls>",
	"<sip:bob@127.0.0.11:40002>",
	"<sip:127.0.0.12:5061;transport=tls>",
	"<sip:mallory@127.0.0.66:40066>",
	"<sip:127.0.0.13:5060>",
	"<sip:127.0.0.14:5060>",
};
static const char *const via[ACTOR_COUNT] = {
	"SIP/2.0/TLS 127.0.0.10:40001",
	"SIP/2.0/UDP 127.0.0.11:40002",
	"SIP/2.0/TLS 127.0.0.12:5061",
	"SIP/2.0/UDP 127.0.0.66:40066",
	"SIP/2.0/UDP 127.0.0.13:5060",
	"SIP/2.0/UDP 127.0.0.14:5060",
};
static const char *const aor[ACTOR_COUNT] = {
	"sip:alice@atlanta.test",
	"sip:bob@atlanta.test",
	"sip:carol@biloxi.test",
	"sip:mallory@evil.test",
	"sip:+4930123@trunk.test",
	"sip:+4930124@spare.test",
};

const char *world_sdp(enum actor who, const char *setup, int alter, char *out, size_t size)
{
	char fingerprint[FINGERPRINT_TEXT_MAX];

	snprintf(fingerprint, sizeof(fingerprint), "%s", world_fingerprint[who]);
	if (alter)
		fingerprint[9] = fingerprint[9] == '7' ? '8' : '7';
	snprintf(out, size,
		"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
		"m=audio %d UDP/TLS/RTP/SAVPF 0 101\r\na=rtpmap:0 PCMU/8000\r\n"
		"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
		"a=rtcp-mux\r\na=setup:%s\r\na=fingerprint:%s\r\na=sendrecv\r\n",
		30000 + 2 * (int)who, setup, fingerprint);
	return out;
}

#define WORDS_MAX 2048

/* Two descriptions are often in one expression. */
static char *words_memory(void)
{
	static char text[2][WORDS_MAX];
	static int next;

	next = !next;
	return text[next];
}

const char *world_words(enum actor who, const char *setup, int alter)
{
	return world_sdp(who, setup, alter, words_memory(), WORDS_MAX);
}

const char *world_offer(enum actor who, const char *from, const char *to)
{
	char *text = words_memory();

	world_sdp(who, "actpass", 0, text, WORDS_MAX);
	if (from)
		world_edit(text, WORDS_MAX, from, to);
	return text;
}

static void new_branch(struct world *w, char *out, size_t size)
{
	snprintf(out, size, "z9hG4bK-scenario-%u", ++w->next_branch);
}

/* What the lines behind the other headers say about the body, and the body. */
static const char *body_of(const struct world *w, const char *sdp, char *out, size_t size)
{
	char space[TEXT_MAX];
	const char *body = sdp;

	if (w->part && sdp[0]) {
		snprintf(space, sizeof(space),
			"--=sip=\r\n%s\r\n--=sip=\r\nContent-Type: application/sdp\r\n\r\n%s"
			"\r\n--=sip=\r\n%s\r\n--=sip=--\r\n",
			w->part, sdp, w->part);
		body = space;
	}
	if (w->type && sdp[0]) {
		snprintf(out, size, "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
			w->type, strlen(body), body);
		return out;
	}
	snprintf(out, size, "%sContent-Length: %zu\r\n\r\n%s",
		!sdp[0]       ? ""
		: body == sdp ? "Content-Type: application/sdp\r\n"
			      : "Content-Type: multipart/mixed;boundary=\"=sip=\"\r\n",
		strlen(body), body);
	return out;
}

static void say_request(struct world *w, struct talk *t, const char *method, const char *branch,
	unsigned cseq, const char *lines, const char *body)
{
	char text[TEXT_MAX], rest[TEXT_MAX];

	snprintf(text, sizeof(text),
		"%s %s SIP/2.0\r\nVia: %s;branch=%s;rport\r\nMax-Forwards: 70\r\n"
		"From: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %u %s\r\n%s%s%s",
		method, t->target, via[t->who], branch, t->from, t->to, t->call_id, cseq,
		method, lines, w->more ? w->more : "", body_of(w, body, rest, sizeof(rest)));
	world_say(w, t->who, text);
}

static void begin(struct world *w, struct talk *t, enum actor who, const char *uri)
{
	*t = (struct talk){.who = who, .cseq = w->next_cseq++};
	snprintf(t->call_id, sizeof(t->call_id), "call-%u@%d", w->next_branch, (int)who);
	snprintf(t->from, sizeof(t->from), "<%s>;tag=tag%u", w->as ? w->as : aor[who],
		w->next_branch);
	snprintf(t->to, sizeof(t->to), "<%s>", uri);
	snprintf(t->target, sizeof(t->target), "%s", uri);
}

/* ---- digest, the phone's side (RFC 2617, MD5) by md5sum: not our own code ---- */

static void md5_hex(const char *text, char out[33])
{
	char command[2048];
	FILE *pipe;

	snprintf(command, sizeof(command), "printf %%s '%s' | md5sum", text);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_int_equal(1, fread(out, 32, 1, pipe));
	out[32] = '\0';
	pclose(pipe);
}

static void challenge_param(
	const struct sip_msg *msg, const char *header, const char *name, char *out, size_t size)
{
	struct slice value = sip_msg_header(msg, header, 0);
	char pattern[32];
	const char *at;

	out[0] = '\0';
	snprintf(pattern, sizeof(pattern), "%s=\"", name);
	for (size_t i = 0; i + strlen(pattern) < value.len; i++) {
		if (memcmp(value.ptr + i, pattern, strlen(pattern)) != 0)
			continue;
		at = value.ptr + i + strlen(pattern);
		slice_copy(
			slice_head(slice_from(value, (size_t)(at - value.ptr)),
				slice_find(slice_from(value, (size_t)(at - value.ptr)), '"')),
			out, size);
		return;
	}
}

static void credentials(struct world *w, enum actor who, const char *method, const char *uri,
	bool is_proxy, char *out, size_t size)
{
	const struct sip_msg *msg = w->heard[who].msg;
	char nonce[256], a1[200], a2[400], text[600], h1[33], h2[33], response[33];

	challenge_param(msg, is_proxy ? "Proxy-Authenticate" : "WWW-Authenticate", "nonce",
		nonce, sizeof(nonce));
	snprintf(a1, sizeof(a1), "%s:atlanta.test:secret", who == ALICE ? "alice" : "bob");
	snprintf(a2, sizeof(a2), "%s:%s", method, uri);
	md5_hex(a1, h1);
	md5_hex(a2, h2);
	snprintf(text, sizeof(text), "%s:%s:00000001:0a4f113b:auth:%s", h1, nonce, h2);
	md5_hex(text, response);
	snprintf(out, size,
		"%s: Digest username=\"%s\", realm=\"atlanta.test\", nonce=\"%s\", uri=\"%s\", "
		"response=\"%s\", algorithm=MD5, cnonce=\"0a4f113b\", qop=auth, "
		"nc=00000001\r\n",
		is_proxy ? "Proxy-Authorization" : "Authorization",
		who == ALICE ? "alice" : "bob", nonce, uri, response);
}

static void say_register(struct world *w, struct talk *t, const char *name, const char *auth)
{
	char branch[64], lines[TEXT_MAX];

	snprintf(lines, sizeof(lines), "Contact: %s\r\nExpires: 600\r\n%s", name, auth);
	new_branch(w, branch, sizeof(branch));
	say_request(w, t, "REGISTER", branch, t->cseq++, lines, "");
}

void world_register_start(struct world *w, struct talk *t, enum actor who, enum actor proxy)
{
	begin(w, t, who, aor[who]);
	snprintf(t->target, sizeof(t->target), "sip:atlanta.test");
	t->who = proxy;
	say_register(w, t, contact[proxy], "");
}

static void register_contact(
	struct world *w, enum actor who, enum actor proxy, const char *name, uint16_t code)
{
	char auth[2048];
	struct talk t;

	world_register_start(w, &t, who, proxy);
	world_hear_code(w, proxy, 401);
	credentials(w, proxy, "REGISTER", t.target, false, auth, sizeof(auth));
	say_register(w, &t, name, auth);
	world_hear_code(w, proxy, code);
}

void world_register_through(struct world *w, enum actor who, enum actor proxy)
{
	register_contact(w, who, proxy, contact[proxy], 200);
}

void world_register_as_another(struct world *w, enum actor proxy, uint16_t code)
{
	register_contact(w, BOB, proxy, "<sip:bob@another.test>", code);
}

void world_register(struct world *w, enum actor who)
{
	world_register_through(w, who, who);
}

static const char *describe(
	struct world *w, enum actor who, const char *setup, char *out, size_t size)
{
	return w->sdp[who] ? w->sdp[who] : world_sdp(who, setup, 0, out, size);
}

static void invite(struct world *w, struct talk *t, const char *more)
{
	char lines[TEXT_MAX], sdp[2048];

	snprintf(lines, sizeof(lines), "Contact: %s\r\n%s", contact[t->who], more);
	new_branch(w, t->branch, sizeof(t->branch));
	say_request(w, t, "INVITE", t->branch, t->cseq, lines,
		describe(w, t->who, "actpass", sdp, sizeof(sdp)));
}

void world_invite(struct world *w, struct talk *t, enum actor who, const char *uri)
{
	begin(w, t, who, uri);
	invite(w, t, "");
}

/* The ACK of a refusal goes within its transaction: same branch, To with the tag. */
void world_ack_refusal(struct world *w, struct talk *t)
{
	struct talk refused = *t;

	slice_copy(w->heard[t->who].msg->to.raw, refused.to, sizeof(refused.to));
	say_request(w, &refused, "ACK", t->branch, t->cseq, "", "");
}

void world_call(struct world *w, struct talk *t, enum actor who, const char *uri)
{
	world_call_refused(w, t, who, uri, 100);
}

void world_call_refused(
	struct world *w, struct talk *t, enum actor who, const char *uri, uint16_t code)
{
	char auth[2048];

	world_invite(w, t, who, uri);
	world_hear_code(w, who, 407);
	world_ack_refusal(w, t);
	credentials(w, who, "INVITE", uri, true, auth, sizeof(auth));
	t->cseq++;
	invite(w, t, auth);
	world_hear_code(w, who, code);
}

void world_invite_signed(struct world *w, struct talk *t, const char *uri, int alter)
{
	char lines[TEXT_MAX], sdp[2048];
	struct fingerprint fingerprint;
	struct fingerprint_set set = {0};
	struct buf headers;

	begin(w, t, BILOXI, uri);
	fingerprint_parse(&fingerprint, slice_str(world_fingerprint[BILOXI]));
	fingerprint_set_add(&set, &fingerprint);
	world_sdp(BILOXI, "actpass", 0, sdp, sizeof(sdp));
	struct sign_request request = {.passport = true,
		.method = SLICE("INVITE"),
		.from_uri = slice_str(aor[BILOXI]),
		.to_uri = slice_str(uri),
		.call_id = slice_str(t->call_id),
		.cseq = t->cseq,
		.contact_uri = SLICE("sip:127.0.0.12:5061;transport=tls"),
		.body = slice_str(sdp),
		.fingerprints = &set};
	buf_init(&headers, TEXT_MAX);
	assert_int_equal(0, policy_sign(w->biloxi_policy, &request,
				    w->wall_start_s + w->now / USEC_PER_SEC, &headers));
	snprintf(lines, sizeof(lines), "Contact: %s\r\n%.*s", contact[BILOXI],
		SLICE_ARG(buf_slice(&headers)));
	buf_fini(&headers);
	new_branch(w, t->branch, sizeof(t->branch));
	say_request(w, t, "INVITE", t->branch, t->cseq, lines,
		world_sdp(BILOXI, "actpass", alter, sdp, sizeof(sdp)));
}

void world_answer(struct world *w, enum actor who, uint16_t code, const char *setup)
{
	const struct sip_msg *request = w->heard[who].msg;
	char text[TEXT_MAX], space[2048], rest[TEXT_MAX];
	const char *sdp = setup ? describe(w, who, setup, space, sizeof(space)) : "";

	snprintf(text, sizeof(text),
		"SIP/2.0 %u Whatever\r\nVia: %.*s\r\nFrom: %.*s\r\nTo: %.*s%s\r\n"
		"Call-ID: %.*s\r\nCSeq: %u %.*s\r\nContact: %s\r\n%s%s",
		code, SLICE_ARG(request->via.raw), SLICE_ARG(request->from.raw),
		SLICE_ARG(request->to.raw),
		code > 100 && !request->to.tag.len ? ";tag=callee" : "",
		SLICE_ARG(request->call_id), request->cseq, SLICE_ARG(request->method_name),
		contact[who], w->more ? w->more : "", body_of(w, sdp, rest, sizeof(rest)));
	world_say(w, who, text);
}

void world_learn(struct world *w, struct talk *t)
{
	const struct sip_msg *msg = w->heard[t->who].msg;

	slice_copy(msg->to.raw, t->to, sizeof(t->to));
	if (msg->contact_count)
		slice_copy(msg->contact.uri.raw, t->target, sizeof(t->target));
}

void world_reinvite(struct world *w, struct talk *t)
{
	t->cseq++;
	invite(w, t, "");
}

void world_ack(struct world *w, struct talk *t)
{
	char branch[64];

	new_branch(w, branch, sizeof(branch));
	say_request(w, t, "ACK", branch, t->cseq, "", "");
}

void world_bye(struct world *w, struct talk *t)
{
	char branch[64];

	new_branch(w, branch, sizeof(branch));
	say_request(w, t, "BYE", branch, ++t->cseq, "", "");
}

void world_cancel(struct world *w, struct talk *t)
{
	say_request(w, t, "CANCEL", t->branch, t->cseq, "", "");
}

void world_connected(struct world *w, struct talk *t)
{
	world_register(w, BOB);
	world_call(w, t, ALICE, "sip:bob@atlanta.test");
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_answer(w, BOB, 180, NULL);
	world_hear_code(w, ALICE, 180);
	world_answer(w, BOB, 200, "active");
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, ALICE, 200);
	world_learn(w, t);
	world_ack(w, t);
	world_secured(w, MEDIA_SIDE_A);
	world_secured(w, MEDIA_SIDE_B);
}

void world_joined(struct world *w, struct talk *alice, struct talk *bob)
{
	world_connected(w, alice);
	world_callee(w, bob, BOB);
}

/* ---- the rest of a talk ---- */

void world_request(struct world *w, struct talk *t, const char *method, const char *lines,
	const char *body)
{
	bool has_contact = (strcmp(method, "INVITE") == 0 || strcmp(method, "UPDATE") == 0) &&
			   !strstr(lines, "Contact:");
	char all[TEXT_MAX];

	snprintf(all, sizeof(all), "%s%s%s%s", has_contact ? "Contact: " : "",
		has_contact ? contact[t->who] : "", has_contact ? "\r\n" : "", lines);
	new_branch(w, t->branch, sizeof(t->branch));
	say_request(w, t, method, t->branch, ++t->cseq, all, body);
}

void world_invite_again(struct world *w, struct talk *t, const char *lines, const char *body)
{
	char auth[2048], all[TEXT_MAX];

	credentials(w, t->who, "INVITE", t->target, true, auth, sizeof(auth));
	snprintf(all, sizeof(all), "Contact: %s\r\n%s%s", contact[t->who], auth, lines);
	new_branch(w, t->branch, sizeof(t->branch));
	say_request(w, t, "INVITE", t->branch, ++t->cseq, all, body);
}

void world_request_again(struct world *w, struct talk *t, const char *method, const char *body)
{
	char auth[2048];

	credentials(w, t->who, method, t->target, true, auth, sizeof(auth));
	world_request(w, t, method, auth, body);
}

void world_ack_with(struct world *w, struct talk *t, const char *body)
{
	char branch[64];

	new_branch(w, branch, sizeof(branch));
	say_request(w, t, "ACK", branch, t->cseq, "", body);
}

void world_reply(
	struct world *w, enum actor who, uint16_t code, const char *lines, const char *body)
{
	const struct sip_msg *request = w->heard[who].msg;
	char text[TEXT_MAX];

	snprintf(text, sizeof(text),
		"SIP/2.0 %u Whatever\r\nVia: %.*s\r\nFrom: %.*s\r\nTo: %.*s%s\r\n"
		"Call-ID: %.*s\r\nCSeq: %u %.*s\r\nContact: %s\r\n%s%sContent-Length: "
		"%zu\r\n\r\n%s",
		code, SLICE_ARG(request->via.raw), SLICE_ARG(request->from.raw),
		SLICE_ARG(request->to.raw),
		code > 100 && !request->to.tag.len && !strstr(lines, "X-Tag") ? ";tag=callee"
									      : "",
		SLICE_ARG(request->call_id), request->cseq, SLICE_ARG(request->method_name),
		contact[who], lines, body[0] ? "Content-Type: application/sdp\r\n" : "",
		strlen(body), body);
	world_say(w, who, text);
}

void world_callee(struct world *w, struct talk *t, enum actor who)
{
	const struct sip_msg *msg = w->heard[who].msg;

	*t = (struct talk){.who = who, .cseq = 100};
	slice_copy(msg->call_id, t->call_id, sizeof(t->call_id));
	snprintf(t->from, sizeof(t->from), "%.*s%s", SLICE_ARG(msg->to.raw),
		msg->to.tag.len ? "" : ";tag=callee");
	slice_copy(msg->from.raw, t->to, sizeof(t->to));
	snprintf(t->target, sizeof(t->target), "sip:sbc.atlanta.test");
}

void world_sign(struct world *w, const struct talk *t, const char *method, const char *body,
	char *out, size_t size)
{
	char from_uri[160] = "", to_uri[200] = "";
	struct sip_address address;
	struct slice rest = slice_str(t->from);
	struct fingerprint_set set = {0};
	const char *why;
	struct sdp *sdp;
	struct arena arena;
	struct buf headers;

	arena_init(&arena, 1 << 20);
	if (body[0]) {
		assert_int_equal(0, sdp_parse(&sdp, &arena, slice_str(body), &why));
		set = sdp->all_fingerprints;
	}
	assert_int_equal(0, sip_address_next(&address, &rest));
	slice_copy(address.uri.raw, from_uri, sizeof(from_uri));
	rest = slice_str(t->to);
	assert_int_equal(0, sip_address_next(&address, &rest));
	slice_copy(address.uri.raw, to_uri, sizeof(to_uri));
	struct sign_request request = {.passport = true,
		.method = slice_str(method),
		.from_uri = slice_str(from_uri),
		.to_uri = slice_str(to_uri),
		.call_id = slice_str(t->call_id),
		.cseq = t->cseq + 1,
		.contact_uri = SLICE("sip:127.0.0.12:5061;transport=tls"),
		.body = slice_str(body),
		.fingerprints = &set};
	buf_init(&headers, TEXT_MAX);
	assert_int_equal(0, policy_sign(w->biloxi_policy, &request,
				    w->wall_start_s + w->now / USEC_PER_SEC, &headers));
	assert_int_equal(0, slice_copy(buf_slice(&headers), out, size));
	buf_fini(&headers);
	arena_fini(&arena);
}

void world_edit(char *text, size_t size, const char *from, const char *to)
{
	char *at = strstr(text, from);
	char rest[4096];

	assert_non_null(at);
	snprintf(rest, sizeof(rest), "%s", at + strlen(from));
	snprintf(at, size - (size_t)(at - text), "%s%s", to, rest);
}

bool world_heard_body(const struct world *w, enum actor who, const char *text)
{
	struct slice body = w->heard[who].msg->body;

	return body.len && memmem(body.ptr, body.len, text, strlen(text));
}

bool world_heard_line(const struct world *w, enum actor who, const char *text)
{
	struct slice bytes = w->heard[who].bytes;

	return memmem(bytes.ptr, bytes.len, text, strlen(text));
}

void world_still_calling(struct world *w)
{
	struct sbc_counters counters;

	sbc_counters(w->sbc, &counters);
	assert_int_equal(1, counters.calls_now);
}

void world_all_over(struct world *w)
{
	struct sbc_counters counters;

	world_pass(w, 0);
	sbc_counters(w->sbc, &counters);
	assert_int_equal(0, counters.calls_now);
	assert_int_equal(fake_media()->open_count, fake_media()->close_count);
}

void world_give_certificate(struct world *w)
{
	struct http_get_result result = {.url = slice_str(w->fetch_url),
		.body = buf_slice(&w->biloxi_certificate),
		.max_age_s = 3600};

	sbc_fetched(w->sbc, &result, w->now);
	world_pass(w, 0);
}

void world_connected_peer(struct world *w, struct talk *t)
{
	world_register(w, BOB);
	world_invite_signed(w, t, "sip:bob@atlanta.test", 0);
	world_hear_code(w, BILOXI, 100);
	if (w->fetch_count == 1)
		world_give_certificate(w);
	world_hear_method(w, BOB, SIP_METHOD_INVITE);
	world_answer(w, BOB, 200, "active");
	world_hear_method(w, BOB, SIP_METHOD_ACK);
	world_hear_code(w, BILOXI, 200);
	world_learn(w, t);
	world_ack(w, t);
	world_secured(w, MEDIA_SIDE_A);
	world_secured(w, MEDIA_SIDE_B);
}

void world_invite_late(struct world *w, struct talk *t, const char *uri)
{
	char lines[TEXT_MAX], headers[4096];

	begin(w, t, BILOXI, uri);
	t->cseq--;
	world_sign(w, t, "INVITE", "", headers, sizeof(headers));
	snprintf(lines, sizeof(lines), "%s", headers);
	world_request(w, t, "INVITE", lines, "");
}
