/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every command of countersipctl does with the terminal. */

#include "tools/ctl/ctl_terminal.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tools/ctl/ctl.h"

#define WIDTH_DEFAULT 100 /* when the output is no terminal */
#define WIDTH_MAX     1000

size_t ctl_line_width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		return WIDTH_DEFAULT;
	return size.ws_col < WIDTH_MAX ? size.ws_col : WIDTH_MAX;
}

void ctl_print_clean(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		if (c != '\r')
			putchar(c == '\n' || (c >= ' ' && c != 0x7f) ? c : '?');
	}
	putchar('\n');
}

int ctl_complain(const char *path, const char *why)
{
	fprintf(stderr, "%s: %s\n", path, why);
	return CTL_FAILED;
}
