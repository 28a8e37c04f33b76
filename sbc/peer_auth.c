/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Digest as a client of peers. Signalling thread. */

#include "sbc/peer_auth.h"

#include "base/err.h"
#include "sbc/policy_link.h"

#define CNONCE_LEN 26 /* characters of 5 bits: 130 bits */

/* The strongest that the operator allows, of the realm that he named. */
static int choose(
	const struct peer_challenged *c, const char *header, struct server_challenge *out)
{
	const struct config_peer *peer = c->peer;
	struct slice realm = slice_str(peer->auth_realm[0] ? peer->auth_realm : peer->domain);
	struct server_challenge one;
	struct slice value;
	int err = SBC_ENOENT;

	for (size_t i = 0; (value = sip_msg_header(c->response, header, i)).len; i++) {
		if (policy_server_challenge_parse(&one, value) ||
			!slice_equal(one.realm, realm) ||
			(one.algorithm == DIGEST_MD5 && !peer->auth_md5))
			continue;
		if (err || policy_server_challenge_is_stronger(&one, out))
			*out = one;
		err = 0;
	}
	return err;
}

/* RFC 7616 section 3.4: how often this nonce was answered. One that is too long to be kept in
 * mind counts as new each time. */
static uint32_t count_nonce(struct peer_entry *entry, struct slice nonce)
{
	if (!entry)
		return 1;
	if (!slice_equal(slice_str(entry->nonce), nonce)) {
		entry->nonce_count = 0;
		if (slice_copy(nonce, entry->nonce, sizeof(entry->nonce)))
			entry->nonce[0] = '\0';
	}
	return ++entry->nonce_count;
}

int peer_auth_answer(struct sbc *sbc, const struct peer_challenged *c, struct buf *lines)
{
	bool is_proxy = c->response->status == 407;
	struct digest_use use = {.method = c->method, .uri = c->uri};
	struct digest_login login;
	struct server_challenge challenge;
	char cnonce[CNONCE_LEN + 1];
	int err;

	if (!c->peer || !c->peer->auth_user[0] || !c->peer->auth_password)
		return SBC_ENOENT;
	err = choose(c, is_proxy ? "Proxy-Authenticate" : "WWW-Authenticate", &challenge);
	if (err)
		return err;
	/* The same again means that the password is wrong. */
	if (c->tries >= PEER_AUTH_TRY_MAX || (c->tries && !challenge.is_stale))
		return SBC_EPROTO;
	login = (struct digest_login){.username = slice_str(c->peer->auth_user),
		.password = slice_str(c->peer->auth_password)};
	random_token(&sbc->random, cnonce, CNONCE_LEN);
	use.cnonce = cnonce;
	use.count = count_nonce(peer_table_find(sbc->peers, c->peer), challenge.nonce);
	buf_put_str(lines, is_proxy ? "Proxy-Authorization: " : "Authorization: ");
	err = policy_digest_answer(&login, &challenge, &use, lines);
	buf_put_str(lines, "\r\n");
	return err ? err : lines->err;
}
