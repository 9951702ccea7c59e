// SPDX-License-Identifier: GPL-2.0-or-later
#include "vtysh/preload.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SEPARATORS ": "

static bool same_file(const char *entry, size_t length, const char *file)
{
	char path[PATH_MAX];
	struct stat one, other;

	if (strlen(file) == length && memcmp(entry, file, length) == 0)
		return true;
	/* A name without a slash is searched for by ld.so, it is no path here. */
	if (!memchr(entry, '/', length) || length >= sizeof(path))
		return false;
	memcpy(path, entry, length);
	path[length] = '\0';
	return stat(path, &one) == 0 && stat(file, &other) == 0 && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

bool preload_without(const char *value, const char *file, char *out)
{
	char *end = out;

	while (*value) {
		size_t length;

		value += strspn(value, SEPARATORS);
		length = strcspn(value, SEPARATORS);
		if (length && !same_file(value, length, file)) {
			if (end != out)
				*end++ = ':';
			memcpy(end, value, length);
			end += length;
		}
		value += length;
	}
	*end = '\0';
	return end != out;
}

void preload_forget(const char *file)
{
	const char *value = getenv("LD_PRELOAD");
	char *rest;

	if (!value)
		return;
	rest = malloc(strlen(value) + 1);
	if (rest && preload_without(value, file, rest))
		setenv("LD_PRELOAD", rest, 1);
	else
		unsetenv("LD_PRELOAD");
	free(rest);
}
