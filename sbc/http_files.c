/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Static files. Loading blocks; the rest is pure. */

#include "sbc/http_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/err.h"
#include "base/mem.h"

#define NAME_SIZE 64
#define BLOCK_LEN 16384

struct file {
	char name[NAME_SIZE];
	const char *type;
	struct buf content;
	char etag[HTTP_ETAG_MAX];
};

struct http_files {
	struct file files[HTTP_FILES_MAX];
	size_t count;
};

static const char *type_of(const char *name)
{
	static const struct {
		const char *ending, *type;
	} types[] = {
		{".html", "text/html; charset=utf-8"},
		{".css", "text/css; charset=utf-8"},
		{".js", "text/javascript; charset=utf-8"},
		{".svg", "image/svg+xml"},
		{".json", "application/json"},
		{".txt", "text/plain; charset=utf-8"},
	};
	const char *ending = strrchr(name, '.');

	for (size_t i = 0; ending && i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(ending, types[i].ending))
			return types[i].type;
	return NULL;
}

static int read_all(int fd, struct buf *out)
{
	char *block = mem_alloc(BLOCK_LEN);
	ssize_t n = -1;

	while (block && (n = read(fd, block, BLOCK_LEN)) > 0 && !out->err)
		buf_put(out, block, (size_t)n);
	mem_free(block);
	return n < 0 ? SBC_EIO : out->err;
}

static int load_file(struct http_files *files, int folder, const char *name)
{
	struct file *file = &files->files[files->count];
	struct stat st;
	int err, fd;

	if (files->count == HTTP_FILES_MAX)
		return SBC_ELIMIT;
	fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		if (fd >= 0)
			close(fd);
		return 0; /* a link, a folder */
	}
	buf_init(&file->content, HTTP_FILE_SIZE_MAX);
	err = read_all(fd, &file->content);
	close(fd);
	if (err) {
		buf_fini(&file->content);
		return err;
	}
	slice_copy(slice_str(name), file->name, sizeof(file->name));
	file->type = type_of(name);
	http_etag(file->etag, buf_slice(&file->content));
	files->count++;
	return 0;
}

static int load_folder(struct http_files *files, DIR *folder)
{
	const struct dirent *entry;
	int err = 0;

	while (!err && (entry = readdir(folder)))
		if (entry->d_name[0] != '.' && strlen(entry->d_name) < NAME_SIZE &&
			type_of(entry->d_name))
			err = load_file(files, dirfd(folder), entry->d_name);
	return err;
}

static const struct file *find(const struct http_files *files, struct slice name)
{
	for (size_t i = 0; i < files->count; i++)
		if (slice_equal(slice_str(files->files[i].name), name))
			return &files->files[i];
	return NULL;
}

int http_files_load(struct http_files **out, const char *folder)
{
	struct http_files *files = mem_alloc(sizeof(*files));
	DIR *directory = files ? opendir(folder) : NULL;
	int err = files ? directory ? 0 : SBC_EIO : SBC_ENOMEM;

	if (directory) {
		err = load_folder(files, directory);
		closedir(directory);
	}
	if (!err && !find(files, SLICE("index.html")))
		err = SBC_EIO;
	if (err)
		http_files_free(files);
	else
		*out = files;
	return err;
}

void http_files_free(struct http_files *files)
{
	if (!files)
		return;
	for (size_t i = 0; i < files->count; i++)
		buf_fini(&files->files[i].content);
	mem_free(files);
}

bool http_files_answer(const struct http_files *files, const struct http_request *request,
	struct http_answer *answer)
{
	struct slice name = slice_from(request->path, 1);
	const struct file *file = find(files, name.len ? name : SLICE("index.html"));

	if (!file)
		return false;
	*answer = (struct http_answer){.status = 200, .type = file->type};
	if (http_etag_matches(request->if_none_match, file->etag))
		*answer = (struct http_answer){.status = 304};
	else
		answer->body = buf_slice(&file->content);
	http_answer_add(answer, "etag", file->etag);
	http_answer_add(answer, "cache-control", "no-cache");
	return true;
}
