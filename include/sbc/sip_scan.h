/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SBC_SIP_SCAN_H
#define SBC_SIP_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/*
 * The scan before any parsing: it frames a message, splits the header lines and refuses
 * what would make the parser slow. Pure; linear in the bytes; allocates nothing.
 */

#define SIP_MESSAGE_MAX   65535 /* bytes of one message, on any transport */
#define SIP_HEADER_MAX    128   /* header lines of one message */
#define SIP_SEPARATOR_MAX 256   /* line ends and ; , & ? % before the body: osip is quadratic */

enum sip_frame {
	SIP_FRAME_WHOLE,     /* *frame_len bytes are one message */
	SIP_FRAME_PARTIAL,   /* read on */
	SIP_FRAME_KEEPALIVE, /* *frame_len bytes are a CRLFCRLF ping: answer CRLF (RFC 5626) */
	SIP_FRAME_BLANK,     /* *frame_len bytes of CRLF to skip (RFC 3261 section 7.5) */
	SIP_FRAME_BROKEN,    /* answer 400 if it can be, then close */
	SIP_FRAME_TOO_LARGE, /* over SIP_MESSAGE_MAX: answer 513 if it can be, then close */
};

/* RFC 3261 section 18.3 for streams: one Content-Length, digits only, is needed to frame
 * a message; none at all is BROKEN, as are several that differ. */
enum sip_frame sip_scan_stream(struct slice bytes, size_t *frame_len);

struct sip_line {
	struct slice name;  /* as written, trimmed */
	struct slice value; /* trimmed; a folded line still holds its line ends */
	bool is_folded;
};

struct sip_scan {
	struct slice bytes;      /* the message, borrowed from the receiver */
	struct slice start_line; /* without its line end */
	struct sip_line lines[SIP_HEADER_MAX];
	size_t line_count;
	struct slice body; /* as framed by Content-Length; all the rest of a datagram without */
};

/* SBC_EPARSE: no SIP message at all, or a broken header line; SBC_ELIMIT: over a ceiling;
 * SBC_EPROTO: Content-Length lies. out then holds the lines up to there, which may do for
 * sip_build_refusal(). */
int sip_scan_message(struct sip_scan *out, struct slice bytes);

/* Value of the first line with this name (or compact form), or the empty slice. */
struct slice sip_scan_value(const struct sip_scan *scan, const char *name);

/* Is a name as written (any case, long or compact) this long name? */
bool sip_name_equal(struct slice written, const char *name);
static inline bool sip_name_is(struct slice written, const char *name)
{
	/* Most names differ in their first letter; a compact one is another letter's. */
	return written.len &&
	       (written.len == 1 || (written.ptr[0] | 0x20) == (name[0] | 0x20)) &&
	       sip_name_equal(written, name);
}

#endif
