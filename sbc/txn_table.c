/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The four machines of RFC 3261 section 17 as RFC 6026 has corrected them. Pure: tables.
 *
 * client INVITE                           server INVITE
 *   Trying --1xx--> Proceeding              Proceeding --2xx--> Accepted --L--> Terminated
 *      |  \            |  |                    |
 *      |   `---2xx-----+--)-> Accepted         3xx-6xx
 *      |               |  |      | M           v
 *      `----3xx-6xx-> Completed  |          Completed --ACK--> Confirmed --I--> Terminated
 *                        | D     v             `--H--> Terminated
 *                     Terminated
 * client, other                           server, other
 *   Trying --1xx--> Proceeding              Trying --1xx--> Proceeding
 *      `--2xx-6xx--> Completed <--'            `--2xx-6xx--> Completed <--'
 *                        `--K--> Terminated                      `--J--> Terminated
 */

#include <assert.h>

#include "sbc/txn_internal.h"

#define TELL   TXN_DO_TELL
#define REPEAT TXN_DO_REPEAT
#define SEND   TXN_DO_SEND
#define KEEP   (TXN_DO_SEND | TXN_DO_KEEP)

/* Every cell is an answer that was chosen. */
#define ABSORB                                                                                 \
	{                                                                                      \
		TXN_SAME, 0                                                                    \
	} /* expected, needs nothing */
#define IGNORE                                                                                 \
	{                                                                                      \
		TXN_SAME, 0                                                                    \
	} /* out of place: dropped */
#define NEVER                                                                                  \
	{                                                                                      \
		TXN_SAME, 0                                                                    \
	} /* cannot come */
#define REFUSED                                                                                \
	{                                                                                      \
		TXN_SAME, TXN_DO_REFUSE                                                        \
	} /* the user may not send that now */

#define ALL_NEVER                                                                              \
	{                                                                                      \
		[TXN_IN_PROVISIONAL] = NEVER, [TXN_IN_SUCCESS] = NEVER,                        \
		[TXN_IN_FAILURE] = NEVER, [TXN_IN_REQUEST] = NEVER, [TXN_IN_ACK] = NEVER,      \
		[TXN_IN_RESEND] = NEVER, [TXN_IN_END] = NEVER, [TXN_IN_TRANSPORT] = NEVER      \
	}

typedef struct txn_step machine[TXN_STATE_COUNT][TXN_INPUT_COUNT];

static const machine client_invite = {
	[TXN_SAME] = ALL_NEVER,
	[TXN_TRYING] = {[TXN_IN_PROVISIONAL] = {TXN_PROCEEDING, TELL},
		[TXN_IN_SUCCESS] = {TXN_ACCEPTED, TELL},
		[TXN_IN_FAILURE] = {TXN_COMPLETED, TXN_DO_ACK | TELL},
		[TXN_IN_REQUEST] = NEVER,
		[TXN_IN_ACK] = NEVER,
		[TXN_IN_RESEND] = {TXN_SAME, REPEAT},  /* A */
		[TXN_IN_END] = {TXN_TERMINATED, TELL}, /* B */
		[TXN_IN_TRANSPORT] = {TXN_TERMINATED, TELL}},
	[TXN_PROCEEDING] = {[TXN_IN_PROVISIONAL] = {TXN_SAME, TELL},
		[TXN_IN_SUCCESS] = {TXN_ACCEPTED, TELL},
		[TXN_IN_FAILURE] = {TXN_COMPLETED, TXN_DO_ACK | TELL},
		[TXN_IN_REQUEST] = NEVER,
		[TXN_IN_ACK] = NEVER,
		[TXN_IN_RESEND] = NEVER,
		[TXN_IN_END] = {TXN_TERMINATED, TELL}, /* the ceiling: no letter of its own */
		[TXN_IN_TRANSPORT] = IGNORE},          /* it was answered, so it did arrive */
	[TXN_COMPLETED] = {[TXN_IN_PROVISIONAL] = IGNORE,
		[TXN_IN_SUCCESS] = {TXN_SAME, TXN_DO_STRAY}, /* of another fork */
		[TXN_IN_FAILURE] = {TXN_SAME, TXN_DO_ACK},
		[TXN_IN_REQUEST] = NEVER,
		[TXN_IN_ACK] = NEVER,
		[TXN_IN_RESEND] = NEVER,
		[TXN_IN_END] = {TXN_TERMINATED, 0},           /* D */
		[TXN_IN_TRANSPORT] = {TXN_TERMINATED, TELL}}, /* of the ACK */
	[TXN_CONFIRMED] = ALL_NEVER,
	[TXN_ACCEPTED] = {[TXN_IN_PROVISIONAL] = IGNORE,
		[TXN_IN_SUCCESS] = {TXN_SAME, TELL},
		[TXN_IN_FAILURE] = IGNORE,
		[TXN_IN_REQUEST] = NEVER,
		[TXN_IN_ACK] = NEVER,
		[TXN_IN_RESEND] = NEVER,
		[TXN_IN_END] = {TXN_TERMINATED, 0}, /* M */
		[TXN_IN_TRANSPORT] = IGNORE},       /* the ACK is the user's own */
	[TXN_TERMINATED] = ALL_NEVER,
};

