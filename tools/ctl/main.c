/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tools/ctl/ctl.h"
#include <string.h>
int main(int argc, char **argv)
{
	return argc > 1 && !strcmp(argv[1], "doctor") ? ctl_doctor(argc - 1, argv + 1)
						      : CTL_USAGE;
}
