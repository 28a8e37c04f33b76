/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The daemon's datagram socket, seen from outside. Shell. */

#include "tools/ctl/ctl_client.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "tools/ctl/ctl_json.h"

#define REQUEST_MAX 65507 /* bytes */
#define STRANGE_MAX 16    /* late answers of earlier requests that are passed over */

int ctl_client_open(struct ctl_client *client, const char *path, int timeout_ms)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;

	if (fd < 0)
		return -errno;
	*client = (struct ctl_client){.path = path, .timeout_ms = timeout_ms, .fd = fd};
	/* A name of the kernel's choice: no file that could stay behind. */
	if (bind(fd, (struct sockaddr *)&address, sizeof(sa_family_t)))
		err = -errno;
	else if (slice_copy(slice_str(path), address.sun_path, sizeof(address.sun_path)))
		err = -ENAMETOOLONG;
	else if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
		err = -errno;
	if (err)
		ctl_client_close(client);
	return err;
}

void ctl_client_close(struct ctl_client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
}

static bool is_number(const char *text)
{
	uint64_t value;

	if (text[0] == '-')
		text++;
	/* 007 is a text: JSON has no such number. */
	return (text[0] != '0' || !text[1]) &&
	       !slice_to_u64(slice_str(text), INT64_MAX, &value);
}

static void put_param(struct buf *out, const char *text)
{
	bool is_text = !strncmp(text, "s:", 2);

	if (is_text || (!strncmp(text, "i:", 2) && is_number(text + 2)))
		text += 2;
	if (!is_text && is_number(text))
		buf_put_str(out, text);
	else
		json_put_string(out, slice_str(text));
}

static bool is_method(const char *text)
{
	if (!text[0])
		return false;
	for (; *text; text++) {
		char c = *text;
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-'))
			return false;
	}
	return true;
}

int ctl_request_print(
	struct buf *out, unsigned id, const char *method, size_t argc, const char *const *argv)
{
	if (!is_method(method))
		return SBC_EINVAL;
	buf_printf(out, "{\"jsonrpc\":\"2.0\",\"method\":\"%s\"", method);
	for (size_t i = 0; i < argc; i++) {
		buf_put_str(out, i ? "," : ",\"params\":[");
		put_param(out, argv[i]);
	}
	buf_printf(out, "%s,\"id\":%u}", argc ? "]" : "", id);
	return out->err;
}

static int send_request(struct ctl_client *client, struct slice request)
{
	ssize_t sent;

	do
		sent = send(client->fd, request.ptr, request.len, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

static int receive(struct ctl_client *client, char *bytes, size_t size, struct slice *out)
{
	struct pollfd ready = {.fd = client->fd, .events = POLLIN};
	ssize_t got;
	int count;

	do
		count = poll(&ready, 1, client->timeout_ms);
	while (count < 0 && errno == EINTR);
	if (count <= 0)
		return count ? -errno : -ETIMEDOUT;
	got = recv(client->fd, bytes, size, MSG_TRUNC);
	if (got < 0)
		return -errno;
	if ((size_t)got > size)
		return SBC_ELIMIT;
	*out = slice_of(bytes, (size_t)got);
	return 0;
}

/* Is it the answer to the request with this id? */
static bool is_answer(struct slice text, unsigned id)
{
	struct slice rest = text, object, value;
	uint64_t number;

	return ctl_json_next(&rest, &object) && ctl_json_member(object, "id", &value) &&
	       !slice_to_u64(value, UINT32_MAX, &number) && number == id;
}

static int wait_answer(struct ctl_client *client, unsigned id, struct buf *out)
{
	char *bytes = mem_alloc(CTL_ANSWER_MAX);
	struct slice text;
	int err = bytes ? 0 : SBC_ENOMEM;

	for (int i = 0; !err; i++) {
		err = i == STRANGE_MAX ? SBC_EPROTO
				       : receive(client, bytes, CTL_ANSWER_MAX, &text);
		if (err || !is_answer(text, id))
			continue;
		err = buf_put_slice(out, text);
		break;
	}
	mem_free(bytes);
	return err;
}

int ctl_client_call(struct ctl_client *client, const char *method, size_t argc,
	const char *const *argv, struct buf *out)
{
	unsigned id = ++client->last_id;
	struct buf request;
	int err;

	buf_init(&request, REQUEST_MAX);
	err = ctl_request_print(&request, id, method, argc, argv);
	if (!err)
		err = send_request(client, buf_slice(&request));
	if (!err)
		err = wait_answer(client, id, out);
	buf_fini(&request);
	return err;
}
