/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whose call is it? Pure. */

#include "sbc/history_party.h"

#include "sbc/sip_peek.h"

#define LOOK_MAX 4096 /* bytes of a message in which From and To nearly always are */

static struct slice without_plus(struct slice user)
{
	return slice_starts(user, SLICE("+")) ? slice_from(user, 1) : user;
}

static bool is_digits(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
	return text.len != 0;
}

bool history_party_read(struct history_party *out, struct slice text)
{
	static const struct slice schemes[] = {{"sips:", 5}, {"sip:", 4}, {"tel:", 4}};

	*out = (struct history_party){0};
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (!slice_starts_nocase(text, schemes[i]))
			continue;
		text = slice_from(text, schemes[i].len);
		break;
	}
	out->user = slice_cut(&text, '@');
	out->host = slice_head(text, slice_find(text, ';'));
	out->is_number = is_digits(without_plus(out->user));
	if (out->is_number)
		out->user = without_plus(out->user);
	return out->user.len != 0;
}

/* What follows "@" behind the user in the value that it was found in. */
static struct slice host_of(struct slice value, struct slice user)
{
	struct slice rest = slice_from(value, (size_t)(user.ptr + user.len - value.ptr));
	size_t len = 0;

	if (!slice_starts(rest, SLICE("@")))
		return SLICE("");
	rest = slice_from(rest, 1);
	while (len < rest.len && !strchr(":;>? ", rest.ptr[len]))
		len++;
	return slice_head(rest, len);
}

static bool is_in_value(const struct history_party *party, struct slice value)
{
	struct slice user = sip_peek_user(value);

	if (!user.len ||
		!slice_equal(party->is_number ? without_plus(user) : user, party->user))
		return false;
	return !party->host.len || slice_equal_nocase(host_of(value, user), party->host);
}

bool history_party_is_in(const struct history_party *party, struct slice message)
{
	struct slice head = slice_head(message, LOOK_MAX);
	struct sip_peek peek;

	if (!slice_starts(message, SLICE("INVITE ")) ||
		!memmem(head.ptr, head.len, party->user.ptr, party->user.len))
		return false;
	sip_peek(&peek, head);
	return is_in_value(party, peek.from) || is_in_value(party, peek.to) ||
	       is_in_value(party, peek.request_uri);
}
