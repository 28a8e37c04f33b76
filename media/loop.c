/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The thread of a media loop. What is written by both threads is only inside the mailboxes
 * and the counter of commands done. Reports that the mailbox does not take are offered again
 * a little later: sessions keep them (session.c), so nothing queues up here.
 */

#include "media/loop.h"

#include <pthread.h>
#include <stdio.h>

#include "base/counters.h"
#include "base/err.h"
#include "base/mem.h"
#include "media/relay.h"
#include "media/session.h"

/* Commands other than CLOSE and STOP that may wait. */
#define COMMAND_ROOM 1024
/* STOP, and the one that is being handled while it is counted as done already. */
#define COMMAND_SPARE 2
#define REPORT_ROOM   1024
#define RETRY_MS      10 /* until a full mailbox is tried again */
/* Timers of a session: three of each side, two of each component. */
#define SESSION_TIMERS 14

struct media_loop {
	/* the signalling thread's */
	uv_thread_t thread;
	uint64_t posted;    /* commands */
	uint64_t pinged;    /* of them: up to the last ping */
	uint64_t seen;      /* commands that were done when it was asked for last */
	size_t kept_back;   /* sessions whose CLOSE is still to be posted */
	size_t capacity;    /* of down */
	struct mailbox *up; /* owned */

	/* both */
	struct mailbox *down; /* closed by the media thread */
	struct counter done;  /* commands handled */

	/* the media thread's */
	uv_loop_t uv;
	uv_prepare_t prepare; /* reports, before the loop sleeps */
	uv_timer_t retry;
	struct timers timers;
	struct udp_io io;
	struct session_env env;
	struct session **sessions; /* owned; by slot */
	uint16_t slot_count;
	size_t session_count;
	struct list telling; /* sessions that have something to tell */
	bool is_stopping;
};

/* ---- media thread: reports ---- */

static void on_session_tells(struct session *session, void *arg)
{
	struct media_loop *loop = arg;

	list_remove(&session->telling);
	list_append(&loop->telling, &session->telling);
}

static void forget(struct media_loop *loop, struct session *session)
{
	loop->sessions[session->id.slot] = NULL;
	loop->session_count--;
	session_free(session);
}

/* Returns false when the mailbox is full. */
static bool report_all_of(struct media_loop *loop, struct session *session)
{
	struct report report = {0};

	while (session_next_event(session, &report.event)) {
		if (mailbox_post(loop->up, &report))
			return false;
		session_event_taken(session, &report.event);
		if (report.event.type == MEDIA_EVENT_CLOSED) {
			forget(loop, session);
			return true;
		}
	}
	list_remove(&session->telling);
	return true;
}

static void on_retry(uv_timer_t *handle)
{
	(void)handle; /* it is enough that the loop turns */
}

static void try_again_soon(struct media_loop *loop)
{
	uv_timer_start(&loop->retry, on_retry, RETRY_MS, 0);
}

static void finish(struct media_loop *loop)
{
	struct report report = {.is_stopped = true, .event.id.loop = loop->env.index};

	if (mailbox_post(loop->up, &report)) {
		try_again_soon(loop);
		return;
	}
	uv_close((uv_handle_t *)&loop->prepare, NULL);
	uv_close((uv_handle_t *)&loop->retry, NULL);
	timers_detach(&loop->timers);
	udp_io_detach(&loop->io);
	mailbox_close(loop->down);
}

static void on_prepare(uv_prepare_t *handle)
{
	struct media_loop *loop = handle->data;

	list_for_each_safe (node, &loop->telling) {
		if (!report_all_of(loop, container_of(node, struct session, telling))) {
			try_again_soon(loop);
			return;
		}
	}
	if (loop->is_stopping && !loop->session_count)
		finish(loop);
	else
		udp_io_rest(&loop->io);
}

/* ---- media thread: commands ---- */

static void open_session(struct media_loop *loop, struct session *session)
{
	loop->sessions[session->id.slot] = session;
	loop->session_count++;
	session_open(session, &loop->env);
}

static void on_command(const void *msg, void *arg)
{
	const struct command *command = msg;
	struct media_loop *loop = arg;
	/* The signalling thread posts only to names that live, so it is the right one. */
	struct session *session = loop->sessions[command->id.slot];

	switch (command->type) {
	case COMMAND_OPEN:
		open_session(loop, command->session);
		break;
	case COMMAND_REMOTE:
		session_set_remote(
			session, command->side, command->remote, clock_monotonic_us());
		mem_wipe(command->remote, sizeof(*command->remote));
		mem_free(command->remote);
		break;
	case COMMAND_GATE:
		session_set_gate(session, command->side, command->is_open);
		break;
	case COMMAND_EXCHANGE:
		session_exchange(session, command->side, loop->sessions[command->other.id.slot],
			command->other.side);
		break;
	case COMMAND_PAYLOADS:
		session_set_payload_map(session, command->side, command->map);
		break;
	case COMMAND_COUNTERS:
		session_ask_counters(session);
		break;
	case COMMAND_STATE:
		session_ask_state(session);
		break;
	case COMMAND_RESTORE:
		session_restore(session, command->state, clock_monotonic_us());
		session_state_free(command->state);
		break;
	case COMMAND_PING:
		break;
	case COMMAND_CLOSE:
		session_close(session);
		break;
	case COMMAND_STOP:
		loop->is_stopping = true;
		break;
	}
	counter_add(&loop->done, 1);
}

