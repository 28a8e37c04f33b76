/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every command of countersipctl does with the terminal. */

#include "tools/ctl/ctl_terminal.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tools/ctl/ctl.h"
#include "tools/ctl/ctl_clean.h"

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
	struct buf clean;

	buf_init(&clean, 2 * text.len + 1);
	while (text.len && !clean.err) {
		size_t len = 1;
		if (text.ptr[0] == '\n')
			buf_put_char(&clean, '\n');
		else if (text.ptr[0] != '\r')
			len = ctl_clean_put(&clean, text);
		text = slice_from(text, len);
	}
	puts(clean.data ? clean.data : "");
	buf_fini(&clean);
}

int ctl_complain(const char *path, const char *why)
{
	fprintf(stderr, "%s: %s\n", path, why);
	return CTL_FAILED;
}
