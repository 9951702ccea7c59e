// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/connection/deadline.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

uint64_t deadline_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_BOOTTIME, &time);
	return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000 + 1;
}

uint64_t deadline_in(uint32_t seconds)
{
	return deadline_now() + (uint64_t)seconds * 1000;
}

uint64_t deadline_seconds_left(uint64_t deadline)
{
	uint64_t now = deadline_now();

	return deadline > now ? (deadline - now + 999) / 1000 : 0;
}

const char *deadline_boot_id(void)
{
	static char id[DEADLINE_BOOT_ID_MAX];
	FILE *file = id[0] ? NULL : fopen("/proc/sys/kernel/random/boot_id", "re");

	if (file) {
		if (!fgets(id, sizeof(id), file))
			id[0] = '\0';
		id[strcspn(id, "\n")] = '\0';
		fclose(file);
	}
	return id;
}
