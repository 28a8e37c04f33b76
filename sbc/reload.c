/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reload, all or nothing. Signalling thread, but for read_file(). */

#include "sbc/reload.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "sbc/policy_link.h"

#define FAULTS_MAX 8192 /* bytes of sentences that go into the log */
#define WHY_MAX    400

struct reload {
	struct reload_setup setup;
	uv_work_t work;
	bool is_running, is_wanted_again, is_closed;
	reload_done_h *done;
	void *arg; /* borrowed */
	/* the thread's, while is_running */
	struct config *config;
	struct buf faults;
	int err;
};

int reload_new(struct reload **out, const struct reload_setup *setup)
{
	struct reload *reload = mem_alloc(sizeof(*reload));

	if (!reload)
		return SBC_ENOMEM;
	reload->setup = *setup;
	reload->work.data = reload;
	buf_init(&reload->faults, FAULTS_MAX);
	*out = reload;
	return 0;
}

static void free_reload(struct reload *reload)
{
	buf_fini(&reload->faults);
	mem_free(reload);
}

/* The first line is the sentence; the others draw the place. */
static void on_fault(const char *text, void *arg)
{
	struct reload *reload = arg;
	struct slice rest = slice_str(text);

	buf_put_slice(&reload->faults, slice_cut(&rest, '\n'));
	buf_put_char(&reload->faults, '\n');
}

/* On a thread of the pool: touches nothing but its own. */
static void read_file(uv_work_t *work)
{
	struct reload *reload = work->data;

	reload->err = config_load(&reload->config, reload->setup.path, on_fault, reload);
}

static int take_over(struct reload *reload, char *why, size_t size)
{
	struct sbc *sbc = reload->setup.sbc;
	struct slice faults = buf_slice(&reload->faults);
	const char *key;
	int err = reload->err;

	if (err) {
		snprintf(why, size, "%.*s",
			SLICE_ARG(slice_head(faults, slice_find(faults, '\n'))));
		return err;
	}
	key = config_fixed_change(sbc_config(sbc), reload->config);
	if (key) {
		snprintf(why, size, "%s cannot change while we run: restart for that", key);
		return SBC_EINVAL;
	}
	err = policy_link_check_trunks(
		reload->setup.policy, reload->config, clock_wall_s(), why, size);
	if (err)
		return err;
	err = sbc_reload(sbc, reload->config, clock_monotonic_us());
	if (err)
		snprintf(why, size, "%s", err_name(err));
	return err;
}

static void tell(struct reload *reload, int err, const char *why)
{
	struct log *log = reload->setup.log;
	struct slice rest = buf_slice(&reload->faults);

	while (rest.len) {
		struct slice line = slice_cut(&rest, '\n');
		log_event(log, LOG_ERROR, "sbc", "reload.fault", "text=\"%.*s\"",
			SLICE_ARG(line));
	}
	if (err)
		log_event(log, LOG_ERROR, "sbc", "reload", "result=refused why=\"%s\"", why);
	else
		log_event(log, LOG_INFO, "sbc", "reload",
			"result=ok users=%zu peers=%zu routes=%zu", reload->config->user_count,
			reload->config->peer_count, reload->config->route_count);
}

static void on_read(uv_work_t *work, int status)
{
	struct reload *reload = work->data;
	char why[WHY_MAX] = "";
	int err;

	reload->is_running = false;
	if (status && !reload->err)
		reload->err = SBC_ESTATE;
	if (reload->is_closed) {
		config_unref(reload->config);
		free_reload(reload);
		return;
	}
	err = take_over(reload, why, sizeof(why));
	tell(reload, err, why);
	if (reload->done)
		reload->done(err, why, reload->config, reload->arg);
	config_unref(reload->config);
	reload->config = NULL;
	reload->done = NULL;
	if (reload->is_wanted_again)
		reload_start(reload, NULL, NULL);
}

int reload_start(struct reload *reload, reload_done_h *done, void *arg)
{
	int err;

	if (reload->is_running) {
		reload->is_wanted_again = true;
		return SBC_EAGAIN;
	}
	reload->is_wanted_again = false;
	reload->done = done;
	reload->arg = arg;
	reload->err = 0;
	buf_reset(&reload->faults);
	err = uv_queue_work(reload->setup.loop, &reload->work, read_file, on_read);
	reload->is_running = !err;
	return err;
}

void reload_close(struct reload *reload)
{
	if (!reload)
		return;
	reload->is_closed = true;
	if (reload->is_running)
		uv_cancel((uv_req_t *)&reload->work); /* on_read() comes in any case */
	else
		free_reload(reload);
}