static void run(void *arg)
{
	struct media_loop *loop = arg;
	char name[16]; /* what top -H and core.psx show */

	snprintf(name, sizeof(name), "media/%u", loop->env.index);
	pthread_setname_np(pthread_self(), name);
	uv_run(&loop->uv, UV_RUN_DEFAULT);
}

/* ---- signalling thread ---- */

int media_loop_post(struct media_loop *loop, const struct command *command)
{
	uint64_t waiting = loop->posted - counter_get(&loop->done);
	int err;

	if (command->type != COMMAND_CLOSE && command->type != COMMAND_STOP) {
		size_t wanted = command->type == COMMAND_OPEN ? 2 : 1; /* and its CLOSE */

		if (waiting + loop->kept_back + COMMAND_SPARE + wanted > loop->capacity)
			return SBC_EAGAIN;
	}
	err = mailbox_post(loop->down, command);
	if (err)
		return err;
	loop->posted++;
	if (command->type == COMMAND_OPEN)
		loop->kept_back++;
	if (command->type == COMMAND_CLOSE)
		loop->kept_back--;
	return 0;
}

static void set_env(struct media_loop *loop, const struct media_loop_config *config)
{
	loop->env = (struct session_env){
		.component = {.config = config->media, .timers = &loop->timers},
		.index = config->index,
		.uv = &loop->uv,
		.io = &loop->io,
		.on_tell = on_session_tells,
		.arg = loop,
	};
}

static void free_parts(struct media_loop *loop)
{
	timers_fini(&loop->timers);
	udp_io_fini(&loop->io);
	mem_free(loop->sessions);
	mem_free(loop);
}

static int make_parts(struct media_loop *loop, const struct media_loop_config *config)
{
	loop->slot_count = config->slot_count;
	loop->capacity = COMMAND_ROOM + loop->slot_count + COMMAND_SPARE;
	loop->sessions = mem_array(loop->slot_count, sizeof(loop->sessions[0]));
	if (!loop->sessions)
		return SBC_ENOMEM;
	return udp_io_init(&loop->io, &(struct udp_io_config){.ops = &udp_ops_system,
					      .want_ring = config->media->want_ring,
					      .coalesce = config->media->coalesce,
					      .on_deferred = relay_deferred});
}

/* Everything that hangs on the new thread's uv loop. The thread does not run yet. */
static int make_handles(struct media_loop *loop)
{
	int err = timers_attach(&loop->timers, &loop->uv);

	if (err)
		return err;
	err = mailbox_open(&loop->down, &loop->uv, sizeof(struct command), loop->capacity,
		on_command, loop);
	if (err) {
		timers_detach(&loop->timers);
		return err;
	}
	uv_prepare_init(&loop->uv, &loop->prepare);
	loop->prepare.data = loop;
	uv_prepare_start(&loop->prepare, on_prepare);
	uv_timer_init(&loop->uv, &loop->retry);
	udp_io_attach(&loop->io, &loop->uv);
	return 0;
}

static int start(struct media_loop *loop)
{
	int err;

	if (uv_loop_init(&loop->uv))
		return SBC_EIO;
	err = make_handles(loop);
	if (!err && uv_thread_create(&loop->thread, run, loop)) {
		uv_close((uv_handle_t *)&loop->prepare, NULL);
		uv_close((uv_handle_t *)&loop->retry, NULL);
		timers_detach(&loop->timers);
		udp_io_detach(&loop->io);
		mailbox_close(loop->down);
		err = SBC_EIO;
	}
	if (err) { /* closes what is closing */
		uv_run(&loop->uv, UV_RUN_DEFAULT);
		uv_loop_close(&loop->uv);
	}
	return err;
}

int media_loop_new(struct media_loop **out, const struct media_loop_config *config)
{
	struct media_loop *loop = mem_alloc(sizeof(*loop));
	int err;

	if (!loop)
		return SBC_ENOMEM;
	list_init(&loop->telling);
	timers_init(&loop->timers, (size_t)config->slot_count * SESSION_TIMERS);
	err = make_parts(loop, config);
	if (!err)
		err = mailbox_open(&loop->up, config->signalling, sizeof(struct report),
			REPORT_ROOM, config->on_report, config->arg);
	if (err) {
		free_parts(loop);
		return err;
	}
	set_env(loop, config);
	err = start(loop);
	if (err) {
		mailbox_close(loop->up);
		free_parts(loop);
		return err;
	}
	*out = loop;
	return 0;
}

bool media_loop_is_alive(struct media_loop *loop)
{
	const struct command ping = {.type = COMMAND_PING};
	uint64_t done = counter_get(&loop->done);
	/* One that works on a long row of commands is alive, too. */
	bool is_alive = done >= loop->pinged || done != loop->seen;

	loop->seen = done;
	if (done >= loop->pinged && !media_loop_post(loop, &ping))
		loop->pinged = loop->posted;
	return is_alive;
}

void media_loop_rings(const struct media_loop *loop, unsigned *in_use, unsigned *lost)
{
	uint64_t gone = counter_get(&loop->io.rings_lost);

	*lost += (unsigned)gone;
	*in_use += (unsigned)(counter_get(&loop->io.has_ring) - gone);
}

void media_loop_free(struct media_loop *loop)
{
	uv_thread_join(&loop->thread);
	uv_loop_close(&loop->uv);
	mailbox_close(loop->up);
	free_parts(loop);
}
