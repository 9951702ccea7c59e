// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Preloaded into bgpd: kills it at one thing that its journal's thread does to the disk. The file that PEERING_TEST_KILL
 * names says at which, counted since the file was put there, and when: "NUMBER front", "NUMBER middle" (of a write),
 * "NUMBER behind". An empty one kills nothing.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct json_object;

static int left;	/* operations until the one at which it is killed */
static char when[16];

static void ask(void)
{
	static ino_t known;
	char text[64] = "";
	struct stat status;
	int fd = open(getenv("PEERING_TEST_KILL"), O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (fstat(fd, &status) == 0 && status.st_ino != known) {
		known = status.st_ino;
		left = 0;
		if (read(fd, text, sizeof(text) - 1) > 0)
			sscanf(text, "%d %15s", &left, when);
	}
	close(fd);
}

static void die(void)
{
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

static int is_journal_thread(void)
{
	char name[17] = "";

	prctl(PR_GET_NAME, name);
	return strcmp(name, "peering-journal") == 0;
}

/* Whether this is the operation. */
static int begin(void)
{
	if (!is_journal_thread())
		return 0;
	ask();
	if (left == 0 || strcmp(when, "line") == 0 || --left > 0)
		return 0;
	if (strcmp(when, "front") == 0)
		die();
	return 1;
}

static void end(int is_it)
{
	if (is_it)
		die();
}

/* Each line is made by one call of it, and so is what a person is shown as JSON. */
const char *json_object_to_json_string_ext(struct json_object *object, int flags)
{
	const char *(*next)(struct json_object *, int) =
		(const char *(*)(struct json_object *, int))dlsym(RTLD_NEXT, "json_object_to_json_string_ext");

	if (!is_journal_thread()) {
		ask();
		if (left > 0 && strcmp(when, "line") == 0 && --left == 0)
			die();
	}
	return next(object, flags);
}

/* The thread writes to nothing but the journal, a mailbox's eventfd aside. */
ssize_t write(int fd, const void *bytes, size_t size)
{
	int is_it = size > 8 && begin();
	ssize_t written;

	if (is_it && strcmp(when, "middle") == 0) {
		syscall(SYS_write, fd, bytes, size / 2);
		die();
	}
	written = syscall(SYS_write, fd, bytes, size);
	end(is_it);
	return written;
}

int fdatasync(int fd)
{
	int is_it = begin(), result = (int)syscall(SYS_fdatasync, fd);

	end(is_it);
	return result;
}

int fsync(int fd)
{
	int is_it = begin(), result = (int)syscall(SYS_fsync, fd);

	end(is_it);
	return result;
}

int rename(const char *from, const char *to)
{
	int is_it = begin(), result = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);

	end(is_it);
	return result;
}
