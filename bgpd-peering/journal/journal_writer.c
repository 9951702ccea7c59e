// SPDX-License-Identifier: GPL-2.0-or-later
/* For locks of an open file rather than of a process. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include "bgpd-peering/journal/journal_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "bgpd-peering/journal/journal_compaction.h"

#define REPAIR_SECONDS 1
#define COMPACTION_BYTES (1024 * 1024) /* a smaller journal is never compacted */
#define COMPACTION_TIMES 4	       /* nor one that is not so many times what counted of it the last time */
#define COMPACTION_MILLISECONDS 20     /* that a line may wait for it, but for its end */

/* One line on its way: it becomes its own completion, so that telling how it went cannot fail for want of memory. */
struct line {
	struct journal_completion completion; /* first: the taker frees the whole by it */
	unsigned int failures; /* that were known when it was appended */
	size_t size;
	char text[];
};

struct journal_writer {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* of the writer's thread, for `waiting` and `stopping` */
	pthread_cond_t ended;	/* of the main thread, for `finished` */
	pthread_t thread;
	struct mailbox *completions;

	/* under the lock */
	struct mail *waiting;
	struct mail **waiting_end;
	uint64_t last_ticket;
	unsigned int failures;	     /* that there were; only the thread counts them */
	unsigned int known_failures; /* of which the main thread knows */
	bool stopping;
	bool finished;
	bool abandoned; /* stop gave up: nobody waits, the mailbox is gone, the thread frees the writer */

	/* the thread's own */
	char *path;
	int fd;
	int folder;	  /* -1 where it cannot be opened */
	bool name_synced; /* of the file that `fd` is: no line counts before it is */
	off_t good;    /* bytes that are written and synced; a broken file is cut to them */
	int broken;    /* errno of the failure that made it so, 0 while it is good */
	int last_error; /* of the newest failure */
	struct timespec repair_at;
	struct journal_compaction *compaction; /* NULL: none is on */
	off_t compact_at; /* when `good` has come to it */
};

static struct timespec in_milliseconds(unsigned int milliseconds)
{
	struct timespec when;

	clock_gettime(CLOCK_MONOTONIC, &when);
	when.tv_sec += milliseconds / 1000;
	when.tv_nsec += (long)(milliseconds % 1000) * 1000000;
	if (when.tv_nsec >= 1000000000) {
		when.tv_sec++;
		when.tv_nsec -= 1000000000;
	}
	return when;
}

static bool has_come(const struct timespec *when)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > when->tv_sec || (now.tv_sec == when->tv_sec && now.tv_nsec >= when->tv_nsec);
}

/* ext4 that was made read-only by force (sysrq-u) says that it has synced, and has not. 0 or an errno. */
static int sync_data(int fd)
{
	struct statvfs filesystem;

	if (fdatasync(fd) != 0 || fstatvfs(fd, &filesystem) != 0)
		return errno;
	return filesystem.f_flag & ST_RDONLY ? EROFS : 0;
}

/* Cuts what a failed write left behind. */
static bool repair(struct journal_writer *writer)
{
	if (ftruncate(writer->fd, writer->good) != 0 || sync_data(writer->fd) != 0) {
		writer->repair_at = in_milliseconds(REPAIR_SECONDS * 1000);
		return false;
	}
	writer->broken = 0;
	return true;
}

