// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include "bgpd-peering/journal/file_job.h"

#include "bgpd-peering/job_thread.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void failed(struct file_job *job, const char *what, int error)
{
	char text[128];

	snprintf(job->error, sizeof(job->error), "%s: %s", what, strerror_r(error, text, sizeof(text)));
}

/* ---- writing ---- */

static int write_all(int fd, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t written = write(fd, bytes, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return errno;
		bytes += written;
		size -= (size_t)written;
	}
	return fsync(fd) == 0 ? 0 : errno;
}

static void sync_folder(const char *path)
{
	char folder[PATH_MAX], *slash;
	int fd;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	slash[slash == folder ? 1 : 0] = '\0';
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)fsync(fd);
	close(fd);
}

static void write_file(struct mail *mail)
{
	struct file_job *job = (struct file_job *)mail;
	char beside[PATH_MAX + 8];
	int fd, error;

	snprintf(beside, sizeof(beside), "%s.XXXXXX", job->path);
	fd = mkostemp(beside, O_CLOEXEC); /* mode 0600 */
	if (fd < 0) {
		failed(job, "it cannot be made there (bgpd runs as user frr)", errno);
		return;
	}
	error = write_all(fd, job->bytes, job->size);
	if (close(fd) != 0 && error == 0)
		error = errno;
	/* A link, not a rename: it replaces nothing, whatever has come under that name meanwhile. */
	if (error == 0 && link(beside, job->path) != 0)
		error = errno;
	(void)unlink(beside);
	if (error == EEXIST)
		snprintf(job->error, sizeof(job->error), "there is such a file already; take another name, or remove it first");
	else if (error != 0)
		failed(job, "it cannot be written", error);
	else
		sync_folder(job->path);
}

/* ---- reading ---- */

static int read_all(int fd, char *bytes, size_t size, size_t *got)
{
	*got = 0;
	while (*got < size) {
		ssize_t more = read(fd, bytes + *got, size - *got);

		if (more < 0 && errno == EINTR)
			continue;
		if (more < 0)
			return errno;
		if (more == 0)
			break;
		*got += (size_t)more;
	}
	return 0;
}

static void read_open_file(struct file_job *job, int fd)
{
	struct stat status;
	int error;

	if (fstat(fd, &status) != 0) {
		failed(job, "it cannot be read", errno);
	} else if (!S_ISREG(status.st_mode)) {
		snprintf(job->error, sizeof(job->error), "it is no regular file");
	} else if ((unsigned long long)status.st_size > FILE_JOB_MAX) {
		snprintf(job->error, sizeof(job->error), "it is larger than %u MiB, which no export is", FILE_JOB_MAX >> 20);
	} else {
		job->bytes = malloc((size_t)status.st_size + 1);
		error = job->bytes ? read_all(fd, job->bytes, (size_t)status.st_size, &job->size) : ENOMEM;
		if (error != 0)
			failed(job, "it cannot be read", error);
		else
			job->bytes[job->size] = '\0';
	}
}

static void read_file(struct mail *mail)
{
	struct file_job *job = (struct file_job *)mail;
	/* A FIFO without a writer would hold the opening. */
	int fd = open(job->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0) {
		failed(job, "it cannot be opened (bgpd runs as user frr)", errno);
		return;
	}
	read_open_file(job, fd);
	close(fd);
}

/* ---- the job ---- */

struct file_job *file_job_new(const char *path, bool write)
{
	struct file_job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	snprintf(job->path, sizeof(job->path), "%s", path);
	job->write = write;
	return job;
}

void file_job_free(struct file_job *job)
{
	free(job->bytes);
	free(job);
}

bool file_job_start(struct file_job *job, struct mailbox *done)
{
	return job_thread_start("peering-file", job->write ? write_file : read_file, &job->mail, done);
}
