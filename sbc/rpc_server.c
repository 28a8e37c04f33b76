/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opens and closes the doors in order. Signalling loop. */

#include "sbc/rpc_server.h"

#include "base/err.h"
#include "base/mem.h"
#include "sbc/rpc_binrpc.h"
#include "sbc/rpc_dgram.h"
#include "sbc/rpc_fifo.h"
#include "sbc/rpc_http.h"

#define BUDGET_MAX (128 * 1024 * 1024) /* bytes of all answers together */

struct rpc_server {
	uv_loop_t *loop; /* borrowed */
	struct log *log; /* borrowed */
	struct rpc_budget budget;
	struct rpc_jobs *jobs;
	struct rpc_fifo *fifo;
	struct rpc_dgram *dgram;
	struct rpc_binrpc *binrpc;
	struct rpc_http *http;
	unsigned open_count;
	rpc_closed_h *closed;
	void *closed_arg;
};

struct fault {
	char *text;
	size_t size;
};

static void tell(
	const struct rpc_server *server, const char *door, const struct rpc_place *place)
{
	log_event(server->log, LOG_INFO, "sbc", "rpc.open", "door=%s path=\"%s\" mode=%04o",
		door, place->path, (unsigned)place->mode);
}

static int open_fifo(struct rpc_server *server, const struct config_rpc *config,
	const struct rpc_world *world, const struct fault *fault)
{
	const struct rpc_place_words words = {.run_dir = config->run_dir,
		.name = config->fifo_name,
		.user = config->fifo_user,
		.group = config->fifo_group,
		.acl = config->fifo_acl,
		.mode = config->fifo_mode};
	struct rpc_fifo_config to = {.reply_directory = config->fifo_reply_dir,
		.jobs = server->jobs,
		.log = world->log,
		.now = world->now};
	int err;

	if (!config->fifo_name[0])
		return 0;
	err = rpc_place_init(&to.place, RPC_PLACE_FIFO, &words, fault->text, fault->size);
	err = err ? err
		  : rpc_fifo_open(&server->fifo, server->loop, &to, fault->text, fault->size);
	if (!err)
		tell(server, "fifo", &to.place);
	return err;
}

static int open_dgram(struct rpc_server *server, const struct config_rpc *config,
	const struct rpc_world *world, const struct fault *fault)
{
	const struct rpc_place_words words = {.run_dir = config->run_dir,
		.name = config->dgram_socket,
		.user = config->dgram_user,
		.group = config->dgram_group,
		.acl = "",
		.mode = config->dgram_mode};
	struct rpc_dgram_config to = {
		.jobs = server->jobs, .log = world->log, .now = world->now};
	int err;

	if (!config->dgram_socket[0])
		return 0;
	err = rpc_place_init(&to.place, RPC_PLACE_DATAGRAM, &words, fault->text, fault->size);
	err = err ? err
		  : rpc_dgram_open(&server->dgram, server->loop, &to, fault->text, fault->size);
	if (!err)
		tell(server, "datagram", &to.place);
	return err;
}

static int open_binrpc(struct rpc_server *server, const struct config_rpc *config,
	const struct rpc_world *world, const struct fault *fault)
{
	const struct rpc_place_words words = {.run_dir = config->run_dir,
		.name = config->ctl_socket,
		.user = config->ctl_user,
		.group = config->ctl_group,
		.acl = "",
		.mode = config->ctl_mode};
	struct rpc_binrpc_config to = {
		.jobs = server->jobs, .log = world->log, .now = world->now};
	int err;

	if (!config->ctl_socket[0])
		return 0;
	err = rpc_place_init(&to.place, RPC_PLACE_STREAM, &words, fault->text, fault->size);
	err = err ? err
		  : rpc_binrpc_open(
			    &server->binrpc, server->loop, &to, fault->text, fault->size);
	if (!err)
		tell(server, "ctl", &to.place);
	return err;
}

static int open_http(struct rpc_server *server, const struct config *config,
	const struct rpc_world *world, const struct fault *fault)
{
	const struct rpc_http_config to = {.rpc = &config->rpc,
		.state_dir = config->state_dir,
		.jobs = server->jobs,
		.world = world};
	char text[NETADDR_TEXT_MAX];
	int err;

	if (!netaddr_is_set(&config->rpc.http_address))
		return 0;
	err = rpc_http_open(&server->http, server->loop, &to, fault->text, fault->size);
	if (!err)
		log_event(server->log, LOG_INFO, "sbc", "rpc.open", "door=http url=%s://%s/",
			config->rpc.http_certificate[0] ? "https" : "http",
			netaddr_print(&config->rpc.http_address, text));
	return err;
}

static void on_nothing(void *arg)
{
	(void)arg;
}

int rpc_server_open(struct rpc_server **out, uv_loop_t *loop, const struct config *whole,
	const struct rpc_world *world, char *fault_text, size_t fault_size)
{
	const struct fault fault = {fault_text, fault_size};
	const struct config_rpc *config = &whole->rpc;
	struct rpc_server *server = mem_alloc(sizeof(*server));
	struct rpc_world own = *world;
	int err;

	if (!server)
		return SBC_ENOMEM;
	server->loop = loop;
	server->log = world->log;
	server->budget.max = BUDGET_MAX;
	own.budget = &server->budget;
	err = rpc_jobs_open(&server->jobs, loop, &own);
	if (err) {
		mem_free(server);
		return err;
	}
	err = open_fifo(server, config, world, &fault);
	err = err ? err : open_dgram(server, config, world, &fault);
	err = err ? err : open_binrpc(server, config, world, &fault);
	err = err ? err : open_http(server, whole, &own, &fault);
	if (err)
		rpc_server_close(server, on_nothing, NULL);
	else
		*out = server;
	return err;
}

static void on_closed(void *arg)
{
	struct rpc_server *server = arg;

	if (--server->open_count)
		return;
	server->closed(server->closed_arg);
	mem_free(server);
}

void rpc_server_close(struct rpc_server *server, rpc_closed_h *closed, void *arg)
{
	server->closed = closed;
	server->closed_arg = arg;
	server->open_count =
		1 + !!server->fifo + !!server->dgram + !!server->binrpc + !!server->http;
	/* These two point to their jobs, so they come first. */
	if (server->http)
		rpc_http_close(server->http, on_closed, server);
	if (server->binrpc)
		rpc_binrpc_close(server->binrpc, on_closed, server);
	rpc_jobs_close(server->jobs, on_closed, server);
	if (server->fifo)
		rpc_fifo_close(server->fifo, on_closed, server);
	if (server->dgram)
		rpc_dgram_close(server->dgram, on_closed, server);
}
