/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * PASSporTs of type rsp (RFC 9970, connected identity for STIR): who was really reached, said
 * by the called side. This is the place where they will be judged; they are not yet.
 *
 * What is here already: the type has its name in passport.c; its field comes to this function
 * and nowhere else; v has From and To of the request that carries it, and a connected identity
 * by a plain PASSporT in an UPDATE (RFC 4916) is judged by the same verification with the
 * called one as From. What is missing: its claims (passport.c, check_type()), which of orig
 * and dest is whom, and the way for a response's Identity to get here: responses are not
 * judged (sbc/leg_uac.c).
 *
 * Until then it is a type that we do not know (RFC 8224 section 6.2 step 1): it is ignored,
 * whatever else is wrong with it; when nothing else is there it is as if there were none. It
 * must never verify a request, and never be what one is refused for. Signalling thread.
 */

#include "policy/token.h"

enum judgement rsp_judge(
	const struct verification *v, const struct identity_value *value, struct token *token)
{
	(void)v;
	(void)value;
	(void)token;
	return JUDGED_IGNORED;
}
