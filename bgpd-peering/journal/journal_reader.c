// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/journal/journal_reader.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#define PIECE_BYTES (64u * 1024u)
#define OUT_BYTES_MOST (1024u * 1024u)

struct journal_reader {
	/* fixed at the start */
	char *path;
	uint64_t after, upto;
	struct mailbox *pieces;
	struct journal_piece *last; /* made at the start, so that an end is always told; the thread's until it is posted */

	pthread_mutex_t lock;
	pthread_cond_t changed; /* of the main thread: `out` is less, or it has ended */
	/* under the lock */
	unsigned int users; /* the main thread and the reader's; the last one frees */
	size_t out;	    /* bytes that are posted and not given back */
	bool ended;
};

static void discard(struct mail *mail)
{
	free(mail);
}

static void release(struct journal_reader *reader)
{
	unsigned int users;

	pthread_mutex_lock(&reader->lock);
	users = --reader->users;
	pthread_mutex_unlock(&reader->lock);
	if (users > 0)
		return;
	mailbox_free(reader->pieces, discard);
	pthread_cond_destroy(&reader->changed);
	pthread_mutex_destroy(&reader->lock);
	free(reader->path);
	free(reader);
}

/* ---- the thread ---- */

/* Only a look at how the module's own lines begin: each of them would have to be parsed else, wanted or not. */
static bool is_wanted(const struct journal_reader *reader, const char *line)
{
	static const char ours[] = "{\"type\":\"", transition[] = "transition\"", number[] = ",\"sequence\":";
	unsigned long long sequence;

	if (strncmp(line, ours, strlen(ours)) != 0)
		return true;
	line += strlen(ours);
	if (strncmp(line, transition, strlen(transition)) != 0)
		return false;
	line += strlen(transition);
	if (strncmp(line, number, strlen(number)) != 0)
		return true;
	sequence = strtoull(line + strlen(number), NULL, 10);
	return sequence > reader->after && sequence <= reader->upto;
}

static bool has_ended(struct journal_reader *reader)
{
	bool ended;

	pthread_mutex_lock(&reader->lock);
	ended = reader->ended;
	pthread_mutex_unlock(&reader->lock);
	return ended;
}

/* Once there is room for it. */
static void post(struct journal_reader *reader, struct journal_piece *piece)
{
	pthread_mutex_lock(&reader->lock);
	while (reader->out > 0 && reader->out + piece->size > OUT_BYTES_MOST && !reader->ended)
		pthread_cond_wait(&reader->changed, &reader->lock);
	reader->out += piece->size;
	mailbox_post(reader->pieces, &piece->mail);
	pthread_mutex_unlock(&reader->lock);
}

static bool post_text(struct journal_reader *reader, const char *text, size_t size)
{
	struct journal_piece *piece = malloc(sizeof(*piece) + size);

	if (!piece)
		return false;
	*piece = (struct journal_piece){.size = size};
	memcpy(piece->text, text, size);
	post(reader, piece);
	return true;
}

struct text {
	char *bytes;
	size_t size, capacity;
};

static bool add(struct text *text, const char *line, size_t length)
{
	if (text->size + length > text->capacity) {
		size_t capacity = text->size + length + PIECE_BYTES;
		char *larger = realloc(text->bytes, capacity);

		if (!larger)
			return false;
		text->bytes = larger;
		text->capacity = capacity;
	}
	memcpy(text->bytes + text->size, line, length);
	text->size += length;
	return true;
}

/* 0 or an errno. What the file has grown by since it was opened is not for this reader. */
static int read_lines(struct journal_reader *reader, FILE *file, struct text *text)
{
	struct stat status;
	char *line = NULL;
	size_t capacity = 0;
	ssize_t length;
	off_t left;
	int error = 0;

	if (fstat(fileno(file), &status) != 0)
		return errno;
	left = status.st_size;
	while (error == 0 && left > 0 && !has_ended(reader) && (length = getline(&line, &capacity, file)) > 0) {
		left -= length;
		if (line[length - 1] != '\n' || !is_wanted(reader, line))
			continue;
		if (!add(text, line, (size_t)length))
			error = ENOMEM;
		if (error == 0 && text->size >= PIECE_BYTES) {
			if (!post_text(reader, text->bytes, text->size))
				error = ENOMEM;
			text->size = 0;
		}
	}
	if (error == 0 && ferror(file))
		error = EIO;
	if (error == 0 && text->size > 0 && !post_text(reader, text->bytes, text->size))
		error = ENOMEM;
	free(line);
	return error;
}

static void *run(void *argument)
{
	struct journal_reader *reader = argument;
	struct journal_piece *last = reader->last;
	struct text text = {0};
	FILE *file;

	prctl(PR_SET_NAME, "peering-reader");
	file = fopen(reader->path, "re");
	last->error = file ? read_lines(reader, file, &text) : errno;
	if (file)
		fclose(file);
	free(text.bytes);
	post(reader, last);
	release(reader);
	return NULL;
}

/* ---- the main thread's side ---- */

static int start_thread(struct journal_reader *reader)
{
	pthread_attr_t detached;
	sigset_t all, before;
	pthread_t thread;
	int error;

	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread, &detached, run, reader);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&detached);
	return error;
}

struct journal_reader *journal_reader_start(const char *path, uint64_t after, uint64_t upto)
{
	struct journal_reader *reader = calloc(1, sizeof(*reader));
	int error;

	if (!reader)
		return NULL;
	pthread_mutex_init(&reader->lock, NULL);
	pthread_cond_init(&reader->changed, NULL);
	reader->after = after;
	reader->upto = upto;
	reader->users = 2;
	reader->path = strdup(path);
	reader->last = calloc(1, sizeof(*reader->last));
	reader->pieces = mailbox_new();
	if (reader->last)
		reader->last->last = true;
	error = reader->path && reader->last && reader->pieces ? start_thread(reader) : ENOMEM;
	if (error == 0)
		return reader;
	free(reader->last);
	reader->users = 1;
	release(reader);
	errno = error;
	return NULL;
}

int journal_reader_fd(const struct journal_reader *reader)
{
	return mailbox_fd(reader->pieces);
}

struct journal_piece *journal_reader_take(struct journal_reader *reader)
{
	return (struct journal_piece *)mailbox_take(reader->pieces);
}

void journal_reader_done(struct journal_reader *reader, struct journal_piece *piece)
{
	pthread_mutex_lock(&reader->lock);
	reader->out -= piece->size;
	pthread_cond_signal(&reader->changed);
	pthread_mutex_unlock(&reader->lock);
	free(piece);
}

void journal_reader_end(struct journal_reader *reader)
{
	if (!reader)
		return;
	pthread_mutex_lock(&reader->lock);
	reader->ended = true;
	pthread_cond_signal(&reader->changed);
	pthread_mutex_unlock(&reader->lock);
	release(reader);
}
