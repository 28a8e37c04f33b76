/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * countersipctl doctor ports: can the daemon have the ports of its configuration, and enough
 * descriptors and buffers? Looks only: it binds nothing.
 */

#include <ifaddrs.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "tools/ctl/ctl.h"
#include "tools/ctl/ctl_anchors.h"
#include "tools/ctl/ctl_options.h"
#include "tools/ctl/ctl_terminal.h"
#include "tools/ctl/doctor_desk.h"
#include "tools/ctl/doctor_ports.h"

static const char ports_usage[] =
	"usage: countersipctl doctor ports [options]\n"
	"\n"
	"are the ports of the configuration free, or the daemon's; does anybody get in the way "
	"of\n"
	"its media ports; has it descriptors and buffers enough?\n"
	"\n"
	"  --config FILE  " CTL_CONFIG_DEFAULT "\n"
	"  --json         one JSON object\n"
	"  --verbose      also what is in order\n"
	"  --root DIR     a fixture tree instead of this system (for tests)\n"
	"\n"
	"exit status: 0 nothing is wrong, 1 something blocks, 2 cannot be told, 64 wrong "
	"options.\n";

struct arguments {
	const char *config, *root;
	bool is_json, is_verbose, want_help;
};

static bool set_option(struct arguments *out, int code)
{
	switch (code) {
	case 'c':
		out->config = optarg;
		return true;
	case 'r':
		out->root = optarg;
		return true;
	case 'j':
		out->is_json = true;
		return true;
	case 'v':
		out->is_verbose = true;
		return true;
	case 'h':
		out->want_help = true;
		return true;
	default:
		return false;
	}
}

static bool read_options(int argc, char **argv, struct arguments *out)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
		{"root", required_argument, NULL, 'r'}, {"json", no_argument, NULL, 'j'},
		{"verbose", no_argument, NULL, 'v'}, {"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}};
	int code;

	*out = (struct arguments){.config = CTL_CONFIG_DEFAULT};
	optind = 1;
	while ((code = ctl_getopt(argc, argv, options, false)) != -1) {
		if (!set_option(out, code))
			return false;
	}
	return optind == argc;
}

/* ---- the command ---- */

static void gather_interfaces(struct ports *p)
{
	struct ifaddrs *all = NULL;

	if (getifaddrs(&all))
		return;
	p->has_interfaces = true;
	for (struct ifaddrs *i = all; i && p->own_count < 256; i = i->ifa_next) {
		if (!i->ifa_addr)
			continue;
		netaddr_from_sockaddr(&p->own[p->own_count], i->ifa_addr);
		p->own_count += netaddr_is_set(&p->own[p->own_count]);
	}
	freeifaddrs(all);
}

static int run(const struct arguments *a, const struct config *config, struct source *source)
{
	struct doctor_desk desk;
	struct ports *ports = NULL;
	int status = CTL_UNKNOWN,
	    err = doctor_desk_open(&desk, source, "the ports of the configuration can be had");

	if (!err)
		ports = arena_alloc(&desk.arena, sizeof(*ports));
	if (ports) {
		ports->config = config;
		ports->source = source;
		ports->arena = &desk.arena;
		err = ports_gather(ports);
		if (!a->root)
			gather_interfaces(ports);
		if (!err) {
			ports_judge(ports, desk.findings);
			status = doctor_desk_print(&desk, a->is_json, a->is_verbose);
		}
	}
	doctor_desk_close(&desk);
	return status;
}

int ctl_doctor_ports(int argc, char **argv)
{
	struct config *config = NULL;
	struct source *source = NULL;
	struct arguments arguments;
	int status;

	if (!read_options(argc, argv, &arguments)) {
		fputs(ports_usage, stderr);
		return CTL_USAGE;
	}
	if (arguments.want_help) {
		fputs(ports_usage, stdout);
		return CTL_OK;
	}
	if (ctl_config_load(&config, arguments.config))
		return CTL_FAILED;
	if (arguments.root ? source_open_tree(&source, arguments.root)
			   : source_open_live(&source))
		status = ctl_complain(
			arguments.root ? arguments.root : "/", "it cannot be read");
	else
		status = run(&arguments, config, source);
	source_close(source);
	config_unref(config);
	return status;
}
