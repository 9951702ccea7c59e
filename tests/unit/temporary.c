// SPDX-License-Identifier: GPL-2.0-or-later
#include "peering-config.h"

#include "tests/unit/temporary.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[PATH_MAX / 2];
static pid_t owner;

static void die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *level)
{
	return remove(path);
}

static void remove_directory(void)
{
	/* a forked child that ends leaves it to its parent */
	if (getpid() == owner)
		nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *temporary_directory(void)
{
	const char *parent = getenv("TMPDIR");

	if (*directory)
		return directory;
	snprintf(directory, sizeof(directory), "%s/frr-peering-test.XXXXXX", parent && *parent ? parent : "/tmp");
	if (!mkdtemp(directory))
		die(directory);
	owner = getpid();
	atexit(remove_directory);
	return directory;
}

const char *temporary_path(const char *name)
{
	static char paths[64][PATH_MAX];
	static unsigned int turn;
	char *path = paths[turn++ % 64];

	snprintf(path, PATH_MAX, "%s/%s", temporary_directory(), name);
	return path;
}

void temporary_write(const char *name, const void *content, size_t size)
{
	FILE *file = fopen(temporary_path(name), "w");

	if (!file || fwrite(content, 1, size, file) != size || fclose(file) != 0)
		die(name);
}