static int write_line(int fd, const char *text, size_t size)
{
	while (size > 0) {
		ssize_t written = write(fd, text, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return errno;
		text += written;
		size -= (size_t)written;
	}
	return 0;
}

/* A power cut must not take the whole file, or bring the one back that was compacted: its name has to be on the disk. */
static bool sync_name(struct journal_writer *writer)
{
	/* EINVAL: a file system that has no such thing. */
	if (!writer->name_synced && writer->folder >= 0 && fsync(writer->folder) != 0 && errno != EINVAL)
		return false;
	writer->name_synced = true;
	return true;
}

/* Writes and syncs `batch` as one. 0 or an errno, and then no line of it counts as written. */
static int write_batch(struct journal_writer *writer, struct mail *batch)
{
	struct stat status;
	off_t size = 0;
	int error;

	for (struct mail *mail = batch; mail; mail = mail->next) {
		struct line *line = (struct line *)mail;

		error = write_line(writer->fd, line->text, line->size);
		if (error != 0)
			return error;
		size += (off_t)line->size;
	}
	error = sync_data(writer->fd);
	if (error != 0)
		return error;
	if (!sync_name(writer))
		return errno;
	/* A journal that was deleted under the writer takes lines for ever, and none is there after a restart. */
	if (fstat(writer->fd, &status) != 0)
		return errno;
	if (status.st_nlink == 0)
		return ENOENT;
	writer->good += size;
	return 0;
}

static void post(struct journal_writer *writer, struct mail *mail)
{
	pthread_mutex_lock(&writer->lock);
	if (writer->abandoned)
		free(mail);
	else
		mailbox_post(writer->completions, mail);
	pthread_mutex_unlock(&writer->lock);
}

static void complete(struct journal_writer *writer, struct mail *batch, int error)
{
	struct mail *next;

	for (struct mail *mail = batch; mail; mail = next) {
		next = mail->next;
		((struct line *)mail)->completion.error = error;
		post(writer, mail);
	}
}

/* Ends what does not know of the newest failure, and returns the rest. */
static struct mail *fail_unaware(struct journal_writer *writer, struct mail *batch)
{
	struct mail *unaware = batch, **end = &unaware;

	while (*end && ((struct line *)*end)->failures != writer->failures)
		end = &(*end)->next;
	batch = *end;
	*end = NULL;
	complete(writer, unaware, writer->last_error);
	return batch;
}

static void count_failure(struct journal_writer *writer, int error)
{
	writer->last_error = error;
	pthread_mutex_lock(&writer->lock);
	writer->failures++;
	pthread_mutex_unlock(&writer->lock);
}

static bool has_to_compact(const struct journal_writer *writer)
{
	return writer->broken == 0 && (writer->compaction || writer->good >= writer->compact_at);
}

/* Takes all lines that wait; NULL where there is something else to do: to repair, to compact or to end. */
static struct mail *next_batch(struct journal_writer *writer, bool *stopping)
{
	struct mail *batch;

	pthread_mutex_lock(&writer->lock);
	while (!writer->waiting && !writer->stopping && !has_to_compact(writer)) {
		if (writer->broken == 0)
			pthread_cond_wait(&writer->changed, &writer->lock);
		else if (pthread_cond_timedwait(&writer->changed, &writer->lock, &writer->repair_at) == ETIMEDOUT)
			break;
	}
	batch = writer->waiting;
	writer->waiting = NULL;
	writer->waiting_end = &writer->waiting;
	*stopping = writer->stopping;
	pthread_mutex_unlock(&writer->lock);
	return batch;
}

/* ---- compaction ---- */

/* Where memory is short it goes untold. */
static void tell_compacted(struct journal_writer *writer, int error, off_t before)
{
	struct journal_completion *told = calloc(1, sizeof(*told));

	if (!told)
		return;
	told->error = error;
	told->bytes_before = (uint64_t)before;
	told->bytes = (uint64_t)writer->good;
	post(writer, &told->mail);
}

static void end_compaction(struct journal_writer *writer, off_t compact_at)
{
	journal_compaction_end(writer->compaction);
	writer->compaction = NULL;
	writer->compact_at = compact_at > COMPACTION_BYTES ? compact_at : COMPACTION_BYTES;
}

/* The journal goes on as it is; it is tried again when it is twice as long. */
static void fail_compaction(struct journal_writer *writer, int error)
{
	end_compaction(writer, 2 * writer->good);
	tell_compacted(writer, error, writer->good);
}

static void finish_compaction(struct journal_writer *writer)
{
	off_t before = writer->good, live = (off_t)journal_compaction_live(writer->compaction);
	uint64_t bytes = 0;
	int fd = journal_compaction_finish(writer->compaction, (uint64_t)writer->good, &bytes);

	if (fd < 0) {
		fail_compaction(writer, errno);
		return;
	}
	close(writer->fd);
	writer->fd = fd;
	writer->good = (off_t)bytes;
	writer->name_synced = false;
	(void)sync_name(writer);
	end_compaction(writer, COMPACTION_TIMES * live);
	tell_compacted(writer, 0, before);
}

/* Begins a compaction, or goes on with it for a moment. */
static void compact(struct journal_writer *writer)
{
	if (!writer->compaction) {
		writer->compaction = journal_compaction_begin(writer->path, writer->fd, (uint64_t)writer->good);
		if (!writer->compaction)
			fail_compaction(writer, errno);
		return;
	}
	switch (journal_compaction_step(writer->compaction, COMPACTION_MILLISECONDS)) {
	case COMPACTION_GOES_ON:
		break;
	case COMPACTION_WRITTEN:
		finish_compaction(writer);
		break;
	case COMPACTION_NEEDLESS:
		end_compaction(writer, COMPACTION_TIMES * (off_t)journal_compaction_live(writer->compaction));
		break;
	case COMPACTION_FAILED:
		fail_compaction(writer, errno);
		break;
	}
}

/* ---- the thread ---- */

static void free_writer(struct journal_writer *writer)
{
	struct mail *next;

	for (struct mail *mail = writer->waiting; mail; mail = next) {
		next = mail->next;
		free(mail);
	}
	journal_compaction_end(writer->compaction);
	close(writer->fd);
	if (writer->folder >= 0)
		close(writer->folder);
	free(writer->path);
	pthread_cond_destroy(&writer->changed);
	pthread_cond_destroy(&writer->ended);
	pthread_mutex_destroy(&writer->lock);
	free(writer);
}

/* Of a compaction that a crash has broken off: the journal is whole without it. */
static void remove_leftover(const struct journal_writer *writer)
{
	char *path;

	if (asprintf(&path, "%s" JOURNAL_COMPACTION_SUFFIX, writer->path) < 0)
		return;
	(void)unlink(path);
	free(path);
}

static void *run(void *argument)
{
	struct journal_writer *writer = argument;
	bool stopping = false, abandoned;

	prctl(PR_SET_NAME, "peering-journal");
	remove_leftover(writer);
	for (;;) {
		struct mail *batch = next_batch(writer, &stopping);

		if (!batch && stopping)
			break;
		if (writer->broken != 0 && (stopping || has_come(&writer->repair_at)))
			repair(writer);
		batch = fail_unaware(writer, batch);
		if (batch && writer->broken == 0) {
			int error = write_batch(writer, batch);

			if (error != 0) {
				/*
				 * Cut at once what stands half written, but stay broken for a while all the same: who
				 * appends shall not meet a full disk a thousand times a second.
				 */
				repair(writer);
				writer->broken = error;
				writer->repair_at = in_milliseconds(REPAIR_SECONDS * 1000);
			}
		}
		if (batch && writer->broken != 0)
			count_failure(writer, writer->broken);
		complete(writer, batch, writer->broken);
		/* On a disk that fails it would only take room. */
		if (writer->broken != 0 && writer->compaction)
			end_compaction(writer, 2 * writer->good);
		else if (!stopping && has_to_compact(writer))
			compact(writer);
	}

	pthread_mutex_lock(&writer->lock);
	writer->finished = true;
	abandoned = writer->abandoned;
	pthread_cond_signal(&writer->ended);
	pthread_mutex_unlock(&writer->lock);
	if (abandoned)
		free_writer(writer);
	return NULL;
}

static struct flock whole_file(void)
{
	return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

bool journal_is_taken(int fd)
{
	struct flock lock = whole_file();

	return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

static int open_journal(const char *path, uint64_t valid_bytes)
{
	struct stat status;
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct flock lock = whole_file();
	int error = 0;

	if (fd < 0)
		return -1;
	/* A file system without locks has one bgpd, it is to be hoped. */
	if (fcntl(fd, F_OFD_SETLK, &lock) != 0 && (errno == EAGAIN || errno == EACCES))
		error = EWOULDBLOCK;
	else if (fstat(fd, &status) != 0)
		error = errno;
	else if (!S_ISREG(status.st_mode) || (uint64_t)status.st_size < valid_bytes)
		error = EINVAL;
	else if ((uint64_t)status.st_size > valid_bytes && ftruncate(fd, (off_t)valid_bytes) != 0)
		error = errno;
	if (error == 0)
		return fd;
	close(fd);
	errno = error;
	return -1;
}

static int open_folder(const char *path)
{
	char *folder = strdup(path), *slash = folder ? strrchr(folder, '/') : NULL;
	int fd = -1;

	if (slash) {
		*slash = '\0';
		fd = open(folder[0] ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	free(folder);
	return fd;
}

/* bgpd handles its signals on the main thread, and a SIGPIPE or SIGXFSZ of this one must not end it. */
static int start_thread(struct journal_writer *writer)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&writer->thread, NULL, run, writer);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

struct journal_writer *journal_writer_start(const char *path, uint64_t valid_bytes, bool compacts,
					    struct mailbox *completions)
{
	struct journal_writer *writer;
	pthread_condattr_t monotonic;
	int fd = open_journal(path, valid_bytes);
	int error;

	if (fd < 0)
		return NULL;
	writer = calloc(1, sizeof(*writer));
	if (!writer) {
		close(fd);
		errno = ENOMEM;
		return NULL;
	}
	writer->fd = fd;
	writer->path = strdup(path);
	writer->folder = open_folder(path);
	writer->good = (off_t)valid_bytes;
	writer->compact_at = compacts ? COMPACTION_BYTES : INT64_MAX;
	writer->completions = completions;
	writer->waiting_end = &writer->waiting;
	pthread_mutex_init(&writer->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&writer->changed, &monotonic);
	pthread_cond_init(&writer->ended, &monotonic);
	pthread_condattr_destroy(&monotonic);
	error = writer->path ? start_thread(writer) : ENOMEM;
	if (error != 0) {
		free_writer(writer);
		errno = error;
		return NULL;
	}
	return writer;
}

uint64_t journal_writer_append(struct journal_writer *writer, const char *text, size_t size)
{
	struct line *line = malloc(sizeof(*line) + size);
	uint64_t ticket;

	if (!line)
		return 0;
	line->completion = (struct journal_completion){0};
	line->size = size;
	memcpy(line->text, text, size);

	pthread_mutex_lock(&writer->lock);
	ticket = ++writer->last_ticket;
	line->completion.ticket = ticket;
	line->failures = writer->known_failures;
	*writer->waiting_end = &line->completion.mail;
	writer->waiting_end = &line->completion.mail.next;
	pthread_cond_signal(&writer->changed);
	pthread_mutex_unlock(&writer->lock);
	return ticket;
}

void journal_writer_resume(struct journal_writer *writer)
{
	pthread_mutex_lock(&writer->lock);
	writer->known_failures = writer->failures;
	pthread_mutex_unlock(&writer->lock);
}

void journal_writer_stop(struct journal_writer *writer, unsigned int milliseconds)
{
	struct timespec until = in_milliseconds(milliseconds);
	pthread_t thread;
	bool finished;

	if (!writer)
		return;
	thread = writer->thread;
	pthread_mutex_lock(&writer->lock);
	writer->stopping = true;
	pthread_cond_signal(&writer->changed);
	while (!writer->finished)
		if (pthread_cond_timedwait(&writer->ended, &writer->lock, &until) == ETIMEDOUT)
			break;
	finished = writer->finished;
	writer->abandoned = !finished;
	pthread_mutex_unlock(&writer->lock);

	/* A disk that hangs keeps the thread in the kernel; it is left there, and frees the writer if it comes back. */
	if (finished) {
		pthread_join(thread, NULL);
		free_writer(writer);
	} else {
		pthread_detach(thread);
	}
}
