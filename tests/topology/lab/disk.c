// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Preloaded into bgpd: a disk that syncs slowly or not at all. Before each fdatasync() it reads the file that
 * PEERING_TEST_DISK names: "delay MILLISECONDS", "fail ERRNO", or nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int fdatasync(int fd)
{
	const char *path = getenv("PEERING_TEST_DISK");
	FILE *file = path ? fopen(path, "re") : NULL;
	char word[16] = "";
	int number = 0;

	if (file) {
		if (fscanf(file, "%15s %d", word, &number) != 2)
			word[0] = '\0';
		fclose(file);
	}
	if (strcmp(word, "fail") == 0) {
		errno = number;
		return -1;
	}
	if (strcmp(word, "delay") == 0)
		usleep((useconds_t)number * 1000);
	return (int)syscall(SYS_fdatasync, fd);
}
