/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CTL_CTL_CONFIG_H
#define CTL_CTL_CONFIG_H

#include "sbc/config.h"

#define CTL_CONFIG_DEFAULT "/etc/countersip/countersip.yaml"

/* Tells every fault of the file on stderr. 0, or config_load()'s error. */
int ctl_config_load(struct config **out, const char *path);

#endif
