/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reloads, one after the other. Signalling thread, but for read_files(). */

#include "sbc/reload.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "sbc/reload_change.h"

#define FAULTS_MAX 8192 /* bytes of sentences that go into the log */
#define WHY_MAX    400

struct reload {
	struct reload_setup setup;
	uv_work_t work;
	bool is_running, is_wanted_again, is_closed;
	uint64_t started, ended; /* numbers of the last ones */
	int last_err;
	char last_why[WHY_MAX];
	/* the thread's, while is_running */
	struct reload_change change;
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
	reload_change_fini(&reload->change);
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

static void on_made(const char *text, void *arg)
{
	struct reload *reload = arg;

	log_event(reload->setup.log, LOG_INFO, "sbc", "provision", "did=\"%s\"", text);
}

/* On a thread of the pool: touches nothing but its own. */
static void read_files(uv_work_t *work)
{
	struct reload *reload = work->data;
	struct provision say = {
		.now_s = clock_wall_s(), .made = on_made, .fault = on_fault, .arg = reload};

	reload->err = reload_change_read(&reload->change, reload->setup.path, &say);
}

static int take_over(struct reload *reload, char *why, size_t size)
{
	struct slice faults = buf_slice(&reload->faults);

	if (!reload->err)
		return reload_change_apply(&reload->change, &reload->setup, why, size);
	snprintf(why, size, "%.*s", SLICE_ARG(slice_head(faults, slice_find(faults, '\n'))));
	return reload->err;
}

static void tell(struct reload *reload, int err, const char *why)
{
	const struct config *config = reload->change.config;
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
			"result=ok users=%zu peers=%zu routes=%zu", config->user_count,
			config->peer_count, config->route_count);
}

static void begin(struct reload *reload);

/* Tells whoever waits; config lives until then. */
static void finish(struct reload *reload)
{
	if (reload->setup.done)
		reload->setup.done(reload->last_err, reload->last_why, reload->change.config,
			!reload->is_wanted_again, reload->setup.arg);
	reload_change_fini(&reload->change);
	if (reload->is_wanted_again)
		begin(reload);
}

static void on_read(uv_work_t *work, int status)
{
	struct reload *reload = work->data;

	reload->is_running = false;
	if (status && !reload->err)
		reload->err = SBC_ESTATE;
	if (reload->is_closed) {
		free_reload(reload);
		return;
	}
	reload->last_why[0] = '\0';
	reload->last_err = take_over(reload, reload->last_why, sizeof(reload->last_why));
	reload->ended = reload->started;
	tell(reload, reload->last_err, reload->last_why);
	finish(reload);
}

static void begin(struct reload *reload)
{
	reload->is_wanted_again = false;
	reload->started++;
	reload->err = 0;
	buf_reset(&reload->faults);
	reload->is_running =
		!uv_queue_work(reload->setup.loop, &reload->work, read_files, on_read);
	if (!reload->is_running) {
		reload->ended = reload->started;
		reload->last_err = SBC_ENOMEM;
		snprintf(reload->last_why, sizeof(reload->last_why), "no thread");
		finish(reload);
	}
}

uint64_t reload_start(struct reload *reload)
{
	/* What is under way may have read the file already. */
	if (reload->is_running) {
		reload->is_wanted_again = true;
		return reload->started + 1;
	}
	begin(reload);
	return reload->started;
}

bool reload_outcome(const struct reload *reload, uint64_t number, int *err, const char **why)
{
	if (reload->ended < number)
		return false;
	*err = reload->last_err;
	*why = reload->last_why;
	return true;
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