static const machine client_other = {
	[TXN_SAME] = ALL_NEVER,
	[TXN_TRYING] = {[TXN_IN_PROVISIONAL] = {TXN_PROCEEDING, TELL},
		[TXN_IN_SUCCESS] = {TXN_COMPLETED, TELL},
		[TXN_IN_FAILURE] = {TXN_COMPLETED, TELL},
		[TXN_IN_REQUEST] = NEVER,
		[TXN_IN_ACK] = NEVER,
		[TXN_IN_RESEND] = {TXN_SAME, REPEAT},  /* E */
		[TXN_IN_END] = {TXN_TERMINATED, TELL}, /* F */
		[TXN_IN_TRANSPORT] = {TXN_TERMINATED, TELL}},
	[TXN_PROCEEDING] = {[TXN_IN_PROVISIONAL] = {TXN_SAME, TELL},
		[TXN_IN_SUCCESS] = {TXN_COMPLETED, TELL},
		[TXN_IN_FAILURE] = {TXN_COMPLETED, TELL},
		[TXN_IN_REQUEST] = NEVER,
		[TXN_IN_ACK] = NEVER,
		[TXN_IN_RESEND] = {TXN_SAME, REPEAT},  /* E, each T2 */
		[TXN_IN_END] = {TXN_TERMINATED, TELL}, /* F */
		[TXN_IN_TRANSPORT] = {TXN_TERMINATED, TELL}},
	[TXN_COMPLETED] = {[TXN_IN_PROVISIONAL] = IGNORE,
		[TXN_IN_SUCCESS] = ABSORB,
		[TXN_IN_FAILURE] = ABSORB,
		[TXN_IN_REQUEST] = NEVER,
		[TXN_IN_ACK] = NEVER,
		[TXN_IN_RESEND] = NEVER,
		[TXN_IN_END] = {TXN_TERMINATED, 0}, /* K */
		[TXN_IN_TRANSPORT] = IGNORE},
	[TXN_CONFIRMED] = ALL_NEVER,
	[TXN_ACCEPTED] = ALL_NEVER,
	[TXN_TERMINATED] = ALL_NEVER,
};

/* RFC 6026 section 8.8: a transport error never ends it, so that the INVITE sent again is
 * not taken for a new call. */
