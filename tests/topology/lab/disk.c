// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Preloaded into bgpd: a disk that syncs slowly or not at all, or whose journal cannot be read to its end. Before each
 * fdatasync(), and as the journal is opened for reading, it reads the file that PEERING_TEST_DISK names: "delay
 * MILLISECONDS", "fail ERRNO", "unreadable OFFSET", "forced 1" (it was made read-only by force: its syncs say that they
 * are done, and only the file system's flags show it), or nothing.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

static FILE *real_fopen(const char *path, const char *mode)
{
	FILE *(*next)(const char *, const char *) = (FILE * (*)(const char *, const char *)) dlsym(RTLD_NEXT, "fopen");

	return next(path, mode);
}

static void ask(char word[16], int *number)
{
	const char *path = getenv("PEERING_TEST_DISK");
	FILE *file = path ? real_fopen(path, "re") : NULL;

	word[0] = '\0';
	if (!file)
		return;
	if (fscanf(file, "%15s %d", word, number) != 2)
		word[0] = '\0';
	fclose(file);
}

/* ---- a sector that cannot be read ---- */

struct broken {
	FILE *file;
	size_t left; /* bytes in front of it */
};

static ssize_t broken_read(void *cookie, char *buffer, size_t size)
{
	struct broken *broken = cookie;
	size_t got;

	if (broken->left == 0) {
		errno = EIO;
		return -1;
	}
	got = fread(buffer, 1, size < broken->left ? size : broken->left, broken->file);
	broken->left -= got;
	return (ssize_t)got;
}

static int broken_close(void *cookie)
{
	struct broken *broken = cookie;

	fclose(broken->file);
	free(broken);
	return 0;
}

FILE *fopen(const char *path, const char *mode)
{
	const cookie_io_functions_t functions = {.read = broken_read, .close = broken_close};
	FILE *file = real_fopen(path, mode);
	struct broken *broken;
	char word[16];
	int number = 0;

	if (!file || mode[0] != 'r' || !strstr(path, "journal.jsonl"))
		return file;
	ask(word, &number);
	if (strcmp(word, "unreadable") != 0)
		return file;
	broken = malloc(sizeof(*broken));
	*broken = (struct broken){.file = file, .left = (size_t)number};
	return fopencookie(broken, mode, functions);
}

FILE *fopen64(const char *path, const char *mode)
{
	return fopen(path, mode);
}

/* ---- a sync ---- */

int fdatasync(int fd)
{
	char word[16];
	int number = 0;

	ask(word, &number);
	if (strcmp(word, "fail") == 0) {
		errno = number;
		return -1;
	}
	if (strcmp(word, "delay") == 0)
		usleep((useconds_t)number * 1000);
	return (int)syscall(SYS_fdatasync, fd);
}

/* ---- what the file system says of itself ---- */

static int add_flags(struct statvfs *filesystem)
{
	char word[16];
	int number = 0;

	ask(word, &number);
	if (strcmp(word, "forced") == 0)
		filesystem->f_flag |= ST_RDONLY;
	return 0;
}

int fstatvfs(int fd, struct statvfs *filesystem)
{
	int (*next)(int, struct statvfs *) = (int (*)(int, struct statvfs *))dlsym(RTLD_NEXT, "fstatvfs");

	return next(fd, filesystem) == 0 ? add_flags(filesystem) : -1;
}

int statvfs(const char *path, struct statvfs *filesystem)
{
	int (*next)(const char *, struct statvfs *) = (int (*)(const char *, struct statvfs *))dlsym(RTLD_NEXT, "statvfs");

	return next(path, filesystem) == 0 ? add_flags(filesystem) : -1;
}

/* On 64 bits the two are one. */
int fstatvfs64(int fd, struct statvfs64 *filesystem)
{
	return fstatvfs(fd, (struct statvfs *)filesystem);
}

int statvfs64(const char *path, struct statvfs64 *filesystem)
{
	return statvfs(path, (struct statvfs *)filesystem);
}
