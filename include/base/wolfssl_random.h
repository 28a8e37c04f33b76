/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_WOLFSSL_RANDOM_H
#define BASE_WOLFSSL_RANDOM_H

/* What wolfSSL as we build it asks for random bytes: whoever links it has this function.
 * size in bytes; not 0: there are none. wolfSSL's own sources get this declaration too. */
#ifndef __ASSEMBLER__
int wolfssl_random(unsigned char *output, unsigned int size);
#endif

#endif