static const machine server_invite = {
	[TXN_SAME] = ALL_NEVER,
	[TXN_TRYING] = ALL_NEVER,
	[TXN_PROCEEDING] = {[TXN_IN_PROVISIONAL] = {TXN_SAME, KEEP},
		[TXN_IN_SUCCESS] = {TXN_ACCEPTED, SEND},
		[TXN_IN_FAILURE] = {TXN_COMPLETED, KEEP},
		[TXN_IN_REQUEST] = {TXN_SAME, REPEAT},
		[TXN_IN_ACK] = IGNORE, /* there is nothing to acknowledge */
		[TXN_IN_RESEND] = NEVER,
		[TXN_IN_END] = {TXN_TERMINATED, TELL}, /* the ceiling */
		[TXN_IN_TRANSPORT] = {TXN_SAME, TELL}},
	[TXN_COMPLETED] = {[TXN_IN_PROVISIONAL] = REFUSED,
		[TXN_IN_SUCCESS] = REFUSED,
		[TXN_IN_FAILURE] = REFUSED,
		[TXN_IN_REQUEST] = {TXN_SAME, REPEAT},
		[TXN_IN_ACK] = {TXN_CONFIRMED, 0},
		[TXN_IN_RESEND] = {TXN_SAME, REPEAT},  /* G */
		[TXN_IN_END] = {TXN_TERMINATED, TELL}, /* H */
		[TXN_IN_TRANSPORT] = {TXN_SAME, TELL}},
	[TXN_CONFIRMED] = {[TXN_IN_PROVISIONAL] = REFUSED,
		[TXN_IN_SUCCESS] = REFUSED,
		[TXN_IN_FAILURE] = REFUSED,
		[TXN_IN_REQUEST] = ABSORB,
		[TXN_IN_ACK] = ABSORB,
		[TXN_IN_RESEND] = NEVER,
		[TXN_IN_END] = {TXN_TERMINATED, 0}, /* I */
		[TXN_IN_TRANSPORT] = IGNORE},       /* it did arrive: it was acknowledged */
	[TXN_ACCEPTED] = {[TXN_IN_PROVISIONAL] = REFUSED,
		[TXN_IN_SUCCESS] = {TXN_SAME, SEND}, /* the user repeats it (SIP-3) */
		[TXN_IN_FAILURE] = REFUSED,
		[TXN_IN_REQUEST] = ABSORB,
		[TXN_IN_ACK] = {TXN_SAME, TXN_DO_PASS},
		[TXN_IN_RESEND] = NEVER,
		[TXN_IN_END] = {TXN_TERMINATED, 0}, /* L */
		[TXN_IN_TRANSPORT] = {TXN_SAME, TELL}},
	[TXN_TERMINATED] = {[TXN_IN_PROVISIONAL] = REFUSED,
		[TXN_IN_SUCCESS] = REFUSED,
		[TXN_IN_FAILURE] = REFUSED,
		[TXN_IN_REQUEST] = NEVER,
		[TXN_IN_ACK] = NEVER,
		[TXN_IN_RESEND] = NEVER,
		[TXN_IN_END] = NEVER,
		[TXN_IN_TRANSPORT] = NEVER},
};

/* Unanswered for 64 T1 it ends in silence: the client's timer F has fired, and a late
 * response or a 408 would only do harm (RFC 4320 section 4, SIP-25). */
static const machine server_other = {
	[TXN_SAME] = ALL_NEVER,
	[TXN_TRYING] = {[TXN_IN_PROVISIONAL] = {TXN_PROCEEDING, KEEP},
		[TXN_IN_SUCCESS] = {TXN_COMPLETED, KEEP},
		[TXN_IN_FAILURE] = {TXN_COMPLETED, KEEP},
		[TXN_IN_REQUEST] = ABSORB,
		[TXN_IN_ACK] = NEVER,
		[TXN_IN_RESEND] = NEVER,
		[TXN_IN_END] = {TXN_TERMINATED, 0},
		[TXN_IN_TRANSPORT] = NEVER},
	[TXN_PROCEEDING] = {[TXN_IN_PROVISIONAL] = {TXN_SAME, KEEP},
		[TXN_IN_SUCCESS] = {TXN_COMPLETED, KEEP},
		[TXN_IN_FAILURE] = {TXN_COMPLETED, KEEP},
		[TXN_IN_REQUEST] = {TXN_SAME, REPEAT},
		[TXN_IN_ACK] = NEVER,
		[TXN_IN_RESEND] = NEVER,
		[TXN_IN_END] = {TXN_TERMINATED, 0},
		[TXN_IN_TRANSPORT] = {TXN_TERMINATED, TELL}},
	[TXN_COMPLETED] = {[TXN_IN_PROVISIONAL] = REFUSED,
		[TXN_IN_SUCCESS] = REFUSED,
		[TXN_IN_FAILURE] = REFUSED,
		[TXN_IN_REQUEST] = {TXN_SAME, REPEAT},
		[TXN_IN_ACK] = NEVER,
		[TXN_IN_RESEND] = NEVER,
		[TXN_IN_END] = {TXN_TERMINATED, 0}, /* J */
		[TXN_IN_TRANSPORT] = {TXN_TERMINATED, TELL}},
	[TXN_CONFIRMED] = ALL_NEVER,
	[TXN_ACCEPTED] = ALL_NEVER,
	[TXN_TERMINATED] = {[TXN_IN_PROVISIONAL] = REFUSED,
		[TXN_IN_SUCCESS] = REFUSED,
		[TXN_IN_FAILURE] = REFUSED,
		[TXN_IN_REQUEST] = NEVER,
		[TXN_IN_ACK] = NEVER,
		[TXN_IN_RESEND] = NEVER,
		[TXN_IN_END] = NEVER,
		[TXN_IN_TRANSPORT] = NEVER},
};

const struct txn_step *txn_step(enum txn_kind kind, enum txn_state state, enum txn_input input)
{
	static const machine *const machines[TXN_KIND_COUNT] = {
		[TXN_CLIENT_INVITE] = &client_invite,
		[TXN_CLIENT_OTHER] = &client_other,
		[TXN_SERVER_INVITE] = &server_invite,
		[TXN_SERVER_OTHER] = &server_other,
	};

	return &(*machines[kind])[state][input];
}

/* RFC 3261 table 4, RFC 6026 section 8. */
struct txn_wait txn_wait(enum txn_kind kind, enum txn_state state)
{
	static const struct txn_wait waits[TXN_KIND_COUNT][TXN_STATE_COUNT] = {
		[TXN_CLIENT_INVITE] =
			{
				[TXN_TRYING] = {TXN_RESEND_DOUBLE, TXN_END_64T1}, /* A B */
				[TXN_PROCEEDING] = {TXN_RESEND_STOP, TXN_END_LONG},
				[TXN_COMPLETED] = {TXN_RESEND_STOP,
					TXN_END_64T1_UNRELIABLE},                 /* D */
				[TXN_ACCEPTED] = {TXN_RESEND_STOP, TXN_END_64T1}, /* M */
			},
		[TXN_CLIENT_OTHER] =
			{
				[TXN_TRYING] = {TXN_RESEND_DOUBLE_TO_T2,
					TXN_END_64T1},                                /* E F */
				[TXN_PROCEEDING] = {TXN_RESEND_AT_T2, TXN_END_AS_IS}, /* E F */
				[TXN_COMPLETED] = {TXN_RESEND_STOP,
					TXN_END_T4_UNRELIABLE}, /* K */
			},
		[TXN_SERVER_INVITE] =
			{
				[TXN_PROCEEDING] = {TXN_RESEND_STOP, TXN_END_LONG},
				[TXN_COMPLETED] = {TXN_RESEND_DOUBLE_TO_T2,
					TXN_END_64T1}, /* G H */
				[TXN_CONFIRMED] = {TXN_RESEND_STOP,
					TXN_END_T4_UNRELIABLE},                   /* I */
				[TXN_ACCEPTED] = {TXN_RESEND_STOP, TXN_END_64T1}, /* L */
			},
		[TXN_SERVER_OTHER] =
			{
				[TXN_TRYING] = {TXN_RESEND_STOP, TXN_END_64T1},
				[TXN_PROCEEDING] = {TXN_RESEND_STOP, TXN_END_AS_IS},
				[TXN_COMPLETED] = {TXN_RESEND_STOP,
					TXN_END_64T1_UNRELIABLE}, /* J */
			},
	};

	return waits[kind][state];
}

enum txn_input txn_input_of(uint16_t code)
{
	assert(code >= 100 && code <= 699);
	return code < 200 ? TXN_IN_PROVISIONAL : code < 300 ? TXN_IN_SUCCESS : TXN_IN_FAILURE;
}
